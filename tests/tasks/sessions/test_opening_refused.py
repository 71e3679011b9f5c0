"""session/open: what a public key is refused, in which order, and what its owner sees of it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.tasks.agents.steps import begin_a_minute
from tests.tasks.agents.support import make_owner, make_site
from tests.tasks.sessions.owners import archive, let_expire, revoke, rotate, switch_off, take_the_embed
from tests.tasks.sessions.steps import asked, stored, usage
from tests.tasks.sessions.support import HOME, Runtime, data, public_key, refused
from tests.tasks.streaming_fixtures import Exchange
from workspace.models import Site

EVIL = "https://evil.example"


async def opened(runtime: Runtime, site: Site, body: dict[str, Any], **headers: str) -> Exchange:
    known = {"siteId": site.public_id, "url": HOME, "bootstrapToken": await asked(public_key, site)}
    return await runtime.send("session/open", known | body, **headers)


# --- the key ---


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        ("sk_site_" + "A" * 40, (403, "SECRET_KEY_NOT_ALLOWED")),
        ("pk_site_" + "A" * 40, (401, "INVALID_API_KEY")),
        ("pk_site_", (401, "INVALID_API_KEY")),
        ("agt_access_" + "A" * 40, (401, "INVALID_API_KEY")),
        ("anything", (401, "INVALID_API_KEY")),
        ("pk_site_ä", (401, "INVALID_API_KEY")),
    ],
)
async def test_only_a_public_key_of_a_site_opens(
    runtime: Runtime, shop: Site, value: str, outcome: tuple[int, str]
) -> None:
    assert refused(await opened(runtime, shop, {"bootstrapToken": value})) == outcome
    assert not any((await stored()).values())


async def test_a_secret_key_s_owner_is_told_to_make_a_new_one(runtime: Runtime, shop: Site) -> None:
    answer = await opened(runtime, shop, {"bootstrapToken": "sk_site_" + "A" * 40})

    assert "new secret key" in answer.json()["data"]["next_action"]


@pytest.mark.parametrize(
    ("end", "reason"),
    [(switch_off, "inactive"), (let_expire, "expired"), (revoke, "revoked"), (archive, "site_archived")],
)
async def test_a_key_that_has_ended_says_why(
    runtime: Runtime, shop: Site, end: Callable[[Site], None], reason: str
) -> None:
    value = await asked(public_key, shop)
    await asked(end, shop)

    answer = await opened(runtime, shop, {"bootstrapToken": value})

    assert refused(answer) == (401, "INVALID_API_KEY")
    assert answer.json()["data"]["reason"] == reason
    assert await usage(shop) == {("shop.example", reason): 1}


async def test_a_rotated_key_opens_while_its_overlap_lasts(runtime: Runtime, shop: Site) -> None:
    value = await asked(public_key, shop)
    await asked(rotate, shop, grace_seconds=3600)

    assert (await opened(runtime, shop, {"bootstrapToken": value})).status == 200


async def test_a_key_is_of_one_site(runtime: Runtime, shop: Site) -> None:
    other = await asked(lambda: make_site("other.example", owner=make_owner("other")))

    assert refused(await opened(runtime, shop, {"siteId": other.public_id})) == (403, "SITE_MISMATCH")
    assert refused(await opened(runtime, shop, {"siteId": "no-such-site"})) == (403, "SITE_MISMATCH")


async def test_a_key_without_the_embed_opens_nothing(runtime: Runtime, shop: Site) -> None:
    await asked(take_the_embed, shop)

    answer = await opened(runtime, shop, {})

    assert refused(answer) == (403, "CAPABILITY_MISSING")
    assert answer.json()["data"]["capability"] == "roverEmbed"
    assert await usage(shop) == {("shop.example", "missing_capability"): 1}


# --- the order: what is wrong, one thing after the other mended ---


async def test_the_first_thing_that_is_wrong_is_told(runtime: Runtime, shop: Site) -> None:
    value = await asked(public_key, shop)
    other = await asked(lambda: make_site("other.example", owner=make_owner("other")))
    asks = {"siteId": other.public_id, "url": f"{EVIL}/", "bootstrapToken": "sk_site_" + "A" * 40}
    await asked(take_the_embed, shop)

    async def code(**mended: Any) -> str:
        asks.update(mended)
        return refused(await runtime.send("session/open", asks, origin=EVIL))[1]

    assert await code() == "SECRET_KEY_NOT_ALLOWED"
    assert await code(bootstrapToken="pk_site_unknown") == "INVALID_API_KEY"
    assert await code(bootstrapToken=value) == "SITE_MISMATCH"
    assert await code(siteId=shop.public_id) == "CAPABILITY_MISSING"


async def test_an_ended_key_is_told_before_the_site_that_it_is_not_of(runtime: Runtime, shop: Site) -> None:
    value = await asked(public_key, shop)
    await asked(switch_off, shop)

    answer = await opened(runtime, shop, {"bootstrapToken": value, "siteId": "other", "url": f"{EVIL}/"})

    assert refused(answer) == (401, "INVALID_API_KEY")


# --- host, Origin, Referer ---

# page, Origin, Referer -> admitted?, and what the owner then sees
HOSTS: list[tuple[dict[str, str], str, str, bool, dict[tuple[str, str], int]]] = [
    ({"url": HOME}, "", "", True, {("shop.example", ""): 1}),
    ({"url": HOME}, "https://shop.example", "", True, {("shop.example", ""): 1}),
    ({"url": HOME}, "", "https://shop.example/cart", True, {("shop.example", ""): 1}),
    ({"url": HOME}, "https://shop.example", f"{EVIL}/", True, {("shop.example", ""): 1}),
    (
        {"url": "https://www.shop.example/"},
        "https://www.shop.example",
        "",
        True,
        {("www.shop.example", ""): 1},
    ),
    ({"host": "shop.example:8443"}, "https://shop.example:8443", "", True, {("shop.example", ""): 1}),
    ({"host": "SHOP.example."}, "https://shop.example", "", True, {("shop.example", ""): 1}),
    ({"url": f"{EVIL}/"}, "", "", False, {("evil.example", "domain_not_allowed"): 1}),
    ({"url": f"{EVIL}/"}, EVIL, "", False, {("evil.example", "domain_not_allowed"): 1}),
    ({"url": HOME}, EVIL, "", False, {("evil.example", "domain_not_allowed"): 1}),
    ({"url": HOME}, "", f"{EVIL}/page", False, {("evil.example", "domain_not_allowed"): 1}),
    ({"url": HOME}, "null", f"{EVIL}/page", False, {("evil.example", "domain_not_allowed"): 1}),
    # a sandboxed frame may stand anywhere
    ({"url": HOME}, "null", "", False, {("null", "domain_not_allowed"): 1}),
    (
        {"url": HOME},
        "https://shop.example.evil.example",
        "",
        False,
        {("shop.example.evil.example", "domain_not_allowed"): 1},
    ),
    (
        {"url": "https://shop.example@evil.example/"},
        "",
        "",
        False,
        {("evil.example", "domain_not_allowed"): 1},
    ),
    ({"url": "https://shop.example\\@evil.example/"}, "", "", True, {("shop.example", ""): 1}),
    ({"host": "notshop.example"}, "", "", False, {("notshop.example", "domain_not_allowed"): 1}),
    ({"url": "https://:0/"}, "", "", False, {("(none)", "bad_host"): 1}),
]


@pytest.mark.parametrize(("page", "origin", "referer", "is_admitted", "seen"), HOSTS)
async def test_the_page_and_its_browser_must_both_be_of_the_site(
    runtime: Runtime,
    shop: Site,
    page: dict[str, str],
    origin: str,
    referer: str,
    is_admitted: bool,
    seen: dict[tuple[str, str], int],
) -> None:
    sent = {"origin": origin, "referer": referer}
    headers = {name: value for name, value in sent.items() if value}

    answer = await opened(runtime, shop, {"url": None, **page}, **headers)

    if is_admitted:
        assert data(answer)["sessionId"]
    else:
        assert refused(answer) == (403, "HOST_NOT_ALLOWED")
        assert (await stored())["RuntimeSession"] == 0
    assert await usage(shop) == seen


async def test_a_page_of_another_host_of_the_site_than_its_browser_says_is_refused(
    runtime: Runtime, shop: Site
) -> None:
    answer = await opened(runtime, shop, {}, origin="https://www.shop.example")

    assert refused(answer) == (403, "HOST_NOT_ALLOWED")


async def test_blocked_hosts_are_counted_and_the_last_one_is_shown(runtime: Runtime, shop: Site) -> None:
    for host in ("evil.example", "evil.example", "worse.example"):
        await opened(runtime, shop, {"url": f"https://{host}/"})

    assert await usage(shop) == {
        ("evil.example", "domain_not_allowed"): 2,
        ("worse.example", "domain_not_allowed"): 1,
    }


async def test_a_refresh_from_a_foreign_page_is_refused_too(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)

    answer = await runtime.send("session/open", {"sessionToken": page.token}, origin=EVIL)

    assert refused(answer) == (403, "HOST_NOT_ALLOWED")


# --- how often ---


def openings(settings: Any, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many a minute, which begins now."""
    settings.ROVER = settings.ROVER.model_copy(update={"sessions_per_minute_ip": limit})
    begin_a_minute(monkeypatch)


