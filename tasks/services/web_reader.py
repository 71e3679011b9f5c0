"""Reading one page for the workspace (its setting `WEB_READER`), under this server's address policy."""

import asyncio

from django.conf import settings

from tasks.fetching.errors import FetchError, FetchTimeout
from tasks.fetching.glimpsing import Glimpse, Glimpser
from tasks.fetching.limits import Limits
from tasks.fetching.resolving import SystemResolver
from tasks.fetching.transport import GuardedTransport
from tasks.fetching.urls import parse
from tasks.services.engines import ssrf_policy
from workspace.core.web_answers import WebAnswer, WebRefused


def read(url: str, *, max_bytes: int, seconds: float) -> WebAnswer:
    """The answer to a GET of `url`; see `workspace.io.web.read_web`.

    It runs an event loop of its own in the calling thread, and starts no process.

    Raises:
        WebRefused: there is no answer.
    """
    try:
        with asyncio.Runner() as runner:
            seen = runner.run(_look(url, max_bytes, seconds))
    except FetchError as error:
        raise _refused(error) from error
    return WebAnswer(
        url=url,
        final_url=seen.final_url.href,
        status=seen.status,
        headers=seen.headers,
        body=seen.body,
        truncated=not seen.is_whole,
    )


async def _look(url: str, max_bytes: int, seconds: float) -> Glimpse:
    wanted, policy = parse(url), ssrf_policy()
    limits = Limits(connect_seconds=min(5.0, seconds), first_byte_seconds=seconds, idle_seconds=seconds)
    resolver = SystemResolver(threads=2, timeout_seconds=min(5.0, seconds))
    transport = GuardedTransport(policy=policy, resolver=resolver, limits=limits)
    glimpser = Glimpser(
        transport=transport,
        policy=policy,
        user_agent=settings.ROVER.agent,
        limits=limits,
        max_bytes=max_bytes,
    )
    try:
        async with asyncio.timeout(seconds):
            return await glimpser.look(wanted)
    except TimeoutError as exc:
        raise FetchTimeout("the page took too long", phase="total") from exc
    finally:
        await transport.aclose()
        resolver.close()


def _refused(error: FetchError) -> WebRefused:
    """The error as the workspace knows it. What the engine says of itself stays, addresses it never says."""
    kept = {name: error.data[name] for name in ("reason", "host", "hop", "phase") if name in error.data}
    return WebRefused(
        error.message,
        next_action=error.next_action,
        retryable=error.retryable,
        fetch_code=error.code,
        fetch_message=error.message,
        **kept,
    )
