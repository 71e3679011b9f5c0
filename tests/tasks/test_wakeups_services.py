"""Wake-ups through PostgreSQL and Redis."""

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tasks.io import listeners, wakeups
from tasks.io.listeners import PostgresListener, RedisListener
from tasks.io.wakeups import poke
from tests.tasks.listening import listening, poked_until
from tests.tasks.streaming_fixtures import until

ROOT = Path(__file__).parent.parent.parent
REDIS_URL = "redis://127.0.0.1:6379/0"
POSTGRES: dict[str, Any] = {"host": "127.0.0.1", "user": "postgres", "dbname": "test", "connect_timeout": 2}


def _reachable(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.redis
@pytest.mark.skipif(not _reachable(6379), reason="no Redis on 127.0.0.1:6379")
class TestRedis:
    @pytest.fixture(autouse=True)
    def _redis(self, settings: Any) -> Iterator[None]:
        settings.ROVER = settings.ROVER.model_copy(update={"redis_url": REDIS_URL})
        yield
        wakeups._redis(REDIS_URL).close()
        wakeups._redis.cache_clear()

    async def test_a_poke_arrives(self) -> None:
        task_id = uuid4()

        async with listening(RedisListener(REDIS_URL)) as heard:
            await poked_until(lambda: heard.tasks, task_id)

        assert set(heard.tasks) == {task_id}

    async def test_the_safety_poll_goes_on(self) -> None:
        async with listening(RedisListener(REDIS_URL, poll_seconds=0.02)) as heard:
            await until(lambda: heard.checks > 3)


@pytest.mark.postgres
@pytest.mark.skipif(not _reachable(5432), reason="no PostgreSQL on 127.0.0.1:5432")
class TestPostgres:
    async def test_a_notification_arrives(self) -> None:
        import psycopg

        task_id = uuid4()
        async with (
            listening(PostgresListener(POSTGRES)) as heard,
            await psycopg.AsyncConnection.connect(**POSTGRES, autocommit=True) as sender,
        ):
            await until(lambda: heard.checks)
            await sender.execute("SELECT pg_notify(%s, 'nonsense')", [wakeups.CHANNEL])
            await sender.execute("SELECT pg_notify(%s, %s)", [wakeups.CHANNEL, str(task_id)])
            await until(lambda: task_id in heard.tasks)  # the channel is shared: others are heard as well

    async def test_a_cut_connection_is_made_again_and_checked_meanwhile(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import psycopg

        monkeypatch.setattr(listeners, "RECONNECT_SECONDS", 0.05)
        name = f"cut-{uuid4()}"
        listener = PostgresListener(POSTGRES | {"application_name": name}, poll_seconds=30)
        cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = %s"
        task_id = uuid4()
        async with (
            listening(listener) as heard,
            await psycopg.AsyncConnection.connect(**POSTGRES, autocommit=True) as other,
        ):
            await until(lambda: heard.checks == 1)
            await other.execute(cut, [name])
            await until(lambda: heard.checks >= 4)
            await other.execute("SELECT pg_notify(%s, %s)", [wakeups.CHANNEL, str(task_id)])
            await until(lambda: task_id in heard.tasks)

        assert "PostgreSQL sends no wake-ups" in caplog.text


async def test_a_service_that_is_away_leaves_the_poll(
    monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setattr(listeners, "RECONNECT_SECONDS", 0.01)
    nowhere = POSTGRES | {"port": unused_tcp_port}

    async with (
        listening(RedisListener(f"redis://127.0.0.1:{unused_tcp_port}")) as redis,
        listening(PostgresListener(nowhere)) as postgres,
    ):
        await until(lambda: redis.checks > 3 and postgres.checks > 3)


def test_a_redis_that_is_away_does_not_hold_up_the_writer(
    settings: Any, unused_tcp_port: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakeups._Breaker, "until", 0.0)
    url = f"redis://127.0.0.1:{unused_tcp_port}"
    settings.ROVER = settings.ROVER.model_copy(update={"redis_url": url})

    for _ in range(100):
        poke(uuid4())

    assert caplog.text.count("Redis does not take wake-ups") == 1


@pytest.mark.postgres
@pytest.mark.skipif(not _reachable(5432), reason="no PostgreSQL on 127.0.0.1:5432")
async def test_under_postgres_a_poke_of_a_django_process_is_heard_by_its_configured_listener(
    tmp_path: Path,
) -> None:
    """Both ends in one other process, whose settings name the database."""
    script = """
import asyncio, uuid, django
django.setup()
from asgiref.sync import sync_to_async
from tasks.io.listeners import PostgresListener, configured_listener
from tasks.io.wakeups import poke

async def main():
    sent, heard, ready = uuid.uuid4(), asyncio.Event(), asyncio.Event()
    listener = configured_listener()
    assert isinstance(listener, PostgresListener)
    task = asyncio.create_task(listener.listen(wake=lambda task: task == sent and heard.set(), check=ready.set))
    await ready.wait()
    await sync_to_async(poke)(sent)
    print(await asyncio.wait_for(heard.wait(), 5))
    task.cancel()

asyncio.run(main())
"""
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "rover_site.settings",
        "ROVER_DATA_DIR": str(tmp_path),
        "ROVER_DATABASE_URL": "postgres://postgres@127.0.0.1:5432/test",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, env=environment, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)

    assert output == b"True\n"
