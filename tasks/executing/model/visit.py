"""The site through the hands: within the budget, each address once, every use on record."""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urljoin, urlsplit

from tasks.core.printable import printable
from tasks.executing.model.tools import ToolError
from tasks.executing.model.watch import OutOfTime, Watch
from tasks.executing.protocol import (
    Budget,
    Form,
    Hands,
    HandsError,
    Journal,
    PageView,
    Step,
    Tool,
    ToolStatus,
)
from tasks.executing.rules.gathering import observation_of
from tasks.executing.rules.saying import say

_MAX_URL_CHARS = 500
_REASONS = {
    "out_of_scope": "It is outside the site, or leads there; only pages of the site can be read.",
    "robots_denied": "The site's robots.txt keeps agents away from it.",
    "page_unavailable": "It could not be had.",
    "page_unreadable": "It holds no text.",
    "form_refused": "The form can not be sent.",
}


class Visit:
    """The pages that one run has read. What a page could not be had for is told without words of the site."""

    def __init__(
        self, *, hands: Hands, journal: Journal, budget: Budget, watch: Watch, start: str, language: str
    ) -> None:
        self._hands = hands
        self._journal = journal
        self._budget = budget
        self._watch = watch
        self._start = start
        self._language = language
        self._pages: dict[str, PageView] = {}
        self._failed: dict[str, HandsError] = {}
        self._n_reads = 0
        self._n_bytes = 0
        self.was_short = ""
        """Which part of the budget kept a page from being read: 'pages', 'bytes'; '' for none."""

    @property
    def pages(self) -> list[PageView]:
        """The pages that were read, in order, each once."""
        return list({id(page): page for page in self._pages.values()}.values())

    def page_at(self, url: str) -> PageView | None:
        """The page that was read at `url`, which may be the asked or the final address."""
        return self._pages.get(self._absolute(url))

    async def read(self, url: str) -> PageView:
        """The page at `url`, from memory where it was read before.

        Raises: ToolError when it cannot be had; StopRun, OutOfTime.
        """
        url = self._absolute(url)
        if url in self._pages:
            return self._pages[url]
        if url in self._failed:
            raise _refusal(self._failed[url])
        try:
            return await self._use("read", "reading", url, lambda: self._hands.read(url), asked=url)
        except HandsError as error:
            self._failed[url] = error
            raise _refusal(error) from error

    async def submit(self, form: Form, values: Mapping[str, str]) -> PageView:
        """What comes back for the filled `form`.

        Raises: ToolError when nothing does; StopRun, OutOfTime.
        """
        try:
            return await self._use(
                "submit_form", "sending", form.action, lambda: self._hands.submit_get_form(form, values)
            )
        except HandsError as error:
            raise _refusal(error) from error

    async def _use(
        self, tool: str, step: str, url: str, call: Callable[[], Awaitable[PageView]], *, asked: str = ""
    ) -> PageView:
        self._afford()
        self._watch.check()
        self._n_reads += 1
        where = printable(url)[:_MAX_URL_CHARS]
        await self._journal.write(Step(text=say(step, self._language, url=where)))
        await self._tell(tool, ToolStatus.STARTED, where)
        try:
            page = await self._watch.race(call)
        except OutOfTime:
            await self._tell(tool, ToolStatus.FAILED, f"{where}: out of time")
            raise
        except HandsError as error:
            await self._tell(tool, ToolStatus.FAILED, printable(error.message))
            raise
        self._n_bytes += page.n_bytes
        self._pages.setdefault(page.url, page)
        if asked:
            self._pages[asked] = page
        await self._tell(tool, ToolStatus.COMPLETED, where)
        await self._journal.write(observation_of(page))
        return page

    def _afford(self) -> None:
        if self._n_reads >= self._budget.pages:
            self.was_short = "pages"
        elif self._n_bytes >= self._budget.bytes:
            self.was_short = "bytes"
        if self.was_short:
            raise ToolError(
                f"The {self.was_short} of this task are used up: no further page can be read. Answer from "
                "what was read, or give up."
            )

    def _absolute(self, url: str) -> str:
        try:
            parts = urlsplit(urljoin(self._start, url))
        except ValueError:
            return url
        # A model that cites `https://a.example` means the page at `https://a.example/`.
        return parts._replace(path=parts.path or "/", fragment="").geturl()

    async def _tell(self, tool: str, status: ToolStatus, message: str) -> None:
        await self._journal.write(Tool(name=tool, status=status, message=message))


def _refusal(error: HandsError) -> ToolError:
    status = error.data.get("http_status")
    told = f" (HTTP {status})" if status is not None else ""
    return ToolError(f"{error.code}{told}: {_REASONS.get(error.code, 'It could not be had.')}")
