"""Browsers that take tasks up."""

from typing import Any

from tests.tasks.agents.steps import TASKS, check_headers, receipt_of, session_token
from tests.tasks.agents.support import Agents
from tests.tasks.streaming_fixtures import Exchange, in_database
from workspace.models import Site

CLAIM = f"{TASKS}/claim-browser"


def claim_of(link: str, token: str, **more: Any) -> dict[str, Any]:
    """The body of a claim by a page that was opened with this link."""
    return {"receipt": receipt_of(link), "sessionToken": token, "requestNonce": "n-1", **more}


async def claimed(agents: Agents, site: Site, link: str, **session: Any) -> Exchange:
    """The answer to a claim by a session of the site."""
    token = await in_database(session_token)(site, **session)
    return await agents.post(CLAIM, claim_of(link, token))


def refused(answer: Exchange) -> tuple[int, str]:
    """Status and code of a refusal in the envelope of the browser's paths."""
    check_headers(answer)
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert (set(body), body["success"]) == ({"success", "error", "data"}, False)
    assert {"code", "message", "retryable"} <= set(body["data"])
    assert body["data"]["code"] == body["error"]
    return answer.status, body["error"]
