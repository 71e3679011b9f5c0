"""RUN_INPUT, RUN_CONTROL and ASK_USER_ANSWER: what each does to each run."""

from typing import Any

import pytest

from tasks.models import Run, RuntimeSession
from tests.tasks.agents.support import make_site
from tests.tasks.sessions.steps import ASKS, QUESTION, WAITS, asked, conflict, in_status, stored
from tests.tasks.sessions.support import Page, Runtime, data, refused
from workspace.models import Site

Told = dict[str, Any]


@pytest.fixture
async def page(runtime: Runtime, shop: Site) -> Page:
    return await runtime.page(shop)


def started(answer: Told, before: str, epoch: int) -> bool:
    """A new run in this epoch."""
    return answer["runId"] != before and (answer["epoch"], answer["seq"], answer["state"]) == (
        epoch,
        1,
        "running",
    )


# --- RUN_INPUT: status of the newest run, what is said -> what comes of it ---

NEW, CUT, GOES_ON = "a new run", "a new run in the next epoch", "the same run goes on"
EXISTS, NO_RUN, NOT_VALID = (409, "active_run_exists"), (404, "RUN_NOT_FOUND"), (400, "INVALID_ARGUMENT")
CONTINUE, FORCE = {"continueRun": True}, {"forceNewRun": True}
PROMPTS: list[tuple[str, Told, str | tuple[int, str], bool | None]] = [
    ("none", {}, NEW, None),
    ("none", FORCE, NEW, None),
    ("none", CONTINUE, NO_RUN, None),
    ("none", CONTINUE | FORCE, NOT_VALID, None),
    ("completed", {}, NEW, None),
    ("failed", FORCE, NEW, None),
    ("cancelled", {}, NEW, None),
    ("completed", CONTINUE, NO_RUN, None),
    ("running", {}, EXISTS, True),
    ("running", FORCE, CUT, None),
    ("running", CONTINUE, EXISTS, False),
    ("running", CONTINUE | FORCE, NOT_VALID, None),
    ("awaiting_user", {}, EXISTS, True),
    ("awaiting_user", FORCE, CUT, None),
    ("awaiting_user", CONTINUE, GOES_ON, None),
    ("awaiting_user", CONTINUE | FORCE, NOT_VALID, None),
]


@pytest.mark.parametrize(("status", "said", "outcome", "continue_prompt"), PROMPTS)
async def test_the_table_of_prompts(
    page: Page, status: str, said: Told, outcome: str | tuple[int, str], continue_prompt: bool | None
) -> None:
    if status != "none":
        await in_status(page, status)
    before, epoch, seq = page.run_id, page.epoch, page.seq
    rows = await stored()

    answer = await page.command("RUN_INPUT", message="and now?", **said)

    if isinstance(outcome, tuple):
        assert refused(answer) == outcome
        assert answer.json()["data"].get("continuePrompt") == continue_prompt
        assert await stored() == rows, "a refusal leaves nothing"
    elif outcome == GOES_ON:
        told = data(answer)
        assert (told["runId"], told["epoch"], told["seq"], told["state"]) == (
            before,
            epoch,
            seq + 1,
            "running",
        )
        assert told["continuePrompt"] is False
    else:
        assert started(data(answer), before, epoch + (outcome == CUT))


async def test_a_queued_run_is_like_a_running_one(page: Page) -> None:
    await page.ask()
    await asked(Run.objects.filter(pk=page.run_id).update, status="queued")

    go_on = await page.command("RUN_INPUT", message="yes", continueRun=True)

    assert refused(go_on) == EXISTS
    assert conflict(go_on)["state"] == "queued"
    told = data(await page.command("RUN_PROGRESS", runId=page.run_id, transition={"status": "running"}))
    assert told["state"] == "running"


