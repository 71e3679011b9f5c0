"""The visits of a site, as its people see them: the list, the filter line, the strip, the files."""

import csv
import io
import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from roverbook.core.filter_line import FilterLine
from roverbook.selectors.visits import PAGE_SIZE, Place, read_place, visit_page, visits_wanted
from tests.roverbook.pages.support import (
    HOSTILE,
    add_exposure,
    add_issue,
    add_move,
    add_tool,
    ago,
    book_path,
    links_of,
    make_visit,
    text_of,
    wishes,
)
from tests.tasks.agents.owners_view import browser_of, member_of, shown
from tests.tasks.agents.support import make_owner, make_site
from workspace.core.tokens import Scope
from workspace.models import AuditEntry, Site
from workspace.services.owners import owner_token_create

pytestmark = pytest.mark.django_db


def listed(browser: Client, site: Site, q: str) -> set[str]:
    return {
        wish.rpartition("“")[2].strip("”") for wish in wishes(shown(browser, book_path(site, "visits/"), q=q))
    }


class TestTheList:
    def test_tells_what_happened_newest_first(self, shop: Site, browser: Client) -> None:
        make_visit(shop, outcome="failure", prompt="Buy it", error_count=2, steps=3, started_at=ago(hours=2))
        make_visit(shop, outcome="", prompt="Look around", agent_trust="verified_signed", is_test=True)
        page = shown(browser, book_path(shop, "visits/"))
        cells = text_of(page, "//table[contains(@class, 'rb-visits')]/tbody/tr/td")
        assert cells[:6] == [
            "going on trial", "“Look around”", "Harbour Scout ✓ verified", "no score", "0", "8 s",
        ]  # fmt: skip
        assert cells[7:] == [
            "failed", "“Buy it”", "“Harbour Scout” “” self-reported", "30 critical", "3, 2 failed", "8 s",
            "2 h ago",
        ]  # fmt: skip
        assert text_of(page, "//h2[@id='list-title']") == ["2 visits"]

    def test_a_site_without_any_says_how_to_get_one(self, shop: Site, browser: Client) -> None:
        page = shown(browser, book_path(shop, "visits/"))
        assert "No agent has visited yet." in page
        assert book_path(shop) in links_of(page, "//a[@class='button']")

    def test_when_nothing_matches_the_filter_can_be_cleared(self, shop: Site, browser: Client) -> None:
        make_visit(shop)
        page = shown(browser, book_path(shop, "visits/"), q="outcome:failure")
        assert "No visit matches." in page and wishes(page) == []

    def test_holds_no_visit_of_another_site(self, shop: Site, browser: Client) -> None:
        make_visit(make_site("cafe.example", owner=make_owner("barista")), prompt="Zebulon")
        for q in ("", "Zebulon", "agent:scout"):
            assert "“Zebulon”" not in shown(browser, book_path(shop, "visits/"), q=q)

    def test_is_closed_to_strangers_and_open_to_viewers(self, shop: Site) -> None:
        make_visit(shop)
        for page in ("", "visits/", "visits/export/?format=csv", "analytics/"):
            assert browser_of(make_owner("stranger")).get(book_path(shop, page)).status_code == 404
        viewer = browser_of(member_of(shop, "viewer"))
        for page in ("", "visits/", "visits/export/?format=csv", "analytics/"):
            assert viewer.get(book_path(shop, page)).status_code == 200

    def test_the_longest_texts_fit_into_the_indexes(self, shop: Site, browser: Client) -> None:
        def long(chars: int) -> str:
            return "".join(chr(0x1F600 + n * 7 % 80) for n in range(chars))

        visit = make_visit(
            shop, agent_key=long(128), agent_name=long(120), agent_vendor=long(120), shortcut=long(120),
            agent_source=long(24), launch_source=long(24),
        )  # fmt: skip
        add_tool(visit, long(80), long(300))
        add_move(visit, long(300), long(300))
        assert listed(browser, shop, f"agent:{long(20)}*") == {"Find the blue kettle"}

    def test_takes_the_same_number_of_queries_however_many_there_are(
        self, shop: Site, browser: Client
    ) -> None:
        def asked() -> int:
            with CaptureQueriesContext(connection) as queries:
                shown(browser, book_path(shop, "visits/"), q="outcome:success")
            return len(queries)

        make_visit(shop)
        few = asked()
        for _ in range(8):
            make_visit(shop)
        assert asked() == few <= 20


