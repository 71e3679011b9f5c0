"""What one reading of a web page gives: an answer, or the reason why there is none."""

from dataclasses import dataclass

from workspace.core.errors import ErrorKind, RoverError
from workspace.core.hosts import parse_host


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAnswer:
    """The final answer of a server, whatever its status.

    `url`: as asked, `final_url`: after redirects, both absolute. `headers`: names in lower case, in order,
    values read as latin-1. `body`: without content coding. `truncated`: there was more than was to be read.
    """

    url: str
    final_url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool

    def values(self, name: str) -> tuple[str, ...]:
        """The values of all header fields called `name` (lower case)."""
        return tuple(value for key, value in self.headers if key == name)

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def stayed_on_host(self) -> bool:
        """Whether the answer came from the host that was asked: a redirect may lead to somebody else's."""
        asked = parse_host(self.url)
        return asked is not None and asked == parse_host(self.final_url)


class WebRefused(RoverError):
    """There was no answer to read.

    `data`: `fetch_code`, the reason as the fetch engine names it (invalid_url, ssrf_denied, dns_failed,
    connect_failed, tls_failed, timeout, too_many_redirects, body_too_large, …), `fetch_message` in plain
    words, and what the engine added (`reason` and `host` of a refusal, `phase` of a time-out).
    """

    code = "web_refused"
    kind = ErrorKind.UPSTREAM

    @property
    def fetch_code(self) -> str:
        """Why, as a stable code."""
        return str(self.data.get("fetch_code", "unknown"))


class DnsUnavailable(RoverError):
    """The name servers gave no answer. That is not the same as an answer that there is nothing."""

    code = "dns_unavailable"
    kind = ErrorKind.UNAVAILABLE
    retryable = True
