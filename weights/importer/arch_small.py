"""Builds small networks from their tensors, by the names in their published code: Compact
(Real-ESRGAN), ESPCN (Shi et al. 2016), FSRCNN (Dong et al. 2016), ECBSR (Zhang et al. 2021) and
ETDS (Chao et al. 2023) as deployed, ArtCNN, waifu2x's upconv_7 and vgg_7."""
from .errors import Refused
from .state import Network, factor_of, hinted_factor


def told_factor(state, what):
    """Returns a factor that does not follow from the tensors: from --scale, or from the name of the
    file."""
    factor = hinted_factor(state)
    if factor is None:
        raise Refused(f"{what}: its factor is not in its tensors; say it by --scale 2")
    return factor


# SRVGGNetCompact: body.0 conv, body.1 prelu, ..., body.2n conv. The picture with repeated pixels is
# added to the output.


def is_compact(state):
    return {"body.0.weight", "body.1.weight"} <= set(state.keys()) and \
        len(state.shape("body.0.weight")) == 4 and len(state.shape("body.1.weight")) == 1


def compact(state):
    last = state.count("body.{}") - 1
    net = Network(state, state.shape("body.0.weight")[1])
    if last % 2:
        raise Refused(f"Compact: body.{last} should be a convolution")
    for k in range(0, last, 2):
        net.conv(f"body.{k}")
        net.prelu(f"body.{k + 1}")
    net.conv(f"body.{last}")
    channels = net.graph.input.channels
    factor = factor_of(net.x.channels, channels)
    detail = net.shuffle(factor)
    net.nearest(factor, net.graph.input)
    net.add(detail)
    feat = state.shape("body.0.weight")[0]
    return net.done(), f"SRVGGNetCompact, {last // 2} layers of {feat} channels"


# ESPCN: two convolutions with tanh, and one that outputs the pixels.

ESPCN_NAMES = (("first_part.0", "first_part.2", "last_part.0"),
               ("feature_maps.0", "feature_maps.2", "sub_pixel.0"),
               ("0", "2", "4"), ("body.0", "body.2", "body.4"))
ESPCN_RELU = ("conv1", "conv2", "conv3", "conv4")


def _kernels(state, names):
    names = [f"{n}.weight" for n in names]
    if not all(n in state and len(state.shape(n)) == 4 for n in names) or \
            any(n.endswith(".weight") and n not in names for n in state.keys()):
        return None
    return [state.shape(n)[2] for n in names]


def is_espcn(state):
    return any(_kernels(state, n) == [5, 3, 3] for n in ESPCN_NAMES) or \
        _kernels(state, ESPCN_RELU) == [5, 3, 3, 3]


def espcn(state):
    names = next((n for n in ESPCN_NAMES if _kernels(state, n) == [5, 3, 3]), ESPCN_RELU)
    kind = "relu" if names is ESPCN_RELU else "tanh"
    net = Network(state, state.shape(f"{names[0]}.weight")[1])
    for name in names[:-1]:
        net.conv(name)
        net.act(kind)
    net.conv(names[-1])
    net.shuffle(factor_of(net.x.channels, net.graph.input.channels))
    return net.done(), f"ESPCN with {kind}"


# FSRCNN: convolutions with prelu, and one transposed convolution.


def _fsrcnn_names(state):
    """Returns the convolutions before the last, each of which a prelu follows, and the last one."""
    if "last_part.weight" in state and "first_part.0.weight" in state:
        middle = state.count("mid_part.{}")
        return [("first_part.0", "first_part.1")] + \
            [(f"mid_part.{k}", f"mid_part.{k + 1}") for k in range(0, middle - 1, 2)], "last_part"
    if "deconv.weight" in state and "feature_extraction.0.weight" in state:
        middle = state.count("map.{}")
        return [("feature_extraction.0", "feature_extraction.1"), ("shrink.0", "shrink.1")] + \
            [(f"map.{k}", f"map.{k + 1}") for k in range(0, middle - 1, 2)] + \
            [("expand.0", "expand.1")], "deconv"
    return None, None


def is_fsrcnn(state):
    names, last = _fsrcnn_names(state)
    return names is not None and len(state.shape(f"{last}.weight")) == 4


def fsrcnn(state):
    names, last = _fsrcnn_names(state)
    net = Network(state, state.shape(f"{names[0][0]}.weight")[1])
    for conv, slopes in names:
        net.conv(conv)
        net.prelu(slopes)
    factor, kernel = told_factor(state, "FSRCNN"), state.shape(f"{last}.weight")[2]
    padding = kernel // 2
    extra = factor - kernel + 2 * padding
    if kernel % 2 == 0 or not 0 <= extra < max(2, factor):
        raise Refused(f"FSRCNN: a last kernel of {kernel} for a factor of {factor}")
    net.deconv(last, factor, padding, extra)
    return net.done(), f"FSRCNN, {len(names)} layers"


# ECBSR with merged blocks: backbone.k.conv3x3 and .act, or backbone.k.0 and .1.


