"""May a run open, read, or act on a page of another site? One list of gates, the first objection counts:

    a web address              InvalidArgument
    the site's policy          ExternalPolicyBlocked: no external context at all, or not on demand
    the key's capability       CapabilityMissing: to read, or to act
    the site's deny list       ExternalPolicyBlocked
    the site's allow list      ExternalPolicyBlocked; an empty one allows every host
    the adversarial score      AdversarialBlocked, whatever the policy allows

What is one of the site's own pages needs none of them: it is no foreign context. Opening alone fetches
nothing, so it needs no capability.
"""

from collections.abc import Mapping
from typing import Any, Final

from tasks.core.runtime.bodies import ExternalContext
from tasks.core.runtime.errors import AdversarialBlocked, CapabilityMissing, ExternalPolicyBlocked
from tasks.core.runtime.fields import refused
from workspace.core.adversarial import assess, merged
from workspace.core.fields import FieldError
from workspace.core.hosts import parse_host
from workspace.core.patterns import ScopeMode
from workspace.core.scope import Scope

CAPABILITIES: Final[Mapping[str, str]] = {"read_context": "externalWebContextScrape", "act": "cloudAgent"}


def check_external(
    body: ExternalContext,
    *,
    policy: Mapping[str, Any],
    capabilities: Mapping[str, Any],
    scope: Scope,
    session_token: str = "",
) -> str:
    """The host of the page, if the run may have it. `scope`: the site's own; `session_token`: what no address
    may hold.

    Raises:
        InvalidArgument, ExternalPolicyBlocked, CapabilityMissing, AdversarialBlocked: as in the list.
    """
    host = parse_host(body.url)
    if host is None or not body.url.lower().startswith(("http://", "https://")):
        raise refused([FieldError("url", "Must be an http or https address with a host.", "not_allowed")])
    decision = scope.decide(body.url)
    if not decision.in_scope:
        if not policy["enableExternalWebContext"] or policy["externalScrapeMode"] != "on_demand":
            raise ExternalPolicyBlocked("The site keeps its agent from other sites.", host=host)
        _check_capability(body, capabilities)
        _check_lists(host, policy)
    _check_score(body, policy, in_scope=decision.in_scope, session_token=session_token)
    return host


def _check_capability(body: ExternalContext, capabilities: Mapping[str, Any]) -> None:
    needed = CAPABILITIES.get(body.intent)
    if needed is not None and capabilities.get(needed) is not True:
        raise CapabilityMissing(f"missing capability: {needed}", capability=needed)


def _check_lists(host: str, policy: Mapping[str, Any]) -> None:
    if _lists(policy["externalDenyDomains"], host):
        raise ExternalPolicyBlocked("The site denies its agent this host.", host=host)
    allowed = policy["externalAllowDomains"]
    if allowed and not _lists(allowed, host):
        raise ExternalPolicyBlocked("The site allows its agent other hosts than this.", host=host)


def _lists(rules: list[str], host: str) -> bool:
    """A rule stands for its host and those below it, unless it says otherwise, whatever the mode of the
    site's own domains."""
    return bool(rules) and Scope.compile(rules, ScopeMode.REGISTRABLE_DOMAIN).covers(host)


def _check_score(
    body: ExternalContext, policy: Mapping[str, Any], *, in_scope: bool, session_token: str
) -> None:
    found = merged(
        assess(body.url, in_scope=in_scope, session_token=session_token, message=body.message),
        body.adversarial_score,
    )
    if found.score >= policy["adversarialThreshold"]:
        raise AdversarialBlocked(
            "The address or the prompt looks like an attack.",
            adversarial={"score": found.score, "reasons": list(found.reasons)},
        )
