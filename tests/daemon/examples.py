"""examples.py - runs the commands in README and docs/ as people would type them. Speaks TAP.

A fenced block of `sh` is run by bash in a folder of its own for each page, against a daemon:
127.0.0.1:8080 in the text stands for that daemon's address, `upscaled` for the binary, and small
pictures lie under the names that the examples use. It must exit 0, and every PNG that it writes must
be complete. If a block of `json` follows, the output must have the same keys. If a block cannot be
run here, the line above it gives the reason: `<!-- not run: REASON -->`. Other blocks must not
contain a command that could be such an example. The examples of the manual page are run too.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import BINARY, DEADLINE, SANDBOX, Daemon, equal, flat_png, png, shape  # noqa: E402

TOP = pathlib.Path(os.environ.get("top_srcdir", ".")).resolve()
BINARY_PATH = os.path.abspath(BINARY)
PICTURES = {"in.png": png(160, 120), "a.png": png(8, 6), "b.png": png(5, 4), "tile.png": png(16, 16),
            "scan.png": png(9, 12, 0), "photo.png": png(20, 16), "poster.png": flat_png(700, 500)}
COMMAND = re.compile(r"^\s*(\$ )?([A-Za-z_]+=\S* )*"
                     r"(curl|upscaled|build/upscaled|\./start|\./check)\b", re.M)


class Block:
    """The lines between two fences or, without a language, those indented after an empty line."""

    def __init__(self, page, line, language, reason):
        self.page, self.line, self.language, self.reason = page, line, language, reason
        self.text = ""

    def name(self):
        rows = (row.strip() for row in self.text.splitlines())
        first = next(row for row in rows if row and not row.startswith("mkdir"))
        return "%s:%d: %s" % (self.page.name, self.line, first[:60].replace("#", "\\#"))


def blocks_of(page):
    blocks, fence, mark, empty, indented = [], None, None, True, False
    for number, row in enumerate(page.read_text().splitlines(), 1):
        opened = re.match(r"\s*```(\w*)$", row)
        if fence is not None:
            if opened:
                fence = None
            else:
                fence.text += row + "\n"
            continue
        if opened:
            fence = Block(page, number, opened[1], mark)
            blocks.append(fence)
        elif row.startswith("    ") and (empty or indented):
            if not indented:
                blocks.append(Block(page, number, "", mark))
            blocks[-1].text += row + "\n"
        indented = row.startswith("    ") and (empty or indented) and not opened
        empty = not row.strip()
        noted = re.match(r"\s*<!-- not run: (.+) -->$", row)
        if noted or not empty:
            mark = noted and noted[1]
    return blocks


# ---------------------------------------------------------------- running


def serve_until_ready(arguments):
    """Replaces `upscaled serve` in an example: it takes any free port instead of the one it names,
    and ends by itself."""
    kept = [BINARY_PATH, "serve", "--listen", "127.0.0.1:0"]
    words = iter(arguments)
    for word in words:
        if word == "--listen":
            next(words)
        elif not word.startswith("--listen="):
            kept.append(word)
    process = subprocess.Popen(kept, stdout=subprocess.PIPE)
    ready = process.stdout.readline().startswith(b"listening on ")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=DEADLINE)
    return process.returncode if ready else process.returncode or 1


def set_out(folder):
    """Prepares the pictures, the files of this repository, and `upscaled` where a shell finds
    it."""
    for name, data in PICTURES.items():
        (folder / name).write_bytes(data)
    for name in ("docs", "weights"):
        (folder / name).symlink_to(TOP / name)
    (folder / "build").mkdir()
    wrapper = folder / "build" / "upscaled"
    wrapper.write_text("#!/bin/sh\n[ \"$1\" = serve ] || exec '%s' \"$@\"\n"
                       "shift\nexec '%s' '%s' serve \"$@\"\n" %
                       (BINARY_PATH, sys.executable, pathlib.Path(__file__).resolve()))
    wrapper.chmod(0o755)


def run(block, folder, address):
    before = {path: path.stat().st_mtime_ns for path in folder.glob("**/*.png")}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("UPSCALED_")}
    environment.update(SANDBOX, PATH="%s/build:%s" % (folder, environment["PATH"]), UPSCALED_LISTEN=address,
                       top_builddir=os.path.dirname(BINARY_PATH), top_srcdir=str(TOP))
    text = block.text.replace("127.0.0.1:8080", address)
    done = subprocess.run(["bash", "-eu", "-o", "pipefail", "-c", text], cwd=folder, timeout=DEADLINE,
                          env=environment, capture_output=True, text=True)
    equal(done.returncode, 0, "status, after %r" % (done.stdout + done.stderr)[-600:])
    for path in folder.glob("**/*.png"):
        if before.get(path) != path.stat().st_mtime_ns:
            shape(path.read_bytes())
    return done.stdout


def check_shape(got, told, where="the answer"):
    """Checks that the keys and kinds are the same; of a list, those of the first item."""
    if got is not None and told is not None:
        equal(type(got) in (int, float), type(told) in (int, float), where)
    if isinstance(told, dict):
        equal(sorted(got), sorted(told), "keys of " + where)
        for key in told:
            check_shape(got[key], told[key], where + "." + key)
    elif isinstance(told, list) and told:
        check_shape(got[0], told[0], where + "[0]")


def verdict(block, after, folder, address):
    """Runs a block if it is one to run. Returns the reason if it is left out."""
    if block.language != "sh":
        equal(COMMAND.search(block.text), None, "a command in a block that is not ```sh")
        return None
    if block.reason:
        return block.reason
    printed = run(block, folder, address)
    if after and after.language == "json":
        check_shape(json.loads(printed), json.loads(after.text))
    return None


def verdicts(page, address):
    """Yields (name, the fault or None, the reason why it was left out or None) of each block of a
    page."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        set_out(folder)
        blocks = blocks_of(page)
        for block, after in zip(blocks, [*blocks[1:], None]):
            try:
                yield block.name(), None, verdict(block, after, folder, address)
            except Exception as why:
                yield block.name(), str(why), None


