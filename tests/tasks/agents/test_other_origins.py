"""Methods, and pages of other origins: every answer may be read by any page, refusals too."""

from typing import Any

import pytest

from tasks.v1.agents.exchange import MAX_BODY_BYTES
from tests.tasks.agents.steps import (
    BODY,
    TASKS,
    begin_a_minute,
    check_headers,
    limited,
    refusal,
)
from tests.tasks.agents.support import Agents
from workspace.models import Site

CLAIM = "/v1/tasks/claim-browser"
NOBODY = f"/v1/tasks/agt_{'0' * 32}"
NO_WORKFLOW = f"/v1/workflows/wf_{'0' * 32}"
ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "get", "post"]
METHODS = {
    TASKS: {"POST"},
    CLAIM: {"POST"},
    NOBODY: {"GET", "HEAD", "POST", "DELETE"},
    f"{NOBODY}/handoffs": {"POST"},
    f"{NOBODY}/artifacts/evt_1": {"GET", "HEAD"},
    NO_WORKFLOW: {"GET", "HEAD"},
    f"{NO_WORKFLOW}/artifacts/evt_1": {"GET", "HEAD"},
}


@pytest.mark.parametrize("path", METHODS)
async def test_a_method_that_does_nothing_here_is_told_which_ones_do(agents: Agents, path: str) -> None:
    for method in set(ALL_METHODS) - METHODS[path] - {"OPTIONS"}:
        answer = await agents.call(method, path, {})

        assert answer.status == 405, method
        check_headers(answer)
        assert set(answer.headers["allow"].split(", ")) == METHODS[path] | {"OPTIONS"}
        if method == "HEAD":
            assert answer.body == b""
        elif path != CLAIM:
            assert refusal(answer) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("path", METHODS)
async def test_a_page_of_any_origin_may_ask_first_and_then_do(agents: Agents, path: str) -> None:
    answer = await agents.call(
        "OPTIONS",
        path,
        origin="https://caller.example",
        access_control_request_method="POST",
        access_control_request_headers="content-type,prefer,idempotency-key",
    )

    assert (answer.status, answer.body) == (204, b"")
    check_headers(answer)
    allowed = {name.lower() for name in answer.headers["access-control-allow-headers"].split(", ")}
    assert allowed >= {
        "accept", "authorization", "content-type", "prefer", "idempotency-key", "last-event-id",
        "signature", "signature-input", "signature-agent", "content-digest", "x-rtrvr-client-id",
    }  # fmt: skip
    assert set(answer.headers["access-control-allow-methods"].split(", ")) >= METHODS[path]
    assert set(answer.headers["allow"].split(", ")) == METHODS[path] | {"OPTIONS"}
    assert int(answer.headers["access-control-max-age"]) > 0
    assert "content-length" not in answer.headers


async def test_a_page_of_any_origin_reads_refusals_too(
    agents: Agents, shop: Site, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_a_minute(monkeypatch)
    limited(settings, ip=1)
    created = await agents.create(header_idempotency_key="k")
    claim = {"receipt": "rrc_x", "sessionToken": "x"}
    other = BODY | {"prompt": "another"}
    answers = {
        400: await agents.post(TASKS, {}),
        401: await agents.post(CLAIM, claim),
        404: await agents.get(NOBODY),
        405: await agents.call("PUT", TASKS),
        406: await agents.post(TASKS, BODY, accept="text/html"),
        409: await agents.post(TASKS, other, idempotency_key="k"),
        413: await agents.post(TASKS, b"x" * (MAX_BODY_BYTES + 1)),
        429: await agents.post(TASKS, BODY),
    }
    answers[403] = await agents.post(TASKS, BODY, prefer="execution=cloud")

    assert {status: answer.status for status, answer in answers.items()} == {n: n for n in answers}
    for answer in answers.values():
        check_headers(answer)
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert {"Location", "Preference-Applied", "Retry-After", "Idempotency-Replayed"} <= set(exposed)
        assert created["task"].partition("access=")[2].encode() not in answer.body


async def test_a_refusal_never_repeats_a_token(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    token = created["task"].partition("access=")[2]

    answers = [
        await agents.get(f"{NOBODY}?access={token}"),
        await agents.get(f"{created['task']}x"),
        await agents.get(created["task"], authorization=f"Bearer {token}"),
        await agents.post(created["task"], {"input": "x"}),
        await agents.call("PUT", created["task"]),
    ]

    assert all(answer.status >= 400 for answer in answers)
    assert [answer.body for answer in answers if token.encode() in answer.body] == []
