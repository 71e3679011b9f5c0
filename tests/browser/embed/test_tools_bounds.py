"""What holds for every tool: its arguments, its time, its end, its traces, its size."""

import gzip
import sys
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tasks.core.runtime.tools import TOOLS
from tests.browser.embed.acting import Stage
from tests.browser.embed.conftest import EMBED, Origin
from tests.browser.embed.test_observation_traces import STATE, listeners

pytestmark = [pytest.mark.browser, pytest.mark.once]
Open = Callable[..., Stage]
MOST_BYTES = 17 * 1024
MUST = (
    "click_element",
    "type_into_element",
    "type_and_enter",
    "clear_element",
    "focus_element",
    "select_dropdown_value",
    "press_key",
    "scroll_page",
    "scroll_to_element",
    "goto_url",
    "go_back",
    "go_forward",
    "refresh_page",
    "wait_action",
    "solve_captcha",
)
SHOULD = (
    "open_new_tab",
    "switch_tab",
    "close_tab",
    "wait_for_element",
    "hover",
    "double_click",
    "right_click",
    "long_press",
    "check_field_validity",
    "select_text",
    "adjust_slider",
    "upload_file",
    "rover_external_read_context",
    "rover_external_act_context",
    "client_tool",
)
OTHERS = (
    "drag_element",
    "drag_and_drop",
    "swipe_element",
    "pinch_zoom",
    "mouse_wheel",
    "dispatch_pointer_path",
    "copy_text",
    "paste_text",
    "describe_images",
    "google_search",
    "network_run_recipe",
    "constructor",
    "__proto__",
    "toString",
)
GOOD: dict[str, dict[str, Any]] = {
    "type_into_element": {"text": "x"},
    "type_and_enter": {"text": "x"},
    "select_dropdown_value": {"value": "x"},
    "press_key": {"key": "Enter"},
    "scroll_page": {"direction": "down"},
    "goto_url": {"url": "/next"},
    "open_new_tab": {"url": "/next"},
    "switch_tab": {"logical_tab_id": 1},
    "close_tab": {"logical_tab_id": 1},
    "wait_action": {"duration": 5_000},
    "wait_for_element": {"selector": "#never"},
    "adjust_slider": {"value": 5},
    "upload_file": {"file": {"name": "a", "dataBase64": "YQ=="}},
    "client_tool": {"tool": "anything"},
}


def kept_by(page: Page, *targets: str) -> list[Any]:
    """The listeners of these objects."""
    session = page.context.new_cdp_session(page)
    found = []
    for target in targets:
        number = session.send("Runtime.evaluate", {"expression": target})["result"]["objectId"]
        found += session.send("DOMDebugger.getEventListeners", {"objectId": number})["listeners"]
    return found


def elements_tools(on: Stage) -> list[str]:
    tools: list[str] = on.handle.evaluate(
        "({ TOOLS }) => [...TOOLS].filter(([, t]) => t.element).map(([n]) => n)"
    )
    return tools


def test_the_catalogue_has_every_tool_that_must_and_should_be(stage: Open) -> None:
    tools = stage("").handle.evaluate("({ TOOLS }) => Object.fromEntries(TOOLS)")

    assert sorted(tools) == sorted([*MUST, *SHOULD])
    server = {name: spec for name, spec in TOOLS.items() if spec.in_page}
    assert sorted(tools) == sorted(server)
    for name, tool in tools.items():
        form = server[name].args.model_fields
        assert sorted(tool["args"]) == sorted(form), name
        required = {arg for arg, kind in tool["args"].items() if not kind.endswith("?")}
        assert required == {arg for arg, field in form.items() if field.is_required()}, name
        assert tool["element"] is server[name].needs_element, name
    assert tools["click_element"] == {
        "args": {"element_id": "integer", "open_in_new_tab": "boolean?"},
        "element": True,
    }
    assert tools["press_key"]["element"] is False


@pytest.mark.parametrize("name", OTHERS)
def test_other_tools_are_not_supported(name: str, stage: Open) -> None:
    result = stage("").act(name)

    assert result["success"] is False
    assert result["error"]["code"] == "TOOL_UNSUPPORTED"
    assert result["error"]["retryable"] is False


