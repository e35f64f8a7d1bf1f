"""Reads safetensors: eight bytes of length, a JSON table of tensors, and their bytes."""
import json
import os

from .errors import Refused, shown
from .files import opened
from .tensors import Lazy

MAX_HEAD = 1 << 24
DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16", "F64": "float64", "I64": "int64",
          "I32": "int32", "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool"}


def _pairs(pairs):
    if len({k for k, _ in pairs}) != len(pairs):
        raise Refused("a table of tensors that names one twice")
    return dict(pairs)


def _entry(name, about, size):
    """Checks one row of the table. Returns (shape, dtype, begin, end)."""
    shape = about.get("shape") if isinstance(about, dict) else None
    places = about.get("data_offsets") if isinstance(about, dict) else None
    whole = isinstance(shape, list) and isinstance(places, list) and len(places) == 2 and \
        all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n <= 1 << 48
            for n in shape + places)
    if not whole or len(shape) > 8 or not places[0] <= places[1] <= size:
        raise Refused(f"tensor {shown(name)} has a shape or a place that cannot be")
    return shape, str(about.get("dtype")), places[0], places[1]


def read(path):
    """Returns the table of a file, as {name: Lazy}."""
    with opened(path) as f:
        head = f.read(8)
        length = int.from_bytes(head, "little")
        size = os.fstat(f.fileno()).st_size - 8 - length
        if len(head) < 8 or length > MAX_HEAD or size < 0:
            raise Refused("not a safetensors file, or one that ends too early")
        try:
            table = json.loads(f.read(length).decode("utf-8"), object_pairs_hook=_pairs)
        except (ValueError, RecursionError):
            raise Refused("a safetensors file whose table is not JSON") from None
    if not isinstance(table, dict):
        raise Refused("a safetensors file without a table of tensors")
    begin = 8 + length
    out = {}
    for name, about in table.items():
        if name == "__metadata__":
            continue
        shape, dtype, first, last = _entry(name, about, size)

        def part(start, count, first=first, last=last):
            with opened(path) as f:
                f.seek(begin + first + start)
                return f.read(min(count, last - first - start))
        out[name] = Lazy(shape, DTYPES.get(dtype, dtype), part)
    return out
