"""Computes the loss and the gradients of net.py's network by fast.c: the same as PyTorch's except
for rounding, several times faster. It needs a C compiler. Threads share the patches.

fast.c takes kernels in Winograd's space. PyTorch transforms them there, and transforms their
gradients back."""
import concurrent.futures
import ctypes
import hashlib
import os
import pathlib
import subprocess

import torch
from torch.nn import functional as F

import data

HERE = pathlib.Path(__file__).parent
SOURCES = [HERE / name for name in ("fast.c", "fast_winograd.c")]
VECTOR, MOST = 16, 64  # channels of a vector, and the most of a pixel
G = torch.tensor([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / 24
POINTS = torch.kron(G, G)  # of a 3x3 kernel: [36][9]


def filled(channels):
    return -(-channels // VECTOR) * VECTOR


def takes(shape):
    """Whether fast.c can run a network of this shape."""
    ends = shape["head"] == shape["tail"] == 3 and shape["skip"] != "bicubic"
    outputs = shape["planes"] * shape["scale"]**2
    return ends and max(filled(shape["channels"]), outputs) <= MOST


class CLayer(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("kernel", "turned", "bias", "slope")]


class CLoss(ctypes.Structure):
    _fields_ = [("squared", ctypes.c_int), ("chroma", ctypes.c_float)]


class CNet(ctypes.Structure):
    _fields_ = [*[(name, ctypes.c_int) for name in ("depth", "planes", "scale", "vecs")], ("loss", CLoss),
                ("layers", ctypes.c_void_p)]


class CGradient(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("kernel", "bias", "slope")]


def library(sources, flags="-march=native"):
    """Compiles a part of the trainer for this machine, if that is not done yet, and loads it."""
    text = b"".join(p.read_bytes() for p in [*sources, *sorted(HERE.glob("fast*.h"))]) + flags.encode()
    path = data.RUN / f"fast-{hashlib.sha256(text).hexdigest()[:12]}.so"
    if not path.exists():
        data.RUN.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        subprocess.run(["cc", "-O3", *flags.split(), "-Wno-psabi", "-shared", "-fPIC", "-o", part,
                        *sources], check=True)
        part.rename(path)
    return ctypes.CDLL(str(path))


def at(tensor):
    """Returns the address of a tensor for C. PyTorch aligns to 64 bytes, and C relies on that."""
    assert tensor.is_contiguous() and tensor.dtype == torch.float32 and tensor.data_ptr() % 64 == 0
    return ctypes.c_void_p(tensor.data_ptr())


def packed(net):
    """Returns the arguments of fast.c as tensors through which PyTorch can compute gradients:
    kernels [36][in][out], biases and slopes [out], with channels filled up with zeros."""
    kernels, biases = [], []
    for block in [net.head, *net.body, net.tail]:
        weight, bias = block.weight(), block.bias.repeat_interleave(block.shared)
        outs, ins = weight.shape[:2]
        weight = F.pad(weight.permute(2, 3, 1, 0), (0, filled(outs) - outs, 0, filled(ins) - ins))
        kernels.append((POINTS @ weight.reshape(9, -1)).view(36, *weight.shape[2:]))
        biases.append(F.pad(bias, (0, filled(outs) - outs)))
    return kernels, biases, [F.pad(s, (0, filled(len(s)) - len(s))) for s in net.slopes]


def skip(net, lr):
    """Returns what a linear skip adds to the picture itself, which is all that C adds; None if there is none."""
    if net.shape["skip"] != "linear":
        return None
    halo, scale = net.halo, net.shape["scale"]
    inside = lr[..., halo - 1:lr.shape[-2] - halo + 1, halo - 1:lr.shape[-1] - halo + 1]
    own = F.conv2d(inside, net.own) - inside[..., 1:-1, 1:-1].repeat_interleave(scale**2, 1)
    return F.pixel_shuffle(own, scale)


class Gradients:
    """The sums of the gradients of one thread's patches, and its working memory."""

    def __init__(self, tensors, work):
        self.sums = [[torch.zeros(t.shape) for t in kind] for kind in tensors]
        self.work = torch.zeros(work)
        kernels, biases, slopes = self.sums
        self.table = (CGradient * len(kernels))(*[
            CGradient(at(k), at(b), at(slopes[i]) if i < len(slopes) else None)
            for i, (k, b) in enumerate(zip(kernels, biases))])

    def clear(self):
        for kind in self.sums:
            for s in kind:
                s.zero_()


class Fast:
    """The gradients in float32. FastAmx has the same methods."""

    def __init__(self, threads, flags="-march=native"):
        self.lib, self.pool = library(SOURCES, flags), concurrent.futures.ThreadPoolExecutor(threads)
        self.lib.fast_work.restype, self.lib.fast_patch.restype = ctypes.c_size_t, ctypes.c_double
        self.threads, self.kept, self.turned = threads, None, None

    def packed(self, net):
        return packed(net)

    def network(self, shape, tensors, loss):
        """Returns the network as a C struct. The threads make the kernels with in and out
        exchanged."""
        kernels, biases, slopes = tensors
        if self.turned is None:
            self.turned = [torch.empty(k.numel()) for k in kernels]
        list(self.pool.map(lambda k, t: self.lib.fast_turn(at(k), k.shape[1], k.shape[2], at(t)),
                           kernels, self.turned))
        self.layers = (CLayer * len(kernels))(*[
            CLayer(at(k), at(t), at(b), at(slopes[i]) if i < len(slopes) else None)
            for i, (k, t, b) in enumerate(zip(kernels, self.turned, biases))])
        return CNet(shape["depth"], shape["planes"], shape["scale"],
                    filled(shape["channels"]) // VECTOR, CLoss(*loss), ctypes.addressof(self.layers))

    def sums(self, tensors):
        """Returns the tensors whose gradients fast.c computes."""
        return tensors

    def work(self, c_net, side):
        return self.lib.fast_work(ctypes.byref(c_net), side)

    def patch(self, c_net, side, lr, hr, share, kept):
        return self.lib.fast_patch(ctypes.byref(c_net), side, lr, hr, ctypes.c_float(share),
                                   at(kept.work), kept.table)

    def backward(self, net, lr, hr, loss):
        """Does the same as backward() of net.loss(net(lr) - hr, *loss). Returns the loss."""
        tensors = self.packed(net)
        flat = [[t.detach().contiguous() for t in kind] for kind in tensors]
        c_net, side = self.network(net.shape, flat, loss), lr.shape[-1]
        if self.kept is None:
            self.kept = [Gradients(self.sums(tensors), self.work(c_net, side)) for _ in range(self.threads)]
        skipped = skip(net, lr)
        pictures = lr.permute(0, 2, 3, 1).contiguous()
        wanted = (hr - skipped).detach() if skipped is not None else hr.clone()
        todo = iter(range(len(pictures)))  # next() on it is atomic: a free thread takes the next patch
        jobs = [self.pool.submit(self.share, kept, c_net, side, pictures, wanted, todo)
                for kept in self.kept]
        found = sum(job.result() for job in jobs)
        sums = [sum(parts[1:], parts[0]) for kind in zip(*[kept.sums for kept in self.kept])
                for parts in zip(*kind)]
        torch.autograd.backward([t for kind in self.sums(tensors) for t in kind], sums)
        if skipped is not None:
            skipped.backward(self.outputs(wanted))
        return found

    def outputs(self, written):
        """Returns the gradient of the output, of what a patch wrote over what was wanted."""
        return written

    def share(self, kept, c_net, side, pictures, wanted, todo):
        kept.clear()
        return sum(self.patch(c_net, side, ctypes.c_void_p(pictures[i].data_ptr()),
                              ctypes.c_void_p(wanted[i].data_ptr()), 1 / wanted.numel(), kept)
                   for i in todo)
