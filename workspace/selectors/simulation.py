"""What a key's policy makes of a navigation: the decisions that sessions get, asked for in advance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workspace.core.hosts import is_ip, is_public_suffix, parse_host, registrable_domain
from workspace.core.navigation import (
    CrossHostPolicy,
    ExternalNavigationPolicy,
    NavigationDecision,
    NavigationRules,
    decide,
)
from workspace.core.patterns import PatternKind, ScopeMode, parse_pattern
from workspace.core.scope import Scope
from workspace.models import SiteKey

# Names and addresses that belong to nobody (RFC 2606 and RFC 5737), so that no real site stands in a table.
_ELSEWHERE = ("example.org", "example.net")
_ADDRESS = "203.0.113.7"
_RESERVED = frozenset({"example", "invalid", "localhost", "test"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A navigation that is tried. `current`: the page the agent is on, `target`: where it wants to go,
    `message`: the prompt in whose course it goes there."""

    current: str
    target: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A question with its answers: of the `saved` policy, and of the `edited` one if there is one. `name`:
    what the navigation stands for, '' for one that somebody typed."""

    name: str
    question: Question
    saved: NavigationDecision
    edited: NavigationDecision | None

    @property
    def differs(self) -> bool:
        """Whether the edit makes another decision of it, or another row of the table."""
        new = self.edited
        return new is not None and (new.decision, new.rule) != (self.saved.decision, self.saved.rule)

    @property
    def fix(self) -> str | None:
        """A domain rule that would admit the target; None for what only looks like a host of the site, which
        nobody should be invited to list."""
        imitates = "lookalike_host" in self.saved.assessment.reasons
        return None if self.saved.rule == 4 or imitates else self.saved.scope.fix


def rules_of(key: SiteKey, policy: Mapping[str, Any] | None = None) -> NavigationRules:
    """The rules of the key with its own policy, or with another full one."""
    said: Mapping[str, Any] = key.policy if policy is None else policy
    return NavigationRules(
        patterns=tuple(key.normalized_domains),
        mode=ScopeMode(said["domainScopeMode"]),
        external=ExternalNavigationPolicy(said["externalNavigationPolicy"]),
        cross_host=CrossHostPolicy(said["crossHostPolicy"]),
        adversarial_threshold=said["adversarialThreshold"],
    )


def tried(
    key: SiteKey, question: Question, *, edited: Mapping[str, Any] | None = None, name: str = ""
) -> Trial:
    """The question put to the key's policy, and to `edited`, a full policy, if given. Never raises on any
    text."""
    return Trial(
        name=name,
        question=question,
        saved=_decision(key, question, key.policy),
        edited=None if edited is None else _decision(key, question, edited),
    )


def written_out(key: SiteKey, target: str) -> str:
    """What a person means by a target. A page's link "shop.example.com" is a path, but somebody who types it
    into a form means the host: a text that begins with a host of a known ending, or with a host of the key,
    gets its scheme. Everything else stays as it is."""
    start = target.strip().partition("/")[0]
    if not start or not (start[0].isalnum() or start[0] == "[") or "." not in start:
        return target
    host = parse_host(start)
    if host is None or "@" in start:
        return target
    last = host.rpartition(".")[2]
    is_meant = is_ip(host) or last in _RESERVED or is_public_suffix(last) or _scope(key).covers(host)
    return f"https://{target.strip()}" if is_meant and ":/" not in start else target


def typical_trials(key: SiteKey, *, edited: Mapping[str, Any] | None = None) -> list[Trial]:
    """What happens on this site in the cases that owners ask about, each as in `tried`."""
    home = home_host(key)
    here = f"https://{_bracketed(home)}/"
    return [
        tried(key, Question(current=here, target=target), edited=edited, name=name)
        for name, target in _cases(home)
    ]


def home_host(key: SiteKey) -> str:
    """The host that the cases begin on: the site's main host if the key's rules cover it, else the first host
    that they name."""
    host: str = key.site.host
    if _scope(key).covers(host):
        return host
    for raw in key.normalized_domains:
        pattern = parse_pattern(raw)
        if pattern is not None and pattern.host:
            return f"www.{pattern.host}" if pattern.kind is PatternKind.SUBDOMAINS else pattern.host
    return host


def _scope(key: SiteKey) -> Scope:
    return Scope.compile(key.normalized_domains, ScopeMode(key.policy["domainScopeMode"]))


def _decision(key: SiteKey, question: Question, policy: Mapping[str, Any]) -> NavigationDecision:
    return decide(
        current_url=question.current,
        target_url=question.target,
        message=question.message,
        rules=rules_of(key, policy),
    )


def _cases(home: str) -> list[tuple[str, str]]:
    """Name and target of each case, seen from the host `home`."""
    here, domain = f"https://{_bracketed(home)}", registrable_domain(home)
    elsewhere = next(name for name in _ELSEWHERE if name != domain)
    has_names = not is_ip(home)
    sibling = f"www.{domain}" if home == domain else f"other.{domain}"
    return [
        ("Another page of the same host", f"{here}/products"),
        *([("A subdomain", f"https://shop.{home}/")] if has_names else []),
        *([("A sibling host", f"https://{sibling}/")] if has_names and "." in domain else []),
        ("Another website", f"https://{elsewhere}/"),
        ("A login page elsewhere", f"https://{elsewhere}/account/login"),
        *([("A host that imitates yours", f"https://{domain}.{elsewhere}/login")] if has_names else []),
        ("A bare IP address", f"http://{_ADDRESS}/"),
        ("A data: address", "data:text/html,hello"),
    ]


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
