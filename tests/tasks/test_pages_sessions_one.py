"""The page of one visitor's session: its runs, what each step did, what is kept from sight, who may look."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from lxml import html

from tasks.admin.sessions_showing import EVENTS_SHOWN
from tasks.core.public_ids import task_name
from tasks.core.runtime.states import RunEventType
from tasks.core.runtime.tools import ToolCall
from tasks.executing.in_page.protocol import Answered, Ask, Calls, GiveUp, Question
from tasks.models import Run, RunEvent, RunStep, RuntimeTab
from tasks.selectors.sessions import RUNS_SHOWN
from tests.tasks.agents.owners_view import (
    FORMULA,
    HIDDEN,
    MARKUP,
    browser_of,
    member_of,
    shown,
    start,
    task_path,
)
from tests.tasks.agents.support import make_owner, make_site
from tests.tasks.visitors import Visitor, sessions_path, visit
from workspace.models import Site
from workspace.services.owners import owner_create

pytestmark = pytest.mark.django_db
CLICK = Calls(
    calls=(ToolCall(name="click_element", args={"element_id": 1}),), thought="The blue one is asked for."
)


@pytest.fixture
def shop(db: None) -> Site:
    return make_site()


@pytest.fixture
def browser(shop: Site) -> Client:
    return browser_of(shop.owner)


@pytest.fixture
def visitor(shop: Site) -> Visitor:
    return visit(shop)


def text_of(page: str, section: str = "") -> str:
    """The visible text of the page, or of one section, by the id of its heading."""
    document = html.fromstring(page)
    [found] = document.xpath(f"//section[.//h2[@id='{section}']]") if section else [document]
    return " ".join(" ".join(found.itertext()).split())


def lines(page: str, rows: str) -> list[str]:
    """The lines of the steps or of the log, without their symbols and times."""
    found = html.fromstring(page).xpath(f"//ol[@data-rows='{rows}']/li")
    for row in found:
        for part in row.xpath(".//*[contains(@class, 'rv-symbol')] | .//p[contains(@class, 'head')]/a"):
            part.drop_tree()
    return [" ".join(" ".join(row.itertext()).split()) for row in found]


class TestWhatIsSaid:
    def test_where_it_is_how_it_stands_and_by_which_key(
        self, shop: Site, browser: Client, visitor: Visitor
    ) -> None:
        visitor.ask("Find the blue kettle\nand its price")
        page = shown(browser, visitor.path)
        head = text_of(page, "session-title")
        assert "live running" in head
        assert "A visitor’s session on shop.example" in head
        assert "Key Website" in head
        assert visitor.session_id in head
        run = text_of(page, "run-title")
        assert "Find the blue kettle and its price" in run
        assert "running for" in run
        assert "For the visitor" in run

    def test_that_nothing_was_asked_yet(self, browser: Client, visitor: Visitor) -> None:
        assert "Nothing was asked in this session yet." in shown(browser, visitor.path)

    def test_each_step_with_its_thought_its_calls_and_what_came_of_them(
        self, browser: Client, visitor: Visitor
    ) -> None:
        visitor.ask("the blue kettle")
        first = visitor.step(CLICK)["calls"][0]["id"]
        [step] = lines(shown(browser, visitor.path), "steps")
        assert step.startswith("Step 1 The blue one is asked for. on https://shop.example/ click_element")
        assert "Blue kettle" in step
        assert "under way" in step

        gone = {"code": "ELEMENT_NOT_FOUND", "message": "It is not there."}
        second = visitor.step(CLICK, results=[{"id": first, "success": False, "error": gone}])
        done = {
            "id": second["calls"][0]["id"],
            "success": True,
            "navigation": {"url": "https://shop.example/blue"},
        }
        visitor.step(Answered(text="It costs 12."), results=[done])
        steps = lines(shown(browser, visitor.path), "steps")
        assert "failed ELEMENT_NOT_FOUND It is not there." in steps[0]
        assert "done → https://shop.example/blue" in steps[1]

    def test_a_call_that_the_run_did_not_live_to_see_was_not_carried_out(
        self, browser: Client, visitor: Visitor
    ) -> None:
        visitor.ask("the blue kettle")
        visitor.step(CLICK)
        visitor.tell(status="failed")
        [step] = lines(shown(browser, visitor.path), "steps")
        assert "not carried out" in step

    def test_the_log_tells_everything_in_its_order(self, browser: Client, visitor: Visitor) -> None:
        visitor.ask("the blue kettle")
        visitor.command(
            "TAB_EVENT", targetUrl="https://elsewhere.example/", logicalTabId="2", runId=visitor.run_id
        )
        call = visitor.step(CLICK)["calls"][0]["id"]
        visitor.step(
            Ask(message="One thing.", questions=(Question(key="size", query="Which size?"),)),
            results=[{"id": call, "success": True}],
        )
        visitor.command("ASK_USER_ANSWER", answers={"size": "the large one"}, runId=visitor.run_id)
        visitor.step(GiveUp(code="NOT_FOUND", message="There is none."))
        log = lines(shown(browser, visitor.path), "events")
        kinds = [line.split(" ", 2) for line in log]
        assert log[0].startswith("Asked the blue kettle")
        assert log[1].startswith("Address")
        assert "https://elsewhere.example/" in log[1]
        assert any(line.startswith("Page seen Shop") for line in log), kinds
        assert any(line.startswith("Step The blue one is asked for.") for line in log)
        assert any(line.startswith("Tool click_element") and "Blue kettle" in line for line in log)
        assert any(line.startswith("Tool click_element done") for line in log)
        assert any(line.startswith("Question One thing. Which size?") for line in log)
        assert any(line.startswith("The visitor answers size: the large one") for line in log)
        assert any(line.startswith("Error There is none. NOT_FOUND") for line in log)
        assert log[-1].startswith("Status failed")

    def test_that_it_waits_for_an_answer(self, browser: Client, visitor: Visitor) -> None:
        visitor.ask("a kettle")
        visitor.step(Ask(message="One thing.", questions=(Question(key="size", query="Which size?"),)))
        assert "It has asked something and waits for the answer" in shown(browser, visitor.path)

    def test_the_tabs(self, browser: Client, visitor: Visitor) -> None:
        visitor.ask("the blue kettle")
        visitor.command(
            "TAB_EVENT", targetUrl="https://shop.example/blue?x=1", logicalTabId="1", runId=visitor.run_id
        )
        visitor.command(
            "TAB_EVENT", targetUrl="https://elsewhere.example/", logicalTabId="2", runId=visitor.run_id
        )
        tabs = text_of(shown(browser, visitor.path), "tabs-title")
        assert "open https://shop.example/blue?x=1" in tabs
        assert "another site https://elsewhere.example/" in tabs

    def test_an_event_of_a_later_version_is_told_by_its_name(self, browser: Client, visitor: Visitor) -> None:
        visitor.ask("x")
        Run.objects.filter(pk=visitor.run_id).update(seq=2)
        RunEvent.objects.create(
            run=visitor.run, seq=2, type="brand_new", data={"colour": "teal"}, created_at=timezone.now()
        )
        assert lines(shown(browser, visitor.path), "events")[1].startswith("brand new")

    @pytest.mark.parametrize("decided", [None, [], "text", {"calls": "none"}, {"calls": [1, {"id": {}}]}])
    def test_a_step_that_is_damaged_breaks_nothing(
        self, browser: Client, visitor: Visitor, decided: Any
    ) -> None:
        visitor.ask("x")
        RunStep.objects.create(
            run=visitor.run, number=1, decided=decided or {}, results={"a": 1}, created_at=timezone.now()
        )
        RunStep.objects.filter(run=visitor.run).update(decided=decided) if decided is not None else None
        shown(browser, visitor.path)


class TestAgentsTasks:
    def test_the_session_links_the_task_and_the_task_the_session(
        self, shop: Site, browser: Client, visitor: Visitor
    ) -> None:
        task = start(agent={"name": "Shop Scout", "key": "scout"})
        visitor.take_up(task)
        page = shown(browser, visitor.path)
        assert f'href="{task_path(shop, task)}"' in page
        assert "“ Shop Scout ” “” self-reported" in text_of(page, "run-title")
        back = f'href="{visitor.path}?run={visitor.run_id}"'
        assert back in shown(browser, task_path(shop, task))

    def test_a_task_that_nobody_carries_out_in_a_page_links_none(self, shop: Site, browser: Client) -> None:
        assert "the session, step by step" not in shown(browser, task_path(shop, start()))


class TestRuns:
    def test_the_newest_is_shown_and_the_others_are_a_click_away(
        self, browser: Client, visitor: Visitor
    ) -> None:
        visitor.ask("first wish")
        first = visitor.run_id
        visitor.tell(status="completed")
        visitor.ask("second wish")
        page = shown(browser, visitor.path)
        assert "The newest run" in text_of(page, "run-title")
        assert "first wish" in text_of(page, "runs-title")
        earlier = shown(browser, visitor.path, run=first)
        assert "An earlier run" in text_of(earlier, "run-title")
        assert "first wish" in text_of(earlier, "run-title")
        assert "second wish" not in text_of(earlier, "run-title")

    def test_many_are_listed_a_part_at_a_time(self, browser: Client, visitor: Visitor) -> None:
        for n in range(RUNS_SHOWN + 3):
            visitor.ask(f"wish {n}.")
            visitor.tell(status="completed")
        page = shown(browser, visitor.path)
        assert "wish 3." in text_of(page, "runs-title")
        assert "wish 2." not in text_of(page, "runs-title")
        [older] = html.fromstring(page).xpath("//a[text()='Earlier runs']/@href")
        rest = browser.get(visitor.path + older).content.decode()
        assert "wish 2." in text_of(rest, "runs-title")
        assert "wish 3." not in text_of(rest, "runs-title")

    @pytest.mark.parametrize("run", ["x", "00000000-0000-0000-0000-000000000000"])
    def test_one_that_is_not_the_sessions_is_not_found(
        self, browser: Client, visitor: Visitor, run: str
    ) -> None:
        assert browser.get(visitor.path, {"run": run}).status_code == 404

    def test_one_of_another_session_is_not_found(self, shop: Site, browser: Client, visitor: Visitor) -> None:
        other = visit(shop)
        other.ask("x")
        assert browser.get(visitor.path, {"run": other.run_id}).status_code == 404

    def test_a_long_log_is_shown_from_its_end_and_its_beginning_a_click_away(
        self, browser: Client, visitor: Visitor
    ) -> None:
        visitor.ask("x")
        made = [
            RunEvent(
                run=visitor.run,
                seq=n,
                type=RunEventType.STATUS,
                data={"text": f"step {n}."},
                created_at=timezone.now(),
            )
            for n in range(2, EVENTS_SHOWN + 11)
        ]
        RunEvent.objects.bulk_create(made)
        Run.objects.filter(pk=visitor.run_id).update(seq=EVENTS_SHOWN + 10)
        page = shown(browser, visitor.path)
        assert len(lines(page, "events")) == EVENTS_SHOWN
        [earlier] = html.fromstring(page).xpath("//a[text()='Earlier events']/@href")
        first = browser.get(visitor.path + earlier).content.decode()
        assert len(lines(first, "events")) == 10
        assert "sessions.js" not in first

    def test_takes_the_same_number_of_queries_however_much_happened(
        self, browser: Client, visitor: Visitor
    ) -> None:
        def count() -> int:
            with CaptureQueriesContext(connection) as queries:
                shown(browser, visitor.path)
            return len(queries)

        visitor.ask("x")
        visitor.step(CLICK)
        few = count()
        for _ in range(5):
            visitor.step(CLICK)
        for n in range(4):
            visitor.ask(f"wish {n}")
        visitor.step(CLICK)
        assert count() <= few


class TestFollowing:
    def head(self, page: str) -> Mapping[str, str]:
        [found] = html.fromstring(page).xpath("//*[@data-mark]")
        return dict(found.attrib)

    def test_it_is_followed_while_something_may_happen(self, browser: Client, visitor: Visitor) -> None:
        page = shown(browser, visitor.path)
        assert self.head(page)["data-poll"] == visitor.path
        assert "sessions.js" in page
        visitor.was_seen(timedelta(minutes=3))
        assert "data-poll" not in self.head(shown(browser, visitor.path))

    def test_a_run_that_goes_on_is_followed_however_long_its_page_is_silent(
        self, browser: Client, visitor: Visitor
    ) -> None:
        visitor.ask("x")
        visitor.was_seen(timedelta(minutes=9))
        assert "data-poll" in self.head(shown(browser, visitor.path))

    def test_as_long_as_nothing_happens_there_is_nothing_to_send(
        self, browser: Client, visitor: Visitor
    ) -> None:
        visitor.ask("x")
        mark = self.head(shown(browser, visitor.path))["data-mark"]
        unchanged = browser.get(visitor.path, {"unless": mark})
        assert (unchanged.status_code, unchanged.content) == (204, b"")
        visitor.step(CLICK)
        assert browser.get(visitor.path, {"unless": mark}).status_code == 200

    @pytest.mark.parametrize("what", ["runs", "steps", "ends", "is quiet", "is ended"])
    def test_each_change_gives_another_mark(self, browser: Client, visitor: Visitor, what: str) -> None:
        visitor.ask("x")
        mark = self.head(shown(browser, visitor.path))["data-mark"]
        match what:
            case "runs":
                visitor.ask("y")
            case "steps":
                visitor.step(CLICK)
            case "ends":
                visitor.tell(status="completed")
            case "is quiet":
                visitor.was_seen(timedelta(minutes=3))
            case _:
                browser.post(f"{visitor.path}end/")
        assert self.head(shown(browser, visitor.path))["data-mark"] != mark

    def test_a_run_that_was_chosen_stays_chosen(self, browser: Client, visitor: Visitor) -> None:
        visitor.ask("x")
        poll = self.head(shown(browser, visitor.path, run=visitor.run_id))["data-poll"]
        assert poll == f"{visitor.path}?run={visitor.run_id}"


class TestWhatIsKeptFromSight:
    TOKENS = (
        "rvrsess_abc.def_Zebulon",
        "pk_site_Zebulon0123456789",
        "sk_site_Zebulon0123456789",
        "agt_access_Zebulon0123456789",
        "rrc_Zebulon0123456789",
        "rvo_Zebulon0123456789",
        "Bearer Zebulon0123456789",
    )

    @pytest.mark.parametrize("token", TOKENS)
    def test_no_token_that_somebody_typed_or_a_page_told_is_shown(
        self, shop: Site, browser: Client, visitor: Visitor, token: str
    ) -> None:
        url = f"https://shop.example/#rover_receipt={token}"
        visitor.ask(f"use {token} " * 3)
        typed = Calls(calls=(ToolCall(name="type_into_element", args={"element_id": 2, "text": token}),))
        visitor.step(typed, url=url)
        visitor.tell({"type": "status_update", "data": {"text": token, token: [token, {"deep": token}]}})
        RuntimeTab.objects.create(
            session=visitor.session,
            logical_tab_id="9",
            scope="in_scope",
            status="open",
            url=url,
            updated_at=timezone.now(),
        )
        for path in (
            visitor.path,
            sessions_path(shop),
            f"{visitor.path}end/",
            f"{visitor.path}runs/{visitor.run_id}/end/",
        ):
            page = shown(browser, path)
            assert "Zebulon" not in page, path
        assert "***" in shown(browser, visitor.path)

    def test_the_sessions_own_tokens_are_on_no_page(self, browser: Client, visitor: Visitor) -> None:
        visitor.ask("x")
        visitor.step(CLICK)
        assert visitor.token not in shown(browser, visitor.path)
        assert "rvrsess_" not in shown(browser, visitor.path)

    def test_a_long_prompt_is_cut_and_its_size_told(self, browser: Client, visitor: Visitor) -> None:
        visitor.ask("x")
        Run.objects.filter(pk=visitor.run_id).update(message="kettle " * 5_000)
        assert "(34,999 characters in all)" in shown(browser, visitor.path)


@pytest.mark.parametrize("text", [MARKUP, FORMULA, HIDDEN + "boo", "javascript:alert(1)"])
def test_text_of_strangers_is_text(shop: Site, browser: Client, visitor: Visitor, text: str) -> None:
    visitor.ask("x")
    now = timezone.now()
    every = dict.fromkeys(
        ("text", "message", "name", "title", "url", "target", "decision", "reason", "action"), text
    )
    kinds = [kind for kind in RunEventType if kind is not RunEventType.RUN_STARTED]
    for n, kind in enumerate(kinds, 2):
        data = every | {
            text: text,
            "args": {text: text},
            "answers": {text: text},
            "status": text,
            "error": text,
        }
        RunEvent.objects.create(run=visitor.run, seq=n, type=kind, data=data, created_at=now)
    call = {"id": "c1", "name": text, "target": text, "args": {text: text}}
    RunStep.objects.create(
        run=visitor.run,
        number=1,
        decided={"url": text, "thought": text, "calls": [call]},
        results={
            "c1": {"success": False, "error": {"code": text, "message": text}, "navigation": {"url": text}}
        },
        created_at=now,
    )
    RuntimeTab.objects.create(
        session=visitor.session,
        logical_tab_id="1",
        scope="external",
        status="open",
        url=text,
        reason=text[:60],
        updated_at=now,
    )
    Run.objects.filter(pk=visitor.run_id).update(message=text, shortcut=text[:100], seq=len(kinds) + 1)
    page = shown(browser, visitor.path)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert not re.search(r'href="\s*javascript', page)
    assert not set("\x1b\u202e\u2066\x07\x00") & set(page)


class TestWhoSeesIt:
    @pytest.mark.parametrize("role", ["viewer", "admin"])
    def test_everybody_who_works_on_the_site(self, shop: Site, visitor: Visitor, role: str) -> None:
        visitor.ask("x")
        page = shown(browser_of(member_of(shop, role)), visitor.path)
        assert ("End the session…" in page) == ("End this run…" in page) == (role == "admin")

    def test_an_administrator_of_the_server(self, visitor: Visitor) -> None:
        administrator = owner_create(username="administrator", password=None, is_superuser=True)
        assert "You act as administrator" in shown(browser_of(administrator), visitor.path)

    def test_no_stranger_not_even_by_a_site_of_his_own(self, shop: Site, visitor: Visitor) -> None:
        cafe = make_site("cafe.example", owner=make_owner("barista"))
        client = browser_of(cafe.owner)
        for site in (shop, cafe):
            for path in ("", "end/", f"runs/{'0' * 8}-0000-0000-0000-{'0' * 12}/end/"):
                assert client.get(f"{sessions_path(site)}{visitor.session_id}/{path}").status_code == 404
        assert Client().get(visitor.path).status_code == 302

    @pytest.mark.parametrize("name", ["ses_1", "agt_" + "f" * 32, "x" * 300])
    def test_a_name_that_is_no_session_is_not_found(self, shop: Site, browser: Client, name: str) -> None:
        assert browser.get(f"{sessions_path(shop)}{name}/").status_code == 404

    @pytest.mark.parametrize("method", ["post", "put", "delete"])
    def test_it_is_only_read(self, browser: Client, visitor: Visitor, method: str) -> None:
        assert getattr(browser, method)(visitor.path).status_code == 405


def test_a_session_whose_key_is_gone_is_shown(shop: Site, browser: Client, visitor: Visitor) -> None:
    visitor.ask("x")
    visitor.session.key.delete()  # type: ignore[union-attr]  # it has one
    assert "Key deleted" in text_of(shown(browser, visitor.path), "session-title")


def test_the_page_names_the_task_of_a_run_that_has_one(shop: Site, browser: Client, visitor: Visitor) -> None:
    task = start()
    visitor.take_up(task)
    assert task_name(task.pk) in shown(browser, f"{visitor.path}runs/{visitor.run_id}/end/")
