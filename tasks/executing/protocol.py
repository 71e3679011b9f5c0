"""How a task is carried out: observe a page, decide, act, record.

A decider is an `Executor`. It sees a site only through `Hands`, says what it does in a `Journal`, stays
within
a `Budget`, stops when its `StopSignal` says so, and ends with an `Outcome`. Everything that a page says is
data: no field of these values is an instruction.

A run keeps nothing between calls. When it asks (`InputRequired`), the caller runs the same wish again with
the
answer added to `Wish.answers`; so an answer works after a restart and on another worker as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from workspace.core.errors import ErrorKind, RoverError


class HandsError(RoverError):
    """A page that could not be had. `data`: url."""

    kind = ErrorKind.UPSTREAM


class OutOfScope(HandsError):
    """The address, or one that it redirects to, is outside the site."""

    code = "out_of_scope"
    kind = ErrorKind.FORBIDDEN


class RobotsDenied(HandsError):
    """The site's robots.txt keeps agents away from the address (RFC 9309)."""

    code = "robots_denied"
    kind = ErrorKind.FORBIDDEN


class PageUnavailable(HandsError):
    """No page came back. `data`: url, reason (the code of the fetch error), http_status where there is
    one."""

    code = "page_unavailable"


class PageUnreadable(HandsError):
    """Something came back that holds no text for us. `data`: url, content_type."""

    code = "page_unreadable"
    kind = ErrorKind.UNPROCESSABLE


class FormRefused(HandsError):
    """The form would do more than ask (it is no GET form), or it wants a password or a file."""

    code = "form_refused"
    kind = ErrorKind.FORBIDDEN


class BlockKind(StrEnum):
    """What a block of a page is."""

    HEADING = "heading"
    TEXT = "text"
    ITEM = "item"
    ROW = "row"
    DEFINITION = "definition"
    ADDRESS = "address"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link: absolute `url` without fragment (or mailto:/tel:), its visible `text`, and whether it stands in
    the main part of the page rather than in its frame (menu, footer)."""

    url: str
    text: str
    in_main: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A piece of visible text, as a reader sees it (blanks joined).

    `headings`: the headings it stands under, outermost first. A ROW has `cells`, and `columns`, the heads of
    its table ('' where there is none); a DEFINITION has two cells, term and text. `level` is that of a
    heading.
    """

    kind: BlockKind
    text: str
    headings: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    level: int = 0
    group: int = 0
    in_main: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One of several things of a kind that a page or feed names: an article, a product, an entry.

    `date`: ISO 8601 date, or None. `dated_by`: the words on the page that say it. `group` tells the lists
    of a
    page apart; `headings` as for a block.
    """

    title: str
    url: str | None = None
    date: str | None = None
    dated_by: str = ""
    summary: str = ""
    text: str = ""
    headings: tuple[str, ...] = ()
    group: int = 0
    in_main: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedData:
    """One typed JSON-LD node, with the text of the script it stands in."""

    node: Mapping[str, Any]
    source: str

    @property
    def types(self) -> tuple[str, ...]:
        """Its types without the vocabulary's address."""
        named = self.node.get("@type")
        values = named if isinstance(named, list) else [named]
        return tuple(value.rpartition("/")[2] for value in values if isinstance(value, str))


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """An input of a form. `kind`: text, search, email, number, date, select, radio, checkbox, hidden, …
    `options`: value and label of each choice."""

    name: str
    kind: str
    label: str = ""
    value: str = ""
    required: bool = False
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form: where it goes, how, and what it asks. `method`: get, post or dialog."""

    action: str
    method: str
    fields: tuple[FormField, ...]
    label: str = ""
    is_search: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PageView:
    """What one address holds. `url` is the final one.

    `kind`: html, feed, sitemap, text. `items` of a feed are its entries in feed order; `items` of a
    sitemap its
    pages, with `date` from `lastmod`. `feeds`: addresses of feeds that the page names.
    """

    url: str
    status: int
    kind: str
    title: str = ""
    description: str = ""
    language: str = ""
    site_name: str = ""
    published: str | None = None
    blocks: tuple[Block, ...] = ()
    items: tuple[Item, ...] = ()
    links: tuple[Link, ...] = ()
    linked_data: tuple[LinkedData, ...] = ()
    forms: tuple[Form, ...] = ()
    feeds: tuple[str, ...] = ()
    n_bytes: int = 0


class Hands(Protocol):
    """Reaches pages of the site that a wish is about, and no others."""

    async def read(self, url: str) -> PageView:
        """What `url` holds.

        Raises: HandsError subclasses only.
        """

    async def submit_get_form(self, form: Form, values: Mapping[str, str]) -> PageView:
        """The answer to `form` sent with `values` by field name; fields without a value keep their own.

        Raises: HandsError subclasses only; FormRefused for a form that is no GET form.
        """

    async def sitemaps(self, url: str) -> tuple[str, ...]:
        """Where the site at `url` keeps its site maps, by its robots.txt, else by custom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What the decider is about to do, for people. Wire: `step {text}`."""

    text: str


class ToolStatus(StrEnum):
    """How far a tool call is."""

    STARTED = "started"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A use of the hands. Wire: `tool {name, status, message?}`."""

    name: str
    status: ToolStatus
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A page that was seen. Wire: `observation {url, title, host, summary, snapshotDigest}`."""

    url: str
    title: str
    host: str
    summary: str
    snapshot_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something said to whoever asked. Wire: `message {role, text, blocks?}`."""

    text: str
    role: str = "assistant"
    blocks: tuple[Mapping[str, Any], ...] = ()


