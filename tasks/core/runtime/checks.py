"""The counters: does the caller know the session, and the run, as they are?"""

from typing import Protocol

from tasks.core.runtime.errors import ActiveRunExists, StaleEpoch, StaleSeq
from tasks.core.runtime.states import Run, SessionState


class Counted(Protocol):
    """A body with counters; None for one that was not said."""

    @property
    def expected_epoch(self) -> int | None: ...
    @property
    def expected_seq(self) -> int | None: ...
    @property
    def client_event_id(self) -> str | None: ...


def check_epoch(state: SessionState, body: Counted, *, is_strict: bool) -> None:
    """Raises StaleEpoch when the epoch is another one or, in strict mode, was not said."""
    if _is_stale(body.expected_epoch, state.epoch, is_strict):
        raise StaleEpoch.of(
            session_id=state.id,
            run_id=state.active.id if state.active else None,
            expected=body.expected_epoch,
            current=state.epoch,
        )


def check_seq(state: SessionState, run: Run, body: Counted, *, is_strict: bool) -> None:
    """Raises StaleSeq when the run's last event is another one or, in strict mode, was not said. `run`: the
    active run that the body is about."""
    if _is_stale(body.expected_seq, run.seq, is_strict):
        raise StaleSeq.of(
            session_id=state.id,
            run_id=run.id,
            expected=body.expected_seq,
            current=run.seq,
            epoch=state.epoch,
            client_event_id=body.client_event_id,
        )


def active_run_exists(run: Run, *, continue_prompt: bool) -> ActiveRunExists:
    """The conflict with this run."""
    return ActiveRunExists.of(
        run_id=run.id, state=run.status.value, mode=run.mode.value, continue_prompt=continue_prompt
    )


def _is_stale(expected: int | None, current: int, is_strict: bool) -> bool:
    return is_strict if expected is None else expected != current
