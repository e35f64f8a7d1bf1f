"""handmade.py - ONNX as exporters other than PyTorch's write it (Keras, Paddle, converters):
layouts, constants, derived shapes, uneven padding. The imported model computes what PyTorch
computes. Skipped without PyTorch. TAP."""
import itertools

import place  # says where the modules below are
import tap

tap.needs("torch", "numpy", "onnx", "PIL")
import numpy
import torch
from torch.nn import functional as F

import compare
from graphs_by_hand import PATH, RANDOM, agrees, kinds, random, tensor
from onnx_make import Graph, TensorProto, helper, numpy_helper


def keras_by_tf2onnx():
    """[n][h][w][c] outside, transposes around every layer, SAME padding, weights that are transposed."""
    a, b, c, bias = random(3, 3, 3, 8), random(4, 4, 8, 12), random(12), random(8)
    for free in (True, False):
        g = Graph(13, ("n", "h" if free else 24, "w" if free else 32, 3))
        x = g.node("Transpose", "x", perm=[0, 3, 1, 2])
        wa = g.node("Transpose", g.weight(a), perm=[3, 2, 0, 1])
        x = g.node("Conv", x, wa, auto_pad="SAME_UPPER", kernel_shape=[3, 3])
        x = g.node("Transpose", x, perm=[0, 2, 3, 1])
        x = g.node("Add", x, g.weight(bias))
        x = g.node("PRelu", x, g.weight(bias.reshape(1, 1, 8)))
        x = g.node("Transpose", x, perm=[0, 3, 1, 2])
        wb = g.node("Transpose", g.weight(b), perm=[3, 2, 0, 1])
        x = g.node("Conv", x, wb, g.weight(c), auto_pad="SAME_UPPER")
        x = g.node("DepthToSpace", x, blocksize=2)
        x = g.node("Transpose", x, perm=[0, 2, 3, 1])
        g.node("Clip", x, g.weight(numpy.float32(0)), g.weight(numpy.float32(1)))
        path = g.save(PATH, g.nodes[-1].output[0], shape=("n", "H", "W", 3))

        def function(x):
            y = F.conv2d(x, tensor(a).permute(3, 2, 0, 1), tensor(bias), padding=1)
            y = F.prelu(y, tensor(bias))
            y = F.conv2d(F.pad(y, (1, 2, 1, 2)), tensor(b).permute(3, 2, 0, 1), tensor(c))
            n, _, h, w = y.shape
            y = y.view(n, 2, 2, 3, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, 3, 2 * h, 2 * w)
            return y                    # the server clips at the end
        model = agrees(path, function)
        assert kinds(model) == ["conv2d", "prelu", "conv2d", "pixel_shuffle"], kinds(model)


def sizes_that_are_worked_out():
    """Shape, Slice, Cast, Mul, Floor, Concat, Resize to sizes; and the same by Gather and Unsqueeze."""
    w = random(3, 3, 3, 3)
    for gather in (False, True):
        g = Graph(11)
        x = g.conv("x", w, pads=[1, 1, 1, 1])
        shape = g.node("Shape", x)
        if gather:
            sides = [g.node("Cast", g.node("Floor", g.node("Mul", g.node(
                "Cast", g.node("Gather", shape, g.weight(numpy.int64(k))), to=1),
                g.weight(numpy.float32(3)))), to=7) for k in (2, 3)]
            sides = [g.node("Unsqueeze", s, axes=[0]) for s in sides]
            front = [g.node("Unsqueeze", g.node("Gather", shape, g.weight(numpy.int64(k))), axes=[0])
                     for k in (0, 1)]
            sizes = g.node("Concat", *front, *sides, axis=0)
        else:
            rest = g.node("Slice", shape, g.ints(2), g.ints(4), g.ints(0))
            front = g.node("Slice", shape, g.ints(0), g.ints(2), g.ints(0))
            sizes = g.node("Concat", front, g.node("Mul", rest, g.ints(3)), axis=0)
        x = g.node("Resize", x, "", "", sizes, mode="linear",
                   coordinate_transformation_mode="pytorch_half_pixel")
        model = agrees(g.save(PATH, x), lambda x: F.interpolate(
            F.conv2d(x, tensor(w), padding=1), scale_factor=3, mode="bilinear", align_corners=False))
        assert model["layers"][-1] == {"type": "upsample", "scale_factor": [3, 3], "mode": "bilinear"}