@pytest.mark.parametrize("name", [*MUST, *SHOULD])
def test_an_element_that_is_not_there_and_arguments_that_are_wrong_are_told_by_every_tool(
    name: str, stage: Open
) -> None:
    on = stage("<p>page</p>")
    args = GOOD.get(name, {})

    if name in elements_tools(on):
        error = on.act(name, element_id=99_999, **args)["error"]
        assert (error["code"], error["retryable"]) == ("ELEMENT_NOT_FOUND", True)
        for wrong in (None, "one", 1.5, [1], True):
            assert on.act(name, element_id=wrong, **args)["error"]["code"] == "INVALID_ARGUMENT"
    for missing in args:
        element = {"element_id": 1} if name in elements_tools(on) else {}
        for value in ({"no": "value"}, None):
            if value is None and name in ("wait_for_element", "close_tab"):
                continue
            error = on.act(name, **{**element, **args, missing: value})["error"]
            assert error["code"] == "INVALID_ARGUMENT"
            assert missing in error["message"]


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("wait_action", {"duration": 60_001}),
        ("wait_action", {"duration": -1}),
        ("wait_for_element", {"text": "x", "timeout": 30_001}),
        ("scroll_page", {"direction": "sideways"}),
        ("scroll_page", {"direction": "down", "amount": "much"}),
    ],
)
def test_what_is_out_of_range_is_refused(name: str, args: dict[str, Any], stage: Open) -> None:
    assert stage("").act(name, **args)["error"]["code"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    "call", ["null", "{}", "{ name: 'click_element' }", "{ name: 'press_key', args: 'x' }"]
)
def test_a_call_that_is_none_is_answered(call: str, stage: Open) -> None:
    result = stage("").handle.evaluate(f"({{ act, capture }}) => act({call}, {{ capture }})")

    assert result["success"] is False
    assert result["error"]["code"] in {"TOOL_UNSUPPORTED", "INVALID_ARGUMENT"}


def test_a_context_that_fails_is_answered(stage: Open) -> None:
    on = stage("<a href=/next>Next</a>")
    act = """async ({ act, capture }, [id, decide]) => act({ name: 'click_element', args: { element_id: id } },
        { capture, decide: (0, eval)(decide) })"""

    for decide in ("undefined", "() => { throw new TypeError('secret 1234') }", "async () => { throw null }"):
        error = on.handle.evaluate(act, [on.id("link", "Next"), decide])["error"]
        assert error["code"] == "TOOL_FAILED"
        assert "secret" not in error["message"]
    assert on.handle.evaluate(act, [on.id("link", "Next"), "async () => undefined"])["error"]["code"] == (
        "DOMAIN_SCOPE_BLOCKED"
    )


def test_other_sites_are_left_to_the_server(stage: Open) -> None:
    on = stage("")
    args: dict[str, Any] = {"url": "http://other.example/", "message": "Read"}

    told = on.handle.evaluate(
        """({ act, capture }, args) => act({ name: 'rover_external_read_context', args },
            { capture, external: async (asked) => ({ asked }) })""",
        args,
    )

    assert told == {"success": True, "output": {"asked": {"intent": "read_context", **args, "tab_id": None}}}
    assert on.act("rover_external_act_context", **args)["error"]["code"] == "CAPABILITY_UNAVAILABLE"


WAITS: dict[str, tuple[str, dict[str, Any]]] = {
    "a wait": ("wait_action", {"duration": 60_000}),
    "a search": ("wait_for_element", {"text": "never", "timeout": 30_000}),
    "a hover": ("hover", {"duration": 30_000}),
    "a long press": ("long_press", {"duration": 10_000}),
    "a long text": ("type_into_element", {"text": "x" * 140}),
    "a cover": ("click_element", {}),
    "an answer that never comes": ("goto_url", {"url": "/next"}),
}


@pytest.mark.parametrize("what", list(WAITS))
def test_a_stop_ends_it_at_once(what: str, stage: Open) -> None:
    name, args = WAITS[what]
    cover = "<div style='position:fixed;inset:0'></div>" if what == "a cover" else ""
    on = stage(f"<input id=it aria-label=It>{cover}")
    if name in elements_tools(on):
        args = {**args, "element_id": on.id("textbox", "It")}
    if what == "a long text":
        on.page.evaluate("""() => it.addEventListener('keydown', () => {
            const end = performance.now() + 10;
            while (performance.now() < end); })""")

    result = on.act(name, abort_after=150, undecided=True, **args)

    assert result["error"] == {"code": "ABORTED", "message": "It was stopped.", "retryable": False}
    assert on.since_abort is not None
    assert on.since_abort < 50
    held = on.value("#it")
    on.page.wait_for_timeout(100)
    assert on.value("#it") == held


@pytest.mark.parametrize("name", [*MUST, *SHOULD])
def test_a_run_that_was_stopped_before_does_nothing(name: str, stage: Open) -> None:
    on = stage("<input id=it aria-label=It onfocus='this.remove()'>")
    args = GOOD.get(name, {})
    if name in elements_tools(on):
        args = {**args, "element_id": on.id("textbox", "It")}

    result = on.handle.evaluate(
        """({ act, capture }, [name, args]) => act({ name, args }, { capture, signal: AbortSignal.abort(),
            decide: async () => { window.asked = true; } })""",
        [name, args],
    )

    assert result["error"]["code"] == "ABORTED"
    assert on.page.evaluate("document.getElementById('it') !== null && !window.asked && scrollY === 0")


def test_a_tool_has_its_time_and_a_wait_its_own_besides(stage: Open) -> None:
    on = stage("<a href=/next>Next</a>")
    on.timing = {"actionTimeoutMs": 300}

    late = on.on("click_element", "link", "Next", undecided=True)
    assert late["error"]["code"] == "TOOL_TIMEOUT"
    assert late["error"]["retryable"] is True
    assert 290 < on.took < 700

    assert on.act("wait_action", duration=500)["success"]


