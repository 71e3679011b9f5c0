"""Sample data to try the workspace with: two owners, three sites, keys in every state, and some use of them.

Everything goes through the services that people's own work goes through, so what is made here is what they
could have made. Names, public ids and rules are the same on every server; key values are derived from its
secret key, so that nobody who has read this file knows them.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.crypto import salted_hmac

from workspace.core.names import site_id
from workspace.core.policy import PRESETS
from workspace.core.roles import Role
from workspace.io.transactions import write_transaction
from workspace.models import Site, User
from workspace.services.admission import key_admit
from workspace.services.audit import COMMAND_LINE, Actor
from workspace.services.configs import site_config_patch
from workspace.services.keys import Minted, key_create, key_rotate, key_update, secret_mint
from workspace.services.members import invitation_accept, invitation_create
from workspace.services.owners import owner_create
from workspace.services.sites import site_create

BAKERY, TRAVEL = "bakery", "travel"
AGE = timedelta(days=30)
"""How long ago the sites were made."""
DAYS_OF_USE = 14
OVERLAP_SECONDS = 604_800


class NamesTaken(Exception):
    """Owners of the sample's names are there, but not its sites: they are somebody's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One site: its owner, what it is called and where it is, its policy (a preset and what differs from it),
    and its configuration."""

    owner: str
    name: str
    suffix: str
    host: str
    preset: str
    differs: Mapping[str, Any]
    config: Mapping[str, Any]

    @property
    def public_id(self) -> str:
        """The siteId, the same on every server."""
        return site_id(self.name, self.suffix)

    @property
    def policy(self) -> dict[str, Any]:
        """What its keys may."""
        return {**PRESETS[self.preset].values, **self.differs}


SHOP = Sample(
    owner=BAKERY,
    name="Corner Bakery",
    suffix="seed01",
    host="bakery.example",
    preset="careful",
    differs={"agentName": "Crumb"},
    config={
        "businessType": "restaurant",
        "greeting": {"text": "Fresh bread until six. Shall I find something for you?", "delay": 2_000},
        "aiAccess": {"enabled": True, "allowCloudBrowser": False},
        "shortcuts": [
            {
                "id": "opening-hours",
                "label": "Opening hours",
                "prompt": "Tell me when the bakery is open this week, holidays included.",
                "icon": "🕕",
                "order": 1,
                "runKind": "guide",
                "sideEffect": "none",
            },
            {
                "id": "order-cake",
                "label": "Order a cake",
                "prompt": "Help me order a birthday cake: ask for size, taste and day, then fill the form.",
                "icon": "🎂",
                "order": 2,
                "runKind": "task",
                "sideEffect": "transactional",
                "requiresConfirmation": True,
            },
        ],
    },
)
TOURS = Sample(
    owner=TRAVEL,
    name="Harbour Tours",
    suffix="seed02",
    host="harbour-tours.example",
    preset="open",
    differs={"agentName": "Skipper"},
    config={
        "businessType": "travel",
        "greeting": {"text": "Ask {name} for the next boat.", "duration": 6_000},
        "voice": {"enabled": True, "language": "en-GB"},
        "aiAccess": {"enabled": True, "allowCloudBrowser": True, "allowDelegatedHandoffs": True},
        "shortcuts": [
            {
                "id": "next-boat",
                "label": "Next boat",
                "prompt": "Find the next boat with free seats for the number of people I say.",
                "icon": "⛵",
                "tags": ["timetable"],
                "inputSchema": {
                    "type": "object",
                    "properties": {"people": {"type": "integer", "minimum": 1, "maximum": 12}},
                    "required": ["people"],
                },
            },
        ],
    },
)
JOURNAL = Sample(
    owner=TRAVEL,
    name="Travel Journal",
    suffix="seed03",
    host="journal.example",
    preset="balanced",
    differs={"siteMode": "analytics_only"},
    config={"businessType": "general", "aiAccess": {"enabled": False}},
)
SAMPLES = (SHOP, TOURS, JOURNAL)


def seed(*, now: datetime) -> bool:
    """Make the sample data, all or nothing. False: they were there, and nothing was changed.

    Raises:
        NamesTaken: somebody else has an owner of one of the names.
    """
    with write_transaction():
        if Site.objects.filter(public_id__in=[sample.public_id for sample in SAMPLES]).exists():
            return False
        if User.objects.filter(username__in=(BAKERY, TRAVEL)).exists():
            raise NamesTaken(f"there is an owner {BAKERY} or {TRAVEL} already.")
        made = now - AGE
        bakery = owner_create(username=BAKERY, password=None, actor=COMMAND_LINE, now=made)
        travel = owner_create(username=TRAVEL, password=None, actor=COMMAND_LINE, now=made)
        shop, tours, journal = (
            _site(SHOP, bakery, made),
            _site(TOURS, travel, made),
            _site(JOURNAL, travel, made),
        )
        _join(bakery, tours, made)
        till = _shop_keys(shop, made)
        boats = _key(tours, TOURS, "Website", ["harbour-tours.example"], made)
        kiosk = _key(tours, TOURS, "Kiosk on the pier", ["=kiosk.harbour-tours.example"], made)
        pages = _key(journal, JOURNAL, "Website", ["journal.example"], made)
        _use(till, "bakery.example", "bakery.example.cheap-copies.example", now)
        _use(boats, "www.harbour-tours.example", "partner.example", now)
        _use(pages, "journal.example", "", now)
        _close(kiosk, now - timedelta(days=3))
        _rotate(boats, now - timedelta(days=1))
    return True


def _site(sample: Sample, owner: User, now: datetime) -> Site:
    site = site_create(
        actor=COMMAND_LINE,
        owner=owner,
        name=sample.name,
        host=sample.host,
        suffix=sample.suffix,
        now=now,
        note="sample data",
    )
    site_config_patch(actor=COMMAND_LINE, site=site, patch=sample.config, max_stored=100, now=now)
    return site


def _join(user: User, site: Site, now: datetime) -> None:
    secret = invitation_create(
        actor=COMMAND_LINE, site=site, role=Role.VIEWER.value, now=now, note="the bakery on the pier"
    )
    invitation_accept(actor=Actor(user=user, door=COMMAND_LINE.door), secret=secret, now=now)


def _shop_keys(site: Site, now: datetime) -> Minted:
    """The production key; beside it one for development, and one of tests that ends ten days from today."""
    production = _key(site, SHOP, "Website", ["bakery.example", "=order.bakery.example"], now)
    secret_mint(actor=COMMAND_LINE, key=production.key, now=now, note="for the till")
    _key(site, SHOP, "Development", ["localhost", "127.0.0.1", "[::1]"], now, environment="development")
    _key(site, SHOP, "Browser tests", ["*"], now, environment="test", ttl_days=AGE.days + 10)
    return production


def _close(kiosk: Minted, now: datetime) -> None:
    key_update(actor=COMMAND_LINE, key=kiosk.key, active=False, now=now, note="closed for the winter")


def _rotate(boats: Minted, now: datetime) -> None:
    key_rotate(
        actor=COMMAND_LINE,
        key=boats.key,
        grace_seconds=OVERLAP_SECONDS,
        now=now,
        note="a new value before the season",
        new_value=_derived(f"{boats.key.site.public_id} {boats.key.label}, second"),
    )


def _key(
    site: Site,
    sample: Sample,
    label: str,
    domains: list[str],
    now: datetime,
    *,
    environment: str = "production",
    ttl_days: int = 0,
) -> Minted:
    return key_create(
        actor=COMMAND_LINE,
        site=site,
        label=label,
        allowed_domains=domains,
        environment=environment,
        ttl_days=ttl_days,
        policy=sample.policy,
        now=now,
        new_value=_derived(f"{site.public_id} {label}"),
    )


def _use(minted: Minted, host: str, foreign: str, now: datetime) -> None:
    """Two weeks of visits, few as they are, and some from a host that is not allowed."""
    for day in range(DAYS_OF_USE):
        at = now - timedelta(days=DAYS_OF_USE - 1 - day)
        for _ in range(1 + day % 3):
            key_admit(value=minted.value, url=f"https://{host}/", capability="roverEmbed", now=at)
        if foreign and day % 4 == 1:
            key_admit(value=minted.value, url=f"https://{foreign}/", capability="roverEmbed", now=at)


def _derived(name: str) -> Callable[[str], str]:
    """What makes the value of a key: secret, but the same each time on one server."""
    secret = salted_hmac("rover.seed", name, algorithm="sha256").digest()
    return lambda prefix: prefix + urlsafe_b64encode(secret).decode().rstrip("=")
