"""recipes.py - the requests of the programs in docs/recipes.md, byte for byte as these send them:
Suwayomi-Server (OkHttp), .NET and PowerShell, Go's http.Post, Node's fetch."""
import os
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import Daemon, chunked_request, claim, equal, png, request, run_claims, shape  # noqa: E402

shared = None


def part(headers, data, boundary):
    """Returns a form of one part. Its headers are the lines as they are sent."""
    edge = b"--" + boundary.encode()
    return edge + b"\r\n" + "".join(line + "\r\n" for line in headers).encode() + b"\r\n" + data + b"\r\n" + \
        edge + b"--\r\n"


def answered(boundary, quote, headers, query="", more=()):
    """Sends a form of one part. Returns the answer. `quote` is put around the boundary in
    Content-Type."""
    kind = "multipart/form-data; boundary=%s%s%s" % (quote, boundary, quote)
    body = part(headers, png(), boundary)
    return shared.ask("POST", "/v1/upscale" + query, body, [("Content-Type", kind), *more]).expect(200)


@claim
def takes_the_page_that_suwayomi_sends():
    """OkHttp before version 5 states the length of each part; later versions do not."""
    boundary = "0f1a2b3c-4d5e-4f60-8172-93a4b5c6d7e8"
    disposition = 'Content-Disposition: form-data; name="image"; filename="conversion1234.png"'
    client = [("Accept-Encoding", "gzip"), ("Connection", "Keep-Alive"), ("User-Agent", "okhttp/5.1.0")]
    for length in ([], ["Content-Length: %d" % len(png())]):
        reply = answered(boundary, "", [disposition, "Content-Type: image/png", *length], "?model=art", client)
        equal(shape(reply.body), (16, 12, 2, 8))


@claim
def takes_the_form_that_dotnet_sends():
    """MultipartFormDataContent: a quoted boundary, names without quotes, filename* after filename."""
    reply = answered("9f0c1e2d-3b4a-4958-8776-655443322110", '"',
                     ["Content-Disposition: form-data; name=image; filename=in.png; filename*=utf-8''in.png"])
    equal(shape(reply.body), (16, 12, 2, 8))


@claim
def takes_the_form_that_powershell_sends():
    """Invoke-WebRequest -Form: the same with a type."""
    reply = answered("a1b2c3d4-0000-4000-8000-00000000000a", '"',
                     ["Content-Disposition: form-data; name=image; filename=in.png; filename*=utf-8''in.png",
                      "Content-Type: application/octet-stream"])
    equal(shape(reply.body), (16, 12, 2, 8))


@claim
def takes_a_chunked_body_as_go_sends_it():
    """Go's http.Post sends a file in chunks, since it does not know the length."""
    data = png()
    with shared.connect() as client:
        client.send(chunked_request("/v1/upscale?scale=3", [data], [("Content-Type", "image/png"),
                                                                    ("Accept-Encoding", "gzip")]))
        equal(shape(client.read_reply().expect(200).body), (24, 18, 2, 8))


@claim
def takes_the_body_that_fetch_sends():
    with shared.connect() as client:
        client.send(request("POST", "/v1/upscale?scale=3", png(), [
            ("accept", "*/*"), ("accept-language", "*"), ("sec-fetch-mode", "cors"), ("user-agent", "node"),
            ("accept-encoding", "gzip, deflate")]))
        equal(shape(client.read_reply().expect(200).body), (24, 18, 2, 8))


with Daemon() as shared:
    run_claims()
