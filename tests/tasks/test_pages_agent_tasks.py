"""The tasks that agents started on a site, as its people see them: the list, its filters, and what the limits do."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from lxml import html

from tasks.core.prefer import Execution
from tasks.core.public_errors import AiAccessDisabled, TaskRateLimited
from tasks.core.public_ids import task_name
from tasks.core.states import TaskStatus
from tasks.models import AgentTask, Task
from tasks.selectors.site_tasks import task_page, tasks_of_site
from tasks.services.agents.acting import agent_task_cancel
from tasks.services.agents.log import Logs, change
from tests.tasks.agents.owners_view import (
    FORMULA,
    HIDDEN,
    MARKUP,
    SIGNED,
    browser_of,
    caller_of,
    hand_over,
    list_path,
    member_of,
    shown,
    start,
    task_path,
)
from tests.tasks.agents.support import IN_CLOUD, OPEN, change_policy, configure, make_owner, make_site
from workspace.models import HostClaim, Site, SiteKey, User
from workspace.services.audit import SYSTEM
from workspace.services.keys import key_update
from workspace.services.owners import owner_create
from workspace.services.sites import site_archive

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(db: None) -> Site:
    return make_site(capabilities=IN_CLOUD)


@pytest.fixture
def owner(shop: Site) -> User:
    return shop.owner


@pytest.fixture
def browser(owner: User) -> Client:
    return browser_of(owner)


def end(task: AgentTask, status: TaskStatus) -> None:
    """Let the task run and end so."""
    now = timezone.now()
    if status in (TaskStatus.COMPLETED, TaskStatus.FAILED):
        change(Logs.of(task), after=TaskStatus.RUNNING, now=now)
    change(Logs.of(task), after=status, now=now, result={"text": "Nine to five."})


def rows(page: str) -> list[list[str]]:
    """The texts of the cells of the list."""
    found = html.fromstring(page).xpath("//table[contains(@class, 'rv-tasks')]/tbody/tr")
    return [[" ".join(cell.text_content().split()) for cell in row.xpath("td")] for row in found]


def wishes(page: str) -> list[str]:
    return [row[1] for row in rows(page)]


class TestTheList:
    def test_tells_the_newest_first_with_status_wish_agent_place_and_time(
        self, shop: Site, browser: Client
    ) -> None:
        start(prompt="Find the blue kettle", agent={"name": "Shop Scout", "key": "scout"})
        end(start(prompt="When do you open?", execution=Execution.CLOUD), TaskStatus.COMPLETED)
        [newest, oldest] = rows(shown(browser, list_path(shop)))
        assert newest[:2] == ["completed", "“When do you open?”"]
        assert newest[3] == "on this server"
        assert oldest[:2] == ["waiting for a browser", "“Find the blue kettle”"]
        assert "“Shop Scout” “” self-reported" in oldest[2]
        assert oldest[3] == "in a browser"
        assert oldest[5].endswith("so far")

    def test_shortens_a_long_prompt(self, shop: Site, browser: Client) -> None:
        start(prompt="kettle " * 200)
        [wish] = wishes(shown(browser, list_path(shop)))
        assert wish.endswith("…”")
        assert len(wish) < 150

    def test_calls_a_shortcut_by_its_label_and_keeps_the_extra_words(
        self, shop: Site, browser: Client
    ) -> None:
        shortcut = {"id": "hours", "label": "Opening hours", "prompt": "Tell the opening hours."}
        configure(shop, shortcuts=[shortcut])
        start(shortcut="hours", prompt="of next week")
        start(prompt="only words")
        assert wishes(shown(browser, list_path(shop))) == [
            "“only words”",
            "Shortcut Opening hours with “of next week”",
        ]

    def test_calls_a_shortcut_that_is_gone_by_its_id(self, shop: Site, browser: Client) -> None:
        configure(shop, shortcuts=[{"id": "hours", "label": "Opening hours", "prompt": "Tell them."}])
        start(shortcut="hours")
        configure(shop, shortcuts=[])
        assert wishes(shown(browser, list_path(shop))) == ["Shortcut hours"]

    def test_is_in_the_sites_navigation_and_leads_to_each_task(self, shop: Site, browser: Client) -> None:
        task = start()
        assert f'href="{list_path(shop)}"' in shown(browser, f"/workspace/sites/{shop.public_id}/keys/")
        assert f'href="{task_path(shop, task)}"' in shown(browser, list_path(shop))

    def test_shows_no_other_sites_tasks_not_even_of_the_same_owner(self, shop: Site, browser: Client) -> None:
        make_site("cafe.example")
        start("https://cafe.example/", prompt="Book a table")
        assert "Book a table" not in shown(browser, list_path(shop))

    def test_goes_with_the_site_when_it_changes_hands(self, shop: Site) -> None:
        start(prompt="Find the blue kettle")
        Site.objects.filter(pk=shop.pk).update(owner=make_owner("heir"))
        assert wishes(shown(browser_of(make_owner("heir")), list_path(shop))) == ["“Find the blue kettle”"]

    @pytest.mark.parametrize("role", ["viewer", "admin"])
    def test_is_for_everybody_who_works_on_the_site(self, shop: Site, role: str) -> None:
        start()
        assert len(rows(shown(browser_of(member_of(shop, role)), list_path(shop)))) == 1

    def test_is_not_there_for_strangers(self, shop: Site) -> None:
        start()
        assert browser_of(make_owner("stranger")).get(list_path(shop)).status_code == 404

    def test_takes_as_many_queries_for_fifty_tasks_as_for_two(self, shop: Site, browser: Client) -> None:
        def count() -> int:
            with CaptureQueriesContext(
                connection,
            ) as queries:
                shown(browser, list_path(shop))
            return len(queries)

        for at in range(2):
            start(caller=caller_of(address=f"192.0.2.{at}"))
        few = count()
        for at in range(48):
            start(caller=caller_of(address=f"198.51.{at}.1"))
        assert count() == few


class TestTrust:
    def badge(self, page: str) -> str:
        [row] = rows(page)
        return row[2]

    @pytest.mark.parametrize(
        ("how", "text"),
        [
            ({"caller": caller_of(verified=SIGNED)}, "bot.example ✓ verified bot.example"),
            (
                {"caller": caller_of(verified=SIGNED), "agent": {"name": "ChatGPT of OpenAI"}},
                "ChatGPT of OpenAI ✓ verified bot.example",
            ),
            (
                {"caller": caller_of(verified=replace(SIGNED, binds_request=False))},
                "“bot.example” ✎ signed bot.example",
            ),
            ({"agent": {"name": "✓ verified Bot"}}, "“✓ verified Bot” “” self-reported"),
            ({"caller": caller_of(headers={"user-agent": "GPTBot/1.2"})}, "? guessed from headers"),
            (
                {"caller": caller_of(headers={"signature-agent": '"https://bot.example"'})},
                "“https://bot.example” ? guessed from headers",
            ),
            ({}, "“Anonymous agent” – anonymous"),
        ],
    )
    def test_is_said_in_a_word_and_a_symbol_and_only_a_checked_signature_looks_checked(
        self, shop: Site, browser: Client, how: dict[str, Any], text: str
    ) -> None:
        start(**how)
        page = shown(browser, list_path(shop))
        assert text in self.badge(page)
        is_proved = "✓ verified bot.example" in text
        assert ("rv-trust rv-good" in page) is is_proved

    def test_that_no_version_of_ours_wrote_is_anonymous(self, shop: Site, browser: Client) -> None:
        start(agent={"name": "Bot"})
        AgentTask.objects.update(trust="verified_by_my_mother")
        assert "– anonymous" in self.badge(shown(browser, list_path(shop)))

    def test_of_a_verified_record_without_a_signer_is_not_believed(self, shop: Site, browser: Client) -> None:
        start(agent={"name": "Bot"})
        AgentTask.objects.update(trust="verified_signed")
        assert "“” self-reported" in self.badge(shown(browser, list_path(shop)))

    def test_that_is_inherited_without_a_new_signature_is_a_claim(self, shop: Site) -> None:
        cafe = make_site("cafe.example", access=OPEN | {"allowDelegatedHandoffs": True})
        hand_over(start(caller=caller_of(verified=SIGNED)), "https://cafe.example/")
        assert "“bot.example” “” self-reported" in self.badge(shown(browser_of(cafe.owner), list_path(cafe)))


class TestFilters:
    @pytest.fixture(autouse=True)
    def _several(self, shop: Site) -> None:
        start(prompt="Find the blue kettle", agent={"name": "Scout", "key": "scout-1"})
        start(prompt="Find the red kettle", caller=caller_of(verified=SIGNED))
        end(start(prompt="Opening hours", execution=Execution.CLOUD), TaskStatus.FAILED)

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"q": "KETTLE"}, ["“Find the red kettle”", "“Find the blue kettle”"]),
            ({"q": "scout-1"}, ["“Find the blue kettle”"]),
            ({"q": "scout", "status": "failed"}, []),
            ({"status": "failed"}, ["“Opening hours”"]),
            ({"status": "open"}, ["“Find the red kettle”", "“Find the blue kettle”"]),
            ({"trust": "verified_signed"}, ["“Find the red kettle”"]),
            ({"agent": "scout-1"}, ["“Find the blue kettle”"]),
            ({"agent": "scout"}, []),
            ({"execution": "cloud"}, ["“Opening hours”"]),
            ({"q": "%"}, []),
            ({"q": MARKUP}, []),
        ],
    )
    def test_leave_what_fits(
        self, shop: Site, browser: Client, query: dict[str, str], found: list[str]
    ) -> None:
        page = shown(browser, list_path(shop), **query)
        assert wishes(page) == found
        assert found or "No task matches." in page
        assert MARKUP not in page

    def test_find_a_task_by_its_id(self, shop: Site, browser: Client) -> None:
        task = AgentTask.objects.get(prompt="Find the blue kettle")
        assert wishes(shown(browser, list_path(shop), q=task_name(task.pk))) == ["“Find the blue kettle”"]

    def test_by_id_find_no_other_sites_task(self, shop: Site, browser: Client) -> None:
        make_site("cafe.example", owner=make_owner("other"))
        hidden = start("https://cafe.example/", prompt="Book a table")
        assert wishes(shown(browser, list_path(shop), q=task_name(hidden.pk))) == []

    def test_find_a_shortcut_by_what_it_says(self, shop: Site, browser: Client) -> None:
        configure(shop, shortcuts=[{"id": "menu", "label": "Menu", "prompt": "Read out the carte."}])
        start(shortcut="menu")
        assert wishes(shown(browser, list_path(shop), q="carte")) == ["Shortcut Menu"]

    def test_take_days_in_utc_both_included(self, shop: Site, browser: Client) -> None:
        now = timezone.now()
        Task.objects.filter(agent_task__prompt="Opening hours").update(created_at=now - timedelta(days=2))
        day, before = f"{now:%Y-%m-%d}", f"{now - timedelta(days=2):%Y-%m-%d}"
        assert wishes(shown(browser, list_path(shop), until=before)) == ["“Opening hours”"]
        assert len(wishes(shown(browser, list_path(shop), since=before, until=day))) == 3
        assert "“Opening hours”" not in wishes(shown(browser, list_path(shop), since=day))

    @pytest.mark.parametrize(
        "query",
        [
            {"status": "sleeping"},
            {"trust": "blind"},
            {"execution": "moon"},
            {"since": "yesterday"},
            {"since": "2026-02-01", "until": "2026-01-01"},
            {"before": "nonsense"},
            {"after": "1"},
            {"q": "x" * 201},
            {"q": "\x00"},
            {"agent": "a\x00b"},
        ],
    )
    def test_that_mean_nothing_are_said_to(self, shop: Site, browser: Client, query: dict[str, str]) -> None:
        response = browser.get(list_path(shop), query)
        assert response.status_code == 422
        page = response.content.decode()
        assert "cannot be read" in page
        assert "errorlist" in page or "is damaged" in page

    def test_offer_the_agents_that_came(self, shop: Site, browser: Client) -> None:
        offered = html.fromstring(shown(browser, list_path(shop))).xpath("//datalist/option/@value")
        assert {"scout-1", "https://bot.example"} <= set(offered)

    def test_stay_while_one_turns_the_pages(self, shop: Site, browser: Client, settings: Any) -> None:
        settings.ROVER = settings.ROVER.model_copy(update={"tasks_per_minute_site": 0})
        for at in range(60):
            start(prompt=f"kettle {at}", caller=caller_of(address=f"198.51.{at}.1"))
        seen: list[str] = []
        page = shown(browser, f"{list_path(shop)}?q=kettle")
        while True:
            seen += wishes(page)
            older = html.fromstring(page).xpath("//a[@rel='next']/@href")
            if not older:
                break
            assert "q=kettle" in older[0]
            page = shown(browser, list_path(shop) + older[0])
        assert len(seen) == len(set(seen)) == 62
        [newer] = html.fromstring(page).xpath("//a[@rel='prev']/@href")
        assert len(wishes(shown(browser, list_path(shop) + newer))) == 50


def test_a_page_of_tasks_is_cut_by_place_and_not_by_count(shop: Site) -> None:
    made = [start(caller=caller_of(address=f"192.0.{at}.1")).pk for at in range(5)]
    first = task_page(tasks_of_site(shop), size=2)
    start(caller=caller_of(address="203.0.113.1"))
    second = task_page(tasks_of_site(shop), older_than=first.older, size=2)
    back = task_page(tasks_of_site(shop), newer_than=second.newer, size=2)
    assert [task.pk for task in first.tasks] == made[:2:-1]
    assert [task.pk for task in second.tasks] == made[2:0:-1]
    assert [task.pk for task in back.tasks] == [task.pk for task in first.tasks]
    assert (first.newer, back.newer is not None) == (None, True)


class TestToday:
    def counts(self, page: str) -> dict[str, int]:
        [found] = html.fromstring(page).xpath("//section[@aria-labelledby='today-title']/dl")
        return {one.xpath("string(dt)"): int(one.xpath("string(dd)")) for one in found}

    def test_counts_what_was_started_and_how_it_stands(self, shop: Site, browser: Client) -> None:
        start()
        end(start(), TaskStatus.COMPLETED)
        end(start(), TaskStatus.FAILED)
        end(start(), TaskStatus.CANCELLED)
        old = start()
        Task.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=1))
        assert self.counts(shown(browser, list_path(shop))) == {
            "started": 4,
            "not ended": 1,
            "completed": 1,
            "failed": 1,
            "cancelled": 1,
        }

    def test_each_count_leads_to_its_tasks(self, shop: Site, browser: Client) -> None:
        start(prompt="under way")
        end(start(prompt="gone wrong"), TaskStatus.FAILED)
        page = html.fromstring(shown(browser, list_path(shop)))
        [link] = page.xpath("//a[@aria-label='1 failed today']/@href")
        assert wishes(shown(browser, list_path(shop) + link)) == ["“gone wrong”"]


class TestLimits:
    def test_are_told(self, shop: Site, browser: Client, settings: Any) -> None:
        settings.ROVER = settings.ROVER.model_copy(update={"tasks_per_minute_agent": 0})
        page = shown(browser, list_path(shop))
        assert "From one network address: 10 a minute" in page
        assert "One agent, by its key: no limit" in page
        assert "All agents together: 60 a minute" in page
        assert "Nobody has met them in the last 7 days." in page

    def test_that_were_met_are_said_clearly(self, shop: Site, browser: Client, settings: Any) -> None:
        settings.ROVER = settings.ROVER.model_copy(update={"tasks_per_minute_site": 1})
        start()
        for at in range(3):
            with pytest.raises(TaskRateLimited):
                start(caller=caller_of(address=f"198.51.{at}.1"))
        page = " ".join(shown(browser, list_path(shop)).split())
        assert "<strong>Met 3 times in 7 days, 3 today</strong>" in page
        assert "Nobody has met them" not in page

    def test_that_were_met_long_ago_are_forgotten(self, shop: Site, browser: Client, settings: Any) -> None:
        self.test_that_were_met_are_said_clearly(shop, browser, settings)
        usage: Any = SiteKey.objects.get(site=shop).usage
        usage.update(day=timezone.now().date() - timedelta(days=1))
        assert "Met 3 times in 7 days, 0 today" in shown(browser, list_path(shop))
        usage.update(day=timezone.now().date() - timedelta(days=7))
        assert "Nobody has met them" in shown(browser, list_path(shop))

    def test_of_other_sites_are_not_this_sites(self, shop: Site, browser: Client, settings: Any) -> None:
        cafe = make_site("cafe.example")
        settings.ROVER = settings.ROVER.model_copy(update={"tasks_per_minute_site": 1})
        start("https://cafe.example/")
        with pytest.raises(TaskRateLimited):
            start("https://cafe.example/", caller=caller_of(address="198.51.100.1"))
        assert "Met 1 time in" in shown(browser, list_path(cafe))
        assert "Met 1 time in" not in shown(browser, list_path(shop))

    def test_tasks_that_a_closed_site_turned_away_are_told(self, shop: Site, browser: Client) -> None:
        configure(shop, aiAccess={"enabled": False})
        with pytest.raises(AiAccessDisabled):
            start()
        page = " ".join(shown(browser, list_path(shop)).split())
        assert "<strong>1 task turned away in 7 days, 1 today</strong>" in page


class TestAnEmptyList:
    def test_tells_how_an_agent_begins_here(self, shop: Site, browser: Client, settings: Any) -> None:
        settings.ROVER = settings.ROVER.model_copy(update={"public_url": "https://rover.example.com"})
        page = html.fromstring(shown(browser, list_path(shop)))
        [curl] = page.xpath("//code[@data-copy-source]/text()")
        assert curl.startswith(f"curl -X POST {settings.ROVER.base_url}/v1/tasks ")
        assert '{"url": "https://shop.example/", "prompt": "Find the opening hours"}' in curl
        assert "Agents cannot start tasks here." not in page.text_content()

    def test_speaks_to_ones_own_machine_without_tls(self, db: None) -> None:
        site = make_site("127.0.0.1", environment="development")
        assert (
            '"http://127.0.0.1/"'
            in html.fromstring(shown(browser_of(site.owner), list_path(site))).text_content()
        )

    def refused(self, shop: Site, browser: Client) -> tuple[str, str]:
        """What the note says, and where its link leads."""
        [note] = html.fromstring(shown(browser, list_path(shop))).xpath("//div[@role='status']")
        sentence = " ".join(note.xpath("p")[0].text_content().split())
        page = note.xpath("a/@href")[0].removeprefix(f"/workspace/sites/{shop.public_id}/")
        return sentence.removeprefix("Agents cannot start tasks here. "), page

    def test_says_that_ai_access_is_off(self, shop: Site, browser: Client) -> None:
        configure(shop, aiAccess={"enabled": False})
        assert self.refused(shop, browser) == ("AI access is off.", "ai-access/")

    def test_says_that_the_host_is_not_proved(self, shop: Site, browser: Client) -> None:
        HostClaim.objects.all().delete()
        assert self.refused(shop, browser) == (
            "It is not proved yet that shop.example is yours.",
            "install/",
        )

    def test_says_that_the_keys_only_watch(self, shop: Site, browser: Client) -> None:
        change_policy(shop, siteMode="analytics_only")
        sentence, page = self.refused(shop, browser)
        assert sentence.startswith("Every key is for Agent Analytics only")
        assert page == "policy/"

    def test_says_that_there_is_no_key(self, shop: Site, browser: Client) -> None:
        SiteKey.objects.update(active=False)
        assert self.refused(shop, browser) == ("The site has no key that works.", "keys/")

    def test_says_that_the_site_is_archived(self, shop: Site, browser: Client) -> None:
        site_archive(actor=SYSTEM, site=shop, now=timezone.now())
        assert self.refused(shop, browser) == ("The site is archived.", "settings/")

    def test_says_that_no_key_answers(self, shop: Site, browser: Client) -> None:
        key = SiteKey.objects.get(site=shop)
        key_update(actor=SYSTEM, key=key, capabilities={"roverEmbed": False}, now=timezone.now())
        sentence, page = self.refused(shop, browser)
        assert sentence.startswith("No key of this site answers for shop.example")
        assert page == "keys/"

    def test_names_the_host_that_is_open_when_the_main_one_is_not(self, shop: Site, browser: Client) -> None:
        HostClaim.objects.update(host="www.shop.example")
        page = shown(browser, list_path(shop))
        assert "https://www.shop.example/" in html.fromstring(page).text_content()
        assert "Agents cannot start tasks here." not in page

    def test_says_what_is_in_the_way_also_above_a_list_that_is_not_empty(
        self, shop: Site, browser: Client
    ) -> None:
        start()
        configure(shop, aiAccess={"enabled": False})
        assert self.refused(shop, browser)[0] == "AI access is off."


@pytest.mark.parametrize("text", [MARKUP, FORMULA, HIDDEN + "boo"])
def test_text_of_strangers_is_text(shop: Site, browser: Client, text: str) -> None:
    task = start(agent={"name": text[:100], "key": text[:100], "vendor": text[:100]}, prompt="x")
    AgentTask.objects.filter(pk=task.pk).update(prompt=text, shortcut=text[:120])
    for path in (list_path(shop), f"/workspace/sites/{shop.public_id}/"):
        page = shown(browser, path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert not set("\x1b\u202e\u2066\x07") & set(page)


class TestTheSitesOverview:
    def test_shows_the_latest_tasks(self, shop: Site, browser: Client) -> None:
        for at in range(6):
            start(prompt=f"wish {at}", caller=caller_of(address=f"192.0.{at}.1"))
        page = shown(browser, f"/workspace/sites/{shop.public_id}/")
        assert "Latest tasks of agents" in page
        assert "wish 5" in page
        assert "wish 0" not in page

    def test_says_nothing_before_an_agent_came(self, shop: Site, browser: Client) -> None:
        assert "Latest tasks of agents" not in shown(browser, f"/workspace/sites/{shop.public_id}/")


class TestTheListOfBackgroundWork:
    PATH = "/workspace/tasks/task/"

    def test_shows_neither_agents_tasks_nor_workflows(self, shop: Site, browser: Client) -> None:
        start()
        page = shown(browser, self.PATH)
        assert "0 tasks" in page
        assert "workflow" not in page

    def test_sends_whoever_comes_for_one_of_them_to_its_page(self, shop: Site, browser: Client) -> None:
        task = start()
        administrator = browser_of(owner_create(username="root", password=None, is_superuser=True))
        for client in (browser, administrator):
            for row_id in (task.pk, task.workflow_id):
                response = client.get(f"{self.PATH}{row_id}/change/")
                assert (response.status_code, response.headers["Location"]) == (302, task_path(shop, task))

    def test_tells_strangers_nothing(self, shop: Site) -> None:
        task = start()
        stranger = browser_of(make_owner("stranger"))
        for path in (f"{task.pk}/change/", f"{task.workflow_id}/change/", f"{task.pk}/cancel/"):
            assert stranger.post(self.PATH + path).status_code == 404

    def test_cancels_no_agents_task(self, shop: Site, browser: Client) -> None:
        task = start()
        assert browser.post(f"{self.PATH}{task.pk}/cancel/").status_code == 404
        assert agent_task_cancel(task_id=task.pk, now=timezone.now()) is True
