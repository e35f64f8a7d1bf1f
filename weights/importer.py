#!/usr/bin/python3
"""Makes a model file (FORMAT.md) from ONNX, PyTorch, safetensors and ncnn files. See the folder
importer/ and `importer.py --help`. It is installed as upscaled-import."""
import sys

try:
    from importer.command import main
except ModuleNotFoundError as e:
    if e.name == "importer":    # a script of the build, from which nothing was installed yet
        sys.exit("upscaled-import: its modules are not installed; `make install` does it, and weights/importer.py of "
                 "the sources is the same program")
    if e.name != "numpy":
        raise
    sys.exit("upscaled-import: it needs Python's numpy (Debian: apt install python3-numpy)")
except ImportError as e:    # numpy explains over pages; its last line is the reason
    reason = str(e).strip().rsplit("\n", 1)[-1]
    sys.exit(f"upscaled-import: its modules cannot be loaded: {reason}")
except MemoryError:
    sys.exit("upscaled-import: there is not enough memory to load its modules")

if __name__ == "__main__":
    sys.exit(main())
