"""What agents can do on a site now, and what is missing where they cannot.

Four things have to agree before an agent can do something: the site's switch (aiAccess), the mode of a key,
the key's capabilities, and the proof that the site controls the host.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workspace.core.hosts import is_local_name
from workspace.core.patterns import PatternKind, ScopeMode, parse_pattern
from workspace.core.scope import Scope
from workspace.core.site_config import AiAccessEffective, ai_access_effective
from workspace.models import HostClaim, Site, SiteKey
from workspace.selectors.claims import claims_of, speaks_for
from workspace.selectors.keys import key_state

HOSTS_LISTED = 30
LIVE = frozenset({"active", "rotating"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ability:
    """One thing agents may or may not do. `answer`: yes, no, or partly (not on the main host). `detail`:
    what it means, what is missing, or where it holds."""

    label: str
    answer: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """One host of the site. `state`: proved, waiting (claimed, not proved), lost (not proved any more),
    unclaimed, or local (somebody's own machine: keys for work need no proof). `is_open`: by one of the
    site's live keys, agents may work there if everything else agrees; `is_cloud_open`: by one with the
    capability Cloud agent."""

    host: str
    state: str
    is_open: bool
    is_cloud_open: bool
    claim: HostClaim | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AiState:
    """`is_on`: tasks can be made. `keys`: the site's live keys, newest first."""

    effective: AiAccessEffective
    is_on: bool
    abilities: list[Ability]
    hosts: list[HostState]
    keys: list[SiteKey]


def ai_state(site: Site, ai_access: Mapping[str, Any], *, discovery: bool, now: datetime) -> AiState:
    """The state of everything. `discovery`: the owner has not turned the signs for agents off."""
    rows = SiteKey.objects.filter(site=site).select_related("site").order_by("-created_at", "-id")
    keys = [key for key in rows if key_state(key, now) in LIVE]
    effective = ai_access_effective(ai_access)
    hosts = _hosts(site, keys)
    return AiState(
        effective=effective,
        is_on=effective.enabled,
        abilities=_abilities(effective, keys, hosts, discovery=discovery),
        hosts=hosts,
        keys=keys,
    )


def _abilities(
    effective: AiAccessEffective, keys: Sequence[SiteKey], hosts: Sequence[HostState], *, discovery: bool
) -> list[Ability]:
    lack = _lack(effective, keys, hosts)
    cloud_lack = lack or _first(
        (not effective.cloud_browser, "You do not allow runs in the cloud."),
        (
            not any(host.is_cloud_open for host in hosts),
            "No key has the capability Cloud agent on a host that is open; the switch is below.",
        ),
    )
    acts = _first((not any(map(_acts, keys)), _no_key(keys)))
    return [
        _on_hosts("Make tasks for your site", lack, hosts, [host for host in hosts if host.is_open]),
        _on_hosts(
            "Have them run without a visitor's browser",
            cloud_lack,
            hosts,
            [host for host in hosts if host.is_cloud_open],
        ),
        _on_hosts(
            "Find out that your site takes tasks",
            _first((effective.enabled and not discovery, "You do not publish the signs.")) or lack,
            hosts,
            [host for host in hosts if host.is_open],
        ),
        _ability(
            "Start a prompt by a link",
            "A link with ?rover= opens your page and begins.",
            _first((not effective.prompt_launch, "Links that start a prompt are off.")) or acts,
        ),
        _ability(
            "Start a shortcut by a link",
            "A link with ?rover_shortcut= opens your page and begins.",
            _first((not effective.shortcut_launch, "Links that start a shortcut are off.")) or acts,
        ),
        _ability(
            "Hand tasks over from other sites",
            "A task of another site may have a part done on yours.",
            lack or _first((not effective.delegated_handoffs, "You do not take tasks of other sites.")),
        ),
        _ability(
            "Read full arguments and results of each step",
            "Events of a task carry them whole, whatever they hold.",
            lack or _first((not effective.debug_streaming, "Events carry short forms only.")),
        ),
    ]


def _ability(label: str, detail: str, lack: str) -> Ability:
    return Ability(label=label, answer="no" if lack else "yes", detail=lack or detail)


def _on_hosts(label: str, lack: str, hosts: Sequence[HostState], where: Sequence[HostState]) -> Ability:
    """An ability that holds on some hosts. The main host is the first."""
    if lack:
        return Ability(label=label, answer="no", detail=lack)
    names = ", ".join(host.host for host in where)
    if hosts[0] in where:
        return Ability(label=label, answer="yes", detail=f"On {names}.")
    return Ability(label=label, answer="partly", detail=f"Only on {names}, not on {hosts[0].host}.")


def _lack(effective: AiAccessEffective, keys: Sequence[SiteKey], hosts: Sequence[HostState]) -> str:
    """Why no agent can make a task; '' if one can."""
    return _first(
        (not effective.enabled, "AI access is off."),
        (not any(map(_acts, keys)), _no_key(keys)),
        (not any(host.is_open for host in hosts), "No host of this site is proved to be yours yet."),
    )


def _no_key(keys: Sequence[SiteKey]) -> str:
    return "Every key is for analytics only." if keys else "The site has no key that works."


def _first(*reasons: tuple[bool, str]) -> str:
    """The text of the first condition that holds, '' if none does."""
    return next((text for holds, text in reasons if holds), "")


def _acts(key: SiteKey) -> bool:
    return bool(key.policy["siteMode"] == "agent")


def _hosts(site: Site, keys: Sequence[SiteKey]) -> list[HostState]:
    """The main host, the hosts that are claimed, and those that keys name; the first thirty."""
    claims = {claim.host: claim for claim in claims_of(site)}
    named = (parse_pattern(raw) for key in keys for raw in key.normalized_domains)
    from_keys = (
        pattern.host
        for pattern in named
        if pattern is not None and pattern.kind not in {PatternKind.ANY, PatternKind.SUBDOMAINS}
    )
    names = list(dict.fromkeys([site.host, *claims, *from_keys]))[:HOSTS_LISTED]
    scopes = [
        (key, Scope.compile(key.normalized_domains, ScopeMode(key.policy["domainScopeMode"])))
        for key in keys
        if _acts(key)
    ]
    found = []
    for host in names:
        claim = claims.get(host)
        opened = [key for key, scope in scopes if scope.covers(host) and speaks_for(site, key, host)]
        found.append(
            HostState(
                host=host,
                state=_proof(host, claim),
                is_open=bool(opened),
                is_cloud_open=any(key.capabilities.get("cloudAgent") for key in opened),
                claim=claim,
            )
        )
    return found


def _proof(host: str, claim: HostClaim | None) -> str:
    if claim is not None and claim.is_proved:
        return "proved"
    if is_local_name(host):
        return "local"
    if claim is None:
        return "unclaimed"
    return "lost" if claim.lost_at is not None else "waiting"
