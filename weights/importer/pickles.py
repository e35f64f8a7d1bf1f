"""Reads pickles of containers, numbers, text and PyTorch's tensors, without running any code.

A pickle is a program for a small stack machine, which this file implements. If the program asks
for a class or function by name, it gets one of the few in KNOWN, which are defined here. The names
in OPAQUE are of harmless objects that lie beside networks in checkpoints; each becomes an Unread,
whatever the program does with it. Nothing is imported or called by its name. Any other name makes
the importer refuse the file. See pickletools in Python's library for the opcodes.
"""
import struct
from collections import namedtuple

from .errors import Refused, shown

MAX_STEPS = 4_000_000
MAX_TEXT = 1 << 20
MAX_STACK = 1 << 20

Tensor = namedtuple("Tensor", "storage offset shape strides")
Storage = namedtuple("Storage", "dtype key numel")

STORAGES = {"FloatStorage": "float32", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
            "DoubleStorage": "float64", "LongStorage": "int64", "IntStorage": "int32",
            "ShortStorage": "int16", "CharStorage": "int8", "ByteStorage": "uint8",
            "BoolStorage": "bool"}
DTYPES = {"float32": "float32", "float": "float32", "float16": "float16", "half": "float16",
          "bfloat16": "bfloat16", "float64": "float64", "int64": "int64", "int32": "int32",
          "uint8": "uint8", "bool": "bool", "int8": "int8", "int16": "int16"}


class Name:
    """A global that the pickle asked for and that is allowed."""

    def __init__(self, name, call=None, dtype=None):
        self.name, self.call, self.dtype = name, call, dtype


class Unread:
    """A value that a model does not need, such as that of an optimiser or a configuration. It
    forgets what is put into it."""


def _whole(value, least=0):
    if not isinstance(value, int) or isinstance(value, bool) or value < least or value > 1 << 48:
        raise Refused("a tensor whose size is no number")
    return value


def _tensor(storage, offset, shape, strides, *rest):
    lists = isinstance(shape, (tuple, list)) and isinstance(strides, (tuple, list))
    if not isinstance(storage, Storage) or not lists or len(shape) != len(strides) or len(shape) > 8:
        raise Refused("a tensor that is put together wrongly")
    return Tensor(storage, _whole(offset), tuple(_whole(n) for n in shape),
                  tuple(_whole(n) for n in strides))


def _dictionary(pairs=()):
    try:
        return dict(pairs)
    except (TypeError, ValueError):
        raise Refused("a dictionary that is put together wrongly") from None


def _pass_on(value, *rest):
    return value


def _nothing(*rest):
    return Unread()


def _tuple(values=()):
    return tuple(values) if isinstance(values, (tuple, list)) else ()


KNOWN = {
    "collections.OrderedDict": _dictionary,
    "collections.defaultdict": lambda *rest: {},
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_parameter": _pass_on,
    "torch.nn.parameter.Parameter": _pass_on,
    "torch.Size": _tuple,
    "torch.device": _nothing,
}

# Objects of Python's library, by module. The names of Python 2 are those of pickle protocols 0 to 2.
_BUILTINS = ("set frozenset list dict tuple int float complex bool str bytes bytearray slice range "
             "object long unicode xrange").split()
_PATHS = "Path PosixPath WindowsPath PurePath PurePosixPath PureWindowsPath".split()
_ARRAYS = ["scalar", "_reconstruct"]
OPAQUE = {
    "builtins": _BUILTINS, "__builtin__": _BUILTINS, "copyreg": ["_reconstructor"],
    "copy_reg": ["_reconstructor"], "_codecs": ["encode"], "argparse": ["Namespace"],
    "types": ["SimpleNamespace"], "datetime": ["datetime", "date", "time", "timedelta", "timezone"],
    "collections": ["Counter", "deque"], "decimal": ["Decimal"], "fractions": ["Fraction"],
    "uuid": ["UUID", "SafeUUID"], "pathlib": _PATHS, "pathlib._local": _PATHS,
    "numpy": ["dtype", "ndarray"], "numpy.core.multiarray": _ARRAYS,
    "numpy._core.multiarray": _ARRAYS, "numpy.core.numeric": ["_frombuffer"],
    "numpy._core.numeric": ["_frombuffer"], "torch": ["Generator"],
}
# Packages of configurations, with all that is in them.
OPAQUE_PACKAGES = ("omegaconf", "easydict", "addict", "yacs", "ml_collections")


def _is_opaque(module, name):
    return name in OPAQUE.get(module, ()) or \
        module.split(".")[0] in OPAQUE_PACKAGES and "." not in name