@pytest.mark.parametrize(
    ("mode", "message", "accepted"),
    [
        ("act", "first compare the plans, then write a summary", "act"),
        ("planner", "click ok", "planner"),
        ("auto", "click ok", "act"),
        (
            "auto",
            "First, find all flights; then compare every price, and finally summarize them in a table.",
            "planner",
        ),
    ],
)
async def test_the_mode_is_what_was_asked_for_or_what_the_prompt_suggests(
    page: Page, mode: str, message: str, accepted: str
) -> None:
    told = data(await page.command("RUN_INPUT", message=message, requestedMode=mode))

    assert (told["requestedMode"], told["acceptedMode"]) == (mode, accepted)
    assert ("routing" in told) == (mode == "auto")
    assert (await page.state())["runMode"] == accepted


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"message": ""}, "message"),
        ({"message": "   \n"}, "message"),
        ({"message": "x" * 8_001}, "message"),
        ({"message": 7}, "message"),
        ({"message": "a\u0000b"}, "message"),
        ({"clientEventId": None}, "clientEventId"),
        ({"clientEventId": "x" * 201}, "clientEventId"),
        ({"expectedEpoch": "1"}, "expectedEpoch"),
        ({"expectedEpoch": True}, "expectedEpoch"),
        ({"expectedSeq": -1}, "expectedSeq"),
        ({"requestedMode": "turbo"}, "requestedMode"),
        ({"continueRun": "yes"}, "continueRun"),
        ({"files": [{}] * 13}, "files"),
        ({"files": ["a.txt"]}, "files.0"),
    ],
)
async def test_what_is_wrong_with_a_prompt_is_named(page: Page, said: Told, field: str) -> None:
    answer = await page.command("RUN_INPUT", **({"message": "go"} | said))

    assert refused(answer) == NOT_VALID
    fields = [error["field"].replace("[", ".").replace("]", "") for error in answer.json()["data"]["errors"]]
    assert fields == [field]
    assert (await stored())["Run"] == 0


async def test_a_prompt_of_eight_thousand_characters_is_taken_as_it_is(page: Page) -> None:
    message = "é" * 7_999 + "!"

    await page.ask(message)

    assert (await page.state())["events"][0]["data"]["message"] == message


async def test_a_saved_journey_must_be_one_of_the_site(runtime: Runtime) -> None:
    site = await asked(lambda: make_site(shortcuts=[{"id": "pay", "label": "Pay", "prompt": "pay"}]))
    page = await runtime.page(site)

    refusal = await page.command("RUN_INPUT", message="pay", shortcutId="no-such")

    assert refused(refusal)[0] == 404
    assert (await stored())["Run"] == 0
    assert data(await page.command("RUN_INPUT", message="pay", shortcutId="pay"))["seq"] == 1


# --- RUN_CONTROL ---

CANCELLED, DONE_NOTHING, RESUMED = "cancelled", "nothing", "running"
CONTROLS: list[tuple[str, str, str | tuple[int, str]]] = [
    ("none", "cancel", DONE_NOTHING),
    ("none", "end_task", DONE_NOTHING),
    ("none", "new_task", DONE_NOTHING),
    ("none", "continue", NO_RUN),
    ("completed", "cancel", DONE_NOTHING),
    ("completed", "end_task", DONE_NOTHING),
    ("completed", "new_task", DONE_NOTHING),
    ("completed", "continue", NO_RUN),
    ("running", "cancel", CANCELLED),
    ("running", "end_task", CANCELLED),
    ("running", "new_task", CANCELLED),
    ("running", "continue", DONE_NOTHING),
    ("awaiting_user", "cancel", CANCELLED),
    ("awaiting_user", "end_task", CANCELLED),
    ("awaiting_user", "new_task", CANCELLED),
    ("awaiting_user", "continue", RESUMED),
]


@pytest.mark.parametrize(("status", "action", "outcome"), CONTROLS)
async def test_the_table_of_controls(
    page: Page, status: str, action: str, outcome: str | tuple[int, str]
) -> None:
    if status != "none":
        await in_status(page, status)
    epoch, seq = page.epoch, page.seq

    answer = await page.command("RUN_CONTROL", action=action)

    if isinstance(outcome, tuple):
        assert refused(answer) == outcome
        return
    told = data(answer)
    shown = told["projection"]
    assert told["action"] == action
    assert told.get("runId", "") == ("" if status in ("none", "completed") else page.run_id)
    assert shown["epoch"] == epoch + (outcome == CANCELLED)
    assert shown.get("runStatus") == {
        DONE_NOTHING: None if status == "none" else status,
        CANCELLED: "cancelled",
        RESUMED: "running",
    }.get(outcome)
    if status not in ("none", "completed"):
        assert told["currentSeq"] == seq + (outcome != DONE_NOTHING)
    assert shown["activeRunId"] == (page.run_id if shown.get("runStatus") == "running" else "")


