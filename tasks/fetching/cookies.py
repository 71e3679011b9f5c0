"""Cookies of one fetch: some sites redirect to themselves until a cookie comes back.

Narrower than RFC 6265 on purpose: a cookie goes back to the host and port that set it and nowhere else
(`Domain` is ignored), one set over https never goes out over http, and nothing outlives the fetch.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from tasks.fetching.urls import Url

MAX_COOKIES = 50
MAX_COOKIE_CHARS = 4096
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    host: str
    port: int
    path: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cookie:
    value: str
    needs_https: bool


class CookieJar:
    """Holds the cookies of one fetch. `clock`: seconds since 1970, for `Expires`."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._cookies: dict[_Key, _Cookie] = {}

    def store(self, url: Url, lines: Iterable[str]) -> None:
        """Takes the `Set-Cookie` values of an answer from `url`, drops malformed ones (RFC 6265 5.2)."""
        for line in lines:
            pair, *attributes = line.split(";")
            name, equals, value = (part.strip(" \t") for part in pair.partition("="))
            if not equals or not name or len(line) > MAX_COOKIE_CHARS or not pair.isprintable():
                continue
            self._put(url, name, value, _attributes(attributes))

    def header(self, url: Url) -> str:
        """The `Cookie` value for a request to `url`, '' for none; longest path first (RFC 6265 5.4)."""
        path = _path(url)
        fitting = [
            (key, cookie)
            for key, cookie in self._cookies.items()
            if (key.host, key.port) == (url.host, _port(url))
            and _path_matches(path, key.path)
            and (url.scheme == "https" or not cookie.needs_https)
        ]
        fitting.sort(key=lambda item: -len(item[0].path))
        return "; ".join(f"{key.name}={cookie.value}" for key, cookie in fitting)

    def _put(self, url: Url, name: str, value: str, attributes: Mapping[str, str]) -> None:
        path = attributes.get("path", "")
        if not path.startswith("/"):
            path = _path(url).rpartition("/")[0] or "/"
        key = _Key(host=url.host, port=_port(url), path=path, name=name)
        needs_https = url.scheme == "https" or "secure" in attributes
        if needs_https and url.scheme != "https":
            return
        if self._is_expired(attributes):
            self._cookies.pop(key, None)
        elif key in self._cookies or len(self._cookies) < MAX_COOKIES:
            self._cookies[key] = _Cookie(value=value, needs_https=needs_https)

    def _is_expired(self, attributes: Mapping[str, str]) -> bool:
        max_age = attributes.get("max-age", "")
        if max_age.removeprefix("-").isdecimal():
            return max_age.startswith("-") or not max_age.strip("0")
        try:
            return parsedate_to_datetime(attributes["expires"]).timestamp() <= self._clock()
        except (KeyError, ValueError, OverflowError):
            return False


def _attributes(parts: Iterable[str]) -> dict[str, str]:
    pairs = (part.partition("=") for part in parts)
    return {name.strip(" \t").lower(): value.strip(" \t") for name, _, value in pairs}


def _port(url: Url) -> int:
    """0 for the default port of either scheme, so that a cookie survives the step from http to https."""
    return 0 if url.port == _DEFAULT_PORTS.get(url.scheme) else url.port


def _path(url: Url) -> str:
    return url.target.partition("?")[0]


def _path_matches(path: str, cookie_path: str) -> bool:
    """RFC 6265 section 5.1.4."""
    if not path.startswith(cookie_path):
        return False
    return path == cookie_path or cookie_path.endswith("/") or path[len(cookie_path)] == "/"
