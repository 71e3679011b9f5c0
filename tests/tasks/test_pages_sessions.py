"""The sessions of visitors' pages on a site, as its people see them: the list, its filters, its cards."""

import base64
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from lxml import html

from tasks.core.public_ids import task_name
from tasks.models import Run, RuntimeSession
from tasks.selectors.sessions import (
    PAGE_SIZE,
    Place,
    counts_now,
    first_session,
    read_place,
    session_page,
    sessions_of_site,
)
from tests.tasks.agents.owners_view import FORMULA, HIDDEN, MARKUP, browser_of, member_of, shown, start
from tests.tasks.agents.support import make_owner, make_site
from tests.tasks.visitors import Visitor, sessions_path, visit
from workspace.models import Site
from workspace.services.audit import SYSTEM
from workspace.services.owners import owner_create
from workspace.services.sites import site_archive

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(minutes=3)


@pytest.fixture
def shop(db: None) -> Site:
    return make_site(domains=["shop.example", "outlet.example"])


@pytest.fixture
def browser(shop: Site) -> Client:
    return browser_of(shop.owner)


def rows(page: str) -> list[list[str]]:
    """The texts of the cells of the list."""
    found = html.fromstring(page).xpath("//table[contains(@class, 'rv-sessions')]/tbody/tr")
    return [[" ".join(cell.text_content().split()) for cell in row.xpath("td")] for row in found]


def asked(page: str) -> list[str]:
    return [row[1] for row in rows(page)]


def finish(visitor: Visitor, status: str) -> None:
    visitor.ask(f"It {status}")
    visitor.tell(status=status)


class TestTheList:
    def test_tells_host_state_run_and_times_the_one_seen_last_first(
        self, shop: Site, browser: Client
    ) -> None:
        quiet = visit(shop, "https://outlet.example/a")
        quiet.ask("Where is my parcel?")
        quiet.tell(status="completed")
        quiet.ask("And now?")
        quiet.tell(status="failed")
        quiet.was_seen(LONG_AGO)
        visit(shop).ask("Find the blue kettle")

        [live, other] = rows(shown(browser, sessions_path(shop)))
        assert live[0].startswith("live …") and live[0].endswith("shop.example")
        assert live[1:4] == ["running “Find the blue kettle”", "the visitor", "1"]
        assert other[0].startswith("quiet …") and other[0].endswith("outlet.example")
        assert other[1:5] == ["failed “And now?”", "the visitor", "2", "3 min ago"]

    def test_names_the_agent_whose_task_is_carried_out_and_links_it(
        self, shop: Site, browser: Client
    ) -> None:
        task = start(agent={"name": "Shop Scout", "key": "scout"})
        visit(shop).take_up(task)
        page = shown(browser, sessions_path(shop))
        assert "“Shop Scout” “” self-reported" in rows(page)[0][2]
        assert f'href="/workspace/sites/{shop.public_id}/tasks/{task_name(task.pk)}/"' in page

    def test_a_session_that_asked_nothing_says_so(self, shop: Site, browser: Client) -> None:
        visit(shop)
        assert asked(shown(browser, sessions_path(shop))) == ["nothing asked"]

    def test_a_site_without_any_says_how_to_get_one(self, shop: Site, browser: Client) -> None:
        page = shown(browser, sessions_path(shop))
        assert "No page has opened a session here yet." in page
        assert f"/workspace/sites/{shop.public_id}/install/" in page
        assert "<table" not in page

    def test_holds_no_session_of_another_site(self, shop: Site, browser: Client) -> None:
        cafe = make_site("cafe.example", owner=make_owner("barista"))
        visit(cafe).ask("Zebulon")
        assert "Zebulon" not in shown(browser, sessions_path(shop))

    def test_takes_the_same_number_of_queries_however_many_there_are(
        self, shop: Site, browser: Client
    ) -> None:
        def count() -> int:
            with CaptureQueriesContext(connection) as queries:
                shown(browser, sessions_path(shop))
            return len(queries)

        visit(shop).take_up(start())
        few = count()
        for _ in range(8):
            visit(shop).take_up(start())
        assert count() <= few


