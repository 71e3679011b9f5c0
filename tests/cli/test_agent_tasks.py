"""`rover task` for agents' tasks and workflows: how they stand, their events, how they are cancelled."""

import json

import pytest
from django.utils import timezone

from tasks.core.prefer import Execution, Preferences
from tasks.core.public_ids import task_name, workflow_name
from tasks.core.states import TaskStatus
from tasks.core.wire import ndjson
from tasks.models import Task
from tasks.selectors.background import events_after
from tasks.services.agents.acting import handoff_create
from tasks.services.agents.callers import Caller
from tasks.services.agents.creating import Created, CreateRequest, agent_task_create
from tasks.services.agents.tokens import receipt_token, task_token, workflow_token
from tests.cli.conftest import Rover, run_process
from tests.tasks.agents import logs
from tests.tasks.agents.support import IN_CLOUD, OPEN, make_site

pytestmark = pytest.mark.django_db(transaction=True)
NOBODY = Caller(address="127.0.0.1")


@pytest.fixture(autouse=True)
def _site() -> None:
    make_site(access=OPEN | {"allowDelegatedHandoffs": True}, capabilities=IN_CLOUD)


def make(execution: Execution = Execution.AUTO) -> Created:
    """A task, made as over HTTP."""
    request = CreateRequest(
        body={"url": "https://shop.example/pot", "prompt": "What is the pot made of?"},
        preferences=Preferences(execution=execution),
        caller=NOBODY,
        idempotency_key=None,
        now=timezone.now(),
    )
    return agent_task_create(request)


def hand_over(created: Created) -> Created:
    return handoff_create(
        {"url": "https://shop.example/pay", "instruction": "Pay."},
        parent_id=created.task_id,
        preferences=Preferences(),
        caller=NOBODY,
        idempotency_key=None,
        now=timezone.now(),
    )


def ended(status: str) -> str:
    """The name of a task that is over."""
    name = task_name(make().task_id)
    logs.past(name, status)
    return name


def test_a_task_is_found_by_the_name_that_agents_know_it_by(rover: Rover) -> None:
    created = make()

    by_name = rover("task", task_name(created.task_id), "--json")
    by_digits = rover("task", str(created.task_id)[-8:], "--json")
    workflow = rover("task", workflow_name(created.workflow_id), "--json")

    found = [json.loads(ran.out)["task_id"] for ran in (by_name, by_digits, workflow)]
    assert found == [str(created.task_id), str(created.task_id), str(created.workflow_id)]


def test_a_snapshot_says_what_is_wanted_where_and_how_it_stands(rover: Rover) -> None:
    created = make()

    lines = rover("task", task_name(created.task_id)).out.splitlines()

    assert lines[0].startswith("agent   ○ waiting for a browser   started ")
    assert lines[1:6] == [
        f"task         {task_name(created.task_id)}",
        f"workflow     {workflow_name(created.workflow_id)}",
        "url          https://shop.example/pot",
        "prompt       What is the pot made of?",
        "execution    auto",
    ]


def test_an_ended_task_shows_its_answer(rover: Rover) -> None:
    assert rover("task", ended("completed")).out.splitlines()[-2:] == ["", logs.ANSWER["text"]]


def test_a_workflow_shows_its_tasks(rover: Rover) -> None:
    created = make()
    logs.past(task_name(hand_over(created).task_id))

    lines = rover("task", workflow_name(created.workflow_id)).out.splitlines()

    assert lines[-3:-1] == [
        "2 tasks",
        f"  …{created.task_id.hex[-6:]}   ○ waiting for a browser   shop.example",
    ]
    assert lines[-1].split("   ", 1)[1].split() == [
        "✓",
        "completed",
        "shop.example",
        "Open",
        "from",
        "9",
        "to",
        "5.",
    ]


@pytest.mark.parametrize("flags", [[], ["--json"], ["--monitor", "--timeout", "0"]])
def test_nothing_that_opens_a_task_is_ever_shown(rover: Rover, flags: list[str]) -> None:
    created = make()
    hand_over(created)
    names = (task_name(created.task_id), workflow_name(created.workflow_id))

    shown = "".join(rover("task", name, *flags).out for name in names)

    secrets = (
        task_token(created.task_id),
        workflow_token(created.workflow_id),
        receipt_token(created.task_id),
    )
    assert shown
    assert not [secret for secret in secrets if secret in shown]
    assert "_access_" not in shown


