"""What a page, or a person's other tab, is shown of a session. Wire contract.

{sessionId, epoch, activeRunId?, runStatus?, runMode?, events, tabs, snapshot?, snapshotUpdatedAt?,
snapshotMeta?, resyncReason?}
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from tasks.core.runtime.states import SessionState

EVENTS_MAX = 200
"""Events of one answer; for more the reader comes back with the last number."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TabScope(StrEnum):
    """Whether a tab shows a page of the site. Wire contract."""

    IN_SCOPE = "in_scope"
    EXTERNAL = "external"


class TabStatus(StrEnum):
    """What became of a tab's address. Wire contract."""

    OPEN = "open"
    BLOCKED = "blocked"
    SCRAPED = "scraped"
    ACTED = "acted"
    CLOSED = "closed"


class ResyncReason(StrEnum):
    """Why a reader gets all of it anew. Wire contract."""

    INITIAL = "initial"
    DIGEST_CHANGED = "digest_changed"
    FORCED = "forced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A tab of the session as the server knows it; `updated_at` in milliseconds."""

    logical_tab_id: str
    scope: TabScope
    status: TabStatus
    updated_at: int
    parent_logical_tab_id: str | None = None
    url: str | None = None
    reason: str | None = None

    def as_wire(self) -> dict[str, Any]:
        """The tab by its wire names; what is not known is left out."""
        told = {
            "logicalTabId": self.logical_tab_id,
            "parentLogicalTabId": self.parent_logical_tab_id,
            "scope": self.scope.value,
            "status": self.status.value,
            "url": self.url,
            "reason": self.reason,
            "updatedAt": self.updated_at,
        }
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEvent:
    """An event of the log. `ts` is aware."""

    seq: int
    type: str
    ts: datetime
    data: Mapping[str, Any]

    def as_wire(self) -> dict[str, Any]:
        """{seq, type, ts: {_seconds, _nanoseconds}, data}."""
        return {"seq": self.seq, "type": self.type, "ts": wire_time(self.ts), "data": dict(self.data)}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSnapshot:
    """The session's snapshot. `checkpoint`: None when only its marks are shown; `updated_at` in
    milliseconds."""

    updated_at: int
    digest: str
    checkpoint: Mapping[str, Any] | None = None

    def as_wire(self) -> dict[str, Any]:
        """snapshotUpdatedAt and snapshotMeta, and snapshot if it is shown."""
        marks = {
            "snapshotUpdatedAt": self.updated_at,
            "snapshotMeta": {"updatedAt": self.updated_at, "digest": self.digest},
        }
        return marks if self.checkpoint is None else marks | {"snapshot": dict(self.checkpoint)}


def wire_time(moment: datetime) -> dict[str, int]:
    """An aware time as {_seconds, _nanoseconds} since 1970; before that the seconds are negative."""
    seconds, rest = divmod(moment - _EPOCH, timedelta(seconds=1))
    return {"_seconds": seconds, "_nanoseconds": rest // timedelta(microseconds=1) * 1_000}


def projection(
    state: SessionState,
    *,
    events: Iterable[ShownEvent],
    tabs: Iterable[Tab] = (),
    seq_after: int = 0,
    snapshot: StoredSnapshot | None = None,
    resync_reason: ResyncReason | None = None,
    is_after_control: bool = False,
) -> dict[str, Any]:
    """The projection of a session.

    `events`: those of the newest run, in any order; the first 200 after `seq_after` are shown. Status and
    mode are those of the newest run, also when it has ended; `activeRunId` is there while it has not, and,
    empty, in the answer to a control.
    """
    later = sorted((event for event in events if event.seq > seq_after), key=lambda event: event.seq)
    return {
        "sessionId": state.id,
        "epoch": state.epoch,
        **_run(state, is_after_control),
        "events": [event.as_wire() for event in later[:EVENTS_MAX]],
        "tabs": [tab.as_wire() for tab in tabs],
        **(snapshot.as_wire() if snapshot else {}),
        **({"resyncReason": resync_reason.value} if resync_reason else {}),
    }


def resync_reason(
    *, is_initial: bool, is_forced: bool, known_digest: str | None, digest: str | None
) -> ResyncReason | None:
    """Why a reader gets the snapshot's marks as news: its first look, its wish, or a digest that it does not
    have. None when nothing changed for it; a reader that names no digest asks for nothing."""
    if is_initial:
        return ResyncReason.INITIAL
    if is_forced:
        return ResyncReason.FORCED
    is_behind = known_digest is not None and digest is not None and known_digest != digest
    return ResyncReason.DIGEST_CHANGED if is_behind else None


def _run(state: SessionState, is_after_control: bool) -> dict[str, Any]:
    active = state.active
    named = {"activeRunId": active.id if active else ""} if active or is_after_control else {}
    if state.run is None:
        return named
    return named | {"runStatus": state.run.status.value, "runMode": state.run.mode.value}
