"""The page of one task of an agent: who asks, what happens, what comes of it, and how its site's people end it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from lxml import html

from tasks.admin.showing import EVENTS_SHOWN
from tasks.core.events import EventKind, NewEvent
from tasks.core.prefer import Execution
from tasks.core.public_ids import task_name
from tasks.core.states import TaskStatus
from tasks.models import AgentTask, Event, Receipt, Task
from tasks.services.agents.acting import task_answer
from tasks.services.agents.log import Logs, append, change
from tasks.services.agents.sweeping import agent_tasks_sweep
from tasks.services.agents.tokens import receipt_token, task_token, workflow_token
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
from tests.tasks.agents.support import IN_CLOUD, OPEN, configure, make_owner, make_site
from tests.workspace.isolation.doors import broken_audit_log
from workspace.models import AuditEntry, Site, User
from workspace.services.owners import owner_create

pytestmark = pytest.mark.django_db
CITED = {
    "text": "Nine to five.\nClosed on Sunday.",
    "blocks": [
        {"type": "table", "columns": ["day", "hours"], "rows": [["Monday", "9–17"], ["Sunday", "closed"]]},
        {
            "type": "list",
            "items": [{"title": "Map", "url": "https://shop.example/map", "date": "2026-01-31"}],
        },
        {"type": "citation", "url": "https://shop.example/hours", "title": "Hours", "quote": "9 to 5"},
    ],
    "summary": "Nine to five.",
    "observation": {"url": "https://shop.example/hours", "title": "Hours", "host": "shop.example"},
}


@pytest.fixture
def shop(db: None) -> Site:
    return make_site(capabilities=IN_CLOUD)


@pytest.fixture
def browser(shop: Site) -> Client:
    return browser_of(shop.owner)


@pytest.fixture
def cafe(shop: Site) -> Site:
    """Another owner's site, which takes what other sites hand over."""
    return make_site(
        "cafe.example", owner=make_owner("barista"), access=OPEN | {"allowDelegatedHandoffs": True}
    )


def run(task: AgentTask, *events: NewEvent) -> None:
    """Let the task run, and these events happen."""
    change(Logs.of(task), after=TaskStatus.RUNNING, now=timezone.now())
    append(Logs.of(task), events, now=timezone.now())


def end(task: AgentTask, status: TaskStatus, result: Mapping[str, Any] | None = None) -> None:
    change(Logs.of(task), after=status, now=timezone.now(), result=result)


def ask(task: AgentTask, message: str = "Which kettle?", **question: Any) -> None:
    asked = {"message": message, "questions": [{"key": "kettle", "query": "Which one?", **question}]}
    AgentTask.objects.filter(pk=task.pk).update(input=asked)
    told = NewEvent(kind=EventKind.INPUT, payload=asked)
    change(Logs.of(task), after=TaskStatus.INPUT_REQUIRED, now=timezone.now(), events=[told])


def text_of(page: str, section: str = "") -> str:
    """The visible text of the page, or of one section, by the id of its heading."""
    document = html.fromstring(page)
    [found] = document.xpath(f"//section[@aria-labelledby='{section}']") if section else [document]
    return " ".join(" ".join(found.itertext()).split())


def told(page: str) -> list[str]:
    """The lines of the timeline without their times."""
    lines = []
    for row in html.fromstring(page).xpath("//ol[@data-events]/li"):
        says = row.xpath(".//*[contains(@class, 'rv-text') or contains(@class, 'rv-source')]")
        texts = [" ".join(each.text_content().split()) for each in says]
        lines.append(f"{row.xpath('string(.//strong)')}: {' / '.join(texts)}")
    return lines


