"""How the widget looks and can be used: in both schemes, both directions, on a phone, by keyboard, in two languages.

Pictures of every state go to build/screenshots/widget, or to the folder that ROVER_SCREENSHOTS names.
"""

import gzip
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations
from tests.browser.embed import widgets
from tests.browser.embed.conftest import EMBED
from tests.browser.embed.widgets import MakeWidget, Widget, message

pytestmark = [pytest.mark.browser, pytest.mark.once]
make, tabs = widgets.make, widgets.tabs
MOST_BYTES = 18 * 1024
FOLDER = Path(os.environ.get("ROVER_SCREENSHOTS", "build/screenshots")) / "widget"
WINDOW = {"shell": {"openMode": "window"}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"context": {"color_scheme": "light"}},
    "dark": {"context": {"color_scheme": "dark"}},
    "phone": {"context": {**PHONE, "color_scheme": "light"}},
    "phone-dark": {"context": {**PHONE, "color_scheme": "dark"}},
    "rtl": {"attributes": "lang=de dir=rtl"},
    "forced": {"context": {"forced_colors": "active"}},
}
SHORTCUTS = [
    {
        "id": "a",
        "label": "Find a ticket",
        "icon": "♪",
        "description": "Prices and times for all of your party",
    },
    {"id": "b", "label": "Opening hours", "icon": "☼", "description": "When the boats leave"},
    {"id": "c", "label": "Cancel a booking", "icon": "↩", "description": "Until when, and what it costs"},
    {"id": "d", "label": "Bring a dog"},
]
ANSWER = [
    {"type": "text", "text": "Two adult tickets are £17.00; the child sails free."},
    {
        "type": "table",
        "columns": ["Ticket", "Each", "For you"],
        "rows": [["Adult", "£8.50", "£17.00"], ["Child", "free", "£0"]],
    },
    {
        "type": "list",
        "items": [{"title": "Timetable", "url": "https://harbour.example/times", "note": "summer"}],
    },
    {"type": "citation", "title": "Tickets", "url": "https://harbour.example/visit", "quote": "Adult £8.50."},
]
TALK = [
    message(1, "user", "What does a ticket for two adults and a child cost tomorrow?"),
    message(2, "assistant", "", blocks=ANSWER),
    message(3, "user", "Book the first boat tomorrow, please."),
    message(4, "system", "Opened the booking page"),
]
LIVE = [
    {"id": 1, "text": "Opened the booking form", "status": "done"},
    {"id": 2, "text": "The calendar did not open", "status": "failed"},
    {"id": 3, "text": "Filling in the number of passengers", "status": "active"},
]
QUESTIONS = [
    {
        "key": "day",
        "query": "When would you like to sail?",
        "choices": ["Today", "Tomorrow", "Next week"],
        "required": True,
    },
    {"key": "name", "query": "Which name may I put on the booking?", "required": True},
    {"key": "note", "query": "Anything else?"},
]
CONFIRM = {
    "id": "c",
    "title": "Pay £17.00?",
    "text": "I am about to press “Pay now”.\nThis cannot be undone.",
}
CLEAR: dict[str, Any] = {
    "questions": None,
    "confirm": None,
    "resume": None,
    "notice": None,
    "error": None,
    "live": [],
}
ACCENTS = [
    "#0f766e",
    "#ffd400",
    "#fff",
    "#000",
    "blue",
    "red",
    "lime",
    "#777",
    "oklch(70% 0.2 300)",
    "rgb(0 0 0 / 0)",
]


def states(widget: Widget) -> Iterator[str]:
    """The widget in each of its states, by name."""
    expect(widget.host.locator(".bubble")).to_be_visible()
    yield "greeting"
    widget.update(status="running")
    yield "seed-running"
    widget.update(status="idle")
    widget.call("open")
    if widget.presence() == "bar":
        yield "bar"
        widget.button(
            "Open the conversation" if widget.panel.get_by_text("Hello").count() else "Gespräch öffnen"
        ).click()
    yield "empty"
    widget.update(status="running", transcript=TALK, live=LIVE)
    yield "running"
    widget.update(**CLEAR, status="completed")
    yield "completed"
    widget.update(status="awaiting_user", questions=QUESTIONS)
    yield "questions"
    widget.panel.locator(".ask .main").click()
    yield "questions-missing"
    error = {"text": "The page did not answer.", "retryable": True}
    widget.update(**{**CLEAR, "error": error}, status="failed")
    yield "error"
    notice = {"text": "I opened the other site in a new tab.", "kind": "info"}
    widget.update(**{**CLEAR, "notice": notice, "resume": {"text": ""}}, status="offline")
    yield "offline"
    widget.update(**CLEAR, status="running", observer=True)
    yield "observer"
    widget.update(**{**CLEAR, "confirm": CONFIRM}, status="awaiting_user", observer=False)
    yield "confirm"


