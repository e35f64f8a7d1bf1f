"""State dicts: the tensors of a trained network by the names of its modules. The importer must know
the network by these names."""
import re

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


MAX_DICTIONARIES = 100      # that are tried
MAX_READINGS = 40           # of the names of one
MAX_INNER = 1000            # containers that are looked into, and entries of each


def _rank(path):
    """Returns the place of a dictionary among those of a file: known holders, then the outermost
    one, which may have a tensor of statistics beside the network, then the others."""
    holders = tuple(HOLDERS.index(p) if p in HOLDERS else len(HOLDERS) + 1 for p in path)
    return holders or (len(HOLDERS),)


def _dicts(value):
    """Returns all dictionaries with tensors in them, the best first. Lists and tuples may hold
    them too."""
    waiting, best, inner = [((), value)], {}, {id(value)}
    while waiting:
        path, value = waiting.pop(0)
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        if isinstance(value, dict) and any(isinstance(v, pickles.Tensor) for v in value.values()):
            best[id(value)] = path, value
        for key, entry in list(pairs)[:MAX_INNER]:
            under = path + (str(key),)
            if id(entry) in best and _rank(under) < _rank(best[id(entry)][0]):
                best[id(entry)] = under, entry
            container = isinstance(entry, (dict, list)) or type(entry) is tuple
            if container and len(path) < 5 and id(entry) not in inner and len(inner) < MAX_INNER:
                inner.add(id(entry))
                waiting.append((under, entry))
    return [d for _, d in sorted(best.values(), key=lambda b: (_rank(b[0]), -len(b[1])))]


def tensors(value):
    """Returns the dictionaries of a pickle that may be a network, the best first, each as
    {name: tensor}."""
    found = _dicts(value) if isinstance(value, (dict, list)) or type(value) is tuple else []
    if not found:
        raise Refused("there are no tensors by name in it; save the model's state_dict()")
    return [{str(k): v for k, v in d.items() if isinstance(v, pickles.Tensor)}
            for d in found[:MAX_DICTIONARIES]]


def candidates(names):
    """Yields {new name: name} for each way to read the names: unchanged, without a prefix that all
    of them have, or without one that the names of one part of a larger model have."""
    waiting = [{n: n for n in names}]
    for _ in range(MAX_READINGS):
        if not waiting:
            return
        now = waiting.pop(0)
        yield dict(now)
        heads = {n.split(".", 1)[0] for n in now if "." in n}
        if len(heads) != 1 or any("." not in n for n in now):
            heads = [h for h in HOLDERS + ("module", "_orig_mod") if h in heads]
        waiting += [{n[len(h) + 1:]: old for n, old in now.items() if n.startswith(h + ".")}
                    for h in heads]


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

    def _must_have(self, name):
        if name not in self.names:
            raise Refused(f"the tensor {shown(name)} is missing")

    def shape(self, name):
        self._must_have(name)
        return self.lazies[self.names[name]].shape

    def get(self, name):
        self._must_have(name)
        self.unused.discard(name)
        return self.lazies[self.names[name]].get(name)

    def ignore(self, test):
        self.unused = {n for n in self.unused if not test(n)}

    def count(self, pattern):
        """Returns the number of modules `pattern.format(0)`, (1), ..."""
        before, after = pattern.split("{}")
        form = re.compile(re.escape(before) + r"([0-9]{1,6})" + re.escape(after) + r"(?:\.|\Z)")
        numbers = {int(m.group(1)) for m in map(form.match, self.names) if m}
        count = 0
        while count in numbers:
            count += 1
        if numbers and max(numbers) > count:
            there = shown(pattern.format(min(n for n in numbers if n > count)))
            raise Refused(f"the tensors of {shown(pattern.format(count))} are missing, but those of "
                          f"{there} are there")
        return count


class Network:
    """A graph that is built module by module, with the weights of a State."""

    def __init__(self, state, channels):
        if channels not in (1, 3):
            raise Refused(f"takes {channels} channels; 1 (luma) or 3 (RGB) are needed")
        self.state, self.graph = state, Graph(channels, *SIZE)
        self.x = self.graph.input
        self.biased = any(n.endswith(".bias") for n in state.keys())

    def _bias(self, name):
        """Returns the bias of a layer. A network has one in every convolution or in none."""
        return self.state.get(f"{name}.bias") if self.biased else None

    def conv(self, name, padding=None, x=None, stride=1, mode="zeros"):
        """Adds the conv2d `name`. Its padding is half of its kernel unless `padding` is given."""
        weight, bias = self.state.get(f"{name}.weight"), self._bias(name)
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
        weight, bias = self.state.get(f"{name}.weight"), self._bias(name)
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


def hinted_factor(state):
    """Returns the factor that --scale or else the name of the file says, or None."""
    stem = state.options.stem.lower()
    found = set(re.findall(r"(?:^|[^0-9a-z])x([1-8])(?![0-9])", stem) +
                re.findall(r"(?:^|[^0-9a-z])([1-8])x(?![0-9a-z])", stem) +
                re.findall(r"scale([1-8])x?(?![0-9])", stem))
    return state.options.scale or (int(found.pop()) if len(found) == 1 else None)
