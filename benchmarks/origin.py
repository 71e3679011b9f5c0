"""The web that the benchmarks fetch: the corpus on twenty loopback hosts, in a process of its own."""

import argparse
import asyncio
import contextlib
import gzip
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpus import read_corpus
from benchmarks.processes import child, hear, module
from rover_site.demo import DemoSite, Page

HOSTS = tuple(f"127.0.0.{number}" for number in range(1, 21))
GZIP_LEVEL = 6
PARENT_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A running origin with `count` pages."""

    port: int
    count: int

    @property
    def urls(self) -> list[str]:
        """One URL per page; neighbours in the list are on different hosts."""
        return [
            f"http://{HOSTS[number % len(HOSTS)]}:{self.port}/bench/{number:05}.html"
            for number in range(self.count)
        ]


@contextlib.contextmanager
def origin(folder: Path, count: int, *, delay_ms: int = 0) -> Iterator[Origin]:
    """Serves the first `count` pages of a corpus folder, each answer held back by `delay_ms`."""
    command = module("benchmarks.origin", str(folder), str(count), str(delay_ms))
    with child(command) as process:
        yield Origin(port=int(hear(process)), count=count)


def main() -> None:
    """The origin's own process; prints its port when it listens."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("delay_ms", type=int)
    given = parser.parse_args()
    pages = {
        page.path: Page(body=page.html, gzipped=gzip.compress(page.html, GZIP_LEVEL, mtime=0))
        for page in read_corpus(given.folder, given.count)
    }
    asyncio.run(_serve(pages, given.delay_ms))


async def _serve(pages: dict[str, Page], delay_ms: int) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    watch = asyncio.create_task(_stop_with_parent(stop))
    async with DemoSite(addresses=HOSTS, extra=pages, delay_ms=delay_ms) as site:
        sys.stdout.write(f"{site.port}\n")
        sys.stdout.flush()
        await stop.wait()
    watch.cancel()


async def _stop_with_parent(stop: asyncio.Event) -> None:
    """A benchmark that is killed must not leave its origin behind."""
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 - nobody tells a process that its parent is gone
        await asyncio.sleep(PARENT_SECONDS)
    stop.set()


if __name__ == "__main__":
    main()
