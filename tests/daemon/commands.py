"""commands.py - the sub-commands beside serve: convert, models, health, help; what they write and
how they exit: 0 done, 1 something failed, 2 called wrongly."""
import fcntl
import json
import os
import pty
import re
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import BINARY, DEADLINE, Daemon, claim, equal, flat_png, png, run_claims, shape  # noqa: E402

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\0" + b"\0" * 100
MODEL = {"format": "upscaled-model/1", "name": "double", "scale": 2, "color": "y",
         "border": "replicate",
         "layers": [{"type": "upsample", "scale_factor": 2, "mode": "nearest"}]}


def upscaled(*arguments, data=b"", folder=None, environment=()):
    """Runs a sub-command; what it printed, and its status."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("UPSCALED_")}
    return subprocess.run([os.path.abspath(BINARY), *arguments], input=data, cwd=folder,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=DEADLINE,
                          env={**inherited, **dict(environment)}, check=False)


def expect(status, done, *words):
    """The status, and words that standard error must have."""
    equal(done.returncode, status, "status of %s: %s" % (done.args[1:], done.stderr.decode()))
    for word in words:
        equal(word.encode() in done.stderr, True, "%s in %r" % (word, done.stderr))
    return done


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Folder(tempfile.TemporaryDirectory):
    """A folder with a.png, b.png and bad.png."""

    def __enter__(self):
        folder = super().__enter__()
        write(os.path.join(folder, "a.png"), png(8, 6))
        write(os.path.join(folder, "b.png"), png(5, 4))
        write(os.path.join(folder, "bad.png"), JPEG)
        return folder


# ---------------------------------------------------------------- bench


def bench(*arguments):
    return json.loads(expect(0, upscaled("bench", "--json", *arguments)).stdout)


@claim
def bench_tells_programs_what_the_network_takes():
    listed = re.search(r"photo .* (\d+) MAC/px", upscaled("models").stdout.decode())
    o = bench("--size", "40x30", "--threads", "1")
    equal((o["model"], o["width"], o["height"], o["threads"]), ("photo", 40, 30, 1))
    equal([s["name"] for s in o["stages"]], ["network", "network and colour"])
    equal("%.0f" % o["macs_per_pixel"], listed.group(1))
    equal(0 < o["ms_least"] <= o["ms"] < 1000, True, "%r" % o)
    equal(o["peak_gflops"] > 1, True, "%r" % o)
    equal(1 << 20 < o["peak_rss_bytes"] < 1 << 30, True, "%r" % o)
    gflops = 2e-6 * o["macs_per_pixel"] * 40 * 30 / o["ms"]
    equal(abs(o["gflops"] / gflops - 1) < 1e-6, True, "%r" % o)
    equal(abs(o["percent_of_peak"] / (100 * gflops / o["peak_gflops"]) - 1) < 1e-6, True, "%r" % o)


@claim
def bench_takes_a_model_by_file_or_name():
    model = dict(MODEL, color="rgb")
    with Folder() as folder:
        write(folder + "/double.json", json.dumps(model).encode())
        for words in (("--model", folder + "/double.json"),
                      ("--model", "double", "--models", folder)):
            o = bench("--size", "9x7", *words)
            equal((o["model"], [s["name"] for s in o["stages"]]), ("double", ["network"]))


@claim
def bench_says_where_the_time_goes():
    pool = {"type": "max_pool2d", "kernel_size": 3, "stride": 1, "padding": 1}
    by_layer = dict(MODEL, layers=[pool, *MODEL["layers"]])
    with Folder() as folder:
        write(folder + "/double.json", json.dumps(by_layer).encode())
        for words in ((), ("--model", folder + "/double.json")):
            o = bench("--size", "70x50", *words)
            rows = o["layers"]
            equal([r["name"] for r in rows[-3:]], ["picture in", "rows out", "rest"])
            equal(all(r["layer"] is not None and r["thread_ms"] > 0 for r in rows[:-3]), True,
                  "%r" % rows)
            equal(len(rows) >= 5, True, "%r" % rows)
            for key, whole in (("percent", 100), ("macs_per_pixel", o["macs_per_pixel"])):
                total = sum(r[key] for r in rows)
                equal(abs(total - whole) <= 1e-6 * whole, True, "%s: %r" % (key, rows))
        equal(rows[0]["path"], "reference")


@claim
def bench_has_a_thread_for_each_cpu_it_may_use():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        equal(bench("--size", "16x16")["threads"], 1)
    finally:
        os.sched_setaffinity(0, before)


@claim
def bench_prints_for_people():
    out = expect(0, upscaled("bench", "--size", "16x16")).stdout.decode()
    for words in ("photo, 16x16 luma", "multiply-add peak", "% of peak", "picture in", "peak memory"):
        equal(words in out, True, out)


@claim
def bench_png_measures_files_against_libpng():
    sample = os.path.join(os.environ["top_srcdir"], "docs/pictures/sample.png")
    rows = bench("--png", "--compression", "1", "--threads", "2", sample, sample)
    equal([r["file"] for r in rows], [sample, sample])
    for r in rows:
        equal((r["compression"], r["threads"], r["depth"]), (1, 2, 8))
        equal(sorted(r["ms"]), ["decode", "encode", "libpng_1", "libpng_6", "libpng_decode"])
        equal(all(ms > 0 for ms in r["ms"].values()), True, "%r" % r)
        equal(r["bytes"]["encode"] < 1.1 * r["bytes"]["libpng_6"], True, "%r" % r)
    with Folder() as folder:
        write(folder + "/bad.png", b"no picture")
        done = expect(1, upscaled("bench", "--png", folder + "/bad.png", sample), "bad.png")
        equal("encode 6" in done.stdout.decode(), True)


@claim
def bench_refuses_what_it_cannot_measure():
    for words, word in ((("--size", "16"), "WIDTHxHEIGHT"), (("--size", "0x5"), "--size"),
                        (("--size", "16x16k"), "--size"), (("--size", "40000x1"), "--max-side"),
                        (("--size", "32000x32000"), "--max-pixels"), (("a.png",), "usage"),
                        (("--model", "nobody"), "unknown_model"), (("--png",), "usage"),
                        (("--png", "--compression", "10", "a.png"), "compression"), (("--json=maybe",), "json")):
        expect(2, upscaled("bench", *words), word)
    expect(1, upscaled("bench", "--model", "/nowhere.json"), "/nowhere.json")


# ---------------------------------------------------------------- convert


@claim
def convert_enlarges_a_file():
    with Folder() as folder:
        done = expect(0, upscaled("convert", "a.png", "out.png", folder=folder))
        equal((done.stdout, done.stderr), (b"", b""))
        equal(shape(read(folder + "/out.png")), (16, 12, 2, 8))


@claim
def convert_and_the_daemon_give_the_same_bytes():
    with Daemon() as d:
        for query, arguments in (("", ()), ("?scale=3&depth=16", ("--scale=3", "--depth", "16")),
                                 ("?width=20&edge=wrap&compression=1",
                                  ("--width", "20", "--edge=wrap", "--compression", "1"))):
            done = expect(0, upscaled("convert", *arguments, "-", "-", data=png()))
            equal(done.stdout == d.upscale(png(), query).expect(200).body, True, query)


@claim
def convert_reads_standard_input_and_writes_standard_output():
    with Folder() as folder:
        equal(shape(upscaled("convert", "-", "-", data=png()).stdout), (16, 12, 2, 8))
        equal(shape(upscaled("convert", "a.png", "-", folder=folder).stdout), (16, 12, 2, 8))
        expect(0, upscaled("convert", "-", "out.png", data=png(), folder=folder))
        equal(shape(read(folder + "/out.png")), (16, 12, 2, 8))


@claim
def convert_writes_nothing_to_standard_output_when_it_fails():
    done = expect(1, upscaled("convert", "-", "-", data=png()[:-13]), "png_truncated")
    equal(done.stdout, b"")


@claim
def convert_takes_parameters_from_environment_and_file():
    with Folder() as folder:
        write(folder + "/config", b"scale = 4\ndepth = 16\nqueue = 3\n")
        expect(0, upscaled("convert", "--config", "config", "a.png", "1.png", folder=folder))
        equal(shape(read(folder + "/1.png")), (32, 24, 2, 16))
        expect(0, upscaled("convert", "--config", "config", "a.png", "2.png", folder=folder,
                           environment={"UPSCALED_SCALE": "3"}))
        equal(shape(read(folder + "/2.png")), (24, 18, 2, 16))


@claim
def convert_replaces_a_named_output_in_one_step():
    with Folder() as folder:
        out = folder + "/out.png"
        write(out, b"old")
        os.chmod(out, 0o604)
        before = os.stat(out)
        with open(out, "rb") as reader:
            expect(0, upscaled("convert", "a.png", "out.png", folder=folder))
            equal(reader.read(), b"old", "who has the old file open")
        after = os.stat(out)
        equal(after.st_ino != before.st_ino, True, "another file")
        equal(stat.S_IMODE(after.st_mode), 0o604, "the same mode")
        equal(shape(read(out)), (16, 12, 2, 8))
        equal(sorted(os.listdir(folder)), ["a.png", "b.png", "bad.png", "out.png"])


@claim
def convert_may_replace_its_own_input():
    with Folder() as folder:
        expect(0, upscaled("convert", "a.png", "a.png", folder=folder))
        equal(shape(read(folder + "/a.png")), (16, 12, 2, 8))


@claim
def convert_leaves_the_output_alone_when_it_fails():
    with Folder() as folder:
        write(folder + "/out.png", b"old")
        expect(1, upscaled("convert", "bad.png", "out.png", folder=folder), "bad.png", "JPEG",
               "not_png")
        equal(read(folder + "/out.png"), b"old")
        expect(1, upscaled("convert", "bad.png", "new.png", folder=folder))
        equal(sorted(os.listdir(folder)), ["a.png", "b.png", "bad.png", "out.png"])


@claim
def convert_names_what_it_cannot_read_or_write():
    with Folder() as folder:
        expect(1, upscaled("convert", "none.png", "out.png", folder=folder), "none.png", "(io)")
        expect(1, upscaled("convert", "a.png", "none/out.png", folder=folder), "none/out.png")
        expect(1, upscaled("convert", "a.png", "/dev/full", folder=folder), "/dev/full")
        equal(sorted(os.listdir(folder)), ["a.png", "b.png", "bad.png"])


@claim
def convert_goes_on_after_a_bad_file():
    with Folder() as folder:
        os.mkdir(folder + "/out")
        expect(1, upscaled("convert", "a.png", "bad.png", "none.png", "b.png", "--output-dir",
                           "out", folder=folder), "bad.png", "none.png")
        equal(sorted(os.listdir(folder + "/out")), ["a.png", "b.png"])
        equal(shape(read(folder + "/out/b.png")), (10, 8, 2, 8))


@claim
def convert_keeps_files_of_the_output_folder_unless_forced():
    with Folder() as folder:
        os.mkdir(folder + "/out")
        write(folder + "/out/a.png", b"old")
        arguments = ("convert", "a.png", "b.png", "--output-dir", "out")
        expect(0, upscaled(*arguments, folder=folder), "out/a.png", "--force")
        equal(read(folder + "/out/a.png"), b"old")
        equal(shape(read(folder + "/out/b.png")), (10, 8, 2, 8))
        expect(0, upscaled(*arguments, "--force", folder=folder))
        equal(shape(read(folder + "/out/a.png")), (16, 12, 2, 8))


@claim
def convert_refuses_two_inputs_of_one_name():
    with Folder() as folder:
        os.mkdir(folder + "/more")
        os.mkdir(folder + "/out")
        write(folder + "/more/a.png", png())
        expect(2, upscaled("convert", "a.png", "more/a.png", "--output-dir", "out", folder=folder),
               "more/a.png")
        equal(os.listdir(folder + "/out"), [])


@claim
def convert_says_when_it_is_called_wrongly():
    for arguments in ((), ("a.png",), ("a.png", "b.png", "c.png"), ("--output-dir", "out"),
                      ("-", "--output-dir", "out"), ("--nonsense", "a.png", "b.png"),
                      ("--scale",), ("--scale", "9", "a.png", "b.png"),
                      ("--scale", "two", "a.png", "b.png"), ("--queue", "3", "a.png", "b.png"),
                      ("--scale", "2", "--width", "9", "a.png", "b.png"),
                      ("--model", "none", "a.png", "b.png")):
        with Folder() as folder:
            done = expect(2, upscaled("convert", *arguments, folder=folder))
            equal(done.stderr != b"", True, arguments)


@claim
def convert_holds_the_limits():
    with Folder() as folder:
        for option, value, code in (("max-side", "4", "too_wide"),
                                    ("max-pixels", "10", "too_many_pixels"),
                                    ("max-output-pixels", "10", "output_too_large"),
                                    ("max-body", "20", "body_too_large")):
            expect(1, upscaled("convert", "--" + option, value, "a.png", "out.png", folder=folder),
                   "--" + option, code)


@claim
def convert_says_what_it_left_out_of_an_animation():
    from daemon import chunk
    frame = b"\0\0\0\0" + b"\0\0\0\x08" + b"\0\0\0\x06" + b"\0" * 8 + b"\0\x01\0\x0a\0\0"
    extra = chunk(b"acTL", b"\0\0\0\x01\0\0\0\0") + chunk(b"fcTL", frame)
    expect(0, upscaled("convert", "-", "-", data=png(8, 6, extra=extra)), "animation")


def convert_on_a_terminal(*options, name="large.png", columns=80, environment=(("TERM", "xterm"),)):
    """What convert draws where standard error is a terminal of so many columns."""
    with Folder() as folder:
        write(folder + "/" + name, flat_png(300, 300))
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen([os.path.abspath(BINARY), "convert", *options, name, "out.png"],
                                   cwd=folder, stderr=follower,
                                   env={**os.environ, **dict(environment)})
        os.close(follower)
        drawn = b""
        try:
            while piece := os.read(leader, 65536):
                drawn += piece
        except OSError:
            pass  # how a terminal says that nobody is left
        os.close(leader)
        equal(process.wait(DEADLINE), 0)
        return drawn


@claim
def convert_draws_a_bar_on_a_terminal_only():
    drawn = convert_on_a_terminal()
    equal(b"large.png [" in drawn and b"100 %" in drawn, True, drawn[-200:])
    equal(drawn.endswith(b"\r\x1b[K"), True, "it is wiped at the end")
    equal(convert_on_a_terminal("--quiet"), b"")
    equal(convert_on_a_terminal(environment=[("TERM", "dumb")]), b"", "a terminal that cannot wipe")
    equal(upscaled("convert", "-", "-", data=png()).stderr, b"", "piped")


@claim
def convert_draws_no_line_longer_than_the_terminal_and_no_colour():
    drawn = convert_on_a_terminal(name="a picture with \u00e4 name that goes on and on.png", columns=60).decode()
    lines = re.split("\r\x1b\\[K", drawn)
    equal(max(map(len, lines)) < 60, True, lines[-3:])
    equal("on and on.png [" in drawn, True, "the end of the name")
    for environment in ([("TERM", "xterm")], [("TERM", "xterm"), ("NO_COLOR", "1")]):
        drawn = convert_on_a_terminal(environment=environment)
        equal(set(re.findall(rb"\x1b\[[0-9;]*(.)", drawn)), {b"K"}, "escape sequences")


@claim
def failures_say_what_to_do_next():
    with Folder() as folder:
        os.mkdir(folder + "/dir")
        write(folder + "/cut.png", png()[:-20])
        write(folder + "/bad.json", b"{nope")
        cases = (
            (1, "convert none.png out.png", "check the path"),
            (1, "convert bad.png out.png", "convert it to PNG"),
            (1, "convert cut.png out.png", "copy it again"),
            (1, "convert dir out.png", "name the files in it"),
            (1, "convert a.png none/out.png", "the folder none does not exist; make it first"),
            (1, "convert a.png dir", "--output-dir dir"),
            (1, "convert a.png /dev/full", "make room"),
            (1, "convert a.png b.png --output-dir none", "make it first"),
            (1, "convert --max-pixels 4 a.png out.png", "--max-pixels"),
            (2, "convert --scael 2 a.png out.png", "did you mean --scale?"),
            (2, "convert --scale 9 a.png out.png", "upscaled help convert"),
            (2, "convert --model nobody a.png out.png", "photo-hq, photo-jpeg"),
            (2, "convert a.png", "OUT.png"),
            (2, "convert a.png b.png c.png", "--output-dir"),
            (2, "conver a.png b.png", "did you mean `convert`?"),
            (2, "help sevre", "did you mean `serve`?"),
            (1, "models check nobody", "`upscaled models`"),
            (1, "models check bad.json", "weights/FORMAT.md"),
            (2, "models --modles x", "did you mean --models?"),
            (2, "serve --queue=-1", "upscaled help serve"),
            (2, "bench --size x", "WIDTHxHEIGHT"),
            (1, "bench --model none.json", "check the path"),
            (1, "serve --models none", "none: No such file or directory; check the path"),
            (2, "serve --config none", "none: No such file or directory; check the path"),
            (1, "serve --api-keys none", "none: No such file or directory; check the path"),
            (1, "convert --models none a.png out.png", "none: No such file or directory; check"),
            (1, "serve --listen 192.0.2.1:80", "--listen"),
            (1, "health http://127.0.0.1:1", "that `serve` prints"),
            (1, "hash-key", "standard input"),
            (2, "hash-key a:b", "a:b"),
        )
        for status, line, words in cases:
            expect(status, upscaled(*line.split(), folder=folder), words)
        expect(2, upscaled("convert", "a.png", "b.png", folder=folder,
                           environment=[("UPSCALED_MAX_BODY", "x")]), "UPSCALED_MAX_BODY")
        equal(sorted(os.listdir(folder)), ["a.png", "b.png", "bad.json", "bad.png", "cut.png", "dir"])
        equal(os.listdir(folder + "/dir"), [])


@claim
def a_port_in_use_is_named_with_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = "127.0.0.1:%d" % server.getsockname()[1]
        expect(1, upscaled("serve", "--listen", address), address, "choose another --listen")


@claim
def a_file_that_may_not_grow_leaves_nothing_behind():
    with Folder() as folder:
        write(folder + "/out.png", b"old")
        limited = "ulimit -f 8; exec \"$0\" convert --compression 0 --scale 8 a.png out.png"
        done = subprocess.run(["sh", "-c", limited, os.path.abspath(BINARY)], cwd=folder,
                              stderr=subprocess.PIPE, timeout=DEADLINE)
        expect(1, done, "out.png", "ulimit")
        equal(read(folder + "/out.png"), b"old")
        equal(sorted(os.listdir(folder)), ["a.png", "b.png", "bad.png", "out.png"])


# ---------------------------------------------------------------- models


@claim
def models_lists_those_inside_and_in_the_folder():
    with Folder() as folder:
        write(folder + "/double.json", json.dumps(MODEL).encode())
        for arguments in (("models",), ("models", "list")):
            done = expect(0, upscaled(*arguments, "--models", folder))
            names = [line.split()[0] for line in done.stdout.decode().splitlines()]
            equal(names, ["art", "double", "photo", "photo-hq", "photo-jpeg", "psnr-m11", "psnr-m5"])


@claim
def models_check_describes_a_model_by_name_or_file():
    with Folder() as folder:
        write(folder + "/double.json", json.dumps(MODEL).encode())
        done = expect(0, upscaled("models", "check", "photo", "double.json", folder=folder))
        for word in (b"photo: ", b"double: ", b"MACs", b"halo", b"sha256"):
            equal(word in done.stdout, True, word)


@claim
def models_check_warns_of_what_padding_does():
    with Folder() as folder:
        for padding, words in (("circular", b"the whole picture"), ("zeros", b"picture's edge")):
            layer = {"type": "conv2d", "in_channels": 1, "out_channels": 1, "kernel_size": 3,
                     "padding": 1, "padding_mode": padding, "weight": [0] * 4 + [1] + [0] * 4,
                     "bias": None}
            padded = {**MODEL, "border": "model", "layers": [layer] + MODEL["layers"]}
            write(folder + "/padded.json", json.dumps(padded).encode())
            done = expect(0, upscaled("models", "check", "padded.json", folder=folder))
            equal(done.stdout.count(b"warning: "), 1, done.stdout)
            equal(words in done.stdout, True, done.stdout)


@claim
def models_check_measures_faults_and_warns_in_words():
    with Folder() as folder:
        uneven = {"type": "conv_transpose2d", "in_channels": 1, "out_channels": 1, "stride": 2,
                  "kernel_size": 2, "weight": [1, 1, 1, 1.1], "bias": None}
        write(folder + "/uneven.json", json.dumps({**MODEL, "layers": [uneven]}).encode())
        write(folder + "/double.json", json.dumps(MODEL).encode())
        bad, good = (expect(0, upscaled("models", "check", name, folder=folder)).stdout
                     for name in ("uneven.json", "double.json"))
        for words in (b"256 constant grays: 251 changed, by 25.50 levels", b"checkerboard 19.13 levels",
                      b"warning: flat areas do not keep their gray",
                      b"warning: a checkerboard shows on flat areas"):
            equal(words in bad, True, "%r in %s" % (words, bad.decode()))
        equal(b"warning" in good, False, good)


@claim
def models_check_says_what_is_wrong_and_goes_on():
    with Folder() as folder:
        wrong = {**MODEL, "layers": [{"type": "relu"}]}
        write(folder + "/wrong.json", json.dumps(wrong).encode())
        write(folder + "/text.json", b"hello")
        done = expect(1, upscaled("models", "check", "wrong.json", "text.json", "none.json", "none",
                                  "photo", folder=folder), "wrong", "(model)", "text",
                      "(model_json)", "none.json", "(io)", "(unknown_model)")
        equal(b"photo: " in done.stdout, True, "the good one")


@claim
def models_says_when_it_is_called_wrongly():
    for arguments in (("check",), ("nonsense",), ("list", "photo"), ("--scale", "2")):
        expect(2, upscaled("models", *arguments))


# ---------------------------------------------------------------- health


@claim
def health_is_0_when_a_daemon_is_ready():
    with Folder() as folder:
        with Daemon(listen=("127.0.0.1:0", "unix:" + folder + "/s")) as d:
            port = d.urls[0].rsplit(":", 1)[1]
            for url in (d.urls[0], d.urls[0] + "/", "127.0.0.1:" + port, d.urls[1],
                        d.urls[0] + "/livez"):
                expect(0, upscaled("health", url))


PRINTING = (("hash-key", "ann"), ("help",), ("help", "serve"), ("serve", "--help"), ("help", "--man"),
            ("help", "--completion"), ("help", "--markdown"), ("help", "--errors"), ("help", "--limits"),
            ("help", "--metrics"), ("--help",), ("--version",), ("version",), ("models",), ("models", "list"),
            ("models", "check", "photo"), ("convert", "-", "-"), ("bench", "--size", "16x16"),
            ("serve", "--listen", "127.0.0.1:0"))


def to_nobody(arguments, output):
    done = subprocess.run([os.path.abspath(BINARY), *arguments], input=png(), stdout=output,
                          stderr=subprocess.PIPE, timeout=DEADLINE, check=False)
    equal(done.returncode, 1, "%s: %s" % (arguments, done.stderr.decode()))
    equal(b"standard output" in done.stderr or b"write" in done.stderr, True, (arguments, done.stderr))


@claim
def what_cannot_be_printed_is_a_failure():
    for arguments in PRINTING:
        with open("/dev/full", "wb") as full:
            to_nobody(arguments, full)


@claim
def a_closed_pipe_is_a_failure():
    for arguments in PRINTING:
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as closed:
            to_nobody(arguments, closed)


@claim
def health_asks_where_the_daemon_was_told_to_listen():
    with Daemon(listen=("0.0.0.0:0",)) as d, Folder() as folder:
        port = d.urls[0].rsplit(":", 1)[1]
        for listen in ("127.0.0.1:" + port, "0.0.0.0:" + port, ":" + port):
            expect(0, upscaled("health", "--listen", listen))
            expect(0, upscaled("health", environment={"UPSCALED_LISTEN": listen}))
            write(folder + "/config", b"queue = 9\nlisten = " + listen.encode() + b"\n")
            expect(0, upscaled("health", "--config", folder + "/config"))


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


@claim
def a_port_alone_is_every_address_once():
    with Daemon(listen=(":0",)) as d:
        port = d.urls[0].rsplit(":", 1)[1]
        others = ["[::1]"] if has_ipv6() else []
        for host in ["127.0.0.1"] + others:
            expect(0, upscaled("health", "http://%s:%s" % (host, port)))
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            free = str(taken.getsockname()[1])
        again = ["--listen", "0.0.0.0:" + free] + ["--listen", "[::]:" + free] * len(others)
        with Daemon(*again, listen=(":" + free,)):
            expect(0, upscaled("health", "http://127.0.0.1:" + free))


@claim
def health_asks_at_port_where_the_daemon_listens_by_it():
    with Daemon(listen=(None,), environment={"PORT": "0"}) as d:
        host, port = d.urls[0].rsplit(":", 1)
        equal(host, "http://0.0.0.0")
        expect(0, upscaled("health", environment={"PORT": port}))
        expect(0, upscaled("health", "http://127.0.0.1:" + port))
        if has_ipv6():
            expect(0, upscaled("health", "http://[::1]:" + port))
    expect(2, upscaled("serve", environment={"PORT": "http"}), "PORT")


@claim
def health_is_1_when_nobody_answers_or_not_with_200():
    with Folder() as folder:
        expect(1, upscaled("health", "unix:" + folder + "/none"), "none")
        with Daemon() as d:
            expect(1, upscaled("health", d.urls[0] + "/nothing"), "404")
            url = d.urls[0]
        expect(1, upscaled("health", url), url)


@claim
def health_does_not_wait_for_a_server_that_drips():
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = "http://127.0.0.1:%d" % server.getsockname()[1]
        start = time.monotonic()
        done = []
        asked = threading.Thread(target=lambda: done.append(upscaled("health", url)))
        asked.start()
        connection = server.accept()[0]
        try:
            while asked.is_alive():
                connection.sendall(b"H")  # before the sixth byte five seconds are over
                asked.join(1)
        except OSError:
            pass
        asked.join()
        connection.close()
        expect(1, done[0], "5 s")
        equal(time.monotonic() - start < 60, True, "the time it took")


@claim
def health_says_when_it_is_called_wrongly():
    for arguments in (("a", "b"), ("",), ("http://",), ("--queue", "1"), ("http://a:/",)):
        expect(2, upscaled("health", *arguments))


# ---------------------------------------------------------------- the rest


@claim
def convert_tells_programs_how_each_file_went():
    with Folder() as folder:
        os.mkdir(os.path.join(folder, "out"))
        write(os.path.join(folder, "out", "b.png"), b"kept")
        done = expect(1, upscaled("convert", "--json", "--output-dir", "out", "bad.png", "a.png",
                                  "b.png", folder=folder), "bad.png", "kept")
        bad, a, b = [json.loads(line) for line in done.stdout.splitlines()]
        equal((bad["input"], bad["done"], bad["code"]), ("bad.png", False, "not_png"), "bad.png")
        equal((a["output"], a["done"], a["width"], a["height"]), ("out/a.png", True, 16, 12), "a")
        equal((b["done"], b["kept"]), (False, True), "b.png")
        expect(2, upscaled("convert", "--json", "a.png", "-", folder=folder), "--json")
        done = expect(1, upscaled("convert", "--json", "--output-dir", ".", "--force", "a.png",
                                  folder=folder), "the output would replace it", "--output-dir")
        equal([json.loads(done.stdout)[key] for key in ("input", "done", "code")],
              ["a.png", False, "io"], "its own")


@claim
def help_tells_of_every_command_and_option():
    done = expect(0, upscaled("help"))
    for command in ("serve", "convert", "models", "health"):
        equal(command.encode() in done.stdout, True, command)
        text = expect(0, upscaled("help", command)).stdout
        equal(text, expect(0, upscaled(command, "--help")).stdout)
        equal(b"--config" in text, True, command)
    equal(done.stdout, upscaled("--help").stdout)
    expect(0, upscaled("version"))
    expect(0, upscaled("--version"))


@claim
def an_unknown_command_is_refused():
    expect(2, upscaled())
    expect(2, upscaled("nonsense"), "nonsense")
    expect(2, upscaled("help", "nonsense"), "nonsense")


run_claims()
