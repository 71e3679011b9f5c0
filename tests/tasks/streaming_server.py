"""The server's application, and beside it what it holds at the moment, for tests that run it as a process."""

import asyncio
import json
import threading
from typing import Any

from rover_site import asgi

INSIDE = "/inside"


async def application(scope: Any, receive: Any, send: Any) -> None:
    """`GET /inside`: counts of streams, followed tasks, coroutines and threads."""
    if scope.get("path") != INSIDE:
        await asgi.application(scope, receive, send)
        return
    counts = {
        "streams": asgi.streams.n_streams,
        "tasks": asgi.streams.n_tasks,
        "coroutines": len(asyncio.all_tasks()),
        "threads": threading.active_count(),
    }
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(counts).encode()})
