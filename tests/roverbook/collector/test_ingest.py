"""Events of visits, as pages tell them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from roverbook.core.visits.naming import visit_of_boundary, visit_of_page
from roverbook.models import CollectedEvent, Visit
from tests.roverbook.collector.conftest import BASE, Collector, bearer, collected, event
from tests.tasks.sessions.steps import asked, claimed
from tests.tasks.sessions.support import data, refused
from workspace.models import Site

pytestmark = pytest.mark.django_db(transaction=True)


async def test_an_event_is_kept_as_it_was_told(book: Collector, shop: Site) -> None:
    page = await book.page(shop)
    ts = int((timezone.now() - timedelta(minutes=5)).timestamp() * 1_000)
    told = event(
        type="tool_result",
        visitId="v1",
        ts=ts,
        pageUrl="https://shop.example/cart",
        toolName="click_element",
        target="#buy",
        stepType="click",
        durationMs=340,
        success=False,
        errorMessage="It is covered.",
        summary="Buy",
        payload={"args": {"element_id": 4}},
    )
    assert data(await book.ingest(page, told)) == {"accepted": 1, "known": 0}
    (row,) = await collected()
    assert (row.site, row.session_id, row.host) == (shop, page.session_id, "shop.example")
    assert (row.event_id, row.type, row.local_visit_id) == ("e1", "tool_result", "v1")
    assert (row.task_id, row.run_id) == (None, "")
    assert row.visit_id == visit_of_page(page.session_id, "v1")
    assert row.at == datetime.fromtimestamp(ts / 1_000, UTC)
    assert row.data == {
        "pageUrl": "https://shop.example/cart",
        "summary": "Buy",
        "stepType": "click",
        "toolName": "click_element",
        "target": "#buy",
        "durationMs": 340,
        "success": False,
        "errorMessage": "It is covered.",
        "payload": {"args": {"element_id": 4}},
    }


async def test_told_again_it_is_known_and_stays_as_it_was(book: Collector, shop: Site) -> None:
    page = await book.page(shop)
    await book.ingest(page, event(summary="first"))
    again = await book.ingest(page, event(summary="second"), event("e2"), event("e2"))
    assert data(again) == {"accepted": 1, "known": 2}
    assert [(row.event_id, row.data.get("summary")) for row in await collected()] == [
        ("e1", "first"),
        ("e2", None),
    ]


async def test_another_sessions_event_of_the_same_name_is_another(book: Collector, shop: Site) -> None:
    one, other = await book.page(shop), await book.page(shop)
    for page in (one, other):
        assert data(await book.ingest(page, event(visitId="v1")))["accepted"] == 1
    assert len({row.visit_id for row in await collected()}) == 2


async def test_the_old_path_and_a_body_of_text_with_its_token_will_do(book: Collector, shop: Site) -> None:
    page = await book.page(shop)
    body = {"events": [event()], "sessionToken": page.token}
    answer = await book.post(
        "/roverbookRouter/events/ingest", json.dumps(body).encode(), content_type="text/plain"
    )
    assert (answer.status, answer.json()["success"]) == (200, True)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert len(await collected()) == 1


class TestWhatABodySays:
    async def test_of_site_host_and_session_counts_for_nothing(
        self, book: Collector, shop: Site, cafe: Site
    ) -> None:
        page, other = await book.page(shop), await book.page(cafe, url="https://cafe.example/")
        lies: dict[str, Any] = {
            "siteId": cafe.public_id,
            "host": "cafe.example",
            "sessionId": other.session_id,
        }
        answer = await book.tell(
            page,
            "events/ingest",
            {"events": [event(**lies)], **lies},
            x_rover_site_id=cafe.public_id,
            x_rover_host="cafe.example",
        )
        assert answer.status == 200
        (row,) = await collected()
        assert (row.site, row.host, row.session_id) == (shop, "shop.example", page.session_id)

    async def test_of_personal_data_is_taken_out(self, book: Collector, shop: Site) -> None:
        page = await book.page(shop)
        told = event(
            summary="Paid with 4111 1111 1111 1111",
            target="input[value='ada@example.com']",
            errorMessage="Call +44 20 7946 0958",
            payload={"args": {"text": "ada@example.com", "ada@example.com": ["4111111111111111"]}},
            pageUrl="https://ada:secret@shop.example/of/ada@example.com?token=1#frag",
        )
        await book.ingest(page, told)
        (row,) = await collected()
        assert row.data == {
            "summary": "Paid with [card]",
            "target": "input[value='[email]']",
            "errorMessage": "Call [phone]",
            "payload": {"args": {"text": "[email]", "[email]": ["[card]"]}},
            "pageUrl": "https://shop.example/of/[email]",
        }

    async def test_of_the_time_is_believed_within_a_day(self, book: Collector, shop: Site) -> None:
        page = await book.page(shop)
        before = timezone.now()
        await book.ingest(page, event("past", ts=0), event("future", ts=9 * 10**15), event("none"))
        after = timezone.now()
        past, future, none = await collected()
        day = timedelta(days=1)
        assert before - day <= past.at <= after - day
        assert before + day <= future.at <= after + day
        assert before <= none.at <= after

    @pytest.mark.parametrize(
        ("told", "kept"),
        [
            ({"summary": 7, "target": ["x"], "success": "yes", "durationMs": -1, "payload": "x"}, {}),
            ({"summary": "a\x00\x1b[31m\u202eb" + "c" * 300}, {"summary": "ab" + "c" * 238}),
            ({"toolName": "t" * 999}, {"toolName": "t" * 200}),
            ({"pageUrl": "javascript:alert(1)"}, {}),
            ({"pageUrl": "data:text/html,x"}, {}),
            ({"payload": {"text": "x" * 5_000}}, {}),
            ({"payload": json.loads('{"a":' * 40 + "1" + "}" * 40)}, {}),
            (
                {"payload": {"half": "\ud800", "nul": "\x00"}},
                {"payload": {"half": "\ufffd", "nul": "\ufffd"}},
            ),
            ({"durationMs": 12.7}, {"durationMs": 12}),
        ],
        ids=lambda value: json.dumps(value)[:40] if isinstance(value, dict) else "",
    )
    async def test_of_an_event_is_cut_or_left_out_where_it_is_odd(
        self, book: Collector, shop: Site, told: dict[str, Any], kept: dict[str, Any]
    ) -> None:
        page = await book.page(shop)
        assert data(await book.ingest(page, event(**told)))["accepted"] == 1
        (row,) = await collected()
        assert row.data == kept


class TestAVisit:
    async def test_of_a_claimed_task_is_that_of_the_task(self, book: Collector, shop: Site) -> None:
        page = await book.page(shop)
        task = await claimed(book, page, agent={"key": "scout", "name": "Scout"})
        await book.ingest(page, event("e1", taskId=task["taskId"]), event("e2"), visitId=task["taskId"])
        rows = await collected()
        assert [row.visit_id for row in rows] == [task["taskId"]] * 2
        assert {(row.agent_key, row.agent_trust) for row in rows} == {("scout", "self_reported")}
        assert rows[0].task_id is not None

    async def test_of_a_run_is_that_behind_its_boundary_by_either_name(
        self, book: Collector, shop: Site
    ) -> None:
        page = await book.page(shop)
        await page.ask(taskBoundaryId="b1")
        await book.ingest(
            page,
            event("by-run", runId=page.run_id),
            event("by-task", taskId=page.run_id, visitId="anything"),
            event("by-boundary", taskBoundaryId="b1"),
        )
        rows = await collected()
        assert {row.visit_id for row in rows} == {visit_of_boundary(page.session_id, "b1", page.run_id)}
        assert [row.run_id for row in rows] == [page.run_id] * 3

    async def test_of_a_run_that_carries_a_task_out_is_that_of_the_task(
        self, book: Collector, shop: Site
    ) -> None:
        page = await book.page(shop)
        task = await claimed(book, page)
        await page.ask(task["prompt"], taskId=task["taskId"], taskBoundaryId="b1")
        await book.ingest(page, event("e1", runId=page.run_id), event("e2", taskBoundaryId="b1"))
        assert [row.visit_id for row in await collected()] == [task["taskId"]] * 2

    async def test_told_of_before_its_run_is_known_is_the_same_one(self, book: Collector, shop: Site) -> None:
        page = await book.page(shop)
        await book.ingest(page, event("early", taskBoundaryId="b1"))
        await page.ask(taskBoundaryId="b1")
        await book.ingest(page, event("late", runId=page.run_id))
        early, late = await collected()
        assert early.visit_id == late.visit_id

    async def test_of_anothers_task_or_run_is_only_the_pages_own_word(
        self, book: Collector, shop: Site, cafe: Site
    ) -> None:
        theirs = await book.page(cafe, url="https://cafe.example/")
        task = await claimed(book, theirs, url="https://cafe.example/")
        await theirs.ask(task["prompt"], taskId=task["taskId"], taskBoundaryId="b1")
        unclaimed = await book.create()
        page = await book.page(shop)
        names = {
            "task": {"taskId": task["taskId"]},
            "visit": {"visitId": task["taskId"]},
            "run": {"runId": theirs.run_id},
            "boundary": {"taskBoundaryId": "b1"},
            "unclaimed": {"taskId": unclaimed["id"]},
        }
        await book.ingest(page, *(event(name, **told) for name, told in names.items()))
        rows = await collected()
        assert [row.event_id for row in rows] == list(names)
        stolen = {task["taskId"], unclaimed["id"], visit_of_boundary(theirs.session_id, "b1", theirs.run_id)}
        assert not {row.visit_id for row in rows} & stolen
        assert {(row.task_id, row.run_id, row.site_id) for row in rows} == {(None, "", shop.pk)}


class TestTheWholeVisit:
    async def whole(self, book: Collector, page: Any, count: int, entry: str) -> None:
        visit = {"eventCount": count, "entryUrl": f"https://shop.example/{entry}"}
        assert (await book.ingest(page, visitId="v1", visit=visit)).status == 200

    async def test_is_as_the_one_has_it_that_knew_of_the_most_events(
        self, book: Collector, shop: Site
    ) -> None:
        page = await book.page(shop)
        for count, entry in ((2, "two"), (5, "five"), (3, "three"), (5, "again")):
            await self.whole(book, page, count, entry)
        (row,) = await collected(type="visit")
        assert row.data == {"eventCount": 5, "entryUrl": "https://shop.example/five"}
        assert row.visit_id == visit_of_page(page.session_id, "v1")

    async def test_that_has_ended_takes_late_events_alone(self, book: Collector, shop: Site) -> None:
        page = await book.page(shop)
        await self.whole(book, page, 2, "two")
        now = timezone.now()
        name = visit_of_page(page.session_id, "v1")
        await asked(
            Visit.objects.create,
            id=name,
            site=shop,
            started_at=now,
            last_event_at=now,
            ended_at=now,
            finalized_at=now,
        )
        await self.whole(book, page, 9, "nine")
        await book.ingest(page, event("late", visitId="v1"))
        rows = await collected(visit_id=name)
        assert [(row.type, row.data.get("eventCount")) for row in rows] == [("visit", 2), ("status", None)]


class TestBounds:
    async def test_a_hundred_events_and_no_more(self, book: Collector, shop: Site) -> None:
        page = await book.page(shop)
        full = [event(f"e{number}") for number in range(100)]
        assert data(await book.ingest(page, *full))["accepted"] == 100
        answer = await book.ingest(page, *full, event("one-more"))
        assert refused(answer) == (400, "INVALID_ARGUMENT")
        assert [error["field"] for error in answer.json()["data"]["errors"]] == ["events"]
        assert await asked(CollectedEvent.objects.count) == 100

    async def test_256_kib_and_no_more(self, book: Collector, shop: Site) -> None:
        page = await book.page(shop)
        body = json.dumps({"events": [event(payload={"text": "x" * 256 * 1024})]}).encode()
        assert refused(await book.tell(page, "events/ingest", body))[0] == 413
        assert await collected() == []

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"events": [{"type": "status"}]}, "events[0].eventId"),
            ({"events": [{"eventId": "e1"}]}, "events[0].type"),
            ({"events": [{"eventId": "e1", "type": "visit"}]}, "events[0].type"),
            ({"events": [{"eventId": "x" * 201, "type": "status"}]}, "events[0].eventId"),
            ({"events": [7]}, "events[0]"),
            ({"events": {}}, "events"),
            ({"visit": []}, "visit"),
            ({"visitId": {}}, "visitId"),
            ([], ""),
            (b"{", ""),
        ],
        ids=lambda value: str(value)[:30],
    )
    async def test_what_is_no_batch_is_refused_and_named(
        self, book: Collector, shop: Site, body: Any, field: str
    ) -> None:
        page = await book.page(shop)
        answer = await book.tell(page, "events/ingest", body)
        assert refused(answer) == (400, "INVALID_ARGUMENT")
        assert answer.json()["data"]["errors"][0]["field"] == field
        assert await collected() == []

    async def test_sixty_writes_a_minute_of_a_session_of_whatever_kind(
        self, book: Collector, shop: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)
        page = await book.page(shop)
        monkeypatch.setattr("roverbook.services.collecting.WRITES_PER_MINUTE", 3)
        monkeypatch.setattr("roverbook.collector.answers.timezone.now", lambda: now)
        monkeypatch.setattr("roverbook.collector.answers.session_present", _lasting)
        body = {"experimentId": "x", "variantId": "a"}
        for path in ("events/ingest", "experiments/exposures", "events/ingest"):
            assert (await book.tell(page, path, body)).status == 200
        answer = await book.tell(page, "experiments/exposures", body)
        assert refused(answer) == (429, "RATE_LIMITED")
        assert answer.headers["retry-after"] == "53"
        assert (await book.read(page, "scores")).status == 200
        other = await book.page(shop)
        assert (await book.ingest(other, event())).status == 200
        monkeypatch.setattr("roverbook.collector.answers.timezone.now", lambda: now + timedelta(seconds=53))
        assert (await book.ingest(page, event("e9"))).status == 200


def _lasting(token: str, *, session_id: str | None, now: datetime) -> Any:
    """The session of a token, at the real time, while the collector's own clock stands still."""
    from tasks.services.runtime.sessions import session_present

    return session_present(token, session_id=session_id, now=timezone.now())


