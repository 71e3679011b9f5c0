"""The answer about one text, and for a host outside: what came closest, and what would admit it."""

from collections.abc import Sequence
from functools import cached_property, partial
from itertools import takewhile
from typing import NamedTuple

from workspace.core.hosts import WEB_SCHEMES, is_ip, parse_target, registrable_domain
from workspace.core.patterns import MAX_PATTERN_LENGTH, Pattern

_TELLING = 8
"""Characters from which a domain inside another name is more than chance ("t.co" in "alt.company")."""


class ScopeDecision(NamedTuple):
    """The answer for one text, with its reason. A tuple, because decisions are made by the hundred thousand.

    `host`: as `hosts.parse_host` gives it, None when there is none. `reason`: matched, scheme (not http or
    https), no_host (nothing valid to look up), no_pattern (none covers the host) or nothing_listed (the list
    has no usable entry). `pattern`: the first entry of the list that covers the host, as written. If refused
    for want of a pattern, `closest` is the entry that came closest, and `fix` one that would admit this host
    and no other; None when there is none that an owner should add without thought. `message`: one sentence.
    """

    in_scope: bool
    host: str | None
    reason: str
    pattern: str | None
    closest: str | None
    fix: str | None
    message: str


def allowed(host: str, pattern: Pattern) -> ScopeDecision:
    """The decision for a host that the pattern covers."""
    message = f"{host} is allowed by {pattern.normalized}."
    return ScopeDecision(True, host, "matched", pattern.raw, None, None, message)


def unread(text: str) -> ScopeDecision:
    """The decision for a text in which `hosts.parse_host` finds no host."""
    target = parse_target(text)
    if target is None or target.scheme in WEB_SCHEMES:
        message = "This is no address with a valid host, so it is out of scope."
        return ScopeDecision(False, None, "no_host", None, None, None, message)
    message = f"Only http and https can be in scope, and this address is {target.scheme[:40]}."
    return ScopeDecision(False, None, "scheme", None, None, None, message)


class Neighbours:
    """The hosts of a list by owner, looked up when a host outside is to be explained."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._patterns = patterns

    def refuse(self, host: str) -> ScopeDecision:
        """The decision for a host that no pattern of the list covers."""
        if not self._patterns:
            message = f"The list has no usable entry, so {host} is out of scope."
            return ScopeDecision(False, host, "nothing_listed", None, None, _exactly(host), message)
        closest, fix, message = self._explain(host)
        return ScopeDecision(False, host, "no_pattern", None, closest, fix, message)

    def _explain(self, host: str) -> tuple[str | None, str | None, str]:
        """Closest pattern, fix and message."""
        tails = _tails(host)
        if kin := next((self._by_domain[tail] for tail in tails if tail in self._by_domain), None):
            closest = max(kin, key=partial(_shared_labels, host)) if len(kin) > 1 else kin[0]
            message = f"No entry covers {host}; {closest.normalized} comes closest."
            return closest.raw, _exactly(host), message
        if posed := [name for name in self._by_domain if name in host and _poses(host, name)]:
            owner = registrable_domain(host)
            message = f"{host} only looks like {posed[0]}: it belongs to {owner}, which no entry covers."
            return self._by_domain[posed[0]][0].raw, None, message
        if suffix := next((tail for tail in tails[1:] if tail in self._by_suffix), None):
            beside = self._by_suffix[suffix]
            message = f"No entry covers {host}; {beside.normalized} shares {suffix}, as many owners do."
            return beside.raw, _exactly(host), message
        return None, _exactly(host), f"No entry covers {host}."

    @cached_property
    def _by_domain(self) -> dict[str, list[Pattern]]:
        found: dict[str, list[Pattern]] = {}
        for pattern in self._patterns:
            if pattern.host:
                found.setdefault(registrable_domain(pattern.host), []).append(pattern)
        return found

    @cached_property
    def _by_suffix(self) -> dict[str, Pattern]:
        """Patterns by the suffix above their domain, where that has two labels or more (co.uk, github.io):
        to share com or org says nothing."""
        found: dict[str, Pattern] = {}
        for domain, patterns in self._by_domain.items():
            suffix = domain.partition(".")[2]
            if "." in suffix and not is_ip(domain):
                found.setdefault(suffix, patterns[0])
        return found


def _tails(host: str) -> list[str]:
    """The host and each name above it."""
    tails = [host]
    start = host.find(".") + 1
    while start:
        tails.append(host[start:])
        start = host.find(".", start) + 1
    return tails


def _exactly(host: str) -> str | None:
    """The pattern for this host alone: to list what is needed, and nothing that comes along with it. None for
    what a key may not list without more ado: single labels other than localhost, and the very longest."""
    if len(host) >= MAX_PATTERN_LENGTH or not ("." in host or is_ip(host) or host == "localhost"):
        return None
    return f"={host}"


def _poses(host: str, domain: str) -> bool:
    """Whether the host holds the name of a foreign domain in a way that people fall for."""
    return f".{domain}." in f".{host}." or ("." in domain and len(domain) >= _TELLING)


def _shared_labels(host: str, pattern: Pattern) -> int:
    """How many labels the two have in common at their ends."""
    pairs = zip(reversed(host.split(".")), reversed(pattern.host.split(".")), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
