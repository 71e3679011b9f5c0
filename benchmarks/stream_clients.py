"""Many followers of event streams in one process: bare sockets, so that the client costs little.

`stream_clients.py PORT TOKEN,… CLIENTS TASK_ID …` opens that many streams, each with the next token and on
the next task. It prints `open SECONDS REFUSED` when every stream has its answer. Each line of its input is a
command: `count` prints how many events came since the last report, `report` prints their delays as JSON,
`drop` closes one stream without a word and prints its local port.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field

from benchmarks.scores import percentile

MARK = b'"sent_at":'
OPEN_SECONDS = 120.0


@dataclass(slots=True)
class Seen:
    """What all streams together received. Delays are seconds from the writer's clock to this process."""

    wanted: int
    all_open: asyncio.Event = field(default_factory=asyncio.Event)
    opened: int = 0
    refused: int = 0
    closed: int = 0
    delays: list[float] = field(default_factory=list)


class Stream(asyncio.Protocol):
    """One follower."""

    def __init__(self, request: bytes, seen: Seen) -> None:
        self._request, self._seen = request, seen
        self._opened = False
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.time()
        if not self._opened:
            self._opened = True
            self._seen.opened += 1
            self._seen.refused += b" 200 " not in data[:20]
            if self._seen.opened == self._seen.wanted:
                self._seen.all_open.set()
        if MARK in data or self._rest:
            self._take(self._rest + data, now)

    def _take(self, data: bytes, now: float) -> None:
        *whole, self._rest = data.split(b"\n")
        for line in whole:
            at = line.find(MARK)
            if at >= 0:
                end = line.find(b",", at)
                text = line[at + len(MARK) : end if end > 0 else None].strip(b" }\r")
                self._seen.delays.append(now - float(text))

    def connection_lost(self, exc: Exception | None) -> None:
        self._seen.closed += 1


async def main() -> None:
    """Opens the streams, then obeys."""
    port, tokens, clients, *task_ids = sys.argv[1:]
    authorizations = [f"Authorization: Bearer {token}" for token in tokens.split(",")]
    loop = asyncio.get_running_loop()
    seen, streams = Seen(wanted=int(clients)), list[Stream]()
    start = time.perf_counter()

    async def follow(number: int) -> None:
        task_id = task_ids[number % len(task_ids)]
        request = (
            f"GET /v1/batches/{task_id} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: "
            f"application/x-ndjson\r\n{authorizations[number % len(authorizations)]}\r\n\r\n"
        )
        _, stream = await loop.create_connection(
            lambda: Stream(request.encode(), seen), "127.0.0.1", int(port)
        )
        streams.append(stream)

    await asyncio.gather(*(follow(number) for number in range(int(clients))))
    async with asyncio.timeout(OPEN_SECONDS):
        await seen.all_open.wait()
    say(f"open {time.perf_counter() - start:.3f} {seen.refused}")
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        if line.strip() == b"count":
            say(str(len(seen.delays)))
        elif line.strip() == b"report":
            say(json.dumps(report(seen)))
        elif line.strip() == b"drop":
            stream = streams.pop()
            say(str(stream.transport.get_extra_info("sockname")[1]))
            stream.transport.abort()


def report(seen: Seen) -> dict[str, float]:
    """Number, median, 99th percentile and maximum of the delays in milliseconds; forgets them."""
    delays, seen.delays = seen.delays, []
    if not delays:
        return {"events": 0, "closed": seen.closed}
    return {
        "events": len(delays),
        "closed": seen.closed,
        "p50_ms": round(percentile(delays, 0.5) * 1000, 2),
        "p99_ms": round(percentile(delays, 0.99) * 1000, 2),
        "max_ms": round(max(delays) * 1000, 2),
    }


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
