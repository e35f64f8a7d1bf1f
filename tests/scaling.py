"""scaling.py - tests/bench/scale.py offers the load that it says, notices broken promises, and writes into
docs/scaling.md. Nothing is measured here. Speaks TAP."""
import collections
import os
import sys
import tempfile
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(HERE, "lib"), os.path.join(HERE, "bench")]
from daemon import Skip, claim, equal, run_claims  # noqa: E402
import scale_page  # noqa: E402

try:
    import scale
except ImportError:
    scale = None

GOOD = scale_page.Row("a", 60, 200, .02, .04, .05, 0.0, 0, 0, None, None, .001, .6, .001)
BURST = GOOD._replace(load=None, refused=.1, clients=50, told=60.0, back=1.0)


def need_scale():
    if scale is None:
        raise Skip("no python3-numpy or python3-pil")


@claim
def every_load_is_exact():
    need_scale()
    for kind, mix in scale.KINDS.items():
        patterns = []
        for load in scale.LOADS:
            requests, needed = scale.row_of(mix, load, 50.0, 200)
            equal(needed, 600 if load == 150 else 200, "requests at %d" % load)
            counts = collections.Counter(name for _, name in requests)
            equal({name: counts[name] * sum(mix.values()) / len(requests) for name in counts}, mix, kind)
            seconds = len(requests) / (50.0 * load / 100)
            equal(seconds * .9 < requests[-1][0] <= seconds, True, "duration")
            equal(requests, sorted(requests, key=lambda request: request[0]), "in order")
            patterns.append([round(at / seconds, 9) for at, _ in requests])
        equal(patterns[0], patterns[5], "one pattern for every load")
        equal(len(set(patterns[0])), 200, "random times")


@claim
def a_burst_fills_the_queue_and_fifty_are_refused():
    need_scale()
    for top in (2.0, 60.0):
        requests, needed = scale.row_of(scale.KINDS["640x480"], None, top, 200)
        begins = 67 / (top * .6)
        arrive = [at for at, _ in requests[:needed] if at > begins]
        answered = top * (arrive[-1] - begins)
        equal(len(arrive) - answered > scale.PLACES + 45, True, "more than places and answers")
        equal(requests[-1][0] - arrive[-1] > 125, True, "others go on until the last has come back")


@claim
def every_client_is_counted():
    """Four requests in a row: the second is refused and served when it comes back, the third is refused twice, and the
    fourth finds nobody."""
    need_scale()

    class Fake(scale.Server):
        def __init__(self):
            self.replies, self.port = [(200, 0.0), (503, 0.05), (200, 0.0), (503, 0.05), (503, 0.05)], 1

        def post(self, kind):
            return self.replies.pop(0) if self.replies else super().post(kind)

    offer = scale.Offer(Fake(), comes_back=True)
    for _ in range(4):  # each ends before the next, so that each has its replies
        offer.send([(0.0, "256x256")], 1)
    equal([(status, served) for status, _, _, served in offer.results],
          [(200, None), (503, True), (503, False), (0, None)])
    equal(offer.away, 0)


@claim
def nobody_is_waited_for_who_is_not_away():
    need_scale()

    class Fake:
        def post(self, kind):
            return 200, 0.0

    offer = scale.Offer(Fake(), comes_back=True)
    offer.send([(k / 8, "256x256") for k in range(1, 100)], 2)
    equal(len(offer.results), 10, "the first two, and those of the second after them")


@claim
def broken_promises_are_found():
    equal(scale_page.failures([GOOD, BURST, GOOD._replace(load=95, clients=1), GOOD._replace(load=150, clients=99)]), [])
    for row in (GOOD._replace(load=90, clients=1), BURST._replace(back=.94), GOOD._replace(others=1),
                GOOD._replace(late=.06)):
        equal(len(scale_page.failures([GOOD, row, BURST])), 1, row)


@claim
def the_document_takes_the_tables_and_the_plot():
    with open(os.path.join(HERE, "../docs/scaling.md"), encoding="utf-8") as file:
        page = file.read()
    with tempfile.TemporaryDirectory() as docs:
        os.mkdir(docs + "/pictures")
        for head in ("FIRST HEAD", "SECOND HEAD"):
            with open(docs + "/scaling.md", "w", encoding="utf-8") as file:
                file.write(page)
            scale_page.write(head, [GOOD, GOOD._replace(load=80, busy=None), BURST], docs)
            with open(docs + "/scaling.md", encoding="utf-8") as file:
                page = file.read()
        equal("FIRST HEAD" in page, False, "what was there is replaced")
        for line in ("SECOND HEAD", "| a | 60 | 20 | 40 | 50 | 0 | 1 | 60 |", "| a | 50 | 10 | 60 | 100 |"):
            equal(page.count(line + "\n"), 1, line)
        equal("## Bottlenecks" in page and "## How many replicas" in page, True, "the rest is kept")
        drawn = xml.etree.ElementTree.parse(docs + "/pictures/scaling.svg")
        lines = list(drawn.iter("{http://www.w3.org/2000/svg}circle"))
        equal(len(lines), 5, "a point for each figure that is there")


run_claims()
