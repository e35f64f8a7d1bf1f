"""quick.py - what lies in deploy/ parses, renders and keeps its promises, without running any of it.

Each tool that a machine lacks skips its claim by name; `tests/deploy/run` runs the whole."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../daemon"))
from daemon import Skip, claim, equal, run_claims  # noqa: E402

TOP = os.path.abspath(os.environ.get("top_srcdir", "."))
BUILD = os.path.abspath(os.environ.get("top_builddir", "build"))
MOST_EXPOSED = 15  # tenths, of systemd-analyze security


def path(*names):
    return os.path.join(TOP, "deploy", *names)


def text(*names):
    with open(path(*names)) as file:
        return file.read()


def tool(name):
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not found:
        raise Skip("no " + name)
    return found


def run(*command, folder=None):
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=60, check=False)
    said = done.stdout.decode(errors="replace")
    equal(done.returncode, 0, "%s: %s" % (" ".join(command), said))
    return said


class Units:
    """The units as they would be installed, with the program where the build has it."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        for name in ("upscaled.service", "upscaled.socket"):
            with open(os.path.join(self.folder.name, name), "w") as file:
                file.write(text(name).replace("@bindir@", BUILD))
        return self.folder.name

    def __exit__(self, *_):
        self.folder.cleanup()


@claim
def the_units_verify():
    analyze = tool("systemd-analyze")
    with Units() as folder:
        said = run(analyze, "verify", "--man=no", "--recursive-errors=no",
                   folder + "/upscaled.service", folder + "/upscaled.socket")
        equal([line for line in said.splitlines() if "upscaled" in line], [])


@claim
def the_service_is_exposed_to_little():
    analyze = tool("systemd-analyze")
    with Units() as folder:
        run(analyze, "security", "--offline=true", "--threshold=%d" % MOST_EXPOSED,
            folder + "/upscaled.service")


@claim
def what_the_containerfile_copies_is_there():
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", text("Containerfile"), re.M)
    equal(len(copied) > 5, True, "COPY lines")
    for name in " ".join(copied).replace("*", "photo").split():
        equal(os.path.exists(os.path.join(TOP, name)), True, name)


@claim
def the_scripts_parse():
    for name in ("build-image", "image/files", "image/sbom", "image/microhttpd"):
        run("sh", "-n", path(name))


run_claims()
