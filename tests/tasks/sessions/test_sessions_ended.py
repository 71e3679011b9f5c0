"""What ends a session, and whom it does not concern."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.tasks.agents.support import make_owner, make_site
from tests.tasks.sessions.owners import (
    archive,
    let_expire,
    revoke,
    rotate,
    switch_off,
    take_the_embed,
    take_the_host,
)
from tests.tasks.sessions.steps import asked, change_key, claimed, stored
from tests.tasks.sessions.support import BASE, HOME, Page, Runtime, data, refused
from tests.tasks.streaming_fixtures import Exchange, until
from workspace.models import Site

PATHS: dict[str, dict[str, Any]] = {
    "session/close": {},
    "command": {"type": "RUN_INPUT", "message": "go", "clientEventId": "e", "expectedEpoch": 1},
    "state": {},
    "snapshot": {"checkpoint": {}},
    "telemetry/ingest": {"events": []},
    "events/ingest": {"taskId": "task_x", "events": []},
    "agent/step": {"runId": "r", "clientEventId": "e", "expectedEpoch": 1, "page": {}},
    "context/external": {"runId": "r", "url": HOME, "intent": "open_only", "expectedEpoch": 1},
}


@pytest.fixture
async def neighbour(runtime: Runtime) -> Page:
    """A page of another owner's site."""
    site = await asked(lambda: make_site("other.example", owner=make_owner("other")))
    page = await runtime.page(site, url="https://other.example/")
    await page.ask()
    return page


async def everywhere(page: Page, **said: Any) -> dict[str, tuple[int, str]]:
    """What each path answers."""
    return {path: refused(await page.send(path, **(body | said))) for path, body in PATHS.items()}


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (switch_off, (401, "INVALID_API_KEY")),
        (revoke, (401, "INVALID_API_KEY")),
        (rotate, (401, "INVALID_API_KEY")),
        (let_expire, (401, "INVALID_API_KEY")),
        (archive, (401, "INVALID_API_KEY")),
        (take_the_embed, (403, "CAPABILITY_MISSING")),
        (take_the_host, (403, "HOST_NOT_ALLOWED")),
    ],
)
async def test_what_the_owner_ends_ends_with_the_next_call(
    runtime: Runtime, shop: Site, neighbour: Page, end: Callable[[Site], None], outcome: tuple[int, str]
) -> None:
    page = await runtime.page(shop)
    await asked(end, shop)
    before = await stored()

    assert set((await everywhere(page)).values()) == {outcome}
    assert refused(await page.send("session/open")) == outcome
    assert refused(await runtime.get(f"{BASE}/stream?sessionToken={page.token}")) == outcome
    assert await stored() == before
    assert (await neighbour.state())["activeRunId"] == neighbour.run_id


async def test_a_key_in_its_overlap_carries_its_sessions_on(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)
    await asked(rotate, shop, grace_seconds=60)

    assert (await page.send("state")).status == 200


async def test_a_closed_session_is_opened_by_none_of_its_tokens(
    runtime: Runtime, shop: Site, neighbour: Page
) -> None:
    page = await runtime.page(shop)
    later = data(await page.send("session/open"))["sessionToken"]

    assert data(await page.send("session/close")) == {"sessionId": page.session_id, "closed": True}

    for token in (page.token, later):
        page.token = token
        assert set((await everywhere(page)).values()) == {(401, "SESSION_TOKEN_INVALID")}
    stream = f"{BASE}/stream?streamToken={page.opened['streamToken']}"
    assert refused(await runtime.get(stream)) == (401, "SESSION_TOKEN_INVALID")
    assert (await neighbour.send("state")).status == 200


async def test_closing_a_session_ends_its_streams_at_once(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)

    async with runtime.open(f"{BASE}/stream?sessionToken={page.token}") as stream:
        await until(lambda: b"projection" in stream.body)
        await page.send("session/close")
        await until(lambda: stream.is_complete, seconds=3)

    assert stream.body.endswith(b'event: error\ndata: {"message":"session_not_found"}\n\n')


