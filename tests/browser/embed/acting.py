"""Tools of the embed script, called as its run loop calls them, in a page of another origin."""

from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import JSHandle, Page

SETUP = """async ([scripts]) => {
    const { observe } = await import(`${scripts}/observe/observe.js`);
    const { act, TOOLS } = await import(`${scripts}/act/index.js`);
    return { act, TOOLS, capture: await observe(document, {}), asked: [], opened: [] };
}"""
ACT = """async (stage, [call, { decisions, timing, tabs, abortAfter, undecided }]) => {
    const stop = new AbortController();
    let aborted = null;
    const decide = async (asked) => {
        stage.asked.push(asked);
        if (undecided) await new Promise(() => {});
        const found = Object.entries(decisions).find(([start]) => asked.url.startsWith(start));
        return found ? found[1] : { decision: 'allow_same_tab', reason: 'same_host_in_scope' };
    };
    const registry = tabs && {
        list: () => tabs,
        switchTo: async (id) => { stage.opened.push(['switch', id]); return tabs.find((tab) => tab.id === id).open; },
        close: async (id) => { stage.opened.push(['close', id]); },
        open: async (url, opener) => { stage.opened.push(['open', url]); return opener() && { id: 7 }; },
    };
    if (abortAfter !== null) {
        setTimeout(() => { aborted = performance.now(); stop.abort(); }, abortAfter);
    }
    const start = performance.now();
    const result = await stage.act(call, {
        capture: stage.capture, timing: { navigationDelayMs: 50, actionTimeoutMs: 30000, ...timing },
        decide, tabs: registry ?? undefined, signal: stop.signal,
    });
    // as it would be sent
    const sent = JSON.parse(JSON.stringify(result));
    return { result: sent, took: performance.now() - start, sinceAbort: aborted && performance.now() - aborted };
}"""
HEAR = """(types) => {
    window.heard = [];
    for (const type of types) {
        document.addEventListener(type, ({ type, target, key, data, inputType, detail, button, isTrusted }) => {
            window.heard.push({ type, target: target.id ?? '', key, data, inputType, detail, button, isTrusted });
        }, true);
    }
}"""


@dataclass
class Stage:
    """A page as it was observed once, and what Rover does in it."""

    page: Page
    handle: JSHandle
    decisions: dict[str, dict[str, Any]] = field(default_factory=dict)
    tabs: list[dict[str, Any]] | None = None
    timing: dict[str, int] = field(default_factory=dict)
    took: float = 0
    since_abort: float | None = None

    def id(self, role: str, name: str = "") -> int:
        """Of the only element that was observed with this role and name."""
        nodes = self.handle.evaluate("({ capture }) => Object.values(capture.nodes)")
        (found,) = [
            node["id"]
            for node in nodes
            if node["role"] == role and node.get("name", "") == name and "id" in node
        ]
        return int(found)

    def act(self, name: str, *, abort_after: int | None = None, undecided: bool = False, **args: Any) -> Any:
        options = {
            "decisions": self.decisions,
            "timing": self.timing,
            "tabs": self.tabs,
            "abortAfter": abort_after,
            "undecided": undecided,
        }
        done = self.handle.evaluate(ACT, [{"id": "c1", "name": name, "args": args}, options])
        self.took, self.since_abort = done["took"], done["sinceAbort"]
        return done["result"]

    def on(self, tool: str, role: str, name: str = "", **args: Any) -> Any:
        """A tool on the element of this role and name."""
        return self.act(tool, element_id=self.id(role, name), **args)

    def code(self, tool: str, role: str, name: str = "", **args: Any) -> str:
        """The code of the error that it answers."""
        return str(self.on(tool, role, name, **args)["error"]["code"])

    def hear(self, *types: str) -> None:
        self.page.evaluate(HEAR, list(types))

    def heard(self, *keys: str) -> list[Any]:
        """The events since, by these properties of theirs."""
        events = self.page.evaluate("window.heard")
        wanted = keys or ("type",)
        return [
            event.get(wanted[0]) if len(wanted) == 1 else tuple(event.get(key) for key in wanted)
            for event in events
        ]

    @property
    def asked(self) -> list[dict[str, Any]]:
        """What the policy was asked."""
        return list(self.handle.evaluate("({ asked }) => asked"))

    @property
    def opened(self) -> list[list[Any]]:
        """What the register of tabs was told."""
        return list(self.handle.evaluate("({ opened }) => opened"))

    def value(self, selector: str) -> str:
        return self.page.input_value(selector)

    def text(self, selector: str = "#said") -> str:
        return self.page.inner_text(selector)


def stage_of(page: Page, scripts: str) -> Stage:
    """Observes what the page shows now; `scripts`: where those of the embed folder are."""
    return Stage(page=page, handle=page.evaluate_handle(SETUP, [scripts]))
