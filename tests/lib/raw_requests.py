"""raw_requests.py - raw requests that another HTTP agent could read as two requests, or as none (RFC
9112, section 11.2). Each hides a request for /livez?hidden behind an ambiguity. See hidden.py."""

from daemon import png

HIDDEN = b"GET /livez?hidden HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED_HIDDEN = b"0\r\n\r\n" + HIDDEN


def head(*lines, start=b"POST /v1/upscale HTTP/1.1\r\n", host=b"Host: a\r\n"):
    return start + host + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def _lengths():
    """In one reading the hidden request is the body, and in another it is the next request."""
    n = b"%d" % len(HIDDEN)
    for about, value in (("list", b"0, " + n), ("list, equal", n + b", " + n),
                         ("plus", b"+" + n), ("minus", b"-1"), ("minus zero", b"-0"),
                         ("hexadecimal", b"0x" + b"%x" % len(HIDDEN)), ("octal", b"0o12"),
                         ("fraction", n + b".0"), ("exponent", b"1e1"), ("blank inside", b"1 2"),
                         ("underscore", b"1_0"), ("junk after", n + b"x"), ("comma", b","),
                         ("comma after", n + b","), ("comma before", b"," + n), ("empty", b""),
                         ("quoted", b'"' + n + b'"'), ("semicolon", n + b";x=1"),
                         ("65 bits", b"18446744073709551616"), ("wraps to 0", b"1" + b"0" * 40),
                         ("Arabic digits", "\u0661".encode()), ("NUL after", n + b"\0"),
                         ("vertical tab", b"\x0b" + n), ("form feed", b"\x0c" + n),
                         ("no-break space", b"\xa0" + n), ("next line", b"\x85" + n)):
        yield "length: " + about, head(b"Content-Length: " + value) + HIDDEN
    for about, first, second in (("0 and n", b"0", n), ("n and 0", n, b"0"), ("equal", n, n),
                                 ("0 and junk", b"0", b"x"), ("zeros", b"0", b"00")):
        yield "two lengths: " + about, head(b"Content-Length: " + first,
                                            b"Content-Length: " + second) + HIDDEN
    for name in (b"Content-Length ", b"Content-Length\t", b" Content-Length", b"\tContent-Length",
                 b"Content-Length\x0b", b"Content_Length", b"Content-Length\0",
                 b"Content-Length\xa0", b"\0Content-Length", b"CONTENT-LENGTH ", b"Content Length",
                 b"\"Content-Length\"", b"Content-Length:"):
        yield "name of length: %r" % name, head(name + b": " + n) + HIDDEN
        yield "name of length, beside: %r" % name, head(b"Content-Length: 0",
                                                        name + b": " + n) + HIDDEN


