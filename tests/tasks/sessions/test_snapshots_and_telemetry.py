"""What a page leaves beside its run: a snapshot to go on from, and telemetry."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tasks.core.runtime.snapshots import BODY_MAX, marks_of
from tasks.core.runtime.telemetry import CALLS_PER_MINUTE, EVENTS_MAX
from tasks.models import Checkpoint, TelemetryEvent
from tasks.services.runtime.sweeping import runtime_prune
from tests.tasks.agents.steps import begin_a_minute
from tests.tasks.sessions.steps import Clock, asked
from tests.tasks.sessions.support import BASE, Page, Runtime, data, refused
from workspace.models import Site

Told = dict[str, Any]
WORDS = "the visitor's own words"


@pytest.fixture
async def page(runtime: Runtime, shop: Site) -> Page:
    return await runtime.page(shop)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def now_ms() -> int:
    return int(timezone.now().timestamp() * 1_000)


async def shown(page: Page) -> Told:
    return await page.state(includeSnapshot=True)


# --- snapshots ---


@pytest.mark.parametrize("name", ["checkpoint", "payload"])
async def test_a_snapshot_is_kept_and_shown_when_it_is_asked_for(page: Page, name: str) -> None:
    checkpoint = {"taskEpoch": 2, "messages": [{"id": "m1", "text": WORDS}], "unknown": {"kept": True}}

    told = data(await page.send("snapshot", **{name: checkpoint}, updatedAt=now_ms() - 500))

    assert set(told) == {"saved", "updatedAt", "digest"} and told["saved"] is True
    assert told["digest"] == marks_of(page.session_id, checkpoint).digest
    looked = await shown(page)
    assert looked["snapshot"] == checkpoint
    assert looked["snapshotUpdatedAt"] == told["updatedAt"]
    assert looked["snapshotMeta"] == {"updatedAt": told["updatedAt"], "digest": told["digest"]}
    assert looked["resyncReason"] == "forced"
    assert "snapshot" not in await page.state(), "unless it is asked for"


async def test_a_reader_that_names_another_digest_is_told_that_it_changed(page: Page) -> None:
    told = data(await page.send("snapshot", checkpoint={"taskEpoch": 1}))

    assert (await page.state(digest="sd:00000000"))["resyncReason"] == "digest_changed"
    assert "resyncReason" not in await page.state(digest=told["digest"])


async def test_it_comes_with_the_next_opening(page: Page) -> None:
    await page.send("snapshot", checkpoint={"messages": [WORDS]}, chatSummary="hello")

    told = data(await page.send("session/open"))

    assert told["projection"]["snapshot"] == {"messages": [WORDS], "chatSummary": "hello"}


async def test_of_two_the_newer_one_stays(page: Page) -> None:
    now = now_ms()
    await page.send("snapshot", checkpoint={"n": "newer"}, updatedAt=now - 100)

    told = data(await page.send("snapshot", checkpoint={"n": "older"}, updatedAt=now - 200))

    assert told == {"saved": False, "stale": True, "checkpoint": {"n": "newer"}, "updatedAt": now - 100}
    assert (await shown(page))["snapshot"] == {"n": "newer"}
    assert data(await page.send("snapshot", checkpoint={"n": "newest"}, updatedAt=now))["saved"] is True


async def test_of_many_at_once_the_newest_stays(page: Page) -> None:
    now = now_ms()

    answers = await asyncio.gather(
        *(page.send("snapshot", checkpoint={"n": n}, updatedAt=now - 1_000 + n) for n in range(16))
    )

    assert {answer.status for answer in answers} == {200}
    assert (await shown(page))["snapshot"] == {"n": 15}


async def test_a_clock_that_is_ahead_keeps_no_later_one_out(page: Page) -> None:
    told = data(await page.send("snapshot", checkpoint={"n": 1}, updatedAt=now_ms() + 10**10))

    assert told["updatedAt"] <= now_ms()
    assert (
        data(await page.send("snapshot", checkpoint={"n": 2}, updatedAt=now_ms() + 10**10))["saved"] is True
    )


async def test_nobody_gets_another_visitor_s(page: Page) -> None:
    now = now_ms()
    await page.send("snapshot", checkpoint={"text": WORDS}, visitorId="ada", updatedAt=now)

    told = data(await page.send("snapshot", checkpoint={}, visitorId="bob", updatedAt=now - 5_000))

    assert told["saved"] is True and WORDS not in json.dumps(told)


async def test_nobody_gets_another_session_s(runtime: Runtime, shop: Site, page: Page) -> None:
    await page.send("snapshot", checkpoint={"text": WORDS}, visitorId="ada")
    other = await runtime.page(shop)

    answer = await other.send("state", includeSnapshot=True, visitorId="ada")

    assert "snapshot" not in data(answer)


async def test_it_is_sealed_where_it_is_stored(page: Page) -> None:
    await page.send("snapshot", checkpoint={"text": WORDS}, chatSummary=WORDS)

    row = await asked(Checkpoint.objects.get, pk=page.session_id)

    assert WORDS not in row.sealed and WORDS not in repr(vars(row))


async def test_one_that_a_former_secret_sealed_shows_its_marks_alone(page: Page, settings: Any) -> None:
    await page.send("snapshot", checkpoint={"text": WORDS})
    await asked(Checkpoint.objects.filter(pk=page.session_id).update, sealed="not to be opened")

    assert (await shown(page))["snapshot"] == {}
    assert data(await page.send("snapshot", checkpoint={"n": 2}))["saved"] is True


@pytest.mark.parametrize(("hours", "lives"), [(None, 1), (3, 3), (0, 1), (-5, 1), (1_000, 168), ("9", 1)])
async def test_it_lasts_for_as_many_hours_as_were_asked_for(
    page: Page, clock: Clock, hours: Any, lives: int
) -> None:
    await page.send("snapshot", checkpoint={"n": 1}, ttlHours=hours)

    row = await asked(Checkpoint.objects.get, pk=page.session_id)

    left = row.expires_at - timezone.now()
    assert timedelta(hours=lives) - timedelta(minutes=1) < left <= timedelta(hours=lives)


async def test_what_has_run_out_is_gone(page: Page) -> None:
    await page.send("snapshot", checkpoint={"text": WORDS})

    await asked(runtime_prune, now=timezone.now() + timedelta(minutes=59))
    assert (await shown(page))["snapshot"] == {"text": WORDS}
    await asked(runtime_prune, now=timezone.now() + timedelta(minutes=61))
    assert await asked(Checkpoint.objects.count) == 0


async def test_an_older_one_replaces_one_that_has_run_out(page: Page) -> None:
    now = now_ms()
    await page.send("snapshot", checkpoint={"n": 1}, updatedAt=now)
    ended = timezone.now() - timedelta(seconds=1)
    await asked(Checkpoint.objects.filter(pk=page.session_id).update, expires_at=ended)

    assert "snapshotMeta" not in await page.state()
    assert data(await page.send("snapshot", checkpoint={"n": 2}, updatedAt=now - 5_000))["saved"] is True


@pytest.mark.parametrize(
    ("size", "outcome"),
    [
        (BODY_MAX, (200, "")),
        (BODY_MAX + 1, (413, "SNAPSHOT_TOO_LARGE")),
        (3 * BODY_MAX, (413, "SNAPSHOT_TOO_LARGE")),
        (5 * BODY_MAX, (413, "PAYLOAD_TOO_LARGE")),
    ],
)
async def test_a_snapshot_has_at_most_a_mebibyte(page: Page, size: int, outcome: tuple[int, str]) -> None:
    answer = await page.send("snapshot", checkpoint={"n": "x" * (size - len('{"n":""}'))}, version=7)

    if outcome[0] == 200:
        assert data(answer)["saved"] is True
    else:
        assert refused(answer) == outcome
        assert await asked(Checkpoint.objects.count) == 0


async def test_long_lists_and_texts_are_cut_to_their_ends(page: Page) -> None:
    messages = [{"id": f"m{n}", "text": "x" * 9_000} for n in range(41)]

    await page.send("snapshot", checkpoint={"messages": messages})

    kept = (await shown(page))["snapshot"]["messages"]
    assert [each["id"] for each in kept] == [f"m{n}" for n in range(1, 41)]
    assert {len(each["text"]) for each in kept} == {8_000}


@pytest.mark.parametrize("checkpoint", [None, [], "text", 7])
async def test_a_snapshot_is_an_object(page: Page, checkpoint: Any) -> None:
    assert refused(await page.send("snapshot", checkpoint=checkpoint)) == (400, "INVALID_ARGUMENT")


async def test_one_that_is_nested_too_deeply_is_refused(page: Page) -> None:
    deep: Any = 1
    for _ in range(40):
        deep = [deep]

    assert refused(await page.send("snapshot", checkpoint={"deep": deep})) == (400, "INVALID_ARGUMENT")


async def test_what_no_database_can_keep_is_made_so_that_it_can(page: Page) -> None:
    told = data(await page.send("snapshot", checkpoint={"a\u0000b": "\ud800"}, visitorId="v"))

    assert told["saved"] is True
    assert (await shown(page))["snapshot"] == {"a\ufffdb": "\ufffd"}


# --- telemetry ---


def event(n: int = 1, **payload: Any) -> Told:
    return {"name": f"event_{n}", "ts": 1_700_000_000_000 + n, "seq": n, "payload": payload}


async def kept(page: Page) -> list[Told]:
    def read() -> list[Told]:
        rows = TelemetryEvent.objects.filter(session=page.session_id).order_by("pk")
        return [{"url": row.page_url, "run": row.run_id, **row.event} for row in rows]

    return await asked(read)


async def test_a_batch_is_kept_with_what_it_belongs_to(page: Page) -> None:
    told = data(
        await page.send(
            "telemetry/ingest",
            events=[event(1, ok=True)],
            runId="run-1",
            flushReason="interval",
            pageUrl="https://shop.example/cart?session=secret#top",
            sampleRate=0.5,
            sdkVersion="1.2.3",
        )
    )

    assert told == {"accepted": 1, "dropped": 0}
    assert await kept(page) == [{"url": "https://shop.example/cart", "run": "run-1", **event(1, ok=True)}]


async def test_the_first_eighty_events_are_kept(page: Page) -> None:
    told = data(await page.send("telemetry/ingest", events=[event(n) for n in range(100)]))

    assert told == {"accepted": EVENTS_MAX, "dropped": 20}
    assert [each["seq"] for each in await kept(page)] == list(range(EVENTS_MAX))


async def test_an_event_that_is_too_large_leaves_its_size_alone(page: Page) -> None:
    payload = {f"field{n}": "x" * 400 for n in range(20)}

    assert data(await page.send("telemetry/ingest", events=[event(1, **payload)]))["accepted"] == 1

    (found,) = await kept(page)
    assert found["payload"]["truncated"] is True and found["payload"]["bytes"] > 4_096


async def test_a_batch_keeps_sixty_four_kibibytes(page: Page) -> None:
    told = data(await page.send("telemetry/ingest", events=[event(n, text="x" * 3_000) for n in range(60)]))

    assert told["accepted"] + told["dropped"] == 60
    assert 15 <= told["accepted"] <= 64 * 1024 // 3_000


async def test_what_opens_a_door_is_not_kept(page: Page) -> None:
    secrets = {"token": "hunter2", "note": f"it was {page.token}", "url": "https://a.example/?code=hunter3"}

    await page.send("telemetry/ingest", events=[event(1, **secrets)])

    text = json.dumps(await kept(page))
    assert "hunter" not in text and page.token not in text


@pytest.mark.parametrize(
    "events", [None, "text", 7, {}, [None, 7, "x", [], {}], [{"name": 5}], [{"name": "n", "payload": [1]}]]
)
async def test_whatever_the_events_are_they_are_not_refused(page: Page, events: Any) -> None:
    told = data(await page.send("telemetry/ingest", events=events))

    assert set(told) == {"accepted", "dropped"}
    assert len(await kept(page)) == told["accepted"]


async def test_after_sixty_batches_a_minute_further_ones_are_dropped_in_silence(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_a_minute(monkeypatch)
    page.token = data(await page.send("session/open"))["sessionToken"]
    for _ in range(CALLS_PER_MINUTE):
        assert data(await page.send("telemetry/ingest", events=[event()]))["accepted"] == 1

    assert data(await page.send("telemetry/ingest", events=[event(), 7])) == {"accepted": 0, "dropped": 2}
    assert len(await kept(page)) == CALLS_PER_MINUTE


async def test_telemetry_goes_after_thirty_days(page: Page) -> None:
    await page.send("telemetry/ingest", events=[event()])

    await asked(runtime_prune, now=timezone.now() + timedelta(days=29))
    assert len(await kept(page)) == 1
    await asked(runtime_prune, now=timezone.now() + timedelta(days=31))
    assert await kept(page) == []


async def test_telemetry_needs_its_session_like_everything_else(runtime: Runtime, page: Page) -> None:
    answer = await runtime.post(f"{BASE}/telemetry/ingest", {"events": [event()]})

    assert refused(answer) == (401, "SESSION_TOKEN_INVALID")