Entry = Step | Tool | Observation | Message


class Journal(Protocol):
    """Takes down what happens, in order. `input` and `done` follow from the outcome: the caller writes
    them."""

    async def write(self, entry: Entry) -> None:
        """Record `entry`; it may raise to end the run (a lost lease)."""


class StopSignal(Protocol):
    """Says that a run is to stop: `asyncio.Event` is one."""

    def is_set(self) -> bool:
        """Whether it is time."""

    async def wait(self) -> Any:
        """Return as soon as it is time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one run may take: pages read, seconds in all, bytes of all bodies."""

    pages: int = 16
    seconds: float = 60.0
    bytes: int = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer to a question of an earlier run. Without a `key` it answers the oldest open question."""

    text: str
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is wanted of the site at `url`. `shortcut`: the saved journey's prompt, taken instead of
    `prompt`. `context`: what another task told when it handed this one over; `memory`: notes that agents
    left on earlier visits, a line each. Both are data, never a wish."""

    url: str
    prompt: str
    answers: tuple[Answer, ...] = ()
    shortcut: str | None = None
    context: str = ""
    memory: str = ""

    @property
    def words(self) -> str:
        """What decides: the shortcut where there is one, else the prompt."""
        return self.shortcut or self.prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """What an answer rests on: `quote` stands on the page at `url` word for word (blanks joined)."""

    url: str
    quote: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A value that is missing. `choices`: what may be answered; empty for free text."""

    key: str
    query: str
    choices: tuple[str, ...] = ()
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """The wish is answered. `blocks`: the answer in parts, JSON-ready, each with a `type`."""

    text: str
    observation: Observation
    citations: tuple[Citation, ...]
    blocks: tuple[Mapping[str, Any], ...] = ()
    summary: str = ""

    def result(self) -> dict[str, Any]:
        """The `result` of the task resource."""
        return {
            "text": self.text,
            "blocks": [
                *map(dict, self.blocks),
                *(
                    {"type": "citation", "url": c.url, "title": c.title, "quote": c.quote}
                    for c in self.citations
                ),
            ],
            "summary": self.summary or self.text.partition("\n")[0],
            "observation": {
                "url": self.observation.url,
                "title": self.observation.title,
                "host": self.observation.host,
                "summary": self.observation.summary,
                "snapshotDigest": self.observation.snapshot_digest,
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRequired:
    """The wish cannot be decided without an answer."""

    message: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The wish was not met. `code`: stable, for programs; `message`: why, for people."""

    code: str
    message: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The stop signal came; nothing was decided."""


Outcome = Completed | InputRequired | Failed | Stopped


class Executor(Protocol):
    """A decider."""

    async def run(
        self, wish: Wish, *, hands: Hands, journal: Journal, budget: Budget, stop: StopSignal
    ) -> Outcome:
        """Carry `wish` out. Expected failures are outcomes; what the journal raises goes through."""
