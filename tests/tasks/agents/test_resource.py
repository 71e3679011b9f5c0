"""GET /v1/tasks/{id}: who may read a task, and what it is in each of its states."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError
from django.utils import timezone

from tasks.core.public_task import deadline
from tasks.core.states import TaskStatus
from tasks.models import Task
from tests.tasks.agents.steps import (
    ASKING,
    BODY,
    CANCELLED,
    DONE,
    FAILED,
    QUESTION,
    RESULT,
    TASKS,
    URL,
    R,
    W,
    bare,
    bring,
    check_headers,
    refusal,
    token_of,
)
from tests.tasks.agents.support import Agents, configure, local_site, make_site, row_of
from tests.tasks.executing import craft_site
from tests.tasks.executing.small_site import SmallSite
from tests.tasks.streaming_fixtures import in_database, until
from workspace.models import Site

ALWAYS_THERE = {
    "id",
    "task",
    "workflow",
    "status",
    "execution",
    "agent",
    "createdAt",
    "updatedAt",
    "expiresAt",
}
HOURS = "Wann habt ihr geöffnet?"
MAX_HOLDS = 30


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


# --- who may read it ---


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_token_opens_it_in_the_address_or_in_a_header(
    agents: Agents, shop: Site, scheme: str
) -> None:
    created = await agents.create()
    token = token_of(created["task"])

    by_address = await agents.get(created["task"])
    by_header = await agents.get(bare(created["task"]), authorization=f"{scheme} {token}")

    assert by_address.status == by_header.status == 200
    assert by_address.body == by_header.body
    check_headers(by_header)


@pytest.mark.parametrize("query", ["?access={token}&after=evt_1&x=1", "?x=1&access={token}"])
async def test_other_parameters_do_not_matter(agents: Agents, shop: Site, query: str) -> None:
    created = await agents.create()

    answer = await agents.get(bare(created["task"]) + query.format(token=token_of(created["task"])))

    assert answer.status == 200


async def test_without_its_token_a_task_looks_as_if_there_were_none(agents: Agents, shop: Site) -> None:
    mine, other = await agents.create(), await agents.create()
    nobody = f"/v1/tasks/agt_{'0' * 32}"
    wrong = "agt_access_" + "A" * 43

    def told(answer: Any) -> dict[str, Any]:
        assert refusal(answer) == (404, "TASK_NOT_FOUND")
        return {name: value for name, value in answer.json().items() if name != "instance"}

    none = told(await agents.get(f"{nobody}?access={wrong}"))
    for token in (None, wrong, token_of(other["task"]), token_of(mine["workflow"]), mine["id"]):
        query = f"?access={token}" if token else ""
        assert told(await agents.get(bare(mine["task"]) + query)) == none, token
    assert told(await agents.get(f"{nobody}?access={token_of(mine['task'])}")) == none
    assert told(await agents.get(nobody)) == none


async def test_a_token_of_the_task_does_not_open_its_workflow(agents: Agents, shop: Site) -> None:
    created = await agents.create()

    answer = await agents.get(f"{bare(created['workflow'])}?access={token_of(created['task'])}")

    assert refusal(answer) == (404, "TASK_NOT_FOUND")


async def test_a_receipt_is_no_token(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    receipt = created["open"].partition("rover_receipt=")[2]

    assert refusal(await agents.get(f"{bare(created['task'])}?access={receipt}"))[0] == 404


@pytest.mark.parametrize("authorization", ["Basic dXNlcjpwYXNz", "Bearer", "Token abc", ""])
async def test_other_credentials_are_not_ours(agents: Agents, shop: Site, authorization: str) -> None:
    created = await agents.create()

    assert (await agents.get(bare(created["task"]), authorization=authorization)).status == 404
    assert (await agents.get(created["task"], authorization=authorization)).status == 200


@pytest.mark.parametrize("token", ["a b", "%22", "a%00", "é", "x" * 201, "agt_access_%0a"])
async def test_a_text_that_can_be_no_token_is_a_bad_request(agents: Agents, shop: Site, token: str) -> None:
    created = await agents.create()

    assert refusal(await agents.get(f"{bare(created['task'])}?access={token}")) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_a_token_is_sent_once(agents: Agents, shop: Site, method: str) -> None:
    created = await agents.create()
    bearer = f"Bearer {token_of(created['task'])}"

    twice = await agents.call(method, created["task"], {"input": "x"}, authorization=bearer)
    two_lines = await agents.call(
        method, bare(created["task"]), {"input": "x"}, authorization=[bearer, bearer]
    )

    assert refusal(twice) == refusal(two_lines) == (400, "INVALID_REQUEST")
    assert (await in_database(row_of)(created["id"])).status == "waiting_browser"


async def test_a_task_that_was_removed_is_none(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    await in_database(Task.objects.all().delete)()

    assert refusal(await agents.get(created["task"])) == (404, "TASK_NOT_FOUND")


# --- what it is ---


async def test_a_task_that_nobody_took_up_has_the_links_of_its_creation(agents: Agents, shop: Site) -> None:
    created = await agents.create()

    task = (await agents.get(created["task"])).json()

    assert set(task) == ALWAYS_THERE | {"open", "browserLink", "retryAfterMs"}
    assert {name: task[name] for name in ("id", "task", "open", "browserLink", "retryAfterMs")} == {
        name: created[name] for name in ("id", "task", "open", "browserLink", "retryAfterMs")
    }
    assert task["workflow"] == bare(created["workflow"])
    assert (task["status"], task["execution"]) == ("waiting_browser", "auto")


@pytest.mark.parametrize(
    ("statuses", "members"),
    [
        ([R], {"retryAfterMs": 2000}),
        ([R, ASKING], {"retryAfterMs": 2000, "input": QUESTION}),
        ([R, ASKING, R], {"retryAfterMs": 2000}),
        ([R, DONE], {"result": RESULT}),
        ([R, FAILED], {}),
        ([CANCELLED], {}),
        ([TaskStatus.EXPIRED], {}),
    ],
)
async def test_in_each_state_a_task_has_what_belongs_to_it_and_nothing_else(
    agents: Agents, shop: Site, statuses: list[TaskStatus], members: dict[str, Any]
) -> None:
    created = await agents.create()
    await in_database(bring)(created["id"], *statuses)

    answer = await agents.get(created["task"])

    task = answer.json()
    assert answer.status == 200
    assert set(task) == ALWAYS_THERE | set(members)
    assert {name: task[name] for name in members} == members
    assert task["status"] == statuses[-1].value
    is_worth_asking_again = statuses[-1] is R
    assert answer.headers.get("retry-after") == ("2" if is_worth_asking_again else None)


async def test_a_result_shows_its_public_members_alone(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    result = {
        "text": "t",
        "summary": "s",
        "blocks": [{"type": "text", "text": "t"}],
        "observation": {"url": URL, "title": "Shop", "host": "shop.example", "summary": "s", "html": "<p>"},
        "transcript": {"messages": [{"role": "user", "text": "p", "ts": 1, "tokens": 7}]},
        "artifacts": [{"id": "a"}],
        "citations": ["kept inside"],
    }
    await in_database(bring)(created["id"], R, DONE, result=result)

    shown = (await agents.get(created["task"])).json()["result"]

    assert shown == {
        "text": "t",
        "summary": "s",
        "blocks": [{"type": "text", "text": "t"}],
        "observation": {"url": URL, "title": "Shop", "host": "shop.example", "summary": "s"},
        "transcript": {"messages": [{"role": "user", "text": "p", "ts": 1}]},
        "artifacts": [{"id": "a"}],
    }


async def test_a_failure_says_why(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    error = {"code": "no_evidence", "message": "The site says nothing about that."}
    await in_database(bring)(created["id"], R, FAILED, result={"error": error})

    task = (await agents.get(created["task"])).json()

    assert (task["status"], task["result"]) == ("failed", {"error": error})


async def test_its_times_are_those_of_its_life(agents: Agents, shop: Site) -> None:
    before = timezone.now()
    created = await agents.create()
    new = (await agents.get(created["task"])).json()
    assert abs(moment(new["createdAt"]) - before) < timedelta(seconds=10)
    assert moment(new["expiresAt"]) == deadline(W, since=moment(new["createdAt"]))

    for status in (R, ASKING, R, DONE):
        await in_database(bring)(created["id"], status)
        task = (await agents.get(created["task"])).json()
        assert moment(task["updatedAt"]) > moment(new["updatedAt"])
        assert moment(task["expiresAt"]) == deadline(status, since=moment(task["updatedAt"]))
        assert task["createdAt"] == new["createdAt"]


async def test_reading_changes_nothing(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    first = await agents.get(created["task"])

    assert (await agents.get(created["task"])).body == first.body


@pytest.mark.parametrize("statuses", [[], [R, ASKING], [R, DONE]])
async def test_head_is_get_without_its_body(agents: Agents, shop: Site, statuses: list[TaskStatus]) -> None:
    created = await agents.create()
    await in_database(bring)(created["id"], *statuses)

    whole = await agents.get(created["task"])
    head = await agents.call("HEAD", created["task"])

    assert (head.status, head.body) == (200, b"")
    assert head.headers == whole.headers
    assert int(head.headers["content-length"]) == len(whole.body)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("text/html, application/json;q=0.5", "application/json"),
        ("application/json;q=0.5, application/x-ndjson", "application/x-ndjson"),
        ("text/event-stream", "text/event-stream; charset=utf-8"),
    ],
)
async def test_the_reader_chooses_the_form(
    agents: Agents, shop: Site, accept: str | None, media_type: str
) -> None:
    created = await agents.create()
    await in_database(bring)(created["id"], R, DONE)

    answer = await agents.get(created["task"], **({"accept": accept} if accept else {}))

    assert (answer.status, answer.headers["content-type"]) == (200, media_type)
    check_headers(answer)


@pytest.mark.parametrize("accept", ["text/html", "image/*", "application/json;q=0"])
async def test_a_form_that_there_is_not_is_refused(agents: Agents, shop: Site, accept: str) -> None:
    created = await agents.create()

    answer = await agents.get(created["task"], accept=accept)

    assert refusal(answer) == (406, "not_acceptable")
    assert answer.json()["acceptable"] == ["application/json", "text/event-stream", "application/x-ndjson"]


# --- a run on the server ---


async def test_a_task_that_a_worker_carries_out_expires_half_an_hour_after_its_last_sign(
    agents: Agents, transactional_db: None
) -> None:
    async with SmallSite(craft_site.PAGES, delay=0.3) as site:
        await in_database(local_site)(site.base_url)
        created = await agents.create(f"{site.base_url}/", prompt=HOURS, header_prefer="execution=cloud")
        pending = (await agents.get(created["task"])).json()
        working = asyncio.create_task(agents.work(created["id"]))
        await until(lambda: len(site.paths) > 1)

        running = (await agents.get(created["task"])).json()
        await working

    assert (pending["status"], running["status"]) == ("pending", "running")
    assert moment(running["expiresAt"]) - moment(pending["expiresAt"]) > timedelta(minutes=14)


async def test_a_client_that_polls_as_the_documentation_shows_gets_its_answer(
    agents: Agents, transactional_db: None
) -> None:
    async with SmallSite(craft_site.PAGES) as site:
        await in_database(local_site)(site.base_url)
        created = await agents.create(
            f"{site.base_url}/", prompt="Wie teuer ist die Teekanne?", header_prefer="execution=cloud"
        )
        working = asyncio.create_task(agents.work(created["id"]))
        seen = []
        async with asyncio.timeout(MAX_HOLDS):
            while True:
                task = (await agents.get(created["task"], accept="application/json")).json()
                seen.append((task["status"], task.get("result", {}).get("text", "")))
                if task["status"] in {"completed", "failed", "cancelled", "expired"}:
                    break
                await asyncio.sleep(0.05)
        await working

    assert seen[-1] == ("completed", "Teekanne: 84,50 €")
    assert {status for status, _ in seen} <= {"pending", "running", "completed"}
    observed = task["result"]["observation"]
    assert set(observed) == {"url", "title", "host", "summary", "snapshotDigest"}
    assert observed["url"] == f"{site.base_url}/preise.html"


# --- faults ---


async def test_a_database_that_fails_is_told_as_such_and_another_try_invited(
    agents: Agents, shop: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = await agents.create()

    def fail(task_id: UUID) -> None:
        raise DatabaseError("disk I/O error")

    monkeypatch.setattr("tasks.v1.agents.resources.agent_task_of", fail)
    answer = await agents.get(created["task"])

    assert (answer.status, answer.headers["retry-after"]) == (503, "2")
    assert answer.json()["retryable"] is True
    assert b"disk" not in answer.body
    check_headers(answer)


async def test_a_site_whose_owner_closed_it_still_shows_the_tasks_it_took(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    await in_database(configure)(shop, aiAccess={"enabled": False})

    assert (await agents.get(created["task"])).status == 200
    assert refusal(await agents.post(TASKS, BODY)) == (403, "AI_ACCESS_DISABLED")


async def test_two_sites_do_not_meet(agents: Agents, shop: Site) -> None:
    await in_database(make_site)("other.example")
    mine = await agents.create()
    theirs = await agents.create("https://other.example/")

    answer = await agents.get(f"{bare(theirs['task'])}?access={token_of(mine['task'])}")

    assert refusal(answer) == (404, "TASK_NOT_FOUND")
