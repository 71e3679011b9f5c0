"""An owner's whole journey, from the sign-in link to the token of a script: by mouse, by keyboard alone, and by
finger on a telephone."""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.hands import Finger, Hand, Keyboard, Mouse, named
from tests.browser.owner_page_reader import HOST
from tests.e2e.server import RoverServer

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.processes, pytest.mark.timeout(200)]
SITE = "Corner Bakery"


class OwnerPage:
    """The front page of the owner's site; `body` is what the owner put into it."""

    def __init__(self) -> None:
        self.body = ""
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = self.path == "/"
                html = f"<!doctype html><html><head><title>Bread</title></head><body><h1>Bread</h1>{page.body}</body></html>"
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(html.encode() if found else b"")

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def start(self) -> "OwnerPage":
        self._thread.start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture(scope="module")
def owner_page() -> Iterator[OwnerPage]:
    page = OwnerPage().start()
    yield page
    page.stop()


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory, owner_page: OwnerPage) -> Iterator[RoverServer]:
    """A server of its own for each journey: a host is proved for one site at a time."""
    owner_page.body = ""
    outside = {
        "DJANGO_SETTINGS_MODULE": "tests.browser.owner_page_settings",
        "OWNER_PAGE_PORT": str(owner_page.port),
    }
    running = RoverServer(data_dir=tmp_path_factory.mktemp("data"), environ=outside).start()
    for name in ("mara", "nils"):
        running.rover("owner", "create", name, "--no-password")
    yield running
    running.stop()


@dataclass
class Journey:
    """What the steps share."""

    hand: Hand
    server: RoverServer
    owner_page: OwnerPage
    second: Page

    @property
    def page(self) -> Page:
        return self.hand.page

    def button(self, name: str) -> None:
        self.hand.press(self.page.get_by_role("button", name=named(name)).first)

    def link(self, name: str) -> None:
        self.hand.press(self.page.locator("#content").get_by_role("link", name=named(name)).first)

    def go(self, name: str, group: str = SITE) -> None:
        """An entry of the side bar; on a telephone it is in the menu."""
        menu = self.page.locator("details.rv-menu > summary")
        if menu.is_visible():
            self.hand.press(menu)
        groups = self.page.get_by_role("navigation", name=re.compile("Workspace|Menu"))
        entries = groups.get_by_role("list", name=group) if group else groups.get_by_role("list").first
        self.hand.press(entries.get_by_role("link", name=name, exact=True).filter(visible=True))
        expect(self.page.locator("#content")).to_be_visible()

    def write(self, label: str, text: str) -> None:
        self.hand.write(self.page.get_by_label(named(label)).filter(visible=True).first, text)

    def told(self, text: str) -> None:
        expect(self.page.get_by_text(text).filter(visible=True).first).to_be_visible(timeout=10_000)


def sign_in(journey: Journey) -> None:
    journey.page.goto(journey.server.rover("owner", "link", "mara"))
    journey.button("Sign in")
    journey.page.wait_for_url("**/workspace/")
    journey.told("Open your website to AI agents")


def make_a_site(journey: Journey) -> None:
    journey.write("Your site", f"https://{HOST}/welcome?from=mail")
    journey.hand.press(journey.page.locator("#content form button[type=submit]").first)
    journey.write("Name of the site", SITE)
    journey.button("Review")
    journey.told("What will be made")
    journey.button("Create the site")
    journey.told("Put this into your pages")


def look_at_the_key_and_edit_its_domains(journey: Journey) -> None:
    journey.go("Keys")
    journey.link("Production")
    journey.told("Visitors can see this key.")
    journey.link("Edit domains")
    journey.button("Add a rule")
    journey.write("Rule 2", "shop.example")
    journey.told("covers shop.example")  # while it is typed
    journey.write("Host or address", "www.shop.example/basket")
    journey.button("Try")
    journey.told("✓ Allowed")
    journey.hand.press(journey.page.get_by_role("button", name="Save", exact=True))
    journey.told("Saved. The rules hold from the next request on.")


def change_the_policy(journey: Journey) -> None:
    journey.go("Policy")
    journey.link("Production")
    journey.hand.choose(journey.page.locator("input[name=externalNavigationPolicy][value=block]"))
    expect(journey.page.get_by_text("Your changes").first).to_be_visible()  # the simulator follows
    journey.button("Review changes")
    journey.told("What changes")
    journey.hand.press(journey.page.get_by_role("button", name="Save", exact=True))
    expect(journey.page.locator("ul.messagelist")).to_be_visible()


