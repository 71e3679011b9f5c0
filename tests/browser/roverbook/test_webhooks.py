"""An owner makes a webhook, copies its secret, tries it, and sees what the receiver said."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from standardwebhooks.webhooks import Webhook

from tests.browser.test_workspace_pages import FOLDER, faults_of
from tests.e2e.server import RoverServer
from tests.roverbook.webhooks.receiver import Receiver, receiving, says

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.processes, pytest.mark.timeout(300)]
SignIn = Callable[..., Page]
LONG = "<b>Unbreakable</b>" + "word" * 200


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def webhooks(server: RoverServer) -> str:
    """The address of the webhooks of a new site."""
    token = server.rover("owner", "token", "owner", "--scope", "manage")
    key = {"siteName": "Corner Bakery", "label": "Live", "allowedDomains": ["bakery.example"]}
    site_id = server.request("POST", "/api/v1/generateRoverSiteKey", token, key)["data"]["siteId"]
    return f"http://127.0.0.1:{server.port}/workspace/sites/{site_id}/roverbook/webhooks/"


def test_from_nothing_to_a_verified_delivery(
    webhooks: str, sign_in: SignIn, receiver: Receiver, complaints: list[str], server: RoverServer
) -> None:
    page = sign_in()
    page.goto(webhooks)
    page.get_by_role("link", name="Add a webhook").click()
    page.get_by_label("Address").fill(receiver.url)
    page.get_by_label("Description").fill("Tells the team")
    page.get_by_label("Headers to send along").fill("X-Team: bakers")
    page.get_by_role("button", name="Make the webhook").click()
    secret = page.locator("[data-copy-source]").first.inner_text()
    page.get_by_role("link", name="I have it").click()
    page.get_by_role("link", name="Switch them on").click()
    page.get_by_role("button", name="Switch them on").click()
    page.get_by_role("link", name="Tells the team").click()
    hook = page.url

    receiver.reacts(says(200, b"thank you"))
    page.get_by_label("Send a test of").select_option("visit.failed")
    page.get_by_role("button", name="Send a test").click()
    expect(page.locator("#facts-title")).to_contain_text("delivered")
    expect(page.get_by_text("thank you")).to_be_visible()
    [got] = receiver.got
    said = Webhook(secret).verify(got.body, dict(got.headers))
    assert (said["event"], said["data"]["sample"], got.headers["x-team"]) == ("visit.failed", True, "bakers")

    receiver.reacts(says(500, LONG.encode(), X_Long="x" * 400))
    page.goto(hook)
    page.get_by_role("button", name="Send a test").click()
    expect(page.locator("#facts-title")).to_contain_text("pending")
    expect(page.get_by_text("Next try")).to_be_visible()
    failed = page.url
    assert not complaints, complaints

    FOLDER.mkdir(parents=True, exist_ok=True)
    base = f"http://127.0.0.1:{server.port}"
    pages = {
        "list": webhooks,
        "form": f"{webhooks}new/",
        "one": hook,
        "edit": f"{hook}edit/",
        "rotate": f"{hook}rotate/",
        "remove": f"{hook}remove/",
        "delivery": failed,
    }
    faults = [
        fault
        for name, url in pages.items()
        for fault in faults_of(page, f"webhooks-{name}", base, url.removeprefix(base), complaints)
    ]
    assert not faults, "\n".join(faults)
