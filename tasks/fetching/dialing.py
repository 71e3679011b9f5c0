"""From a URL to an open connection: resolve, screen, dial one of the screened addresses, secure.

The dial goes to the numeric address that was screened, never to the name again, so that a second answer of a
hostile name server cannot move it. TLS still sees the host name: in SNI and in the certificate check.
"""

import asyncio
import functools
import os
import ssl
from collections.abc import Coroutine
from ipaddress import ip_address
from itertools import islice
from typing import Any

import httpx

from tasks.fetching.errors import ConnectFailed, FetchTimeout, TlsFailed
from tasks.fetching.limits import Limits
from tasks.fetching.resolving import Resolver
from tasks.fetching.screening import Rejected, SsrfPolicy, denied, screen_addresses
from tasks.fetching.urls import Url
from tasks.fetching.wire import Wire

STAGGER_SECONDS = 0.25  # RFC 8305 section 5, "Connection Attempt Delay"
MAX_DIALS = 6  # a name with hundreds of addresses must not make us knock on all of them

# X509_V_ERR_* of OpenSSL's x509_vfy.h
_VERIFY_REASONS = {
    9: "not_yet_valid",
    10: "expired",
    18: "self_signed",
    19: "unknown_issuer",
    20: "unknown_issuer",
    21: "unknown_issuer",
    23: "revoked",
    62: "wrong_name",
    64: "wrong_name",
}


@functools.cache
def shared_ssl_context() -> ssl.SSLContext:
    """The verifying context of this process: the bundled roots and those of the system. Building one costs
    20 to 40 ms, so there is only one."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    context.set_alpn_protocols(["http/1.1"])
    return context


class Dialer:
    """Opens connections for one policy.

    Raises: ValueError for an `ssl_context` that does not verify certificates and names.
    """

    def __init__(
        self,
        *,
        policy: SsrfPolicy,
        resolver: Resolver,
        limits: Limits,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        self._resolver = resolver
        self._limits = limits
        self._ssl_context = ssl_context or shared_ssl_context()
        if self._ssl_context.verify_mode is not ssl.CERT_REQUIRED or not self._ssl_context.check_hostname:
            raise ValueError("certificates are always verified")

    async def dial(self, url: Url, *, hop: int = 0) -> Wire:
        """A new connection to the host of `url`, encrypted for https.

        Raises: SsrfDenied when any address of the host is refused; DnsFailed, ConnectFailed, TlsFailed;
        FetchTimeout with phase dns or connect.
        """
        addresses = await self._screened_addresses(url, hop)
        try:
            async with asyncio.timeout(self._limits.connect_seconds):
                wire = await self._reach(url, addresses)
                return await self._secure(wire, url) if url.scheme == "https" else wire
        except TimeoutError as exc:
            raise FetchTimeout("the server did not accept the connection in time", phase="connect") from exc

    async def _screened_addresses(self, url: Url, hop: int) -> tuple[str, ...]:
        literal = url.address
        addresses = (str(literal),) if literal is not None else await self._resolver.resolve(url.host)
        verdict = screen_addresses(self._policy, url, addresses)
        if isinstance(verdict, Rejected):
            raise denied(verdict, policy=self._policy, url=url, hop=hop)
        return addresses

    async def _reach(self, url: Url, addresses: tuple[str, ...]) -> Wire:
        if len(addresses) == 1:
            return await self._dial_address(addresses[0], url)
        return await first_to_succeed([self._dial_address(a, url) for a in islice(addresses, MAX_DIALS)])

    async def _dial_address(self, address: str, url: Url) -> Wire:
        loop = asyncio.get_running_loop()
        try:
            _, wire = await loop.create_connection(lambda: Wire(self._limits), address, url.port)
        except OSError as exc:
            # Not str(exc): it holds the address.
            reason = os.strerror(exc.errno) if exc.errno else "no connection"
            raise ConnectFailed(f"no connection to {url.host}: {reason}") from exc
        peer = wire.get_extra_info("server_addr")
        if peer is None or ip_address(peer[0]) != ip_address(address):
            wire.abort()
            raise ConnectFailed(f"no connection to {url.host}: the peer is not the one that was dialled")
        return wire

    async def _secure(self, wire: Wire, url: Url) -> Wire:
        try:
            return await wire.start_tls(self._ssl_context, url.host)
        except ssl.SSLError as exc:
            wire.abort()
            raise _tls_failed(exc, url) from exc
        except OSError as exc:
            wire.abort()
            raise ConnectFailed(f"{url.host} broke off the TLS hand-shake") from exc
        except BaseException:
            wire.abort()
            raise


def _tls_failed(error: ssl.SSLError, url: Url) -> TlsFailed:
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = _VERIFY_REASONS.get(error.verify_code, "untrusted")
        return TlsFailed(f"the certificate of {url.host} is refused: {reason}", reason=reason)
    return TlsFailed(f"the TLS hand-shake with {url.host} failed", reason="handshake")


async def first_to_succeed(dials: list[Coroutine[Any, Any, Wire]]) -> Wire:
    """The first connection, with a new dial begun every `STAGGER_SECONDS` or when one fails (RFC 8305).

    Every other connection that is made is closed. Raises: the error of a dial, when all failed.
    """
    waiting = dials[::-1]
    running: set[asyncio.Task[Wire]] = set()
    failure: BaseException | None = None
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.create_task(waiting.pop()))
            delay = STAGGER_SECONDS if waiting else None
            done, running = await asyncio.wait(running, timeout=delay, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if (failure := task.exception()) is None:
                    running |= done - {task}
                    return task.result()
    finally:
        for dial in waiting:
            dial.close()
        for task in running:
            task.add_done_callback(_abort_result)
            task.cancel()
    raise failure or ConnectFailed("no address to dial")


def _abort_result(task: asyncio.Task[Wire]) -> None:
    """Closes a connection that lost the race, or was made while its fetch was being cancelled."""
    if not task.cancelled() and task.exception() is None:
        task.result().abort()
