"""Creating a batch over HTTP, against an async Django view that does nothing, under the same server."""

import contextlib
import json
from collections.abc import Iterator
from statistics import median

from benchmarks.http_load import Load, load
from benchmarks.processes import child, module, until
from benchmarks.results import Result, at_least, at_most
from benchmarks.run import Run
from benchmarks.server import answers, free_port, server

CLIENTS = (1, 32)
SECONDS = 4.0


def measure(run: Run) -> Iterator[Result]:
    """Requests per second as a share of the empty view's, and the spread of the delays at 32 clients.

    No worker runs, so that only the creation is measured.
    """
    loads: dict[int, tuple[list[Load], list[Load]]] = {}
    with _empty_server() as empty, server(run.folder / "rover-create", command="web") as rover:
        for clients in CLIENTS:
            pairs = [
                (_empty(empty, clients), _create(rover.port, rover.token, clients))
                for _ in range(run.repeats)
            ]
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
            bar=at_least(1.0),
            detail=detail,
        )
    spread = median(one.p99 / one.p50 for one in loads[32][1])
    yield Result(promise="create_spread_32", value=spread, unit="p99/p50", bar=at_most(5))


def _create(port: int, token: str, clients: int) -> Load:
    def request(number: int) -> bytes:
        body = json.dumps({"urls": [f"http://127.0.0.1:8099/{number}"]}).encode()
        return _post("/v1/batches", port, body, f"Authorization: Bearer {token}\r\n")

    return load(port, request, clients=clients, seconds=SECONDS, status=202)


def _empty(port: int, clients: int) -> Load:
    body = json.dumps({"urls": ["http://127.0.0.1:8099/0"]}).encode()
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
    command = module(
        "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(port), "benchmarks.empty_app:application"
    )
    with child(command) as process:
        until(
            lambda: answers(port, "/empty") or process.poll() is not None,
            seconds=30,
            what="the empty view answers",
        )
        yield port
