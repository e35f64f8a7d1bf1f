#!/usr/bin/python3
"""Makes a model file (FORMAT.md) from ONNX, PyTorch, safetensors and ncnn files. See the folder
importer/ and `importer.py --help`. It is installed as upscaled-import."""
import sys

try:
    from importer.command import main
except ModuleNotFoundError as e:
    if e.name != "numpy":
        raise
    sys.exit("upscaled-import: it needs Python's numpy (Debian: apt install python3-numpy)")

if __name__ == "__main__":
    sys.exit(main())
