"""checkpoints.py - what lies beside a network in the files of trainers: statistics, configurations,
optimisers, other objects. The network is found, and nothing else is run. A network that lacks a
tensor is refused. Needs numpy, not PyTorch. TAP."""
import argparse
import collections
import contextlib
import datetime
import decimal
import fractions
import io
import json
import os
import pathlib
import sys
import types
import uuid

import place  # says where the modules below are
import tap

tap.needs("numpy")
import numpy

from harm import (COMPACT, Raw, Storage, command, in_a_row, packed, path, rebuilt, refused, safe_state,
                  state_of, zipped)

STATE, STORAGES = state_of(COMPACT)
STORAGES = dict(STORAGES, **{"999": bytes(4 * 300)})
ONE = rebuilt(Storage("999", 300), 7, (), ())
THREE = rebuilt(Storage("999", 300), 1, (3,), (1,))


def imported(file, *options):
    """Returns the model that the importer makes of a file."""
    out, complained = path("out.json"), io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(complained):
        status = command.main([file, "-o", out, "--no-check", *options])
    assert status == 0, complained.getvalue()
    with open(out) as f:
        model = json.load(f)
    os.unlink(out)
    return model


def layers(file, *options):
    return imported(file, *options)["layers"]


PLAIN = layers(zipped(*state_of(COMPACT)))


def holds(value, what):
    """Checks that the network is found in a file with this value, in the new form and the old."""
    assert layers(zipped(value, STORAGES)) == PLAIN, what
    used = set(storages_of(value))
    file = in_a_row(value, {k: v for k, v in STORAGES.items() if k in used})
    assert layers(file) == PLAIN, what


