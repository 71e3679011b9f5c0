"""Every open stream of one process: who follows which log, and the reading of new events for all of them."""

import asyncio
import logging
import random
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from django.db import DatabaseError

from tasks.io.database_threads import DatabaseThreads
from tasks.io.listeners import Listener
from tasks.streaming.access import Access
from tasks.streaming.errors import HoldsTooMany, TooManyStreams
from tasks.streaming.follower import Follower
from tasks.streaming.framing import Framing
from tasks.streaming.gathering import GatheredReads
from tasks.streaming.grants import Grant, Grants, Key, readers_read
from tasks.streaming.log import Mark, TaskHead, heads_read, longer_read, new_events_read, written_since
from tasks.streaming.pages import Pages
from tasks.streaming.tail import Tail
from tasks.streaming.watches import Watch, Watches
from workspace.core.errors import RoverError

logger = logging.getLogger(__name__)

PARTS = 150  # heartbeats go to a part of the streams at a time, so that events need not wait behind all
ROUNDS = 15  # so many times in a heartbeat's time is every log asked to forget what it kept
KEYS_A_QUERY = 20  # credentials looked up in one go while others may wait
RETRY_SECONDS = 0.5  # a database that cannot be read is asked again after this long


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLimits:
    """Bounds of the streams of one process.

    `max_bytes` a stream: a server without back-pressure keeps in memory what a client does not read, so a
    stream ends after that much and the client goes on with a new one. The streams of a credential that has
    ended end at most `recheck_seconds` later, and the moment that the look-ups take.
    """

    max_streams: int = 5000
    max_streams_each: int = 1000
    recheck_seconds: float = 20
    max_age_seconds: float = 900
    max_bytes: int = 8 * 1024 * 1024
    heartbeat_seconds: float = 15


