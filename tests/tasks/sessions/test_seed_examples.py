"""Every example of the contract, field by field."""

from typing import Any

import pytest

from tasks.models import RuntimeSession
from tests.tasks.agents.support import make_site
from tests.tasks.sessions.steps import asked, conflict, tool
from tests.tasks.sessions.support import Page, Runtime, data
from workspace.models import Site


@pytest.fixture
async def page(runtime: Runtime, shop: Site) -> Page:
    """A session in epoch 5, as in the examples."""
    opened = await runtime.page(shop)
    await asked(RuntimeSession.objects.filter(pk=opened.session_id).update, epoch=5)
    opened.epoch = 5
    return opened


async def test_a_prompt(page: Page) -> None:
    answer = await page.command("RUN_INPUT", message="go", requestedMode="act", forceNewRun=True)

    found = data(answer)
    assert found.pop("runId")
    assert found == {
        "acceptedMode": "act",
        "state": "running",
        "continuePrompt": False,
        "requestedMode": "act",
        "epoch": 5,
        "seq": 1,
    }


async def test_a_prompt_whose_way_is_found_says_why(page: Page) -> None:
    found = data(await page.command("RUN_INPUT", message="click the blue button", requestedMode="auto"))

    assert found["requestedMode"] == "auto" and found["acceptedMode"] == "act"
    assert set(found["routing"]) == {"score", "reason"}
    assert 0 <= found["routing"]["score"] <= 10 and found["routing"]["reason"]


async def test_a_stale_epoch(page: Page) -> None:
    await page.ask()

    answer = await page.command("RUN_INPUT", message="go", forceNewRun=True, expectedEpoch=2)

    assert answer.json()["error"] == "stale_epoch"
    assert conflict(answer) == {
        "code": "stale_epoch",
        "retryable": True,
        "sessionId": page.session_id,
        "runId": page.run_id,
        "expectedEpoch": 2,
        "currentEpoch": 5,
        "decisionReason": "stale_epoch_retryable",
        "conflict": {"type": "stale_epoch", "currentEpoch": 5, "retryable": True},
    }


async def test_an_active_run(page: Page) -> None:
    await page.ask("go", requestedMode="act")

    answer = await page.command("RUN_INPUT", message="more")

    assert answer.json()["error"] == "active_run_exists"
    assert conflict(answer) == {
        "code": "active_run_exists",
        "retryable": False,
        "continuePrompt": True,
        "runId": page.run_id,
        "state": "running",
        "acceptedMode": "act",
        "decisionReason": "active_run_exists",
        "conflict": {"type": "active_run_exists", "retryable": False},
    }


async def test_a_control(page: Page) -> None:
    await page.ask("go", requestedMode="act")
    await page.command("RUN_PROGRESS", runId=page.run_id, events=[tool(n) for n in range(16)])

    found = data(await page.command("RUN_CONTROL", action="cancel", expectedSeq=17, reason="enough"))

    log = found["projection"].pop("events")
    assert found == {
        "action": "cancel",
        "runId": page.run_id,
        "currentSeq": 18,
        "projection": {
            "sessionId": page.session_id,
            "epoch": 6,
            "activeRunId": "",
            "runStatus": "cancelled",
            "runMode": "act",
            "tabs": [],
        },
    }
    assert [event["seq"] for event in log] == list(range(1, 19))
    assert log[-1]["type"] == "control"
    assert log[-1]["data"] == {
        "action": "cancel",
        "runId": page.run_id,
        "status": "cancelled",
        "reason": "enough",
    }
    assert set(log[-1]) == {"seq", "type", "ts", "data"}
    assert set(log[-1]["ts"]) == {"_seconds", "_nanoseconds"}


async def test_a_navigation(runtime: Runtime) -> None:
    site = await asked(lambda: make_site("rtrvr.ai"))
    page = await runtime.page(site, url="https://www.rtrvr.ai/")
    await page.ask()
    told: dict[str, Any] = {"targetUrl": "https://rtrvr.ai/", "currentUrl": "https://www.rtrvr.ai/"}

    found = data(await page.command("TAB_EVENT", clientEventId="evt-uuid", **told))

    assert found == {
        "decision": "allow_same_tab",
        "decisionReason": "allow_same_tab",
        "decisionHint": "allow_same_tab",
        "notice": "In-scope navigation allowed.",
        "staleRun": False,
        "sessionId": page.session_id,
        "sessionEpoch": 1,
        "runId": page.run_id,
        "currentSeq": 2,
        "clientEventId": "evt-uuid",
        "currentHost": "www.rtrvr.ai",
        "targetHost": "rtrvr.ai",
        "isCrossHost": True,
        "crossDomain": False,
        "navigationClass": "cross_host_in_scope",
        "adversarial": {"score": 0, "reasons": []},
    }


async def test_a_stale_seq(page: Page) -> None:
    await page.ask()
    await page.command("RUN_PROGRESS", runId=page.run_id, events=[tool(1), tool(2)])

    answer = await page.command(
        "TAB_EVENT", targetUrl="/cart", expectedSeq=2, clientEventId="evt-uuid", runId=page.run_id
    )

    assert answer.json()["error"] == "stale_seq"
    assert conflict(answer) == {
        "code": "stale_seq",
        "retryable": True,
        "sessionId": page.session_id,
        "runId": page.run_id,
        "expectedSeq": 2,
        "currentSeq": 3,
        "currentEpoch": 5,
        "decisionReason": "stale_seq_retryable",
        "clientEventId": "evt-uuid",
        "conflict": {"type": "stale_seq", "currentSeq": 3, "currentEpoch": 5, "retryable": True},
    }


async def test_a_stale_run(page: Page) -> None:
    await page.ask()
    first, seq = page.run_id, page.seq
    await page.ask("something else")

    answer = await page.command(
        "TAB_EVENT", targetUrl="/cart", runId=first, expectedEpoch=5, expectedSeq=seq, clientEventId="late"
    )

    assert data(answer) == {
        "decision": "stale_run",
        "decisionReason": "stale_run",
        "decisionHint": "sync_projection_and_ignore",
        "staleRun": True,
        "staleRunReason": "run_terminal",
        "currentRunId": page.run_id,
        "currentActiveRunId": page.run_id,
        "sessionId": page.session_id,
        "sessionEpoch": 6,
        "runId": first,
        "clientEventId": "late",
    }


async def test_a_projection_with_a_run_and_a_tab(page: Page) -> None:
    await page.ask("go", requestedMode="planner")
    await page.command(
        "TAB_EVENT",
        targetUrl="https://elsewhere.example/",
        logicalTabId="tab-2",
        parentLogicalTabId="tab-1",
    )

    state = await page.state()

    events, (tab,) = state.pop("events"), state.pop("tabs")
    assert state == {
        "sessionId": page.session_id,
        "epoch": 5,
        "activeRunId": page.run_id,
        "runStatus": "running",
        "runMode": "planner",
    }
    assert [(event["seq"], event["type"]) for event in events] == [(1, "run_started"), (2, "tab_event")]
    assert tab.pop("updatedAt") > 1_700_000_000_000
    assert tab == {
        "logicalTabId": "tab-2",
        "parentLogicalTabId": "tab-1",
        "scope": "external",
        "status": "open",
        "url": "https://elsewhere.example/",
        "reason": "open_new_tab",
    }
