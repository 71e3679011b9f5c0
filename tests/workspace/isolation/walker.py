"""Sends requests as one visitor, and tells what of somebody else's came back or changed."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from django.conf import settings
from django.db import transaction
from django.test import Client
from django.utils.html import escape
from django.utils.text import slugify

from tests.workspace.isolation.estate import Estate
from tests.workspace.isolation.routes import PUBLIC
from tests.workspace.isolation.rows import Change, Dump, differences, dump_of, watched

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
CHANGING = METHODS[2:]
NOT_READY = ("/readyz", 503)
"""An answer, not a fault: no worker runs beside this test."""
AROUND = 60
"""So many characters around a marker are shown."""


@dataclass(frozen=True)
class Ask:
    """A request. `body`: nothing, a form, or with `is_json` an object."""

    method: str
    path: str
    body: Any = None
    is_json: bool = False
    query: tuple[tuple[str, str], ...] = ()

    @property
    def sent(self) -> list[str]:
        """The values that an answer may repeat, the longest first."""
        texts = [unquote(part) for part in self.path.split("/")] + [value for _, value in self.query]
        body = self.body or {}
        for value in body.values() if isinstance(body, dict) else ():
            texts += value if isinstance(value, list) else [str(value)]
        return sorted({text for text in texts if len(text) > 2}, key=len, reverse=True)

    def __str__(self) -> str:
        query = "?" + "&".join(f"{name}={value}" for name, value in self.query) if self.query else ""
        body = "" if self.body is None else f" with {json.dumps(self.body)[:300]}"
        return f"{self.method} {self.path}{query}{body}"


@dataclass(frozen=True)
class Finding:
    """What went wrong, and in which request."""

    visitor: str
    ask: str
    what: str

    def __str__(self) -> str:
        return f"{self.visitor}: {self.ask}\n    {self.what}"


@dataclass
class Visitor:
    """Somebody with a session, a token, both or neither. `may_see`: the victim's things are theirs to look at.
    `may_change` says of a difference that it is theirs to make."""

    name: str
    client: Client
    token: str = ""
    may_see: bool = False
    may_change: Callable[[str, Change], bool] = lambda path, change: False


@dataclass
class Walker:
    """Counts what it asked, so that a walk that went nowhere is noticed."""

    victim: Estate
    visitor: Visitor
    findings: list[Finding] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._before: Dump = dump_of(self.victim.owner)
        self._markers = [] if self.visitor.may_see else self.victim.markers
        self._any_marker = _any_of(self._markers)
        self._unpublished = _any_of([] if self.visitor.may_see else self.victim.unpublished)
        cookie = self.visitor.client.cookies.get(settings.SESSION_COOKIE_NAME)
        self._session = cookie.value if cookie else ""
        self._client = Client(raise_request_exception=False)  # one for all: each loads the middleware anew

    def walk(self, asks: Iterable[Ask]) -> None:
        """Each request begins with everything as it was: what it changes is undone."""
        for ask in asks:
            with transaction.atomic():
                self._ask(ask)
                transaction.set_rollback(True)

    def _ask(self, ask: Ask) -> None:
        self._client.cookies.clear()
        if self._session:
            self._client.cookies[settings.SESSION_COOKIE_NAME] = self._session
        with watched() as writes:
            answer = send(self._client, ask, self.visitor.token)
            text = _text(answer)
        self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
        if answer.status_code >= 500 and (ask.path, answer.status_code) != NOT_READY:
            self._found(ask, f"the server failed with {answer.status_code}")
        leaked = self._leaked(ask, text)
        if leaked:
            self._found(ask, f"shown: {leaked}")
        if writes.tables:
            self._look_for_changes(ask, writes.tables)

    def _leaked(self, ask: Ask, text: str) -> str:
        """What stands around the first marker that the visitor did not send."""
        marker = self._unpublished if ask.path.startswith(PUBLIC) else self._any_marker
        found = marker.search(text.lower())
        if found is None:
            return ""
        spellings: set[str] = set()
        for sent in ask.sent:
            if marker.search(sent.lower()):
                spellings |= {
                    sent,
                    quote(sent),
                    quote(sent, safe=""),
                    escape(sent),
                    slugify(sent),
                    sent.replace(".", "-"),
                }
        for spelling in sorted(spellings, key=len, reverse=True):
            text = re.sub(re.escape(spelling), "·", text, flags=re.IGNORECASE)
        found = marker.search(text.lower())
        return text[max(0, found.start() - AROUND) : found.end() + AROUND] if found else ""

    def _look_for_changes(self, ask: Ask, written: set[str]) -> None:
        changes = differences(self._before, dump_of(self.victim.owner, written))
        for change in changes:
            if not self.visitor.may_change(ask.path, change):
                self._found(ask, f"changed: {change}")

    def _found(self, ask: Ask, what: str) -> None:
        self.findings.append(Finding(self.visitor.name, str(ask), what))


def _any_of(texts: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, texts)) or r"(?!)")


def send(client: Client, ask: Ask, token: str) -> Any:
    """The response to the request."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    how: dict[str, Any] = {"headers": headers, "query_params": dict(ask.query)}
    method = getattr(client, ask.method.lower())
    if ask.body is None:
        return method(ask.path, **how)
    if ask.is_json:
        return method(ask.path, data=json.dumps(ask.body), content_type="application/json", **how)
    if ask.method == "POST":
        return method(ask.path, data=ask.body, **how)
    return method(ask.path, data=_encoded(ask.body), content_type="application/x-www-form-urlencoded", **how)


def _encoded(body: dict[str, Any]) -> str:
    return "&".join(
        f"{quote(name)}={quote(one)}"
        for name, values in body.items()
        for one in (values if isinstance(values, list) else [str(values)])
    )


def _text(answer: Any) -> str:
    """Headers and body."""
    head = "\n".join(f"{name}: {value}" for name, value in answer.items())
    cookies = answer.cookies.output()
    content: bytes = answer.getvalue()
    return f"{head}\n{cookies}\n{content.decode('utf-8', 'replace')}"
