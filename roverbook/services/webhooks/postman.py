"""Sending what is due, many deliveries at a time, without a worker process that waits for each.

Receivers are slow as they like, so the bounds are per endpoint and per site: one that stalls holds up itself,
and nobody else. The order of an endpoint's deliveries is not promised.
"""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import DatabaseError
from django.utils import timezone

from roverbook.services.webhooks.delivering import (
    Due,
    Outcome,
    Sending,
    attempt_abandon,
    attempt_begin,
    attempt_end,
    cancellations_hurry,
    deliveries_due,
    leases_renew,
)
from tasks.core.errors import LeaseLost
from tasks.fetching.errors import FetchError
from tasks.io.database_threads import DatabaseThreads
from tasks.services.web_poster import post

SECONDS = 10.0
"""The whole of one attempt."""
AT_ONCE = 64
AT_ONCE_PER_SITE = 6
AT_ONCE_PER_ENDPOINT = 2
LOOK_SECONDS = 0.4
BEAT_SECONDS = 2.0
STOP_SECONDS = 5.0
"""Attempts in flight get so long to land when the worker stops."""
LONGEST_BACKOFF_SECONDS = 10.0

logger = logging.getLogger("rover_site.worker")


class Postman:
    """Sends until it is told to stop; every thread that calls it has its own loop and database connection."""

    def __init__(self, *, clock: Callable[[], datetime] = timezone.now) -> None:
        self._clock = clock
        self._rng = random.Random()  # noqa: S311 - spreads retries, keeps no secret
        self._database = DatabaseThreads(name="rover-webhooks", size=1)
        self._under_way: dict[asyncio.Task[None], Due] = {}
        self._sendings: dict[UUID, Sending] = {}

    async def run(self, stopped: Callable[[], bool]) -> None:
        """Look for what is due until `stopped()`, outliving every error of the database."""
        pause, beat_at = LOOK_SECONDS, 0.0
        try:
            while not stopped():
                try:
                    if time.monotonic() >= beat_at:
                        beat_at = time.monotonic() + BEAT_SECONDS
                        await self._beat()
                    await self._begin_due()
                    pause = LOOK_SECONDS
                except DatabaseError as exc:
                    if pause == LOOK_SECONDS:
                        logger.error("webhooks wait: the database fails: %s", exc)
                    pause = min(pause * 2, LONGEST_BACKOFF_SECONDS)
                await self._rest(pause)
            await self._stop()
        finally:
            self._database.close()

    async def run_due(self) -> int:
        """Send what is due now, to the end; returns how many attempts were begun."""
        begun = 0
        try:
            while n_begun := await self._begin_due():
                begun += n_begun
                await asyncio.gather(*self._under_way, return_exceptions=True)
        finally:
            self._database.close()
        return begun

    async def _rest(self, seconds: float) -> None:
        """Until it is time to look again, or a place is free."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(seconds)

    async def _beat(self) -> None:
        now = self._clock()
        await self._database.run(cancellations_hurry, now=now)
        if self._sendings:
            await self._database.run(leases_renew, list(self._sendings.values()), now=now)

    async def _begin_due(self) -> int:
        """Begin attempts as long as there are places and something is due; returns how many."""
        n_begun = 0
        while (free := AT_ONCE - len(self._under_way)) > 0:
            chosen = self._within_bounds(await self._look(free))
            if not chosen:
                break
            for due in chosen:
                attempt = asyncio.create_task(self._deliver(due))
                self._under_way[attempt] = due
                attempt.add_done_callback(self._under_way.pop)
            n_begun += len(chosen)
        return n_begun

    async def _look(self, limit: int) -> list[Due]:
        """What is due of endpoints and sites that have a place, without what is under way."""
        endpoints = Counter(due.endpoint_id for due in self._under_way.values())
        sites = Counter(due.site_id for due in self._under_way.values())
        found = await self._database.run(
            deliveries_due,
            now=self._clock(),
            busy_endpoints={key for key, n in endpoints.items() if n >= AT_ONCE_PER_ENDPOINT},
            busy_sites={key for key, n in sites.items() if n >= AT_ONCE_PER_SITE},
            limit=limit + len(self._under_way),
        )
        under_way = {due.delivery_id for due in self._under_way.values()}
        return [due for due in found if due.delivery_id not in under_way][:limit]

    def _within_bounds(self, found: list[Due]) -> list[Due]:
        endpoints = Counter(due.endpoint_id for due in self._under_way.values())
        sites = Counter(due.site_id for due in self._under_way.values())
        chosen = []
        for due in found:
            if endpoints[due.endpoint_id] < AT_ONCE_PER_ENDPOINT and sites[due.site_id] < AT_ONCE_PER_SITE:
                endpoints[due.endpoint_id] += 1
                sites[due.site_id] += 1
                chosen.append(due)
        return chosen

    async def _deliver(self, due: Due) -> None:
        """One attempt. Whatever goes wrong, the others go on: the lease ends, and it is begun anew."""
        try:
            sending = await self._database.run(attempt_begin, due, now=self._clock())
            if sending is None:
                return
            self._sendings[due.delivery_id] = sending
            try:
                outcome = await send(sending)
            except asyncio.CancelledError:
                await asyncio.shield(self._database.run(attempt_abandon, sending, now=self._clock()))
                raise
            spread = self._rng.uniform(-1, 1)
            await self._database.run(attempt_end, sending, outcome, spread=spread, now=self._clock())
        except LeaseLost:
            logger.info("webhook delivery %s was ended or taken over", due.delivery_id)
        except Exception:
            logger.exception("webhook delivery %s broke off", due.delivery_id)
            await asyncio.sleep(LOOK_SECONDS)
        finally:
            self._sendings.pop(due.delivery_id, None)

    async def _stop(self) -> None:
        if not self._under_way:
            return
        _, late = await asyncio.wait(self._under_way, timeout=STOP_SECONDS)
        for attempt in late:
            attempt.cancel()
        await asyncio.gather(*late, return_exceptions=True)


async def send(sending: Sending) -> Outcome:
    """Post it, and say what came of it. Nothing that a receiver does is an exception."""
    begun = time.monotonic()
    try:
        answer = await post(sending.url, headers=sending.headers, body=sending.body, seconds=SECONDS)
    except FetchError as error:
        return Outcome(error=f"{error.code}: {error.message}", duration_ms=_since(begun))
    return Outcome(status=answer.status, headers=answer.headers, body=answer.body, duration_ms=_since(begun))


def _since(begun: float) -> int:
    return int((time.monotonic() - begun) * 1_000)
