"""states.py - networks that the importer knows by the names of their tensors, in every kind of file
of PyTorch. The imported model computes what PyTorch computes. Skipped without PyTorch. TAP."""
import json
import struct
import tempfile

import place  # says where the modules below are
import tap

tap.needs("torch", "numpy", "PIL")
import numpy
import torch
from torch import nn

import compare
import networks
from networks import seeded

FOLDER = tempfile.TemporaryDirectory()
FORMS = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.float64: "F64"}


def path(name):
    return f"{FOLDER.name}/{name}"


def save_safetensors(state, name, metadata=None):
    """Writes a file by the description of the format: a length, a table in JSON, the bytes."""
    table, data = {}, b""
    if metadata:
        table["__metadata__"] = metadata
    for key, value in state.items():
        value = value.contiguous()
        bits = value.view(torch.int16) if value.dtype in (torch.bfloat16, torch.float16) else value
        raw = bits.numpy().tobytes()
        table[key] = {"dtype": FORMS[value.dtype], "shape": list(value.shape),
                      "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    head = json.dumps(table).encode()
    with open(path(name), "wb") as f:
        f.write(struct.pack("<Q", len(head)) + head + data)
    return path(name)


def save(value, name, **options):
    torch.save(value, path(name), **options)
    return path(name)


def cast(state, dtype):
    return {k: v.to(dtype) for k, v in state.items()}


def single(net):
    """Returns the state dict in float32, and the network with exactly those weights."""
    state = cast(net.state_dict(), torch.float32)
    net.load_state_dict(cast(state, torch.float64))
    return state


def compact_of_any_width_depth_and_factor():
    for feat, layers, factor in ((16, 4, 4), (24, 1, 2), (8, 6, 3), (12, 0, 1)):
        net = seeded(networks.Compact(feat, layers, factor))
        compare.same(save(single(net), "compact.pth"), net, expect="SRVGGNetCompact")


def every_file_that_holds_a_state_dict():
    net = seeded(networks.Compact())
    state = single(net)
    files = [save(state, "a.pth"), save(state, "b.pt", _use_new_zipfile_serialization=False),
             save_safetensors(state, "c.safetensors", {"format": "pt"}),
             save({"params": cast(state, torch.float16), "params_ema": state}, "d.pth"),
             save({"state_dict": {f"module.{k}": v for k, v in state.items()}, "epoch": 3,
                   "optimizer": {"state": {0: {"step": 5, "exp_avg": torch.ones(3)}},
                                 "param_groups": [{"lr": 1e-4, "betas": (0.9, 0.99)}]}}, "e.pth"),
             save({f"model.{k}": v for k, v in state.items()}, "f.pt"),
             save({k: nn.Parameter(v) for k, v in state.items()}, "g.pth"),
             save_safetensors({f"params_ema.{k}": v for k, v in state.items()}, "h.safetensors"),
             save({"model": {f"_orig_mod.{k}": v for k, v in state.items()},
                   "loss": numpy.float64(0.5)}, "i.pth"),
             save(state, "j.pth", pickle_protocol=4),
             save({"net_g": state, "net_d": {"conv.weight": torch.ones(8, 3, 3, 3)}}, "k.pth")]
    models = [compare.same(f, net) for f in files]
    assert all(m["layers"] == models[0]["layers"] for m in models)


def tensors_that_share_a_storage_or_lie_across_it():
    net = seeded(networks.Compact())
    state = single(net)
    wide = {k: v.clone() for k, v in state.items()}
    for key in ("body.0.weight", "body.2.weight"):
        wide[key] = wide[key].permute(2, 3, 1, 0).contiguous().permute(3, 2, 0, 1)
    row = torch.cat([wide["body.0.bias"], wide["body.2.bias"]])
    wide["body.0.bias"], wide["body.2.bias"] = row[:16], row[16:]
    first = compare.same(save(state, "a.pth"), net)
    for file in (save(wide, "w.pth"), save(wide, "w.pt", _use_new_zipfile_serialization=False)):
        assert compare.same(file, net)["layers"] == first["layers"]


def halves_are_kept_as_they_are():
    net = seeded(networks.Compact())
    for dtype in (torch.float16, torch.bfloat16):
        state = cast(net.state_dict(), dtype)
        net.load_state_dict(cast(state, torch.float64))
        for file in (save(state, "half.pth"), save_safetensors(state, "half.safetensors"),
                     save(state, "half.pt", _use_new_zipfile_serialization=False)):
            model = compare.same(file, net, bound=1e-12)
            if dtype == torch.float16:
                assert model["layers"][2]["weight"]["dtype"] == "float16"
            model = compare.same(file, net, ("--dtype", "float32"))
            assert model["layers"][2]["weight"]["dtype"] == "float32"


def espcn():
    for planes, factor in ((1, 3), (3, 2)):
        net = seeded(networks.Espcn(factor, planes))
        state = single(net)
        other = {"first_part.": "feature_maps.", "last_part.": "sub_pixel."}
        renamed = {k.replace(a, b): v for k, v in state.items() for a, b in other.items() if a in k}
        for names in (state, renamed):
            compare.same(save(names, "espcn.pth"), net, planes=planes, expect="ESPCN with tanh")


def espcn_of_four_layers():
    net = seeded(nn.Sequential(nn.Conv2d(1, 64, 5, padding=2), nn.ReLU(), networks.conv(64, 64),
                               nn.ReLU(), networks.conv(64, 32), nn.ReLU(), networks.conv(32, 9),
                               nn.PixelShuffle(3)))
    state = {f"conv{int(k[0]) // 2 + 1}{k[1:]}": v for k, v in single(net).items()}
    compare.same(save(state, "four.pth"), net, planes=1, expect="ESPCN with relu")


def fsrcnn_whose_factor_its_name_or_the_user_tells():
    for factor, file, options in ((3, "fsrcnn_x3.pth", ()), (2, "fsrcnn.pth", ("--scale", "2")),
                                  (4, "FSRCNN-4x.pth", ())):
        net = seeded(networks.Fsrcnn(factor))
        compare.same(save(single(net), file), net, options, planes=1, expect="FSRCNN")
    status, _, complained = compare.imported(save(single(net), "fsrcnn.pth"), path("no.json"))
    assert status == 1 and "--scale" in complained, complained


def fsrcnn_by_its_other_names():
    net = seeded(networks.Fsrcnn(2))
    names = {"first_part": "feature_extraction", "mid_part.0": "shrink.0", "mid_part.1": "shrink.1",
             "mid_part.6": "expand.0", "mid_part.7": "expand.1", "last_part": "deconv"}
    names.update({f"mid_part.{k}": f"map.{k - 2}" for k in range(2, 6)})
    state = {}
    for key, value in single(net).items():
        head = next(n for n in sorted(names, key=len, reverse=True) if key.startswith(n + "."))
        state[names[head] + key[len(head):]] = value
    compare.same(save(state, "f_x2.pth"), net, planes=1, expect="FSRCNN")


def rrdbnet_under_its_three_names():
    net = seeded(networks.RrdbNet())
    state = single(net)
    layers = None
    for names in (state, networks.rrdb_old_names(net), networks.rrdb_2018_names(net),
                  {k[len("model."):]: v for k, v in networks.rrdb_old_names(net).items()}):
        model = compare.same(save(cast(names, torch.float32), "rrdb.pth"), net,
                             expect="RRDBNet (ESRGAN), 2 blocks of 16 channels")
        assert layers is None or model["layers"] == layers
        layers = model["layers"]
    kinds = [layer["type"] for layer in layers]
    assert kinds.count("affine") == 2, "0.2 goes into the convolution where it can"


def rrdbnet_in_half_precision_stays_so():
    """The factor 0.2 would turn the weights into which it is merged into 32 bits."""
    net = seeded(networks.RrdbNet()).half().double()
    file = save(cast(net.state_dict(), torch.float16), "half.pth")
    model = compare.same(file, net, bound=1e-6)
    weights = [layer["weight"]["dtype"] for layer in model["layers"] if layer["type"] == "conv2d"]
    assert weights == ["float16"] * len(weights)
    assert [layer["type"] for layer in model["layers"]].count("affine") == 2 * 4
    model = compare.same(file, net, ("--dtype", "float32"))
    assert [layer["type"] for layer in model["layers"]].count("affine") == 2


def rrdbnet_of_factors_2_and_1():
    for factor in (2, 1):
        net = seeded(networks.RrdbNet(factor))
        model = compare.same(save(single(net), "rrdb.pth"), net)
        assert model["layers"][0] == {"type": "pixel_unshuffle", "downscale_factor": 4 // factor}


def rrdbnet_of_old_that_enlarges_once():
    """ESRGAN's first release omitted one enlargement for x2, and both for x1."""
    net = seeded(networks.RrdbNet())
    state = networks.rrdb_old_names(net)
    for k in (6, 8, 10):
        for what in ("weight", "bias"):
            value = state.pop(f"model.{k}.{what}")
            if k > 6:
                state[f"model.{k - 3}.{what}"] = value

    def once(x):
        first = net.conv_first(x)
        y = first + net.conv_body(net.body(first))
        up = nn.functional.interpolate(y, scale_factor=2, mode="nearest")
        y = nn.functional.leaky_relu(net.conv_up1(up), 0.2)
        return net.conv_last(nn.functional.leaky_relu(net.conv_hr(y), 0.2))
    compare.same(save(cast(state, torch.float64), "x2.pth"), once)


def span():
    for factor, blocks, norm in ((2, 2, True), (4, 3, False)):
        net = seeded(networks.Span(factor, blocks, norm=norm), gain=0.5)
        if norm:
            with torch.no_grad():
                for part in (net.conv_1.sk, net.conv_1.conv[0]):
                    part.weight.div_(255)
        model = compare.same(save(single(net), "span.pth"), net, expect=f"SPAN, {blocks} blocks")
        kinds = [layer["type"] for layer in model["layers"]]
        assert kinds.count("silu") == 2 * blocks and kinds.count("mul") == blocks


def artcnn():
    for planes, factor in ((3, 2), (1, 4)):
        net = seeded(networks.ArtCnn(factor, planes=planes))
        compare.same(save(single(net), "artcnn.pth"), net, planes=planes, expect="ArtCNN, 2 blocks")


def ecbsr_as_deployed():
    for planes, factor in ((1, 2), (3, 4)):
        net = seeded(networks.Ecbsr(factor, planes=planes))
        state = single(net)
        short = {k.replace("conv3x3", "0").replace("act", "1"): v for k, v in state.items()}
        for names in (state, short):
            compare.same(save(names, "ecbsr.pth"), net, planes=planes, expect="ECBSR as deployed")


def etds_as_deployed():
    for factor in (2, 3, 4):
        net = clipping(seeded(networks.Etds(factor)))
        compare.same(save(single(net), "etds.pth"), net, expect="ETDS, 4 layers")


def waifu2x():
    net = seeded(networks.Waifu2x(), gain=1.5)

    def inside(x):
        return net(x)
    file = save({"nunif_model": 1, "name": "waifu2x.upconv_7", "updated_at": "today",
                 "kwargs": {"in_channels": 3}, "state_dict": single(net)}, "scale2x.pth")
    status, said, complained = compare.imported(file, path("w.json"))
    assert status == 0 and "waifu2x upconv_7; x2" in said, complained
    model = compare.run_json.load(path("w.json"))
    assert model["border"] == "replicate"
    x = compare.picture(3)
    with torch.no_grad():
        assert (compare.run_json.run(model, x) - inside(x)).abs().max() < compare.CLOSE


def waifu2x_of_unchanged_size():
    net = seeded(networks.Waifu2x("vgg_7"), gain=1.5)
    state = single(net)
    x = compare.picture(3, 32, 40)
    for name, options, factor in (("noise1.pth", (), 1), ("scale2x.pth", (), 2),
                                  ("model.pth", ("--scale", "2"), 2)):
        status, _, complained = compare.imported(save(state, name), path("w.json"), *options)
        assert status == 0, complained
        model = compare.run_json.load(path("w.json"))
        assert model["scale"] == factor and model["border"] == "replicate"
        big = nn.functional.interpolate(x, scale_factor=factor, mode="nearest")
        with torch.no_grad():
            assert (compare.run_json.run(model, x) - net(big)).abs().max() < compare.CLOSE
    status, _, complained = compare.imported(save(state, "model.pth"), path("w.json"))
    assert status == 1 and "--scale" in complained


def networks_that_are_not_known_are_said_layer_by_layer():
    net = seeded(networks.Fsrcnn(2))
    state = {"x." + k.replace("part", "half"): v for k, v in single(net).items()}
    rows = [{"type": "conv2d", "tensors": "x.first_half.0", "padding": 2},
            {"type": "prelu", "tensors": "x.first_half.1", "name": "first"},
            {"type": "conv2d", "tensors": "x.mid_half.0"}, {"type": "prelu", "tensors": "x.mid_half.1"}]
    for k in (2, 4):
        rows += [{"type": "conv2d", "tensors": f"x.mid_half.{k}", "padding": [1, 1]},
                 {"type": "prelu", "tensors": f"x.mid_half.{k + 1}"}]
    rows += [{"type": "conv2d", "tensors": "x.mid_half.6"}, {"type": "prelu", "tensors": "x.mid_half.7"},
             {"type": "add", "with": "first"},
             {"type": "conv_transpose2d", "tensors": "x.last_half", "stride": 2, "padding": 4,
              "output_padding": 1}]
    with open(path("rows.json"), "w") as f:
        json.dump(rows, f)

    def skipped(x):
        first = net.first_part(x)
        return net.last_part(net.mid_part(first) + first)
    file = save(state, "unknown.pth")
    compare.same(file, skipped, ("--layers", path("rows.json")), planes=1, expect="layers as listed")
    status, _, complained = compare.imported(file, path("no.json"))
    assert status == 1 and "--layers" in complained, complained


def the_list_that_the_readme_shows():
    """ESPCN layer by layer, under names that are not known."""
    text = (place.TOP / "weights" / "README.md").read_text()
    rows = text[text.index('    [{"type": "conv2d", "tensors"'):]
    rows = json.loads(rows[:rows.index("]\n") + 1])
    net = seeded(networks.Espcn(2))
    with open(path("rows.json"), "w") as f:
        json.dump(rows, f)
    compare.same(save(dict(single(net), spare=torch.ones(1)), "shown.pth"), net,
                 ("--layers", path("rows.json")), planes=1, expect="layers as listed")


def tensors_too_many_are_named():
    net = seeded(networks.Compact())
    state = dict(single(net), extra=torch.ones(3))
    status, _, complained = compare.imported(save(state, "extra.pth"), path("no.json"))
    assert status == 1 and "'extra'" in complained, complained


def clipping(net):
    """ETDS's last layer as its deployed form has it: 1 - x."""
    with torch.no_grad():
        net.conv_clip.weight.copy_(-torch.eye(len(net.conv_clip.weight))[:, :, None, None])
        net.conv_clip.bias.fill_(1)
    return net


def by_the_server_within_a_level():
    folder = tempfile.TemporaryDirectory()
    for net, name, planes, bias in (
            (networks.Compact(), "compact.pth", 3, None), (networks.Espcn(), "e.pth", 1, "last_part.0"),
            (networks.Fsrcnn(2), "f_x2.pth", 1, "last_part"),
            (networks.ArtCnn(), "a.pth", 3, "depth_to_space.upscale.0"),
            (networks.Ecbsr(), "b.pth", 1, None), (networks.Etds(3), "t.pth", 3, "conv_last")):
        net = seeded(net)
        net = clipping(net) if isinstance(net, networks.Etds) else net
        if bias:                        # to the middle of the range, so that clipping hides little
            with torch.no_grad():
                net.get_submodule(bias).bias.add_(0.5)
        compare.served(save(single(net), name), net, folder.name, planes=planes)


def rrdbnet_and_span_by_the_server_in_both_precisions():
    folder = tempfile.TemporaryDirectory()
    for net, bias in ((networks.RrdbNet(), "conv_last"), (networks.RrdbNet(2), "conv_last"),
                      (networks.RrdbNet(1), "conv_last"),
                      (networks.Span(norm=False), "upsampler.0"),
                      (networks.Span(), "upsampler.0"), (networks.Compact(), None)):
        net = seeded(net, gain=0.5 if isinstance(net, networks.Span) else 0.7)
        with torch.no_grad():
            if bias:
                net.get_submodule(bias).bias.add_(0.5)
            if isinstance(net, networks.Span) and net.norm:
                for part in (net.conv_1.sk, net.conv_1.conv[0]):
                    part.weight.div_(255)
        compare.served(save(single(net), "net.pth"), net, folder.name)
        net = net.half().double()
        file = save(cast(net.state_dict(), torch.float16), "net.pth")
        compare.served(file, net, folder.name, ("--dtype", "auto"))


tap.run_claims([
    compact_of_any_width_depth_and_factor, every_file_that_holds_a_state_dict,
    tensors_that_share_a_storage_or_lie_across_it, halves_are_kept_as_they_are, espcn,
    espcn_of_four_layers, fsrcnn_whose_factor_its_name_or_the_user_tells,
    fsrcnn_by_its_other_names, rrdbnet_under_its_three_names, rrdbnet_in_half_precision_stays_so,
    rrdbnet_of_factors_2_and_1,
    rrdbnet_of_old_that_enlarges_once, span, artcnn, ecbsr_as_deployed, etds_as_deployed,
    waifu2x, waifu2x_of_unchanged_size, networks_that_are_not_known_are_said_layer_by_layer,
    the_list_that_the_readme_shows, tensors_too_many_are_named, by_the_server_within_a_level,
    rrdbnet_and_span_by_the_server_in_both_precisions])
