"""The command upscaled-import: makes a model file of the server from the file of a trained
network."""
import argparse
import os
import re
import sys
import tempfile
from collections import namedtuple

import numpy as np

from . import (arch_large, arch_small, check, files, fold, geometry, layer_list, ncnn_graph,
               onnx_graph, safetensors_file, state, torch_file, write)
from .build import affine, select
from .errors import Refused, shown
from .graph import MAX_NUMBERS, numbers

ARCHITECTURES = arch_small.TABLE + arch_large.TABLE
KNOWN = "SRVGGNetCompact, ESPCN, FSRCNN, ECBSR, ETDS, ArtCNN, waifu2x, RRDBNet and SPAN"
Model = namedtuple("Model", "head layers what macs parameters remarks")
MAX_LICENSE = 4096      # as the server has it
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")


def parser():
    p = argparse.ArgumentParser(
        prog="upscaled-import",
        description="Makes a model file for upscaled out of a trained network: ONNX; PyTorch's .pth "
                    "and .pt, and .safetensors, of networks that are known by name; ncnn's .param "
                    "with its .bin.")
    p.add_argument("file", metavar="FILE")
    p.add_argument("-o", dest="out", metavar="OUT.json",
                   help="the file to write [the model's name with .json, in this folder]")
    p.add_argument("--name", help="what requests call the model [OUT's name without .json]")
    p.add_argument("--family", help="the style that it belongs to; requests take a family's file by factor")
    p.add_argument("--license", help="the weights' licence, which the file then says")
    p.add_argument("--scale", type=int, choices=range(1, 9), metavar="1..8",
                   help="the factor, where the file does not tell it")
    p.add_argument("--layers", metavar="LIST.json",
                   help="the network layer by layer, for tensors whose names tell nothing")
    p.add_argument("--range", type=float, default=1.0, metavar="255",
                   help="what white is to the network; 1 where nothing is said")
    p.add_argument("--bgr", action="store_true", help="the network takes and gives blue, green, red")
    p.add_argument("--border", choices=("model", "replicate", "reflect", "wrap", "zero"),
                   help="what lies beyond the picture's edge; model where the network pads")
    p.add_argument("--output-name", metavar="NAME", help="which of several outputs is the picture")
    p.add_argument("--dtype", choices=("auto", "float16", "float32"), default="auto",
                   help="how weights are written; auto: float16 where that loses nothing")
    p.add_argument("--binary", metavar="UPSCALED", help="the server's program, for the check")
    p.add_argument("--no-check", action="store_true", help="do not let the server look at the file")
    return p


def _start(path):
    with files.opened(path) as f:
        return f.read(files.START)


def _recognised(lazies, options):
    """Returns the network that a state dict belongs to, (graph, its description), or None."""
    for names in state.candidates(lazies):
        tensors = state.State(lazies, names, options)
        tensors.ignore(lambda n: n.endswith("num_batches_tracked"))
        for is_this, build in ARCHITECTURES:
            if not is_this(tensors):
                continue
            graph, what = build(tensors)
            if tensors.unused:
                some = ", ".join(shown(n) for n in sorted(tensors.unused)[:3])
                raise Refused(f"it looks like {what}, but has {len(tensors.unused)} tensors "
                              f"that do not belong to it ({some})")
            return graph, what
    return None


def _from_state(dictionaries, options, lazy):
    """Returns the network of the first dictionary that is one: (graph, its description). `lazy`
    makes a Lazy of what the dictionaries hold."""
    if options.layers:
        rows = layer_list.load(options.layers)
        lazies = {n: lazy(t) for n, t in layer_list.fitting(dictionaries, rows).items()}
        tensors = state.State(lazies, {n: n for n in lazies}, options)
        return layer_list.network(tensors, rows), "layers as listed"
    for dictionary in dictionaries:
        found = _recognised({n: lazy(t) for n, t in dictionary.items()}, options)
        if found:
            return found
    largest = max(dictionaries, key=len)
    some = ", ".join(shown(n) for n in list(largest)[:3]) + (", ..." if len(largest) > 3 else "")
    raise Refused(f"its {len(largest)} tensors ({some}) are of no network that is known by "
                  f"name ({KNOWN}); export it to ONNX, or say its layers by --layers")


def _ncnn_pair(path):
    stem, _ = os.path.splitext(path)
    return stem + ".param", stem + ".bin"


def _graphs(options):
    """Returns the graphs of a file, which must be alike, and their description."""
    path, start = options.file, _start(options.file)
    ending = os.path.splitext(path)[1].lower()
    if start.startswith(b"7767517") or ending == ".bin" and os.path.exists(_ncnn_pair(path)[0]):
        return [ncnn_graph.read(*_ncnn_pair(path), options.output_name)], "ncnn"
    if start.startswith((b"PK\x03\x04", b"\x80")):
        reader = torch_file.read_zip if start.startswith(b"PK") else torch_file.read_old
        value, lazy = reader(path)
        graph, what = _from_state(state.tensors(value), options, lazy)
        return [graph], what
    if len(start) > 8 and start[8:9] == b"{":
        graph, what = _from_state([safetensors_file.read(path)], options, lambda t: t)
        return [graph], what
    if start[:1] in (b"{", b"["):
        raise Refused("a JSON file, which the server reads as it is")
    if not start:
        raise Refused("an empty file")
    files.refuse_unread(start, ending)
    if ending == ".param":
        return [ncnn_graph.read(*_ncnn_pair(path), options.output_name)], "ncnn"
    folder = os.path.dirname(os.path.abspath(path))
    return onnx_graph.read(path, folder, options.output_name), "ONNX"


