"""Two owners, a viewer, an administrator, and the first owner's site with a key."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pytest
from django.test import Client
from django.utils import timezone

from workspace.core.doors import Door
from workspace.core.tokens import Scope
from workspace.models import Membership, Site, SiteKey, User
from workspace.services.audit import Actor
from workspace.services.keys import key_create
from workspace.services.owners import owner_create, owner_token_create
from workspace.services.sites import site_create


@dataclass(frozen=True)
class Named:
    """A key and its value."""

    key: SiteKey
    value: str


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def owner(db: None) -> User:
    return owner_create(username="owner", password=None)


@pytest.fixture
def other(db: None) -> User:
    return owner_create(username="other", password=None)


@pytest.fixture
def administrator(db: None) -> User:
    return owner_create(username="administrator", password=None, is_superuser=True)


@pytest.fixture
def actor(owner: User) -> Actor:
    return Actor(user=owner, door=Door.WORKSPACE, ip="192.0.2.1")


@pytest.fixture
def site(owner: User, actor: Actor, now: datetime) -> Site:
    return site_create(actor=actor, owner=owner, name="Corner Bakery", host="bakery.example", now=now)


@pytest.fixture
def viewer(db: None, site: Site, now: datetime) -> User:
    person = owner_create(username="viewer", password=None)
    Membership.objects.create(site=site, user=person, role="viewer", created_at=now)
    return person


@pytest.fixture
def colleague(db: None, site: Site, now: datetime) -> User:
    """An admin of the site who is not its owner."""
    person = owner_create(username="colleague", password=None)
    Membership.objects.create(site=site, user=person, role="admin", created_at=now)
    return person


@pytest.fixture
def minted(site: Site, actor: Actor, now: datetime) -> Named:
    made = key_create(actor=actor, site=site, label="Production", allowed_domains=["bakery.example"], now=now)
    return Named(made.key, made.value)


@pytest.fixture
def key(minted: Named) -> SiteKey:
    return minted.key


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """A browser in which this person is signed in."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def token_of(now: datetime) -> Callable[..., str]:
    """An owner token; all scopes unless named."""

    def made(user: User, *scopes: Scope) -> str:
        return owner_token_create(owner=user, name="script", scopes=scopes or tuple(Scope), now=now)

    return made
