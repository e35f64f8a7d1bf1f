"""State dicts: the tensors of a trained network by the names of its modules. The importer must know
the network by these names."""
from . import pickles
from .build import convolution, transposed
from .errors import Refused, shown
from .graph import Graph

SIZE = 960, 1920
# The keys under which checkpoints keep the network, the better ones first: a running mean before
# the last step.
HOLDERS = ("params_ema", "ema", "model_ema", "state_dict_ema", "params", "state_dict",
           "model_state_dict", "model", "net", "network", "generator", "netG", "net_g", "G",
           "g_state_dict", "weights")


def _dicts(value, path=(), depth=0):
    """Yields all dictionaries with tensors in them, with the keys that lead there."""
    if not isinstance(value, dict) or depth > 4:
        return
    if any(isinstance(v, pickles.Tensor) for v in value.values()):
        yield path, value
    for key, inner in list(value.items())[:1000]:
        if isinstance(inner, dict):
            yield from _dicts(inner, path + (str(key),), depth + 1)


def _rank(path):
    return tuple(HOLDERS.index(p) if p in HOLDERS else len(HOLDERS) for p in path) or (-1,)


def tensors(value, lazy):
    """Returns the tensors of the best dictionary in a pickle, as {name: Lazy}."""
    found = sorted(_dicts(value), key=lambda d: _rank(d[0]))
    if not found:
        raise Refused("there are no tensors by name in it; save the model's state_dict()")
    return {str(k): lazy(v) for k, v in found[0][1].items() if isinstance(v, pickles.Tensor)}


def candidates(names):
    """Yields {new name: name} for each way to read the names: unchanged, without a prefix that all
    of them have, or without one that the names of one part of a larger model have."""
    groups = [list(names)]
    heads = {n.split(".")[0] for n in names if "." in n}
    known = [h for h in HOLDERS + ("module", "_orig_mod") if h in heads and len(heads) > 1]
    groups += [[n for n in names if n.startswith(h + ".")] for h in known]
    for group in groups:
        now = {n: n for n in group}
        for _ in range(4):
            yield dict(now)
            heads = {n.split(".")[0] for n in now}
            if len(heads) != 1 or any("." not in n for n in now):
                break
            now = {n.split(".", 1)[1]: old for n, old in now.items()}


class State:
    """The tensors under the names that an architecture gives them. It records which ones are
    used."""

    def __init__(self, lazies, names, options):
        self.lazies, self.names, self.options = lazies, names, options
        self.unused = set(names)

    def __contains__(self, name):
        return name in self.names

    def keys(self):
        return self.names.keys()

    def shape(self, name):
        return self.lazies[self.names[name]].shape

    def get(self, name):
        if name not in self.names:
            raise Refused(f"the tensor {shown(name)} is missing")
        self.unused.discard(name)
        return self.lazies[self.names[name]].get(name)

    def ignore(self, test):
        self.unused = {n for n in self.unused if not test(n)}

    def count(self, pattern):
        """Returns the number of modules `pattern.format(0)`, (1), ..."""
        k = 0
        heads = {n.rsplit(".", 1)[0] for n in self.names} | set(self.names)
        while any(h == pattern.format(k) or h.startswith(pattern.format(k) + ".") for h in heads):
            k += 1
        return k


class Network:
    """A graph that is built module by module, with the weights of a State."""

    def __init__(self, state, channels):
        if channels not in (1, 3):
            raise Refused(f"takes {channels} channels; 1 (luma) or 3 (RGB) are needed")
        self.state, self.graph = state, Graph(channels, *SIZE)
        self.x = self.graph.input

    def conv(self, name, padding=None, x=None, stride=1, mode="zeros"):
        """Adds the conv2d `name`. Its padding is half of its kernel unless `padding` is given."""
        weight = self.state.get(f"{name}.weight")
        bias = self.state.get(f"{name}.bias") if f"{name}.bias" in self.state else None
        if weight.ndim != 4:
            raise Refused(f"the tensor {shown(name + '.weight')} is no convolution's")
        x = self.x if x is None else x
        groups = x.channels // weight.shape[1] if weight.shape[1] else 0
        if groups < 1 or groups * weight.shape[1] != x.channels:
            raise Refused(f"the tensor {shown(name + '.weight')} of the shape {list(weight.shape)} "
                          f"does not fit {x.channels} channels")
        y, x_pad = (k // 2 for k in weight.shape[2:]) if padding is None else (padding, padding)
        self.x = convolution(self.graph, x, weight, bias, shown(name), (stride, stride),
                             (y, x_pad, y, x_pad), groups=groups, mode=mode)
        return self.x

    def deconv(self, name, stride, padding, extra=0):
        weight = self.state.get(f"{name}.weight")
        bias = self.state.get(f"{name}.bias") if f"{name}.bias" in self.state else None
        self.x = transposed(self.graph, self.x, weight, bias, shown(name), (stride, stride),
                            (padding,) * 4, extra=(extra, extra))
        return self.x

    def act(self, kind, **keys):
        self.x = self.graph.add(kind, [self.x], kind, **keys)
        return self.x

    def prelu(self, name):
        slopes = self.state.get(f"{name}.weight").ravel()
        if slopes.size not in (1, self.x.channels):
            raise Refused(f"{slopes.size} slopes in {shown(name)} for {self.x.channels} channels")
        return self.act("prelu", weight=slopes)

    def add(self, other):
        self.x = self.graph.add("add", [self.x, other], "a sum")
        return self.x

    def shuffle(self, factor):
        if factor > 1:
            self.x = self.graph.add("pixel_shuffle", [self.x], "the pixel shuffle",
                                    upscale_factor=factor)
        return self.x

    def nearest(self, factor, x=None):
        x = self.x if x is None else x
        if factor > 1:
            x = self.graph.add("upsample", [x], "the upsampling", scale_factor=(factor, factor),
                               mode="nearest", align_corners=False)
        self.x = x
        return x

    def done(self, x=None):
        self.graph.output = self.x if x is None else x
        return self.graph


def factor_of(outs, channels, what="last convolution"):
    """Returns the factor whose square times `channels` is `outs`."""
    factor = 1
    while factor * factor * channels < outs:
        factor += 1
    if factor * factor * channels != outs:
        raise Refused(f"the {what} gives {outs} channels, which is no square times {channels}")
    return factor
