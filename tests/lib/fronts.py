"""fronts.py - runs HAProxy and nginx in front of a daemon, if they are installed."""
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile

from daemon import Skip, equal, wait_until

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
    client_max_body_size 100M;
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
