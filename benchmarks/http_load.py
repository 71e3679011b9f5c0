"""Closed-loop HTTP load: a number of clients that each send the next request when the answer is there."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.processes import BenchmarkError
from benchmarks.scores import percentile


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What was answered. Times in seconds."""

    rate: float
    p50: float
    p99: float
    requests: int


def load(port: int, request: Callable[[int], bytes], *, clients: int, seconds: float, status: int) -> Load:
    """Sends requests for that long on keep-alive connections. `request` gets a running number.

    Raises: BenchmarkError when an answer has another status.
    """
    return asyncio.run(_load(port, request, clients, seconds, status))


async def _load(
    port: int, request: Callable[[int], bytes], clients: int, seconds: float, status: int
) -> Load:
    times: list[float] = []
    numbers = iter(range(10**9))
    start = time.perf_counter()
    end = start + seconds

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < end:
            began = time.perf_counter()
            writer.write(request(next(numbers)))
            await _answer(reader, status)
            times.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    elapsed = time.perf_counter() - start
    return Load(
        rate=len(times) / elapsed,
        p50=percentile(times, 0.5),
        p99=percentile(times, 0.99),
        requests=len(times),
    )


async def _answer(reader: asyncio.StreamReader, status: int) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.partition(b"content-length:")[2].partition(b"\r\n")[0].strip()
    if length:
        body = await reader.readexactly(int(length))
    elif b"transfer-encoding: chunked" in head:
        body = await reader.readuntil(b"0\r\n\r\n")
    else:
        body = await reader.read()
    if not head.startswith(b"http/1.1 %d " % status):
        raise BenchmarkError(f"{head[:40].decode()!r}: {body[:200].decode(errors='replace')}")
