#!/usr/bin/python3
"""Makes a model file (FORMAT.md) out of ONNX, PyTorch, safetensors and ncnn files; see the folder
importer/, and `importer.py --help`. Installed as upscaled-import."""
import sys

from importer.command import main

if __name__ == "__main__":
    sys.exit(main())
