"""Site keys: issued, changed, rotated, ended."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final

from django.db.models import F, Q

from workspace.core.capabilities import capability_defaults, patched_capabilities
from workspace.core.environments import MAX_TTL_DAYS, Environment
from workspace.core.field_types import checked_text
from workspace.core.fields import FieldError, InvalidFields
from workspace.core.names import KEY_LABEL_MAX
from workspace.core.patterns import InvalidPatterns, PatternList, ScopeMode, validate_patterns
from workspace.core.policy import patched_policy, policy_defaults, sandbox_effects
from workspace.core.refusals import KeyEnded, LimitReached, StaleEdit
from workspace.core.tokens import digest, hint, mint
from workspace.io.secretbox import seal
from workspace.io.transactions import write_transaction
from workspace.models import Site, SiteKey
from workspace.services.audit import Actor, Subject, record

PUBLIC_PREFIX = "pk_site_"
SECRET_PREFIX = "sk_site_"  # noqa: S105 - a public prefix, no secret
PREFIX_SHOWN = 12
MAX_GRACE_SECONDS = 604_800


class Unset(Enum):
    """The absence of an argument whose None has a meaning."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """A key row and its `pk_site_…` value."""

    key: SiteKey
    value: str


def key_create(
    *,
    actor: Actor,
    site: Site,
    label: object,
    allowed_domains: object,
    now: datetime,
    environment: object = "production",
    ttl_days: object = None,
    capabilities: object = None,
    policy: object = None,
    allow_intranet: bool = False,
    note: str = "",
    new_value: Callable[[str], str] = mint,
) -> Minted:
    """A new key of the site. Values as they came from outside; every one is checked.

    `ttl_days`: 0 never ends, None takes the environment's default. `capabilities` and `policy` are patches on
    the defaults. `new_value` makes the secret part behind a prefix; sample data derive theirs.

    Raises:
        InvalidFields: with every field that is wrong, under the contract's names.
        LimitReached: the site has as many live keys as allowed.
    """
    wanted = _Wanted()
    name = wanted.label(label)
    where = wanted.environment(environment)
    days = wanted.ttl_days(ttl_days, where)
    powers = wanted.capabilities(capability_defaults(), capabilities)
    rules = wanted.policy(policy_defaults(), policy)
    domains = wanted.domains(allowed_domains, where, days, allow_intranet, rules)
    wanted.raise_errors()
    rules, powers = sandbox_effects(rules, powers, before=policy_defaults())
    value = new_value(PUBLIC_PREFIX)
    with write_transaction():
        _check_limit(site)
        key = SiteKey.objects.create(
            site=site,
            label=name,
            environment=where.value,
            allowed_domains=list(domains.raw),
            normalized_domains=list(domains.normalized),
            allow_intranet=allow_intranet,
            capabilities=powers,
            policy=rules,
            ttl_days=days,
            created_at=now,
            expires_at=now + timedelta(days=days) if days else None,
            **_value_fields(value),
        )
        _log(actor, "created", key, {}, _audited(key), now, note)
    return Minted(key=key, value=value)


def key_update(
    *,
    actor: Actor,
    key: SiteKey,
    now: datetime,
    label: object = UNSET,
    allowed_domains: object = UNSET,
    active: object = UNSET,
    capabilities: object = UNSET,
    policy: object = UNSET,
    ttl_days: object = UNSET,
    allow_intranet: bool | Unset = UNSET,
    revision: int | None = None,
    note: str = "",
) -> SiteKey:
    """Change what is given. `capabilities` and `policy` are patches, `allowed_domains` a replacement.

    `revision`: the edit was made on this state; None takes the present one.

    Raises:
        InvalidFields, KeyEnded, StaleEdit.
    """
    _check_live(key, now)
    wanted = _Wanted()
    where = Environment(key.environment)
    days = key.ttl_days if ttl_days is UNSET else wanted.ttl_days(ttl_days, where)
    intranet = key.allow_intranet if allow_intranet is UNSET else allow_intranet
    changes: dict[str, Any] = {"allow_intranet": intranet}
    if label is not UNSET:
        changes["label"] = wanted.label(label)
    if active is not UNSET:
        changes["active"] = wanted.flag("active", active)
    if ttl_days is not UNSET:
        changes |= {"ttl_days": days, "expires_at": now + timedelta(days=days) if days else None}
    powers = (
        key.capabilities if capabilities is UNSET else wanted.capabilities(key.capabilities, capabilities)
    )
    rules = key.policy if policy is UNSET else wanted.policy(key.policy, policy)
    if allowed_domains is not UNSET or ttl_days is not UNSET or allow_intranet is not UNSET:
        given = key.allowed_domains if allowed_domains is UNSET else allowed_domains
        domains = wanted.domains(given, where, days, intranet, rules)
        changes |= {
            "allowed_domains": list(domains.raw),
            "normalized_domains": list(domains.normalized),
        }
    wanted.raise_errors()
    rules, powers = sandbox_effects(rules, powers, before=key.policy)
    changes |= {"capabilities": powers, "policy": rules}
    before = _audited(key)
    if all(getattr(key, name) == value for name, value in changes.items()):
        return _unchanged(key, revision)
    with write_transaction():
        found = SiteKey.objects.filter(pk=key.pk, revoked_at=None)
        if not found.filter(revision=key.revision if revision is None else revision).update(
            **changes, revision=F("revision") + 1
        ):
            raise StaleEdit("Somebody changed this key in between.")
        key.refresh_from_db()
        _log(actor, "changed", key, before, _audited(key), now, note)
    return key


def _unchanged(key: SiteKey, revision: int | None) -> SiteKey:
    """Nothing was asked for that is not so already: no new revision, no row in the log."""
    if revision is not None and not SiteKey.objects.filter(pk=key.pk, revision=revision).exists():
        raise StaleEdit("Somebody changed this key in between.")
    return key


def key_rotate(
    *,
    actor: Actor,
    key: SiteKey,
    now: datetime,
    label: object = UNSET,
    capabilities: object = UNSET,
    policy: object = UNSET,
    grace_seconds: object = 0,
    note: str = "",
    new_value: Callable[[str], str] = mint,
) -> Minted:
    """A new value with the same rules. The old one ends at once, or after `grace_seconds` (0 to 604,800).

    The new key is a row of its own, so that the use of both can be told apart during the overlap.

    Raises:
        InvalidFields, KeyEnded: it was revoked or rotated before.
    """
    _check_live(key, now)
    wanted = _Wanted()
    grace = wanted.grace(grace_seconds)
    name = key.label if label is UNSET else wanted.label(label)
    powers = (
        key.capabilities if capabilities is UNSET else wanted.capabilities(key.capabilities, capabilities)
    )
    rules = key.policy if policy is UNSET else wanted.policy(key.policy, policy)
    wanted.raise_errors()
    rules, powers = sandbox_effects(rules, powers, before=key.policy)
    value = new_value(PUBLIC_PREFIX)
    with write_transaction():
        ended = {"grace_until": now + timedelta(seconds=grace)} if grace else _ended(now)
        if not SiteKey.objects.filter(pk=key.pk, revoked_at=None, grace_until=None).update(
            **ended, revision=F("revision") + 1
        ):
            raise KeyEnded("This key was rotated or ended in between.")
        heir = _heir(key, value, now, label=name, capabilities=powers, policy=rules)
        key.refresh_from_db()
        _log(
            actor,
            "rotated",
            heir,
            _audited(key) | {"keyId": str(key.pk)},
            _audited(heir) | {"keyId": str(heir.pk), "graceSeconds": grace, "rotatedFromKeyId": str(key.pk)},
            now,
            note,
        )
    return Minted(key=heir, value=value)


def _heir(key: SiteKey, value: str, now: datetime, **changed: Any) -> SiteKey:
    """A new row with the rules of `key`, but for what is `changed`."""
    return SiteKey.objects.create(
        site=key.site,
        environment=key.environment,
        allowed_domains=key.allowed_domains,
        normalized_domains=key.normalized_domains,
        allow_intranet=key.allow_intranet,
        ttl_days=key.ttl_days,
        active=key.active,
        created_at=now,
        expires_at=now + timedelta(days=key.ttl_days) if key.ttl_days else None,
        rotated_from=key,
        **changed,
        **_value_fields(value),
    )


def key_end_now(*, actor: Actor, key: SiteKey, now: datetime, note: str = "") -> None:
    """Revoke a key for good, also one in its grace. A second time changes nothing."""
    with write_transaction():
        if SiteKey.objects.filter(pk=key.pk, revoked_at=None).update(
            **_ended(now), revision=F("revision") + 1
        ):
            key.refresh_from_db()
            _log(actor, "revoked", key, {"revoked": False}, {"revoked": True}, now, note)


def key_extend_grace(
    *, actor: Actor, key: SiteKey, grace_seconds: object, now: datetime, note: str = ""
) -> None:
    """Let a rotated key answer until `grace_seconds` from now.

    Raises:
        InvalidFields; KeyEnded: it is not in its grace.
    """
    wanted = _Wanted()
    grace = wanted.grace(grace_seconds)
    wanted.raise_errors()
    until = now + timedelta(seconds=grace)
    with write_transaction():
        live = SiteKey.objects.filter(pk=key.pk, revoked_at=None, grace_until__gt=now)
        if not live.update(grace_until=until, revision=F("revision") + 1):
            raise KeyEnded("This key is not in its overlap any more.")
        before = {"graceUntil": key.grace_until.isoformat() if key.grace_until else None}
        key.refresh_from_db()
        _log(actor, "grace_changed", key, before, {"graceUntil": until.isoformat()}, now, note)


def secret_mint(
    *, actor: Actor, key: SiteKey, now: datetime, revision: int | None = None, note: str = ""
) -> str:
    """A new `sk_site_…` for servers, in place of any earlier one; returned this once.

    `revision`: asked for on this state of the key; None takes the present one.

    Raises:
        KeyEnded, StaleEdit.
    """
    _check_live(key, now)
    secret = mint(SECRET_PREFIX)
    with write_transaction():
        same = SiteKey.objects.filter(pk=key.pk, revision=key.revision if revision is None else revision)
        if not same.update(
            secret_digest=digest(secret), secret_hint=hint(secret), revision=F("revision") + 1
        ):
            raise StaleEdit("Somebody changed this key in between.")
        before = {"secretHint": key.secret_hint}
        key.refresh_from_db()
        _log(actor, "secret_created", key, before, {"secretHint": key.secret_hint}, now, note)
    return secret


def secret_revoke(*, actor: Actor, key: SiteKey, now: datetime, note: str = "") -> None:
    """End the key's `sk_site_…`. Without one, nothing changes."""
    with write_transaction():
        if SiteKey.objects.filter(pk=key.pk, secret_digest__isnull=False).update(
            secret_digest=None, secret_hint="", revision=F("revision") + 1
        ):
            before = {"secretHint": key.secret_hint}
            key.refresh_from_db()
            _log(actor, "secret_revoked", key, before, {"secretHint": ""}, now, note)


