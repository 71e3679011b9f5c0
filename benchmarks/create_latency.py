"""Creating an agent's task over HTTP, against an async Django view that does nothing, under one server."""

import contextlib
import json
from collections.abc import Iterator
from statistics import median

from benchmarks.http_load import Load, load
from benchmarks.processes import child, module, until
from benchmarks.results import Result, at_least, at_most
from benchmarks.run import Run
from benchmarks.server import Server, answers, free_port, server

CLIENTS = (1, 32)
SECONDS = 4.0
# one caller makes more tasks here than any real one may; two limits are off, one is counted and never met
UNLIMITED = {
    "ROVER_TASKS_PER_MINUTE_IP": "0",
    "ROVER_TASKS_PER_MINUTE_AGENT": "0",
    "ROVER_TASKS_PER_MINUTE_SITE": "1000000000",
}


def measure(run: Run) -> Iterator[Result]:
    """Requests per second as a share of the empty view's, and the spread of the delays at 32 clients.

    No worker runs, so that only the creation is measured. The empty view runs under the server of `rover web`
    itself, not under Daphne as it is installed: what that server saves must not count for the creation alone.
    The bar is for many clients, which is what a server's requests per second are; one client alone waits for
    a transaction that the empty view has not, and is told to compare.
    """
    loads: dict[int, tuple[list[Load], list[Load]]] = {}
    folder = run.folder / "rover-create"
    with _empty_server() as empty, server(folder, command="web", settings=UNLIMITED) as rover:
        open_site(rover)
        for clients in CLIENTS:
            pairs = [(_empty(empty, clients), _create(rover.port, clients)) for _ in range(run.repeats)]
            loads[clients] = ([pair[0] for pair in pairs], [pair[1] for pair in pairs])
    for clients, (nothing, made) in loads.items():
        base, rate = median(one.rate for one in nothing), median(one.rate for one in made)
        detail = {
            "clients": clients,
            "create_per_s": round(rate, 1),
            "empty_per_s": round(base, 1),
            "p50_ms": round(median(one.p50 for one in made) * 1000, 2),
            "p99_ms": round(median(one.p99 for one in made) * 1000, 2),
        }
        yield Result(
            promise=f"create_vs_empty_{clients}",
            value=rate / base,
            unit="times",
            bar=at_least(1.0) if clients > 1 else None,
            detail=detail,
        )
    spread = median(one.p99 / one.p50 for one in loads[32][1])
    yield Result(promise="create_spread_32", value=spread, unit="p99/p50", bar=at_most(5))


def open_site(rover: Server) -> None:
    """Let agents start tasks on this machine's hosts, as an owner does it: a key, then AI access."""
    with rover.client() as client:
        key = {"siteName": "Bench", "label": "Bench", "allowedDomains": ["127.0.0.1"]}
        made = client.post("/generateRoverSiteKey", json=key | {"environment": "development"})
        key_id = made.raise_for_status().json()["data"]["keyId"]
        config = {"keyId": key_id, "siteConfig": {"aiAccess": {"enabled": True}}}
        client.post("/upsertRoverSiteConfig", json=config).raise_for_status()


def _create(port: int, clients: int) -> Load:
    def request(number: int) -> bytes:
        agent = {"key": f"bench-{number % 50}", "name": "Bench"}
        wish = {"url": f"http://127.0.0.1:8099/{number}", "prompt": "get me the latest post", "agent": agent}
        return _post("/v1/tasks", port, json.dumps(wish).encode())

    return load(port, request, clients=clients, seconds=SECONDS, status=202)


def _empty(port: int, clients: int) -> Load:
    body = json.dumps({"url": "http://127.0.0.1:8099/0", "prompt": "get me the latest post"}).encode()
    request = _post("/empty", port, body)
    return load(port, lambda number: request, clients=clients, seconds=SECONDS, status=200)


def _post(path: str, port: int, body: bytes, more: str = "") -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{more}\r\n"
    )
    return head.encode() + body


@contextlib.contextmanager
def _empty_server() -> Iterator[int]:
    port = free_port()
    with child(module("benchmarks.empty_server", str(port))) as process:
        until(
            lambda: answers(port, "/empty") or process.poll() is not None,
            seconds=30,
            what="the empty view answers",
        )
        yield port
