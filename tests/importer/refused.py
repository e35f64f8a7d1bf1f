"""refused.py - ONNX graphs that the format cannot express. The sentence names the node, its kind,
and what would be needed. Skipped without PyTorch. TAP."""
import place  # says where the modules below are
import tap

tap.needs("torch", "numpy", "onnx", "PIL")
import numpy

import compare
from graphs_by_hand import PATH, random
from onnx_make import Graph


def refused(g, x, *words, **more):
    path = g.save(PATH, *([x] if isinstance(x, str) else x), **more)
    status, said, complained = compare.imported(path, path + ".json")
    assert status == 1 and not said and complained.count("\n") == 1, (status, complained)
    for word in words:
        assert word in complained, (word, complained)


def what_cannot_be_said_is_named():
    """The sentence names the node, its kind, and the reason or what would be needed."""
    w = random(3, 3, 3, 3)
    cases = [
        (lambda g, x: g.node("Mul", x, g.node("Sigmoid", g.node("GlobalAveragePool", x))),
         ("GlobalAveragePool", "whole picture")),
        (lambda g, x: g.node("ReduceMean", x, axes=[2, 3]), ("ReduceMean", "whole picture")),
        (lambda g, x: g.node("InstanceNormalization", x, g.floats(1, 1, 1), g.floats(0, 0, 0)),
         ("InstanceNormalization", "whole picture")),
        (lambda g, x: g.node("MatMul", x, g.weight(random(32, 32))), ("MatMul", "1x1 convolutions")),
        (lambda g, x: g.node("Softmax", x, axis=1), ("Softmax", "attention")),
        (lambda g, x: g.node("Elu", x), ("Elu", "no layer")),
        (lambda g, x: g.node("Div", x, g.node("Sigmoid", x)), ("Div", "'div' would be needed")),
        (lambda g, x: g.node("Erf", x), ("erf", "would be needed")),
        (lambda g, x: g.node("Resize", x, "", g.floats(1, 1, 1.5, 1.5)), ("Resize", "whole factors")),
        (lambda g, x: g.node("Conv", x, g.node("Sigmoid", x)), ("Conv", "constant is needed")),
        (lambda g, x: g.node("Fancy", x, domain="com.example"), ("Fancy", "com.example")),
        (lambda g, x: g.node("QuantizeLinear", x, g.weight(numpy.float32(1)),
                             g.weight(numpy.uint8(0))), ("QuantizeLinear", "float weights")),
        (lambda g, x: g.node("Add", x, g.weight(random(1, 3, 24, 32))), ("Add", "place to place")),
        (lambda g, x: g.node("Concat", x, x, axis=2), ("Concat", "only channels")),
        (lambda g, x: g.node("Conv", x, g.weight(random(3, 3, 3))), ("Conv", "two are needed")),
        (lambda g, x: g.node("Conv", g.node("Transpose", x, perm=[0, 1, 3, 2]), g.weight(w)),
         ("Conv", "another order")),
        (lambda g, x: g.node("GridSample", x, g.weight(random(1, 24, 32, 2))), ("GridSample",)),
        (lambda g, x: g.node("Pad", x, g.ints(0, 0, 1, 1, 0, 0, 1, 1), g.weight(numpy.float32(1))),
         ("Pad", "zeros, reflect, edge or wrap")),
    ]
    for work, words in cases:
        g = Graph(13, (1, 3, 24, 32))
        x = work(g, g.conv("x", w, pads=[1] * 4))
        x = g.conv(x, w, pads=[1] * 4)
        refused(g, x, *words)


def graphs_that_are_no_enlargement():
    w = random(5, 3, 3, 3)
    g = Graph(13)
    refused(g, g.conv("x", w, pads=[1] * 4), "5; as many are needed")
    g = Graph(13)
    refused(g, g.conv("x", random(3, 3, 2, 2), strides=[2, 2]), "1/2 times", "1 to 8")
    g = Graph(13, (1, 3, "d", "h", "w"))
    refused(g, g.node("Relu", "x"), "5 axes")
    g = Graph(13, (8, 3, 24, 32))
    refused(g, g.node("Relu", "x"), "8 pictures")
    g = Graph(13, (1, 4, 24, 32))
    refused(g, g.node("Relu", "x"), "1 or 3 channels")
    g = Graph(13, ("n", 4, "h", "w"))
    refused(g, g.node("Relu", "x"), "1 or 3 channels")
    g = Graph(13, ("n", "h", "w", 4))
    refused(g, g.node("Relu", "x"), "1 or 3 channels")
    g = Graph(13)
    g.extra.append(g.input.__class__(name="noise", type=g.input.type))
    refused(g, g.node("Add", "x", "noise"), "2 inputs", "'noise'")
    g = Graph(13)
    refused(g, g.node("Identity", "x"), "changes nothing")


def sizes_that_the_network_depends_on():
    """A factor that differs between pictures: it is computed from the size of the picture."""
    g = Graph(13)
    shape = g.node("Slice", g.node("Shape", "x"), g.ints(2), g.ints(4))
    sizes = g.node("Concat", g.ints(1, 3), g.node("Add", shape, g.ints(960, 1920)), axis=0)
    refused(g, g.node("Resize", "x", "", "", sizes, mode="nearest"), "Resize", "resizes")


def a_circle():
    g = Graph(13)
    x = g.conv("x", random(3, 3, 3, 3))
    y = g.node("Add", x, "later")
    g.nodes.append(g.nodes[0].__class__(op_type="Relu", name="r", input=[y], output=["later"]))
    refused(g, "later", "circle")
    g = Graph(13)
    refused(g, g.node("Relu", "nowhere"), "'nowhere'")


tap.run_claims([what_cannot_be_said_is_named, graphs_that_are_no_enlargement,
         sizes_that_the_network_depends_on, a_circle])
