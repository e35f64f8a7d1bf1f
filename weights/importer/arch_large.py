"""Builds larger networks from their tensors: RRDBNet of ESRGAN (Wang et al. 2018), with three ways
to name its modules, and SPAN (Wan et al. 2023)."""
import re

import numpy as np

from . import build
from .errors import Refused
from .state import Network, factor_of, hinted_factor

# RRDBNet. Each form names: the first convolution, the blocks, a convolution of a block, the one
# after the blocks, the rest.

FORMS = {
    "new": ("conv_first", "body.{}", "body.{}.rdb{}.conv{}", "conv_body"),
    "2018": ("conv_first", "RRDB_trunk.{}", "RRDB_trunk.{}.RDB{}.conv{}", "trunk_conv"),
    "old": ("model.0", "model.1.sub.{}", "model.1.sub.{}.RDB{}.conv{}.0", None),
    "old without its prefix": ("0", "1.sub.{}", "1.sub.{}.RDB{}.conv{}.0", None),
}


def _form(state):
    for name, (first, _, conv, _) in FORMS.items():
        if f"{first}.weight" in state and f"{conv.format(0, 1, 1)}.weight" in state:
            return name
    return None


def is_rrdb(state):
    return _form(state) is not None


def _ups(state, name):
    last = max((k for k in (1, 2, 3) if f"{name}{k}.weight" in state), default=0)
    return [f"{name}{k}" for k in range(1, last + 1)]


def _tail(state, form):
    """Returns the convolutions after the trunk: those that follow an enlargement, and the last
    two."""
    if form.startswith("old"):
        head = "model." if form == "old" else ""
        numbers = sorted(int(n[len(head):].split(".")[0]) for n in state.keys()
                         if n.startswith(head) and n.endswith(".weight")
                         and n[len(head):].count(".") == 1)
        names = [f"{head}{k}" for k in numbers if k > 1]
    elif form == "new":
        names = _ups(state, "conv_up") + ["conv_hr", "conv_last"]
    else:
        names = _ups(state, "upconv") + ["HRconv", "conv_last"]
    if len(names) < 2:
        raise Refused("RRDBNet: its last two convolutions are missing")
    return names[:-2], names[-2:]


def _dense(net, form, block, part):
    """Adds a residual dense block: each convolution reads the outputs of all before it."""
    before, seen, conv = net.x, [net.x], FORMS[form][2]
    for k in range(1, 6):
        joined = seen[0] if len(seen) == 1 else net.graph.add("concat", seen, "a dense block")
        net.conv(conv.format(block, part, k), x=joined)
        if k < 5:
            seen.append(net.act("leaky_relu", negative_slope=0.2))
    net.x = build.add(net.graph, before, net.x, "a dense block", 0.2)


def rrdb(state):
    form = _form(state)
    first, block, conv, after = FORMS[form]
    if any(".conv1x1." in n for n in state.keys()):
        raise Refused("ESRGAN+: its blocks have 1x1 convolutions and noise, which this importer "
                      "does not know")
    count = state.count(block)
    if after is None:               # in the old form the convolution after the blocks is the last
        count, after = count - 1, block.format(count - 1)
    ups, last = _tail(state, form)
    takes, gives = state.shape(f"{first}.weight")[1], state.shape(f"{last[1]}.weight")[0]
    unshuffle = factor_of(takes, gives, "first convolution, reversed,")
    net = Network(state, gives)
    if unshuffle > 1:
        net.x = net.graph.add("pixel_unshuffle", [net.x], "the pixel unshuffle",
                              downscale_factor=unshuffle)
    begin = net.conv(first)
    for k in range(count):
        before = net.x
        for part in (1, 2, 3):
            _dense(net, form, k, part)
        net.x = build.add(net.graph, before, net.x, "a block", 0.2)
    net.conv(after)
    net.add(begin)
    by = 3 if len(ups) == 1 and hinted_factor(state) == 3 else 2
    for name in ups:
        net.nearest(by)
        net.conv(name)
        net.act("leaky_relu", negative_slope=0.2)
    net.conv(last[0])
    net.act("leaky_relu", negative_slope=0.2)
    net.conv(last[1])
    return net.done(), f"RRDBNet (ESRGAN), {count} blocks of {begin.channels} channels"


