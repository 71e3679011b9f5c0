"""The newest events of one followed log, read once and encoded once for all its followers."""

from collections.abc import Iterable
from uuid import UUID

from tasks.core.events import LoggedEvent
from tasks.streaming.framing import Framing
from tasks.streaming.log import TaskHead

KEPT_EVENTS = 256  # a follower that falls further behind reads the log
JOINED_EVENTS = 64  # a first follower that is this little behind is caught up by the query for all tails


class Tail:
    """`last_seq` is how far the log was read; `end_seq` is the last number there will be, once known.

    The kept events are consecutive and end at `last_seq`. They live for a moment only: `forget` drops them
    when nothing was added since the call before, so that a quiet stream holds none.
    """

    __slots__ = ("_encoded", "_events", "_is_idle", "end_seq", "last_seq", "n_followers", "task_id")

    def __init__(self, head: TaskHead, *, position: int) -> None:
        """`position` is where the first follower stands."""
        self.task_id: UUID = head.task_id
        self.last_seq = position if head.last_seq - position <= JOINED_EVENTS else head.last_seq
        self.end_seq: int | None = None
        self.n_followers = 0
        self._events: list[LoggedEvent] = []
        self._encoded: dict[tuple[Framing, int], bytes] = {}
        self._is_idle = True
        self.learn(head)

    def learn(self, head: TaskHead) -> bool:
        """Take over the end of an ended task; True when the log is longer than what was read of it."""
        if head.ended:
            self.end_seq = head.last_seq
        return head.last_seq > self.last_seq

    def extend(self, events: Iterable[LoggedEvent]) -> None:
        """Add what was read behind `last_seq`, in order; what is known already is passed over."""
        for event in events:
            if event.seq <= self.last_seq:
                continue
            if event.seq != self.last_seq + 1:
                self._events.clear()
            self._events.append(event)
            self.last_seq = event.seq
            if event.is_terminal:
                self.end_seq = event.seq
        del self._events[:-KEPT_EVENTS]
        self._encoded.clear()
        self._is_idle = False

    def forget(self) -> None:
        """Drop the kept events if none came since the last call."""
        if self._is_idle:
            self._events.clear()
            self._encoded.clear()
        self._is_idle = True

    def has_after(self, position: int) -> bool:
        """True when every event behind `position` is kept."""
        return position >= self.last_seq - len(self._events)

    def after(self, position: int, framing: Framing) -> bytes:
        """Every kept event with seq > `position`; followers that stand alike share one object. For an only
        follower nothing is kept any longer."""
        if self.n_followers == 1:
            data = self._encode_after(position, framing)
            self._events.clear()
            return data
        key = (framing, position)
        if key not in self._encoded:
            self._encoded[key] = self._encode_after(position, framing)
        return self._encoded[key]

    def is_over_at(self, position: int) -> bool:
        """True when nothing will ever follow `position`."""
        return self.end_seq is not None and position >= self.end_seq

    def _encode_after(self, position: int, framing: Framing) -> bytes:
        kept_from = self.last_seq - len(self._events)
        return b"".join(map(framing.encode, self._events[position - kept_from :]))
