"""quick.py - checks, without running any of them, that the files in deploy/ parse and render and
agree with the daemon.

If a machine lacks a tool, the claims that need it are skipped by name. `tests/deploy/run` runs the
files."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../bench"))
from daemon import Skip, claim, equal, run_claims  # noqa: E402
import scale_page  # noqa: E402

TOP = os.path.abspath(os.environ.get("top_srcdir", "."))
BUILD = os.path.abspath(os.environ.get("top_builddir", "build"))
MOST_EXPOSED = 15  # tenths, as systemd-analyze security counts


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
def the_containerfile_copies_what_the_makefile_includes():
    copied = " ".join(re.findall(r"^COPY (?!--from)(.*) \S+$", text("Containerfile"), re.M)).split()
    with open(os.path.join(TOP, "Makefile.am"), encoding="utf-8") as file:
        included = re.findall(r"^include (\S+)$", file.read(), re.M)
    equal(len(included) > 20, True, "includes")
    equal([name for name in included if not any(name == c or name.startswith(c + "/") for c in copied)], [])


@claim
def the_scripts_parse():
    for name in ("build-image", "image/cross", "image/files", "image/sbom", "image/libraries"):
        run("sh", "-n", path(name))


# ---------------------------------------------------------------- the cluster

BASE = {"Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy", "ServiceMonitor"}
OVERLAYS = {"base": set(), "prometheus-adapter": {"HorizontalPodAutoscaler"},
            "keda": {"ScaledObject"}}
NAME = {"app.kubernetes.io/name": "upscaled"}


def documents(words):
    try:
        import yaml
    except ImportError:
        raise Skip("no yaml for " + sys.executable) from None
    return [document for document in yaml.safe_load_all(words) if document]


def rendered(overlay):
    """Returns the objects of a kustomization by kind."""
    kubectl = tool("kubectl")
    if "Kustomize" not in run(kubectl, "version", "--client"):
        raise Skip("kubectl older than 1.24, whose kustomize knows no `labels`")
    objects = documents(run(kubectl, "kustomize", path("kubernetes", overlay)))
    kinds = {document["kind"]: document for document in objects}
    equal(len(kinds), len(objects), "an object a kind")
    return kinds


@claim
def every_kustomization_renders_with_one_autoscaler_at_most():
    for overlay, scaler in OVERLAYS.items():
        equal(set(rendered(overlay)), BASE | scaler, overlay)


@claim
def every_selector_finds_the_pods():
    kinds = rendered("base")
    pod = kinds["Deployment"]["spec"]["template"]
    equal(pod["metadata"]["labels"], NAME)
    for kind, selector in (("Deployment", "selector"), ("PodDisruptionBudget", "selector"),
                           ("ServiceMonitor", "selector"), ("NetworkPolicy", "podSelector")):
        equal(kinds[kind]["spec"][selector], {"matchLabels": NAME}, kind)
    equal(kinds["Service"]["spec"]["selector"], NAME, "Service")


@claim
def the_pod_is_hardened_and_has_time_to_drain():
    spec = rendered("base")["Deployment"]["spec"]["template"]["spec"]
    container = spec["containers"][0]
    variables = {v["name"]: v["value"] for v in container["env"]}
    drain = int(variables["UPSCALED_DRAIN_DELAY"]) + int(variables["UPSCALED_SHUTDOWN_TIMEOUT"])
    equal(spec["terminationGracePeriodSeconds"] > drain, True, "grace above the drain")
    probe = container["readinessProbe"]
    noticed = probe["periodSeconds"] * probe["failureThreshold"]
    equal(noticed < int(variables["UPSCALED_DRAIN_DELAY"]), True, "the delay outlasts the probes")
    equal(container["securityContext"],
          {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
           "capabilities": {"drop": ["ALL"]}})
    equal(spec["securityContext"]["runAsUser"], 65532)
    equal("volumes" in spec, False, "something to write to")


@claim
def the_daemon_may_ask_nobody():
    policy = rendered("base")["NetworkPolicy"]["spec"]
    equal(policy["policyTypes"], ["Ingress", "Egress"])
    equal(policy.get("egress") or [], [])


@claim
def autoscalers_ask_for_metrics_that_there_are():
    with open(os.path.join(TOP, "docs", "metrics.md")) as file:
        there = set(re.findall(r"^\| `(upscaled_\w+)`", file.read(), re.M))
    rules = text("kubernetes", "prometheus-adapter", "adapter-rules.yaml")
    made = set(re.findall(r"as: (\w+)", rules))
    asked = re.findall(r"name: (upscaled_\w+)",
                       text("kubernetes", "prometheus-adapter", "autoscaler.yaml"))
    equal(set(asked), made, "what the adapter makes")
    queries = rules + text("kubernetes", "keda", "scaled-object.yaml")
    used = {re.sub(r"_(sum|count|bucket)$", "", name)
            for name in re.findall(r"upscaled_\w+", queries)} - made
    equal(len(used) > 2, True, "metrics found")
    equal(used - there, set())


@claim
def both_autoscalers_act_at_the_figures_that_are_plotted():
    """docs/scaling.md has the plot, and tests/bench/scale_page.py the figures for it."""
    pods, = documents(text("kubernetes", "prometheus-adapter", "autoscaler.yaml"))
    adapter = [int(metric["pods"]["target"]["averageValue"].removesuffix("m")) / 1000
               for metric in pods["spec"]["metrics"]]
    keda, = documents(text("kubernetes", "keda", "scaled-object.yaml"))
    equal([float(trigger["metadata"]["threshold"]) for trigger in keda["spec"]["triggers"]], adapter)
    equal(adapter[:2], [scale_page.BUSY, scale_page.QUEUE])


@claim
def the_yaml_parses_everywhere():
    for folder, _, names in os.walk(path()):
        for name in names:
            if name.endswith(".yaml"):
                documents(text(folder, name))


# ---------------------------------------------------------------- in front, and alone


@claim
def haproxy_takes_its_configuration():
    run(tool("haproxy"), "-c", "-f", path("haproxy.cfg"))


@claim
def nginx_takes_its_configuration():
    with tempfile.TemporaryDirectory() as folder:
        run(tool("nginx"), "-t", "-p", folder, "-c", path("nginx.conf"),
            "-g", "pid %s/pid;" % folder)


@claim
def compose_has_the_same_hardening():
    service, = documents(text("compose.yaml"))[0]["services"].values()
    equal((service["read_only"], service["user"], service["cap_drop"], service["security_opt"]),
          (True, "65532:65532", ["ALL"], ["no-new-privileges:true"]))


@claim
def everybody_means_the_image_that_is_built():
    with open(os.path.join(TOP, "configure.ac")) as file:
        version = re.search(r"AC_INIT\(\[upscaled\], \[(.*)\]\)", file.read()).group(1)
    equal(re.findall(r"image: (\S+)", text("compose.yaml")), ["localhost/upscaled:" + version])
    equal(re.findall(r"newTag: (\S+)", text("kubernetes", "base", "kustomization.yaml")),
          [version])


@claim
def unknown_processors_are_refused_before_anything_is_built():
    for processors in ("mips", "amd64,mips", "amd64;arm64"):
        done = subprocess.run([path("build-image"), "--tool", "nothing", "--arch", processors],
                              stderr=subprocess.PIPE, timeout=60, check=False)
        equal((done.returncode, b"--arch ARCH" in done.stderr), (2, True), processors)
    done = subprocess.run([path("build-image"), "--tool", "docker", "--arch", "amd64,arm64"],
                          stderr=subprocess.PIPE, timeout=60, check=False)
    equal((done.returncode, done.stderr), (1, b"build-image: --arch with a list needs buildah\n"))


run_claims()
