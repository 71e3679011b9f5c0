"""Random commands over HTTP against the account of epoch and seq that counts what has happened."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.tasks.runtime.test_machine_model import DONE, KEPT, LATE, OVER, Account
from tests.tasks.sessions.steps import change_key
from tests.tasks.sessions.support import HOME, Page, Runtime
from workspace.models import Site

Told = dict[str, Any]
counters = st.tuples(*[st.sampled_from(["right", "right", "right", "wrong", "missing"])] * 2)
runs = st.sampled_from(["active", "active", "none", "none", "ended", "unknown"])
repeats = st.sampled_from([False] * 7 + [True])
bodies = st.one_of(
    st.sampled_from(
        [
            ("RUN_INPUT", {"message": "go", "forceNewRun": True}),
            ("RUN_INPUT", {"message": "go", "forceNewRun": True}),
            ("RUN_INPUT", {"message": "go"}),
            ("RUN_INPUT", {"message": "yes", "continueRun": True}),
            ("ASK_USER_ANSWER", {"answers": {"size": "L"}}),
            ("TAB_EVENT", {"targetUrl": HOME}),
            ("MODE", {}),
        ]
    ),
    st.builds(
        lambda action: ("RUN_CONTROL", {"action": action}),
        st.sampled_from(["cancel", "end_task", "new_task", "continue"]),
    ),
    st.builds(
        lambda told: ("RUN_PROGRESS", {"told": told}),
        st.lists(
            st.sampled_from(["event", "awaiting_user", "awaiting_user", "completed", "failed", "running"]),
            min_size=1,
            max_size=3,
        ),
    ),
)
commands = st.lists(st.tuples(bodies, counters, runs, repeats), min_size=3, max_size=14)


@dataclass
class Session:
    """A page, the account of what it does, and the answers that were kept."""

    page: Page
    site: Site
    account: Account = field(default_factory=Account)
    kept: dict[tuple[str, str], Any] = field(default_factory=dict)
    is_strict: bool = True
    newest: str = ""

    async def take(self, command: tuple[str, Told], how: tuple[str, str], run: str, repeat: bool) -> None:
        kind, body = command
        if kind == "MODE":
            self.is_strict = not self.is_strict
            await change_key(self.site, policy={"strictMode": self.is_strict})
            return
        used = sum(1 for key in self.kept if key[0] == kind)
        name = f"{kind}-{used if repeat and used else used + 1}"
        fields = body | self._named(run, is_prompt=kind == "RUN_INPUT" and "continueRun" not in body)
        epoch, seq = self._said(how)
        wire = fields | {"clientEventId": name, "expectedEpoch": epoch, "expectedSeq": seq}
        if kind == "RUN_PROGRESS":
            told = wire.pop("told")
            wire |= {
                "runId": fields.get("runId") or self.account.going or "nobody",
                "events": [_event(each) for each in told],
                "expectedEpoch": self.account.epoch,
            }
        answer = await self.page.command(kind, **wire)
        got = answer.json()
        if (kind, name) in self.kept:
            assert (got, answer.headers["idempotent-replay"]) == (self.kept[kind, name], "true"), KEPT
            return
        is_late = answer.status == 200 and got["data"].get("staleRun")
        outcome = got["error"] if answer.status != 200 else LATE if is_late else DONE
        event(f"{kind}: {outcome}")
        new = got["data"].get("runId") or "" if outcome == DONE else "nobody's"
        assert outcome == self._judged(kind, wire, fields, new), (kind, wire)
        if outcome == DONE:
            self.kept[kind, name] = got
            self.newest = new if kind == "RUN_INPUT" else self.newest

    def _judged(self, kind: str, wire: Told, fields: Told, new: str) -> str:
        said = fields | {"expect": (wire["expectedEpoch"], wire["expectedSeq"])}
        if kind == "RUN_INPUT":
            return self.account.prompt(said, self.is_strict, new)
        if kind == "ASK_USER_ANSWER":
            return self.account.prompt(said | {"continueRun": True}, self.is_strict)
        if kind == "RUN_CONTROL":
            return self.account.control(said, self.is_strict)
        if kind == "TAB_EVENT":
            return self.account.tab(said, self.is_strict)
        return self.account.report(wire["runId"], fields["told"])

    def _said(self, how: tuple[str, str]) -> tuple[int | None, int | None]:
        going = self.account.going
        right = (self.account.epoch, self.account.lines[going] if going else 0)
        told = [None if h == "missing" else r + (h == "wrong") for h, r in zip(how, right, strict=True)]
        return told[0], told[1]

    def _named(self, run: str, *, is_prompt: bool) -> Told:
        going = self.account.going
        ended = [name for name, fate in self.account.fate.items() if fate in OVER]
        found = {"active": going, "ended": ended[0] if ended else None, "unknown": "nobody"}.get(run)
        return {} if found is None or is_prompt else {"runId": found}

    async def agrees(self) -> None:
        """The projection shows what the account has."""
        state, going = await self.page.state(), self.account.going
        assert (state["epoch"], state.get("activeRunId")) == (self.account.epoch, going)
        if self.newest:
            assert state["runStatus"] == self.account.fate[self.newest]
            assert [event["seq"] for event in state["events"]] == list(
                range(1, self.account.lines[self.newest] + 1)
            )


def _event(told: str) -> Told:
    return (
        {"type": "tool_start"} if told == "event" else {"type": "state_transition", "data": {"status": told}}
    )


def test_random_commands_over_http_are_answered_as_the_account_has_it(shop: Site, settings: Any) -> None:
    settings.ROVER = settings.ROVER.model_copy(update={"sessions_per_minute_ip": 0})
    with asyncio.Runner() as loop:
        runtime = loop.run(_started())
        try:
            _check(loop, runtime, shop)
        finally:
            loop.run(runtime.close())


def _check(loop: asyncio.Runner, runtime: Runtime, shop: Site) -> None:
    async def replay(sequence: list[Any]) -> None:
        await change_key(shop, policy={"strictMode": True})
        session = Session(await runtime.page(shop), shop)
        for command in sequence:
            await session.take(*command)
            await session.agrees()

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(commands)
    def check(sequence: list[Any]) -> None:
        loop.run(replay(sequence))

    check()


async def _started() -> Runtime:
    return Runtime.start()
