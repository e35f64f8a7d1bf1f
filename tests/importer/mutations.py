"""mutations.py - changes files of every format by a seeded mutator. Each mutant is refused in one
sentence or is still a model. MUTATIONS in the environment is the number for each file (default
150). `mutations.py FILE` runs one that was kept. Needs python3-onnx. TAP."""
import argparse
import datetime
import os
import random
import resource
import struct
import sys

import place  # says where the modules below are
import tap

tap.needs("numpy", "onnx")
import numpy

from harm import COMPACT, Global, Raw, in_a_row, packed, path, run, safe_state, state_of, write, zipped
from onnx_make import Graph, save

MUTATIONS = int(os.environ.get("MUTATIONS", "150"))


def seeds():
    """Returns a good file of every format."""
    values, storages = state_of(COMPACT)
    table, data = safe_state()
    g = Graph(13, (1, 3, "h", "w"))
    x = g.node("PRelu", g.conv("x", numpy.ones((4, 3, 3, 3)) / 27, numpy.zeros(4), pads=[1] * 4),
               g.weight(numpy.full((4, 1, 1), 0.25)))
    y = g.node("Resize", x, "", "", g.node("Concat", g.node("Slice", g.node("Shape", x), g.ints(0), g.ints(2)),
                                           g.node("Mul", g.node("Slice", g.node("Shape", x), g.ints(2), g.ints(4)),
                                                  g.ints(2)), axis=0), mode="linear")
    x = g.node("DepthToSpace", g.conv(x, numpy.ones((16, 4, 3, 3)) / 36, pads=[1] * 4), blocksize=2)
    x = g.node("Clip", g.conv(g.node("Concat", x, y, axis=1), numpy.ones((3, 8, 1, 1)) / 8), g.weight(numpy.float32(0)),
               g.weight(numpy.float32(1)))
    beside = {"args": Raw(argparse.Namespace(lr=0.1, when=datetime.date(2024, 5, 1), names=["a"])),
              "nets": [{"params": values}], "history": ("collections defaultdict", (Global("builtins list"),))}
    text = ("7767517\n6 7\nInput input 0 1 in\nSplit s 1 2 in a b\nConvolution c 1 1 a c 0=12 1=3 4=1 5=1 6=324 "
            "9=2 -23310=1,1.000000e-01\nPixelShuffle p 1 1 c d 0=2\nInterp i 1 1 b e 0=1 1=2.000000e+00 "
            "2=2.000000e+00\nBinaryOp o 2 1 d e out 0=0\n")
    weights = struct.pack("<I", 0x01306B47) + numpy.ones(324, "<f2").tobytes() + bytes(48)
    return {"zip": zipped(values, storages, "seed.pth"), "old": in_a_row(values, storages, "seed.pt"),
            "safetensors": os.rename(packed(table, data), path("seed.safetensors")) or path("seed.safetensors"),
            "checkpoint": in_a_row(beside, storages, "seed.ckpt"),
            "onnx": save(g.model(x), path("seed.onnx")), "computed": save(computed(), path("computed.onnx")),
            "param": write("seed.bin", weights) and write("seed.param", text.encode())}


