"""Many callers at once: their tasks are written together, and what is wrong with one is that one's answer."""

from typing import Any

import pytest
from django.utils import timezone

from tasks.core.events import EventKind
from tasks.core.prefer import Execution, Preferences
from tasks.core.public_errors import IdempotencyKeyReused, PublicSiteNotFound, TaskRateLimited
from tasks.core.states import TaskKind
from tasks.models import AgentTask, CallerRate, Event, Receipt, Task
from tasks.services.agents import creating_many
from tasks.services.agents.callers import Caller
from tasks.services.agents.creating import (
    CheckedRequest,
    Created,
    CreateRequest,
    agent_task_create,
    check_request,
)
from tasks.services.agents.creating_many import agent_tasks_create
from tests.tasks.agents.steps import BODY, begin_a_minute, limited, nothing_is_stored
from tests.tasks.agents.support import IN_CLOUD, make_site
from workspace.models import KeyUsage, Site


def wish(
    number: int = 0,
    *,
    key: str | None = None,
    address: str = "203.0.113.7",
    execution: Execution | None = None,
    **body: Any,
) -> CreateRequest:
    return CreateRequest(
        body=BODY | {"prompt": f"wish {number}"} | body,
        preferences=Preferences(execution=execution),
        caller=Caller(address=address),
        idempotency_key=key,
        now=timezone.now(),
    )


def stored_columns(task: Task) -> dict[str, Any]:
    """A task's row but for what is another in each."""
    own = {"id", "access_digest", "created_at", "updated_at", "due_at", "hinted_at"}
    return {field.attname: getattr(task, field.attname) for field in Task._meta.fields} | dict.fromkeys(own)


def test_each_gets_a_task_of_its_own_with_all_that_belongs_to_it(shop: Site) -> None:
    requests = [wish(number) for number in range(9)]

    answers = agent_tasks_create(requests)

    made = [answers[request] for request in requests]
    assert all(isinstance(each, Created) and not each.replayed for each in made)
    assert [each.prompt for each in made if isinstance(each, Created)] == [f"wish {n}" for n in range(9)]
    for each in made:
        assert isinstance(each, Created)
        row = AgentTask.objects.select_related("task", "workflow").get(pk=each.task_id)
        assert (row.prompt, row.workflow_id) == (each.prompt, each.workflow_id)
        assert (row.task.kind, row.workflow.kind) == (TaskKind.AGENT, TaskKind.WORKFLOW)
        assert Receipt.objects.filter(task=row, claimed_at=None).count() == 1
        for log in (each.task_id, each.workflow_id):
            assert list(Event.objects.filter(task=log).values_list("seq", "kind")) == [(1, EventKind.STATUS)]
    assert AgentTask.objects.count() == 9


def test_it_is_the_task_that_a_caller_who_comes_alone_gets(shop: Site) -> None:
    alone = agent_task_create(wish(1))

    together = agent_tasks_create([one := wish(1), wish(2)])[one]

    assert isinstance(together, Created)
    rows = [Task.objects.get(pk=each.task_id) for each in (alone, together)]
    workflows = [Task.objects.get(pk=each.workflow_id) for each in (alone, together)]
    assert stored_columns(rows[0]) == stored_columns(rows[1])
    assert stored_columns(workflows[0]) == stored_columns(workflows[1])


def test_a_task_for_the_cloud_among_others_is_a_workers_and_has_no_receipt(transactional_db: None) -> None:
    make_site(capabilities=IN_CLOUD)
    cloud, other = wish(execution=Execution.CLOUD), wish()

    answers = agent_tasks_create([cloud, other])

    in_cloud, in_browser = answers[cloud], answers[other]
    assert isinstance(in_cloud, Created)
    assert isinstance(in_browser, Created)
    assert (in_cloud.is_linked, in_browser.is_linked) == (False, True)
    assert Task.objects.get(pk=in_cloud.task_id).by_worker
    assert list(Receipt.objects.values_list("task_id", flat=True)) == [in_browser.task_id]


def test_who_names_no_site_is_told_and_the_others_have_their_tasks(shop: Site) -> None:
    good, bad = wish(), wish(url="https://nobody.example/")

    answers = agent_tasks_create([bad, good])

    assert isinstance(answers[bad], PublicSiteNotFound)
    assert isinstance(answers[good], Created)


def test_of_one_share_the_first_get_theirs_and_the_others_are_refused_and_not_counted(
    shop: Site, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_a_minute(monkeypatch)
    limited(settings, ip=3)
    agent_task_create(wish(address="198.51.100.1"))
    requests = [wish(number) for number in range(5)]
    elsewhere = wish(address="198.51.100.1")

    answers = agent_tasks_create([*requests, elsewhere])

    assert [type(answers[each]) for each in requests] == [Created] * 3 + [TaskRateLimited] * 2
    assert isinstance(answers[elsewhere], Created)
    assert sorted(CallerRate.objects.values_list("count", flat=True)) == [2, 3]
    assert KeyUsage.objects.get(reason="rate_limited").count == 2


def test_a_key_that_comes_twice_makes_one_task(shop: Site) -> None:
    first, again, other = wish(key="k"), wish(key="k"), wish(1, key="k")

    answers = agent_tasks_create([first, again, other, wish()])

    made, found = answers[first], answers[again]
    assert isinstance(made, Created)
    assert isinstance(found, Created)
    assert (made.task_id, made.replayed, found.replayed) == (found.task_id, False, True)
    assert isinstance(answers[other], IdempotencyKeyReused)
    assert AgentTask.objects.count() == 2


def test_one_that_cannot_be_stored_keeps_no_other_from_it(
    shop: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its site goes between the look at it and the transaction: the database refuses all at the commit."""
    gone = make_site("gone.example")
    others = [wish(1), wish(2, key="k"), wish(3)]
    lost = wish(url="https://gone.example/")
    look = check_request

    def look_then_lose(request: CreateRequest, *args: Any) -> CheckedRequest:
        checked = look(request, *args)
        if request is lost:
            Site.objects.filter(pk=gone.pk).delete()
        return checked

    monkeypatch.setattr(creating_many, "check_request", look_then_lose)
    answers = agent_tasks_create([lost, *others])

    assert isinstance(answers[lost], PublicSiteNotFound)
    assert all(isinstance(answers[each], Created) for each in others)
    assert AgentTask.objects.count() == 3


def test_nothing_is_stored_for_nobody(shop: Site) -> None:
    assert agent_tasks_create([]) == {}
    assert nothing_is_stored()
