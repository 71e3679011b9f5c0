"""Content Security Policy Level 3, as far as it decides whether a script of another origin works on a page.

Every policy that a page has must allow a thing. Policies that only report do not count, and should not be
given here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

import ada_url

MAX_POLICIES = 50
_WHITE = "\t\n\f\r "
_DEFAULT_PORTS = {"http": "80", "ws": "80", "https": "443", "wss": "443"}
_UPGRADES = {"http": {"https"}, "ws": {"wss", "http", "https"}, "wss": {"https"}}
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_HOST = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<host>\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?"
    r"(?::(?P<port>[0-9]+|\*))?(?P<path>/[^?#]*)?",
    re.IGNORECASE,
)
_NONCE = re.compile(r"'nonce-([A-Za-z0-9+/_-]+={0,2})'", re.IGNORECASE)
_HASH = re.compile(r"'(sha(?:256|384|512)-[A-Za-z0-9+/_-]+={0,2})'", re.IGNORECASE)
_IN_META_IGNORED = frozenset({"sandbox", "report-uri", "frame-ancestors"})

FALLBACKS: Mapping[str, tuple[str, ...]] = {
    "script-src-elem": ("script-src-elem", "script-src", "default-src"),
    "connect-src": ("connect-src", "default-src"),
    "img-src": ("img-src", "default-src"),
    "worker-src": ("worker-src", "child-src", "script-src", "default-src"),
}
"""Which directive decides: the first of these that a policy has."""


class Answer(StrEnum):
    """`CONDITIONAL`: allowed as this page was served, by something that may be another next time."""

    ALLOWED = "allowed"
    CONDITIONAL = "conditional"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One policy: lower-case directive names to their sources. `place` is header or meta."""

    directives: Mapping[str, tuple[str, ...]]
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one policy says to one request. `directive` decided ('' if none applies), `sources` are its own,
    `why` is a short reason in words."""

    answer: Answer
    directive: str = ""
    sources: tuple[str, ...] = ()
    place: str = ""
    why: str = ""


NO_POLICY = Verdict(answer=Answer.ALLOWED, why="no policy restricts it")


def parse_policies(headers: Iterable[str], metas: Iterable[str] = ()) -> tuple[Policy, ...]:
    """The policies of a page: `headers` are the values of its Content-Security-Policy fields, each maybe
    several policies with commas between, `metas` the contents of its meta elements. Of a directive that a
    policy has twice the first counts. At most 50 policies are read."""
    found: list[Policy] = []
    for place, values in (("header", headers), ("meta", metas)):
        for text in (part for value in values for part in value.split(",")):
            directives = _directives(text)
            if place == "meta":
                directives = {name: directives[name] for name in directives if name not in _IN_META_IGNORED}
            if directives and len(found) < MAX_POLICIES:
                found.append(Policy(directives=directives, place=place))
    return tuple(found)


def judge_script(
    policies: Iterable[Policy], *, url: str, page: str, nonce: str = "", integrity: str = ""
) -> Verdict:
    """The verdict on a script element that stands in the page's own HTML, the strictest of all policies."""
    given = frozenset(integrity.split())
    return _strictest(_judge_script(policy, url, page, nonce, given) for policy in policies)


def judge_request(policies: Iterable[Policy], *, directive: str, url: str, page: str) -> Verdict:
    """The verdict on a request of the kind that `directive` (a name in FALLBACKS) governs, the strictest of
    all policies. `url` may be a blob: URL."""
    return _strictest(_judge(policy, directive, url, page) for policy in policies)


def sandbox_flaw(policies: Iterable[Policy]) -> str:
    """Why a `sandbox` directive would keep the script from working, '' if it would not."""
    for policy in policies:
        if (flags := policy.directives.get("sandbox")) is None:
            continue
        lower = {flag.lower() for flag in flags}
        for needed in ("allow-scripts", "allow-same-origin"):
            if needed not in lower:
                return f"its sandbox directive lacks {needed}"
    return ""


def extended(verdict: Verdict, directive: str, source: str) -> str:
    """The directive as it would have to read: the sources in force and `source`."""
    kept = [text for text in verdict.sources if text.lower() != "'none'"]
    return " ".join([directive, *kept, source])


