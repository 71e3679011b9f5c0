"""What a pattern covers, in examples and in a sentence."""

from collections.abc import Iterable
from dataclasses import dataclass

from workspace.core.hosts import is_ip, is_public_suffix, parse_host
from workspace.core.patterns_reading import Pattern, PatternKind, ScopeMode, effective_kind


@dataclass(frozen=True, slots=True)
class Coverage:
    """`covers` and `excludes`: hosts as examples, up to three each; `sentence`: the rule in plain words."""

    covers: tuple[str, ...]
    excludes: tuple[str, ...]
    sentence: str


def coverage(pattern: Pattern, mode: ScopeMode) -> Coverage:
    """Returns what the pattern covers in this mode."""
    host = pattern.host
    below, deeper = f"www.{host}", f"a.b.{host}"
    match effective_kind(pattern.kind, mode):
        case PatternKind.ANY:
            return Coverage(("example.com", "shop.example.net"), (), "Covers every host.")
        case PatternKind.EXACT if is_ip(host):
            local = ("localhost",) if host in {"127.0.0.1", "::1"} else ()
            return Coverage((host,), local, f"Covers the address {host} and nothing else.")
        case PatternKind.EXACT:
            excludes = _valid([below, *_around(host)])
            return Coverage((host,), excludes, f"Covers {host} and nothing else.")
        case PatternKind.SUBDOMAINS:
            sentence = f"Covers every subdomain of {host}, but not {host} itself."
            return Coverage(_valid([below, deeper]), _valid([host, *_around(host)]), sentence)
        case PatternKind.HOST_AND_SUBDOMAINS:
            sentence = f"Covers {host} and every subdomain of it."
            return Coverage(_valid([host, below, deeper]), _valid(_around(host)), sentence)


def _around(host: str) -> list[str]:
    """Hosts that people could take for covered: the parent, else one that only ends in the same text."""
    if host == "localhost":
        return ["127.0.0.1"]
    parent = host.partition(".")[2]
    if parent and not is_public_suffix(parent):
        return [parent]
    return [f"not{host}"] if parent else []


def _valid(hosts: Iterable[str]) -> tuple[str, ...]:
    """Without names that would be too long to exist."""
    return tuple(host for host in hosts if parse_host(host) == host)
