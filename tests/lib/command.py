"""command.py - runs the sub-commands of the binary for tests."""
import os
import subprocess
import tempfile

from daemon import BINARY, DEADLINE, equal, png

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\0" + b"\0" * 100
MODEL = {"format": "upscaled-model/1", "name": "double", "scale": 2, "color": "y",
         "border": "replicate",
         "layers": [{"type": "upsample", "scale_factor": 2, "mode": "nearest"}]}


def upscaled(*arguments, data=b"", folder=None, environment=()):
    """Runs a sub-command. Returns its output and its status."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("UPSCALED_")}
    return subprocess.run([os.path.abspath(BINARY), *arguments], input=data, cwd=folder,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=DEADLINE,
                          env={**inherited, **dict(environment)}, check=False)


def expect(status, done, *words):
    """Checks the status, and that standard error has these words."""
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
