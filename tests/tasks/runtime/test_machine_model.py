"""Random sessions against a second account of epoch and seq, kept in another way: the machine carries its
counters along, the model counts what has happened."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tasks.core.runtime.errors import InvalidArgument
from tasks.core.runtime.states import TERMINAL, TRANSITIONS, RunStatus
from tasks.core.runtime.verdicts import Verdict
from tests.tasks.runtime.bench import HOME, Bench
from workspace.core.errors import RoverError

OVER = {"completed", "failed", "cancelled"}
KEPT = "kept answer"
LATE = "stale_run"
DONE = "done"


@dataclass
class Account:
    """Facts alone. Epoch and seq are not stored but counted."""

    cuts: int = 0
    lines: Counter[str] = field(default_factory=Counter)
    fate: dict[str, str] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    done: set[tuple[str, str]] = field(default_factory=set)

    @property
    def epoch(self) -> int:
        return 1 + self.cuts

    @property
    def going(self) -> str | None:
        open_ones = [name for name, fate in self.fate.items() if fate not in OVER]
        assert len(open_ones) <= 1
        return open_ones[0] if open_ones else None

    # The verdicts: what would be answered, and if it is DONE, the facts that follow.

    def prompt(self, fields: dict[str, Any], strict: bool, new: str = "", begins: str = "running") -> str:
        now, fate = self.going, self.fate.get(self.going or "", "")
        resumes, forces = fields.get("continueRun"), fields.get("forceNewRun")
        if self._wrong(fields["expect"][0], self.epoch, strict):
            return "stale_epoch"
        if resumes and (now is None or fields.get("runId", now) != now):
            return "RUN_NOT_FOUND"
        if now and ((resumes and fate != "awaiting_user") or not (resumes or forces)):
            return "active_run_exists"
        if now and self._wrong(fields["expect"][1], self.lines[now], strict):
            return "stale_seq"
        if resumes:
            assert now
            self._line(now, "running")
            return DONE
        if now:
            self._line(now, "cancelled")
            self.cuts += 1
        self._line(new, begins)
        return DONE

    def control(self, fields: dict[str, Any], strict: bool) -> str:
        now, action = self.going, fields["action"]
        meant = fields.get("runId", now)
        if self._wrong(fields["expect"][0], self.epoch, strict):
            return "stale_epoch"
        if (meant is None and action == "continue") or (meant is not None and meant not in self.fate):
            return "RUN_NOT_FOUND"
        if meant is None or meant != now:
            return DONE
        if self._wrong(fields["expect"][1], self.lines[meant], strict):
            return "stale_seq"
        if action == "continue":
            if self.fate[meant] == "awaiting_user":
                self._line(meant, "running")
        elif self.fate[meant] != "cancel_requested":
            self._line(meant, "cancel_requested" if meant in self.held else "cancelled")
            self.cuts += 1
        return DONE

    def tab(self, fields: dict[str, Any], strict: bool) -> str:
        meant = fields.get("runId", self.going)
        if meant is None or self.fate.get(meant, "failed") in OVER:
            return LATE
        for said, true, name in zip(
            fields["expect"], (self.epoch, self.lines[meant]), ("stale_epoch", "stale_seq"), strict=True
        ):
            if self._wrong(said, true, strict):
                return name
        self._line(meant)
        return DONE

    def report(self, run: str, told: list[str]) -> str:
        """`told`: "event", or a status that the run is said to have come to."""
        if self.fate.get(run, "failed") in OVER:
            return LATE
        before = self.lines.copy(), dict(self.fate)
        for each in told:
            fate = self.fate[run]
            if fate in OVER:
                break
            if each == "event":
                self._line(run)
            elif fate == "cancel_requested":
                if each in OVER:
                    self._line(run, "cancelled")
            elif each != fate:
                steps = ["queued running", "running awaiting_user", "running completed", "running failed"]
                if f"{fate} {each}" not in [*steps, "awaiting_user failed"]:
                    self.lines, self.fate = before
                    return "INVALID_ARGUMENT"
                self._line(run, each)
        return DONE

    def _line(self, run: str, fate: str | None = None) -> None:
        self.lines[run] += 1
        self.fate[run] = fate or self.fate[run]

    @staticmethod
    def _wrong(said: int | None, true: int, strict: bool) -> bool:
        return strict if said is None else said != true


class Sessions(RuleBasedStateMachine):
    """One session, one account of it, and commands of all kinds with right, wrong and missing counters."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.account = Account()
        self.ended: dict[str, str] = {}
        self.starts = 0

    # --- what may be sent ---

    counters = st.tuples(*[st.sampled_from(["right", "right", "right", "right", "wrong", "missing"])] * 2)
    runs = st.sampled_from(["active", "active", "none", "none", "ended", "unknown"])
    repeats = st.sampled_from([False] * 7 + [True])

    def said(self, counters: tuple[str, str]) -> tuple[int | None, int | None]:
        active = self.bench.state.active
        right = (self.bench.state.epoch, active.seq if active else 0)
        told = [
            None if how == "missing" else true + (how == "wrong")
            for how, true in zip(counters, right, strict=True)
        ]
        return told[0], told[1]

    def named(self, run: str) -> dict[str, str]:
        active = self.account.going
        if run == "active" and active:
            return {"runId": active}
        if run == "ended" and self.ended:
            return {"runId": sorted(self.ended)[0]}
        return {"runId": "nobody"} if run == "unknown" else {}

    def send(self, kind: str, fields: dict[str, Any], repeats: bool) -> tuple[str, str, Verdict | None]:
        """The kind's next name or, to repeat, its last; what was answered; the verdict."""
        used = sum(1 for key in self.account.done if key[0] == kind)
        name = f"{kind}-{used if repeats and used else used + 1}"
        before = self.bench.state, dict(self.bench.kept), list(self.bench.log)
        try:
            verdict = self.bench.send(kind, **fields, clientEventId=name)
        except RoverError as error:
            assert (self.bench.state, self.bench.kept, self.bench.log) == before, "a refusal leaves no trace"
            if isinstance(error, InvalidArgument):
                assert error.data["errors"]
            return name, error.code, None
        if verdict.is_replay:
            return name, KEPT, verdict
        return name, LATE if verdict.data.get("staleRun") else DONE, verdict

    def agree(self, kind: str, fields: dict[str, Any], repeats: bool, judge: Any) -> None:
        """The machine answers as the account has it; a repetition is answered from what was kept."""
        kept_before = dict(self.bench.kept)
        name, answered, verdict = self.send(kind, fields, repeats)
        if (kind, name) in self.account.done:
            assert answered == KEPT
            assert verdict is not None and verdict.data == kept_before[(kind, name)]
            return
        assert answered == judge()
        if answered == DONE:
            self.account.done.add((kind, name))

    def is_worth_a_report(self) -> bool:
        """Without an active run all reports are late; a few of those are enough."""
        return self.account.going is not None or self.bench.sent % 4 == 0

    # --- commands ---

    @rule(
        flags=st.sampled_from([(False, False), (False, True), (False, True), (True, False)]),
        counters=counters,
        run=runs,
        repeats=repeats,
        takes=st.booleans(),
    )
    def prompt(
        self, flags: tuple[bool, bool], counters: tuple[str, str], run: str, repeats: bool, takes: bool
    ) -> None:
        named = self.named(run) if flags[0] else {}
        fields = {"continueRun": flags[0], "forceNewRun": flags[1], "expect": self.said(counters), **named}
        strict = self.bench.given.is_strict
        new = next(name for name in map(chr, range(65, 91)) if name not in self.account.fate)
        self.agree(
            "RUN_INPUT",
            {"message": "go", **fields},
            repeats,
            lambda: self.account.prompt(fields, strict, new, self.bench.given.starts_as.value),
        )
        if takes and self.bench.state.active is not None:
            self.a_worker_takes_the_run()

    @rule(
        action=st.sampled_from(["cancel", "end_task", "new_task", "continue"]),
        counters=counters,
        run=runs,
        repeats=repeats,
    )
    def control(self, action: str, counters: tuple[str, str], run: str, repeats: bool) -> None:
        fields = {"action": action, "expect": self.said(counters), **self.named(run)}
        strict = self.bench.given.is_strict
        self.agree("RUN_CONTROL", fields, repeats, lambda: self.account.control(fields, strict))

    @precondition(is_worth_a_report)
    @rule(counters=counters, run=runs, repeats=repeats)
    def tab(self, counters: tuple[str, str], run: str, repeats: bool) -> None:
        fields = {"expect": self.said(counters), **self.named(run)}
        strict = self.bench.given.is_strict
        self.agree(
            "TAB_EVENT", {"targetUrl": HOME, **fields}, repeats, lambda: self.account.tab(fields, strict)
        )

    @precondition(is_worth_a_report)
    @rule(counters=counters, run=runs, repeats=repeats)
    def answer(self, counters: tuple[str, str], run: str, repeats: bool) -> None:
        fields = {"continueRun": True, "expect": self.said(counters), **self.named(run)}
        strict = self.bench.given.is_strict
        sent = {"expect": fields["expect"], "answers": {"size": "L"}, **self.named(run)}
        self.agree("ASK_USER_ANSWER", sent, repeats, lambda: self.account.prompt(fields, strict))

    @precondition(is_worth_a_report)
    @rule(
        told=st.lists(
            st.sampled_from(["event", "event", "event", "awaiting_user", *(str(each) for each in RunStatus)]),
            max_size=4,
        ),
        run=runs,
        repeats=repeats,
    )
    def report(self, told: list[str], run: str, repeats: bool) -> None:
        name = self.named(run).get("runId") or self.account.going or "nobody"
        events = [
            {"type": "tool_start"}
            if each == "event"
            else {"type": "state_transition", "data": {"status": each}}
            for each in told
        ]
        fields = {"runId": name, "events": events}
        self.agree("RUN_PROGRESS", fields, repeats, lambda: self.account.report(name, told))

    # --- what happens around ---

    def a_worker_takes_the_run(self) -> None:
        active = self.bench.state.active
        assert active is not None
        self.bench.state = self.bench.state.with_run(replace(active, is_held=True))
        self.account.held.add(active.id)

    @rule()
    def the_owner_changes_the_mode(self) -> None:
        self.bench.given = replace(self.bench.given, is_strict=not self.bench.given.is_strict)

    @rule()
    def runs_begin_in_a_queue_or_no_longer(self) -> None:
        begin = {RunStatus.RUNNING: RunStatus.QUEUED, RunStatus.QUEUED: RunStatus.RUNNING}
        self.bench.given = replace(self.bench.given, starts_as=begin[self.bench.given.starts_as])

    # --- what always holds ---

    @invariant()
    def both_agree(self) -> None:
        state, going = self.bench.state, self.account.going
        seq = self.account.lines[going] if going else None
        assert self.bench.place == (self.account.epoch, going, seq)
        known = [*state.ended.values(), *([state.run] if state.run else [])]
        assert {run.id: run.status.value for run in known} == self.account.fate

    @invariant()
    def at_most_one_run_has_not_ended(self) -> None:
        state = self.bench.state
        known = [*state.ended.values(), *([state.run] if state.run else [])]
        assert sum(run.status not in TERMINAL for run in known) <= 1

    @invariant()
    def the_end_of_a_run_is_its_end(self) -> None:
        now = {name: fate for name, fate in self.account.fate.items() if fate in OVER}
        assert now | self.ended == now
        self.ended = now
        state = self.bench.state
        assert all(state.known(name).status.value == fate for name, fate in now.items())  # type: ignore[union-attr]

    @invariant()
    def each_log_is_counted_from_one_without_a_gap(self) -> None:
        for name, lines in self.account.lines.items():
            assert [event.seq for event in self.bench.log if event.run_id == name] == list(
                range(1, lines + 1)
            )

    @invariant()
    def what_is_kept_is_what_was_done(self) -> None:
        assert set(self.bench.kept) == self.account.done


TestSessions = Sessions.TestCase
TestSessions.settings = settings(max_examples=200, stateful_step_count=25, deadline=None)


def test_the_account_and_the_machine_know_the_same_ends() -> None:
    assert {str(status) for status in TERMINAL} == OVER
    assert all(not TRANSITIONS[RunStatus(end)] for end in OVER)
