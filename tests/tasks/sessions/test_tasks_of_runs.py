"""An agent's task that a page carries out: what happens to the run happens to the task, and the other way."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from tasks.core.public_task import SILENCE_LIMIT
from tasks.models import Run, Task
from tasks.services.agents.sweeping import agent_tasks_sweep
from tasks.services.runtime.sweeping import runs_sweep
from tasks.services.tasks import task_cancel
from tests.tasks.agents.logs import SSE, records, types
from tests.tasks.agents.support import OPEN, configure, row_of
from tests.tasks.sessions.steps import ASKS, QUESTION, WAITS, asked, claimed, stored
from tests.tasks.sessions.support import Page, Runtime, data, events, refused
from tests.tasks.streaming_fixtures import until
from workspace.models import Site

Told = dict[str, Any]
SAYS = {
    "type": "assistant_output",
    "data": {"text": "Open from nine.\nEvery day.", "blocks": [{"type": "text"}]},
}


class Bound:
    """A page, an agent's task that it took up, and the run that carries it out."""

    def __init__(self, runtime: Runtime, page: Page, task: Told) -> None:
        self.runtime, self.page, self.task = runtime, page, task

    async def resource(self) -> Told:
        found: Told = (await self.runtime.get(self.task["task"])).json()
        return found

    async def status(self) -> str:
        return str((await self.resource())["status"])

    async def run_status(self) -> str:
        run = await asked(Run.objects.get, pk=self.page.run_id)
        return str(run.status)

    async def report(self, *told: Told, status: str = "") -> Told:
        transition = {"transition": {"status": status}} if status else {}
        found = data(
            await self.page.command("RUN_PROGRESS", runId=self.page.run_id, events=list(told), **transition)
        )
        self.page.seq = found["currentSeq"]
        return found

    async def asks(self, *questions: Told) -> None:
        asks = {"type": "needs_input", "data": {"message": "One thing.", "questions": list(questions)}}
        await self.report(asks, status="awaiting_user")

    async def answered(self, body: Told) -> Any:
        return await self.runtime.post(self.task["task"], body)

    async def told(self) -> list[Told]:
        return records(await self.runtime.get(self.task["task"], accept=SSE))


@pytest.fixture
async def bound(runtime: Runtime, shop: Site) -> Bound:
    page = await runtime.page(shop)
    task = await claimed(runtime, page)
    await page.ask(task["prompt"], taskId=task["taskId"])
    return Bound(runtime, page, task)


# --- the run, and so the task ---


async def test_a_task_that_is_taken_up_runs(bound: Bound) -> None:
    assert await bound.status() == "running"


@pytest.mark.parametrize(
    ("run", "task"),
    [("running", "running"), ("awaiting_user", "input_required"), ("completed", "completed"), ("failed", "failed")],
)  # fmt: skip
async def test_each_status_of_the_run_is_one_of_the_task(bound: Bound, run: str, task: str) -> None:
    await bound.report(status=run)

    assert (await bound.run_status(), await bound.status()) == (run, task)


@pytest.mark.parametrize("cut", ["cancel", "end_task", "new_task", "replace"])
@pytest.mark.parametrize("is_waiting", [False, True])
async def test_a_run_that_is_cut_short_cancels_its_task(bound: Bound, cut: str, is_waiting: bool) -> None:
    if is_waiting:
        await bound.asks(QUESTION)

    if cut == "replace":
        await bound.page.command("RUN_INPUT", message="something else", forceNewRun=True)
    else:
        await bound.page.command("RUN_CONTROL", action=cut)

    resource = await bound.resource()
    assert resource["status"] == "cancelled"
    assert "input" not in resource
    assert (await bound.told())[-1]["data"]["status"] == "cancelled"


