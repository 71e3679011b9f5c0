"""One visit: its way step by step, what was said of it, and what is beside it."""

import json
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from lxml import html

from roverbook.models import InterviewAnswer, Note, Visit
from roverbook.selectors.visits import STEPS_SHOWN
from tests.roverbook.pages.support import (
    add_move,
    add_review,
    add_step,
    ago,
    book_path,
    links_of,
    make_visit,
    text_of,
    visit_path,
)
from tests.tasks.agents.owners_view import browser_of, shown, start, task_path
from tests.tasks.agents.support import make_owner, make_site
from tests.tasks.visitors import visit as open_session
from workspace.models import Site

pytestmark = pytest.mark.django_db
ROWS = "//ol[contains(@class, 'rb-waterfall')]/li"
REPLAY = "//section[@id='replay']"


class TestItsHead:
    def test_tells_wish_outcome_agent_and_score(self, shop: Site, browser: Client) -> None:
        visit = make_visit(
            shop, outcome="failure", error="No kettle left", agent_vendor="Acme", backtrack_count=2,
            error_count=1, steps=3, is_swept=True,
        )  # fmt: skip
        page = shown(browser, visit_path(visit))
        [head] = text_of(page, "//section[contains(@class, 'rv-task-head')]")
        for told in (
            "failed 30 critical", "Find the blue kettle", "“Harbour Scout” “” self-reported", "Acme",
            "No kettle left", "3, 1 error, went back 2 times", "by the API for agents", visit.pk,
        ):  # fmt: skip
            assert told in head, told
        assert "after nothing was heard for a while" in head

    def test_links_the_task_and_the_session_it_is_made_from(self, shop: Site, browser: Client) -> None:
        task, visitor = start(), open_session(shop)
        of_task = make_visit(shop, task_id=task.pk)
        assert task_path(shop, task) in shown(browser, visit_path(of_task))
        of_session = make_visit(shop, session_id=visitor.session_id)
        path = f"/workspace/sites/{shop.public_id}/sessions/{visitor.session_id}/"
        assert path in shown(browser, visit_path(of_session))

    def test_links_nothing_that_is_gone_or_of_another_site(self, shop: Site, browser: Client) -> None:
        cafe = make_site("cafe.example", owner=make_owner("barista"))
        task = start("https://cafe.example/")
        visit = make_visit(shop, task_id=task.pk, session_id=open_session(cafe).session_id)
        page = shown(browser, visit_path(visit))
        assert "The agent’s task" not in page and "The session" not in page

    def test_masks_what_opens_a_door(self, shop: Site, browser: Client) -> None:
        token = "rvo_" + "a" * 43
        visit = make_visit(shop, prompt=f"Use {token}", error=f"bad {token}")
        add_step(visit, args={"text": token}, target=token, error=token, result="error")
        assert token not in shown(browser, visit_path(visit))


class TestTheWay:
    @pytest.fixture
    def visit(self, shop: Site) -> Visit:
        visit = make_visit(shop, steps=2, outcome="failure")
        add_step(visit, action="rover_back", type="backtrack", at=visit.started_at + timedelta(seconds=2))
        add_step(
            visit, action="submit", target="#pay", result="error", error="button has no name",
            at=visit.started_at + timedelta(seconds=3), duration_ms=1_000, args={"force": True},
        )  # fmt: skip
        add_step(visit, action="wait_for", result="pending", duration_ms=None)
        return visit

    def test_names_what_failed_and_what_went_back(self, browser: Client, visit: Visit) -> None:
        rows = text_of(shown(browser, visit_path(visit)), ROWS)
        assert len(rows) == 5
        assert "went back" in rows[2] and "failed button has no name" in rows[3]
        assert "no answer" in rows[4] and rows[4].endswith("…")
        assert not any("failed" in row for row in rows[:3])

    def test_bars_lie_where_the_steps_were(self, browser: Client, visit: Visit) -> None:
        page = shown(browser, visit_path(visit))
        found = html.fromstring(page).xpath(f"{ROWS}//*[local-name()='rect'][not(@y)]")
        bars = [(bar.get("x"), bar.get("width"), bar.get("class")) for bar in found]
        assert bars[0] == ("0.00%", "12.50%", "rb-success")
        assert bars[3] == ("75.00%", "25.00%", "rb-failure")

    def test_is_replayed_by_links(self, browser: Client, visit: Visit) -> None:
        page = shown(browser, visit_path(visit), step="4")
        assert text_of(page, f"{REPLAY}//h2") == ["Step 4 of 5"]
        [told] = text_of(page, REPLAY)
        for part in ("submit", "failed", "+3 s, took 1 s", "#pay", "button has no name", '"force": true'):
            assert part in told, part
        links = links_of(page, f"{REPLAY}//nav/a")
        assert links == ["?step=3#replay", "?step=5#replay"]
        first = browser.get(visit_path(visit) + "?step=1").content.decode()
        assert links_of(first, f"{REPLAY}//nav/a") == ["?step=2#replay"]
        assert text_of(page, "//*[@aria-current='step']") == ["4submit"]

    @pytest.mark.parametrize("step", ["0", "99", "x", "-1", "1e3", "９"])
    def test_a_step_that_is_not_there_is_the_first(self, browser: Client, visit: Visit, step: str) -> None:
        page = shown(browser, visit_path(visit), step=step)
        assert text_of(page, f"{REPLAY}//h2") in (["Step 1 of 5"], [])

    def test_a_long_one_comes_in_parts(self, shop: Site, browser: Client) -> None:
        visit = make_visit(shop, steps=STEPS_SHOWN + 5)
        assert len(text_of(shown(browser, visit_path(visit)), ROWS)) == STEPS_SHOWN
        page = shown(browser, visit_path(visit), step=str(STEPS_SHOWN + 1))
        assert len(text_of(page, ROWS)) == 5
        assert text_of(page, f"{REPLAY}//h2") == [f"Step {STEPS_SHOWN + 1} of {STEPS_SHOWN + 5}"]

    def test_without_a_step_there_is_nothing_to_replay(self, shop: Site, browser: Client) -> None:
        page = shown(browser, visit_path(make_visit(shop)))
        assert "It ended without a step." in page and text_of(page, REPLAY) == []


