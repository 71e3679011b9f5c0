"""One line through everything."""

from rover_site.demo import DemoSite
from tests.tasks.agents.support import Agents, local_site
from tests.tasks.streaming_fixtures import in_database


async def test_a_wish_and_a_url_become_an_answer(agents: Agents) -> None:
    async with DemoSite() as demo:
        await in_database(local_site)(demo.base_url)
        created = await agents.create(
            f"{demo.base_url}/", prompt="get me the latest blog post", header_prefer="execution=cloud"
        )

        await agents.work(created["id"])

        task = (await agents.get(created["task"])).json()
        assert task["status"] == "completed"
        assert "The north cellar opens in April" in task["result"]["text"]
        told = (await agents.get(created["task"], accept="application/x-ndjson")).lines()
        assert [told[0]["type"], told[-1]["type"]] == ["ready", "done"]
        lineage = (await agents.get(created["workflow"], accept="application/x-ndjson")).lines()
        assert (
            lineage[-1]["data"]["workflowId"]
            == created["workflow"].partition("/workflows/")[2].partition("?")[0]
        )
