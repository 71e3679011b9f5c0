"""One Chromium for all tests of the embed script; its files come from one origin, the host page from another."""

import contextlib
import mimetypes
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ElementHandle, JSHandle, Page, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.embed.acting import Stage, stage_of

if TYPE_CHECKING:
    from tests.browser.embed.models import Brain
    from tests.browser.embed.runtime import Live, Visit

EMBED = Path(__file__).parents[3] / "tasks" / "static" / "rover" / "embed"
OBSERVE = """async ([script, options, root]) => {
    const { observe } = await import(script);
    return observe(root ? document.querySelector(root) : document, options);
}"""
RENDER = """async (pageData, [script, options]) => {
    const { renderTree } = await import(script);
    return renderTree(pageData, options);
}"""


@dataclass
class Origin:
    """A loopback server of files and of pages that a test puts there."""

    files: Path | None = None
    bodies: dict[str, tuple[bytes, dict[str, str]]] = field(default_factory=dict)
    url: str = ""

    def put(self, path: str, body: str, **headers: str) -> str:
        """A page; header names with `_` for `-`. Returns its URL."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.bodies[path] = (body.encode(), {"Content-Type": "text/html; charset=utf-8"} | named)
        return self.url + path

    def answer(self, path: str) -> tuple[bytes, dict[str, str]] | None:
        if path in self.bodies:
            return self.bodies[path]
        file = self.files and self.files / path.removeprefix("/")
        if not file or not file.is_file():
            return None
        kind = "text/javascript" if file.suffix == ".js" else mimetypes.guess_type(file)[0]
        headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "max-age=600"}
        return file.read_bytes(), {"Content-Type": str(kind), **headers}


@contextlib.contextmanager
def serving(origin: Origin) -> Iterator[Origin]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = origin.answer(self.path.partition("?")[0])
            self.send_response(200 if found else 404)
            body, headers = found or (b"", {})
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    origin.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield origin
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass(frozen=True)
class Capture:
    """One observation: its data as they would be sent, and what the page's own side can ask of it."""

    page: Page
    handle: JSHandle
    data: dict[str, Any]
    scripts: str

    @property
    def tree(self) -> list[str]:
        return self.render().split("\n")

    @property
    def nodes(self) -> list[dict[str, Any]]:
        return list(self.data["nodes"].values())

    def render(self, **options: int) -> str:
        text: str = self.handle.evaluate(RENDER, [f"{self.scripts}/render.js", options])
        return text

    def node(self, role: str, name: str = "") -> dict[str, Any]:
        """The only node of a role and a name."""
        (found,) = [node for node in self.nodes if node["role"] == role and node.get("name", "") == name]
        return found

    def element(self, number: int) -> ElementHandle | None:
        return self.handle.evaluate_handle("(capture, id) => capture.elementOf(id)", number).as_element()


Observe = Callable[..., Capture]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Ends with this package: an open one keeps other tests from a loop of their own."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    yield context
    context.close()


@pytest.fixture(scope="package")
def rover() -> Iterator[Origin]:
    """The origin of the embed script."""
    with serving(Origin(files=EMBED)) as origin:
        yield origin


@pytest.fixture(scope="package")
def site() -> Iterator[Origin]:
    """The site that embeds it."""
    with serving(Origin()) as origin:
        yield origin


@pytest.fixture(scope="package")
def page(context: BrowserContext) -> Iterator[Page]:
    """One tab; what a test did to its document ends when the next one opens its own."""
    page = context.new_page()
    yield page
    page.close()


@pytest.fixture
def observe_open(rover: Origin, page: Page) -> Observe:
    """Observes what the page shows now."""

    def observe_open(root: str = "", **options: Any) -> Capture:
        scripts = f"{rover.url}/observe"
        handle = page.evaluate_handle(OBSERVE, [f"{scripts}/observe.js", options, root])
        return Capture(page=page, handle=handle, data=handle.json_value(), scripts=scripts)

    return observe_open


@pytest.fixture
def observe(site: Origin, page: Page, observe_open: Observe) -> Observe:
    """Opens a page with this HTML in its body, runs `script` in it and observes it."""

    def observe(body: str, *, script: str = "", head: str = "", root: str = "", **options: Any) -> Capture:
        html = (
            f"<!doctype html><html lang=en><head><title>Shop</title>{head}</head><body>{body}</body></html>"
        )
        page.goto(site.put("/", html))
        if script:
            page.evaluate(script)
        return observe_open(root, **options)

    return observe


@pytest.fixture
def stage(rover: Origin, site: Origin, page: Page) -> Callable[..., Stage]:
    """Opens a page with this HTML in its body, runs `script` in it, and lets Rover act there."""

    def stage(body: str, *, script: str = "", head: str = "", **headers: str) -> Stage:
        html = (
            f"<!doctype html><html lang=en><head><title>Shop</title>{head}</head><body>{body}</body></html>"
        )
        page.goto("about:blank")
        page.goto(site.put("/", html, **headers))
        if script:
            page.evaluate(script)
        return stage_of(page, rover.url)

    return stage


@pytest.fixture(scope="package")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Live"]:
    """A server with a site for this machine."""
    from tests.browser.embed.runtime import running

    with running(tmp_path_factory.mktemp("rover")) as live:
        yield live


@pytest.fixture
def visit(live: "Live", site: Origin, browser: Browser) -> Iterator["Visit"]:
    """A tab of a visitor who was never here, on a site that embeds Rover."""
    with _visiting(live, site, browser) as visit:
        yield visit


@pytest.fixture(scope="package")
def brain() -> Iterator["Brain"]:
    """What the model of `live_model` says."""
    from tests.browser.embed.models import thinking

    with thinking() as brain:
        yield brain


@pytest.fixture(scope="package")
def live_model(tmp_path_factory: pytest.TempPathFactory, brain: "Brain") -> Iterator["Live"]:
    """A server like `live` whose operator has configured a model."""
    from tests.browser.embed.runtime import running

    model = {"ROVER_LLM_BASE_URL": brain.base_url, "ROVER_LLM_MODEL": "scripted"}
    with running(tmp_path_factory.mktemp("rover-model"), **model) as live:
        yield live


@pytest.fixture
def guided(live_model: "Live", site: Origin, browser: Browser) -> Iterator["Visit"]:
    """A visit to a site whose assistant does what `brain` says."""
    with _visiting(live_model, site, browser) as visit:
        yield visit


@contextlib.contextmanager
def _visiting(live: "Live", site: Origin, browser: Browser) -> Iterator["Visit"]:
    from tests.browser.embed.runtime import Visit
    from tests.browser.embed.widgets import OPEN, WATCH

    context = browser.new_context(viewport={"width": 1000, "height": 800})
    context.add_init_script(OPEN)
    context.add_init_script(WATCH)
    live.wire.sent.clear()
    yield Visit.begin(live, site, context)
    context.close()
