"""Reads an ONNX model as a graph: its nodes in order, each by the function of its kind.

Sizes in a file may be derived from the size of the picture, so the graph is followed for a picture
of one size. If the file leaves the size free, the graph is followed for two sizes, and the results
must be alike. It is followed for a third size, which is no multiple of anything, to find padding to
a multiple; the network need not take that size.
"""
import numpy as np

from . import onnx_const, onnx_file, onnx_layers, onnx_points, onnx_shapes
from .errors import Refused, shown
from .graph import Graph, MAX_NODES
from .onnx_views import Feature, picture
from . import build

OPSETS = range(7, 25)
MAX_CONSTANTS = 1 << 30
SIZES = (960, 1920), (2880, 4800)  # multiples of any stride that networks have
ODD = 961, 1921                     # leaves 1 over by each of them

TABLE = {**onnx_layers.TABLE, **onnx_points.TABLE, **onnx_shapes.TABLE}

WHOLE = "depends on the whole picture, which is worked on in pieces"
REASONS = {
    "GlobalAveragePool": WHOLE, "GlobalMaxPool": WHOLE, "GlobalLpPool": WHOLE,
    "ReduceMax": WHOLE, "InstanceNormalization": WHOLE, "GroupNormalization": WHOLE,
    "LayerNormalization": "normalises each pixel; the format has no layer for it",
    "Softmax": "is part of attention, which the format has no layer for",
    "Gemm": "is a fully connected layer; 1x1 convolutions are needed",
    "Einsum": "is part of attention, which the format has no layer for",
    "GridSample": "moves pixels by what it finds in them; the format has no layer for it",
    "QuantizeLinear": "quantises the picture's features; a model of float weights is needed",
    "DequantizeLinear": "quantises the picture's features; a model of float weights is needed",
    "If": "is a branch; export the model with its branches resolved",
    "Loop": "is a loop; export the model with its loops unrolled",
    "Scan": "is a loop; export the model with its loops unrolled",
}


# The number of inputs that a kind needs, if that is more than one.
NEEDS = {"Conv": 2, "ConvTranspose": 2, "MatMul": 2, "BatchNormalization": 5, "PRelu": 2,
         "Add": 2, "Sub": 2,
         "Mul": 2, "Div": 2, "Pow": 2, "Gather": 2, "Expand": 2, "Tile": 2}


class At:
    """An ONNX node: its kind, its name for sentences, and its attributes, with their types
    checked."""

    def __init__(self, proto, folder):
        self.kind, self.outputs = proto.op_type, len(proto.output)
        self.given = sum(1 for name in proto.output if name)
        self.where = f"node {shown(proto.name or (proto.output[0] if proto.output else ''))} " \
                     f"({shown(proto.op_type)[1:-1]})"
        self.attributes = {a.name: a for a in proto.attribute}
        self.folder = folder

    def _get(self, name, kinds):
        a = self.attributes.get(name)
        if a is not None and a.type not in kinds:
            raise Refused(f"{self.where}: its {shown(name)} is of the wrong type")
        return a

    def int(self, name, default):
        a = self._get(name, (2,))
        return default if a is None else int(a.i)

    def float(self, name, default):
        a = self._get(name, (1, 2))
        return default if a is None else float(a.f if a.type == 1 else a.i)

    def text(self, name, default):
        a = self._get(name, (3,))
        return default if a is None else a.s.decode("utf-8", "replace")

    def ints(self, name):
        a = self._get(name, (7,))
        if a is None:
            return None
        far = name not in ("starts", "ends") and any(abs(v) > 1 << 40 for v in a.ints)
        if far or len(a.ints) > 64:
            raise Refused(f"{self.where}: its {shown(name)} is beyond bounds")
        return [int(v) for v in a.ints]

    def floats(self, name):
        a = self._get(name, (6,))
        return None if a is None else np.array(a.floats[:64], np.float64)

    def tensor(self, name):
        a = self._get(name, (4,))
        return None if a is None else onnx_file.array(a.t, self.folder, name)

    def constant(self):
        """Returns the value of a Constant node, from whichever attribute has it."""
        value = self.tensor("value")
        if value is None and "value_float" in self.attributes:
            value = np.array(self.float("value_float", 0.0), np.float32)
        if value is None and "value_int" in self.attributes:
            value = np.array(self.int("value_int", 0), np.int64)
        if value is None and "value_floats" in self.attributes:
            value = self.floats("value_floats").astype(np.float32)
        if value is None and "value_ints" in self.attributes:
            value = np.array(self.ints("value_ints"), np.int64)
        if value is None:
            raise Refused(f"{self.where}: a constant without a value that is understood")
        return value


