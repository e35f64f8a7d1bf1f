"""field.py - files as other programs write them, through the daemon and `convert`. Each is
answered, the pixels are those that libpng finds, and a warning names what was left out or
mended."""
import json
import os
import re
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import BINARY, DATA, Daemon, Skip, chunk, claim, equal, png, run_claims  # noqa: E402

DUMP = os.path.join(os.environ.get("top_builddir", "."), "tests/lib/png_dump")
FIELD = os.path.join(DATA, "field")
WARNINGS = {
    "anc_crc.png": ["chunk_crc"],
    "anc_crc_iccp.png": ["chunk_crc"],
    "win2.png": ["zlib_window"],
    "noiend.png": ["iend_missing"],
    "exif6.png": [],
    "exif_jpegstyle.png": ["exif_prefix"],
    "iccp_long.png": ["chunk_malformed"],  # its profile is no profile
    "hard_disc_alpha.png": [],
    "colour_under_alpha_0.png": [],
    "gray_drawing_as_rgb.png": [],
    "tiled_256.png": [],
}
ITEM = r'([a-z_]+);text="([^"\\]+)"'
PROFILE = (b"\0\0\0\x84" + bytes(12) + b"RGB " + bytes(16) + b"acsp").ljust(132, b"\0")
shared = None


def read(name):
    path = os.path.join(FIELD, name)
    if not os.path.exists(path):
        raise Skip("no field/ in TEST_DATA")
    with open(path, "rb") as file:
        return file.read()


def codes(reply):
    value = reply.headers.get("x-upscaled-warning", "")
    if value and not re.fullmatch(f"{ITEM}(, {ITEM})*", value):
        raise AssertionError("not a list of codes with texts: " + value)
    return [code for code, _ in re.findall(ITEM, value)]


def counted():
    text = shared.ask("GET", "/metrics").expect(200).body.decode()
    return {code: int(n) for code, n in
            re.findall(r'^upscaled_warnings_total\{kind="(\w+)"\} (\d+)$', text, re.M)}


def pixels(data):
    return subprocess.run([DUMP], input=data, stdout=subprocess.PIPE, check=True).stdout


def contents(data, kind):
    """Returns the contents of the chunks of a kind in a sound file."""
    found, at = [], 8
    while at < len(data):
        length = int.from_bytes(data[at:at + 4], "big")
        if data[at + 4:at + 8] == kind:
            found.append(data[at + 8:at + 8 + length])
        at += 12 + length
    return found


@claim
def each_file_is_answered_with_its_warnings():
    for name, expected in WARNINGS.items():
        before = counted()
        reply = shared.upscale(read(name), "?scale=1").expect(200)
        equal(codes(reply), expected, name)
        after = counted()
        equal([code for code in after if after[code] > before[code]], expected, name)


@claim
def the_pixels_are_those_of_the_file_when_it_is_whole():
    whole = read("noiend.png") + chunk(b"IEND", b"")
    equal(pixels(shared.upscale(read("noiend.png"), "?scale=1").expect(200).body), pixels(whole))
    for name in ("anc_crc.png", "anc_crc_iccp.png"):
        data = read(name)
        length = int.from_bytes(data[33:37], "big")
        equal(pixels(shared.upscale(data, "?scale=1").expect(200).body),
              pixels(data[:33] + data[45 + length:]), name)


@claim
def orientation_survives():
    for name in ("exif6.png", "exif_jpegstyle.png"):
        for metadata in ("keep", "color", "none"):
            reply = shared.upscale(read(name), "?metadata=" + metadata).expect(200)
            [exif] = contents(reply.body, b"eXIf")
            order = {b"MM": "big", b"II": "little"}[exif[:2]]
            at = exif.index((0x0112).to_bytes(2, order))
            equal(int.from_bytes(exif[at + 8:at + 10], order), 6, name + " " + metadata)


@claim
def an_orientation_of_another_size_survives():
    for kind, value in ((1, b"\x06\0\0\0"), (3, b"\0\x06\0\0"), (4, b"\0\0\0\x06")):
        data = png(extra=chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\1\x01\x12" +
                               bytes((0, kind, 0, 0, 0, 1)) + value + bytes(4)))
        for metadata in ("color", "none"):
            reply = shared.upscale(data, "?scale=1&metadata=" + metadata).expect(200)
            [exif] = contents(reply.body, b"eXIf")
            equal(exif, b"MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6" + bytes(6), kind)


@claim
def a_profile_is_kept_with_its_name_mended():
    packed = zlib.compress(PROFILE)
    given = png(extra=chunk(b"iCCP", b"Photoshop ICC profile \0\0" + packed))
    for metadata, expected in (("keep", ["name_mended"]), ("color", ["name_mended"]), ("none", [])):
        reply = shared.upscale(given, "?metadata=" + metadata).expect(200)
        equal(codes(reply), expected, metadata)
        equal(contents(reply.body, b"iCCP"),
              [b"Photoshop ICC profile\0\0" + packed] if expected else [])


@claim
def damaged_contents_are_left_out():
    bad = zlib.compress(b"text")[:-1]
    for data in (chunk(b"iCCP", b"a\0\0no zlib stream"), chunk(b"iCCP", b"a\0\0" + bad),
                 chunk(b"iCCP", b"a\0\0" + zlib.compress(PROFILE[:-1])),
                 chunk(b"zTXt", b"a\0\0" + bad), chunk(b"iTXt", b"a\0\1\0\0\0" + bad),
                 chunk(b"iTXt", b"a\0\0\0\0\0\xff"), chunk(b"eXIf", b"MM\0*")):
        reply = shared.upscale(png(extra=data), "?scale=1").expect(200)
        equal((codes(reply), contents(reply.body, data[4:8])), (["chunk_malformed"], []))