def computed():
    """Returns a model that computes its weights and its padding."""
    g = Graph(13, (1, 3, "h", "w"))
    w, ends = g.weight(numpy.ones((3, 3, 3, 3)) / 9), []
    w = g.node("Div", w, g.node("ReduceL2", w, axes=[1, 2, 3], keepdims=1))
    scale = g.node("MatMul", g.node("ReduceSum", w, g.ints(2, 3), keepdims=0), g.weight(numpy.ones((3, 1)) / 9))
    w = g.node("Mul", w, g.node("Reshape", scale, g.ints(-1, 1, 1, 1)))
    for begin, end in ((-1, 1 << 62), (0, 1)):
        ends.append(g.node("Slice", "x", g.ints(begin), g.ints(end), g.ints(2)))
    x = g.conv(g.node("Concat", ends[0], "x", ends[1], axis=2), numpy.ones((3, 3, 3, 1)) / 9)
    x = g.node("Max", x, g.node("Mul", x, g.weight(numpy.float32(0.25))))
    x = g.node("Transpose", x, perm=[0, 2, 3, 1])
    x = g.node("Transpose", g.node("MatMul", x, g.weight(numpy.ones((3, 3)) / 3)), perm=[0, 3, 1, 2])
    size = g.node("Slice", g.node("Shape", x), g.ints(2), g.ints(4))
    more = g.node("Mod", g.node("Sub", g.ints(4, 4), g.node("Mod", size, g.ints(4, 4))), g.ints(4, 4))
    x = g.node("Pad", x, g.node("Concat", g.ints(0, 0, 0, 0, 0, 0), more, axis=0), mode="reflect")
    return g.model(g.node("Conv", x, w, pads=[1] * 4))


def the_files_of_these_tests_are_good():
    """The unchanged files are accepted, so that refusals below are due to the mutations."""
    for name, file in seeds().items():
        status, _, complained = run(file)
        assert status == 0, (name, complained)


EXTREMES = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
            0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF]


def mutated(data, r):
    """Makes one to eight changes: bytes, numbers, pieces that are cut out, doubled or moved, a cut
    end."""
    data = bytearray(data)
    for _ in range(r.choice((1, 1, 1, 2, 3, 8))):
        at = r.randrange(len(data) + 1) if r.random() < 0.5 else r.randrange(min(len(data), 600) + 1)
        length = r.choice((1, 2, 4, 8, 16, 100, 1000))
        kind = r.randrange(8)
        if kind == 0 and data:
            data[min(at, len(data) - 1)] ^= 1 << r.randrange(8)
        elif kind == 1 and data:
            data[min(at, len(data) - 1)] = r.randrange(256)
        elif kind == 2:
            size = r.choice((1, 2, 4, 8))
            data[at:at + size] = (r.choice(EXTREMES) & ((1 << 8 * size) - 1)).to_bytes(size, r.choice(("little", "big")))
        elif kind == 3:
            del data[at:at + length]
        elif kind == 4:
            data[at:at] = data[at:at + length]
        elif kind == 5:
            other = r.randrange(len(data) + 1)
            data[at:at + length] = data[other:other + length]
        elif kind == 6:
            data[at:at] = bytes(r.randrange(256) for _ in range(min(length, 16)))
        elif r.random() < 0.3:
            del data[at:]
    return bytes(data)


def mutate(kind, file, count):
    """Tries `count` mutations of a file. Each must be refused in one sentence or accepted. Returns
    how many were accepted."""
    with open(file, "rb") as f:
        good = f.read()
    r, taken, ending = random.Random(f"{kind} 1"), 0, os.path.splitext(file)[1]
    with open(path("seed.bin"), "rb") as f:
        weights = f.read()
    for number in range(count):
        data = mutated(good, r)
        write("mutant" + ending, data)
        if ending == ".param":
            write("mutant.bin", mutated(weights, r) if r.random() < 0.5 else weights)
        try:
            taken += run(path("mutant" + ending))[0] == 0
        except BaseException as e:
            with open(f"mutant-{kind}{ending}", "wb") as f:
                f.write(data)
            raise AssertionError(f"mutation {number} of {kind} (kept as mutant-{kind}{ending}): "
                                 f"{type(e).__name__}: {e}") from e
    return taken


def mutations():
    for kind, file in seeds().items():
        taken = mutate(kind, file, MUTATIONS)
        print(f"# {kind}: {MUTATIONS} mutations, {taken} of them still a model")
        assert taken < MUTATIONS * 0.9, "mutations that change nothing"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"# peak {peak} MiB")
    assert peak < 2048, f"{peak} MiB were used"


if sys.argv[1:]:
    print(run(sys.argv[1]))
else:
    tap.run_claims([the_files_of_these_tests_are_good, mutations])
