"""The fetch engine with this server's settings: policy, resolver, client, extraction processes."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import cache
from types import TracebackType
from typing import Any, Self, TypeVar

from django.conf import settings

from tasks.core.limits import Concurrency
from tasks.fetching.engine import Engine, Limits, Log
from tasks.fetching.extraction.launcher import shared_launcher
from tasks.fetching.extraction.pool import ExtractionPool
from tasks.fetching.fetcher import Fetcher
from tasks.fetching.limits import Limits as FetchLimits
from tasks.fetching.resolving import CachingResolver, SystemResolver
from tasks.fetching.screening import Level, SsrfPolicy
from tasks.services.pages import lifetimes

T = TypeVar("T")


def ssrf_policy() -> SsrfPolicy:
    """What this server may fetch, by its settings."""
    return SsrfPolicy(level=Level(settings.ROVER.ssrf_level), project_root=settings.ROVER.ssrf_project_root)


class Workshop:
    """An event loop and extraction processes, kept from one task to the next: starting them costs as much as
    a dozen pages. Used by one thread. The processes end a while after the last task."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._pool: ExtractionPool | None = None
        self.n_extractors: int = settings.ROVER.extraction_processes or os.cpu_count() or 1

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """The result of `main`, run to its end in the workshop's loop."""
        return self._runner.run(main)

    @asynccontextmanager
    async def extraction(self) -> AsyncIterator[ExtractionPool]:
        """The extraction pool, ready for work."""
        if self._pool is None:
            self._pool = ExtractionPool(processes=self.n_extractors, launcher=shared_launcher())
            await self._pool.__aenter__()
        else:
            await self._pool.renew()
        try:
            yield self._pool
        finally:
            shared_launcher().linger()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._runner.run(self._pool.__aexit__(None, None, None))
        self._runner.close()


@cache
def _workshop(pid: int) -> Workshop:
    return Workshop()


def process_workshop() -> Workshop:
    """The workshop of this worker process; it lasts as long as the process."""
    return _workshop(os.getpid())


@asynccontextmanager
async def open_engine(
    log: Log, concurrency: Concurrency, workshop: Workshop, *, bounds: FetchLimits | None = None
) -> AsyncIterator[Engine]:
    """An engine that reports to `log`, in the loop of `workshop`.

    The client is as short-lived as the batch: a pool of connections that lives on keeps dead entries of
    cancelled requests.
    """
    system = SystemResolver()
    try:
        async with (
            Fetcher(
                policy=ssrf_policy(),
                resolver=CachingResolver(system),
                user_agent=settings.ROVER.agent,
                limits=bounds or FetchLimits(),
            ) as fetcher,
            workshop.extraction() as pool,
        ):
            yield Engine(
                log=log,
                fetch=fetcher.fetch,
                extract=pool.extract,
                limits=Limits(
                    total=concurrency.total, per_host=concurrency.per_host, extractors=workshop.n_extractors
                ),
                lifetimes=lifetimes(),
                rng=random.Random(),  # noqa: S311 - spreads retries, keeps no secret
            )
    finally:
        system.close()
