"""admission.py - requests that are accepted, requests that can never succeed, and requests that
wait: memory and time."""
import json
import math
import os
import re
import resource
import subprocess
import sys
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import (BINARY, Daemon, Skip, chunked_request, claim, equal, flat_png, png, png_of_bytes,
                    request, run_claims, wait_until)  # noqa: E402
from preload import sanitized  # noqa: E402


def refused(reply, status, code, option):
    problem = reply.expect(status, code).problem()
    equal(problem["option"], option)
    equal("--" + option in problem["detail"], True, "the option in: " + problem["detail"])
    return problem


def start_with_budget(bytes_for_requests, *options):
    """Starts a daemon of two threads whose requests share about that much memory. A first daemon
    tells how much the process itself needs."""
    options = ("--threads", "2", *options)  # it would start fewer where memory is small
    done = subprocess.run([BINARY, "serve", "--listen", "127.0.0.1:0", "--memory-limit", "1",
                           *options],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    equal(done.returncode, 2, "status")
    own = int(done.stderr.split(b" needs ")[1].split()[0])
    return Daemon("--memory-limit", str(own + bytes_for_requests), *options)


@claim
def the_memory_limit_is_said_at_the_start():
    with Daemon("--memory-limit", "4G") as d:
        wait_until(lambda: "the memory limit is 4096 MiB (--memory-limit)" in d.log(), "it is said")
        rows = json.loads(d.ask("GET", "/v1/limits").body)["limits"]
        equal([row["value"] for row in rows if row["option"] == "memory-limit"], [4 << 30])
    with Daemon() as d:
        rows = json.loads(d.ask("GET", "/v1/limits").body)["limits"]
        value = [row["value"] for row in rows if row["option"] == "memory-limit"][0]
        equal(value > 1 << 20, True, "its own default")
        wait_until(lambda: "%d MiB" % (value >> 20) in d.log(), "it is said")


def connections_at_most(d):
    rows = json.loads(d.ask("GET", "/v1/limits").body)["limits"]
    return [row["value"] for row in rows if row["option"] == "connections"][0]


@claim
def connections_alone_leave_room_for_pictures():
    with Daemon("--connections", "5000") as d:
        equal(connections_at_most(d), 5000)
    with start_with_budget(8 << 20, "--header-timeout", "2") as d:
        most = connections_at_most(d)
        equal(10 < most < 200, True, most)
        crowd = [d.connect() for _ in range(most + 20)]
        for client in crowd:
            client.send(b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        # its turn comes when the time of the crowd is over; others of the crowd are before it
        d.upscale(flat_png(200, 200)).expect(200)
        for client in crowd:
            client.read_reply().expect(408, "timeout")
        equal(d.health()["memory"]["limit"] / 4 >= most * 24576, True)


@claim
def a_small_container_holds_as_many_connections_as_the_docs_say():
    """256 MiB, of which the default takes seven eighths. What the process itself needs depends a
    little on the libraries: 5 MiB of it are 3 % of the connections. The buffers of threads follow the L2 cache."""
    with open(os.path.join(os.environ.get("top_srcdir", "."), "docs/operations.md")) as file:
        text = " ".join(file.read().split())
    found = re.search(r"charged (\d+) KiB.* holds ([\d,]+) to ([\d,]+) connections with one CPU, "
                      r"([\d,]+) to ([\d,]+) with two, and ([\d,]+) to ([\d,]+) with four", text)
    charge, *said = (int(number.replace(",", "")) for number in found.groups())
    with Daemon() as d:
        before = d.health()["memory"]["connections"]
        crowd = [d.connect() for _ in range(20)]
        wait_until(lambda: 20 * charge << 10 <= d.health()["memory"]["connections"] - before < 20 * (charge + 1) << 10,
                   "twenty are charged")
        for client in crowd:
            client.socket.close()
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 2000:
        raise Skip("too few files may be open")
    if sanitized():
        raise Skip("a sanitizer's memory is not the program's")
    for threads, least, highest in zip((1, 2, 4), said[::2], said[1::2]):
        with Daemon("--memory-limit", "224M", "--threads", str(threads)) as d:
            most = connections_at_most(d)
            equal(0.97 * least < most < 1.03 * highest, True, (threads, most))


@claim
def what_needs_more_than_there_is_is_refused_by_its_head():
    with start_with_budget(16 << 20) as d, d.connect() as client:
        d.upscale(png()).expect(200)
        large = flat_png(4000, 4000)
        client.send(request("POST", "/v1/upscale", large, [("Expect", "100-continue")])
                    [:-len(large)])
        equal(client.read_reply().status, 100)
        client.send(large)
        problem = refused(client.read_reply(), 422, "too_much_memory", "memory-limit")
        equal(problem["limit"] <= 17 << 20, True, problem["limit"])
        d.upscale(png()).expect(200)


@claim
def what_the_estimate_tells_is_what_admission_counts():
    pictures = [flat_png(side, side) for side in range(300, 1501, 100)]
    with Daemon("--threads", "2") as d:
        peaks = [json.loads(d.ask("POST", "/v1/estimate", picture).expect(200).body)
                 ["peak_memory_bytes"] for picture in pictures]
    with start_with_budget(16 << 20) as d:
        limit = d.upscale(flat_png(4000, 4000)).problem()["limit"]
        equal(min(peaks) < limit < max(peaks), True, "some fit, some do not")
        equal([d.upscale(picture).status for picture in pictures],
              [200 if peak <= limit else 422 for peak in peaks])


@claim
def buffers_that_grow_for_wide_pictures_are_counted():
    wide = png(1000000, 1, color=6, depth=16)
    with Daemon("--max-side", "1M") as d:
        d.upscale(png()).expect(200)
        equal(d.health()["memory"]["scratch"], 0)
        d.upscale(wide, "?scale=1").expect(200)
        grown = d.health()["memory"]["scratch"]
        equal(grown > 0, True, "they have grown")
        d.upscale(wide, "?scale=1").expect(200)
        equal(d.health()["memory"]["scratch"], grown, "once")
        print("# grown by %d bytes" % grown)


@claim
def what_only_may_come_is_no_reason_to_refuse():
    """Until the rest has arrived, a gray picture might have transparency, which takes more
    memory."""
    picture = flat_png(1500, 1500)
    with Daemon() as d:
        whole, head = [json.loads(d.ask("POST", "/v1/estimate", data).expect(200).body)
                       for data in (picture, picture[:33])]
    for least, most in ((whole[name], head[name]) for name in
                        ("peak_memory_bytes", "answer_bytes_most", "expected_seconds")):
        equal(least * 1.2 < most, True, "%g and %g" % (least, most))
    between = (whole["peak_memory_bytes"] + head["peak_memory_bytes"]) // 2
    with start_with_budget(between) as d:
        d.upscale(picture).expect(200)
        d.ask("POST", "/v1/estimate", picture).expect(200)
        refused(d.ask("POST", "/v1/estimate", picture[:33]), 422, "too_much_memory",
                "memory-limit")


@claim
def a_body_that_never_fits_is_refused():
    with start_with_budget(4 << 20) as d:
        refused(d.upscale(png_of_bytes(3 << 20)), 413, "body_too_large", "memory-limit")
        d.upscale(png()).expect(200)


@claim
def bodies_that_stay_leave_no_room_for_others():
    with start_with_budget(40 << 20, "--body-timeout", "3600") as d:
        clients = [d.connect() for _ in range(3)]
        for client in clients:
            client.send(request("POST", "/v1/upscale", png_of_bytes(6 << 20))[:-9000])
        wait_until(lambda: d.health()["memory"]["bodies"] == 18 << 20, "three bodies have arrived")
        reply = d.upscale(png_of_bytes(3 << 20))
        refused(reply, 503, "busy", "memory-limit")
        equal(int(reply.headers["retry-after"]) >= 1, True)
        d.upscale(png()).expect(200)  # a small one still fits
        for client in clients:
            client.socket.close()
        wait_until(lambda: d.health()["memory"]["bodies"] == 0, "they are forgotten")
        d.upscale(png_of_bytes(3 << 20)).expect(200)
        for use in ("work", "replies"):
            wait_until(lambda: d.health()["memory"][use] == 0, use + " end")


@claim
def a_chunked_body_is_charged_too():
    with start_with_budget(4 << 20) as d, d.connect() as client:
        pieces = [png_of_bytes(3 << 20)[i:i + 65536] for i in range(0, 3 << 20, 65536)]
        client.send_until_refused(chunked_request("/v1/upscale", pieces))
        refused(client.read_reply(), 413, "body_too_large", "memory-limit")


@claim
def too_long_in_work_is_refused_or_ended():
    with Daemon("--work-timeout", "1", "--threads", "1") as d:
        d.upscale(png()).expect(200)
        refused(d.upscale(flat_png(3000, 3000)), 422, "too_much_work", "work-timeout")


@claim
def memory_is_waited_for():
    # each of these needs more than half of the memory, so they take turns
    with start_with_budget(24 << 20) as d:
        clients = [d.connect() for _ in range(6)]
        for client in clients:
            client.send(request("POST", "/v1/upscale", flat_png(700, 700)))
        for client in clients:
            client.read_reply().expect(200)


@claim
def when_to_come_again_is_what_there_is_to_do():
    poster, query = flat_png(1500, 1500), "?scale=8&model=photo-hq"
    with Daemon("--threads", "1", "--max-running", "1", "--queue", "1", "--queue-timeout", "86400",
                "--work-timeout", "86400") as d:
        reply = d.ask("POST", "/v1/estimate" + query, poster).expect(200)
        seconds = json.loads(reply.body)["expected_seconds"]
        equal(seconds > 1, True, "it takes long enough to be told")
        with d.connect() as running, d.connect() as waiting:
            running.send(request("POST", "/v1/upscale" + query, poster))
            wait_until(lambda: d.health()["running"] == 1, "one is in work")
            waiting.send(request("POST", "/v1/upscale" + query, poster))
            wait_until(lambda: d.health()["waiting"] == 1, "one waits")
            reply = d.upscale(png())
            refused(reply, 503, "busy", "queue")
            equal(int(reply.headers["retry-after"]), min(600, math.ceil(1.5 * seconds)))


@claim
def who_has_much_in_work_lets_others_pass():
    """They are equal, and wait about equally long, behind one that lasts until its client
    leaves."""
    def send(client, name, address, picture, query=""):
        client.send(request("POST", "/v1/upscale" + query, picture, [
            ("X-Forwarded-For", address), ("X-Request-ID", name)]))

    with Daemon("--max-running", "1", "--queue-timeout", "86400", "--work-timeout", "86400",
                "--trusted-proxies", "127.0.0.1") as d:
        names = ("a-1", "a-2", "a-3", "a-4", "b-1")
        clients = {name: d.connect() for name in names}
        long = d.connect()
        send(long, "long", "192.0.2.1", flat_png(1500, 1500), "?scale=8&model=photo-hq")
        wait_until(lambda: d.health()["running"] == 1, "one is in work")
        start = time.monotonic()
        for waiting, name in enumerate(names, 1):
            send(clients[name], name, "192.0.2.1" if name < "b" else "192.0.2.2",
                 flat_png(400, 400))
            wait_until(lambda: d.health()["waiting"] == waiting, "it waits")
        time.sleep(time.monotonic() - start + 0.5)  # the last has then waited most of the time
        long.socket.close()
        for client in clients.values():
            client.read_reply().expect(200)
        wait_until(lambda: any('"a-4"' in line for line in d.lines), "the log is whole")
        entries = map(json.loads, d.lines)
        order = [entry["id"] for entry in entries if entry["id"] in clients]
        equal(order[0], "b-1", order)


def seconds_of(d, body):
    start = time.monotonic()
    d.upscale(body).expect(200)
    return time.monotonic() - start


@claim
def a_thumbnail_goes_before_the_posters_in_work():
    with Daemon("--work-timeout", "86400") as d:
        thumbnail = png(64, 64)
        alone = sorted(seconds_of(d, thumbnail) for _ in range(5))[2]
        posters = [d.connect() for _ in range(3)]
        for poster in posters:
            poster.send(request("POST", "/v1/upscale?scale=8&model=photo-hq", flat_png(1500, 1500)))
        wait_until(lambda: d.health()["running"] == 3, "the posters are in work")
        beside = sorted(seconds_of(d, thumbnail) for _ in range(5))[2]
        equal(d.health()["running"], 3, "posters still in work")
        print("# a thumbnail: %.3f s alone, %.3f s beside three posters" % (alone, beside))
        for poster in posters:
            poster.socket.close()


run_claims()
