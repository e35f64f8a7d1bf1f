"""busy.py - makes a daemon busy: a request that takes longer than any test, and counts of what runs."""
from daemon import flat_png, png, request, wait_until


def begin(d, body=None, query=""):
    """Returns a client whose request has been sent and not yet answered."""
    client = d.connect()
    client.send(request("POST", "/v1/upscale" + query, body or png()))
    return client


# With these options, waiting behind `block` is not refused as too long.
PATIENT = ("--queue-timeout", "86400", "--work-timeout", "86400")


def block(d):
    """Returns a client whose request takes longer than any test, however fast the engine is. It
    ends when the client leaves."""
    client = begin(d, flat_png(1500, 1500), "?scale=8&model=photo-hq")
    busy(d, 1)
    return client


def busy(d, running, waiting=0):
    wait_until(lambda: (lambda h: (h["running"], h["waiting"]) == (running, waiting))(d.health()),
               "%d run and %d wait" % (running, waiting))
