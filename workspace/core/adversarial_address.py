"""One URL taken apart for the adversarial score, as browsers read it (WHATWG URL standard, by `ada_url`)."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import unquote, unquote_plus

import ada_url

MAX_URL_CHARS = 8192
"""Only this much of a URL is taken apart; the fetch path refuses longer ones anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One URL taken apart. `href`: serialised; `host`: without brackets and trailing dot, '' for none."""

    given: str
    href: str
    scheme: str
    host: str
    ip: IPv4Address | IPv6Address | None
    port: str
    path: str
    userinfo: str
    params: tuple[tuple[str, str], ...]
    fragment_params: tuple[tuple[str, str], ...]

    @property
    def length(self) -> int:
        return max(len(self.given), len(self.href))


def read(url: str) -> Address | None:
    """Returns the absolute URL taken apart, read to `MAX_URL_CHARS`; None if it does not parse."""
    try:
        parsed = ada_url.URL(url[:MAX_URL_CHARS])
    except ValueError:  # also a lone surrogate
        return None
    host = parsed.hostname.removeprefix("[").removesuffix("]").removesuffix(".")
    return Address(
        given=url,
        href=parsed.href,
        scheme=parsed.protocol,
        host=host,
        ip=None if parsed.host_type == ada_url.HostType.DEFAULT else _ip_of(host),
        port=parsed.port,
        path=unquote(parsed.pathname).lower(),
        userinfo=unquote(f"{parsed.username}:{parsed.password}"),
        params=_pairs(parsed.search[1:]),
        fragment_params=_pairs(parsed.hash[1:]),
    )


def _ip_of(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _pairs(query: str) -> tuple[tuple[str, str], ...]:
    """Names in lower case and values, both decoded."""
    parts = (part.partition("=") for part in query.split("&") if part)
    return tuple((unquote_plus(name).lower(), unquote_plus(value)) for name, _, value in parts)
