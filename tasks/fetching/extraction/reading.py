"""What a reader of one content type gives back, before it becomes a document."""

from dataclasses import dataclass, field
from typing import Any

from tasks.fetching.extraction.document import Flag


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Markdown as read, not yet cleaned. `ratio` is the share of the visible source that was kept (0..1).

    `visible_text` is only looked at for emptiness of types whose Markdown adds a frame of its own.
    """

    markdown: str
    title: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    ratio: float = 1.0
    truncated: bool = False
    visible_text: str | None = None
