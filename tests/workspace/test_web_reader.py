"""Reading one page, by the port that the workspace calls and the reader that serves it."""

import asyncio
import gzip
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.fetching.hostile_site import HostileSite, Peer, answer, raw, redirect
from workspace.io.web import WebAnswer, WebRefused, read_web

MEGABYTE = 1_000_000


@pytest.fixture
async def site() -> AsyncIterator[HostileSite]:
    async with HostileSite() as site:
        yield site


async def read(url: str, **bounds: Any) -> WebAnswer:
    """As a view does it: in a thread without an event loop."""
    return await asyncio.to_thread(read_web, url, **bounds)


async def refusal(url: str, **bounds: Any) -> WebRefused:
    with pytest.raises(WebRefused) as caught:
        await read(url, **bounds)
    return caught.value


def set_level(settings: Any, level: str) -> None:
    settings.ROVER = settings.ROVER.model_copy(update={"ssrf_level": level})


async def test_a_page_comes_with_its_headers_and_body(site: HostileSite) -> None:
    packed = gzip.compress(b"<h1>Hello</h1>")
    policy = "Content-Security-Policy: script-src 'self'"
    site.route("/a?b=1", answer(packed, "Content-Type: text/html", "Content-Encoding: gzip", policy, policy))
    found = await read(site.href("/a?b=1"))
    assert (found.url, found.final_url, found.status) == (site.href("/a?b=1"), site.href("/a?b=1"), 200)
    assert (found.body, found.truncated) == (b"<h1>Hello</h1>", False)
    assert found.values("content-security-policy") == ("script-src 'self'", "script-src 'self'")


async def test_it_says_who_is_asking(site: HostileSite, settings: Any) -> None:
    site.route("/", answer(b""))
    await read(site.href())
    assert site.requests[0].headers["user-agent"] == settings.ROVER.agent


@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found", "503 Service Unavailable"])
async def test_a_status_of_failure_is_an_answer(site: HostileSite, status: str) -> None:
    site.route("/", answer(b"no", "X-Why: because", status=status))
    found = await read(site.href())
    assert (found.status, found.body, found.is_success) == (int(status[:3]), b"no", False)
    assert found.values("x-why") == ("because",)


async def test_redirects_are_followed_and_the_last_address_is_told(site: HostileSite) -> None:
    site.route("/", redirect("/next")).route("/next", answer(b"here"))
    found = await read(site.href())
    assert (found.final_url, found.body, found.stayed_on_host) == (site.href("/next"), b"here", True)


async def test_a_redirect_to_another_host_shows(site: HostileSite) -> None:
    site.route("/", redirect(site.href("/away", host="localhost"))).route("/away", answer(b"elsewhere"))
    found = await read(site.href())
    assert (found.body, found.stayed_on_host) == (b"elsewhere", False)


async def test_redirects_in_a_circle_are_refused(site: HostileSite) -> None:
    site.route("/", redirect("/a")).route("/a", redirect("/"))
    assert (await refusal(site.href())).fetch_code == "redirect_loop"


# --- what this server may reach ---


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "[::ffff:127.0.0.1]"])
async def test_under_the_strict_policy_this_machine_is_out_of_reach(
    site: HostileSite, settings: Any, host: str
) -> None:
    set_level(settings, "strict")
    site.route("/", answer(b"secret"))
    refused = await refusal(site.href(host=host))
    assert (refused.code, refused.fetch_code) == ("web_refused", "ssrf_denied")
    assert site.n_connections == 0


@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/latest/meta-data", "http://10.0.0.1/", "http://[fd00::1]/", "file:///etc/hosts"],
)
async def test_a_redirect_does_not_lead_around_the_policy(site: HostileSite, target: str) -> None:
    site.route("/", redirect(target))
    assert (await refusal(site.href())).fetch_code in {"ssrf_denied", "invalid_url"}


@pytest.mark.parametrize(
    "url", ["file:///etc/hosts", "ftp://127.0.0.1/", "data:text/html,x", "gopher://127.0.0.1/"]
)
async def test_nothing_but_the_web_is_read_whatever_the_policy(settings: Any, url: str) -> None:
    set_level(settings, "none")
    assert (await refusal(url)).fetch_code == "ssrf_denied"