def _global(module, name):
    full = f"{module}.{name}"
    if full in KNOWN:
        return Name(full, KNOWN[full])
    if _is_opaque(module, name):
        return Name(full, _nothing)
    if module in ("torch", "torch.storage") and name in STORAGES:
        return Name(full, None, STORAGES[name])
    if module == "torch" and name in DTYPES:
        return Name(full, None, DTYPES[name])
    if module.split(".")[0] == "__torch__":
        raise Refused("a TorchScript program, not a state dict; export the model to ONNX")
    raise Refused(f"the pickle asks for {shown(full)}, which is neither a tensor nor a container; "
                  "save the model's state_dict() alone, or as safetensors")


class Machine:
    """Runs one pickle in `data` from `at` on. `place` turns a persistent id into a value."""

    def __init__(self, data, at, place):
        self.data, self.at, self.place = data, at, place
        self.stack, self.marks, self.memo, self.steps = [], [], {}, 0

    def bytes(self, count):
        if count < 0 or count > len(self.data) - self.at:
            raise Refused("a pickle that ends too early")
        self.at += count
        return bytes(self.data[self.at - count:self.at])

    def number(self, form):
        return struct.unpack(form, self.bytes(struct.calcsize(form)))[0]

    def line(self):
        end = self.data.find(b"\n", self.at, self.at + MAX_TEXT)
        if end < 0:
            raise Refused("a pickle that ends too early")
        return self.bytes(end + 1 - self.at)[:-1]

    def text(self, count):
        if count > MAX_TEXT:
            raise Refused("a pickle with a text of more than a megabyte")
        return self.bytes(count).decode("utf-8", "replace")

    def pop(self):
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise Refused("a damaged pickle")
        return self.stack.pop()

    def top(self):
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise Refused("a damaged pickle")
        return self.stack[-1]

    def marked(self):
        """Removes and returns the values above the last mark."""
        if not self.marks:
            raise Refused("a damaged pickle")
        mark = self.marks.pop()
        values, self.stack[mark:] = self.stack[mark:], []
        return values

    def recall(self, key):
        if key not in self.memo:
            raise Refused("a damaged pickle")
        self.stack.append(self.memo[key])

    def run(self):
        while True:
            self.steps += 1
            if self.steps > MAX_STEPS or len(self.stack) > MAX_STACK:
                raise Refused("a pickle of more steps than any model needs")
            code = self.bytes(1)
            if code == b".":
                return self.pop()
            work = CODES.get(code)
            if work is None:
                raise Refused(f"a damaged pickle, or one of a kind that is not known (opcode "
                              f"{code!r})")
            work(self)

    def call(self):
        """REDUCE: applies a known function to arguments."""
        arguments, function = self.pop(), self.pop()
        callable_name = isinstance(function, Name) and function.call is not None
        if not callable_name or not isinstance(arguments, tuple):
            raise Refused("a pickle that calls what cannot be called")
        try:
            self.stack.append(function.call(*arguments))
        except TypeError:
            raise Refused(f"a pickle that calls {function.name} wrongly") from None

    def build(self):
        """BUILD: sets the state of an object, which the objects here do not have."""
        self.pop()
        self.top()

    def put_pairs(self, values):
        into = self.top()
        if len(values) % 2 or not isinstance(into, (dict, Unread)):
            raise Refused("a damaged pickle")
        if isinstance(into, dict):
            for key, value in zip(values[::2], values[1::2]):
                if isinstance(key, (str, int, float, bool, type(None))):
                    into[key] = value

    def put_items(self, values):
        into = self.top()
        if isinstance(into, list):
            into.extend(values)
        elif not isinstance(into, Unread):
            raise Refused("a damaged pickle")


def _long(m, count):
    if count > 64:
        raise Refused("a pickle with a number of more than 64 bytes")
    m.stack.append(int.from_bytes(m.bytes(count), "little", signed=True))


def _integer(m):
    line = m.line()
    if line in (b"00", b"01"):
        m.stack.append(line == b"01")
        return
    try:
        m.stack.append(int(line.rstrip(b"L")[:100]))
    except ValueError:
        raise Refused("a damaged pickle") from None


def _float(m):
    try:
        m.stack.append(float(m.line()))
    except ValueError:
        raise Refused("a damaged pickle") from None


def _push(value):
    return lambda m: m.stack.append(value() if callable(value) else value)


def _mark(m):
    if len(m.marks) > MAX_STACK:
        raise Refused("a pickle of more steps than any model needs")
    m.marks.append(len(m.stack))


