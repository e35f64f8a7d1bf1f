"""Follows how an ONNX graph changes the shape of a tensor until it is a picture again.

A Feature is the output of a node of our graph, seen through any Transpose and Reshape. Its axes
are lists of factors (letter, stride, size): in a tensor [n][c][h][w], the axis of 12 channels is
[(c, 1, 12)]; reshaped to 4 x 3 it is two axes, [(c, 3, 4)] and [(c, 1, 3)]. When a layer reads the
tensor as a picture, the factors tell whether this was a pixel shuffle, its inverse, another order
of the channels, or nothing of the kind.
"""
import numpy as np

from . import build
from .errors import Refused


class Feature:
    """A node with axes. `late`: it was rounded to bytes, which only an output may be."""

    def __init__(self, node, axes=None, late=False):
        self.node, self.late = node, late
        self.axes = axes or ((), (("c", 1, node.channels),), (("h", 1, node.height),),
                             (("w", 1, node.width),))

    @property
    def shape(self):
        return [int(np.prod([f[2] for f in axis], dtype=np.int64)) for axis in self.axes]

    def letters(self):
        """Returns "nchw" or another order of it if each axis is a whole one; otherwise None."""
        whole = {(("c", 1, self.node.channels),): "c", (("h", 1, self.node.height),): "h",
                 (("w", 1, self.node.width),): "w", (): "n"}
        letters = "".join(whole.get(axis, "?") for axis in self.axes)
        return letters if sorted(letters) == sorted("nchw") else None

    def like(self, node):
        """Returns `node` as a feature with the layout of this one."""
        letters = self.letters()
        if letters is None:
            if (node.channels, node.height, node.width) == (
                    self.node.channels, self.node.height, self.node.width):
                return Feature(node, self.axes)
            raise Refused(f"{node.where}: a layer on a tensor that is reshaped")
        whole = dict(zip("nchw", Feature(node).axes))
        return Feature(node, tuple(whole[letter] for letter in letters))


def _merged(axis):
    """Merges neighbouring factors that are one factor."""
    out = []
    for letter, stride, size in axis:
        if size == 1 and letter != "c":
            continue
        if out and out[-1][0] == letter and out[-1][1] == stride * size:
            size *= out.pop()[2]
        out.append((letter, stride, size))
    return tuple(out)


def _with_channel(axes, node):
    """Adds the axis of a single channel, which has no factor after a reshape, at the place where
    pictures have it."""
    if node.channels != 1 or len(axes) != 4 or any(f[0] == "c" for axis in axes for f in axis):
        return axes
    spatial = [bool(axis) for axis in axes]
    at = {(False, False, True, True): 1, (False, True, True, False): 3}.get(tuple(spatial))
    if at is None:
        return axes
    return axes[:at] + ((("c", 1, 1),),) + axes[at + 1:]


def reshape(x, shape, where):
    factors = [f for axis in x.axes for f in axis if f[2] > 1]
    axes = []
    for need in shape:
        axis = []
        while need > 1:
            if not factors:
                raise Refused(f"{where}: a reshape to {list(shape)} does not fit {x.shape}")
            letter, stride, size = factors.pop(0)
            if need % size == 0:
                axis.append((letter, stride, size))
                need //= size
            elif size % need == 0:
                axis.append((letter, stride * (size // need), need))
                factors.insert(0, (letter, stride, size // need))
                need = 1
            else:
                raise Refused(f"{where}: a reshape of {x.shape} to {list(shape)} is no pixel "
                              "shuffle; the format has layers on pictures only")
        axes.append(_merged(axis))
    if factors:
        raise Refused(f"{where}: a reshape to {list(shape)} does not fit {x.shape}")
    return Feature(x.node, _with_channel(tuple(axes), x.node), x.late)


def transpose(x, order, where):
    if sorted(order) != list(range(len(x.axes))):
        raise Refused(f"{where}: a transpose by {list(order)} of {len(x.axes)} axes")
    return Feature(x.node, tuple(x.axes[k] for k in order), x.late)


def _unshuffled(g, node, axes, where):
    """Adds a pixel_unshuffle if rows and columns were cut into pieces that became channels."""
    inner = {f[0]: f[2] for axis in axes for f in axis if f[0] in "hw" and f[1] == 1
             and f[2] < (node.height if f[0] == "h" else node.width)}
    if not inner:
        return node, axes
    if len(inner) != 2 or inner["h"] != inner["w"] or inner["h"] > 16:
        raise Refused(f"{where}: rows and columns are cut into unlike pieces {inner}")
    r = inner["h"]
    new = g.add("pixel_unshuffle", [node], where, downscale_factor=r)

    def moved(f):
        letter, stride, size = f
        if letter == "c":
            return letter, stride * r * r, size
        if stride == 1:
            return "c", r if letter == "h" else 1, size
        if stride != r:
            raise Refused(f"{where}: rows or columns are cut twice")
        return letter, 1, size
    return new, tuple(tuple(moved(f) for f in axis) for axis in axes)


def picture(g, x, where, any_order=False):
    """Returns the node that holds x as [n][c][h][w]. With `any_order`, the axes may be in another
    order, for example because a graph outputs [n][h][w][c]."""
    if x.letters() == "nchw" or any_order and x.letters():
        return x.node
    node, axes = _unshuffled(g, x.node, x.axes, where)
    axes = tuple(axis for axis in axes if axis) if len(axes) != 4 or any_order else axes[1:]
    places = {}
    for letter in "hw":
        at = [k for k, axis in enumerate(axes)
              if axis and axis[0] == (letter, 1, node.height if letter == "h" else node.width)]
        if len(at) != 1:
            raise Refused(f"{where}: its input is reshaped so that it is no picture any more; the "
                          "format has layers on pictures only")
        places[letter] = at[0]
    rest = [k for k in range(len(axes)) if k not in places.values()]
    in_order = [rest, places["h"], places["w"]] in ([[0], 1, 2], [[], 0, 1])
    if len(axes) > 3 or not any_order and not in_order:
        raise Refused(f"{where}: its input has its axes in another order than channels, rows, "
                      "columns")
    channels = axes[rest[0]] if rest else ()
    rows, columns = axes[places["h"]][1:], axes[places["w"]][1:]
    sizes = [int(np.prod([f[2] for f in group], dtype=np.int64)) for group in (rows, columns)]
    if any(f[0] != "c" for f in channels + rows + columns):
        raise Refused(f"{where}: its input mixes rows, columns and channels")
    order = np.zeros(1, np.int64)
    for _, stride, size in channels + rows + columns:
        order = (order[:, None] + stride * np.arange(size)).ravel()
    node = build.select(g, node, order, where)
    if sizes[0] != sizes[1] or sizes[0] > 16:
        raise Refused(f"{where}: a shuffle to {sizes[0]} x {sizes[1]} pixels; equal factors up to "
                      "16 are needed")
    if sizes[0] > 1:
        node = g.add("pixel_shuffle", [node], where, upscale_factor=sizes[0])
    return node