# SPAN. Each convolution is trained as the sum of a 1x1 convolution and of three convolutions in a
# row. They are merged here.


def is_span(state):
    names = set(state.keys())
    return {"conv_cat.weight", "upsampler.0.weight"} <= names and \
        not names.isdisjoint({"block_1.c1_r.sk.weight", "block_1.c1_r.eval_conv.weight"})


def _merged(state, name):
    """Returns the 3x3 convolution that equals a Conv3XC."""
    if f"{name}.sk.weight" not in state:
        return state.get(f"{name}.eval_conv.weight"), state.get(f"{name}.eval_conv.bias")
    get = lambda part: state.get(f"{name}.{part}").astype(np.float64)
    w1, w2, w3, skip = (get(f"{p}.weight") for p in ("conv.0", "conv.1", "conv.2", "sk"))
    b1, b2, b3, skip_bias = (get(f"{p}.bias") for p in ("conv.0", "conv.1", "conv.2", "sk"))
    if w1.shape[2:] != (1, 1) or w3.shape[2:] != (1, 1) or w2.shape[2:] != (3, 3) or \
            skip.ndim != 4 or max(w1.shape + w2.shape + w3.shape + skip.shape) > 4096:
        raise Refused(f"SPAN: the tensors of '{name}' have shapes that do not fit")
    try:
        weight = np.einsum("om,mhyx,hi->oiyx", w3[:, :, 0, 0], w2, w1[:, :, 0, 0], optimize=True)
        bias = w3[:, :, 0, 0] @ (w2.sum((2, 3)) @ b1 + b2) + b3 + skip_bias
        weight[:, :, 1, 1] += skip[:, :, 0, 0]
    except (ValueError, IndexError):
        raise Refused(f"SPAN: the tensors of '{name}' have shapes that do not fit") from None
    return weight, bias


def span(state):
    state.ignore(lambda n: ".eval_conv." in n)
    count = _blocks(state)
    weight, bias = _merged(state, "conv_1")
    net = Network(state, weight.shape[1])
    g, x = net.graph, net.graph.input
    if "no_norm" in state:
        state.get("no_norm")
    else:
        if weight.shape[1] != 3:
            raise Refused("SPAN: a normalised network of one channel is not known")
        mean = np.array([0.4488, 0.4371, 0.4040])
        x = build.affine(g, x, 255.0, -255.0 * mean, "the normalisation")

    def conv(name, at):
        weight, bias = _merged(state, name)
        return build.convolution(g, at, weight, bias, f"'{name}'", sides=(1, 1, 1, 1))
    first = x = build.convolution(g, x, weight, bias, "'conv_1'", sides=(1, 1, 1, 1))
    outs = []
    for k in range(1, count + 1):
        middle = g.add("silu", [conv(f"block_{k}.c1_r", x)], f"block {k}")
        y = g.add("silu", [conv(f"block_{k}.c2_r", middle)], f"block {k}")
        y = conv(f"block_{k}.c3_r", y)
        gate = build.affine(g, g.add("sigmoid", [y], f"block {k}"), 1.0, -0.5, f"block {k}")
        x = g.add("mul", [g.add("add", [y, x], f"block {k}"), gate], f"block {k}")
        outs.append(x)
    net.x = g.add("concat", [first, conv("conv_2", x), outs[0], middle], "'conv_cat'")
    net.conv("conv_cat")
    net.conv("upsampler.0")
    net.shuffle(factor_of(net.x.channels, g.input.channels))
    return net.done(), f"SPAN, {count} blocks of {first.channels} channels"


def _blocks(state):
    """Returns the number of blocks. If one of them is missing, a later step says so."""
    matches = [re.match(r"block_([0-9]{1,4})\.", n) for n in state.keys()]
    return max([int(m.group(1)) for m in matches if m], default=0)


TABLE = [(is_rrdb, rrdb), (is_span, span)]
