"""What the workspace saw is told once, and what was told is forgotten after 30 days."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from roverbook.core.happenings import Happening
from roverbook.models import NotificationSettings, WebhookDelivery, WebhookEndpoint, WebhookMessage
from roverbook.services.webhooks.endpoints import webhook_switch_off
from roverbook.services.webhooks.feeds import webhooks_feed
from roverbook.services.webhooks.pruning import webhooks_prune
from tasks.models import Event, Task
from tests.roverbook.webhooks.conftest import Clock, NewHook, Tell
from tests.roverbook.webhooks.receiver import Receiver, says
from workspace.models import KeyUsage, Site
from workspace.services.admission import key_admit
from workspace.services.audit import SYSTEM, Actor
from workspace.services.claims import claim_open, claim_prove
from workspace.services.keys import key_create

pytestmark = pytest.mark.django_db(transaction=True)
URL = "https://hooks.example.com/"


@pytest.fixture
def knock(site: Site, actor: Actor, clock: Clock) -> Callable[[str], None]:
    """Present the site's key on this host."""
    made = key_create(actor=actor, site=site, label="Live", allowed_domains=["bakery.example"], now=clock.now)

    def knocked(host: str) -> None:
        key_admit(value=made.value, url=f"https://{host}/", capability="roverEmbed", now=clock.now)

    return knocked


def told() -> list[tuple[str, dict[str, Any]]]:
    rows = WebhookMessage.objects.order_by("pk")
    return [(row.event, json.loads(row.body)["data"]) for row in rows]


def test_a_host_that_was_refused_is_told_of_once_an_hour(
    new_hook: NewHook, knock: Callable[[str], None], clock: Clock
) -> None:
    new_hook(URL)
    clock.now = clock.now.replace(hour=12, minute=10)
    knock("bakery.example")
    for _ in range(3):
        knock("copy.example")
        webhooks_feed(clock.now)
    knock("other.example")
    webhooks_feed(clock.now)
    clock.go_on(hours=1)
    knock("copy.example")
    webhooks_feed(clock.now)

    hosts = [(event, data["host"], data["reason"], data["keyLabel"]) for event, data in told()]
    assert hosts == [
        ("key.blocked_host", host, "domain_not_allowed", "Live")
        for host in ("copy.example", "other.example", "copy.example")
    ]


def test_a_proof_is_told_once(new_hook: NewHook, site: Site, actor: Actor, clock: Clock) -> None:
    new_hook(URL)
    claim = claim_open(actor=actor, site=site, host="bakery.example", now=clock.now)
    webhooks_feed(clock.now)
    assert told() == []
    for _ in range(2):
        claim_prove(actor=actor, claim=claim, method="file", now=clock.now)
        webhooks_feed(clock.now)
        clock.go_on(minutes=1)

    [(event, data)] = told()
    assert (event, data["host"], data["method"]) == ("install.verified", "bakery.example", "file")


def test_nothing_is_told_where_nobody_listens_nor_of_what_is_long_past(
    new_hook: NewHook, knock: Callable[[str], None], clock: Clock, site: Site
) -> None:
    hook, _ = new_hook(URL)
    knock("copy.example")
    assert webhooks_feed(clock.now + timedelta(hours=1)) == 0
    webhook_switch_off(hook, reason="gone", actor=SYSTEM, now=clock.now)
    assert webhooks_feed(clock.now) == 0
    WebhookEndpoint.objects.update(active=True)
    NotificationSettings.objects.update(enabled=False)
    assert webhooks_feed(clock.now) == 0
    assert KeyUsage.objects.count() == 1


def test_pruning_takes_what_is_older_than_30_days_with_all_that_hangs_on_it(
    hook: WebhookEndpoint, receiver: Receiver, tell: Tell, send: Callable[[], int], clock: Clock
) -> None:
    tell("old")
    send()
    receiver.reacts(says(503))
    tell("old, and on its way")
    send()
    clock.go_on(days=29)
    tell("newer", event=Happening.NOTE_CREATED)
    clock.go_on(days=2)

    assert (webhooks_prune(clock.now), webhooks_prune(clock.now)) == (1, 0)

    kept = set(WebhookMessage.objects.values_list("key", flat=True))
    assert kept == {"old, and on its way", "newer"}
    assert (WebhookDelivery.objects.count(), Task.objects.count()) == (2, 2)
    assert set(Event.objects.values_list("task", flat=True)) <= set(Task.objects.values_list("pk", flat=True))


def test_pruning_goes_in_bites(hook: WebhookEndpoint, tell: Tell, clock: Clock) -> None:
    for n in range(5):
        tell(f"{n}")
    WebhookDelivery.objects.update(status="failed")
    clock.go_on(days=31)

    assert [webhooks_prune(clock.now, bite=2, most=4) for _ in range(3)] == [4, 1, 0]
