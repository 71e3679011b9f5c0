"""The pages of webhooks: what owners see and do, what others may not, and that no secret is on them."""

import html
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from roverbook.admin import webhooks_log
from roverbook.models import NotificationSettings, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from roverbook.selectors.settings import asked_questions
from roverbook.selectors.webhook_secrets import signing_secrets
from roverbook.services.webhooks.endpoints import webhook_switch_off
from tests.roverbook.webhooks.conftest import Clock, NewHook, Tell, only_delivery
from tests.roverbook.webhooks.receiver import Receiver, says
from workspace.models import AuditEntry, Membership, Site, User
from workspace.services.audit import SYSTEM
from workspace.services.owners import owner_create

pytestmark = pytest.mark.django_db(transaction=True)
URL = "https://hooks.example.com/rover"
HOSTILE = "<script>alert(1)</script>\u202egnp.exe\x1b[31m"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """No postman runs beside these tests."""
    monkeypatch.setattr(webhooks_log, "TEST_SECONDS", 0.0)


@pytest.fixture
def browser(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def at(site: Site) -> Callable[..., str]:
    """The address of a page below the site's webhooks."""

    def address(rest: str = "") -> str:
        return f"/workspace/sites/{site.public_id}/roverbook/webhooks/{rest}"

    return address


def text_of(response: Any) -> str:
    """The page as it is read: entities resolved, tags left out."""
    return html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode()))


def ticket_of(browser: Client, url: str) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', browser.get(url).content.decode())
    assert found is not None
    return found[1]


def test_an_empty_list_says_what_webhooks_are_for(browser: Client, at: Callable[..., str]) -> None:
    page = browser.get(at())

    assert page.status_code == 200
    assert "Nobody is told yet" in text_of(page)


def test_a_new_webhook_shows_its_secret_in_that_answer_alone(
    browser: Client, at: Callable[..., str], site: Site
) -> None:
    sent = {
        "url": URL,
        "every": "on",
        "description": "Team",
        "headers": "X-Key: sesame-94",
        "ticket": ticket_of(browser, at("new/")),
    }
    made = browser.post(at("new/"), sent)
    again = browser.post(at("new/"), sent)

    endpoint = WebhookEndpoint.objects.get()
    [secret] = signing_secrets(endpoint, now=endpoint.created_at)
    assert (made.status_code, again.status_code) == (200, 409)
    assert secret in text_of(made)
    assert "no-store" in made["Cache-Control"]
    assert secret not in text_of(again)
    for rest in ("", f"{endpoint.pk}/", f"{endpoint.pk}/edit/", f"{endpoint.pk}/rotate/"):
        shown = browser.get(at(rest)).content.decode()
        assert "sesame-94" not in shown
        assert secret not in html.unescape(shown)
    assert secret not in browser.get(f"/workspace/sites/{site.public_id}/audit/").content.decode()


def test_a_form_that_is_wrong_says_so_beside_the_field(browser: Client, at: Callable[..., str]) -> None:
    sent = {
        "url": "http://hooks.example.com/",
        "events": ["visit.failed"],
        "headers": "X Key",
        "ticket": ticket_of(browser, at("new/")),
    }
    page = browser.post(at("new/"), sent)

    assert page.status_code == 422
    assert "Each line must read Name: value." in text_of(page)
    sent["headers"] = ""
    page = browser.post(at("new/"), sent)
    assert (page.status_code, "Must be a complete https:// address." in text_of(page)) == (422, True)
    assert not WebhookEndpoint.objects.exists()


def test_rotating_twice_by_a_reload_keeps_the_overlap(
    browser: Client, at: Callable[..., str], new_hook: NewHook
) -> None:
    hook, old = new_hook(URL)
    sent = {"hint": hook.secret_hint}
    first, second = browser.post(at(f"{hook.pk}/rotate/"), sent), browser.post(at(f"{hook.pk}/rotate/"), sent)

    assert (first.status_code, second.status_code) == (200, 409)
    hook.refresh_from_db()
    [new, kept] = signing_secrets(hook, now=hook.updated_at)
    assert (kept, new in text_of(first)) == (old, True)


