"""Reads PyTorch's files: the zip that torch.save writes since 1.6, and the sequence of pickles that
it wrote before."""
import zipfile
import zlib

import numpy as np

from . import pickles
from .errors import Refused, shown
from .files import opened
from .tensors import FORMS, Lazy

MAX_BYTES = 1 << 31
MAX_PICKLE = 1 << 26
MAX_ENTRIES = 100_000
MAGIC = 0x1950a86a20f9469cfc6c


def _storage_of(key):
    """Returns the storage that a persistent id names."""
    if not isinstance(key, tuple) or len(key) < 5 or key[0] != "storage" \
            or not isinstance(key[1], pickles.Name) or key[1].dtype is None \
            or not isinstance(key[2], str) or not isinstance(key[4], int):
        raise Refused("a pickle that refers to data in a way that is not known")
    return pickles.Storage(key[1].dtype, key[2], key[4])


class Zip:
    """The entries of a zip file. They are read piece by piece, and never beyond their stated
    sizes."""

    def __init__(self, path):
        try:
            self.zip = zipfile.ZipFile(path)
            entries = self.zip.infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
            raise Refused("a damaged zip file") from None
        if len(entries) > MAX_ENTRIES:
            raise Refused(f"a zip file of more than {MAX_ENTRIES} entries")
        self.entries = {e.filename: e for e in entries}

    def read(self, name, start, count):
        try:
            with self.zip.open(self.entries[name]) as f:
                while start > 0:
                    part = f.read(min(start, 1 << 20))
                    if not part:
                        return b""
                    start -= len(part)
                return f.read(count)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError,
                RuntimeError, zlib.error):
            raise Refused(f"a damaged zip file, in {shown(name)}") from None


def read_zip(path):
    """Returns the saved value, with Lazy tensors in it."""
    archive = Zip(path)
    names = [n for n in archive.entries if n == "data.pkl" or n.endswith("/data.pkl")]
    if len(names) != 1:
        raise Refused("a zip file, but not one of PyTorch's: there is no data.pkl in it")
    folder = names[0][:-len("data.pkl")]
    if f"{folder}constants.pkl" in archive.entries:
        raise Refused("a TorchScript program, not a state dict; export the model to ONNX")
    if f"{folder}byteorder" in archive.entries and \
            archive.read(f"{folder}byteorder", 0, 16) != b"little":
        raise Refused("its numbers are not little-endian")
    if archive.entries[names[0]].file_size > MAX_PICKLE:
        raise Refused(f"a pickle of more than {MAX_PICKLE} bytes")
    data = archive.read(names[0], 0, MAX_PICKLE)
    value, _ = pickles.load(data, 0, _storage_of)

    def lazy(t):
        name = f"{folder}data/{t.storage.key}"
        entry = archive.entries.get(name)
        form = FORMS.get(t.storage.dtype, "u1")
        if entry is None or t.storage.numel * np.dtype(form).itemsize > entry.file_size:
            raise Refused(f"the zip file lacks the data of a tensor ({shown(name)})")
        return Lazy(t.shape, t.storage.dtype, lambda start, count: archive.read(name, start, count),
                    t.offset, t.strides, t.storage.numel)
    return value, lazy


def read_old(path):
    """Returns the same for a file of PyTorch before 1.6."""
    with opened(path) as f:
        data = f.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Refused(f"more than {MAX_BYTES} bytes")
    magic, at = pickles.load(data, 0)
    if magic != MAGIC:
        raise Refused("a pickle, but not one of PyTorch's")
    _, at = pickles.load(data, at)      # the version of the protocol
    about, at = pickles.load(data, at)
    if isinstance(about, dict) and about.get("little_endian") is False:
        raise Refused("its numbers are not little-endian")
    sizes = {}

    def place(key):
        storage = _storage_of(key)
        sizes[storage.key] = storage
        return storage
    value, at = pickles.load(data, at, place)
    keys, at = pickles.load(data, at)
    if not isinstance(keys, list):
        raise Refused("a pickle without the list of its data")
    starts = {}
    for key in keys:
        if not isinstance(key, str) or key not in sizes or at + 8 > len(data):
            raise Refused("a pickle whose data do not fit its list of them")
        count = int.from_bytes(data[at:at + 8], "little")
        if count != sizes[key].numel:
            raise Refused("a pickle whose data are of other sizes than it says")
        starts[key] = at + 8
        at += 8 + count * np.dtype(FORMS.get(sizes[key].dtype, "u1")).itemsize

    def lazy(t):
        if t.storage.key not in starts:
            raise Refused("a pickle that lacks the data of a tensor")
        begin = starts[t.storage.key]
        return Lazy(t.shape, t.storage.dtype,
                    lambda start, count: data[begin + start:begin + start + count],
                    t.offset, t.strides, t.storage.numel)
    return value, lazy
