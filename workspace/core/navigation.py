"""What happens when an agent on a site wants to open an address: one table, the first row that fits decides.

    row  condition                                                 decision
    3    the target is no http or https address                    block
    4    adversarial score at or over the threshold                block (hint adversarial_block)
    5    in scope, the current host                                allow_same_tab
    6    in scope, another host, cross-host policy same_tab        allow_same_tab
    7    in scope, another host, cross-host policy open_new_tab    open_new_tab
    8    out of scope, host_only, sibling of a listed host         block, whatever the external policy says
    9    out of scope, external policy open_new_tab_notice         open_new_tab with a notice
    10   out of scope, external policy block                       block
    11   out of scope, external policy allow                       allow_same_tab

Rows 1 and 2 (a run that has ended, counters that are behind) need a run and stand before these. A sibling
shares the registrable domain of a host that the patterns name; what only shares that of the current page, on
a foreign site, is external.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import ada_url

from workspace.core.adversarial import MAX_URL_CHARS, Assessment, assess, merged
from workspace.core.hosts import parse_host, registrable_domain
from workspace.core.patterns import PatternKind, ScopeMode, parse_pattern
from workspace.core.scope import Scope, ScopeDecision

WEB_SCHEMES = frozenset({"http:", "https:"})

POLICY_BLOCKED = "policy_blocked"
"""The decision reason of every block; the other decisions are their own reason."""


class NavigationClass(StrEnum):
    """How the target lies to the site and the current page. Wire contract."""

    SAME_HOST_IN_SCOPE = "same_host_in_scope"
    CROSS_HOST_IN_SCOPE = "cross_host_in_scope"
    CROSS_REGISTRABLE_EXTERNAL = "cross_registrable_external"
    """Everything out of scope, also a sibling host under `host_only`."""


class Decision(StrEnum):
    """What the client is to do. Wire contract."""

    ALLOW_SAME_TAB = "allow_same_tab"
    OPEN_NEW_TAB = "open_new_tab"
    BLOCK = "block"


class ExternalNavigationPolicy(StrEnum):
    """What a site wants for targets out of its scope. Wire contract."""

    OPEN_NEW_TAB_NOTICE = "open_new_tab_notice"
    BLOCK = "block"
    ALLOW = "allow"


class CrossHostPolicy(StrEnum):
    """What a site wants for its other hosts in scope. Wire contract."""

    SAME_TAB = "same_tab"
    OPEN_NEW_TAB = "open_new_tab"


@dataclass(frozen=True, slots=True, kw_only=True)
class NavigationRules:
    """A site's say. `patterns`: the raw domain patterns of the key; `adversarial_threshold`: 1 to 10."""

    patterns: tuple[str, ...]
    mode: ScopeMode
    external: ExternalNavigationPolicy
    cross_host: CrossHostPolicy
    adversarial_threshold: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NavigationDecision:
    """One decision with everything it rests on.

    `decision_reason`, `decision_hint`: words of the wire contract. `notice`: a sentence for the visitor.
    `current_host`, `target_host`: normalised, None when there is no web host; an unknown host differs from
    every other in `is_cross_host` and `cross_domain` (different registrable domains). `navigation_class`:
    None for a target that is no web address. `rule`: the row of the table that decided, 3 to 11,
    `explanation` one plain sentence about it for the site's owner. `scope`: how the scope was found.
    """

    decision: Decision
    decision_reason: str
    decision_hint: str
    notice: str | None
    current_host: str | None
    target_host: str | None
    is_cross_host: bool
    cross_domain: bool
    navigation_class: NavigationClass | None
    assessment: Assessment
    rule: int
    explanation: str
    scope: ScopeDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ruling:
    """What one row says."""

    rule: int
    decision: Decision
    explanation: str
    notice: str | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class _Site:
    """A site's patterns, compiled. `domains`: the registrable domains of the hosts they name."""

    scope: Scope
    hosts: tuple[str, ...]
    domains: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """An address on its way to a decision. `text`: serialised, or as given when it does not parse; `origin`:
    what decides the scope; `host`: None for what is no web address; `scheme`: with colon, '' for none."""

    text: str
    origin: str
    scheme: str
    host: str | None


def decide(
    *,
    current_url: str,
    target_url: str,
    rules: NavigationRules,
    message: str = "",
    client_score: object = None,
    page_values: Collection[str] = (),
    session_token: str = "",
) -> NavigationDecision:
    """Returns what to do with a navigation from `current_url` to `target_url`. Never raises on any text.

    `target_url` may be relative to `current_url`. `current_url` may be a bare host, or '' when it is not
    known; then `target_url` may lack its scheme and counts as https. `message`, `page_values` and
    `session_token` as in `adversarial.assess`; `client_score` as in `adversarial.merged`.
    """
    site = _site(rules.patterns, rules.mode)
    current = _current(current_url)
    target = _target(target_url, current)
    scope = site.scope.decide(target.origin)
    assessment = assess(
        target.text,
        in_scope=scope.in_scope,
        allowed_hosts=site.hosts,
        page_values=page_values,
        session_token=session_token,
        message=message,
        is_in_scope=site.scope.covers,
    )
    assessment = merged(assessment, client_score)
    here = current.host if current else None
    kind = _class(here, target.host, scope)
    ruling = _ruling(rules, site, target, kind, assessment)
    return NavigationDecision(
        decision=ruling.decision,
        decision_reason=POLICY_BLOCKED if ruling.decision is Decision.BLOCK else ruling.decision.value,
        decision_hint=ruling.hint or ruling.decision.value,
        notice=ruling.notice,
        current_host=here,
        target_host=target.host,
        is_cross_host=_differ(here, target.host),
        cross_domain=_differ(_domain(here), _domain(target.host)),
        navigation_class=kind,
        assessment=assessment,
        rule=ruling.rule,
        explanation=ruling.explanation,
        scope=scope,
    )


