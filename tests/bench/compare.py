#!/usr/bin/python3
"""Compares upscaled, onnxruntime and PyTorch on the same weights and picture, in turns.

Every measurement is a process of its own, which warms up, repeats for some seconds and prints its
median and its peak memory. Rounds alternate between the three, and the median of the rounds counts,
so that other load affects all of them equally. The other programs first find out in which of their
modes, and with which form of the transposed convolution, they are fastest. Outputs are compared to
the level. The script prints the table of docs/performance.md from all measurements so far. `run`
calls it."""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "../..")
PEERS = ("upscaled", "onnxruntime", "PyTorch")
FORMS = ("transposed", "phases")
MODES = ("frozen", "frozen channels_last", "mkldnn", "mkldnn channels_last")
MAX_LEVELS = 0.55  # of 255 levels; our own rounding to 8 bits is half a level

# name, model, width, height, channels
CASES = (
    ("photo", "photo", 1920, 1080, 1),
    ("photo", "photo", 256, 256, 1),
    ("FSRCNN(56,12,4)", "fsrcnn", 1920, 1080, 1),
    ("FSRCNN(56,12,4)", "fsrcnn", 256, 256, 1),
    ("waifu2x upconv_7", "upconv_7", 480, 270, 3),
    ("realesr-animevideov3-x4", "animevideov3", 480, 270, 3),
    ("32 layers of 64 channels", "deep", 480, 270, 3),
    ("32 layers of 64 channels", "deep", 1920, 1080, 3),
    ("8 layers of 64 channels", "luma", 1920, 1080, 1),
)
ALONE = {("deep", 1920), ("luma", 1920)}  # another program would take minutes and many GiB


class Bench:
    def __init__(self, arguments):
        self.a = arguments
        self.folder = arguments.folder
        self.env = dict(os.environ, PEERS=os.path.join(self.folder, "node_modules"),
                        PYTHONDONTWRITEBYTECODE="1")
        self.notes = self.read("best.json")  # the best ways of the other programs, by network

    def model(self, name):
        return os.path.join(self.folder, "models", name + ".json")

    def read(self, name):
        """Reads the results that an earlier call left in the folder."""
        try:
            with open(os.path.join(self.folder, name)) as f:
                return json.load(f)
        except FileNotFoundError:
            return {}

    def write(self, name, value):
        with open(os.path.join(self.folder, name), "w") as f:
            json.dump(value, f, indent=1)

    def call(self, command):
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False, env=self.env)
        if done.returncode != 0:
            sys.exit("failed: " + " ".join(command))
        return done.stdout

    def measure(self, command):
        return json.loads(self.call(command))

    def prepare(self):
        """Writes the model files. Those that are not in the tree are made or copied."""
        os.makedirs(os.path.join(self.folder, "models"), exist_ok=True)
        shutil.copy(os.path.join(TOP, "weights/photo.json"), self.model("photo"))
        source = os.path.join(self.a.data, "waifu2x/up_photo_scale2x.json")
        if os.path.exists(source):
            shutil.copy(source, self.model("upconv_7"))
        for name in ("fsrcnn", "deep", "luma"):
            if not os.path.exists(self.model(name)):
                self.call([sys.executable, os.path.join(HERE, "networks.py"), name,
                           self.model(name)])
        source = os.path.join(self.a.data, "zoo/realesr-animevideov3-x4.onnx")
        if os.path.exists(source) and not os.path.exists(self.model("animevideov3")):
            self.call([sys.executable, os.path.join(TOP, "weights/importer.py"), source, "-o",
                       self.model("animevideov3"), "--binary", self.a.binary])

    def inputs(self, model, width, height, channels):
        """Writes the picture as PNG, for PyTorch and for onnxruntime, and the network as ONNX."""
        stem = os.path.join(self.folder, f"{model}-{width}x{height}")
        self.call([sys.executable, os.path.join(HERE, "make_inputs.py"), self.model(model),
                   str(width), str(height), str(channels), stem])
        return stem

    def torch(self, model, stem, form, mode, threads, seconds):
        return self.measure([sys.executable, os.path.join(HERE, "peer_torch.py"), self.model(model),
                             form, mode, stem + ".npy", str(threads), str(seconds),
                             stem + ".torch.npy"])

    def onnxruntime(self, stem, form, threads, seconds):
        with open(stem + ".shape") as f:
            shape = f.read()
        return self.measure(["node", os.path.join(HERE, "peer_onnxruntime.js"),
                             f"{stem}.{form}.onnx", stem + ".f32", shape, str(threads),
                             str(seconds), stem + ".onnx.f32"])

    def upscaled(self, model, width, height, threads):
        found = self.measure([self.a.binary, "bench", "--json", "--model", self.model(model),
                              "--size", f"{width}x{height}", "--threads", str(threads)])
        return {"ms": found["ms"], "least": found["ms_least"], "rss": found["peak_rss_bytes"],
                "percent_of_peak": found["percent_of_peak"], "peak": found["peak_gflops"],
                "macs": found["macs_per_pixel"]}

    def choose(self, model, channels):
        """Finds the best form and mode of the other programs for a network, on a medium-sized
        picture."""
        if model in self.notes:
            return self.notes[model]
        stem = self.inputs(model, 320, 180, channels)
        ort = min(FORMS, key=lambda form: self.onnxruntime(stem, form, 2, 0.3)["least"])
        torch = min(((f, m) for f in FORMS for m in MODES),
                    key=lambda way: self.torch(model, stem, *way, 2, 0.3)["least"])
        print(f"{model}: onnxruntime by {ort}, PyTorch by {', '.join(torch)}", file=sys.stderr)
        self.notes[model] = ort, torch
        self.write("best.json", self.notes)
        return ort, torch

    def differences(self, stem, model):
        """Returns the largest difference, in levels of 255, between our output and that of each
        other program."""
        from PIL import Image
        with open(self.model(model)) as f:
            read = json.load(f)
        scale = 2 if isinstance(read, list) else read["scale"]  # a file of waifu2x is a list
        self.call([self.a.binary, "convert", "--models", os.path.join(self.folder, "models"),
                   "--model", model, "--scale", str(scale), stem + ".png", stem + ".out.png"])
        ours = np.asarray(Image.open(stem + ".out.png"), np.float32)
        ours = ours[None] if ours.ndim == 2 else ours.transpose(2, 0, 1)
        ort = np.fromfile(stem + ".onnx.f32", np.float32).reshape(ours.shape)
        theirs = {"onnxruntime": ort, "PyTorch": np.load(stem + ".torch.npy")[0]}
        return {k: float(np.abs(v.clip(0, 1) * 255 - ours).max()) for k, v in theirs.items()}

    def case(self, name, model, width, height, channels, threads, before):
        rounds = before or {peer: [] for peer in PEERS}
        found = {"name": name, "width": width, "height": height, "channels": channels,
                 "threads": threads, "rounds": rounds}
        if (model, width) in ALONE:
            for _ in range(self.a.rounds):
                rounds["upscaled"].append(self.upscaled(model, width, height, threads))
            return found
        ort, torch = self.choose(model, channels)
        stem = self.inputs(model, width, height, channels)
        for _ in range(self.a.rounds):
            rounds["upscaled"].append(self.upscaled(model, width, height, threads))
            rounds["onnxruntime"].append(self.onnxruntime(stem, ort, threads, self.a.seconds))
            rounds["PyTorch"].append(self.torch(model, stem, *torch, threads, self.a.seconds))
        far = self.differences(stem, model)
        if max(far.values()) > MAX_LEVELS:
            sys.exit(f"{name}: outputs differ by {far} levels of 255")
        return dict(found, levels=far)


