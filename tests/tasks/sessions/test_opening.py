"""session/open: which proof opens which session."""

from datetime import timedelta
from typing import Any

import pytest

from tasks.core.session_tokens import LIFETIME, PROOF_LIFETIME
from tests.tasks.agents.support import make_owner, make_site
from tests.tasks.sessions.owners import rotate
from tests.tasks.sessions.steps import Clock, asked, signed, stored
from tests.tasks.sessions.support import HOME, Page, Runtime, data, public_key, refused
from tests.tasks.streaming_fixtures import Exchange
from workspace.models import Site

SECOND = timedelta(seconds=1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


async def token(kind: str, page: Page, site: Site) -> dict[str, Any]:
    """What a page says of its session, in the words of the table."""
    if kind == "none":
        return {}
    if kind == "valid":
        return {"sessionToken": page.token}
    if kind == "expired":
        return {"sessionToken": signed(page, site, life=-SECOND)}
    if kind == "too old":
        return {"sessionToken": signed(page, site, life=-PROOF_LIFETIME)}
    if kind == "tampered":
        return {"sessionToken": page.token[:-4] + ("AAAA" if page.token[-4:] != "AAAA" else "BBBB")}
    if kind == "of the stream":
        return {"sessionToken": page.opened["streamToken"]}
    if kind == "not signed here":
        return {"sessionToken": page.token.partition(".")[0] + "."}
    if kind == "revoked":
        assert (await page.send("session/close")).status == 200
        return {"sessionToken": page.token}
    assert kind == "another session's"
    return {"sessionToken": page.token, "sessionId": "ses_of-somebody-else"}


async def opened(runtime: Runtime, site: Site, *, key: bool, **said: Any) -> Exchange:
    """An opening, with the site's key or without."""
    known = {"bootstrapToken": await asked(public_key, site)} if key else {}
    return await runtime.send("session/open", {"siteId": site.public_id, "url": HOME, **known, **said})


# token, key -> the same session, a new one, or a refusal
TABLE = [
    ("valid", True, "same"),
    ("valid", False, "same"),
    ("expired", True, "same"),
    ("expired", False, (401, "SESSION_TOKEN_EXPIRED")),
    ("too old", True, "new"),
    ("too old", False, (401, "SESSION_TOKEN_EXPIRED")),
    ("tampered", True, "new"),
    ("tampered", False, (401, "SESSION_TOKEN_INVALID")),
    ("not signed here", True, "new"),
    ("not signed here", False, (401, "SESSION_TOKEN_INVALID")),
    ("of the stream", True, "new"),
    ("of the stream", False, (401, "SESSION_TOKEN_INVALID")),
    ("another session's", True, "new"),
    ("another session's", False, (401, "SESSION_TOKEN_INVALID")),
    ("revoked", True, "new"),
    ("revoked", False, (401, "SESSION_TOKEN_INVALID")),
    ("none", True, "new"),
    ("none", False, (401, "BOOTSTRAP_REQUIRED")),
]


@pytest.mark.parametrize(("kind", "key", "outcome"), TABLE)
async def test_the_table_of_proofs(
    runtime: Runtime, shop: Site, kind: str, key: bool, outcome: str | tuple[int, str]
) -> None:
    page = await runtime.page(shop)
    said = await token(kind, page, shop)
    before = await stored()

    answer = await opened(runtime, shop, key=key, **said)

    if isinstance(outcome, tuple):
        assert refused(answer) == outcome
        assert await stored() == before
    else:
        is_same = data(answer)["sessionId"] == page.session_id
        assert is_same == (outcome == "same")
        assert (await stored())["RuntimeSession"] == before["RuntimeSession"] + (not is_same)


async def test_an_expired_token_is_refused_in_the_words_of_the_contract(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)

    answer = await opened(runtime, shop, key=False, **await token("expired", page, shop))

    body = answer.json()
    assert body["success"] is False and body["error"] == "SESSION_TOKEN_EXPIRED"
    assert set(body["data"]) == {"code", "message", "retryable", "next_action"}
    assert (body["data"]["code"], body["data"]["retryable"]) == ("SESSION_TOKEN_EXPIRED", True)
    assert "pk_site_" in body["data"]["next_action"] and "session/open" in body["data"]["next_action"]


async def test_an_opening_with_nothing_is_refused_in_the_words_of_the_contract(
    runtime: Runtime, shop: Site
) -> None:
    answer = await opened(runtime, shop, key=False)

    body = answer.json()
    assert body["success"] is False and body["error"] == "BOOTSTRAP_REQUIRED"
    assert set(body["data"]) == {"code", "message", "retryable", "next_action"}
    assert (body["data"]["code"], body["data"]["retryable"]) == ("BOOTSTRAP_REQUIRED", False)
    assert "pk_site_" in body["data"]["next_action"]


@pytest.mark.parametrize("name", ["bootstrapToken", "publicKey"])
async def test_the_key_has_two_names(runtime: Runtime, shop: Site, name: str) -> None:
    asks = {"siteId": shop.public_id, "host": "shop.example", name: await asked(public_key, shop)}

    assert data(await runtime.send("session/open", asks))["sessionId"].startswith("ses_")


@pytest.mark.parametrize("where", ["host", "url", "pageUrl"])
async def test_the_page_is_told_by_its_host_or_its_address(runtime: Runtime, shop: Site, where: str) -> None:
    said = {"url": None, where: "shop.example" if where == "host" else HOME}

    assert (await opened(runtime, shop, key=True, **said)).status == 200


@pytest.mark.parametrize("name", ["sessionId", "requestedSessionId"])
async def test_a_guessed_id_opens_nobody_s_session(runtime: Runtime, shop: Site, name: str) -> None:
    victim = await runtime.page(shop)
    await victim.ask("what only the visitor may read")
    await victim.send("snapshot", checkpoint={"messages": [{"text": "private"}]})

    answer = await opened(runtime, shop, key=True, **{name: victim.session_id})

    told = data(answer)
    assert told["sessionId"] != victim.session_id
    assert told["epoch"] == 1
    assert told["projection"]["events"] == [] and "snapshot" not in told["projection"]
    assert b"private" not in answer.body and victim.run_id.encode() not in answer.body


async def test_a_guessed_id_does_not_disturb_its_session(runtime: Runtime, shop: Site) -> None:
    victim = await runtime.page(shop)
    await victim.ask()

    await opened(runtime, shop, key=True, sessionId=victim.session_id)

    state = await victim.state()
    assert (state["activeRunId"], state["epoch"]) == (victim.run_id, 1)


async def test_a_refresh_keeps_epoch_and_run(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)
    await page.ask()
    await page.ask("something else")

    told = data(await opened(runtime, shop, key=False, sessionToken=page.token))

    assert (told["sessionId"], told["epoch"]) == (page.session_id, 2)
    assert told["projection"]["activeRunId"] == page.run_id
    assert [event["type"] for event in told["projection"]["events"]] == ["run_started"]
    assert told["projection"]["resyncReason"] == "initial"


async def test_a_refresh_needs_the_token_alone(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)

    told = data(await runtime.send("session/open", {"sessionToken": page.token}))
    by_header = data(await runtime.send("session/open", {}, authorization=f"Bearer {page.token}"))

    assert told["sessionId"] == by_header["sessionId"] == page.session_id


async def test_a_token_s_new_life_begins_with_the_refresh(runtime: Runtime, shop: Site, clock: Clock) -> None:
    page = await runtime.page(shop)
    clock.forward(LIFETIME - 5 * SECOND)

    told = data(await opened(runtime, shop, key=False, sessionToken=page.token))
    clock.forward(10 * SECOND)

    assert told["sessionTokenExpiresAt"] > page.opened["sessionTokenExpiresAt"]
    assert refused(await page.send("state")) == (401, "SESSION_TOKEN_EXPIRED")
    page.token = told["sessionToken"]
    assert (await page.send("state")).status == 200


async def test_an_expired_token_proves_a_session_for_thirty_days(
    runtime: Runtime, shop: Site, clock: Clock
) -> None:
    page = await runtime.page(shop)
    await page.ask()
    clock.forward(LIFETIME + PROOF_LIFETIME - 5 * SECOND)

    told = data(await opened(runtime, shop, key=True, sessionToken=page.token))

    assert told["sessionId"] == page.session_id
    assert told["projection"]["activeRunId"] == page.run_id


async def test_a_day_later_it_proves_nothing(runtime: Runtime, shop: Site, clock: Clock) -> None:
    page = await runtime.page(shop)
    clock.forward(LIFETIME + PROOF_LIFETIME + timedelta(days=1))

    told = data(await opened(runtime, shop, key=True, sessionToken=page.token))

    assert told["sessionId"] != page.session_id


async def test_a_token_lasts_to_its_very_end(runtime: Runtime, shop: Site, clock: Clock) -> None:
    page = await runtime.page(shop)
    clock.forward(LIFETIME - 3 * SECOND)
    assert (await page.send("state")).status == 200

    clock.forward(3 * SECOND)
    assert refused(await page.send("state")) == (401, "SESSION_TOKEN_EXPIRED")


async def test_servers_whose_clocks_differ_take_each_other_s_tokens(
    runtime: Runtime, shop: Site, clock: Clock
) -> None:
    page = await runtime.page(shop)

    clock.forward(-timedelta(minutes=2))  # this server is behind the one that signed
    assert (await page.send("state")).status == 200

    clock.forward(timedelta(minutes=4))
    assert (await page.send("state")).status == 200


async def test_an_expired_token_of_another_site_opens_a_session_of_this_one(
    runtime: Runtime, shop: Site
) -> None:
    def make() -> Site:
        return make_site("other.example", owner=make_owner("other"))

    other = await asked(make)
    theirs = await runtime.page(other, url="https://other.example/")
    old = signed(theirs, other, life=-SECOND, host="other.example")

    told = data(await opened(runtime, shop, key=True, sessionToken=old))

    assert told["sessionId"] != theirs.session_id
    assert told["siteId"] == shop.public_id


async def test_a_refresh_of_another_site_s_session_is_refused(runtime: Runtime, shop: Site) -> None:
    other = await asked(lambda: make_site("other.example", owner=make_owner("other")))
    theirs = await runtime.page(other, url="https://other.example/")

    answer = await opened(runtime, shop, key=False, sessionToken=theirs.token, url=None)

    assert refused(answer) == (403, "SITE_MISMATCH")


async def test_a_refresh_may_come_from_another_host_of_the_site(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)

    told = data(
        await opened(runtime, shop, key=False, sessionToken=page.token, url="https://www.shop.example/cart")
    )

    assert told["sessionId"] == page.session_id


async def test_a_refresh_from_another_site_s_page_is_refused(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)

    answer = await opened(runtime, shop, key=False, sessionToken=page.token, url="https://evil.example/")

    assert refused(answer) == (403, "HOST_NOT_ALLOWED")


async def test_an_expired_token_opens_its_session_under_the_key_that_took_over(
    runtime: Runtime, shop: Site, clock: Clock
) -> None:
    page = await runtime.page(shop)
    await asked(rotate, shop)
    clock.forward(LIFETIME)

    told = data(await opened(runtime, shop, key=True, sessionToken=page.token))

    assert told["sessionId"] == page.session_id
    page.token = told["sessionToken"]
    assert (await page.send("state")).status == 200


async def test_a_good_token_under_an_ended_key_goes_on_under_the_key_of_the_page(
    runtime: Runtime, shop: Site
) -> None:
    """The page was loaded anew with the site's new key; what its visitor was doing goes on."""
    page = await runtime.page(shop)
    await asked(rotate, shop)

    assert refused(await opened(runtime, shop, key=False, sessionToken=page.token)) == (
        401,
        "INVALID_API_KEY",
    )
    told = data(await opened(runtime, shop, key=True, sessionToken=page.token))

    assert told["sessionId"] == page.session_id


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"siteId": None}, "siteId"),
        ({"url": None}, "host"),
        ({"host": "shop.example", "url": "https://other.example/"}, "url"),
        ({"siteId": 7}, "siteId"),
        ({"bootstrapToken": ["pk_site_x"]}, "bootstrapToken"),
    ],
)
async def test_what_is_missing_or_wrong_is_named(
    runtime: Runtime, shop: Site, said: dict[str, Any], field: str
) -> None:
    answer = await opened(runtime, shop, key=True, **said)

    assert refused(answer) == (400, "INVALID_ARGUMENT")
    assert [error["field"] for error in answer.json()["data"]["errors"]] == [field]
