"""container.py - the image as operators run it: hardened, in 192 MiB, under load; as the pod of
deploy/kubernetes, by podman; and as one image for two processors. Run it as root. It builds the
images first, which takes a minute or two, and five for the second processor."""
import contextlib
import http.client
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import (BINARY, SIGNATURE, Skip, chunk, claim, equal, flat_png, header, png,  # noqa: E402
                    shape, wait_until)

HERE = os.path.dirname(os.path.abspath(__file__))
DEPLOY = os.path.join(HERE, "../../deploy")
MIB = 1 << 20
LIMIT = 192  # MiB of the container's memory: the models and two to four threads leave enough for 1920x1080
SECONDS = 15  # seconds of load
HARDENED = ("--read-only", "--read-only-tmpfs=false", "--user=65532:65532", "--cap-drop=all",
            "--security-opt=no-new-privileges", "--pids-limit=100")
# For machines that are containers themselves: what systemd or a hard limit forbids there.
FEWER_NEEDS = """[containers]
default_ulimits = ["nofile=16384:16384", "nproc=16384:16384"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


def run(*command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=1800, check=False, **more)


def said(*command, **more):
    done = run(*command, **more)
    equal(done.returncode, 0, "%s: %s" % (" ".join(command[:3]), done.stderr[-500:]))
    return done.stdout.strip()


class Podman:
    """The built image, and a podman that can run it. They are looked for once."""

    image, environment, folder = None, dict(os.environ), None

    def __init__(self):
        if Podman.image:
            return
        for tool in ("podman", "buildah"):
            if not shutil.which(tool):
                raise Skip("no " + tool)
        if os.geteuid() != 0:
            raise Skip("not root")
        built = run(DEPLOY + "/build-image")
        if built.returncode:
            raise Skip("deploy/build-image: " + built.stderr.strip()[-200:])
        image = built.stdout.split()[-1]
        if self.call("run", "--rm", "--network=host", image, "version").returncode:
            Podman.folder = tempfile.TemporaryDirectory()
            conf = Podman.folder.name + "/containers.conf"
            with open(conf, "w") as file:
                file.write(FEWER_NEEDS)
            Podman.environment["CONTAINERS_CONF"] = conf
            tried = self.call("run", "--rm", "--network=host", image, "version")
            if tried.returncode:
                raise Skip("podman runs nothing here: " + tried.stderr.strip()[-200:])
        Podman.image = image

    def call(self, *words):
        return run("podman", *words, env=Podman.environment)

    def said(self, *words):
        return said("podman", *words, env=Podman.environment)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def ready(port):
    return run(BINARY, "health", "http://127.0.0.1:%d/readyz" % port).returncode == 0


def post(port, picture):
    """Returns the status and the whole body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/v1/upscale", picture)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


@contextlib.contextmanager
def container(podman, port, *options):
    name = "upscaled-test-%d" % port
    podman.said("run", "--detach", "--name", name, "--network=host", "--env", "PORT=%d" % port, *HARDENED,
                *options, podman.image, "serve")
    try:
        wait_until(lambda: ready(port), "ready")
        yield name
    finally:
        podman.call("rm", "--force", "--time=1", name)


def inspected(podman, name, what):
    return json.loads(podman.said("inspect", "--format", "{{json .%s}}" % what, name))


def cgroup_of(podman, name):
    """Returns the folder of its memory controller, of version 2 or 1."""
    with open("/proc/%d/cgroup" % inspected(podman, name, "State.Pid")) as file:
        rows = [row.strip().split(":", 2) for row in file]
    for number, controllers, path in rows:
        if number == "0" and os.path.exists("/sys/fs/cgroup" + path + "/memory.max"):
            return "/sys/fs/cgroup" + path
        if "memory" in controllers.split(","):
            return "/sys/fs/cgroup/memory" + path
    raise AssertionError("no memory controller")


def number_in(folder, *names):
    for name in names:
        with contextlib.suppress(FileNotFoundError), open(os.path.join(folder, name)) as file:
            return int(file.read())
    return None


def striped_png(width, height):
    """Returns a picture of random colours; all rows are equal."""
    rows = (b"\0" + random.Random(width).randbytes(3 * width)) * height
    return (SIGNATURE + header(width, height, 2) + chunk(b"IDAT", zlib.compress(rows)) +
            chunk(b"IEND", b""))


