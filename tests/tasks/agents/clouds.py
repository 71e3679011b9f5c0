"""Tasks that run without a browser, and web sites for them to run on."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from tasks.core.public_ids import TASK_PREFIX, read_name
from tests.tasks.agents.handing import resource
from tests.tasks.agents.logs import NDJSON, records
from tests.tasks.agents.support import Agents, local_site, row_of
from tests.tasks.executing.small_site import SmallSite
from tests.tasks.streaming_fixtures import in_database

POT = "<title>The pot</title><h1>Pot</h1><p>The pot is made of iron in one piece.</p>"
IRON = "What is the pot made of?"


@asynccontextmanager
async def serving(pages: Mapping[str, Any], **site: Any) -> AsyncIterator[SmallSite]:
    """A web site of these pages, open to agents, in the cloud too."""
    async with SmallSite(pages) as served:
        await in_database(local_site)(served.base_url, **site)
        yield served


async def wish(
    agents: Agents, base_url: str, prompt: str = IRON, path: str = "/", **body: Any
) -> dict[str, Any]:
    """A task for the cloud, made but not yet taken up."""
    return await agents.create(f"{base_url}{path}", prompt=prompt, header_prefer="execution=cloud", **body)


async def told(agents: Agents, created: dict[str, Any]) -> list[dict[str, Any]]:
    """The events so far, without the greeting; the stream of a task that goes on is left."""
    row = await in_database(row_of)(created["id"])
    async with agents.open(created["task"], accept=NDJSON) as stream:
        await stream.has_lines(row.last_seq + 1)
    return records(stream)[1:]


async def outcome(agents: Agents, created: dict[str, Any]) -> dict[str, Any]:
    """The resource after a worker's turn."""
    await agents.work(created["id"])
    return await resource(agents, created)


def key_of(created: dict[str, Any]) -> UUID:
    """What the database knows the task by."""
    key = read_name(created["id"], TASK_PREFIX)
    assert key is not None
    return key