def middle(case, peer, key):
    return statistics.median(r[key] for r in case["rounds"][peer])


def number(ms):
    return f"{ms:.0f}" if ms >= 100 else f"{ms:.1f}"


def table(cases):
    print("| network, picture | threads | upscaled | onnxruntime | PyTorch | times faster than the "
          "better | memory, MiB | of peak |\n|---|---|---|---|---|---|---|---|")
    for c in cases:
        ran = [p for p in PEERS if c["rounds"][p]]
        ms = {p: middle(c, p, "ms") for p in ran}
        mib = [f"{middle(c, p, 'rss') / 2**20:.0f}" for p in ran]
        text = {p: number(ms[p]) + " ms" if p in ms else "" for p in PEERS}
        others = [ms[p] for p in ran[1:]]
        ratio = f"{min(others) / ms['upscaled']:.1f}" if others else ""
        kind = "luma" if c["channels"] == 1 else "RGB"
        print(f"| {c['name']}, {c['width']}x{c['height']} {kind} | {c['threads']} | "
              f"**{text['upscaled']}** | {text['onnxruntime']} | "
              f"{text['PyTorch']} | {ratio} | {' / '.join(mib)} | "
              f"{middle(c, 'upscaled', 'percent_of_peak'):.0f} % |")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--binary", default=os.path.join(TOP, "build/upscaled"))
    p.add_argument("--folder", default=os.path.join(TOP, "build/bench"), help="for working files")
    p.add_argument("--data", default=os.path.join(TOP, "../shared/data"))
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=float, default=2, help="of a peer in a round")
    p.add_argument("--threads", type=int, nargs="+", default=[2, 1])
    p.add_argument("--only", default="", help="cases whose name and size have this, as 256x256")
    p.add_argument("--more", action="store_true", help="add rounds to those measured before")
    p.add_argument("--table", action="store_true", help="only print what was measured before")
    a = p.parse_args()
    a.binary, a.folder = os.path.abspath(a.binary), os.path.abspath(a.folder)
    bench = Bench(a)
    bench.prepare()
    found = bench.read("results.json")
    for case in [] if a.table else CASES:
        if not os.path.exists(bench.model(case[1])):
            print(f"{case[0]}: no model file under {a.data}", file=sys.stderr)
        elif a.only in f"{case[0]} {case[2]}x{case[3]}":
            for threads in a.threads:
                key = f"{case[0]} {case[2]}x{case[3]} {threads}"
                before = found[key]["rounds"] if a.more and key in found else None
                found[key] = bench.case(*case, threads, before)
                bench.write("results.json", found)
    table(found.values())


if __name__ == "__main__":
    main()
