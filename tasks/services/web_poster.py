"""Posting to somebody else's server, under this server's address policy: one attempt, and what came of it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from django.conf import settings

from tasks.fetching.answering import Answer
from tasks.fetching.errors import FetchError, FetchTimeout
from tasks.fetching.limits import Limits
from tasks.fetching.resolving import SystemResolver
from tasks.fetching.screening import Rejected, denied, screen_url
from tasks.fetching.transport import GuardedTransport
from tasks.fetching.urls import Url, parse
from tasks.services.engines import ssrf_policy

KEPT_BYTES = 8 * 1024
CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PostAnswer:
    """What the server said, also a redirect, which is not followed. `headers`: names in lower case. `body`:
    its beginning; `is_whole` is False when there was, or may have been, more."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    is_whole: bool

    def header(self, name: str) -> str:
        """The first value of the field called `name` (lower case); '' without one."""
        return next((value for key, value in self.headers if key == name), "")


async def post(
    url: str, *, headers: Mapping[str, str], body: bytes, seconds: float, max_bytes: int = KEPT_BYTES
) -> PostAnswer:
    """The answer to a POST of `body`. The name is resolved, and its addresses are screened, at each call.

    `seconds` bounds the whole call. A server that gave its status, and then is slow with the rest, has
    answered: what came by then is the answer.

    Raises:
        FetchError: there is no answer; SsrfDenied when the policy refuses the address.
    """
    target, policy = parse(url), ssrf_policy()
    verdict = screen_url(policy, target, 1)  # as behind a redirect: files are out of reach
    if isinstance(verdict, Rejected):
        raise denied(verdict, policy=policy, url=target)
    limits = Limits(
        connect_seconds=min(CONNECT_SECONDS, seconds), first_byte_seconds=seconds, idle_seconds=seconds
    )
    # of its own, so that one dead name server does not hold up the names of others
    resolver = SystemResolver(threads=1, timeout_seconds=min(CONNECT_SECONDS, seconds))
    transport = GuardedTransport(policy=policy, resolver=resolver, limits=limits, keepalive=0)
    reading = _Reading(max_bytes)
    try:
        async with asyncio.timeout(seconds):
            await reading.read(transport, target, _fields(target, headers, body), body)
    except TimeoutError as exc:
        if reading.answer is None:
            raise FetchTimeout("the server took too long to answer", phase="total") from exc
    finally:
        await transport.aclose()
        resolver.close()
    return reading.told()


class _Reading:
    """An answer as far as it has come."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._body = bytearray()
        self._is_whole = False
        self.answer: Answer | None = None

    async def read(
        self, transport: GuardedTransport, url: Url, fields: list[tuple[bytes, bytes]], body: bytes
    ) -> None:
        """Ask, and read the beginning of the body. Raises: FetchError when there is no status."""
        self.answer = await transport.exchange(url, fields, method="POST", content=_once(body))
        async with aclosing(self.answer):
            try:
                await self._read_beginning(self.answer)
            except FetchError:
                return  # a body that breaks off, or is badly coded, does not take the status back

    async def _read_beginning(self, answer: Answer) -> None:
        async with aclosing(answer.decoded()) as parts:
            async for part in parts:
                self._body += part
                if len(self._body) > self._max_bytes:
                    return
        self._is_whole = True

    def told(self) -> PostAnswer:
        """What came; only once there is an `answer`."""
        assert self.answer is not None  # noqa: S101 - `post` has raised otherwise
        return PostAnswer(
            status=self.answer.status,
            headers=self.answer.headers,
            body=bytes(self._body[: self._max_bytes]),
            is_whole=self._is_whole,
        )


def _fields(url: Url, headers: Mapping[str, str], body: bytes) -> list[tuple[bytes, bytes]]:
    fields = {
        "Host": url.netloc,
        "User-Agent": settings.ROVER.agent,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
        **headers,
        "Content-Length": str(len(body)),
    }
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in fields.items()]


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body
