"""edges.py - padding that differs from side to side, of convolutions, transposed ones and pools,
and separate pads: handmade ONNX, compared with PyTorch. Skipped without PyTorch. TAP."""
import place  # says where the modules below are
import tap

tap.needs("torch", "numpy", "onnx", "PIL")
from torch.nn import functional as F

from graphs_by_hand import PATH, agrees, kinds, random, tensor
from onnx_make import Graph


def uneven_padding_of_convolutions():
    for kernel, stride, dilation, pads in (((2, 2), 1, 1, (0, 0, 1, 1)), ((3, 5), 1, 1, (2, 1, 0, 3)),
                                           ((4, 3), 2, 1, (1, 0, 1, 1)), ((3, 3), 1, 2, (1, 3, 3, 1)),
                                           ((3, 3), 1, 2, (1, 2, 2, 1)), ((3, 2), 2, 1, (0, 0, 3, 2))):
        w, bias, up = random(6, 3, *kernel), random(6), random(6, 3, 2, 2)
        g = Graph(13)
        x = g.conv("x", w, bias, pads=pads, strides=[stride] * 2, dilations=[dilation] * 2)
        if stride == 2:
            x = g.node("ConvTranspose", x, g.weight(up), strides=[2, 2])

        def function(x):
            y = F.conv2d(F.pad(x, (pads[1], pads[3], pads[0], pads[2])), tensor(w), tensor(bias),
                         stride, dilation=dilation)
            return F.conv_transpose2d(y, tensor(up), stride=2) if stride == 2 else y[:, :3]
        if stride == 1:
            x = g.node("Slice", x, g.ints(0), g.ints(3), g.ints(1))
        agrees(g.save(PATH, x), function)


def uneven_padding_of_transposed_convolutions():
    for kernel, stride, pads, extra, auto in (
            (4, 2, (1, 1, 1, 1), 0, None), (3, 2, (0, 0, 1, 1), 0, None), (3, 2, (1, 1, 0, 0), 0, None),
            (5, 2, (1, 1, 2, 2), 0, None), (3, 2, (1, 1, 1, 1), 1, None), (6, 3, (0, 1, 3, 2), 0, None),
            (3, 2, None, 0, "SAME_UPPER"), (4, 2, None, 0, "SAME_UPPER"), (3, 2, None, 0, "SAME_LOWER"),
            (5, 3, None, 0, "SAME_UPPER"), (2, 2, None, 0, "shape")):
        w, bias = random(3, 3, kernel, kernel), random(3)
        g = Graph(13, ("n", 3, 24, 32))
        more = {"output_padding": [extra, extra]} if extra else {}
        if auto == "shape":
            more["output_shape"] = [24 * stride, 32 * stride]
        elif auto:
            more["auto_pad"] = auto
        else:
            more["pads"] = pads
        x = g.node("ConvTranspose", "x", g.weight(w), g.weight(bias), strides=[stride] * 2, **more)
        total = max(0, kernel - stride)
        begin = total // 2 if auto == "SAME_UPPER" else total - total // 2
        cut = pads or (begin, begin, total - begin, total - begin)

        def function(x):
            y = F.conv_transpose2d(x, tensor(w), tensor(bias), stride)
            y = F.pad(y, (0, extra, 0, extra))
            y[:, :, y.shape[2] - extra:] = tensor(bias)[:, None, None]
            y[:, :, :, y.shape[3] - extra:] = tensor(bias)[:, None, None]
            return y[:, :, cut[0]:y.shape[2] - cut[2], cut[1]:y.shape[3] - cut[3]]
        agrees(g.save(PATH, x), function)


def pads_before_padding_before_layers_that_do_not_pad():
    """Zeros become part of a convolution's own padding. Before a pool, a transposed convolution or
    another kind of padding, a pad stays separate."""
    w, up = random(3, 3, 3, 3), random(3, 3, 4, 4)
    g = Graph(13)
    x = g.conv(g.node("Pad", "x", g.ints(0, 0, 1, 2, 0, 0, 2, 1)), w, pads=[1] * 4)
    x = g.conv(g.node("Pad", x, g.ints(0, 0, 1, 1, 0, 0, 1, 1), mode="edge"), w, pads=[1] * 4)
    x = g.node("ConvTranspose", g.node("Pad", x, g.ints(0, 0, 0, 2, 0, 0, 1, 1), mode="reflect"),
               g.weight(up), strides=[2, 2])

    def function(x):
        y = F.conv2d(F.pad(x, (2, 1, 1, 2)), tensor(w), padding=1)
        y = F.conv2d(F.pad(y, (1, 1, 1, 1), mode="replicate"), tensor(w), padding=1)
        return F.conv_transpose2d(F.pad(y, (2, 1, 0, 1), mode="reflect"), tensor(up), stride=2)
    model = agrees(g.save(PATH, x), function)
    assert kinds(model).count("conv2d") == 4, kinds(model)


def pools_in_all_forms():
    up = random(3, 3, 2, 2)
    for op, more, function in (
            ("MaxPool", dict(kernel_shape=[2, 2], strides=[2, 2]), lambda x: F.max_pool2d(x, 2)),
            ("MaxPool", dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
             lambda x: F.max_pool2d(x, 3, 2, 1)),
            ("MaxPool", dict(kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"),
             lambda x: F.max_pool2d(x, 3, 2, 0, ceil_mode=True)),
            ("MaxPool", dict(kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
             lambda x: F.max_pool2d(x, 3, 2, 0, ceil_mode=True)),
            ("AveragePool", dict(kernel_shape=[2, 2], strides=[2, 2]), lambda x: F.avg_pool2d(x, 2)),
            ("AveragePool", dict(kernel_shape=[4, 4], strides=[2, 2], pads=[1] * 4,
                                 count_include_pad=1), lambda x: F.avg_pool2d(x, 4, 2, 1))):
        g = Graph(13)
        x = g.node("ConvTranspose", g.node(op, "x", **more), g.weight(up), strides=[2, 2])
        agrees(g.save(PATH, x), lambda x: F.conv_transpose2d(function(x), tensor(up), stride=2))


tap.run_claims([
    uneven_padding_of_convolutions, uneven_padding_of_transposed_convolutions,
    pads_before_padding_before_layers_that_do_not_pad, pools_in_all_forms])