class TestTheFilterLine:
    @pytest.fixture
    def crowd(self, shop: Site) -> None:
        """Each of its kind."""
        old = make_visit(
            shop, prompt="old", outcome="failure", started_at=ago(days=40), steps=12, error_count=3
        )
        add_tool(old, "scroll", "/cart/items")
        add_issue(old, "a1" * 16)
        new = make_visit(
            shop, prompt="new", agent_name="Claude 7", agent_key="claude", agent_trust="verified_signed",
            agent_vendor="Acme", agent_model="mini-2", intent="buy_kettle", total_duration_ms=90_000,
            total_runs=2, backtrack_count=1, shortcut="book_table",
        )  # fmt: skip
        add_tool(new, "click", "/cart")
        add_move(new, "/cart", "/pay")
        add_exposure(new, "button", "b")
        asks = make_visit(
            shop,
            prompt="asks",
            outcome="input_required",
            launch_source="webmcp",
            host="x.example",
            shortcut="bookXtable",
        )
        add_exposure(asks, "button", "a")
        make_visit(shop, prompt="goes on for 100 %", outcome="", is_test=True, summary="Nearly_there")

    @pytest.mark.parametrize(
        ("q", "found"),
        [
            ("outcome:failure", {"old"}),
            ("outcome:failure,input_required", {"old", "asks"}),
            ("outcome:none", {"goes on for 100 %"}),
            ("status:active -test:yes", {"asks"}),
            ("-outcome:failure -outcome:none", {"new", "asks"}),
            ("agent:claude*", {"new"}),
            ("agent:CLAUDE", {"new"}),
            ("agent:claud", set()),
            ("agent:*scout", {"old", "asks", "goes on for 100 %"}),
            ("vendor:acme model:mini*", {"new"}),
            ("trust:verified_signed", {"new"}),
            ("launch:webmcp", {"asks"}),
            ("shortcut:book_table", {"new"}),
            ("shortcut:book-table", set()),
            ("intent:buy*", {"new"}),
            ("host:x.example", {"asks"}),
            ("page:/cart", {"new"}),
            ("page:/cart*", {"old", "new"}),
            ("page:/pay", {"new"}),
            ("tool:scroll", {"old"}),
            ("-tool:scroll -tool:click", {"asks", "goes on for 100 %"}),
            ("issue:a1*", {"old"}),
            ("experiment:button", {"new", "asks"}),
            ("experiment:button variant:b", {"new"}),
            ("steps:>10", {"old"}),
            ("steps:12 errors:>=3", {"old"}),
            ("runs:>1 backtracks:1", {"new"}),
            ("score:<50", {"old"}),
            ("score:90", {"new"}),
            ("duration:>1m", {"new"}),
            ("after:-7d test:no", {"new", "asks"}),
            ("before:-7d", {"old"}),
            ("test:yes", {"goes on for 100 %"}),
            ("100 %", {"goes on for 100 %"}),
            ("_", {"goes on for 100 %"}),
            ('"on for"', {"goes on for 100 %"}),
            ("-kettle -old -new -asks", {"goes on for 100 %"}),
        ],
    )  # fmt: skip
    def test_finds(self, shop: Site, browser: Client, crowd: None, q: str, found: set[str]) -> None:
        assert listed(browser, shop, q) == found

    def test_a_day_is_that_of_utc(self, shop: Site, browser: Client, crowd: None) -> None:
        assert listed(browser, shop, f"day:{ago(days=40):%Y-%m-%d}") == {"old"}

    def test_a_visit_is_found_by_its_id(self, shop: Site, browser: Client) -> None:
        make_visit(shop, prompt="other")
        assert listed(browser, shop, make_visit(shop, prompt="this").pk) == {"this"}

    def test_an_unknown_field_is_told_with_what_was_meant_and_the_rest_counts(
        self, shop: Site, browser: Client, crowd: None
    ) -> None:
        page = shown(browser, book_path(shop, "visits/"), q="outcom:success steps:>10")
        assert {wish.strip("“”") for wish in wishes(page)} == {"old"}
        [told] = text_of(page, "//*[@role='alert']")
        assert "There is no field “outcom”." in told and "outcome:success" in told
        [link] = links_of(page, "//*[@role='alert']/a")
        assert parse_qs(urlsplit(link).query) == {"q": ["outcome:success steps:>10"]}

    @pytest.mark.parametrize("kind", HOSTILE)
    def test_nothing_that_is_typed_breaks_the_page(self, shop: Site, browser: Client, kind: str) -> None:
        make_visit(shop)
        page = shown(browser, book_path(shop, "visits/"), q=HOSTILE[kind])
        assert "<script>alert" not in page and "<img src=x" not in page and "\u202e" not in page