BODY = """<form method=dialog><label>Name <input name=n></label><select aria-label=Size><option>S<option>M</select>
    <input type=range aria-label=Price><button>Send</button></form><button type=button>Go</button><a href=#here>A</a><my-box></my-box>
    <iframe srcdoc="<button>In</button>"></iframe><div style="height:3000px"></div>"""


def test_tools_leave_no_trace(stage: Open, page: Page) -> None:
    on = stage(
        BODY,
        script="document.querySelector('my-box').attachShadow({mode: 'open'}).innerHTML = '<button>Deep</button>'",
    )
    before = page.evaluate(STATE)

    done = [
        on.on("type_into_element", "textbox", "Name", text="Ada"),
        on.on("select_dropdown_value", "combobox", "Size", value="M"),
        on.on("adjust_slider", "slider", "Price", value=20),
        on.on("click_element", "button", "Go"),
        on.on("click_element", "button", "In"),
        on.on("click_element", "button", "Deep"),
        on.on("click_element", "link", "A"),
        on.on("double_click", "button", "Go"),
        on.on("click_element", "button", "Send"),
        on.on("hover", "button", "Go"),
        on.act("press_key", key="Escape"),
        on.act("scroll_page", direction="down"),
        on.act("scroll_page", direction="top"),
        on.act("wait_for_element", text="never", timeout=200, abort_after=50),
        on.on("clear_element", "textbox", "Name"),
        on.on("type_and_enter", "textbox", "Name", text="x" * 150, undecided=True, abort_after=1),
    ]
    assert [result["success"] for result in done].count(False) == 2

    after = page.evaluate(STATE)
    for changed in ("focus", "scroll"):
        before.pop(changed), after.pop(changed)
    assert after == before
    assert listeners(page) == []
    assert (
        kept_by(page, "navigation", "document.querySelector('a')", "document.querySelector('form button')")
        == []
    )


def test_a_signal_is_not_held_after_the_tool(stage: Open, page: Page) -> None:
    on = stage("<button>Go</button>", script="window.stop = new AbortController()")

    for call in (
        {"name": "click_element", "args": {"element_id": on.id("button", "Go")}},
        {"name": "go_back"},
    ):
        on.handle.evaluate(
            "({ act, capture }, call) => act(call, { capture, signal: window.stop.signal })", call
        )

    assert kept_by(page, "window.stop.signal") == []


def test_nothing_of_it_reaches_the_pages_own_error_handlers(stage: Open) -> None:
    on = stage(
        "<button onclick=\"throw new Error('the page')\">Go</button>",
        script="""window.errors = [];
            addEventListener('error', (event) => errors.push(event.message));
            addEventListener('unhandledrejection', (event) => errors.push(`${event.reason}`))""",
    )

    on.on("click_element", "button", "Go")
    on.act("wait_action", duration=5_000, abort_after=20)
    on.act("goto_url", url="/next", undecided=True, abort_after=20)
    on.act("click_element", element_id=9)
    on.page.wait_for_timeout(100)

    assert on.page.evaluate("errors") == ["Uncaught Error: the page"]


def test_it_works_under_a_strict_policy_and_trusted_types(
    stage: Open, page: Page, site: Origin, rover: Origin
) -> None:
    complaints: list[str] = []

    def hear(message: Any) -> None:
        complaints.append(message.text)

    page.on("console", hear)
    on = stage(
        "<label>Name <input></label><select aria-label=Size><option>S<option>M</select><button>Go</button>"
        "<div contenteditable role=textbox aria-label=Post>x</div><input type=file aria-label=File>",
        Content_Security_Policy=(
            f"default-src 'none'; script-src 'self' {rover.url}; require-trusted-types-for 'script'; "
            "trusted-types 'none'; base-uri 'none'; form-action 'none'"
        ),
    )
    complaints.clear()

    assert on.on("type_into_element", "textbox", "Name", text="Ada")["success"]
    assert on.on("type_into_element", "textbox", "Post", text="Words")["success"]
    assert on.on("select_dropdown_value", "combobox", "Size", value="M")["success"]
    assert on.on("click_element", "button", "Go")["success"]
    assert on.on("upload_file", "button", "File", file={"name": "a", "dataBase64": "YQ=="})["success"]
    assert (on.value("input"), on.text("[contenteditable]"), on.value("select")) == ("Ada", "Words", "M")
    page.remove_listener("console", hear)
    assert [complaint for complaint in complaints if "favicon" not in complaint] == []


def test_the_scripts_are_small(capsys: pytest.CaptureFixture[str]) -> None:
    sources = [path.read_bytes() for path in sorted((EMBED / "act").glob("*.js"))]

    together = len(gzip.compress(b"".join(sources), 9))

    with capsys.disabled():
        sys.stdout.write(f"\nact/*.js: {together:,} bytes of gzip together\n")
    assert together <= MOST_BYTES
