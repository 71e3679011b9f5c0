"""Where a model is, and how much one run may take of it."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_VISIBLE_ASCII = re.compile(r"[!-~]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEndpoint:
    """A server that answers `POST {base_url}/chat/completions`; its operator chose the address.

    `api_key` is sent as a bearer token, '' sends none; it is never shown. `timeout`: seconds for one whole
    answer. `retries`: further tries after a request that failed for now.

    Raises: ValueError for a base URL that is not plain http or https, an empty model, a key that no header
    can carry, bounds out of range.
    """

    base_url: str
    model: str
    api_key: str = field(default="", repr=False)
    timeout: float = 120.0
    retries: int = 2

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the base URL of a model must be an http or https address")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("the base URL of a model has no credentials, query or fragment")
        if not self.model.strip():
            raise ValueError("a model must be named")
        if not _VISIBLE_ASCII.fullmatch(self.api_key):
            raise ValueError("an API key is made of visible ASCII characters")
        if self.timeout <= 0 or self.retries < 0:
            raise ValueError("the timeout must be positive, retries not negative")

    @property
    def url(self) -> str:
        """Where requests go."""
        return f"{self.base_url.rstrip('/')}/chat/completions"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLimits:
    """What one run may take of a model.

    `steps`: tool calls, and turns without any. `tokens`: of all requests and answers, by the endpoint's
    `usage`, else estimated. `context_tokens`: of one request (estimated); beyond it the oldest pages are
    taken out of the conversation. `page_chars`: text of a page shown at a time. `answer_bytes`: of one
    answer.

    Raises: ValueError when a limit is not positive.
    """

    steps: int = 24
    tokens: int = 200_000
    context_tokens: int = 24_000
    page_chars: int = 12_000
    answer_bytes: int = 256 * 1024

    def __post_init__(self) -> None:
        if min(self.steps, self.tokens, self.context_tokens, self.page_chars, self.answer_bytes) <= 0:
            raise ValueError("a limit must be positive")
