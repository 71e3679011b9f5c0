"""What an observation costs the page: no trace, no long task, few bytes."""

import gzip
import sys
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.embed.conftest import EMBED, Observe, Origin

pytestmark = [pytest.mark.browser, pytest.mark.once]
MOST_BYTES = 10 * 1024
BODY = """<form><label>Name <input name=n></label><button>Go</button></form><a href=/a>A</a><my-box></my-box>
    <iframe srcdoc="<p>in</p>"></iframe><div style="height:3000px"></div>"""
STATE = """() => ({
    html: document.documentElement.outerHTML,
    shadow: document.querySelector('my-box').shadowRoot.innerHTML,
    frame: document.querySelector('iframe').contentDocument.documentElement.outerHTML,
    globals: Reflect.ownKeys(window).map(String).sort(),
    expandos: [...document.querySelectorAll('*')].map((element) => Reflect.ownKeys(element).map(String)),
    prototypes: [EventTarget, Node, Element, HTMLElement, History, XMLHttpRequest, Document].map((kind) =>
        Object.entries(Object.getOwnPropertyDescriptors(kind.prototype))
            .map(([name, { value, get }]) => `${name} ${value ?? get}`)),
    functions: [fetch, setTimeout, open].map(String),
    storage: [localStorage.length, sessionStorage.length, document.cookie],
    scroll: [scrollX, scrollY],
    focus: document.activeElement.tagName,
    sheets: document.adoptedStyleSheets.length + document.styleSheets.length,
    entries: performance.getEntriesByType('mark').length,
})"""

SLICES = """() => {
    window.slices = [];
    const give = scheduler.yield.bind(scheduler);
    let start;
    scheduler.yield = async () => {
        if (start) window.slices.push(performance.now() - start);
        await give();
        start = performance.now();
    };
}"""


def listeners(page: Page) -> list[Any]:
    session = page.context.new_cdp_session(page)
    found = []
    for expression in (
        "window",
        "document",
        "document.body",
        "document.querySelector('input')",
        "document.forms[0]",
    ):
        target = session.send("Runtime.evaluate", {"expression": expression})["result"]["objectId"]
        found += session.send("DOMDebugger.getEventListeners", {"objectId": target})["listeners"]
    return found


def test_an_observation_leaves_no_trace(observe: Observe, observe_open: Observe, page: Page) -> None:
    observe(
        BODY,
        script="document.querySelector('my-box').attachShadow({mode: 'open'}).innerHTML = '<p>shadow</p>'",
    )
    page.evaluate("""() => {
        document.querySelector('input').focus();
        scrollTo(0, 50);
        window.changes = 0;
        new MutationObserver((changes) => { window.changes += changes.length; })
            .observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    }""")
    before = page.evaluate(STATE)

    observe_open()

    assert page.evaluate(STATE) == before
    assert page.evaluate("window.changes") == 0
    assert listeners(page) == []


def test_it_works_under_a_strict_policy_and_trusted_types(
    observe_open: Observe, page: Page, site: Origin, rover: Origin
) -> None:
    policy = (
        f"default-src 'none'; script-src {rover.url}; require-trusted-types-for 'script'; trusted-types 'none'; "
        "base-uri 'none'; form-action 'none'"
    )
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(site.put("/strict", f"<title>T</title>{BODY}", Content_Security_Policy=policy))
    complaints.clear()

    seen = observe_open()

    assert seen.node("textbox", "Name")
    assert [complaint for complaint in complaints if "favicon" not in complaint] == []


def test_a_page_of_5000_elements_is_read_in_slices(
    observe: Observe, capsys: pytest.CaptureFixture[str]
) -> None:
    row = "<tr><td>{0}</td><td><a href=/p/{0}>Product {0}</a></td><td><button>Buy</button></td></tr>"
    seen = observe(f"<table>{''.join(row.format(number) for number in range(833))}</table>", script=SLICES)

    slices = seen.page.evaluate("window.slices")
    with capsys.disabled():
        sys.stdout.write(
            f"\n5,000 elements: {sum(slices):.0f} ms in {len(slices)} slices, the longest {max(slices):.0f} ms\n"
        )
    assert sum(node["role"] == "button" for node in seen.nodes) == 833
    assert len(slices) > 2


def test_the_scripts_are_small(capsys: pytest.CaptureFixture[str]) -> None:
    sources = [path.read_bytes() for path in sorted((EMBED / "observe").glob("*.js"))]

    together = len(gzip.compress(b"".join(sources), 9))
    alone = sum(len(gzip.compress(source, 9)) for source in sources)

    with capsys.disabled():
        sys.stdout.write(f"\nobserve/*.js: {together:,} bytes of gzip together, {alone:,} file by file\n")
    assert together <= MOST_BYTES
