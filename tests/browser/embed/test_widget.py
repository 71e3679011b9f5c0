"""The widget as a guest on a page: where it is, what it tells, and what the page does not notice."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.embed import widgets
from tests.browser.embed.conftest import Origin
from tests.browser.embed.widgets import BODY, CREATE, MakeWidget, Widget, message, policy

pytestmark = [pytest.mark.browser, pytest.mark.once]
make, tabs = widgets.make, widgets.tabs
SHORTCUTS = [
    {"id": f"s{n}", "label": f"Shortcut {n}", "icon": "★", "description": "What it does"} for n in range(14)
]
TALK = [message(1, "user", "Hello"), message(2, "assistant", "Good day.")]
WINDOW = {"shell": {"openMode": "window"}}
TRACES = """() => ({
    html: document.documentElement.cloneNode(true).outerHTML,
    globals: Reflect.ownKeys(window).map(String).filter((name) => !["told", "widget"].includes(name)).sort(),
    sheets: document.adoptedStyleSheets.length + document.styleSheets.length,
    prototypes: [EventTarget, Node, Element, HTMLElement, Document].map((kind) =>
        Object.entries(Object.getOwnPropertyDescriptors(kind.prototype)).map(([name, { value }]) => `${name} ${value}`)),
})"""
HEAR = """() => {
    window.heard = [];
    ["keydown", "keyup", "input", "paste", "focusin"].forEach((type) =>
        document.addEventListener(type, (event) => window.heard.push(type)));
}"""


def places(widget: Widget) -> tuple[float, float]:
    box = widget.seed.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(widget: Widget, what: Any, dx: int, dy: int) -> None:
    box = what.bounding_box()
    assert box
    mouse, x, y = widget.page.mouse, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + dx / 2, y + dy / 2)
    mouse.move(x + dx, y + dy)
    mouse.up()


class TestPresence:
    def test_begins_as_a_seed_that_opens_a_bar_and_then_a_window(self, make: MakeWidget) -> None:
        widget = make()
        assert widget.presence() == "seed"
        widget.seed.click()
        assert widget.presence() == "bar"
        expect(widget.field).to_be_focused()
        widget.button("Open the conversation").click()
        assert widget.presence() == "window"
        expect(widget.field).to_be_focused()
        widget.button("Make smaller").click()
        assert widget.presence() == "bar"
        widget.button("Close").click()
        assert widget.presence() == "seed"
        expect(widget.seed).to_be_focused()
        assert widget.told == [["opened"], ["minimized"], ["closed"]]

    def test_opens_by_keyboard_and_closes_by_escape(self, make: MakeWidget) -> None:
        widget = make(experience=WINDOW)
        widget.seed.focus()
        widget.page.keyboard.press("Enter")
        assert widget.presence() == "window"
        widget.page.keyboard.press("Escape")
        assert widget.presence() == "seed"
        expect(widget.seed).to_be_focused()

    def test_a_conversation_opens_as_a_window(self, make: MakeWidget) -> None:
        widget = make(state={"transcript": TALK})
        widget.call("open")
        assert widget.presence() == "window"

    def test_tells_opened_and_closed_once_whoever_asks(self, make: MakeWidget) -> None:
        widget = make()
        for method in ("open", "open", "close", "close"):
            widget.call(method)
        assert widget.told == [["opened"], ["closed"]]

    def test_a_hidden_one_cannot_be_seen_or_reached(self, make: MakeWidget) -> None:
        widget = make(experience=WINDOW)
        widget.call("hide")
        expect(widget.seed).to_be_hidden()
        widget.call("show")
        expect(widget.seed).to_be_visible()

    def test_the_seed_says_that_somebody_waits(self, make: MakeWidget) -> None:
        widget = make()
        expect(widget.seed).to_have_text("Ask Mira")
        widget.update(status="awaiting_user", questions=[{"key": "a", "query": "A?"}])
        expect(widget.seed).to_have_text("Waiting for you")
        assert widget.presence() == "seed"

    def test_a_question_makes_a_window_of_the_bar_without_losing_the_cursor(self, make: MakeWidget) -> None:
        widget = make()
        widget.seed.click()
        widget.update(status="awaiting_user", questions=[{"key": "a", "query": "Which day?"}])
        assert widget.presence() == "window"
        expect(widget.panel.get_by_label("Which day?")).to_be_focused()

    def test_an_update_does_not_take_the_cursor_from_the_page(self, make: MakeWidget) -> None:
        widget = make()
        widget.call("open")
        widget.page.locator("#host").focus()
        widget.update(status="awaiting_user", questions=[{"key": "a", "query": "Which day?"}])
        expect(widget.page.locator("#host")).to_be_focused()


class TestSeed:
    def test_is_dragged_and_stays_there_on_the_next_page(self, make: MakeWidget) -> None:
        widget = make(site="s1")
        drag(widget, widget.seed, -900, -500)
        x, y = places(widget)
        assert x < 400
        assert y < 400
        assert widget.presence() == "seed"
        again = make(page=widget.page, site="s1")
        assert places(again) == pytest.approx((x, y), abs=1)
        other = make(page=widget.page, site="s2")
        assert places(other)[0] > 1000

    def test_is_remembered_apart_on_a_phone(self, make: MakeWidget) -> None:
        widget = make(site="s1")
        drag(widget, widget.seed, -900, -500)
        widget.page.set_viewport_size({"width": 390, "height": 800})
        assert places(widget)[1] > 700

    def test_is_moved_by_arrow_keys_and_never_leaves_the_view(self, make: MakeWidget) -> None:
        widget = make()
        x, y = places(widget)
        widget.seed.focus()
        widget.page.keyboard.press("ArrowLeft")
        widget.page.keyboard.press("ArrowUp")
        assert places(widget)[0] < x - 20
        assert places(widget)[1] < y - 20
        for _ in range(60):
            widget.page.keyboard.press("ArrowUp")
        expect(widget.seed).to_be_in_viewport(ratio=1)
        widget.page.set_viewport_size({"width": 700, "height": 300})
        expect(widget.seed).to_be_in_viewport(ratio=1)

    def test_stays_where_it_is_when_the_owner_says_so(self, make: MakeWidget) -> None:
        widget = make(experience={"presence": {"draggable": False, "defaultAnchor": "bottom-left"}})
        before = places(widget)
        assert before[0] < 200
        drag(widget, widget.seed, 200, -100)
        assert places(widget) == before

    def test_works_where_nothing_can_be_remembered(self, make: MakeWidget) -> None:
        broken = (
            "<script nonce=page>for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty("
        )
        broken += "window, name, { get() { throw new Error('no') } })</script>"
        widget = make(head=broken, greeting={"text": "Hi", "delay": 0})
        drag(widget, widget.seed, -100, -100)
        widget.seed.click()
        assert widget.presence() == "bar"


class TestGreeting:
    def test_is_said_once_in_a_tab_with_the_name_in_it(self, make: MakeWidget) -> None:
        widget = make(greeting={"text": "I am {name} <b>", "delay": 0, "duration": 60000})
        bubble = widget.host.locator(".bubble")
        expect(bubble).to_have_text("I am Mira <b>")
        again = make(page=widget.page, greeting={"text": "I am {name}", "delay": 0})
        again.page.wait_for_timeout(100)
        expect(bubble).to_have_count(0)

    def test_goes_away_by_itself_or_when_asked(self, make: MakeWidget) -> None:
        widget = make(greeting={"text": "Hi", "delay": 0, "duration": 1200})
        bubble = widget.host.locator(".bubble")
        expect(bubble).to_be_visible()
        expect(bubble).to_have_count(0, timeout=3000)
        other = make(greeting={"text": "Hi", "delay": 0})
        other.host.locator(".bubble").get_by_role("button", name="Close").click()
        expect(other.host.locator(".bubble")).to_have_count(0)
        assert other.presence() == "seed"

    def test_opens_the_widget(self, make: MakeWidget) -> None:
        widget = make(greeting={"text": "Hi", "delay": 0})
        widget.host.get_by_role("button", name="Hi").click()
        assert widget.presence() == "bar"
        expect(widget.host.locator(".bubble")).to_have_count(0)

    @pytest.mark.parametrize(
        "greeting", [None, {}, {"text": ""}, {"text": "Hi", "disabled": True}, {"text": 5}, "Hi"]
    )
    def test_that_is_none_is_not_said(self, make: MakeWidget, greeting: Any) -> None:
        widget = make(
            greeting=greeting and {**greeting, "delay": 0} if isinstance(greeting, dict) else greeting
        )
        widget.page.wait_for_timeout(100)
        expect(widget.host.locator(".bubble")).to_have_count(0)

    def test_is_not_said_to_somebody_who_has_opened_it(self, make: MakeWidget) -> None:
        widget = make(greeting={"text": "Hi", "delay": 150})
        widget.call("open")
        widget.page.wait_for_timeout(300)
        expect(widget.host.locator(".bubble")).to_have_count(0)


class TestGuest:
    def test_the_root_is_closed(self, page: Page, site: Origin, rover: Origin) -> None:
        page.goto(
            site.put(
                "/closed", f"<!doctype html><title>Shop</title>{BODY}", Content_Security_Policy=policy(rover)
            )
        )
        page.evaluate(CREATE, [f"{rover.url}/widget/index.js", {}, None])
        assert page.evaluate("document.querySelector('#rover-widget-root').shadowRoot") is None
        assert (
            page.evaluate("document.querySelector('#rover-widget-root').outerHTML")
            == '<div id="rover-widget-root"></div>'
        )

    def test_a_strict_policy_is_kept_and_nothing_is_fetched_or_thrown(
        self, make: MakeWidget, rover: Origin
    ) -> None:
        widget = make(shortcuts=SHORTCUTS, greeting={"text": "Hi", "delay": 0}, experience=WINDOW)
        asked: list[str] = []
        widget.page.on("request", lambda request: asked.append(request.url))
        widget.open()
        widget.update(
            status="running", transcript=TALK, live=[{"id": 1, "text": "Looks", "status": "active"}]
        )
        widget.field.fill("A wish\nof two lines")
        widget.update(confirm={"id": "c", "title": "Pay?", "text": "Now"})
        widget.page.keyboard.press("Escape")
        widget.call("destroy")
        assert widget.page.evaluate("[window.violations, window.faults]") == [[], []]
        assert asked == []

    def test_keys_typed_into_it_are_not_the_pages(self, make: MakeWidget) -> None:
        widget = make()
        widget.page.evaluate(HEAR)
        widget.seed.click()
        widget.page.keyboard.type("k?")
        widget.page.keyboard.press("Enter")
        assert widget.page.evaluate("window.heard") == []
        widget.page.locator("#host").press("k")
        assert "keydown" in widget.page.evaluate("window.heard")

    def test_the_pages_styles_do_not_reach_in(self, make: MakeWidget) -> None:
        plain = make()
        hostile = """<style nonce=page>* { all: unset !important; color: red !important; font: 40px cursive !important }
            html { font-size: 60px; letter-spacing: 9px; visibility: hidden; text-transform: uppercase; line-height: 9 }
            div { display: none !important; transform: scale(3) !important; opacity: .1 !important }
            #rover-widget-root { position: static !important; z-index: 0 !important; width: 5px !important }
            :root { --rv-bg: red; --rv-fg: red; --rv-m: 300px }</style>"""
        other = make(head=hostile)
        names = [
            "color",
            "fontSize",
            "letterSpacing",
            "visibility",
            "textTransform",
            "lineHeight",
            "backgroundColor",
        ]
        assert [other.styled(".seed", name) for name in names] == [
            plain.styled(".seed", name) for name in names
        ]
        assert places(other) == places(plain)
        assert other.host.evaluate("(host) => getComputedStyle(host).zIndex") == "2147483647"

    def test_lies_above_everything_and_lets_the_page_be_used_beside_it(self, make: MakeWidget) -> None:
        widget = make(
            body="<button id=host style='position:fixed;inset:0;z-index:2147483647'>Page</button>"
            "<style nonce=page>#host { position: fixed; inset: 0; width: 100%; z-index: 2147483647 }</style>",
            experience=WINDOW,
        )
        at = "([x, y]) => document.elementFromPoint(x, y).id"
        assert widget.page.evaluate(at, places(widget)) == "rover-widget-root"
        assert widget.page.evaluate(at, [100, 100]) == "host"
        widget.open()
        assert widget.page.evaluate(at, [100, 100]) == "host"

    def test_what_a_listener_throws_stays_inside(self, make: MakeWidget, rover: Origin) -> None:
        widget = make()
        widget.page.evaluate(
            """async (script) => {
                const { createWidget } = await import(script);
                window.widget.destroy();
                window.widget = createWidget({ name: "Mira" }, { send() { throw new Error("ours"); } });
            }""",
            f"{rover.url}/widget/index.js",
        )
        widget.seed.click()
        widget.page.keyboard.type("Hello")
        widget.page.keyboard.press("Enter")
        expect(widget.field).to_have_value("")
        assert widget.page.evaluate("window.faults") == []

    @pytest.mark.parametrize(
        "state",
        [
            None,
            {},
            {
                "status": "unheard of",
                "transcript": None,
                "live": 5,
                "questions": "x",
                "notice": 1,
                "error": "x",
            },
            {
                "transcript": [None, 1, {}, {"id": None, "role": 5, "text": {"a": 1}, "ts": "x"}],
                "questions": [None, {}],
            },
            {"confirm": {}, "resume": True, "observer": "yes", "live": [{}, None]},
        ],
    )
    def test_a_state_of_any_shape_is_shown(self, make: MakeWidget, state: Any) -> None:
        widget = make(experience=WINDOW)
        widget.call("open")
        widget.page.evaluate("(state) => window.widget.update(state)", state)
        expect(widget.panel).to_be_visible()

    @pytest.mark.parametrize(
        "options",
        [
            {"experience": None, "shortcuts": None, "name": None, "language": None},
            {"experience": "x", "shortcuts": {"a": 1}, "name": {}, "language": 5, "greeting": 5},
            {
                "experience": {
                    "presence": 5,
                    "shell": [],
                    "theme": "dark",
                    "stream": None,
                    "motion": {"intensity": {}},
                }
            },
            {
                "experience": {
                    "shell": {"desktopSize": "wide", "safeAreaInsetPx": 999},
                    "theme": {"radius": -5},
                }
            },
        ],
    )
    def test_options_of_any_shape_are_borne(self, make: MakeWidget, options: dict[str, Any]) -> None:
        widget = make(**options)
        widget.open()
        expect(widget.field).to_be_visible()

    def test_shutdown_leaves_no_trace(self, tabs: Callable[..., Page], make: MakeWidget) -> None:
        widget = make(site="s")
        widget.page.evaluate("window.widget.destroy()")
        before = widget.page.evaluate(TRACES)
        again = make(page=widget.page, site="s", greeting={"text": "Hi", "delay": 200}, shortcuts=SHORTCUTS)
        again.seed.click()
        again.update(status="awaiting_user", confirm={"id": "c", "title": "Pay?", "text": "Now"})
        again.call("destroy")
        assert widget.page.evaluate(TRACES) == before
        assert widget.page.evaluate("document.activeElement.tagName") == "BODY"
        session = widget.page.context.new_cdp_session(widget.page)
        for expression in ("window", "document", "document.documentElement", "visualViewport"):
            target = session.send("Runtime.evaluate", {"expression": expression})["result"]["objectId"]
            found = session.send("DOMDebugger.getEventListeners", {"objectId": target})["listeners"]
            assert [
                one["type"]
                for one in found
                if one["type"] not in ("securitypolicyviolation", "error", "unhandledrejection")
            ] == []
        widget.page.locator("#host").fill("The page is free again")
