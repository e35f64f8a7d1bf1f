"""cluster.py - three replicas in network namespaces behind deploy/haproxy.cfg and
deploy/nginx.conf, which are used unchanged, under load. Replicas are drained, upgraded and killed.
Run it as root. Each claim prints how many requests were answered.

The namespace of the front has the bridge, the proxy and the clients. Each replica has a namespace
of its own."""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import BINARY, Skip, claim, equal, wait_until  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
DEPLOY = os.path.join(HERE, "../../deploy")
TAG = "upscaled-%d" % os.getpid()
FRONT = TAG + "-front"
REPLICAS = {"a": "10.88.0.11", "b": "10.88.0.12", "c": "10.88.0.13"}
CLIENTS = 8
LISTENING = "listening on http://0.0.0.0:8080"
DYING = 0.1  # seconds that a killed process may still take
DRAIN = 5  # seconds, as the Deployment has it


def ip(*words):
    subprocess.run(("ip",) + words, check=True, stderr=subprocess.PIPE)


def inside(namespace, *command):
    return ("ip", "netns", "exec", namespace) + command


@contextlib.contextmanager
def network():
    """Makes the namespaces: a bridge in front, and a link to each replica."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        raise Skip("no root, or no ip")
    try:
        ip("netns", "add", FRONT)
    except subprocess.CalledProcessError:
        raise Skip("no network namespaces") from None
    try:
        ip("-n", FRONT, "link", "set", "lo", "up")
        ip("-n", FRONT, "link", "add", "bridge", "type", "bridge")
        ip("-n", FRONT, "addr", "add", "10.88.0.1/24", "dev", "bridge")
        ip("-n", FRONT, "link", "set", "bridge", "up")
        for name, address in REPLICAS.items():
            there = TAG + "-" + name
            ip("netns", "add", there)
            ip("-n", FRONT, "link", "add", "name", name, "type", "veth", "peer", "name", "eth0",
               "netns", there)
            ip("-n", FRONT, "link", "set", "dev", name, "master", "bridge", "up")
            ip("-n", there, "addr", "add", address + "/24", "dev", "eth0")
            ip("-n", there, "link", "set", "eth0", "up")
            ip("-n", there, "link", "set", "lo", "up")
        yield
    finally:
        for name in list(REPLICAS) + ["front"]:
            subprocess.run(("ip", "netns", "del", TAG + "-" + name), check=False,
                           stderr=subprocess.DEVNULL)


class Replica:
    def __init__(self, name, folder):
        self.name, self.log = name, os.path.join(folder, name)
        self.start()

    def start(self):
        begun = self.said().count(LISTENING)
        with open(self.log, "a") as log:
            self.run(log)
        wait_until(lambda: self.said().count(LISTENING) > begun, self.name + " listens")

    def run(self, log):
        self.process = subprocess.Popen(
            inside(TAG + "-" + self.name, BINARY, "serve", "--threads", "1", "--log-format", "json"),
            env={**os.environ, "PORT": "8080", "UPSCALED_DRAIN_DELAY": str(DRAIN),
                 "UPSCALED_TRUSTED_PROXIES": "10.88.0.1"},
            stdout=log, stderr=subprocess.DEVNULL)

    def said(self):
        with contextlib.suppress(FileNotFoundError), open(self.log) as log:
            return log.read()
        return ""

    def statuses(self):
        """Returns the statuses of the pictures that it was sent, by its own log."""
        rows = [json.loads(row) for row in self.said().splitlines() if "/v1/upscale" in row]
        return [row["status"] for row in rows]

    def drain(self):
        self.process.send_signal(signal.SIGTERM)
        equal(self.process.wait(90), 0, "status of " + self.name)

    def kill(self):
        """When it was."""
        moment = time.monotonic()
        self.process.kill()
        self.process.wait()
        return moment


class Load:
    """`with Load() as load:` - clients in front of the proxy; `load.counts` is valid at the end."""

    def __enter__(self):
        self.process = subprocess.Popen(
            inside(FRONT, sys.executable, HERE + "/load.py", "127.0.0.1", "8080", str(CLIENTS)),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        time.sleep(1)  # some requests before anything happens
        return self

    def __exit__(self, kind, *_):
        out, _ = self.process.communicate(timeout=120)
        if kind is None:
            self.counts = json.loads(out)
            print("# %d answered, %d refused, %d lost %s" %
                  (self.counts["answered"], sum(self.counts["refused"].values()),
                   len(self.counts["lost"]), self.counts["refused"] or ""))


def haproxy(folder):
    return ["haproxy", "-db", "-f", DEPLOY + "/haproxy.cfg"]


def nginx(folder):
    return ["nginx", "-p", folder, "-c", os.path.abspath(DEPLOY + "/nginx.conf"),
            "-g", "daemon off; pid %s/pid;" % folder]


@contextlib.contextmanager
def cluster(proxy):
    """Starts three replicas that the proxy knows."""
    with network(), tempfile.TemporaryDirectory() as folder:
        command = proxy(folder)
        if not shutil.which(command[0]):
            raise Skip("no " + command[0])
        replicas, front = {}, None
        try:
            for name in REPLICAS:
                replicas[name] = Replica(name, folder)
            front = subprocess.Popen(inside(FRONT, *command), stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
            wait_until(answers, "the proxy answers")
            time.sleep(3)  # two health checks, a second apart
            yield replicas
        finally:
            if front:
                front.terminate()
                front.wait(30)
            for replica in replicas.values():
                replica.process.kill()
                replica.process.wait()


def answers():
    return subprocess.run(inside(FRONT, BINARY, "health", "http://127.0.0.1:8080/readyz"),
                          stderr=subprocess.DEVNULL, check=False).returncode == 0


def nothing_lost(counts):
    equal((counts["refused"], counts["lost"]), ({}, []))
    equal(counts["answered"] > 100, True, "%d answered" % counts["answered"])


def drained(proxy):
    with cluster(proxy) as replicas:
        with Load() as load:
            replicas["b"].drain()
            time.sleep(1)
    nothing_lost(load.counts)


def upgraded(proxy):
    with cluster(proxy) as replicas:
        with Load() as load:
            for replica in replicas.values():
                replica.drain()
                replica.start()
                time.sleep(3)  # a rollout waits until a replica was ready twice
    nothing_lost(load.counts)


def killed(proxy):
    """Returns the time, and the results of the clients. The other replicas answered everything that
    they received."""
    with cluster(proxy) as replicas:
        with Load() as load:
            moment = replicas["b"].kill()
            time.sleep(4)
        theirs = replicas["a"].statuses() + replicas["c"].statuses()
        equal(set(theirs), {200}, "statuses of the other two")
        print("# the two that live answered all %d they were sent" % len(theirs))
    return moment, load.counts


@claim
def haproxy_a_drained_replica_loses_nothing():
    drained(haproxy)


@claim
def haproxy_an_upgrade_of_all_three_loses_nothing():
    upgraded(haproxy)


@claim
def haproxy_a_killed_replica_loses_at_most_what_it_had_in_work():
    moment, counts = killed(haproxy)
    print("# lost: %s" % [["%+.3f" % (at - moment) for at in one[:2]] + one[2:]
                          for one in counts["lost"]])
    failed = len(counts["lost"]) + sum(counts["refused"].values())
    equal(failed <= CLIENTS, True, "one a client at most: %d" % failed)
    begun = counts["failed"] + [one[0] for one in counts["lost"]]
    equal([at for at in begun if at > moment + DYING], [], "begun after the kill")
    equal(counts["answered"] > 100, True, "%d answered" % counts["answered"])


@claim
def nginx_a_drained_replica_loses_nothing():
    drained(nginx)


@claim
def nginx_an_upgrade_of_all_three_loses_nothing():
    upgraded(nginx)


@claim
def nginx_a_killed_replica_loses_nothing():
    nothing_lost(killed(nginx)[1])
