#!/usr/bin/python3
"""The collection of photographs and drawings that lies beside the project, not in it.

    collection.py table         prints sources.csv as the table of DATA.md
    collection.py note          writes sources.csv from the collection's SOURCES.csv

The collection is a folder with photos/, art/ and SOURCES.csv. TEST_DATA or `data.py --shared` names
it. Every tenth source is held out with all of its crops: training never sees it.
"""
import csv
import os
import pathlib
import sys

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
NOTED = HERE / "sources.csv"
FIELDS = ["kind", "source", "author", "licence", "shrink", "width", "height", "held"]
FIRST, EACH = 5, 10  # the first source that is held out, and the distance to the next, by name


def folder():
    return pathlib.Path(os.environ.get("TEST_DATA", HERE.parent.parent / "shared" / "data"))


def held_sources(rows):
    return set(sorted({row["source"] for row in rows})[FIRST::EACH])


def rows(kind, base=None):
    """Returns the rows of SOURCES.csv for `photos` or `art`, each with `held`: 1 if it is held
    out."""
    with open((base or folder()) / "SOURCES.csv", newline="") as file:
        found = [row for row in csv.DictReader(file) if row["file"].startswith(f"{kind}/")]
    held = held_sources(found)
    return [dict(row, kind=kind, held=int(row["source"] in held)) for row in found]


def pictures(kind, held_out=False, base=None):
    """Yields the crops as [y][x][3] uint8 with even sides."""
    base = base or folder()
    for row in rows(kind, base):
        if bool(row["held"]) == held_out:
            rgb = np.asarray(Image.open(base / row["file"]).convert("RGB"))
            yield rgb[:rgb.shape[0] // 2 * 2, :rgb.shape[1] // 2 * 2]


def note():
    with open(NOTED, "w", newline="") as file:
        out = csv.DictWriter(file, FIELDS, extrasaction="ignore", lineterminator="\n")
        out.writeheader()
        for kind in ("photos", "art"):
            out.writerows(rows(kind))


def place(source):
    """Returns the place of a source: the repository at its commit, or the Debian package."""
    return source.rsplit(":", 1)[0].split(" 1:")[0] if source.startswith("Debian") \
        else source.split(":")[0]


def table():
    """Prints one line per repository or package: the number of crops, and how many have each
    licence."""
    with open(NOTED, newline="") as file:
        noted = list(csv.DictReader(file))
    print("| kind | where | crops | held out | licences |\n|---|---|---|---|---|")
    for kind in ("photos", "art"):
        of_kind = [row for row in noted if row["kind"] == kind]
        for where in dict.fromkeys(place(row["source"]) for row in of_kind):
            here = [row for row in of_kind if place(row["source"]) == where]
            licences = {}
            for row in here:
                licences[row["licence"]] = licences.get(row["licence"], 0) + 1
            said = ", ".join(f"{name} ({count})" for name, count in
                             sorted(licences.items(), key=lambda item: -item[1]))
            held = sum(int(row["held"]) for row in here)
            print(f"| {kind} | {where} | {len(here)} | {held} | {said} |")


if __name__ == "__main__":
    actions = {"note": note, "table": table}
    if len(sys.argv) != 2 or sys.argv[1] not in actions:
        sys.exit(__doc__)
    actions[sys.argv[1]]()
