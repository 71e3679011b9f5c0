"""Owners end a visitor's run, or the session: what ends with it, what is on record, and who may."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone
from lxml import html

from tasks.core.public_ids import task_name
from tasks.core.runtime.errors import ActiveRunExists
from tasks.core.session_tokens import SessionTokenInvalid
from tasks.core.states import TaskStatus
from tasks.models import AgentTask, RunEvent, Task
from tasks.services.runtime.sessions import session_present
from tests.tasks.agents.owners_view import browser_of, member_of, shown, start
from tests.tasks.agents.support import make_site
from tests.tasks.visitors import Visitor, visit
from tests.workspace.isolation.doors import broken_audit_log
from workspace.models import AuditEntry, Site

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(db: None) -> Site:
    return make_site()


@pytest.fixture
def browser(shop: Site) -> Client:
    return browser_of(shop.owner)


@pytest.fixture
def visitor(shop: Site) -> Visitor:
    """With a run that goes on."""
    one = visit(shop)
    one.ask("Zebulon wants a kettle")
    return one


@pytest.fixture
def task(shop: Site, visitor: Visitor) -> AgentTask:
    """A task that the visitor's page carries out."""
    task = start(prompt="Find the kettle")
    visitor.take_up(task)
    return task


def run_end(visitor: Visitor) -> str:
    return f"{visitor.path}runs/{visitor.run_id}/end/"


def session_end(visitor: Visitor) -> str:
    return f"{visitor.path}end/"


def follow(browser: Client, path: str, button: str) -> str:
    """What comes of a click on the link in the page and on the button behind it."""
    [form] = html.fromstring(shown(browser, path)).xpath(f"//form[.//button[text()='{button}']]")
    assert form.get("method") == "post"
    return browser.post(path, follow=True).content.decode()


class TestEndingTheRun:
    def test_asks_first_then_ends_it_at_once(self, browser: Client, visitor: Visitor) -> None:
        assert f'href="{run_end(visitor)}"' in shown(browser, visitor.path)
        told = follow(browser, run_end(visitor), "End the run")
        assert "The run is ended." in told
        assert visitor.run.status == "cancelled"
        assert visitor.run.ended_at is not None
        last = RunEvent.objects.filter(run=visitor.run).latest("seq")
        assert last.data["reason"] == "the site's owner ended it"
        assert visitor.session.epoch == 2

    def test_wakes_the_visitors_page(self, browser: Client, visitor: Visitor) -> None:
        before = visitor.session.version
        browser.post(run_end(visitor))
        assert visitor.session.version > before

    def test_is_on_record_without_the_prompt(self, shop: Site, browser: Client, visitor: Visitor) -> None:
        browser.post(run_end(visitor))
        entry = AuditEntry.objects.get(action="run.cancelled")
        assert (entry.actor, entry.site, entry.door) == (shop.owner, shop, "workspace")
        assert (entry.subject_kind, entry.subject_id, entry.subject_label) == (
            "run",
            visitor.run_id,
            "shop.example",
        )
        assert (entry.before, entry.after) == ({"status": "running"}, {"status": "cancelled"})
        assert "Zebulon" not in browser.get(f"/workspace/sites/{shop.public_id}/audit/").content.decode()

    def test_a_second_click_is_harmless(self, browser: Client, visitor: Visitor) -> None:
        browser.post(run_end(visitor))
        seq = visitor.run.seq
        again = browser.post(run_end(visitor), follow=True).content.decode()
        assert "had ended already" in again
        assert visitor.run.seq == seq
        assert AuditEntry.objects.filter(action="run.cancelled").count() == 1

    def test_never_ends_the_run_that_has_begun_since(self, browser: Client, visitor: Visitor) -> None:
        old = run_end(visitor)
        visitor.ask("something else")
        assert "had ended already" in browser.post(old, follow=True).content.decode()
        assert visitor.run.status == "running"

    def test_cancels_the_agents_task_with_it(
        self, shop: Site, browser: Client, visitor: Visitor, task: AgentTask
    ) -> None:
        assert task_name(task.pk) in shown(browser, run_end(visitor))
        browser.post(run_end(visitor))
        assert visitor.run.status == "cancelled"
        assert Task.objects.get(pk=task.pk).status == TaskStatus.CANCELLED
        entry = AuditEntry.objects.get(action="run.cancelled")
        assert entry.after == {"status": "cancelled", "task": task_name(task.pk)}

    def test_lets_the_visitor_ask_for_something_else(self, browser: Client, visitor: Visitor) -> None:
        with pytest.raises(ActiveRunExists):
            visitor.command("RUN_INPUT", message="next")
        browser.post(run_end(visitor))
        visitor.command("RUN_INPUT", message="next")

    def test_does_not_happen_when_it_cannot_be_put_on_record(
        self, browser: Client, visitor: Visitor, task: AgentTask
    ) -> None:
        with broken_audit_log(), pytest.raises(DatabaseError):
            browser.post(run_end(visitor))
        assert visitor.run.status == "running"
        assert Task.objects.get(pk=task.pk).status == TaskStatus.RUNNING

    def test_of_a_run_that_ended_says_so_and_offers_nothing(self, browser: Client, visitor: Visitor) -> None:
        visitor.tell(status="completed")
        page = shown(browser, run_end(visitor))
        assert "It has ended already: completed." in page
        assert '<form method="post" data-once' not in page
        assert "End this run" not in shown(browser, visitor.path)