class TestWhoMayTell:
    async def test_nobody_without_a_token(self, book: Collector, shop: Site) -> None:
        answer = await book.post(f"{BASE}/events/ingest", {"events": [event()]})
        assert refused(answer) == (401, "SESSION_TOKEN_INVALID")

    async def test_nobody_by_the_token_of_a_stream(self, book: Collector, shop: Site) -> None:
        page = await book.page(shop)
        page.token = page.opened["streamToken"]
        assert refused(await book.ingest(page, event())) == (403, "PERMISSION_DENIED")
        for path in ("scores", "analytics", "notes", "posts", "posts/p1/replies"):
            assert refused(await book.read(page, path)) == (403, "PERMISSION_DENIED")
        answer = await book.get(f"{BASE}/notes?sessionToken={page.token}")
        assert refused(answer)[0] == 403

    async def test_no_page_that_names_another_session(self, book: Collector, shop: Site) -> None:
        page, other = await book.page(shop), await book.page(shop)
        answer = await book.tell(page, "events/ingest", {"events": []}, x_rover_session_id=other.session_id)
        assert refused(answer) == (403, "PERMISSION_DENIED")

    async def test_no_session_that_was_closed(self, book: Collector, shop: Site) -> None:
        page = await book.page(shop)
        await page.send("session/close")
        assert refused(await book.ingest(page, event())) == (401, "SESSION_TOKEN_INVALID")

    async def test_no_method_but_those_of_the_path(self, book: Collector, shop: Site) -> None:
        page = await book.page(shop)
        answer = await book.read(page, "events/ingest")
        assert (answer.status, answer.headers["allow"]) == (405, "POST, OPTIONS")
        preflight = await book.call("OPTIONS", f"{BASE}/notes")
        assert preflight.status == 204
        assert "X-Rover-Session-Id" in preflight.headers["access-control-allow-headers"]

    async def test_a_bearer_token_counts_before_the_bodys(self, book: Collector, shop: Site) -> None:
        page, other = await book.page(shop), await book.page(shop)
        body = {"events": [event()], "sessionToken": other.token}
        await book.post(f"{BASE}/events/ingest", body, **bearer(page))
        assert [row.session_id for row in await collected()] == [page.session_id]
