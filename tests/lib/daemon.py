"""daemon.py - shared by the tests of the whole daemon: the real binary on port 0, sockets, PNGs, and
what tap.py has.

It uses only Python's standard library. No function sleeps for a fixed time: waits check a condition
until a generous deadline, so that slow (sanitized) builds do not fail.
"""
import functools
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib

from tap import Skip, claim, equal, run_claims  # noqa: F401

# Seconds after which something hangs. Sanitizers and emulators get more, as for the C tests
# (TEST_PATIENCE).
DEADLINE = 120.0 * float(os.environ.get("CK_TIMEOUT_MULTIPLIER", 1))
BINARY = os.path.join(os.environ.get("top_builddir", "."), "upscaled")
DATA = os.environ.get("TEST_DATA", "")


def wait_until(condition, about):
    """Waits until the condition holds, and returns its value."""
    end = time.monotonic() + DEADLINE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited in vain until " + about)
        time.sleep(0.01)


# ---------------------------------------------------------------- the binary


# sd_listen_fds(3): the sockets are descriptors from 3 on, and LISTEN_PID names the process
HAND_OVER = ("import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ['LISTEN_FDS'] = '1'; "
             "os.environ['LISTEN_PID'] = str(os.getpid()); os.execv(sys.argv[2], sys.argv[2:])")


# for all claims that are not about these timeouts: the expected time depends on the machine
PATIENCE = {"UPSCALED_QUEUE_TIMEOUT": "86400", "UPSCALED_WORK_TIMEOUT": "86400"}

# ./check --coverage sets it: in the sandbox, a daemon cannot write its counters
SANDBOX = {"UPSCALED_SANDBOX": os.environ["TEST_SANDBOX"]} if "TEST_SANDBOX" in os.environ else {}


class Daemon:
    """`with Daemon("--queue", "1") as d:` - stops at the end, when its status must be 0.

    `inherit` is a listening socket that the daemon gets as from a supervisor, instead of `listen`.
    A None in `listen` gives no option: the daemon finds its address by itself."""

    def __init__(self, *options, listen=("127.0.0.1:0",), inherit=None, environment=(), before=()):
        arguments, keep = [*before, BINARY, "serve"], ()
        if inherit:
            arguments[:0] = [sys.executable, "-c", HAND_OVER, str(inherit.fileno())]
            listen, keep = (None,), (inherit.fileno(),)
        else:
            for address in filter(None, listen):
                arguments += ["--listen", address]
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("UPSCALED_")}
        inherited.update({**PATIENCE, **SANDBOX})
        self.process = subprocess.Popen(arguments + list(options), stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, pass_fds=keep,
                                        env={**inherited, **dict(environment)})
        self.errors = []
        self.reader = threading.Thread(target=self._read_errors, daemon=True)
        self.reader.start()
        self.urls = []
        for _ in listen:
            line = self.process.stdout.readline().decode()
            if not line.startswith("listening on "):
                self.process.wait()
                self.reader.join(5)
                raise AssertionError("no daemon: %r %s" % (line, self.log()))
            self.urls.append(line[len("listening on "):].strip())
        self.addresses = [address_of(url) for url in self.urls]
        self.lines = []  # the access log
        self.listener = threading.Thread(target=self._read_lines, daemon=True)
        self.listener.start()

    def _read_errors(self):
        for line in self.process.stderr:
            self.errors.append(line.decode(errors="replace"))

    def _read_lines(self):
        for line in self.process.stdout:
            self.lines.append(line.decode())

    def log(self):
        return "".join(self.errors)

    def connect(self, which=0):
        return Client(self.addresses[which])

    def ask(self, method, target, body=b"", headers=(), which=0):
        """Sends one request on a connection of its own. Returns the reply."""
        with self.connect(which) as client:
            return client.ask(method, target, body, headers)

    def upscale(self, body, query="", headers=()):
        return self.ask("POST", "/v1/upscale" + query, body, headers)

    def health(self):
        return json.loads(self.ask("GET", "/health").body)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        status = self.process.wait(DEADLINE)
        self.reader.join(DEADLINE)
        self.listener.join(DEADLINE)
        return status

    def stop(self):
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            status = self.stop()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        if kind is None and status != 0:
            raise AssertionError("the daemon ended with %d: %s" % (status, self.log()))
        if kind is not None and self.log():
            print("# the daemon said: " + self.log().replace("\n", "\n# "))
        return False


def address_of(url):
    if url.startswith("unix:"):
        return (socket.AF_UNIX, url[5:])
    host, port = url[len("http://"):].rsplit(":", 1)
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    return (family, (host.strip("[]"), int(port)))


