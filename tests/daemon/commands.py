"""commands.py - the sub-commands models, health and help, and failures that all commands share:
their output and their exit status: 0 for success, 1 for a failure, 2 for wrong arguments."""
import json
import os
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from command import MODEL, upscaled, expect, write, Folder  # noqa: E402
from daemon import BINARY, DEADLINE, Daemon, claim, equal, png, run_claims, wait_until  # noqa: E402


@claim
def failures_say_what_to_do_next():
    with Folder() as folder:
        os.mkdir(folder + "/dir")
        write(folder + "/cut.png", png()[:-20])
        write(folder + "/bad.json", b"{nope")
        cases = (
            (1, "convert none.png out.png", "check the path"),
            (1, "convert bad.png out.png", "convert it to PNG"),
            (1, "convert cut.png out.png", "copy it again"),
            (1, "convert dir out.png", "name the files in it"),
            (1, "convert a.png none/out.png", "the folder none does not exist; make it first"),
            (1, "convert a.png dir", "--output-dir dir"),
            (1, "convert a.png /dev/full", "make room"),
            (1, "convert a.png b.png --output-dir none", "make it first"),
            (1, "convert --max-pixels 4 a.png out.png", "--max-pixels"),
            (2, "convert --scael 2 a.png out.png", "did you mean --scale?"),
            (2, "convert --scale 9 a.png out.png", "upscaled help convert"),
            (2, "convert --model nobody a.png out.png", "photo-hq, photo-jpeg"),
            (2, "convert a.png", "OUT.png"),
            (2, "convert a.png b.png c.png", "--output-dir"),
            (2, "conver a.png b.png", "did you mean `convert`?"),
            (2, "help sevre", "did you mean `serve`?"),
            (1, "models check nobody", "`upscaled models`"),
            (1, "models check bad.json", "weights/FORMAT.md"),
            (2, "models --modles x", "did you mean --models?"),
            (2, "serve --queue=-1", "upscaled help serve"),
            (2, "bench --size x", "WIDTHxHEIGHT"),
            (1, "bench --model none.json", "check the path"),
            (1, "serve --models none", "none: No such file or directory; check the path"),
            (2, "serve --config none", "none: No such file or directory; check the path"),
            (1, "serve --api-keys none", "none: No such file or directory; check the path"),
            (1, "convert --models none a.png out.png", "none: No such file or directory; check"),
            (1, "serve --listen 192.0.2.1:80", "--listen"),
            (1, "health http://127.0.0.1:1", "that `serve` prints"),
            (1, "hash-key", "standard input"),
            (2, "hash-key a:b", "a:b"),
        )
        for status, line, words in cases:
            expect(status, upscaled(*line.split(), folder=folder), words)
        expect(2, upscaled("convert", "a.png", "b.png", folder=folder,
                           environment=[("UPSCALED_MAX_BODY", "x")]), "UPSCALED_MAX_BODY")
        equal(sorted(os.listdir(folder)), ["a.png", "b.png", "bad.json", "bad.png", "cut.png", "dir"])
        equal(os.listdir(folder + "/dir"), [])


@claim
def a_port_in_use_is_named_with_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = "127.0.0.1:%d" % server.getsockname()[1]
        expect(1, upscaled("serve", "--listen", address), address, "choose another --listen")


@claim
def an_origin_that_no_browser_sends_is_refused():
    for origins in ("https://a.example/", "a.example", "https://", "https://a.example, *"):
        expect(2, upscaled("serve", "--listen", "127.0.0.1:0", "--cors-origin", origins), "cors-origin", "is no origin")


@claim
def models_lists_those_inside_and_in_the_folder():
    with Folder() as folder:
        described = dict(MODEL, description="For\n\x1b[1mtests\x9b", family="photo")
        write(folder + "/double.json", json.dumps(described).encode())
        for arguments in (("models",), ("models", "list")):
            done = expect(0, upscaled(*arguments, "--models", folder))
            names = [line.split()[0] for line in done.stdout.decode().splitlines()]
            equal(names, ["art", "art-max", "art-x3", "art-x4", "double", "photo", "photo-hq", "photo-jpeg",
                          "photo-jpeg-strong", "photo-max", "photo-x3", "photo-x4", "psnr-m11", "psnr-m5",
                          "psnr-max", "vivid", "vivid-x4"])
            equal(b"[family photo] For  [1mtests \n" in done.stdout, True, done.stdout)
            equal(b" For ordinary photographs" in done.stdout, True, done.stdout)


