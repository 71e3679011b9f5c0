"""What agents say through the collector, who they are there, and what they read."""

from typing import Any

import pytest
from django.utils import timezone

from roverbook.core.visits.naming import visit_of_boundary, visit_of_page
from roverbook.models import Exposure, InterviewAnswer, Note, NotificationSettings, Post, Question, Review
from tests.roverbook.collector.conftest import Collector
from tests.tasks.sessions.steps import asked, claimed
from tests.tasks.sessions.support import Page, data, refused
from tests.tasks.streaming_fixtures import Exchange
from workspace.models import Site

pytestmark = pytest.mark.django_db(transaction=True)
SCOUT = {"key": "scout", "name": "Scout", "vendor": "Example", "model": "m1", "version": "2"}
OTHER = {"key": "other", "name": "Other"}


@pytest.fixture
async def page(book: Collector, shop: Site) -> Page:
    return await book.page(shop)


def listed(answer: Exchange) -> list[Any]:
    """The data of a success that is a list."""
    assert answer.status == 200, answer.body
    found: list[Any] = answer.json()["data"]
    return found


async def rows(model: Any) -> list[Any]:
    return await asked(lambda: list(model.objects.select_related("site").order_by("created_at", "pk")))


class TestWhatIsSaid:
    async def test_is_a_review_of_the_visit(self, book: Collector, shop: Site, page: Page) -> None:
        body = {"visitId": "v1", "rating": 4, "summary": "Good", "painPoints": "slow, odd", "agent": SCOUT}
        told = data(await book.tell(page, "reviews", body))
        assert (told["overallRating"], told["painPoints"]) == (4, ["slow", "odd"])
        (review,) = await rows(Review)
        assert (review.site, review.visit_id) == (shop, visit_of_page(page.session_id, "v1"))

    async def test_is_a_note_a_question_an_answer_a_post_a_reply_a_vote_an_exposure(
        self, book: Collector, page: Page
    ) -> None:
        say = {"agent": SCOUT, "visitId": "v1"}
        await book.tell(page, "notes", {"content": "Use the menu.", "visibility": "private", **say})
        await book.tell(page, "questions", {"text": "Was it fast?", **say})
        answers = [{"question": "How would you rate the overall experience?", "answer": "Well."}]
        answered = await book.tell(page, "interviews", {"answers": answers, **say})
        assert [each["answer"] for each in listed(answered)] == ["Well."]
        post = data(await book.tell(page, "posts", {"title": "A bug", "type": "bug_report", **say}))
        name = post["postId"]
        replied = data(await book.tell(page, f"posts/{name}/reply", {"body": "Seen.", **say}))
        voted = data(await book.tell(page, f"posts/{name}/vote", {"direction": "up", "agent": OTHER}))
        shown = {"experimentId": "x", "variantId": "a", "metadata": {"n": 1}, **say}
        await book.tell(page, "experiments/exposures", shown)
        assert replied["parentPostId"] == name
        assert (voted["upvotes"], voted["viewerVote"]) == (1, "up")
        counts = [len(await rows(model)) for model in (Note, Question, InterviewAnswer, Post, Exposure)]
        assert counts == [1, 1, 1, 2, 1]

    async def test_twice_by_the_same_id_is_said_once(self, book: Collector, page: Page) -> None:
        for path, body, model in (
            ("reviews", {"reviewId": "r1", "rating": 4}, Review),
            ("notes", {"noteId": "n1", "content": "Use the menu."}, Note),
            ("posts", {"postId": "p1", "title": "A bug"}, Post),
            (
                "experiments/exposures",
                {"exposureId": "e1", "experimentId": "x", "variantId": "a"},
                Exposure,
            ),
        ):
            first, second = [data(await book.tell(page, path, {**body, "agent": SCOUT})) for _ in range(2)]
            assert first == second
            assert len(await rows(model)) == 1

    async def test_of_personal_data_is_taken_out(self, book: Collector, page: Page) -> None:
        body = {"content": "Ask ada@example.com", "title": "Card 4111111111111111", "agent": SCOUT}
        await book.tell(page, "notes", body)
        (note,) = await rows(Note)
        assert (note.content, note.title) == ("Ask [email]", "Card [card]")

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("reviews", {"rating": 9}),
            ("notes", {"title": "no content"}),
            ("interviews", {"answers": []}),
            ("posts", {"body": "no title"}),
            ("posts/p1/vote", {"direction": "sideways"}),
            ("experiments/exposures", {"experimentId": "x"}),
            ("questions", {}),
        ],
    )
    async def test_in_no_usable_form_is_refused(
        self, book: Collector, page: Page, path: str, body: dict[str, Any]
    ) -> None:
        assert refused(await book.tell(page, path, {**body, "agent": SCOUT}))[:2] == (400, "INVALID_ARGUMENT")

    async def test_of_a_post_that_is_another_sites_is_not_found(
        self, book: Collector, page: Page, cafe: Site
    ) -> None:
        there = await book.page(cafe, url="https://cafe.example/")
        post = data(await book.tell(there, "posts", {"title": "A bug", "agent": SCOUT}))
        for path, body in (("reply", {"body": "Seen."}), ("vote", {"direction": "up"})):
            answer = await book.tell(page, f"posts/{post['postId']}/{path}", {**body, "agent": SCOUT})
            assert refused(answer) == (404, "POST_NOT_FOUND")
        assert refused(await book.read(page, f"posts/{post['postId']}/replies"))[0] == 404
        assert listed(await book.read(page, "posts")) == []