class TestWhatIsSaid:
    def test_wish_target_status_and_time(self, shop: Site, browser: Client) -> None:
        task = start("https://shop.example/kettles?x=1#top", prompt="Find the blue kettle\nand its price")
        page = shown(browser, task_path(shop, task))
        head = text_of(page, "wish-title")
        assert "waiting for a browser" in head
        assert "Find the blue kettle and its price" in head
        assert "https://shop.example/kettles?x=1#top" in head
        assert task_name(task.pk) in head

    def test_of_a_shortcut_what_it_says_and_what_the_agent_added(self, shop: Site, browser: Client) -> None:
        configure(shop, shortcuts=[{"id": "hours", "label": "Opening hours", "prompt": "Tell the hours."}])
        head = text_of(
            shown(browser, task_path(shop, start(shortcut="hours", prompt="of Sunday"))), "wish-title"
        )
        assert "The shortcut Opening hours Tell the hours. with these words of the agent: of Sunday" in head

    @pytest.mark.parametrize(
        ("execution", "place", "then"),
        [
            (Execution.CLOUD, "on this server", "It expires in 15 min if nothing happens."),
            (Execution.BROWSER, "in a browser", "It expires in 15 min if nothing happens."),
            (
                Execution.AUTO,
                "in a browser, else on this server",
                "This server takes it in 45 s if no browser does.",
            ),
        ],
    )
    def test_where_it_runs_and_what_happens_by_itself(
        self, shop: Site, browser: Client, execution: Execution, place: str, then: str
    ) -> None:
        configure(shop, aiAccess={"enabled": True, "autoPromoteSeconds": 45})
        head = text_of(shown(browser, task_path(shop, start(execution=execution))), "wish-title")
        assert place in head
        assert then in head

    def test_a_task_that_this_server_took_over_ran_here(self, shop: Site, browser: Client) -> None:
        configure(shop, aiAccess={"enabled": True, "autoPromoteSeconds": 45})
        task = start(execution=Execution.AUTO)
        agent_tasks_sweep(now=timezone.now() + timedelta(seconds=46))
        assert "on this server" in text_of(shown(browser, task_path(shop, task)), "wish-title")
        end(task, TaskStatus.COMPLETED, CITED)
        assert "on this server" in text_of(shown(browser, task_path(shop, task)), "wish-title")

    def test_a_task_that_a_browser_took_ran_there(self, shop: Site, browser: Client) -> None:
        configure(shop, aiAccess={"enabled": True, "autoPromoteSeconds": 45})
        task = start(execution=Execution.AUTO)
        Receipt.objects.filter(task=task).update(claimed_at=timezone.now())
        run(task)
        end(task, TaskStatus.FAILED)
        assert "in a browser" in text_of(shown(browser, task_path(shop, task)), "wish-title")

    def test_no_token_of_the_task_is_on_it(self, shop: Site, browser: Client) -> None:
        task = start()
        page = shown(browser, task_path(shop, task))
        for token in (task_token(task.pk), workflow_token(task.workflow_id), receipt_token(task.pk)):
            assert token not in page

    def test_the_open_question_with_its_choices(self, shop: Site, browser: Client) -> None:
        task = start()
        run(task)
        ask(task, choices=["red", "blue"], required=False)
        asked = text_of(shown(browser, task_path(shop, task)), "asked-title")
        assert "Which kettle? Which one? (optional) – one of: red, blue" in asked

    def test_a_question_that_was_answered_is_open_no_more(self, shop: Site, browser: Client) -> None:
        task = start()
        run(task)
        ask(task)
        task_answer(task_id=task.pk, body={"input": "the blue one"}, idempotency_key=None, now=timezone.now())
        page = shown(browser, task_path(shop, task))
        assert "asked-title" not in page
        assert "the blue one" in text_of(page, "answers-title")


