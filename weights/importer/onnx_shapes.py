"""Reads ONNX's nodes that move samples and compute nothing: reshapes, slices, pads, shuffles."""
import numpy as np

from . import build
from .errors import Refused
from .onnx_const import axes_of, lengths_of, slices, target_shape
from .onnx_layers import constant
from .onnx_views import Feature, picture, reshape, transpose


def _same(ctx, at, inputs):
    return [inputs[0]]


def _dropout(ctx, at, inputs):
    training = inputs[2] if len(inputs) > 2 else None
    if training is not None and (not isinstance(training, np.ndarray) or training.any()):
        raise Refused(f"{at.where}: a Dropout in training mode; export the model in evaluation mode")
    return [inputs[0]]


def _shape(ctx, at, inputs):
    shape = np.array(inputs[0].shape, np.int64)
    return [shape[slice(at.int("start", 0), at.int("end", len(shape)))]]


def _reshape(ctx, at, inputs):
    x = inputs[0]
    shape = at.ints("shape") if len(inputs) < 2 else constant(at, inputs[1], "shape")
    size = int(np.prod(x.shape, dtype=np.int64))
    shape = target_shape(shape, size, x.shape, at.where, at.int("allowzero", 0) == 1)
    return [reshape(x, shape, at.where)]


def _flatten(ctx, at, inputs):
    x, axis = inputs[0], at.int("axis", 1)
    first = int(np.prod(x.shape[:axis], dtype=np.int64))
    return [reshape(x, [first, int(np.prod(x.shape, dtype=np.int64)) // first], at.where)]


def _transpose(ctx, at, inputs):
    order = at.ints("perm")
    order = list(range(len(inputs[0].axes)))[::-1] if order is None else order
    return [transpose(inputs[0], order, at.where)]


def _squeeze(ctx, at, inputs):
    x = inputs[0]
    shape = x.shape
    axes = axes_of(at, inputs, 1, len(shape))
    axes = [k for k, d in enumerate(shape) if d == 1] if axes is None else axes
    if any(shape[a] != 1 for a in axes):
        raise Refused(f"{at.where}: squeezes axes that are not 1")
    return [reshape(x, [d for k, d in enumerate(shape) if k not in axes], at.where)]


def _unsqueeze(ctx, at, inputs):
    x = inputs[0]
    axes = at.ints("axes") if len(inputs) < 2 else [int(a) for a in np.ravel(inputs[1])]
    rank = len(x.axes) + len(axes or ())
    if not axes or rank > 12 or any(not -rank <= a < rank for a in axes):
        raise Refused(f"{at.where}: axes {axes} to add to a tensor of {len(x.axes)}")
    shape, left = [], x.shape
    axes = {a % rank for a in axes}
    for k in range(rank):
        shape.append(1 if k in axes else left.pop(0) if left else 1)
    return [reshape(x, shape, at.where)]


def _blocks(ctx, at, x):
    node = Feature(picture(ctx.graph, x, at.where))
    size = at.int("blocksize", 0)
    if not 1 <= size <= 16:
        raise Refused(f"{at.where}: blocks of {size}; 1 to 16 are needed")
    return node, node.node.channels, node.node.height, node.node.width, size


def _depth_to_space(ctx, at, inputs):
    x, c, h, w, r = _blocks(ctx, at, inputs[0])
    if c % (r * r):
        raise Refused(f"{at.where}: {c} channels cannot be shuffled to {r} x {r} pixels")
    if at.text("mode", "DCR") == "CRD":
        cut, order = [1, c // (r * r), r, r, h, w], [0, 1, 4, 2, 5, 3]
    else:
        cut, order = [1, r, r, c // (r * r), h, w], [0, 3, 4, 1, 5, 2]
    x = transpose(reshape(x, cut, at.where), order, at.where)
    return [Feature(picture(ctx.graph, reshape(x, [1, c // (r * r), h * r, w * r], at.where),
                            at.where))]


def _space_to_depth(ctx, at, inputs):
    x, c, h, w, r = _blocks(ctx, at, inputs[0])
    if h % r or w % r:
        raise Refused(f"{at.where}: {h} x {w} pixels cannot be cut into {r} x {r}")
    x = transpose(reshape(x, [1, c, h // r, r, w // r, r], at.where), [0, 3, 5, 1, 2, 4], at.where)
    return [Feature(picture(ctx.graph, reshape(x, [1, c * r * r, h // r, w // r], at.where),
                            at.where))]


def _lettered(ctx, at, x):
    """Returns x with whole axes, as a picture if necessary, and the letters of its axes."""
    if x.letters() is None:
        x = Feature(picture(ctx.graph, x, at.where))
    return x, x.letters()


def _end_of(middle, part, place):
    """Returns the rows or columns (place 0 or 1) that `part` leaves out of `middle`, before and
    after its own; None if it is no part of it."""
    node = part.node
    if node.kind != "crop" or node.inputs[0] is not middle.node:
        return None
    return node["sides"][place], node["sides"][place + 2]


def _wrapped(at, parts, letter):
    """Returns (the middle, its padding) if a concat puts the end of a picture before it, and its
    beginning after it, which is circular padding as PyTorch exports it; otherwise None."""
    place = {"h": 0, "w": 1}.get(letter)
    if place is None or any(p[1] != parts[0][1] for p in parts):
        return None
    features = [p[0] for p in parts]
    sizes = [(x.node.height, x.node.width)[place] for x in features]
    middle = sizes.index(max(sizes))
    if len(parts) == 1 or middle > 1 or len(parts) - middle > 2:
        return None
    before, after = sum(sizes[:middle]), sum(sizes[middle + 1:])
    ends = [_end_of(features[middle], x, place) for x in features]
    if middle and after and ends[0] == (sizes[1] - before - after, after):
        raise Refused(f"{at.where}: circular padding whose first part lies {after} too early, as "
                      "older versions of PyTorch export it; export the model with a newer one")
    if (middle and ends[0] != (sizes[middle] - before, 0)) or (
            after and ends[-1] != (0, sizes[middle] - after)):
        return None
    sides = [0, 0, 0, 0]
    sides[place], sides[place + 2] = before, after
    return features[middle], tuple(sides)


def _concat(ctx, at, inputs):
    parts = [_lettered(ctx, at, x) if isinstance(x, Feature) else None for x in inputs]
    if None in parts:
        raise Refused(f"{at.where}: joins the picture with a constant")
    letters = parts[0][1]
    axis = at.int("axis", 1)
    around = _wrapped(at, parts, letters[axis]) if -4 <= axis < 4 else None
    if around:
        middle, sides = around
        ctx.pads[at.where] = sides, "circular"
        return [middle.like(build.pad(ctx.graph, middle.node, sides, "circular", at.where))]
    if any(p[1] != letters for p in parts) or not -4 <= axis < 4 or letters[axis] != "c":
        raise Refused(f"{at.where}: joins pictures along rows or columns; only channels can be "
                      "joined")
    sizes = {(p[0].node.height, p[0].node.width) for p in parts}
    if len(sizes) > 1:
        raise Refused(f"{at.where}: joins pictures of different sizes {sorted(sizes)}")
    if len(parts) == 1:
        return [parts[0][0]]
    node = ctx.graph.add("concat", [p[0].node for p in parts], at.where)
    return [parts[0][0].like(node)]


def _cut(ctx, at, x, letter, indices):
    """Returns the samples `indices` (a range) along one axis."""
    node = x.node
    size = {"n": 1, "c": node.channels, "h": node.height, "w": node.width}[letter]
    if len(indices) == 0:
        raise Refused(f"{at.where}: takes nothing of its input")
    if letter == "n" or indices == range(size):
        return x
    if letter == "c":
        return x.like(build.select(ctx.graph, node, indices, at.where))
    if indices.step < 1:
        raise Refused(f"{at.where}: turns the picture around")
    first, last = indices[0], size - 1 - indices[-1]
    step = indices.step
    if step > 1:
        last = max(0, size - first - len(indices) * step)
    around = (first, 0, last, 0) if letter == "h" else (0, first, 0, last)
    node = build.crop(ctx.graph, node, around, at.where)
    if step > 1:
        node = build.strided(ctx.graph, node, (step, 1) if letter == "h" else (1, step), at.where)
    return x.like(node)


def _slice(ctx, at, inputs):
    x, letters = _lettered(ctx, at, inputs[0])
    for value in inputs[1:]:
        if value is not None:
            constant(at, value, "slice")
    for axis, start, end, step in slices(at, inputs, len(letters)):
        if step < 0 and letters[axis] != "c":
            raise Refused(f"{at.where}: turns the picture around")
        x = _cut(ctx, at, x, letters[axis], range(x.shape[axis])[slice(start, end, step)])
    return [x]


def _split(ctx, at, inputs):
    x, letters = _lettered(ctx, at, inputs[0])
    axis = at.int("axis", 0)
    if not -len(letters) <= axis < len(letters):
        raise Refused(f"{at.where}: splits an axis {axis}")
    for value in inputs[1:]:
        constant(at, value, "split")
    lengths = lengths_of(at, inputs, x.shape[axis])
    out, start = [], 0
    for length in lengths:
        out.append(_cut(ctx, at, x, letters[axis], range(start, start + length)))
        start += length
    return out


def _gather(ctx, at, inputs):
    x, letters = _lettered(ctx, at, inputs[0])
    axis, index = at.int("axis", 0), constant(at, inputs[1], "index")
    if not -4 <= axis < 4 or letters[axis] != "c" or index.ndim > 1 or index.size == 0:
        raise Refused(f"{at.where}: picks rows or columns by a list; only channels can be picked")
    size = x.node.channels
    picked = [int(i) + size if i < 0 else int(i) for i in index.ravel()]
    node = build.select(ctx.graph, x.node, picked, at.where)
    if index.ndim == 1:
        return [x.like(node)]
    out = x.like(node)
    return [Feature(node, tuple(a for k, a in enumerate(out.axes) if k != axis % 4))]


MODES = {"constant": "zeros", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}


def _pad(ctx, at, inputs):
    x, letters = _lettered(ctx, at, inputs[0])
    inputs = list(inputs) + [None] * (4 - len(inputs))
    pads = at.ints("pads") if inputs[1] is None else \
        [int(p) for p in np.ravel(constant(at, inputs[1], "pads"))]
    axes = list(range(4)) if inputs[3] is None else [int(a) for a in np.ravel(inputs[3])]
    fill = at.float("value", 0.0) if inputs[2] is None else \
        float((np.ravel(constant(at, inputs[2], "value")).tolist() or [0.0])[0])
    if pads is None or len(pads) != 2 * len(axes) or any(not -4 <= a < 4 for a in axes):
        raise Refused(f"{at.where}: pads that do not fit its axes")
    mode = at.text("mode", "constant")
    if mode not in MODES or mode == "constant" and fill != 0:
        raise Refused(f"{at.where}: pads by {mode} {fill:g}; zeros, reflect, edge or wrap are "
                      "needed")
    by_letter = {letters[a]: (pads[k], pads[k + len(axes)]) for k, a in enumerate(axes)}
    if any(by_letter.get(letter, (0, 0)) != (0, 0) for letter in "nc"):
        raise Refused(f"{at.where}: pads channels")
    (top, bottom), (left, right) = (by_letter.get(letter, (0, 0)) for letter in "hw")
    if max(abs(top), abs(bottom), abs(left), abs(right)) > 4096:
        raise Refused(f"{at.where}: pads by more than 4096 pixels")
    ctx.pads[at.where] = (top, left, bottom, right), MODES[mode]
    return [x.like(build.pad(ctx.graph, x.node, (top, left, bottom, right), MODES[mode], at.where))]


def _repeated(at, x, repeats):
    """Axes that are repeated: a channel with a stride of nothing says so."""
    if len(repeats) != len(x.axes) or min(repeats) < 1 or np.prod(repeats, dtype=np.int64) > 4096:
        raise Refused(f"{at.where}: repeats {repeats} of {len(x.axes)} axes")
    axes = tuple(((("c", 0, r),) if r > 1 else ()) + tuple(f for f in axis if r == 1 or f[2] > 1)
                 for r, axis in zip(repeats, x.axes))
    return [Feature(x.node, axes)]


def _tile(ctx, at, inputs):
    repeats = [int(r) for r in np.ravel(constant(at, inputs[1], "repeats"))]
    return _repeated(at, inputs[0], repeats)


def _expand(ctx, at, inputs):
    x, old = inputs[0], inputs[0].shape
    shape = [int(d) for d in np.ravel(constant(at, inputs[1], "shape"))]
    if len(shape) > len(old):
        x = reshape(x, [1] * (len(shape) - len(old)) + old, at.where)
        old = x.shape
    shape = [1] * (len(old) - len(shape)) + shape
    if any(d not in (1, n) and n != 1 for d, n in zip(shape, old)):
        raise Refused(f"{at.where}: an expansion of {old} to {shape}")
    return _repeated(at, x, [d if n == 1 else 1 for d, n in zip(shape, old)])


def _cast(ctx, at, inputs):
    x, to = inputs[0], at.int("to", 1)
    if to in (1, 10, 11, 16):
        return [x]
    if to in (2, 3, 5, 6, 7):
        return [Feature(x.node, x.axes, late=True)]
    raise Refused(f"{at.where}: casts the picture to a type ({to}) that is not known here")


def _round(ctx, at, inputs):
    return [Feature(inputs[0].node, inputs[0].axes, late=True)]


# The kinds through which an output that was rounded to bytes may still go.
MOVES = {"Identity": _same, "Dropout": _dropout, "Reshape": _reshape, "Flatten": _flatten,
         "Transpose": _transpose, "Squeeze": _squeeze, "Unsqueeze": _unsqueeze, "Cast": _cast,
         "Round": _round, "Shape": _shape}
TABLE = {**MOVES, "DepthToSpace": _depth_to_space, "SpaceToDepth": _space_to_depth,
         "Concat": _concat, "Slice": _slice, "Split": _split, "Gather": _gather, "Pad": _pad,
         "Tile": _tile, "Expand": _expand}
