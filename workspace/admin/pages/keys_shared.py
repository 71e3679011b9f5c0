"""What the pages of site keys share: finding a key within its site, and what they show of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone

from workspace.core.domain_trial import Rules, Trial, stopped_by, try_host
from workspace.core.patterns import Coverage, EntryReview, ScopeMode, coverage
from workspace.core.policy_texts import POLICY_TEXTS
from workspace.io.secretbox import Unreadable
from workspace.models import Site, SiteKey
from workspace.selectors.keys import key_state, key_value
from workspace.selectors.overview import EXPIRY_WARNING_DAYS

USABLE = frozenset({"active", "disabled", "expired", "archived"})
"""States in which a key can be changed; a rotated or ended one has had its day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """One rule with what it covers; `coverage` is None for one that cannot be saved."""

    review: EntryReview
    coverage: Coverage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownKey:
    """A key as the pages show it. `value` '' cannot be read any more; `warning` is what its expiry asks for,
    '' for nothing."""

    key: SiteKey
    state: str
    value: str
    warning: str

    @property
    def can_change(self) -> bool:
        """Whether its rules may be edited."""
        return self.state in USABLE

    @property
    def can_switch(self) -> bool:
        """Whether on and off make a difference."""
        return self.state in {"active", "disabled"}


def key_in(site: Site, key_id: UUID) -> SiteKey:
    """The site's key with this id, 404 for any other."""
    key = get_object_or_404(site.keys.select_related("rotated_from"), pk=key_id)
    key.site = site
    return key


def shown(key: SiteKey, now: datetime) -> ShownKey:
    """The key with its state, value and warning."""
    state = key_state(key, now)
    return ShownKey(key=key, state=state, value=_value(key), warning=_warning(key, state, now))


def rules_of(key: SiteKey, entries: list[str] | None = None, *, allow_intranet: bool | None = None) -> Rules:
    """The key's rules as saved, or with other entries as they are being typed."""
    intranet = key.allow_intranet if allow_intranet is None else allow_intranet
    same = entries is None or (entries == list(key.allowed_domains) and intranet == key.allow_intranet)
    return Rules(
        entries=tuple(key.normalized_domains if entries is None else entries),
        mode=mode_of(key),
        environment=key.environment,
        ttl_days=key.ttl_days,
        allow_intranet=intranet,
        is_saved=same,
    )


def rule_rows(rules: Rules) -> list[RuleRow]:
    """Each rule with what it covers."""
    return [
        RuleRow(review=one, coverage=coverage(one.pattern, rules.mode) if one.pattern else None)
        for one in rules.reviews()
    ]


def trial_of(key: SiteKey, text: str, rules: Rules) -> Trial:
    """Would the key work there, under these rules?"""
    stopped = stopped_by(key_state(key, timezone.now()), has_embed=key.capabilities.get("roverEmbed") is True)
    return try_host(text, rules, stopped=stopped)


def mode_of(key: SiteKey) -> ScopeMode:
    """How plain rules are read."""
    return ScopeMode(key.policy["domainScopeMode"])


def mode_words(key: SiteKey) -> str:
    """The mode in plain words: "this host and its subdomains"."""
    return POLICY_TEXTS["domainScopeMode"].choices[mode_of(key).value]


def _value(key: SiteKey) -> str:
    try:
        return key_value(key)
    except Unreadable:
        return ""


def _warning(key: SiteKey, state: str, now: datetime) -> str:
    if state not in {"active", "disabled"} or key.expires_at is None:
        return ""
    left = key.expires_at - now
    if left > timedelta(days=EXPIRY_WARNING_DAYS):
        return ""
    return "ends today" if left.days == 0 else f"ends in {left.days} day{'s' if left.days > 1 else ''}"
