"""Is a host in the scope of a site? The one answer for keys, navigation and the host tester."""

from collections.abc import Iterable

from workspace.core.hosts import is_ip, is_public_suffix, parse_host, registrable_domain
from workspace.core.patterns import Pattern, PatternKind, ScopeMode, effective_kind, parse_pattern
from workspace.core.scope_decision import Neighbours, ScopeDecision, allowed, unread

__all__ = ["Scope", "ScopeDecision", "in_scope_without_list", "inferred_pattern"]


class Scope:
    """The patterns of one list, compiled. Immutable after `compile`, so threads may share one."""

    __slots__ = ("_any", "_exact", "_neighbours", "_patterns", "_tails", "_trees")

    def __init__(self, patterns: Iterable[Pattern], mode: ScopeMode) -> None:
        self._patterns = tuple(patterns)
        self._any: int | None = None
        self._exact: dict[str, int] = {}
        self._trees: dict[str, int] = {}
        self._neighbours = Neighbours(self._patterns)
        for index, pattern in enumerate(self._patterns):
            self._add(index, pattern.host, effective_kind(pattern.kind, mode))
        self._tails = tuple(f".{host}" for host in self._trees)

    @classmethod
    def compile(cls, patterns: Iterable[object], mode: ScopeMode) -> "Scope":
        """Returns the scope of a stored list. It fails closed: an entry that is not a sound pattern (not even
        text, maybe) matches nothing, and a list without a usable entry puts nothing in scope."""
        read = (parse_pattern(raw) for raw in patterns if isinstance(raw, str))
        return cls((pattern for pattern in read if pattern), mode)

    def covers(self, host: str) -> bool:
        """Whether the host, as `hosts.parse_host` gives it, is in scope."""
        if self._any is not None:
            return bool(host)
        return host in self._exact or host.endswith(self._tails)

    def decide(self, text: str) -> ScopeDecision:
        """Decides about a URL or host text; a text without a scheme counts as https. Never raises."""
        host = parse_host(text)
        if host is None:
            return unread(text)
        return allowed(host, self._first(host)) if self.covers(host) else self._neighbours.refuse(host)

    def _add(self, index: int, host: str, kind: PatternKind) -> None:
        """Notes the pattern where `_first` looks, unless an earlier one of the list stands there."""
        if kind is PatternKind.ANY and self._any is None:
            self._any = index
        if kind in {PatternKind.EXACT, PatternKind.HOST_AND_SUBDOMAINS}:
            self._exact.setdefault(host, index)
        if kind in {PatternKind.SUBDOMAINS, PatternKind.HOST_AND_SUBDOMAINS}:
            self._trees.setdefault(host, index)

    def _first(self, host: str) -> Pattern:
        """The first pattern that covers the host, which one does."""
        places = [self._exact.get(host), self._any]
        start = host.find(".") + 1
        while start:
            places.append(self._trees.get(host[start:]))
            start = host.find(".", start) + 1
        return self._patterns[min(place for place in places if place is not None)]


def in_scope_without_list(host: str, current_host: str | None, mode: ScopeMode) -> bool:
    """Whether a client without a list may go to `host` from `current_host`; URLs and host texts alike.

    Exactly the same host in the mode `host_only`, else the same registrable domain. Without a current host
    every valid host is in scope; an invalid one on either side never is.
    """
    target = parse_host(host)
    if target is None or current_host is None:
        return target is not None
    current = parse_host(current_host)
    if current is None:
        return False
    if mode is ScopeMode.HOST_ONLY:
        return target == current
    return registrable_domain(target) == registrable_domain(current)


def inferred_pattern(current_host: str, mode: ScopeMode) -> str | None:
    """Returns the pattern that stands for a missing list: the registrable domain of the current host.

    The exact host instead in the mode `host_only` and for hosts that have no domain around them: addresses,
    single labels such as `localhost`, public suffixes. None without a valid host.
    """
    host = parse_host(current_host)
    if host is None:
        return None
    has_domain = not is_ip(host) and "." in host and not is_public_suffix(host)
    return registrable_domain(host) if has_domain and mode is not ScopeMode.HOST_ONLY else f"={host}"