def test_its_events_are_lines_for_people_until_it_ends(rover: Rover) -> None:
    ran = rover("task", ended("failed"), "--monitor")

    assert [line[16:30].strip() for line in ran.out.splitlines()] == [
        "status", "status", "step", "message", "message", "ERROR", "TASK FAILED",
    ]  # fmt: skip
    assert (ran.code, ran.err) == (1, "")


def test_as_ndjson_they_are_those_of_the_log(rover: Rover) -> None:
    created = make()
    logs.past(task_name(created.task_id))

    for log_id in (created.task_id, created.workflow_id):
        out = rover("task", log_id, "--monitor", "--json").out.encode()
        assert out == b"".join(map(ndjson, events_after(task_id=log_id, after=0)))


def test_a_workflow_is_followed_past_the_end_of_its_first_task(rover: Rover) -> None:
    created = make()
    child = hand_over(created)
    logs.past(task_name(created.task_id))
    logs.past(task_name(child.task_id), "cancelled")

    ran = rover("task", workflow_name(created.workflow_id), "--monitor")

    words = [line[16:30].strip() for line in ran.out.splitlines()]
    assert words.count("task completed") == words.count("task cancelled") == 1
    assert (words[-1], ran.code) == ("all completed", 0)


@pytest.mark.parametrize(
    ("status", "code"), [("completed", 0), ("failed", 1), ("expired", 1), ("cancelled", 3)]
)
def test_the_exit_code_tells_how_a_task_and_its_workflow_ended(rover: Rover, status: str, code: int) -> None:
    created = make()
    logs.past(task_name(created.task_id), status)

    codes = [
        rover("task", log_id, flag).code
        for log_id in (created.task_id, created.workflow_id)
        for flag in ("--monitor", "--exit-status")
    ]

    assert codes == [code] * 4


def test_a_task_that_waits_for_somebody_else_is_no_failure(rover: Rover) -> None:
    created = make()

    assert rover("task", created.task_id, "--exit-status").code == 0


@pytest.mark.parametrize(("execution", "is_warned"), [(Execution.CLOUD, True), (Execution.BROWSER, False)])
def test_only_a_task_that_is_a_worker_s_is_warned_about_for_want_of_one(
    rover: Rover, execution: Execution, is_warned: bool
) -> None:
    created = make(execution)
    if execution is Execution.BROWSER:
        logs.begin(task_name(created.task_id))

    task, workflow = rover("task", created.task_id), rover("task", created.workflow_id)

    assert ("no worker is alive" in task.err, "no worker" in workflow.err) == (is_warned, False)


def test_cancelling_ends_a_task_at_once(rover: Rover) -> None:
    created = make()

    ran, again = rover("task", created.task_id, "--cancel"), rover("task", created.task_id, "--cancel")

    assert (ran.code, ran.out, again.out) == (
        0,
        "It is cancelled now.\n",
        "Nothing to cancel: the task is cancelled.\n",
    )
    assert Task.objects.get(pk=created.task_id).status == TaskStatus.CANCELLED


def test_cancelling_a_workflow_ends_all_its_tasks(rover: Rover) -> None:
    created = make()
    child = hand_over(created)

    ran = rover("task", workflow_name(created.workflow_id), "--cancel", "--monitor")

    assert (ran.code, ran.err) == (3, "It is cancelled now.\n")
    assert ran.out.splitlines()[-1].endswith("all cancelled")
    rows = Task.objects.filter(pk__in=[created.task_id, child.task_id, created.workflow_id])
    assert set(rows.values_list("status", flat=True)) == {"cancelled"}


def test_a_small_reader_that_knows_no_sites_reads_them_too(environment: dict[str, str]) -> None:
    created = make()
    logs.past(task_name(created.task_id))

    for log_id in (created.task_id, created.workflow_id):
        ran = run_process(["task", str(log_id), "--monitor"], environment)
        assert (ran.code, ran.err) == (0, "")
        ran = run_process(["task", str(log_id)], environment)
        assert ran.out.splitlines()[0].startswith(("agent", "workflow"))


def test_a_list_has_agents_tasks_by_status_and_what_they_came_to(rover: Rover) -> None:
    ended("completed")
    make()

    waiting = rover("task", "list", "--status", "waiting_browser").out.splitlines()
    done = rover("task", "list", "--kind", "agent", "--status", "completed").out.splitlines()

    assert [len(waiting), len(done)] == [1, 1]
    assert "○ waiting for a browser" in waiting[0]
    assert logs.ANSWER["summary"] in done[0]
