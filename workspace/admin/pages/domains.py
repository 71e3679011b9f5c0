"""The domain editor of a key: what each rule covers while it is typed, and a tester.

Without script each button sends the whole form and gets it back, so nothing that was typed is lost; with
script `check` tells the same, from the same templates.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from workspace.admin.frame import actor_of, render_page, say, site_page
from workspace.admin.pages.keys_shared import (
    RuleRow,
    key_in,
    mode_of,
    mode_words,
    rule_rows,
    rules_of,
    shown,
    trial_of,
)
from workspace.core.domain_trial import Rules
from workspace.core.fields import InvalidFields
from workspace.core.patterns import MAX_PATTERNS
from workspace.core.refusals import StaleEdit
from workspace.core.roles import Right
from workspace.core.scope import Scope
from workspace.models import Site, SiteKey
from workspace.selectors.keys import accepted_hosts, last_change
from workspace.services.keys import key_update

RECENT_DAYS = 7
HOSTS_SHOWN = 20
NOTE_MAX = 200
TRY_MAX = 2000
NO_RULE = "A key needs at least one rule. To stop a key, switch it off."
ACCEPTED_FORMS = (
    ("example.com", "the host and its subdomains, or the host alone: as your policy says"),
    ("*.example.com", "every subdomain, but not example.com itself"),
    ("=app.example.com", "exactly this host"),
    ("192.0.2.7", "exactly this address; IPv6 as well"),
    ("localhost", "your own machine, on development and test keys"),
    ("*", "every host, on test keys that end within 90 days"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The form as it was sent, or as it begins. `revision` is the state that was edited; `confirmed` the mark
    of the lost hosts that the person agreed to."""

    entries: list[str]
    allow_intranet: bool
    revision: int
    note: str = ""
    text: str = ""
    confirmed: str = ""

    @classmethod
    def saved(cls, key: SiteKey, *, text: str = "") -> Self:
        """The key as it is."""
        return cls(
            entries=list(key.allowed_domains),
            allow_intranet=key.allow_intranet,
            revision=key.revision,
            text=text,
        )

    @classmethod
    def typed(cls, sent: QueryDict, key: SiteKey) -> Self:
        """What was sent; a missing or broken revision is an old one, so that nothing is overwritten by it."""
        revision = str(sent.get("revision", ""))
        return cls(
            entries=[str(entry).strip() for entry in sent.getlist("rule")],
            allow_intranet=sent.get("allow_intranet") == "on",
            revision=int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 9 else 0,
            note=str(sent.get("note", "")),
            text=str(sent.get("try", ""))[:TRY_MAX],
            confirmed=str(sent.get("confirmed", "")),
        )

    def filled(self) -> list[str]:
        """The rows that say something."""
        return [entry for entry in self.entries if entry]

    def rules(self, key: SiteKey) -> Rules:
        """The rows as rules of the key."""
        return rules_of(key, self.filled(), allow_intranet=self.allow_intranet)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedRow:
    """A row of the form; `told` is None for an empty one, and for those of a list that is far too long."""

    text: str
    told: RuleRow | None

    @property
    def is_valid(self) -> bool:
        """Whether nothing speaks against it."""
        return self.told is None or self.told.coverage is not None


@site_page()
def domains(request: HttpRequest, site: Site, key_id: UUID) -> HttpResponse:
    """The editor. GET `?try=` tests a host, so that an error message can link to it."""
    key = key_in(site, key_id)
    if request.method != "POST":
        return _show(request, site, key, Draft.saved(key, text=request.GET.get("try", "")[:TRY_MAX]))
    draft = Draft.typed(request.POST, key)
    edited = _edited(draft, request.POST)
    if edited is not None:
        return _show(request, site, key, edited)
    return _save(request, site, key, draft)


def _edited(draft: Draft, sent: QueryDict) -> Draft | None:
    """The form after a button that only works on it; None for the button that saves."""
    entries = list(draft.entries)
    if "add" in sent:
        return replace(draft, entries=[*entries, str(sent["add"])])
    if "remove" in sent:
        place = str(sent["remove"])
        if place.isascii() and place.isdigit() and len(place) < 5 and int(place) < len(entries):
            del entries[int(place)]
        return replace(draft, entries=entries)
    return None if sent.get("do") == "save" else draft


