"""The whole application's routes to streams: who reads what in the workspace, and which methods are ours."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.test import Client

from tasks.core.states import TaskKind
from tests.tasks.streaming_fixtures import (
    Exchange,
    append,
    finish,
    in_database,
    make_owner,
    make_task,
    make_token,
    until,
)
from workspace.models import User

pytestmark = pytest.mark.django_db(transaction=True)


async def ask(path: str, *, method: str = "GET", body: bytes = b"", **headers: str) -> Exchange:
    from rover_site.asgi import application

    sent = {"host": "127.0.0.1"} | {name.replace("_", "-"): value for name, value in headers.items()}
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "client": ["127.0.0.1", 1],
        "server": ["127.0.0.1", 2],
    }
    exchange = Exchange(application=application, scope=scope)
    exchange.start(body)
    return exchange


async def answer(path: str, **kwargs: Any) -> Exchange:
    exchange = await ask(path, **kwargs)
    await exchange.ended()
    return exchange


def sign_in(user: User) -> str:
    """The cookie header of a signed-in browser."""
    client = Client()
    client.force_login(user)
    return f"other=1; {settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def ended_task(owner: User | None, kind: TaskKind = TaskKind.REVALIDATE) -> UUID:
    task_id = make_task(owner, kind=kind, n_events=1)
    finish(task_id)
    return task_id


class TestWorkspace:
    async def test_an_owner_sees_the_events_of_an_own_task_of_any_kind(self) -> None:
        owner = await in_database(make_owner)()
        task_id = await in_database(ended_task)(owner)

        page = await answer(f"/workspace/tasks/{task_id}/events", cookie=await in_database(sign_in)(owner))

        assert (page.status, page.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert page.body.count(b"\nevent: ") == 2

    async def test_a_strangers_task_is_not_there(self) -> None:
        owner = await in_database(make_owner)()
        stranger = await in_database(make_owner)("stranger")
        task_id = await in_database(ended_task)(stranger)

        page = await answer(f"/workspace/tasks/{task_id}/events", cookie=await in_database(sign_in)(owner))

        assert (page.status, page.json()["code"]) == (404, "task_not_found")

    async def test_a_superuser_sees_any_task(self) -> None:
        admin = await in_database(make_owner)("admin", is_superuser=True)
        task_id = await in_database(ended_task)(None)

        page = await answer(f"/workspace/tasks/{task_id}/events", cookie=await in_database(sign_in)(admin))

        assert page.status == 200

    async def test_who_is_not_of_the_staff_is_refused(self) -> None:
        visitor = await in_database(User.objects.create_user)("visitor")
        task_id = await in_database(ended_task)(visitor)

        page = await answer(f"/workspace/tasks/{task_id}/events", cookie=await in_database(sign_in)(visitor))

        assert (page.status, page.json()["code"]) == (403, "forbidden")

    @pytest.mark.parametrize("cookie", ["", "sessionid=wrong", "sessionid"])
    async def test_without_a_session_it_is_refused(self, cookie: str) -> None:
        task_id = await in_database(ended_task)(await in_database(make_owner)())

        page = await answer(f"/workspace/tasks/{task_id}/events", cookie=cookie)

        assert (page.status, page.json()["detail"]) == (403, "sign in to the workspace")

    async def test_an_inactive_owner_has_no_session_any_more(self) -> None:
        owner = await in_database(make_owner)()
        cookie = await in_database(sign_in)(owner)
        task_id = await in_database(ended_task)(owner)
        await in_database(User.objects.filter(pk=owner.pk).update)(is_active=False)

        assert (await answer(f"/workspace/tasks/{task_id}/events", cookie=cookie)).status == 403

    async def test_a_token_opens_no_workspace_stream(self) -> None:
        owner = await in_database(make_owner)()
        task_id = await in_database(ended_task)(owner)
        token = await in_database(make_token)(owner)

        page = await answer(f"/workspace/tasks/{task_id}/events", authorization=f"Bearer {token}")

        assert page.status == 403

    async def test_it_is_live(self) -> None:
        owner = await in_database(make_owner)()
        task_id = await in_database(make_task)(owner)

        page = await ask(f"/workspace/tasks/{task_id}/events", cookie=await in_database(sign_in)(owner))
        await until(lambda: page.body)
        await in_database(append)(task_id)
        await until(lambda: b"\nid: 1\n" in page.body or b"id: 1\n" in page.body)
        page.leave()

        await page.ended()


class TestRoutes:
    @pytest.mark.parametrize(
        ("method", "path"), [("DELETE", "/v1/batches/{}"), ("GET", "/v1/batches/{}/items")]
    )
    async def test_what_is_no_reading_of_a_task_goes_to_django(self, method: str, path: str) -> None:
        owner = await in_database(make_owner)()
        task_id = await in_database(ended_task)(owner, TaskKind.BATCH_FETCH)
        token = await in_database(make_token)(owner)

        reply = await answer(path.format(task_id), method=method, authorization=f"Bearer {token}")

        assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
        assert "x-frame-options" in reply.headers

    async def test_a_batch_that_was_just_accepted_can_be_read_at_its_location(self) -> None:
        owner = await in_database(make_owner)()
        token = f"Bearer {await in_database(make_token)(owner)}"
        created = await answer(
            "/v1/batches",
            method="POST",
            body=b'{"urls":["http://127.0.0.1:8080/"]}',
            authorization=token,
            content_type="application/json",
        )

        assert created.status == 202, created.body
        snapshot = await answer(created.headers["location"], authorization=token)

        assert snapshot.status == 200
        assert snapshot.json()["total"] == 1

    async def test_a_websocket_is_closed(self) -> None:
        from rover_site.asgi import application

        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        incoming: asyncio.Queue[Any] = asyncio.Queue()
        incoming.put_nowait({"type": "websocket.connect"})
        await application({"type": "websocket", "path": "/"}, incoming.get, send)

        assert sent == [{"type": "websocket.close"}]

    async def test_the_lifespan_is_answered_and_its_end_closes_the_streams(self) -> None:
        from rover_site.asgi import application, streams

        incoming: asyncio.Queue[Any] = asyncio.Queue()
        sent: list[str] = []

        async def send(message: Any) -> None:
            sent.append(message["type"])

        incoming.put_nowait({"type": "lifespan.startup"})
        life = asyncio.create_task(application({"type": "lifespan"}, incoming.get, send))
        owner = await in_database(make_owner)()
        task_id = await in_database(make_task)(owner)
        page = await ask(f"/workspace/tasks/{task_id}/events", cookie=await in_database(sign_in)(owner))
        await until(lambda: page.body)
        incoming.put_nowait({"type": "lifespan.shutdown"})
        await life
        await page.ended()

        assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
        assert page.is_complete
        streams.begin()
