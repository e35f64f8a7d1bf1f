"""door.py - upscaled-import as people start it: options, names, the server's check, the messages
and the files that it writes. Needs numpy, not PyTorch. TAP."""
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile

import place  # says where the modules below are
import tap

tap.needs("numpy")
from harm import COMPACT, state_of, zipped

FOLDER = tempfile.TemporaryDirectory()
IMPORTER = place.TOP / "weights" / "importer.py"


def path(name):
    return os.path.join(FOLDER.name, name)


def network(name="net.pth"):
    return shutil.copy(zipped(*state_of(COMPACT)), path(name))


def start(*arguments, binary=None, **more):
    """Runs the importer in a process of its own that finds no server's program but `binary`."""
    environment = dict(os.environ, PATH=os.path.dirname(binary) if binary else "/nonexistent")
    return subprocess.run([sys.executable, IMPORTER, *arguments], capture_output=True, text=True,
                          env=environment, cwd=FOLDER.name, **more)


def program(name, text):
    """Makes a program in a folder of its own that stands for the server's."""
    folder = path(name)
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/upscaled", "w") as f:
        f.write("#!/bin/sh\n" + text)
    os.chmod(f"{folder}/upscaled", stat.S_IRWXU)
    return f"{folder}/upscaled"


def without_the_server_it_writes_and_says_so_in_a_line():
    done = start(network())
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert done.stdout == ("net.json: SRVGGNetCompact, 2 layers of 4 channels; x2, RGB, 712 "
                           "parameters, 684 multiply-adds a pixel\n"), done.stdout
    with open(path("net.json")) as f:
        model = json.load(f)
    assert model["name"] == "net" and "license" not in model
    assert model["description"] == "SRVGGNetCompact, 2 layers of 4 channels, imported from net.pth"


def missing_modules_are_named_with_their_packages():
    """Puts modules that cannot be imported before the installed ones."""
    folder = path("missing")
    os.makedirs(folder)
    for module in ("numpy", "onnx"):
        with open(f"{folder}/{module}.py", "w") as f:
            f.write(f"raise ModuleNotFoundError('no {module}', name='{module}')\n")
        with open(path("net.onnx"), "wb") as f:
            f.write(b"\x08\x07" * 20)
        done = subprocess.run([sys.executable, IMPORTER, path("net.onnx")], capture_output=True, text=True,
                              env=dict(os.environ, PYTHONPATH=folder), cwd=FOLDER.name)
        assert done.returncode == 1 and f"python3-{module}" in done.stderr, done.stderr
        assert "Traceback" not in done.stderr and done.stderr.count("\n") == 1, done.stderr
        os.remove(f"{folder}/{module}.py")


def modules_that_cannot_be_loaded_are_said_in_a_line():
    """As where memory ends while their libraries are mapped."""
    folder = path("unloadable")
    os.makedirs(folder)
    for error, word in (("ImportError('please read\\nlibm.so: failed to map')", "libm.so: failed to map"),
                        ("MemoryError()", "memory")):
        with open(f"{folder}/numpy.py", "w") as f:
            f.write(f"raise {error}\n")
        done = subprocess.run([sys.executable, IMPORTER, network()], capture_output=True, text=True,
                              env=dict(os.environ, PYTHONPATH=folder), cwd=FOLDER.name)
        assert done.returncode == 1 and word in done.stderr, done.stderr
        assert done.stderr.startswith("upscaled-import: ") and done.stderr.count("\n") == 1, done.stderr


def names_and_licences():
    for options, name in (((), "named"), (("--name", "other.2"), "other.2")):
        done = start("-o", path("named.json"), network(), *options)
        assert done.returncode == 0, done.stderr
        with open(path("named.json")) as f:
            assert json.load(f)["name"] == name
    done = start(network(), "--name", "called")
    assert done.returncode == 0 and done.stdout.startswith("called.json: "), done.stderr
    done = start(network("a b(c).pth"), "--license", "BSD-3-Clause")
    with open(path("a b(c).json")) as f:
        model = json.load(f)
    assert model["name"] == "a-b-c" and model["license"] == "BSD-3-Clause", model["name"]
    for name in ("a/b", "", ".", "..", "x" * 65, "\u00e4"):
        done = start(network(), "--name", name or " ")
        assert done.returncode == 1 and "--name takes" in done.stderr, (name, done.stderr)