def _pop(m):
    if m.marks and m.marks[-1] == len(m.stack):
        m.marks.pop()
    else:
        m.pop()


def _put(m, key):
    m.memo[key] = m.top()
    if len(m.memo) > MAX_STACK:
        raise Refused("a pickle of more steps than any model needs")


def _stack_global(m):
    name, module = m.pop(), m.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise Refused("a damaged pickle")
    m.stack.append(_global(module, name))


def _global_lines(m):
    module, name = m.line(), m.line()
    m.stack.append(_global(module.decode("utf-8", "replace"), name.decode("utf-8", "replace")))


def _new_object(m):
    arguments, kind = m.pop(), m.pop()
    m.stack += [kind, arguments]
    m.call()


def _new_object_by_names(m):
    m.pop()
    _new_object(m)


def _few(count):
    def work(m):
        m.stack.append(tuple(reversed([m.pop() for _ in range(count)])))
    return work


def _set_item(m):
    value, key = m.pop(), m.pop()
    m.put_pairs([key, value])


def _dict(m):
    values = m.marked()
    m.stack.append({})
    m.put_pairs(values)


def _frozen_set(m):
    m.marked()
    m.stack.append(Unread())


def _skip(count):
    return lambda m: m.bytes(count)


def _bytes(form):
    def work(m):
        m.bytes(m.number(form))
        m.stack.append(Unread())
    return work


CODES = {
    b"\x80": _skip(1), b"\x95": _skip(8), b"(": _mark, b"0": _pop, b"1": lambda m: m.marked(),
    b"2": lambda m: m.stack.append(m.top()),
    b"N": _push(None), b"\x88": _push(True), b"\x89": _push(False), b")": _push(()),
    b"]": _push(list), b"}": _push(dict), b"\x8f": _push(Unread),
    b"K": lambda m: m.stack.append(m.number("<B")), b"M": lambda m: m.stack.append(m.number("<H")),
    b"J": lambda m: m.stack.append(m.number("<i")), b"I": _integer, b"L": _integer,
    b"\x8a": lambda m: _long(m, m.number("<B")), b"\x8b": lambda m: _long(m, m.number("<I")),
    b"G": lambda m: m.stack.append(m.number(">d")), b"F": _float,
    b"X": lambda m: m.stack.append(m.text(m.number("<I"))),
    b"\x8c": lambda m: m.stack.append(m.text(m.number("<B"))),
    b"\x8d": lambda m: m.stack.append(m.text(m.number("<Q"))),
    b"V": lambda m: m.stack.append(m.line().decode("utf-8", "replace")),
    b"S": lambda m: m.stack.append(m.line().decode("utf-8", "replace").strip("'\"")),
    b"U": lambda m: m.stack.append(m.text(m.number("<B"))),
    b"T": lambda m: m.stack.append(m.text(m.number("<I"))),
    b"C": _bytes("<B"), b"B": _bytes("<I"), b"\x8e": _bytes("<Q"), b"\x96": _bytes("<Q"),
    b"t": lambda m: m.stack.append(tuple(m.marked())), b"l": lambda m: m.stack.append(m.marked()),
    b"d": _dict,
    b"\x85": _few(1), b"\x86": _few(2), b"\x87": _few(3),
    b"s": _set_item, b"u": lambda m: m.put_pairs(m.marked()),
    b"a": lambda m: m.put_items([m.pop()]), b"e": lambda m: m.put_items(m.marked()),
    b"\x90": lambda m: m.put_items(m.marked()), b"\x91": _frozen_set,
    b"q": lambda m: _put(m, m.number("<B")), b"r": lambda m: _put(m, m.number("<I")),
    b"p": lambda m: _put(m, m.line()), b"\x94": lambda m: _put(m, len(m.memo)),
    b"h": lambda m: m.recall(m.number("<B")), b"j": lambda m: m.recall(m.number("<I")),
    b"g": lambda m: m.recall(m.line()),
    b"c": _global_lines, b"\x93": _stack_global, b"R": lambda m: m.call(), b"b": lambda m: m.build(),
    b"\x81": _new_object, b"\x92": _new_object_by_names, b"Q": lambda m: m.stack.append(m.place(m.pop())),
}


def load(data, at=0, place=None):
    """Returns the value of the pickle at `at`, and the position after it."""
    def nowhere(key):
        raise Refused("a pickle that refers to data elsewhere")
    machine = Machine(data, at, place or nowhere)
    return machine.run(), machine.at