@claim
def the_folder_of_the_sources_is_a_folder_of_models():
    """Beside each model it has a description, NAME.info.json."""
    weights = os.path.abspath(os.path.join(os.environ.get("top_srcdir", "."), "weights"))
    equal(os.path.exists(weights + "/photo.info.json"), True)
    done = expect(0, upscaled("models", "--models", weights))
    equal((done.stdout, done.stderr), (expect(0, upscaled("models")).stdout, b""))
    with Daemon("--models", weights) as d:
        d.ask("GET", "/v1/models/photo-max").expect(200)


@claim
def files_of_other_formats_are_told_the_command_that_turns_them_into_models():
    with Folder() as folder:
        for name in ("a.onnx", "b.pth", "c.PT", "d.safetensors", "e.param", "e.bin", "done.onnx"):
            write(folder + "/" + name, b"x")
        write(folder + "/done.json", json.dumps({**MODEL, "name": "done"}).encode())
        write(folder + "/a.png", png())
        said = expect(0, upscaled("models", "--models", folder)).stderr.decode()
        told = [line.split("`")[1] for line in said.splitlines()]
        equal(told, ["upscaled-import %s/%s -o %s/%s.json" % (folder, n, folder, n[0])
                     for n in ("a.onnx", "b.pth", "c.PT", "d.safetensors", "e.param")])
        for status, arguments in ((2, ("convert", "--model", "a.onnx", "a.png", "out.png")),
                                  (2, ("convert", "--model", "e.bin", "a.png", "out.png")),
                                  (1, ("models", "check", "b.pth")), (1, ("bench", "--model", "c.PT"))):
            said = expect(status, upscaled(*arguments, folder=folder)).stderr.decode()
            equal("`upscaled-import " in said and "Traceback" not in said, True, said)
        with Daemon("--models", folder) as d:
            wait_until(lambda: "upscaled-import %s/a.onnx" % folder in d.log(), "it is said")


@claim
def a_name_that_only_a_file_of_another_format_has_is_told_the_command():
    """The sentence about an unknown model comes first, then a line for each such file."""
    with Folder() as folder:
        for name in ("g.onnx", "g.pth", "h.param", "h.bin"):
            write(folder + "/" + name, b"x")
        write(folder + "/a.png", png())
        want = ["upscaled-import %s/%s -o %s/%s.json" % (folder, n, folder, n[0])
                for n in ("g.onnx", "g.pth", "h.param")]
        for status, arguments in ((2, ("convert", "--models", folder, "--model", "g", "a.png", "out.png")),
                                  (2, ("convert", "--models", folder, "--model", "zz", "a.png", "out.png")),
                                  (1, ("models", "check", "--models", folder, "g")),
                                  (2, ("bench", "--models", folder, "--model", "g"))):
            first, *rest = expect(status, upscaled(*arguments, folder=folder)).stderr.decode().splitlines()
            equal("there is no model `" in first, True, first)
            equal([line.split("`")[1] for line in rest], want, arguments)
        said = expect(2, upscaled("convert", "--models", folder, "--model", "g.onnx", "a.png", "out.png",
                                  folder=folder)).stderr.decode()
        equal(said.count("upscaled-import"), 1, said)
        write(folder + "/g.json", json.dumps({**MODEL, "name": "g"}).encode())
        done = upscaled("convert", "--models", folder, "--model", "g", "a.png", "out.png", folder=folder)
        equal(expect(0, done).stderr, b"")


@claim
def models_check_describes_a_model_by_name_or_file():
    with Folder() as folder:
        write(folder + "/double.json", json.dumps(MODEL).encode())
        done = expect(0, upscaled("models", "check", "photo", "double.json", folder=folder))
        for word in (b"photo: ", b"double: ", b"MACs", b"halo", b"sha256", b"licence MIT"):
            equal(word in done.stdout, True, word)


@claim
def models_check_warns_of_what_padding_does():
    with Folder() as folder:
        for padding, words in (("circular", b"the whole picture"), ("zeros", b"picture's edge")):
            layer = {"type": "conv2d", "in_channels": 1, "out_channels": 1, "kernel_size": 3,
                     "padding": 1, "padding_mode": padding, "weight": [0] * 4 + [1] + [0] * 4,
                     "bias": None}
            padded = {**MODEL, "border": "model", "layers": [layer] + MODEL["layers"]}
            write(folder + "/padded.json", json.dumps(padded).encode())
            done = expect(0, upscaled("models", "check", "padded.json", folder=folder))
            equal(done.stdout.count(b"warning: "), 1, done.stdout)
            equal(words in done.stdout, True, done.stdout)


