"""Tasks that hand over, and sites that take over."""

from typing import Any

from tasks.models import AgentTask
from tests.tasks.agents import logs
from tests.tasks.agents.support import IN_CLOUD, OPEN, Agents, configure, make_site, row_of
from tests.tasks.streaming_fixtures import Exchange, in_database
from workspace.models import Site

TAKES_OVER = OPEN | {"allowDelegatedHandoffs": True}
SHORTCUTS = [{"id": "pay", "label": "Pay", "prompt": "Pay the open bill.", "enabled": True}]
BANK = "https://bank.example/"


def make_bank() -> Site:
    """`bank.example`: takes what others hand over, in the cloud too."""
    return make_site("bank.example", access=TAKES_OVER, capabilities=IN_CLOUD, shortcuts=SHORTCUTS)


def allow_shop() -> None:
    """Let `shop.example` take over too."""
    configure(Site.objects.get(name="Site shop.example"), aiAccess=TAKES_OVER)


async def handoff(
    agents: Agents,
    parent: dict[str, Any],
    url: str = BANK,
    *,
    headers: dict[str, str] | None = None,
    **body: Any,
) -> Exchange:
    """The answer to a handoff; without more said it has an instruction."""
    address, _, token = parent["task"].partition("?")
    wanted = {"url": url} | (body or {"instruction": "Pay the bill."})
    return await agents.post(f"{address}/handoffs?{token}", wanted, **(headers or {}))


async def child_of(agents: Agents, parent: dict[str, Any], url: str = BANK, **body: Any) -> dict[str, Any]:
    """What a handoff that was taken answered."""
    answer = await handoff(agents, parent, url, **body)
    assert answer.status == 202, answer.body
    made: dict[str, Any] = answer.json()
    return made


async def resource(agents: Agents, created: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await agents.get(created["task"])).json()
    return found


def refusal(answer: Exchange) -> tuple[int, str]:
    return answer.status, answer.json()["code"]


async def stored(created: dict[str, Any]) -> AgentTask:
    def read() -> AgentTask:
        return AgentTask.objects.select_related("task").get(pk=row_of(created["id"]).pk)

    return await in_database(read)()


async def running(agents: Agents, url: str = "https://shop.example/", **body: Any) -> dict[str, Any]:
    """A task that somebody works on."""
    created = await agents.create(url, **body)
    await in_database(logs.begin)(created["id"])
    return created
