"""hostile_graphs.py - malicious ONNX and ncnn files: constants, layers and sizes that grow, tensors
and attributes with false sizes. They are refused with a sentence, in little memory. Needs
python3-onnx. TAP."""
import os
import struct

import place  # says where the modules below are
import tap

tap.needs("numpy", "onnx")
import numpy

from harm import path, refused, run, write
from onnx_make import Graph, TensorProto, helper, save


def chain(*kinds):
    """Writes a model of a convolution, nodes, and a convolution."""
    g = Graph(13, (1, 3, 24, 32))
    x = g.conv("x", numpy.ones((3, 3, 3, 3)) / 27, pads=[1] * 4)
    for kind in kinds:
        x = kind(g, x)
    return save(g.model(g.conv(x, numpy.ones((3, 3, 3, 3)) / 27, pads=[1] * 4)), path("net.onnx"))


def constants_that_grow():
    big = lambda g: g.node("ConstantOfShape", g.ints(1 << 13, 1 << 12))
    for make in (lambda g: g.node("ConstantOfShape", g.ints(1 << 31, 1 << 31)),
                 lambda g: g.node("Range", g.ints(0)[:], g.ints(1 << 60), g.ints(1)),
                 lambda g: g.node("Expand", g.floats(1), g.ints(1 << 20, 1 << 20)),
                 lambda g: g.node("Tile", g.floats(1), g.ints(1 << 40)),
                 lambda g: g.node("Pad", g.floats(1), g.ints(1 << 40, 0)),
                 lambda g: g.node("Mul", g.node("Reshape", big(g), g.ints(-1, 1)),
                                  g.node("Reshape", big(g), g.ints(1, -1))),
                 lambda g: g.node("Concat", *[big(g)] * 100, axis=0),
                 lambda g: [g.node("Add", big(g), g.floats(k)) for k in range(100)][-1],
                 lambda g: g.node("Gather", big(g), g.node("ConstantOfShape", g.ints(1 << 20),
                                                            value=helper.make_tensor("v", 7, [1], [0])))):
        refused(chain(lambda g, x: g.node("Add", x, make(g))))


def constants_that_take_long():
    """Nodes that read much and give little, one after another, and products of large matrices."""
    big = lambda g: g.node("ConstantOfShape", g.ints(1 << 12, 1 << 12))
    thin = lambda g: g.node("ConstantOfShape", g.ints(1 << 12, 1))

    def many(g, kind, count, *more):
        x = big(g)
        parts = [g.node(kind, x, *more) for _ in range(count)]
        return parts[-1]

    for make in (lambda g: many(g, "ReduceL2", 3000), lambda g: many(g, "ReduceProd", 3000),
                 lambda g: many(g, "MatMul", 3000, thin(g)), lambda g: many(g, "Gemm", 3000, thin(g)),
                 lambda g: g.node("MatMul", big(g), big(g)),
                 lambda g: g.node("MatMul", g.node("ConstantOfShape", g.ints(1 << 20, 1)),
                                  g.node("ConstantOfShape", g.ints(1, 1 << 20))),
                 lambda g: g.node("MatMul", big(g), g.floats(1)),
                 lambda g: g.node("MatMul", g.weight(numpy.float32(1)), g.weight(numpy.float32(1))),
                 lambda g: g.node("Gemm", big(g), thin(g), g.floats(*range(5))),
                 lambda g: g.node("ReduceSum", big(g), g.ints(7)),
                 lambda g: g.node("Clip", big(g), g.floats())):
        refused(chain(lambda g, x: g.node("Add", x, make(g))))


def tensors_that_lie():
    for dims, raw in (([1 << 40], b""), ([-1], b""), ([3, 3, 3, 3], bytes(4)), ([1 << 31, 1 << 31], b""),
                      ([3, 3, 3, 3], bytes(325)), ([0], b""), ([], b"")):
        g = Graph(13)
        g.initializers.append(TensorProto(name="w", data_type=1, dims=dims, raw_data=raw))
        refused(save(g.model(g.node("Conv", "x", "w")), path("net.onnx")))
    for kind in (8, 14, 17, 22, 99):
        g = Graph(13)
        g.initializers.append(TensorProto(name="w", data_type=kind, dims=[3, 3, 1, 1], raw_data=bytes(36)))
        refused(save(g.model(g.node("Conv", "x", "w")), path("net.onnx")), "holds")


