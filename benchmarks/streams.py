"""The two ends of an event stream, each in a process of its own: who writes, and who follows."""

import contextlib
import json
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import server
from benchmarks.processes import BenchmarkError, child, hear, module, tell, until
from benchmarks.server import OWNER, Server

OPEN_SECONDS = 150.0
ARRIVAL_SECONDS = 30.0
STREAMS_A_TOKEN = 1000  # a server process lets one token hold so many


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """The process that writes events, the ids of its tasks, how many events each has in its log, and tokens
    enough for a reader of each."""

    process: subprocess.Popen[str]
    tasks: Sequence[str]
    tokens: Sequence[str]
    written: Counter[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Followers:
    """A process with `clients` open streams, spread evenly over `tasks`; `connect` is how many seconds
    opening took."""

    process: subprocess.Popen[str]
    tasks: Sequence[str]
    clients: int
    connect: float

    def count(self) -> int:
        """Events received since the last report, over all streams."""
        tell(self.process, "count")
        return int(hear(self.process))

    def report(self) -> dict[str, Any]:
        """Number and delays in ms of the events since the last report."""
        tell(self.process, "report")
        seen: dict[str, Any] = json.loads(hear(self.process))
        return seen

    def drop(self) -> int:
        """Resets one connection; returns its local port."""
        tell(self.process, "drop")
        return int(hear(self.process))

    def await_events(self, count: int) -> None:
        """Raises: BenchmarkError when they do not all arrive."""
        until(lambda: self.count() >= count, seconds=ARRIVAL_SECONDS, what=f"{count} events have arrived")


@contextlib.contextmanager
def writing(rover: Server, tasks: int) -> Iterator[Writer]:
    """Starts the process that writes."""
    more = range(STREAMS_A_TOKEN, tasks, STREAMS_A_TOKEN)
    command = ("owner", "token", OWNER, "--scope", "fetch")
    tokens = [rover.token, *(server.rover(rover.environment, *command).strip() for _ in more)]
    with child(module("benchmarks.event_pump", OWNER, str(tasks)), env=rover.environment) as process:
        ids = hear(process, seconds=OPEN_SECONDS).split()
        yield Writer(process=process, tasks=ids, tokens=tokens, written=Counter(dict.fromkeys(ids, 1)))


@contextlib.contextmanager
def following(rover: Server, writer: Writer, tasks: Sequence[str], clients: int) -> Iterator[Followers]:
    """Opens streams, client by client on the next task, and waits until all have replayed what is there.

    Raises: BenchmarkError when the server refuses one.
    """
    tokens = ",".join(writer.tokens)
    command = module("benchmarks.stream_clients", str(rover.port), tokens, str(clients), *tasks)
    with child(command) as process:
        _, seconds, refused = hear(process, seconds=OPEN_SECONDS).split()
        if refused != "0":
            raise BenchmarkError(f"{refused} of {clients} streams were refused")
        opened = Followers(process=process, tasks=tasks, clients=clients, connect=float(seconds))
        opened.await_events(sum(writer.written[tasks[number % len(tasks)]] for number in range(clients)))
        opened.report()
        yield opened


def delays(writer: Writer, readers: Followers, *, rate: int, seconds: int) -> dict[str, Any]:
    """What all streams saw of `rate` events per second, spread over their tasks in turn: `events`, `p50_ms`,
    `p99_ms`, `max_ms`, and how many came twice.

    Raises: BenchmarkError when events do not arrive.
    """
    tell(writer.process, f"pump {rate} {seconds} {' '.join(readers.tasks)}")
    written = int(hear(writer.process, seconds=seconds + 60))
    new = Counter(readers.tasks[number % len(readers.tasks)] for number in range(written))
    writer.written.update(new)
    watching = Counter(readers.tasks[number % len(readers.tasks)] for number in range(readers.clients))
    expected = sum(count * watching[task] for task, count in new.items())
    readers.await_events(expected)
    seen = readers.report()
    return {**seen, "written": written, "doubled": seen["events"] - expected}