def picture(page: Page, name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=FOLDER / f"{name}.png")


def contrast(widget: Widget, selector: str, behind: str) -> float:
    """Of the text of one element on the background of another."""
    script = """([one, other]) => {
        const paint = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
        const luminance = (colour) => {
            paint.fillStyle = colour;
            paint.fillRect(0, 0, 1, 1);
            const [r, g, b] = [...paint.getImageData(0, 0, 1, 1).data].map((part) => part / 255)
                .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const [dark, light] = [one, other].map(luminance).sort((a, b) => a - b);
        return (light + 0.05) / (dark + 0.05);
    }"""
    colours = [widget.styled(selector, "color"), widget.styled(behind, "backgroundColor")]
    found: float = widget.page.evaluate(script, colours)
    return found


@pytest.mark.parametrize("look", LOOKS)
def test_no_state_has_a_barrier(make: MakeWidget, look: str) -> None:
    greeting = {"text": "Hi, I am {name}. May I help you find a boat?", "delay": 0, "duration": 60_000}
    widget = make(shortcuts=SHORTCUTS, greeting=greeting, **LOOKS[look])
    found = []
    for state in states(widget):
        widget.page.wait_for_timeout(50)
        picture(widget.page, f"{look}-{state}")
        found += [f"{look} {state}: {line}" for line in violations(widget.page)]
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert widget.page.evaluate(wide) == 0, state
    assert not found, "\n".join(found)


