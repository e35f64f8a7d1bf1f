"""hidden.py - hundreds of raw requests with a second one hidden inside (raw_requests.py): to the
daemon itself, and through HAProxy and nginx where they are installed. The daemon's log says what
was executed, whatever went back over the wire: a proxy marks each request that it knows of."""
import concurrent.futures
import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

from daemon import Client, Daemon, Skip, claim, equal, png, request, run_claims, wait_until
from raw_requests import cases

QUIET = 0.4  # seconds without an answer, after which a client goes

HAPROXY = """
defaults
    mode http
    timeout client 3s
    timeout server 3s
    timeout connect 3s
    timeout http-request 3s
frontend f
    bind 127.0.0.1:%d
    http-request set-header X-Request-ID proxy-%%[rand]
    default_backend b
backend b
    http-reuse always
    server s 127.0.0.1:%d
"""

NGINX = """
daemon off;
pid %s/pid;
error_log %s/error.log;
events { worker_connections 512; }
http {
    access_log off;
    client_body_temp_path %s; proxy_temp_path %s; fastcgi_temp_path %s;
    uwsgi_temp_path %s; scgi_temp_path %s;
    client_header_timeout 3s; client_body_timeout 3s; keepalive_timeout 3s;
    upstream u { server 127.0.0.1:%d; keepalive 16; }
    server {
        listen 127.0.0.1:%d;
        location / {
            proxy_pass http://u;
            proxy_http_version 1.1;
            proxy_read_timeout 3s;
            proxy_request_buffering %s;
            proxy_set_header Connection "";
            proxy_set_header X-Request-ID proxy-$request_id;
        }
    }
}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def find(program):
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if not path:
        raise Skip("no %s here" % program)
    return path


@contextlib.contextmanager
def running(arguments, port):
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def accepts():
        equal(process.poll(), None, "the proxy's status")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return True
        return False

    try:
        wait_until(accepts, "the proxy listens")
        yield ("127.0.0.1", port)
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def haproxy(d):
    path, port = find("haproxy"), free_port()
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/cfg", "w") as file:
            file.write(HAPROXY % (port, d.addresses[0][1][1]))
        with running([path, "-db", "-f", folder + "/cfg"], port) as address:
            yield address


@contextlib.contextmanager
def nginx(d, buffering):
    path, port = find("nginx"), free_port()
    with tempfile.TemporaryDirectory() as f:
        os.chmod(f, 0o755)
        with open(f + "/cfg", "w") as file:
            file.write(NGINX % (f, f, f, f, f, f, f, d.addresses[0][1][1], port, buffering))
        with running([path, "-c", f + "/cfg", "-e", f + "/error.log", "-p", f], port) as address:
            yield address


def send(address, data):
    """Sends, and reads until the other side closes or has been quiet for a while."""
    with contextlib.suppress(OSError), socket.create_connection(address) as client:
        client.settimeout(QUIET)
        client.sendall(data)
        while client.recv(65536):
            pass


def numbered():
    """(about, bytes) where the hidden request names its case."""
    for number, (about, data) in enumerate(cases()):
        yield about, data.replace(b"?hidden", b"?%06d" % number)


def send_all(d, address):
    """Sends all cases; the log's entries of what was executed meanwhile."""
    before = len(d.lines)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda case: send(address, case[1]), numbered()))
    with Client((socket.AF_INET, address)) as client:  # whoever is in front lives on
        client.send(request("POST", "/v1/upscale", png(), [("Connection", "close")]))
        client.read_reply().expect(200)
    d.upscale(png(), headers=[("X-Request-ID", "the-last")]).expect(200)
    wait_until(lambda: any('"the-last"' in line for line in d.lines), "the log is whole")
    entries = [json.loads(line) for line in d.lines[before:]]
    return [entry for entry in entries if entry["id"] != "the-last"]


def hidden_ones(entries):
    """What the hidden requests were hidden behind."""
    names = [about for about, _ in cases()]
    return {names[int(entry["target"][7:])] for entry in entries
            if entry["target"].startswith("/livez?")}


def daemon():
    return Daemon("--body-timeout", "2", "--header-timeout", "2", "--idle-timeout", "2",
                  "--drain-timeout", "1")


@claim
def the_daemon_executes_no_hidden_request():
    with daemon() as d:
        equal(hidden_ones(send_all(d, d.addresses[0][1])), set())


@claim
def there_are_more_than_two_hundred_cases():
    equal(len({data for _, data in cases()}) > 200, True)


def none_but_its_own(d, address):
    """Requests that the proxy did not mark were hidden from it."""
    entries = send_all(d, address)
    # without a method the head was not whole, and nothing was done
    equal([e for e in entries if "method" in e and not e["id"].startswith("proxy-")], [])
    print("# %d requests came through" % len(entries))


@claim
def none_is_smuggled_through_haproxy():
    with daemon() as d, haproxy(d) as address:
        none_but_its_own(d, address)


@claim
def none_is_smuggled_through_nginx():
    with daemon() as d, nginx(d, "on") as address:
        none_but_its_own(d, address)


@claim
def none_is_smuggled_through_nginx_that_does_not_buffer():
    with daemon() as d, nginx(d, "off") as address:
        none_but_its_own(d, address)


run_claims()