def data_elsewhere():
    for place, length in (("/etc/passwd", "36"), ("../../etc/passwd", "36"), ("nowhere", "36"), ("", "36"),
                          ("a/../../b", "36"), (".", "36"), ("net.onnx", "-5"), ("net.onnx", "99999999999"),
                          ("net.onnx", "text")):
        g = Graph(13)
        t = TensorProto(name="w", data_type=1, dims=[3, 3, 1, 1], data_location=1)
        for key, value in (("location", place), ("length", length), ("offset", "0")):
            entry = t.external_data.add()
            entry.key, entry.value = key, value
        g.initializers.append(t)
        refused(save(g.model(g.node("Conv", "x", "w")), path("net.onnx")))


def data_that_are_waited_for_or_have_no_end():
    """External data, and the .bin of a .param, that are a pipe or a device."""
    for name, make in (("pipe", os.mkfifo), ("zero", lambda p: os.symlink("/dev/zero", p))):
        make(path(name))
        g = Graph(13)
        t = TensorProto(name="w", data_type=1, dims=[3, 3, 1, 1], data_location=1)
        entry = t.external_data.add()
        entry.key, entry.value = "location", name
        g.initializers.append(t)
        refused(save(g.model(g.node("Conv", "x", "w")), path("net.onnx")), f"'{name}'", "regular file")
        file = write("q.param", b"7767517\n2 2\nInput in 0 1 in\nReLU r 1 1 in out\n")
        os.rename(path(name), path("q.bin"))
        refused(file, "q.bin", "regular file")
        os.unlink(path("q.bin"))


def layers_that_grow():
    """A graph with more channels, pixels or nodes than are possible is refused."""
    def doubled(g, x):
        for _ in range(40):
            x = g.node("Concat", x, x, axis=1)
        return x
    refused(chain(doubled), "4096")

    def enlarged(g, x):
        for _ in range(40):
            x = g.node("Resize", x, "", g.floats(1, 1, 4, 4), mode="nearest")
        return x
    refused(chain(enlarged), "1024")
    for scale in (1e30, -1.0, 0.0, float("nan"), float("inf")):
        refused(chain(lambda g, x: g.node("Resize", x, "", g.floats(1, 1, scale, scale))), "resizes")

    def many(g, x):
        for _ in range(21000):
            x = g.node("Relu", x)
        return x
    refused(chain(many), "more than 20000")
    refused(chain(lambda g, x: g.node("Conv", x, g.weight(numpy.ones((3, 3, 1, 1))), pads=[1 << 40] * 4)))
    refused(chain(lambda g, x: g.node("Pad", x, g.ints(0, 0, 1 << 40, 0, 0, 0, 0, 0))))
    refused(chain(lambda g, x: g.node("Reshape", x, g.ints(*[1] * 60))))
    refused(chain(lambda g, x: g.node("Tile", x, g.ints(1, 1 << 40, 1, 1))))
    refused(chain(lambda g, x: g.node("Unsqueeze", x, g.ints(*range(60)))))


def long_chains_are_not_slow():
    """A graph as long as allowed: folds that walked a chain at each of its nodes would take
    hours."""
    def activations(g, x):
        for k in range(9000):
            x = g.node("Relu", x)
        return g.node("Mul", x, g.floats(0.5))

    def scales(g, x):
        for k in range(9000):
            x = g.node("Mul", g.node("Tanh", x), g.floats(0.5))
        return x
    for kind in (activations, scales):
        status, _, _ = run(chain(kind))
        assert status == 0


