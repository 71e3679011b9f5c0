"""The pages about one policy: the editor, the difference before saving, the conflict, and the simulator."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.http import urlencode

from workspace.admin.frame import render_page
from workspace.admin.pages.policy_form import PolicyForm, SaveForm, SimulatorForm, as_json, initial_of
from workspace.admin.pages.policy_words import (
    GROUPS,
    RULES,
    changes_in_words,
    effects_in_words,
    preset_summary,
    presets_in_words,
    risk_in_words,
    value_in_words,
)
from workspace.core.fields import InvalidFields
from workspace.core.patterns import ScopeMode
from workspace.core.policy import POLICY_TEXTS, patched_policy, policy_changes, sandbox_effects
from workspace.core.scope import Scope
from workspace.models import Site, SiteKey
from workspace.selectors.keys import accepted_hosts
from workspace.selectors.simulation import Question, home_host, tried, typical_trials, written_out

SECTION = "policy"
BACK = {"ai": "admin:site_ai"}
"""Where a saved change leads, for those who did not come from the policy page."""
RECENT_DAYS = 7


def policy_key(site: Site, key_id: UUID) -> SiteKey:
    rows = SiteKey.objects.select_related("site", "site__owner", "rotated_to")
    return get_object_or_404(rows, site=site, pk=key_id)


def has_ended(key: SiteKey) -> bool:
    """Whether the key can be changed no more: revoked, or rotated and in its overlap."""
    return key.revoked_at is not None or key.grace_until is not None


def known_fields(policy: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that exist."""
    return {name: value for name, value in policy.items() if name in POLICY_TEXTS}


def form_of(policy: Mapping[str, Any], base: Mapping[str, Any], revision: int) -> PolicyForm:
    """A form that shows `policy`, made from `base`."""
    try:
        shown = patched_policy({}, known_fields(policy))
    except InvalidFields:  # only a change that no form of ours has sent
        shown = dict(base)
    return PolicyForm(initial={**initial_of(shown), "base": as_json(base), "revision": revision})


