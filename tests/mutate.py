#!/usr/bin/python3
"""mutate.py - changes one operator or number at a time in the sources named below, and says which
changes no test noticed.

    tests/mutate.py [COUNT [SEED [FROM [GROUP...]]]]      200 mutants, chosen at random

Run it by hand in a tree whose tests are built in build/. Each mutant is compiled as its file is,
linked with each of its tests in front of the libraries, and run until a test fails or takes five
times as long as it should. A mutant that survives is printed, with its place in the order of the
seed, so that a run can go on FROM there; its compiled code differs from the original's. Without a GROUP, such as
`cuts`, mutants come from all groups.
"""
import os
import pathlib
import random
import re
import shlex
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
BUILD = TOP / "build"

# a group's name, its sources, and its tests, the quick ones first
GROUPS = [
    ("budget", "server/work/budget.c server/work/admission.c",
     "unit/test_budget unit/test_admission_bounds unit/test_admission unit/test_jobs"),
    ("filter", "server/http/http_filter.c server/http/request_head.c server/http/intake.c "
     "server/http/intake_chunks.c server/http/intake_steps.c",
     "unit/test_http_filter unit/test_intake unit/test_intake_receive fuzz/replay_http fuzz/replay_daemon"),
    ("pixels", "engine/tiles/window.c engine/tiles/bands.c engine/tiles/border.c "
     "engine/tiles/gray.c engine/tiles/flat.c engine/tiles/alpha.c engine/tiles/source.c "
     "engine/image/bleed.c engine/image/resample.c",
     "unit/test_bands unit/test_bleed unit/test_border unit/test_upscale_picture "
     "unit/test_resample unit/test_flat unit/test_upscale unit/test_transcode_memory"),
    ("cuts", "engine/tiles/tile.c engine/tiles/tile_layout.c engine/tiles/tile_chain.c engine/tiles/strips.c "
     "engine/tiles/strip_run.c engine/nn/stream_strip.c engine/nn/stream_wave.c "
     "engine/nn/stream_range.c engine/nn/stream_area.c engine/nn/stream_run.c engine/nn/stream_keep.c "
     "engine/nn/stream_args.c engine/nn/stream_rows.c engine/nn/stream_moves.c engine/nn/stream_pack.c "
     "engine/nn/stream_fuse.c engine/nn/stream_build.c",
     "unit/test_plan unit/test_plan_steps unit/test_upscale unit/test_cancel unit/test_strips unit/test_strip_rounds "
     "unit/test_upscale_work"),
    ("png", "engine/png/png_unfilter.c engine/png/png_rows.c engine/png/png_pack.c engine/png/png_strip.c "
     "engine/png/png_repeats.c engine/png/inflate.c engine/png/deflate_block.c engine/png/deflate_codes.c",
     "unit/test_pngsuite unit/test_inflate unit/test_deflate unit/test_png_pixels unit/test_png_strip "
     "unit/test_png unit/test_png_writer fuzz/replay_png fuzz/replay_encode"),
]

SWAPS = [(r"==", "!="), (r"!=", "=="), (r"<=", "<"), (r">=", ">"), (r" < ", " <= "),
         (r" > ", " >= "), (r" \+ ", " - "), (r" - ", " + "), (r" \* ", " + "), (r" && ", " || "),
         (r" \|\| ", " && "), (r"\+= ", "-= "), (r"-= ", "+= "), (r"\+\+", "--"), (r"!(?=[a-z(])", ""),
         (r"\btrue\b", "false"), (r"\bfalse\b", "true"), (r" / ", " * "), (r" % ", " / "),
         (r"(?<![\w.])(\d+)(?![\w.])", lambda m: str(int(m.group(1)) + 1))]


def code_only(text):
    """Returns the text of the same length, with comments, strings and directives blanked."""
    blank = lambda m: re.sub(r"[^\n]", "\x01", m.group(0))
    return re.sub(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])'|^#.*?$|//.*?$|\bassert\(.*?\);", blank,
                  text, flags=re.S | re.M)


def mutants_of(source):
    text = (TOP / source).read_text()
    code = code_only(text)
    for pattern, new in SWAPS:
        for m in re.finditer(pattern, code):
            changed = new(m) if callable(new) else new
            yield source, m.start(), m.end(), changed


def output(*command, **more):
    return subprocess.run(command, cwd=BUILD, capture_output=True, text=True, errors="replace",
                          check=False, **more)