def test_pausing_and_resuming(browser: Client, at: Callable[..., str], new_hook: NewHook) -> None:
    hook, _ = new_hook(URL)
    for sent, expected in (("off", False), ("on", True)):
        browser.post(at(f"{hook.pk}/active/"), {"active": sent})
        hook.refresh_from_db()
        assert hook.active is expected
    assert AuditEntry.objects.filter(action="webhook.changed").count() == 2


def test_removing_asks_first(browser: Client, at: Callable[..., str], new_hook: NewHook) -> None:
    hook, _ = new_hook(URL)
    assert "Its log goes with it" in text_of(browser.get(at(f"{hook.pk}/remove/")))
    assert WebhookEndpoint.objects.count() == 1

    browser.post(at(f"{hook.pk}/remove/"))

    assert WebhookEndpoint.objects.count() == 0


def test_switching_all_off_and_on(
    browser: Client, at: Callable[..., str], site: Site, new_hook: NewHook
) -> None:
    new_hook(URL)
    browser.post(at("switch/"), {"enabled": "off"})
    assert NotificationSettings.objects.get(site=site).enabled is False
    assert "No webhook is sent." in text_of(browser.get(at()))
    browser.post(at("switch/"), {"enabled": "on"})
    assert NotificationSettings.objects.get(site=site).enabled is True


def test_the_questions_are_beside_the_webhooks(browser: Client, at: Callable[..., str], site: Site) -> None:
    browser.post(at("questions/"), {"questions": " Why?\r\n\r\nHow? "})
    assert [each["text"] for each in asked_questions(site)] == ["Why?", "How?"]
    refused = browser.post(at("questions/"), {"questions": "Why?\nWhy?"})
    assert (refused.status_code, "Must not ask the same twice." in text_of(refused)) == (422, True)


def test_a_test_is_sent_also_while_it_is_paused_and_for_each_event(
    browser: Client,
    at: Callable[..., str],
    new_hook: NewHook,
    receiver: Receiver,
    send: Callable[[], int],
    clock: Clock,
) -> None:
    hook, _ = new_hook(receiver.url, active=False)
    response = browser.post(at(f"{hook.pk}/test/"), {"event": "visit.failed"})
    clock.go_on(seconds=5)
    send()

    said = json.loads(receiver.got[0].body)
    assert (said["event"], said["data"]["sample"], said["data"]["outcome"]) == (
        "visit.failed",
        True,
        "failure",
    )
    page = text_of(browser.get(response["Location"]))
    assert "delivered" in page and "Sample agent" in page


def test_one_delivery_is_sent_again_with_the_same_id(
    browser: Client,
    at: Callable[..., str],
    hook: WebhookEndpoint,
    receiver: Receiver,
    tell: Tell,
    send: Callable[[], int],
    clock: Clock,
) -> None:
    receiver.reacts(says(404), says(200))
    tell()
    send()
    first = only_delivery()
    clock.go_on(minutes=1)
    url = at(f"{hook.pk}/deliveries/{first.pk}/replay/")
    browser.post(url)
    browser.post(url)  # a second click
    clock.go_on(minutes=1)
    send()

    again = WebhookDelivery.objects.get(replay_of=first)
    assert (again.status, again.message_id) == ("delivered", first.message_id)
    assert receiver.got[0].headers["webhook-id"] == receiver.got[1].headers["webhook-id"]
    assert receiver.got[0].headers["x-roverbook-delivery"] != receiver.got[1].headers["x-roverbook-delivery"]


def test_what_failed_lately_is_sent_again_once(
    browser: Client,
    at: Callable[..., str],
    hook: WebhookEndpoint,
    receiver: Receiver,
    tell: Tell,
    send: Callable[[], int],
    clock: Clock,
) -> None:
    receiver.reacts(says(404))
    clock.now -= timedelta(hours=30)
    tell("long ago")
    clock.now += timedelta(hours=29)
    tell("one")
    tell("two")
    send()
    receiver.reacts(says(200))
    clock.go_on(hours=2)
    for _ in range(2):
        browser.post(at(f"{hook.pk}/replay/"), {"hours": "24"})
        send()

    said = [json.loads(got.body)["data"]["visitId"] for got in receiver.got]
    assert sorted(said) == ["long ago", "one", "one", "two", "two"]


