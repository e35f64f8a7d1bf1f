"""hostile.py - malicious files of PyTorch and safetensors: code in pickles, bombs, false sizes.
They are refused with a sentence, in little memory, and nothing is written. Needs numpy, not
PyTorch. TAP."""
import collections
import contextlib
import io
import os
import pickle
import struct
import zipfile

import place  # says where the modules below are
import tap

tap.needs("numpy")
from harm import (COMPACT, Storage, command, dumped, FOLDER, in_a_row, packed, path, rebuilt, refused,
                  safe_state, state_of, write, zipped)


class Harm:
    """An object that makes a file named `marker` if a pickle module that runs code reads it."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


def pickles_that_run_code():
    marker = path("marker")
    for protocol in range(6):
        raw = pickle.dumps({"body.0.weight": Harm(marker)}, protocol)
        refused(zipped(raw, {}), "system", "asks for")
        refused(write("row.pt", pickle.dumps(0x1950a86a20f9469cfc6c, 2) + pickle.dumps(1001, 2) +
                      pickle.dumps({}, 2) + raw), "asks for" if protocol > 1 else "")
        if protocol >= 2:
            refused(write("bare.pth", raw), "asks for")
    for name in ("builtins eval", "builtins getattr", "__builtin__ exec", "subprocess Popen",
                 "torch load", "numpy load", "importlib import_module", "os system", "nt system",
                 "torch.hub load", "collections namedtuple", "torch._utils os.system",
                 "importer.pickles Machine", "runpy run_path", "webbrowser open"):
        value = {"a": ("collections OrderedDict", ()), "b": (name, ("echo",))}
        module, attribute = name.split(" ")
        refused(zipped(value, {}), f"'{module}.{attribute}'")
    assert not os.path.exists(marker), "a pickle has run"


def names_in_two_pieces_are_names():
    """STACK_GLOBAL takes a name from the stack; dots in the name reach into objects."""
    for module, name in (("os", "system"), ("torch", "serialization.load"), ("collections", "abc")):
        code = b"\x80\x04" + dumped(module) + dumped(name) + b"\x93" + dumped(("x",)) + b"R."
        refused(zipped(code, {}), "asks for")


def tensors_that_reach_beyond_their_numbers():
    for change in (
            lambda s: ("torch._utils _rebuild_tensor_v2", (Storage("0", 108), 1, (4, 3, 3, 3), (27, 9, 3, 1),
                                                           False, {})),
            lambda s: rebuilt(Storage("0", 108), 0, (4, 3, 3, 3), (1000000, 9, 3, 1)),
            lambda s: rebuilt(Storage("0", 108), -4, (4, 3, 3, 3), (27, 9, 3, 1)),
            lambda s: rebuilt(Storage("0", 108), 0, (4, 3, 3, 3), (-27, 9, 3, 1)),
            lambda s: rebuilt(Storage("0", 1 << 40), 0, (4, 3, 3, 3), (27, 9, 3, 1)),
            lambda s: rebuilt(Storage("0", 108), 0, (1 << 20, 3, 1 << 20, 3), (0, 0, 0, 0)),
            lambda s: rebuilt(Storage("0", 108), 0, (1 << 60, 3, 3, 3), (0, 0, 0, 0)),
            lambda s: rebuilt(Storage("0", 108), 0, (4, 3, 3, 3), (27, 9, 3)),
            lambda s: rebuilt(Storage("0", 108), 0, tuple([1] * 40), tuple([1] * 40)),
            lambda s: rebuilt(Storage("nowhere", 108), 0, (4, 3, 3, 3), (27, 9, 3, 1)),
            lambda s: rebuilt(Storage("../../etc/passwd", 108), 0, (4, 3, 3, 3), (27, 9, 3, 1)),
            lambda s: rebuilt(Storage("0", 108, "LongStorage"), 0, (4, 3, 3, 3), (27, 9, 3, 1)),
            lambda s: "text", lambda s: [1, 2], lambda s: {"x": 1}):
        values, storages = state_of(COMPACT)
        values["body.0.weight"] = change(values)
        refused(zipped(values, storages))
        refused(in_a_row(values, storages))


def numbers_that_are_none():
    values, storages = state_of(COMPACT)
    storages["0"] = struct.pack("<f", float("nan")) + storages["0"][4:]
    refused(zipped(values, storages), "not a number")
    storages["0"] = struct.pack("<f", float("inf")) + storages["0"][4:]
    refused(in_a_row(values, storages), "not a number")
    for name, shape in COMPACT.items():     # a signalling NaN, which numpy warns of by itself
        values, storages = state_of(COMPACT)
        key = str(list(COMPACT).index(name))
        storages[key] = b"\x01\0\x80\x7f" + storages[key][4:]
        refused(in_a_row(values, storages), "not a number")


def zips_that_unpack_to_much():
    values, storages = state_of(COMPACT)
    values["body.0.weight"] = rebuilt(Storage("0", 3 << 24), 0, (1 << 12, 3, 64, 64),
                                      (3 << 12, 1 << 12, 64, 1))
    storages["0"] = bytes(3 << 26)                      # 192 MiB in 192 KiB; then the bias is missing
    refused(zipped(values, storages, method=zipfile.ZIP_DEFLATED), "a bias of 4096")
    values["body.0.weight"] = rebuilt(Storage("0", 1), 0, (1 << 14, 3, 64, 64), (0, 0, 0, 0))
    refused(zipped(values, storages, method=zipfile.ZIP_DEFLATED), "beyond")
    refused(zipped(b"\x80\x02" + b"]" * (1 << 27), {}, method=zipfile.ZIP_DEFLATED), "pickle of more")
    refused(zipped(b"\x80\x02" + b"]" * (1 << 25), {}, method=zipfile.ZIP_DEFLATED), "more steps")
    refused(zipped(b"\x80\x02]" + b"q\x00r\x01\x00\x00\x00" * (1 << 21) + b".", {},
                   method=zipfile.ZIP_DEFLATED))
    refused(zipped(b"\x80\x02" + b"(" * (1 << 24) + b".", {}, method=zipfile.ZIP_DEFLATED), "more steps")


def zips_of_other_things():
    refused(zipped({}, {}, more=[("x/data.pkl", b"")]), "no data.pkl")
    with zipfile.ZipFile(path("z.pth"), "w") as z:
        z.writestr("readme", "hello")
    refused(path("z.pth"), "no data.pkl")
    refused(zipped({}, {}, more=[("archive/constants.pkl", b"")]), "TorchScript")
    refused(zipped({}, {}, more=[("archive/byteorder", b"big")]), "little-endian")
    refused(zipped(("__torch__.net Net", ()), {}), "TorchScript")
    refused(zipped({}, {}), "no tensors")
    refused(zipped({"a": ("mylib.models Net", ())}, {}), "'mylib.models.Net'", "state_dict()")
    deep = {"x": 1}
    for _ in range(50):
        deep = {"a": deep, "b": [deep, deep]} if len(str(deep)) < 4000 else {"a": deep}
    refused(zipped(deep, {}), "no tensors")


def a_dictionary_in_itself():
    code = b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s."
    refused(zipped(code, {}), "no tensors")


def safetensors_that_lie():
    table, data = safe_state()
    for change in ({"data_offsets": [0, 1 << 40]}, {"data_offsets": [-4, 428]}, {"data_offsets": [8, 4]},
                   {"data_offsets": [0, 4]}, {"shape": [4, 3, 3]}, {"shape": [1 << 50, 1 << 50]},
                   {"shape": [1 << 45]}, {"shape": [4, 3, 3, -3]}, {"shape": "4"}, {"dtype": "F8_E4M3"},
                   {"dtype": None}, {"dtype": ["F32"]}, {"shape": [True, 3, 3, 3]}, {"data_offsets": [0.0, 432.0]}):
        refused(packed(dict(table, **{"body.0.weight": dict(table["body.0.weight"], **change)}), data))
    refused(packed(table, data[:-1]))
    refused(packed(table, data, length=1 << 62))
    refused(packed(table, data, length=1 << 30))
    refused(packed(b"{" * 100000, b""), "JSON")
    refused(packed(b'{"a":' * 100000 + b"1" + b"}" * 100000), "JSON")
    refused(packed(b'{"a": 1, "a": 2}'), "twice")
    refused(packed(b'{"a": [1]}'))
    refused(packed(b"{}"))


def files_that_are_nothing():
    refused(write("empty.onnx", b""), "empty")
    refused(write("text.onnx", b"hello"), "ONNX")
    refused(write("json.onnx", b'{"format": 1}'), "JSON")
    refused(write("zeros.pth", bytes(1000)))
    refused(path("nowhere.onnx"), "No such file")
    refused(FOLDER.name, "directory")


def pipes_and_devices_are_not_waited_for():
    for name in ("p.onnx", "p.pth", "p.param", "p.bin", "p.safetensors"):
        os.mkfifo(path(name))
        refused(path(name), "regular file")
        os.unlink(path(name))
    refused("/dev/zero", "regular file")
    refused("/dev/null", "regular file")


def files_of_other_kinds_are_named():
    for data, *words in (
            (b"\x1f\x8b\x08" + bytes(100), "gzip", "unpack"), (b"BZh9" + bytes(100), "bzip2"),
            (b"\xfd7zXZ\0" + bytes(100), "xz"), (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5", "ONNX"),
            (b"\x93NUMPY\1" + bytes(100), "numpy"), (b"\x1c\0\0\0TFL3" + bytes(100), "TensorFlow Lite"),
            (b"\x1d\x85\x76\0" + bytes(100), "binary form", ".param"), (b"\x89PNG\r\n\x1a\n", "picture")):
        for name in ("net.onnx", "net.pth", "net.param", "net.bin"):
            refused(write(name, data), *words)
            os.unlink(path(name))
    for value in ({"a": 1}, [1], 0x1950a86a20f9469cfc6c, collections.OrderedDict(a=1), {}, [{"a": 1}]):
        for protocol in (0, 1):
            refused(write("net.pth", pickle.dumps(value, protocol)), "pickle of protocol 0 or 1", "torch.save")
    refused(write("alone.bin", bytes(400)), ".param")
    refused(write("text.param", b"hello"), "7767517")
    refused(write("text.param", b"\xff\xfe" * 9), "not a .param file")


def lists_of_layers_that_are_none():
    values, storages = state_of(COMPACT)
    file = zipped(values, storages)
    for rows in ("[]", "{}", "[1]", "[" * 100000, '[{"type": "conv2d"}]', '[{"type": "conv2d", "tensors": 5}]',
                 '[{"type": "conv2d", "tensors": "nowhere"}]', '[{"type": "x"}]', '[{"type": ["relu"]}]',
                 '[{"type": "relu", "input": 3}]', '[{"type": "relu", "name": []}]',
                 '[{"type": "add", "with": {}}]', '[{"type": "add", "with": []}]',
                 '[{"type": "upsample", "scale_factor": 1e9}]', '[{"type": "upsample", "scale_factor": -1}]',
                 '[{"type": "pixel_shuffle", "upscale_factor": 0}]', '[{"type": "affine", "weight": "x"}]',
                 '[{"type": "affine", "weight": [[1]]}]', '[{"type": "clamp", "min": "0"}]',
                 '[{"type": "max_pool2d", "kernel_size": [0, 0]}]', '[{"type": "relu", "what": 1}]',
                 '[{"type": "conv2d", "tensors": "body.0", "stride": [1, 2, 3]}]',
                 '[{"type": "conv2d", "tensors": "body.0", "groups": 7}]',
                 '[{"type": "conv_transpose2d", "tensors": "body.2"}]', "[NaN]",
                 '[{"type": "conv2d", "tensors": "body.0", "padding_mode": "zero"}]'):
        refused(file, options=("--layers", write("rows.json", rows.encode())))
    refused(file, "No such file", options=("--layers", path("nowhere.json")))
    refused(file, "characters", options=("--layers", "/dev/zero"))


def an_output_that_cannot_be_written():
    values, storages = state_of(COMPACT)
    file = zipped(values, storages)
    said, complained = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        status = command.main([file, "-o", path("no/such/folder.json"), "--no-check"])
    assert status == 1 and complained.getvalue() == \
        f"upscaled-import: {path('no/such/folder.json')}: No such file or directory\n", complained.getvalue()
    kept = write("kept.json", b"as it was")
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        assert command.main([write("bad.onnx", b"bad"), "-o", kept, "--no-check"]) == 1
    with open(kept, "rb") as f:
        assert f.read() == b"as it was"


tap.run_claims([
    pickles_that_run_code, names_in_two_pieces_are_names, tensors_that_reach_beyond_their_numbers,
    numbers_that_are_none, zips_that_unpack_to_much, zips_of_other_things, a_dictionary_in_itself,
    safetensors_that_lie, files_that_are_nothing, pipes_and_devices_are_not_waited_for,
    files_of_other_kinds_are_named, lists_of_layers_that_are_none,
    an_output_that_cannot_be_written])
