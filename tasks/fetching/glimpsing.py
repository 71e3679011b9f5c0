"""A look at one page: any final answer, and of its body no more than asked for.

A batch wants whole pages and takes everything else for a failure (`tasks.fetching.fetcher`). Whoever checks
how a page is served wants the answer as it is: a 403 with its header, or the first part of a page that is too
long. Screening, pinned connections, redirects and bounds are the same.
"""

from contextlib import aclosing
from dataclasses import dataclass

from tasks.fetching.answering import Answer
from tasks.fetching.decoding import ACCEPT_ENCODING
from tasks.fetching.errors import DecodeFailed
from tasks.fetching.fetcher import ACCEPT, IDENTITY
from tasks.fetching.limits import Limits
from tasks.fetching.redirecting import Trip
from tasks.fetching.screening import Rejected, SsrfPolicy, denied, screen_url
from tasks.fetching.transport import GuardedTransport
from tasks.fetching.urls import Url


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """A final answer. `headers`: names in lower case, values read as latin-1. `body`: without content coding;
    `is_whole` is False when it went on behind its end."""

    final_url: Url
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    is_whole: bool


class Glimpser:
    """Looks through one transport, which the caller closes. `max_bytes`: of the decoded body."""

    def __init__(
        self,
        *,
        transport: GuardedTransport,
        policy: SsrfPolicy,
        user_agent: str,
        limits: Limits,
        max_bytes: int,
    ) -> None:
        self._transport = transport
        self._policy = policy
        self._user_agent = user_agent
        self._limits = limits
        self._max_bytes = max_bytes

    async def look(self, url: Url) -> Glimpse:
        """The final answer to a GET of `url`. The whole call is not timed.

        Raises: FetchError subclasses, as `Fetcher.fetch` does, but none for a status.
        """
        trip = Trip(url, {})
        self._screen(url, 0)
        while True:
            seen = await self._visit(trip)
            if isinstance(seen, Glimpse):
                return seen
            target, status = seen
            self._screen(target, trip.n_hops + 1)
            trip.follow(target, status, self._limits.redirects)

    def _screen(self, url: Url, hop: int) -> None:
        verdict = screen_url(self._policy, url, max(hop, 1))  # from the first hop on, files are out of reach
        if isinstance(verdict, Rejected):
            raise denied(verdict, policy=self._policy, url=url, hop=hop)

    async def _visit(self, trip: Trip) -> Glimpse | tuple[Url, int]:
        try:
            return await self._exchange(trip, ACCEPT_ENCODING)
        except DecodeFailed:
            # Some servers name a coding they did not apply; asked for none, most of them send none.
            return await self._exchange(trip, IDENTITY)

    async def _exchange(self, trip: Trip, accept_encoding: str) -> Glimpse | tuple[Url, int]:
        fields = {"host": trip.url.netloc, "user-agent": self._user_agent, "accept": ACCEPT, **trip.headers()}
        fields["accept-encoding"] = accept_encoding
        headers = [(name.title().encode("ascii"), value.encode("latin-1")) for name, value in fields.items()]
        answer = await self._transport.exchange(trip.url, headers, hop=trip.n_hops)
        async with aclosing(answer):
            trip.note_cookies(answer)
            if (target := trip.next_url(answer)) is not None:
                await answer.discard()
                return target, answer.status
            body, is_whole = await self._beginning(answer)
        return Glimpse(
            final_url=trip.url, status=answer.status, headers=answer.headers, body=body, is_whole=is_whole
        )

    async def _beginning(self, answer: Answer) -> tuple[bytes, bool]:
        body = bytearray()
        async with aclosing(answer.decoded()) as parts:
            async for part in parts:
                body += part
                if len(body) > self._max_bytes:
                    return bytes(body[: self._max_bytes]), False
        return bytes(body), True
