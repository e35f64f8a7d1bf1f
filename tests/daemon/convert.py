"""convert.py - the output of `upscaled convert` and its exit status: 0 for success, 1 for a
failure, 2 for wrong arguments."""
import fcntl
import json
import os
import pty
import re
import stat
import struct
import subprocess
import sys
import termios

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from command import upscaled, expect, write, read, Folder  # noqa: E402
from daemon import BINARY, DEADLINE, Daemon, claim, equal, flat_png, png, run_claims, shape  # noqa: E402


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
    done = expect(1, upscaled("convert", "-", "-", data=png()[:-17]), "png_truncated")
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
    with Folder() as folder:
        write(folder + "/a.png", png(8, 6, extra=extra))
        done = expect(0, upscaled("convert", "--json", "a.png", "b.png", "--force", folder=folder))
        equal(json.loads(done.stdout)["warnings"], ["animation"], "for programs")


def read_to_the_end(leader):
    """Returns what a terminal got until no process has it open, which is an error of the read."""
    drawn = b""
    try:
        while piece := os.read(leader, 65536):
            drawn += piece
    except OSError:
        pass
    os.close(leader)
    return drawn


def convert_on_a_terminal(*options, name="large.png", to=("out.png",), columns=80,
                          environment=(("TERM", "xterm"),)):
    """Returns what convert draws if standard error is a terminal of that many columns."""
    with Folder() as folder:
        write(folder + "/" + name, flat_png(300, 300))
        os.mkdir(folder + "/folder")
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        inherited = {key: value for key, value in os.environ.items() if key != "TERM"}
        process = subprocess.Popen([os.path.abspath(BINARY), "convert", *options, name, *to],
                                   cwd=folder, stderr=follower,
                                   env={**inherited, **dict(environment)})
        os.close(follower)
        drawn = read_to_the_end(leader)
        equal(process.wait(DEADLINE), 0)
        return drawn


@claim
def convert_draws_a_bar_on_a_terminal_only():
    drawn = convert_on_a_terminal()
    equal(b"large.png [" in drawn and b"100 %" in drawn, True, drawn[-200:])
    equal(drawn.endswith(b"\r\x1b[K"), True, "it is wiped at the end")
    equal(convert_on_a_terminal("--quiet"), b"")
    equal(convert_on_a_terminal(environment=[("TERM", "dumb")]), b"", "a terminal that cannot wipe")
    equal(convert_on_a_terminal(environment=[]), b"", "one of which nothing is known")
    drawn = convert_on_a_terminal("--output-dir", "folder", to=("a.png",))
    equal(b"1/2 large.png [" in drawn and b"2/2 a.png [" in drawn, True, drawn[-200:])
    equal(upscaled("convert", "-", "-", data=png()).stderr, b"", "piped")


@claim
def convert_draws_no_line_longer_than_the_terminal_and_no_colour():
    drawn = convert_on_a_terminal(name="a picture with \u00e4 name that goes on and on.png", columns=60).decode()
    lines = re.split("\r\x1b\\[K", drawn)
    equal(max(map(len, lines)) < 60, True, lines[-3:])
    equal("on and on.png [" in drawn, True, "the end of the name")
    for name in ("\u00e4" * 40 + ".png", "x" + "\u00e4" * 40 + ".png"):
        drawn = convert_on_a_terminal(name=name, columns=60).decode()
        equal("\u00e4\u00e4.png [" in drawn, True, "no half of a letter")
    for environment in ([("TERM", "xterm")], [("TERM", "xterm"), ("NO_COLOR", "1")]):
        drawn = convert_on_a_terminal(environment=environment)
        equal(set(re.findall(rb"\x1b\[[0-9;]*(.)", drawn)), {b"K"}, "escape sequences")


@claim
def a_picture_is_not_written_to_a_terminal():
    with Folder() as folder:
        leader, follower = pty.openpty()
        done = subprocess.run([os.path.abspath(BINARY), "convert", "a.png", "-"], cwd=folder,
                              stdout=follower, stderr=subprocess.PIPE, timeout=DEADLINE)
        os.close(follower)
        expect(2, done, "a terminal")
        equal(read_to_the_end(leader), b"")


@claim
def an_output_has_a_folder_and_a_name_that_fits():
    with Folder() as folder:
        expect(1, upscaled("convert", "--output-dir", "b.png", "a.png", folder=folder), "b.png is not a folder")
        os.mkdir(folder + "/out")
        name = "long" * 60 + ".png"
        write(folder + "/" + name, png())
        far = "./" * 1950 + "out"
        done = expect(1, upscaled("convert", "--output-dir", far, name, "a.png", folder=folder), "too long")
        equal(os.listdir(folder + "/out"), ["a.png"], done.stderr)


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
def convert_tells_programs_of_names_that_are_not_unicode():
    """A Latin-1 name, a surrogate and an overlong slash; the same in a refusal."""
    name = b"\xe9 \xf0\x9f\x98\x80 \xed\xa0\x80 \xc0\xaf"
    shown = "\ufffd \U0001f600 \ufffd\ufffd\ufffd \ufffd\ufffd"
    with Folder() as folder:
        write(os.path.join(os.fsencode(folder), name + b".png"), read(folder + "/a.png"))
        write(os.path.join(os.fsencode(folder), name + b".jpg"), read(folder + "/bad.png"))
        os.mkdir(os.path.join(folder, "out"))
        done = upscaled("convert", "--json", "--output-dir", "out", name + b".png", name + b".jpg",
                        folder=folder)
        good, bad = [json.loads(line) for line in done.stdout.splitlines()]
        equal((good["input"], good["output"], good["done"]),
              (shown + ".png", "out/" + shown + ".png", True), "the good one")
        equal((bad["input"], bad["code"]), (shown + ".jpg", "not_png"), "the bad one")
        equal(os.listdir(os.path.join(os.fsencode(folder), b"out")), [name + b".png"], "files")


run_claims()
