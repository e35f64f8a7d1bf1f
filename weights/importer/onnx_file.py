"""Reads ONNX files: the protobuf by python3-onnx, without its checker; the tensors by code of our
own, which checks every size before it allocates memory."""
import os
import warnings

import numpy as np

from .errors import Refused, shown
from .files import opened
from .graph import MAX_NUMBERS

MAX_BYTES = 1 << 30

# The numbers of element types in ONNX, their names, and their form in raw_data.
TYPES = {1: ("float32", "<f4"), 2: ("uint8", "u1"), 3: ("int8", "i1"), 4: ("uint16", "<u2"),
         5: ("int16", "<i2"), 6: ("int32", "<i4"), 7: ("int64", "<i8"), 9: ("bool", "?"),
         10: ("float16", "<f2"), 11: ("float64", "<f8"), 12: ("uint32", "<u4"),
         13: ("uint64", "<u8"), 16: ("bfloat16", "<u2")}
OTHERS = {8: "string", 14: "complex64", 15: "complex128", 17: "float8", 18: "float8", 19: "float8",
          20: "float8", 21: "uint4", 22: "int4"}
FLOATS = {1, 10, 11, 16}


def widen(bits):
    """Returns bfloat16 as float32, of which it is the upper half."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def _field(proto):
    """Returns the values of a tensor that has no raw_data, as numpy's types."""
    kind = proto.data_type
    if kind in (1,):
        return np.array(proto.float_data, "<f4")
    if kind == 11:
        return np.array(proto.double_data, "<f8")
    if kind == 7:
        return np.array(proto.int64_data, "<i8")
    if kind in (12, 13):
        return np.array(proto.uint64_data, np.uint64).astype(TYPES[kind][1])
    values = np.array(proto.int32_data, np.int64)
    if kind in (10, 16):
        bits = (values & 0xFFFF).astype("<u2")
        return bits.view("<f2") if kind == 10 else bits
    return values.astype(TYPES[kind][1])


def _external(proto, folder, name):
    """Returns the bytes of a tensor that is in a file beside the model."""
    about = {e.key: e.value for e in proto.external_data}
    file = about.get("location", "")
    if not file or os.path.isabs(file) or ".." in file.replace("\\", "/").split("/"):
        raise Refused(f"tensor {name}: its data are in the file {shown(file)}, which is not beside "
                      "the model")
    try:
        offset, length = int(about.get("offset", 0)), int(about.get("length", -1))
        if offset < 0 or length > MAX_BYTES:
            raise ValueError
        with opened(os.path.join(folder, file)) as f:
            f.seek(offset)
            return f.read(min(length, MAX_BYTES) if length >= 0 else MAX_BYTES)
    except (OSError, ValueError, OverflowError) as e:
        why = e.strerror if isinstance(e, OSError) else "its place is no place"
        raise Refused(f"tensor {name}: its data in {shown(file)} cannot be read: {why}") from None


def array(proto, folder, name=None):
    """Returns a TensorProto as a numpy array, with floats of any width as float32 or float64."""
    name = shown(name or proto.name or "without a name")
    if proto.data_type not in TYPES:
        kind = OTHERS.get(proto.data_type, f"of type {proto.data_type}")
        raise Refused(f"tensor {name} holds {kind} numbers; float16, float32 or bfloat16 is needed")
    shape = [int(d) for d in proto.dims]
    count = 1
    for d in shape:
        count *= d
        if d < 0 or count > MAX_NUMBERS:
            raise Refused(f"tensor {name}: a shape of {shape[:8]} is beyond {MAX_NUMBERS} numbers")
    kind, form = TYPES[proto.data_type]
    if proto.data_location == 1:
        raw = _external(proto, folder, name)
    elif proto.HasField("raw_data"):
        raw = proto.raw_data
    else:
        values, raw = _field(proto), None
    if raw is not None:
        if len(raw) != count * np.dtype(form).itemsize:
            raise Refused(f"tensor {name}: {len(raw)} bytes do not hold {count} {kind} numbers")
        values = np.frombuffer(raw, form)
    if values.size != count:
        raise Refused(f"tensor {name}: {values.size} numbers, but its shape {shape} has {count}")
    values = widen(values) if kind == "bfloat16" else values
    return values.reshape(shape)


def read(path):
    """Returns the model of a file, as protobuf."""
    try:
        import onnx
    except ImportError:
        raise Refused("reading ONNX needs Python's onnx (Debian: apt install python3-onnx)") from None
    with opened(path) as f:
        data = f.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Refused(f"more than {MAX_BYTES} bytes")
    model = onnx.ModelProto()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model.ParseFromString(data)
    except Exception:  # protobuf has several implementations, each with its own errors
        raise Refused("not an ONNX file, or a damaged one: its protobuf cannot be parsed") from None
    if not model.HasField("graph") or not model.graph.node:
        raise Refused("not an ONNX model: there is no graph in it")
    return model