async def test_a_task_whose_run_completes_has_its_result(bound: Bound) -> None:
    seen = {"url": "https://shop.example/hours", "title": "Hours", "host": "shop.example", "summary": "When."}
    await bound.report({"type": "page_observation", "data": seen}, SAYS, status="completed")

    result = (await bound.resource())["result"]

    assert result["text"] == "Open from nine.\nEvery day."
    assert result["summary"] == "Open from nine."
    assert result["blocks"] == [{"type": "text"}]
    assert result["observation"] == seen
    spoken = [(each["role"], each["text"]) for each in result["transcript"]["messages"]]
    assert spoken == [("user", bound.task["prompt"]), ("assistant", "Open from nine.\nEvery day.")]
    assert all(isinstance(each["ts"], int) for each in result["transcript"]["messages"])


async def test_a_task_whose_run_fails_says_why(bound: Bound) -> None:
    error = {"type": "error", "data": {"code": "NO_HOURS", "message": "The site does not say."}}
    await bound.report(error, status="failed")

    resource = await bound.resource()
    assert resource["status"] == "failed"
    assert resource["result"]["error"] == {"code": "NO_HOURS", "message": "The site does not say."}
    found = await bound.told()
    assert [each["data"] for each in found if each["type"] == "error"] == [error["data"]]
    assert types(found)[-1] == "done"


async def test_a_question_of_the_run_is_the_task_s(bound: Bound) -> None:
    await bound.asks(QUESTION)

    resource = await bound.resource()

    assert resource["status"] == "input_required"
    assert resource["input"] == {"message": "One thing.", "questions": [QUESTION]}
    assert [each["data"] for each in await within(bound) if each["type"] == "input"] == [resource["input"]]


async def within(bound: Bound) -> list[Told]:
    """What the stream of a task that goes on has told."""
    async with bound.runtime.open(bound.task["task"], accept="application/x-ndjson") as stream:
        await until(lambda: any(line["type"] == "input" for line in stream.lines()))
    return stream.lines()


async def test_who_answers_in_the_page_lets_the_task_go_on(bound: Bound) -> None:
    await bound.asks(QUESTION)

    await bound.page.command("RUN_INPUT", message="large", continueRun=True)

    resource = await bound.resource()
    assert resource["status"] == "running" and "input" not in resource


# --- the task, and so the run ---


@pytest.mark.parametrize(
    ("body", "answers"),
    [
        ({"answers": {"size": "large"}}, [{"key": "size", "text": "large"}]),
        ({"input": "large"}, [{"key": "size", "text": "large"}]),
    ],
)
async def test_the_agent_s_answer_lets_the_run_go_on(bound: Bound, body: Told, answers: list[Told]) -> None:
    await bound.asks(QUESTION)
    page = bound.page
    url = "/v2" + page.opened["sseUrl"].partition("/v2")[2]

    async with bound.runtime.open(url) as stream:
        await until(lambda: b"projection" in stream.body)
        answer = await bound.answered(body)
        assert answer.status in (200, 202), answer.body
        await until(lambda: [name for name, _ in events(stream.body)].count("projection") == 2)

    told = events(stream.body)[-1][1]
    assert (told["runStatus"], told["epoch"]) == ("running", page.epoch)
    assert [event["type"] for event in told["events"]] == ["user_answer"]
    run = await asked(Run.objects.get, pk=page.run_id)
    assert (run.seq, run.answers) == (page.seq + 1, answers)
    assert await bound.status() == "running"


async def test_an_answer_that_leaves_a_question_open_changes_neither(bound: Bound) -> None:
    await bound.asks(QUESTION, QUESTION | {"key": "colour"})
    before = await stored(), await bound.resource()

    answer = await bound.answered({"answers": {"size": "large"}})

    assert answer.status == 400
    assert (await stored(), await bound.resource()) == before
    assert await bound.run_status() == "awaiting_user"


