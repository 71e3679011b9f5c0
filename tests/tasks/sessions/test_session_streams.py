"""The stream of a session and the looks beside it: what is told, when, to how many, and how it ends."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from tasks.core.runtime.projection import EVENTS_MAX
from tasks.models import RuntimeSession
from tasks.v2 import streams as streams_module
from tasks.v2.streams import COALESCE_SECONDS, STREAMS_EACH
from tests.tasks.sessions.steps import asked, signed, tool
from tests.tasks.sessions.support import BASE, Page, Runtime, data, events, refused
from tests.tasks.streaming_fixtures import Exchange, until
from workspace.models import Site

Told = dict[str, Any]


@pytest.fixture
async def page(runtime: Runtime, shop: Site) -> Page:
    return await runtime.page(shop)


def url(page: Page, **query: Any) -> str:
    told = {"sessionId": page.session_id, "streamToken": page.opened["streamToken"], **query}
    return f"{BASE}/stream?" + "&".join(f"{name}={value}" for name, value in told.items())


def projections(stream: Exchange) -> list[Told]:
    return [told for name, told in events(stream.body) if name == "projection"]


def seqs(stream: Exchange) -> list[int]:
    """The numbers of all events that were told."""
    return [event["seq"] for told in projections(stream) for event in told["events"]]


def has(stream: Exchange, n: int) -> Callable[[], bool]:
    return lambda: len(projections(stream)) >= n


def has_told(stream: Exchange, n: int) -> bool:
    return len(seqs(stream)) == n


async def write(page: Page, n: int) -> None:
    """So many more events of the run, a call each for up to 40."""
    for start in range(0, n, 40):
        batch = [{"type": "tool_start", "data": {}} for _ in range(min(40, n - start))]
        data(await page.command("RUN_PROGRESS", runId=page.run_id, events=batch))


# --- what is told ---


async def test_a_stream_begins_with_ready_and_the_projection(runtime: Runtime, page: Page) -> None:
    async with runtime.open(url(page)) as stream:
        await until(has(stream, 1))

    assert stream.status == 200
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert stream.headers["cache-control"] == "no-store"
    assert stream.headers["x-accel-buffering"] == "no"
    assert stream.headers["access-control-allow-origin"] == "*"
    assert stream.body.startswith(b"retry: 3000\n")
    (first, ready), (second, shown) = events(stream.body)
    assert (first, second) == ("ready", "projection")
    assert set(ready) == {"sessionId", "ts"} and ready["sessionId"] == page.session_id
    assert isinstance(ready["ts"], int)
    assert shown == {
        "sessionId": page.session_id,
        "epoch": 1,
        "events": [],
        "tabs": [],
        "resyncReason": "initial",
    }


async def test_a_change_is_told_once_with_what_is_new(runtime: Runtime, page: Page) -> None:
    async with runtime.open(url(page)) as stream:
        await until(has(stream, 1))
        await page.ask()
        await until(has(stream, 2))
        await page.command("RUN_PROGRESS", runId=page.run_id, events=[tool(1)])
        await until(has(stream, 3))
        await page.command("RUN_CONTROL", action="cancel", expectedSeq=2)
        await until(has(stream, 4))

    told = projections(stream)
    assert [[event["seq"] for event in each["events"]] for each in told] == [[], [1], [2], [3]]
    assert [each.get("activeRunId") for each in told] == [None, page.run_id, page.run_id, None]
    assert [each["epoch"] for each in told] == [1, 1, 1, 2]
    assert ["resyncReason" in each for each in told] == [True, False, False, False]


async def test_nothing_is_told_while_nothing_changes(runtime: Runtime, page: Page) -> None:
    async with runtime.open(url(page)) as stream:
        await until(has(stream, 1))
        for _ in range(3):
            await page.send("state")
            await page.command("RUN_INPUT", message="go", expectedEpoch=9)
        other = await runtime.page(await _site(page))
        await other.ask()
        await asyncio.sleep(3 * COALESCE_SECONDS)  # long enough for what must not come

    assert len(projections(stream)) == 1


async def _site(page: Page) -> Site:
    return await asked(Site.objects.get, public_id=page.opened["siteId"])


async def test_a_new_run_is_told_from_its_beginning(runtime: Runtime, page: Page) -> None:
    async with runtime.open(url(page)) as stream:
        await page.ask()
        await write(page, 3)
        await until(lambda: seqs(stream) == [1, 2, 3, 4])
        page.seq = 4
        await page.ask("something else")
        await until(lambda: seqs(stream) == [1, 2, 3, 4, 1])


async def test_a_ping_comes_while_nothing_changes(
    runtime: Runtime, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams_module, "PING_SECONDS", 0.05)

    async with runtime.open(url(page)) as stream:
        await until(lambda: [name for name, _ in events(stream.body)].count("ping") >= 2)

    pings = [told for name, told in events(stream.body) if name == "ping"]
    assert all(set(told) == {"ts"} and isinstance(told["ts"], int) for told in pings)
    assert len(projections(stream)) == 1


async def test_a_burst_is_told_in_a_few_pieces_without_loss(runtime: Runtime, page: Page) -> None:
    async with runtime.open(url(page)) as stream:
        await until(has(stream, 1))
        await page.ask()
        began = time.monotonic()
        for n in range(40):
            await page.command("RUN_PROGRESS", runId=page.run_id, events=[tool(n)])
        await until(lambda: len(seqs(stream)) == 41)
        pieces = (time.monotonic() - began) / COALESCE_SECONDS + 3

    assert seqs(stream) == list(range(1, 42))
    assert len(projections(stream)) <= pieces


# --- from where ---


@pytest.mark.parametrize("name", ["seqAfter", "cursor"])
async def test_a_stream_goes_on_behind_what_the_page_has(runtime: Runtime, page: Page, name: str) -> None:
    await page.ask()
    await write(page, 5)

    async with runtime.open(url(page, **{name: 4})) as stream:
        await until(has(stream, 1))
        await write(page, 1)
        await until(has(stream, 2))

    assert seqs(stream) == [5, 6, 7]


async def test_more_events_than_one_answer_holds_come_in_pieces_without_loss(
    runtime: Runtime, page: Page
) -> None:
    await page.ask()
    await write(page, 2 * EVENTS_MAX + 20)

    async with runtime.open(url(page)) as stream:
        await until(lambda: len(seqs(stream)) >= 2 * EVENTS_MAX + 21)
        await write(page, 1)
        await until(lambda: len(seqs(stream)) >= 2 * EVENTS_MAX + 22)

    assert seqs(stream) == list(range(1, 2 * EVENTS_MAX + 23))
    assert [len(each["events"]) for each in projections(stream)] == [EVENTS_MAX, EVENTS_MAX, 21, 1]


@pytest.mark.parametrize("n_events", [EVENTS_MAX - 1, EVENTS_MAX, EVENTS_MAX + 1])
async def test_a_full_answer_is_followed_up_whether_or_not_there_is_more(
    runtime: Runtime, page: Page, n_events: int
) -> None:
    await page.ask()
    await write(page, n_events - 1)

    async with runtime.open(url(page)) as stream:
        await until(lambda: len(seqs(stream)) == n_events)
        await write(page, 1)
        await until(lambda: len(seqs(stream)) == n_events + 1)

    assert seqs(stream) == list(range(1, n_events + 2))


async def test_a_page_that_knows_an_older_run_gets_the_new_one_from_its_beginning(
    runtime: Runtime, page: Page
) -> None:
    """Its place in the old run's log says nothing of the new one's."""
    await page.ask()
    await write(page, 5)
    page.seq = 6
    await page.ask("something else")
    looked = await page.state(seqAfter=6)

    async with runtime.open(url(page, seqAfter=6)) as stream:
        await until(has(stream, 1))
        await write(page, 2)
        await until(lambda: len(seqs(stream)) >= 3)

    assert [event["seq"] for event in looked["events"]] == [1]
    assert seqs(stream) == [1, 2, 3]


@pytest.mark.parametrize("value", ["-1", "x", "1.5", "9" * 30])
async def test_a_place_is_a_whole_number(runtime: Runtime, page: Page, value: str) -> None:
    assert refused(await runtime.get(url(page, seqAfter=value))) == (400, "INVALID_ARGUMENT")
    assert refused(await page.send("state", seqAfter=value)) == (400, "INVALID_ARGUMENT")


# --- looks ---


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_look_shows_what_the_stream_would(runtime: Runtime, page: Page, method: str) -> None:
    await page.ask()
    await page.command("TAB_EVENT", targetUrl="/cart", logicalTabId="t1")
    await page.send("snapshot", checkpoint={"messages": []})

    for seq_after in (0, 1, 2, 7):
        async with runtime.open(url(page, seqAfter=seq_after)) as stream:
            await until(has(stream, 1))
        (streamed,) = projections(stream)
        query = {"sessionId": page.session_id, "sessionToken": page.token, "seqAfter": seq_after}
        path = f"{BASE}/state?" + "&".join(f"{name}={value}" for name, value in query.items())
        answer = await (runtime.get(path) if method == "GET" else runtime.send("state", query))
        assert streamed.pop("resyncReason") == "initial"
        assert data(answer) == streamed


async def test_following_by_looks_tells_the_same_as_the_stream(runtime: Runtime, page: Page) -> None:
    looked: list[int] = []

    async def look() -> None:
        while found := (await page.state(seqAfter=looked[-1] if looked else 0))["events"]:
            looked.extend(event["seq"] for event in found)

    await page.ask()
    async with runtime.open(url(page)) as stream:
        for n in (1, EVENTS_MAX + 30, 2):
            await write(page, n)
            await look()
        await until(lambda: len(seqs(stream)) == len(looked))

    assert seqs(stream) == looked == list(range(1, EVENTS_MAX + 35))


async def test_a_look_at_the_head_alone_tells_nothing_and_holds_nothing(runtime: Runtime, page: Page) -> None:
    for path in (url(page), f"{BASE}/state?sessionToken={page.token}"):
        answer = await runtime.call("HEAD", path)
        assert (answer.status, answer.body) == (200, b"")
    assert len(runtime.streams.hub()._watches) == 0
    assert refused_head(await runtime.call("HEAD", f"{BASE}/stream")) == (401, b"")


def refused_head(answer: Exchange) -> tuple[int, bytes]:
    return answer.status, answer.body


# --- how many ---


async def test_eight_streams_of_a_session_are_told_the_same(runtime: Runtime, page: Page) -> None:
    opened = [runtime.request("GET", url(page)) for _ in range(STREAMS_EACH)]
    for stream, body in opened:
        stream.start(body)
    for stream, _ in opened:
        await until(has(stream, 1))

    await page.ask()
    await write(page, 3)
    for stream, _ in opened:
        await until(partial(has_told, stream, 4))

    ninth = await runtime.get(url(page))
    assert ninth.status == 429
    assert ninth.json()["data"]["retryable"] is True
    assert int(ninth.headers["retry-after"]) >= 1

    for stream, _ in opened:
        stream.leave()
        await stream.ended()
    assert len(runtime.streams.hub()._watches) == 0


async def test_a_reader_that_leaves_makes_room(runtime: Runtime, page: Page) -> None:
    for _ in range(2 * STREAMS_EACH):
        async with runtime.open(url(page)) as stream:
            await until(has(stream, 1))

    assert len(runtime.streams.hub()._watches) == 0


async def test_the_streams_of_one_session_take_no_room_from_another_s(
    runtime: Runtime, shop: Site, page: Page
) -> None:
    other = await runtime.page(shop)
    opened = [runtime.request("GET", url(page)) for _ in range(STREAMS_EACH)]
    for stream, body in opened:
        stream.start(body)
    for stream, _ in opened:
        await until(has(stream, 1))

    async with runtime.open(url(other)) as stream:
        await until(has(stream, 1))

    for stream, _ in opened:
        stream.leave()
        await stream.ended()


# --- how it ends ---


async def test_a_stream_ends_with_its_token(runtime: Runtime, shop: Site, page: Page) -> None:
    token = signed(page, shop, life=timedelta(seconds=1.5), is_stream=True)

    async with runtime.open(url(page, streamToken=token)) as stream:
        await until(lambda: stream.is_complete, seconds=5)

    name, told = events(stream.body)[-1]
    assert (name, told) == ("error", {"message": "token_expired"})


async def test_a_stream_ends_when_its_session_is_gone(runtime: Runtime, page: Page) -> None:
    async with runtime.open(url(page)) as stream:
        await until(has(stream, 1))
        await asked(RuntimeSession.objects.filter(pk=page.session_id).delete)
        runtime.streams.hub().check()
        await until(lambda: stream.is_complete)

    assert events(stream.body)[-1] == ("error", {"message": "session_not_found"})


async def test_a_stream_ends_when_the_process_stops(runtime: Runtime, page: Page) -> None:
    async with runtime.open(url(page)) as stream:
        await until(has(stream, 1))
        runtime.streams.close()
        await until(lambda: stream.is_complete)

    assert events(stream.body)[-1][0] == "projection", "it is no error"


@pytest.mark.parametrize("query", ["", "?sessionToken=", "?sessionToken=rvrsess_x.y"])
async def test_a_stream_needs_a_token(runtime: Runtime, page: Page, query: str) -> None:
    answer = await runtime.get(f"{BASE}/stream{query}")

    assert refused(answer) == (401, "SESSION_TOKEN_INVALID")
    assert answer.headers["content-type"].startswith("application/json")


async def test_a_snapshot_that_is_saved_is_told_to_the_session_s_other_tabs(
    runtime: Runtime, page: Page
) -> None:
    async with runtime.open(url(page)) as stream:
        await until(has(stream, 1))
        saved = data(await page.send("snapshot", checkpoint={"messages": [{"id": "m1"}]}))
        await until(has(stream, 2))

    told = projections(stream)[1]
    assert told["snapshotMeta"] == {"updatedAt": saved["updatedAt"], "digest": saved["digest"]}
    assert "snapshot" not in told
