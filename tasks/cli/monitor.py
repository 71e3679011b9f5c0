"""Following one task's log until it ends, or until the reader has enough."""

import time
from collections import deque
from typing import Any
from uuid import UUID

from tasks.cli.changes import Changes
from tasks.cli.exits import ExitCode
from tasks.cli.interrupts import Interrupts
from tasks.cli.options import Reading
from tasks.cli.standing import NO_WORKER, exit_code, lacks_worker, snapshot_of
from tasks.cli.terminal import Terminal
from tasks.core.events import LoggedEvent
from tasks.core.human import event_line
from tasks.core.human_snapshot import command_for, failure_lines, footer
from tasks.core.states import TERMINAL, TaskKind
from tasks.core.wire import ndjson
from tasks.selectors.background import events_after

READ_LIMIT = 1000
LOOK_SECONDS = 1.0  # how often the task's row is looked at: did it end, does its worker live
FOOTER_SECONDS = 0.25
PACE_SECONDS = 10.0  # the pace in the footer is that of the last so many seconds


class Monitor:
    """One stream of events on standard output. The log is the truth: a wake-up only says "look now", so what
    was printed is always a gap-free run of events after `--from-event`."""

    def __init__(self, *, snapshot: dict[str, Any], asked: Reading, terminal: Terminal) -> None:
        self._snapshot = snapshot
        self._task_id = UUID(snapshot["task_id"])
        self._asked = asked
        self._terminal = terminal
        self._after = asked.from_event
        self._began = self._last_event = time.monotonic()
        self._looked = float("-inf")
        self._warned = False
        self._interrupts = Interrupts()
        self._paces: deque[tuple[float, int]] = deque()

    def run(self) -> int:
        """Print events until the terminal one and return the exit code of the task, 124 when the time given
        ran out, 130 on Ctrl-C: then how to go on is told."""
        try:
            with self._interrupts:
                has_ended = self._follow()
        except KeyboardInterrupt:
            self._tell_how_to_go_on(f"Detached after event {self._after}.")
            return ExitCode.INTERRUPTED
        finally:
            self._terminal.close()
        if not has_ended:
            self._tell_how_to_go_on(f"Time is up; watched until event {self._after}.")
            return ExitCode.TIMED_OUT
        return self._conclude()

    def _follow(self) -> bool:
        """True when the task has ended and every event is printed; False when the time ran out."""
        changes = Changes()
        may_have_grown = changes.have_come()
        while True:
            ended = may_have_grown and self._print_new()
            if ended or self._look():
                self._print_new()
                return True
            left = self._seconds_left()
            if left <= 0:
                return False
            may_have_grown = changes.wait(left)

    def _print_new(self) -> bool:
        """Print what the log holds after the last printed event; True when the terminal event was there."""
        while events := events_after(task_id=self._task_id, after=self._after, limit=READ_LIMIT):
            for event in events:
                self._print(event)
            if events[-1].is_terminal:
                return True
            if len(events) < READ_LIMIT:
                break
        return False

    def _print(self, event: LoggedEvent) -> None:
        with self._interrupts.held():
            if self._asked.is_ndjson:
                self._terminal.bytes_line(ndjson(event))
            else:
                self._terminal.event(event_line(event))
            self._after = event.seq
        self._last_event = time.monotonic()

    def _look(self) -> bool:
        """Look at the task's row now and then; True when it has ended."""
        now = time.monotonic()
        if now - self._looked < (FOOTER_SECONDS if self._terminal.has_footer else LOOK_SECONDS):
            return False
        self._looked = now
        self._snapshot = snapshot_of(self._task_id)
        self._warn_without_worker()
        if self._snapshot["status"] in TERMINAL:
            return True
        if self._terminal.has_footer:
            text = footer(self._snapshot, per_second=self._pace(now), width=self._terminal.width)
            self._terminal.footer(text)
        return False

    def _warn_without_worker(self) -> None:
        lacks = lacks_worker(self._snapshot)
        if lacks and not self._warned:
            self._terminal.note(NO_WORKER)
        self._warned = lacks

    def _pace(self, now: float) -> float | None:
        """Items ended per second, of late."""
        self._paces.append((now, self._snapshot["completed"]))
        while now - self._paces[0][0] > PACE_SECONDS:
            self._paces.popleft()
        seconds, items = now - self._paces[0][0], self._snapshot["completed"] - self._paces[0][1]
        return items / seconds if seconds and items else None

    def _seconds_left(self) -> float:
        now, limits = time.monotonic(), [float("inf")]
        if self._asked.timeout is not None:
            limits.append(self._began + self._asked.timeout - now)
        if self._asked.idle_timeout is not None:
            limits.append(self._last_event + self._asked.idle_timeout - now)
        return min(limits)

    def _tell_how_to_go_on(self, what_happened: str) -> None:
        noun = "batch" if self._snapshot["task_kind"] == TaskKind.BATCH_FETCH else "task"
        form = " --format ndjson" if self._asked.is_ndjson else ""
        command = f"{command_for(self._snapshot)} --monitor{form} --from-event {self._after}"
        self._terminal.note(f"{what_happened} The {noun} goes on.")
        self._terminal.note(f"  watch again   {command}")
        self._terminal.note(f"  stop it       rover task {self._task_id} --cancel")

    def _conclude(self) -> int:
        self._snapshot = snapshot_of(self._task_id)
        if not self._asked.is_ndjson:
            for line in failure_lines(self._snapshot):
                self._terminal.note(line)
        return exit_code(self._snapshot)