async def test_only_one_of_two_answers_counts(bound: Bound) -> None:
    await bound.asks(QUESTION)
    await bound.page.command("RUN_INPUT", message="small", continueRun=True)

    late = await bound.answered({"answers": {"size": "large"}})

    assert late.status == 409
    run = await asked(Run.objects.get, pk=bound.page.run_id)
    assert [each["text"] for each in run.answers] == ["small"]


async def by_the_agent(bound: Bound, now: datetime) -> None:
    await bound.runtime.delete(bound.task["task"])


async def by_the_owner(bound: Bound, now: datetime) -> None:
    await asked(lambda: task_cancel(task_id=row_of(bound.task["taskId"]).pk, now=now))


async def by_time(bound: Bound, now: datetime) -> None:
    await asked(agent_tasks_sweep, now=now + timedelta(hours=25))


@pytest.mark.parametrize(
    ("end", "status"), [(by_the_agent, "cancelled"), (by_the_owner, "cancelled"), (by_time, "expired")]
)
async def test_a_task_that_ends_ends_its_run(
    bound: Bound, end: Callable[[Bound, datetime], Any], status: str
) -> None:
    await bound.asks(QUESTION)

    await end(bound, timezone.now())

    state = await bound.page.state()
    assert (state["runStatus"], state.get("activeRunId"), state["epoch"]) == ("cancelled", None, 2)
    assert await bound.status() == status
    late = data(await bound.page.command("RUN_PROGRESS", runId=bound.page.run_id, events=[SAYS]))
    assert late["staleRunReason"] == "run_terminal"


async def test_a_run_that_stands_still_fails_with_its_task(bound: Bound) -> None:
    await asked(runs_sweep, now=timezone.now() + timedelta(minutes=29))
    assert await bound.run_status() == "running"

    await asked(runs_sweep, now=timezone.now() + timedelta(minutes=31))

    assert (await bound.run_status(), await bound.status()) == ("failed", "failed")


async def test_the_task_s_time_moves_with_each_report(bound: Bound) -> None:
    async def due() -> datetime:
        row = await asked(Task.objects.get, pk=(await asked(row_of, bound.task["taskId"])).pk)
        assert row.due_at is not None
        return row.due_at

    early = timezone.now() + timedelta(seconds=5)
    await asked(Task.objects.filter(pk=(await asked(row_of, bound.task["taskId"])).pk).update, due_at=early)
    await bound.report({"type": "status_update", "data": {"text": "Looking."}})

    assert abs(await due() - (timezone.now() + SILENCE_LIMIT)) < timedelta(minutes=1)


# --- which task ---


async def test_a_task_has_one_run(bound: Bound) -> None:
    again = await bound.page.command(
        "RUN_INPUT", message="again", taskId=bound.task["taskId"], forceNewRun=True
    )

    assert refused(again) == (403, "PERMISSION_DENIED")
    assert await bound.status() == "running"


async def test_a_task_that_nobody_took_up_cannot_be_named(runtime: Runtime, shop: Site) -> None:
    created = await runtime.create()
    page = await runtime.page(shop)
    name = created["id"]

    for task_id in (name, "task_unknown", name.upper(), "x"):
        answer = await page.command("RUN_INPUT", message="go", taskId=task_id)
        assert refused(answer) == (403, "PERMISSION_DENIED")
    assert (await stored())["Run"] == 0


async def test_a_task_that_ended_before_the_run_began_cannot_be_named(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)
    task = await claimed(runtime, page)
    await runtime.delete(task["task"])

    answer = await page.command("RUN_INPUT", message="go", taskId=task["taskId"])

    assert refused(answer) == (403, "PERMISSION_DENIED")


async def test_a_run_without_a_task_tells_no_task(runtime: Runtime, shop: Site, bound: Bound) -> None:
    other = await runtime.page(shop)
    await other.ask()
    await other.command("RUN_PROGRESS", runId=other.run_id, events=[SAYS], transition={"status": "completed"})

    assert await bound.status() == "running"
    assert refused(await other.send("events/ingest", taskId="no-task", events=[ASKS])) == (
        404,
        "RUN_NOT_FOUND",
    )


