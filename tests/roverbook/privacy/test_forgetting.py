"""An agent or a visitor who asks to be forgotten is forgotten, and no log brings them back."""

import json
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from roverbook.models import (
    AgentProfile,
    CollectedEvent,
    Note,
    NoteVote,
    Post,
    Visit,
    WebhookMessage,
)
from roverbook.services.privacy import erasing
from roverbook.services.privacy.erasing import StillReading, agent_erase, visitor_erase
from roverbook.services.projecting import projector_round
from roverbook.services.projecting.rebuilding import rebuild
from roverbook.services.projecting.turns import projector_turn
from tasks.core.states import TaskStatus
from tasks.models import AgentTask, Event, Run, RuntimeSession, Task
from tasks.services.agents.log import Logs, change
from tests.roverbook.people import rows
from tests.roverbook.people.test_pages import at, page_of, send
from tests.tasks.agents.logs import ANSWER
from tests.tasks.agents.owners_view import hand_over, start
from tests.tasks.agents.support import make_site
from tests.tasks.visitors import visit as open_page
from workspace.core.doors import Door
from workspace.models import AuditEntry, Site, User
from workspace.services.audit import Actor

pytestmark = pytest.mark.django_db
MARK = "zanzibar"
"""Part of everything that the agent in question says of itself and otherwise."""
KEY = f"{MARK}-agent"


@pytest.fixture
def site() -> Site:
    return make_site(access={"enabled": True, "allowDelegatedHandoffs": True, "autoPromoteSeconds": 0})


@pytest.fixture
def owner(site: Site) -> User:
    return site.owner


@pytest.fixture
def actor(owner: User) -> Actor:
    return Actor(user=owner, door=Door.WORKSPACE)


@pytest.fixture
def browser(owner: User) -> Client:
    return rows.browser_of(owner)


def task_of(key: str = KEY, *, ends: bool = True, **body: Any) -> AgentTask:
    """A task of an agent, with a log that says who it is and what it wanted."""
    said = {"prompt": f"find {key}", "agent": {"key": key, "name": f"{key} name"}} | body
    task = start(**said)
    if ends:
        result = {**ANSWER, "summary": f"found {key}"}
        change(Logs.of(task), after=TaskStatus.RUNNING, now=timezone.now())
        change(Logs.of(task), after=TaskStatus.COMPLETED, now=timezone.now(), result=result)
    return task


def project() -> None:
    while projector_round(timezone.now()):
        pass


def said_in(site: Site, visit: Visit, key: str = KEY) -> None:
    """Words of the agent in this visit, in every table."""
    told: dict[str, Any] = {"key": key, "visit_id": visit.pk}
    rows.review(site, **told, summary=key)
    rows.answer(site, **told, answer=key)
    rows.note(site, **told, content=key)
    rows.post(site, **told, body=key)
    rows.exposure(site, **told)
    CollectedEvent.objects.create(
        site=site,
        session_id="ses_gone",
        host=site.host,
        event_id=key,
        visit_id=visit.pk,
        type="status",
        at=timezone.now(),
        data={"text": key},
        created_at=timezone.now(),
        **rows.agent(key),
    )
    body = {
        "id": f"whk_{visit.pk}",
        "event": "visit.finalized",
        "data": {"visitId": visit.pk, "agentName": key},
    }
    WebhookMessage.objects.create(
        id=f"whk_{visit.pk}",
        site=site,
        event="visit.finalized",
        key=visit.pk,
        body=json.dumps(body),
        created_at=timezone.now(),
    )


def rows_that_say(mark: str) -> list[str]:
    """Tables of all apps that hold the text anywhere, but the audit log."""
    found = []
    for label in ("workspace", "tasks", "roverbook"):
        for model in apps.get_app_config(label).get_models():
            values = model._default_manager.values_list()
            if any(mark in repr(row) for row in values):
                found.append(model.__name__)
    return found


