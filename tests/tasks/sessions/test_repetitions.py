"""Commands and requests that come again: clientEventId and requestNonce."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tasks.services.runtime.sweeping import runtime_prune
from tests.tasks.sessions.steps import Clock, asked, claimed, conflict, stored
from tests.tasks.sessions.support import Page, Runtime, data, refused
from workspace.models import Site

Told = dict[str, Any]


@pytest.fixture
async def page(runtime: Runtime, shop: Site) -> Page:
    return await runtime.page(shop)


COMMANDS: dict[str, Told] = {
    "RUN_INPUT": {"message": "more", "forceNewRun": True},
    "RUN_CONTROL": {"action": "cancel"},
    "TAB_EVENT": {"targetUrl": "/cart"},
    "RUN_PROGRESS": {"events": [{"type": "status_update", "data": {"text": "Looking."}}]},
}


@pytest.mark.parametrize("kind", COMMANDS)
async def test_a_repetition_gets_the_same_answer_and_does_nothing(page: Page, kind: str) -> None:
    await page.ask()
    command = COMMANDS[kind] | {"runId": page.run_id, "clientEventId": "once"}
    first = await page.command(kind, **command)
    after = await stored(), await page.state()

    again = await page.command(kind, **command)

    assert (again.status, again.json()) == (200, first.json())
    assert "idempotent-replay" not in first.headers
    assert again.headers["idempotent-replay"] == "true"
    assert (await stored(), await page.state()) == after


async def test_a_repetition_is_known_by_type_and_name_alone(page: Page) -> None:
    """The name says that it is the same command: what else has changed since is not looked at."""
    await page.ask()
    first = await page.command("RUN_CONTROL", action="cancel", clientEventId="once")

    again = await page.command("RUN_CONTROL", action="new_task", clientEventId="once", expectedEpoch=99)

    assert again.json() == first.json()


async def test_a_name_is_of_one_type(page: Page) -> None:
    await page.ask(clientEventId="once")

    tab = await page.command("TAB_EVENT", targetUrl="/", clientEventId="once")

    assert data(tab)["decision"] == "allow_same_tab"
    assert "idempotent-replay" not in tab.headers


async def test_a_name_is_of_one_session(runtime: Runtime, shop: Site, page: Page) -> None:
    other = await runtime.page(shop)
    await page.ask(clientEventId="once")
    await other.ask(clientEventId="once")

    assert page.run_id != other.run_id


@pytest.mark.parametrize(
    ("kind", "said", "code"),
    [
        ("TAB_EVENT", {"targetUrl": "/", "expectedSeq": 9}, "stale_seq"),
        ("TAB_EVENT", {"targetUrl": "/", "expectedEpoch": 9}, "stale_epoch"),
        ("RUN_INPUT", {"message": "more", "forceNewRun": False}, "active_run_exists"),
    ],
)
async def test_conflicts_are_never_kept(page: Page, kind: str, said: Told, code: str) -> None:
    await page.ask()
    rows = await stored()

    told = conflict(await page.command(kind, clientEventId="twice", **said))

    assert told["code"] == code
    assert await stored() == rows
    right = said | {"expectedEpoch": page.epoch, "expectedSeq": page.seq, "forceNewRun": True}
    applied = await page.command(kind, clientEventId="twice", **right)
    assert (applied.status, "idempotent-replay" in applied.headers) == (200, False)


async def test_the_same_command_at_once_is_applied_once(page: Page) -> None:
    await page.ask()
    said = {"message": "more", "forceNewRun": True, "clientEventId": "once"}

    answers = await asyncio.gather(*(page.command("RUN_INPUT", **said) for _ in range(12)))

    assert {answer.status for answer in answers} == {200}
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert sum("idempotent-replay" not in answer.headers for answer in answers) == 1
    assert ((await page.state())["epoch"], (await stored())["Run"]) == (2, 2)


async def test_a_repetition_under_another_token_of_the_session_is_one(page: Page) -> None:
    await page.ask(clientEventId="once")
    page.token = data(await page.send("session/open"))["sessionToken"]

    again = await page.command("RUN_INPUT", message="go", forceNewRun=True, clientEventId="once")

    assert (data(again)["runId"], again.headers["idempotent-replay"]) == (page.run_id, "true")


async def test_ingested_events_are_known_by_their_ids(runtime: Runtime, page: Page) -> None:
    task = await claimed(runtime, page)
    await page.ask(taskId=task["taskId"])
    events = [{"type": "status_update", "id": "e1", "data": {"text": "Looking."}}]

    first = data(await page.send("events/ingest", taskId=task["taskId"], events=events))
    again = data(await page.send("events/ingest", taskId=task["taskId"], events=events))

    assert first["currentSeq"] == again["currentSeq"] == 2


async def test_what_was_applied_is_remembered_for_a_day(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    await page.command("RUN_INPUT", message="go", clientEventId="once", requestNonce="n1")

    async def remembered_after(**time: float) -> tuple[int, int]:
        clock.forward(timedelta(**time))
        await asked(runtime_prune, now=timezone.now())
        rows = await stored()
        return rows["AppliedCommand"], rows["RequestNonce"]

    assert await remembered_after(minutes=14) == (1, 1)
    assert await remembered_after(minutes=2) == (1, 0)
    assert await remembered_after(hours=23, minutes=40) == (1, 0)
    assert await remembered_after(minutes=10) == (0, 0)


# --- nonces ---


async def test_a_request_is_taken_once(page: Page) -> None:
    first = await page.command("RUN_INPUT", message="go", requestNonce="n1")
    rows = await stored()

    again = await page.command("RUN_INPUT", message="go", requestNonce="n1")

    assert first.status == 200
    assert refused(again) == (409, "replayed_nonce")
    assert again.json()["data"]["retryable"] is False
    assert await stored() == rows


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("snapshot", {"checkpoint": {}}),
        ("telemetry/ingest", {"events": []}),
        ("command", {"type": "RUN_CONTROL", "action": "cancel", "clientEventId": "x", "expectedEpoch": 1}),
    ],
)
async def test_a_nonce_counts_on_every_path_that_changes_something(page: Page, path: str, body: Told) -> None:
    assert (await page.send(path, requestNonce="n1", **body)).status == 200
    assert refused(await page.send(path, requestNonce="n1", **body)) == (409, "replayed_nonce")


async def test_a_nonce_of_a_look_is_not_counted(page: Page) -> None:
    for _ in range(2):
        assert (await page.send("state", requestNonce="n1")).status == 200


async def test_a_nonce_is_of_one_session(runtime: Runtime, shop: Site, page: Page) -> None:
    other = await runtime.page(shop)

    for each in (page, other):
        assert (await each.command("RUN_INPUT", message="go", requestNonce="n1")).status == 200


async def test_of_many_requests_with_one_nonce_one_is_taken(page: Page) -> None:
    answers = await asyncio.gather(
        *(page.send("telemetry/ingest", events=[], requestNonce="n1") for _ in range(12))
    )

    assert sorted(answer.status for answer in answers) == [200] + [409] * 11


@pytest.mark.parametrize("nonce", [7, {}, "x" * 201, "a\u0000b"])
async def test_a_nonce_is_a_short_text(page: Page, nonce: Any) -> None:
    answer = await page.command("RUN_INPUT", message="go", requestNonce=nonce)

    assert refused(answer) == (400, "INVALID_ARGUMENT")
