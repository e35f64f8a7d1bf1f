"""metrics.py - GET /metrics, read by a parser that accepts only the text format 0.0.4. The numbers
are compared with the requests that were sent."""
import json
import os
import re
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import Daemon, claim, equal, flat_png, png, request, run_claims, wait_until  # noqa: E402

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?(?:e[+-]?\d+)?|Inf)|NaN")
SUFFIXES = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


def parse_labels(text, line):
    labels, at = {}, 0
    while at < len(text):
        found = LABEL.match(text, at)
        if not found or found.group(1) in labels:
            raise AssertionError("labels of: " + line)
        labels[found.group(1)] = found.group(2)
        at = found.end()
        if at < len(text):
            equal(text[at], ",", line)
            at += 1
            equal(at < len(text), True, "no comma at the end: " + line)
    return labels


def parse_sample(line):
    name = NAME.match(line).group()
    rest, labels = line[len(name):], {}
    if rest.startswith("{"):
        inside, rest = rest[1:].rsplit("}", 1)
        labels = parse_labels(inside, line)
    equal(rest[:1], " ", line)
    equal(bool(NUMBER.fullmatch(rest[1:])), True, line)
    return name, labels, float(rest[1:])


class Family:
    def __init__(self, name, help):
        self.name, self.help, self.type, self.samples = name, help, None, []


def parse(text):
    """Returns the families by name. Every line must be a HELP, TYPE or sample, in this order."""
    equal(text.endswith("\n"), True, "the last line ends")
    families, family = {}, None
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name, help = line[7:].split(" ", 1)
            equal(bool(NAME.fullmatch(name)) and name not in families and bool(help), True, line)
            family = families[name] = Family(name, help)
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            equal((name, family.type, family.samples), (family.name, None, []), line)
            equal(kind in SUFFIXES, True, line)
            family.type = kind
        else:
            name, labels, value = parse_sample(line)
            equal(name in [family.name + s for s in SUFFIXES[family.type]], True, line)
            key = (name, tuple(sorted(labels.items())))
            equal(key not in [k for k, _ in family.samples], True, "twice: " + line)
            family.samples.append((key, value))
    return families


def check_histogram(family):
    series = {}
    for (name, labels), value in family.samples:
        rest = tuple(pair for pair in labels if pair[0] != "le")
        one = series.setdefault(rest, {"buckets": [], "sum": None, "count": None})
        if name.endswith("_bucket"):
            one["buckets"].append((float(dict(labels)["le"].replace("+Inf", "inf")), value))
        else:
            one[name.rsplit("_", 1)[1]] = value
    for labels, one in series.items():
        bounds = [bound for bound, _ in one["buckets"]]
        counts = [count for _, count in one["buckets"]]
        equal(bounds, sorted(set(bounds)), "bounds of %s %s" % (family.name, labels))
        equal(counts, sorted(counts), "cumulative counts of %s" % family.name)
        equal((bounds[-1], counts[-1]), (float("inf"), one["count"]), family.name)
        equal(one["sum"] >= 0, True, family.name)


