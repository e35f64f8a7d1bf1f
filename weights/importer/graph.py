"""The network between a file and a model file: nodes with the kinds and keys of FORMAT.md.

Readers build it node by node, fold.py simplifies it, write.py writes it. Some kinds exist only here
and are removed before the file is written: `input` (the picture), `select` (channels in another
order; `order`), `pad` and `crop` (`sides`: top, left, bottom, right; `mode` of pad), and `erf` and
`softplus`, which are parts of GELU and Mish.

A node has a concrete size, that of one sample picture, because readers of files with fixed shapes
need it. Weights are numpy arrays in PyTorch's order.
"""
import numpy as np

from .errors import Refused

MAX_NODES = 20000
MAX_CHANNELS = 4096
MAX_RATE = 1024         # times larger or smaller than the picture
MAX_NUMBERS = 1 << 26  # of all weights: four times the server's default limit

CONVOLUTION_BOUNDS = (1, 64), (1, 16), (0, 256), (1, 64)    # kernel, stride, padding, dilation

POINTWISE = {"relu", "leaky_relu", "prelu", "sigmoid", "tanh", "clamp", "affine", "silu", "gelu",
             "mish", "hardswish", "erf", "softplus"}
MERGES = {"add", "mul", "concat"}


class Node:
    """A layer: its kind, the nodes that it reads, its keys, and the size of its output."""

    __slots__ = ("kind", "inputs", "keys", "channels", "height", "width", "where", "users")

    def __init__(self, kind, inputs, keys, where):
        self.kind, self.inputs, self.keys, self.where = kind, list(inputs), keys, where
        self.users = []
        self.channels, self.height, self.width = 0, 0, 0

    def __getitem__(self, key):
        return self.keys[key]

    def only_user(self):
        return self.users[0] if len(self.users) == 1 else None


