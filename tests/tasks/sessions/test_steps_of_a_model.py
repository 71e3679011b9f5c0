"""agent/step with a model: whatever it proposes, the gates stand between it and the page."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tasks.models import RunStep
from tests.tasks.executing.model_server import ModelServer, Reply, Script, Sent, calls, refuses, says
from tests.tasks.sessions.journeys import FULL, SHOP, Journey, booking
from tests.tasks.sessions.steps import ASKS, WAITS, asked, change_key, conflict, in_status, stored
from tests.tasks.sessions.support import Page, Runtime, data, refused
from tests.tasks.streaming_fixtures import until
from workspace.models import Site

Told = dict[str, Any]
LOGIN = """
main
  heading 1 "Sign in"
  textbox "Email" [type=email] [name=email]
  textbox "Password" [type=password] [name=password]
  button "Sign in"
"""


@pytest.fixture
async def page(runtime: Runtime, shop: Site) -> Page:
    opened = await runtime.page(shop)
    await opened.ask("Do it")
    return opened


@asynccontextmanager
async def model(settings: Any, *script: Script) -> AsyncIterator[ModelServer]:
    """A model that the operator configured."""
    async with ModelServer(*script) as server:
        settings.ROVER = settings.ROVER.model_copy(
            update={"llm_base_url": server.base_url, "llm_model": "scripted"}
        )
        yield server


def click(number: int) -> Reply:
    return calls(("click_element", {"element_id": number}))


async def results(page: Page) -> list[Told]:
    return [event["data"] for event in (await page.state())["events"] if event["type"] == "tool_result"]


async def test_what_a_model_proposes_reaches_the_page(page: Page, settings: Any) -> None:
    async with model(settings, click(1)) as server:
        told = await Journey(page).see(SHOP)

    assert [(call["name"], call["args"]) for call in told["calls"]] == [("click_element", {"element_id": 1})]
    assert page.token not in str(server.sent[0].body), "a model is told no token"


@pytest.mark.parametrize(
    ("tree", "proposed", "code"),
    [
        (LOGIN, ("type_into_element", {"element_id": 2, "text": "hunter2"}), "HUMAN_INTERVENTION_REQUIRED"),
        (SHOP, ("click_element", {"element_id": 99}), "ELEMENT_NOT_FOUND"),
    ],
)
async def test_a_call_that_may_not_be_is_kept_from_the_page(
    page: Page, settings: Any, tree: str, proposed: tuple[str, Told], code: str
) -> None:
    async with model(settings, calls(proposed)):
        told = await Journey(page).see(tree)

    assert told["calls"] == []
    if not told.get("done"):  # the decider itself may have refused to propose it
        (result,) = await results(page)
        assert (result["success"], result["error"]["code"]) == (False, code)
    assert "tool_start" not in [event["type"] for event in (await page.state())["events"]]


async def test_a_refused_call_is_told_to_the_model_with_the_next_look(page: Page, settings: Any) -> None:
    secret = calls(("type_into_element", {"element_id": 2, "text": "hunter2"}))
    async with model(settings, secret, says("I cannot sign in.")) as server:
        journey = Journey(page)
        await journey.see(LOGIN)
        await journey.see(LOGIN)

    assert "for the visitor to type" in str(server.sent[-1].body)


async def test_calls_before_a_refused_one_are_made_and_those_behind_it_not(page: Page, settings: Any) -> None:
    three = calls(
        ("type_into_element", {"element_id": 1, "text": "ada@example.org"}),
        ("type_into_element", {"element_id": 2, "text": "hunter2"}),
        ("click_element", {"element_id": 3}),
    )
    async with model(settings, three):
        told = await Journey(page).see(LOGIN)

    assert [call["args"]["element_id"] for call in told["calls"]] == [1]
    assert "hunter2" not in str(await page.state())


async def test_what_cannot_be_taken_back_waits_for_a_yes_whatever_the_model_says(
    page: Page, settings: Any
) -> None:
    async with model(settings, click(4)):
        journey = Journey(page)
        asks = await journey.see(booking(**FULL))
        assert (asks["calls"], asks["state"]) == ([], "awaiting_user")
        await page.command("RUN_INPUT", message="yes", continueRun=True)
        await journey.see(booking(**FULL))
        assert journey.names == ["click_element"]
        again = await journey.see(booking(**FULL))

    assert again["calls"] == [] and again["askUser"], "each yes is for one call"


async def test_a_forged_yes_of_the_page_is_none(page: Page, settings: Any) -> None:
    """Results of a call that waits are not the visitor's word."""
    async with model(settings, click(4)):
        journey = Journey(page)
        await journey.see(booking(**FULL))
        forged = await journey.look(booking(**FULL), results=[{"id": "c1-1", "success": True}])

    assert refused(forged) == (409, "active_run_exists")


