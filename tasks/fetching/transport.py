"""HTTP/1.1 exchanges over screened connections, kept alive per origin.

`httpcore` speaks HTTP on each connection; its pool is not used, since it loses places on cancellation and
scans every connection for every request. `GuardedTransport` also serves as the transport of an httpx client.
"""

import asyncio
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import aclosing
from typing import cast

import httpcore
import httpx

from tasks.fetching.answering import Answer, Link
from tasks.fetching.decoding import ACCEPT_ENCODING
from tasks.fetching.dialing import Dialer
from tasks.fetching.errors import ConnectFailed, HeaderTooLarge, ProtocolError
from tasks.fetching.limits import Limits
from tasks.fetching.resolving import Resolver
from tasks.fetching.screening import Rejected, SsrfPolicy, denied, screen_url
from tasks.fetching.urls import Url, parse
from tasks.fetching.wire import Wire

KEEPALIVE_SECONDS = 15.0  # also bounds how long an address outlives its DNS answer

CLOSE_SECONDS = 1.0

RawHeaders = Sequence[tuple[bytes, bytes]]


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends requests to screened addresses only; no proxy, no unix socket, no HTTP/2, no environment.

    Every new connection resolves and screens again. There is no bound on connections: callers limit
    themselves. At most `keepalive` idle connections stay open, each for 15 s.
    """

    def __init__(
        self,
        *,
        policy: SsrfPolicy,
        resolver: Resolver,
        limits: Limits | None = None,
        keepalive: int = 64,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        self._limits = limits or Limits()
        self._keepalive = keepalive
        self._dialer = Dialer(policy=policy, resolver=resolver, limits=self._limits, ssl_context=ssl_context)
        self._idle: list[Link] = []  # the one used last at the end
        self._wires: set[Wire] = set()

    async def exchange(
        self,
        url: Url,
        headers: RawHeaders,
        *,
        hop: int = 0,
        method: str = "GET",
        content: AsyncIterable[bytes] | None = None,
    ) -> Answer:
        """The response to one request, up to its header. The caller screens `url` and closes the answer.

        A GET that meets a kept connection which the server has given up is sent once more, on a new one.

        Raises: what `Dialer.dial` raises; ConnectFailed; HeaderTooLarge; ProtocolError; FetchTimeout.
        """
        request = _request(url, headers, method, content)
        kept = self._take_idle(url.origin)
        while True:
            link = kept or await self._connect(url, request, hop)
            try:
                return await self._send(link, request)
            except ConnectFailed:
                link.wire.abort()
                if method != "GET" or not link.wire.is_stale:
                    raise
                kept = None  # a second try gets a new connection, or each kept one would cost a request
            except BaseException:
                link.wire.abort()
                raise

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The response for an httpx client, its body decoded and bounded as in a fetch.

        The size and time limits of this transport hold instead of the client's time-outs; the whole call is
        not timed. Redirects are for the client to follow, each comes back here.

        Raises: FetchError subclasses, not httpx errors.
        """
        url = parse(str(request.url))
        verdict = screen_url(self._policy, url)
        if url.scheme not in ("http", "https"):
            verdict = Rejected(reason="scheme_not_allowed", host=url.host)
        if isinstance(verdict, Rejected):
            raise denied(verdict, policy=self._policy, url=url)
        own = ((b"Host", url.netloc.encode()), (b"Accept-Encoding", ACCEPT_ENCODING.encode()))
        others = (
            item for item in request.headers.raw if item[0].lower() not in (b"host", b"accept-encoding")
        )
        content = cast(AsyncIterable[bytes], request.stream)
        answer = await self.exchange(url, (*own, *others), method=request.method, content=content)
        headers = [item for item in answer.headers if item[0] not in ("content-encoding", "content-length")]
        return httpx.Response(answer.status, headers=headers, stream=_DecodedBody(answer))

    async def aclose(self) -> None:
        """Closes every connection, used or idle."""
        self._idle.clear()
        lost = [wire.lost for wire in self._wires]
        for wire in tuple(self._wires):
            wire.abort()
        if lost:
            await asyncio.wait(lost, timeout=CLOSE_SECONDS)

    def _take_idle(self, origin: str) -> Link | None:
        for link in reversed(self._idle):
            if link.origin == origin:
                self._idle.remove(link)
                if not link.http.has_expired():
                    return link
                link.wire.abort()
        return None

    def _keep(self, link: Link) -> None:
        self._idle.append(link)
        if len(self._idle) > self._keepalive:
            self._idle.pop(0).wire.abort()

    async def _connect(self, url: Url, request: httpcore.Request, hop: int) -> Link:
        wire = await self._dialer.dial(url, hop=hop)
        self._wires.add(wire)
        wire.lost.add_done_callback(lambda _: self._wires.discard(wire))
        http = httpcore.AsyncHTTP11Connection(request.url.origin, wire, keepalive_expiry=KEEPALIVE_SECONDS)
        return Link(origin=url.origin, wire=wire, http=http)

    async def _send(self, link: Link, request: httpcore.Request) -> Answer:
        link.wire.begin_exchange()
        try:
            response = await link.http.handle_async_request(request)
        except httpcore.LocalProtocolError as exc:
            raise ProtocolError("the request cannot be written as HTTP") from exc
        except httpcore.RemoteProtocolError as exc:
            raise ProtocolError("the response header is not valid HTTP") from exc
        if not link.wire.meter.n_bytes:
            raise ConnectFailed("the server answered before it was asked")
        if len(response.headers) > self._limits.header_fields:
            raise HeaderTooLarge(f"the response header has more than {self._limits.header_fields} fields")
        if response.status == httpx.codes.SWITCHING_PROTOCOLS:
            raise ProtocolError("the server switched protocols unasked")
        return Answer(link, response, self._limits, self._keep)


class _DecodedBody(httpx.AsyncByteStream):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async with aclosing(self._answer.decoded()) as parts:
            async for part in parts:
                yield part

    async def aclose(self) -> None:
        await self._answer.aclose()


def _request(
    url: Url, headers: RawHeaders, method: str, content: AsyncIterable[bytes] | None
) -> httpcore.Request:
    target = httpcore.URL(
        scheme=url.scheme.encode(), host=url.host.encode(), port=url.port, target=url.target.encode()
    )
    return httpcore.Request(method, target, headers=headers, content=content)