def test_what_receivers_answer_is_inert_text(
    browser: Client,
    at: Callable[..., str],
    hook: WebhookEndpoint,
    receiver: Receiver,
    tell: Tell,
    send: Callable[[], int],
) -> None:
    receiver.reacts(says(404, HOSTILE.encode(), X_Hostile="<img src=x onerror=alert(1)>"))
    tell(summary=HOSTILE)
    send()

    for rest in (f"{hook.pk}/", f"{hook.pk}/deliveries/{only_delivery().pk}/"):
        page = browser.get(at(rest)).content.decode()
        assert "<script>alert" not in page and "<img src=x" not in page
        assert "\u202e" not in page and "\x1b" not in page
    assert WebhookAttempt.objects.get().response_body == HOSTILE


def test_owners_are_told_of_a_webhook_that_was_switched_off(
    browser: Client, at: Callable[..., str], new_hook: NewHook, clock: Clock, site: Site
) -> None:
    hook, _ = new_hook(URL, description="Team chat")
    webhook_switch_off(hook, reason="failing", actor=SYSTEM, now=clock.now)

    for url in ("/workspace/", f"/workspace/sites/{site.public_id}/"):
        page = browser.get(url)
        assert "Webhook Team chat: switched off after 20 failures in a row." in text_of(page)
        assert at(f"{hook.pk}/") in page.content.decode()
    browser.post(at(f"{hook.pk}/active/"), {"active": "on"})
    assert "Team chat: switched off" not in text_of(browser.get("/workspace/"))


def test_the_log_is_filtered_and_paged(
    browser: Client, at: Callable[..., str], new_hook: NewHook, tell: Tell
) -> None:
    hook, _ = new_hook(URL)
    for n in range(60):
        tell(f"visit {n}")

    first = browser.get(at(f"{hook.pk}/")).content.decode()
    older = re.search(r'href="(\?older=[^"]+)" rel="next"', first)
    assert older is not None
    second = browser.get(at(f"{hook.pk}/") + html.unescape(older[1])).content.decode()
    assert (first.count(">pending</span>"), second.count(">pending</span>")) == (50, 10)
    assert "No delivery matches." in text_of(browser.get(at(f"{hook.pk}/?status=delivered")))
    assert browser.get(at(f"{hook.pk}/?status=lost")).status_code == 422


POSTS = (
    "switch/",
    "questions/",
    "new/",
    "{}/edit/",
    "{}/active/",
    "{}/rotate/",
    "{}/remove/",
    "{}/test/",
    "{}/replay/",
    "{}/deliveries/{}/replay/",
)


@pytest.mark.parametrize("rest", POSTS)
def test_viewers_change_nothing_and_strangers_see_nothing(
    rest: str, at: Callable[..., str], new_hook: NewHook, tell: Tell, site: Site, clock: Clock
) -> None:
    hook, _ = new_hook(URL)
    tell()
    url = at(rest.format(hook.pk, only_delivery().pk))
    viewer, stranger = (owner_create(username=name, password=None) for name in ("viewer", "stranger"))
    Membership.objects.create(site=site, user=viewer, role="viewer", created_at=clock.now)
    before = (list(WebhookEndpoint.objects.values()), list(WebhookDelivery.objects.values()))

    client = Client()
    client.force_login(viewer)
    assert client.post(url).status_code == 403
    client.force_login(stranger)
    assert client.post(url).status_code == 404
    assert client.get(at(f"{hook.pk}/")).status_code == 404

    assert before == (list(WebhookEndpoint.objects.values()), list(WebhookDelivery.objects.values()))


def test_a_webhook_of_another_site_is_not_there(
    browser: Client,
    at: Callable[..., str],
    new_site: Callable[[str], Site],
    new_hook: NewHook,
    hook: WebhookEndpoint,
    tell: Tell,
) -> None:
    theirs, _ = new_hook(URL, at=new_site("Other"))
    tell()
    for rest in (f"{theirs.pk}/", f"{theirs.pk}/edit/", f"{theirs.pk}/deliveries/{only_delivery().pk}/"):
        assert browser.get(at(rest)).status_code == 404