async def test_files_are_out_of_reach_even_where_a_batch_may_read_them(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("secret")
    changes = {"ssrf_level": "project", "ssrf_project_root": tmp_path}
    settings.ROVER = settings.ROVER.model_copy(update=changes)
    assert (await refusal((tmp_path / "page.html").as_uri())).data["reason"] == "scheme_not_allowed"


@pytest.mark.parametrize(
    "url", ["", "no url", "http://", "http://exa mple/", "http://a/\x00b", "\ud800", "x" * 9_000]
)
async def test_what_is_no_address_is_refused(url: str) -> None:
    assert (await refusal(url)).fetch_code == "invalid_url"


async def test_a_refusal_carries_the_engines_words_and_no_address(settings: Any) -> None:
    set_level(settings, "strict")
    refused = await refusal("http://localhost:8000/")
    assert refused.data["fetch_message"] == refused.message
    assert (refused.data["reason"], refused.data["host"]) == ("loopback", "localhost")
    assert "127.0.0.1" not in str(refused.data)


async def test_a_name_that_does_not_exist_is_refused_for_good() -> None:
    refused = await refusal("http://nobody.invalid/")
    assert (refused.fetch_code, refused.retryable) == ("dns_failed", False)


async def test_a_port_where_nobody_listens_is_refused_for_now() -> None:
    async with HostileSite() as gone:
        url = gone.href()
    refused = await refusal(url)
    assert (refused.fetch_code, refused.retryable) == ("connect_failed", True)


# --- bounds ---


async def test_of_a_long_page_the_beginning_is_read(site: HostileSite) -> None:
    site.route("/", answer(b"x" * 5_000))
    found = await read(site.href(), max_bytes=1_000)
    assert (len(found.body), found.truncated) == (1_000, True)


async def test_a_page_of_exactly_the_bound_is_whole(site: HostileSite) -> None:
    site.route("/", answer(b"x" * 1_000))
    assert (await read(site.href(), max_bytes=1_000)).truncated is False


async def test_an_endless_page_is_cut(site: HostileSite) -> None:
    async def endless(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await peer.send(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")

    site.route("/", endless)
    found = await read(site.href())
    assert (len(found.body), found.truncated) == (MEGABYTE, True)


async def test_a_page_of_a_declared_gigabyte_is_refused_unread(site: HostileSite) -> None:
    site.route("/", answer(b"x", length=1_000_000_000))
    assert (await refusal(site.href())).fetch_code == "body_too_large"


async def test_a_compression_bomb_is_refused(site: HostileSite) -> None:
    bomb = gzip.compress(b"\0" * 20 * MEGABYTE)
    site.route("/", answer(bomb, "Content-Encoding: gzip"))
    assert (await refusal(site.href())).fetch_code == "body_too_large"


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx"], ids=["silent", "stalled"]
)
async def test_a_server_that_stops_answering_is_left(site: HostileSite, head: bytes) -> None:
    async def stall(peer: Peer) -> None:
        await peer.send(head)
        await peer.until_gone()

    site.route("/", stall)
    refused = await refusal(site.href(), seconds=0.3)
    assert (refused.fetch_code, refused.retryable) == ("timeout", True)
    await site.until(lambda: site.n_open == 0)


async def test_a_server_that_drips_is_left_when_the_whole_call_takes_too_long(site: HostileSite) -> None:
    async def drip(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        await peer.drip(b"x" * 1_000, 0.02)

    site.route("/", drip)
    assert (await refusal(site.href(), seconds=0.3)).data["phase"] == "total"


@pytest.mark.parametrize(
    "reply",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    ],
    ids=["no HTTP", "endless header", "no number"],
)
async def test_nonsense_is_refused(site: HostileSite, reply: bytes) -> None:
    site.route("/", raw(reply, close=True))
    assert (await refusal(site.href())).code == "web_refused"


async def test_a_body_that_is_not_coded_as_it_says_is_asked_for_again(site: HostileSite) -> None:
    site.route("/", answer(b"plain", "Content-Encoding: br"))
    refused = await refusal(site.href())
    assert refused.fetch_code == "decode_failed"
    assert [request.headers["accept-encoding"] for request in site.requests] == ["gzip, deflate", "identity"]


# --- what it leaves behind ---


async def test_a_reading_leaves_no_process_and_no_connection(site: HostileSite) -> None:
    site.route("/", answer(b"x"))
    children = set(psutil.Process().children())
    await read(site.href())
    assert set(psutil.Process().children()) == children
    await site.until(lambda: site.n_open == 0)


async def test_many_threads_read_at_once(site: HostileSite) -> None:
    for number in range(8):
        site.route(f"/{number}", answer(str(number).encode()))
    found = await asyncio.gather(*(read(site.href(f"/{number}")) for number in range(8)))
    assert [each.body for each in found] == [str(number).encode() for number in range(8)]


def test_the_reader_is_the_one_that_the_settings_name(settings: Any) -> None:
    settings.WEB_READER = "tests.workspace.test_web_reader.other_reader"
    assert read_web("https://shop.example/").body == b"https://shop.example/ 1000000 10.0"


def other_reader(url: str, *, max_bytes: int, seconds: float) -> WebAnswer:
    body = f"{url} {max_bytes} {seconds}".encode()
    return WebAnswer(url=url, final_url=url, status=200, headers=(), body=body, truncated=False)


def test_threads_of_the_resolver_end_with_the_reading() -> None:
    before = {thread.name for thread in threading.enumerate()}
    with pytest.raises(WebRefused):
        read_web("http://nobody.invalid/")
    left = {thread.name for thread in threading.enumerate() if thread.name.startswith("rover-dns")} - before
    assert not left
