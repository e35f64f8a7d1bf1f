"""Computes the part of an ONNX graph that is arithmetic on constants: sizes that are derived from
the size of the picture, weights that are cast, scaled or transposed before they are used."""
import numpy as np

from .errors import Refused
from .graph import MAX_NUMBERS

NUMPY_TYPES = {1: np.float32, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32,
               7: np.int64, 9: np.bool_, 10: np.float16, 11: np.float64, 12: np.uint32,
               13: np.uint64, 16: np.float32}


MAX_MULTIPLIES = 1 << 30


def bounded(shape, where):
    count = 1
    for d in shape:
        count *= int(d)
        if d < 0 or count > MAX_NUMBERS:
            raise Refused(f"{where}: a constant of the shape {list(shape)[:8]}")
    return [int(d) for d in shape]


def broadcast(*shapes):
    """Returns the common shape of arrays of these shapes. ValueError if they do not fit."""
    rank = max(len(s) for s in shapes)
    out = [1] * rank
    for shape in shapes:
        for k, d in enumerate(shape, rank - len(shape)):
            if d != 1 and out[k] not in (1, d):
                raise ValueError("shapes do not fit each other")
            out[k] = out[k] if d == 1 else int(d)
    return tuple(out)


def _cast(at, x):
    to = at.int("to", 1)
    if to not in NUMPY_TYPES:
        raise Refused(f"{at.where}: casts to a type ({to}) that is not known here")
    return x.astype(NUMPY_TYPES[to])


def axes_of(at, inputs, place, rank):
    """Returns the axes of Squeeze and similar kinds: an attribute, or since opset 13 an input."""
    axes = at.ints("axes") if len(inputs) <= place or inputs[place] is None else \
        [int(a) for a in np.ravel(inputs[place])]
    if axes is not None and any(not -rank <= a < rank for a in axes):
        raise Refused(f"{at.where}: axes {axes} of a tensor of {rank}")
    return None if axes is None else [a % rank for a in axes]


def _squeeze(at, x, *rest):
    axes = axes_of(at, (x,) + rest, 1, x.ndim)
    return np.squeeze(x, None if axes is None else tuple(axes))


def _unsqueeze(at, x, *rest):
    axes = at.ints("axes") if not rest else [int(a) for a in np.ravel(rest[0])]
    rank = x.ndim + len(axes)
    shape, left = [], list(x.shape)
    axes = {a % rank for a in axes}
    for k in range(rank):
        shape.append(1 if k in axes else left.pop(0))
    return x.reshape(shape)