# --- the events of the run, as the task tells them ---

SECRET = {"text": "hunter2"}
EVENTS: list[tuple[Told, Told | None, Told | None]] = [
    (
        {"type": "status_update", "data": {"text": "Looking."}},
        {"type": "step", "data": {"text": "Looking."}},
        None,
    ),
    (
        {"type": "tool_start", "data": {"name": "type_text", "args": SECRET}},
        {"type": "tool", "data": {"name": "type_text", "status": "started"}},
        {"type": "tool", "data": {"name": "type_text", "status": "started", "args": SECRET}},
    ),
    (
        {"type": "tool_result", "data": {"name": "type_text", "success": True, "output": SECRET}},
        {"type": "tool", "data": {"name": "type_text", "status": "completed"}},
        {"type": "tool", "data": {"name": "type_text", "status": "completed", "result": SECRET}},
    ),
    (
        {"type": "tool_result", "data": {"name": "go", "success": False, "error": {"message": "No such link."}}},
        {"type": "tool", "data": {"name": "go", "status": "failed", "message": "No such link."}},
        None,
    ),
    (
        {"type": "assistant_output", "data": {"text": "Hello.", "role": "assistant"}},
        {"type": "message", "data": {"role": "assistant", "text": "Hello."}},
        None,
    ),
    (
        {"type": "page_observation", "data": {"url": "https://shop.example/", "title": "Shop", "tree": "private"}},
        {"type": "observation", "data": {"url": "https://shop.example/", "title": "Shop"}},
        None,
    ),
    (
        {"type": "error", "data": {"code": "X", "message": "Broken.", "stack": "private"}},
        {"type": "error", "data": {"code": "X", "message": "Broken."}},
        None,
    ),
]  # fmt: skip


@pytest.mark.parametrize("in_full", [False, True])
@pytest.mark.parametrize("path", ["command", "events/ingest"])
async def test_events_of_the_page_are_told_to_the_agent(
    runtime: Runtime, shop: Site, in_full: bool, path: str
) -> None:
    await asked(configure, shop, aiAccess=OPEN | {"debugStreaming": in_full})
    page = await runtime.page(shop)
    task = await claimed(runtime, page)
    await page.ask(task["prompt"], taskId=task["taskId"])
    told = [event for event, _, _ in EVENTS]
    end = {"type": "state_transition", "data": {"status": "completed"}}

    if path == "command":
        data(await page.command("RUN_PROGRESS", runId=page.run_id, events=[*told, end]))
    else:
        data(await page.send("events/ingest", taskId=task["taskId"], runId=page.run_id, events=[*told, end]))

    found = records(await runtime.get(task["task"], accept=SSE))
    wanted = [debug if in_full and debug else plain for _, plain, debug in EVENTS]
    shown = [{"type": each["type"], "data": each["data"]} for each in found]
    assert [each for each in shown if each in wanted] == wanted
    assert types(found)[0] == "ready" and types(found)[-1] == "done"
    assert ("hunter2" in str(found)) == in_full and "private" not in str(found)


async def test_more_than_forty_events_at_once_are_refused_whole(bound: Bound) -> None:
    events = [{"type": "status_update", "data": {}}] * 41

    answer = await bound.page.send("events/ingest", taskId=bound.task["taskId"], events=events)

    assert refused(answer) == (400, "INVALID_ARGUMENT")


async def test_a_wait_of_the_run_is_told_in_the_words_of_the_contract(bound: Bound) -> None:
    await bound.page.command("RUN_PROGRESS", runId=bound.page.run_id, events=[ASKS], transition=WAITS)

    event = (await bound.page.state())["events"][-1]

    assert event["type"] == "run_transition"
    assert event["data"] == {
        "runId": bound.page.run_id,
        "status": "awaiting_user",
        "continuationReason": "awaiting_user",
    }