def write_shortcuts(journey: Journey) -> None:
    journey.go("Shortcuts")
    journey.link("Write a shortcut")
    journey.write("Label", "Opening hours")
    journey.write("Prompt", "Tell me when the bakery is open.")
    journey.told("What agents are told")
    journey.hand.press(journey.page.get_by_role("button", name="Save", exact=True))
    journey.button("Add")
    rows = journey.page.locator("ol.rv-shortcuts > li h3")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Opening hours")
    journey.hand.press(journey.page.get_by_role("button", name=named("Down Opening hours")))
    expect(rows.last).to_contain_text("Opening hours")


def greet(journey: Journey) -> None:
    journey.go("Assistant")
    journey.write("Text", "Fresh bread until six.")
    expect(journey.page.locator("[data-greeting-bubble]")).to_have_text("Fresh bread until six.")
    journey.button("Save greeting")
    journey.told("The greeting is saved.")


def set_ai_access(journey: Journey) -> None:
    journey.go("AI access")
    journey.hand.press(journey.page.get_by_label("Take tasks that other sites hand over"))
    journey.hand.press(journey.page.get_by_role("button", name="Save", exact=True))
    expect(journey.page.locator("ul.messagelist")).to_be_visible()
    expect(journey.page.get_by_label("Take tasks that other sites hand over")).to_be_checked()


def install(journey: Journey) -> None:
    """The copy button's text goes into the owner's page, and the check proves the host."""
    journey.go("Install")
    journey.hand.press(journey.page.get_by_role("button", name=named("Copy")).first)
    journey.owner_page.body = journey.page.evaluate("navigator.clipboard.readText()")
    assert "data-public-key" in journey.owner_page.body
    journey.write("Page", f"http://{HOST}/")
    journey.hand.press(journey.page.get_by_role("button", name="Check", exact=True))
    proof = journey.page.locator(".rv-checks li", has_text="Control of the host is proved")
    expect(proof).to_have_class(re.compile("pass|ok|good"))
    expect(journey.page.locator("#hosts .rv-badge", has_text="proved").first).to_be_visible()


def invite(journey: Journey) -> None:
    """Another person joins by the link."""
    journey.go("Members")
    journey.write("For whom", "the new baker")
    journey.button("Make a link")
    link = journey.page.locator("#content [data-copy-source]").first.inner_text()
    journey.second.goto(journey.server.rover("owner", "link", "nils"))
    journey.second.get_by_role("button", name="Sign in").click()
    journey.second.wait_for_url("**/workspace/")
    journey.second.goto(link)
    journey.second.get_by_role("button", name="Join the site").click()
    expect(journey.second.get_by_text(f"Welcome to {SITE}.")).to_be_visible()


def read_the_log(journey: Journey) -> None:
    journey.go("Audit log")
    for action in (
        "Member: joined",
        "Site config: changed",
        "Site key: changed",
        "Host claim: proved",
        "Site: created",
    ):
        journey.told(action)


def make_a_token(journey: Journey) -> None:
    journey.go("API tokens", group="")
    journey.link("New token")
    journey.write("Name", "night job")
    journey.button("Make the token")
    token = journey.page.locator("#content [data-copy-source]").first.inner_text()
    assert journey.server.request("POST", "/listRoverSiteKeys", token, {})["success"] is True


STEPS: tuple[Callable[[Journey], None], ...] = (
    sign_in,
    make_a_site,
    look_at_the_key_and_edit_its_domains,
    change_the_policy,
    write_shortcuts,
    greet,
    set_ai_access,
    install,
    invite,
    read_the_log,
    make_a_token,
)
WIDE = {"viewport": {"width": 1366, "height": 768}}
TELEPHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.mark.parametrize(
    ("make_hand", "options"),
    [(Mouse, WIDE), (Keyboard, WIDE), (Finger, TELEPHONE)],
    ids=["mouse", "keyboard", "finger"],
)
def test_the_whole_journey(
    make_hand: Callable[[Page], Hand],
    options: dict[str, Any],
    server: RoverServer,
    browser: Browser,
    owner_page: OwnerPage,
    complaints: list[str],
) -> None:
    context = browser.new_context(
        **options, permissions=["clipboard-read", "clipboard-write"], reduced_motion="reduce"
    )
    other = browser.new_context()
    try:
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        journey = Journey(make_hand(page), server, owner_page, other.new_page())
        for step in STEPS:
            step(journey)
            assert (
                page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                <= 0
            )
        assert complaints == []
    finally:
        context.close()
        other.close()


def test_a_control_that_hides_its_focus_stops_the_keyboard(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<style>* { outline: none }</style><button>Hidden</button>")
    with pytest.raises(AssertionError, match="no visible focus"):
        Keyboard(page).press(page.get_by_role("button"))
    page.close()


def test_a_control_out_of_reach_stops_the_keyboard(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<button tabindex=-1>Out of reach</button><button>There</button>")
    with pytest.raises(AssertionError, match="no way by Tab"):
        Keyboard(page).press(page.get_by_role("button", name="Out"))
    page.close()