def _ecbsr_form(state):
    for conv, act in (("conv3x3", "act"), ("0", "1")):
        if f"backbone.0.{conv}.weight" in state:
            return conv, act
    return None, None


def is_ecbsr(state):
    return _ecbsr_form(state)[0] is not None


def ecbsr(state):
    conv, act = _ecbsr_form(state)
    if "backbone.0.conv1x1_3x3.k0" in state:
        raise Refused("ECBSR as trained, its blocks not merged; convert it to its plain form first")
    count = state.count("backbone.{}")
    channels = state.shape(f"backbone.0.{conv}.weight")[1]
    net = Network(state, channels)
    clipped = count > 1 and state.shape(f"backbone.{count - 1}.{conv}.weight")[2:] == (1, 1)
    for k in range(count):
        net.conv(f"backbone.{k}.{conv}")
        if f"backbone.{k}.{act}.weight" in state:
            net.prelu(f"backbone.{k}.{act}")
        elif clipped and k >= count - 2:
            net.act("relu")
        elif k < count - 1:
            raise Refused("ECBSR: its activations are not in its tensors; name them by --layers")
    if clipped:
        _drop_spare(net, channels)
        net.shuffle(factor_of(net.x.channels, channels))
        return net.done(), f"ECBSR as deployed with clipping, {count} layers"
    factor = factor_of(net.x.channels, channels)
    detail = net.shuffle(factor)
    net.nearest(factor, net.graph.input)
    net.add(detail)
    return net.done(), f"ECBSR as deployed, {count} layers"


def _drop_spare(net, channels):
    """Drops the channels that only round their number up to a multiple of four."""
    factor = int((net.x.channels / channels)**0.5)
    keep = factor * factor * channels
    if keep < net.x.channels <= keep + 3:
        net.x = net.graph.add("select", [net.x], "the spare channel", order=list(range(keep)))


# ETDS for inference: everything with relu, the last two clip to 0..1.


def is_etds(state):
    return {"conv_first.weight", "backbone_convs.0.weight", "conv_clip.weight"} <= set(state.keys())


def etds(state):
    channels, count = state.shape("conv_first.weight")[1], state.count("backbone_convs.{}")
    net = Network(state, channels)
    for name in ["conv_first"] + [f"backbone_convs.{k}" for k in range(count)] + ["conv_last",
                                                                                  "conv_clip"]:
        net.conv(name)
        net.act("relu")
    _drop_spare(net, channels)
    net.shuffle(factor_of(net.x.channels, channels))
    return net.done(), f"ETDS, {count + 2} layers of {state.shape('conv_first.weight')[0]} channels"


# ArtCNN: conv0, residual blocks of three convolutions, a convolution, a skip, the shuffle.


def is_artcnn(state):
    return {"conv0.weight", "res_block.0.conv.0.0.weight", "depth_to_space.upscale.0.weight"} <= \
        set(state.keys())


def artcnn(state):
    count = state.count("res_block.{}") - 1
    channels = state.shape("conv0.weight")[1]
    net = Network(state, channels)
    first = net.conv("conv0")
    for k in range(count):
        before = net.x
        for part in (0, 1):
            net.conv(f"res_block.{k}.conv.{part}.0")
            net.act("relu")
        net.conv(f"res_block.{k}.conv.2")
        net.add(before)
    net.conv(f"res_block.{count}")
    net.add(first)
    net.conv("depth_to_space.upscale.0")
    net.shuffle(factor_of(net.x.channels, channels))
    return net.done(), f"ArtCNN, {count} blocks of {first.channels} channels"


# waifu2x: seven convolutions without padding, with leaky_relu 0.1 between them. The last one may be
# transposed.


def _waifu2x(state):
    names = [f"{k}.weight" for k in range(0, 14, 2)]
    if set(n for n in state.keys() if n.endswith(".weight")) != set(names) or \
            any(len(state.shape(n)) != 4 for n in names):
        return None
    kernels = [state.shape(n)[2] for n in names]
    if kernels == [3] * 7:
        return "vgg_7"
    return "upconv_7" if kernels == [3] * 6 + [4] else None


def is_waifu2x(state):
    return _waifu2x(state) is not None


def waifu2x(state):
    family = _waifu2x(state)
    net = Network(state, state.shape("0.weight")[1])
    if family == "vgg_7":
        stem = state.options.stem.lower()
        noise = "noise" in stem and "scale" not in stem
        factor = 1 if noise and not state.options.scale else told_factor(
            state, "waifu2x vgg_7 (2 where it enlarges, 1 where it takes noise away)")
        net.nearest(factor)
    for k in range(0, 12, 2):
        net.conv(f"{k}", 0)
        net.act("leaky_relu", negative_slope=0.1)
    if family == "upconv_7":
        net.deconv("12", 2, 3)
    else:
        net.conv("12", 0)
    return net.done(), f"waifu2x {family}"


TABLE = [(is_compact, compact), (is_espcn, espcn), (is_fsrcnn, fsrcnn), (is_ecbsr, ecbsr),
         (is_etds, etds), (is_artcnn, artcnn), (is_waifu2x, waifu2x)]