class TestFilters:
    @pytest.fixture
    def crowd(self, shop: Site) -> None:
        """One in each way."""
        finish(visit(shop), "completed")
        finish(visit(shop, "https://outlet.example/"), "failed")
        visit(shop).ask("It goes on")
        away = visit(shop)
        away.ask("It is quiet")
        away.tell(status="completed")
        away.was_seen(LONG_AGO)
        visit(shop)
        visit(shop).take_up(start(prompt="It is a task"))

    @pytest.mark.parametrize(
        ("query", "wishes"),
        [
            ({"status": "failed"}, {"failed “It failed”"}),
            ({"status": "open"}, {"running “It goes on”", "running “It is a task”"}),
            ({"status": "none"}, {"nothing asked"}),
            ({"host": "OUTLET.example "}, {"failed “It failed”"}),
            ({"host": "unheard.example"}, set()),
            ({"task": "with"}, {"running “It is a task”"}),
            ({"status": "completed", "live": "on"}, {"completed “It completed”"}),
        ],
    )
    def test_show_what_fits(
        self, shop: Site, browser: Client, crowd: None, query: dict[str, str], wishes: set[str]
    ) -> None:
        page = shown(browser, sessions_path(shop), **query)
        assert set(asked(page)) == wishes
        assert wishes or "No session matches." in page

    def test_without_a_task_are_all_the_others(self, shop: Site, browser: Client, crowd: None) -> None:
        page = shown(browser, sessions_path(shop), task="without")
        assert len(asked(page)) == 5
        assert "It is a task" not in page

    def test_a_session_that_was_ended_is_not_live(self, shop: Site, browser: Client) -> None:
        RuntimeSession.objects.filter(pk=visit(shop).session_id).update(revoked_at=timezone.now())
        assert rows(shown(browser, sessions_path(shop), live="on")) == []
        assert rows(shown(browser, sessions_path(shop)))[0][0].startswith("ended …")

    @pytest.mark.parametrize(
        "query",
        [
            {"status": "odd"},
            {"task": "odd"},
            {"host": "h" * 300},
            {"before": "damaged"},
            {"after": Place(seen_at=timezone.now(), id="\x00").as_text()},
        ],
    )
    def test_that_cannot_be_read_are_told(self, shop: Site, browser: Client, query: dict[str, str]) -> None:
        visit(shop)
        response = browser.get(sessions_path(shop), query)
        assert response.status_code == 422
        assert rows(response.content.decode()) == []