class Uploads:
    """Clients that send pictures of three sizes until the block ends. Statuses are counted."""

    def __init__(self, port):
        self.port, self.statuses, self.lost, self.done = port, {}, [], threading.Event()
        self.lock = threading.Lock()
        self.pictures = [(striped_png(w, h), (2 * w, 2 * h))
                         for w, h in ((64, 48), (640, 480), (1280, 720), (1920, 1080))]
        with open(HERE + "/../../docs/pictures/sample.png", "rb") as file:
            self.pictures.append((file.read(), (640, 426)))

    def client(self, first):
        number = first
        while not self.done.is_set():
            picture, sides = self.pictures[number % len(self.pictures)]
            number += 1
            try:
                status, body = post(self.port, picture)
            except (OSError, http.client.HTTPException) as why:
                self.lost.append(repr(why))
                continue
            if status == 200:
                equal(shape(body)[:2], sides, "what came back")
            with self.lock:
                self.statuses[status] = self.statuses.get(status, 0) + 1

    def __enter__(self):
        self.threads = [threading.Thread(target=self.client, args=(n,)) for n in range(8)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        for thread in self.threads:
            thread.join()


# ---------------------------------------------------------------- the image


@claim
def the_image_tells_what_it_is_and_how_to_run_it():
    podman = Podman()
    config = json.loads(podman.said("image", "inspect", "--format", "{{json .Config}}", podman.image))
    labels = config["Labels"]
    for key in ("title", "version", "revision", "created", "licenses"):
        equal(bool(labels.get("org.opencontainers.image." + key)), True, key)
    head = run("git", "-C", DEPLOY, "rev-parse", "HEAD")
    if head.returncode == 0:
        equal(labels["org.opencontainers.image.revision"], head.stdout.strip(), "the commit")
    equal((config["User"], config["StopSignal"], config["Entrypoint"], config["Cmd"]),
          ("65532:65532", "SIGTERM", ["/usr/bin/upscaled"], ["serve"]))
    size = int(podman.said("image", "inspect", "--format", "{{.Size}}", podman.image))
    print("# %.1f MB" % (size / 1e6))
    with tempfile.TemporaryDirectory() as folder:
        made = podman.said("create", podman.image)
        try:
            podman.said("cp", made + ":/usr/share/doc/upscaled/sbom.spdx.json", folder)
        finally:
            podman.call("rm", made)
        with open(folder + "/sbom.spdx.json") as file:
            bom = json.load(file)
    names = {package["name"] for package in bom["packages"]}
    equal(names >= {"upscaled", "libc6"}, True, "packages: %s" % sorted(names))


@claim
def hardened_and_in_192_mib_it_keeps_its_word_under_load():
    podman, port = Podman(), free_port()
    with container(podman, port, "--memory=%dm" % LIMIT, "--memory-swap=%dm" % LIMIT) as name:
        folder = cgroup_of(podman, name)
        with Uploads(port) as load:
            time.sleep(SECONDS)
        equal(podman.call("healthcheck", "run", name).returncode, 0, "its health check")
        peak = number_in(folder, "memory.peak", "memory.max_usage_in_bytes")
        print("# %s, peak %s MiB" % (load.statuses, peak and peak // MIB))
        equal(load.lost, [])
        equal(set(load.statuses) <= {200, 503}, True, "statuses %s" % load.statuses)
        equal(load.statuses[200] > 50, True, "answered %s" % load.statuses)
        equal(inspected(podman, name, "State.OOMKilled"), False, "killed for memory")
        equal(inspected(podman, name, "HostConfig.ReadonlyRootfs"), True, "its root is read only")
        equal(inspected(podman, name, "Mounts"), [], "a place to write to")


@claim
def sigterm_ends_it_with_0_and_nothing_lost():
    podman, port = Podman(), free_port()
    with container(podman, port) as name:
        answers = []
        asked = threading.Thread(target=lambda: answers.append(post(port, flat_png(4000, 3000))))
        asked.start()
        wait_until(lambda: in_work(port), "a request in work")
        podman.said("stop", "--time=30", name)
        asked.join()
        status, body = answers[0]
        equal((status, shape(body)[:2]), (200, (8000, 6000)))
        equal(inspected(podman, name, "State.ExitCode"), 0, "exit status")


def in_work(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/metrics")
    rows = connection.getresponse().read().decode().splitlines()
    connection.close()
    return any(row.startswith("upscaled_running_requests ") and float(row.split()[1]) > 0 for row in rows)


@claim
def its_log_is_json_on_standard_output():
    podman, port = Podman(), free_port()
    with container(podman, port) as name:
        equal(post(port, png(8, 6))[0], 200)
        wait_until(lambda: "/v1/upscale" in podman.said("logs", name), "a line")
        rows = [row for row in podman.said("logs", name).splitlines() if "/v1/upscale" in row]
        equal(json.loads(rows[0])["status"], 200)


# ---------------------------------------------------------------- one image for two processors

BOTH = "localhost/upscaled-test-list"
MACHINES = {"amd64": 62, "arm64": 183}  # e_machine in the head of an ELF file


class List:
    """The image for both processors. It is built once."""

    digest = None

    def __init__(self):
        self.podman = Podman()
        if not List.digest:
            List.digest = self.built("amd64,arm64")

    def built(self, processors):
        """Builds it and returns its digest."""
        *_, digest, name = said(DEPLOY + "/build-image", "--name", BOTH, "--arch", processors).split("\n")
        equal(name, BOTH)
        return digest

    def copied(self, folder):
        """Copies it to a folder, and returns the configuration and the root of each image by its processor."""
        said("buildah", "manifest", "push", "--all", "--format", "v2s2", BOTH, "dir:" + folder)
        images = {}
        for entry in read_json(folder, "manifest.json")["manifests"]:
            image = read_json(folder, sum_of(entry) + ".manifest.json")
            root = os.path.join(folder, entry["platform"]["architecture"])
            for layer in image["layers"]:
                with tarfile.open(os.path.join(folder, sum_of(layer))) as archive:
                    archive.extractall(root)
            images[entry["platform"]["architecture"]] = read_json(folder, sum_of(image["config"])), root
        return images


def read_json(*path):
    with open(os.path.join(*path)) as file:
        return json.load(file)


def sum_of(entry):
    return entry["digest"].split(":")[1]


@claim
def one_image_holds_the_programs_of_both_processors():
    both = List()
    with tempfile.TemporaryDirectory() as folder:
        images = both.copied(folder)
        equal(sorted(images), sorted(MACHINES))
        for processor, (config, root) in images.items():
            equal((config["architecture"], config["os"]), (processor, "linux"))
            equal(config["config"]["Healthcheck"]["Test"][-1], "health", processor)
            with open(root + "/usr/bin/upscaled", "rb") as file:
                equal(int.from_bytes(file.read(20)[18:], "little"), MACHINES[processor], "the program")


@claim
def each_of_them_enlarges_a_picture_to_the_same_bytes():
    both, sample = List(), HERE + "/../../docs/pictures/sample.png"
    if not shutil.which("qemu-aarch64"):
        raise Skip("no qemu-aarch64")
    with tempfile.TemporaryDirectory() as folder:
        results = set()
        for processor, (_, root) in both.copied(folder).items():
            way = {"amd64": ["chroot", root, "/usr/bin/upscaled"],
                   "arm64": ["qemu-aarch64", "-L", root, root + "/usr/bin/upscaled"]}[processor]
            with open(sample, "rb") as file, open(folder + "/larger.png", "wb") as larger:
                equal(subprocess.run(way + ["convert", "--quiet", "-", "-"], stdin=file, stdout=larger,
                                     timeout=600, check=False).returncode, 0, processor)
            with open(folder + "/larger.png", "rb") as file:
                results.add(file.read())
        equal(len(results), 1, "different results")
        equal(shape(results.pop())[:2], (640, 426))


@claim
def podman_runs_the_one_of_this_processor_and_lists_them():
    both = List()
    equal(both.podman.said("run", "--rm", "--network=host", BOTH, "version").split()[0], "upscaled")
    equal(BOTH in both.podman.said("images", "--format", "{{.Repository}}"), True)


@claim
def it_is_the_same_again_and_in_any_order():
    both = List()
    equal(both.built("arm64,amd64"), List.digest)
    said("buildah", "tag", BOTH + "-amd64", BOTH)  # a name that an image has
    equal(both.built("amd64,arm64"), List.digest)


# ---------------------------------------------------------------- the pod


@claim
def the_pod_of_the_deployment_runs_and_serves():
    try:
        import yaml
    except ImportError:
        raise Skip("no yaml for " + sys.executable) from None
    if not shutil.which("kubectl"):
        raise Skip("no kubectl")
    podman, port = Podman(), free_port()
    objects = yaml.safe_load_all(said("kubectl", "kustomize", DEPLOY + "/kubernetes/base"))
    template = next(o for o in objects if o["kind"] == "Deployment")["spec"]["template"]
    spec = template["spec"]
    spec["hostNetwork"] = True  # a network of its own needs rights that a container here does not have
    one = spec["containers"][0]
    equal(one["image"], podman.image, "the image that was built is the one that is named")
    one.pop("ports")
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        equal(one.pop(probe)["httpGet"]["port"], "http")  # podman does not know names of ports
    for variable in one["env"]:
        if variable["name"] == "PORT":
            variable["value"] = str(port)
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": spec,
           "metadata": dict(template["metadata"], name="upscaled-test-%d" % port)}
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/pod.yaml"
        with open(path, "w") as file:
            yaml.safe_dump(pod, file)
        podman.said("play", "kube", "--network=host", path)
        try:
            wait_until(lambda: ready(port), "the pod is ready")
            status, body = post(port, png(40, 30))
            equal((status, shape(body)[:2]), (200, (80, 60)))
            name = "upscaled-test-%d-upscaled" % port
            podman.said("stop", "--time=75", name)
            equal(inspected(podman, name, "State.ExitCode"), 0, "exit status")
        finally:
            podman.call("play", "kube", "--down", path)
