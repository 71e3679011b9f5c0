import asyncio
from collections.abc import AsyncIterator
from string import digits

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.fetching.errors import (
    FetchError,
    HttpStatus,
    InvalidUrl,
    ProtocolError,
    RedirectLoop,
    SsrfDenied,
    TooManyRedirects,
)
from tasks.fetching.fetcher import Fetched, Fetcher, Hop
from tasks.fetching.screening import Level, SsrfPolicy
from tests.fetching.hostile_site import HostileSite, Names, Peer, answer, fetcher, raw, redirect
from tests.fetching.ssrf_vectors import LEVELS, VECTORS, Vector

PUBLIC = "127.0.0.1"  # what the names of these tests resolve to, where a real site has a public address
REDIRECTS = [vector for vector in VECTORS if 141 <= vector.number <= 150]


@pytest.fixture
async def site() -> AsyncIterator[HostileSite]:
    async with HostileSite() as site:
        yield site


async def fetched(site: HostileSite, path: str = "/", **headers: str) -> Fetched:
    async with fetcher() as fetch:
        return await fetch.fetch(site.url(path), headers={k.replace("_", "-"): v for k, v in headers.items()})


async def refusal(site: HostileSite, location: str | bytes, level: Level = Level.LOOPBACK) -> FetchError:
    site.route("/", redirect(location))
    names = Names({"internal.example": [("10.0.0.5",)], "also.example": [(PUBLIC,)]})
    async with fetcher(names, level=level) as fetch:
        with pytest.raises(FetchError) as caught:
            await fetch.fetch(site.url())
    return caught.value


# --- where a Location leads ---


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_every_redirect_status_is_followed(site: HostileSite, status: int) -> None:
    site.route("/", redirect("/new", status=f"{status} Moved")).route("/new", answer(b"new"))

    page = await fetched(site)

    assert (page.body, page.final_url) == (b"new", site.url("/new"))
    assert page.redirects == (Hop(url=site.href("/"), status=status, location=site.href("/new")),)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        (b"c?d=e", "/a/c?d=e"),
        (b"../c", "/c"),
        (b"?only=query", "/a/b?only=query"),
        ("/ünï".encode(), "/%C3%BCn%C3%AF"),
        ("/ü".encode("latin-1"), "/%FC"),
        (b"/with space", "/with%20space"),
        (b"\\back\\slash", "/back/slash"),
        (b"/path#part", "/path"),
        (b"  /padded  ", "/padded"),
        (b"/" + b"x" * 8000, "/" + "x" * 8000),
    ],
)
async def test_a_location_is_resolved_as_a_browser_does(
    site: HostileSite, location: bytes, target: str
) -> None:
    site.route("/a/b", redirect(location)).route(target, answer(b"there"))

    assert (await fetched(site, "/a/b")).body == b"there"


async def test_a_location_may_name_only_the_host(site: HostileSite) -> None:
    site.route("/", redirect(f"//127.0.0.1:{site.port}/x")).route("/x", answer(b"there"))

    assert (await fetched(site)).body == b"there"


async def test_the_fragment_of_the_first_url_survives_a_redirect_without_one(site: HostileSite) -> None:
    site.route("/", redirect("/x")).route("/x", redirect("/y#new")).route("/y", answer(b""))

    assert (await fetched(site, "/#old")).final_url.fragment == "new"
    assert (await fetched(site, "/x#old")).final_url.fragment == "new"
    site.route("/y", redirect("/z")).route("/z", answer(b""))
    assert (await fetched(site, "/y#old")).final_url.fragment == "old"


@pytest.mark.parametrize("status", [301, 302, 308])
async def test_a_redirect_without_location_is_the_final_answer(site: HostileSite, status: int) -> None:
    site.route("/", answer(b"see below", status=f"{status} Found"))

    page = await fetched(site)

    assert (page.status, page.body, page.redirects) == (status, b"see below", ())


async def test_a_location_beside_another_status_is_not_followed(site: HostileSite) -> None:
    site.route("/", answer(b"made", "Location: /x", status="201 Created"))

    assert (await fetched(site)).body == b"made"


async def test_the_body_of_a_redirect_does_not_cost_the_connection(site: HostileSite) -> None:
    site.route("/", answer(b"moved" * 100, "Location: /x", status="302 Found")).route("/x", answer(b"x"))

    await fetched(site)

    assert site.n_connections == 1