def conv_size(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def transposed_size(size, kernel, stride, padding, dilation, extra):
    return (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + extra + 1


def pool_size(size, kernel, stride, padding, dilation, ceil):
    """Returns PyTorch's size of a pool. With `ceil`, a last window may reach beyond the end, but
    must begin inside."""
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    count = (-(-room // stride) if ceil else room // stride) + 1
    return count - 1 if ceil and (count - 1) * stride >= size + padding else count


def _convolution(node, x):
    k, weight = node.keys, node.keys["weight"]
    groups, transposed = k["groups"], node.kind == "conv_transpose2d"
    if weight.ndim != 4 or weight.size == 0:
        raise Refused(f"{node.where}: weights of four dimensions expected, not {weight.shape}")
    outer, inner = weight.shape[:2]
    ins, outs = (outer, inner * groups) if transposed else (inner * groups, outer)
    if groups < 1 or ins % groups or outs % groups or ins != x.channels:
        raise Refused(f"{node.where}: weights for {ins} channels in {groups} groups do not fit "
                      f"{x.channels} channels")
    if k["bias"] is not None and k["bias"].shape != (outs,):
        raise Refused(f"{node.where}: a bias of {outs} numbers expected, not {k['bias'].shape}")
    sizes = []
    for axis, size in enumerate((x.height, x.width)):
        rest = (weight.shape[2 + axis], k["stride"][axis], k["padding"][axis], k["dilation"][axis])
        if not all(low <= v <= high for v, (low, high) in zip(rest, CONVOLUTION_BOUNDS)):
            raise Refused(f"{node.where}: a kernel of {rest[0]}, stride {rest[1]}, padding "
                          f"{rest[2]}, dilation {rest[3]} is beyond what the format holds "
                          "(64, 16, 256, 64)")
        sizes.append(transposed_size(size, *rest, k["output_padding"][axis]) if transposed
                     else conv_size(size, *rest))
    return outs, sizes[0], sizes[1]


def _pool(node, x):
    sizes = [pool_size(size, *(node[key][axis] for key in
                               ("kernel_size", "stride", "padding", "dilation")), node["ceil_mode"])
             for axis, size in enumerate((x.height, x.width))]
    return x.channels, sizes[0], sizes[1]


def _merge(node, *inputs):
    channels = [x.channels for x in inputs]
    if node.kind != "concat" and len(set(channels)) > 1:
        raise Refused(f"{node.where}: inputs of {channels} channels do not fit each other")
    return (sum(channels) if node.kind == "concat" else channels[0],
            min(x.height for x in inputs), min(x.width for x in inputs))


def _shuffle(node, x):
    r = node["upscale_factor"]
    if x.channels % (r * r):
        raise Refused(f"{node.where}: {x.channels} channels cannot be shuffled to {r} x {r} pixels")
    return x.channels // (r * r), x.height * r, x.width * r


def _unshuffle(node, x):
    r = node["downscale_factor"]
    return x.channels * r * r, x.height // r, x.width // r


def _sides(node, x):
    top, left, bottom, right = node["sides"]
    sign = 1 if node.kind == "pad" else -1
    return x.channels, x.height + sign * (top + bottom), x.width + sign * (left + right)


def _upsample(node, x):
    return x.channels, x.height * node["scale_factor"][0], x.width * node["scale_factor"][1]


SIZES = {"conv2d": _convolution, "conv_transpose2d": _convolution, "max_pool2d": _pool,
         "add": _merge, "mul": _merge, "concat": _merge, "pixel_shuffle": _shuffle,
         "pixel_unshuffle": _unshuffle, "pad": _sides, "crop": _sides, "upsample": _upsample,
         "select": lambda node, x: (len(node["order"]), x.height, x.width)}


class Graph:
    """The nodes from a picture of `channels` channels to `output`."""

    def __init__(self, channels, height, width):
        self.input = Node("input", [], {}, "the picture")
        self.input.channels, self.input.height, self.input.width = channels, height, width
        self.output = None
        self.count = self.weights = 0
        self.remarks = []           # for the person who imports it
        self.keep_half = False      # weights that float16 holds exactly are not scaled

    def add(self, kind, inputs, where, **keys):
        node = Node(kind, inputs, keys, where)
        self.measure(node)
        for x in node.inputs:
            x.users.append(node)
        self.count += 1
        if node.kind in ("conv2d", "conv_transpose2d"):
            self.weights += node["weight"].size
        if self.count > 4 * MAX_NODES:       # because folds add some
            raise Refused(f"more than {MAX_NODES} layers")
        if self.weights > 4 * MAX_NUMBERS:
            raise Refused(f"more than {MAX_NUMBERS} weights")
        return node

    def measure(self, node):
        """Finds the size of a node from those of its inputs. Refuses a node that does not fit."""
        x = node.inputs[0]
        rule = SIZES.get(node.kind)
        node.channels, node.height, node.width = (
            rule(node, *node.inputs) if rule else (x.channels, x.height, x.width))
        if not 1 <= node.channels <= MAX_CHANNELS:
            raise Refused(f"{node.where}: {node.channels} channels; the format holds 1 to "
                          f"{MAX_CHANNELS}")
        if node.height < 1 or node.width < 1:
            raise Refused(f"{node.where}: nothing is left of a picture of this size")
        if node.height > MAX_RATE * (self.input.height + 64) or \
                node.width > MAX_RATE * (self.input.width + 64):
            raise Refused(f"{node.where}: makes the picture more than {MAX_RATE} times as large")

    def replace(self, old, new):
        """Makes all nodes that read `old` read `new`."""
        for user in list(old.users):
            if user is not new:
                self.rewire(user, [new if x is old else x for x in user.inputs])
        if self.output is old:
            self.output = new
        self.release(old)

    def rewire(self, node, inputs):
        before, node.inputs = node.inputs, list(inputs)
        for x in node.inputs:
            x.users.append(node)
        for x in before:
            x.users.remove(node)
            self.release(x)

    def release(self, node):
        """Removes a node that no other node reads, and the nodes that only it read."""
        waiting = [node]
        while waiting:
            node = waiting.pop()
            if node.users or node is self.output or node is self.input:
                continue
            for x in node.inputs:
                x.users.remove(node)
                waiting.append(x)
            node.inputs = []

    def order(self):
        """Returns the nodes that the output needs, each after those that it reads; without the
        input."""
        done, out, waiting = {id(self.input)}, [], [(self.output, 0)]
        while waiting:
            node, next_input = waiting.pop()
            if id(node) in done:
                continue
            if next_input < len(node.inputs):
                waiting.append((node, next_input + 1))
                waiting.append((node.inputs[next_input], 0))
                continue
            done.add(id(node))
            out.append(node)
        return out

    def prune(self):
        """Removes users that do not lead to the output."""
        alive = {id(n) for n in self.order()}
        for node in self.order() + [self.input]:
            node.users = [u for u in node.users if id(u) in alive]


def as_half(values):
    """Returns the values as float16 if it holds each of them exactly; otherwise None."""
    with np.errstate(over="ignore"):
        half = values.astype("<f2")
    return half if np.array_equal(half.astype(values.dtype), values) else None


def numbers(graph):
    """Returns the number of weights of the graph, without biases of zero, which are not written."""
    return sum(v.size for n in graph.order() for key, v in n.keys.items()
               if isinstance(v, np.ndarray) and (key == "weight" or v.any()))