@pytest.mark.parametrize("presence", ["seed", "bar", "window"])
def test_nothing_that_happens_by_itself_shifts_the_layout(make: MakeWidget, presence: str) -> None:
    widget = make(
        shortcuts=SHORTCUTS,
        greeting={"text": "Hi", "delay": 100, "duration": 1200},
        experience={"shell": {"openMode": presence}},
    )
    expect(widget.host.locator(".bubble")).to_be_visible()
    if presence != "seed":
        widget.call("open")
    for change in (
        {"status": "connecting"},
        {"status": "running", "transcript": TALK[:1]},
        {"live": LIVE[:1]},
        {"live": LIVE},
        {"transcript": TALK * 3},
        {"notice": {"text": "A new tab", "kind": "info"}},
        {"error": {"text": "The page did not answer.", "retryable": True}},
        {**CLEAR, "status": "awaiting_user", "questions": QUESTIONS},
        {"status": "running", "questions": None},
        {"status": "offline"},
        {"status": "idle", "resume": {"text": "Your last task"}},
        {**CLEAR, "status": "completed"},
    ):
        widget.update(**change)
        widget.page.evaluate(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
    widget.page.wait_for_timeout(300)
    assert widget.page.evaluate("window.shift") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("accent", ACCENTS)
def test_any_accent_can_be_read(make: MakeWidget, scheme: str, accent: str) -> None:
    widget = make(experience={"theme": {"accentColor": accent, "mode": scheme}, **WINDOW})
    widget.call("open")
    link = {"type": "link", "title": "There", "url": "https://a.example/"}
    widget.update(
        status="running", transcript=[message(1, "user", "Hello"), message(2, "assistant", "", blocks=[link])]
    )
    widget.field.fill("Hello")
    assert contrast(widget, ".send", ".send") >= 4.5
    assert contrast(widget, ".body a", ".panel") >= 4.5
    assert contrast(widget, ".user .body", ".user .body") >= 4.5


def test_the_accent_is_the_owners(make: MakeWidget) -> None:
    widget = make(experience={"theme": {"accentColor": "#ffd400"}})
    assert widget.styled(".face", "backgroundColor") == "color(srgb 1 0.831373 0)"


@pytest.mark.parametrize(
    "accent",
    [
        "nonsense",
        "var(--x)",
        "url(https://a.example/x)",
        "red; --rv-bg: red",
        "currentColor",
        "inherit",
        5,
        "#12",
    ],
)
def test_an_accent_that_is_none_leaves_the_usual(make: MakeWidget, accent: Any) -> None:
    widget = make(experience={"theme": {"accentColor": accent}})
    usual = make()
    assert widget.styled(".face", "backgroundColor") == usual.styled(".face", "backgroundColor")
    assert widget.styled(".seed", "backgroundColor") == usual.styled(".seed", "backgroundColor")


@pytest.mark.parametrize(
    ("mode", "scheme", "dark"),
    [(None, "dark", True), (None, "light", False), ("light", "dark", False), ("dark", "light", True)],
)
def test_the_scheme_is_the_visitors_unless_the_owner_has_one(
    make: MakeWidget, mode: str | None, scheme: str, dark: bool
) -> None:
    widget = make(experience={"theme": {"mode": mode}}, context={"color_scheme": scheme})
    assert (widget.styled(".seed", "backgroundColor") == "rgb(23, 26, 27)") is dark


def test_nothing_moves_for_those_who_asked_for_rest(make: MakeWidget) -> None:
    running = "(host) => host.shadowRoot.getAnimations().length"
    for motion, still in [("reduce", True), ("no-preference", False)]:
        widget = make(context={"reduced_motion": motion}, experience=WINDOW)
        widget.call("open")
        widget.update(status="running", live=LIVE)
        assert (widget.host.evaluate(running) == 0) is still
    owners = make(context={"reduced_motion": "no-preference"}, experience={"motion": {"intensity": "none"}})
    assert owners.host.evaluate(running) == 0


class TestDirection:
    def test_is_the_pages(self, make: MakeWidget) -> None:
        widget = make(attributes="lang=ar dir=rtl", experience=WINDOW)
        box = widget.seed.bounding_box()
        assert box
        assert box["x"] < 100
        widget.call("open")
        widget.update(transcript=[message(1, "user", "مرحبا"), message(2, "assistant", "Hello")])
        mine, theirs = (widget.panel.locator(".body").nth(n).bounding_box() for n in (0, 1))
        assert mine
        assert theirs
        assert mine["x"] < theirs["x"]

    def test_is_the_owners_where_there_is_one(self, make: MakeWidget) -> None:
        widget = make(experience={"shell": {"direction": "rtl"}})
        assert widget.styled(".seed", "direction") == "rtl"

    def test_each_text_has_its_own(self, make: MakeWidget) -> None:
        widget = make(
            experience=WINDOW,
            state={"transcript": [message(1, "assistant", "שלום"), message(2, "assistant", "Hi")]},
        )
        widget.call("open")
        found = widget.panel.locator(".row p").evaluate_all(
            "(all) => all.map((one) => getComputedStyle(one).direction)"
        )
        assert found == ["rtl", "ltr"]


class TestLanguage:
    @pytest.mark.parametrize(
        ("language", "attributes", "label"),
        [
            (None, "lang=de-AT", "Mira fragen"),
            ("de", "lang=en", "Mira fragen"),
            ("en-GB", "lang=de", "Ask Mira"),
            ("fr", "lang=de", "Mira fragen"),
            (None, "lang=fr", "Ask Mira"),
            (None, "", "Ask Mira"),
        ],
    )
    def test_is_the_one_asked_for_or_the_pages(
        self, make: MakeWidget, language: str | None, attributes: str, label: str
    ) -> None:
        widget = make(language=language, attributes=attributes)
        expect(widget.seed).to_have_text(label)
        assert widget.host.locator(".root").get_attribute("lang") == (
            "de" if label == "Mira fragen" else "en"
        )

    def test_every_language_has_every_word(self, make: MakeWidget) -> None:
        widget = make()
        script = re.sub(
            r"\s+",
            " ",
            """async (script) => {
            const { LANGUAGES } = await import(script);
            const keys = (words) => Object.entries(words).flatMap(([key, value]) => (Array.isArray(value)
                ? [`${key} ${value.length}`] : typeof value === "string" ? [`${key} ${value.match(/\\{\\w+\\}/g) ?? ""}`]
                : keys(value).map((each) => `${key}.${each}`)));
            return Object.values(LANGUAGES).map(keys);
        }""",
        )
        url = widget.page.evaluate(
            "performance.getEntriesByType('resource').find((one) => /strings/.test(one.name)).name"
        )
        first, *others = widget.page.evaluate(script, url)
        assert len(first) > 40
        assert all(other == first for other in others)

    def test_no_word_stands_outside_the_module_of_words(self) -> None:
        for file in sorted((EMBED / "widget").glob("*.js")):
            if file.name in ("strings.js", "styles.js"):
                continue
            code = re.sub(r"//.*|/\*.*?\*/", "", file.read_text(), flags=re.S)
            told = [
                one for one in re.findall(r'"([A-Z][a-z]+(?: [a-z]+)*[.?!…]?)"', code) if one not in KNOWN
            ]
            assert not told, (file.name, told)


KNOWN = {"Rover", "Enter", "Escape", "Tab", "Message"}


def test_all_of_it_is_small() -> None:
    code = b"".join(file.read_bytes() for file in sorted((EMBED / "widget").glob("*.js")))
    assert len(gzip.compress(code, 9)) <= MOST_BYTES