def storages_of(value):
    """Yields the storages of a value: the old form lists those that are used."""
    if isinstance(value, Storage):
        yield value.key
    elif isinstance(value, (dict, list, tuple)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from storages_of(inner)


def tensors_beside_the_state_dict_do_not_hide_it():
    for value in ({"epoch": 5, "state_dict": STATE, "best_psnr": ONE},
                  {"params_ema": STATE, "iter": ONE}, {"model": STATE, "mean": THREE},
                  {"mean": THREE, "std": THREE, "what nobody knows": STATE},
                  {"loss": {"vgg.weight": THREE}, "step": ONE, "nets": {"g": STATE}},
                  {"params": STATE, "params_ema": None, "steps": THREE},
                  {"optimizer": {"state": {k: {"exp_avg": THREE, "step": ONE} for k in range(300)}},
                   "history": [ONE, THREE], "mine": STATE}):
        holds(value, list(value))


def prefixes_beside_others_are_left_out():
    """The names of the losses and counters of a training module, and of compiled modules."""
    for head in ("net.model.", "module.net_g.", "_orig_mod.module.", "model.", "a.b.c.", "params_ema."):
        value = {head + name: tensor for name, tensor in STATE.items()}
        holds(value, head)
        if head != "a.b.c.":
            holds(dict(value, **{"loss.vgg.0.weight": THREE, "step": ONE, "net.step": ONE}), head)


def the_better_of_two_is_taken():
    """The running mean before the last step, wherever the file has it; any holder before others."""
    other = dict(STATE, **{"body.1.weight": rebuilt(Storage("999", 300), 9, (4,), (1,))})
    holds({"params": other, "step": ONE, "params_ema": STATE}, "params_ema")
    holds({"teacher": other, "net_g": STATE}, "net_g")
    holds({"teacher": other, **STATE}, "the outermost")
    holds({"a": STATE, "params": other, "params_ema": STATE}, "params_ema")


def lists_and_tuples_hold_networks_too():
    holds([STATE], "a list")
    holds((STATE, {"a": 1}), "a tuple")
    holds([5, THREE, {"epoch": 1, "nets": [{"params": STATE}]}], "a list in a list")


def layers_by_list_take_the_dictionary_with_their_tensors():
    with open(path("rows.json"), "w") as f:
        json.dump([{"type": "conv2d", "tensors": "body.0", "padding": 1},
                   {"type": "prelu", "tensors": "body.1"},
                   {"type": "conv2d", "tensors": "body.4", "padding": 1},
                   {"type": "pixel_shuffle", "upscale_factor": 2}], f)
    file = zipped({"best_psnr": ONE, "my net": dict(STATE, more=THREE)}, STORAGES)
    assert [row["type"] for row in layers(file, "--layers", path("rows.json"))] == [
        "conv2d", "prelu", "conv2d", "pixel_shuffle"]


def what_is_not_known_is_described_by_the_largest_dictionary():
    unknown = {f"tower.{k}.kernel": THREE for k in range(5)}
    refused(zipped({"best": ONE, "net": unknown}, STORAGES), "its 5 tensors ('tower.0.kernel'")
    refused(zipped({"best": ONE}, STORAGES), "its 1 tensors ('best') are")


HARMLESS = [
    argparse.Namespace(lr=0.1, name="x"), types.SimpleNamespace(a=1), datetime.datetime(2024, 5, 1, 12),
    datetime.date(2024, 5, 1), datetime.timedelta(3), datetime.timezone.utc, collections.defaultdict(list, a=[1]),
    collections.Counter("aab"), collections.deque([1, 2]), collections.OrderedDict(a=1), slice(1, 2),
    bytearray(b"abc"), b"abc", {1, 2}, frozenset({3}), 3 + 4j, range(4), list, dict, 1 << 200,
    pathlib.PurePosixPath("/a/b"), pathlib.PosixPath("/a"), decimal.Decimal("1.5"),
    fractions.Fraction(1, 3), uuid.UUID(int=5), numpy.float64(3), numpy.arange(4), numpy.dtype("f4"),
    numpy.array(["a", "bc"]), {"a": argparse.Namespace(b=datetime.date(2024, 5, 1))}, (slice(1), [slice(2)])]


def harmless_objects_are_passed_over():
    for value in HARMLESS:
        for protocol in range(2, 6):
            what = f"{value!r} by protocol {protocol}"
            assert layers(zipped({"args": Raw(value, protocol), "state_dict": STATE, "iter": 3},
                                 STORAGES)) == PLAIN, what
    for name in ("omegaconf.dictconfig DictConfig", "easydict EasyDict", "addict.addict Dict",
                 "yacs.config CfgNode", "torch Generator", "__builtin__ unicode"):
        holds({"config": (name, ({"a": 1},)), "state_dict": STATE}, name)


def their_names_are_not_imported():
    """A module that would leave a mark, in place of one of these."""
    folder, marker = path("modules"), path("marker")
    os.makedirs(folder)
    for name in ("omegaconf", "easydict", "yacs"):
        with open(f"{folder}/{name}.py", "w") as f:
            f.write(f"open({marker!r}, 'w')\n")
    sys.path.insert(0, folder)
    for name in ("omegaconf x", "easydict EasyDict", "yacs.config CfgNode"):
        holds({"config": (name, ("echo",)), "state_dict": STATE}, name)
    assert not os.path.exists(marker) and "easydict" not in sys.modules
    sys.path.remove(folder)


def names_beside_the_harmless_ones_are_refused():
    for name in ("argparse ArgumentParser", "datetime datetime.now", "builtins eval", "builtins open",
                 "builtins getattr", "builtins type", "__builtin__ map", "copyreg __newobj__",
                 "copyreg _reduce_ex", "collections namedtuple", "collections Counter.update",
                 "easydict os.system", "omegaconf.os system.x", "pathlib os", "types CodeType",
                 "types FunctionType", "uuid os", "numpy load", "numpy frombuffer", "torch load",
                 "omegaconfig x", "functools partial", "operator attrgetter", "shutil rmtree"):
        refused(zipped({"config": (name, ("x",)), "state_dict": STATE}, STORAGES), "asks for",
                f"'{name.replace(' ', '.')}'")


def dictionaries_in_dictionaries_end():
    """Each holds the one before a thousand times: ten to the fifteen ways to the innermost."""
    code = b"\x80\x02}q\x00"
    for k in range(1, 6):
        code += b"}q" + bytes([k]) + b"("
        code += b"".join(b"M" + n.to_bytes(2, "little") + b"h" + bytes([k - 1]) for n in range(1000)) + b"u"
    refused(zipped(code + b".", {}), "no tensors")
    refused(zipped(b"\x80\x02]q\x00(" + b"h\x00" * 5000 + b"e.", {}), "no tensors")


def rrdb(ups=2, bias=True):
    """Returns the shapes of an RRDBNet of two blocks."""
    shapes = {"conv_first": (8, 3), "conv_body": (8, 8), "conv_hr": (8, 8), "conv_last": (3, 8)}
    shapes.update({f"conv_up{k}": (8, 8) for k in range(1, ups + 1)})
    for block in range(2):
        for part in (1, 2, 3):
            for k in range(1, 6):
                shapes[f"body.{block}.rdb{part}.conv{k}"] = (4 if k < 5 else 8, 8 + 4 * (k - 1))
    out = {}
    for name, shape in shapes.items():
        out[f"{name}.weight"] = shape + (3, 3)
        if bias:
            out[f"{name}.bias"] = shape[:1]
    return out


def without(shapes, *names):
    return {k: v for k, v in shapes.items() if k not in names}


def a_missing_tensor_is_named():
    """Loading by strict names, as PyTorch does, would refuse these files too."""
    assert imported(zipped(*state_of(rrdb())))["scale"] == 4
    for shapes in (rrdb(), COMPACT):
        for name in shapes:
            complained = refused(zipped(*state_of(without(shapes, name))))
            recognised_by = ("body.0.weight", "body.1.weight", "conv_first.weight",
                             "body.0.rdb1.conv1.weight")
            assert name.rsplit(".", 1)[0] in complained or name in recognised_by, (name, complained)
    refused(zipped(*state_of(without(COMPACT, "body.3.weight"))), "'body.3'", "missing", "'body.4'")
    refused(zipped(*state_of(without(rrdb(), "conv_up1.weight", "conv_up1.bias"))), "'conv_up1.weight'")
    gone = [k for k in rrdb() if k.startswith("body.0.")]
    refused(zipped(*state_of(without(rrdb(), *gone))))
    table, data = safe_state()
    del table["body.2.bias"]
    refused(packed(table, data), "'body.2.bias'")


def networks_without_any_bias_are_taken():
    assert imported(zipped(*state_of(rrdb(bias=False))))["scale"] == 4
    shapes = {k: v for k, v in COMPACT.items() if not k.endswith("bias")}
    assert [row.get("bias") for row in layers(zipped(*state_of(shapes)))] == [None] * len(PLAIN)


def one_enlargement_is_of_the_factor_that_is_said():
    """RRDBNet's two and three have the same tensors."""
    for name, options, scale in (("net.pth", (), 2), ("net.pth", ("--scale", "3"), 3),
                                 ("3x_net.pth", (), 3), ("net_x3.pth", (), 3), ("2x_net.pth", (), 2),
                                 ("3x_net.pth", ("--scale", "2"), 2)):
        assert imported(zipped(*state_of(rrdb(1)), name=name), *options)["scale"] == scale, name


tap.run_claims([
    tensors_beside_the_state_dict_do_not_hide_it, prefixes_beside_others_are_left_out, the_better_of_two_is_taken,
    lists_and_tuples_hold_networks_too, layers_by_list_take_the_dictionary_with_their_tensors,
    what_is_not_known_is_described_by_the_largest_dictionary, harmless_objects_are_passed_over,
    their_names_are_not_imported, names_beside_the_harmless_ones_are_refused,
    dictionaries_in_dictionaries_end, a_missing_tensor_is_named, networks_without_any_bias_are_taken,
    one_enlargement_is_of_the_factor_that_is_said])
