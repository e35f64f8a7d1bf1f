"""Times a network in PyTorch: peer_torch.py MODEL FORM MODE IN.npy THREADS SECONDS OUT.npy

FORM: transposed or phases. MODE: frozen or mkldnn, alone or
with channels_last. Prints JSON: ms, least, rss."""
import json
import sys
import time

import numpy as np
import torch

from networks import Network


def peak_rss():
    with open("/proc/self/status") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmHWM"))


def prepare(network, mode, x):
    if mode.endswith("channels_last"):
        network = network.to(memory_format=torch.channels_last)
        x = x.contiguous(memory_format=torch.channels_last)
    made = torch.jit.freeze(torch.jit.trace(network, x))
    return (torch.jit.optimize_for_inference(made) if mode.startswith("mkldnn") else made), x


def enough(runs, past, seconds):
    return past >= seconds and (runs >= 3 or past >= 3 * seconds)


def main():
    model, form, mode, source, threads, seconds, out = sys.argv[1:]
    torch.set_num_threads(int(threads))
    torch.set_num_interop_threads(1)
    with torch.inference_mode():
        run, x = prepare(Network(model, form == "phases"), mode, torch.from_numpy(np.load(source)))
        begun = time.perf_counter()
        y = run(x)
        if time.perf_counter() - begun < 5:
            run(x)
        times, begun = [], time.perf_counter()
        while not enough(len(times), time.perf_counter() - begun, float(seconds)):
            t = time.perf_counter()
            y = run(x)
            times.append((time.perf_counter() - t) * 1e3)
    np.save(out, y.numpy())
    times.sort()
    print(json.dumps({"ms": times[len(times) // 2], "least": times[0], "rss": peak_rss()}))


if __name__ == "__main__":
    main()
