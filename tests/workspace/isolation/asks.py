"""Which requests to send: every method and body to every address, and everybody's ids where one's own belong."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.test import Client
from django.urls import reverse

from roverbook.selectors.collections.reading import COLLECTIONS
from roverbook.selectors.collections.wanted import FORMATS
from tests.workspace.isolation.estate import Estate
from tests.workspace.isolation.forms import Form, forms_in
from tests.workspace.isolation.routes import Route
from tests.workspace.isolation.roverbook import key_of, pages_about, visit_of
from tests.workspace.isolation.walker import CHANGING, Ask

PLAUSIBLE = {
    "site": ("site", "site_id", "siteId", "sites"),
    "site pk": ("site_pk", "_selected_action", "site__id__exact"),
    "key": ("key", "key_id", "keyId", "source", "from", "switched", "siteKeyId"),
    "owner": ("owner", "owner_id", "user", "to", "owner__id__exact"),
    "owner name": ("username", "person"),
    "member": ("member", "member_id"),
    "token": ("token", "token_id"),
    "claim": ("claim", "claim_id"),
    "invitation": ("invitation", "invitation_id", "secret"),
    "task": ("task", "task_id", "batch_id"),
    "agent task": ("q", "task_name"),
    "session": ("session", "session_id"),
    "run": ("run", "run_id", "older", "unless"),
    "shortcut": ("shortcut", "shortcut_id", "id"),
    "visit": ("visitId", "visit"),
    "post": ("post", "parentPostId", "on_page_of"),
    "note": ("note",),
    "agent key": ("agentKey", "name", "alias_of"),
    "question": ("question", "questionId"),
    "audit row": ("subject", "before", "after"),
}
"""Names under which a page or a script might take an id."""
LOOKUPS = (
    "owner__username__startswith",
    "site__name__startswith",
    "site__owner__username__startswith",
    "user__username__startswith",
    "name__startswith",
    "username__startswith",
)
"""Queries that ask a list about what hangs on its rows."""
FRAGMENT = 5
"""So much of the victim's word is asked for: what comes back with the rest was not in the question."""
Harvest = Mapping[str, list[Form]]
"""Path → the forms that send to it."""


def harvest(paths: Iterator[str] | list[str], client: Client) -> dict[str, list[Form]]:
    """The forms that a visitor finds on these pages, by where they send to."""
    found: dict[str, list[Form]] = {}
    for path in paths:
        answer = client.get(path)
        if answer.status_code == 200 and answer.get("Content-Type", "").startswith("text/html"):
            for form in forms_in(answer.getvalue().decode(), path):
                found.setdefault(form.action, []).append(form)
    return found


def paths_of(routes: list[Route], whose: Estate) -> list[str]:
    """Every address, with this owner's things in it."""
    return [route.at(**values) for route in routes for values in whose.fill(route)]


def mixed_paths(routes: list[Route], one: Estate, other: Estate) -> list[str]:
    """Addresses with parameters of both: one's site with the other's key, and the like."""
    found = []
    for route in routes:
        if len(route.parameters) < 2:
            continue
        for mine in one.fill(route):
            for theirs in other.fill(route):
                for first in route.parameters:
                    found.append(route.at(**{**theirs, first: mine[first]}))
    return list(dict.fromkeys(found))


def id_body(victim: Estate) -> dict[str, str]:
    """Every plausible name with the victim's id of that kind."""
    return {name: victim.ids[kind] for kind, names in PLAUSIBLE.items() for name in names}


def asks_at(paths: list[str], victim: Estate, forms: Harvest) -> Iterator[Ask]:
    """Each path by each method; POST with no body, with the victim's ids under plausible names as a form and as
    JSON, and with just what the victim's own browser would send there."""
    ids = id_body(victim)
    for path in paths:
        yield Ask("GET", path)
        yield Ask("HEAD", path)
        yield Ask("POST", path)
        yield Ask("POST", path, ids)
        for method in CHANGING:
            yield Ask(method, path, ids, is_json=True)
        for form in forms.get(path, []):
            if form.method == "post":
                yield from _as_is(path, form)


def _as_is(path: str, form: Form) -> Iterator[Ask]:
    yield Ask("POST", path, form.fields)
    for name, value in form.buttons:
        yield Ask("POST", path, {**form.fields, name: [value]})


