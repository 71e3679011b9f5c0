"""API tokens: made, shown once, ended."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core import signing
from django.test import Client
from django.utils import timezone

from workspace.admin.pages.tokens import SALT
from workspace.core.ids import new_id
from workspace.core.tokens import Scope
from workspace.models import AuditEntry, OwnerToken, User
from workspace.selectors.owners import owner_token_live
from workspace.services.owners import owner_token_create, owner_token_revoke

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
LIST, NEW = "/workspace/tokens/", "/workspace/tokens/new/"
HOSTILE = "<script>alert(1)</script>"
GOOD = {"name": "nightly build", "scopes": ["fetch", "read"], "expiry": "30"}


def ticket(client: Client) -> str:
    """What the form carries."""
    return str(client.get(NEW).context["form"].initial["ticket"])


def make(client: Client, **instead: object) -> str:
    """The value on the answer page."""
    response = client.post(NEW, {**GOOD, "ticket": ticket(client), **instead})
    assert response.status_code == 200, response.content.decode()[:3000]
    found = re.search(r"data-copy-source>(rvo_[\w-]{43})<", response.content.decode())
    assert found is not None
    return found[1]


def token_of(owner: User, name: str = "cron", days: int | None = None) -> OwnerToken:
    now = timezone.now()
    ends = None if days is None else now + timedelta(days=days)
    owner_token_create(owner=owner, name=name, scopes=[Scope.FETCH], now=now, expires_at=ends)
    return OwnerToken.objects.get(owner=owner, name=name)


def revoke(token: OwnerToken) -> str:
    return f"{LIST}{token.pk}/revoke/"


def test_somebody_without_tokens_is_told_what_they_are(client_of: ClientOf, owner: User) -> None:
    shown = client_of(owner).get(LIST).content.decode()
    assert "You have no token yet" in shown
    assert NEW in shown


def test_the_value_that_is_shown_works(client_of: ClientOf, owner: User) -> None:
    token = owner_token_live(token=make(client_of(owner)), now=timezone.now())
    assert token is not None
    assert (token.owner, token.name, token.scopes) == (owner, "nightly build", ["fetch", "read"])


def test_a_ready_line_carries_the_value(client_of: ClientOf, owner: User) -> None:
    client = client_of(owner)
    response = client.post(NEW, {**GOOD, "ticket": ticket(client)})
    assert "Authorization: Bearer rvo_" in response.content.decode()


@pytest.mark.parametrize(("choice", "days"), [("7", 7), ("365", 365), ("0", None)])
def test_the_token_ends_when_it_was_asked_to(
    client_of: ClientOf, owner: User, choice: str, days: int | None
) -> None:
    make(client_of(owner), expiry=choice)
    token = OwnerToken.objects.get()
    lives = token.expires_at - token.created_at if token.expires_at else None
    assert lives == (timedelta(days=days) if days else None)


def test_the_value_is_kept_nowhere(client_of: ClientOf, owner: User) -> None:
    client = client_of(owner)
    value = make(client)
    stored = [str(session.get_decoded()) for session in Session.objects.all()]
    stored += [str(row) for row in OwnerToken.objects.values()]
    stored += [str(row) for row in AuditEntry.objects.values()]
    stored += [str(client.cookies), client.get(LIST).content.decode()]
    assert value not in "".join(stored)


def test_the_answer_is_kept_by_no_cache(client_of: ClientOf, owner: User) -> None:
    client = client_of(owner)
    response = client.post(NEW, {**GOOD, "ticket": ticket(client)})
    assert "no-store" in response.headers["Cache-Control"]


def test_a_reload_of_the_answer_makes_no_second_token(client_of: ClientOf, owner: User) -> None:
    client = client_of(owner)
    form = {**GOOD, "ticket": ticket(client)}
    client.post(NEW, form)
    again = client.post(NEW, form)
    assert again.status_code == 409
    assert "made already" in again.content.decode()
    assert "rvo_" not in again.content.decode().split("rv-page", 1)[1]
    assert OwnerToken.objects.count() == 1


@pytest.mark.parametrize(
    ("instead", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "bell \a"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["fetch", "everything"]}, "scopes"),
        ({"expiry": "9999"}, "expiry"),
        ({"ticket": ""}, "ticket"),
    ],
)
def test_a_wrong_value_is_refused_at_its_field_and_the_rest_stays(
    client_of: ClientOf, owner: User, instead: dict[str, object], field: str
) -> None:
    client = client_of(owner)
    response = client.post(NEW, {**GOOD, "ticket": ticket(client), **instead})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    if field != "name":
        assert "nightly build" in response.content.decode()
    assert not OwnerToken.objects.exists()


@pytest.mark.parametrize("what", ["forged", "another's", "old"])
def test_a_form_that_was_not_given_to_this_person_today_makes_nothing(
    client_of: ClientOf, owner: User, other: User, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(owner)
    carried = {
        "forged": signing.dumps([str(new_id()), owner.pk], salt="another salt"),
        "another's": signing.dumps([str(new_id()), other.pk], salt=SALT),
        "old": signing.dumps([str(new_id()), owner.pk], salt=SALT),
    }[what]
    if what == "old":
        monkeypatch.setattr("workspace.admin.pages.tokens.FORM_SECONDS", -1)
    response = client.post(NEW, {**GOOD, "ticket": carried})
    assert response.status_code == 422
    assert "open for more than a day" in response.content.decode()
    assert not OwnerToken.objects.exists()


def test_making_and_ending_are_on_record(client_of: ClientOf, owner: User) -> None:
    client = client_of(owner)
    make(client)
    client.post(revoke(OwnerToken.objects.get()))
    rows = AuditEntry.objects.filter(subject_kind="owner_token").order_by("id")
    assert [(row.action, row.actor, row.door, row.ip) for row in rows] == [
        ("owner_token.created", owner, "workspace", "127.0.0.1"),
        ("owner_token.revoked", owner, "workspace", "127.0.0.1"),
    ]


def test_ending_asks_first(client_of: ClientOf, owner: User) -> None:
    token = token_of(owner)
    response = client_of(owner).get(revoke(token))
    assert "This cannot be undone" in response.content.decode()
    token.refresh_from_db()
    assert token.revoked_at is None


def test_an_ended_token_is_listed_as_such(client_of: ClientOf, owner: User) -> None:
    token = token_of(owner)
    response = client_of(owner).post(revoke(token), follow=True)
    assert response.redirect_chain == [(LIST, 302)]
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert "rv-state-revoked" in response.content.decode()


def test_the_list_tells_states_apart(client_of: ClientOf, owner: User, now: datetime) -> None:
    token_of(owner, "live")
    token_of(owner, "over", days=-1)
    owner_token_revoke(token=token_of(owner, "ended", days=-2), now=now)
    rows = client_of(owner).get(LIST).context["rows"]
    assert {row["token"].name: row["state"] for row in rows} == {
        "live": "active",
        "over": "expired",
        "ended": "revoked",
    }


@pytest.mark.parametrize("method", ["get", "post"])
def test_anothers_token_is_not_found(client_of: ClientOf, owner: User, other: User, method: str) -> None:
    token = token_of(owner)
    assert getattr(client_of(other), method)(revoke(token)).status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


def test_the_list_is_ones_own(client_of: ClientOf, owner: User, other: User) -> None:
    token_of(owner, "of the owner")
    assert "of the owner" not in client_of(other).get(LIST).content.decode()


def test_an_administrator_ends_anybodys_token(client_of: ClientOf, owner: User, administrator: User) -> None:
    token = token_of(owner)
    client_of(administrator).post(revoke(token))
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert AuditEntry.objects.get(action="owner_token.revoked").actor == administrator


def test_a_name_is_text(client_of: ClientOf, owner: User) -> None:
    client = client_of(owner)
    token_of(owner, HOSTILE)
    for path in (LIST, revoke(OwnerToken.objects.get())):
        assert HOSTILE not in client.get(path).content.decode()


def test_the_administrators_list_names_owners_and_holds_no_digest(
    client_of: ClientOf, owner: User, administrator: User
) -> None:
    token = token_of(owner)
    shown = client_of(administrator).get("/workspace/workspace/ownertoken/").content.decode()
    assert "cron" in shown
    assert revoke(token) in shown
    assert token.digest not in shown


def test_owners_have_no_list_of_everybodys_tokens(client_of: ClientOf, owner: User) -> None:
    assert client_of(owner).get("/workspace/workspace/ownertoken/").status_code == 403
