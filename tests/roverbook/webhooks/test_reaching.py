"""Whom a message can reach: names are resolved and screened at each send, and slow receivers hold up only
themselves."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from roverbook.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from roverbook.services.webhooks import postman
from roverbook.services.webhooks.delivering import leases_renew
from roverbook.services.webhooks.postman import AT_ONCE_PER_ENDPOINT, AT_ONCE_PER_SITE, Postman
from tasks.services import web_poster
from tests.roverbook.webhooks.conftest import Clock, NewHook, Tell, only_delivery
from tests.roverbook.webhooks.receiver import Exchange, Receiver, receiving, says
from workspace.models import Site

pytestmark = pytest.mark.django_db(transaction=True)
Send = Callable[[], int]


class Names:
    """A resolver that knows what a test tells it; each answer holds for one question."""

    answers: list[str] = []

    def __init__(self, **_: Any) -> None:
        pass

    async def resolve(self, host: str) -> tuple[str, ...]:
        return (self.answers.pop(0),)

    def close(self) -> None:
        pass


@pytest.fixture
def resolves(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Callable[..., None]:
    """Let every name resolve to these addresses, one after the other, on a server that reaches the public alone."""
    settings.ROVER = settings.ROVER.model_copy(update={"ssrf_level": "strict"})
    monkeypatch.setattr(web_poster, "SystemResolver", Names)

    def told(*addresses: str) -> None:
        Names.answers = list(addresses)

    return told


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.8",
        "192.168.1.1",
        "169.254.169.254",
        "::1",
        "fd00::1",
        "::ffff:10.0.0.8",
        "0.0.0.0",
    ],
)
def test_a_name_that_leads_inside_is_refused_when_it_is_sent(
    address: str, resolves: Callable[..., None], new_hook: NewHook, tell: Tell, send: Send
) -> None:
    new_hook("https://hooks.example.com/")
    resolves(address)
    tell()
    send()

    attempt = WebhookAttempt.objects.get()
    assert (attempt.status_code, attempt.error.partition(":")[0]) == (None, "ssrf_denied")
    assert address not in attempt.error
    assert only_delivery().status == "pending"  # its DNS may be mended


def test_a_name_that_changes_its_mind_is_screened_again(
    resolves: Callable[..., None],
    new_hook: NewHook,
    receiver: Receiver,
    tell: Tell,
    send: Send,
    clock: Clock,
    settings: Any,
) -> None:
    settings.ROVER = settings.ROVER.model_copy(update={"ssrf_level": "loopback"})
    port = receiver.url.split(":")[2]
    hook, _ = new_hook("https://hooks.example.com/")
    WebhookEndpoint.objects.filter(pk=hook.pk).update(url=f"http://hooks.example.com:{port}")
    resolves("127.0.0.1", "10.0.0.8")
    receiver.reacts(says(500), says(200))
    tell()
    send()
    clock.go_on(minutes=1)
    send()

    statuses = WebhookAttempt.objects.order_by("number").values_list("status_code", "error")
    assert [(status, error.partition(":")[0]) for status, error in statuses] == [
        (500, ""),
        (None, "ssrf_denied"),
    ]


@contextmanager
def sending(clock: Clock) -> Iterator[None]:
    """A postman that works beside the test."""
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(lambda: asyncio.run(Postman(clock=clock).run(stop.is_set)))
        try:
            yield
        finally:
            stop.set()
            working.result(30)


class Gate:
    """Holds requests, and knows how many are held at once."""

    def __init__(self) -> None:
        self.held = self.most = 0
        self.full = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, exchange: Exchange) -> None:
        with self._lock:
            self.held += 1
            self.most = max(self.most, self.held)
            if self.held >= AT_ONCE_PER_ENDPOINT:
                self.full.set()
        exchange.until_let_go()
        with self._lock:
            self.held -= 1


def test_a_receiver_that_stalls_holds_up_neither_other_endpoints_nor_other_sites(
    new_site: Callable[[str], Site],
    site: Site,
    new_hook: NewHook,
    receiver: Receiver,
    tell: Tell,
    clock: Clock,
) -> None:
    gate = Gate()
    receiver.reacts(gate)
    new_hook(receiver.url)
    for n in range(40):
        tell(f"stalled {n}")
    with receiving() as neighbour, receiving() as stranger, sending(clock):
        assert gate.full.wait(20)
        other = new_site("Other")
        new_hook(neighbour.url, events=["visit.failed"])
        new_hook(stranger.url, at=other)
        tell("to the neighbour")
        tell("to the stranger", at=other)
        assert neighbour.came.wait(20)
        assert stranger.came.wait(20)
        assert gate.held == gate.most == AT_ONCE_PER_ENDPOINT < AT_ONCE_PER_SITE
        receiver.released.set()


def test_a_stop_gives_back_what_is_under_way(
    hook: WebhookEndpoint, receiver: Receiver, tell: Tell, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postman, "STOP_SECONDS", 0.1)
    receiver.reacts(Exchange.until_let_go)
    tell()
    with sending(clock):
        assert receiver.came.wait(20)

    delivery = only_delivery()
    assert delivery.task is not None
    assert (delivery.status, delivery.attempts_made, delivery.task.lease_owner) == ("pending", 0, "")
    assert delivery.next_at == delivery.created_at


def test_leases_are_renewed_while_a_receiver_thinks(
    hook: WebhookEndpoint, receiver: Receiver, tell: Tell, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postman, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(postman, "LOOK_SECONDS", 0.05)
    receiver.reacts(Exchange.until_let_go)
    tell()
    renewed = threading.Event()
    real = leases_renew

    def noting(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        if kwargs["now"] == clock.now and later:
            renewed.set()

    later: list[bool] = []
    monkeypatch.setattr(postman, "leases_renew", noting)
    with sending(clock):
        assert receiver.came.wait(20)
        clock.go_on(seconds=60)
        later.append(True)
        assert renewed.wait(20)
        task = only_delivery().task
        assert task is not None and task.lease_expires_at is not None
        assert task.lease_expires_at > clock.now
        receiver.released.set()


def test_an_error_of_ours_in_one_delivery_does_not_end_the_others(
    new_hook: NewHook, receiver: Receiver, tell: Tell, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postman, "LOOK_SECONDS", 0.05)
    real = web_poster.post

    async def broken(url: str, **kwargs: Any) -> Any:
        if url.endswith("/broken"):
            raise RuntimeError("a bug")
        return await real(url, **kwargs)

    monkeypatch.setattr(postman, "post", broken)
    new_hook(receiver.url + "/broken")
    new_hook(receiver.url)
    tell("one")
    with sending(clock):
        assert receiver.came.wait(20)
        receiver.came.clear()
        tell("two")
        assert receiver.came.wait(20)

    assert {json.loads(got.body)["data"]["visitId"] for got in receiver.got} == {"one", "two"}
    assert WebhookDelivery.objects.filter(status="pending", endpoint__url__endswith="/broken").count() == 2
