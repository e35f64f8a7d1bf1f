"""preload.py - libraries of lib/ that stand between the program and the C library (LD_PRELOAD)."""
import os
import shlex
import subprocess

from daemon import BINARY, Skip


def sanitized():
    """Whether the program was built with a sanitizer."""
    with open(BINARY, "rb") as file:
        program = file.read()
    return any(word in program for word in (b"__asan_init", b"__tsan_init"))


def compiled(name, folder):
    """Compiles lib/NAME.c into the folder. Returns the path of the library."""
    if sanitized():
        raise Skip("a sanitizer stands in front of the C library itself")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".c")
    library = "%s/%s.so" % (folder, name)
    compiler = shlex.split(os.environ.get("CC", "cc"))
    subprocess.run(compiler + ["-std=c11", "-D_GNU_SOURCE", "-O2", "-shared", "-fPIC",
                               "-fno-builtin", "-o", library, source], check=True)
    return library