@claim
def a_warning_tells_of_no_chunk_that_was_not_asked_for():
    for name, metadata, expected in (("iccp_long.png", "color", ["chunk_malformed"]),
                                     ("iccp_long.png", "none", []),
                                     ("anc_crc_iccp.png", "none", []),
                                     ("anc_crc.png", "color", []),
                                     ("exif_jpegstyle.png", "color", []),
                                     ("exif_jpegstyle.png", "none", []),
                                     ("noiend.png", "none", ["iend_missing"])):
        reply = shared.upscale(read(name), "?scale=1&metadata=" + metadata).expect(200)
        equal(codes(reply), expected, f"{name} {metadata}")


@claim
def many_warnings_are_one_header():
    broken = bytearray(chunk(b"tEXt", b"a\0b"))
    broken[-1] ^= 1
    data = png(extra=bytes(broken) + chunk(b"tIME", b"\x07\xe4\1\1\0\0\0") +
               chunk(b"tEXt", b" a\0b"))
    equal(codes(shared.upscale(data + b"x").expect(200)),
          ["chunk_crc", "chunk_unsafe", "name_mended", "extra_bytes"])
    equal(codes(shared.upscale(png()).expect(200)), [])


def samples(data):
    """Returns (width, [R, G, B, A of each pixel]) with 16 bits, as libpng decodes the file."""
    size, raw = pixels(data).split(b"\n", 1)
    flat = [raw[i] << 8 | raw[i + 1] for i in range(0, len(raw), 2)]
    return int(size.split()[0]), [tuple(flat[i:i + 4]) for i in range(0, len(flat), 4)]


@claim
def gray_stays_gray_with_every_model():
    data = read("gray_drawing_as_rgb.png")
    models = [m["name"] for m in json.loads(shared.ask("GET", "/v1/models").body)["models"]]
    for model in models:
        for query in ("&scale=2", "&scale=3&depth=16", "&edge=zero"):
            reply = shared.upscale(data, f"?model={model}{query}").expect(200)
            for r, g, b, _ in samples(reply.body)[1]:
                if not r == g == b:
                    raise AssertionError(f"{model} {query}: {r} {g} {b}")


@claim
def hard_alpha_is_exact_away_from_edges():
    data = read("hard_disc_alpha.png")
    width, before = samples(data)
    height = len(before) // width
    for query in ("?scale=2", "?model=art&scale=3", "?scale=1.5&depth=16", "?scale=4&edge=reflect"):
        wide, after = samples(shared.upscale(data, query).expect(200).body)
        high, flat = len(after) // wide, 0
        for y in range(high):
            for x in range(wide):
                cx, cy = (2 * x + 1) * width // (2 * wide), (2 * y + 1) * height // (2 * high)
                around = {before[j * width + i][3]
                          for j in range(max(cy - 1, 0), min(cy + 2, height))
                          for i in range(max(cx - 1, 0), min(cx + 2, width))}
                if len(around) == 1:
                    flat += 1
                    equal({after[y * wide + x][3]}, around, f"{query} at {x}, {y}")
        if flat < wide * high // 2:
            raise AssertionError("hardly any pixel is away from the edges")


@claim
def separate_alpha_keeps_the_colours_under_it():
    data = read("colour_under_alpha_0.png")
    width, before = samples(data)

    def worst(query):
        """Returns the difference of the colours from those of the input, away from the edge of the
        picture."""
        wide, after = samples(shared.upscale(data, query).expect(200).body)
        return max(abs(after[y * wide + x][c] - before[y // 2 * width + x // 2][c]) // 257
                   for y in range(8, wide - 8) for x in range(8, wide - 8) for c in range(3)
                   if before[y // 2 * width + x // 2][3] == 0)

    together, separate = worst("?alpha=together"), worst("?alpha=separate")
    equal(worst(""), together)
    if not (separate <= 16 < 64 <= together):
        raise AssertionError(f"{separate} levels apart where kept, {together} where replaced")
    shared.upscale(data, "?alpha=none").expect(400, "bad_parameter")


@claim
def a_file_may_end_anywhere_behind_its_pixels():
    data = read("noiend.png")  # it ends with the check sum of its IDAT
    whole = pixels(data + chunk(b"IEND", b""))
    for cut in (data[:-1], data[:-4], data + bytes(12), data + bytes(4096), data + b"<html>" * 9):
        reply = shared.upscale(cut, "?scale=1").expect(200)
        equal((codes(reply), pixels(reply.body) == whole), (["iend_missing"], True), len(cut))
    shared.upscale(data[:-5] + bytes(100), "?scale=1").expect(422)


@claim
def damage_to_the_pixels_stays_an_error():
    data = bytearray(read("noiend.png"))
    shared.upscale(bytes(data[:-13])).expect(422, "png_truncated")
    data[60] ^= 1
    shared.upscale(bytes(data)).expect(422, "png_crc")


@claim
def convert_says_the_same():
    for name, expected in WARNINGS.items():
        read(name)
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([BINARY, "convert", "--scale", "1", os.path.join(FIELD, name),
                                   os.path.join(folder, "out.png")], stderr=subprocess.PIPE)
        equal((done.returncode, done.stderr.count(b": warning: ")), (0, len(expected)), name)


with Daemon() as shared:
    run_claims()