async def test_closing_a_session_cancels_its_run_and_so_its_task(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)
    task = await claimed(runtime, page)
    await page.ask(taskId=task["taskId"])

    await page.send("session/close")

    assert (await runtime.get(task["task"])).json()["status"] == "cancelled"


# --- whose ---


async def test_a_token_is_good_for_its_own_session_alone(
    runtime: Runtime, shop: Site, neighbour: Page
) -> None:
    page = await runtime.page(shop)
    before = await stored()

    said = await everywhere(page, sessionId=neighbour.session_id)

    assert set(said.values()) == {(403, "PERMISSION_DENIED")}
    assert refused(
        await runtime.get(f"{BASE}/state?sessionToken={page.token}&sessionId={neighbour.session_id}")
    ) == (403, "PERMISSION_DENIED")
    assert await stored() == before


async def test_the_stream_s_token_reads_and_does_nothing(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)
    page.token = page.opened["streamToken"]
    before = await stored()
    read = (await page.send("state")).status
    said = {path: refused(await page.send(path, **body)) for path, body in PATHS.items() if path != "state"}

    assert read == 200
    assert set(said.values()) == {(403, "PERMISSION_DENIED")}
    assert await stored() == before


@pytest.mark.parametrize("path", PATHS)
async def test_without_a_token_nothing_is_done(runtime: Runtime, shop: Site, path: str) -> None:
    page = await runtime.page(shop)
    before = await stored()

    async def asks(**said: Any) -> Exchange:
        return await runtime.send(path, PATHS[path] | {"sessionId": page.session_id} | said)

    for token in (None, "", "rvrsess_", "rvrsess_x.y", "pk_site_x", "x" * 4_096, "rvrsess_\u00e4.b"):
        assert refused(await asks(sessionToken=token)) == (401, "SESSION_TOKEN_INVALID")
    assert await stored() == before


async def test_another_site_s_run_cannot_be_named(runtime: Runtime, shop: Site, neighbour: Page) -> None:
    page = await runtime.page(shop)
    await page.ask()
    theirs = {"runId": neighbour.run_id}
    before = await neighbour.state()

    cancel = await page.command("RUN_CONTROL", action="cancel", **theirs)
    tab = await page.command("TAB_EVENT", targetUrl=HOME, **theirs)
    told = await page.command("RUN_PROGRESS", events=[{"type": "status_update"}], **theirs)
    reply = await page.command("RUN_INPUT", message="yes", continueRun=True, **theirs)

    assert refused(cancel) == refused(reply) == (404, "RUN_NOT_FOUND")
    assert data(tab)["staleRunReason"] == data(told)["staleRunReason"] == "run_missing"
    assert await neighbour.state() == before


async def test_another_session_s_task_cannot_be_told_about(runtime: Runtime, shop: Site) -> None:
    victim, thief = await runtime.page(shop), await runtime.page(shop)
    task = await claimed(runtime, victim)
    await victim.ask(taskId=task["taskId"])

    told = await thief.send("events/ingest", taskId=task["taskId"], events=[{"type": "status_update"}])
    run = await thief.command("RUN_INPUT", message="mine", taskId=task["taskId"])

    assert refused(told) == (404, "RUN_NOT_FOUND")
    assert refused(run) == (403, "PERMISSION_DENIED")


async def test_a_site_that_only_watches_runs_nothing_new_and_ends_what_runs(
    runtime: Runtime, shop: Site
) -> None:
    page = await runtime.page(shop)
    await page.ask()
    await change_key(shop, policy={"siteMode": "analytics_only"})

    prompt = await page.command("RUN_INPUT", message="more", forceNewRun=True)
    tab = await page.command("TAB_EVENT", targetUrl=HOME)

    assert refused(prompt) == refused(tab) == (403, "PERMISSION_DENIED")
    assert data(await page.command("RUN_CONTROL", action="cancel"))["projection"]["runStatus"] == "cancelled"
