"""Reports claims in TAP. Each claim is a function; they run in turn. All are skipped if a module is
missing."""
import importlib.util
import os
import pathlib
import sys
import traceback

TOP = pathlib.Path(os.environ["top_srcdir"]).resolve()
BINARY = pathlib.Path(os.environ["top_builddir"], "upscaled").resolve()
DATA = pathlib.Path(os.environ["TEST_DATA"]).resolve()
sys.path.insert(0, str(TOP / "weights"))


def needs(*modules):
    """Ends the test as skipped if one of the modules is not installed."""
    missing = [m for m in modules if not importlib.util.find_spec(m)]
    if missing:
        print(f"1..0 # SKIP {missing[0]} is not installed (./check --all does)")
        sys.exit()


def run(claims, before=None):
    print(f"1..{len(claims)}")
    for number, claim in enumerate(claims, 1):
        if before:
            before()
        try:
            claim()
            print(f"ok {number} - {claim.__name__}", flush=True)
        except Exception as e:  # a test that cannot run has failed
            said = " ".join(f"{type(e).__name__}: {e}".split())
            print(f"not ok {number} - {claim.__name__}: {said[:600]}", flush=True)
            if os.environ.get("TRACE"):
                traceback.print_exc()
