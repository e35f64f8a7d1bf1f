"""regenerate.py - makes the golden files again and compares them with the committed ones: the same
parameters, and values that the C test accepts, too. Speaks TAP. Heavy: skipped unless TEST_ALL is
set (./check --all) and PyTorch can be imported."""
import os
import subprocess
import sys
import tempfile


def python_with_torch():
    """Returns this interpreter, or the system's, for which Debian's python3-torch is built."""
    for python in (sys.executable, "/usr/bin/python3"):
        found = subprocess.run([python, "-c", "import torch"], capture_output=True)
        if found.returncode == 0:
            return python
    return None


def parameters(path):
    """Returns a golden file without its values; of "expect" lines the shape and the stride."""
    with open(path) as f:
        return [line.split()[:5] if line.startswith("expect") else line.split() for line in f]


def main():
    if not os.environ.get("TEST_ALL"):
        print("1..0 # SKIP heavy: ./check --all runs it")
        return
    python = python_with_torch()
    if not python:
        print("1..0 # SKIP PyTorch is not installed")
        return
    committed = os.path.join(os.environ["top_srcdir"], "tests", "golden")
    names = sorted(n for n in os.listdir(committed) if n.endswith(".txt"))
    print("1..%d" % (len(names) + 1))
    with tempfile.TemporaryDirectory() as fresh:
        subprocess.run([python, os.path.join(committed, "make.py"), fresh], check=True)
        for number, name in enumerate(names):
            same = parameters(os.path.join(committed, name)) == parameters(os.path.join(fresh, name))
            print("%s %d - %s has the same parameters" % ("ok" if same else "not ok", number + 1, name))
        test = os.path.join(os.environ["top_builddir"], "tests", "golden", "test_golden")
        run = subprocess.run([test], env=dict(os.environ, GOLDEN_DIR=fresh), capture_output=True,
                             text=True)
        passed = run.returncode == 0
        print("%s %d - the fresh values are accepted" % ("ok" if passed else "not ok", len(names) + 1))
        if not passed:
            print("\n".join("# " + line for line in run.stdout.splitlines()))


main()