@claim
def models_check_measures_faults_and_warns_in_words():
    with Folder() as folder:
        uneven = {"type": "conv_transpose2d", "in_channels": 1, "out_channels": 1, "stride": 2,
                  "kernel_size": 2, "weight": [1, 1, 1, 1.1], "bias": None}
        write(folder + "/uneven.json", json.dumps({**MODEL, "layers": [uneven]}).encode())
        write(folder + "/double.json", json.dumps(MODEL).encode())
        bad, good = (expect(0, upscaled("models", "check", name, folder=folder)).stdout
                     for name in ("uneven.json", "double.json"))
        for words in (b"256 constant grays: 251 changed, by 25.50 levels", b"checkerboard 19.13 levels",
                      b"warning: flat areas do not keep their gray",
                      b"warning: a checkerboard shows on flat areas"):
            equal(words in bad, True, "%r in %s" % (words, bad.decode()))
        equal(b"warning" in good, False, good)


@claim
def models_check_says_what_is_wrong_and_goes_on():
    with Folder() as folder:
        wrong = {**MODEL, "layers": [{"type": "relu"}]}
        write(folder + "/wrong.json", json.dumps(wrong).encode())
        write(folder + "/text.json", b"hello")
        done = expect(1, upscaled("models", "check", "wrong.json", "text.json", "none.json", "none",
                                  "photo", folder=folder), "wrong", "(model)", "text",
                      "(model_json)", "none.json", "(io)", "(unknown_model)")
        equal(b"photo: " in done.stdout, True, "the good one")


@claim
def models_check_runs_no_network_that_would_take_minutes():
    row = [{"type": "conv2d", "in_channels": a, "out_channels": b, "kernel_size": 3, "dilation": 64,
            "weight": [0.01] * (9 * a * b)} for a, b in ((1, 16), *[(16, 16)] * 24, (16, 1))]
    with Folder() as folder:
        write(folder + "/wide.json", json.dumps(dict(MODEL, name="wide", layers=row + MODEL["layers"])).encode())
        done = expect(0, upscaled("models", "check", "wide.json", folder=folder))
        equal(b"too large to run it on test pictures" in done.stdout, True, done.stdout)


@claim
def models_says_when_it_is_called_wrongly():
    for arguments in (("check",), ("nonsense",), ("list", "photo"), ("--scale", "2")):
        expect(2, upscaled("models", *arguments))


@claim
def health_is_0_when_a_daemon_is_ready():
    with Folder() as folder:
        with Daemon(listen=("127.0.0.1:0", "unix:" + folder + "/s")) as d:
            port = d.urls[0].rsplit(":", 1)[1]
            for url in (d.urls[0], d.urls[0] + "/", "127.0.0.1:" + port, d.urls[1],
                        d.urls[0] + "/livez"):
                expect(0, upscaled("health", url))


PRINTING = (("hash-key", "ann"), ("help",), ("help", "serve"), ("serve", "--help"), ("help", "--man"),
            ("help", "--completion"), ("help", "--markdown"), ("help", "--errors"), ("help", "--limits"),
            ("help", "--metrics"), ("--help",), ("--version",), ("version",), ("models",), ("models", "list"),
            ("models", "check", "photo"), ("convert", "-", "-"), ("bench", "--size", "16x16"),
            ("serve", "--listen", "127.0.0.1:0"))


def to_nobody(arguments, output):
    done = subprocess.run([os.path.abspath(BINARY), *arguments], input=png(), stdout=output,
                          stderr=subprocess.PIPE, timeout=DEADLINE, check=False)
    equal(done.returncode, 1, "%s: %s" % (arguments, done.stderr.decode()))
    equal(b"standard output" in done.stderr or b"write" in done.stderr, True, (arguments, done.stderr))


@claim
def what_cannot_be_printed_is_a_failure():
    for arguments in PRINTING:
        with open("/dev/full", "wb") as full:
            to_nobody(arguments, full)


@claim
def a_closed_pipe_is_a_failure():
    for arguments in PRINTING:
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as closed:
            to_nobody(arguments, closed)


@claim
def health_asks_where_the_daemon_was_told_to_listen():
    with Daemon(listen=("0.0.0.0:0",)) as d, Folder() as folder:
        port = d.urls[0].rsplit(":", 1)[1]
        for listen in ("127.0.0.1:" + port, "0.0.0.0:" + port, ":" + port):
            expect(0, upscaled("health", "--listen", listen))
            expect(0, upscaled("health", environment={"UPSCALED_LISTEN": listen}))
            write(folder + "/config", b"queue = 9\nlisten = " + listen.encode() + b"\n")
            expect(0, upscaled("health", "--config", folder + "/config"))


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