def command_of(target, word):
    """Returns the line by which make would build the target and that has the word."""
    path = BUILD / target
    if path.exists():
        os.utime(path, (0, 0))
    lines = output("make", "-n", "V=1", target).stdout.replace("\\\n", " ").splitlines()
    line = [line for line in lines if word in line][-1]
    if path.exists():
        os.utime(path)
    return line


class Workshop:
    def __init__(self, folder):
        self.folder, self.compilers, self.linkers, self.seconds = folder, {}, {}, {}

    def compile(self, source, text, name):
        if source not in self.compilers:
            line = command_of(str(pathlib.Path(source).with_suffix(".o")), " -c ")
            words = shlex.split(re.sub(r"depbase=`.*?`;|&&.*", "", line).strip())
            words = [w for w in words if not w.startswith("$") and w not in ("-MD", "-MP")]
            for flag in ("-MT", "-MF", "-o"):
                if flag in words:
                    del words[words.index(flag):words.index(flag) + 2]
            self.compilers[source] = [w for w in words if not w.endswith(source) and w != "-c"]
        file, made = self.folder / (name + ".c"), self.folder / (name + ".o")
        file.write_text(text)
        done = output(*self.compilers[source], "-w", "-g0", "-c", str(file), "-o", str(made))
        return made if done.returncode == 0 else None

    def link(self, test, made):
        if test not in self.linkers:
            self.linkers[test] = shlex.split(command_of("tests/" + test, "-o tests/" + test))
        words = list(self.linkers[test])
        program = self.folder / os.path.basename(test)
        words[words.index("-o") + 1] = str(program)
        first = [i for i, word in enumerate(words) if word.endswith(".a")][0]
        words.insert(first, str(made))
        return program if output(*words).returncode == 0 else None

    def run(self, program, seconds):
        """Runs a test. Returns whether it passed in that time."""
        # without a process of its own for each claim: such a one would survive the end of the test
        environment = {**os.environ, "top_srcdir": str(TOP), "top_builddir": str(BUILD), "CK_FORK": "no",
                       "TEST_DATA": os.environ.get("TEST_DATA", str(TOP / "../shared/data"))}
        try:
            done = output(str(program), env=environment, timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0 and "not ok" not in done.stdout

    def expect(self, test, made):
        """Checks that the test passes with an unchanged file, and notes how long it takes."""
        program, begun = self.link(test, made), time.monotonic()
        if not program or (test not in self.seconds and not self.run(program, 600)):
            sys.exit("mutate.py: tests/%s fails without any change" % test)
        self.seconds.setdefault(test, 10 + 5 * (time.monotonic() - begun))

    def notices(self, test, made):
        program = self.link(test, made)
        return not program or not self.run(program, self.seconds[test])


def place(text, at):
    line = text.count("\n", 0, at)
    return line + 1, text.splitlines()[line].strip()


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    choose = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    begin = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    groups = [g for g in GROUPS if len(sys.argv) < 5 or g[0] in sys.argv[4:]]
    tests = {source: tests.split() for _, sources, tests in groups for source in sources.split()}
    group_of = {source: name for name, sources, _ in groups for source in sources.split()}
    everything = [m for source in tests for m in mutants_of(source)]
    tried, killed, same, survivors = {}, {}, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        shop = Workshop(pathlib.Path(folder))
        original = {}
        for source in tests:
            made = shop.compile(source, (TOP / source).read_text(), "a")
            original[source] = made.read_bytes()
            for test in tests[source]:
                shop.expect(test, made)
        order = list(enumerate(choose.sample(everything, len(everything))))
        for number, (source, start, end, new) in order[begin:]:
            if sum(tried.values()) == count:
                break
            text = (TOP / source).read_text()
            made = shop.compile(source, text[:start] + new + text[end:], "a")
            if not made:
                continue
            if made.read_bytes() == original[source]:
                same += 1
                continue
            name = group_of[source]
            tried[name] = tried.get(name, 0) + 1
            if any(shop.notices(test, made) for test in tests[source]):
                killed[name] = killed.get(name, 0) + 1
                continue
            survivors += 1
            line, words = place(text, start)
            print("SURVIVED (%d) %s:%d: `%s` became `%s` in: %s" %
                  (number, source, line, text[start:end].strip(), new.strip(), words), flush=True)
    for name, _, _ in groups:
        print("%s: %d mutants, %d noticed" % (name, tried.get(name, 0), killed.get(name, 0)))
    print("%d mutants, %d survived; %d more compiled to the same code" %
          (sum(tried.values()), survivors, same))
    return survivors > 0


if __name__ == "__main__":
    sys.exit(main())
