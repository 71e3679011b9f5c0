"""The workspace's page of one task, in a real browser."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from rover_site.demo import DemoSiteThread
from tests.e2e.server import RoverServer, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.processes]
SignIn = Callable[..., Page]


@pytest.fixture(scope="module")
def slow_origin() -> Iterator[DemoSiteThread]:
    with DemoSiteThread(delay_ms=400) as site:
        yield site


@pytest.fixture
def token(server: RoverServer) -> str:
    return server.rover("owner", "token", "owner", "--scope", "fetch")


def start_batch(server: RoverServer, token: str, urls: list[str]) -> str:
    body = {"urls": urls, "concurrency": 1, "force_refresh": True}
    task_id: str = server.request("POST", "/v1/batches", token, body)["task_id"]
    return task_id


def task_url(server: RoverServer, task_id: str) -> str:
    return f"http://127.0.0.1:{server.port}/workspace/tasks/task/{task_id}/change/"


def test_events_appear_as_they_happen_and_the_end_brings_the_items(
    server: RoverServer, token: str, slow_origin: DemoSiteThread, sign_in: SignIn, complaints: list[str]
) -> None:
    page = sign_in()
    task_id = start_batch(server, token, [*slow_origin.urls[:5], slow_origin.url("/nope")])

    page.goto(task_url(server, task_id))
    expect(page.locator("[data-field=live]")).to_be_visible()
    expect(page.locator("[data-field=status]")).to_have_text("completed", timeout=20_000)
    page.wait_for_load_state()

    rows = page.locator("[data-field=events] tr")
    expect(rows).to_have_count(2 + 2 * 6 + 2)
    expect(rows.last).to_contain_text("task completed")
    expect(page.locator("[data-field=succeeded]")).to_have_text("5")
    expect(page.locator("[data-field=failed]")).to_have_text("1")
    assert complaints == []


def test_the_cancel_button_stops_the_batch(
    server: RoverServer, token: str, slow_origin: DemoSiteThread, sign_in: SignIn
) -> None:
    page = sign_in()
    task_id = start_batch(server, token, slow_origin.urls[:30])
    page.goto(task_url(server, task_id))

    page.get_by_role("button", name="Cancel").click()

    expect(page.get_by_text("Cancel requested.")).to_be_visible()
    wait_until(
        lambda: (
            server.sql("SELECT status FROM tasks_task WHERE id = ?", task_id.replace("-", ""))
            == [("cancelled",)]
        )
    )


def test_the_page_works_without_script(
    server: RoverServer, token: str, slow_origin: DemoSiteThread, sign_in: SignIn
) -> None:
    page = sign_in(java_script_enabled=False)
    task_id = start_batch(server, token, slow_origin.urls[:2])
    wait_until(
        lambda: (
            server.sql("SELECT status FROM tasks_task WHERE id = ?", task_id.replace("-", ""))
            == [("completed",)]
        )
    )

    page.goto(task_url(server, task_id))

    expect(page.locator("[data-field=status]")).to_have_text("completed")
    expect(page.locator("[data-field=events]")).to_contain_text(slow_origin.urls[0])


def test_another_owner_finds_neither_the_page_nor_the_stream(
    server: RoverServer, token: str, slow_origin: DemoSiteThread, sign_in: SignIn
) -> None:
    task_id = start_batch(server, token, slow_origin.urls[:1])
    page = sign_in("other")

    listed = page.goto(f"http://127.0.0.1:{server.port}/workspace/tasks/task/")
    assert listed is not None
    assert task_id[-8:] not in listed.text()
    page.goto(task_url(server, task_id))
    expect(page.get_by_role("heading", name="Nothing here")).to_be_visible()
    stream = page.request.get(f"http://127.0.0.1:{server.port}/workspace/tasks/{task_id}/events")
    assert stream.status == 404


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_runs_off_the_side(
    width: int, server: RoverServer, token: str, slow_origin: DemoSiteThread, sign_in: SignIn
) -> None:
    task_id = start_batch(server, token, [slow_origin.url("/" + "long/" * 60), slow_origin.urls[0]])
    page = sign_in(viewport={"width": width, "height": 844})

    for path in ("/workspace/", "/workspace/tasks/task/", f"/workspace/tasks/task/{task_id}/change/"):
        page.goto(f"http://127.0.0.1:{server.port}{path}")
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, path


def test_a_used_sign_in_link_is_gone(server: RoverServer, sign_in: SignIn) -> None:
    link = server.rover("owner", "link", "owner")
    page = sign_in("other")
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/workspace/")

    again = page.goto(link)

    assert again is not None
    assert again.status == 410
    expect(page.get_by_role("heading", name="This link no longer works")).to_be_visible()