@lru_cache(maxsize=512)
def _site(patterns: tuple[str, ...], mode: ScopeMode) -> _Site:
    parsed = map(parse_pattern, patterns)
    named = (each.host for each in parsed if each is not None and each.kind is not PatternKind.ANY)
    hosts = tuple(dict.fromkeys(named))
    return _Site(Scope.compile(patterns, mode), hosts, frozenset(map(registrable_domain, hosts)))


def _current(text: str) -> _Place | None:
    """The page that the agent is on; None if it is not on the web or not known."""
    place = _place(text, None)
    if place is not None and place.host is not None:
        return place
    host = parse_host(text)
    return None if host is None else _place(f"https://[{host}]/" if ":" in host else f"https://{host}/", None)


def _target(text: str, current: _Place | None) -> _Place:
    place = _place(text, current.text if current else None)
    if place is None and current is None and parse_host(text) is not None:
        place = _place(f"https://{text.strip()}", None)
    if place is None:
        return _Place(text=text, origin=text[:MAX_URL_CHARS], scheme="", host=None)
    return place


def _place(text: str, base: str | None) -> _Place | None:
    """The address that a browser would make of the text; None if it makes none."""
    try:
        parsed = ada_url.URL(text, base)
    except ValueError:  # also a lone surrogate
        return None
    if parsed.protocol not in WEB_SCHEMES:
        return _Place(text=parsed.href, origin=parsed.href[:MAX_URL_CHARS], scheme=parsed.protocol, host=None)
    origin = f"{parsed.protocol}//{parsed.hostname}/"
    return _Place(text=parsed.href, origin=origin, scheme=parsed.protocol, host=parse_host(origin))


def _class(current: str | None, target: str | None, scope: ScopeDecision) -> NavigationClass | None:
    if target is None:
        return None
    if not scope.in_scope:
        return NavigationClass.CROSS_REGISTRABLE_EXTERNAL
    return NavigationClass.SAME_HOST_IN_SCOPE if current == target else NavigationClass.CROSS_HOST_IN_SCOPE


def _differ(one: str | None, other: str | None) -> bool:
    return one is None or one != other


def _domain(host: str | None) -> str | None:
    return None if host is None else registrable_domain(host)


def _ruling(
    rules: NavigationRules, site: _Site, target: _Place, kind: NavigationClass | None, assessment: Assessment
) -> _Ruling:
    if target.host is None:
        return _not_web(target)
    if assessment.score >= rules.adversarial_threshold:
        return _suspicious(assessment, rules.adversarial_threshold)
    if kind is NavigationClass.CROSS_REGISTRABLE_EXTERNAL:
        return _external(rules, site, target.host)
    return _own(rules.cross_host, target.host, is_same=kind is NavigationClass.SAME_HOST_IN_SCOPE)


def _not_web(target: _Place) -> _Ruling:
    if target.scheme in WEB_SCHEMES or not target.scheme:
        why = "The target is not a readable web address."
    else:
        why = f"Only http and https addresses are opened, and this one begins with {target.scheme[:60]!r}."
    return _Ruling(rule=3, decision=Decision.BLOCK, explanation=why, notice="This link was not opened.")


def _suspicious(assessment: Assessment, threshold: int) -> _Ruling:
    reasons = ", ".join(assessment.reasons)
    return _Ruling(
        rule=4,
        decision=Decision.BLOCK,
        hint="adversarial_block",
        explanation=f"The adversarial score {assessment.score} reaches the threshold {threshold}: {reasons}.",
        notice="This link was not opened because it looks unsafe.",
    )


def _own(policy: CrossHostPolicy, host: str, *, is_same: bool) -> _Ruling:
    allowed = "In-scope navigation allowed."
    if is_same:
        why = f"{host} is the current host and in scope."
        return _Ruling(rule=5, decision=Decision.ALLOW_SAME_TAB, explanation=why, notice=allowed)
    if policy is CrossHostPolicy.SAME_TAB:
        why = f"{host} is another host in scope, and the cross-host policy keeps those in the same tab."
        return _Ruling(rule=6, decision=Decision.ALLOW_SAME_TAB, explanation=why, notice=allowed)
    why = f"{host} is another host in scope, and the cross-host policy opens those in a new tab."
    notice = "This part of the site opens in a new tab."
    return _Ruling(rule=7, decision=Decision.OPEN_NEW_TAB, explanation=why, notice=notice)


def _external(rules: NavigationRules, site: _Site, host: str) -> _Ruling:
    if rules.mode is ScopeMode.HOST_ONLY and registrable_domain(host) in site.domains:
        why = f"{host} is a sibling of a listed host, and the scope mode host_only admits listed hosts alone."
        notice = "This part of the site is not open to the assistant."
        return _Ruling(rule=8, decision=Decision.BLOCK, explanation=why, notice=notice)
    if rules.external is ExternalNavigationPolicy.OPEN_NEW_TAB_NOTICE:
        why = f"{host} is out of scope, and the external policy opens such hosts in a new tab with a notice."
        notice = "This link leads to another website and opens in a new tab."
        return _Ruling(rule=9, decision=Decision.OPEN_NEW_TAB, explanation=why, notice=notice)
    if rules.external is ExternalNavigationPolicy.BLOCK:
        why = f"{host} is out of scope, and the external policy blocks such hosts."
        notice = "This link leads to another website and was not opened."
        return _Ruling(rule=10, decision=Decision.BLOCK, explanation=why, notice=notice)
    why = f"{host} is out of scope, and the external policy allows such hosts."
    return _Ruling(rule=11, decision=Decision.ALLOW_SAME_TAB, explanation=why)
