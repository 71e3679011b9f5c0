"""Decisions about who is in scope of a site, as key checks and navigation ask for them."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import median

from benchmarks.results import Result, at_least
from benchmarks.run import Run
from workspace.core.patterns import ScopeMode
from workspace.core.scope import Scope

BAR = at_least(100_000)
HOSTS = 50_000
NAMES = ("shop", "docs", "www", "example", "news", "cdn7", "a", "staging-2")
PATTERNS = ("example.com", "*.example.org", "=app.example.net", "shop.example.co.uk", "alice.github.io")
DOMAINS = ("example.com", "example.org", "example.net", "example.co.uk", "alice.github.io", "bob.github.io")


def measure(run: Run) -> Iterator[Result]:
    """Hosts per second in one process: the check alone, and decisions about URLs with their explanation, for
    the five patterns above and for fifty. No host comes twice, so that nothing is remembered between them."""
    hosts = _hosts()
    urls = [f"https://{host}/path?q=1" for host in hosts]
    few = Scope.compile(PATTERNS, ScopeMode.REGISTRABLE_DOMAIN)
    many = Scope.compile([*_fillers(50 - len(PATTERNS)), *PATTERNS], ScopeMode.REGISTRABLE_DOMAIN)
    few.decide("other.example")  # reads the public suffix list, once in a process
    yield _result("scope_check", few.covers, hosts, run.repeats, few)
    yield _result("scope_decision", few.decide, urls, run.repeats, few)
    yield _result("scope_decision_50", many.decide, urls, run.repeats, many)


def _result(
    promise: str, ask: Callable[[str], object], texts: Sequence[str], repeats: int, scope: Scope
) -> Result:
    rates = [_rate(ask, texts) for _ in range(repeats)]
    share = sum(scope.decide(text).in_scope for text in texts) / len(texts)
    detail = {"runs": rates, "hosts": len(texts), "in_scope": round(share, 2)}
    return Result(promise=promise, value=median(rates), unit="hosts/s", bar=BAR, detail=detail)


def _rate(ask: Callable[[str], object], texts: Sequence[str]) -> float:
    start = time.perf_counter()
    for text in texts:
        ask(text)
    return round(len(texts) / (time.perf_counter() - start))


def _hosts() -> list[str]:
    """Different hosts of one to three labels below the domains, and as many below foreign ones."""
    chance = random.Random(7)
    foreign = [f"{name}{number}.com" for name in NAMES for number in range(500)]
    found: set[str] = set()
    while len(found) < HOSTS:
        labels = chance.choices(NAMES, k=chance.randint(0, 2))
        domain = chance.choice(DOMAINS if len(found) % 2 else foreign)
        found.add(".".join([*labels, f"h{chance.randrange(10**6)}", domain]))
    return sorted(found, key=lambda host: host[::-1])


def _fillers(count: int) -> list[str]:
    return [f"shop{number}.example{number}.net" for number in range(count)]
