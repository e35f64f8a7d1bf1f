"""scale_page.py - what scale.py writes: tables, the plot, the part of docs/scaling.md between two marks; and whether
the measurement shows what the document promises."""
import collections
import datetime
import math
import os
import re
import subprocess

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
CPUS = len(os.sched_getaffinity(0))  # before scale.py divides them
LOADS = (20, 40, 60, 80, 90, 95, 150)  # per cent of the capacity
SERVED, CALM = 0.95, 95  # of the clients that come back; nobody is refused below so many per cent
BUSY, QUEUE = 0.75, 0.5  # the thresholds of the autoscalers in deploy/kubernetes, share and seconds
TOLERANCE = 0.1  # Kubernetes ignores smaller deviations from a threshold
COLORS = ("#0072b2", "#d55e00", "#009e73", "#000000")
BEGIN, END = "<!-- from here on written by tests/bench/scale.py --write -->", "<!-- until here -->"

# load is None for the row with a burst; times are in seconds, refused and busy are shares; `clients` were refused, and
# told to wait for at most `told`; of those that came back, the share `back` was served
Row = collections.namedtuple("Row", "kind load requests p50 p95 p99 refused others clients told back queue busy late")


def name_of(row):
    return "%s, %s" % (row.kind, "%d %%" % row.load if row.load else "burst")


def progress(row):
    return "%s: %d requests, %d refused, clients at most %.0f ms late" % (
        name_of(row), row.requests, row.clients, 1e3 * row.late)


def failures(rows):
    """Returns a sentence for each promise that a row breaks."""
    found = []
    for row in rows:
        if row.load and row.load < CALM and row.clients:
            found.append("%s: %d clients were refused" % (name_of(row), row.clients))
        if row.back is not None and row.back < SERVED:
            found.append("%s: Retry-After was true for %s %% of %d clients"
                         % (name_of(row), share(row.back), row.clients))
        if row.others:
            found.append("%s: %d answers were neither 200 nor 503" % (name_of(row), row.others))
        if row.load and row.load <= CALM and row.late > 0.05:
            found.append("%s: the clients were %.0f ms late; the machine is too busy" % (name_of(row), 1e3 * row.late))
    return found


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        found = re.search(r"^model name\s*: (.*)$", file.read(), re.MULTILINE)
    return "%d CPUs (%s)" % (CPUS, found.group(1) if found else os.uname().machine)


def headline(tops, requests):
    """Returns a paragraph: when, where, and what 100 % is."""
    commit = subprocess.run(["git", "-C", TOP, "describe", "--always", "--dirty", "--exclude=*"],
                            stdout=subprocess.PIPE, check=False).stdout.decode().strip()
    return ("%s, at %s, on %s;\n%d requests in each row, three times as many at %d %%. 100 %% is, in pictures per "
            "second:\n%s." % (datetime.date.today(), commit or "no commit", machine(), requests, LOADS[-1],
                              ", ".join("%.1f of %s" % (top, kind) for kind, top in tops.items())))


def ms(seconds):
    return "-" if seconds is None else "%.0f" % (1e3 * seconds)


def share(value):
    return "-" if value is None else "%g" % round(100 * value, 1)


def tables(rows):
    """Returns the table of all loads, and that of the bursts."""
    lines = ["| picture | load, % | p50, ms | p95, ms | p99, ms | refused, % | queue, ms | busy, % |", "|---" * 8 + "|"]
    lines += ["| %s | %d | %s | %s | %s | %s | %s | %s |" % (
        row.kind, row.load, ms(row.p50), ms(row.p95), ms(row.p99), share(row.refused), ms(row.queue), share(row.busy))
        for row in rows if row.load]
    lines += ["", "| burst of | clients refused | of all requests, % | told to wait, s, up to | served when they came "
              "back, % |", "|---" * 5 + "|"]
    lines += ["| %s | %s | %s | %s | %s |" % (
        row.kind, row.clients, share(row.refused), "-" if row.told is None else "%.0f" % row.told, share(row.back))
        for row in rows if not row.load]
    return "\n".join(lines)