async def test_an_endless_body_of_a_redirect_does_not_delay_it(site: HostileSite) -> None:
    async def handle(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n")
        while True:
            await peer.send(b"z" * 10_000)

    site.route("/", handle).route("/x", answer(b"x"))

    assert (await fetched(site)).body == b"x"


@pytest.mark.parametrize(
    "location", ["http://", "http://[::1", "http://a b/", "/" + "x" * 9000, "http://1.2.3.4.5/"]
)
async def test_a_location_that_is_no_url_fails_at_its_hop(site: HostileSite, location: str) -> None:
    error = await refusal(site, location)

    assert isinstance(error, InvalidUrl)
    assert error.data["hop"] == 1


async def test_two_different_locations_are_a_protocol_error(site: HostileSite) -> None:
    site.route("/", redirect("/a", "Location: /b"))

    with pytest.raises(ProtocolError):
        await fetched(site)


# --- how far ---


def chain(site: HostileSite, length: int) -> None:
    """`length` redirects from /0, the last to a page."""
    for number in range(length):
        site.route(f"/{number}", redirect(f"/{number + 1}"))
    site.route(f"/{length}", answer(b"end"))


async def test_ten_redirects_are_followed(site: HostileSite) -> None:
    chain(site, 10)

    assert len((await fetched(site, "/0")).redirects) == 10


async def test_the_eleventh_redirect_is_not(site: HostileSite) -> None:
    chain(site, 11)

    with pytest.raises(TooManyRedirects):
        await fetched(site, "/0")
    assert len(site.requests) == 11


@pytest.mark.parametrize("location", ["/", "", "#again", "/%2e/"])
async def test_a_redirect_to_itself_is_a_loop_after_one_request(site: HostileSite, location: str) -> None:
    site.route("/", redirect(location))

    with pytest.raises(RedirectLoop):
        await fetched(site)
    assert len(site.requests) == 1


async def test_there_and_back_is_a_loop(site: HostileSite) -> None:
    site.route("/", redirect("/b")).route("/b", redirect("/"))

    with pytest.raises(RedirectLoop):
        await fetched(site)
    assert site.targets == ["/", "/b"]


# --- cookies ---


async def behind_cookie(peer: Peer) -> None:
    """Redirects to /b until the cookie comes."""
    has_cookie = peer.request.headers.get("cookie") == "seen=1"
    await (answer(b"welcome") if has_cookie else redirect("/b"))(peer)


async def test_there_and_back_for_a_cookie_is_no_loop(site: HostileSite) -> None:
    site.route("/a", behind_cookie).route("/b", redirect("/a", "Set-Cookie: seen=1"))

    assert (await fetched(site, "/a")).body == b"welcome"


async def test_a_page_that_sets_a_cookie_and_redirects_to_itself_is_no_loop(site: HostileSite) -> None:
    async def handle(peer: Peer) -> None:
        done = "cookie" in peer.request.headers
        await (answer(b"welcome") if done else redirect("/", "Set-Cookie: seen=1; Path=/; HttpOnly"))(peer)

    site.route("/", handle)

    assert (await fetched(site)).body == b"welcome"


async def test_cookies_that_always_change_end_at_the_hop_limit(site: HostileSite) -> None:
    async def handle(peer: Peer) -> None:
        await redirect("/", f"Set-Cookie: n={len(site.requests)}")(peer)

    site.route("/", handle)

    with pytest.raises(TooManyRedirects):
        await fetched(site)


async def test_cookies_are_forgotten_with_the_fetch(site: HostileSite) -> None:
    site.route("/", answer(b"", "Set-Cookie: seen=1"))

    async with fetcher() as fetch:
        await fetch.fetch(site.url())
        await fetch.fetch(site.url())

    assert ["cookie" in request.headers for request in site.requests] == [False, False]


# --- what another origin learns ---

SECRETS = {
    "Authorization": "Bearer s3cret",
    "Cookie": "sid=s3cret",
    "X-Api-Key": "s3cret",
    "Accept-Language": "de",
}


async def test_secrets_stay_with_the_first_origin_and_do_not_come_back(site: HostileSite) -> None:
    async with HostileSite(host="127.0.0.2") as other:
        site.route("/", redirect("/same", "Set-Cookie: mine=1"))
        site.route("/same", redirect(other.href("/away"), "Set-Cookie: mine=2"))
        other.route("/away", redirect(site.href("/back"), "Set-Cookie: theirs=1; Domain=127.0.0.1"))
        site.route("/back", answer(b""))
        async with fetcher() as fetch:
            await fetch.fetch(site.url(), headers=SECRETS)

    first, same, back = (request.headers for request in site.requests)
    assert first["authorization"] == same["authorization"] == "Bearer s3cret"
    assert same["cookie"] == "sid=s3cret; mine=1"
    assert b"s3cret" not in other.requests[0].raw
    assert "cookie" not in other.requests[0].headers
    assert other.requests[0].headers["accept-language"] == "de"
    assert not {"authorization", "x-api-key"} & set(back)
    assert back["cookie"] == "mine=2"


async def test_another_port_is_another_origin(site: HostileSite) -> None:
    async with HostileSite() as other:
        site.route("/", redirect(other.href("/"), "Set-Cookie: mine=1"))
        other.route("/", answer(b""))
        async with fetcher() as fetch:
            await fetch.fetch(site.url(), headers=SECRETS)

    assert not {"authorization", "cookie", "x-api-key"} & set(other.requests[0].headers)


async def test_no_page_learns_where_the_fetch_came_from(site: HostileSite) -> None:
    site.route("/", redirect("/x")).route("/x", answer(b""))

    await fetched(site, Referer="http://previous.example/")

    assert not any("referer" in request.headers for request in site.requests)


# --- address policy ---


def row(vector: Vector, level: str) -> object:
    return pytest.param(vector, level, id=f"{vector.id}-{level}")


@pytest.mark.parametrize(
    ("vector", "level"),
    [
        row(vector, level)
        for vector in REDIRECTS
        for level in LEVELS[1:]  # the start must be reachable, and it is on loopback
        if vector.number != 149 and not vector.is_allowed(level)
    ],
)
async def test_a_redirect_that_the_policy_refuses_is_not_dialled(
    site: HostileSite, vector: Vector, level: str
) -> None:
    *between, last = vector.hops[1:]
    if between:
        site.route("/", redirect(f"http://also.example:{site.port}/between"))
        site.route("/between", redirect(last))
    else:
        site.route("/", redirect(last))
    names = Names({"internal.example": [("10.0.0.5",)], "also.example": [(PUBLIC,)]})

    async with fetcher(names, level=Level(level)) as fetch:
        with pytest.raises(SsrfDenied) as caught:
            await fetch.fetch(site.url())

    data = caught.value.data
    assert (data["reason"], data["level"], data["hop"]) == (
        vector.reason_at(level),
        level,
        len(vector.hops) - 1,
    )
    assert len(site.requests) == len(vector.hops) - 1


async def test_the_error_of_a_refused_name_does_not_tell_its_address(site: HostileSite) -> None:
    error = await refusal(site, "http://internal.example/")

    assert "10.0.0.5" not in f"{error.message} {error.data} {error.next_action}"


@pytest.mark.parametrize("level", [Level.PROJECT, Level.NONE])
@pytest.mark.parametrize(
    "location",
    [
        *("file:///etc/passwd", "ftp://127.0.0.1/", "data:text/html,x", "javascript:alert(1)", "about:blank"),
        *("unix:///run/x.sock", "http+unix://%2frun%2fx.sock/", "ws://127.0.0.1/", "gopher://127.0.0.1:70/"),
        "blob:http://a/b",
    ],
)
async def test_no_redirect_leaves_http_at_any_level(site: HostileSite, location: str, level: Level) -> None:
    error = await refusal(site, location, level)

    assert isinstance(error, SsrfDenied)
    assert (error.data["reason"], error.data["hop"]) == ("scheme_not_allowed", 1)


async def test_a_redirect_to_a_name_with_one_refused_address_opens_no_connection(site: HostileSite) -> None:
    async with HostileSite(host="127.0.0.3") as trap:
        names = Names({"mixed.example": [("127.0.0.3", "10.0.0.5")]})
        site.route("/", redirect(f"http://mixed.example:{trap.port}/"))
        async with fetcher(names) as fetch:
            with pytest.raises(SsrfDenied):
                await fetch.fetch(site.url())

        assert trap.n_connections == 0


async def test_a_strict_fetcher_refuses_loopback_before_any_connection(site: HostileSite) -> None:
    async with Fetcher(policy=SsrfPolicy(), resolver=Names({}), user_agent="x") as fetch:
        with pytest.raises(SsrfDenied) as caught:
            await fetch.fetch(site.url())

    assert caught.value.data == {"reason": "loopback", "level": "strict", "host": "127.0.0.1", "hop": 0}
    assert site.n_connections == 0


@settings(max_examples=80, deadline=None)
# Without digits: a number is an address, and tests reach no other host.
@given(
    location=st.binary(max_size=60).filter(lambda value: not set(value) & set(b"\r\n\0" + digits.encode()))
)
def test_any_location_ends_in_a_page_or_a_fetch_error(location: bytes) -> None:
    async def run() -> None:
        async with HostileSite() as site:
            site.route(
                "/", raw(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n")
            )
            async with fetcher() as fetch:
                try:
                    await fetch.fetch(site.url())
                except FetchError as error:
                    assert not isinstance(error, HttpStatus) or error.data["http_status"] == 404

    asyncio.run(run())


def test_the_vectors_of_redirects_are_all_here() -> None:
    assert [vector.number for vector in REDIRECTS] == list(range(141, 151))


async def test_a_step_from_http_to_http_is_no_downgrade(site: HostileSite) -> None:
    site.route("/", redirect("/x")).route("/x", answer(b""))

    assert not (await fetched(site)).downgraded
