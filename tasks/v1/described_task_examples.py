"""Examples of agents' tasks, for the document."""

from typing import Any

BASE = "https://rover.example"
TASK_ID = "agt_0197f0c2d1e47a5b8c3d2e1f0a9b8c7d"
CHILD_ID = "agt_0197f0c35b6c7d8e9f0a1b2c3d4e5f60"
WORKFLOW_ID = "wf_0197f0c2d1e37f6e9d0c1b2a3f4e5d6c"
ACCESS = "agt_access_5kXb0y1n2m3v4c5x6z7a8s9d0f1g2h3j4k5l6q7w8e9"
WORKFLOW_ACCESS = "wf_access_9e8w7q6l5k4j3h2g1f0d9s8a7z6x5c4v3m2n1y0bXk5"
RECEIPT = "rrc_Qw3rTy7uI9oPa1sDf2gHj4kL6zXc8vBnM0qWeRtYu"
SHOP = "https://shop.example/"
AGENT = {"key": "corner-agent", "name": "Corner Agent", "vendor": "Example", "model": "m-1"}
WISH = {"url": SHOP, "prompt": "get me the latest blog post"}
WISH_OF_AGENT = WISH | {"agent": AGENT}
SHORTCUT_WISH = {"url": SHOP, "shortcut": "opening-hours"}
HANDOFF_WISH = {
    "url": "https://carrier.example/",
    "instruction": "Return the shipping options to ZZ1 4LH.",
    "contextSummary": "A storm lantern, 2 kg, was chosen on shop.example.",
    "expectedOutput": "The cheapest option and when it arrives.",
}
ANSWER = {"input": "The smaller one."}
KEYED_ANSWER = {"answers": {"size": "S", "colour": "blue"}}
CLAIM = {
    "receipt": RECEIPT,
    "sessionToken": "rvrsess_eyJzaWQiOiJzXzEifQ.c2ln",
    "sessionId": "s_1",
    "host": "shop.example",
}