# ---------------------------------------------------------------- a client that can misbehave


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def problem(self):
        equal(self.headers.get("content-type"), "application/problem+json", "type of the error")
        problem = json.loads(self.body)
        equal(problem["status"], self.status, "status in the problem")
        for key in ("type", "title", "detail"):
            if not problem[key]:
                raise AssertionError("the problem has no " + key)
        return problem

    def expect(self, status, code=None):
        if self.status != status:
            raise AssertionError("status %d, wanted %d: %r" % (self.status, status,
                                                               self.body[:300]))
        if code is not None:
            equal(self.problem()["code"], code, "code")
        return self


class Client:
    def __init__(self, address):
        family, name = address
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(name)
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def send_until_refused(self, data):
        """Sends the data. Returns whether the other side took all of it."""
        try:
            self.socket.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def _more(self):
        data = self.socket.recv(65536)
        self.pending += data
        return bool(data)

    def _line(self):
        while b"\r\n" not in self.pending:
            if not self._more():
                raise EOFError("closed in mid-header: %r" % self.pending[:200])
        line, self.pending = self.pending.split(b"\r\n", 1)
        return line.decode("latin-1")

    def read_bytes(self, count):
        while len(self.pending) < count:
            if not self._more():
                raise EOFError("a truncated reply")
        data, self.pending = self.pending[:count], self.pending[count:]
        return data

    def read_head(self):
        """Returns the status and the headers of the next reply."""
        status = int(self._line().split(" ")[1])
        lines = [line.split(":", 1) for line in iter(self._line, "")]
        return status, {name.lower(): value.strip() for name, value in lines}

    def read_chunk(self):
        """Returns the next chunk of a body in chunks; b"" is its end."""
        size = int(self._line(), 16)
        return self.read_bytes(size + 2)[:-2]

    def read_reply(self, method="GET"):
        """Returns the next reply. EOFError if the connection is closed before its end."""
        status, headers = self.read_head()
        if method == "HEAD" or status in (100, 204, 304):
            return Reply(status, headers, b"")
        if "content-length" not in headers:
            raise AssertionError("a reply without Content-Length")
        return Reply(status, headers, self.read_bytes(int(headers["content-length"])))

    def ask(self, method, target, body=b"", headers=()):
        self.send(request(method, target, body, headers))
        return self.read_reply(method)

    def is_closed(self):
        """Waits until the other side closes the connection. Raises if data comes first."""
        try:
            if self.pending or self._more():
                raise AssertionError("more came: %r" % self.pending[:200])
        except ConnectionResetError:
            pass
        return True


def request(method, target, body=b"", headers=()):
    lines = ["%s %s HTTP/1.1" % (method, target), "Host: test"]
    lines += ["%s: %s" % pair for pair in headers]
    if method in ("POST", "PUT"):
        lines.append("Content-Length: %d" % len(body))
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunked_request(target, chunks, headers=()):
    lines = ["POST %s HTTP/1.1" % target, "Host: test", "Transfer-Encoding: chunked"]
    lines += ["%s: %s" % pair for pair in headers]
    data = "\r\n".join(lines).encode() + b"\r\n\r\n"
    for chunk in list(chunks):
        data += b"%x\r\n" % len(chunk) + chunk + b"\r\n"
    return data + b"0\r\n\r\n"


def form(*parts, boundary="XyZ"):
    """Returns (headers, body) of a multipart form. A part is (name, filename, bytes)."""
    body = b""
    for name, filename, data in parts:
        body += ("--%s\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"%s\"\r\n"
                 "Content-Type: image/png\r\n\r\n" % (boundary, name, filename)).encode()
        body += data + b"\r\n"
    body += ("--%s--\r\n" % boundary).encode()
    return [("Content-Type", "multipart/form-data; boundary=" + boundary)], body


# ---------------------------------------------------------------- pictures

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(width, height, color=2, depth=8):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))


@functools.lru_cache(None)
def png(width=8, height=6, color=2, depth=8, extra=b""):
    """Returns a PNG of a smooth pattern. `extra` are chunks between IHDR and IDAT."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            for c in range(CHANNELS[color]):
                value = (x * 9 + y * 5 + c * 40) % 256
                rows += bytes([value]) if depth == 8 else bytes([value, 255 - value])
    return (SIGNATURE + header(width, height, color, depth) + extra +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


@functools.lru_cache(None)
def flat_png(width, height):
    """Returns a PNG of one gray, which is made quickly."""
    rows = (b"\0" + b"\x55" * width) * height
    return (SIGNATURE + header(width, height, 0) + chunk(b"IDAT", zlib.compress(rows)) +
            chunk(b"IEND", b""))


def shape(data):
    """Returns (width, height, color type, depth) of a PNG, whose end must be there."""
    equal(data[:8], SIGNATURE, "signature")
    equal(data[-8:-4], b"IEND", "end")
    width, height, depth, color = struct.unpack(">IIBB", data[16:26])
    return width, height, color, depth


def png_of_bytes(length):
    """Returns a PNG of exactly that many bytes, padded by a private chunk."""
    least = len(png(8, 6, extra=chunk(b"tsTs", b"")))
    return png(8, 6, extra=chunk(b"tsTs", b"\0" * (length - least)))
