"""Loss and gradients of net.py's network of 16 channels by fast.c: the same as PyTorch's but for
rounding, several times sooner. Needs a C compiler; patches are shared among threads."""
import concurrent.futures
import ctypes
import hashlib
import os
import pathlib
import subprocess

import numpy as np
import torch
from torch.nn import functional as F

import data

SOURCE = pathlib.Path(__file__).with_name("fast.c")
CHANNELS = 16


def takes(shape):
    """Whether a network of this shape is one for fast.c."""
    ends = shape["head"] == shape["tail"] == 3 and shape["skip"] == "nearest"
    return ends and shape["channels"] == CHANNELS


class CNet(ctypes.Structure):
    _fields_ = [("depth", ctypes.c_int), ("planes", ctypes.c_int), ("squared", ctypes.c_int),
                *[(name, ctypes.c_void_p) for name in ("weight", "bias", "slope")]]


class CGradient(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("weight", "bias", "slope")]


def library():
    """fast.c, compiled once for this machine."""
    tag = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]
    path = data.RUN / f"fast-{tag}.so"
    if not path.exists():
        data.RUN.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        subprocess.run(["cc", "-O3", "-march=native", "-Wno-psabi", "-shared", "-fPIC", "-o", part,
                        SOURCE], check=True)
        part.rename(path)
    lib = ctypes.CDLL(str(path))
    lib.fast_work.restype, lib.fast_patch.restype = ctypes.c_size_t, ctypes.c_double
    return lib


def aligned(count):
    """Zeros that begin at a multiple of 64 bytes."""
    raw = np.zeros(count + 16, np.float32)
    skip = -raw.ctypes.data % 64 // 4
    return raw[skip:skip + count]


def pointers(arrays):
    return (ctypes.c_void_p * len(arrays))(*[a.ctypes.data for a in arrays])


def packed(net):
    """What fast.c reads, as tensors that PyTorch can take gradients back through: kernels
    [3][3][in][16], biases and slopes [16]."""
    blocks = [net.head, *net.body, net.tail]
    weights = [block.weight().permute(2, 3, 1, 0) for block in blocks]
    biases = [block.bias.repeat_interleave(block.shared) for block in blocks]
    fill = CHANNELS - weights[-1].shape[-1]
    weights[-1], biases[-1] = F.pad(weights[-1], (0, fill)), F.pad(biases[-1], (0, fill))
    return weights + biases + list(net.slopes)


class Gradients:
    """Sums of one thread's patches, and its working memory."""

    def __init__(self, tensors, work):
        self.sums = [aligned(t.numel()) for t in tensors]
        self.work = aligned(work)


class Fast:
    def __init__(self, threads):
        self.lib, self.pool = library(), concurrent.futures.ThreadPoolExecutor(threads)
        self.threads, self.kept = threads, None

    def backward(self, net, lr, hr, squared):
        """As loss.backward() for the mean error over the batch; returns the loss."""
        tensors, depth, planes = packed(net), len(net.body), net.shape["planes"]
        side = lr.shape[-1]
        if self.kept is None:
            work = self.lib.fast_work(depth, side)
            self.kept = [Gradients(tensors, work) for _ in range(self.threads)]
        flat = []
        for t in tensors:
            flat.append(aligned(t.numel()))
            flat[-1][:] = t.detach().reshape(-1).numpy()
        layers = depth + 2
        parts = flat[:layers], flat[layers:2 * layers], flat[2 * layers:]
        tables = [pointers(a) for a in parts]
        c_net = CNet(depth, planes, squared, *map(ctypes.addressof, tables))
        pictures = np.ascontiguousarray(lr.permute(0, 2, 3, 1).numpy())
        wanted = np.ascontiguousarray(hr.numpy())
        jobs = [self.pool.submit(self.share, k, c_net, side, pictures, wanted, layers)
                for k in range(self.threads)]
        loss = sum(job.result() for job in jobs)
        sums = [sum(kept.sums[i] for kept in self.kept) for i in range(len(tensors))]
        torch.autograd.backward(tensors, [torch.from_numpy(s).view(t.shape)
                                          for s, t in zip(sums, tensors)])
        return loss

    def share(self, k, c_net, side, pictures, wanted, layers):
        kept = self.kept[k]
        for s in kept.sums:
            s.fill(0)
        parts = kept.sums[:layers], kept.sums[layers:2 * layers], kept.sums[2 * layers:]
        tables = [pointers(a) for a in parts]
        gradient = CGradient(*map(ctypes.addressof, tables))
        scale = ctypes.c_float(1 / wanted.size)
        return sum(self.lib.fast_patch(ctypes.byref(c_net), side,
                                       ctypes.c_void_p(pictures[i].ctypes.data),
                                       ctypes.c_void_p(wanted[i].ctypes.data), scale,
                                       ctypes.c_void_p(kept.work.ctypes.data),
                                       ctypes.byref(gradient))
                   for i in range(k, len(pictures), self.threads))
