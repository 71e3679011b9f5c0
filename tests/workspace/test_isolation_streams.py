"""What the server answers in front of Django is its owner's alone, too."""

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from tasks.core.public_ids import task_name, workflow_name
from tests.tasks.test_streaming_access import answer, ask, sign_in
from tests.workspace.isolation.asks import paths_of
from tests.workspace.isolation.estate import Estate, estate, token_of
from tests.workspace.isolation.routes import front_routes
from tests.workspace.isolation.rows import differences, dump_of
from workspace.services.owners import owner_create

pytestmark = pytest.mark.django_db(transaction=True)
in_database = sync_to_async
Headers = dict[str, str]


def everybody() -> tuple[Estate, dict[str, Headers], list[str], list[str]]:
    """The victim, the others' headers, the victim's addresses and what marks an answer as the victim's."""
    now = timezone.now()
    victim, other = estate("zephyrine", now), estate("quartzley", now)
    users = {"another owner": other.owner, "a viewer": victim.viewer, "a colleague": victim.colleague}
    users["nobody"] = owner_create(username="nobody", password=None)
    forged = {"authorization": "Bearer rvo_forged", "cookie": "sessionid=forged"}
    headers: dict[str, Headers] = {"anonymous": {}, "forged": forged}
    for name, user in users.items():
        headers[name] = {"authorization": f"Bearer {token_of(user, now)}", "cookie": sign_in(user)}
    return victim, headers, paths_of(front_routes(), victim), victim.markers


async def test_a_task_is_shown_to_its_owner_alone() -> None:
    victim, headers, paths, markers = await in_database(everybody)()
    before = await in_database(dump_of)(victim.owner)
    assert paths
    for path in paths:
        for method in ("GET", "HEAD"):
            for accept in ("text/event-stream", "application/x-ndjson", "application/json"):
                for name, sent in headers.items():
                    got = await answer(path, method=method, accept=accept, **sent)
                    where = f"{name}: {method} {path} as {accept}: {got.status}"
                    assert 400 <= got.status < 500, where
                    text = f"{got.headers}{got.body.decode()}".lower().replace(str(victim.task.pk), "")
                    assert not [marker for marker in markers if marker in text], where
    assert not differences(before, await in_database(dump_of)(victim.owner))


async def test_an_agents_task_is_shown_to_those_who_work_on_its_site_and_to_its_tokens_alone() -> None:
    victim, headers, _, markers = await in_database(everybody)()
    task = victim.agent_tasks[0]
    names = [task_name(task.pk), str(task.pk), task.pk.hex, str(task.workflow_id), task.workflow_id.hex]
    paths = [f"/v1/tasks/{name}" for name in names] + [f"/workspace/tasks/{name}/events" for name in names]
    paths += [f"/v1/workflows/{workflow_name(task.workflow_id)}", f"/v1/tasks/{names[0]}/artifacts/evt_1"]
    for path in paths:
        for accept in ("text/event-stream", "application/x-ndjson", "application/json"):
            for name in ("anonymous", "forged", "another owner", "nobody"):
                got = await answer(path, accept=accept, **headers[name])
                where = f"{name}: {path} as {accept}: {got.status}"
                assert 400 <= got.status < 500, where
                text = f"{got.headers}{got.body.decode()}".lower()
                for sent in sorted(names, key=len, reverse=True):
                    text = text.replace(sent.lower(), "")
                assert not [marker for marker in markers if marker in text], where


async def test_people_of_a_site_follow_its_agents_tasks() -> None:
    victim, headers, _, _ = await in_database(everybody)()
    for name in ("a viewer", "a colleague"):
        cookie = headers[name]["cookie"]
        exchange = await ask(f"/workspace/tasks/{victim.agent_tasks[0].pk}/events", cookie=cookie)
        await exchange.begun()
        exchange.leave()
        await exchange.ended()
        assert exchange.status == 200


async def test_the_log_of_a_workflow_is_not_for_a_sites_people_because_others_work_in_it_too() -> None:
    victim, headers, _, _ = await in_database(everybody)()
    for cookie in (await in_database(sign_in)(victim.owner), headers["a colleague"]["cookie"]):
        exchange = await ask(f"/workspace/tasks/{victim.agent_tasks[0].workflow_id}/events", cookie=cookie)
        await exchange.begun()
        exchange.leave()
        await exchange.ended()
        assert exchange.status == 404


async def test_to_its_owner_it_is_shown() -> None:
    def made() -> tuple[str, str]:
        now = timezone.now()
        victim = estate("zephyrine", now)
        return str(victim.task.pk), token_of(victim.owner, now)

    task_id, token = await in_database(made)()
    got = await answer(f"/v1/batches/{task_id}", authorization=f"Bearer {token}")
    assert (got.status, got.json()["task_id"]) == (200, task_id)