class TestWho:
    def test_the_whole_record_is_told(self, shop: Site, browser: Client) -> None:
        said = {"key": "scout", "name": "Scout", "vendor": "Acme", "model": "m-1", "version": "2"}
        task = start(
            agent=said | {"homepage": "https://acme.example/bot"},
            caller=caller_of(headers={"user-agent": "Scout/2 (+https://acme.example)"}),
        )
        who = text_of(shown(browser, task_path(shop, task)), "agent-title")
        for value in task.agent.values():
            assert value in who, value

    @pytest.mark.parametrize(
        ("how", "sentence"),
        [
            ({"caller": caller_of(verified=SIGNED)}, "what is proved is bot.example."),
            (
                {"caller": caller_of(verified=replace(SIGNED, binds_request=False))},
                "somebody else may have sent it.",
            ),
            ({"agent": {"name": "Scout"}}, "This is what the caller says of itself. Nothing proves it."),
            ({"caller": caller_of(headers={"user-agent": "curl/8"})}, "Anybody can write those."),
            ({}, "The caller said nothing about itself."),
        ],
    )
    def test_trust_is_explained_in_a_sentence(
        self, shop: Site, browser: Client, how: dict[str, Any], sentence: str
    ) -> None:
        assert sentence in text_of(shown(browser, task_path(shop, start(**how))), "agent-title")

    def test_a_homepage_is_left_to_without_a_trace(self, shop: Site, browser: Client) -> None:
        task = start(agent={"name": "Scout", "homepage": "https://acme.example/bot"})
        [link] = html.fromstring(shown(browser, task_path(shop, task))).xpath(
            "//a[@href='https://acme.example/bot']"
        )
        assert link.get("rel") == "noopener noreferrer nofollow"

    def test_leads_to_the_other_tasks_of_the_agent(self, shop: Site, browser: Client) -> None:
        task = start(agent={"key": "a&b=c d"}, prompt="first")
        start(agent={"key": "a&b=c d"}, prompt="second")
        start(prompt="somebody else's")
        page = html.fromstring(shown(browser, task_path(shop, task)))
        [link] = page.xpath("//a[text()='Its other tasks here']/@href")
        found = shown(browser, link)
        assert ("first" in found, "second" in found, "somebody else" in found) == (True, True, False)


class TestTheResult:
    def result(self, shop: Site, browser: Client, result: Any) -> Any:
        task = start()
        run(task)
        end(task, TaskStatus.COMPLETED)
        Task.objects.filter(pk=task.pk).update(result=result)
        page = html.fromstring(shown(browser, task_path(shop, task)))
        [found] = page.xpath("//section[@aria-labelledby='result-title']")
        return found

    def test_is_told_by_kinds_of_parts(self, shop: Site, browser: Client) -> None:
        found = self.result(shop, browser, CITED)
        assert found.xpath(".//thead/tr/th/bdi/text()") == ["day", "hours"]
        assert found.xpath(".//tbody/tr/td/bdi/text()") == ["Monday", "9–17", "Sunday", "closed"]
        [item] = found.xpath(".//ul[@class='rv-answers']/li")
        assert " ".join(item.text_content().split()) == "Map https://shop.example/map 2026-01-31"
        assert found.xpath(".//blockquote/text()") == ["9 to 5"]
        assert found.xpath(".//details/pre/text()") == ["Nine to five.\nClosed on Sunday."]

    def test_each_link_is_left_to_without_a_trace(self, shop: Site, browser: Client) -> None:
        links = self.result(shop, browser, CITED).xpath(".//a")
        assert [link.get("href") for link in links] == [
            "https://shop.example/map",
            "https://shop.example/hours",
        ]
        assert {link.get("rel") for link in links} == {"noopener noreferrer nofollow"}

    def test_of_text_alone_is_told_once(self, shop: Site, browser: Client) -> None:
        text = "Nine to five."
        for result in ({"text": text}, {"text": text, "blocks": [{"type": "text", "text": text}]}):
            assert self.result(shop, browser, result).text_content().count(text) == 1

    def test_that_is_an_error_is_told_with_its_code(self, shop: Site, browser: Client) -> None:
        error = {"code": "page_unavailable", "message": "No page came back.", "data": {"http_status": 503}}
        found = " ".join(self.result(shop, browser, {"error": error}).text_content().split())
        assert "No page came back. page_unavailable" in found

    @pytest.mark.parametrize(
        "url",
        [
            "javascript:alert(1)",
            "data:text/html,<script>alert(1)</script>",
            "ftp://shop.example/",
            "https://shop.example@evil.example/",
            "//evil.example/",
            "https://shop.example/\u202egnp.exe",
            "not an address",
            "mailto:a@b.example",
        ],
    )
    def test_links_lead_to_web_pages_alone(self, shop: Site, browser: Client, url: str) -> None:
        blocks = [
            {"type": "text", "text": "x", "url": url},
            {"type": "list", "items": [{"title": "x", "url": url}]},
            {"type": "citation", "quote": "x", "url": url},
        ]
        found = self.result(shop, browser, {"blocks": blocks, "observation": {"url": url}})
        assert found.xpath(".//a") == []

    @pytest.mark.parametrize(
        "result",
        [
            {},
            {"blocks": None},
            {"blocks": "text"},
            {
                "blocks": [
                    None,
                    1,
                    "x",
                    [],
                    {},
                    {"type": None},
                    {"type": "list"},
                    {"type": "table", "rows": 3},
                ]
            },
            {"blocks": [{"type": "list", "items": [None, 7, {}, {"title": ["x"], "url": 5}]}]},
            {"blocks": [{"type": "table", "columns": 5, "rows": [None, 7, [], [[1], {}], {"a": 1}]}]},
            {"blocks": [{"type": "citation"}], "observation": 5, "error": 7, "text": ["x"]},
            {"error": {}, "transcript": {"messages": [{"role": "user", "text": "x"}]}, "artifacts": [1]},
            [],
            "text",
            7,
        ],
    )
    def test_of_any_shape_is_shown(self, shop: Site, browser: Client, result: Any) -> None:
        assert self.result(shop, browser, result) is not None

    def test_that_is_very_long_says_what_is_missing(self, shop: Site, browser: Client) -> None:
        blocks = [{"type": "list", "items": [f"item {n}" for n in range(250)]}, *({"type": "x"},) * 70]
        found = self.result(shop, browser, {"text": "long " * 10_000, "blocks": blocks}).text_content()
        assert "and 50 more" in found
        assert "and 11 more parts" in found
        assert "(49,999 characters in all)" in found

    def test_half_a_surrogate_pair_breaks_nothing(self, shop: Site, browser: Client) -> None:
        result = {"text": "\ud800", "blocks": [{"type": "x", "\udfff": "\ud800"}], "\ud800": "\ud800"}
        assert self.result(shop, browser, result) is not None