async def test_going_on_without_an_answer_is_no_yes(page: Page, settings: Any) -> None:
    async with model(settings, click(4)):
        journey = Journey(page)
        await journey.see(booking(**FULL))
        told = data(await page.command("RUN_CONTROL", action="continue", expectedSeq=page.seq))
        page.seq = told["currentSeq"]
        again = await journey.see(booking(**FULL))

    assert again["calls"] == [] and again["askUser"]


async def test_on_a_page_that_is_not_the_site_s_only_leaving_is_left(page: Page, settings: Any) -> None:
    async with model(settings, click(1)):
        told = await Journey(page).see(SHOP, url="https://elsewhere.example/")

    assert told["calls"] == []
    if not told.get("done"):
        (result,) = await results(page)
        assert result["error"]["code"] in ("DOMAIN_SCOPE_BLOCKED", "TOOL_NOT_ALLOWED")


async def test_a_site_that_only_watches_takes_no_step(page: Page, shop: Site, settings: Any) -> None:
    await change_key(shop, policy={"siteMode": "analytics_only"})
    rows = await stored()

    async with model(settings, click(1)) as server:
        answer = await Journey(page).look(SHOP)

    assert refused(answer) == (403, "PERMISSION_DENIED")
    assert server.sent == [] and await stored() == rows


# --- while the model thinks ---


def slow(reply: Reply) -> Reply:
    return Reply(body=reply.body, delay=0.5)


@pytest.mark.parametrize("end", ["cancel", "replace", "close"])
async def test_a_run_that_is_ended_while_the_model_thinks_gets_no_calls(
    page: Page, settings: Any, end: str
) -> None:
    async with model(settings, slow(click(1))) as server:
        step = asyncio.create_task(Journey(page).look(SHOP))
        await until(lambda: server.sent)
        page.seq = 2  # the page was seen
        if end == "cancel":
            assert (await page.command("RUN_CONTROL", action="cancel")).status == 200
        elif end == "replace":
            assert (await page.command("RUN_INPUT", message="other", forceNewRun=True)).status == 200
        else:
            assert (await page.send("session/close")).status == 200
        answer = await step

    assert data(answer)["staleRunReason"] == "run_terminal"
    assert "calls" not in data(answer)
    assert await asked(RunStep.objects.count) == 0


async def test_of_two_steps_that_think_at_once_the_second_looks_again(page: Page, settings: Any) -> None:
    async with model(settings, slow(click(1)), click(1)) as server:
        journey = Journey(page)
        first = asyncio.create_task(journey.look(SHOP, clientEventId="s1"))
        await until(lambda: server.sent)
        second = await journey.look(SHOP, clientEventId="s2")
        late = await first

    assert (second.status, conflict(late)["code"]) == (200, "stale_seq")
    assert await asked(RunStep.objects.count) == 1


async def test_a_run_that_begins_to_wait_meanwhile_gets_no_calls(page: Page, settings: Any) -> None:
    async with model(settings, slow(click(1))) as server:
        step = asyncio.create_task(Journey(page).look(SHOP))
        await until(lambda: server.sent)
        await page.command("RUN_PROGRESS", runId=page.run_id, events=[ASKS], transition=WAITS)
        answer = await step

    assert refused(answer) == (409, "active_run_exists")
    assert await asked(RunStep.objects.count) == 0


async def test_other_commands_are_not_kept_waiting_by_a_model(page: Page, settings: Any) -> None:
    async with model(settings, slow(click(1))) as server:
        step = asyncio.create_task(Journey(page).look(SHOP))
        await until(lambda: server.sent)
        told = data(await page.command("TAB_EVENT", targetUrl="/", expectedSeq=2))
        assert not step.done()
        await step

    assert told["decision"] == "allow_same_tab"


# --- a model that is not there ---


def hangs_up(sent: Sent) -> Reply:
    return Reply(is_cut=True)


@pytest.mark.parametrize(
    "script", [refuses(500), refuses(401), hangs_up, Reply(body=b"<html>"), Reply(body=b"{}"), says("")]
)
async def test_a_model_that_cannot_be_asked_ends_the_run_with_a_code(
    page: Page, settings: Any, script: Reply | Callable[[Sent], Reply]
) -> None:
    async with model(settings, script):
        told = await Journey(page).see(SHOP)

    assert (told["calls"], told["done"], told["state"]) == ([], True, "failed")
    assert set(told["error"]) == {"code", "message"} and told["error"]["code"]
    assert (await page.state())["runStatus"] == "failed"


async def test_nobody_listens_where_the_model_should_be(page: Page, settings: Any) -> None:
    async with model(settings, click(1)):
        pass

    told = await Journey(page).see(SHOP)

    assert (told["done"], told["state"]) == (True, "failed")


async def test_a_run_that_waits_asks_no_model(runtime: Runtime, shop: Site, settings: Any) -> None:
    page = await runtime.page(shop)
    await in_status(page, "awaiting_user")

    async with model(settings, click(1)) as server:
        assert refused(await Journey(page).look(SHOP)) == (409, "active_run_exists")

    assert server.sent == []
