"""One site key: its value, where it works, its use, what was refused, and its settings."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from workspace.admin.charts import bars
from workspace.admin.frame import actor_of, render_page, say, site_page
from workspace.admin.pages.keys_forms import ExtendForm, KeyForm, on_of, stored_key, with_preset
from workspace.admin.pages.keys_shared import key_in, mode_words, rule_rows, rules_of, shown, trial_of
from workspace.core.capabilities import CAPABILITY_TEXTS
from workspace.core.fields import InvalidFields
from workspace.core.refusals import StaleEdit
from workspace.models import Site, SiteKey
from workspace.selectors.keys import accepted_hosts, daily_use, last_change, refusals
from workspace.selectors.overview import REASONS
from workspace.services.keys import key_update

HOSTS_SHOWN = 12
REFUSALS_SHOWN = 50
RECENT_DAYS = 7
ALLOWED_NOTE = "Allowed from the list of refused requests"


@site_page()
def key(request: HttpRequest, site: Site, key_id: UUID) -> HttpResponse:
    """Everything about the key; POST saves label, expiry and capabilities."""
    found = key_in(site, key_id)
    if request.method != "POST":
        return _show(request, site, found, KeyForm(initial=stored_key(found)))
    preset = with_preset(KeyForm, request.POST)
    if preset is not None:
        return _show(request, site, found, KeyForm(initial=preset), is_preset=True)
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _show(request, site, found, form, status=422)
    said = form.cleaned_data
    try:
        key_update(
            actor=actor_of(request),
            key=found,
            label=said["label"],
            ttl_days=form.ttl_days(),
            capabilities=form.powers(),
            revision=said["revision"],
            note=said["note"],
            now=timezone.now(),
        )
    except InvalidFields as invalid:
        form.add_core_errors(invalid)
        return _show(request, site, found, form, status=422)
    except StaleEdit:
        found = key_in(site, key_id)
        kept = KeyForm(initial={**said, "revision": found.revision})
        return _show(request, site, found, kept, status=409, stale=_conflict(found, said))
    say(request, "Saved.")
    return redirect("admin:site_key", site.public_id, found.pk)


@site_page()
def allow(request: HttpRequest, site: Site, key_id: UUID) -> HttpResponse:
    """Add the rule for one host that was refused, and no wider one."""
    found = key_in(site, key_id)
    if request.method != "POST":
        return redirect("admin:site_key", site.public_id, found.pk)
    trial = trial_of(found, request.POST.get("host", ""), rules_of(found))
    if trial.decision.in_scope:
        say(request, f"{trial.decision.host} is in the key's domains already.")
    elif not trial.fix:
        problem = f"Nothing was added. {trial.decision.message} {trial.no_fix}"
        return _show(
            request, site, found, KeyForm(initial=stored_key(found)), status=422, refused_problem=problem
        )
    else:
        key_update(
            actor=actor_of(request),
            key=found,
            allowed_domains=[*found.allowed_domains, trial.fix],
            note=ALLOWED_NOTE,
            now=timezone.now(),
        )
        say(request, f"Added the rule {trial.fix}. The key may be used there from the next request on.")
    return redirect("admin:site_key", site.public_id, found.pk)


def _show(
    request: HttpRequest, site: Site, found: SiteKey, form: KeyForm, *, status: int = 200, **context: Any
) -> HttpResponse:
    now = timezone.now()
    return render_page(
        request,
        "workspace/keys/key.html",
        title=found.label,
        section="keys",
        site=site,
        status=status,
        shown=shown(found, now),
        form=form,
        rules=rule_rows(rules_of(found, list(found.allowed_domains))),
        mode=mode_words(found),
        chart=bars(daily_use(found, now=now)),
        hosts=accepted_hosts(found, now=now, days=14),
        hosts_shown=HOSTS_SHOWN,
        refused=_refused(found, now),
        overlap=_overlap(found, now),
        heir=getattr(found, "rotated_to", None),
        switched=request.GET.get("switched") == str(found.pk),
        capabilities=[
            (text, found.capabilities.get(name) is True) for name, text in CAPABILITY_TEXTS.items()
        ],
        **context,
    )


def _refused(key: SiteKey, now: datetime) -> list[dict[str, Any]]:
    """What was refused lately. `trial` says whether a click can allow it, for refusals of the domain alone:
    the others have another reason, and another cure."""
    rules = rules_of(key)
    return [
        {
            **row,
            "why": REASONS.get(row["reason"], row["reason"]),
            "trial": trial_of(key, row["host"], rules) if row["reason"] == "domain_not_allowed" else None,
        }
        for row in refusals(key, now=now, days=RECENT_DAYS)[:REFUSALS_SHOWN]
    ]


def _overlap(key: SiteKey, now: datetime) -> dict[str, Any] | None:
    """The two keys of a rotation while both answer, seen from either: `old` with its use of today."""
    old = key if key.grace_until is not None else key.rotated_from
    if old is None:
        return None
    old.site = key.site
    if shown(old, now).state != "rotating":
        return None
    return {"old": old, "today": daily_use(old, now=now, days=1)[0][1], "form": ExtendForm(auto_id="old_%s")}


def _conflict(key: SiteKey, said: dict[str, Any]) -> dict[str, Any]:
    """What the other person saved beside what was typed."""
    labels = {name: text.label for name, text in CAPABILITY_TEXTS.items()}
    theirs = ", ".join(labels[name] for name in on_of(key.capabilities)) or "none"
    yours = ", ".join(labels[name] for name in labels if name in said["capabilities"]) or "none"
    ends = f"{key.expires_at:%Y-%m-%d %H:%M} UTC" if key.expires_at else "never"
    wanted = dict(KeyForm.base_fields["expiry"].choices)[said["expiry"]]  # type: ignore[attr-defined]
    rows = [
        ("Label", key.label, said["label"]),
        ("Ends", ends, wanted.replace("a number of", str(said["days"]))),
        ("Capabilities", theirs, yours),
    ]
    return {"rows": rows, "change": last_change(key)}


PAGES: list[tuple[str, Callable[..., Any], str]] = [
    ("sites/<slug:site_id>/keys/<uuid:key_id>/", key, "site_key"),
    ("sites/<slug:site_id>/keys/<uuid:key_id>/allow/", allow, "site_key_allow"),
]