class TestWhatHappened:
    def test_is_told_in_words(self, shop: Site, browser: Client) -> None:
        task = start()
        run(
            task,
            NewEvent(kind=EventKind.STEP, payload={"text": "Reads the front page."}),
            NewEvent(kind=EventKind.TOOL, payload={"name": "read", "status": "started"}),
            NewEvent(
                kind=EventKind.TOOL, payload={"name": "read", "status": "failed", "message": "HTTP 503"}
            ),
            NewEvent(
                kind=EventKind.OBSERVATION,
                payload={"url": "https://shop.example/", "title": "The shop", "summary": "Kettles."},
            ),
            NewEvent(kind=EventKind.MESSAGE, payload={"role": "assistant", "text": "Here it is."}),
            NewEvent(kind=EventKind.MESSAGE, payload={"role": "user", "text": "The blue one."}),
            NewEvent(kind=EventKind.ERROR, payload={"code": "timeout", "message": "Too slow."}),
        )
        end(task, TaskStatus.FAILED)
        assert told(shown(browser, task_path(shop, task))) == [
            "Status: waiting for a browser",
            "Status: running",
            "Step: Reads the front page.",
            "Tool: read started",
            "Tool: read failed / HTTP 503",
            "Page seen: The shop / https://shop.example/ / Kettles.",
            "Rover says: Here it is.",
            "The caller says: The blue one.",
            "Error: Too slow. / timeout",
            "End: failed",
        ]

    def test_tells_how_long_after_the_start(self, shop: Site, browser: Client) -> None:
        task = start()
        Event.objects.filter(task=task.pk).update(created_at=task.task.created_at + timedelta(seconds=75))
        assert "+1 min 15 s" in shown(browser, task_path(shop, task))

    def test_shows_what_it_has_no_words_for_as_data(self, shop: Site, browser: Client) -> None:
        task = start()
        run(task, NewEvent(kind=EventKind.TOOL, payload={"name": "click", "args": {"id": 7}}))
        Event.objects.filter(task=task.pk, seq=1).update(kind="dreamt_of", payload={"sheep": 3})
        page = text_of(shown(browser, task_path(shop, task)), "events-title")
        assert '"args": { "id": 7 }' in page
        assert "dreamt of" in page
        assert '"sheep": 3' in page

    def test_of_a_long_log_the_end_comes_first_and_the_beginning_can_be_had(
        self, shop: Site, browser: Client
    ) -> None:
        task = start()
        steps = [
            NewEvent(kind=EventKind.STEP, payload={"text": f"step {n}"}) for n in range(EVENTS_SHOWN + 3)
        ]
        run(task, *steps)
        page = shown(browser, task_path(shop, task))
        assert len(told(page)) == EVENTS_SHOWN
        [earlier] = html.fromstring(page).xpath("//a[text()='Earlier events']/@href")
        first = told(shown(browser, task_path(shop, task) + earlier))
        assert [*first, *told(page)][-1] == f"Step: step {EVENTS_SHOWN + 2}"
        assert first[-1] == "Step: step 2"

    def test_behind_an_event_begins_with_the_next_one(self, shop: Site, browser: Client) -> None:
        """What the script asks for: nothing may be left out between two answers."""
        task = start()
        run(task, *[NewEvent(kind=EventKind.STEP, payload={"text": str(n)}) for n in range(EVENTS_SHOWN + 9)])
        seen: list[str] = []
        after = "2"
        while len(seen) < EVENTS_SHOWN + 9:
            page = shown(browser, task_path(shop, task), after=after)
            seen += told(page)
            [after] = html.fromstring(page).xpath("//*[@data-follow]/@data-after")
        assert seen == [f"Step: {n}" for n in range(EVENTS_SHOWN + 9)]
        assert told(shown(browser, task_path(shop, task), after=after)) == []

    @pytest.mark.parametrize("query", [{"after": "x"}, {"before": "-1"}, {"after": "9" * 40}, {"before": ""}])
    def test_a_place_that_is_none_is_passed_over(
        self, shop: Site, browser: Client, query: dict[str, str]
    ) -> None:
        assert len(told(shown(browser, task_path(shop, start()), **query))) == 1

    def test_takes_the_same_number_of_queries_however_much_happened(
        self, shop: Site, browser: Client
    ) -> None:
        task = start()

        def count() -> int:
            with CaptureQueriesContext(connection) as queries:
                shown(browser, task_path(shop, task))
            return len(queries)

        few = count()
        run(task, *[NewEvent(kind=EventKind.STEP, payload={"text": "x"})] * 50)
        assert count() <= few

    def test_is_followed_by_script_as_long_as_it_lasts(self, shop: Site, browser: Client) -> None:
        task = start()
        page = shown(browser, task_path(shop, task))
        assert f'data-follow="/workspace/tasks/{task.pk}/events"' in page
        assert "agent-task.js" in page
        end(task, TaskStatus.CANCELLED)
        assert "agent-task.js" not in shown(browser, task_path(shop, task))