@pytest.mark.parametrize("action", ["cancel", "end_task", "new_task", "continue"])
async def test_a_control_of_a_run_that_has_ended_does_nothing(page: Page, action: str) -> None:
    await page.ask()
    ended = page.run_id
    await page.ask("something else")

    told = data(await page.command("RUN_CONTROL", action=action, runId=ended))

    assert (told["runId"], told["projection"]["activeRunId"]) == (ended, page.run_id)
    assert told["projection"]["epoch"] == page.epoch


@pytest.mark.parametrize("run_id", ["no-such-run", "6f1f7d2e-2f5b-4f1c-9a50-0d4f6a0d8a11"])
async def test_a_control_of_a_run_that_nobody_knows_is_refused(page: Page, run_id: str) -> None:
    await page.ask()

    assert refused(await page.command("RUN_CONTROL", action="cancel", runId=run_id)) == NO_RUN


@pytest.mark.parametrize("action", ["", "stop", None, 7])
async def test_a_control_must_be_one_of_four(page: Page, action: Any) -> None:
    assert refused(await page.command("RUN_CONTROL", action=action)) == NOT_VALID


@pytest.mark.parametrize(("action", "is_closed"), [("cancel", False), ("end_task", True), ("new_task", True)])
async def test_the_end_of_a_task_closes_its_boundary(page: Page, action: str, is_closed: bool) -> None:
    await page.ask(taskBoundaryId="boundary-1")

    await page.command("RUN_CONTROL", action=action)

    session = await asked(RuntimeSession.objects.get, pk=page.session_id)
    assert session.boundary == ("" if is_closed else "boundary-1")


# --- ASK_USER_ANSWER ---


@pytest.fixture
async def waiting(page: Page) -> Page:
    await in_status(page, "awaiting_user")
    return page


@pytest.mark.parametrize(
    ("said", "answers"),
    [
        ({"answers": {"size": "large"}}, [{"key": "size", "text": "large"}]),
        ({"answers": {"size": "large", "colour": "red"}}, [{"key": "size", "text": "large"}, {"key": "colour", "text": "red"}]),
        ({"rawText": "large"}, [{"key": "size", "text": "large"}]),
        ({"message": "large"}, [{"key": "size", "text": "large"}]),
    ],
)  # fmt: skip
async def test_an_answer_lets_the_run_go_on(waiting: Page, said: Told, answers: list[Told]) -> None:
    told = data(await waiting.command("ASK_USER_ANSWER", runId=waiting.run_id, keys=["size"], **said))

    assert (told["runId"], told["state"], told["seq"]) == (waiting.run_id, "running", waiting.seq + 1)
    run = await asked(Run.objects.get, pk=waiting.run_id)
    assert sorted(run.answers, key=str) == sorted(answers, key=str)


async def test_a_prompt_that_continues_answers_the_one_question(waiting: Page) -> None:
    await waiting.command("RUN_INPUT", message="large", continueRun=True)

    run = await asked(Run.objects.get, pk=waiting.run_id)
    assert run.answers == [{"key": "size", "text": "large"}]


@pytest.mark.parametrize(
    "said",
    [{}, {"answers": {}}, {"answers": {"size": "  "}}, {"answers": {"colour": "red"}}, {"answers": []}],
)
async def test_a_question_that_must_be_answered_is(waiting: Page, said: Told) -> None:
    answer = await waiting.command("ASK_USER_ANSWER", **said)

    assert refused(answer) == NOT_VALID
    assert answer.json()["data"]["errors"]
    assert (await waiting.state())["runStatus"] == "awaiting_user"


