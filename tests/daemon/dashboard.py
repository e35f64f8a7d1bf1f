"""dashboard.py - deploy/grafana.json asks only for metrics that the daemon has, by labels that they
have."""
import json
import os
import re
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import Daemon, claim, equal, png, run_claims  # noqa: E402

PATH = os.path.join(os.environ.get("top_srcdir", "."), "deploy", "grafana.json")


def expressions():
    with open(PATH) as file:
        for panel in json.load(file)["panels"]:
            for target in panel["targets"]:
                yield panel["title"], target["expr"], target["legendFormat"]


def exported():
    """Returns the names of labels by metric, as /metrics has them after a picture and a refusal."""
    with Daemon() as d:
        d.upscale(png()).expect(200)
        d.upscale(b"junk").expect(415)
        text = d.ask("GET", "/metrics").expect(200).body.decode()
    labels = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, rest = re.match(r"(\w+)(?:\{(.*)\})? ", line).groups()
            labels.setdefault(name, set()).update(re.findall(r'(\w+)="', rest or ""))
    return labels


@claim
def every_panel_asks_for_what_there_is():
    labels = exported()
    outside = {"job", "instance"}  # Prometheus adds them
    for title, expression, legend in expressions():
        names = re.findall(r"upscaled_\w+", expression)
        equal(names != [], True, title)
        for name in names:
            equal(name in labels, True, "%s: %s" % (title, name))
        used = set(re.findall(r"(\w+)(?:=~|!=|=)", expression))
        for group in re.findall(r"by \(([^)]*)\)", expression):
            used |= {word.strip() for word in group.split(",")}
        used |= set(re.findall(r"\{\{(\w+)\}\}", legend))
        known = set.union(outside, *(labels[name] for name in names))
        equal(used - known, set(), "labels of " + title)


@claim
def every_metric_is_shown_somewhere():
    shown = set(re.findall(r"upscaled_\w+", " ".join(e for _, e, _ in expressions())))
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown}
    there = {re.sub(r"_(bucket|sum|count)$", "", name) for name in exported()
             if name.startswith("upscaled_")}
    equal(there - shown, set())


run_claims()
