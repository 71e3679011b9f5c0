"""One run of a session has not ended, however many ask at once: by the service, and by the database alone."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from itertools import product

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from tasks.core.runtime.commands import read_command
from tasks.core.runtime.errors import ActiveRunExists
from tasks.core.runtime.states import TERMINAL, RunStatus
from tasks.models import Run, RuntimeSession
from tasks.services.runtime.commanding import command_apply
from tasks.services.runtime.sessions import session_present
from tests.tasks.agents.steps import at_once, session_token
from tests.tasks.sessions.steps import asked
from tests.tasks.sessions.support import Page, Runtime
from tests.tasks.streaming_fixtures import in_database
from workspace.models import Site

FIFTY = 50
GOING = sorted(set(RunStatus) - TERMINAL)


@pytest.fixture(autouse=True)
async def _leave_no_connection() -> AsyncIterator[None]:
    """PostgreSQL drops no database that a thread is still connected to."""
    yield
    await in_database(connections.close_all)()


def test_fifty_threads_that_prompt_together_begin_one_run(shop: Site) -> None:
    token = session_token(shop, sid="ses_many")

    def prompt(number: int) -> Callable[[], str]:
        body = {
            "type": "RUN_INPUT",
            "sessionId": "ses_many",
            "message": f"wish {number}",
            "clientEventId": f"event-{number}",
            "expectedEpoch": 1,
        }

        def send() -> str:
            now = timezone.now()
            presented = session_present(token, session_id="ses_many", now=now)
            try:
                applied = command_apply(presented, read_command(body), token=token, now=now)
            except ActiveRunExists as error:
                return str(error.data["runId"])
            return f"new {applied.data['runId']}"

        return send

    answers = at_once(*(prompt(number) for number in range(FIFTY)))

    (begun,) = [answer for answer in answers if answer.startswith("new ")]
    assert Counter(answers) == {begun: 1, begun.removeprefix("new "): FIFTY - 1}
    assert Run.objects.count() == 1
    session = RuntimeSession.objects.get(pk="ses_many")
    assert (session.epoch, str(session.run_id)) == (1, begun.removeprefix("new "))


async def test_fifty_requests_to_two_servers_begin_one_run(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)
    second = Runtime.start()
    try:
        there = Page(runtime=second, opened=page.opened)
        asking = [
            each.command("RUN_INPUT", message="go", clientEventId=f"{each is page} {n}")
            for n in range(FIFTY // 2)
            for each in (page, there)
        ]
        answers = await asyncio.gather(*asking)
    finally:
        await second.close()

    assert Counter(answer.status for answer in answers) == {200: 1, 409: FIFTY - 1}
    assert {answer.json()["data"]["runId"] for answer in answers} == {(await page.state())["activeRunId"]}
    assert await asked(Run.objects.count) == 1


async def test_of_fifty_that_replace_the_run_one_does(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)
    await page.ask()

    answers = await asyncio.gather(
        *(
            page.command("RUN_INPUT", message="other", forceNewRun=True, clientEventId=f"replace-{n}")
            for n in range(FIFTY)
        )
    )

    codes = Counter(answer.json().get("error", "applied") for answer in answers)
    assert codes == {"applied": 1, "stale_epoch": FIFTY - 1}
    assert (await page.state())["epoch"] == 2
    assert await asked(Run.objects.count) == 2


async def test_of_many_tab_events_each_gets_a_number_of_its_own(runtime: Runtime, shop: Site) -> None:
    """Each client knows the same place in the log; those that are refused come again with the new one."""
    page = await runtime.page(shop)
    await page.ask()

    async def go(name: str) -> int:
        seq = 1
        while True:
            answer = await page.command("TAB_EVENT", targetUrl="/", expectedSeq=seq, clientEventId=name)
            seq = answer.json()["data"]["currentSeq"]
            if answer.status == 200:
                return int(seq)

    got = await asyncio.gather(*(go(f"tab-{n}") for n in range(8)))

    assert sorted(got) == list(range(2, 10))


# --- the database alone ---


@pytest.mark.parametrize(("first", "second"), list(product(GOING, repeat=2)))
def test_the_database_takes_no_second_run_that_has_not_ended(
    shop: Site, first: RunStatus, second: RunStatus
) -> None:
    session_token(shop, sid="ses_one")
    make(first)

    with pytest.raises(IntegrityError), transaction.atomic():
        make(second)

    assert Run.objects.count() == 1


def test_the_database_takes_any_number_of_runs_that_have_ended(shop: Site) -> None:
    session_token(shop, sid="ses_one")
    for status in (*TERMINAL, *TERMINAL, RunStatus.RUNNING):
        make(status)

    assert Run.objects.count() == 2 * len(TERMINAL) + 1


def test_another_session_has_a_run_of_its_own(shop: Site) -> None:
    for sid in ("ses_one", "ses_two"):
        session_token(shop, sid=sid)
        make(RunStatus.RUNNING, sid)

    assert Run.objects.count() == 2


def make(status: RunStatus, session_id: str = "ses_one") -> None:
    now = timezone.now()
    Run.objects.create(
        session_id=session_id, status=status.value, mode="act", message="go", started_at=now, changed_at=now
    )
