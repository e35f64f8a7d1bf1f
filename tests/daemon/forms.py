"""forms.py - multipart/form-data as programs write it (RFC 7578, 2183, 9110, 2046), and bodies that
are not valid forms."""
import os
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import Daemon, chunked_request, claim, equal, png, run_claims, shape  # noqa: E402

shared = None
PLAIN = b'Content-Disposition: form-data; name="image"; filename="in.png"'
MORE = "multipart/form-data; boundary="


def body(*lines, boundary=b"X", data=None, before=b"", after=b"\r\n"):
    return (before + b"--" + boundary + b"\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n" +
            (png() if data is None else data) + b"\r\n--" + boundary + b"--" + after)


def send(data, content_type=MORE + "X"):
    return shared.upscale(data, headers=[("Content-Type", content_type)])


TAKEN = {
    "a quoted name": (PLAIN,),
    "a token": (b"Content-Disposition: form-data; name=image; filename=in.png",),
    "no blank": (b'Content-Disposition:form-data;name="image";filename="in.png"',),
    "tabs": (b'Content-Disposition:\tform-data\t;\tname="image"',),
    "another case": (b'CONTENT-DISPOSITION: Form-Data; NAME="image"',),
    "blanks around the equals sign": (b'Content-Disposition: form-data; name = "image"',),
    "a file name first": (b'Content-Disposition: form-data; filename="a;name=b.png"; name="image"',),
    "an extended file name": (b"Content-Disposition: form-data; name=image; filename=x; "
                              b"filename*=UTF-8''%e2%82%ac.png",),
    "quotes in the file name": (b'Content-Disposition: form-data; name="image"; filename="a%22b\\"c.png"',),
    "a path of Windows": (b'Content-Disposition: form-data; name="image"; filename="C:\\x\\in.png"',),
    "a folded header": (b"Content-Disposition: form-data;", b'\tname="image"'),
    "other headers": (b"Content-Type: image/png", b"Content-Length: 5", b"X-Any: thing", PLAIN),
    "binary": (PLAIN, b"Content-Transfer-Encoding: Binary"),
    "the part is called file": (b'Content-Disposition: form-data; name="file"',),
    "the part is called data": (b"Content-Disposition: form-data; name=data",),
}


def takes(about, data, content_type=MORE + "X"):
    def check():
        for reply in (send(data, content_type), chunked(data, content_type)):
            equal(shape(reply.expect(200).body)[:2], (16, 12))
    check.__name__ = "takes " + about
    claim(check)


def chunked(data, content_type):
    """Sends the same form byte by byte around each boundary."""
    with shared.connect() as client:
        step = [data[i:i + 1] for i in range(200)] + [data[200:-60]] + [data[i:i + 1] for i in
                                                                       range(len(data) - 60, len(data))]
        client.send(chunked_request("/v1/upscale", step, [("Content-Type", content_type)]))
        return client.read_reply()


for about, lines in TAKEN.items():
    takes(about, body(*lines))
for about, content_type in (("a charset", MORE + "X; charset=UTF-8"), ("no blank", "multipart/form-data;boundary=X"),
                            ("another case", "Multipart/Form-Data; Boundary=X"),
                            ("a quoted boundary", MORE + '"X"'),
                            ("xboundary before", "multipart/form-data; xboundary=Y; boundary=X"),
                            ("a quoted boundary elsewhere", 'multipart/form-data; a="boundary=Y"; boundary=X')):
    takes("Content-Type with " + about, body(PLAIN), content_type)
takes("a preamble", body(PLAIN, before=b"This is a preamble.\r\nIts second line -- \r\n"))
takes("an epilogue", body(PLAIN, after=b"\r\nAn epilogue --X\r\n--X\r\n"))
takes("no line end at the end", body(PLAIN, after=b""))
takes("padding behind boundaries", body(PLAIN, after=b" \t\r\n").replace(b"--X\r\n", b"--X \t \r\n", 1))
takes("a boundary of 70 characters", body(PLAIN, boundary=b"a" * 70), MORE + "a" * 70)
takes("a boundary with blanks", body(PLAIN, boundary=b"a b"), MORE + '"a b"')

EMPTY = b"--X\r\n" + PLAIN + b"\r\n\r\n\r\n"
REFUSED = {
    "an empty part, then another name": EMPTY + body(b"Content-Disposition: form-data; name=x"),
    "an empty part, then a second file": EMPTY + body(PLAIN),
    "an empty part, then base64": EMPTY + body(PLAIN, b"Content-Transfer-Encoding: base64"),
    "an emptier part, then a second file": b"--X\r\n" + PLAIN + b"\r\n\r\n" + body(PLAIN),
    "two files": body(PLAIN)[:-5] + b"\r\n" + body(PLAIN),
    "another name": body(b"Content-Disposition: form-data; name=picture"),
    "a longer name": body(b"Content-Disposition: form-data; name=image" + b"x" * 600),
    "two names": body(b"Content-Disposition: form-data; name=image; name=image"),
    "two dispositions": body(PLAIN, PLAIN),
    "no disposition": body(b"Content-Type: image/png"),
    "an attachment": body(b"Content-Disposition: attachment; name=image"),
    "an open quote": body(b'Content-Disposition: form-data; name="image'),
    "no name": body(b"Content-Disposition: form-data"),
    "base64": body(PLAIN, b"Content-Transfer-Encoding: base64"),
    "a line without a colon": body(PLAIN, b"junk"),
    "bare line feeds": body(PLAIN).replace(b"\r\n", b"\n"),
    "4 kB of headers": body(PLAIN, *[b"A: " + b"a" * 500] * 9),
    "bytes behind the boundary": body(PLAIN).replace(b"--X\r\n", b"--Xy\r\n", 1),
    "one dash behind the last": body(PLAIN)[:-3] + b"\r\n",
    "no end": body(PLAIN)[:-7],
    "no part": b"--X--\r\n",
    "another boundary": body(PLAIN, boundary=b"Y"),
}


def refuses(about, data, content_type=MORE + "X"):
    def check():
        send(data, content_type).expect(400, "bad_multipart")
    check.__name__ = "refuses " + about
    claim(check)


for about, data in REFUSED.items():
    refuses(about, data)
for content_type in ("multipart/form-data", MORE, MORE + '""', MORE + '"X', MORE + "a" * 71, MORE + "X; boundary=Y",
                     MORE + "X junk"):
    refuses(content_type, body(PLAIN), content_type)


@claim
def file_names_reach_the_answer():
    for lines, name in ((TAKEN["a path of Windows"], 'filename="in-2x.png"'),
                        (TAKEN["an extended file name"], "filename*=UTF-8''%E2%82%AC-2x.png"),
                        (TAKEN["quotes in the file name"], 'filename="a_b_c-2x.png"')):
        equal(name in send(body(*lines)).expect(200).headers["content-disposition"], True, name)


@claim
def other_types_are_no_forms():
    for content_type in ("multipart/form-datax; boundary=X", "multipart/mixed; boundary=X"):
        send(body(PLAIN), content_type).expect(415)
    send(png(), "multipart/mixed; boundary=X").expect(200)


with Daemon() as shared:
    run_claims()
