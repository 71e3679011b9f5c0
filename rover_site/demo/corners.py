"""Corners that misbehave on the wire: slow, endless, cut short, badly packed, running in circles."""

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable
from functools import cache

from rover_site.demo.exchange import Exchange, Handler
from rover_site.demo.page import head

BODY = (
    b'<!doctype html><html lang="en"><head><title>A plain page</title></head><body><article>'
    b"<h1>A plain page</h1><p>The lamp is trimmed, the lens is clean, the log is written. Wind south-west, "
    b"force five, sea moderate. Two coasters passed before midnight, and the mail boat at six. Nothing else "
    b"was seen from the tower.</p>"
    b"</article></body></html>"
)
MAX_MS = 600_000
BOMB_MEGABYTES = 256
_LINE = b"<p>The sea goes on, and so does this page, which has no last line and never will have one.</p>\n"
_HTML = ("Content-Type", "text/html; charset=utf-8")
_CLOSE = ("Connection", "close")
_Run = Callable[[Exchange], Awaitable[None]]


async def slow(exchange: Exchange) -> None:
    """Waits `ms` (3,000), then answers well."""
    await asyncio.sleep(exchange.number("ms", 3_000, high=MAX_MS) / 1000)
    await exchange.answer(BODY)


async def slow_head(exchange: Exchange) -> None:
    """Sends a header field every `ms` (100) for ever."""
    await exchange.write(b"HTTP/1.1 200 OK\r\n")
    number = 0
    while True:
        number += 1
        await exchange.write(b"X-Wait-%d: 1\r\n" % number)
        await asyncio.sleep(exchange.number("ms", 100, high=MAX_MS) / 1000)


async def drip(exchange: Exchange) -> None:
    """Sends a promised body one byte every `ms` (100)."""
    await exchange.write(head(200, [_HTML, ("Content-Length", str(len(BODY)))]))
    for offset in range(len(BODY)):
        await exchange.write(BODY[offset : offset + 1])
        await asyncio.sleep(exchange.number("ms", 100, high=MAX_MS) / 1000)


async def endless(exchange: Exchange) -> None:
    """Sends chunks as fast as they are taken, without an end."""
    await exchange.write(head(200, [_HTML, ("Transfer-Encoding", "chunked")]))
    block = _LINE * 700
    chunk = b"%x\r\n%s\r\n" % (len(block), block)
    while True:
        await exchange.write(chunk)
        await asyncio.sleep(0)


async def redirect_chain(exchange: Exchange) -> None:
    """/corners/redirect/N goes on to N-1, and from 1 to a page."""
    last = exchange.request.path.rsplit("/", 1)[1]
    left = int(last) if last.isascii() and last.isdigit() else 0
    await _redirect(exchange, f"/corners/redirect/{left - 1}" if left > 1 else "/visit")


async def redirect_loop(exchange: Exchange) -> None:
    """Two addresses that point at each other."""
    await _redirect(
        exchange, f"/corners/redirect-{'tic' if exchange.request.path.endswith('tac') else 'tac'}"
    )


async def redirect_host(exchange: Exchange) -> None:
    """To the same port on another loopback address, the last part of which is `n` (2)."""
    port = exchange.base_url.rsplit(":", 1)[1]
    await _redirect(exchange, f"http://127.0.0.{exchange.number('n', 2, high=254)}:{port}/visit")


async def nowhere(exchange: Exchange) -> None:
    """A 302 that does not say where to."""
    await exchange.answer(BODY, status=302)


async def too_many(exchange: Exchange) -> None:
    """429 with `Retry-After: after` (1) for the first `times` (1) requests, then well."""
    if exchange.hit <= exchange.number("times", 1, high=1_000_000):
        wait = str(exchange.number("after", 1, high=86_400))
        await exchange.answer(b"Too many requests.", status=429, headers=[("Retry-After", wait)])
    else:
        await exchange.answer(BODY)


async def flaky(exchange: Exchange) -> None:
    """500 for the first `times` (1) requests, then well."""
    failing = exchange.hit <= exchange.number("times", 1, high=1_000_000)
    await exchange.answer(BODY, status=500 if failing else 200)


async def gzip_bad(exchange: Exchange) -> None:
    """Says gzip and sends plain text."""
    await exchange.answer(BODY, headers=[("Content-Encoding", "gzip")])