def _value_fields(value: str) -> dict[str, str]:
    return {
        "digest": digest(value),
        "sealed_value": seal(value),
        "prefix": value[:PREFIX_SHOWN],
        "suffix": value[-4:],
    }


def _ended(now: datetime) -> dict[str, Any]:
    return {"revoked_at": now, "active": False, "grace_until": None}


def _check_live(key: SiteKey, now: datetime) -> None:
    if key.revoked_at is not None:
        raise KeyEnded("This key was ended; it cannot be changed any more.")
    if key.grace_until is not None:
        raise KeyEnded("This key was rotated; change the key that took its place.")


def _check_limit(site: Site) -> None:
    Site.objects.select_for_update().get(pk=site.pk)  # two at once are counted in turn
    live = SiteKey.objects.filter(site=site, revoked_at=None).filter(Q(grace_until=None)).count()
    if live >= site.owner.max_keys_per_site:
        raise LimitReached(
            f"This site has {live} live keys, which is the limit.",
            next_action="Revoke a key that is not needed, or ask the administrator for a higher limit.",
        )


def _audited(key: SiteKey) -> dict[str, Any]:
    return {
        "label": key.label,
        "environment": key.environment,
        "allowedDomains": key.allowed_domains,
        "allowIntranet": key.allow_intranet,
        "capabilities": key.capabilities,
        "roverPolicy": key.policy,
        "ttlDays": key.ttl_days,
        "active": key.active,
    }