def substitutions(forms: Harvest, victim: Estate) -> Iterator[Ask]:
    """The visitor's own forms: with an id of the victim's of every kind in each field that offers a choice or is
    hidden, one at a time; and with the victim's host, name and site in all the others together."""
    seen: set[tuple[str, frozenset[str]]] = set()
    kinds = list(dict.fromkeys(victim.ids.values()))
    for path, several in forms.items():
        for form in several:
            if (path, frozenset(form.fields)) in seen:
                continue  # the same form on another page, or for another row
            seen.add((path, frozenset(form.fields)))
            for name in form.chosen:
                for value in kinds if _may_hold_an_id(form, name) else kinds[:1]:
                    yield _filled(path, form, {name: [value]})
            typed = [name for name in form.fields if name not in form.chosen]
            for value in (victim.site.host, victim.owner.username, victim.site.public_id):
                yield _filled(path, form, {name: [value] for name in typed})


def _may_hold_an_id(form: Form, name: str) -> bool:
    """Whether the page itself has put a number or a UUID there, or will have (an empty hidden field)."""
    offered = [value for value in (*form.fields[name], *form.choices.get(name, [])) if value]
    return not offered or any(value.isdigit() or value.count("-") > 1 for value in offered)


def _filled(path: str, form: Form, changed: dict[str, list[str]]) -> Ask:
    fields = {**form.fields, **changed}
    if form.method == "post":
        return Ask("POST", path, fields)
    return Ask("GET", path, query=tuple((name, (given or [""])[0]) for name, given in fields.items()))


def queries(paths: list[str], victim: Estate) -> Iterator[Ask]:
    """Each page with the victim's ids in its query, all at once and, where no address names a site, one at a
    time; and with lookups across relations."""
    ids = id_body(victim)
    for path in paths:
        yield Ask("GET", path, query=tuple(ids.items()))
        if path.startswith("/workspace/sites/"):
            continue  # one site's pages: Django's lists, the log and the tokens are elsewhere
        for name, value in ids.items():
            yield Ask("GET", path, query=((name, value),))
        for name in LOOKUPS:
            yield Ask("GET", path, query=((name, victim.word[:FRAGMENT]),))
        for name in ("q", "o", "all", "e", "_popup", "_to_field"):
            yield Ask("GET", path, query=((name, victim.word[:FRAGMENT] if name == "q" else "1"),))


def autocompletions(victim: Estate) -> Iterator[Ask]:
    """Django's search behind choice fields, for every relation of every model."""
    for model in apps.get_models():
        for column in model._meta.get_fields():
            if column.is_relation and column.many_to_one:
                query = {
                    "app_label": model._meta.app_label,
                    "model_name": model._meta.model_name or "",
                    "field_name": column.name,
                    "term": victim.word[:FRAGMENT],
                }
                yield Ask("GET", reverse("admin:autocomplete"), query=tuple(query.items()))


def api_asks(paths: list[str], victim: Estate) -> Iterator[Ask]:
    """The management API with bodies that would be good if they came from the victim."""
    key, site = victim.ids["key"], victim.ids["site"]
    bodies: list[dict[str, Any]] = [
        {},
        {"keyId": key},
        {"siteId": site},
        {"siteId": site, "label": "stolen", "allowedDomains": ["stolen.example"]},
        {"siteId": site, "interviewQuestions": []},
        {"siteId": site, "enabled": True},
        {"keyId": key, "active": False},
        {"keyId": key, "capabilities": {}},
        {"keyId": key, "capabilities": {"roverEmbed": False}},
        {"keyId": key, "roverPolicy": {"agentName": "stolen"}},
        {"keyId": key, "graceSeconds": 60},
        {"keyId": key, "siteConfig": {"shortcuts": []}},
        {"urls": ["http://127.0.0.1/"]},
    ]
    for path in paths:
        for body in bodies:
            yield Ask("POST", path, body, is_json=True)


def collection_asks(victim: Estate) -> Iterator[Ask]:
    """Every collection, by what is the owner's alone, as a page and as each kind of file."""
    for name in COLLECTIONS:
        path = f"/v1/roverbook/collections/{name}"
        for form in ("", *FORMATS):
            query = (("format", form),) if form else ()
            yield Ask("GET", path, query=query)
            for asked in (
                ("siteId", victim.site.public_id),
                ("q", victim.word[:FRAGMENT]),
                ("agentKey", key_of(victim.word)),
            ):
                yield Ask("GET", path, query=(*query, asked))
        for asked in (
            ("visitId", visit_of(victim.word)),
            ("filter", f"agent:{victim.word[:FRAGMENT]}*"),
            ("provenance", "all"),
        ):
            yield Ask("GET", path, query=(asked,))


def asks_about(victim: Estate) -> Iterator[Ask]:
    """RoverBook's pages that ask in their address whom they are about."""
    for path in pages_about(victim.word, victim.site, victim.visit.session_id):
        yield Ask("GET", path)
        yield Ask("POST", path, {"typed": key_of(victim.word), "kind": "agent", "name": key_of(victim.word)})
        yield Ask("POST", path, {"key": key_of(victim.word), "access": "block"})
