"""workflows.py - public CI calls only what the project has: every command of .github/workflows is
one of the project's own, and every file, make target and shell function that it names exists. What
runs on each change ends within 20 minutes. Speaks TAP."""
import os
import re
import shlex
import string
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from daemon import Skip, claim, equal, run_claims  # noqa: E402

try:
    import yaml
except ImportError:
    yaml = None

TOP = os.environ.get("top_srcdir", ".")
FOLDER = os.path.join(TOP, ".github/workflows")
OPTIONS = {"./check": {"--all", "--coverage", "--sanitize"}, "tests/arm64/run": set(),
           "deploy/build-image": {"--target", "static", "--fresh", "--arch", "amd64,arm64"}}
TARGETS = {"check", "distcheck"}
PREFIXES = (["sudo"], ["taskset", "-c", "0"])
EACH_CHANGE, MINUTES = {"push", "pull_request"}, 20


def functions():
    with open(os.path.join(TOP, "tests/lib/setup.sh"), encoding="utf-8") as file:
        return set(re.findall(r"^(\w+)\(\)", file.read(), re.MULTILINE))


def is_test(name):
    """Whether a script or the source of a program has this name."""
    return any(os.path.isfile(os.path.join(TOP, name + end)) for end in ("", ".c"))


def complaint(words):
    """Returns what is wrong with one command, or None."""
    words = [word for word in words if not re.match(r"[A-Z_]+=", word) or "/" in word]
    for prefix in PREFIXES:
        if words[:len(prefix)] == prefix:
            words = words[len(prefix):]
    if words[0] == ".":
        return None if os.path.isfile(os.path.join(TOP, words[1])) else "no file " + words[1]
    if words[0] == "make":
        wrong = [w for w in words[3:] if not re.match(r"TESTS=|-j\d+$", w) and w not in TARGETS]
        missing = [name for w in words if w.startswith("TESTS=") for name in w[6:].split() if not is_test(name)]
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
                words = shlex.split(string.Template(command).safe_substitute(job.get("env", {})))
                if words and complaint(words):
                    found.append(complaint(words))
    return found


def too_long(text):
    """Returns the jobs that have no limit, or one too long for each change."""
    workflow = yaml.safe_load(text)
    events = workflow.get("on", workflow.get(True))  # YAML 1.1 reads `on` as a truth value
    most = MINUTES if EACH_CHANGE & set(events) else 360
    return [name for name, job in workflow["jobs"].items() if not 0 < job.get("timeout-minutes", 0) <= most]


def workflows():
    """Returns the texts of all workflows by name."""
    if yaml is None:
        raise Skip("no python3-yaml")
    if not os.path.isdir(FOLDER):
        raise Skip("no .github: not a git checkout")
    texts = {}
    for name in sorted(os.listdir(FOLDER)):
        with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
            texts[name] = file.read()
    return texts


@claim
def every_command_is_the_projects_own():
    for name, text in workflows().items():
        equal(complaints(text), [], name)


@claim
def what_runs_on_each_change_ends_within_20_minutes():
    for name, text in workflows().items():
        equal(too_long(text), [], name)


@claim
def long_jobs_are_found():
    if yaml is None:
        raise Skip("no python3-yaml")
    text = "on: %s\njobs: {a: {timeout-minutes: %d}, b: {timeout-minutes: 1}}"
    for events, minutes, found in (("[push]", 20, []), ("{pull_request: {}}", 21, ["a"]), ("{schedule: []}", 90, []),
                                   ("{schedule: [], push: {}}", 90, ["a"]), ("[workflow_dispatch]", 0, ["a"])):
        equal(too_long(text % (events, minutes)), found, events)


@claim
def wrong_commands_are_found():
    if yaml is None:
        raise Skip("no python3-yaml")
    text = "jobs: {a: {steps: [{run: '%s'}]}}"
    equal(complaints(text % 'make -C build check TESTS="tests/docs.sh tests/unit/test_pool"'), [])
    for command in ("pip install x", "./check --everything", "make -C build tests", "./chek",
                    "make -C build check TESTS=tests/none.sh", "taskset -c 0 make -C build tests",
                    'make -C build check TESTS="tests/docs.sh tests/unit/none"', ". tests/none.sh", "setup_nothing"):
        equal(len(complaints(text % command)), 1, command)


run_claims()
