"""place.py - where the tests of the importer find the program, the test data, and the modules of
weights/ and tests/lib."""
import os
import pathlib
import sys

TOP = pathlib.Path(os.environ["top_srcdir"]).resolve()
BINARY = pathlib.Path(os.environ["top_builddir"], "upscaled").resolve()
DATA = pathlib.Path(os.environ["TEST_DATA"]).resolve()
sys.path[:0] = [str(TOP / "weights"), str(TOP / "tests" / "lib")]
