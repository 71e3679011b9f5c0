"""/command: the forms of a body, where the token may stand, and what is judged first."""

import json
from typing import Any

import pytest

from tests.tasks.sessions.owners import switch_off
from tests.tasks.sessions.steps import asked, change_key, conflict, in_status, stored
from tests.tasks.sessions.support import BASE, HOME, Page, Runtime, data, refused
from tests.tasks.streaming_fixtures import Exchange
from workspace.models import Site

Told = dict[str, Any]


@pytest.fixture
async def page(runtime: Runtime, shop: Site) -> Page:
    return await runtime.page(shop)


def credentials(page: Page) -> Told:
    return {"sessionId": page.session_id, "sessionToken": page.token}


PROMPT = {"message": "go", "expectedEpoch": 1}
FORMS: dict[str, Told] = {
    "flat": {"type": "RUN_INPUT", "clientEventId": "e1", **PROMPT},
    "nested": {"type": "RUN_INPUT", "commandId": "e1", "expectedEpoch": 1, "payload": {"message": "go"}},
    "all in the payload": {"payload": {"type": "RUN_INPUT", "clientEventId": "e1", **PROMPT}},
    "the payload comes first": {
        "type": "RUN_INPUT",
        "clientEventId": "e1",
        "message": "outside",
        "expectedEpoch": 9,
        "payload": PROMPT,
    },
    "the outer type comes first": {
        "type": "RUN_INPUT",
        "clientEventId": "e1",
        "payload": {"type": "TAB_EVENT", **PROMPT},
    },
    "clientEventId before commandId": {"clientEventId": "e1", "commandId": "e2", "type": "RUN_INPUT", **PROMPT},
    "without a type": {"clientEventId": "e1", **PROMPT},
    "null is the same as left out": {
        "clientEventId": "e1",
        "type": None,
        "runId": None,
        "payload": {"message": "go", "expectedEpoch": 1, "clientEventId": None},
    },
    "a whole number with a point": {"type": "RUN_INPUT", "clientEventId": "e1", "message": "go", "expectedEpoch": 1.0},
    "with what nobody knows": {"type": "RUN_INPUT", "clientEventId": "e1", "presentationMode": "x", **PROMPT},
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
async def test_a_prompt_has_many_forms(runtime: Runtime, page: Page, form: str) -> None:
    answer = await runtime.send("command", credentials(page) | FORMS[form])

    page.run_id = data(answer)["runId"]
    state = await page.state()
    assert state["events"][0]["data"]["message"] == "go"
    again = await runtime.send("command", credentials(page) | FORMS["flat"])
    assert again.headers["idempotent-replay"] == "true", "its name is e1 in every form"


@pytest.mark.parametrize(
    ("fields", "tells"),
    [
        ({"action": "cancel", "message": "m"}, "action"),
        ({"targetUrl": HOME, "message": "m"}, "decision"),
        ({"url": HOME}, "decision"),
        ({"message": "m", "forceNewRun": True}, "acceptedMode"),
    ],
)
async def test_a_command_without_a_type_is_known_by_its_fields(page: Page, fields: Told, tells: str) -> None:
    await page.ask()

    assert tells in data(await page.command("", **fields))


async def test_answers_are_known_by_their_name(page: Page) -> None:
    await in_status(page, "awaiting_user")

    assert data(await page.command("", answers={"size": "large"}))["state"] == "running"


@pytest.mark.parametrize(
    "said", [{}, {"type": "RUN_AWAY"}, {"type": "run_input", "message": "m"}, {"type": 7}]
)
async def test_a_command_must_be_one_of_five(page: Page, said: Told) -> None:
    answer = await page.command("", **said)

    assert refused(answer) == (400, "INVALID_ARGUMENT")
    assert answer.json()["data"]["errors"][0]["field"] == "type"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "text/plain;charset=UTF-8", "application/json", "a/b", ""]
)
async def test_a_body_is_json_whatever_it_is_called(runtime: Runtime, page: Page, content_type: str) -> None:
    body = credentials(page) | FORMS["flat"]

    answer = await runtime.send("command", body, content_type=content_type)

    assert data(answer)["seq"] == 1
    assert answer.headers["content-type"].startswith("application/json")


# --- where the token stands ---


async def test_the_token_may_be_a_bearer_s(runtime: Runtime, page: Page) -> None:
    command = FORMS["flat"] | {"sessionId": page.session_id}

    assert data(await runtime.send("command", command, authorization=f"Bearer {page.token}"))["seq"] == 1
    assert (await runtime.get(f"{BASE}/state", authorization=f"bearer {page.token}")).status == 200


async def test_the_token_may_stand_in_a_query_to_read(runtime: Runtime, page: Page) -> None:
    for name, token in (
        ("sessionToken", page.token),
        ("streamToken", page.opened["streamToken"]),
        ("sessionToken", page.opened["streamToken"]),
    ):
        answer = await runtime.get(f"{BASE}/state?sessionId={page.session_id}&{name}={token}")
        assert data(answer)["sessionId"] == page.session_id


async def test_the_token_in_the_body_counts_before_the_bearer_s(runtime: Runtime, page: Page) -> None:
    body = FORMS["flat"] | {"sessionId": page.session_id, "sessionToken": "rvrsess_bad.bad"}

    answer = await runtime.send("command", body, authorization=f"Bearer {page.token}")

    assert refused(answer) == (401, "SESSION_TOKEN_INVALID")


