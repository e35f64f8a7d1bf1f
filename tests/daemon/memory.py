"""memory.py - the memory of the whole process, as the kernel counts it. Refused pictures take
almost none, damaged ones and bombs no more than /v1/estimate says, and all of it is given back."""
import json
import os
import struct
import sys
import zlib

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import (SIGNATURE, Daemon, Skip, chunk, claim, equal, flat_png, header, png,
                    run_claims)  # noqa: E402
from preload import sanitized  # noqa: E402

MIB = 1 << 20


def needs_the_kernels_count():
    if sanitized():
        raise Skip("a sanitizer's memory is not the program's")


def status(d, name):
    with open("/proc/%d/status" % d.process.pid) as file:
        for line in file:
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
    raise Skip("the kernel does not tell " + name)


def forget_peak(d):
    try:
        with open("/proc/%d/clear_refs" % d.process.pid, "w") as file:
            file.write("5")
    except OSError as why:
        raise Skip("the kernel does not begin a peak anew: %s" % why)


def growth(d, body, query=""):
    """Returns (status, code, bytes above the resident memory before) of one request."""
    forget_peak(d)
    before = status(d, "VmRSS")
    reply = d.upscale(body, query)
    code = reply.problem()["code"] if reply.status != 200 else None
    return reply.status, code, status(d, "VmHWM") - before


def warm(d):
    """Sends a first request, so that what it allocates for all is not counted for another."""
    for _ in range(3):
        d.upscale(png(300, 200)).expect(200)
        equal(d.upscale(b"no picture").status, 415)


def zeros(count):
    """Returns a zlib stream of that many zeros, without making them."""
    pack, piece = zlib.compressobj(9), bytes(MIB)
    out = [pack.compress(piece[:min(MIB, count - at)]) for at in range(0, count, MIB)]
    return b"".join(out) + pack.flush()


def file_of(head, *chunks):
    return SIGNATURE + head + b"".join(chunks) + chunk(b"IEND", b"")


def pixels(width, height):
    return chunk(b"IDAT", zlib.compress((b"\0" + b"\x55" * width) * height))


def bad_crc(data):
    return data[:29] + bytes([data[29] ^ 1]) + data[30:]


# name, file, code; each is judged by its first bytes
REFUSED = [
    ("a side beyond the limit", file_of(header(1 << 20, 1), pixels(8, 8)), "too_wide"),
    ("the largest sides there are", file_of(header(0x7FFFFFFF, 0x7FFFFFFF), pixels(8, 8)), "too_wide"),
    ("sides beyond what PNG allows", file_of(header(0xFFFFFFFF, 1), pixels(8, 8)), "png_header"),
    ("pixels beyond the limit", file_of(header(32768, 32768), pixels(8, 8)), "too_many_pixels"),
    ("no sides", file_of(header(0, 5), pixels(8, 8)), "png_header"),
    ("an unknown colour type", file_of(header(8, 8, 5), pixels(8, 8)), "png_header"),
    ("a header with another check sum", bad_crc(png()), "png_crc"),
    ("no picture at all", b"GIF89a" + bytes(9000), "not_png"),
    ("twenty million pixels at eight times", flat_png(5000, 4000), "output_too_large"),
]

SIDE = 500  # side of the following ones: a gray picture of at most half a megabyte
HEAD = header(SIDE, SIDE, 0)
PIXELS = pixels(SIDE, SIDE)
EMPTY = chunk(b"IDAT", b"")


def text(data):
    return b"Comment\0" + data


def many(kind, data, count):
    return chunk(kind, data) * count


def bombs():
    """Returns name, file, code. The code is None if the file is answered. Pixels beyond those that
    the header states are left out, as in libpng."""
    huge = zeros(300 * MIB)
    flip = bytearray(file_of(HEAD, PIXELS))
    flip[len(flip) - 12 - 10] ^= 1
    whole = file_of(HEAD, PIXELS)
    return [
        ("text that unpacks to 300 MiB", file_of(HEAD, chunk(b"zTXt", text(b"\0" + huge)), PIXELS), None),
        ("an international one", file_of(HEAD, chunk(b"iTXt", text(b"\1\0\0\0" + huge)), PIXELS), None),
        ("a profile that unpacks to 300 MiB", file_of(HEAD, chunk(b"iCCP", text(b"\0" + huge)), PIXELS),
         None),
        ("300 MiB of pixels for a small header", file_of(HEAD, chunk(b"IDAT", huge)), None),
        ("one row too many", file_of(HEAD, pixels(SIDE, SIDE + 1)), None),
        ("100,000 texts", file_of(HEAD, many(b"tEXt", text(b"x"), 100000), PIXELS), "png_limit"),
        ("100,000 unknown chunks", file_of(HEAD, many(b"prVt", b"", 100000), PIXELS), "png_limit"),
        ("100,000 empty pixel chunks", file_of(HEAD, EMPTY * 100000, PIXELS), "png_limit"),
        ("a text of 12 MiB", file_of(HEAD, chunk(b"tEXt", text(b"x" * (12 * MIB))), PIXELS), "png_limit"),
        ("a changed byte", bytes(flip), "png_crc"),
        ("half a file", whole[:len(whole) // 2], "png_truncated"),
        ("a length beyond the file", SIGNATURE + HEAD + struct.pack(">I", 0x7FFFFFFF) + b"IDATxxxx",
         "png_truncated"),
    ]


@claim
def a_refused_picture_takes_less_than_a_megabyte():
    needs_the_kernels_count()
    with Daemon() as d:
        warm(d)
        for name, body, wanted in REFUSED:
            got, code, grown = growth(d, body[:4096], "?scale=8")
            equal((got // 100, code), (4, wanted), name)
            equal(grown < MIB, True, "%s: %d bytes" % (name, grown))


@claim
def bombs_and_damaged_ones_stay_within_what_is_said():
    needs_the_kernels_count()
    with Daemon() as d:
        warm(d)
        for name, body, wanted in bombs():
            got, code, grown = growth(d, body)
            equal((got, code), (422, wanted) if wanted else (200, None), name)
            reply = d.ask("POST", "/v1/estimate", body)
            if reply.status == 200:  # otherwise it was refused before memory was allocated
                most = json.loads(reply.body)["peak_memory_bytes"]
            else:
                most = len(body)
            equal(grown < most + MIB, True, "%s: %d bytes, said %d" % (name, grown, most))


@claim
def what_pictures_took_is_given_back():
    """Memory is given back by every thread that had some: each of these has a driver of its own."""
    needs_the_kernels_count()
    with Daemon() as d:
        body = flat_png(2000, 1500)
        for i in range(12):
            d.upscale(body).expect(200)
            if i == 2:
                few = status(d, "VmRSS")
        grown = status(d, "VmRSS") - few
        equal(grown < 8 * MIB, True, "%d bytes more after twelve than after three" % grown)


run_claims()
