"""What a visit began with: who wanted what, where, through which door."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from roverbook.core.visits.events import Source, VisitEvent
from roverbook.core.visits.paths import is_trial_page, page_host, page_url
from roverbook.core.visits.texts import PROMPT_MAX, clean
from tasks.core.attribution import ANONYMOUS_NAME, Trust
from tasks.core.attribution import Source as AgentSource
from tasks.core.runtime.fields import json_bytes

LAUNCH_EMBEDDED = "embedded_widget"
LAUNCHES = frozenset({"public_task_api", "delegated_handoff", "webmcp", LAUNCH_EMBEDDED})
ANONYMOUS = {
    "key": "anonymous",
    "name": ANONYMOUS_NAME,
    "vendor": "",
    "model": "",
    "version": "",
    "trust": Trust.ANONYMOUS.value,
    "source": AgentSource.ANONYMOUS.value,
    "memory_key": "",
}
"""Whoever works through the widget without a name."""
EXTRAS_BYTES = 4_000
_TRUSTS = [trust.value for trust in Trust]
_RECORD = {
    "key": "key",
    "name": "displayName",
    "vendor": "vendor",
    "model": "model",
    "version": "version",
    "trust": "trust",
    "source": "source",
    "memory_key": "memoryKey",
}


class Opening:
    """Gathered from the openings of logs and from what pages say. A task's own word comes before a run's, and
    that before a page's; of equals the first counts."""

    def __init__(self) -> None:
        self.task_id: UUID | None = None
        self.is_test = False
        self.extras: dict[str, Any] = {}
        self.agent: Mapping[str, str] = ANONYMOUS
        self._agent_rank = len(_TRUSTS)
        self._site_id = ""
        self._said: dict[str, tuple[int, str]] = {}

    def read(self, event: VisitEvent) -> None:
        """What this event says of how it began."""
        data, rank = event.data, _RANKS[event.source]
        for name in ("session_id", "workflow_id", "boundary", "launch_source", "host", "prompt", "shortcut"):
            self._take(name, data.get(name), rank)
        self._take("url", data.get("entry_url") or data.get("url"), rank)
        self._agent(data, event.source)
        self.extras = {**_kept(data.get("extras")), **self.extras}
        if event.source is Source.PAGE:
            return
        task_id = data.get("task_id")
        self.task_id = task_id if isinstance(task_id, UUID) else self.task_id
        self.is_test = self.is_test or data.get("is_test") is True
        self._site_id = self._site_id or str(data.get("site_id") or "")

    def _take(self, name: str, value: Any, rank: int) -> None:
        if isinstance(value, str) and value and rank < self._said.get(name, (9, ""))[0]:
            self._said[name] = (rank, value)

    def _agent(self, data: Mapping[str, Any], source: Source) -> None:
        told = data.get("agent")
        if not isinstance(told, Mapping) or not told:
            return
        columns = told if source is Source.PAGE else {ours: told.get(name) for ours, name in _RECORD.items()}
        trust = columns.get("trust")
        rank = -1 if source is Source.TASK else _TRUSTS.index(trust) if trust in _TRUSTS else len(_TRUSTS)
        if columns.get("key") and rank < self._agent_rank:
            self._agent_rank = rank
            self.agent = {name: str(columns.get(name) or "") for name in ANONYMOUS}

    def _word(self, name: str) -> str:
        return self._said.get(name, (0, ""))[1]

    # --- what was said ---

    @property
    def url(self) -> str:
        return self._word("url")

    @property
    def session_id(self) -> str:
        return self._word("session_id")[:64]

    @property
    def workflow_id(self) -> str:
        return self._word("workflow_id")[:80]

    @property
    def boundary(self) -> str:
        return self._word("boundary")[:200]

    @property
    def launch_source(self) -> str:
        """The door; pages without a word of it are visited by the widget."""
        said = self._word("launch_source")
        return said if said in LAUNCHES else LAUNCH_EMBEDDED

    @property
    def prompt(self) -> str:
        return clean(self._word("prompt"), PROMPT_MAX)

    @property
    def shortcut(self) -> str:
        return self._word("shortcut")[:120]

    def host_of(self, entry_url: str) -> str:
        """The host of the first page; before there is one, that of the session's."""
        return page_host(entry_url) or self._word("host")[:253]

    def is_trial(self, pages: Iterable[str]) -> bool:
        """Whether a page is one on which owners try their site's assistant."""
        seen = [page_url(self.url), *pages] if self._site_id else []
        return any(is_trial_page(url, self._site_id) for url in seen)


_RANKS = {Source.TASK: 0, Source.RUN: 1, Source.PAGE: 2}


def _kept(extras: Any) -> dict[str, Any]:
    """The extras of an event, if they are of a decent size."""
    if not isinstance(extras, Mapping) or not extras:
        return {}
    return dict(extras) if json_bytes(dict(extras)) <= EXTRAS_BYTES else {}
