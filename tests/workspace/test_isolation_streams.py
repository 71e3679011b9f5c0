"""What the server answers in front of Django is its owner's alone, too."""

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from tests.tasks.test_streaming_access import answer, sign_in
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


async def test_to_its_owner_it_is_shown() -> None:
    def made() -> tuple[str, str]:
        now = timezone.now()
        victim = estate("zephyrine", now)
        return str(victim.task.pk), token_of(victim.owner, now)

    task_id, token = await in_database(made)()
    got = await answer(f"/v1/batches/{task_id}", authorization=f"Bearer {token}")
    assert (got.status, got.json()["task_id"]) == (200, task_id)