def the_servers_verdict_decides():
    refuses = program("refuses", 'echo "upscaled: $3: $.layers[0]: no such kind (model)" >&2; exit 1\n')
    done = start(network("judged.pth"), binary=refuses)
    assert done.returncode == 1 and done.stdout == "" and done.stderr.count("\n") == 1
    assert "no such kind" in done.stderr and not os.path.exists(path("judged.json"))
    done = start(network("judged.pth"), "--no-check", binary=refuses)
    assert done.returncode == 0 and os.path.exists(path("judged.json"))


def a_limit_is_a_warning():
    limits = program("limits", 'echo "upscaled: $3: at most 3 layers (--max-model-layers) (model_limit)" '
                     '>&2; exit 1\n')
    done = start(network(), binary=limits)
    assert done.returncode == 0 and os.path.exists(path("net.json")), done.stderr
    assert "--max-model-layers" in done.stdout.splitlines()[1], done.stdout


def warnings_and_seconds_are_shown():
    works = program("works", 'if [ "$1" = models ]; then echo "  warning: grays change"; else '
                    'echo "{\\"ms_least\\": 500.0}"; fi\n')
    done = start(network(), binary=works)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].endswith(", 1.91 s a megapixel here"), lines     # half a second for 512 x 512
    assert lines[1:] == ["  warning: grays change"], lines


def a_network_that_pads_keeps_its_edges_or_is_told_otherwise():
    """The server's warning names the price of its advice."""
    done = start(network("padded.pth"), binary=str(place.BINARY))
    assert done.returncode == 0, done.stderr
    advice = [line for line in done.stdout.splitlines() if '"border": "replicate"' in line]
    assert len(advice) == 1 and "not the one that the network was trained with" in advice[0], done.stdout
    with open(path("padded.json")) as f:
        assert json.load(f)["border"] == "model"


def a_program_that_is_named_must_be_there():
    done = start(network(), "--binary", path("nowhere"))
    assert done.returncode == 1 and "nowhere" in done.stderr and "Traceback" not in done.stderr


def the_file_is_replaced_at_once_and_readable():
    out = path("kept.json")
    with open(out, "w") as f:
        f.write("before")
    before = os.stat(out).st_ino
    done = start(network(), "-o", out, umask=0o027)
    assert done.returncode == 0, done.stderr
    after = os.stat(out)
    assert after.st_ino != before, "written over in place"
    assert stat.S_IMODE(after.st_mode) == 0o640, oct(after.st_mode)
    assert not [n for n in os.listdir(FOLDER.name) if n.startswith(".import-")]


def a_pipe_may_take_it():
    done = start(network(), "-o", "/dev/stdout")
    assert done.returncode == 0 and done.stdout.startswith('{\n"format": "upscaled-model/1"'), done.stdout[:80]


def the_factor_that_is_said_must_be_the_networks():
    done = start(network(), "--scale", "3")
    assert done.returncode == 1 and "enlarges 2 times, not 3" in done.stderr, done.stderr
    done = start(network(), "--border", "replicate")
    with open(path("net.json")) as f:
        assert json.load(f)["border"] == "replicate"
    done = start(network(), "--range", "0")
    assert done.returncode == 1 and "--range" in done.stderr


def a_licence_is_bounded_as_by_the_server():
    for text in ("x" * 4097, "\u00e4" * 2049):
        done = start(network(), "--license", text)
        assert done.returncode == 1 and "4096 bytes" in done.stderr, done.stderr
    done = start(network(), "--license", "\u00e4" * 2048)
    assert done.returncode == 0, done.stderr
    done = subprocess.run([place.BINARY, "models", "check", path("net.json")], capture_output=True)
    assert done.returncode == 0, done.stderr
    done = start(network(), "--license", b"\xff")
    assert done.returncode == 1 and "UTF-8" in done.stderr, done.stderr


def help_names_every_option():
    text = start("--help").stdout
    for option in ("--name", "--license", "--scale", "--layers", "--range", "--bgr", "--border",
                   "--output-name", "--dtype", "--binary", "--no-check", "-o"):
        assert option in text, option


