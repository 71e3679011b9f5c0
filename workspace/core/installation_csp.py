"""May the embed script do its work under the policies of a page?"""

from collections.abc import Mapping
from dataclasses import dataclass

from workspace.core.csp import (
    Answer,
    Policy,
    Verdict,
    extended,
    judge_request,
    judge_script,
    parse_policies,
    sandbox_flaw,
)
from workspace.core.installation import Installation, csp_lines
from workspace.core.installation_look import Look
from workspace.core.installation_report import Check, State, line

_PURPOSES: Mapping[str, str] = {
    "script-src": "the script",
    "connect-src": "its requests to this server",
    "worker-src": "its worker",
    "img-src": "its images",
}


@dataclass(frozen=True, slots=True)
class _Need:
    """A request of the embed script: its directive, and what the policies say. Without a vital one nothing
    works."""

    directive: str
    verdict: Verdict
    is_vital: bool


def check_policy(look: Look) -> Check:
    """The line about the policies in the answer's header and in the page's head."""
    policies = parse_policies(look.page.values("content-security-policy"), look.tags.policies)
    if not policies:
        return line("csp", State.PASS, "The page has no Content-Security-Policy.")
    if flaw := sandbox_flaw(policies):
        fix = "Remove sandbox from the policy, or allow both scripts and the page's own origin in it."
        return line("csp", State.FAIL, f"The page is sandboxed: {flaw}.", fix)
    needs = _needs(policies, look)
    if blocked := [need for need in needs if need.verdict.answer is Answer.BLOCKED]:
        return _blocked(blocked, look.installation)
    if conditional := [need for need in needs if need.verdict.answer is Answer.CONDITIONAL]:
        return _conditional(conditional, look.installation)
    return line("csp", State.PASS, "The policy allows the script, its requests, its worker and its images.")


def _needs(policies: tuple[Policy, ...], look: Look) -> list[_Need]:
    base, page = look.installation.base_url, look.page.final_url
    script = judge_script(
        policies,
        url=look.source or look.installation.embed_url,
        page=page,
        nonce=look.tag.get("nonce") if look.tag else "",
        integrity=look.tag.get("integrity") if look.tag else "",
    )
    wanted = (
        ("connect-src", f"{base}/v2/rover/session/open", True),
        ("worker-src", "blob:null/0", False),
        ("img-src", f"{base}/rover.svg", False),
    )
    others = (
        _Need(directive, judge_request(policies, directive=directive, url=url, page=page), is_vital)
        for directive, url, is_vital in wanted
    )
    return [_Need("script-src", script, True), *others]


def _conditional(needs: list[_Need], installation: Installation) -> Check:
    return line(
        "csp",
        State.WARN,
        "; ".join(f"{need.verdict.directive}: {need.verdict.why}" for need in needs) + ".",
        "It works as this page was served. See that every answer carries a fresh nonce, or the hash of the"
        " script as it is then; to list this server's address is surer.",
        "; ".join(csp_lines(installation)),
    )


def _blocked(needs: list[_Need], installation: Installation) -> Check:
    found = "; ".join(_sentence(need) for need in needs)
    lines = (
        extended(
            need.verdict, need.directive, "blob:" if need.directive == "worker-src" else installation.origin
        )
        for need in needs
    )
    is_vital = any(need.is_vital for need in needs)
    fix = "Let the policy read as below; the rest of it stays."
    if any(need.directive == "script-src" and _names_nonces(need.verdict) for need in needs):
        fix += " Or give the tag the nonce of each answer."
    if not is_vital:
        fix = f"Parts of the assistant may not work. {fix}"
    return line("csp", State.FAIL if is_vital else State.WARN, f"{found}.", fix, "; ".join(lines))


def _sentence(need: _Need) -> str:
    verdict = need.verdict
    return f"{verdict.directive} ({verdict.place}) blocks {_PURPOSES[need.directive]}: {verdict.why}"


def _names_nonces(verdict: Verdict) -> bool:
    return any(source.lower().startswith("'nonce-") for source in verdict.sources)