def paddle():
    """Biases as tensors of four axes, statistics after each layer, alpha as a tensor."""
    w, bias, slope = random(6, 3, 3, 3), random(6), random(6)
    scale, shift, mean, var = random(6), random(6), random(6), numpy.abs(random(6)) + 0.5
    last = random(3, 6, 1, 1)
    g = Graph(11)
    x = g.conv("x", w, pads=[1, 1, 1, 1], strides=[1, 1], dilations=[1, 1], group=1)
    x = g.node("Add", x, g.node("Reshape", g.weight(bias), g.ints(1, -1, 1, 1)))
    x = g.node("BatchNormalization", x, *map(g.weight, (scale, shift, mean, var)), epsilon=1e-3)
    x = g.node("PRelu", x, g.node("Reshape", g.weight(slope), g.ints(6, 1, 1)))
    x = g.node("Resize", x, "", g.node("Concat", g.floats(1, 1), g.floats(2, 2), axis=0),
               mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    x = g.node("Identity", g.node("Dropout", g.conv(x, last)))

    def function(x):
        y = F.conv2d(x, tensor(w), tensor(bias), padding=1)
        y = F.batch_norm(y, tensor(mean), tensor(var), tensor(scale), tensor(shift), eps=1e-3)
        y = F.interpolate(F.prelu(y, tensor(slope)), scale_factor=2, mode="nearest")
        return F.conv2d(y, tensor(last))
    assert kinds(agrees(g.save(PATH, x), function)) == ["conv2d", "prelu", "upsample", "conv2d"]


def constants_wherever_they_are():
    w, bias, slope = random(4, 3, 3, 3), random(4), random(4)
    last = random(3, 4, 3, 3)

    def function(x):
        return F.conv2d(F.prelu(F.conv2d(x, tensor(w), tensor(bias), padding=1), tensor(slope)),
                        tensor(last), padding=1)
    layers = None
    for form in ("initializer", "constant", "identity", "listed"):
        for shape in ([4, 1, 1], [1, 4, 1, 1]):
            g = Graph(9)
            x = g.node("Conv", "x", g.weight(w, form), g.weight(bias, form), pads=[1] * 4)
            x = g.node("PRelu", x, g.weight(slope.reshape(shape), form))
            x = g.node("Conv", x, g.weight(last, form), pads=[1] * 4)
            model = agrees(g.save(PATH, x), function)
            assert layers in (None, model["layers"])
            layers = model["layers"]


def numbers_in_every_field_and_type():
    w = numpy.round(random(3, 3, 3, 3) * 64) / 64      # exact in any of the types
    flat = w.ravel().tolist()
    bits16 = w.astype(numpy.float16).view(numpy.uint16).ravel().astype(int).tolist()
    brain = (w.view(numpy.uint32) >> 16).ravel().astype(int).tolist()
    protos = [helper.make_tensor("w", TensorProto.FLOAT, w.shape, flat),
              helper.make_tensor("w", TensorProto.DOUBLE, w.shape, flat),
              numpy_helper.from_array(w.astype(numpy.float64), "w"),
              numpy_helper.from_array(w.astype(numpy.float16), "w")]
    for kind, bits in ((TensorProto.FLOAT16, bits16), (TensorProto.BFLOAT16, brain)):
        t = TensorProto(name="w", data_type=kind, dims=w.shape)
        t.int32_data.extend(bits)
        raw = TensorProto(name="w", data_type=kind, dims=w.shape,
                          raw_data=numpy.array(bits, numpy.uint16).tobytes())
        protos += [t, raw]
    for proto in protos:
        g = Graph(13)
        g.initializers.append(proto)
        x = g.node("Conv", "x", "w", pads=[1] * 4)
        agrees(g.save(PATH, x), lambda x: F.conv2d(x, tensor(w), padding=1), bound=1e-12)


def weights_of_eight_bits_with_scales():
    q, scales = RANDOM.integers(-127, 128, (3, 3, 3, 3)).astype(numpy.int8), random(3) / 100
    g = Graph(13)
    w = g.node("DequantizeLinear", g.weight(q), g.weight(scales),
               g.weight(numpy.zeros(3, numpy.int8)), axis=0)
    x = g.node("Conv", "x", w, pads=[1] * 4)
    agrees(g.save(PATH, x), lambda x: F.conv2d(
        x, tensor(q) * tensor(scales)[:, None, None, None], padding=1))


def upsample_of_old():
    for opset in (7, 9):
        g = Graph(opset)
        if opset == 7:
            x = g.node("Upsample", "x", mode="nearest", scales=[1.0, 1.0, 2.0, 2.0])
        else:
            x = g.node("Upsample", "x", g.floats(1, 1, 2, 2), mode="nearest")
        model = agrees(g.save(PATH, x), lambda x: F.interpolate(x, scale_factor=2, mode="nearest"))
        assert kinds(model) == ["upsample"]


def clips_in_all_forms():
    w = random(3, 3, 1, 1) * 3
    for opset, low, high in itertools.product((9, 13), (-0.25, None), (0.5, None)):
        g = Graph(opset)
        x = g.conv("x", w)
        bounds = {"min": low, "max": high}
        if opset == 9:
            x = g.node("Clip", x, **{k: v for k, v in bounds.items() if v is not None})
        else:
            x = g.node("Clip", x, *["" if v is None else g.weight(numpy.float32(v))
                                    for v in bounds.values()])
        x = g.conv(x, w)

        def function(x):
            y = F.conv2d(x, tensor(w))
            y = y if low is None and high is None else torch.clamp(y, low, high)
            return F.conv2d(y, tensor(w))
        agrees(g.save(PATH, x), function)


def nodes_in_any_order_with_others_beside():
    w = random(3, 3, 3, 3)
    g = Graph(13)
    side = g.node("Sigmoid", g.conv("x", random(5, 3, 1, 1)))
    x = g.node("Relu", g.conv("x", w, pads=[1] * 4))
    x = g.conv(x, w, pads=[1] * 4)
    g.nodes.reverse()

    def function(x):
        return F.conv2d(F.relu(F.conv2d(x, tensor(w), padding=1)), tensor(w), padding=1)
    agrees(g.save(PATH, x), function)
    path = g.save(PATH, side, x)
    status, _, complained = compare.imported(path, path + ".json")
    assert status == 1 and "--output-name" in complained and x in complained
    agrees(path, function, options=("--output-name", x))


def bytes_in_and_out():
    """A picture of bytes as [n][h][w][c]; divided, enlarged, multiplied, rounded, clipped, cast."""
    w = random(12, 3, 3, 3)
    g = Graph(13, (1, "h", "w", 3), TensorProto.UINT8)
    x = g.node("Transpose", g.node("Cast", "x", to=1), perm=[0, 3, 1, 2])
    x = g.node("Div", x, g.weight(numpy.float32(255)))
    x = g.node("DepthToSpace", g.conv(x, w, pads=[1] * 4), blocksize=2, mode="CRD")
    x = g.node("Mul", x, g.weight(numpy.float32(255)))
    x = g.node("Clip", g.node("Round", x), g.weight(numpy.float32(0)), g.weight(numpy.float32(255)))
    x = g.node("Cast", g.node("Transpose", x, perm=[0, 2, 3, 1]), to=2)
    path = g.save(PATH, x, shape=(1, "H", "W", 3), kind=TensorProto.UINT8)
    model = agrees(path, lambda x: F.pixel_shuffle(F.conv2d(x, tensor(w), padding=1), 2))
    assert kinds(model) == ["conv2d", "pixel_shuffle"]


def ranges_and_orders_of_colour_by_options():
    w, bias = random(12, 3, 3, 3), random(12) * 50
    g = Graph(13)
    x = g.node("DepthToSpace", g.node("Relu", g.conv("x", w, bias, pads=[1] * 4)), blocksize=2,
               mode="CRD")
    path = g.save(PATH, x)

    def function(x):
        x = x.flip(1) * 255
        return F.pixel_shuffle(F.relu(F.conv2d(x, tensor(w), tensor(bias), padding=1)), 2).flip(1) / 255
    model = agrees(path, function, options=("--range", "255", "--bgr"))
    assert kinds(model) == ["conv2d", "relu", "pixel_shuffle", "conv2d"] or \
        kinds(model) == ["conv2d", "relu", "pixel_shuffle"], kinds(model)


def arithmetic_of_all_kinds():
    w = random(3, 3, 3, 3)
    g = Graph(13)
    a = g.conv("x", w, pads=[1] * 4)
    b = g.node("Neg", g.node("Sub", g.weight(random(3, 1, 1) * 0 + 0.25), a))
    c = g.node("Sum", a, b, "x", g.weight(numpy.float32(0.1)))
    d = g.node("Mean", c, a)
    e = g.node("Mul", d, g.node("Pow", a, g.weight(numpy.float32(2))))
    f = g.node("Max", g.node("Min", e, g.weight(numpy.float32(0.4))), g.weight(numpy.float32(-0.3)))
    x = g.node("Add", g.node("Div", g.node("Sub", f, a), g.floats(*[[[2.0]], [[4.0]], [[8.0]]])),
               g.node("HardSigmoid", b, alpha=0.3, beta=0.4))

    def function(x):
        a = F.conv2d(x, tensor(w), padding=1)
        b = a - 0.25
        d = (a + b + x + 0.1 + a) / 2
        f = torch.clamp(d * a**2, -0.3, 0.4)
        return (f - a) / tensor([2, 4, 8])[:, None, None] + torch.clamp(0.3 * b + 0.4, 0, 1)
    agrees(g.save(PATH, x), function)


def rows_columns_and_channels_cut_out():
    """Focus: four strided slices joined; channels turned around; a single one taken."""
    w = random(12, 12, 3, 3)
    for planes in (3, 1):
        g = Graph(13, ("n", planes, "h", "w"))
        parts = []
        for left in (0, 1):
            for top in (0, 1):
                rows = g.node("Slice", "x", g.ints(top), g.ints(1 << 40), g.ints(2), g.ints(2))
                parts.append(g.node("Slice", rows, g.ints(left), g.ints(1 << 40), g.ints(3), g.ints(2)))
        x = g.node("Concat", *parts, axis=1)
        x = g.conv(x, w[:4 * planes, :4 * planes], pads=[1] * 4)
        x = g.node("Slice", x, g.ints(-1), g.ints(-1 << 40), g.ints(1), g.ints(-1))
        x = g.node("DepthToSpace", x, blocksize=2, mode="CRD")
        first = g.node("Gather", x, g.ints(0), axis=1)
        x = g.node("Sub", x, g.node("Gather", x, g.weight(numpy.int64(0)), axis=1) if planes == 9
                   else first)

        def function(x):
            y = torch.cat([x[:, :, top::2, left::2] for left in (0, 1) for top in (0, 1)], 1)
            y = F.conv2d(y, tensor(w[:4 * planes, :4 * planes]), padding=1).flip(1)
            y = F.pixel_shuffle(y, 2)
            return y - y[:, :1] + (0 if planes == 3 else y)
        if planes == 1:
            x = g.node("Add", x, g.nodes[-3].output[0])
        agrees(g.save(PATH, x), function, planes=planes)


def a_gate_over_channels_is_of_one_channel():
    w, gate = random(6, 3, 3, 3), random(1, 6, 1, 1)
    g = Graph(13)
    x = g.conv("x", w, pads=[1] * 4)
    x = g.node("Mul", x, g.node("Sigmoid", g.conv(x, gate)))
    x = g.conv(x, random(3, 6, 1, 1) * 0 + 0.2)

    def function(x):
        y = F.conv2d(x, tensor(w), padding=1)
        y = y * torch.sigmoid(F.conv2d(y, tensor(gate)))
        return F.conv2d(y, torch.full((3, 6, 1, 1), float(numpy.float32(0.2))).double())
    agrees(g.save(PATH, x), function)


def a_gate_by_the_mean_over_channels():
    """Spatial attention without its maximum: each pixel's mean over its channels, then a convolution."""
    w, gate = random(6, 3, 3, 3), random(1, 1, 7, 7)
    for opset in (13, 18):
        g = Graph(opset)
        x = g.conv("x", w, pads=[1] * 4)
        axes = {"axes": [1]} if opset < 18 else {}
        mean = g.node("ReduceMean", x, *([] if axes else [g.ints(1)]), keepdims=1, **axes)
        x = g.node("Mul", x, g.node("Sigmoid", g.conv(mean, gate, pads=[3] * 4)))
        x = g.node("ReduceSum", x, g.ints(-3), keepdims=1)
        x = g.node("Add", x, "x")

        def function(x):
            y = F.conv2d(x, tensor(w), padding=1)
            y = y * torch.sigmoid(F.conv2d(y.mean(1, keepdim=True), tensor(gate), padding=3))
            return y.sum(1, keepdim=True) + x
        agrees(g.save(PATH, x), function)


def a_luma_picture_of_two_axes():
    """One channel that is squeezed away and put back."""
    w = random(4, 1, 3, 3)
    g = Graph(13, (1, 1, "h", "w"))
    x = g.node("Unsqueeze", g.node("Squeeze", "x", g.ints(0, 1)), g.ints(0, 1))
    x = g.node("DepthToSpace", g.conv(x, w, pads=[1] * 4), blocksize=2)
    agrees(g.save(PATH, x), lambda x: F.pixel_shuffle(F.conv2d(x, tensor(w), padding=1), 2), planes=1)


def operator_sets_from_9_to_20():
    for opset in range(9, 21):
        w = random(3, 3, 3, 3)
        g = Graph(opset)
        x = g.node("LeakyRelu", g.conv("x", w, pads=[1] * 4), alpha=0.2)
        if opset >= 20:
            x = g.node("Gelu", x, approximate="tanh")
        elif opset >= 18:
            x = g.node("Mish", x)
        if opset >= 18:
            x = g.node("Pad", x, g.ints(1, 1, 1, 1), "", g.ints(2, 3), mode="reflect")
            x = g.node("Resize", g.conv(x, w), "", g.floats(2, 2), axes=[2, 3], mode="nearest",
                       coordinate_transformation_mode="asymmetric", nearest_mode="floor")
        elif opset >= 11:
            x = g.node("Pad", x, g.ints(0, 0, 1, 1, 0, 0, 1, 1), mode="reflect")
            x = g.node("Resize", g.conv(x, w), g.floats(), g.floats(1, 1, 2, 2), mode="nearest",
                       coordinate_transformation_mode="asymmetric", nearest_mode="floor")
        else:
            x = g.node("Pad", x, pads=[0, 0, 1, 1, 0, 0, 1, 1], mode="reflect")
            kind = "Upsample" if opset == 9 else "Resize"
            x = g.node(kind, g.conv(x, w), g.floats(1, 1, 2, 2), mode="nearest")

        def function(x):
            y = F.leaky_relu(F.conv2d(x, tensor(w), padding=1), float(numpy.float32(0.2)))
            y = F.gelu(y, approximate="tanh") if opset >= 20 else F.mish(y) if opset >= 18 else y
            y = F.conv2d(F.pad(y, (1, 1, 1, 1), mode="reflect"), tensor(w))
            return F.interpolate(y, scale_factor=2, mode="nearest")
        agrees(g.save(PATH, x), function)


tap.run_claims([
    keras_by_tf2onnx, sizes_that_are_worked_out, paddle, constants_wherever_they_are,
    numbers_in_every_field_and_type, weights_of_eight_bits_with_scales, upsample_of_old,
    clips_in_all_forms, nodes_in_any_order_with_others_beside, bytes_in_and_out,
    ranges_and_orders_of_colour_by_options, arithmetic_of_all_kinds,
    rows_columns_and_channels_cut_out, a_gate_over_channels_is_of_one_channel,
    a_gate_by_the_mean_over_channels,
    a_luma_picture_of_two_axes, operator_sets_from_9_to_20])
