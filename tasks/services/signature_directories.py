"""Who signed a request: the keys that agents publish, and the whole way to a verdict.

Anybody can name any origin as his directory, so what is asked for, how often, and how much of the answer is
read is bounded here, and the address policy decides where a request may go at all.
"""

import asyncio
import logging
import re
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings

from tasks.core.http_signatures import Claim, NonceStore, SignedRequest, check_claim, signature_claims
from tasks.core.signature_keys import (
    DIRECTORY_TYPE,
    MAX_DIRECTORY_BYTES,
    PUBLISHED_TEST_KEYS,
    InvalidDirectory,
    PublishedKey,
    read_directory,
)
from tasks.core.signature_verdicts import Reason, SignatureFailed, VerifiedSignature
from tasks.fetching.errors import FetchError, FetchTimeout
from tasks.fetching.glimpsing import Glimpse, Glimpser
from tasks.fetching.limits import Limits
from tasks.fetching.resolving import SystemResolver
from tasks.fetching.transport import GuardedTransport
from tasks.fetching.urls import parse
from tasks.services.engines import ssrf_policy

logger = logging.getLogger(__name__)

FETCH_SECONDS = 5.0
FRESH_SECONDS = 3600.0
MIN_FRESH_SECONDS, MAX_FRESH_SECONDS = 60.0, 24 * 3600.0
STALE_SECONDS = 24 * 3600.0
SEARCH_SECONDS = 60.0
RETRY_SECONDS, MAX_RETRY_SECONDS = 30.0, 600.0
MAX_DIRECTORIES = 512
MAX_READINGS_AT_ONCE = 16
READINGS_PER_MINUTE = 10
_MAX_AGE = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?([0-9]{1,9})")
_NOT_KEPT = re.compile(r"(?:^|,)\s*(?:no-store|no-cache)\s*(?:,|$)")


class DirectoryUnavailable(Exception):
    """A directory could not be read, so whether it has a key is not known; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a directory said, and for how many seconds it need not be asked again."""

    keys: Mapping[str, PublishedKey]
    fresh_seconds: float = FRESH_SECONDS


ReadDirectory = Callable[[str], Awaitable[Reading]]
"""Reads the directory at a URL. Raises DirectoryUnavailable."""


@dataclass(slots=True, eq=False)
class _Shelf:
    """What is known of one directory; times by the clock of its keeper."""

    keys: Mapping[str, PublishedKey] = field(default_factory=dict)
    read_at: float = float("-inf")
    fresh_until: float = float("-inf")
    next_try: float = float("-inf")
    next_search: float = float("-inf")
    n_failures: int = 0
    trouble: str = ""


