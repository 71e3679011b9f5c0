"""What a page's own scripts give the assistant: tools, words, who is there, and tasks that were made before."""

import json
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.embed.models import Brain, answers, does
from tests.browser.embed.runtime import SECONDS, Visit
from tests.e2e.server import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.processes]
HOME = "<main><h1>Harbour Tours</h1><p>The office is open from nine to five, Monday to Friday.</p></main>"
FIND = {
    "name": "find_boats",
    "title": "Find boats",
    "description": "Boats that are free on a day.",
    "parameters": {
        "day": {"type": "string", "description": "A day of the week."},
        "seats": {"type": "integer"},
    },
    "required": ["day"],
    "annotations": {"sideEffect": "read"},
}
BOOK = {
    "name": "book_boat",
    "title": "Book a boat",
    "parameters": {"boat": {"type": "string"}},
    "annotations": {"sideEffect": "write"},
}
LOADER = "/embed.js"


def register(
    definition: dict[str, Any], handler: str = "(given) => { window.given = given; return 'Gull'; }"
) -> str:
    return f"rover('registerTool', {json.dumps(definition)}, {handler})"


def begin(visit: Visit, *calls: str, wish: str = "Which boats are free on Friday?", **config: Any) -> Visit:
    """A visitor asks for something on a page that makes these calls before the script is there."""
    return visit.go(HOME, tag=visit.live.stub(*calls, **config)).open().ask(wish)


def said(visit: Visit, text: str) -> None:
    expect(visit.log.get_by_text(text).first).to_be_visible(timeout=SECONDS)


def test_a_tool_that_was_registered_before_the_load_is_offered_called_and_heard(
    guided: Visit, brain: Brain
) -> None:
    brain.will(does("find_boats", day="Friday", seats=2), answers("Gull is free."))

    begin(guided, register(FIND))

    said(guided, "Gull is free.")
    assert guided.page.evaluate("window.given") == {"day": "Friday", "seats": 2}
    offered = brain.tools()["find_boats"]
    assert "Find boats — Boats that are free on a day." in offered["description"]
    assert offered["parameters"] == {
        "type": "object",
        "properties": {
            "day": {"type": "string", "description": "A day of the week."},
            "seats": {"type": "integer"},
        },
        "required": ["day"],
    }
    assert "client_tool" not in brain.tools()
    result = brain.told[1].partition("</untrusted")[0]
    assert "→ done: Gull" in result, "behind the fence"
    assert guided.faults == []


def test_nothing_is_loaded_for_a_tool_until_somebody_asks(guided: Visit) -> None:
    guided.go(HOME, tag=guided.live.stub(register(FIND), "rover('registerPromptContextProvider', () => 'x')"))
    expect(guided.root.get_by_role("button", name="Ask Rover")).to_be_visible(timeout=SECONDS)
    guided.page.wait_for_load_state("networkidle")

    assert [url.partition("?")[0] for url in guided.asked if url.startswith(guided.live.wire.url)] == [
        f"{guided.live.wire.url}{LOADER}"
    ]


def test_a_tool_that_changes_something_waits_for_a_yes(guided: Visit, brain: Brain) -> None:
    brain.will(does("book_boat", boat="Gull"), does("book_boat", boat="Gull"), answers("Booked."))

    begin(guided, register(BOOK))

    dialog = guided.root.get_by_role("alertdialog")
    expect(dialog).to_contain_text("“Book a boat” (boat: Gull)", timeout=SECONDS)
    assert guided.page.evaluate("window.given") is None
    dialog.get_by_role("button", name="Yes").click()
    said(guided, "Booked.")
    assert guided.page.evaluate("window.given") == {"boat": "Gull"}


def test_a_yes_to_one_call_is_none_to_another(guided: Visit, brain: Brain) -> None:
    brain.will(does("book_boat", boat="Gull"), does("book_boat", boat="The whole fleet"))

    begin(guided, register(BOOK))
    dialog = guided.root.get_by_role("alertdialog")
    expect(dialog).to_contain_text("boat: Gull", timeout=SECONDS)
    dialog.get_by_role("button", name="Yes").click()

    expect(dialog).to_contain_text("boat: The whole fleet", timeout=SECONDS)
    assert guided.page.evaluate("window.given") is None


def test_a_no_is_told_and_the_tool_is_not_called(guided: Visit, brain: Brain) -> None:
    brain.will(does("book_boat", boat="Gull"), answers("Not booked."))

    begin(guided, register(BOOK))
    guided.root.get_by_role("alertdialog").get_by_role("button", name="No").click(timeout=SECONDS)

    said(guided, "Not booked.")
    assert "CONFIRMATION_REFUSED" in brain.told[1]
    assert guided.page.evaluate("window.given") is None


@pytest.mark.parametrize(
    ("handler", "told"),
    [
        ("() => { throw new Error('no boats'); }", "failed (TOOL_FAILED): no boats"),
        ("async () => ({ boats: ['Gull', 'Tern'] })", 'done: {"boats":["Gull","Tern"]}'),
        ("() => 'x'.repeat(9000)", "done: xxx"),
        ("() => { const ring = {}; ring.ring = ring; return ring; }", "failed (TOOL_FAILED)"),
        ("() => {}", "→ done"),
    ],
    ids=["throws", "promises", "long", "ring", "nothing"],
)
def test_what_comes_of_a_tool_is_told_in_bounds(guided: Visit, brain: Brain, handler: str, told: str) -> None:
    brain.will(does("find_boats", day="Friday"), answers("Done."))

    begin(guided, register(FIND, handler))

    said(guided, "Done.")
    assert told in brain.told[1]
    assert brain.told[1].count("x" * 100) <= 39
    assert guided.faults == []