def _codings():
    for value in (b"identity", b"gzip", b"gzip, chunked", b"chunked, gzip", b"chunked, chunked",
                  b"chunked,identity", b"identity, chunked", b"xchunked", b"chunkedx", b"chunke",
                  b"x chunked", b"chunked;q=1", b"chunked;x", b"chunked,", b",chunked", b", chunked",
                  b'"chunked"', b"\x0bchunked", b"\x0cchunked", b"chunked\x0b", b"\xa0chunked",
                  b"chun\0ked", b"chunked\0", b"", b"\\x63hunked", b"CHUNKED\x01",
                  b"chunked\xc2\xa0"):
        yield "coding: %r" % value, head(b"Transfer-Encoding: " + value) + CHUNKED_HIDDEN
        yield "coding and length: %r" % value, head(b"Transfer-Encoding: " + value,
                                                    b"Content-Length: 5") + CHUNKED_HIDDEN
    for name in (b"Transfer-Encoding ", b"Transfer-Encoding\t", b" Transfer-Encoding",
                 b"\tTransfer-Encoding", b"Transfer-Encoding\x0b", b"Transfer_Encoding",
                 b"Transfer-Encoding\0", b"\0Transfer-Encoding", b"Transfer Encoding",
                 b"Transfer-Encoding\xa0", b"X: y\nTransfer-Encoding", b"X: y\rTransfer-Encoding",
                 b"Transfer-\xc4\xb0ncoding"):
        yield "name of coding: %r" % name, head(name + b": chunked") + CHUNKED_HIDDEN
        yield "name of coding, length: %r" % name, head(b"Content-Length: 5",
                                                        name + b": chunked") + CHUNKED_HIDDEN
    for lines in ((b"Transfer-Encoding: chunked", b"Content-Length: 5"),
                  (b"Content-Length: 5", b"Transfer-Encoding: chunked"),
                  (b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
                  (b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
                  (b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked"),
                  (b"Transfer-Encoding: chunked", b"Transfer-Encoding: cow"),
                  (b"Transfer-Encoding:", b" chunked"), (b"Transfer-Encoding: x", b" chunked"),
                  (b"Content-Length: 5", b"X: y", b" Transfer-Encoding: chunked")):
        yield "codings: %r" % (lines,), head(*lines) + CHUNKED_HIDDEN
    for version in (b"HTTP/1.0", b"HTTP/0.9", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/1.10", b"HTTP/01.1",
                    b"http/1.1", b"HTTP/1.1x", b"HTTP/1", b"HTTP/1.1 ", b"ICAP/1.1"):
        yield "version %r" % version, head(b"Transfer-Encoding: chunked", start=
                                           b"POST /v1/upscale %s\r\n" % version) + CHUNKED_HIDDEN


def _chunks():
    """Chunk sizes and ends that agents read differently, after a valid picture."""
    start = head(b"Transfer-Encoding: chunked")
    n, picture = b"%x" % len(HIDDEN), png()
    whole = start + b"%x\r\n%s\r\n" % (len(picture), picture)
    open_end = start + b"%x\r\n%s" % (len(picture), picture)
    for about, body in (
            ("0x before", b"0x" + n + b"\r\n"), ("plus", b"+" + n + b"\r\n"),
            ("minus", b"-1\r\n"), ("blank before", b" " + n + b"\r\n"),
            ("blank after", n + b" \r\n"), ("junk after", n + b"g\r\n"),
            ("17 digits", b"1" + b"0" * 16 + b"\r\n"), ("wraps", b"f" * 17 + b"\r\n"),
            ("16 digits", b"f" * 16 + b"\r\n"), ("empty", b"\r\n"), ("comma", n + b",0\r\n"),
            ("semicolon alone", b";\r\n"), ("bare CR ends", n + b"\r"),
            ("bare LF ends", n + b"\n"), ("CR in extension", n + b";a\rb\r\n"),
            ("LF in extension", n + b";a\nb\r\n"), ("NUL in extension", n + b";a\0b\r\n"),
            ("long extension", n + b";" + b"a" * 20000 + b"\r\n"),
            ("tab", n + b"\t\r\n"), ("vertical tab", n + b"\x0b\r\n")):
        yield "chunk size: " + about, whole + body + HIDDEN + b"\r\n0\r\n\r\n"
    for about, body in (("no CRLF", b"0\r\n\r\n"), ("bare LF", b"\n0\r\n\r\n"),
                        ("bare CR", b"\r0\r\n\r\n"), ("two bytes of junk", b"yz0\r\n\r\n")):
        yield "chunk end: " + about, open_end + body + HIDDEN
    for about, body in (
            ("bare LF", b"0\n\r\n"), ("LF LF", b"0\n\n"), ("no empty line", b"0\r\n"),
            ("extension", b"0;x\r\n\r\n"), ("zeros", b"0000000000000000000\r\n\r\n"),
            ("minus zero", b"-0\r\n\r\n"), ("zero x", b"0x0\r\n\r\n"),
            ("trailer of junk", b"0\r\njunk\r\n\r\n"),
            ("trailer of length", b"0\r\nContent-Length: 5\r\n\r\n"),
            ("trailer of coding", b"0\r\nTransfer-Encoding: chunked\r\n\r\n"),
            ("trailer folded", b"0\r\nX: y\r\n z\r\n\r\n"),
            ("trailer, bare LF", b"0\r\nX: y\n\r\n"),
            ("trailer with NUL", b"0\r\nX: \0\r\n\r\n")):
        yield "last chunk: " + about, whole + body + HIDDEN


def _heads():
    post = b"POST /v1/upscale HTTP/1.1\r\n"
    n = b"%d" % len(HIDDEN)
    for about, data in (
            ("bare LF everywhere", b"POST /v1/upscale HTTP/1.1\nHost: a\nContent-Length: " + n +
             b"\n\n"),
            ("bare LF before the end", post + b"Host: a\r\nContent-Length: " + n + b"\n\r\n"),
            ("CR alone ends a line", post + b"Host: a\rContent-Length: " + n + b"\r\n\r\n"),
            ("CR CR LF", post + b"Host: a\r\r\nContent-Length: " + n + b"\r\r\n\r\r\n"),
            ("LF CR", post + b"Host: a\n\rContent-Length: " + n + b"\n\r\n\r"),
            ("folded length", post + b"Host: a\r\nContent-Length:\r\n " + n + b"\r\n\r\n"),
            ("folded first line", post + b" Content-Length: " + n + b"\r\nHost: a\r\n\r\n"),
            ("length before Host", post + b"Content-Length: " + n + b"\r\n\r\n"),
            ("no colon", post + b"Host: a\r\nContent-Length " + n + b"\r\n\r\n"),
            ("empty name", post + b"Host: a\r\n: x\r\nContent-Length: " + n + b"\r\n\r\n"),
            ("NUL in the target", b"POST /v1/\0upscale HTTP/1.1\r\nHost: a\r\nContent-Length: " +
             n + b"\r\n\r\n"),
            ("NUL before the method", b"\0" + post + b"Host: a\r\nContent-Length: " + n +
             b"\r\n\r\n"),
            ("blank before the method", b" " + post + b"Host: a\r\nContent-Length: " + n +
             b"\r\n\r\n"),
            ("two blanks", b"POST  /v1/upscale  HTTP/1.1\r\nHost: a\r\nContent-Length: " + n +
             b"\r\n\r\n"),
            ("tabs", b"POST\t/v1/upscale\tHTTP/1.1\r\nHost: a\r\nContent-Length: " + n +
             b"\r\n\r\n"),
            ("no version", b"POST /v1/upscale\r\nHost: a\r\nContent-Length: " + n + b"\r\n\r\n"),
            ("blank in the target", b"POST /v1/up scale HTTP/1.1\r\nHost: a\r\nContent-Length: " +
             n + b"\r\n\r\n"),
            ("version twice", b"POST /v1/upscale HTTP/1.1 HTTP/1.1\r\nHost: a\r\n"
             b"Content-Length: " + n + b"\r\n\r\n"),
            ("absolute target", head(b"Content-Length: " + n,
                                     start=b"POST http://b/v1/upscale HTTP/1.1\r\n")),
            ("authority target", head(b"Content-Length: " + n, start=b"CONNECT a:80 HTTP/1.1\r\n")),
            ("star", head(b"Content-Length: " + n, start=b"OPTIONS * HTTP/1.1\r\n")),
            ("two Hosts", head(b"Host: b", b"Content-Length: " + n)),
            ("Host with junk", head(b"Content-Length: " + n, host=b"Host: a, b\r\nHost : c\r\n")),
            ("no Host", head(b"Content-Length: " + n, host=b""))):
        yield "head: " + about, data + HIDDEN
    for method in (b"GET", b"HEAD", b"DELETE", b"OPTIONS", b"TRACE", b"PATCH", b"get", b"POST\0",
                   b"PO ST", b"(POST)"):
        start = method + b" /readyz HTTP/1.1\r\n"
        yield "a body on %r" % method, head(b"Content-Length: " + n, start=start) + HIDDEN
        yield "chunks on %r" % method, head(b"Transfer-Encoding: chunked",
                                            start=start) + b"%x\r\n" % len(HIDDEN) + HIDDEN + \
            b"\r\n0\r\n\r\n"
    for lines in ((b"Upgrade: h2c", b"Connection: Upgrade, HTTP2-Settings", b"HTTP2-Settings: AAA"),
                  (b"Upgrade: websocket", b"Connection: Upgrade"),
                  (b"Connection: Content-Length",), (b"Connection: Transfer-Encoding, close",),
                  (b"Expect: 100-continue, x",), (b"Expect: 200-ok",)):
        yield "hop: %r" % (lines,), head(*lines, b"Content-Length: " + n) + HIDDEN


def _unseen():
    """Lines that libmicrohttpd 0.9.75 drops, cuts or joins, in requests that keep the connection."""
    n = b"%d" % len(HIDDEN)
    for start in (b"GET /readyz HTTP/1.1\r\n", b"POST /v1/reload HTTP/1.1\r\n",
                  b"GET /readyz HTTP/1.0\r\nConnection: keep-alive\r\n"):
        for about, lines in (
                ("NUL before the name", (b"\0Content-Length: " + n,)),
                ("NULs before the name", (b"X: y", b"\0\0Content-Length: " + n, b"Y: z")),
                ("NUL alone", (b"\0", b"Content-Length: " + n)),
                ("NUL in a value before", (b"X: y\0\r\nContent-Length: " + n,)),
                ("NUL in a value, bare LF", (b"X: y\0\nContent-Length: " + n,)),
                ("bare LF before", (b"X: y\nContent-Length: 0", b"Y: \0Content-Length: " + n)),
                ("folded", (b"X: y", b"\tContent-Length: " + n)),
                ("folded into an empty value", (b"X:", b" y", b"\0Content-Length: " + n)),
                ("NUL in a folded line", (b"X: y", b" \0z", b"\0Transfer-Encoding: chunked"))):
            yield "unseen: %s: %r" % (about, start), head(*lines, start=start) + HIDDEN
    for about, end in (("bare LFs end it", b"\n\n"), ("LF, CR LF", b"\n\r\n"),
                       ("CR LF, LF", b"\r\n\n"), ("CR LF, NUL, LF", b"\r\n\0\n"),
                       ("CR LF, NUL NUL, CR LF", b"\r\n\0\0\r\n")):
        yield "unseen: " + about, b"GET /readyz HTTP/1.1\r\nHost: a\r\nX: y" + end + HIDDEN
        length = b"%d" % len(png())
        yield "unseen: %s, a body" % about, (b"POST /v1/upscale HTTP/1.1\r\nHost: a\r\n"
                                             b"Content-Length: " + length + end + png() + HIDDEN)
        yield "unseen: %s, behind a body" % about, (
            head(b"Content-Length: " + length) + png() +
            b"GET /readyz HTTP/1.1\r\nHost: a\r\nX: y" + end + HIDDEN)


def cases():
    """Returns (about, bytes) of all requests, in a fixed order."""
    for group in (_lengths, _codings, _chunks, _heads, _unseen):
        yield from group()