def sorted_nodes(graph, known):
    """Returns the nodes, each after those that it reads, whatever order the file has."""
    makers, readers, missing, known = {}, {}, [], set(known)
    for k, node in enumerate(graph.node):
        for name in node.output:
            if name in makers or name in known and name:
                raise Refused(f"{shown(name)} is given by two nodes")
            if name:
                makers[name] = k
    for k, node in enumerate(graph.node):
        needs = {makers[name] for name in node.input if name in makers}
        missing.append(len(needs))
        for need in needs:
            readers.setdefault(need, []).append(k)
    ready, out = [k for k, count in enumerate(missing) if count == 0], []
    while len(out) < len(ready):
        k = ready[len(out)]
        out.append(graph.node[k])
        for reader in readers.get(k, ()):
            missing[reader] -= 1
            if missing[reader] == 0:
                ready.append(reader)
    if len(out) < len(graph.node):
        stuck = next(node for node, count in zip(graph.node, missing) if count)
        raise Refused(f"node {shown(stuck.name or stuck.op_type)}: the graph goes in a circle")
    return out


class Reader:
    """Follows a model for a picture of one size."""

    def __init__(self, model, folder, output=None):
        self.model, self.folder, self.wanted = model, folder, output
        self.opset, self.functions = opset(model), list(getattr(model, "functions", ()))
        proto = model.graph
        if len(proto.node) > MAX_NODES:
            raise Refused(f"more than {MAX_NODES} nodes")
        if proto.sparse_initializer:
            raise Refused("sparse weights; dense ones are needed")
        self.protos = {t.name: t for t in proto.initializer}
        self.inputs = [i for i in proto.input if i.name not in self.protos]
        self.nodes = sorted_nodes(proto, list(self.protos) + [i.name for i in self.inputs])
        self.arrays = {}
        self.graph, self.pads = None, {}
        self.room = 0

    def follow(self, channels, height, width, last):
        """Returns the graph for a picture of that size. `last` says that channels are the last
        axis."""
        self.graph, self.pads = Graph(channels, height, width), {}
        self.room = MAX_CONSTANTS
        x = Feature(self.graph.input)
        if last:
            x = Feature(self.graph.input, tuple(x.axes[k] for k in (0, 2, 3, 1)))
        if byte_type(self.inputs[0]):
            scaled = build.affine(self.graph, self.graph.input, 255.0, 0.0, "the picture as bytes")
            x = x.like(scaled)
        values = {self.inputs[0].name: x}
        for node in self.nodes:
            self._run(node, values)
        return self._output(values)

    def _value(self, name, values, at):
        if not name:
            return None
        if name not in values and name in self.protos:
            if name not in self.arrays:
                self.arrays[name] = onnx_file.array(self.protos[name], self.folder)
            return self.arrays[name]
        if name not in values:
            raise Refused(f"{at.where}: reads {shown(name)}, which nothing gives")
        return values[name]

    def _run(self, proto, values):
        at = At(proto, self.folder)
        if proto.domain not in ("", "ai.onnx"):
            if any(f.name == proto.op_type and f.domain == proto.domain for f in self.functions):
                raise Refused(f"{at.where}: a function that the model defines; a model whose "
                              "functions are inlined is needed (onnx.inliner)")
            raise Refused(f"{at.where}: of {shown(proto.domain)}, whose operators are not "
                          "ONNX's own")
        if at.kind == "Constant":
            values[proto.output[0]] = at.constant()
            return
        inputs = [self._value(name, values, at) for name in proto.input]
        while inputs and inputs[-1] is None:
            inputs.pop()
        out = self._layer(at, inputs) if any(isinstance(x, Feature) for x in inputs) else None
        if out is None:
            out = onnx_const.run(at, inputs)
            if out is None and (not inputs or at.kind in REASONS):
                raise Refused(f"{at.where}: {reason(at.kind)}")
            if out is None:
                raise Refused(f"{at.where}: computes weights in a way that is not known here; "
                              "export the model with do_constant_folding=True")
            self._charge(at, inputs, out)
        for name, value in zip(proto.output, out):
            values[name] = value

    def _charge(self, at, inputs, out):
        """Counts the bytes of constants that are not views of others."""
        for x in out:
            if not any(isinstance(i, np.ndarray) and np.may_share_memory(x, i) for i in inputs):
                self.room -= x.nbytes
        self.room -= onnx_const.effort(at, inputs)
        if self.room < 0:
            raise Refused(f"{at.where}: computes constants of more than {MAX_CONSTANTS} bytes in all")

    def _layer(self, at, inputs):
        work = TABLE.get(at.kind)
        if work is None:
            raise Refused(f"{at.where}: {reason(at.kind)}")
        movable = at.kind in onnx_shapes.MOVES
        if not isinstance(inputs[0], Feature) and (
                movable or at.kind in onnx_layers.TABLE or at.kind not in onnx_points.TABLE):
            raise Refused(f"{at.where}: its first input is a constant; the picture was expected")
        late = any(isinstance(x, Feature) and x.late for x in inputs)
        if late and not movable and at.kind != "Clip":
            raise Refused(f"{at.where}: works on what was rounded to whole numbers before")
        if at.kind in onnx_points.TABLE:
            inputs = [self._settled(x, at) for x in inputs]
        needed = NEEDS.get(at.kind, 1)
        if len(inputs) < needed or any(x is None for x in inputs[:needed]):
            raise Refused(f"{at.where}: lacks an input")
        try:
            out = work(self, at, inputs)
        except (ValueError, TypeError, IndexError, ArithmeticError):
            raise Refused(f"{at.where}: its inputs or attributes are none that its kind has") from None
        for x in out:
            if late and isinstance(x, Feature):
                x.late = True
        return out

    def _settled(self, x, at):
        """Returns the picture that a reshaped tensor is, or the tensor itself if it is not a
        picture yet."""
        if not isinstance(x, Feature) or x.letters() or len(x.axes) != 4:
            return x
        try:
            return Feature(picture(self.graph, x, at.where), late=x.late)
        except Refused:
            return x

    def _output(self, values):
        outputs = {o.name: o for o in self.model.graph.output}
        name = self.wanted or next(iter(outputs), None)
        if self.wanted is None and len(outputs) != 1:
            some = ", ".join(shown(o) for o in list(outputs)[:8])
            raise Refused(f"{len(outputs)} outputs ({some}); --output-name NAME says which is the "
                          "picture")
        if not isinstance(values.get(name), Feature):
            raise Refused(f"the output {shown(name)} does not come from the picture")
        x = values[name]
        node = picture(self.graph, x, f"the output {shown(name)}", any_order=True)
        if name in outputs and byte_type(outputs[name]):
            node = build.affine(self.graph, node, 1 / 255, 0.0, "the output as bytes")
        self.graph.output = node
        return self.graph