def target_shape(shape, size, old, where, zeros_are_zero=False):
    """Returns the target of a Reshape, with 0 (unchanged) and -1 (the rest) replaced by numbers."""
    shape = [int(d) for d in np.ravel(shape)]
    if len(shape) > 12:
        raise Refused(f"{where}: a reshape to {len(shape)} axes")
    if not zeros_are_zero:
        shape = [old[k] if d == 0 and k < len(old) else d for k, d in enumerate(shape)]
    known = 1
    for d in shape:
        known *= d if d != -1 else 1
    if shape.count(-1) > 1 or known <= 0 or size % known or (-1 not in shape and known != size):
        raise Refused(f"{where}: a reshape to {shape} does not fit {size} numbers")
    return [size // known if d == -1 else d for d in shape]


def _reshape(at, x, shape=None):
    shape = at.ints("shape") if shape is None else shape
    return x.reshape(target_shape(shape, x.size, x.shape, at.where, at.int("allowzero", 0) == 1))


def slices(at, inputs, rank):
    """Returns [(axis, start, end, step)] of a Slice, in either form."""
    if len(inputs) > 1:
        parts = [None if i is None else [int(v) for v in np.ravel(i)] for i in inputs[1:]]
        parts += [None] * (4 - len(parts))
    else:
        parts = [at.ints("starts"), at.ints("ends"), at.ints("axes"), None]
    starts, ends, axes, steps = parts
    if starts is None or ends is None:
        raise Refused(f"{at.where}: a slice without starts or ends")
    axes = list(range(len(starts))) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    if not len(starts) == len(ends) == len(axes) == len(steps) or \
            any(not -rank <= a < rank for a in axes) or 0 in steps:
        raise Refused(f"{at.where}: a slice whose starts, ends, axes and steps do not fit")
    return list(zip([a % rank for a in axes], starts, ends, steps))


def _slice(at, *inputs):
    x = inputs[0]
    index = [slice(None)] * x.ndim
    for axis, start, end, step in slices(at, inputs, x.ndim):
        if step < 0 and end < -x.shape[axis]:
            end = None
        index[axis] = slice(start, end, step)
    return x[tuple(index)]


def _gather(at, x, index):
    bounded([index.size, x.size // max(1, x.shape[at.int("axis", 0)])], at.where)
    return np.take(x, index.astype(np.int64), axis=at.int("axis", 0))


def _constant_of_shape(at, shape):
    value = at.tensor("value")
    value = np.zeros(1, np.float32) if value is None else value
    return np.full(bounded(np.ravel(shape), at.where), value.ravel()[0], value.dtype)


def _range(at, start, limit, step):
    values = [np.ravel(v)[0] for v in (start, limit, step)]
    if values[2] == 0 or abs((values[1] - values[0]) / values[2]) > MAX_NUMBERS:
        raise Refused(f"{at.where}: a range of too many numbers")
    return np.arange(*values)


def _expand(at, x, shape):
    shape = bounded(np.ravel(shape), at.where)
    return x * np.ones(bounded(broadcast(x.shape, tuple(shape)), at.where), x.dtype)


def _tile(at, x, repeats):
    repeats = [int(r) for r in np.ravel(repeats)]
    if len(repeats) != x.ndim:
        raise Refused(f"{at.where}: {len(repeats)} repeats of {x.ndim} axes")
    bounded([max(0, r) * d for r, d in zip(repeats, x.shape)], at.where)
    return np.tile(x, repeats)


def _divide(at, a, b):
    if not (b != 0).all():
        raise Refused(f"{at.where}: a division by zero")
    if a.dtype.kind in "iu" and b.dtype.kind in "iu":
        return (np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b))).astype(a.dtype)
    return a / b


def _dequantize(at, x, scale, zero=None):
    axis = at.int("axis", 1)
    if scale.size > 1:
        shape = [1] * x.ndim
        shape[axis] = -1
        scale = scale.reshape(shape)
        _sizes(at, x, scale)
        zero = None if zero is None else zero.reshape(shape)
    x = x.astype(np.float32)
    return (x - (0 if zero is None else zero.astype(np.float32))) * scale


def _pad(at, x, pads=None, value=None, axes=None):
    pads = at.ints("pads") if pads is None else [int(p) for p in np.ravel(pads)]
    if axes is not None or at.text("mode", "constant") != "constant" or len(pads) != 2 * x.ndim \
            or min(pads) < 0:
        raise Refused(f"{at.where}: a pad of a constant that is not understood")
    bounded([d + pads[k] + pads[k + x.ndim] for k, d in enumerate(x.shape)], at.where)
    fill = at.float("value", 0.0) if value is None else float(np.ravel(value)[0])
    return np.pad(x, [(pads[k], pads[k + x.ndim]) for k in range(x.ndim)], constant_values=fill)


def _concat(at, *parts):
    bounded([sum(p.size for p in parts)], at.where)
    return np.concatenate([np.atleast_1d(p) for p in parts], at.int("axis", 0))


def lengths_of(at, inputs, size):
    """Returns the lengths of the parts of a Split: from an attribute, from an input, or equal
    lengths for the parts that are used."""
    if len(inputs) > 1 and inputs[1] is not None:
        lengths = [int(v) for v in np.ravel(inputs[1])]
    else:
        lengths = at.ints("split")
    if lengths is None:
        each = -(-size // at.outputs)
        lengths = [each] * (at.outputs - 1) + [size - each * (at.outputs - 1)]
    if min(lengths, default=0) < 1 or sum(lengths) != size or len(lengths) < at.outputs:
        raise Refused(f"{at.where}: splits {size} into {lengths[:8]}")
    return lengths


def _split(at, x, *rest):
    axis = at.int("axis", 0)
    lengths = lengths_of(at, (x,) + rest, x.shape[axis])
    return np.split(x, np.cumsum(lengths)[:-1], axis)


def _sizes(at, *arrays):
    bounded(broadcast(*(a.shape for a in arrays)), at.where)


def _two(work):
    def run(at, a, b):
        _sizes(at, a, b)
        return work(a, b)
    return run


def _where(at, condition, a, b):
    _sizes(at, condition, a, b)
    return np.where(condition, a, b)


def _many(work):
    def run(at, first, *rest):
        for x in rest:
            _sizes(at, first, x)
            first = work(first, x)
        return first
    return run


def _reduce(work):
    """Makes the function of a Reduce kind from one of numpy's form (x, axis=, keepdims=)."""
    def run(at, x, *rest):
        axes = axes_of(at, (x,) + rest, 1, x.ndim)
        if not axes and at.int("noop_with_empty_axes", 0):
            return x
        axes = tuple(sorted(set(axes))) if axes else None
        wide = x.astype(np.float64) if x.dtype.kind == "f" else x
        return np.asarray(work(wide, axis=axes, keepdims=bool(at.int("keepdims", 1)))).astype(x.dtype)
    return run


def _squares(x, **how):
    return np.sum(np.square(x), **how)


def _multiplies(a, b):
    """Returns the number of multiplications of a matrix product, and its shape."""
    if not a.ndim or not b.ndim:
        raise ValueError("matrices expected")
    left, right = a.shape[-2:-1], b.shape[-1:] if b.ndim > 1 else ()
    shape = broadcast(a.shape[:-2], b.shape[:-2]) + left + right
    count = a.shape[-1]
    for d in shape:
        count *= d
    return count, shape


def _product(at, a, b):
    count, shape = _multiplies(a, b)
    bounded(shape, at.where)
    if count > MAX_MULTIPLIES:
        raise Refused(f"{at.where}: multiplies matrices of {list(a.shape)} and {list(b.shape)}")
    return np.matmul(a.astype(np.float64), b.astype(np.float64)).astype(a.dtype)


def _gemm(at, a, b, c=None):
    a, b = (m.T if at.int(t, 0) else m for m, t in ((a, "transA"), (b, "transB")))
    out = _product(at, a, b).astype(np.float64) * at.float("alpha", 1.0)
    if c is not None:
        _sizes(at, out, c)
        out = out + at.float("beta", 1.0) * c
    return out.astype(a.dtype)


def _clip(at, x, low=None, high=None):
    low = at.float("min", -np.inf) if low is None else float(np.ravel(low)[0])
    high = at.float("max", np.inf) if high is None else float(np.ravel(high)[0])
    return np.clip(x, low, high).astype(x.dtype)


def effort(at, inputs):
    """Returns the cost of a node that reads much and gives little, as a number of bytes."""
    arrays = [x for x in inputs if isinstance(x, np.ndarray)]
    if at.kind in ("MatMul", "Gemm") and len(arrays) > 1:
        return 4 * sum(x.size for x in arrays) + _multiplies(*arrays[:2])[0] // 2
    return 4 * arrays[0].size if at.kind.startswith("Reduce") and arrays else 0


TABLE = {
    "Cast": _cast, "Squeeze": _squeeze, "Unsqueeze": _unsqueeze, "Reshape": _reshape,
    "Slice": _slice, "Gather": _gather, "ConstantOfShape": _constant_of_shape, "Range": _range,
    "Expand": _expand, "Tile": _tile, "Div": _divide, "DequantizeLinear": _dequantize, "Pad": _pad,
    "Concat": _concat, "Split": _split, "Where": _where,
    "Max": _many(np.maximum), "Min": _many(np.minimum),
    "Identity": lambda at, x: x, "Shape": lambda at, x: np.array(x.shape, np.int64),
    "Size": lambda at, x: np.array(x.size, np.int64),
    "Transpose": lambda at, x: np.transpose(x, at.ints("perm")),
    "Add": _two(np.add), "Sub": _two(np.subtract), "Mul": _two(np.multiply),
    "Mod": _two(np.mod), "Pow": _two(lambda a, b: np.power(a, b).astype(a.dtype)),
    "Equal": _two(np.equal), "Greater": _two(np.greater), "Less": _two(np.less),
    "And": _two(np.logical_and), "Or": _two(np.logical_or), "Not": lambda at, x: np.logical_not(x),
    "Floor": lambda at, x: np.floor(x), "Ceil": lambda at, x: np.ceil(x),
    "Round": lambda at, x: np.round(x), "Neg": lambda at, x: -x, "Abs": lambda at, x: np.abs(x),
    "Sqrt": lambda at, x: np.sqrt(x), "Exp": lambda at, x: np.exp(x),
    "Reciprocal": lambda at, x: 1 / x, "Softplus": lambda at, x: np.log1p(np.exp(x)),
    "Log": lambda at, x: np.log(x), "Sign": lambda at, x: np.sign(x), "Clip": _clip,
    "Sigmoid": lambda at, x: (1 / (1 + np.exp(-x))).astype(x.dtype), "Tanh": lambda at, x: np.tanh(x),
    "Relu": lambda at, x: np.maximum(x, 0).astype(x.dtype),
    "MatMul": _product, "Gemm": _gemm,
    "ReduceProd": _reduce(np.prod), "ReduceSum": _reduce(np.sum), "ReduceMean": _reduce(np.mean),
    "ReduceMax": _reduce(np.max), "ReduceMin": _reduce(np.min),
    "ReduceL1": _reduce(lambda x, **how: np.sum(np.abs(x), **how)),
    "ReduceL2": _reduce(lambda x, **how: np.sqrt(_squares(x, **how))), "ReduceSumSquare": _reduce(_squares),
    "Flatten": lambda at, x: x.reshape(int(np.prod(x.shape[:at.int("axis", 1)])), -1),
}


def run(at, inputs):
    """Returns the values of a node whose inputs are constants; None if the kind is not known
    here."""
    work = TABLE.get(at.kind)
    if work is None:
        return None
    try:
        with np.errstate(all="ignore"):
            out = work(at, *inputs)
            out = [np.asarray(x) for x in (out if isinstance(out, list) else [out])]
    except (ValueError, IndexError, TypeError, ArithmeticError, MemoryError):
        raise Refused(f"{at.where}: its constants do not fit each other") from None
    for x in out:
        bounded(x.shape, at.where)
    return out