BAD_PAGE = """
```sh
curl --fail-with-body --data-binary @docs/README.md http://127.0.0.1:8080/v1/upscale -o out.png
```

```sh
head -c 500 in.png > cut.png
```

```sh
upscaled serve --no-such-option 1
```

    curl http://127.0.0.1:8080/health

```sh
curl --silent http://127.0.0.1:8080/v1/models/none
```

```json
{"code": "", "detail": "", "status": 404, "title": "", "type": "", "more": ""}
```
"""


def notices_bad_examples(address):
    with tempfile.TemporaryDirectory() as name:
        page = pathlib.Path(name, "bad.md")
        page.write_text(BAD_PAGE)
        return [bool(wrong) for _, wrong, _ in verdicts(page, address)] == [True] * 5 + [False]


def manual(folder):
    """Writes the examples of the manual page as a page of their own."""
    printed = subprocess.run([BINARY_PATH, "help", "--man"], capture_output=True, text=True,
                             check=True).stdout
    lines = printed.split(".SH EXAMPLES\n.nf\n")[1].split(".fi\n")[0].replace("\\-", "-")
    page = pathlib.Path(folder, "upscaled.1")
    fence = "```sh\nmkdir -p large\n%s\n```\n"
    page.write_text("".join(fence % line for line in lines.splitlines()))
    return page


def main():
    pages = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]
    number = 1
    with tempfile.TemporaryDirectory() as folder, Daemon() as daemon:
        pages.append(manual(folder))
        address = daemon.urls[0][len("http://"):]
        good = notices_bad_examples(address)
        print("%s 1 - bad examples are noticed" % ("ok" if good else "not ok"))
        for page in pages:
            for name, wrong, left_out in verdicts(page, address):
                number += 1
                if wrong:
                    print("not ok %d - %s\n# %s" % (number, name, wrong.replace("\n", "\n# ")))
                else:
                    why = " (not run: %s)" % left_out if left_out else ""
                    print("ok %d - %s%s" % (number, name, why))
    print("1..%d" % number)


if sys.argv[1:2] == ["serve"]:
    sys.exit(serve_until_ready(sys.argv[2:]))
main()