def reason(kind):
    known = REASONS.get(kind)
    if known:
        return f"it {known}"
    return f"the format has no layer that does what {shown(kind)[1:-1]} does"


def byte_type(info):
    return info.type.tensor_type.elem_type == 2


def opset(model):
    versions = [o.version for o in model.opset_import if o.domain in ("", "ai.onnx")]
    if not versions:
        raise Refused("no version of ONNX's operators is named (opset_import)")
    if versions[0] not in OPSETS:
        raise Refused(f"operators of version {versions[0]}; {OPSETS[0]} to {OPSETS[-1]} are known")
    return versions[0]


def shapes(reader):
    """Returns the possible pictures: (channels, height or None, width or None, channels last)."""
    if len(reader.inputs) != 1:
        names = ", ".join(shown(i.name) for i in reader.inputs[:8])
        raise Refused(f"{len(reader.inputs)} inputs ({names}); one, the picture, is needed")
    info = reader.inputs[0]
    kind = info.type.tensor_type
    if not info.type.HasField("tensor_type") or kind.elem_type not in (1, 2, 10, 11, 16):
        raise Refused(f"the input {shown(info.name)} is no tensor of numbers that pictures are")
    dims = [d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else None
            for d in kind.shape.dim] if kind.HasField("shape") else [None] * 4
    if len(dims) != 4:
        raise Refused(f"the input {shown(info.name)} has {len(dims)} axes; four are needed")
    if dims[0] not in (None, 1):
        raise Refused(f"the input {shown(info.name)} is {dims[0]} pictures at once; one is needed")
    out = []
    for channels in (3, 1):
        if dims[1] == channels or dims[1] is None and (dims[3] is None or dims[3] > 4):
            out.append((channels, dims[2], dims[3], False))
        if dims[3] == channels and dims[1] not in (1, 3) or dims[1] is None and dims[3] is None:
            out.append((channels, dims[1], dims[2], True))
    if not out:
        raise Refused(f"the input {shown(info.name)} has the shape {dims}; 1 or 3 channels are "
                      "needed")
    if any(d is not None and d > 1 << 16 for d in dims):
        raise Refused(f"the input {shown(info.name)} is larger than 65536")
    return sorted(out, key=lambda s: s[3])


def read(path, folder, output=None):
    """Returns the graphs of a file, one for each size for which it was followed."""
    reader = Reader(onnx_file.read(path), folder, output)
    first = None
    for channels, height, width, last in shapes(reader):
        try:
            if height is not None and width is not None:
                return [reader.follow(channels, height, width, last)]
            sizes = [(height or y, width or x) for y, x in SIZES + (ODD,)]
            graphs = [reader.follow(channels, *size, last) for size in sizes[:2]]
            graphs[0].remarks += to_a_multiple(reader, (channels, *sizes[2], last))
            return graphs
        except Refused as e:
            first = first or e
    raise first


def to_a_multiple(reader, odd):
    """Returns a remark on each pad that depends on the size of the picture, except one that the
    server makes itself: it repeats the last row and column until the sides are multiples."""
    even = reader.pads
    try:
        reader.follow(*odd)
    except Refused:
        pass        # the network takes multiples only
    return [f"warning: {where} pads pictures whose sides are not multiples of its strides, by "
            f"{mode} {list(sides)}; the server repeats the last row and column instead, so such "
            "pictures differ, at least at their edges"
            for where, (sides, mode) in reader.pads.items()
            if tuple(sides) != tuple(even.get(where, ((), ""))[0])
            and (mode != "replicate" or sides[0] or sides[1])]
