"""Opens the files that the importer reads, and names the kinds that it does not read by how they
begin."""
import errno
import os
import re
import stat

from .errors import Refused


def opened(path):
    """Returns a regular file, open for bytes. OSError for anything else: a pipe could keep the
    importer waiting, and a device may have no end."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(handle).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(handle, "rb")
    os.close(handle)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    raise OSError(errno.EINVAL, "a pipe or a device; a regular file is needed", path)


START = 64      # bytes that are enough for refuse_unread()
PACKED = "a {} file; unpack it first"
BEGINNINGS = {
    b"\x1f\x8b": PACKED.format("gzip"), b"BZh": PACKED.format("bzip2"),
    b"\xfd7zXZ": PACKED.format("xz"), b"7z\xbc\xaf\x27\x1c": PACKED.format("7z"),
    b"\x28\xb5\x2f\xfd": PACKED.format("zstd"), b"Rar!": PACKED.format("rar"),
    b"\x89HDF\r\n": "an HDF5 file, as Keras writes them; export the model to ONNX",
    b"\x93NUMPY": "an array of numpy, which does not say what network it belongs to",
    b"GGUF": "a GGUF file; networks of convolutions come as ONNX, PyTorch, safetensors or ncnn files",
    b"\x89PNG\r\n": "a picture; the file of a trained network is needed",
    b"\x1d\x85\x76\x00": "the binary form of ncnn's .param, which has no names in it; the .param file "
                         "of text is needed",
}
# How protocols 0 and 1 begin: a container, a number or a global, each in its own way.
TEXT_PICKLE = re.compile(rb"c[A-Za-z_][\w.]*\n[A-Za-z_]|[LI][0-9]+L?\n|\((?:dp|lp|c[a-z]|d\.|l\.)|"
                         rb"[}\]]q[\0-\xff]|\([}\]]q")


def refuse_unread(start, ending):
    """Refuses a file of a kind that no reader takes. `start` are its first bytes, `ending` the end
    of its name."""
    for beginning, what in BEGINNINGS.items():
        if start.startswith(beginning):
            raise Refused(what)
    if start[4:8] == b"TFL3":
        raise Refused("a TensorFlow Lite file; export the model to ONNX")
    if TEXT_PICKLE.match(start):
        raise Refused("a pickle of protocol 0 or 1, as Python 2 wrote them; save the model's "
                      "state_dict() again by torch.save, or as safetensors")
    if ending == ".bin":
        raise Refused("weights without the network that they belong to; ncnn's .param file is not "
                      "beside them")
