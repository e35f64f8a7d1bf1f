"""workflows.py - public CI calls only what the project has: every command of .github/workflows is
one of the project's own, and every file, make target and shell function that it names exists.
Speaks TAP."""
import os
import re
import shlex
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from daemon import Skip, claim, equal, run_claims  # noqa: E402

try:
    import yaml
except ImportError:
    yaml = None

TOP = os.environ.get("top_srcdir", ".")
FOLDER = os.path.join(TOP, ".github/workflows")
OPTIONS = {"./check": {"--all", "--coverage", "--sanitize"}, "deploy/build-image": {"--target", "static", "--fresh"},
           "tests/arm64/run": set()}
TARGETS = {"check", "distcheck"}


def functions():
    with open(os.path.join(TOP, "tests/lib/setup.sh"), encoding="utf-8") as file:
        return set(re.findall(r"^(\w+)\(\)", file.read(), re.MULTILINE))


def complaint(words):
    """Returns what is wrong with one command, or None."""
    words = [word for word in words if not re.match(r"[A-Z_]+=", word) or "/" in word]
    if words and words[0] == "sudo":
        words = words[1:]
    if words[0] == ".":
        return None if os.path.isfile(os.path.join(TOP, words[1])) else "no file " + words[1]
    if words[0] == "make":
        wrong = [w for w in words[3:] if not w.startswith("TESTS=") and w not in TARGETS]
        missing = [w[6:] for w in words if w.startswith("TESTS=")
                   and not os.path.isfile(os.path.join(TOP, w[6:]))]
        return None if words[1:3] == ["-C", "build"] and not wrong + missing else "make " + " ".join(words[1:])
    if words[0] in functions():
        return None
    if words[0] not in OPTIONS or not os.access(os.path.join(TOP, words[0]), os.X_OK):
        return "not a command of the project: " + words[0]
    unknown = set(words[1:]) - OPTIONS[words[0]]
    return "%s has no %s" % (words[0], " ".join(sorted(unknown))) if unknown else None


def complaints(text):
    found = []
    for job in yaml.safe_load(text)["jobs"].values():
        for step in job["steps"]:
            for command in re.split(r"&&|\n", step.get("run", "")):
                words = shlex.split(command)
                if words and complaint(words):
                    found.append(complaint(words))
    return found


@claim
def every_command_is_the_projects_own():
    if yaml is None:
        raise Skip("no python3-yaml")
    if not os.path.isdir(FOLDER):
        raise Skip("no .github: not a git checkout")
    for name in sorted(os.listdir(FOLDER)):
        with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
            equal(complaints(file.read()), [], name)


@claim
def wrong_commands_are_found():
    if yaml is None:
        raise Skip("no python3-yaml")
    text = "jobs: {a: {steps: [{run: '%s'}]}}"
    for command in ("pip install x", "./check --everything", "make -C build tests", "./chek",
                    "make -C build check TESTS=tests/none.sh", ". tests/none.sh", "setup_nothing"):
        equal(len(complaints(text % command)), 1, command)


run_claims()
