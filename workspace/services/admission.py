"""A site key is presented for a host: may it be used there? Every answer is counted, so that owners see both
where a key works and what was refused.

Used by whatever accepts a key: the runtime's session, the task API, the install verifier never.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from workspace.core.hosts import parse_target
from workspace.core.patterns import ScopeMode
from workspace.core.scope import Scope
from workspace.core.tokens import digest
from workspace.io.transactions import write_transaction
from workspace.models import KeyUsage, SiteKey
from workspace.selectors.keys import key_state

HOSTS_PER_DAY = 100
OTHER_HOSTS = "(other hosts)"
_REFUSED_STATES = {
    "revoked": "revoked",
    "archived": "site_archived",
    "expired": "expired",
    "disabled": "inactive",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The verdict: `key` None when the value is unknown; `reason` '' when admitted, else one of unknown_key,
    revoked, site_archived, expired, inactive, bad_host, domain_not_allowed, missing_capability."""

    key: SiteKey | None
    host: str
    reason: str
    message: str

    @property
    def is_admitted(self) -> bool:
        """Whether the key may be used there."""
        return self.reason == ""


def key_admit(*, value: str, url: str, capability: str, now: datetime) -> Admission:
    """Judge a `pk_site_…` presented for a page. `url` is the page's address or host, `capability` what is
    asked for, e.g. roverEmbed."""
    key = SiteKey.objects.select_related("site", "site__owner").filter(digest=digest(value)).first()
    if key is None:
        return Admission(key=None, host="", reason="unknown_key", message="This key is not known here.")
    target = parse_target(url)
    host = target.host if target else ""
    reason, message = _refusal(key, url, host, capability, now)
    key_seen(key=key, host=host or "(none)", reason=reason, now=now)
    return Admission(key=key, host=host, reason=reason, message=message)


def _refusal(key: SiteKey, url: str, host: str, capability: str, now: datetime) -> tuple[str, str]:
    state = key_state(key, now)
    if state in _REFUSED_STATES:
        return _REFUSED_STATES[state], f"This key is {state}."
    if not host:
        return "bad_host", "The page's address has no valid host."
    scope = Scope.compile(key.normalized_domains, ScopeMode(key.policy["domainScopeMode"]))
    decision = scope.decide(url)
    if not decision.in_scope:
        return "domain_not_allowed", decision.message
    if key.capabilities.get(capability) is not True:
        return "missing_capability", f"missing capability: {capability}"
    return "", "allowed"


def key_seen(*, key: SiteKey, host: str, reason: str, now: datetime) -> None:
    """Count one presentation. After `HOSTS_PER_DAY` hosts of one day the rest share a row: whoever knows a
    public key may present it for any number of hosts."""
    host = host[:253]
    with write_transaction():
        today = KeyUsage.objects.filter(key=key, day=now.date())
        row = today.filter(host=host, reason=reason)
        if not row.exists() and today.count() >= HOSTS_PER_DAY:
            host = OTHER_HOSTS
        usage, _ = KeyUsage.objects.get_or_create(
            key=key, day=now.date(), host=host, reason=reason, defaults={"last_at": now}
        )
        KeyUsage.objects.filter(pk=usage.pk).update(count=F("count") + 1, last_at=now)
        if not reason:
            SiteKey.objects.filter(pk=key.pk).exclude(last_used_at__gt=now).update(
                last_used_at=now, last_used_host=host
            )
