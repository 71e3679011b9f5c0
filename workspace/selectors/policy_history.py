"""The versions of a key's policy, read back from the audit log.

The log keeps of each change only the fields that changed, so a version is the present policy with every later
change taken back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q

from workspace.core.policy import FieldChange, policy_changes
from workspace.models import AuditEntry, SiteKey

VERSIONS_LISTED = 100
_BEGINNINGS = ("site_key.created", "site_key.rotated")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    """The policy as `entry` left it. `changes`: what that change did; empty at the key's beginning.
    `is_present`: nothing of the policy has changed since."""

    entry: AuditEntry
    policy: Mapping[str, Any]
    changes: list[FieldChange]
    is_beginning: bool
    is_present: bool


def policy_versions(key: SiteKey) -> list[PolicyVersion]:
    """The newest hundred versions, newest first."""
    rows = (
        AuditEntry.objects.filter(site=key.site_id, subject_kind="site_key", subject_id=str(key.pk))
        .filter(Q(after__has_key="roverPolicy") | Q(action__in=_BEGINNINGS))
        .order_by("-id")[:VERSIONS_LISTED]
    )
    versions: list[PolicyVersion] = []
    policy: dict[str, Any] = dict(key.policy)
    for entry in rows:
        is_beginning = entry.action in _BEGINNINGS
        earlier = policy if is_beginning else _taken_back(policy, entry)
        versions.append(
            PolicyVersion(
                entry=entry,
                policy=policy,
                changes=policy_changes(earlier, policy),
                is_beginning=is_beginning,
                is_present=not versions,
            )
        )
        policy = earlier
    return versions


def policy_version(key: SiteKey, entry_id: UUID) -> PolicyVersion | None:
    """The version that this row of the audit log left; None if there is none among the newest hundred."""
    return next((version for version in policy_versions(key) if version.entry.pk == entry_id), None)


def _taken_back(policy: Mapping[str, Any], entry: AuditEntry) -> dict[str, Any]:
    """The policy before the change."""
    was: Mapping[str, Any] = entry.before.get("roverPolicy") or {}
    became: Mapping[str, Any] = entry.after.get("roverPolicy") or {}
    return {name: value for name, value in policy.items() if name in was or name not in became} | dict(was)
