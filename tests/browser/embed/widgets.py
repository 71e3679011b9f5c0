"""The widget on a page of another origin, under a strict policy; what it tells is recorded.

Its root is closed. A script that runs before it remembers what was asked for and opens the root instead, so that
a test can look inside; the code of the widget is the same.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from tests.browser.embed.conftest import Origin

OPEN = """(() => {
    const attach = Element.prototype.attachShadow;
    window.modes = [];
    Element.prototype.attachShadow = function (init) {
        window.modes.push(init.mode);
        return attach.call(this, { ...init, mode: "open" });
    };
})()"""
WATCH = """(() => {
    window.shift = 0;
    window.violations = [];
    window.faults = [];
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
        if (!entry.hadRecentInput) window.shift += entry.value;
    }))
        .observe({ type: "layout-shift", buffered: true });
    addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
    addEventListener("error", (event) => window.faults.push(String(event.message)));
    addEventListener("unhandledrejection", (event) => window.faults.push(String(event.reason)));
})()"""
CREATE = """async ([script, options, state]) => {
    const { createWidget } = await import(script);
    const names = ["send", "stop", "newTask", "endTask", "answer", "shortcut", "confirm", "resume", "takeControl",
        "opened", "closed", "minimized"];
    window.told = [];
    const on = Object.fromEntries(names.map((name) => [name, (...args) => window.told.push([name, ...args])]));
    window.widget = createWidget({ root: document, name: "Mira", experience: {}, ...options }, on);
    if (state) window.widget.update(state);
}"""
ROOM: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}
IDLE: dict[str, Any] = {
    "status": "idle",
    "transcript": [],
    "live": [],
    "questions": None,
    "confirm": None,
    "resume": None,
    "observer": False,
    "notice": None,
    "error": None,
}
BODY = """<style nonce=page>body { margin: 0; font: 16px/1.6 Georgia, serif; color: #333 }
    main { max-width: 640px; margin: 60px auto; padding: 0 20px } @media (prefers-color-scheme: dark) {
    html { background: #111 } body { color: #bbb } }</style><main><h1>Harbour Tours</h1>
    <p>Boats leave the old pier every hour, from nine in the morning until the lights go on in the harbour. Bring a
    jacket; the wind on the water is colder than it looks from the quay.</p><p>A ticket for adults is £8.50; children
    under twelve sail free. Dogs are welcome on the upper deck.</p><p><label>Your name <input id=host></label></p></main>"""


def message(number: int | str, role: str, text: str, **more: Any) -> dict[str, Any]:
    return {"id": f"m{number}", "role": role, "text": text, "ts": 1_790_000_000_000, **more}


@dataclass
class Widget:
    """One widget on its page; `update` changes members of the state that it was given last."""

    page: Page
    state: dict[str, Any] = field(default_factory=lambda: dict(IDLE))

    @property
    def host(self) -> Locator:
        return self.page.locator("#rover-widget-root")

    @property
    def told(self) -> list[list[Any]]:
        """What the widget called, by name, with arguments."""
        found: list[list[Any]] = self.page.evaluate("window.told")
        return found

    @property
    def seed(self) -> Locator:
        return self.host.locator(".seed")

    @property
    def panel(self) -> Locator:
        return self.host.locator(".panel")

    @property
    def field(self) -> Locator:
        return self.host.get_by_role("textbox", name="Message")

    def button(self, name: str) -> Locator:
        return self.panel.get_by_role("button", name=name, exact=True)

    def update(self, **state: Any) -> None:
        self.state = {**self.state, **state}
        self.page.evaluate("(state) => window.widget.update(state)", self.state)

    def call(self, method: str) -> None:
        self.page.evaluate("(method) => window.widget[method]()", method)

    def open(self) -> None:
        """The window, by way of the bar."""
        self.call("open")
        if self.panel.locator("header").is_hidden():
            self.button("Open the conversation").click()

    def presence(self) -> str:
        return self.host.locator(".root").get_attribute("data-presence") or ""

    def styled(self, selector: str, name: str) -> str:
        script = "(element, name) => getComputedStyle(element)[name]"
        value: str = self.host.locator(selector).first.evaluate(script, name)
        return value


MakeWidget = Callable[..., Widget]


def policy(rover: Origin) -> str:
    """No styles but one of the page's own, no images, no fonts, no markup from strings."""
    return (
        f"default-src 'none'; script-src 'self' {rover.url}; style-src 'nonce-page'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


@pytest.fixture
def tabs(browser: Browser) -> Iterator[Callable[..., Page]]:
    """A tab of a browser of its own, with nothing remembered."""
    contexts: list[BrowserContext] = []

    def open_tab(**options: Any) -> Page:
        context = browser.new_context(**{**ROOM, **options})
        contexts.append(context)
        context.add_init_script(OPEN)
        context.add_init_script(WATCH)
        return context.new_page()

    yield open_tab
    for context in contexts:
        context.close()


@pytest.fixture
def make(rover: Origin, site: Origin, tabs: Callable[..., Page]) -> MakeWidget:
    """A page with a widget in it; `html` attributes and `body` of the page, options of the widget, a first state."""

    def make(
        *,
        page: Page | None = None,
        attributes: str = "lang=en",
        head: str = "",
        body: str = BODY,
        context: dict[str, Any] | None = None,
        state: dict[str, Any] | None = None,
        **options: Any,
    ) -> Widget:
        tab = page or tabs(**(context or {}))
        html = (
            f"<!doctype html><html {attributes}><head><title>Shop</title>"
            f"<meta name=viewport content='width=device-width'>{head}</head><body>{body}</body></html>"
        )
        tab.goto(site.put("/widget", html, Content_Security_Policy=policy(rover)))
        first = {**IDLE, **(state or {})}
        tab.evaluate(CREATE, [f"{rover.url}/widget/index.js", options, first])
        return Widget(tab, first)

    return make