def test_a_tool_cannot_take_the_place_of_one_of_rover_s(guided: Visit, brain: Brain) -> None:
    names = ("click_element", "Answer_Task", "give_up", "open_url_new_tab", "bad name", "")
    calls = [register({**FIND, "name": name}) for name in names]
    brain.will(answers("As ever."))

    begin(guided, *calls, register(FIND))

    said(guided, "As ever.")
    told = [name for name, tool in brain.tools().items() if "Find boats" in tool["description"]]
    assert told == ["find_boats"]


def test_a_tool_is_gone_when_the_page_takes_it_back_or_keeps_it_from_models(
    guided: Visit, brain: Brain
) -> None:
    brain.will(answers("No tools."))
    guided.go(HOME, tag=guided.live.stub(register({**BOOK, "llmCallable": False}))).open()
    guided.page.evaluate("(tool) => rover.registerTool(tool, () => 1)()", FIND)

    guided.ask("Which boats are free?")

    said(guided, "No tools.")
    assert not {"find_boats", "book_boat"} & set(brain.tools())


def test_arguments_that_do_not_fit_never_reach_the_page(guided: Visit, brain: Brain) -> None:
    brain.will(does("find_boats", seats="many"), answers("Which day?"))

    begin(guided, register(FIND))

    said(guided, "Which day?")
    assert guided.page.evaluate("window.given") is None


def test_words_of_the_page_are_told_as_material(guided: Visit, brain: Brain) -> None:
    brain.will(answers("Understood."))
    providers = (
        "rover('registerPromptContextProvider', () => 'The visitor has two boats in the cart.')",
        "rover('registerPromptContextProvider', async () => ({ text: 'y'.repeat(9000) }))",
        "rover('registerPromptContextProvider', () => { throw new Error('of the page'); })",
        "rover('registerPromptContextProvider', () => new Promise(() => {}))",
        "rover('registerPromptContextProvider', () => 'one too many')",
    )

    begin(guided, *providers)

    said(guided, "Understood.")
    told = brain.told[0]
    before, _, after = told.partition("The visitor has two boats in the cart.")
    assert "<untrusted-" in before.splitlines()[-1] or "<untrusted-" in before.splitlines()[-2]
    assert after.count("y") >= 3_900
    assert "y" * 4_001 not in after
    assert "one too many" not in told
    assert guided.faults == []


def test_a_page_that_allows_no_actions_has_its_tools_left_alone(guided: Visit, brain: Brain) -> None:
    brain.will(does("find_boats", day="Friday"), answers("Not allowed."))

    begin(guided, register(FIND), allowActions=False)

    said(guided, "Not allowed.")
    assert "CAPABILITY_UNAVAILABLE" in brain.told[1]
    assert guided.page.evaluate("window.given") is None


# --- who is there ---


def visitors(visit: Visit) -> Any:
    rows = visit.live.server.sql(
        "SELECT visitor FROM tasks_runtimesession WHERE id = ?", visit.state()["sessionId"]
    )
    return json.loads(rows[0][0])


def test_who_the_page_says_is_there_reaches_the_session(visit: Visit) -> None:
    ada = {"name": "Ada\n\u202eLovelace " + "x" * 200, "email": "ada@example.com", "password": "no"}
    visit.go(HOME, tag=visit.live.stub(f"rover('identify', {json.dumps(ada)})")).open()
    visit.until("rover.getState().sessionId !== undefined")

    found = visitors(visit)
    assert set(found) == {"name", "email"}
    assert found["email"] == "ada@example.com"
    assert found["name"].startswith("Ada")
    assert len(found["name"]) <= 120
    assert "\n" not in found["name"]
    assert "\u202e" not in found["name"]


def test_who_comes_later_is_told_at_once(visit: Visit) -> None:
    visit.go(HOME).open()
    visit.until("rover.getState().sessionId !== undefined")
    assert visitors(visit) == {}

    visit.page.evaluate("rover.identify({ name: 'Grace', email: 'grace@example.com' })")

    wait_until(lambda: visitors(visit), what="the visitor")
    assert visitors(visit) == {"name": "Grace", "email": "grace@example.com"}
    assert visit.state()["visitor"] == {"name": "Grace", "email": "grace@example.com"}


# --- a task that was made before ---


def launch(visit: Visit) -> dict[str, str]:
    made = visit.live.create(visit.put("/", HOME), "When is the office open?")
    task = made["task"].partition("?")[0].rpartition("/")[2]
    return {
        "requestId": task,
        "attachToken": made["open"].partition("rover_receipt=")[2],
        "task": made["task"],
    }


def test_a_launch_is_taken_up_by_the_page_itself(visit: Visit) -> None:
    made = launch(visit)
    given = {name: made[name] for name in ("requestId", "attachToken")}

    visit.go(HOME, tag=visit.live.stub(f"rover('attachLaunch', {json.dumps(given)})"))

    said(visit, "Monday to Friday")
    wait_until(lambda: visit.live.call("GET", made["task"])["status"] == "completed", what="the end")
    assert visit.page.url == f"{visit.site.url}/"


def test_a_launch_that_is_another_s_is_not_taken_up(visit: Visit) -> None:
    made, other = launch(visit), launch(visit)
    given = {"requestId": other["requestId"], "attachToken": made["attachToken"]}
    visit.go(HOME)
    expect(visit.root).to_be_attached(timeout=SECONDS)
    visit.hear("error")

    visit.page.evaluate("(given) => rover.attachLaunch(given)", given)

    visit.until("window.told.length > 0")
    assert visit.told[0][1]["code"] == "RECEIPT_INVALID"
    said(visit, "could not be taken up")
    assert visit.live.call("GET", made["task"])["status"] == "waiting_browser"