class TestWhatWasSaid:
    def test_each_word_says_whose_it_is(self, shop: Site, browser: Client) -> None:
        visit = make_visit(shop)
        add_review(visit, "derived", "It took 3 steps.", pain_points=["slow"])
        add_review(visit, "agent_authored", "I liked it.")
        said = {"site": shop, "visit_id": visit.pk, "created_at": ago(seconds=1)}
        InterviewAnswer.objects.create(
            id="ans_1", question_id="q", question="Hardest?", answer="The cart", sentiment="neutral",
            provenance="derived", **said,
        )  # fmt: skip
        Note.objects.create(
            id="note_1", type="tip", content="Behind the menu", visibility="private", updated_at=ago(),
            provenance="agent_authored", **said,
        )  # fmt: skip
        words = text_of(shown(browser, visit_path(visit)), "//article")
        assert len(words) == 4
        for told in words:
            is_derived = "It took 3 steps." in told or "The cart" in told
            assert ("derived by Rover" in told) == is_derived
            assert ("the agent’s own words" in told) == (not is_derived)

    def test_words_of_another_site_about_the_same_visit_are_not_shown(
        self, shop: Site, browser: Client
    ) -> None:
        visit = make_visit(shop)
        add_review(make_visit(make_site("cafe.example", owner=make_owner("barista"))), "derived", "Zebulon")
        assert "Zebulon" not in shown(browser, visit_path(visit))

    def test_pages_and_ways_between_them_are_told(self, shop: Site, browser: Client) -> None:
        visit = make_visit(shop, pages_visited=["https://shop.example/a", "javascript:alert(1)"])
        add_move(visit, "/a", "/b", 3)
        page = shown(browser, visit_path(visit))
        assert "https://shop.example/a" in links_of(page, "//a")
        assert not any(link.startswith("javascript") for link in links_of(page, "//a"))
        assert "/a → /b 3 times" in " ".join(text_of(page, "//details//li"))


class TestBesideIt:
    def test_newer_and_older_are_those_of_the_filter(self, shop: Site, browser: Client) -> None:
        bad = [make_visit(shop, outcome="failure", started_at=ago(hours=n)) for n in (1, 3, 5)]
        for n in (0, 2, 4, 6):
            make_visit(shop, started_at=ago(hours=n))
        page = shown(browser, visit_path(bad[1]), q="outcome:failure")
        [newer, older] = links_of(page, "//nav[contains(@class, 'rb-beside')]/a")
        assert urlsplit(newer).path == visit_path(bad[0]) and urlsplit(older).path == visit_path(bad[2])
        assert parse_qs(urlsplit(newer).query) == {"q": ["outcome:failure"]}
        assert "2 of 3" in page

    def test_the_ends_lead_nowhere(self, shop: Site, browser: Client) -> None:
        page = shown(browser, visit_path(make_visit(shop)))
        assert links_of(page, "//nav[contains(@class, 'rb-beside')]/a") == []

    def test_another_sites_visit_is_not_there(self, shop: Site, browser: Client) -> None:
        other = make_visit(make_site("cafe.example", owner=make_owner("barista")))
        for page in ("", "json/"):
            assert browser.get(book_path(shop, f"visits/{other.pk}/{page}")).status_code == 404
            assert browser_of(make_owner("stranger")).get(visit_path(other, page)).status_code == 404
        assert browser.get(book_path(shop, "visits/nothing/")).status_code == 404


class TestWhileItGoesOn:
    def test_the_page_asks_again_and_is_told_when_nothing_changed(self, shop: Site, browser: Client) -> None:
        visit = make_visit(shop, outcome="", steps=1)
        page = shown(browser, visit_path(visit), step="1")
        [mark] = re.findall(r'data-mark="(\w+)"', page)
        assert f'data-poll="{visit_path(visit)}?step=1"' in page
        assert browser.get(visit_path(visit), {"unless": mark}).status_code == 204
        Visit.objects.filter(pk=visit.pk).update(n_events=9)
        assert browser.get(visit_path(visit), {"unless": mark}).status_code == 200

    def test_one_that_ended_is_asked_no_more(self, shop: Site, browser: Client) -> None:
        assert "data-poll" not in shown(browser, visit_path(make_visit(shop)))


class TestItsFile:
    def test_holds_every_step(self, shop: Site, browser: Client) -> None:
        visit = make_visit(shop, steps=4)
        response = browser.get(visit_path(visit, "json/"))
        record = json.loads(response.content)
        assert record["visitId"] == visit.pk and record["siteId"] == shop.public_id
        assert [step["number"] for step in record["trajectory"]] == [1, 2, 3, 4]
        assert f'filename="{visit.pk}.json"' in response.headers["Content-Disposition"]
        assert "no-store" in response.headers["Cache-Control"]
