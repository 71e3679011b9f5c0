"""Sites with keys and claims, for the question which of them answers for a host."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from workspace.models import HostClaim, Site, SiteKey, User
from workspace.selectors.reception import reception_for
from workspace.services.audit import Actor
from workspace.services.keys import key_create
from workspace.services.sites import site_create

HOST = "shop.example"


@dataclass
class Directory:
    """Makes sites with keys and claims; each key a minute younger than the one before."""

    owner: User
    actor: Actor
    now: datetime
    n_keys: int = 0
    sites: dict[str, Site] = field(default_factory=dict)

    def site(self, name: str = "shop", *, owner: User | None = None) -> Site:
        if name not in self.sites:
            self.sites[name] = site_create(
                actor=self.actor, owner=owner or self.owner, name=name, host=HOST, now=self.now
            )
        return self.sites[name]

    def key(self, *domains: str, site: str = "shop", **arguments: Any) -> SiteKey:
        self.n_keys += 1
        made = key_create(
            actor=self.actor,
            site=self.site(site),
            label=f"key {self.n_keys}",
            allowed_domains=list(domains or [HOST]),
            now=self.now - timedelta(days=1) + timedelta(minutes=self.n_keys),
            **arguments,
        )
        return made.key

    def prove(self, host: str = HOST, *, site: str = "shop", lost: bool = False) -> HostClaim:
        return HostClaim.objects.create(
            site=self.site(site),
            host=host,
            token="t",
            created_at=self.now,
            proved_at=self.now,
            lost_at=self.now if lost else None,
        )

    def found(self, host: str = HOST, *, after: timedelta = timedelta(0)) -> SiteKey | None:
        """The key under which the host is answered for."""
        reception = reception_for(host, now=self.now + after)
        return None if reception is None else reception.key
