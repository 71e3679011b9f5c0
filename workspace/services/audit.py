"""Writing the audit log. Every service that changes something calls `record` inside its transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workspace.core.doors import Door
from workspace.models import AuditEntry, Site, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who changes something and through which door. `user` is None for the program itself and for the
    command line, whose caller Rover does not know; `ip` and `request_id` are '' there."""

    user: User | None = None
    door: Door
    ip: str = ""
    request_id: str = ""

    @property
    def name(self) -> str:
        """The name kept in the log."""
        return self.user.username if self.user else self.door.value


SYSTEM = Actor(door=Door.SYSTEM)
COMMAND_LINE = Actor(door=Door.CLI)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The thing that changed: its kind ('site_key'), its public identifier, and a name for people."""

    kind: str
    id: str
    label: str = ""


def record(
    *,
    actor: Actor,
    action: str,
    subject: Subject,
    now: datetime,
    site: Site | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    note: str = "",
) -> AuditEntry:
    """One row. `action` reads `<kind>.<what happened>`. Of `before` and `after`, what is equal in both is
    left out; secrets must not be in either."""
    old, new = _differences(before or {}, after or {})
    return AuditEntry.objects.create(
        at=now,
        door=actor.door.value,
        actor=actor.user,
        actor_name=actor.name,
        site=site,
        site_name=site.name if site else "",
        action=action,
        subject_kind=subject.kind,
        subject_id=subject.id,
        subject_label=subject.label[:200],
        before=old,
        after=new,
        note=note[:200],
        ip=actor.ip,
        request_id=actor.request_id,
    )


def _differences(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The members that differ; one level into objects, so that one changed policy field shows alone."""
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    for name in {**before, **after}:
        was, is_now = before.get(name), after.get(name)
        if was == is_now and (name in before) == (name in after):
            continue
        if isinstance(was, Mapping) and isinstance(is_now, Mapping):
            was = {k: v for k, v in was.items() if k not in is_now or is_now[k] != v}
            is_now = {k: v for k, v in is_now.items() if k not in before[name] or before[name][k] != v}
        if name in before:
            old[name] = was
        if name in after:
            new[name] = is_now
    return old, new
