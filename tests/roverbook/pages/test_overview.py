"""How agents fare on a site, at a glance."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from roverbook.models import DriftAlert, Note, Visit
from roverbook.services.drifting import drift_alert_dismiss
from tests.roverbook.pages.support import (
    add_issue,
    add_score,
    ago,
    book_path,
    links_of,
    make_visit,
    text_of,
    wishes,
)
from tests.tasks.agents.owners_view import browser_of, member_of, shown
from tests.tasks.agents.support import make_owner, make_site
from workspace.models import AuditEntry, Site
from workspace.services.audit import SYSTEM
from workspace.services.sites import site_archive

pytestmark = pytest.mark.django_db


def part(page: str, title: str) -> str:
    """The text of the section with this title."""
    [found] = text_of(page, f"//section[@aria-labelledby='{title}']")
    return found


def make_alert(site: Site, **given: object) -> DriftAlert:
    told = {"path": "/cart", "tool": "click", "rate": 0.4, "baseline": 0.05, "calls": 30}
    return DriftAlert.objects.create(site=site, began_at=ago(hours=3), seen_at=ago(hours=1), **(told | given))


class TestBeforeTheFirstVisit:
    def test_says_what_to_do(self, shop: Site, browser: Client) -> None:
        page = shown(browser, book_path(shop))
        assert "No agent has visited Site shop.example yet." in page
        assert f"/workspace/sites/{shop.public_id}/install/" in page
        assert "/v1/tasks" in page and "https://shop.example/" in page

    def test_another_sites_visits_do_not_count(self, shop: Site, browser: Client) -> None:
        make_visit(make_site("cafe.example", owner=make_owner("barista")))
        assert "No agent has visited" in shown(browser, book_path(shop))


class TestTheScore:
    def test_comes_with_its_tone_its_parts_and_how_it_moved(self, shop: Site, browser: Client) -> None:
        make_visit(shop)
        add_score(shop, 40, 60.0, efficiency=80.0)
        add_score(shop, 0, 74.4, efficiency=50.0, accessibility=None)
        page = shown(browser, book_path(shop))
        assert "74 of 100 healthy +14 since" in part(page, "score-title")
        why = part(page, "why-title")
        assert "Task completion 74 +14" in why
        assert "Efficiency 50 −30 lowest" in why
        assert "Accessibility nothing can be said" in why

    def test_none_of_equal_parts_is_the_lowest(self, shop: Site, browser: Client) -> None:
        make_visit(shop)
        add_score(shop, 0, 80.0, efficiency=80.0)
        assert "lowest" not in part(shown(browser, book_path(shop)), "why-title")

    def test_without_one_no_data_is_no_bad_score(self, shop: Site, browser: Client) -> None:
        make_visit(shop, outcome="")
        page = shown(browser, book_path(shop))
        assert "No data yet" in part(page, "score-title") and "critical" not in page

    def test_of_few_visits_is_provisional(self, shop: Site, browser: Client) -> None:
        make_visit(shop)
        add_score(shop, 0, 90.0, is_provisional=True, total_visits=2)
        assert "Provisional: too few visits to trust." in part(shown(browser, book_path(shop)), "score-title")

    def test_its_days_are_drawn_and_in_a_table(self, shop: Site, browser: Client) -> None:
        make_visit(shop)
        for days_ago, overall in ((3, 40.0), (2, 50.0), (1, None), (0, 60.0)):
            add_score(shop, days_ago, overall, is_provisional=days_ago > 1)
        page = shown(browser, book_path(shop))
        table = "//section[@aria-labelledby='score-title']//td"
        assert text_of(page, table) == ["60", "–", "50 provisional", "40 provisional"]
        assert page.count("rb-unsure") == 1 and page.count("rb-trend-dot") == 1

    def test_is_on_the_sites_own_overview(self, shop: Site, browser: Client) -> None:
        path = f"/workspace/sites/{shop.public_id}/"
        assert "How agents fare" not in shown(browser, path)
        add_score(shop, 0, 20.0, critical_issues=1)
        assert "20 critical From 40 visits" in part(shown(browser, path), "rb-card-title")
        assert "1 critical issue." in shown(browser, path)
        site_archive(actor=SYSTEM, site=shop, now=ago())
        assert "How agents fare" not in shown(browser, path)


class TestFigures:
    def test_are_told_with_their_change(self, shop: Site, browser: Client) -> None:
        for _ in range(6):
            make_visit(shop, steps=0, total_steps=4)
        for _ in range(6):
            make_visit(shop, outcome="failure", total_steps=4)
        for n in range(8):
            make_visit(
                shop, started_at=ago(days=10), total_steps=8, total_duration_ms=6_000,
                outcome="success" if n else "failure",
            )  # fmt: skip
        page = shown(browser, book_path(shop), days="7")
        assert text_of(page, "//dl[@class='rb-figures']/div") == [
            "visits12 change: +50 %",
            "success rate50 % change: −38 points",
            "steps per visit4.0 change: −4.0",
            "time per visit8 s change: +2 s",
        ]
        assert "too few to trust" not in page

    def test_say_of_which_time_they_are(self, shop: Site, browser: Client) -> None:
        make_visit(shop)
        assert "to today" in part(shown(browser, book_path(shop)), "span-title")
        past = shown(browser, book_path(shop), q="after:2026-01-05 before:2026-01-20")
        assert part(past, "span-title").startswith("Jan 5 to Jan 20 visits0")

    def test_few_visits_are_called_few(self, shop: Site, browser: Client) -> None:
        make_visit(shop)
        assert "1 visit in this time: too few to trust the figures." in shown(browser, book_path(shop))

    def test_the_owners_own_trials_do_not_count(self, shop: Site, browser: Client) -> None:
        make_visit(shop)
        make_visit(shop, is_test=True)
        page = shown(browser, book_path(shop))
        assert text_of(page, "//dl[@class='rb-figures']/div")[0] == "visits1"
        asked = shown(browser, book_path(shop), q="test:yes")
        assert text_of(asked, "//dl[@class='rb-figures']/div")[0] == "visits1"

    def test_a_filter_cuts_them_down(self, shop: Site, browser: Client) -> None:
        make_visit(shop, agent_key="a", agent_name="a")
        make_visit(shop, agent_key="b", agent_name="b", outcome="failure")
        page = shown(browser, book_path(shop), q="agent:b")
        assert text_of(page, "//dl[@class='rb-figures']/div")[1] == "success rate0 %"
        assert "Mean of what is filtered: 30 critical" in part(page, "score-title")

    @pytest.mark.parametrize("days", ["7", "90", "0", "x", "99999999999"])
    def test_a_range_that_is_none_is_the_usual(self, shop: Site, browser: Client, days: str) -> None:
        make_visit(shop)
        page = shown(browser, book_path(shop), days=days)
        chosen = text_of(page, "//nav[@aria-label='Range']/a[@aria-current]")
        assert chosen == [f"{days} days" if days in ("7", "90") else "30 days"]


class TestWhatStopsThem:
    def test_is_a_sentence_that_leads_to_the_visits(self, shop: Site, browser: Client) -> None:
        for outcome in ("failure", "failure", "failure", "success"):
            add_issue(make_visit(shop, outcome=outcome), "a" * 32)
        add_issue(make_visit(shop), "b" * 32, message="slow", tool="", path="")
        page = shown(browser, book_path(shop))
        assert text_of(page, "//ol[@class='rb-issues']/li") == [
            "critical 4 visits met “button has no name” with click on /checkout; 3 of them failed.",
            "1 visit met “slow”; none of them failed.",
        ]
        [link, _] = links_of(page, "//ol[@class='rb-issues']/li//a")
        assert len(wishes(browser.get(link).content.decode())) == 4


class TestWhatNeedsTheOwner:
    def test_is_named_with_a_way_there(self, shop: Site, browser: Client) -> None:
        make_visit(shop, outcome="input_required")
        make_visit(shop)
        Note.objects.create(
            id="note_1", site=shop, type="tip", content="x", visibility="shared", provenance="agent_authored",
            created_at=ago(), updated_at=ago(),
        )  # fmt: skip
        page = shown(browser, book_path(shop))
        assert text_of(page, "//ul[@class='rb-needs']/li") == [
            "1 visit waits for an answer",
            "1 shared note waits for your yes or no",
        ]
        assert links_of(page, "//ul[@class='rb-needs']/li/a")[0].endswith("?q=outcome%3Ainput_required")

    def test_an_alert_can_be_put_aside(self, shop: Site, browser: Client) -> None:
        make_visit(shop)
        alert = make_alert(shop)
        page = shown(browser, book_path(shop))
        assert "click on /cart fails in 40 % of 30 calls, 5 % before." in part(page, "needs-title")
        path = book_path(shop, f"alerts/{alert.pk}/dismiss/")
        assert browser.post(path).headers["Location"] == book_path(shop)
        assert browser.post(path).status_code == 302
        assert "fails in 40 %" not in shown(browser, book_path(shop))
        assert AuditEntry.objects.filter(action="drift_alert.dismissed", site=shop).count() == 1

    def test_an_alert_is_put_aside_by_nobody_else(self, shop: Site) -> None:
        make_visit(shop)
        alert = make_alert(shop)
        cafe = make_site("cafe.example", owner=make_owner("barista"))
        path = book_path(shop, f"alerts/{alert.pk}/dismiss/")
        viewer = browser_of(member_of(shop, "viewer"))
        assert viewer.post(path).status_code == 403
        assert "Put aside" not in shown(viewer, book_path(shop))
        assert browser_of(cafe.owner).post(path).status_code == 404
        own = browser_of(cafe.owner).post(book_path(cafe, f"alerts/{alert.pk}/dismiss/"))
        assert own.status_code == 404
        assert browser_of(shop.owner).get(path).status_code == 405
        alert.refresh_from_db()
        assert alert.dismissed_at is None

    def test_an_alert_that_is_over_is_not_shown(self, shop: Site, browser: Client) -> None:
        make_visit(shop)
        make_alert(shop, ended_at=ago(minutes=1))
        drift_alert_dismiss(actor=SYSTEM, alert=make_alert(shop, path="/b"), now=ago())
        assert "got worse" not in shown(browser, book_path(shop)).replace("No page got worse", "")


def test_takes_the_same_number_of_queries_however_many_there_are(shop: Site, browser: Client) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            shown(browser, book_path(shop))
        return len(queries)

    def add() -> None:
        visit = make_visit(shop, outcome="failure")
        add_issue(visit, f"{Visit.objects.count():032}")
        make_alert(shop, path=f"/{visit.pk}")

    add()
    few = asked()
    for _ in range(4):
        add()
    assert asked() == few <= 20


class TestWhyTheyFailed:
    def test_is_a_sentence_of_counts(self, shop: Site, browser: Client) -> None:
        for _ in range(2):
            add_issue(make_visit(shop, outcome="failure"), message="No such\u202e button")
        page = shown(browser, book_path(shop))
        said = part(page, "issues-title")
        assert "Of the last 2 failed visits: 2 with" in said
        assert "\u202e" not in said

    def test_is_not_said_of_a_part_of_the_visits(self, shop: Site, browser: Client) -> None:
        add_issue(make_visit(shop, outcome="failure"))
        assert "failed visit" not in part(
            shown(browser, book_path(shop) + "?q=outcome:failure"), "issues-title"
        )

    def test_is_not_said_while_none_has(self, shop: Site, browser: Client) -> None:
        make_visit(shop)
        assert "failed visit" not in part(shown(browser, book_path(shop)), "issues-title")
