"""Reads ncnn's two files: the text of layers (.param) and the sequence of their weights (.bin)."""
import numpy as np

from .errors import Refused, shown
from .files import opened
from .graph import MAX_NODES, MAX_NUMBERS

MAGIC = "7767517"
MAX_PARAM = 1 << 24
MAX_BIN = 1 << 30
HALF, QUANTISED, RAW = 0x01306B47, 0x000D4B38, 0x0002C056


class Row:
    """A layer: kind, name, the blobs that it reads and writes, and its numbered parameters."""

    def __init__(self, kind, name, reads, gives, values):
        self.kind, self.name, self.reads, self.gives, self.values = kind, name, reads, gives, values
        self.where = f"layer {shown(name)} ({shown(kind)[1:-1]})"

    def int(self, key, default=0):
        value = self.values.get(key, default)
        if isinstance(value, list) or value != int(value) or abs(value) > 1 << 31:
            raise Refused(f"{self.where}: parameter {key} is no whole number")
        return int(value)

    def float(self, key, default=0.0):
        value = self.values.get(key, default)
        if isinstance(value, list):
            raise Refused(f"{self.where}: parameter {key} is a list")
        return float(value)

    def list(self, key):
        value = self.values.get(key, self.values.get(-23300 - key, []))
        return value if isinstance(value, list) else [value]

    def pair(self, key_x, key_y, default):
        """Returns [y, x] of a parameter that is x. If y differs, it is at another key."""
        x = self.int(key_x, default)
        return self.int(key_y, x), x


def _number(text):
    try:
        return float(text) if any(c in text for c in ".eEnN") else int(text)
    except ValueError:
        raise Refused(f"{shown(text)} is no number") from None


def _values(words, where):
    out = {}
    for word in words:
        key, _, value = word.partition("=")
        try:
            key = int(key)
        except ValueError:
            raise Refused(f"{where}: {shown(word)} is no parameter") from None
        parts = value.split(",")
        if key <= -23300:
            key, parts = -(key + 23300), parts[1:]
            out[key] = [_number(p) for p in parts]
        elif len(parts) > 1:
            out[key] = [_number(p) for p in parts]
        else:
            number = _number(value)
            if number != number or abs(number) == float("inf"):
                raise Refused(f"{where}: {shown(word)} is no number")
            out[key] = number
    return out


def rows(path):
    """Returns the layers of a .param file."""
    try:
        with opened(path) as f:
            data = f.read(MAX_PARAM + 1)
        lines = data.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise Refused("not a .param file of text; the binary form has no names in it") from None
    if len(data) > MAX_PARAM or lines[0].strip() != MAGIC:
        raise Refused(f"not a .param file of ncnn: it does not begin with {MAGIC}")
    out = []
    for number, line in enumerate(lines[2:], 3):
        words = line.split()
        if not words:
            continue
        try:
            reads, gives = int(words[2]), int(words[3])
        except (IndexError, ValueError):
            raise Refused(f"line {number} of the .param file is no layer") from None
        if not 0 <= reads <= 1000 or not 0 <= gives <= 1000 or len(words) < 4 + reads + gives:
            raise Refused(f"line {number} of the .param file ends too early")
        blobs = words[4:4 + reads + gives]
        values = _values(words[4 + reads + gives:], f"line {number} of the .param file")
        out.append(Row(words[0], words[1], blobs[:reads], blobs[reads:], values))
    if not out:
        raise Refused("a .param file without layers")
    if len(out) > MAX_NODES:
        raise Refused(f"more than {MAX_NODES} layers")
    return out


class Weights:
    """A .bin file, which is read from beginning to end in the order in which its layers need it."""

    def __init__(self, path):
        try:
            with opened(path) as f:
                self.data = f.read(MAX_BIN + 1)
        except OSError as e:
            raise Refused(f"the weights {shown(path)} cannot be read: {e.strerror}") from None
        if len(self.data) > MAX_BIN:
            raise Refused(f"weights of more than {MAX_BIN} bytes")
        self.at = 0

    def _take(self, count, where):
        if count < 0 or count > len(self.data) - self.at:
            raise Refused(f"{where}: the .bin file ends before its weights do")
        self.at += count
        return self.data[self.at - count:self.at]

    def raw(self, count, where):
        """Returns `count` float32 numbers."""
        self._check(count, where)
        return np.frombuffer(self._take(4 * count, where), "<f4")

    def flagged(self, count, where):
        """Returns `count` numbers that follow a word with their format."""
        self._check(count, where)
        flag = int.from_bytes(self._take(4, where), "little")
        if flag == HALF:
            values = np.frombuffer(self._take(2 * count, where), "<f2").astype(np.float32)
            self._take(-2 * count % 4, where)
            return values
        if flag in (0, RAW):
            return self.raw(count, where)
        if flag == QUANTISED:
            raise Refused(f"{where}: weights of 8 bits; float16 or float32 is needed")
        table = np.frombuffer(self._take(1024, where), "<f4")     # 256 values, and one byte per number
        index = np.frombuffer(self._take(count, where), "u1")
        self._take(-count % 4, where)
        return table[index]

    def done(self):
        if self.at != len(self.data):
            raise Refused(f"the .bin file has {len(self.data) - self.at} bytes more than the "
                          "layers take; is it of another .param file?")

    @staticmethod
    def _check(count, where):
        if not 0 < count <= MAX_NUMBERS:
            raise Refused(f"{where}: {count} weights")