class TestTheWorkflow:
    def members(self, page: str) -> list[str]:
        rows = html.fromstring(page).xpath("//ol[@class='rv-members']/li")
        return [" ".join(row.text_content().split()) for row in rows]

    def test_names_its_tasks_on_this_site(self, shop: Site, cafe: Site, browser: Client) -> None:
        root = start(prompt="Plan the evening")
        configure(shop, aiAccess=OPEN | {"allowDelegatedHandoffs": True})
        child = hand_over(root, "https://shop.example/", instruction="Find the kettle")
        page = shown(browser, task_path(shop, root))
        assert self.members(page) == [
            "waiting for a browser shop.example this task",
            "waiting for a browser shop.example “Find the kettle”",
        ]
        assert f'href="{task_path(shop, child)}"' in page

    def test_tells_of_another_owners_task_where_it_is_and_how_it_stands(
        self, shop: Site, cafe: Site, browser: Client
    ) -> None:
        root = start(prompt="Plan the evening")
        child = hand_over(root, "https://cafe.example/secret", instruction="Book for Zebulon")
        run(child, NewEvent(kind=EventKind.STEP, payload={"text": "Zebulon logged"}))
        end(child, TaskStatus.COMPLETED, {"text": "Zebulon sits by the window", "summary": "Zebulon sits"})
        page = shown(browser, task_path(shop, root))
        assert self.members(page)[1] == "completed cafe.example"
        assert "Zebulon" not in page
        assert "secret" not in page
        assert task_name(child.pk) not in page
        assert str(child.pk) not in page

    def test_tells_the_receiving_site_what_was_handed_over_and_nothing_else(
        self, shop: Site, cafe: Site
    ) -> None:
        root = start(prompt="Zebulon wants an evening")
        run(root, NewEvent(kind=EventKind.STEP, payload={"text": "Zebulon logged"}))
        child = hand_over(
            root,
            "https://cafe.example/",
            instruction="Book a table",
            contextSummary="Four people, by the window",
            expectedOutput="The time",
            originalGoal="An evening out",
            lastObservation={"title": "Kettles", "url": "https://shop.example/kettles", "summary": "Many."},
        )
        page = shown(browser_of(cafe.owner), task_path(cafe, child))
        handed = text_of(page, "handoff-title")
        for text in (
            "shop.example",
            "Book a table",
            "Four people, by the window",
            "The time",
            "An evening out",
            "Kettles",
        ):
            assert text in handed
        assert self.members(page) == ["running shop.example", "waiting for a browser cafe.example this task"]
        assert "Zebulon" not in page
        assert task_name(root.pk) not in page

    def test_of_one_task_is_not_told(self, shop: Site, browser: Client) -> None:
        assert "workflow-title" not in shown(browser, task_path(shop, start()))


