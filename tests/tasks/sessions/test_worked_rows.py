"""The worked examples of epoch and seq, in their order, over HTTP; of each command the status and the counters
before and after."""

from dataclasses import dataclass, field
from typing import Any

from tasks.models import AppliedCommand, Run, RunEvent
from tests.tasks.sessions.steps import ASKS, WAITS, asked, conflict, tool
from tests.tasks.sessions.support import HOME, Page, Runtime, data
from tests.tasks.streaming_fixtures import Exchange
from workspace.models import Site

Place = tuple[int, str | None, int | None]


@dataclass
class Table:
    """A session whose runs have the names of the table; A is the first that began."""

    page: Page
    names: dict[str, str] = field(default_factory=dict)

    async def send(self, kind: str, expect: tuple[int | None, int | None], **fields: Any) -> Exchange:
        if fields.get("runId") in self.names:
            fields["runId"] = self.names[fields["runId"]]
        epoch, seq = expect
        answer = await self.page.command(kind, **{"expectedEpoch": epoch, "expectedSeq": seq, **fields})
        if answer.status == 200 and kind == "RUN_INPUT":
            run_id = answer.json()["data"]["runId"]
            if run_id not in self.names.values():
                self.names["ABC"[len(self.names)]] = run_id
        return answer

    async def place(self) -> Place:
        """Epoch, and of the active run its name and seq."""
        state = await self.page.state()
        run_id = state.get("activeRunId")
        seq = state["events"][-1]["seq"] if run_id else None
        return state["epoch"], self.called(run_id) if run_id else None, seq

    def called(self, run_id: str) -> str:
        return next(name for name, known in self.names.items() if known == run_id)


async def test_the_worked_examples_happen_as_told(runtime: Runtime, shop: Site) -> None:
    t = Table(await runtime.page(shop))

    assert await t.place() == (1, None, None), "1: a new session"

    two = data(await t.send("RUN_INPUT", (1, None), message="go", forceNewRun=True))
    assert (two["epoch"], two["seq"], two["continuePrompt"]) == (1, 1, False)
    assert await t.place() == (1, "A", 1)

    three = data(await t.send("TAB_EVENT", (1, 1), targetUrl=HOME, runId="A"))
    assert (three["decision"], three["currentSeq"]) == ("allow_same_tab", 2)

    four = data(await t.send("RUN_PROGRESS", (None, None), runId="A", events=[tool(1), tool(2)]))
    assert four["currentSeq"] == 4
    assert await t.place() == (1, "A", 4)

    event = {"targetUrl": HOME, "runId": "A", "clientEventId": "five"}
    five = conflict(await t.send("TAB_EVENT", (1, 2), **event))
    assert (five["code"], five["currentSeq"], five["retryable"]) == ("stale_seq", 4, True)
    again = data(await t.send("TAB_EVENT", (1, 4), **event))
    assert (again["decision"], again["currentSeq"]) == ("allow_same_tab", 5)
    assert await t.place() == (1, "A", 5)

    six = conflict(await t.send("RUN_INPUT", (1, 5), message="more"))
    assert (six["code"], six["continuePrompt"], six["state"]) == ("active_run_exists", True, "running")
    assert t.called(six["runId"]) == "A"

    prompt = {"message": "other", "forceNewRun": True, "clientEventId": "seven"}
    seven = await t.send("RUN_INPUT", (1, 5), **prompt)
    assert (data(seven)["epoch"], data(seven)["seq"], t.called(data(seven)["runId"])) == (2, 1, "B")
    assert await t.place() == (2, "B", 1)
    assert await fate(t, "A") == "cancelled"

    eight = data(await t.send("TAB_EVENT", (1, 5), targetUrl=HOME, runId="A"))
    assert (eight["decision"], eight["staleRunReason"], eight["sessionEpoch"]) == (
        "stale_run",
        "run_terminal",
        2,
    )
    assert t.called(eight["currentRunId"]) == t.called(eight["currentActiveRunId"]) == "B"

    cancel = {"action": "cancel", "runId": "B", "clientEventId": "nine"}
    nine = conflict(await t.send("RUN_CONTROL", (1, 5), **cancel))
    assert (nine["code"], nine["currentEpoch"]) == ("stale_epoch", 2)
    done = await t.send("RUN_CONTROL", (2, 1), **cancel)
    assert (data(done)["projection"]["epoch"], data(done)["projection"]["activeRunId"]) == (3, "")
    assert await t.place() == (3, None, None)

    ten = await t.send("RUN_CONTROL", (2, 1), **cancel)
    assert (ten.json(), ten.headers["idempotent-replay"]) == (done.json(), "true")

    eleven = await t.send("RUN_INPUT", (1, 5), **prompt)
    assert (eleven.json(), eleven.headers["idempotent-replay"]) == (seven.json(), "true")
    assert await t.place() == (3, None, None)
    assert await fate(t, "B") == "cancelled"

    tab_one = data(await t.send("RUN_INPUT", (3, None), message="one tab"))
    tab_two = conflict(await t.send("RUN_INPUT", (3, None), message="the other tab"))
    assert (t.called(tab_one["runId"]), tab_two["code"]) == ("C", "active_run_exists")
    assert tab_two["runId"] == tab_one["runId"]

    asks = data(await t.send("RUN_PROGRESS", (None, None), runId="C", events=[ASKS], transition=WAITS))
    assert (asks["state"], asks["currentSeq"]) == ("awaiting_user", 3)
    thirteen = data(await t.send("RUN_INPUT", (3, 3), message="large", continueRun=True))
    assert (thirteen["state"], thirteen["seq"], thirteen["continuePrompt"]) == ("running", 4, False)
    assert (t.called(thirteen["runId"]), thirteen["epoch"]) == ("C", 3)

    end = data(await t.send("RUN_PROGRESS", (None, None), runId="C", transition={"status": "completed"}))
    assert end["state"] == "completed"
    assert await t.place() == (3, None, None), "14: an end of its own leaves the epoch"

    fifteen = conflict(await t.send("RUN_INPUT", (None, None), message="again"))
    assert (fifteen["code"], fifteen["expectedEpoch"], fifteen["currentEpoch"]) == ("stale_epoch", None, 3)

    await check_log(t)


async def check_log(t: Table) -> None:
    """Every run's log is counted from 1 without a gap; conflicts and late events left nothing."""

    def read() -> dict[str, list[tuple[int, str]]]:
        rows = RunEvent.objects.order_by("seq")
        return {
            name: list(rows.filter(run__pk=run_id).values_list("seq", "type"))
            for name, run_id in t.names.items()
        }

    log = await asked(read)
    started = ["run_started"]
    types = {
        "A": [*started, "tab_event", "tool_start", "tool_start", "tab_event", "run_transition"],
        "B": [*started, "control"],
        "C": [*started, "ask_user", "run_transition", "user_answer", "run_transition"],
    }
    assert log == {name: list(enumerate(told, start=1)) for name, told in types.items()}
    # what was applied and had a name: 2, 3, 4, 5, 7, 9, 12, twice 13, 14
    assert await asked(AppliedCommand.objects.count) == 10


async def fate(t: Table, name: str) -> str:
    run = await asked(Run.objects.get, pk=t.names[name])
    return str(run.status)