def _save(request: HttpRequest, site: Site, key: SiteKey, draft: Draft) -> HttpResponse:
    objection = _objection(key, draft)
    if objection is not None:
        return _show(request, site, key, draft, status=422, **objection)
    try:
        key_update(
            actor=actor_of(request),
            key=key,
            allowed_domains=draft.filled(),
            allow_intranet=draft.allow_intranet,
            revision=draft.revision,
            note=draft.note,
            now=timezone.now(),
        )
    except InvalidFields as invalid:
        return _show(request, site, key, draft, status=422, problem=invalid.errors[0].message)
    except StaleEdit:
        key = key_in(site, key.pk)
        kept = replace(draft, revision=key.revision, confirmed="")
        return _show(request, site, key, kept, status=409, is_stale=True, change=last_change(key))
    say(request, "Saved. The rules hold from the next request on.")
    return redirect("admin:site_key_domains", site.public_id, key.pk)


def _objection(key: SiteKey, draft: Draft) -> dict[str, Any] | None:
    """Why this draft is not saved as it is, for the page; None when nothing speaks against it."""
    if len(draft.note) > NOTE_MAX or not draft.note.isprintable():
        return {"note_problem": f"Give at most {NOTE_MAX} characters on one line."}
    if not draft.filled():
        return {"problem": NO_RULE}
    rules = draft.rules(key)
    if any(one.problem for one in rules.reviews()):
        return {"problem": "Look at the rules marked below."}
    # An edit of an old state is refused anyway, and what it would lose is not known before it is looked at.
    lost = lost_hosts(key, rules) if draft.revision == key.revision else []
    if lost and draft.confirmed != _mark(lost):
        return {"lost": lost, "mark": _mark(lost)}
    return None


def lost_hosts(key: SiteKey, rules: Rules) -> list[dict[str, Any]]:
    """The hosts that used the key lately and would be refused after saving: host, n, last_at."""
    before = Scope.compile(key.normalized_domains, mode_of(key))
    after = rules.scope()
    return [
        dict(row)
        for row in accepted_hosts(key, now=timezone.now(), days=RECENT_DAYS)
        if before.covers(row["host"]) and not after.covers(row["host"])
    ]


def _mark(lost: list[dict[str, Any]]) -> str:
    """What a person agrees to: these hosts, and no other."""
    return hashlib.sha256("\n".join(sorted(row["host"] for row in lost)).encode()).hexdigest()[:32]


def _show(
    request: HttpRequest, site: Site, key: SiteKey, draft: Draft, *, status: int = 200, **context: Any
) -> HttpResponse:
    return render_page(
        request,
        "workspace/keys/domains.html",
        title=f"Domains of “{key.label}”",
        section="keys",
        site=site,
        status=status,
        shown=shown(key, timezone.now()),
        draft=draft,
        accepted_forms=ACCEPTED_FORMS,
        most=MAX_PATTERNS,
        hosts_shown=HOSTS_SHOWN,
        saved=rule_rows(rules_of(key, list(key.allowed_domains))),
        **_said(key, draft),
        **context,
    )


def _said(key: SiteKey, draft: Draft) -> dict[str, Any]:
    """What the server has to say about the draft: for the page and for `check` alike."""
    rules = draft.rules(key)
    told = iter(rule_rows(rules))
    rows = [EditedRow(text=entry, told=next(told, None) if entry else None) for entry in draft.entries]
    return {
        "rows": rows,
        "count": len(draft.filled()),
        "problems": sum(not row.is_valid for row in rows),
        "mode": mode_words(key),
        "mode_name": mode_of(key).value,
        "trial": trial_of(key, draft.text, rules) if draft.text.strip() else None,
        "is_changed": not rules.is_saved,
    }


@require_safe
@site_page(view=Right.EDIT)
def check(request: HttpRequest, site: Site, key_id: UUID) -> HttpResponse:
    """What there is to say about the rules `?rule=…&rule=…` and the host `&try=`, as JSON: `rows` and `trial`
    are HTML, `status` is one line."""
    key = key_in(site, key_id)
    said = _said(key, Draft.typed(request.GET, key))
    return JsonResponse(
        {
            "rows": [
                {
                    "html": render_to_string("workspace/keys/rule_told.html", {"row": row}),
                    "isValid": row.is_valid,
                }
                for row in said["rows"]
            ],
            "trial": render_to_string(
                "workspace/keys/trial.html", {**said, "may_edit": True}, request=request
            ),
            "status": render_to_string("workspace/keys/domains_status.html", said).strip(),
        },
        headers={"Cache-Control": "no-store"},
    )


PAGES: list[tuple[str, Callable[..., Any], str]] = [
    ("sites/<slug:site_id>/keys/<uuid:key_id>/domains/", domains, "site_key_domains"),
    ("sites/<slug:site_id>/keys/<uuid:key_id>/domains/check/", check, "site_key_domains_check"),
]
