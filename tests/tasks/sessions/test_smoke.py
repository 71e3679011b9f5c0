"""One line through the runtime: a receipt, a session, a run, its end on the agent's stream."""

from tests.tasks.agents.steps import receipt_of
from tests.tasks.sessions.support import Runtime, data, events
from tests.tasks.streaming_fixtures import until
from workspace.models import Site


async def test_a_page_opens_a_session_and_is_told_all_that_it_needs(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)

    assert page.opened["sessionToken"].startswith("rvrsess_")
    assert page.opened["streamToken"].startswith("rvrsess_")
    assert page.opened["epoch"] == 1
    assert page.opened["capabilities"]["roverEmbed"] is True
    assert page.opened["policy"]["domainScopeMode"] == "registrable_domain"
    assert page.opened["projection"]["events"] == []
    assert page.opened["siteConfig"]["shortcuts"] == []


async def test_a_run_that_a_page_carries_out_ends_its_task(runtime: Runtime, shop: Site) -> None:
    created = await runtime.create()
    page = await runtime.page(shop)
    claim = {"receipt": receipt_of(created["open"]), "sessionToken": page.token, "sessionId": page.session_id}
    claimed = data(await runtime.post("/v1/tasks/claim-browser", claim))

    await page.ask(claimed["input"]["prompt"], taskId=claimed["taskId"])
    told = [
        {"type": "tool_start", "id": "e1", "data": {"name": "click_element"}},
        {"type": "assistant_output", "id": "e2", "data": {"text": "Open from nine."}},
    ]
    answer = await page.command(
        "RUN_PROGRESS", runId=page.run_id, events=told, transition={"status": "completed"}
    )

    assert data(answer)["state"] == "completed"
    task = (await runtime.get(created["task"])).json()
    assert task["status"] == "completed"
    assert task["result"]["text"] == "Open from nine."
    stream = await runtime.get(created["task"], accept="text/event-stream")
    names = [name for name, _ in events(stream.body)]
    assert names[0] == "ready" and names[-1] == "done"
    assert names.count("tool") == names.count("message") == 1


async def test_the_stream_of_a_session_tells_changes_as_they_happen(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)
    url = "/v2" + page.opened["sseUrl"].partition("/v2")[2]

    async with runtime.open(url) as stream:
        await until(lambda: len(events(stream.body)) == 2)
        await page.ask()
        await until(lambda: len(events(stream.body)) == 3)

    told = events(stream.body)
    assert [name for name, _ in told] == ["ready", "projection", "projection"]
    assert told[2][1]["activeRunId"] == page.run_id
    assert [event["type"] for event in told[2][1]["events"]] == ["run_started"]


async def test_cancelling_the_task_cancels_the_run(runtime: Runtime, shop: Site) -> None:
    created = await runtime.create()
    page = await runtime.page(shop)
    claim = {"receipt": receipt_of(created["open"]), "sessionToken": page.token}
    claimed = data(await runtime.post("/v1/tasks/claim-browser", claim))
    await page.ask(taskId=claimed["taskId"])

    await runtime.delete(created["task"])

    state = await page.state()
    assert (state["runStatus"], state["epoch"]) == ("cancelled", 2)


async def test_a_session_that_is_closed_ends_its_streams(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)
    url = "/v2" + page.opened["sseUrl"].partition("/v2")[2]

    async with runtime.open(url) as stream:
        await until(lambda: len(events(stream.body)) == 2)
        data(await page.send("session/close"))
        await until(lambda: stream.is_complete)

    assert events(stream.body)[-1] == ("error", {"message": "session_not_found"})
