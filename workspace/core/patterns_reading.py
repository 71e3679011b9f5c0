"""What one pattern says, and why an entry says nothing."""

from dataclasses import dataclass
from enum import StrEnum

from workspace.core.hosts import (
    KNOWN_SCHEMES,
    MAX_TEXT,
    WEB_SCHEMES,
    Target,
    is_ip,
    is_public_suffix,
    parse_target,
)


class ScopeMode(StrEnum):
    """What a plain pattern covers: the host and its subdomains, or the host alone. Wire contract."""

    REGISTRABLE_DOMAIN = "registrable_domain"
    HOST_ONLY = "host_only"


class PatternKind(StrEnum):
    """What a pattern covers in the mode `registrable_domain`; `effective_kind` knows the other one."""

    ANY = "any"
    EXACT = "exact"
    SUBDOMAINS = "subdomains"
    HOST_AND_SUBDOMAINS = "host_and_subdomains"


class Fault(StrEnum):
    """Why an entry is refused. Wire contract: codes are never renamed."""

    EMPTY = "empty"
    NOT_TEXT = "not_text"
    UNPARSABLE = "unparsable"
    PUBLIC_SUFFIX = "public_suffix"
    LEADING_DOT = "leading_dot"
    WILDCARD_POSITION = "wildcard_position"
    SCHEME = "scheme"
    USERINFO = "userinfo"
    SINGLE_LABEL = "single_label"
    ANY_OUTSIDE_TEST = "any_outside_test"
    TOO_LONG = "too_long"
    LOCAL_IN_PRODUCTION = "local_in_production"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One usable pattern. `raw`: as written. `normalized`: '*', '=h', '*.h' or 'h', where h is `host` as
    `hosts.parse_host` spells it; `host` is '' for '*'. A plain address is EXACT: it has no subdomains."""

    raw: str
    normalized: str
    kind: PatternKind
    host: str


_KINDS = {"=": PatternKind.EXACT, "*.": PatternKind.SUBDOMAINS, "": PatternKind.HOST_AND_SUBDOMAINS}


def read_pattern(raw: str) -> Pattern | Fault:
    """Returns what the entry says, or why it can match nothing.

    Surrounding white space is dropped; '=' or '*.' in front set the kind; the rest is a host or an http(s)
    URL that is reduced to its host. Public suffixes are refused unless exact: they belong to many owners.
    """
    text = raw.strip()
    if text == "*":
        return Pattern(raw, "*", PatternKind.ANY, "")
    mark = "=" if text.startswith("=") else "*." if text.startswith("*.") else ""
    host = _host(text.removeprefix(mark))
    if isinstance(host, Fault):
        return host
    kind = _KINDS[mark]
    if is_ip(host):
        if kind is PatternKind.SUBDOMAINS:
            return Fault.WILDCARD_POSITION
        kind = PatternKind.EXACT
    if kind is not PatternKind.EXACT and is_public_suffix(host):
        return Fault.PUBLIC_SUFFIX
    return Pattern(raw, f"{mark}{host}", kind, host)


def parse_pattern(raw: str) -> Pattern | None:
    """Returns what the entry says; None for one that matches nothing (`read_pattern` tells why)."""
    pattern = read_pattern(raw)
    return pattern if isinstance(pattern, Pattern) else None


def effective_kind(kind: PatternKind, mode: ScopeMode) -> PatternKind:
    """In the mode `host_only` a plain pattern is an exact one; the other kinds mean the same in both."""
    if mode is ScopeMode.HOST_ONLY and kind is PatternKind.HOST_AND_SUBDOMAINS:
        return PatternKind.EXACT
    return kind


def _host(body: str) -> str | Fault:
    if not body or body.isspace():
        return Fault.EMPTY
    if body.startswith("."):
        return Fault.LEADING_DOT
    if len(body) > MAX_TEXT:
        return Fault.TOO_LONG
    target = parse_target(body)
    if target is None:
        return _unread(body)
    if target.scheme not in WEB_SCHEMES:
        return _elsewhere(target, body)
    return Fault.USERINFO if target.has_userinfo else target.host


def _unread(body: str) -> Fault:
    if "*" in body:
        return Fault.WILDCARD_POSITION
    host = body.partition("://")[2] or body
    for end in "/\\?#:":
        host = host.partition(end)[0]
    if len(host) > 253 or any(len(label) > 63 for label in host.split(".")):
        return Fault.TOO_LONG
    return Fault.UNPARSABLE


def _elsewhere(target: Target, body: str) -> Fault:
    """'user:password@host' has the shape of a scheme, and so has a host with a port that is no number."""
    if target.scheme in KNOWN_SCHEMES or "://" in body:
        return Fault.SCHEME
    if "@" in body:
        return Fault.USERINFO
    return Fault.UNPARSABLE if "." in target.scheme else Fault.SCHEME
