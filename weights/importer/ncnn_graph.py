"""Reads an ncnn model as a graph: its layers in order, each by the function of its kind. A layer
takes its weights from the .bin file in the order of the .param file."""
import numpy as np

from . import ncnn_layers, ncnn_moves, ncnn_points
from .errors import Refused, shown
from .graph import Graph, MAX_NUMBERS
from .ncnn_file import Weights, rows

SIZE = 960, 1920
TABLE = {**ncnn_layers.TABLE, **ncnn_points.TABLE, **ncnn_moves.TABLE}
REASONS = {
    "InnerProduct": "it is a fully connected layer; 1x1 convolutions are needed",
    "Reduction": "it depends on the whole picture, which is worked on in pieces",
    "InstanceNorm": "it depends on the whole picture, which is worked on in pieces",
    "GroupNorm": "it depends on the whole picture, which is worked on in pieces",
    "Softmax": "it is part of attention, which the format has no layer for",
    "MultiHeadAttention": "it is attention, which the format has no layer for",
    "MatMul": "it is part of attention, which the format has no layer for",
}


def _memory(row, weights):
    """Reads a constant: MemoryData."""
    shape = [row.int(k) for k in (2, 11, 1, 0)]
    count = 1
    for d in shape:
        count *= max(1, d)
    if min(shape) < 0 or not 0 < count <= MAX_NUMBERS:
        raise Refused(f"{row.where}: a constant of the shape {shape}")
    return weights.raw(count, row.where).reshape([d for d in shape if d] or [1])


def _takes(layers):
    """Returns the number of channels of the picture, from the size of the first convolution's
    weights."""
    for row in layers:
        area = row.pair(1, 11, 0) if row.kind == "Convolution" else (0, 0)
        outs = row.int(0)
        if row.kind == "Convolution" and min(area) > 0 and outs > 0:
            count = row.int(6) // (area[0] * area[1] * outs)
            return count if count in (1, 3) else 3
    return 3


def read(param, weights_file, output=None):
    """Returns the graph of a .param file and its .bin file."""
    layers, weights = rows(param), Weights(weights_file)
    g = Graph(_takes(layers), *SIZE)
    blobs, read_by = {}, set()
    for row in layers:
        if row.kind == "Input":
            if any(x is g.input for x in blobs.values()):
                raise Refused(f"{row.where}: a second input; one, the picture, is needed")
            blobs[row.gives[0] if row.gives else row.name] = g.input
            continue
        if row.kind == "MemoryData":
            blobs[row.gives[0] if row.gives else row.name] = _memory(row, weights)
            continue
        missing = [name for name in row.reads if name not in blobs]
        if missing or not row.reads:
            raise Refused(f"{row.where}: reads {shown(missing[0]) if missing else 'nothing'}, "
                          "which no layer before it gives")
        if row.kind not in TABLE:
            raise Refused(f"{row.where}: " + REASONS.get(
                row.kind, "the format has no layer that does this"))
        inputs = [blobs[name] for name in row.reads]
        if row.kind != "BinaryOp" and any(isinstance(x, np.ndarray) for x in inputs):
            raise Refused(f"{row.where}: works on a constant")
        read_by.update(row.reads)
        for name, value in zip(row.gives, TABLE[row.kind](g, row, inputs, weights)):
            blobs[name] = value
    weights.done()
    ends = [n for n, x in blobs.items() if n not in read_by and not isinstance(x, np.ndarray)]
    if output is not None:
        ends = [output] if output in blobs and not isinstance(blobs[output], np.ndarray) else []
    if len(ends) != 1:
        raise Refused(f"{len(ends)} outputs ({', '.join(shown(n) for n in ends[:8])}); "
                      "--output-name NAME says which is the picture")
    g.output = blobs[ends[0]]
    return g