class Panel:
    """One of the plots, above each other: a value by load."""
    LEFT, WIDTH, HEIGHT, GAP = 60, 640, 190, 48

    def __init__(self, place, title, ticks, scale):
        """`ticks` are values with their labels, from the lowest to the highest; `scale` makes heights of values."""
        self.top, self.ticks, self.scale = 28 + place * (self.HEIGHT + self.GAP), ticks, scale
        self.out = ['<text x="%d" y="%d" font-weight="bold">%s</text>' % (self.LEFT, self.top - 8, title)]
        for value, label in ticks:
            y = self.y(value)
            self.out.append('<path d="M%d %.1fh%d" stroke="#e4e4e4"/><text x="%d" y="%.1f" text-anchor="end">%s</text>'
                            % (self.LEFT, y, self.WIDTH, self.LEFT - 6, y + 4, label))
        for load in range(0, 161, 20):
            x = self.x(load)
            self.out.append('<path d="M%.1f %dv%d" stroke="#e4e4e4"/><text x="%.1f" y="%d" text-anchor="middle">'
                            '%d %%</text>' % (x, self.top, self.HEIGHT, x, self.top + self.HEIGHT + 16, load))

    def x(self, load):
        return self.LEFT + self.WIDTH * load / 160

    def y(self, value):
        low, high = (self.scale(tick[0]) for tick in (self.ticks[0], self.ticks[-1]))
        part = (self.scale(max(value, self.ticks[0][0])) - low) / (high - low)
        return self.top + self.HEIGHT * (1 - min(1.0, part))

    def threshold(self, target, label):
        value = target * (1 + TOLERANCE)
        self.out.append('<path d="M%d %.1fh%d" stroke="#c00" stroke-dasharray="6 4"/><text x="%d" y="%.1f" '
                        'fill="#c00">%s</text>' % (self.LEFT, self.y(value), self.WIDTH, self.LEFT + 8,
                                                   self.y(value) - 5, label))

    def curve(self, points, color):
        places = [(self.x(load), self.y(value)) for load, value in points if value is not None]
        self.out.append('<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>'
                        % (" ".join("%.1f,%.1f" % place for place in places), color))
        self.out += ['<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (*place, color) for place in places]


def plot(rows):
    """Returns the plots as SVG: how long answers take, and the two signals with the thresholds of the autoscalers."""
    tens = [(0.001, "1 ms"), (0.01, "10 ms"), (0.1, "0.1 s"), (1, "1 s"), (10, "10 s")]
    panels = {"p95": Panel(0, "95th percentile of the answers", [*tens[1:], (100, "100 s")], math.log10),
              "busy": Panel(1, "signal: busy share of the CPUs", [(k / 5, "%d %%" % (20 * k)) for k in range(6)], float),
              "queue": Panel(2, "signal: mean time in the queue", tens, math.log10)}
    panels["busy"].threshold(BUSY, "more replicas from here on (target: %g %%)" % (100 * BUSY))
    panels["queue"].threshold(QUEUE, "more replicas from here on (target: %g s)" % QUEUE)
    out = []
    for k, (kind, color) in enumerate(zip(dict.fromkeys(row.kind for row in rows), COLORS)):
        for key, panel in panels.items():
            panel.curve([(row.load, getattr(row, key)) for row in rows if row.kind == kind and row.load], color)
        out.append('<text x="715" y="%d" fill="%s">%s</text>' % (40 + 18 * k, color, kind))
    out += [line for panel in panels.values() for line in panel.out]
    out.append('<text x="%d" y="738">offered load, of the capacity</text>' % Panel.LEFT)
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 790 750" font-family="sans-serif" font-size="12">\n'
            '<rect width="790" height="750" fill="#fff"/>\n%s\n</svg>\n' % "\n".join(out))


def inserted(page, text):
    """Returns the page with the text between its marks."""
    before, rest = page.split(BEGIN)
    return "%s%s\n\n%s\n\n%s%s" % (before, BEGIN, text, END, rest.split(END)[1])


def write(head, rows, docs=os.path.join(TOP, "docs")):
    """Writes the document's part and its plot."""
    path = os.path.join(docs, "scaling.md")
    with open(path, encoding="utf-8") as file:
        page = inserted(file.read(), "%s\n\n%s\n\n![Answers and signals by load](pictures/scaling.svg)"
                        % (head, tables(rows)))
    with open(path, "w", encoding="utf-8") as file:
        file.write(page)
    with open(os.path.join(docs, "pictures/scaling.svg"), "w", encoding="utf-8") as file:
        file.write(plot(rows))
