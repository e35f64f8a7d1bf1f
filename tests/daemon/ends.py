"""ends.py - the end of the daemon: the requests that it finishes after a signal, those that it
still accepts, and the time after which it gives up."""
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from busy import PATIENT, begin, block, busy  # noqa: E402
from daemon import (BINARY, DEADLINE, Daemon, claim, equal, flat_png, png, request, run_claims, shape,
                    wait_until)  # noqa: E402


@claim
def finishes_queued_requests_on_sigterm():
    with Daemon(*PATIENT, "--max-running", "1") as d:
        blocker = block(d)
        clients = [begin(d) for _ in range(3)]
        busy(d, 1, 3)
        idle = d.connect()
        idle.ask("GET", "/livez").expect(200)
        d.signal(signal.SIGTERM)
        idle.is_closed()
        blocker.socket.close()
        for client in clients:
            reply = client.read_reply().expect(200)
            equal(shape(reply.body)[:2], (16, 12))
            equal(reply.headers["connection"], "close")
        equal(d.wait(), 0, "status")


@claim
def finishes_running_requests_on_sigterm():
    with Daemon("--max-running", "4") as d:
        clients = [begin(d, flat_png(100, 100), "?scale=4") for _ in range(4)]
        wait_until(lambda: answered(clients) + d.health()["running"] == 4, "all were accepted")
        d.signal(signal.SIGTERM)
        for client in clients:
            equal(shape(client.read_reply().expect(200).body)[:2], (400, 400))
        equal(d.wait(), 0, "status")


def answered(clients):
    return len(select.select([client.socket for client in clients], [], [], 0)[0])


@claim
def lets_an_upload_finish_on_sigterm():
    with Daemon() as d:
        client = d.connect()
        whole = request("POST", "/v1/upscale", png(), [("Expect", "100-continue")])
        client.send(whole[:-len(png())])
        equal(client.read_reply().status, 100)  # so the head was accepted
        client.send(whole[-len(png()):-10])
        d.signal(signal.SIGTERM)
        wait_until(lambda: refuses_connections(d), "it does not listen any more")
        client.send(whole[-10:])
        client.read_reply().expect(200)
        equal(d.wait(), 0, "status")


def refuses_connections(d):
    try:
        with d.connect():
            return False
    except (ConnectionRefusedError, ConnectionResetError):  # a reset comes from the backlog
        return True


@claim
def takes_what_comes_on_open_connections_while_draining():
    with Daemon("--work-timeout", "86400", "--max-running", "1") as d:
        blocker, other = block(d), d.connect()
        # once a request line was read, the connection is not idle; the drain would shut an idle one
        other.send(b"POST /v1/upscale HTTP/1.1\r\n")
        d.signal(signal.SIGTERM)
        wait_until(lambda: refuses_connections(d), "it does not listen any more")
        other.send(b"Host: a\r\nContent-Length: %d\r\n\r\n" % len(png()) + png())
        blocker.socket.close()
        equal(other.read_reply().expect(200).headers["connection"], "close")
        equal(d.wait(), 0, "status")


@claim
def answers_a_connection_that_came_just_before_sigterm():
    with Daemon() as d:
        with d.connect() as client:
            d.signal(signal.SIGTERM)
            wait_until(lambda: refuses_connections(d), "it does not listen any more")
            client.send(request("POST", "/v1/upscale", png()))
            equal(client.read_reply().expect(200).headers["connection"], "close")
        equal(d.wait(), 0, "status")


@claim
def ends_in_order_while_clients_connect():
    """Many threads and new connections: if the end raced with either, the process would abort."""
    for _ in range(12):
        with Daemon("--http-threads", "32", "--shutdown-timeout", "5") as d:
            stop = threading.Event()
            clients = [threading.Thread(target=connect_until, args=(d, stop)) for _ in range(6)]
            for client in clients:
                client.start()
            time.sleep(0.1)
            d.signal(signal.SIGTERM)
            equal(d.wait(), 0, "status")
            stop.set()
            for client in clients:
                client.join()


def connect_until(d, stop):
    while not stop.is_set():
        try:
            with d.connect() as client:
                client.ask("GET", "/livez").expect(200)
        except (OSError, EOFError):
            return


@claim
def takes_everything_for_the_drain_delay_but_is_not_ready():
    with Daemon("--drain-delay", "2") as d:
        d.ask("GET", "/readyz").expect(200)
        d.signal(signal.SIGTERM)
        wait_until(lambda: d.ask("GET", "/readyz").status == 503, "it is not ready")
        for _ in range(5):
            equal(d.upscale(png()).expect(200).headers["connection"], "close")
        d.ask("GET", "/livez").expect(200)
        equal(d.wait(), 0, "status")


@claim
def gives_up_at_the_shutdown_timeout():
    with Daemon(*PATIENT, "--max-running", "1", "--shutdown-timeout", "0") as d:
        blocker = block(d)
        queued = begin(d)
        busy(d, 1, 1)
        d.signal(signal.SIGTERM)
        equal(d.wait(), 0, "status")
        for client in (blocker, queued):
            try:
                client.read_reply().expect(503)
            except (EOFError, ConnectionResetError):
                pass


@claim
def ends_at_once_on_a_second_signal():
    d = Daemon("--work-timeout", "86400", "--max-running", "1")
    blocker = block(d)
    d.signal(signal.SIGTERM)
    wait_until(lambda: refuses_connections(d), "it drains")
    d.signal(signal.SIGINT)
    equal(d.wait(), 1, "status")
    blocker.socket.close()


@claim
def stops_on_sigint_too():
    with Daemon() as d:
        d.upscale(png()).expect(200)
        d.signal(signal.SIGINT)
        equal(d.wait(), 0, "status")



def handles_sigterm(process):
    """Whether the process has a handler for SIGTERM, as it has while it reads its models."""
    with open("/proc/%d/status" % process.pid) as status:
        caught = [int(line.split()[1], 16) for line in status if line.startswith("SigCgt:")]
    return bool(caught and caught[0] >> (signal.SIGTERM - 1) & 1)


@claim
def ends_while_it_still_loads():
    """Models that take seconds to read: five hundred names of one file."""
    weights = ", ".join(["0.001"] * (64 * 64 * 9))
    first, last = [
        '{"type": "conv2d", "in_channels": %d, "out_channels": %d, "kernel_size": 3, "weight": [%s], "bias": null}'
        % (ins, outs, weights[:7 * ins * outs * 9 - 2]) for ins, outs in ((1, 64), (64, 4))]
    middle = ('{"type": "conv2d", "in_channels": 64, "out_channels": 64, "kernel_size": 3, "weight": [%s], '
              '"bias": null}' % weights)
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "a.json"), "w") as file:
            file.write('{"format": "upscaled-model/1", "scale": 2, "color": "y", "border": "replicate", "layers": ['
                       + ", ".join([first] + [middle] * 8 + [last, '{"type": "pixel_shuffle", "upscale_factor": 2}'])
                       + "]}")
        for number in range(500):
            os.link(os.path.join(folder, "a.json"), os.path.join(folder, "a%d.json" % number))
        for number in (signal.SIGTERM, signal.SIGINT):
            process = subprocess.Popen([BINARY, "serve", "--listen", "127.0.0.1:0", "--models", folder],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            wait_until(lambda: handles_sigterm(process) or process.poll() is not None, "it loads")
            process.send_signal(number)
            equal((process.wait(DEADLINE), process.stdout.read()), (0, b""), "it was still loading")
            process.stdout.close()


run_claims()
