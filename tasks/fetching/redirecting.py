"""Where one fetch is, where it has been, and what it may send to the next place (WHATWG Fetch 4.5).

Redirects are followed here and nowhere else, because each step needs the whole screening again.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from tasks.fetching.answering import Answer
from tasks.fetching.cookies import CookieJar
from tasks.fetching.errors import InvalidUrl, ProtocolError, RedirectLoop, TooManyRedirects
from tasks.fetching.urls import Url, parse

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})

# What may go along to another origin. Everything else a caller sends could be a secret of the first one.
_SENT_ACROSS_ORIGINS = frozenset(
    {"accept", "accept-language", "cache-control", "if-modified-since", "if-none-match", "pragma"}
)
# Set by the transport, or (Referer) telling one site about another.
_NEVER_TAKEN = frozenset(
    {
        *("accept-encoding", "content-length", "expect", "host", "referer", "user-agent"),
        *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One redirect: the URL that answered with `status`, and the URL it led to."""

    url: str
    status: int
    location: str


class Trip:
    """The way of one fetch from its URL to the final answer.

    `url`: where it is now; `hops`: the redirects so far; `downgraded`: one of them left https for http.
    """

    def __init__(self, url: Url, headers: Mapping[str, str]) -> None:
        self.url = url
        self.hops: list[Hop] = []
        self.downgraded = False
        self._jar = CookieJar()
        lower = {name.lower(): value for name, value in headers.items()}
        self._headers = {name: value for name, value in lower.items() if name not in _NEVER_TAKEN}
        self._seen = {self._state()}

    @property
    def n_hops(self) -> int:
        """How many redirects were followed; the number of the current hop."""
        return len(self.hops)

    @property
    def is_conditional(self) -> bool:
        """Whether a 304 would answer what is sent (RFC 9110 section 13)."""
        return "if-none-match" in self._headers or "if-modified-since" in self._headers

    @property
    def asks_for_range(self) -> bool:
        """Whether a 206 would answer what is sent (RFC 9110 section 14)."""
        return "range" in self._headers

    def headers(self) -> dict[str, str]:
        """The caller's header fields that may go to the current URL, and the cookies that belong there."""
        headers = dict(self._headers)
        if cookies := self._jar.header(self.url):
            own = headers.get("cookie")
            headers["cookie"] = f"{own}; {cookies}" if own else cookies
        return headers

    def note_cookies(self, answer: Answer) -> None:
        """Keeps the cookies of an answer from the current URL."""
        self._jar.store(self.url, answer.values("set-cookie"))

    def next_url(self, answer: Answer) -> Url | None:
        """Where the answer redirects to, None if it is final: also a redirect status without `Location`.

        Raises: InvalidUrl; ProtocolError for several different `Location` fields.
        """
        locations = set(answer.values("location"))
        if answer.status not in REDIRECT_STATUSES or not locations:
            return None
        if len(locations) > 1:
            raise ProtocolError("the server sent two different redirects at once")
        try:
            target = parse(_readable(locations.pop()), self.url.href)
        except InvalidUrl as exc:
            raise InvalidUrl(f"redirect: {exc.message}", **{**exc.data, "hop": self.n_hops + 1}) from exc
        if not target.fragment:  # RFC 9110 section 10.2.2
            target = dataclasses.replace(target, fragment=self.url.fragment)
        return target

    def follow(self, target: Url, status: int, max_redirects: int) -> None:
        """Moves on to `target`, which has been screened.

        Raises: TooManyRedirects; RedirectLoop for a URL seen before, unless other cookies go to it now.
        """
        if len(self.hops) >= max_redirects:
            raise TooManyRedirects(f"more than {max_redirects} redirects", limit=max_redirects)
        self.hops.append(Hop(url=self.url.href, status=status, location=target.href))
        self.downgraded = self.downgraded or (self.url.scheme == "https" and target.scheme == "http")
        if target.origin != self.url.origin:
            kept = self._headers.items()
            self._headers = {name: value for name, value in kept if name in _SENT_ACROSS_ORIGINS}
        self.url = target
        if (state := self._state()) in self._seen:
            raise RedirectLoop("the redirects lead back to a URL of the same chain", hop=len(self.hops))
        self._seen.add(state)

    def _state(self) -> tuple[str, str]:
        return self.url.href, self._jar.header(self.url)


def _readable(location: str) -> str:
    """A `Location` value, which arrives byte by byte, as text: UTF-8, or else its bytes percent-encoded."""
    raw = location.encode("latin-1")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in raw)