class TestWhoSeesIt:
    @pytest.fixture
    def task(self, shop: Site) -> AgentTask:
        return start()

    @pytest.mark.parametrize("role", ["viewer", "admin"])
    def test_everybody_who_works_on_the_site(self, shop: Site, task: AgentTask, role: str) -> None:
        shown(browser_of(member_of(shop, role)), task_path(shop, task))

    def test_an_administrator_of_the_server(self, shop: Site, task: AgentTask) -> None:
        administrator = owner_create(username="administrator", password=None, is_superuser=True)
        assert "You act as administrator" in shown(browser_of(administrator), task_path(shop, task))

    def test_no_stranger(self, shop: Site, cafe: Site, task: AgentTask) -> None:
        client = browser_of(cafe.owner)
        for site in (shop, cafe):
            assert client.get(task_path(site, task)).status_code == 404
            assert client.post(f"{task_path(site, task)}cancel/").status_code == 404
        assert Task.objects.get(pk=task.pk).status == TaskStatus.WAITING_BROWSER

    @pytest.mark.parametrize("name", ["agt_1", "agt_" + "f" * 32, "wf_" + "f" * 32, "cancel"])
    def test_a_name_that_is_no_task_is_not_found(self, shop: Site, browser: Client, name: str) -> None:
        assert browser.get(f"{list_path(shop)}{name}/").status_code == 404

    def test_a_workflow_is_no_task(self, shop: Site, browser: Client, task: AgentTask) -> None:
        assert browser.get(f"{list_path(shop)}agt_{task.workflow_id.hex}/").status_code == 404