class Hub:
    """Belongs to the event loop it was made in; every method is called there.

    Followers hold a position in a log and are woken to look at the log's tail. The tails are extended by one
    query for all tasks that a listener has named. The log is the truth: a wake-up that comes too often, or
    never, changes when something is read but not what.
    """

    def __init__(self, *, database: DatabaseThreads, listener: Listener, limits: StreamLimits) -> None:
        self._database = database
        self._listener = listener
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._followers: dict[UUID, set[Follower]] = {}
        self._tails: dict[UUID, Tail] = {}
        self._parts: list[set[Follower]] = [set() for _ in range(PARTS)]
        self._grants = Grants(max_streams_each=limits.max_streams_each)
        self._readers = GatheredReads(database=database, read=readers_read)
        self._heads = GatheredReads(database=database, read=heads_read)
        self._pages = Pages(database=database)
        self._watches = Watches()
        self._woken_tasks: set[UUID] = set()
        self._has_moved = False
        self._compare_all = False
        self._mark: Mark = None
        self._woken = asyncio.Event()
        self._n_streams = 0
        self._n_opened = self._n_ticks = 0
        self.is_closed = False
        self._main = asyncio.create_task(self._run(), name="rover-streams")
        self._main.add_done_callback(self._stopped)

    @property
    def n_streams(self) -> int:
        """How many streams are open."""
        return self._n_streams

    @property
    def n_tasks(self) -> int:
        """How many logs are followed."""
        return len(self._tails)

    async def grant(self, access: Access, credential: str) -> Grant:
        """What a credential opens. Raises as `Access.reader` does."""
        key = (access, credential)
        found = await self._readers.get(key)
        if found is None or isinstance(found, RoverError):
            raise found.with_traceback(None) if found else AssertionError("every credential is answered")
        return Grant(key=key, reader=found)

    async def head(self, task_id: UUID) -> TaskHead | None:
        """Where this task's log stands now, or None when there is no such task."""
        return await self._heads.get(task_id)

    def follow(self, *, head: TaskHead, grant: Grant, framing: Framing, position: int) -> Follower:
        """A new stream of the log behind `position`. Give it back with `leave`.

        Raises:
            TooManyStreams: the process or the credential holds as many as it may, or the process is about to
                stop.
        """
        if self.is_closed or self._n_streams >= self._limits.max_streams:
            raise TooManyStreams("this server process cannot hold one more stream; try again")
        grant = self._grants.take(grant)
        tail = self._tails.get(head.task_id)
        if tail is None:
            tail = self._tails[head.task_id] = Tail(head, position=position)
            self.wake(head.task_id)  # something may have been written since `head` was read
        elif tail.learn(head):
            self.wake(head.task_id)
        # not all of a thousand streams opened at once are to end at once
        age = self._limits.max_age_seconds * random.uniform(0.9, 1)  # noqa: S311 - spreads load
        follower = Follower(
            tail=tail,
            grant=grant,
            part=self._quiet_part(),
            framing=framing,
            position=position,
            read_page=self._pages.read,
            deadline=self._loop.time() + age,
            max_bytes=self._limits.max_bytes,
        )
        self._followers.setdefault(head.task_id, set()).add(follower)
        tail.n_followers += 1
        self._parts[follower.part].add(follower)
        self._n_opened += 1
        self._n_streams += 1
        return follower

    def leave(self, follower: Follower) -> None:
        """Forget a stream, and its log when nobody else follows it."""
        task_id = follower.tail.task_id
        others = self._followers.get(task_id, set())
        if follower not in others:
            return
        others.remove(follower)
        follower.tail.n_followers -= 1
        self._parts[follower.part].discard(follower)
        self._grants.release(follower.grant)
        self._n_streams -= 1
        if not others:
            del self._followers[task_id], self._tails[task_id]

    def watch(self, row_id: UUID, *, most: int) -> Watch:
        """Wait for changes of a row that has no log. Give it back with `unwatch`.

        Raises:
            TooManyStreams: the process holds as many as it may, or `most` watch this row.
        """
        n_all = self._n_streams + len(self._watches)
        if self.is_closed or n_all >= self._limits.max_streams:
            raise TooManyStreams("this server process cannot hold one more stream; try again")
        if self._watches.count(row_id) >= most:
            raise HoldsTooMany(f"at most {most} streams of one session are held at a time")
        return self._watches.add(row_id)

    def unwatch(self, watch: Watch) -> None:
        """Forget it."""
        self._watches.remove(watch)

    def wake(self, task_id: UUID) -> None:
        """Something may have been written to this task's log, or to the row of this id."""
        self._watches.wake(task_id)
        if task_id in self._tails:
            self._woken_tasks.add(task_id)
            self._woken.set()

    def check(self) -> None:
        """Something may have been written to any log."""
        self._watches.wake_all()
        if self._tails:
            self._has_moved = True
            self._woken.set()

    def close(self) -> None:
        """End every stream with a farewell and take no new one."""
        self.is_closed = True
        for follower in self._all_followers():
            follower.end()
        self._watches.end_all()
        self._main.cancel()

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listener.listen(wake=self.wake, check=self.check))
            group.create_task(self._read_woken())
            group.create_task(self._tick())
            group.create_task(self._recheck())

    def _stopped(self, main: asyncio.Task[None]) -> None:
        """A hub that cannot read must not look alive: its streams end, and their clients come back to a new
        one."""
        if not main.cancelled() and (error := main.exception()):
            logger.critical("the streams of this process stopped", exc_info=error)
        self.close()

    async def _read_woken(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                woken, self._woken_tasks = self._woken_tasks, set()
                await self._extend_tails(woken)  # what was named goes before what may be
                if self._has_moved:
                    self._has_moved = False
                    await self._extend_tails(await self._moved_logs())
                if self._compare_all:
                    self._compare_all = False
                    await self._extend_tails(await self._longer_logs())
            except DatabaseError:
                logger.exception("the log could not be read; open streams wait")
                await asyncio.sleep(RETRY_SECONDS)
                self._compare_all = True
                self._woken.set()

    async def _moved_logs(self) -> Collection[UUID]:
        written = await self._database.run(written_since, self._mark)
        self._mark = written.mark
        return await self._longer_logs() if written.task_ids is None else written.task_ids

    async def _longer_logs(self) -> set[UUID]:
        """Followed tasks whose log is longer than what was read of it. Readers of logs that ended without a
        last event, which only a hand in the database can do, are woken too."""
        longer = set()
        positions = {task_id: tail.last_seq for task_id, tail in self._tails.items()}
        for head in await self._database.run(longer_read, positions):
            if tail := self._tails.get(head.task_id):
                if tail.learn(head):
                    longer.add(head.task_id)
                elif head.ended:
                    self._wake_followers(head.task_id)
        return longer

    async def _extend_tails(self, task_ids: Iterable[UUID]) -> None:
        positions = {
            task_id: tail.last_seq for task_id in task_ids if (tail := self._tails.get(task_id)) is not None
        }
        if not positions:
            return
        found = await self._database.run(new_events_read, positions)
        for task_id, events in groupby(found.events, key=lambda event: event.task_id):
            if tail := self._tails.get(task_id):
                tail.extend(events)
                self._wake_followers(task_id)
        for task_id in found.unread:
            self.wake(task_id)

    def _wake_followers(self, task_id: UUID) -> None:
        for follower in self._followers[task_id]:
            follower.wake()

    def _quiet_part(self) -> int:
        """One whose turn is at least half a heartbeat away; the members of a crowd get different ones."""
        return (self._n_ticks - 1 - self._n_opened % (PARTS // 2)) % PARTS

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._limits.heartbeat_seconds / PARTS)
            now = self._loop.time()
            for follower in self._parts[self._n_ticks % PARTS]:
                follower.tick(now)
            self._n_ticks += 1
            if self._n_ticks % (PARTS // ROUNDS) == 0:
                for tail in self._tails.values():
                    tail.forget()
            if self._n_ticks % PARTS == 0 and self._tails:
                self._compare_all = True
                self._woken.set()

    async def _recheck(self) -> None:
        """End the streams of credentials that have ended: a few at a time, so that events need not wait."""
        while True:
            await asyncio.sleep(self._limits.recheck_seconds)
            keys = self._grants.keys()
            for start in range(0, len(keys), KEYS_A_QUERY):
                await self._end_ungranted(keys[start : start + KEYS_A_QUERY])

    async def _end_ungranted(self, keys: Collection[Key]) -> None:
        try:
            found = await self._database.run(readers_read, keys)
        except DatabaseError:
            logger.exception("credentials of open streams could not be looked up; the next round will")
            return
        if ended := self._grants.ended(found):
            for follower in self._all_followers():
                if follower.grant in ended:
                    follower.end()

    def _all_followers(self) -> list[Follower]:
        return [follower for part in self._parts for follower in part]
