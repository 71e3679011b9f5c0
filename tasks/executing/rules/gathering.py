"""Reading a site within a budget: what leads to the subject first, each page once, every use on record."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from tasks.executing.protocol import (
    Budget,
    Form,
    Hands,
    HandsError,
    Journal,
    Observation,
    PageView,
    Step,
    StopSignal,
    Tool,
    ToolStatus,
)
from tasks.executing.rules.ranking import coverage
from tasks.executing.rules.saying import say
from tasks.executing.rules.words import likeness, stem, stems

T = TypeVar("T")
SUMMARY_CHARS = 300
MAX_RESULTS = 5  # of the site's own search, read to answer a question
_WORTH = 0.3  # a link must speak of this share of the subject
_NO_PAGE = (
    *(
        ".pdf",
        ".png",
        ".jpg",
        ".jpeg",
        ".gif",
        ".svg",
        ".webp",
        ".zip",
        ".css",
        ".js",
        ".ico",
        ".mp3",
        ".mp4",
    ),
    *(".csv", ".ics", ".xlsx", ".docx", ".md", ".xml", ".json", ".txt", ".rss", ".atom"),
)
"""Endings of addresses that hold no page to answer from."""


class StopRun(Exception):
    """The stop signal came."""


class Survey:
    """The pages that one run has read, and the way to more of them."""

    def __init__(
        self,
        *,
        hands: Hands,
        journal: Journal,
        budget: Budget,
        stop: StopSignal,
        start_url: str,
        language: str,
        wish_words: str = "",
    ) -> None:
        self._hands = hands
        self._journal = journal
        self._budget = budget
        self._stop = stop
        self._ends = time.monotonic() + budget.seconds
        self.start_url = start_url
        self.language = language
        self.wish_words = wish_words
        self.pages: dict[str, PageView] = {}
        self._asked: dict[str, PageView | HandsError | None] = {}
        self._n_reads = 0
        self._n_bytes = 0
        self._sitemap: list[str] | None = None
        self._searched: set[str] = set()
        self._results: dict[str, float] = {}

    @property
    def spent(self) -> str:
        """Which part of the budget is used up: 'pages', 'seconds', 'bytes', or '' for none."""
        if self._n_reads >= self._budget.pages:
            return "pages"
        if time.monotonic() >= self._ends:
            return "seconds"
        return "bytes" if self._n_bytes >= self._budget.bytes else ""

    @property
    def start(self) -> PageView:
        """The page that the wish names; read before anything else."""
        return self.pages[self.start_url]

    async def say(self, name: str, **values: object) -> None:
        """Put a step in the journal."""
        await self._journal.write(Step(text=say(name, self.language, **values)))

    async def read_start(self) -> PageView:
        """The start page.

        Raises: HandsError, TimeoutError.
        """
        return await self.read_or_raise(self.start_url)

    async def read_or_raise(self, url: str) -> PageView:
        """The page at `url`.

        Raises: HandsError; TimeoutError when the budget is used up; StopRun.
        """
        page = await self.read(url)
        if page is not None:
            return page
        failure = self._asked.get(url)
        raise failure if isinstance(failure, HandsError) else TimeoutError(self.spent or "seconds")

    async def read(self, url: str) -> PageView | None:
        """The page at `url`, read once; None when it could not be had or the budget is used up."""
        url = url.partition("#")[0]
        if url in self._asked:
            found = self._asked[url]
            return found if isinstance(found, PageView) else None
        if self.spent:
            return None
        await self.say("reading", url=url)
        page = await self._use("read", url, lambda: self._hands.read(url))
        self._asked[url] = page
        if isinstance(page, PageView):
            self.pages[url] = page
            self._asked.setdefault(page.url, page)
            await self._observe(page)
            return page
        return None

    async def submit(self, form: Form, values: Mapping[str, str]) -> PageView:
        """The answer to a filled form.

        Raises: HandsError; TimeoutError; StopRun.
        """
        if self.spent:
            raise TimeoutError(self.spent)
        await self.say("sending", url=form.action)
        page = await self._use("submit_form", form.action, lambda: self._hands.submit_get_form(form, values))
        if isinstance(page, PageView):
            await self._observe(page)
            return page
        raise page if page is not None else TimeoutError("seconds")

    async def sitemap(self) -> list[str]:
        """The pages that the site map names (one level of index is followed)."""
        if self._sitemap is None:
            self._sitemap = []
            places = await self._hands_sitemaps()
            for place in places[:2]:
                await self._read_sitemap(place, depth=1)
        return self._sitemap

    async def feeds(self) -> AsyncIterator[PageView]:
        """The feeds that the pages seen so far name, those that can be read and hold something; at most 3."""
        pages = list(self.pages.values())
        named = [url for page in pages for url in page.feeds]
        links = [link.url for page in pages for link in page.links if link.url.startswith("http")]
        named += [url for url in links if _looks_like_feed(url)]
        for url in list(dict.fromkeys(named))[:3]:
            page_read = await self.read(url)
            if page_read is not None and page_read.kind == "feed" and page_read.items:
                yield page_read

    async def explore(
        self,
        terms: Sequence[str],
        *,
        leads: Sequence[str] = (),
        words: str = "",
        wide: bool = True,
        blind: bool = True,
    ) -> AsyncIterator[PageView]:
        """The pages read so far, the start page first, then what leads to `terms` (stems) best first.

        `leads`: stems any one of which makes a link worth a try. When `wide`: also what the site map and the
        site's own search for `words` name, and at last, when `blind`, what nothing points to. It ends with
        the
        candidates or the budget; the caller may end it earlier.
        """
        for page in [self.start, *(page for page in list(self.pages.values()) if page is not self.start)]:
            if page.kind in ("html", "text"):
                yield page
        while not self.spent:
            url = self.best_link(terms, leads=leads)
            if url is None and wide and self._sitemap is None:
                await self.sitemap()
                continue
            if url is None and wide and words and words not in self._searched:
                await self._search(words)
                continue
            if url is None and wide and blind:
                url = self._next_blind()
            if url is None:
                return
            page_read = await self.read(url)
            if page_read is not None and page_read.kind in ("html", "text"):
                yield page_read

    def best_link(
        self, terms: Sequence[str], *, leads: Sequence[str] = (), at_least: float = _WORTH
    ) -> str | None:
        """The unread address whose link text or path speaks most of `terms`, or of a word of `leads`."""
        best, best_worth = None, at_least
        for url, worth in self._candidates(terms, leads).items():
            if worth > best_worth:
                best, best_worth = url, worth
        return best

    def _candidates(self, terms: Sequence[str], leads: Sequence[str]) -> dict[str, float]:
        found = {url: worth for url, worth in self._results.items() if self._is_new(url)}

        def note(url: str | None, worth: float) -> None:
            if url and self._is_new(url):
                found[url] = max(found.get(url, 0.0), worth)

        for page in list(self.pages.values()):
            for link in page.links:
                if self._is_new(link.url):
                    bonus = 0.05 if link.in_main else 0.0
                    note(link.url, coverage(terms, link.text) + bonus)
                    note(link.url, lead_fit(leads, link.text) + bonus)
                    note(link.url, 0.9 * path_fit(terms, link.url))
                    note(link.url, 0.9 * _path_lead(leads, link.url))
            for item in page.items:
                if item.url and self._is_new(item.url):
                    note(item.url, 0.9 * coverage(terms, f"{item.title} {item.summary}"))
        for url in self._sitemap or ():
            if self._is_new(url):
                note(url, 0.85 * path_fit(terms, url))
                note(url, 0.85 * _path_lead(leads, url))
        return found

    async def _search(self, words: str) -> None:
        """Let the site's own search name pages: for all of `words`, and if that finds none for the
        longest."""
        self._searched.add(words)
        forms = [form for page in list(self.pages.values()) for form in page.forms]
        form = next((form for form in forms if form.is_search and form.method == "get"), None)
        if form is None:
            return
        field = next((field for field in form.fields if field.kind in ("search", "text")), None)
        longest = max(words.split(), key=len)
        for text in dict.fromkeys((words, longest)):
            if field is None or self.spent:
                return
            try:
                page = await self.submit(form, {field.name: text})
            except (HandsError, TimeoutError):
                return
            named = [item.url for item in page.items if item.in_main and item.url]
            self._results.update({url: 0.8 - 0.02 * at for at, url in enumerate(named[:MAX_RESULTS])})
            if named:
                return

    def _next_blind(self) -> str | None:
        """What nothing points to: pages high up in the site first, since they are about the site itself."""
        links = [link.url for page in list(self.pages.values()) for link in page.links]
        known = [url for url in (*links, *(self._sitemap or ())) if self._is_new(url)]
        own = [url for url in dict.fromkeys(known) if _host(url) == _host(self.start.url)]
        return min(own, key=lambda url: urlsplit(url).path.rstrip("/").count("/"), default=None)

    def _is_new(self, url: str) -> bool:
        if not url.startswith("http") or url in self._asked:
            return False
        return not urlsplit(url).path.lower().endswith(_NO_PAGE)

    async def _hands_sitemaps(self) -> tuple[str, ...]:
        found = await self._use(
            "site_map", self.start.url, lambda: self._hands.sitemaps(self.start.url), quiet=True
        )
        return found if isinstance(found, tuple) else ()

    async def _read_sitemap(self, place: str, depth: int) -> None:
        page = await self.read(place)
        if page is None or self._sitemap is None:
            return
        if page.kind == "sitemapindex" and depth:
            for item in page.items[:3]:
                await self._read_sitemap(item.url or "", depth - 1)
        elif page.kind == "sitemap":
            self._sitemap.extend(item.url for item in page.items if item.url)

    async def _use(
        self, name: str, what: str, call: Callable[[], Awaitable[T]], *, quiet: bool = False
    ) -> T | HandsError | None:
        """One use of the hands, on record. A failure is returned; None when the time was over in its midst.

        Raises: StopRun, also in its midst.
        """
        if self._stop.is_set():
            raise StopRun
        self._n_reads += not quiet
        await self._tell(name, ToolStatus.STARTED, what)
        try:
            found = await self._race(call)
        except TimeoutError:
            await self._tell(name, ToolStatus.FAILED, f"{what}: out of time")
            return None
        except HandsError as error:
            await self._tell(name, ToolStatus.FAILED, error.message)
            return error
        if isinstance(found, PageView):
            self._n_bytes += found.n_bytes
        await self._tell(name, ToolStatus.COMPLETED, what)
        return found

    async def _race(self, call: Callable[[], Awaitable[T]]) -> T:
        """The result of `call`, unless the time or the stop signal comes first."""
        work = asyncio.ensure_future(call())
        bell = asyncio.ensure_future(self._stop.wait())
        try:
            left = max(0.0, self._ends - time.monotonic())
            await asyncio.wait({work, bell}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            if self._stop.is_set():
                raise StopRun
            raise TimeoutError
        finally:
            for task in (work, bell):
                task.cancel()
            await asyncio.gather(work, bell, return_exceptions=True)

    async def _tell(self, name: str, status: ToolStatus, message: str) -> None:
        await self._journal.write(Tool(name=name, status=status, message=message))

    async def _observe(self, page: PageView) -> None:
        await self._journal.write(observation_of(page))


def observation_of(page: PageView) -> Observation:
    """What is kept of a page that was seen."""
    texts = [block.text for block in page.blocks if block.in_main]
    digest = hashlib.sha256(
        "\n".join(texts or [item.title for item in page.items]).encode("utf-8", "replace")
    )
    summary = page.description or next((text for text in texts if len(text) > 40), "")
    return Observation(
        url=page.url,
        title=page.title,
        host=_host(page.url),
        summary=summary[:SUMMARY_CHARS],
        snapshot_digest=f"sha256:{digest.hexdigest()}",
    )


def lead_fit(leads: Sequence[str], text: str) -> float:
    """How well `text` names one of `leads`, the first of them best: 0.75 at most, less in a long text."""
    words = set(stems(text))
    if not words or not leads:
        return 0.0
    fits = (
        max((likeness(lead, word) for word in words), default=0.0) * (0.75 - 0.02 * at)
        for at, lead in enumerate(leads)
    )
    return max(fits) * (1.0 if len(words) <= 6 else 0.7)


def _path_lead(leads: Sequence[str], url: str) -> float:
    return lead_fit(leads, unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2].replace("-", " "))


def path_fit(terms: Sequence[str], url: str) -> float:
    """The share of `terms` that the words of the path speak of; the last part counts fully, the rest half."""
    if not terms:
        return 0.0
    parts = [part for part in unquote(urlsplit(url).path).split("/") if part]
    name, _, ending = parts[-1].rpartition(".") if parts else ("", "", "")
    last = set(stems((name or ending).replace("-", " ").replace("_", " ")))
    rest = {stem(word) for part in parts[:-1] for word in stems(part.replace("-", " "))}
    fits = (
        max(
            max((likeness(term, word) for word in last), default=0.0),
            0.5 * max((likeness(term, word) for word in rest), default=0.0),
        )
        for term in terms
    )
    return sum(fits) / len(terms)


def _looks_like_feed(url: str) -> bool:
    path = urlsplit(url).path.lower().rstrip("/")
    return path.endswith(
        (".rss", ".atom", "feed.xml", "rss.xml", "atom.xml", "feed.json", "/feed", "/rss", "/atom")
    )


def _host(url: str) -> str:
    return urlsplit(url).netloc