class TestEndingTheSession:
    def test_asks_first_then_lets_no_token_open_it_any_more(self, browser: Client, visitor: Visitor) -> None:
        assert f'href="{session_end(visitor)}"' in shown(browser, visitor.path)
        assert "Zebulon wants a kettle" in shown(browser, session_end(visitor))
        told = follow(browser, session_end(visitor), "End the session")
        assert "The session is ended." in told
        assert visitor.session.revoked_at is not None
        assert visitor.run.status == "cancelled"
        with pytest.raises(SessionTokenInvalid):
            session_present(visitor.token, session_id=visitor.session_id, now=timezone.now())

    def test_is_on_record_with_the_run_that_ended_with_it(
        self, shop: Site, browser: Client, visitor: Visitor
    ) -> None:
        browser.post(session_end(visitor))
        entries = AuditEntry.objects.filter(action__in=["run.cancelled", "session.ended"])
        assert {entry.action for entry in entries} == {"run.cancelled", "session.ended"}
        entry = entries.get(action="session.ended")
        assert (entry.actor, entry.site) == (shop.owner, shop)
        assert (entry.subject_kind, entry.subject_id) == ("session", visitor.session_id)

    def test_without_a_run_ends_the_session_alone(self, shop: Site, browser: Client) -> None:
        idle = visit(shop)
        browser.post(session_end(idle))
        assert idle.session.revoked_at is not None
        assert not AuditEntry.objects.filter(action="run.cancelled").exists()

    def test_a_second_click_is_harmless(self, browser: Client, visitor: Visitor) -> None:
        browser.post(session_end(visitor))
        ended_at = visitor.session.revoked_at
        again = browser.post(session_end(visitor), follow=True).content.decode()
        assert "had been ended already" in again
        assert visitor.session.revoked_at == ended_at
        assert AuditEntry.objects.filter(action="session.ended").count() == 1
        assert "It was ended already." in shown(browser, session_end(visitor))

    def test_cancels_the_agents_task_with_it(
        self, browser: Client, visitor: Visitor, task: AgentTask
    ) -> None:
        browser.post(session_end(visitor))
        assert Task.objects.get(pk=task.pk).status == TaskStatus.CANCELLED

    def test_does_not_happen_when_it_cannot_be_put_on_record(self, browser: Client, visitor: Visitor) -> None:
        with broken_audit_log(), pytest.raises(DatabaseError):
            browser.post(session_end(visitor))
        assert visitor.session.revoked_at is None
        assert visitor.run.status == "running"


PathOf = Callable[[Visitor], str]


@pytest.mark.parametrize("path_of", [run_end, session_end])
class TestWhoMay:
    def test_only_those_who_may_edit(self, shop: Site, visitor: Visitor, path_of: PathOf) -> None:
        path = path_of(visitor)
        viewer, admin = browser_of(member_of(shop, "viewer")), browser_of(member_of(shop, "admin"))
        assert viewer.get(path).status_code == viewer.post(path).status_code == 403
        assert visitor.run.status == "running"
        assert admin.post(path).status_code == 302
        assert visitor.run.status == "cancelled"

    def test_nobody_by_a_form_of_another_site(self, shop: Site, visitor: Visitor, path_of: PathOf) -> None:
        careful = Client(enforce_csrf_checks=True)
        careful.force_login(shop.owner)
        assert careful.post(path_of(visitor)).status_code == 403
        assert visitor.run.status == "running"

    @pytest.mark.parametrize("method", ["put", "delete", "patch"])
    def test_by_a_form_alone(self, browser: Client, visitor: Visitor, path_of: PathOf, method: str) -> None:
        assert getattr(browser, method)(path_of(visitor)).status_code == 405
        assert visitor.run.status == "running"

    def test_no_prompt_of_a_quiet_session_is_needed(
        self, browser: Client, visitor: Visitor, path_of: PathOf
    ) -> None:
        visitor.was_seen(timedelta(days=1))
        assert browser.post(path_of(visitor)).status_code == 302
        assert visitor.run.status == "cancelled"
