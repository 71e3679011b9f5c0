"""The one order of a set of events, whatever order they came in."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from roverbook.core.visits.events import EventType, Source, VisitEvent

# of one page's events of one millisecond
_RANKS = {
    EventType.TASK_STARTED: 0,
    EventType.VISIT: 1,
    EventType.RUN_STARTED: 2,
    EventType.STATUS: 3,
    EventType.RUN_STATE: 3,
    EventType.TOOL_START: 4,
    EventType.TOOL_RESULT: 5,
    EventType.RUN_COMPLETED: 8,
    EventType.TASK_ENDED: 9,
}


def in_order(events: Iterable[VisitEvent]) -> list[VisitEvent]:
    """Each event once, by time. The lines of a numbered log stay in their order, even where the clocks of
    those who wrote them differ: none comes before the one that it follows."""
    logs: defaultdict[tuple[Source, str], dict[int | str, VisitEvent]] = defaultdict(dict)
    for event in events:
        logs[event.source, event.log][event.key] = event
    placed: list[tuple[datetime, Source, str, int, VisitEvent]] = []
    for (source, log), lines in logs.items():
        latest: datetime | None = None
        for place, event in enumerate(sorted(lines.values(), key=_key)):
            latest = event.at if latest is None else max(latest, event.at)
            placed.append(
                (latest, source, log, place, event if event.at == latest else event._replace(at=latest))
            )
    placed.sort(key=lambda entry: entry[:4])
    return [entry[4] for entry in placed]


def _key(event: VisitEvent) -> tuple[object, ...]:
    if event.source is Source.PAGE:
        return (event.at, _RANKS.get(event.type, 6), event.key)
    return (event.key,)