class TestWhoSpeaks:
    async def test_is_the_agent_of_the_task_that_the_session_claimed(
        self, book: Collector, page: Page
    ) -> None:
        task = await claimed(book, page, agent=SCOUT)
        await book.tell(page, "reviews", {"taskId": task["taskId"], "rating": 4})
        (review,) = await rows(Review)
        assert (review.visit_id, review.agent_key, review.agent_name) == (task["taskId"], "scout", "Scout")
        assert (review.agent_trust, review.agent_source) == ("self_reported", "public_task_agent")
        assert review.agent_memory_key == "self:scout"

    async def test_is_that_of_the_newest_run_where_none_is_named(self, book: Collector, page: Page) -> None:
        task = await claimed(book, page, agent=SCOUT)
        await page.ask(task["prompt"], taskId=task["taskId"])
        await book.tell(page, "notes", {"content": "Use the menu."})
        (note,) = await rows(Note)
        assert (note.visit_id, note.agent_memory_key) == (task["taskId"], "self:scout")

    async def test_is_whoever_a_webmcp_call_names_and_that_is_only_its_word(
        self, book: Collector, page: Page
    ) -> None:
        task = await claimed(book, page, agent=SCOUT)
        await page.ask(task["prompt"], taskId=task["taskId"])
        await book.tell(
            page, "notes", {"content": "Use the menu.", "agent": {**OTHER, "trust": "verified_signed"}}
        )
        (note,) = await rows(Note)
        assert (note.agent_key, note.agent_name) == ("other", "Other")
        assert (note.agent_trust, note.agent_source) == ("self_reported", "webmcp_agent")

    async def test_is_no_agent_that_headers_of_a_page_name(self, book: Collector, page: Page) -> None:
        await book.tell(
            page,
            "experiments/exposures",
            {"experimentId": "x", "variantId": "a"},
            x_rtrvr_agent_key="scout",
            user_agent="Mozilla/5.0",
        )
        (exposure,) = await rows(Exposure)
        assert exposure.agent_key != "scout"
        assert exposure.agent_trust == "heuristic"

    async def test_is_not_the_agent_of_anothers_task(self, book: Collector, page: Page, cafe: Site) -> None:
        there = await book.page(cafe, url="https://cafe.example/")
        task = await claimed(book, there, url="https://cafe.example/", agent=SCOUT)
        await book.tell(page, "experiments/exposures", {
            "experimentId": "x", "variantId": "a", "taskId": task["taskId"], "agentKey": "",
        })  # fmt: skip
        (exposure,) = await rows(Exposure)
        assert (exposure.agent_key, exposure.visit_id) != ("scout", task["taskId"])
        assert exposure.visit_id == visit_of_page(page.session_id, task["taskId"])

    async def test_without_an_agent_speaks_of_the_runs_visit(self, book: Collector, page: Page) -> None:
        await page.ask(taskBoundaryId="b1")
        await book.tell(page, "experiments/exposures", {"experimentId": "x", "variantId": "a"})
        (exposure,) = await rows(Exposure)
        assert exposure.visit_id == visit_of_boundary(page.session_id, "b1", page.run_id)


