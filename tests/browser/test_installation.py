"""Chromium's word on what workspace.core.csp and workspace.core.page_tags judge."""

import html
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.workspace.csp_vectors import (
    PAGE,
    REQUEST_CASES,
    SCRIPT_BODY,
    SCRIPT_CASES,
    RequestCase,
    ScriptCase,
)
from tests.workspace.installation_support import IDLE_TAGS, RUNNING_TAGS

pytestmark = [pytest.mark.browser, pytest.mark.once]

PROBES = {
    "connect-src": "async (url) => { try { await fetch(url); return true } catch { return false } }",
    "img-src": """(url) => new Promise((done) => {
        const image = new Image(); image.onload = () => done(true); image.onerror = () => done(false);
        image.src = url })""",
    "worker-src": """() => new Promise((done) => {
        document.addEventListener('securitypolicyviolation', () => done(false));
        const code = new Blob(['postMessage(1)'], {type: 'text/javascript'});
        try { const worker = new Worker(URL.createObjectURL(code));
              worker.onmessage = () => done(true); worker.onerror = () => done(false) }
        catch { done(false) } })""",
}
PIXEL = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def _serve(page: Page, document: str, headers: tuple[str, ...]) -> None:
    """Every address answers without any network: the page with its header, scripts, calls and images."""

    def answer(route: Route) -> None:
        if route.request.resource_type == "document":
            # several fields are one with commas between (RFC 9110 section 5.3)
            fields = {"content-type": "text/html"}
            if headers:
                fields["content-security-policy"] = ", ".join(headers)
            route.fulfill(body=document, headers=fields)
        elif route.request.resource_type == "script":
            fields = {"content-type": "text/javascript", "access-control-allow-origin": "*"}
            route.fulfill(body=SCRIPT_BODY, headers=fields)
        elif route.request.resource_type == "image":
            route.fulfill(body=PIXEL, content_type="image/svg+xml")
        else:
            route.fulfill(body="{}", headers={"access-control-allow-origin": "*"})

    page.unroute_all()
    page.route("**/*", answer)


@pytest.mark.parametrize("case", SCRIPT_CASES, ids=lambda case: case.name)
def test_chromium_agrees_about_script_elements(page: Page, case: ScriptCase) -> None:
    metas = "".join(
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(meta)}">' for meta in case.metas
    )
    attributes = {"src": case.url, "nonce": case.nonce, "integrity": case.integrity}
    if case.integrity:
        attributes["crossorigin"] = "anonymous"
    shown = "".join(f' {name}="{html.escape(value)}"' for name, value in attributes.items() if value)
    document = f"<!doctype html><html><head>{metas}</head><body><script{shown}></script></body></html>"
    _serve(page, document, tuple(header.encode().decode("latin-1") for header in case.headers))
    page.goto(case.page)
    assert page.evaluate("window.ran === true") is (case.answer != "blocked")


@pytest.mark.parametrize("case", REQUEST_CASES, ids=lambda case: case.name)
def test_chromium_agrees_about_requests(page: Page, case: RequestCase) -> None:
    _serve(page, "<!doctype html><html><body></body></html>", (case.policy,))
    page.goto(case.page)
    assert page.evaluate(PROBES[case.directive], case.url) is (case.answer != "blocked")


def test_chromium_runs_a_worker_that_a_trusted_script_starts_under_strict_dynamic(page: Page) -> None:
    _serve(page, "<!doctype html><html><body></body></html>", ("script-src 'nonce-a' 'strict-dynamic'",))
    page.goto(PAGE)
    assert page.evaluate(PROBES["worker-src"]) is True


@pytest.mark.parametrize(
    ("tag", "runs"), [(tag, True) for tag in RUNNING_TAGS] + [(tag, False) for tag in IDLE_TAGS]
)
def test_chromium_agrees_about_what_is_a_script_tag(page: Page, tag: str, runs: bool) -> None:
    loaded: list[str] = []
    _serve(page, f"<!doctype html><html><head><title>Bakery</title></head><body>{tag}</body></html>", ())
    page.on("request", lambda request: loaded.append(request.url))
    page.goto("https://bakery.example/")
    page.evaluate("new Promise((done) => setTimeout(done, 50))")
    ran = page.evaluate("window.ran === true") and any("/tools/embed.js" in url for url in loaded)
    assert ran is runs
