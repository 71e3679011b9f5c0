"""What time does to sessions: silent runs, orphans, and what is too old."""

from datetime import timedelta

from django.utils import timezone

from tasks.models import AppliedCommand, Run, RuntimeSession, Task, TelemetryEvent
from tasks.services.runtime.sweeping import runs_sweep, runtime_prune
from tests.tasks.agents.steps import receipt_of
from tests.tasks.agents.support import row_of
from tests.tasks.sessions.support import Page, Runtime, data
from tests.tasks.streaming_fixtures import in_database
from workspace.models import Site


async def with_task(runtime: Runtime, shop: Site) -> tuple[dict[str, str], Page]:
    """A task that a page's run carries out."""
    created = await runtime.create()
    page = await runtime.page(shop)
    claim = {"receipt": receipt_of(created["open"]), "sessionToken": page.token}
    claimed = data(await runtime.post("/v1/tasks/claim-browser", claim))
    await page.ask(taskId=claimed["taskId"])
    return created, page


async def test_a_run_whose_page_tells_nothing_for_half_an_hour_fails_with_its_task(
    runtime: Runtime, shop: Site
) -> None:
    created, page = await with_task(runtime, shop)
    now = timezone.now()

    assert await in_database(runs_sweep)(now=now + timedelta(minutes=29)) == 0
    assert await in_database(runs_sweep)(now=now + timedelta(minutes=31)) == 1

    assert (await page.state())["runStatus"] == "failed"
    task = (await runtime.get(created["task"])).json()
    assert (task["status"], task["result"]["error"]["code"]) == ("failed", "RUN_TIMEOUT")


async def test_one_that_waits_for_its_user_has_a_day(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)
    await page.ask()
    asked = [{"type": "needs_input", "data": {"questions": [{"key": "size", "query": "Which size?"}]}}]
    await page.command(
        "RUN_PROGRESS", runId=page.run_id, events=asked, transition={"status": "awaiting_user"}
    )
    now = timezone.now()

    assert await in_database(runs_sweep)(now=now + timedelta(hours=23)) == 0
    assert await in_database(runs_sweep)(now=now + timedelta(hours=25)) == 1


async def test_a_run_whose_task_ended_without_it_is_cut(runtime: Runtime, shop: Site) -> None:
    created, page = await with_task(runtime, shop)
    row = await in_database(row_of)(created["id"])
    await in_database(Task.objects.filter(pk=row.pk).update)(status="cancelled")

    assert await in_database(runs_sweep)(now=timezone.now()) == 1

    assert (await page.state())["runStatus"] == "cancelled"
    assert await in_database(runs_sweep)(now=timezone.now()) == 0


async def test_what_is_too_old_goes_and_the_rest_stays(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)
    await page.ask()
    await page.send("telemetry/ingest", events=[{"name": "boot"}])
    now = timezone.now()

    await in_database(runtime_prune)(now=now + timedelta(hours=23))
    assert await in_database(AppliedCommand.objects.count)() == 1

    await in_database(runtime_prune)(now=now + timedelta(days=31))
    assert await in_database(AppliedCommand.objects.count)() == 0
    assert await in_database(TelemetryEvent.objects.count)() == 0
    assert await in_database(Run.objects.count)() == 1

    await in_database(runtime_prune)(now=now + timedelta(days=91))
    assert await in_database(RuntimeSession.objects.count)() == 0
