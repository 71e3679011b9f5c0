"""What happens to a message between us and a receiver that answers, fails, stalls, redirects or is gone."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from roverbook.core.happenings import Happening
from roverbook.core.webhooks.retrying import FAILURES_IN_A_ROW, WAITS
from roverbook.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from roverbook.services.webhooks import postman
from roverbook.services.webhooks.delivering import (
    Outcome,
    attempt_begin,
    attempt_end,
    cancellations_hurry,
    deliveries_due,
)
from roverbook.services.webhooks.endpoints import webhook_remove
from tasks.core.errors import LeaseLost
from tasks.core.states import TaskStatus
from tasks.models import Event, Task
from tasks.services.tasks import task_cancel
from tests.roverbook.webhooks.conftest import Clock, NewHook, Tell, only_delivery
from tests.roverbook.webhooks.receiver import Exchange, Reaction, Receiver, says
from workspace.models import AuditEntry, Site

pytestmark = pytest.mark.django_db(transaction=True)
Send = Callable[[], int]


def test_a_message_that_arrives_is_delivered_once(
    hook: WebhookEndpoint, receiver: Receiver, tell: Tell, send: Send
) -> None:
    receiver.reacts(says(202, b"thanks", X_Seen="yes"))
    tell(visitId="agt_1", outcome="failure")

    assert (send(), send(), len(receiver.got)) == (1, 0, 1)

    said = json.loads(receiver.got[0].body)
    assert (said["event"], said["siteId"], said["data"]) == (
        "visit.failed",
        hook.site.public_id,
        {"visitId": "agt_1", "outcome": "failure"},
    )
    delivery = only_delivery()
    assert (delivery.status, delivery.attempts_made, delivery.next_at) == ("delivered", 1, None)
    attempt = WebhookAttempt.objects.get()
    assert (attempt.status_code, attempt.error, attempt.response_body) == (202, "", "thanks")
    assert attempt.response_headers["x-seen"] == "yes"


def test_a_delivery_is_a_background_task_with_a_log(
    hook: WebhookEndpoint, receiver: Receiver, tell: Tell, send: Send, clock: Clock
) -> None:
    receiver.reacts(says(500), says(200))
    tell()
    send()
    clock.go_on(minutes=1)
    send()

    task = only_delivery().task
    assert task is not None
    assert (task.kind, task.status, task.site, task.lease_owner) == ("webhook", "completed", hook.site, "")
    kinds = Event.objects.filter(task=task).order_by("seq").values_list("kind", flat=True)
    assert list(kinds) == ["task_started", "task_progress", "task_completed"]


def test_after_a_failure_it_waits_and_then_comes_with_the_same_id_and_body(
    hook: WebhookEndpoint, receiver: Receiver, tell: Tell, send: Send, clock: Clock
) -> None:
    receiver.reacts(says(500, b"oh no"), says(200))
    tell()
    send()
    clock.go_on(seconds=20)
    assert send() == 0
    clock.go_on(seconds=20)
    assert send() == 1

    first, second = receiver.got
    assert first.body == second.body
    same = ("webhook-id", "x-roverbook-delivery", "x-roverbook-event")
    assert [first.headers[name] for name in same] == [second.headers[name] for name in same]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 40
    hook.refresh_from_db()
    assert (only_delivery().status, hook.last_status, hook.failure_count) == ("delivered", 200, 0)


def test_the_waits_grow_until_nothing_is_tried_any_more(
    hook: WebhookEndpoint, receiver: Receiver, tell: Tell, send: Send, clock: Clock
) -> None:
    receiver.reacts(says(503))
    tell()
    waited = []
    while send():
        delivery = only_delivery()
        if delivery.next_at is None:
            break
        waited.append(delivery.next_at - clock.now)
        clock.now = delivery.next_at

    assert len(waited) == len(WAITS) == 6
    for wait, expected in zip(waited, WAITS, strict=True):
        assert expected * 0.8 <= wait <= expected * 1.2
    delivery = only_delivery()
    assert (delivery.status, delivery.attempts_made, len(receiver.got)) == ("failed", 7, 7)
    assert delivery.task is not None
    assert (delivery.task.status, delivery.task.error) == ("failed", "webhook_refused")


@pytest.mark.parametrize(
    ("header", "least"),
    [
        ("600", timedelta(seconds=600)),
        ("999999999999", timedelta(hours=24)),
        ("0", timedelta(seconds=24)),
        ("soon", timedelta(seconds=24)),
    ],
    ids=["later", "bounded", "no sooner", "no time"],
)
def test_retry_after_is_honoured_within_bounds(
    header: str,
    least: timedelta,
    hook: WebhookEndpoint,
    receiver: Receiver,
    tell: Tell,
    send: Send,
    clock: Clock,
) -> None:
    receiver.reacts(says(429, Retry_After=header))
    tell()
    send()

    delivery = only_delivery()
    assert delivery.next_at is not None
    assert least <= delivery.next_at - clock.now <= max(least, timedelta(seconds=36))


@pytest.mark.parametrize("status", [400, 401, 404, 422])
def test_other_refusals_are_not_tried_again(
    status: int, hook: WebhookEndpoint, receiver: Receiver, tell: Tell, send: Send
) -> None:
    receiver.reacts(says(status))
    tell()
    send()

    delivery = only_delivery()
    assert (delivery.status, delivery.next_at, delivery.attempts_made) == ("failed", None, 1)
    hook.refresh_from_db()
    assert (hook.active, hook.failure_count) == (True, 1)


def test_a_redirect_is_a_failure_and_is_not_followed(
    hook: WebhookEndpoint, receiver: Receiver, tell: Tell, send: Send
) -> None:
    receiver.reacts(says(307, Location=receiver.url + "/elsewhere"))
    tell()
    send()

    assert [got.path for got in receiver.got] == ["/hook"]
    attempt = WebhookAttempt.objects.get()
    assert (attempt.status_code, attempt.error) == (307, "redirects are not followed")
    assert only_delivery().status == "failed"


def test_who_answers_gone_is_not_asked_again(
    hook: WebhookEndpoint, receiver: Receiver, tell: Tell, send: Send, clock: Clock
) -> None:
    tell("waits")
    receiver.reacts(says(500))
    send()
    receiver.reacts(says(410))
    tell("gone")
    send()
    hook.refresh_from_db()
    assert (hook.active, hook.disabled_reason) == (False, "gone")
    entry = AuditEntry.objects.get(action="webhook.disabled")
    assert (entry.door, entry.after) == ("system", {"active": False, "reason": "gone"})

    tell("later")
    assert (send(), len(receiver.got)) == (0, 2)
    statuses = WebhookDelivery.objects.values_list("status", flat=True)
    assert set(statuses) == {"failed"}


def test_twenty_failures_in_a_row_switch_it_off(
    hook: WebhookEndpoint, receiver: Receiver, tell: Tell, send: Send
) -> None:
    receiver.reacts(says(404))
    for n in range(FAILURES_IN_A_ROW - 1):
        tell(f"visit {n}")
    send()
    hook.refresh_from_db()
    assert (hook.active, hook.failure_count) == (True, 19)
    receiver.reacts(says(200), says(404))
    tell("arrives")
    send()
    for n in range(FAILURES_IN_A_ROW):
        tell(f"another visit {n}")
    send()

    hook.refresh_from_db()
    assert (hook.active, hook.disabled_reason) == (False, "failing")


def drips(exchange: Exchange) -> None:
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not exchange.server.receiver.released.wait(0.02):
        exchange.wfile.write(b"a")


def drips_its_body(exchange: Exchange) -> None:
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not exchange.server.receiver.released.wait(0.02):
        exchange.wfile.write(b"a")


@pytest.mark.parametrize("reaction", [Exchange.until_let_go, drips], ids=["stalls", "drips its header"])
def test_who_does_not_answer_in_time_is_cut_off(
    reaction: Reaction,
    hook: WebhookEndpoint,
    receiver: Receiver,
    tell: Tell,
    send: Send,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postman, "SECONDS", 0.3)
    receiver.reacts(reaction)
    tell()
    send()

    attempt = WebhookAttempt.objects.get()
    assert (attempt.status_code, attempt.error.partition(":")[0]) == (None, "timeout")
    assert only_delivery().status == "pending"


def test_a_status_counts_though_the_body_never_ends(
    hook: WebhookEndpoint, receiver: Receiver, tell: Tell, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postman, "SECONDS", 0.5)
    receiver.reacts(drips_its_body)
    tell()
    send()

    assert only_delivery().status == "delivered"


def test_of_a_huge_answer_the_beginning_is_kept(
    hook: WebhookEndpoint, receiver: Receiver, tell: Tell, send: Send
) -> None:
    receiver.reacts(says(200, b"\x00\xffa" * 1_000_000, X_Long="x" * 5_000))
    tell()
    send()

    attempt = WebhookAttempt.objects.get()
    assert 0 < len(attempt.response_body) <= 8 * 1024
    assert "\x00" not in attempt.response_body
    assert len(attempt.response_headers["x-long"]) == 500
    assert only_delivery().status == "delivered"


def nothing(exchange: Exchange) -> None:
    exchange.close_connection = True


def no_http(exchange: Exchange) -> None:
    exchange.wfile.write(b"\x16\x03\x01 hello\r\n\r\n")
    exchange.close_connection = True


@pytest.mark.parametrize(
    "reaction",
    [Exchange.reset, nothing, no_http],
    ids=["resets", "hangs up", "no HTTP"],
)
def test_broken_connections_are_tried_again(
    reaction: Reaction, hook: WebhookEndpoint, receiver: Receiver, tell: Tell, send: Send
) -> None:
    receiver.reacts(reaction)
    tell()
    send()

    attempt = WebhookAttempt.objects.get()
    assert attempt.status_code is None
    assert attempt.error.partition(":")[0] in ("protocol_error", "connect_failed")
    assert only_delivery().status == "pending"


def test_nothing_is_sent_while_the_site_has_switched_webhooks_off(
    hook: WebhookEndpoint, receiver: Receiver, tell: Tell, send: Send, site: Site
) -> None:
    tell("before")
    site.notification_settings.enabled = False
    site.notification_settings.save()
    tell("after")
    send()

    assert receiver.got == []
    delivery = only_delivery()
    assert delivery.task is not None
    assert (delivery.status, delivery.task.error) == ("failed", "webhooks_off")


def test_only_what_was_asked_for_is_told_and_nothing_twice(
    new_hook: NewHook, receiver: Receiver, tell: Tell, send: Send
) -> None:
    new_hook(receiver.url, events=["visit.failed"])
    tell("one", event=Happening.VISIT_STARTED)
    tell("one")
    tell("one")
    send()

    assert [got.headers["x-roverbook-event"] for got in receiver.got] == ["visit.failed"]


def test_a_cancelled_delivery_ends_though_it_has_to_wait_for_hours(
    hook: WebhookEndpoint, receiver: Receiver, tell: Tell, send: Send, clock: Clock
) -> None:
    receiver.reacts(says(500))
    tell()
    send()
    task_id = only_delivery().task_id
    assert task_id is not None
    task_cancel(task_id=task_id, now=clock.now)
    cancellations_hurry(now=clock.now)
    send()

    delivery = only_delivery()
    assert delivery.task is not None
    assert (delivery.status, delivery.task.status, len(receiver.got)) == ("failed", TaskStatus.CANCELLED, 1)


def test_a_worker_that_dies_in_the_middle_is_replaced_without_a_wait(
    hook: WebhookEndpoint, receiver: Receiver, tell: Tell, send: Send, clock: Clock
) -> None:
    tell()
    [due] = deliveries_due(now=clock.now, busy_endpoints=set(), busy_sites=set(), limit=5)
    lost = attempt_begin(due, now=clock.now)
    assert lost is not None
    assert send() == 0  # its lease is live
    clock.go_on(seconds=11)
    assert send() == 1

    attempts = list(WebhookAttempt.objects.order_by("number").values_list("number", "status_code", "error"))
    assert attempts[0][:2] == (1, None)
    assert attempts[0][2].startswith("interrupted")
    assert attempts[1] == (2, 200, "")
    assert (only_delivery().status, only_delivery().attempts_made) == ("delivered", 1)


def test_who_lost_the_lease_writes_nothing(
    hook: WebhookEndpoint, receiver: Receiver, tell: Tell, send: Send, clock: Clock
) -> None:
    tell()
    [due] = deliveries_due(now=clock.now, busy_endpoints=set(), busy_sites=set(), limit=5)
    lost = attempt_begin(due, now=clock.now)
    assert lost is not None
    clock.go_on(seconds=11)
    send()

    with pytest.raises(LeaseLost):
        attempt_end(lost, Outcome(status=500), spread=0, now=clock.now)
    assert only_delivery().status == "delivered"


def test_a_webhook_that_is_removed_in_the_middle_leaves_nothing(
    hook: WebhookEndpoint, receiver: Receiver, tell: Tell, send: Send, clock: Clock, actor: Any
) -> None:
    receiver.reacts(Exchange.until_let_go)
    tell()
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send)
        assert receiver.came.wait(10)
        webhook_remove(actor=actor, endpoint=hook, now=clock.now)
        receiver.released.set()
        sending.result(20)

    assert (WebhookDelivery.objects.count(), Task.objects.count()) == (0, 0)
