"""Which site answers when an agent names a URL: the one that speaks for its host and lists it."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db import connection

from workspace.core.environments import Environment
from workspace.core.hosts import is_local_name
from workspace.core.patterns import ScopeMode, parse_pattern
from workspace.core.scope import Scope
from workspace.core.site_config import AiAccessEffective, ai_access_effective, empty_site_config
from workspace.models import Site, SiteKey
from workspace.selectors.keys import key_state

KEYS_READ = 500
EXACT = 1_000
"""Closer than the longest name that a rule can hold."""
HOSTS_KEPT = 256
_OPEN_STATES = frozenset({"active", "rotating"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """A site that answers for a host, and the key under whose rules it does. `scope`: the key's domains;
    `access`: what agents may; `config`: the site's whole configuration."""

    site: Site
    key: SiteKey
    scope: Scope
    access: AiAccessEffective
    config: Mapping[str, Any]

    @property
    def takes_tasks(self) -> bool:
        """Whether agents may start tasks here at all."""
        return self.access.enabled and self.key.policy["siteMode"] == "agent"

    @property
    def allows_cloud(self) -> bool:
        """Whether a task may run on this server, without a browser."""
        return self.access.cloud_browser and self.key.capabilities.get("cloudAgent") is True

    def shortcut(self, shortcut_id: str) -> Mapping[str, Any] | None:
        """The enabled shortcut with this id."""
        found = (each for each in self.config["shortcuts"] if each["id"] == shortcut_id)
        return next((each for each in found if each.get("enabled", True)), None)


def reception_for(host: str, *, now: datetime) -> Reception | None:
    """The site that speaks for `host` (as `workspace.core.hosts.parse_host` returns it), or None.

    Its control of the host must be proved; on somebody's own machine a key for development or test is
    enough, and there the site of the newest wins. Of several keys of a site the one whose rule is the most
    specific counts, then production before others, then the newest.
    """
    found = [each for each in _candidates(host) if key_state(each.key, now) in _OPEN_STATES]
    if not found:
        return None
    newest = max(found, key=lambda each: each.key.created_at)  # where hosts are proved, all are of one site
    ours = (each for each in found if each.key.site_id == newest.key.site_id)
    best = max(ours, key=lambda each: each.rank)
    return _reception(best.key, best.scope)


def reception_of(key: SiteKey) -> Reception:
    """The same for a key that is known, whatever its state."""
    return _reception(key, _scope(key))


def _reception(key: SiteKey, scope: Scope) -> Reception:
    try:
        content = key.site.config.content
    except ObjectDoesNotExist:
        content = {}
    config = empty_site_config() | content
    return Reception(
        site=key.site, key=key, scope=scope, access=ai_access_effective(config["aiAccess"]), config=config
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A key that covers the host."""

    rank: tuple[int, bool, datetime]
    key: SiteKey
    scope: Scope


class _Known:
    """What was read and compiled for the hosts asked for last. It is used again only while the database gives
    the same marks: every edit of a key, a site or a configuration changes one."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._by_host: OrderedDict[str, tuple[object, list[_Candidate]]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, host: str, marks: object) -> list[_Candidate] | None:
        """What was kept, if nothing has changed since."""
        with self._lock:
            kept = self._by_host.get(host)
            return kept[1] if kept is not None and kept[0] == marks else None

    def keep(self, host: str, marks: object, candidates: list[_Candidate]) -> None:
        """Remember it; the host asked for longest ago makes room."""
        with self._lock:
            self._by_host.pop(host, None)
            self._by_host[host] = (marks, candidates)
            if len(self._by_host) > self._size:
                self._by_host.popitem(last=False)


_known = _Known(HOSTS_KEPT)

# The keys of the site that has proved the host; for a local name also those for development and test. It is
# the search to `workspace.selectors.claims.speaks_for`.
_MARKS = """
SELECT k.id, k.revision, k.expires_at, k.grace_until, s.revision, s.owner_id, c.version
FROM workspace_sitekey k
JOIN workspace_site s ON s.id = k.site_id
LEFT JOIN workspace_siteconfig c ON c.site_id = s.id
WHERE k.active AND k.revoked_at IS NULL AND s.archived_at IS NULL
  AND (s.id IN (SELECT site_id FROM workspace_hostclaim
                WHERE host = %s AND proved_at IS NOT NULL AND lost_at IS NULL)
       OR (%s AND k.environment IN ('development', 'test')))
ORDER BY k.created_at DESC, k.id LIMIT %s
"""


def _candidates(host: str) -> list[_Candidate]:
    with connection.cursor() as cursor:
        cursor.execute(_MARKS, [host, is_local_name(host), KEYS_READ])
        marks = cursor.fetchall()
    known = _known.get(host, marks)
    if known is None:
        known = _read(host, [row[0] for row in marks])
        _known.keep(host, marks, known)
    return known


def _read(host: str, key_ids: Sequence[UUID]) -> list[_Candidate]:
    keys = SiteKey.objects.filter(pk__in=key_ids).select_related("site", "site__config") if key_ids else ()
    return [
        _Candidate(rank=_rank(key, host), key=key, scope=scope)
        for key in keys
        if key.capabilities.get("roverEmbed") is True and (scope := _scope(key)).covers(host)
    ]


def _scope(key: SiteKey) -> Scope:
    return Scope.compile(key.normalized_domains, ScopeMode(key.policy["domainScopeMode"]))


def _rank(key: SiteKey, host: str) -> tuple[int, bool, datetime]:
    """An exact rule before a longer one before a shorter one before `*`; of a key its best rule counts."""
    mode = ScopeMode(key.policy["domainScopeMode"])
    covering = [rule for rule in key.normalized_domains if Scope.compile([rule], mode).covers(host)]
    closest = max(_closeness(rule, host) for rule in covering)
    return (closest, key.environment == Environment.PRODUCTION.value, key.created_at)


def _closeness(rule: str, host: str) -> int:
    pattern = parse_pattern(rule)
    named = pattern.host if pattern else ""
    return EXACT if named == host else len(named)
