"""A session on the bench: commands go in as bodies, and what a service would keep is kept."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tasks.core.runtime.commands import read_command
from tasks.core.runtime.machine import decide
from tasks.core.runtime.states import Run, RunMode, RunStatus, SessionState
from tasks.core.runtime.verdicts import Circumstances, NewRunEvent, Verdict
from workspace.core.errors import RoverError
from workspace.core.navigation import CrossHostPolicy, ExternalNavigationPolicy, NavigationRules
from workspace.core.patterns import ScopeMode

SESSION = "visitor-123"
HOME = "https://www.acme.example/"
RULES = NavigationRules(
    patterns=("acme.example",),
    mode=ScopeMode.REGISTRABLE_DOMAIN,
    external=ExternalNavigationPolicy.OPEN_NEW_TAB_NOTICE,
    cross_host=CrossHostPolicy.SAME_TAB,
)


def names() -> Iterator[str]:
    """A, B, C … as ids of new runs."""
    yield from (chr(ord("A") + n) for n in range(26))


def run(name: str = "A", *, seq: int = 1, status: str = "running", **more: Any) -> Run:
    return Run(id=name, seq=seq, status=RunStatus(status), mode=RunMode.ACT, **more)


def session(epoch: int = 1, newest: Run | None = None, **more: Any) -> SessionState:
    return SessionState(id=SESSION, epoch=epoch, run=newest, **more)


class Bench:
    """What a service does around the decision: it numbers, keeps, and appends."""

    def __init__(self, state: SessionState | None = None, **circumstances: Any) -> None:
        self.state = state or session()
        self.log: list[NewRunEvent] = []
        self.kept: dict[tuple[str, str], dict[str, Any]] = {}
        self.given = Circumstances(rules=RULES, **circumstances)
        self._names = names()
        self.sent = 0

    def send(self, kind: str, **fields: Any) -> Verdict:
        """Sends the command; `expect` is short for the two counters that the caller knows."""
        epoch, seq = fields.pop("expect", (None, None))
        self.sent += 1
        body = {
            "type": kind,
            "sessionId": SESSION,
            "clientEventId": f"event-{self.sent}",
            "expectedEpoch": epoch,
            "expectedSeq": seq,
            **fields,
        }
        command = read_command(body)
        key = (kind, command.client_event_id or "")
        given = replace(self.given, stored=self.kept.get(key), new_run_id=self._next_name())
        verdict = decide(self.state, command, given)
        if verdict.is_stored:
            self.kept[key] = verdict.data
        self.state = verdict.state
        self.log.extend(verdict.events)
        return verdict

    @property
    def place(self) -> tuple[int, str | None, int | None]:
        """Epoch, and of the active run its id and seq."""
        active = self.state.active
        return self.state.epoch, active.id if active else None, active.seq if active else None

    def types(self, name: str) -> list[str]:
        """The types of a run's events."""
        return [event.type.value for event in self.log if event.run_id == name]

    def _next_name(self) -> str:
        while True:
            name = next(self._names)
            if self.state.known(name) is None:
                self._names = iter([name, *self._names])
                return name


ENDED = {"old": run("old", status="completed", seq=7)}


def bench(status: str | None, *, seq: int = 5, epoch: int = 3, held: bool = False, **more: Any) -> Bench:
    newest = run("X", seq=seq, status=status, is_held=held) if status else None
    return Bench(session(epoch, newest, ended=ENDED, boundary="b1"), **more)


def refused(error: type[RoverError], sent: Bench, kind: str, **fields: Any) -> dict[str, Any]:
    """The data of the refusal; a refusal changes nothing and is not kept."""
    before = sent.state
    with pytest.raises(error) as caught:
        sent.send(kind, **fields)
    assert (sent.state, sent.kept, sent.log) == (before, {}, [])
    return caught.value.data
