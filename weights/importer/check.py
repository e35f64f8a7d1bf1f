"""Checks the file that was written with the server's program, if that is installed."""
import json
import math
import os
import shutil
import subprocess
import sys

from .errors import Refused

LIMIT = "(model_limit)"
PIXEL_WORK = 2e10   # multiply-adds for the measured picture: about a second


def find(named):
    """Returns the program: the one that was named, else one beside this script, else one in PATH;
    or None."""
    if named:
        path = shutil.which(named)
        if path is None:
            raise Refused(f"the program {named} cannot be run")
        return path
    beside = os.path.dirname(os.path.abspath(sys.argv[0]))
    return shutil.which("upscaled", path=beside) or shutil.which("upscaled")


def _run(arguments):
    try:
        return subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, universal_newlines=True, timeout=600,
                              check=False)
    except (OSError, subprocess.TimeoutExpired) as e:
        raise Refused(f"{arguments[0]} cannot be run: {e}") from None


def linted(program, path):
    """Returns the warnings of `upscaled models check`. A file beyond a limit is a warning, because
    limits can be raised. A file that the server cannot use is refused."""
    done = _run([program, "models", "check", path])
    if done.returncode == 0:
        lines = [line.strip() for line in done.stdout.splitlines()]
        return [line for line in lines if line.startswith("warning")]
    said = " ".join(done.stderr.split()).replace(path, "the model")
    if LIMIT in said:
        return [said]
    raise Refused(f"the server does not take what was made of it: {said}")


def seconds_a_megapixel(program, path, macs):
    """Returns the seconds that the network takes here for a megapixel; None if that cannot be
    measured."""
    side = int(min(512, max(48, math.sqrt(PIXEL_WORK / max(1.0, macs)))))
    done = _run([program, "bench", "--json", "--model", path, "--size", f"{side}x{side}"])
    try:
        return json.loads(done.stdout)["ms_least"] / 1000 * 1e6 / side**2
    except (ValueError, KeyError, TypeError):
        return None