def within(more, out):
    """Runs the importer with that many bytes more than it has when it begins to read its file."""
    code = ("import resource, sys\nfrom importer.command import main\n"
            "size = int(open('/proc/self/status').read().split('VmSize:')[1].split()[0]) << 10\n"
            f"resource.setrlimit(resource.RLIMIT_AS, (size + {more}, size + {more}))\n"
            f"sys.exit(main(['wide.pth', '-o', {out!r}, '--no-check']))")
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=FOLDER.name,
                          env=dict(os.environ, PYTHONPATH=str(IMPORTER.parent)))


def with_little_memory_it_writes_the_whole_file_or_none_and_says_so():
    """Raises the limit in steps, until it is enough for a network of 9 MiB."""
    wide = {"body.0.weight": (256, 3, 3, 3), "body.0.bias": (256,), "body.1.weight": (256,),
            "body.10.weight": (12, 256, 3, 3), "body.10.bias": (12,)}
    for i in range(2, 10, 2):
        wide.update({f"body.{i}.weight": (256, 256, 3, 3), f"body.{i}.bias": (256,),
                     f"body.{i + 1}.weight": (256,)})
    shutil.copy(zipped(*state_of(wide)), path("wide.pth"))
    assert start(path("wide.pth"), "-o", "whole.json").returncode == 0
    with open(path("whole.json")) as f:
        whole = f.read().replace('"whole"', '"limited"')
    with open(path("limited.json"), "w") as f:
        f.write("before")
    files, steps = os.listdir(FOLDER.name), 0
    for more in range(0, 1 << 30, 3 << 20):
        done = within(more, "limited.json")
        with open(path("limited.json")) as f:
            text = f.read()
        assert sorted(os.listdir(FOLDER.name)) == sorted(files), (more, os.listdir(FOLDER.name))
        if done.returncode == 0:
            break
        steps += 1
        assert done.returncode == 1 and done.stderr == (
            "upscaled-import: wide.pth: too large or too deep for this machine\n"), (more, done.stderr)
        assert text == "before" and done.stdout == "", (more, done.stdout)
    assert text == whole and steps >= 10, steps
    print(f"# {steps} limits were too low, {more >> 20} MiB more were enough")


def as_it_is_installed():
    """make install puts a command and its modules into places where they find each other."""
    build = place.BINARY.parent
    done = subprocess.run(["make", "-s", "-C", build, "install-binSCRIPTS", "install-dist_importerDATA",
                           f"DESTDIR={path('root')}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = [os.path.join(at, n) for at, _, names in os.walk(path("root")) for n in names
             if n == "upscaled-import"]
    assert len(found) == 1 and os.access(found[0], os.X_OK), found
    with open(found[0]) as f:
        script = f.read()
    prefix = next(line.split('"')[1] for line in script.splitlines() if "sys.path.insert" in line)
    if not os.path.exists(prefix):
        done = subprocess.run([sys.executable, found[0]], capture_output=True, text=True, cwd=FOLDER.name)
        assert done.returncode == 1 and done.stderr.startswith("upscaled-import: its modules are not"), done.stderr
    moved = path("moved")
    with open(moved, "w") as f:             # as if the root were /
        f.write(script.replace(prefix, path("root") + prefix))
    done = subprocess.run([sys.executable, moved, network(), "--no-check"], capture_output=True,
                          text=True, cwd=FOLDER.name)
    assert done.returncode == 0 and "SRVGGNetCompact" in done.stdout, done.stderr


tap.run_claims([
    without_the_server_it_writes_and_says_so_in_a_line, missing_modules_are_named_with_their_packages, names_and_licences, the_servers_verdict_decides,
    a_limit_is_a_warning, warnings_and_seconds_are_shown,
    a_network_that_pads_keeps_its_edges_or_is_told_otherwise, a_program_that_is_named_must_be_there,
    the_file_is_replaced_at_once_and_readable, a_pipe_may_take_it,
    the_factor_that_is_said_must_be_the_networks, a_licence_is_bounded_as_by_the_server, help_names_every_option,
    with_little_memory_it_writes_the_whole_file_or_none_and_says_so,
    modules_that_cannot_be_loaded_are_said_in_a_line, as_it_is_installed])
