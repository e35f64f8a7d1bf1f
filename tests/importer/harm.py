"""Makes malicious files and runs the importer on them, within limits of memory and time. A refusal
must be one sentence."""
import contextlib
import io
import json
import os
import pickle
import resource
import signal
import struct
import tempfile
import zipfile

import numpy

from place import TOP
from importer import command

assert TOP.is_dir()     # place has told Python where the importer is
FOLDER = tempfile.TemporaryDirectory()
MEMORY = 3 << 30    # address space of the test, unused mappings included
SECONDS = 20        # of CPU time for a file: other work on the machine does not count


class TooSlow(BaseException):
    """Not an Exception, so that no code catches it on the way."""


def ring(*_):
    raise TooSlow(f"a file takes more than {SECONDS} s")


def path(name):
    return f"{FOLDER.name}/{name}"


def write(name, data):
    with open(path(name), "wb") as f:
        f.write(data)
    return path(name)


def limit():
    """Limits this process. The importer runs within it; programs that it starts would too, and an
    address sanitizer's needs more."""
    signal.signal(signal.SIGPROF, ring)
    signal.signal(signal.SIGALRM, ring)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def run(file, *options):
    """Runs the importer within the limits. Returns (status, output, messages). Checks that it leaves
    only what it promises."""
    out = path("out.json")
    said, complained = io.StringIO(), io.StringIO()
    limit()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.alarm(20 * SECONDS)          # a file that is waited for takes no CPU time
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
            status = command.main([file, "-o", out, "--no-check", *options])
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
    said, complained = said.getvalue(), complained.getvalue()
    assert os.path.exists(out) == (status == 0), "a file is there although it failed, or is not"
    assert not [n for n in os.listdir(FOLDER.name) if n.startswith(".import-")], "a part is left"
    if status == 0:
        with open(out) as f:
            assert json.load(f)["format"] == "upscaled-model/1"
        os.unlink(out)
    else:
        assert status == 1 and not said and complained.count("\n") == 1, (status, said, complained)
        assert "too large or too deep" not in complained, "the memory ended before a limit did"
        assert "fault of the importer" not in complained, complained
    return status, said, complained


def refused(file, *words, options=()):
    status, _, complained = run(file, *options)
    assert status == 1, "it was taken"
    for word in words:
        assert word in complained, (word, complained)
    return complained


# Pickles and zips, opcode by opcode


class Storage:
    """What torch.save writes about a tensor's numbers, by pickle's persistent ids."""

    def __init__(self, key, count, kind="FloatStorage"):
        self.key, self.count, self.kind = key, count, kind


class Global:
    """A name in a module, as pickle writes it, whether it exists here or not."""

    def __init__(self, name):
        self.name = name


class Raw:
    """A value that pickle itself wrote."""

    def __init__(self, value, protocol=2):
        raw = pickle.dumps(value, protocol)
        self.code = raw[2:-1] if protocol > 1 else raw[:-1]     # without PROTO and STOP


def rebuilt(storage, offset, shape, strides):
    return ("torch._utils _rebuild_tensor_v2", (storage, offset, shape, strides, False, {}))


def dumped(value):
    """Makes a pickle of protocol 2, opcode by opcode: containers, numbers, text, calls, persistent
    ids."""
    if value is None:
        return b"N"
    if isinstance(value, Global):
        module, name = value.name.split(" ")
        return b"c" + module.encode() + b"\n" + name.encode() + b"\n"
    if isinstance(value, Raw):
        return value.code
    if isinstance(value, Storage):
        key = ("storage", Global(f"torch {value.kind}"), value.key, "cpu", value.count)
        return dumped(key) + b"Q"
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str) and " " in value[0]:
        return dumped(Global(value[0])) + dumped(value[1]) + b"R"
    if isinstance(value, dict):
        return b"}(" + b"".join(dumped(k) + dumped(v) for k, v in value.items()) + b"u"
    if isinstance(value, tuple):
        return b"(" + b"".join(map(dumped, value)) + b"t"
    if isinstance(value, list):
        return b"](" + b"".join(map(dumped, value)) + b"e"
    if isinstance(value, bool):
        return b"\x88" if value else b"\x89"
    if isinstance(value, int):
        raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        return b"\x8a" + bytes([len(raw)]) + raw
    assert isinstance(value, str)
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def pickled(value):
    return b"\x80\x02" + dumped(value) + b"."


COMPACT = {"body.0.weight": (4, 3, 3, 3), "body.0.bias": (4,), "body.1.weight": (4,),
           "body.2.weight": (4, 4, 3, 3), "body.2.bias": (4,), "body.3.weight": (4,),
           "body.4.weight": (12, 4, 3, 3), "body.4.bias": (12,)}


def row_major(shape):
    strides, step = [], 1
    for n in reversed(shape):
        strides.insert(0, step)
        step *= n
    return tuple(strides)


def state_of(shapes, change=None):
    """Returns the state dict of a small network, and its storages."""
    generator, values, storages = numpy.random.default_rng(3), {}, {}
    for k, (name, shape) in enumerate(shapes.items()):
        count = int(numpy.prod(shape))
        storages[str(k)] = (generator.random(count, numpy.float32) - 0.5).tobytes()
        values[name] = rebuilt(Storage(str(k), count), 0, shape, row_major(shape))
    return change(values) if change else values, storages


def zipped(value, storages, name="net.pth", method=zipfile.ZIP_STORED, more=()):
    with zipfile.ZipFile(path(name), "w", method) as z:
        z.writestr("archive/data.pkl", pickled(value) if not isinstance(value, bytes) else value)
        for key, data in storages.items():
            z.writestr(f"archive/data/{key}", data)
        for entry, data in more:
            z.writestr(entry, data)
    return path(name)


def in_a_row(value, storages, name="net.pth"):
    """Makes the file of PyTorch before 1.6."""
    about = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}
    data = pickled(0x1950a86a20f9469cfc6c) + pickled(1001) + pickled(about) + pickled(value) + \
        pickled(sorted(storages, key=int))
    for key in sorted(storages, key=int):
        data += struct.pack("<Q", len(storages[key]) // 4) + storages[key]
    return write(name, data)


# safetensors


def packed(table, data=b"", length=None):
    head = table if isinstance(table, bytes) else json.dumps(table).encode()
    return write("net.safetensors", struct.pack("<Q", len(head) if length is None else length) + head + data)


def safe_state():
    table, data = {}, b""
    for k, (name, shape) in enumerate(COMPACT.items()):
        raw = state_of(COMPACT)[1][str(k)]
        table[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    return table, data
