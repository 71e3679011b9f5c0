"""Each corner misbehaves in the way its name says."""

import asyncio
import gzip
import time
import zlib

import httpx
import pytest

from rover_site.demo import DemoSite
from rover_site.demo.corners import BODY, HANDLERS
from rover_site.demo.odd_pages import INJECTION, odd_pages


async def head_and_rest(site: DemoSite, path: str, *, size: int = -1) -> tuple[bytes, bytes]:
    """The raw answer: head without its blank line, and what follows (all, or up to `size` bytes)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port, limit=2**20)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
    try:
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
            return head[:-4], await (reader.read() if size < 0 else reader.readexactly(size))
    finally:
        writer.close()


async def test_the_list_of_corners_names_each_of_them(client: httpx.AsyncClient) -> None:
    html = (await client.get("/corners/")).text
    assert all(f'href="{path}"' in html for path in [*HANDLERS, *odd_pages("")])


def test_every_corner_says_what_it_does() -> None:
    assert [path for path, handler in HANDLERS.items() if not handler.run.__doc__] == []


@pytest.mark.parametrize("status", [404, 410, 500, 503])
async def test_a_status_corner_sends_its_status(status: int, client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/corners/{status}")).status_code == status


async def test_slow_waits_as_long_as_asked(client: httpx.AsyncClient) -> None:
    start = time.monotonic()
    answer = await client.get("/corners/slow?ms=150")
    assert time.monotonic() - start >= 0.15
    assert answer.content == BODY


async def test_a_drip_arrives_one_byte_at_a_time(site: DemoSite) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(b"GET /corners/drip?ms=20 HTTP/1.1\r\nHost: h\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    first, second = await reader.read(100), await reader.read(100)
    writer.close()
    assert len(first + second) <= 4


async def test_a_slow_head_never_comes_to_its_end(site: DemoSite) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(b"GET /corners/slow-head?ms=1 HTTP/1.1\r\nHost: h\r\n\r\n")
    async with asyncio.timeout(10):
        seen = await reader.readuntil(b"X-Wait-20: 1\r\n")
    writer.close()
    assert b"\r\n\r\n" not in seen


async def test_the_endless_page_goes_on_past_any_cap_and_waits_for_its_reader(site: DemoSite) -> None:
    _, rest = await head_and_rest(site, "/corners/endless", size=20_000_000)
    assert len(rest) == 20_000_000


async def test_a_hanging_corner_says_nothing(site: DemoSite) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await head_and_rest(site, "/corners/hang")


async def test_a_chain_of_redirects_has_the_length_asked_for(client: httpx.AsyncClient) -> None:
    answer = await client.get("/corners/redirect/7", follow_redirects=True)
    assert (len(answer.history), answer.url.path) == (7, "/visit")


async def test_a_loop_comes_back_to_where_it_began(client: httpx.AsyncClient) -> None:
    first = await client.get("/corners/redirect-tic")
    second = await client.get(first.headers["location"])
    assert second.headers["location"] == "/corners/redirect-tic"


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("redirect-self", "/corners/redirect-self"),
        ("redirect-private", "http://10.0.0.1/"),
        ("redirect-metadata", "http://169.254.169.254/latest/meta-data/"),
        ("redirect-file", "file:///etc/passwd"),
        ("redirect-script", "javascript:alert(1)"),
    ],
)
async def test_a_redirect_corner_points_where_its_name_says(name: str, target: str, site: DemoSite) -> None:
    head, _ = await head_and_rest(site, f"/corners/{name}")
    assert head.startswith(b"HTTP/1.1 302 ")
    assert f"\r\nLocation: {target}".encode() in head


async def test_a_redirect_to_nowhere_has_no_location(client: httpx.AsyncClient) -> None:
    answer = await client.get("/corners/redirect-nowhere")
    assert answer.status_code == 302
    assert "location" not in answer.headers


async def test_a_redirect_to_another_host_lands_there(site: DemoSite, client: httpx.AsyncClient) -> None:
    answer = await client.get("/corners/redirect-host?n=2", follow_redirects=True)
    assert (answer.status_code, str(answer.url)) == (200, site.url("/visit", "127.0.0.2"))


async def test_too_many_requests_recover_after_the_number_asked_for(client: httpx.AsyncClient) -> None:
    answers = [await client.get("/corners/429?after=7&times=2") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "7"


async def test_a_flaky_page_works_the_second_time(client: httpx.AsyncClient) -> None:
    assert [(await client.get("/corners/flaky")).status_code for _ in range(2)] == [500, 200]


async def test_gzip_comes_unasked_and_unpacks(site: DemoSite) -> None:
    head, rest = await head_and_rest(site, "/corners/gzip")
    assert b"Content-Encoding: gzip" in head
    assert gzip.decompress(rest) == BODY


async def test_bad_gzip_is_plain_text(site: DemoSite) -> None:
    head, rest = await head_and_rest(site, "/corners/gzip-bad")
    assert b"Content-Encoding: gzip" in head
    assert rest == BODY


async def test_cut_gzip_ends_before_its_trailer_inside_a_whole_answer(site: DemoSite) -> None:
    head, rest = await head_and_rest(site, "/corners/gzip-cut")
    assert b"Content-Length: %d" % len(rest) in head
    with pytest.raises(EOFError):
        gzip.decompress(rest)


async def test_double_gzip_is_packed_twice(site: DemoSite) -> None:
    _, rest = await head_and_rest(site, "/corners/gzip-twice")
    assert gzip.decompress(gzip.decompress(rest)) == BODY


async def test_the_bomb_is_small_and_unpacks_a_thousandfold(site: DemoSite) -> None:
    _, rest = await head_and_rest(site, "/corners/gzip-bomb")
    unpacker = zlib.decompressobj(wbits=31)
    assert len(rest) < 400_000
    assert len(unpacker.decompress(rest, 50_000_000)) == 50_000_000


async def test_a_truncated_page_is_shorter_than_promised(site: DemoSite) -> None:
    head, rest = await head_and_rest(site, "/corners/truncated")
    assert b"Content-Length: %d" % (2 * len(rest)) in head


async def test_truncated_chunks_end_inside_a_chunk(client: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
        await client.get("/corners/truncated-chunks")


@pytest.mark.parametrize("name", ["bad-chunk", "two-lengths", "no-http", "huge-header"])
async def test_a_client_of_good_manners_refuses_the_protocol_of(name: str, client: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get(f"/corners/{name}")


async def test_the_long_length_is_announced_and_not_kept(site: DemoSite) -> None:
    head, _ = await head_and_rest(site, "/corners/long-length", size=0)
    assert b"Content-Length: 2147483648" in head


async def test_many_headers_are_five_thousand(site: DemoSite) -> None:
    head, _ = await head_and_rest(site, "/corners/many-headers", size=0)
    assert head.count(b"\r\nX-Grain-") == 5_000


async def test_many_hints_come_before_the_page(site: DemoSite) -> None:
    head, rest = await head_and_rest(site, "/corners/many-hints")
    assert (head + b"\r\n\r\n" + rest).count(b"HTTP/1.1 103 ") == 200
    assert rest.endswith(BODY)


@pytest.mark.parametrize("name", ["reset", "reset-in-body"])
async def test_a_reset_corner_resets_the_connection(name: str, site: DemoSite) -> None:
    with pytest.raises(ConnectionResetError):
        await head_and_rest(site, f"/corners/{name}")


async def test_not_modified_is_sent_to_a_client_without_a_copy(client: httpx.AsyncClient) -> None:
    assert (await client.get("/corners/not-modified")).status_code == 304


async def test_the_cookie_gate_opens_for_its_cookie(client: httpx.AsyncClient) -> None:
    answer = await client.get("/corners/cookie-gate", follow_redirects=True)
    assert (len(answer.history), answer.content) == (1, BODY)


async def test_a_missing_page_can_claim_to_be_fine(client: httpx.AsyncClient) -> None:
    answer = await client.get("/corners/soft-404")
    assert (answer.status_code, "not found" in answer.text) == (200, True)


async def test_the_login_wall_asks_for_a_password(client: httpx.AsyncClient) -> None:
    assert 'type="password"' in (await client.get("/corners/login")).text


async def test_the_consent_page_has_an_article_and_a_banner(client: httpx.AsyncClient) -> None:
    html = (await client.get("/corners/consent")).text
    assert "<article>" in html
    assert "Accept all" in html


async def test_hidden_instructions_are_hidden_in_several_ways(client: httpx.AsyncClient) -> None:
    html = (await client.get("/corners/hidden-instructions")).text
    assert html.count(INJECTION) == 6
    assert "display:none" in html


@pytest.mark.parametrize(
    ("name", "declared"),
    [("wrong-charset", "iso-8859-1"), ("unknown-charset", "klingon")],
)
async def test_a_charset_corner_is_utf_8_whatever_it_says(
    name: str, declared: str, client: httpx.AsyncClient
) -> None:
    answer = await client.get(f"/corners/{name}")
    assert declared in answer.headers["content-type"]
    assert "où personne ne vous dérangera" in answer.content.decode()


async def test_a_picture_can_claim_to_be_a_page(client: httpx.AsyncClient) -> None:
    answer = await client.get("/corners/png-as-html")
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.content.startswith(b"\x89PNG")


@pytest.mark.parametrize(("name", "status"), [("empty", 200), ("no-content", 204)])
async def test_an_empty_corner_has_no_body(name: str, status: int, client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/corners/{name}")
    assert (answer.status_code, answer.content) == (status, b"")