class TestPages:
    @pytest.fixture
    def many(self, shop: Site) -> list[str]:
        """More than two pages, some of which were seen in the same moment; their ids, as the list has them."""
        now = timezone.now()
        sessions = [
            RuntimeSession(
                id=f"ses_{n:04}", site=shop, host="shop.example", created_at=now,
                seen_at=now - timedelta(seconds=n // 3),
            )
            for n in range(2 * PAGE_SIZE + 7)
        ]  # fmt: skip
        RuntimeSession.objects.bulk_create(sessions)
        return [one.pk for one in sorted(sessions, key=lambda one: (one.seen_at, one.pk), reverse=True)]

    def test_hold_every_session_once_down_and_up_again(self, shop: Site, many: list[str]) -> None:
        all_rows, seen, at = sessions_of_site(shop), list[str](), None
        pages = []
        while True:
            page = session_page(all_rows, older_than=at)
            pages.append(page)
            seen += [one.pk for one in page.sessions]
            if page.older is None:
                break
            at = page.older
        assert seen == many
        up = session_page(all_rows, newer_than=pages[-1].newer)
        assert [one.pk for one in up.sessions] == [one.pk for one in pages[-2].sessions]
        assert pages[0].newer is None

    def test_keep_the_filter_in_their_links(self, shop: Site, browser: Client, many: list[str]) -> None:
        page = html.fromstring(shown(browser, sessions_path(shop), host="shop.example"))
        [older] = page.xpath("//a[@rel='next']/@href")
        assert older.startswith("?host=shop.example&before=")
        second = browser.get(sessions_path(shop) + older).content.decode()
        assert f"…{many[PAGE_SIZE][-6:]}" in second
        assert f"…{many[0][-6:]}" not in second

    @pytest.mark.parametrize("text", ["", "a", "é", "MjAyNg", "===", "x" * 200])
    def test_a_place_that_is_none_is_none(self, text: str) -> None:
        assert read_place(text) is None

    def test_a_place_comes_back_as_it_was(self) -> None:
        place = Place(seen_at=timezone.now(), id="ses_-_a")
        assert read_place(place.as_text()) == place

    def test_a_place_at_the_end_of_time_is_none(self) -> None:
        text = base64.urlsafe_b64encode(b"0001-01-01T00:00:00+23:59 ses_a").decode().rstrip("=")
        assert read_place(text) is None


def test_the_list_and_the_counts_go_by_an_index(shop: Site) -> None:
    """So that they are as quick at a hundred thousand sessions."""
    now = timezone.now()
    with CaptureQueriesContext(connection) as queries:
        session_page(sessions_of_site(shop))
        session_page(sessions_of_site(shop), older_than=Place(seen_at=now, id="ses_a"))
        counts_now(shop, now=now)
    if connection.vendor != "sqlite":
        pytest.skip("the plan is told in SQLite's words")
    with connection.cursor() as cursor:
        for query in queries:
            if 'FROM "tasks_runtimesession"' not in query["sql"]:
                continue
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            plan = " | ".join(str(row[-1]) for row in cursor.fetchall())
            assert "runtime_session_of_site (site_id=?" in plan, plan
            assert "SCAN tasks_runtimesession" not in plan


class TestWhoSeesIt:
    @pytest.mark.parametrize("role", ["viewer", "admin"])
    def test_everybody_who_works_on_the_site(self, shop: Site, role: str) -> None:
        visit(shop).ask("Find the blue kettle")
        assert asked(shown(browser_of(member_of(shop, role)), sessions_path(shop)))

    def test_an_administrator_of_the_server(self, shop: Site) -> None:
        administrator = owner_create(username="administrator", password=None, is_superuser=True)
        assert "You act as administrator" in shown(browser_of(administrator), sessions_path(shop))

    def test_no_stranger(self, shop: Site) -> None:
        assert browser_of(make_owner("other")).get(sessions_path(shop)).status_code == 404

    @pytest.mark.parametrize("method", ["post", "put", "delete"])
    def test_it_is_only_read(self, shop: Site, browser: Client, method: str) -> None:
        assert getattr(browser, method)(sessions_path(shop)).status_code == 405

    def test_it_is_in_the_side_bar_behind_the_tasks(self, shop: Site, browser: Client) -> None:
        page = html.fromstring(shown(browser, sessions_path(shop)))
        names = [link.text_content().strip() for link in page.xpath("//*[@id='rv-sidebar']//a")]
        assert names[names.index("Tasks") + 1] == "Sessions"


class TestTheOverviewOfTheSite:
    def card(self, shop: Site, browser: Client) -> str:
        page = html.fromstring(shown(browser, f"/workspace/sites/{shop.public_id}/"))
        found = page.xpath("//section[@aria-labelledby='sessions-title']")
        return " ".join(found[0].text_content().split()) if found else ""

    def test_counts_live_sessions_and_the_runs_of_today(self, shop: Site, browser: Client) -> None:
        visitor = visit(shop)
        finish(visitor, "completed")
        visitor.ask("Again")
        visit(shop).was_seen(LONG_AGO)
        old = visit(shop)
        finish(old, "completed")
        Run.objects.filter(pk=old.run_id).update(started_at=timezone.now() - timedelta(days=1))
        assert "live sessions2runs today (UTC)2" in self.card(shop, browser)

    def test_says_nothing_before_the_first_session_and_of_an_archived_site(
        self, shop: Site, browser: Client
    ) -> None:
        assert self.card(shop, browser) == ""
        visit(shop)
        assert self.card(shop, browser) != ""
        site_archive(actor=SYSTEM, site=shop, now=timezone.now())
        assert self.card(shop, browser) == ""


class TestTheFirstSession:
    def part(self, page: str) -> str:
        found = html.fromstring(page).xpath("//section[@aria-labelledby='first-title']")
        return " ".join(found[0].text_content().split()) if found else ""

    def install(self, shop: Site, browser: Client) -> str:
        return self.part(shown(browser, f"/workspace/sites/{shop.public_id}/install/"))

    def test_is_waited_for(self, shop: Site, browser: Client) -> None:
        assert "Waiting for the first session" in self.install(shop, browser)

    def test_is_told_with_its_host_and_its_time_once_it_was_seen(self, shop: Site, browser: Client) -> None:
        first = visit(shop, "https://outlet.example/")
        visit(shop)
        told = self.install(shop, browser)
        assert "Waiting" not in told
        assert f"on {first.session.created_at:%Y-%m-%d %H:%M} UTC, on outlet.example." in told

    def test_on_the_host_of_this_server_is_not_the_one_that_is_waited_for(
        self, shop: Site, browser: Client
    ) -> None:
        visitor = visit(shop)
        RuntimeSession.objects.filter(pk=visitor.session_id).update(host="testserver")
        told = self.install(shop, browser)
        assert "Waiting for the first session" in told
        assert "On testserver, the host of this server, one was opened" in told
        visit(shop)
        assert "on shop.example." in self.install(shop, browser)

    def test_is_asked_for_by_itself_until_it_is_there(self, shop: Site, browser: Client) -> None:
        path = f"/workspace/sites/{shop.public_id}/first-session/"
        page = shown(browser, f"/workspace/sites/{shop.public_id}/install/")
        assert f'data-first-session="{path}"' in page
        assert "Waiting" in self.part(shown(browser, path))
        visit(shop)
        told = shown(browser, path)
        assert "A page opened the first session" in self.part(told)
        assert path not in told

    def test_is_told_to_nobody_else(self, shop: Site) -> None:
        path = f"/workspace/sites/{shop.public_id}/first-session/"
        assert browser_of(make_owner("other")).get(path).status_code == 404
        assert Client().get(path).status_code == 302

    def test_is_not_waited_for_without_a_key_that_works(self, shop: Site, browser: Client) -> None:
        site_archive(actor=SYSTEM, site=shop, now=timezone.now())
        assert self.install(shop, browser) == ""

    def test_of_another_site_is_none(self, shop: Site) -> None:
        visit(make_site("cafe.example", owner=make_owner("barista")))
        assert first_session(shop, own_host="testserver") is None


@pytest.mark.parametrize("text", [MARKUP, FORMULA, HIDDEN + "boo"])
def test_text_of_strangers_is_text(shop: Site, browser: Client, text: str) -> None:
    visitor = visit(shop)
    visitor.ask("x")
    Run.objects.filter(pk=visitor.run_id).update(message=text, shortcut=text[:100])
    RuntimeSession.objects.filter(pk=visitor.session_id).update(host=text[:250])
    for path in (sessions_path(shop), f"/workspace/sites/{shop.public_id}/install/"):
        page = shown(browser, path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    page = shown(browser, sessions_path(shop))
    assert not set("\x1b\u202e\u2066\x07\x00") & set(page.replace(text[:250], ""))
