"""png_file.py - a second decoder for files that the daemon writes. It uses zlib's inflate but no code of
libpng or of ours, and is stricter than both. PNG specification, third edition: 5.6 (order), 9.2
(filters), 10.1 (compression), 11 (chunks)."""
import zlib

# The last place where a chunk may stand, and whether it may occur only once. Chunks that are not
# listed may stand anywhere, but must be safe to copy, because they were in the input.
BEFORE_PALETTE, BEFORE_PIXELS, ANYWHERE = range(3)
PLACES = {
    "cHRM": (BEFORE_PALETTE, 1), "cICP": (BEFORE_PALETTE, 1), "gAMA": (BEFORE_PALETTE, 1),
    "iCCP": (BEFORE_PALETTE, 1), "mDCV": (BEFORE_PALETTE, 1), "cLLI": (BEFORE_PALETTE, 1),
    "sBIT": (BEFORE_PALETTE, 1), "sRGB": (BEFORE_PALETTE, 1), "bKGD": (BEFORE_PIXELS, 1),
    "eXIf": (BEFORE_PIXELS, 1), "pHYs": (BEFORE_PIXELS, 1), "tEXt": (ANYWHERE, 0),
    "zTXt": (ANYWHERE, 0), "iTXt": (ANYWHERE, 0),
}
CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}


class Wrong(Exception):
    pass


def check(condition, what):
    if not condition:
        raise Wrong(what)


def chunks(data):
    """Returns (type, contents) of all chunks, in order. Checks lengths and check sums."""
    check(data[:8] == b"\x89PNG\r\n\x1a\n", "signature")
    at, found = 8, []
    while at < len(data):
        length = int.from_bytes(data[at:at + 4], "big")
        check(at + 12 + length <= len(data), "length")
        body = data[at + 4:at + 8 + length]
        check(zlib.crc32(body).to_bytes(4, "big") == data[at + 8 + length:at + 12 + length], "crc")
        found.append((body[:4].decode("ascii"), body[4:]))
        at += 12 + length
    return found


def check_order(found):
    names = [name for name, _ in found]
    check(names[0] == "IHDR" and names.count("IHDR") == 1, "IHDR")
    check(names[-1] == "IEND" and names.count("IEND") == 1 and not found[-1][1], "IEND")
    check("PLTE" not in names and "tRNS" not in names, "a palette in a picture without one")
    first, count = names.index("IDAT"), names.count("IDAT")
    check(names[first:first + count] == ["IDAT"] * count, "IDAT parted")
    check(not ("iCCP" in names and "sRGB" in names), "two statements about colour")
    for i, name in enumerate(names):
        if name in PLACES:
            place, once = PLACES[name]
            check(place == ANYWHERE or i < first, name + " after the pixels")
            check(not once or names.count(name) == 1, name + " twice")
        elif name not in ("IHDR", "IDAT", "IEND"):
            check(name[0].islower() and name[3].islower(), name + " must not be copied")


def unfilter(kind, row, above, step):
    """Unfilters `row`, a bytearray, in place. `above` is the row before it."""
    check(kind <= 4, "filter")
    if kind == 1:
        for i in range(step, len(row)):
            row[i] = row[i] + row[i - step] & 255
    elif kind == 2:
        for i, b in enumerate(above):
            row[i] = row[i] + b & 255
    elif kind == 3:
        for i, b in enumerate(above):
            row[i] = row[i] + ((row[i - step] if i >= step else 0) + b >> 1) & 255
    elif kind == 4:
        for i, b in enumerate(above):
            a, c = (row[i - step], above[i - step]) if i >= step else (0, 0)
            p = a + b - c
            pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
            row[i] = row[i] + (a if pa <= pb and pa <= pc else b if pb <= pc else c) & 255


class Picture:
    """A file: its width, height, depth, channels, rows (bytes as stored) and chunks."""

    def __init__(self, data):
        self.chunks = chunks(data)
        check_order(self.chunks)
        head = self.chunks[0][1]
        check(len(head) == 13 and head[10:] == bytes(3), "IHDR: compression, filter, interlace")
        self.width, self.height = (int.from_bytes(head[i:i + 4], "big") for i in (0, 4))
        self.depth, kind = head[8], head[9]
        check(self.depth in (8, 16) and kind in CHANNELS, "IHDR: colour type and depth")
        self.channels = CHANNELS[kind]
        self.rows = self._decode(b"".join(body for name, body in self.chunks if name == "IDAT"))

    def _decode(self, stream):
        step = self.channels * self.depth // 8
        count = self.width * step
        inflate = zlib.decompressobj()
        raw = inflate.decompress(stream) + inflate.flush()
        check(inflate.eof and not inflate.unused_data, "zlib: an end, and nothing behind it")
        check(len(raw) == self.height * (count + 1), "zlib: as many bytes as there are pixels")
        rows, above = [], bytes(count)
        for y in range(self.height):
            row = bytearray(raw[y * (count + 1) + 1:(y + 1) * (count + 1)])
            unfilter(raw[y * (count + 1)], row, above, step)
            rows.append(bytes(row))
            above = row
        return rows

    def dump(self):
        """Returns what png_dump writes: the sides, then RGBA with 16 bits of each sample."""
        out = bytearray(b"%d %d\n" % (self.width, self.height))
        size, gray = self.depth // 8, self.channels < 3
        for row in self.rows:
            samples = [row[i:i + size] * (2 // size) for i in range(0, len(row), size)]
            for i in range(0, len(samples), self.channels):
                pixel = samples[i:i + self.channels]
                alpha = pixel.pop() if self.channels % 2 == 0 else b"\xff\xff"
                out += b"".join(pixel * 3 if gray else pixel) + alpha
        return bytes(out)
