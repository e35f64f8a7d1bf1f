"""Computes what fast.py computes in bfloat16, by fast_amx.c, on processors that have AMX.

fast_amx.c takes kernels as [taps][in][out]. The head's input holds the nine taps of each pixel in
two parts, so its kernel stands there twice."""
import ctypes
from concurrent.futures import ThreadPoolExecutor

import torch
from torch.nn import functional as F

from fast import HERE, CLoss, Fast, at, library

UNIT, DEEP, MOST = 16, 32, 64


def up(count, to):
    return -(-count // to) * to


def available():
    with open("/proc/cpuinfo") as file:
        return "amx_bf16" in file.read()


def takes(shape):
    """Whether fast_amx.c can run a network of this shape."""
    ends = shape["head"] == shape["tail"] == 3 and shape["skip"] != "bicubic"
    return ends and max(shape["channels"], shape["planes"] * shape["scale"]**2) <= MOST


class CLayer(ctypes.Structure):
    _fields_ = [*[(name, ctypes.c_void_p) for name in ("kernel", "bias", "slope", "ahead", "turned")],
                *[(name, ctypes.c_int) for name in ("taps", "in_", "out", "ins", "outs")]]


class CNet(ctypes.Structure):
    _fields_ = [*[(name, ctypes.c_int) for name in ("depth", "planes", "scale")], ("loss", CLoss),
                ("layers", ctypes.c_void_p)]


def packed(net):
    """Returns kernels [taps][in][out], biases and slopes [out], filled up with zeros."""
    kernels, biases = [], []
    for k, block in enumerate([net.head, *net.body, net.tail]):
        weight, bias = block.weight().permute(2, 3, 1, 0), block.bias.repeat_interleave(block.shared)
        weight = weight.reshape(1 if k == 0 else 9, -1, weight.shape[3])
        if k == 0:
            weight = torch.cat([weight, weight], 1)
        ins, outs = weight.shape[1:]
        kernels.append(F.pad(weight, (0, up(outs, DEEP) - outs, 0, up(ins, DEEP) - ins)))
        biases.append(F.pad(bias, (0, up(outs, DEEP) - outs)))
    return kernels, biases, [F.pad(s, (0, up(len(s), DEEP) - len(s))) for s in net.slopes]


class FastAmx(Fast):
    def __init__(self, threads, flags="-march=native -mamx-tile -mamx-bf16"):
        self.lib, self.pool = library([HERE / "fast_amx.c"], flags), ThreadPoolExecutor(threads)
        self.lib.amx_work.restype, self.lib.amx_patch.restype = ctypes.c_size_t, ctypes.c_double
        self.threads, self.kept, self.tiles = threads, None, None
        if not self.lib.amx_allowed():
            raise OSError("the kernel does not permit the use of AMX")

    def packed(self, net):
        return packed(net)

    def network(self, shape, tensors, loss):
        kernels, biases, slopes = tensors
        if self.tiles is None:
            self.tiles = [torch.empty(k.numel()) for k in kernels]  # twice as many numbers of 16 bits
        channels, pixels = shape["channels"], shape["planes"] * shape["scale"]**2
        ins = [up(18 * shape["planes"], UNIT), *[up(channels, UNIT)] * (shape["depth"] + 1)]
        outs = [*ins[1:], up(pixels, UNIT)]
        self.layers = (CLayer * len(kernels))(*[
            CLayer(at(k), at(b), at(slopes[i]) if i < len(slopes) else None, at(t),
                   ctypes.c_void_p(t.data_ptr() + 2 * k.numel()), *k.shape, ins[i], outs[i])
            for i, (k, b, t) in enumerate(zip(kernels, biases, self.tiles))])
        list(self.pool.map(lambda l: self.lib.amx_pack(ctypes.byref(l)), self.layers))
        return CNet(shape["depth"], shape["planes"], shape["scale"], CLoss(*loss),
                    ctypes.addressof(self.layers))

    def sums(self, tensors):
        """Returns what fast_amx.c adds to: kernels are [taps][out][in] there."""
        kernels, biases, slopes = tensors
        return [[k.transpose(1, 2) for k in kernels], biases, slopes]

    def work(self, c_net, side):
        return -(-self.lib.amx_work(ctypes.byref(c_net), side) // 2)

    def patch(self, c_net, side, lr, hr, share, kept):
        return share * self.lib.amx_patch(ctypes.byref(c_net), side, lr, hr, at(kept.work), kept.table)

    def outputs(self, written):
        return written / written.numel()

    def share(self, kept, c_net, side, pictures, wanted, todo):
        loss = super().share(kept, c_net, side, pictures, wanted, todo)
        for kind in kept.sums:
            for s in kind:
                s.div_(wanted.numel())
        return loss
