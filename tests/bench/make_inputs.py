"""make_inputs.py MODEL WIDTH HEIGHT CHANNELS STEM - writes the picture and the network for the other
programs.

STEM.png is the picture; STEM.npy, STEM.f32 and STEM.shape are the network's input, with its border;
STEM.transposed.onnx and STEM.phases.onnx are the network."""
import sys
import warnings

import numpy as np
import torch
from PIL import Image

from networks import Network
from picture import picture


def main():
    model, stem = sys.argv[1], sys.argv[5]
    width, height, channels = (int(v) for v in sys.argv[2:5])
    samples = picture(width, height, channels)
    Image.fromarray(samples[:, :, 0] if channels == 1 else samples).save(stem + ".png")
    halo = Network(model, False).halo()
    x = np.pad(samples, ((halo, halo), (halo, halo), (0, 0)), "edge").transpose(2, 0, 1)[None]
    x = np.ascontiguousarray(x, dtype=np.float32) / np.float32(255)
    np.save(stem + ".npy", x)
    x.tofile(stem + ".f32")
    with open(stem + ".shape", "w") as f:
        f.write(",".join(str(n) for n in x.shape))
    warnings.filterwarnings("ignore", module="torch.onnx")  # about constants that it does not fold
    for form in ("transposed", "phases"):
        torch.onnx.export(Network(model, form == "phases"), torch.from_numpy(x),
                          f"{stem}.{form}.onnx", input_names=["x"], output_names=["y"],
                          opset_version=13, do_constant_folding=True)


if __name__ == "__main__":
    main()