class TestCancelling:
    @pytest.fixture
    def task(self, shop: Site) -> AgentTask:
        return start()

    def test_ends_the_task_at_once_and_is_on_record(
        self, shop: Site, browser: Client, task: AgentTask
    ) -> None:
        page = html.fromstring(shown(browser, task_path(shop, task)))
        [form] = page.xpath("//form[.//button[text()='Cancel the task']]")
        response = browser.post(form.get("action"), follow=True)
        assert "The task is cancelled." in response.content.decode()
        assert Task.objects.get(pk=task.pk).status == TaskStatus.CANCELLED
        entry = AuditEntry.objects.get(action="agent_task.cancelled")
        assert (entry.actor, entry.site, entry.door) == (shop.owner, shop, "workspace")
        assert (entry.subject_id, entry.subject_label) == (task_name(task.pk), "shop.example")
        assert (entry.before, entry.after) == ({"status": "waiting_browser"}, {"status": "cancelled"})

    def test_twice_is_on_record_once(self, shop: Site, browser: Client, task: AgentTask) -> None:
        for _ in range(2):
            response = browser.post(f"{task_path(shop, task)}cancel/", follow=True)
        assert "had ended already" in response.content.decode()
        assert AuditEntry.objects.filter(action="agent_task.cancelled").count() == 1

    def test_leaves_no_prompt_behind_in_the_audit_log(self, shop: Site, browser: Client) -> None:
        task = start(prompt="Zebulon wants a kettle", agent={"name": "Zebulon"})
        browser.post(f"{task_path(shop, task)}cancel/")
        assert "Zebulon" not in browser.get(f"/workspace/sites/{shop.public_id}/audit/").content.decode()

    def test_does_not_happen_when_it_cannot_be_put_on_record(
        self, shop: Site, browser: Client, task: AgentTask
    ) -> None:
        with broken_audit_log(), pytest.raises(DatabaseError):
            browser.post(f"{task_path(shop, task)}cancel/")
        assert Task.objects.get(pk=task.pk).status == TaskStatus.WAITING_BROWSER

    def test_is_for_those_who_may_edit(self, shop: Site, task: AgentTask) -> None:
        viewer, admin = browser_of(member_of(shop, "viewer")), browser_of(member_of(shop, "admin"))
        assert "Cancel the task" not in shown(viewer, task_path(shop, task))
        assert viewer.post(f"{task_path(shop, task)}cancel/").status_code == 403
        assert Task.objects.get(pk=task.pk).status == TaskStatus.WAITING_BROWSER
        assert "Cancel the task" in shown(admin, task_path(shop, task))
        assert admin.post(f"{task_path(shop, task)}cancel/").status_code == 302
        assert Task.objects.get(pk=task.pk).status == TaskStatus.CANCELLED

    def test_leaves_tasks_that_were_handed_to_others_alone(
        self, shop: Site, cafe: Site, browser: Client, task: AgentTask
    ) -> None:
        child = hand_over(task, "https://cafe.example/")
        browser.post(f"{task_path(shop, task)}cancel/")
        assert Task.objects.get(pk=child.pk).status == TaskStatus.WAITING_BROWSER

    @pytest.mark.parametrize("method", ["get", "put", "delete"])
    def test_takes_a_form(self, shop: Site, browser: Client, task: AgentTask, method: str) -> None:
        assert getattr(browser, method)(f"{task_path(shop, task)}cancel/").status_code == 405
        assert Task.objects.get(pk=task.pk).status == TaskStatus.WAITING_BROWSER

    def test_has_no_button_once_the_task_has_ended(
        self, shop: Site, browser: Client, task: AgentTask
    ) -> None:
        end(task, TaskStatus.CANCELLED)
        assert "Cancel the task" not in shown(browser, task_path(shop, task))


@pytest.mark.parametrize("text", [MARKUP, FORMULA, HIDDEN + "boo"])
def test_text_of_strangers_is_text(shop: Site, browser: Client, text: str) -> None:
    task = start()
    run(
        task,
        *[
            NewEvent(
                kind=kind, payload=dict.fromkeys(("text", "name", "message", "title", "url", text), text)
            )
            for kind in EventKind
            if kind not in (EventKind.DONE, EventKind.STATUS)
        ],
    )
    record = dict.fromkeys((*task.agent, text), text)
    told_by_another = dict.fromkeys(("sourceHost", "originalGoal", "contextSummary"), text)
    AgentTask.objects.filter(pk=task.pk).update(
        prompt=text, wish=text, shortcut=text[:100], agent=record, handoff=told_by_another, url=text
    )
    blocks = [
        {"type": "text", "text": text, "title": text, "url": text},
        {"type": "list", "title": text, "items": [text, {"title": text, "url": text, "note": text}]},
        {"type": "table", "columns": [text], "rows": [[text], text]},
        {"type": "citation", "quote": text, "title": text, "url": text},
        {"type": text, text: text},
        text,
    ]
    result = {"text": text, "blocks": blocks, text: text, "error": {"code": text, "message": text}}
    Task.objects.filter(pk=task.pk).update(result=result)
    page = shown(browser, task_path(shop, task))
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert not set("\x1b\u202e\u2066\x07\x00") & set(page)


def test_the_owner_of_a_task_when_it_was_made_is_nobody_once_the_site_is_anothers(shop: Site) -> None:
    task = start()
    before, heir = shop.owner, make_owner("heir")
    Site.objects.filter(pk=shop.pk).update(owner=heir)
    assert browser_of(before).get(task_path(shop, task)).status_code == 404
    assert browser_of(User.objects.get(pk=heir.pk)).get(task_path(shop, task)).status_code == 200