async def test_one_text_does_not_answer_two_questions(page: Page) -> None:
    await page.ask()
    both = {"message": "Two.", "questions": [QUESTION, QUESTION | {"key": "colour"}]}
    asks = {"type": "needs_input", "data": both}
    told = data(await page.command("RUN_PROGRESS", runId=page.run_id, events=[asks], transition=WAITS))
    page.seq = told["currentSeq"]

    answer = await page.command("ASK_USER_ANSWER", rawText="large and red")

    assert refused(answer) == NOT_VALID
    assert {error["field"] for error in answer.json()["data"]["errors"]} == {"answers.size", "answers.colour"}


@pytest.mark.parametrize("status", ["running", "completed"])
async def test_nobody_answers_a_run_that_asked_nothing(page: Page, status: str) -> None:
    await in_status(page, status)

    answer = await page.command("ASK_USER_ANSWER", rawText="large")

    assert refused(answer) == (EXISTS if status == "running" else NO_RUN)


async def test_a_second_answer_comes_too_late(waiting: Page) -> None:
    first = await waiting.command("ASK_USER_ANSWER", rawText="large")
    waiting.seq = data(first)["seq"]

    assert refused(await waiting.command("ASK_USER_ANSWER", rawText="small")) == EXISTS


# --- RUN_PROGRESS ---

# status of the run, status that is reported -> what it is then
REPORTED = [
    ("running", "awaiting_user", "awaiting_user"),
    ("running", "completed", "completed"),
    ("running", "failed", "failed"),
    ("running", "running", "running"),
    ("running", "cancelled", NOT_VALID),
    ("running", "queued", NOT_VALID),
    ("awaiting_user", "failed", "failed"),
    ("awaiting_user", "running", NOT_VALID),
    ("awaiting_user", "completed", NOT_VALID),
    ("completed", "failed", "stale"),
    ("cancelled", "completed", "stale"),
]


@pytest.mark.parametrize(("status", "said", "outcome"), REPORTED)
async def test_a_worker_reports_what_a_run_can_become(
    page: Page, status: str, said: str, outcome: str | tuple[int, str]
) -> None:
    await in_status(page, status)
    rows = await stored()

    answer = await page.command("RUN_PROGRESS", runId=page.run_id, transition={"status": said})

    if isinstance(outcome, tuple):
        assert refused(answer) == outcome
        assert await stored() == rows
    elif outcome == "stale":
        assert (data(answer)["staleRun"], data(answer)["staleRunReason"]) == (True, "run_terminal")
        assert await stored() == rows
    else:
        assert data(answer)["state"] == outcome


async def test_a_report_is_taken_whole_or_not_at_all(page: Page) -> None:
    await page.ask()
    bad = {"type": "state_transition", "data": {"status": "cancelled"}}

    answer = await page.command("RUN_PROGRESS", runId=page.run_id, events=[ASKS, bad])

    assert refused(answer) == NOT_VALID
    assert answer.json()["data"]["errors"][0]["field"] == "events[1].data.status"
    assert len((await page.state())["events"]) == 1


async def test_an_event_that_comes_twice_is_told_once(page: Page) -> None:
    await page.ask()
    event = {"type": "tool_start", "id": "e1", "data": {"name": "click_element"}}

    first = data(await page.command("RUN_PROGRESS", runId=page.run_id, events=[event, event]))
    again = data(await page.command("RUN_PROGRESS", runId=page.run_id, events=[event]))

    assert first["currentSeq"] == again["currentSeq"] == 2


@pytest.mark.parametrize(
    "said",
    [
        {"events": [{"type": "no_such_type"}]},
        {"events": [{"type": "error", "data": "text"}]},
        {"events": [{"type": "status_update"}] * 41},
        {"events": "text"},
        {"transition": {"status": "thinking"}},
        {"runId": None},
    ],
)
async def test_what_is_no_report_is_refused(page: Page, said: Told) -> None:
    await page.ask()

    assert refused(await page.command("RUN_PROGRESS", **({"runId": page.run_id} | said))) == NOT_VALID
    assert len((await page.state())["events"]) == 1
