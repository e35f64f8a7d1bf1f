#!/usr/bin/python3
"""Compares the shapes of net.py: the score of each at equal training, and its cost.

    search.py train             trains every shape in the same way, one after the other; it may be
                                stopped
    search.py time BINARY       measures the engine's milliseconds per megapixel for the trained
                                shapes, on one thread, the least of some runs
    search.py plot              prints search.csv as a table, and writes
                                ../docs/pictures/frontier.svg

`train` and `time` write search.csv. Shapes are chosen by the held-out photographs; Set5 is only
reported. Do not measure times during a training.
"""
import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

import data
from export import ours, write
from net import Net, macs_per_pixel

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE / "search.csv"
PLOT = HERE.parent / "docs" / "pictures" / "frontier.svg"
FIELDS = ["name", "macs", "held", "set5", "ms"]
STEPS = 3000
TURNS = 3  # each shape is measured so many times, in turns

# name: the difference to 16 channels, 3x3 ends and nearest as the skip
SHAPES = {
    **{f"d{depth}": dict(depth=depth) for depth in (3, 4, 5, 6, 7, 9, 11)},
    "d5 head 5x5": dict(depth=5, head=5),
    "d5 tail 10x10": dict(depth=5, tail=5),
    "d5 tail 10x10, bicubic": dict(depth=5, tail=5, skip="bicubic"),
    "d5 both (SESR-M5)": dict(depth=5, head=5, tail=5),
    **{f"32 channels, d{depth}": dict(channels=32, depth=depth) for depth in (1, 2, 3)},
}


def read():
    if not TABLE.exists():
        return {}
    with open(TABLE, newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def keep(rows):
    with open(TABLE, "w", newline="") as file:
        out = csv.DictWriter(file, FIELDS, lineterminator="\n")
        out.writeheader()
        out.writerows(rows[name] for name in SHAPES if name in rows)


def train(_):
    rows = read()
    for name, shape in SHAPES.items():
        run = "search-" + "".join(c if c.isalnum() else "-" for c in name)
        options = [f"--{key}={value}" for key, value in shape.items()]
        subprocess.run([sys.executable, HERE / "train.py", "--name", run, "--mix", "clean",
                        "--steps", str(STEPS), "--every", str(STEPS), "--rows", "bicubic",
                        *options], check=True)
        last = (data.RUN / f"{run}.csv").read_text().split()[-1].split(",")
        row = rows.setdefault(name, dict(name=name))
        row.update(macs=macs_per_pixel(Net(**shape).shape), held=last[2], set5=last[3])
        keep(rows)


def milliseconds(binary, folder, stem):
    done = subprocess.run([binary, "bench", "--models", folder, "--model", stem, "--size",
                           "512x512", "--threads", "1", "--json"], stdout=subprocess.PIPE,
                          check=True)
    return json.loads(done.stdout)["ms"]


def time(a):
    rows, least = read(), {}
    with tempfile.TemporaryDirectory() as folder:
        for k, shape in enumerate(SHAPES.values()):
            write(f"{folder}/shape{k}.json", dict(scale=2, color="y", border="replicate"),
                  ours(Net(**shape)))
        for _ in range(TURNS):
            for k, name in enumerate(SHAPES):
                if name not in rows:
                    continue
                ms = milliseconds(a.binary, folder, f"shape{k}")
                least[name] = min(ms, least.get(name, ms))
    for name, ms in least.items():
        rows[name]["ms"] = f"{ms / (512 * 512 / 1e6):.1f}"
    keep(rows)


def frontier(rows):
    """Returns the shapes that no other shape beats in both speed and quality."""
    return [r for r in rows if not any(float(o["ms"]) <= float(r["ms"]) and
                                       float(o["held"]) > float(r["held"]) for o in rows)]


def ticks(low, high, step):
    first = int(low // step) + 1
    return [round(k * step, 6) for k in range(first, int(high // step) + 1)]


def svg(rows):
    """Returns the plot: milliseconds to the right, decibels upwards, a dot per shape, a line along
    the frontier."""
    width, height, left, bottom = 820, 460, 60, 50
    xs, ys = [float(r["ms"]) for r in rows], [float(r["held"]) for r in rows]
    low, high = (min(xs) - 8, min(ys) - 0.05), (max(xs) + 40, max(ys) + 0.06)

    def place(row):
        x, y = float(row["ms"]), float(row["held"])
        return (left + (x - low[0]) / (high[0] - low[0]) * (width - left - 10),
                height - bottom - (y - low[1]) / (high[1] - low[1]) * (height - bottom - 20))
    best = sorted(frontier(rows), key=lambda r: float(r["ms"]))
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="#fff"/>']
    for ms in ticks(low[0], high[0], 20):
        x = place(dict(ms=ms, held=low[1]))[0]
        out.append(f'<path d="M{x:.1f} 20V{height - bottom}" stroke="#e4e4e4"/>'
                   f'<text x="{x:.1f}" y="{height - bottom + 18}" text-anchor="middle">{ms:g}</text>')
    for db in ticks(low[1], high[1], 0.1):
        y = place(dict(ms=low[0], held=db))[1]
        out.append(f'<path d="M{left} {y:.1f}H{width - 10}" stroke="#e4e4e4"/>'
                   f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{db:.1f}</text>')
    out.append('<polyline fill="none" stroke="#2b6cb0" stroke-width="2" points="' +
               " ".join("%.1f,%.1f" % place(r) for r in best) + '"/>')
    for row in rows:
        x, y = place(row)
        colour = "#2b6cb0" if row in best else "#b05a2b"
        out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'
                   f'<text x="{x + 7:.1f}" y="{y + 12:.1f}" fill="#333">{row["name"]}</text>')
    out += [f'<text x="{width / 2}" y="{height - 10}" text-anchor="middle">engine, ms a megapixel, '
            'one thread</text>', '<text x="12" y="14">PSNR of held-out photographs, dB</text>', "</svg>"]
    return "\n".join(out) + "\n"


def plot(_):
    rows = [r for r in read().values() if all(r.get(field) for field in FIELDS)]
    PLOT.write_text(svg(rows))
    best = frontier(rows)
    print("| shape | MAC/px | ms/Mpx | held out, dB | Set5, dB | |\n|---|---|---|---|---|---|")
    for r in sorted(rows, key=lambda r: float(r["ms"])):
        print(f"| {r['name']} | {int(r['macs']):,} | {float(r['ms']):.0f} | {float(r['held']):.2f} | "
              f"{float(r['set5']):.2f} | {'frontier' if r in best else ''} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("train")
    actions.add_parser("time").add_argument("binary")
    actions.add_parser("plot")
    a = parser.parse_args()
    {"train": train, "time": time, "plot": plot}[a.action](a)


if __name__ == "__main__":
    main()
