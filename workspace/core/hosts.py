"""One reading of host names for every decision about a site's scope.

The reading is that of browsers (WHATWG URL standard, by `ada_url`), because a rule that reads a text
differently from the browser that follows it is a hole. It is stricter than the standard in these points, and
what it refuses has no host: control characters inside the text, empty labels, labels over 63 or names over
253 characters (RFC 1035 2.3.4), characters in names other than letters, digits, hyphen and underscore, labels
that only look like punycode, and texts over `MAX_TEXT`.

A host has one spelling: lower-case ASCII, no trailing dot, dotted IPv4, compressed IPv6 without brackets.
"""

import re
from dataclasses import dataclass

import ada_url

from workspace.core.hosts_display import display_host
from workspace.core.hosts_kinds import is_ip, is_local_name, is_loopback_name
from workspace.core.hosts_suffixes import is_public_suffix, registrable_domain, shared_hosting_suffix

__all__ = [
    "KNOWN_SCHEMES",
    "MAX_TEXT",
    "WEB_SCHEMES",
    "Target",
    "display_host",
    "is_ip",
    "is_local_name",
    "is_loopback_name",
    "is_public_suffix",
    "parse_host",
    "parse_target",
    "registrable_domain",
    "shared_hosting_suffix",
]

MAX_TEXT = 8192
"""Characters of a URL or host text; longer ones are not read."""

WEB_SCHEMES = frozenset({"http", "https"})

_C0_AND_SPACE = "".join(map(chr, range(0x21)))
_CONTROL = re.compile(r"[\x00-\x1f]")

# A name that the parser would give back as it is: no mapping, no punycode to check, no number at the end.
_LABEL = r"(?!xn--)[a-z0-9_-]{1,63}"
_PLAIN_NAME = rf"(?=[^/?#:]{{1,253}}(?:[/?#:]|\Z))(?:{_LABEL}\.)*(?=[a-z]){_LABEL}"
_PLAIN_HOST = re.compile(rf"(?P<host>{_PLAIN_NAME})")
_PLAIN_URL = re.compile(
    rf"https?://(?P<host>{_PLAIN_NAME})(?::[0-9]{{1,4}})?(?:[/?#][^\x00-\x1f\ud800-\udfff]*)?"
)

_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}")
_HIERARCHICAL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):[/\\]{2}")
_WITH_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?![0-9]+(?:[/\\?#]|\Z))")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_BARE_IPV6 = re.compile(r"([0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)(?=[/\\?#]|\Z)")

KNOWN_SCHEMES = frozenset(
    {
        "about",
        "blob",
        "callto",
        "data",
        "facetime",
        "fax",
        "file",
        "ftp",
        "geo",
        "http",
        "https",
        "javascript",
        "magnet",
        "mailto",
        "sip",
        "sips",
        "sms",
        "tel",
        "urn",
        "vbscript",
        "view-source",
        "ws",
        "wss",
        "xmpp",
    }
)
"""Names that are never hosts before a colon: "javascript:1" is a script and not the port of a host."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a text points. `scheme`: lower-case without colon, https for a text without one. `host`: as
    `parse_host` gives it; '' when a scheme other than http and https has none or an unreadable one.
    `has_userinfo`: a user name or password stands before the host."""

    scheme: str
    host: str
    has_userinfo: bool = False


def parse_host(text: str) -> str | None:
    """Returns the host of an http(s) URL or of a bare host text ('example.com:8443', '::1', '//a.b/c').

    None when there is no valid host, and for every other scheme: 'mailto:x@example.com' has no host.
    Ports, paths, queries, fragments and userinfo are read and dropped. Never raises.
    """
    if len(text) <= MAX_TEXT:
        plain = (_PLAIN_URL if "/" in text else _PLAIN_HOST).fullmatch(text)
        if plain:
            return plain["host"]
    target = parse_target(text)
    return target.host if target and target.scheme in WEB_SCHEMES else None


def parse_target(text: str) -> Target | None:
    """Returns scheme and host of an absolute URL or of a host text; without a scheme it counts as https.

    None when the text does not parse, when an http(s) URL has no valid host, and for relative references
    ('/path', '?query'): those are to be resolved against their page first. A name before a colon is a host
    only when digits alone follow and no scheme has that name ('localhost:3000'). Never raises.
    """
    text = text.strip(_C0_AND_SPACE)
    if len(text) > MAX_TEXT or _CONTROL.search(text) or not (address := _absolute(text)):
        return None
    try:
        parsed = ada_url.URL(address)
    except ValueError:
        return _unreadable(address)
    scheme = parsed.protocol.removesuffix(":")
    host = _settled(parsed)
    if scheme in WEB_SCHEMES and not host:
        return None
    return Target(scheme, host or "", bool(parsed.username or parsed.password))


def _absolute(text: str) -> str | None:
    """The text as an absolute URL; None for one that names no place by itself."""
    if _HIERARCHICAL.match(text):
        return text
    if address := _BARE_IPV6.match(text):
        return f"https://[{address[1]}]{text[address.end() :]}"
    if (named := _SCHEME.match(text)) and (named[1].lower() in KNOWN_SCHEMES or _WITH_SCHEME.match(text)):
        return text
    if text[:1] in {"/", "\\"}:  # two slashes in either direction start a host, one starts a path
        return f"https:{text}" if text[1:2] in {"/", "\\"} else None
    return f"https://{text}" if text else None


def _unreadable(address: str) -> Target | None:
    """A scheme without a place in the web is worth telling even when the rest is not readable."""
    named = _SCHEME.match(address)
    if named is None or named[1].lower() in WEB_SCHEMES:
        return None
    return Target(named[1].lower(), "")


def _settled(parsed: ada_url.URL) -> str | None:
    """The host in its one spelling; None when no name server or browser could hold it."""
    host: str = parsed.hostname
    if parsed.host_type != ada_url.HostType.DEFAULT:
        return host.removeprefix("[").removesuffix("]")
    host = host.removesuffix(".")
    if len(host) > 253 or not _NAME.fullmatch(host):
        return None
    return host if all(map(_is_sound_label, host.split("."))) else None


def _is_sound_label(label: str) -> bool:
    """The parser checks punycode only in hosts that also hold Unicode."""
    if not label.startswith("xn--"):
        return True
    try:
        text = ada_url.idna_to_unicode(label)
        return text != label and bool(ada_url.idna_to_ascii(text) == label.encode())
    except ValueError:
        return False
