"""What RoverBook does by the clock: one entry, called again and again by the projector's thread."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from roverbook.models import Cursor
from roverbook.services.drifting import drift_sweep
from roverbook.services.privacy.retaining import retention_prune
from roverbook.services.scoring import scores_sweep
from roverbook.services.webhooks.feeds import webhooks_feed
from roverbook.services.webhooks.pruning import webhooks_prune
from roverbook.services.words.noting import notes_expire
from workspace.io.transactions import write_transaction

log = logging.getLogger(__name__)
MINUTE_S = 60
HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class Round:
    """Something that is done once in `every_s` seconds, whoever asks first."""

    name: str
    every_s: int
    do: Callable[[datetime], object]


ROUNDS = (
    Round("drift", HOUR_S, drift_sweep),
    Round("notes-expire", HOUR_S, lambda now: notes_expire(now=now)),
    Round("retention", HOUR_S, retention_prune),
    Round("webhooks-feed", MINUTE_S, webhooks_feed),
    Round("webhooks-prune", HOUR_S, webhooks_prune),
)


def roverbook_round(now: datetime) -> None:
    """Do what is due. What fails is logged, keeps nothing else from being done, and is tried again in its
    next turn."""
    _do("scores", scores_sweep, now)
    for each in ROUNDS:
        if _is_mine(each, now):
            _do(each.name, each.do, now)


def _do(name: str, job: Callable[[datetime], object], now: datetime) -> None:
    try:
        job(now)
    except Exception:
        log.exception("RoverBook's round %s failed", name)


def _is_mine(each: Round, now: datetime) -> bool:
    """Whether this process is the first to ask in this turn. The turn is written down, so that restarts and
    other processes do not repeat it."""
    name, turn = f"round:{each.name}", int(now.timestamp()) // each.every_s
    if Cursor.objects.filter(name=name, position__gte=turn).exists():
        return False
    with write_transaction():
        Cursor.objects.get_or_create(name=name, defaults={"updated_at": now})
        taken = Cursor.objects.filter(name=name, position__lt=turn).update(position=turn, updated_at=now)
    return taken == 1
