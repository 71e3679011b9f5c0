"""A site whose webhooks are sent, a receiver, and a postman whose clock the tests set."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from roverbook.core.happenings import Happening
from roverbook.models import NotificationSettings, WebhookDelivery, WebhookEndpoint
from roverbook.services.announcing import announce
from roverbook.services.webhooks.endpoints import webhook_save
from roverbook.services.webhooks.postman import Postman
from tests.roverbook.webhooks.receiver import Receiver, receiving
from workspace.core.doors import Door
from workspace.io.transactions import write_transaction
from workspace.models import Site, User
from workspace.services.audit import Actor
from workspace.services.owners import owner_create
from workspace.services.sites import site_create


@dataclass
class Clock:
    """Stands still until it is told to go on."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock(timezone.now())


@pytest.fixture
def owner(db: None) -> User:
    return owner_create(username="owner", password=None)


@pytest.fixture
def actor(owner: User) -> Actor:
    return Actor(user=owner, door=Door.WORKSPACE, ip="192.0.2.1")


@pytest.fixture
def new_site(owner: User, actor: Actor, clock: Clock) -> Callable[[str], Site]:
    """Make a site of this name whose webhooks are switched on."""

    def made(name: str) -> Site:
        site = site_create(actor=actor, owner=owner, name=name, host=f"{name.lower()}.example", now=clock.now)
        NotificationSettings.objects.create(site=site, enabled=True, updated_at=clock.now)
        return site

    return made


@pytest.fixture
def site(new_site: Callable[[str], Site]) -> Site:
    return new_site("Bakery")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


NewHook = Callable[..., tuple[WebhookEndpoint, str]]


@pytest.fixture
def new_hook(site: Site, actor: Actor, clock: Clock) -> NewHook:
    """Make a webhook; returns it and its secret."""

    def made(url: str, *, at: Site | None = None, **fields: Any) -> tuple[WebhookEndpoint, str]:
        return webhook_save(actor=actor, site=at or site, fields={"url": url, **fields}, now=clock.now)

    return made


@pytest.fixture
def hook(new_hook: NewHook, receiver: Receiver) -> WebhookEndpoint:
    return new_hook(receiver.url)[0]


Tell = Callable[..., None]


@pytest.fixture
def tell(site: Site, clock: Clock) -> Tell:
    """Announce something that happened on the site."""

    def told(
        key: str = "one", *, event: Happening = Happening.VISIT_FAILED, at: Site | None = None, **data: Any
    ) -> None:
        with write_transaction():
            announce(site=at or site, event=event, key=key, data=data or {"visitId": key}, now=clock.now)

    return told


@pytest.fixture
def send(clock: Clock) -> Callable[[], int]:
    """Send what is due at the clock's time, to the end; returns how many attempts were begun."""
    return lambda: asyncio.run(Postman(clock=clock).run_due())


def only_delivery() -> WebhookDelivery:
    return WebhookDelivery.objects.select_related("message", "task", "endpoint").get()