async def test_an_address_opens_so_many_sessions_a_minute(
    runtime: Runtime, shop: Site, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    openings(settings, 2, monkeypatch)

    def ask() -> Any:
        return opened(runtime, shop, {})

    assert [(await ask()).status for _ in range(2)] == [200, 200]
    third = await ask()

    assert refused(third) == (429, "RATE_LIMITED")
    assert third.json()["data"]["retryable"] is True
    assert 1 <= int(third.headers["retry-after"]) <= 60
    assert (await stored())["RuntimeSession"] == 2


async def test_another_address_has_a_share_of_its_own(
    runtime: Runtime, shop: Site, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    openings(settings, 1, monkeypatch)
    asks = {"siteId": shop.public_id, "url": HOME, "bootstrapToken": await asked(public_key, shop)}

    statuses = [
        (await runtime.send("session/open", asks, ip=ip)).status
        for ip in ("203.0.113.7", "203.0.113.7", "203.0.113.8", "2001:db8::1", "2001:db8::2")
    ]

    assert statuses == [200, 429, 200, 200, 429], "IPv6 is counted by the network"


async def test_attempts_with_bad_keys_are_counted_too(
    runtime: Runtime, shop: Site, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    openings(settings, 1, monkeypatch)
    await opened(runtime, shop, {"bootstrapToken": "pk_site_guess"})

    assert refused(await opened(runtime, shop, {})) == (429, "RATE_LIMITED")
