"""The workspace's window on other servers: one page by HTTP, one TXT record by DNS.

The guarded HTTP transport belongs to another app, which imports this one. So the function that reads is named
by the setting `WEB_READER`, and everything here that asks the web goes through it, under its address policy.
"""

from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from workspace.core.web_answers import DnsUnavailable, WebAnswer, WebRefused
from workspace.io.dns import read_txt

__all__ = ["DnsUnavailable", "WebAnswer", "WebRefused", "read_txt", "read_web"]

MAX_BYTES = 1_000_000
SECONDS = 10.0


def read_web(url: str, *, max_bytes: int = MAX_BYTES, seconds: float = SECONDS) -> WebAnswer:
    """The answer to a GET of `url`, redirects followed, every hop under the server's address policy.

    Of a longer body the first `max_bytes` are read. `seconds` bounds the whole call. A status of failure is
    an answer, too. Not for a thread that runs an event loop.

    Raises:
        WebRefused: there is no answer.
    """
    reader = import_string(settings.WEB_READER)
    return cast(WebAnswer, reader(url, max_bytes=max_bytes, seconds=seconds))