def scrape(d):
    reply = d.ask("GET", "/metrics").expect(200)
    equal(reply.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
    families = parse(reply.body.decode("utf-8"))
    for family in families.values():
        equal(family.name.startswith("upscaled_"), True, family.name)
        equal(family.name.endswith("_total"), family.type == "counter", family.name)
        if family.type == "histogram":
            check_histogram(family)
    return families


def value(families, name, **labels):
    family = families[re.sub("_(bucket|sum|count)$", "", name)
                      if name not in families else name]
    wanted = (name, tuple(sorted(labels.items())))
    return dict(family.samples).get(wanted, 0)


@claim
def every_metric_is_well_formed_and_in_the_docs():
    with Daemon() as d:
        d.upscale(png()).expect(200)
        families = scrape(d)
        page = open(os.path.join(os.environ.get("top_srcdir", "."), "docs/metrics.md")).read()
        rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \| (.*) \|$", page, re.M)
        equal([(row[0], row[1], row[3]) for row in rows],
              [(f.name, f.type, f.help) for f in families.values()])
        for name, _, labels, _ in rows:
            for (_, pairs), _ in families[name].samples:
                equal([pair[0] for pair in pairs if pair[0] != "le"],
                      sorted(filter(None, labels.split(", "))), "labels of " + name)


@claim
def requests_are_counted_by_status_and_code():
    with Daemon() as d:
        for _ in range(3):
            d.upscale(png()).expect(200)
        d.upscale(b"hello").expect(415)
        d.upscale(png(), "?scale=99").expect(400)
        d.ask("GET", "/nowhere").expect(404)
        wanted = (("200", "ok", 3), ("415", "not_png", 1), ("400", "bad_parameter", 1),
                  ("404", "not_found", 1))

        def all_counted():
            """Each request is counted after its answer has been sent, by one thread or another."""
            found = scrape(d)
            return [value(found, "upscaled_requests_total", status=status, code=code)
                    for status, code, count in wanted
                    if (value(found, "upscaled_requests_total", status=status, code=code) or 0)
                    >= count]

        counted = wait_until(lambda: (lambda c: c if len(c) == len(wanted) else None)(all_counted()),
                             "all are counted")
        equal(counted[1:], [1, 1, 1], "each once")


@claim
def pictures_are_measured():
    with Daemon() as d:
        d.upscale(png(40, 30), "?model=psnr-m5").expect(200)
        d.upscale(png(40, 30), "?model=psnr-m5&scale=4").expect(200)  # one file, twice
        d.upscale(b"hello").expect(415)
        seen = wait_until(lambda: (lambda f: f if value(
            f, "upscaled_picture_pixels_count", side="input") == 2 else None)(scrape(d)),
            "both are counted")
        equal(value(seen, "upscaled_picture_pixels_sum", side="input"), 2400)
        equal(value(seen, "upscaled_picture_pixels_sum", side="output"), 1200 * (4 + 16))
        for stage in ("queue", "decode", "network", "encode"):
            equal(value(seen, "upscaled_stage_seconds_count", stage=stage), 2, stage)
        equal(value(seen, "upscaled_stage_seconds_sum", stage="network") > 0, True)
        equal(value(seen, "upscaled_request_seconds_count"), 2)
        model = json.loads(d.ask("GET", "/v1/models/psnr-m5").body)
        # halos count; whole tiles of 4x4 at most double them
        around = 2 * 2 * model["halo"]
        least = model["macs_per_pixel"] * 1200 * (1 + 1 + 4)
        most = model["macs_per_pixel"] * (2 * (40 + around) * (30 + around) + (80 + around) * (60 + around))
        equal(least < value(seen, "upscaled_macs_total") < most, True)
        equal(0 < value(seen, "upscaled_mac_seconds") < 1e-5, True)


@claim
def processor_time_is_that_of_the_process():
    """The kernel's own account is in hundredths of a second; it is read before and after."""
    def kernels(d):
        with open("/proc/%d/stat" % d.process.pid) as file:
            used = file.read().rsplit(")", 1)[1].split()[11:13]
        return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")

    with Daemon() as d:
        for _ in range(2):
            d.upscale(flat_png(600, 600)).expect(200)
            least = kernels(d) - 0.02
            seconds = value(scrape(d), "upscaled_cpu_seconds_total")
            equal(0 < least <= seconds <= kernels(d) + 0.02, True, seconds)


@claim
def what_runs_and_waits_is_shown():
    with Daemon("--max-running", "1", "--queue-timeout", "86400", "--work-timeout", "86400") as d:
        idle = scrape(d)
        equal([value(idle, "upscaled_memory_bytes", use=use)
               for use in ("bodies", "work", "replies")], [0, 0, 0])
        equal(value(idle, "upscaled_memory_bytes", use="connections") > 0, True)
        clients = [d.connect() for _ in range(2)]
        for client in clients:
            client.send(request("POST", "/v1/upscale?scale=8&model=photo-hq", flat_png(1500, 1500)))
        busy = wait_until(lambda: (lambda f: f if value(f, "upscaled_waiting_requests") == 1
                                   and value(f, "upscaled_running_requests") == 1
                                   and value(f, "upscaled_oldest_waiting_seconds") > 0
                                   else None)(scrape(d)), "one runs and one waits")
        work = value(busy, "upscaled_memory_bytes", use="work")
        equal(1 << 20 < work <= value(busy, "upscaled_memory_limit_bytes"), True, work)
        equal(value(busy, "upscaled_memory_bytes", use="bodies") > 0, True)
        clients[1].socket.close()  # this one first, because it might begin when the other is cancelled
        wait_until(lambda: value(scrape(d), "upscaled_waiting_requests") == 0, "nobody waits")
        clients[0].socket.close()
        wait_until(lambda: value(scrape(d), "upscaled_cancelled_total") == 1,
                   "the work on the first is cancelled")


run_claims()
