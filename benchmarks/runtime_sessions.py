"""Sessions of pages: opening them, following them, commands and steps, on one server process."""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import psutil

from benchmarks.processes import BenchmarkError
from benchmarks.results import Result, at_most
from benchmarks.run import Run
from benchmarks.scores import percentile
from benchmarks.server import Server, server

SESSIONS = 1_000
COMMANDS = 200
RATE = 20
STEPS = 60
AT_ONCE = 32
COALESCED_MS = 150
"""What changes within this time is told as one, so a change may be told that much later."""
HOST = "http://127.0.0.1:8099/"
UNLIMITED = {"ROVER_SESSIONS_PER_MINUTE_IP": "0"}


@dataclass(slots=True)
class Page:
    """A page with its session. `told`: when its last projection came."""

    opened: Mapping[str, Any]
    told: asyncio.Event = field(default_factory=asyncio.Event)


def measure(run: Run) -> Iterator[Result]:
    """What a thousand sessions with a stream each cost, how late a change arrives at twenty a second, and how
    long a command and a step take."""
    with server(run.folder / "rover-runtime", command="web", settings=UNLIMITED) as rover:
        key = _site(rover)
        yield from asyncio.run(_measure(rover, key))


async def _measure(rover: Server, key: Mapping[str, Any]) -> list[Result]:
    web = psutil.Process(rover.process.pid)
    began = time.perf_counter()
    pages = await _at_once([_open(rover, key) for _ in range(SESSIONS)])
    opening = time.perf_counter() - began
    memory, threads = web.memory_info().rss, web.num_threads()
    streams = [asyncio.create_task(_follow(rover, page)) for page in pages]
    await asyncio.wait_for(asyncio.gather(*(page.told.wait() for page in pages)), 120)
    grown, more = web.memory_info().rss - memory, web.num_threads() - threads
    late = await _changes(rover, pages)
    commands = [await _timed(_ask(rover, page)) for page in pages[-STEPS:]]
    steps = [await _timed(_step(rover, page, await _run(rover, page))) for page in pages[:STEPS]]
    for stream in streams:
        stream.cancel()
    await asyncio.gather(*streams, return_exceptions=True)
    each = grown / 1024 / SESSIONS
    at = {"sessions": SESSIONS}
    return [
        Result(promise="session_open", value=SESSIONS / opening, unit="a second", detail=at),
        Result(promise="session_stream_memory", value=each, unit="KiB each", bar=at_most(20), detail=at),
        Result(promise="session_stream_threads", value=more, unit="threads", bar=at_most(8), detail=at),
        Result(
            promise="session_change_p99",
            value=percentile(late, 0.99) * 1000,
            unit="ms",
            bar=at_most(COALESCED_MS + 50),
            detail=at | {"rate": RATE, "p50_ms": round(percentile(late, 0.5) * 1000, 2)},
        ),
        _took("command_p50", commands),
        _took("step_p50", steps),
    ]


def _took(promise: str, seconds: list[float]) -> Result:
    detail = {"p99_ms": round(percentile(seconds, 0.99) * 1000, 2), "count": len(seconds)}
    return Result(
        promise=promise, value=percentile(seconds, 0.5) * 1000, unit="ms", bar=at_most(50), detail=detail
    )


async def _changes(rover: Server, pages: list[Page]) -> list[float]:
    """How long after a command its page's stream tells of it, in seconds, one page after another."""
    late = []
    for number in range(COMMANDS):
        page = pages[number * 3 % SESSIONS]
        page.told.clear()
        began = time.perf_counter()
        await _ask(rover, page)
        await asyncio.wait_for(page.told.wait(), 10)
        late.append(time.perf_counter() - began)
        await asyncio.sleep(max(0.0, 1 / RATE - late[-1]))
    return late


async def _follow(rover: Server, page: Page) -> None:
    path = page.opened["sseUrl"].partition("/v2/")[2]
    reader, writer = await asyncio.open_connection("127.0.0.1", rover.port)
    writer.write(f"GET /v2/{path} HTTP/1.1\r\nHost: 127.0.0.1:{rover.port}\r\n\r\n".encode())
    try:
        while line := await reader.readline():
            if line.startswith(b"event: projection"):
                page.told.set()
    finally:
        writer.close()


async def _open(rover: Server, key: Mapping[str, Any]) -> Page:
    body = {"siteId": key["siteId"], "bootstrapToken": key["publicKey"], "url": HOST}
    return Page(opened=await _post(rover, "session/open", body))


async def _ask(rover: Server, page: Page) -> dict[str, Any]:
    state = await _post(rover, "state", _of(page))
    active = state.get("activeRunId")
    seq = state["events"][-1]["seq"] if active and state["events"] else None
    body = {
        "type": "RUN_INPUT",
        "message": "find the opening hours",
        "forceNewRun": True,
        "clientEventId": f"e-{time.perf_counter_ns()}",
        "expectedEpoch": state["epoch"],
        "expectedSeq": seq,
    }
    return await _post(rover, "command", _of(page) | body)


async def _run(rover: Server, page: Page) -> dict[str, Any]:
    return await _ask(rover, page)


async def _step(rover: Server, page: Page, run: Mapping[str, Any]) -> dict[str, Any]:
    nodes: dict[str, Any] = {
        str(n): {"key": str(n), "id": n, "role": "link", "name": f"Product {n}", "url": f"{HOST}p/{n}"}
        for n in range(1, 301)
    }
    capture = {
        "url": HOST,
        "title": "Shop",
        "contentType": "text/html",
        "roots": list(nodes),
        "nodes": nodes,
        "metadata": {},
    }
    body = {"runId": run["runId"], "clientEventId": "step-1", "expectedEpoch": run["epoch"], "page": capture}
    return await _post(rover, "agent/step", _of(page) | body)


def _of(page: Page) -> dict[str, Any]:
    return {"sessionId": page.opened["sessionId"], "sessionToken": page.opened["sessionToken"]}


async def _timed(call: Any) -> float:
    began = time.perf_counter()
    await call
    return time.perf_counter() - began


async def _at_once(calls: list[Any]) -> list[Any]:
    """All of them, so many at a time, in their order."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(call: Any) -> Any:
        async with places:
            return await call

    return await asyncio.gather(*map(one, calls))


async def _post(rover: Server, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a success, over a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", rover.port)
    content = json.dumps(body).encode()
    head = (
        f"POST /v2/rover/{path} HTTP/1.1\r\nHost: 127.0.0.1:{rover.port}\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + content)
    answer = await reader.read()
    writer.close()
    told = json.loads(answer.partition(b"\r\n\r\n")[2])
    if not told["success"]:
        raise BenchmarkError(f"{path}: {told['error']}: {told['data'].get('message')}")
    data: dict[str, Any] = told["data"]
    return data


def _site(rover: Server) -> dict[str, Any]:
    with rover.client() as client:
        wish = {"siteName": "Bench", "label": "Bench", "allowedDomains": ["127.0.0.1"]}
        made = client.post("/generateRoverSiteKey", json=wish | {"environment": "development"})
        data: dict[str, Any] = made.raise_for_status().json()["data"]
        return data