_LINKS = {
    "task": f"{BASE}/v1/tasks/{TASK_ID}?access={ACCESS}",
    "workflow": f"{BASE}/v1/workflows/{WORKFLOW_ID}?access={WORKFLOW_ACCESS}",
}
_OPEN = {
    "open": f"{SHOP}#rover_receipt={RECEIPT}",
    "browserLink": f"{SHOP}?rover=get+me+the+latest+blog+post#rover_receipt={RECEIPT}",
}
CREATED: dict[str, Any] = {
    "id": TASK_ID,
    **_LINKS,
    **_OPEN,
    "status": "pending",
    "expiresAt": "2026-11-22T12:15:00.000Z",
    "retryAfterMs": 2000,
}
IN_CLOUD = {name: value for name, value in CREATED.items() if name not in _OPEN}
_RESOURCE: dict[str, Any] = {
    "id": TASK_ID,
    "task": _LINKS["task"],
    "workflow": f"{BASE}/v1/workflows/{WORKFLOW_ID}",
    "execution": "cloud",
    "agent": AGENT
    | {
        "trust": "self_reported",
        "source": "public_task_agent",
        "verificationMethod": "self_reported",
    },
    "createdAt": "2026-11-22T12:00:00.000Z",
    "updatedAt": "2026-11-22T12:00:01.840Z",
}
_SEEN = {
    "url": f"{SHOP}blog/lanterns",
    "title": "Which lantern for which night",
    "host": "shop.example",
    "summary": "Four lanterns in a storm, and what they cost.",
    "snapshotDigest": "sha256:5b4c…",
}
RESULT: dict[str, Any] = {
    "text": "Which lantern for which night (2026-11-20)",
    "blocks": [
        {"type": "text", "text": "Which lantern for which night (2026-11-20)"},
        {
            "type": "citation",
            "url": _SEEN["url"],
            "title": _SEEN["title"],
            "quote": "Which lantern for which night",
        },
    ],
    "summary": "Which lantern for which night (2026-11-20)",
    "observation": _SEEN,
}
COMPLETED = _RESOURCE | {
    "status": "completed",
    "result": RESULT,
    "expiresAt": "2026-11-29T12:00:01.840Z",
}
ASKING = _RESOURCE | {
    "status": "input_required",
    "input": {
        "message": "Two sizes fit. Which one?",
        "questions": [
            {"key": "size", "query": "Which size?", "required": True, "choices": ["Small", "Large"]}
        ],
    },
    "expiresAt": "2026-11-23T12:00:01.840Z",
    "retryAfterMs": 2000,
}
RUNNING = _RESOURCE | {
    "status": "running",
    "expiresAt": "2026-11-22T12:30:01.840Z",
    "retryAfterMs": 2000,
}
CANCELLED = _RESOURCE | {"status": "cancelled", "expiresAt": "2026-11-29T12:00:01.840Z"}
CHILD = CREATED | {
    "id": CHILD_ID,
    "task": f"{BASE}/v1/tasks/{CHILD_ID}?access={ACCESS}",
    "open": f"https://carrier.example/#rover_receipt={RECEIPT}",
    "browserLink": "https://carrier.example/?rover=Return+the+shipping+options+to+ZZ1+4LH."
    f"#rover_receipt={RECEIPT}",
}
WORKFLOW: dict[str, Any] = {
    "id": WORKFLOW_ID,
    "status": "running",
    "rootTask": TASK_ID,
    "tasks": [
        {
            "id": TASK_ID,
            "depth": 0,
            "siteHost": "shop.example",
            "status": "completed",
            "execution": "cloud",
            "createdAt": "2026-11-22T12:00:00.000Z",
            "endedAt": "2026-11-22T12:00:01.840Z",
            "summary": RESULT["summary"],
        },
        {
            "id": CHILD_ID,
            "parentTaskId": TASK_ID,
            "depth": 1,
            "siteHost": "carrier.example",
            "status": "waiting_browser",
            "execution": "auto",
            "createdAt": "2026-11-22T12:00:02.000Z",
        },
    ],
    "result": RESULT
    | {"children": [{"id": CHILD_ID, "siteHost": "carrier.example", "status": "waiting_browser"}]},
    "createdAt": "2026-11-22T12:00:00.000Z",
    "updatedAt": "2026-11-22T12:00:02.000Z",
}
CLAIMED = {
    "taskId": TASK_ID,
    "requestId": "rl_0197f0c2d1e47a5b8c3d2e1f0a9b8c7d",
    "status": "running",
    "executionTarget": "browser_attach",
    "detail": "sanitized",
    "targetUrl": SHOP,
    "input": {"kind": "prompt", "prompt": WISH["prompt"]},
    "sessionId": "s_1",
    "taskAccessToken": ACCESS,
    "workflowId": WORKFLOW_ID,
    "workflowAccessToken": WORKFLOW_ACCESS,
}


def _envelope(number: int, kind: str, data: str) -> str:
    return f'{{"id":"evt_{number}","type":"{kind}","ts":"2026-11-22T12:00:00.040Z","data":{data}}}'


_READY = _envelope(0, "ready", f'{{"taskId":"{TASK_ID}","status":"running"}}')
_STATUS = _envelope(1, "status", '{"status":"pending"}')
NDJSON = f"{_READY}\n{_STATUS}\n"
SSE = f"retry: 2000\nid: evt_0\nevent: ready\ndata: {_READY}\n\nid: evt_1\nevent: status\ndata: {_STATUS}\n\n"
WORKFLOW_NDJSON = NDJSON.replace("taskId", "workflowId").replace(TASK_ID, WORKFLOW_ID)
WORKFLOW_SSE = SSE.replace("taskId", "workflowId").replace(TASK_ID, WORKFLOW_ID)
LARGE_EVENT = {"role": "assistant", "text": "The whole text of an event that no stream carries …"}