def attributes_of_other_types():
    for op, more in (("Conv", dict(pads="text")), ("Conv", dict(group=1.5)), ("Conv", dict(strides=3)),
                     ("Conv", dict(strides=[0, 0])), ("Conv", dict(dilations=[-1, 1])),
                     ("Conv", dict(group=0)), ("Conv", dict(pads=[1] * 100)), ("Conv", dict(group=-3)),
                     ("Conv", dict(strides=[1 << 50, 1])), ("Conv", dict(pads=[-50] * 4))):
        refused(chain(lambda g, x: g.node(op, x, g.weight(numpy.ones((3, 3, 3, 3))), **more)))
    for op, more in (("DepthToSpace", dict(blocksize=0)), ("DepthToSpace", dict(blocksize=1 << 40)),
                     ("Transpose", dict(perm=[0, 0, 1, 1])), ("Transpose", dict(perm=[9])),
                     ("MaxPool", dict(kernel_shape=[0, 0])), ("MaxPool", dict(kernel_shape=[1 << 30] * 2)),
                     ("Concat", dict(axis=99)), ("Split", dict(axis=-99)), ("Flatten", dict(axis=99)),
                     ("Cast", dict(to=77)), ("Clip", dict(min=2.0, max=1.0))):
        refused(chain(lambda g, x: g.node(op, x, **more)))


def nodes_that_lack_what_they_need():
    for op in ("Conv", "ConvTranspose", "BatchNormalization", "PRelu", "Add", "Reshape", "Slice", "Resize",
               "Gather", "Expand", "Tile", "Pow", "Concat", "Upsample", "Pad"):
        refused(chain(lambda g, x: g.node(op, x) if op != "Concat" else g.node(op, axis=1)))
        refused(chain(lambda g, x: g.node(op, "", x)))


def ncnn_pair(text, data):
    write("net.bin", data)
    return write("net.param", text if isinstance(text, bytes) else text.encode())


def ncnn_files_that_lie():
    head = "7767517\n2 2\nInput input 0 1 in\n"
    good = "Convolution c 1 1 in out 0=3 1=3 4=1 5=1 6=81\n"
    data = struct.pack("<I", 0) + bytes(4 * 84)
    assert run(ncnn_pair(head + good, data))[0] == 0
    for line in ("Convolution c 1 1 in out 0=3 1=3 6=2000000000\n", "Convolution c 1 1 in out 0=-3 1=3 6=81\n",
                 "Convolution c 1 1 in out 0=3 1=0 6=81\n", "Convolution c 1 1 in out 0=3 1=100000 6=81\n",
                 "Convolution c 99999999 1 in out 0=3\n", "Convolution c -1 1 in out 0=3\n", "Convolution\n",
                 "Convolution c 1 1 in out 0=x\n", "Convolution c 1 1 in out x=1\n", "Convolution c 1 1 in out 0=nan\n",
                 "Convolution c 1 1 in out 0=1e400 1=3\n", "Convolution c 1 1 in out -23300=4,1,2\n",
                 "Convolution c 1 1 in out 0=3 1=3 3=0 6=81\n", "PReLU c 1 1 in out 0=5\n",
                 "PReLU c 1 1 in out 0=-1\n", "MemoryData c 0 1 out 0=100000 1=100000 2=100000\n",
                 "Scale c 1 1 in out 0=-5\n", "Interp c 1 1 in out 0=1 1=1e30 2=1e30\n",
                 "Interp c 1 1 in out 0=1 1=-1 2=0\n", "Crop c 1 1 in out 0=-5 3=-233\n", "ReLU c 1 1 out out\n",
                 "Concat c 0 1 out\n", "PixelShuffle c 1 1 in out 0=0\n", "Padding c 1 1 in out 0=99999999\n",
                 "Slice c 1 1 in out -23300=2,5,5\n", "Pooling c 1 1 in out 1=0\n", "Reorg c 1 1 in out 0=99\n"):
        refused(ncnn_pair(head + line, data))
    refused(ncnn_pair(b"7767517\n1 1\n\xff\xfe\n", b""), "text")
    refused(ncnn_pair("7767517\n", b""), "without layers")
    refused(ncnn_pair("7767517\n1 1\n" + "ReLU r 1 1 a a\n" * 30000, b""), "more than")


tap.run_claims([
    constants_that_grow, constants_that_take_long, tensors_that_lie, data_elsewhere, data_that_are_waited_for_or_have_no_end,
    layers_that_grow, long_chains_are_not_slow,
    attributes_of_other_types, nodes_that_lack_what_they_need, ncnn_files_that_lie])
