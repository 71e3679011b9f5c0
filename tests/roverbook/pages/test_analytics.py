"""How visits went: by day, by group, on which pages, with which tools, and how variants compare."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from roverbook.selectors.analytics import Sample
from tests.roverbook.pages.support import (
    add_exposure,
    add_issue,
    add_move,
    add_tool,
    ago,
    book_path,
    links_of,
    make_visit,
    text_of,
)
from tests.tasks.agents.owners_view import shown
from tests.tasks.agents.support import make_owner, make_site
from workspace.models import Site

pytestmark = pytest.mark.django_db


def table(page: str, title: str) -> list[list[str]]:
    """The cells of the table of a section, row by row."""
    rows = f"//section[h2[@id='{title}']]//tbody/tr"
    wide = len(text_of(page, f"//section[h2[@id='{title}']]//th"))
    cells = text_of(page, f"{rows}/td")
    return [cells[at : at + wide] for at in range(0, len(cells), wide)]


def group(page: str, heading: str) -> list[list[str]]:
    cells = text_of(page, f"//section[h2[text()='{heading}']]//tbody/tr/td")
    return [cells[at : at + 4] for at in range(0, len(cells), 4)]


@pytest.fixture
def crowd(shop: Site) -> None:
    good = make_visit(shop, agent_key="a", agent_name="Ada", agent_vendor="Acme", shortcut="book")
    add_tool(good, "click", "/cart", calls=3)
    add_move(good, "/", "/cart", 2)
    bad = make_visit(shop, agent_key="b", agent_name="Bob", outcome="failure", agent_trust="verified_signed")
    add_tool(bad, "click", "/cart", calls=5, failures=2, missing=1)
    add_tool(bad, "type", "/pay", calls=1)
    add_move(bad, "/", "/cart")
    add_issue(bad, path="/cart", message="no name")
    add_tool(make_visit(shop, is_test=True), "trial", "/trial")
    add_tool(make_visit(make_site("cafe.example", owner=make_owner("barista"))), "foreign", "/foreign")


class TestTables:
    def test_pages_tell_what_became_of_the_visits(self, shop: Site, browser: Client, crowd: None) -> None:
        page = shown(browser, book_path(shop, "analytics/"))
        assert table(page, "pages-title") == [
            ["/cart", "2", "1 succeeded, 1 failed", "2 of 8", "no name"],
            ["/pay", "1", "1 failed", "0 of 1", "–"],
        ]

    def test_tools_tell_how_often_they_fail(self, shop: Site, browser: Client, crowd: None) -> None:
        page = shown(browser, book_path(shop, "analytics/"))
        assert table(page, "tools-title") == [["click", "8", "25 % 2, 1 not found"], ["type", "1", "0 % 0"]]

    def test_ways_are_added_up(self, shop: Site, browser: Client, crowd: None) -> None:
        page = shown(browser, book_path(shop, "analytics/"))
        assert table(page, "moves-title") == [["/", "/cart", "3"]]

    def test_groups_are_compared(self, shop: Site, browser: Client, crowd: None) -> None:
        page = shown(browser, book_path(shop, "analytics/"))
        assert group(page, "By agent") == [
            ["Adaa", "1", "100 % few", "90"],
            ["Bobb", "1", "0 % few", "30"],
        ]
        assert [row[0] for row in group(page, "By trust")] == ["self-reported", "verified"]
        assert [row[0] for row in group(page, "By vendor")] == ["none", "Acme"]
        assert [row[0] for row in group(page, "By shortcut")] == ["none", "book"]

    def test_a_group_leads_to_the_same_page_of_it_alone(
        self, shop: Site, browser: Client, crowd: None
    ) -> None:
        page = shown(browser, book_path(shop, "analytics/"))
        [link] = [one for one in links_of(page, "//a") if "agent%3Ab" in one]
        alone = browser.get(book_path(shop, "analytics/") + link).content.decode()
        assert [row[0] for row in group(alone, "By agent")] == ["Bobb"]
        assert table(alone, "tools-title") == [["click", "5", "40 % 2, 1 not found"], ["type", "1", "0 % 0"]]

    def test_trials_count_when_they_are_asked_for(self, shop: Site, browser: Client, crowd: None) -> None:
        page = shown(browser, book_path(shop, "analytics/"), q="test:yes")
        assert [row[0] for row in table(page, "tools-title")] == ["trial"]

    def test_nothing_of_another_site_is_in_them(self, shop: Site, browser: Client, crowd: None) -> None:
        assert "foreign" not in shown(browser, book_path(shop, "analytics/"))

    def test_without_visits_there_are_none(self, shop: Site, browser: Client) -> None:
        page = shown(browser, book_path(shop, "analytics/"))
        assert "No visit in this time." in page and text_of(page, "//table") == []


class TestExperiments:
    def test_variants_are_told_with_what_chance_allows(self, shop: Site, browser: Client) -> None:
        for n in range(20):
            add_exposure(make_visit(shop, outcome="success" if n % 2 else "failure"), "button", "a")
            add_exposure(make_visit(shop), "button", "b")
        asks = make_visit(shop, outcome="input_required")
        add_exposure(asks, "button", "b")
        add_exposure(asks, "button", "b2")
        page = shown(browser, book_path(shop, "analytics/"))
        assert table(page, "experiments-title") == [
            ["button", "a", "20", "50 %", "22–78 %", "60 healthy"],
            ["button", "b", "21", "100 %", "69–100 %", "90 excellent"],
            ["button", "b2", "1", "–", "–", "no score"],
        ]

    def test_a_visit_that_is_told_twice_counts_once(self, shop: Site, browser: Client) -> None:
        visit = make_visit(shop)
        add_exposure(visit, "button", "a")
        from roverbook.models import Exposure

        Exposure.objects.create(
            id="again", site=shop, visit_id=visit.pk, experiment_id="button", variant_id="a", created_at=ago()
        )
        page = shown(browser, book_path(shop, "analytics/"))
        assert [row[2] for row in table(page, "experiments-title")] == ["1"]


def test_more_visits_than_are_looked_at_are_told(
    shop: Site, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sample, "LOOKED_AT", 3)
    for hours in range(5):
        add_tool(make_visit(shop, started_at=ago(hours=hours)), f"tool{hours}")
    page = shown(browser, book_path(shop, "analytics/"))
    assert "made of the newest 3 visits" in page
    assert {row[0] for row in table(page, "tools-title")} <= {"tool0", "tool1", "tool2", "tool3"}
    assert text_of(page, "//dl[@class='rb-figures']/div")[0] == "visits5"


def test_takes_the_same_number_of_queries_however_many_there_are(
    shop: Site, browser: Client, crowd: None
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            shown(browser, book_path(shop, "analytics/"))
        return len(queries)

    few = asked()
    for n in range(5):
        visit = make_visit(shop, agent_key=f"agent {n}")
        add_tool(visit, f"tool {n}", f"/{n}")
        add_exposure(visit, "e", f"{n}")
    assert asked() == few <= 20