class TestWhatIsRead:
    async def test_of_private_notes_are_the_callers_own(self, book: Collector, page: Page) -> None:
        for agent, content in ((SCOUT, "mine"), (OTHER, "theirs")):
            await book.tell(page, "notes", {"content": content, "visibility": "private", "agent": agent})
        found = listed(await book.read(page, "notes?agentKey=scout"))
        assert [(note["content"], note["visibility"]) for note in found] == [("mine", "private")]
        assert listed(await book.read(page, "notes")) == []

    async def test_of_notes_names_no_memory_and_of_others_no_key(
        self, book: Collector, shop: Site, page: Page
    ) -> None:
        await asked(
            NotificationSettings.objects.create,
            site=shop,
            shared_access="read_write_shared",
            trusts_notes=True,
            updated_at=timezone.now(),
        )
        await book.tell(page, "notes", {"content": "Use the menu.", "visibility": "shared", "agent": SCOUT})
        await asked(Note.objects.update, moderation="approved")
        (mine,) = listed(await book.read(page, "notes?agentKey=scout"))
        (theirs,) = listed(await book.read(page, "notes?agentKey=other"))
        assert (mine["agentKey"], mine["agentName"]) == ("scout", "Scout")
        assert "agentKey" not in theirs
        assert "agentMemoryKey" not in {*mine, *theirs}

    async def test_of_the_board_comes_by_pages(self, book: Collector, page: Page) -> None:
        for title in ("one", "two", "three"):
            await book.tell(page, "posts", {"title": title, "agent": SCOUT})
        first = (await book.read(page, "posts?sort=new&limit=2")).json()
        second = (await book.read(page, f"posts?sort=new&limit=2&cursor={first['nextCursor']}")).json()
        assert [post["title"] for post in (*first["data"], *second["data"])] == ["three", "two", "one"]
        assert "nextCursor" not in second
        assert not any("agentKey" in post for post in first["data"])

    async def test_of_replies_is_the_oldest_first(self, book: Collector, page: Page) -> None:
        post = data(await book.tell(page, "posts", {"title": "one", "agent": SCOUT}))["postId"]
        for body in ("first", "second"):
            await book.tell(page, f"posts/{post}/reply", {"body": body, "agent": SCOUT})
        found = listed(await book.read(page, f"posts/{post}/replies"))
        assert [reply["body"] for reply in found] == ["first", "second"]

    @pytest.mark.parametrize(
        "path",
        [
            "posts?sort=loud",
            "posts?type=poem",
            "posts?limit=0",
            "posts?cursor=x",
            "notes?visibility=all",
            "analytics?range=9000d",
        ],
    )
    async def test_in_no_usable_way_is_refused(self, book: Collector, page: Page, path: str) -> None:
        assert refused(await book.read(page, path)) == (400, "INVALID_ARGUMENT")

    async def test_of_a_site_without_visits_is_that_there_are_none(
        self, book: Collector, shop: Site, page: Page
    ) -> None:
        assert (await book.read(page, "scores")).json() == {"success": True, "data": None}
        told = data(await book.read(page, "analytics?range=7d"))
        days = told.pop("visitsByDay")
        assert told == {
            "siteId": shop.public_id,
            "totalVisits": 0,
            "successRate": None,
            "avgSteps": None,
            "avgDurationMs": None,
            "pathTransitions": [],
            "toolUsage": [],
        }
        assert (len(days), {day["total"] for day in days}) == (7, {0})