def _directives(text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for part in text.split(";"):
        words = [word for word in re.split(f"[{_WHITE}]+", part) if word]
        if words:
            found.setdefault(words[0].lower(), tuple(words[1:]))
    return found


def _strictest(verdicts: Iterable[Verdict]) -> Verdict:
    order = list(Answer)
    return max(verdicts, key=lambda verdict: order.index(verdict.answer), default=NO_POLICY)


def _deciding(policy: Policy, directive: str) -> str:
    return next((name for name in FALLBACKS[directive] if name in policy.directives), "")


def _judge_script(policy: Policy, url: str, page: str, nonce: str, integrity: frozenset[str]) -> Verdict:
    name = _deciding(policy, "script-src-elem")
    if not name:
        return NO_POLICY
    sources = policy.directives[name]

    def verdict(answer: Answer, why: str) -> Verdict:
        return Verdict(answer=answer, directive=name, sources=sources, place=policy.place, why=why)

    nonces = [match[1] for text in sources if (match := _NONCE.fullmatch(text))]
    hashes = {match[1] for text in sources if (match := _HASH.fullmatch(text))}
    if nonce and nonce in nonces:
        return verdict(Answer.CONDITIONAL, "the nonce of the tag is the one of this answer")
    if integrity and hashes and integrity <= hashes:
        return verdict(Answer.CONDITIONAL, "the integrity hash of the tag is listed")
    if _has(sources, "'strict-dynamic'"):
        return verdict(Answer.BLOCKED, "'strict-dynamic' ignores hosts, and the tag carries no listed nonce")
    if _matches_any(sources, url, page):
        return verdict(Answer.ALLOWED, "its address is listed")
    hint = ", and the tag carries no listed nonce" if nonces else ""
    return verdict(Answer.BLOCKED, f"its address is not listed{hint}")


def _judge(policy: Policy, directive: str, url: str, page: str) -> Verdict:
    name = _deciding(policy, directive)
    if not name:
        return NO_POLICY
    sources = policy.directives[name]
    answer, why = Answer.BLOCKED, "its address is not listed"
    if name == "script-src" and _has(sources, "'strict-dynamic'"):
        answer, why = Answer.CONDITIONAL, "'strict-dynamic' trusts what a trusted script starts"
    elif _matches_any(sources, url, page):
        answer, why = Answer.ALLOWED, "its address is listed"
    return Verdict(answer=answer, directive=name, sources=sources, place=policy.place, why=why)


def _has(sources: Iterable[str], keyword: str) -> bool:
    return any(text.lower() == keyword for text in sources)


@dataclass(frozen=True, slots=True)
class _Place:
    """The parts of a URL that sources are compared with. `port` as text, '' for a scheme without one."""

    scheme: str
    host: str
    port: str
    path: str


def _place(url: str) -> _Place | None:
    try:
        parsed = ada_url.URL(url)
    except ValueError:
        return None
    scheme = parsed.protocol.removesuffix(":")
    return _Place(
        scheme,
        parsed.hostname.removesuffix("."),
        parsed.port or _DEFAULT_PORTS.get(scheme, ""),
        parsed.pathname,
    )


def _matches_any(sources: Sequence[str], url: str, page: str) -> bool:
    """Section 6.7.2.7: does the URL match one of the source expressions?"""
    target, own = _place(url), _place(page)
    if target is None or own is None:
        return False
    return any(_matches(text, target, own) for text in sources)


def _matches(text: str, url: _Place, page: _Place) -> bool:
    if text == "*":
        return url.scheme in ("http", "https") or _scheme_fits(page.scheme, url.scheme)
    if text.lower() == "'self'":
        return _is_self(url, page)
    if scheme := _SCHEME.fullmatch(text):
        return _scheme_fits(scheme[1].lower(), url.scheme)
    host = _HOST.fullmatch(text)
    if host is None or not url.host:
        return False
    scheme_wanted = (host["scheme"] or page.scheme).lower()
    return (
        _scheme_fits(scheme_wanted, url.scheme)
        and _host_fits(host["host"].lower(), url.host)
        and _port_fits(host["port"] or "", url, is_upgrade=scheme_wanted in ("http", "ws"))
        and _path_fits(host["path"] or "", url.path)
    )


def _is_self(url: _Place, page: _Place) -> bool:
    if not url.host or url.host != page.host:
        return False
    if (url.scheme, url.port) == (page.scheme, page.port):
        return True
    both_default = all(_DEFAULT_PORTS.get(place.scheme) == place.port for place in (url, page))
    return url.scheme in ("https", "wss") and (both_default or url.port == page.port)


def _scheme_fits(expected: str, scheme: str) -> bool:
    """A source admits its scheme, and the secure form of it (section 6.7.2.9)."""
    return scheme == expected or scheme in _UPGRADES.get(expected, ())


def _host_fits(expected: str, host: str) -> bool:
    if expected == "*":
        return True
    return host.endswith(expected[1:]) if expected.startswith("*.") else host == expected


def _port_fits(expected: str, url: _Place, *, is_upgrade: bool) -> bool:
    """No port stands for the default one. Where http is open to https, 80 is open to 443."""
    if not expected:
        return url.port == _DEFAULT_PORTS.get(url.scheme, "")
    return expected in ("*", url.port) or (is_upgrade and (expected, url.port) == ("80", "443"))


def _path_fits(expected: str, path: str) -> bool:
    """Exactly, or below when it ends with a slash; compared without percent-encoding (section 6.7.2.12)."""
    if not expected or expected == "/":
        return True
    wanted, given = expected.split("/"), path.split("/")
    is_exact = wanted[-1] != ""
    if not is_exact:
        wanted.pop()
    if len(wanted) > len(given) or (is_exact and len(wanted) != len(given)):
        return False
    return all(unquote(a) == unquote(b) for a, b in zip(wanted, given, strict=False))
