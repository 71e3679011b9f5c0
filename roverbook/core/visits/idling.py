"""Visits that nobody took to their end."""

from dataclasses import replace
from datetime import datetime, timedelta

from roverbook.core.visits.folded import FoldedVisit
from roverbook.core.visits.outcomes import ABANDONED, INPUT_REQUIRED, STATUSES

IDLE = timedelta(minutes=30)
ANSWER_TIME = timedelta(hours=24)
"""So long a visit waits for an answer."""
OWN_CLOCK = timedelta(minutes=2)
"""Runs and tasks of this server are ended by it after the same times, and it is left the moment to say so."""


def idle_limit(folded: FoldedVisit) -> timedelta:
    """For how long nothing may happen in the visit."""
    limit = ANSWER_TIME if folded.outcome == INPUT_REQUIRED else IDLE
    return limit + OWN_CLOCK if folded.is_watched else limit


def closed_if_idle(folded: FoldedVisit, *, now: datetime) -> FoldedVisit:
    """The visit as it is at this time. One in which nothing happened for too long was abandoned when that was
    over; the log did not say so, and what it says later counts instead."""
    ends_at = folded.last_event_at + idle_limit(folded)
    if folded.is_final or ends_at >= now:
        return folded
    return replace(
        folded,
        status=STATUSES[ABANDONED],
        outcome=ABANDONED,
        ended_at=ends_at,
        asked_at=None,
        is_swept=True,
    )
