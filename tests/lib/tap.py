"""tap.py - reports claims in TAP. It uses only Python's standard library. A claim is a function, whose
name says what it claims. It fails by an exception; by Skip it is skipped."""
import importlib.util
import sys
import traceback

_claims = []


def claim(function):
    _claims.append(function)
    return function


class Skip(Exception):
    pass


def needs(*modules):
    """Ends the test as skipped if one of the modules is not installed."""
    missing = [m for m in modules if not importlib.util.find_spec(m)]
    if missing:
        print("1..0 # SKIP %s is not installed (./check --all does)" % missing[0])
        sys.exit()


def run_claims(claims=_claims, before=None):
    """Runs the claims in turn: by default, all that are marked. `before` runs before each."""
    print("1..%d" % len(claims))
    for number, function in enumerate(claims, 1):
        if before:
            before()
        try:
            function()
            print("ok %d - %s" % (number, function.__name__))
        except Skip as why:
            print("ok %d - %s # SKIP %s" % (number, function.__name__, why))
        except Exception:
            print("not ok %d - %s" % (number, function.__name__))
            for line in traceback.format_exc().splitlines():
                print("# " + line)
        sys.stdout.flush()


def equal(got, wanted, about=""):
    if got != wanted:
        raise AssertionError("%s: got %r, wanted %r" % (about, got, wanted))
