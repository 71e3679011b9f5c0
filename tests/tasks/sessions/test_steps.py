"""agent/step with the rules of this server: from the page that is seen to what is to be done next."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tasks.core.runtime.step_bodies import read_step
from tasks.executing.in_page.telling import marks_of
from tasks.models import Run, RunStep
from tasks.services.runtime.sessions import session_present
from tasks.services.runtime.stepping import Asked, step_begin
from tests.tasks.in_page.pages import page_data
from tests.tasks.in_page.runs import seen
from tests.tasks.sessions.journeys import FULL, PRICING, SHOP, THANKS, WISH, Journey, booking
from tests.tasks.sessions.steps import Clock, asked, change_key, claimed, conflict, in_status, stored
from tests.tasks.sessions.support import Page, Runtime, data, refused
from workspace.models import Site

Told = dict[str, Any]
YES_OR_NO = {"key": "confirm:2", "required": True, "choices": ["Yes", "No"]}


@pytest.fixture
async def page(runtime: Runtime, shop: Site) -> Page:
    return await runtime.page(shop)


async def begun(page: Page, wish: str) -> Journey:
    await page.ask(wish)
    return Journey(page)


async def types(page: Page) -> list[str]:
    return [event["type"] for event in (await page.state())["events"]]


# --- journeys ---


async def test_a_question_that_the_page_answers_is_answered_and_the_run_over(page: Page) -> None:
    journey = await begun(page, "What are the opening hours?")

    told = await journey.see(SHOP)

    assert (told["done"], told["calls"], told["state"], told["step"]) == (True, [], "completed", 1)
    assert "9:00 to 18:00" in told["answer"]["text"]
    assert set(told["answer"]) == {"text", "blocks", "summary"}
    assert (told["runId"], told["currentSeq"], told["epoch"]) == (page.run_id, 4, 1)
    assert await types(page) == ["run_started", "observation", "message", "run_transition"]


async def test_a_link_is_followed_and_what_came_of_it_is_told(page: Page) -> None:
    journey = await begun(page, "Click the Pricing link")

    first = await journey.see(SHOP)
    (call,) = first["calls"]
    assert set(call) == {"id", "name", "args"} and call["name"] == "click_element"
    assert isinstance(call["args"]["element_id"], int)
    went = {"id": call["id"], "success": True, "navigation": {"outcome": "same_tab_scheduled"}}
    last = await journey.see(PRICING, url="https://shop.example/pricing", title="Pricing", results=[went])

    assert last["done"] is True and "Pricing" in last["answer"]["text"]
    events = (await page.state())["events"]
    started = next(event["data"] for event in events if event["type"] == "tool_start")
    result = next(event["data"] for event in events if event["type"] == "tool_result")
    assert started == {
        "name": "click_element",
        "callId": call["id"],
        "args": call["args"],
        "target": 'link "Pricing"',
    }
    assert (result["callId"], result["success"]) == (call["id"], True)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    seen_pages = [event["data"]["url"] for event in events if event["type"] == "observation"]
    assert seen_pages == ["https://shop.example/", "https://shop.example/pricing"]


async def test_what_cannot_be_taken_back_waits_for_the_visitor_s_yes(page: Page) -> None:
    journey = await begun(page, WISH)
    await journey.see(booking())
    assert journey.names == ["select_dropdown_value", "type_into_element", "type_into_element"]

    asks = await journey.see(booking(**FULL))

    assert (asks["calls"], asks["state"]) == ([], "awaiting_user")
    (question,) = asks["askUser"]["questions"]
    assert question.items() >= YES_OR_NO.items() and "Reserve" in question["query"]
    await page.command("ASK_USER_ANSWER", answers={"confirm:2": "Yes"})
    await journey.see(booking(**FULL))
    assert journey.names == ["click_element"]
    end = await journey.see(THANKS, url="https://shop.example/thanks")
    assert end["done"] is True and "Thank you, Ada!" in end["answer"]["text"]


@pytest.mark.parametrize("word", ["yes", " Yes. ", "ok", "ja"])
async def test_a_prompt_that_says_yes_is_a_yes(page: Page, word: str) -> None:
    journey = await begun(page, WISH)
    await journey.see(booking(**FULL))
    assert (await page.state())["runStatus"] == "awaiting_user"

    await page.command("RUN_INPUT", message=word, continueRun=True)
    await journey.see(booking(**FULL))

    assert journey.names == ["click_element"]


@pytest.mark.parametrize("word", ["No", "no", "yes but later", "maybe", "delete everything"])
async def test_anything_else_is_a_no(page: Page, word: str) -> None:
    journey = await begun(page, WISH)
    await journey.see(booking(**FULL))

    await page.command("RUN_INPUT", message=word, continueRun=True)
    told = await journey.see(booking(**FULL))

    assert journey.names == [], told
    assert "askUser" in told or told["done"] is True


async def test_a_yes_is_for_one_call(page: Page) -> None:
    journey = await begun(page, WISH)
    await journey.see(booking(**FULL))
    await page.command("RUN_INPUT", message="yes", continueRun=True)
    await journey.see(booking(**FULL))
    failed = [{"id": journey.calls[0]["id"], "success": False, "error": {"code": "X", "message": "Missed."}}]

    told = await journey.see(booking(**FULL), results=failed)

    assert "click_element" not in journey.names, told


async def test_what_is_missing_is_asked_for_and_used(page: Page) -> None:
    journey = await begun(page, "Book a table at 8pm under the name Ada Lovelace")

    asks = await journey.see(booking())

    assert asks["state"] == "awaiting_user"
    assert [each["key"] for each in asks["askUser"]["questions"]] == ["email"]
    assert (await page.state())["runStatus"] == "awaiting_user"
    data(await page.command("ASK_USER_ANSWER", answers={"email": "ada@example.org"}))
    await journey.see(booking())
    typed = [call["args"].get("text") for call in journey.calls]
    assert "ada@example.org" in typed


async def test_an_agent_s_task_asks_and_is_answered_and_done_step_by_step(
    runtime: Runtime, page: Page
) -> None:
    task = await claimed(runtime, page, prompt="Book a table at 8pm under the name Ada Lovelace")
    await page.ask(task["prompt"], taskId=task["taskId"])
    journey = Journey(page)

    await journey.see(booking())
    resource = (await runtime.get(task["task"])).json()
    assert resource["status"] == "input_required"
    assert [each["key"] for each in resource["input"]["questions"]] == ["email"]
    await runtime.post(task["task"], {"answers": {"email": "ada@example.org"}})
    await journey.see(booking())
    await journey.see(booking(**FULL))
    (question,) = (await runtime.get(task["task"])).json()["input"]["questions"]
    await runtime.post(task["task"], {"answers": {question["key"]: "yes"}})
    await journey.see(booking(**FULL))
    assert journey.names == ["click_element"]
    await journey.see(THANKS, url="https://shop.example/thanks")

    done = (await runtime.get(task["task"])).json()
    assert done["status"] == "completed" and "Thank you, Ada!" in done["result"]["text"]


async def test_a_press_that_changes_nothing_is_not_made_for_ever(page: Page) -> None:
    tree = 'main\n  button "Show prices"\n  link "Show all prices" → #'
    journey = await begun(page, "click show prices")

    pressed = []
    for _ in range(5):
        told = await journey.see(tree)
        pressed += [call["args"]["element_id"] for call in journey.calls]
        if told.get("done"):
            break

    assert pressed == [1, 2]
    assert (told["state"], told["error"]["code"]) == ("failed", "nothing_happened")


async def test_deciders_get_their_own_ids_and_marks_back(page: Page, shop: Site) -> None:
    """They find their way by them from step to step."""
    tree = SHOP + "status: 3 things were added to your cart."
    journey = await begun(page, "Add the blue mug to my cart")
    await journey.see(tree)
    body = {
        "sessionId": page.session_id,
        "runId": page.run_id,
        "clientEventId": "next",
        "expectedEpoch": 1,
        "page": page_data(tree),
        "results": [{"id": call["id"], "success": True} for call in journey.calls],
    }

    def begin() -> Any:
        now = timezone.now()
        presented = session_present(page.token, session_id=page.session_id, now=now)
        return step_begin(presented, read_step(body), token=page.token, now=now)

    question = await asked(begin)

    assert isinstance(question, Asked)
    (past,) = question.view.history
    assert past.marks == marks_of(seen(tree)) != frozenset()
    (done,) = past.calls
    assert (done.call.name, done.success, done.target) == ("click_element", True, 'button "Add to cart"')
    assert done.call.id.startswith("g0"), "as the rules named it"


# --- once, in order ---


async def test_the_same_question_gets_the_same_answer(page: Page) -> None:
    journey = await begun(page, "Click the Pricing link")
    first = await journey.look(SHOP, clientEventId="s1")
    rows = await stored()

    again = await journey.look(SHOP, clientEventId="s1", expectedEpoch=9)

    assert (again.json(), again.headers["idempotent-replay"]) == (first.json(), "true")
    assert await stored() == rows


@pytest.mark.parametrize("is_same", [True, False])
async def test_of_two_steps_at_once_one_is_taken(page: Page, is_same: bool) -> None:
    journey = await begun(page, "Click the Pricing link")
    names = ["s1", "s1" if is_same else "s2"]

    answers = await asyncio.gather(*(journey.look(SHOP, clientEventId=name) for name in names))

    rows = await stored()
    assert rows["RunStep"] == 1
    if is_same:
        assert [answer.status for answer in answers] == [200, 200]
        assert answers[0].json() == answers[1].json()
    else:
        assert sorted(answer.status for answer in answers) == [200, 409]
        (late,) = [answer for answer in answers if answer.status == 409]
        assert conflict(late)["code"] == "stale_seq"
    assert (await types(page)).count("tool_start") == 1


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
async def test_a_step_of_a_run_that_has_ended_is_told_so(page: Page, status: str) -> None:
    await in_status(page, status)
    rows = await stored()

    told = data(await Journey(page).look(SHOP))

    assert (told["staleRun"], told["staleRunReason"]) == (True, "run_terminal")
    assert await stored() == rows


async def test_a_step_of_nobody_s_run_is_told_so(page: Page) -> None:
    await page.ask()

    told = data(await Journey(page).look(SHOP, runId="nobody"))

    assert told["staleRunReason"] == "run_missing"


async def test_a_run_that_waits_for_its_user_takes_no_step(page: Page) -> None:
    await in_status(page, "awaiting_user")

    assert refused(await Journey(page).look(SHOP)) == (409, "active_run_exists")
    assert (await stored())["RunStep"] == 0


@pytest.mark.parametrize(
    ("said", "is_strict"), [({"expectedEpoch": 9}, False), ({"expectedEpoch": None}, True)]
)
async def test_a_step_in_another_epoch_is_stale(page: Page, shop: Site, said: Told, is_strict: bool) -> None:
    await change_key(shop, policy={"strictMode": is_strict})
    await page.ask()

    assert conflict(await Journey(page).look(SHOP, **said))["code"] == "stale_epoch"


@pytest.mark.parametrize("capture", [{}, {"nodes": 5}, {"nodes": {"n1": 7}, "roots": ["n1"]}, {"roots": {}}])
async def test_whatever_a_page_looks_like_the_run_goes_on_or_it_is_refused(page: Page, capture: Told) -> None:
    await page.ask("What are the opening hours?")

    answer = await page.step(capture)

    if answer.status != 200:
        assert refused(answer) == (400, "INVALID_ARGUMENT")
        assert (await types(page)) == ["run_started"]


@pytest.mark.parametrize("said", [{"page": None}, {"page": []}, {"clientEventId": None}, {"runId": ""}])
async def test_what_is_no_step_is_refused(page: Page, said: Told) -> None:
    await page.ask()

    assert refused(await Journey(page).look(SHOP, **said)) == (400, "INVALID_ARGUMENT")


async def test_results_of_calls_that_were_not_made_are_not_believed(page: Page) -> None:
    journey = await begun(page, "Click the Pricing link")
    await journey.see(SHOP)
    forged: list[Any] = [{"id": "c9-9", "success": True}, {"id": "x", "success": True}, 7]

    await journey.see(SHOP, results=forged)

    assert "tool_result" not in await types(page)


async def test_what_a_call_brought_back_is_bounded(page: Page) -> None:
    journey = await begun(page, "Click the Pricing link")
    await journey.see(SHOP)
    result = {"id": journey.calls[0]["id"], "success": True, "output": {"rows": ["x" * 1_000] * 10}}

    await journey.see(SHOP, results=[result])

    kept = next(event for event in (await page.state())["events"] if event["type"] == "tool_result")
    assert kept["data"]["output"]["truncated"] is True


# --- how long ---


async def test_a_run_has_forty_steps(page: Page) -> None:
    journey = await begun(page, "click show prices")

    def walk(number: int) -> None:
        decided = {"url": "", "digest": "", "thought": "", "calls": []}
        run = Run.objects.get(pk=page.run_id)
        for n in range(1, number + 1):
            RunStep.objects.create(run=run, number=n, decided=decided, created_at=timezone.now())

    await asked(walk, 40)

    told = await journey.see('main\n  button "Show prices"')

    assert (told["done"], told["state"], told["error"]["code"]) == (True, "failed", "RUN_TIMEOUT")


async def test_a_run_has_ten_minutes_without_its_user_s(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    journey = await begun(page, "Book a table at 8pm under the name Ada Lovelace")
    await journey.see(booking())
    clock.forward(timedelta(minutes=9))
    page.token = data(await page.send("session/open"))["sessionToken"]
    clock.forward(timedelta(minutes=9))
    await page.command("ASK_USER_ANSWER", answers={"email": "ada@example.org"})

    told = await journey.see(booking())
    assert told["calls"], "its user took the time"
    page.token = data(await page.send("session/open"))["sessionToken"]
    clock.forward(timedelta(minutes=9))
    page.token = data(await page.send("session/open"))["sessionToken"]
    clock.forward(timedelta(minutes=2))
    told = await journey.see(booking(**FULL))

    assert (told["state"], told["error"]["code"]) == ("failed", "RUN_TIMEOUT")