class SignatureDirectories:
    """The published keys of agents, read when they are needed. Used in one event loop.

    - A directory is read again after the time it asks for, within 1 min to 24 h, an hour by default. While
      that fails, its keys are used on, up to 24 h after they were read. A reading without a key removes it.
    - A key that is not there is looked for once more, but not oftener than once a minute for each directory.
    - After a failure there is a pause of 30 s, twice as long each time, up to 10 min.
    - 512 directories are kept, those used last; 16 are read at once, and nobody waits for a place.
    - The requests of one network start ten readings a minute, whatever they name: nobody makes this server
      knock at every door, nor push out what others need.

    `clock` counts seconds and never goes back.
    """

    def __init__(self, read: ReadDirectory, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._shelves: OrderedDict[str, _Shelf] = OrderedDict()
        self._flights: dict[str, asyncio.Task[None]] = {}
        self._minute = 0
        self._started: Counter[str] = Counter()

    async def find(
        self, directory_url: str, keyid: str, *, now: datetime, asker: str
    ) -> Ed25519PublicKey | None:
        """The key with this thumbprint that the directory has, if it is valid at `now`; None without one.
        `asker`: the network whose request needs it.

        Raises: DirectoryUnavailable: it cannot be known.
        """
        shelf, trouble = self._shelf(directory_url), ""
        is_searched = keyid not in shelf.keys and self._clock() >= shelf.next_search
        if is_searched or self._clock() >= shelf.fresh_until:
            trouble = await self._read_if_due(directory_url, shelf, asker)
        trouble = shelf.trouble or trouble
        if self._clock() >= shelf.read_at + STALE_SECONDS:
            raise DirectoryUnavailable(trouble or "it has not been read yet")
        found = shelf.keys.get(keyid)
        if found is None and trouble:
            raise DirectoryUnavailable(trouble)  # it may have the key by now
        return found.public_key if found is not None and found.is_valid_at(now) else None

    def _shelf(self, url: str) -> _Shelf:
        """What is known of the directory; it is kept once a reading has begun."""
        shelf = self._shelves.get(url)
        if shelf is None:
            return _Shelf()
        self._shelves.move_to_end(url)
        return shelf

    async def _read_if_due(self, url: str, shelf: _Shelf, asker: str) -> str:
        """Read the directory, or wait for who reads it; what stands in the way, '' for nothing."""
        flight = self._flights.get(url)
        if flight is None:
            if self._clock() < shelf.next_try:
                return ""
            if len(self._flights) >= MAX_READINGS_AT_ONCE:
                return "too many directories are being read at the moment"
            if not self._may_start(asker):
                return f"requests from this address started {READINGS_PER_MINUTE} readings in this minute"
            flight = self._start(url, shelf)
        # whoever gives up waiting does not stop it for the others
        await asyncio.shield(flight)
        return ""

    def _may_start(self, asker: str) -> bool:
        minute = int(self._clock() // 60)
        if minute != self._minute:
            self._minute = minute
            self._started.clear()
        self._started[asker] += 1
        return self._started[asker] <= READINGS_PER_MINUTE

    def _start(self, url: str, shelf: _Shelf) -> asyncio.Task[None]:
        self._shelves[url] = shelf
        while len(self._shelves) > MAX_DIRECTORIES:
            self._shelves.popitem(last=False)
        flight = self._flights[url] = asyncio.create_task(self._read_anew(url, shelf))
        flight.add_done_callback(lambda _: self._flights.pop(url, None))
        return flight

    async def _read_anew(self, url: str, shelf: _Shelf) -> None:
        try:
            reading = await self._read(url)
        except DirectoryUnavailable as exc:
            shelf.n_failures += 1
            pause = min(RETRY_SECONDS * 2 ** min(shelf.n_failures - 1, 10), MAX_RETRY_SECONDS)
            shelf.next_try = self._clock() + pause
            shelf.trouble = str(exc)
            logger.info("the key directory %s cannot be read; next try in %d s: %s", url, pause, exc)
            return
        at = self._clock()
        shelf.keys, shelf.read_at, shelf.fresh_until = reading.keys, at, at + reading.fresh_seconds
        shelf.n_failures, shelf.next_try, shelf.trouble = 0, float("-inf"), ""
        shelf.next_search = at + SEARCH_SECONDS


@cache
def signature_directories() -> SignatureDirectories:
    """The directories of this process, for its one event loop."""
    return SignatureDirectories(fetch_directory)


async def verify_request(
    request: SignedRequest,
    *,
    now: datetime,
    asker: str,
    directories: SignatureDirectories,
    nonces: NonceStore,
    refused_keys: Collection[str] = PUBLISHED_TEST_KEYS,
) -> VerifiedSignature | SignatureFailed | None:
    """Who signed `request`: None when nobody did. Of two good signatures the one that binds the request, of
    two bad ones the first. It asks a directory at most twice, and takes 5 s for each at most. `asker`: the
    network that the request came from.

    A signature is accepted once: a client that sends a request again has to sign it again.
    """
    verdicts: list[VerifiedSignature | SignatureFailed] = []
    for claim in signature_claims(request, now=now, refused_keys=refused_keys):
        if isinstance(claim, SignatureFailed):
            verdicts.append(claim)
            continue
        verdict = await _judged(request, claim, now=now, asker=asker, directories=directories, nonces=nonces)
        if isinstance(verdict, VerifiedSignature) and verdict.binds_request:
            return verdict
        verdicts.append(verdict)
    good = (verdict for verdict in verdicts if isinstance(verdict, VerifiedSignature))
    return next(good, verdicts[0] if verdicts else None)


async def _judged(
    request: SignedRequest,
    claim: Claim,
    *,
    now: datetime,
    asker: str,
    directories: SignatureDirectories,
    nonces: NonceStore,
) -> VerifiedSignature | SignatureFailed:
    try:
        key = await directories.find(claim.directory_url, claim.keyid, now=now, asker=asker)
    except DirectoryUnavailable as exc:
        detail = f"The key directory of {claim.signature_agent} cannot be used: {exc}."
        return SignatureFailed(reason=Reason.DIRECTORY_UNAVAILABLE, detail=detail)
    if key is None:
        detail = f"The key directory of {claim.signature_agent} has no valid key with this keyid."
        return SignatureFailed(reason=Reason.UNKNOWN_KEY, detail=detail)
    verdict = check_claim(request, claim, key)
    # only what is genuine is remembered, or a stranger could use up somebody's nonces
    if isinstance(verdict, VerifiedSignature) and claim.replay_token is not None:
        is_new = await nonces.remember(
            keyid=claim.keyid, nonce=claim.replay_token, expires=claim.expires, now=now
        )
        if not is_new:
            return SignatureFailed(reason=Reason.REPLAYED, detail="This signature was used before.")
    return verdict


async def fetch_directory(url: str) -> Reading:
    """The directory at `url`, under this server's address policy: status 200, no redirect, the media type of
    a directory, at most 64 KiB, within 5 s.

    Raises: DirectoryUnavailable.
    """
    try:
        seen = await _look(url)
    except FetchError as exc:
        raise DirectoryUnavailable(exc.message.rstrip(".")) from exc
    media_type = _field(seen, "content-type").partition(";")[0].strip().lower()
    if seen.status != 200:
        raise DirectoryUnavailable(f"its status is {seen.status}")
    if media_type != DIRECTORY_TYPE:
        raise DirectoryUnavailable(f"its media type is not {DIRECTORY_TYPE}")
    if not seen.is_whole:
        raise DirectoryUnavailable(f"it is longer than {MAX_DIRECTORY_BYTES} bytes")
    try:
        keys = read_directory(seen.body)
    except InvalidDirectory as exc:
        raise DirectoryUnavailable(str(exc)) from exc
    return Reading(keys=keys, fresh_seconds=_fresh_seconds(_field(seen, "cache-control").lower()))


def _field(seen: Glimpse, name: str) -> str:
    return ", ".join(value for found, value in seen.headers if found == name)


def _fresh_seconds(cache_control: str) -> float:
    if _NOT_KEPT.search(cache_control):
        return MIN_FRESH_SECONDS
    asked = _MAX_AGE.search(cache_control)
    seconds = float(asked.group(1)) if asked else FRESH_SECONDS
    return min(max(seconds, MIN_FRESH_SECONDS), MAX_FRESH_SECONDS)


async def _look(url: str) -> Glimpse:
    limits = Limits(
        connect_seconds=FETCH_SECONDS,
        first_byte_seconds=FETCH_SECONDS,
        idle_seconds=FETCH_SECONDS,
        redirects=0,
    )
    policy = ssrf_policy()
    resolver = SystemResolver(threads=1, timeout_seconds=FETCH_SECONDS)
    transport = GuardedTransport(policy=policy, resolver=resolver, limits=limits)
    glimpser = Glimpser(
        transport=transport,
        policy=policy,
        user_agent=settings.ROVER.agent,
        limits=limits,
        max_bytes=MAX_DIRECTORY_BYTES,
    )
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            return await glimpser.look(parse(url))
    except TimeoutError as exc:
        raise FetchTimeout("it took too long", phase="total") from exc
    finally:
        await transport.aclose()
        resolver.close()