def show_policy(
    request: HttpRequest,
    site: Site,
    key: SiteKey,
    *,
    form: PolicyForm | None = None,
    question: Mapping[str, str] | None = None,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """The editor; for those who may not edit, and for ended keys, the values."""
    simulation = simulation_of(key, request.GET if question is None else question, form=form)
    values = [
        (heading, [(POLICY_TEXTS[name], name, value_in_words(name, key.policy[name])) for name in names])
        for heading, names in GROUPS
    ]
    return render_page(
        request,
        "workspace/policy/policy.html",
        title=f"Policy of {key.label}",
        section=SECTION,
        site=site,
        status=status,
        key=key,
        tab="policy",
        form=form or form_of(key.policy, key.policy, key.revision),
        values=values,
        presets=presets_in_words(key.policy),
        summary=preset_summary(key.policy),
        risk=risk_in_words(key.policy, key.capabilities),
        simulation=simulation,
        has_ended=has_ended(key),
        others=SiteKey.objects.filter(site=site, revoked_at=None, grace_until=None)
        .exclude(pk=key.pk)
        .exists(),
        **context,
    )


def show_review(
    request: HttpRequest,
    site: Site,
    key: SiteKey,
    mine: dict[str, Any],
    *,
    save: SaveForm | None = None,
    wanted: Mapping[str, Any] | None = None,
    back: str = "",
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """What would change, and the button that does it. `wanted`: a policy that should come out of it."""
    try:
        asked = patched_policy(key.policy, mine)
    except InvalidFields as invalid:
        return show_policy(request, site, key, status=422, problem=invalid.message)
    rules, powers = sandbox_effects(asked, key.capabilities, before=key.policy)
    initial = {
        "changes": as_json(mine),
        "base": as_json(key.policy),
        "revision": key.revision,
        "back": back,
    }
    return render_page(
        request,
        "workspace/policy/review.html",
        title="Review the change",
        section=SECTION,
        site=site,
        status=status,
        key=key,
        save=save or SaveForm(initial=initial),
        changes=effects_in_words(key.policy, key.capabilities, asked),
        trials=[trial for trial in typical_trials(key, edited=rules) if trial.differs],
        lost=_lost_hosts(key, rules),
        days=RECENT_DAYS,
        stops_agents=rules["siteMode"] != "agent" and key.policy["siteMode"] == "agent",
        risk=risk_in_words(rules, powers),
        unreached=changes_in_words(policy_changes(wanted, rules)) if wanted is not None else [],
        has_ended=has_ended(key),
        is_back=back in BACK,
        **context,
    )


def _lost_hosts(key: SiteKey, rules: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Where the key worked lately and would not any more."""
    if rules["domainScopeMode"] == key.policy["domainScopeMode"]:
        return []
    scope = Scope.compile(key.normalized_domains, ScopeMode(rules["domainScopeMode"]))
    used = accepted_hosts(key, now=timezone.now(), days=RECENT_DAYS)
    return [row for row in used if not scope.covers(row["host"])]


def show_conflict(
    request: HttpRequest, site: Site, key: SiteKey, mine: Mapping[str, Any], base: Mapping[str, Any]
) -> HttpResponse:
    """Somebody changed the key in between: both, side by side; the form holds theirs with mine on top."""
    mine = known_fields(mine)
    rows = [
        {
            "label": POLICY_TEXTS[name].label,
            "before": value_in_words(name, base[name]),
            "theirs": value_in_words(name, key.policy[name]),
            "yours": value_in_words(name, mine[name]) if name in mine else "not touched",
        }
        for name in POLICY_TEXTS
        if key.policy[name] != base[name] or mine.get(name, key.policy[name]) != key.policy[name]
    ]
    form = form_of({**key.policy, **mine}, key.policy, key.revision)
    return show_policy(request, site, key, form=form, status=409, stale=rows, is_stale=True)


def simulation_of(
    key: SiteKey, given: Mapping[str, str], *, form: PolicyForm | None = None
) -> dict[str, Any]:
    """What the templates of the simulator need: its form, the answer if something was asked, and the typical
    cases; both also under the policy that `form` describes, if that differs from the saved one."""
    edited, is_broken = _edited(key, form)
    asked = {name: given.get(name, "") for name in SimulatorForm.base_fields}
    asked["current"] = asked["current"] or f"https://{home_host(key)}/"
    simulator = SimulatorForm(asked)
    trial = None
    if simulator.is_valid() and simulator.cleaned_data["target"].strip():
        question = Question(**simulator.cleaned_data)
        meant = replace(question, target=written_out(key, question.target))
        trial = tried(key, meant, edited=edited)
    return {
        "form": simulator,
        "trial": trial,
        "trials": typical_trials(key, edited=edited),
        "is_edited": edited is not None,
        "is_broken": is_broken,
        "link": f"?{urlencode({name: value for name, value in asked.items() if value})}",
        "asked": asked,
        "threshold": key.policy["adversarialThreshold"],
        "edited_threshold": (edited or key.policy)["adversarialThreshold"],
        "analytics_only": key.policy["siteMode"] != "agent",
        "rules": RULES,
    }


def _edited(key: SiteKey, form: PolicyForm | None) -> tuple[dict[str, Any] | None, bool]:
    """The full policy that a form describes, None if it is the saved one; and whether it cannot be told."""
    if form is None:
        return None, False
    if not form.is_bound:
        shown = form.initial
        form = PolicyForm({name: value for name, value in shown.items() if value is not False})
    if not form.is_valid():
        return None, True
    try:
        asked = patched_policy(key.policy, form.mine)
    except InvalidFields:
        return None, True
    rules, _ = sandbox_effects(asked, key.capabilities, before=key.policy)
    return (rules, False) if policy_changes(key.policy, rules) else (None, False)
