"""Chromium, driven as a person would, against a real server."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.e2e.server import RoverServer

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    skip = pytest.mark.skip(reason="browser: Chromium is not installed")
    for item in items:
        if "browser" in item.keywords and CHROMIUM is None:
            item.add_marker(skip)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoverServer]:
    data_dir: Path = tmp_path_factory.mktemp("data")
    running = RoverServer(data_dir=data_dir).start()
    running.rover("owner", "create", "owner", "--no-password")
    running.rover("owner", "create", "other", "--no-password")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the console or the network reported that must not be."""
    return []


@pytest.fixture
def sign_in(server: RoverServer, browser: Browser, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """A page of the owner named, signed in by a one-time link; other arguments go to the browser context."""
    contexts: list[BrowserContext] = []

    def open_page(name: str = "owner", **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.on("request", lambda request: _watch(request.url, server, complaints))
        page.goto(server.rover("owner", "link", name))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/workspace/")
        return page

    yield open_page
    for context in contexts:
        context.close()


def _watch(url: str, server: RoverServer, complaints: list[str]) -> None:
    if not url.startswith((f"http://127.0.0.1:{server.port}/", "data:")):
        complaints.append(f"a request to another host: {url}")