def test_a_costly_filter_says_how_far_it_looked_and_leads_on(
    shop: Site, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roverbook.selectors.visits.LOOKED_AT", 3)
    for hours in range(5):
        make_visit(shop, started_at=ago(hours=hours), prompt=f"kettle {hours}")
    page = shown(browser, book_path(shop, "visits/"), q="kettle")
    assert wishes(page) == ["“kettle 0”", "“kettle 1”", "“kettle 2”"]
    assert "it looked at the newest ones alone" in page
    [further] = links_of(page, "//p[contains(@class, 'rv-note')]/a")
    older = browser.get(book_path(shop, "visits/") + further).content.decode()
    assert wishes(older) == ["“kettle 3”", "“kettle 4”"]
    assert "it looked at the newest ones alone" not in older
    cheap = shown(browser, book_path(shop, "visits/"), q="outcome:success")
    assert len(wishes(cheap)) == 5


class TestTheStrip:
    def test_a_bar_narrows_the_list_to_its_day(self, shop: Site, browser: Client) -> None:
        make_visit(shop, prompt="then", started_at=ago(days=3), outcome="failure")
        make_visit(shop, prompt="now", outcome="failure")
        page = shown(browser, book_path(shop, "visits/"), q="outcome:failure")
        bars = links_of(page, "//*[local-name()='svg'][contains(@class, 'rb-columns')]/a")
        table = links_of(page, "//figure//table//a")
        assert sorted(bars) == sorted(table) and len(bars) == 30
        day = f"{ago(days=3):%Y-%m-%d}"
        [link] = [bar for bar in bars if day in bar]
        assert parse_qs(urlsplit(link).query) == {"q": [f"outcome:failure day:{day}"]}
        narrowed = browser.get(book_path(shop, "visits/") + link).content.decode()
        assert wishes(narrowed) == ["“then”"]
        assert "Any time" in narrowed

    def test_a_day_is_shown_by_hours(self, shop: Site, browser: Client) -> None:
        make_visit(shop)
        page = shown(browser, book_path(shop, "visits/"), q="day:today")
        bars = links_of(page, "//*[local-name()='svg'][contains(@class, 'rb-columns')]/a")
        assert len(bars) == 24 and "after%3A" in bars[0]


class TestPages:
    @pytest.fixture
    def many(self, shop: Site) -> list[str]:
        """More than two pages, some of which began in the same moment; their ids, as the list has them."""
        begin = ago(hours=1)
        made = [
            make_visit(shop, started_at=begin - timedelta(seconds=n // 3)) for n in range(2 * PAGE_SIZE + 7)
        ]
        return [one.pk for one in sorted(made, key=lambda one: (one.started_at, one.pk), reverse=True)]

    def test_hold_every_visit_once_down_and_up_again(self, shop: Site, many: list[str]) -> None:
        rows = visits_wanted(shop, FilterLine(), now=ago())
        pages = [visit_page(rows)]
        while pages[-1].older is not None:
            pages.append(visit_page(rows, older_than=pages[-1].older))
        assert [visit.pk for page in pages for visit in page.visits] == many
        up = visit_page(rows, newer_than=pages[-1].newer)
        assert [visit.pk for visit in up.visits] == [visit.pk for visit in pages[-2].visits]
        assert pages[0].newer is None

    def test_links_keep_the_filter(self, shop: Site, browser: Client, many: list[str]) -> None:
        page = shown(browser, book_path(shop, "visits/"), q="outcome:success")
        [older] = links_of(page, "//nav[@aria-label='Pages']/a")
        second = browser.get(book_path(shop, "visits/") + older).content.decode()
        assert len(wishes(second)) == PAGE_SIZE
        assert parse_qs(urlsplit(older).query)["q"] == ["outcome:success"]

    @pytest.mark.parametrize(
        "place", ["damaged", Place(started_at=ago(), id="\x00").as_text()], ids=["no", "nul"]
    )
    def test_a_damaged_link_is_told(self, shop: Site, browser: Client, place: str) -> None:
        make_visit(shop)
        response = browser.get(book_path(shop, "visits/"), {"before": place})
        assert response.status_code == 422
        assert "The link to this page is damaged." in response.content.decode()

    def test_a_place_is_read_as_it_was_written(self) -> None:
        place = Place(started_at=ago(days=1), id="agt_1")
        assert read_place(place.as_text()) == place


class TestFiles:
    def export(self, browser: Client, site: Site, form: str, q: str = "") -> str:
        response = browser.get(book_path(site, "visits/export/"), {"format": form, "q": q})
        assert response.status_code == 200
        assert "attachment" in response.headers["Content-Disposition"]
        return b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]

    def test_hold_exactly_what_is_filtered(self, shop: Site, browser: Client) -> None:
        make_visit(shop, prompt="good")
        bad = [
            make_visit(shop, prompt=f"bad {n}", outcome="failure", started_at=ago(hours=n)) for n in range(3)
        ]
        make_visit(make_site("cafe.example", owner=make_owner("barista")), outcome="failure")
        rows = list(csv.DictReader(io.StringIO(self.export(browser, shop, "csv", "outcome:failure"))))
        assert [row["visitId"] for row in rows] == [visit.pk for visit in bad]
        assert [one["prompt"] for one in json.loads(self.export(browser, shop, "json", "outcome:failure"))] == [
            "bad 0", "bad 1", "bad 2",
        ]  # fmt: skip
        lines = self.export(browser, shop, "ndjson", "-outcome:failure").splitlines()
        assert [json.loads(line)["prompt"] for line in lines] == ["good"]

    def test_come_whole_when_they_are_longer_than_a_chunk(
        self, shop: Site, browser: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("roverbook.selectors.visits.visit_chunks.__kwdefaults__", {"size": 2})
        begin = ago(hours=1)
        made = [make_visit(shop, started_at=begin) for _ in range(5)]
        told = [json.loads(line)["visitId"] for line in self.export(browser, shop, "ndjson").splitlines()]
        assert told == sorted((visit.pk for visit in made), reverse=True)

    @pytest.mark.parametrize("kind", ["formula", "hidden", "markup"])
    def test_cells_of_strangers_are_text(self, shop: Site, browser: Client, kind: str) -> None:
        make_visit(shop, prompt=HOSTILE[kind].replace("\x00", ""), agent_name="=cmd()")
        [row] = csv.DictReader(io.StringIO(self.export(browser, shop, "csv")))
        assert row["agentName"] == "'=cmd()"
        assert not row["prompt"].startswith("=")

    def test_the_command_for_scripts_gives_the_same(self, shop: Site, browser: Client) -> None:
        bad = [make_visit(shop, outcome="failure", started_at=ago(hours=n)) for n in (1, 2)]
        make_visit(shop)
        page = shown(browser, book_path(shop, "visits/"), q="outcome:failure")
        [command] = text_of(page, "//pre[@aria-label='the command for this export']")
        address = command.rpartition(" ")[2].strip('"')
        token = owner_token_create(owner=shop.owner, name="script", scopes=[Scope.READ], now=ago())
        path = address.partition("//")[2].partition("/")[2]
        response = Client().get(f"/{path}", headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == 200, response.content
        told = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
        assert [row["visitId"] for row in csv.DictReader(io.StringIO(told))] == [visit.pk for visit in bad]
        assert told == self.export(browser, shop, "csv", "outcome:failure")

    def test_are_on_record(self, shop: Site, browser: Client) -> None:
        self.export(browser, shop, "csv", "steps:>3")
        entry = AuditEntry.objects.get(action="roverbook_visits.exported")
        assert entry.site == shop
        assert entry.after == {"format": "csv", "filters": {"filter": "steps:>3"}}

    def test_an_unknown_format_gives_none(self, shop: Site, browser: Client) -> None:
        assert browser.get(book_path(shop, "visits/export/"), {"format": "exe"}).status_code == 422
        assert not AuditEntry.objects.filter(action="roverbook_visits.exported").exists()