def _log(
    actor: Actor,
    what: str,
    key: SiteKey,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    now: datetime,
    note: str,
) -> None:
    record(
        actor=actor,
        action=f"site_key.{what}",
        subject=Subject(kind="site_key", id=str(key.pk), label=str(key)),
        site=key.site,
        before=before,
        after=after,
        note=note,
        now=now,
    )


class _Wanted:
    """Checks values from outside and gathers every error before one is raised."""

    def __init__(self) -> None:
        self._errors: list[FieldError] = []

    def raise_errors(self) -> None:
        if self._errors:
            raise InvalidFields(self._errors)

    def _fail(self, field: str, message: str, code: str) -> None:
        self._errors.append(FieldError(field, message, code))

    def label(self, value: object) -> str:
        try:
            return checked_text(value, field="label", max_length=KEY_LABEL_MAX)
        except InvalidFields as invalid:
            self._errors.extend(invalid.errors)
            return ""

    def environment(self, value: object) -> Environment:
        if isinstance(value, str) and value in set(Environment):
            return Environment(value)
        self._fail("environment", "Use production, development or test.", "not_allowed")
        return Environment.PRODUCTION

    def flag(self, field: str, value: object) -> bool:
        if not isinstance(value, bool):
            self._fail(field, "Use true or false.", "wrong_type")
        return value is True

    def ttl_days(self, value: object, environment: Environment) -> int:
        if value is None:
            return environment.default_ttl_days
        return self._number("ttlDays", value, MAX_TTL_DAYS, "days; 0 is no expiry")

    def grace(self, value: object) -> int:
        return self._number("graceSeconds", value, MAX_GRACE_SECONDS, "seconds; 0 ends the old key at once")

    def _number(self, field: str, value: object, most: int, unit: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            self._fail(field, f"Give a whole number of {unit}.", "wrong_type")
            return 0
        if not 0 <= value <= most:
            self._fail(field, f"Give 0 to {most} {unit}.", "out_of_range")
            return 0
        return value

    def domains(
        self,
        value: object,
        environment: Environment,
        ttl_days: int,
        allow_intranet: bool,
        policy: Mapping[str, Any],
    ) -> PatternList:
        nothing = PatternList(raw=(), normalized=(), notes=())
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            self._fail("allowedDomains", 'Give a list of rules, like ["example.com"].', "wrong_type")
            return nothing
        try:
            return validate_patterns(
                value,
                environment=environment.value,
                ttl_days=ttl_days,
                allow_intranet=allow_intranet,
                mode=ScopeMode(policy["domainScopeMode"]),
            )
        except InvalidPatterns as invalid:
            for problem in invalid.problems:
                self._fail(f"allowedDomains[{problem.index}]", problem.message, problem.code)
            return nothing

    def capabilities(self, current: Mapping[str, Any], patch: object) -> dict[str, Any]:
        return self._patched(patched_capabilities, current, patch)

    def policy(self, current: Mapping[str, Any], patch: object) -> dict[str, Any]:
        return self._patched(patched_policy, current, patch)

    def _patched(self, apply: Any, current: Mapping[str, Any], patch: object) -> dict[str, Any]:
        if patch is None:
            return dict(current)
        try:
            result: dict[str, Any] = apply(current, patch)
        except InvalidFields as invalid:
            self._errors.extend(invalid.errors)
            return dict(current)
        return result
