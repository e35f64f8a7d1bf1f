"""The tensors of a state dict: their names and shapes are known at once, and their numbers are read
when they are needed."""
import numpy as np

from .errors import Refused, shown
from .graph import MAX_NUMBERS
from .onnx_file import widen

FORMS = {"float32": "<f4", "float16": "<f2", "bfloat16": "<u2", "float64": "<f8", "int64": "<i8",
         "int32": "<i4", "int16": "<i2", "int8": "i1", "uint8": "u1", "bool": "?"}


class Lazy:
    """A tensor in a file. `read` returns `count` bytes of its storage from `start` on."""

    def __init__(self, shape, dtype, read, offset=0, strides=None, numel=None):
        self.shape, self.dtype, self._read = tuple(shape), dtype, read
        self._offset, self._numel = offset, numel
        self._strides = strides

    def get(self, name):
        count = 1
        for n in self.shape:
            count *= n
        if count > MAX_NUMBERS:
            raise Refused(f"tensor {shown(name)}: a shape of {list(self.shape)} is beyond "
                          f"{MAX_NUMBERS} numbers")
        if self.dtype not in FORMS:
            raise Refused(f"tensor {shown(name)} holds numbers of the type {shown(self.dtype)}; "
                          "float16, float32 or bfloat16 is needed")
        size = np.dtype(FORMS[self.dtype]).itemsize
        strides = self._strides
        if strides is None:
            strides, step = [], 1
            for n in reversed(self.shape):
                strides.insert(0, step)
                step *= n
        reach = 1 + sum((n - 1) * s for n, s in zip(self.shape, strides)) if count else 0
        if reach > MAX_NUMBERS or self._numel is not None and self._offset + reach > self._numel:
            raise Refused(f"tensor {shown(name)} is larger than what holds it")
        raw = self._read(self._offset * size, reach * size)
        if len(raw) != reach * size:
            raise Refused(f"tensor {shown(name)}: {len(raw)} bytes where {reach * size} are needed")
        flat = np.frombuffer(raw, FORMS[self.dtype])
        flat = widen(flat) if self.dtype == "bfloat16" else flat
        if count == 0:
            return np.zeros(self.shape, np.float32)
        view = np.lib.stride_tricks.as_strided(flat, self.shape,
                                               [s * flat.itemsize for s in strides])
        wide = self.dtype in ("float64", "int64", "int32")
        return np.array(view, np.float64 if wide else np.float32)