async def gzip_cut(exchange: Exchange) -> None:
    """Well-formed HTTP around a gzip stream that ends in the middle."""
    squeezed = gzip.compress(BODY * 20, mtime=0)
    await exchange.answer(squeezed[: len(squeezed) // 2], headers=[("Content-Encoding", "gzip")])


async def gzip_always(exchange: Exchange) -> None:
    """Gzip, whether asked for or not."""
    await exchange.answer(gzip.compress(BODY, mtime=0), headers=[("Content-Encoding", "gzip")])


async def gzip_twice(exchange: Exchange) -> None:
    """Two codings on top of each other."""
    twice = gzip.compress(gzip.compress(BODY, mtime=0), mtime=0)
    await exchange.answer(twice, headers=[("Content-Encoding", "gzip, gzip")])


async def gzip_bomb(exchange: Exchange) -> None:
    """About 256 KB that unpack to 256 MB."""
    bomb = await asyncio.to_thread(_bomb)
    await exchange.answer(bomb, headers=[("Content-Encoding", "gzip")])


@cache
def _bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    block = b"\x20" * 1_048_576
    return b"".join([packer.compress(block) for _ in range(BOMB_MEGABYTES)] + [packer.flush()])


async def truncated(exchange: Exchange) -> None:
    """Promises more bytes than it sends, then closes."""
    await exchange.write(head(200, [_HTML, ("Content-Length", str(len(BODY) * 2))]) + BODY)
    exchange.close()


async def truncated_chunks(exchange: Exchange) -> None:
    """Closes in the middle of a chunk."""
    await exchange.write(head(200, [_HTML, ("Transfer-Encoding", "chunked")]))
    await exchange.write(b"%x\r\n%s" % (len(BODY) * 2, BODY))
    exchange.close()


async def bad_chunk(exchange: Exchange) -> None:
    """A chunk size that is no number."""
    await exchange.write(head(200, [_HTML, ("Transfer-Encoding", "chunked")]) + b"zz\r\nabc\r\n0\r\n\r\n")
    exchange.close()


async def two_lengths(exchange: Exchange) -> None:
    """Two lengths that contradict each other."""
    await exchange.write(head(200, [_HTML, ("Content-Length", "10"), ("Content-Length", "20")]) + BODY)
    exchange.close()


async def long_length(exchange: Exchange) -> None:
    """Announces two gigabytes and sends nothing of them."""
    await exchange.write(head(200, [_HTML, ("Content-Length", str(2 * 1024**3))]))
    await asyncio.sleep(MAX_MS / 1000)


async def huge_header(exchange: Exchange) -> None:
    """One header field of 200 KB."""
    await exchange.answer(BODY, headers=[("X-Story", "x" * 200_000)])


async def many_headers(exchange: Exchange) -> None:
    """5,000 small header fields."""
    await exchange.answer(BODY, headers=[(f"X-Grain-{number}", "1") for number in range(5_000)])


async def many_hints(exchange: Exchange) -> None:
    """200 interim answers before the real one."""
    await exchange.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 200)
    await exchange.answer(BODY)


async def reset(exchange: Exchange) -> None:
    """Resets the connection before any answer."""
    exchange.reset()


async def reset_in_body(exchange: Exchange) -> None:
    """Resets the connection in the middle of the body."""
    await exchange.write(head(200, [_HTML, ("Content-Length", str(len(BODY) * 2))]) + BODY)
    await asyncio.sleep(0.05)  # the reset would drop what is not sent yet
    exchange.reset()


async def no_http(exchange: Exchange) -> None:
    """Speaks something else."""
    await exchange.write(b"220 sandle ESMTP ready\r\n")
    exchange.close()


async def hang(exchange: Exchange) -> None:
    """Takes the request and never says a word."""
    await asyncio.sleep(MAX_MS / 1000)


async def not_modified(exchange: Exchange) -> None:
    """304 to a client that has no copy."""
    await exchange.write(head(304, []))


async def cookie_gate(exchange: Exchange) -> None:
    """Sets a cookie and returns to itself; answers well once the cookie comes back."""
    if "visited=1" in exchange.request.headers.get("cookie", ""):
        await exchange.answer(BODY)
    else:
        await _redirect(exchange, "/corners/cookie-gate", ("Set-Cookie", "visited=1; Path=/corners/"))


async def _redirect(exchange: Exchange, target: str, *more: tuple[str, str]) -> None:
    await exchange.answer(b"", status=302, headers=[("Location", target), *more])


def _to(target: str) -> _Run:
    async def run(exchange: Exchange) -> None:
        await _redirect(exchange, target)

    run.__doc__ = f"Redirects to {target}."
    return run


HANDLERS: dict[str, Handler] = {
    f"/corners/{name}": Handler(run=run, status=status)
    for name, run, status in (
        ("slow", slow, 200),
        ("slow-head", slow_head, 200),
        ("drip", drip, 200),
        ("endless", endless, 200),
        ("hang", hang, 0),
        ("redirect-self", _to("/corners/redirect-self"), 302),
        ("redirect-tic", redirect_loop, 302),
        ("redirect-tac", redirect_loop, 302),
        ("redirect-private", _to("http://10.0.0.1/"), 302),
        ("redirect-metadata", _to("http://169.254.169.254/latest/meta-data/"), 302),
        ("redirect-file", _to("file:///etc/passwd"), 302),
        ("redirect-script", _to("javascript:alert(1)"), 302),
        ("redirect-host", redirect_host, 302),
        ("redirect-nowhere", nowhere, 302),
        ("429", too_many, 429),
        ("flaky", flaky, 500),
        ("gzip", gzip_always, 200),
        ("gzip-bad", gzip_bad, 200),
        ("gzip-cut", gzip_cut, 200),
        ("gzip-twice", gzip_twice, 200),
        ("gzip-bomb", gzip_bomb, 200),
        ("truncated", truncated, 200),
        ("truncated-chunks", truncated_chunks, 200),
        ("bad-chunk", bad_chunk, 200),
        ("two-lengths", two_lengths, 200),
        ("long-length", long_length, 200),
        ("huge-header", huge_header, 200),
        ("many-headers", many_headers, 200),
        ("many-hints", many_hints, 200),
        ("reset", reset, 0),
        ("reset-in-body", reset_in_body, 200),
        ("no-http", no_http, 0),
        ("not-modified", not_modified, 304),
        ("cookie-gate", cookie_gate, 302),
    )
}
CHAIN_PREFIX = "/corners/redirect/"
CHAIN = Handler(run=redirect_chain, status=302)
