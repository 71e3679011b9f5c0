"""The server: requests in and answers out, the log, and the process."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rover_site.demo import DemoSite, DemoSiteThread, Page
from rover_site.demo.request import BadRequest, Request, RequestReader

GOOD = b"GET /a?b=c HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nxyzGET /two HTTP/1.1\r\n\r\n"


async def raw(site: DemoSite, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(data)
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return answer


@given(st.lists(st.integers(1, len(GOOD)), max_size=6))
@settings(max_examples=60)
def test_requests_come_out_the_same_however_the_bytes_arrive(cuts: list[int]) -> None:
    reader, found = RequestReader(), list[Request]()
    edges = sorted({0, len(GOOD), *cuts})
    for start, end in pairwise(edges):
        found += list(reader.feed(GOOD[start:end]))
    assert [(request.path, request.body) for request in found] == [("/a", b"xyz"), ("/two", b"")]


@given(st.binary(max_size=200))
@settings(max_examples=150)
def test_any_bytes_give_requests_or_a_bad_request(data: bytes) -> None:
    try:
        for request in RequestReader().feed(data + b"\r\n\r\n"):
            assert request.path.startswith("/")
    except BadRequest:
        pass


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/2.0\r\n\r\n",
        b"GET  /\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nName : x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000,
    ],
)
async def test_what_is_no_request_gets_a_400_and_the_door(site: DemoSite, head: bytes) -> None:
    assert (await raw(site, head)).startswith(b"HTTP/1.1 400 ")


async def test_pipelined_requests_are_answered_in_order(site: DemoSite) -> None:
    asked = b"".join(
        b"GET %s HTTP/1.1\r\nHost: h\r\n%s\r\n" % (path, extra)
        for path, extra in (
            (b"/robots.txt", b""),
            (b"/corners/slow?ms=30", b""),
            (b"/llms.txt", b"Connection: close\r\n"),
        )
    )
    answer = await raw(site, asked)
    first, second, third = (answer.find(part) for part in (b"User-agent", b"A plain page", b"# Sandle"))
    assert 0 < first < second < third


async def test_a_head_request_gets_the_length_and_no_body(site: DemoSite) -> None:
    answer = await raw(site, b"HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert b"Content-Length: " in answer
    assert answer.endswith(b"\r\n\r\n")


async def test_another_method_is_not_allowed(client: httpx.AsyncClient) -> None:
    answer = await client.delete("/shop")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_a_fresh_copy_is_answered_with_304(client: httpx.AsyncClient) -> None:
    etag = (await client.get("/visit")).headers["etag"]
    answer = await client.get("/visit", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")


async def test_gzip_is_sent_only_to_clients_that_take_it(client: httpx.AsyncClient) -> None:
    packed = await client.get("/blog", headers={"Accept-Encoding": "gzip"})
    plain = await client.get("/blog", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content


async def test_extra_pages_are_served_as_given() -> None:
    extra = {"/more": Page(body=b"<p>more</p>", status=418, headers=(("X-Kettle", "on"),))}
    async with DemoSite(extra=extra) as site, httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(site.url("/more"))
    assert (answer.status_code, answer.text, answer.headers["x-kettle"]) == (418, "<p>more</p>", "on")


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.1", "::", "8.8.8.8"])
def test_only_loopback_addresses_are_bound(address: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        DemoSite(addresses=(address,))


async def test_peaks_are_counted_in_all_and_per_host() -> None:
    addresses = ("127.0.0.1", "127.0.0.2")
    async with (
        DemoSite(addresses=addresses, delay_ms=200) as site,
        httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=None)) as client,
    ):
        urls = [site.url("/faq")] * 3 + [site.url("/faq", "127.0.0.2")] * 5
        await asyncio.gather(*(client.get(url) for url in urls))
        assert site.log.peak_total == 8
        assert site.log.peak_by_host == {"127.0.0.1": 3, "127.0.0.2": 5}
        assert site.log.hits("/faq") == 8
        assert site.log.connections == 8
        assert site.log.open_total == 0


async def test_requests_one_after_another_never_count_as_two_open(
    site: DemoSite, client: httpx.AsyncClient
) -> None:
    for _ in range(5):
        await client.get("/faq")
    assert site.log.peak_total == 1
    assert site.log.connections == 1


async def test_a_client_that_leaves_is_no_longer_counted_as_open(site: DemoSite) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(b"GET /corners/hang HTTP/1.1\r\nHost: h\r\n\r\n")
    await until(lambda: site.log.open_total == 1)
    writer.close()
    await until(lambda: site.log.open_total == 0)


async def test_a_connection_without_a_request_counts_as_a_connection_only(site: DemoSite) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", site.port)
    await until(lambda: site.log.connections == 1)
    writer.close()
    assert site.log.entries == []


async def test_a_reset_forgets_the_past(site: DemoSite, client: httpx.AsyncClient) -> None:
    await client.get("/faq")
    site.log.reset()
    assert (site.log.hits("/faq"), site.log.peak_total, site.log.entries) == (0, 0, [])


async def test_the_log_file_has_each_request_before_its_answer(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    async with DemoSite(log_path=path, delay_ms=60_000) as site:
        _, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(b"GET /faq?x=1 HTTP/1.1\r\nHost: sandle.test\r\n\r\n")
        await until(lambda: path.stat().st_size > 0)
        (line,) = path.read_text().splitlines()
        writer.close()
    entry = json.loads(line)
    assert (entry["host"], entry["path"], entry["status"], entry["open_total"]) == (
        "sandle.test",
        "/faq",
        200,
        1,
    )


def test_the_thread_serves_until_it_is_stopped() -> None:
    with DemoSiteThread(addresses=("127.0.0.1", "127.0.0.2")) as site:
        assert httpx.get(site.url("/faq", "127.0.0.2"), trust_env=False).status_code == 200
        assert site.log.hits("/faq") == 1
    with pytest.raises(OSError, match=r"refused|Connect"):
        socket.create_connection(("127.0.0.1", site.port), timeout=1).close()


def test_the_thread_reports_a_port_that_is_taken() -> None:
    with DemoSiteThread() as first, pytest.raises(OSError, match="in use"):
        DemoSiteThread(port=first.port).start()


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "rover_site.demo", "--addresses", "127.0.0.1,127.0.0.2"]
    with subprocess.Popen(
        [*command, "--log", str(tmp_path / "log.jsonl")], stdout=subprocess.PIPE, text=True
    ) as running:
        yield running
        running.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_says_where_it_is_and_ends_at_a_signal_with_answers_open(
    process: subprocess.Popen[str], number: signal.Signals
) -> None:
    assert process.stdout
    line = process.stdout.readline()
    assert line.startswith("demo site on http://127.0.0.1:")
    base = line.split()[-1].rstrip("/")
    assert httpx.get(f"{base}/", trust_env=False).status_code == 200
    with socket.create_connection(("127.0.0.1", int(base.rsplit(":", 1)[1]))) as waiting:
        waiting.sendall(b"GET /corners/hang HTTP/1.1\r\nHost: h\r\n\r\n")
        os.kill(process.pid, number)
        assert process.wait(timeout=5) == 0


def test_the_package_starts_without_django() -> None:
    code = "import sys, rover_site.demo.__main__; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def until(condition: object, *, seconds: float = 5) -> None:
    """Waits for a condition with a deadline."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        await asyncio.sleep(0.005)