@claim
def a_port_alone_is_every_address_once():
    with Daemon(listen=(":0",)) as d:
        port = d.urls[0].rsplit(":", 1)[1]
        others = ["[::1]"] if has_ipv6() else []
        for host in ["127.0.0.1"] + others:
            expect(0, upscaled("health", "http://%s:%s" % (host, port)))
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            free = str(taken.getsockname()[1])
        again = ["--listen", "0.0.0.0:" + free] + ["--listen", "[::]:" + free] * len(others)
        with Daemon(*again, listen=(":" + free,)):
            expect(0, upscaled("health", "http://127.0.0.1:" + free))


@claim
def health_asks_at_port_where_the_daemon_listens_by_it():
    with Daemon(listen=(None,), environment={"PORT": "0"}) as d:
        host, port = d.urls[0].rsplit(":", 1)
        equal(host, "http://0.0.0.0")
        expect(0, upscaled("health", environment={"PORT": port}))
        expect(0, upscaled("health", "http://127.0.0.1:" + port))
        if has_ipv6():
            expect(0, upscaled("health", "http://[::1]:" + port))
    expect(2, upscaled("serve", environment={"PORT": "http"}), "PORT")


@claim
def health_is_1_when_nobody_answers_or_not_with_200():
    with Folder() as folder:
        expect(1, upscaled("health", "unix:" + folder + "/none"), "none")
        with Daemon() as d:
            expect(1, upscaled("health", d.urls[0] + "/nothing"), "404")
            url = d.urls[0]
        expect(1, upscaled("health", url), url)


def answering(text):
    """Asks a server that sends the text and closes the connection. Returns what `health` did."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = []
        url = "http://127.0.0.1:%d" % server.getsockname()[1]
        asked = threading.Thread(target=lambda: done.append(upscaled("health", url)))
        asked.start()
        with server.accept()[0] as connection:
            connection.recv(1000)
            connection.sendall(text)
        asked.join()
        return done[0]


@claim
def health_is_1_when_something_else_answers():
    expect(0, answering(b"HTTP/1.0 200 OK\r\n\r\n"))
    for text in (b"", b"HTTP/1.1 ", b"220 mail.example ESMTP\r\n", b"HTTP/1.1 two hundred\r\n"):
        expect(1, answering(text))


@claim
def health_says_what_it_cannot_reach():
    expect(1, upscaled("health", "127.0.0.1:nothing"), "127.0.0.1:nothing")
    expect(1, upscaled("health", "unix:/" + "long/" * 24), "File name too long")
    if has_ipv6():
        with Daemon(listen=("[::]:0",)) as d:
            expect(0, upscaled("health", "--listen", "[::]:" + d.urls[0].rsplit(":", 1)[1]))


@claim
def health_does_not_wait_for_a_server_that_drips():
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = "http://127.0.0.1:%d" % server.getsockname()[1]
        start = time.monotonic()
        done = []
        asked = threading.Thread(target=lambda: done.append(upscaled("health", url)))
        asked.start()
        connection = server.accept()[0]
        try:
            while asked.is_alive():
                connection.sendall(b"H")  # five seconds pass before the sixth byte
                asked.join(1)
        except OSError:
            pass
        asked.join()
        connection.close()
        expect(1, done[0], "5 s")
        equal(time.monotonic() - start < 60, True, "the time it took")


@claim
def health_says_when_it_is_called_wrongly():
    for arguments in (("a", "b"), ("",), ("http://",), ("--queue", "1"), ("http://a:/",), ("[::1",),
                      ("[::1]x",), ("a" * 300,)):
        expect(2, upscaled("health", *arguments))


@claim
def a_key_has_a_name_that_a_line_of_the_file_can_hold():
    for name in ("", "a b", "a#", "a:b", "a\tb", "a" * 33):
        expect(2, upscaled("hash-key", name, data=b"secret\n"), "name")
    expect(0, upscaled("hash-key", "a" * 32, data=b"secret\n"))


@claim
def help_tells_of_every_command_and_option():
    done = expect(0, upscaled("help"))
    for command in ("serve", "convert", "models", "health"):
        equal(command.encode() in done.stdout, True, command)
        text = expect(0, upscaled("help", command)).stdout
        equal(text, expect(0, upscaled(command, "--help")).stdout)
        equal(b"--config" in text, True, command)
    for word in ("--help", "-h"):
        equal(done.stdout, upscaled(word).stdout)
        equal(expect(0, upscaled("help", "convert")).stdout, upscaled("convert", "a.png", word).stdout)
    with Folder() as folder:
        write(folder + "/--help", png())
        expect(0, upscaled("convert", "--", "--help", "out.png", folder=folder))
    expect(0, upscaled("version"))
    expect(0, upscaled("--version"))


@claim
def an_unknown_command_is_refused():
    expect(2, upscaled())
    expect(2, upscaled("nonsense"), "nonsense")
    expect(2, upscaled("help", "nonsense"), "nonsense")


run_claims()