@pytest.mark.parametrize("scheme", ["Basic", "", "Token"])
async def test_another_scheme_is_no_bearer(runtime: Runtime, page: Page, scheme: str) -> None:
    answer = await runtime.send("command", FORMS["flat"], authorization=f"{scheme} {page.token}".strip())

    assert refused(answer)[0] in (400, 401)


async def test_a_command_names_its_session(runtime: Runtime, page: Page) -> None:
    answer = await runtime.send("command", FORMS["flat"] | {"sessionToken": page.token})

    assert refused(answer) == (400, "INVALID_ARGUMENT")
    assert [error["field"] for error in answer.json()["data"]["errors"]] == ["sessionId"]


# --- what is judged first ---


async def test_the_first_objection_counts(runtime: Runtime, page: Page, shop: Site) -> None:
    """From everything wrong at once, one thing after the other mended."""
    done = FORMS["flat"] | credentials(page) | {"clientEventId": "done"}
    page.run_id = data(await runtime.send("command", done))["runId"]
    asks: Told = {
        "sessionToken": "rvrsess_x.y",
        "sessionId": "ses_other",
        "requestNonce": "nonce",
        "type": "RUN_INPUT",
        "clientEventId": "done",
        "expectedEpoch": 7,
        "expectedSeq": 7,
    }
    await change_key(shop, policy={"siteMode": "analytics_only"})

    async def answer(**mended: Any) -> Exchange:
        asks.update(mended)
        return await runtime.send("command", asks)

    assert refused(await answer()) == (401, "SESSION_TOKEN_INVALID")
    assert refused(await answer(sessionToken=page.token)) == (403, "PERMISSION_DENIED")
    assert refused(await answer(sessionId=page.session_id)) == (400, "INVALID_ARGUMENT")
    assert refused(await answer(message="go")) == (409, "replayed_nonce")
    replay = await answer(requestNonce="another")
    assert (replay.status, replay.headers["idempotent-replay"]) == (200, "true")
    named = {"clientEventId": "new", "requestNonce": None}
    assert refused(await answer(**named)) == (409, "stale_epoch")
    assert refused(await answer(expectedEpoch=1)) == (409, "active_run_exists")
    assert refused(await answer(forceNewRun=True)) == (409, "stale_seq")
    assert refused(await answer(expectedSeq=1)) == (403, "PERMISSION_DENIED")
    await change_key(shop, policy={"siteMode": "agent"})
    assert data(await answer())["epoch"] == 2


async def test_a_key_that_has_ended_counts_before_the_body(runtime: Runtime, page: Page, shop: Site) -> None:
    await asked(switch_off, shop)

    assert refused(await runtime.send("command", credentials(page))) == (401, "INVALID_API_KEY")


# --- counters that are not said ---

COUNTERS: list[tuple[dict[str, int | None], str, str]] = [
    ({"expectedEpoch": None}, "stale_epoch", "200"),
    ({"expectedSeq": None}, "stale_seq", "200"),
    ({"expectedEpoch": None, "expectedSeq": None}, "stale_epoch", "200"),
    ({"expectedEpoch": 2}, "stale_epoch", "stale_epoch"),
    ({"expectedEpoch": 0}, "stale_epoch", "stale_epoch"),
    ({"expectedSeq": 2}, "stale_seq", "stale_seq"),
    ({"expectedSeq": 0}, "stale_seq", "stale_seq"),
    ({}, "200", "200"),
]
SENT: dict[str, Told] = {
    "RUN_INPUT": {"message": "go", "forceNewRun": True},
    "RUN_CONTROL": {"action": "cancel"},
    "TAB_EVENT": {"targetUrl": "/"},
}


@pytest.mark.parametrize("is_strict", [True, False])
@pytest.mark.parametrize("kind", SENT)
async def test_counters_must_be_said_in_strict_mode_and_be_right_in_both(
    runtime: Runtime, shop: Site, kind: str, is_strict: bool
) -> None:
    await change_key(shop, policy={"strictMode": is_strict})
    for counters, strict, lenient in COUNTERS:
        page = await runtime.page(shop)
        await page.ask()

        answer = await page.command(kind, **SENT[kind], **counters)

        wanted = strict if is_strict else lenient
        assert (str(answer.status) if answer.status == 200 else conflict(answer)["code"]) == wanted, counters
        for name, value in counters.items():
            if wanted.startswith("stale") and f"stale_{name[8:].lower()}" == wanted:
                assert answer.json()["data"][name] == value


async def test_a_report_needs_no_counters_even_in_strict_mode(page: Page) -> None:
    await page.ask()
    told = {"runId": page.run_id, "events": [{"type": "status_update", "data": {"text": "Looking."}}]}

    answer = await page.command("RUN_PROGRESS", **told, expectedEpoch=None, expectedSeq=99)

    assert data(answer)["currentSeq"] == 2


async def test_a_body_that_is_no_object_is_refused(runtime: Runtime, page: Page) -> None:
    before = await stored()
    for body in (b"[]", b"7", b'"x"', b"null", b"{", b"\xff\xfe", b"{} {}", b'{"a":1,"a":2}', b"{'a':1}"):
        answer = await runtime.send("command", body)
        assert refused(answer) == (400, "INVALID_ARGUMENT"), body
    payload = json.dumps(credentials(page) | {"payload": ["message"]}).encode()
    assert refused(await runtime.send("command", payload)) == (400, "INVALID_ARGUMENT")
    assert await stored() == before
