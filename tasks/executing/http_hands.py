"""Hands over the fetch engine: pages of one site by plain GET requests, screened, within scope and
robots.txt."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final, Protocol
from urllib.parse import urljoin, urlsplit

from tasks.executing.protocol import Form, HandsError, OutOfScope, PageUnavailable, PageView, RobotsDenied
from tasks.executing.robots import ALL, NOTHING, Robots, read_robots
from tasks.executing.viewing.forms import address_of
from tasks.executing.viewing.page import read_page
from tasks.fetching.errors import FetchError, Gone, HttpStatus
from tasks.fetching.extraction.document import Source
from tasks.fetching.fetcher import Fetched, Gate
from tasks.fetching.urls import Url, parse

InScope = Callable[[str], bool]
"""Whether an absolute URL belongs to the site that the task is about, by the site's policy."""

View = Callable[[Source, int], Awaitable[PageView]]
"""Turns bytes and a status into what a decider sees."""

PROBLEM_STATUSES: Final = range(400, 500)


class Fetch(Protocol):
    """`tasks.fetching.fetcher.Fetcher.fetch`."""

    async def __call__(self, url: Url, *, gate: Gate | None = None) -> Fetched:
        """The final answer to a GET of `url`. Raises FetchError only."""


class _Refused(FetchError):
    """Carries a refusal of ours through the fetcher: raised in the gate, before the request is sent."""

    code = "refused"

    def __init__(self, error: HandsError) -> None:
        super().__init__(error.message)
        self.error = error


class HttpHands:
    """Reads with `fetch`. One instance serves one run: it keeps robots.txt of each origin that it met.

    `in_scope` is asked for every address before it is requested, redirects included. `agent` is the product
    token that robots.txt may name.
    """

    def __init__(
        self, *, fetch: Fetch, in_scope: InScope, agent: str = "Rover", view: View | None = None
    ) -> None:
        self._fetch = fetch
        self._in_scope = in_scope
        self._agent = agent
        self._view = view or _view_in_thread
        self._robots: dict[str, Robots] = {}

    async def read(self, url: str) -> PageView:
        """See `Hands.read`."""
        fetched = await self._get(url)
        source = Source(
            body=fetched.body, url=fetched.final_url.href, content_type=fetched.header("content-type")
        )
        return await self._view(source, fetched.status)

    async def submit_get_form(self, form: Form, values: Mapping[str, str]) -> PageView:
        """See `Hands.submit_get_form`."""
        return await self.read(address_of(form, values))

    async def sitemaps(self, url: str) -> tuple[str, ...]:
        """See `Hands.sitemaps`."""
        origin = _origin(url)
        robots = await self._robots_of(origin)
        named = [urljoin(origin, found) for found in robots.sitemaps]
        own = tuple(found for found in named if self._in_scope(found))
        return own or (f"{origin}/sitemap.xml",)

    async def _get(self, url: str) -> Fetched:
        try:
            wanted = parse(url)
            if wanted.scheme not in ("http", "https"):
                raise OutOfScope("Only http and https addresses are read.", url=url)
            return await self._fetch(wanted, gate=self._gate)
        except _Refused as refused:
            raise refused.error from refused
        except FetchError as error:
            raise _unavailable(url, error) from error

    @asynccontextmanager
    async def _gate(self, url: Url, hop: int) -> AsyncIterator[None]:
        if not self._in_scope(url.href):
            where = "leads" if hop else "is"
            raise _Refused(OutOfScope(f"{url.href} {where} outside the site.", url=url.href))
        robots = await self._robots_of(url.origin)
        if not robots.allows(url.href):
            raise _Refused(RobotsDenied(f"The site's robots.txt does not allow {url.href}.", url=url.href))
        yield

    async def _robots_of(self, origin: str) -> Robots:
        if origin not in self._robots:
            self._robots[origin] = await self._read_robots(origin)
        return self._robots[origin]

    async def _read_robots(self, origin: str) -> Robots:
        try:
            fetched = await self._fetch(parse(f"{origin}/robots.txt"), gate=self._scope_gate)
        except Gone:
            return ALL
        except HttpStatus as error:
            # RFC 9309 2.3.1.3 and 2.3.1.4: "unavailable" allows everything, "unreachable" nothing.
            return ALL if error.data.get("http_status") in PROBLEM_STATUSES else NOTHING
        except FetchError:
            return NOTHING
        return read_robots(fetched.body.decode("utf-8", "replace"), self._agent)

    @asynccontextmanager
    async def _scope_gate(self, url: Url, hop: int) -> AsyncIterator[None]:
        # The first address has the origin of a page in scope, whatever paths the scope names.
        if hop and not self._in_scope(url.href):
            raise _Refused(OutOfScope(f"{url.href} leads outside the site.", url=url.href))
        yield


async def _view_in_thread(source: Source, status: int) -> PageView:
    return await asyncio.to_thread(read_page, source, status=status)


def _unavailable(url: str, error: FetchError) -> PageUnavailable:
    status = {"http_status": error.data["http_status"]} if "http_status" in error.data else {}
    return PageUnavailable(
        f"{url} could not be read: {error.message}",
        retryable=error.retryable,
        url=url,
        reason=error.code,
        **status,
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