def _adjusted(graph, options):
    """Adds the range and the order of colours around the network."""
    for_white = options.range
    if not (0 < for_white < 1e6):
        raise Refused("--range is a number above 0")
    picture = graph.input
    users = [u for u in graph.order() if picture in u.inputs]
    front = picture
    if options.bgr and picture.channels == 3:
        front = select(graph, front, [2, 1, 0], "--bgr")
    if for_white != 1:
        front = affine(graph, front, for_white, 0.0, "--range")
    if front is not picture:
        for user in users:
            graph.rewire(user, [front if x is picture else x for x in user.inputs])
    out = graph.output
    if for_white != 1:
        out = affine(graph, out, 1 / for_white, 0.0, "--range")
    if options.bgr and out.channels == 3:
        out = select(graph, out, [2, 1, 0], "--bgr")
    graph.output = out


def _described(graph, what):
    """Returns the description of an ONNX or ncnn graph."""
    nodes = graph.order()
    convolutions = [n for n in nodes if n.kind in ("conv2d", "conv_transpose2d")]
    wide = max([n.channels for n in convolutions], default=graph.input.channels)
    return f"{what} graph of {len(convolutions)} convolutions, up to {wide} channels"


def _model(options):
    """Returns the Model that the file becomes."""
    graphs, what = _graphs(options)
    rows = []
    for graph in graphs:
        _adjusted(graph, options)
        if numbers(graph) > MAX_NUMBERS:
            raise Refused(f"more than {MAX_NUMBERS} weights")
        graph.keep_half = options.dtype == "auto"
        fold.simplify(graph)
        size = geometry.find(graph)
        rows.append(write.layers(graph, options.dtype))
    if any(other != rows[0] for other in rows[1:]):
        raise Refused("the network is not the same for pictures of different sizes")
    graph = graphs[0]
    if graph.output.channels != graph.input.channels:
        raise Refused(f"takes {graph.input.channels} channels and gives "
                      f"{graph.output.channels}; as many are needed")
    if options.scale and options.scale != size.scale:
        raise Refused(f"the network enlarges {size.scale} times, not {options.scale}")
    border = options.border or ("replicate" if size.lost_y or size.lost_x else "model")
    if border == "model" and (size.lost_y or size.lost_x):
        raise Refused(f"--border model: the network loses {size.lost_y} rows and {size.lost_x} "
                      "columns, so something must lie beyond the edge")
    if what in ("ONNX", "ncnn"):
        what = _described(graph, what)
    head = {"name": options.name, "scale": size.scale,
            "color": "y" if graph.input.channels == 1 else "rgb", "border": border}
    if options.family:
        head["family"] = options.family
    if options.license:
        head["license"] = options.license
    head["description"] = f"{what}, imported from {os.path.basename(options.file)}"[:1000]
    return Model(head, rows[0], what, size.macs, numbers(graph), graph.remarks)


def _named(options):
    """Fills in the path of the output and the name of the model."""
    options.stem = os.path.splitext(os.path.basename(options.file))[0]
    if not options.out:
        options.out = (options.name or options.stem) + ".json"
    if options.name is None:
        own = os.path.splitext(os.path.basename(options.out))[0]
        options.name = re.sub(r"[^A-Za-z0-9._-]+", "-", own).strip("-.")[:64] or "model"
    if not NAME.match(options.name) or options.name in (".", ".."):
        raise Refused("--name takes 1 to 64 of A-Z a-z 0-9 . _ -")
    if options.family and (not NAME.match(options.family) or options.family in (".", "..")):
        raise Refused("--family takes 1 to 64 of A-Z a-z 0-9 . _ -")
    licence = options.license or ""
    if len(licence.encode("utf-8", "surrogatepass")) > MAX_LICENSE:
        raise Refused(f"--license takes at most {MAX_LICENSE} bytes")
    if any("\ud800" <= c <= "\udfff" or c == "\0" for c in licence):
        raise Refused("--license takes text of UTF-8")


def _line(options, model, seconds):
    color = "luma" if model.head["color"] == "y" else "RGB"
    line = (f"{options.out}: {model.what}; x{model.head['scale']}, {color}, "
            f"{model.parameters:,} parameters, {model.macs:,.0f} multiply-adds a pixel")
    return line + (f", {seconds:.3g} s a megapixel here" if seconds is not None else "")


def run(options):
    _named(options)
    model = _model(options)
    text = write.text(model.head, model.layers)
    program = None if options.no_check else check.find(options.binary)
    warnings, seconds = [], None
    if program:
        with tempfile.TemporaryDirectory(prefix="upscaled-import-") as folder:
            trial = os.path.join(folder, "model.json")
            write.write(trial, text)
            warnings = check.linted(program, trial)
            seconds = check.seconds_a_megapixel(program, trial, model.macs)
    write.write(options.out, text)
    print(_line(options, model, seconds))
    for warning in model.remarks + warnings:
        print(f"  {warning}")


def main(arguments=None):
    options = parser().parse_args(arguments)
    try:
        with np.errstate(all="ignore"):     # numbers that are none are refused where they are written
            run(options)
    except Refused as e:
        print(f"upscaled-import: {options.file}: {e}", file=sys.stderr)
        return 1
    except OSError as e:
        print(f"upscaled-import: {e.filename or options.file}: {e.strerror or e}", file=sys.stderr)
        return 1
    except (MemoryError, RecursionError):
        print(f"upscaled-import: {options.file}: too large or too deep for this machine",
              file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as e:  # the file is damaged in a way that no check covers
        print(f"upscaled-import: {options.file}: cannot be read ({type(e).__name__}); a fault of the "
              "importer, too: please report it with the file", file=sys.stderr)
        return 1
    return 0