class TestAnAgent:
    def test_is_gone_from_every_table(self, site: Site, actor: Actor) -> None:
        task_of()
        project()
        said_in(site, Visit.objects.get(agent_key=KEY))
        AgentProfile.objects.create(
            site=site, agent_key=KEY, nickname=MARK, access="block", updated_at=timezone.now()
        )
        assert {"Visit", "AgentTask", "Event", "Review", "Note", "WebhookMessage"} <= set(rows_that_say(MARK))

        agent_erase(actor=actor, site=site, agent_key=KEY, now=timezone.now())

        assert rows_that_say(MARK) == []

    def test_does_not_come_back_from_the_logs(self, site: Site, actor: Actor) -> None:
        task_of()
        task_of("other")
        project()
        agent_erase(actor=actor, site=site, agent_key=KEY, now=timezone.now())

        rebuild(site)
        project()

        assert set(Visit.objects.values_list("agent_key", flat=True)) == {"other"}

    def test_does_not_come_back_although_nobody_had_read_its_log_yet(self, site: Site, actor: Actor) -> None:
        task_of()
        agent_erase(actor=actor, site=site, agent_key=KEY, now=timezone.now())

        project()

        assert not Visit.objects.exists()

    def test_takes_nobody_elses_along(self, site: Site, actor: Actor) -> None:
        other_site = make_site("mill.example")
        for key, where in ((KEY, site), ("other", site)):
            task_of(key)
            project()
            said_in(where, Visit.objects.get(agent_key=key), key)
        task_of(KEY, url="https://mill.example/")
        project()

        agent_erase(actor=actor, site=site, agent_key=KEY, now=timezone.now())

        assert set(Visit.objects.values_list("site__host", "agent_key")) == {
            (site.host, "other"),
            (other_site.host, KEY),
        }
        assert set(Note.objects.filter(site=site).values_list("agent_key", flat=True)) == {"other"}
        told = [json.loads(body)["data"] for body in WebhookMessage.objects.values_list("body", flat=True)]
        assert {"erased": True} in told
        assert [one["agentName"] for one in told if "agentName" in one] == ["other"]

    def test_that_is_at_work_is_stopped(self, site: Site, actor: Actor) -> None:
        task = task_of(ends=False)

        agent_erase(actor=actor, site=site, agent_key=KEY, now=timezone.now())

        assert not Task.objects.filter(pk=task.pk).exists()
        assert not change(Logs.of(task), after=TaskStatus.RUNNING, now=timezone.now())

    def test_leaves_a_workflow_of_others_without_a_gap(self, site: Site, actor: Actor) -> None:
        make_site("mill.example", access={"enabled": True, "allowDelegatedHandoffs": True})
        parent = task_of(ends=False)
        hand_over(parent, "https://mill.example/")
        workflow = parent.workflow_id

        agent_erase(actor=actor, site=site, agent_key=KEY, now=timezone.now())

        numbers = Event.objects.filter(task=workflow).order_by("seq").values_list("seq", flat=True)
        assert list(numbers) == list(range(1, len(numbers) + 1))
        told = [event.payload for event in Event.objects.filter(task=workflow)]
        assert {"taskId": f"agt_{parent.pk.hex}", "erased": True} in told
        assert MARK not in repr(told)

    def test_others_replies_stay_under_what_it_said(self, site: Site, actor: Actor) -> None:
        mine = rows.post(site, key=KEY, title=MARK, body=MARK, reply_count=2)
        rows.post(site, key="other", parent=mine, body="me too")
        rows.post(site, key=KEY, parent=mine, body=MARK)

        agent_erase(actor=actor, site=site, agent_key=KEY, now=timezone.now())

        mine.refresh_from_db()
        assert (mine.body, mine.agent_key, mine.agent_name, mine.reply_count) == ("(erased)", "", "", 1)
        assert list(Post.objects.exclude(pk=mine.pk).values_list("body", flat=True)) == ["me too"]

    def test_has_its_votes_taken_but_not_those_of_its_vendor(self, site: Site, actor: Actor) -> None:
        note = rows.note(site, key="other")
        for memory in (f"self:{KEY}", "vendor:acme", "self:other"):
            NoteVote.objects.create(note=note, memory_key=memory, helped=True, created_at=timezone.now())
        rows.visit(site, key=KEY, agent_memory_key=f"self:{KEY}")
        rows.visit(site, key=KEY, agent_memory_key="vendor:acme")

        agent_erase(actor=actor, site=site, agent_key=KEY, now=timezone.now())

        assert set(NoteVote.objects.values_list("memory_key", flat=True)) == {"vendor:acme", "self:other"}

    def test_is_on_record_without_its_name(self, site: Site, actor: Actor) -> None:
        rows.visit(site, key=KEY)

        agent_erase(actor=actor, site=site, agent_key=KEY, now=timezone.now())

        entry = AuditEntry.objects.get(action="roverbook_agent.erased")
        assert entry.before["visits"] == 1
        assert MARK not in repr([entry.before, entry.after, entry.subject_id, entry.subject_label])

    def test_again_changes_nothing(self, site: Site, actor: Actor) -> None:
        rows.visit(site, key=KEY)
        for _ in range(2):
            counts = agent_erase(actor=actor, site=site, agent_key=KEY, now=timezone.now())

        assert not any(counts.values())

    def test_waits_for_whoever_is_making_visits(
        self, site: Site, actor: Actor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(erasing, "TRIES", 2)
        rows.visit(site, key=KEY)
        with projector_turn() as is_ours:
            assert is_ours
            with pytest.raises(StillReading):
                agent_erase(actor=actor, site=site, agent_key=KEY, now=timezone.now())
        assert Visit.objects.exists()

        agent_erase(actor=actor, site=site, agent_key=KEY, now=timezone.now())

        assert not Visit.objects.exists()


class TestAVisitor:
    def test_is_gone_with_the_pages_and_what_they_told(self, site: Site, actor: Actor) -> None:
        page, other = open_page(site), open_page(site)
        for each, text in ((page, MARK), (other, "another")):
            each.ask(text)
            each.tell(status="completed")
            each.keep(text)
        project()
        assert Visit.objects.count() == 2

        visitor_erase(actor=actor, site=site, visitor=page.session_id, now=timezone.now())
        rebuild(site)
        project()

        assert rows_that_say(MARK) == []
        assert Visit.objects.get().session_id == other.session_id
        assert RuntimeSession.objects.get().pk == other.session_id

    def test_is_found_by_what_pages_told(self, site: Site, actor: Actor) -> None:
        page = open_page(site)
        RuntimeSession.objects.filter(pk=page.session_id).update(visitor={"email": "ann@mail.example"})

        visitor_erase(actor=actor, site=site, visitor="ann@mail.example", now=timezone.now())

        assert not RuntimeSession.objects.exists()

    def test_whose_run_goes_on_is_let_go(self, site: Site, actor: Actor) -> None:
        page = open_page(site)
        page.ask(MARK)

        visitor_erase(actor=actor, site=site, visitor=page.session_id, now=timezone.now())

        assert not Run.objects.exists()
        assert rows_that_say(MARK) == []

    def test_takes_the_agents_tasks_along_that_ran_there(self, site: Site, actor: Actor) -> None:
        task, page = task_of(ends=False), open_page(site)
        page.take_up(task)
        project()

        visitor_erase(actor=actor, site=site, visitor=page.session_id, now=timezone.now())
        rebuild(site)
        project()

        assert not Task.objects.filter(pk=task.pk).exists()
        assert not Visit.objects.exists()

    def test_of_another_site_is_not_touched(self, site: Site, actor: Actor) -> None:
        page = open_page(make_site("mill.example"))

        visitor_erase(actor=actor, site=site, visitor=page.session_id, now=timezone.now())

        assert RuntimeSession.objects.filter(pk=page.session_id).exists()


class TestThePage:
    def test_asks_for_the_name_once_more(self, site: Site, browser: Client) -> None:
        rows.visit(site, key=KEY)

        assert "1 visits" in page_of(browser, site, "privacy", kind="agent", name=KEY)
        assert "Type the same again" in page_of(browser, site, "privacy/erase", kind="agent", name=KEY)
        wrong = send(browser, site, "privacy/erase", kind="agent", name=KEY, typed="other")
        assert wrong.status_code == 422
        assert Visit.objects.exists()

        right = send(browser, site, "privacy/erase", kind="agent", name=KEY, typed=KEY)

        assert right.status_code == 302
        assert not Visit.objects.exists()

    def test_hands_over_all_that_is_known(self, site: Site, browser: Client) -> None:
        task = task_of()
        project()
        visit = Visit.objects.get()
        said_in(site, visit)

        answer: Any = browser.get(at(site, "privacy/export"), {"kind": "agent", "name": KEY})

        archive = json.loads(b"".join(answer.streaming_content))
        assert [one["visitId"] for one in archive["visits"]] == [visit.pk]
        assert [one["taskId"] for one in archive["tasks"]] == [visit.pk]
        assert archive["tasks"][0]["prompt"] == task.prompt
        for part in ("reviews", "interviews", "notes", "posts", "exposures", "events"):
            assert MARK in repr(archive[part]), part
        assert archive["notes"][0]["agentMemoryKey"] == f"self:{KEY}"
        assert MARK not in repr(AuditEntry.objects.get(action="roverbook_agent.exported").after)

    def test_hands_over_nothing_of_others(self, site: Site, browser: Client) -> None:
        rows.visit(site, key="other", prompt="secret")
        rows.visit(rows.site_of(rows.owner("stranger"), "Mill"), key=KEY, prompt="secret")

        answer: Any = browser.get(at(site, "privacy/export"), {"kind": "agent", "name": KEY})

        assert b"secret" not in b"".join(answer.streaming_content)

    @pytest.mark.parametrize("query", [{}, {"kind": "agent"}, {"kind": "devil", "name": "x"}], ids=str)
    def test_knows_whom_it_is_about(self, query: dict[str, str], site: Site, browser: Client) -> None:
        for page in ("privacy/export", "privacy/erase"):
            assert browser.get(at(site, page), query).status_code == 404
