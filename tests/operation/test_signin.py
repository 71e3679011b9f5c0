"""One-time sign-in links."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from rover_site.signin import sign_in
from workspace.models import User
from workspace.services.owners import owner_create
from workspace.signin import (
    LIFETIME,
    SignInLinkGone,
    sign_in_link_create,
    sign_in_link_owner,
    sign_in_link_use,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


@pytest.fixture
def owner() -> User:
    return owner_create(username="mara", password=None)


def token_of(owner: User, now: datetime = NOW) -> str:
    return sign_in_link_create(owner=owner, now=now).removeprefix("/sign-in/")


def test_a_link_names_its_owner_as_often_as_it_is_looked_at(owner: User) -> None:
    token = token_of(owner)
    assert sign_in_link_owner(token=token, now=NOW) == owner
    assert sign_in_link_owner(token=token, now=NOW) == owner


def test_a_link_works_once(owner: User) -> None:
    token = token_of(owner)
    assert sign_in_link_use(token=token, now=NOW) == owner
    with pytest.raises(SignInLinkGone):
        sign_in_link_use(token=token, now=NOW)


def test_a_used_link_voids_the_other_links_of_its_owner(owner: User) -> None:
    first, second = token_of(owner), token_of(owner, NOW + timedelta(seconds=1))
    sign_in_link_use(token=first, now=NOW)
    with pytest.raises(SignInLinkGone):
        sign_in_link_use(token=second, now=NOW)


def test_a_link_ends_after_its_lifetime(owner: User) -> None:
    token = token_of(owner)
    assert sign_in_link_owner(token=token, now=NOW + LIFETIME - timedelta(seconds=1)) == owner
    with pytest.raises(SignInLinkGone):
        sign_in_link_owner(token=token, now=NOW + LIFETIME)


def test_a_new_password_voids_the_links_before(owner: User) -> None:
    token = token_of(owner)
    owner.set_password("something long and new")
    owner.save()
    with pytest.raises(SignInLinkGone):
        sign_in_link_owner(token=token, now=NOW)


def test_a_link_of_somebody_who_may_not_sign_in_any_more_is_void(owner: User) -> None:
    token = token_of(owner)
    User.objects.update(is_active=False)
    with pytest.raises(SignInLinkGone):
        sign_in_link_owner(token=token, now=NOW)


@pytest.mark.parametrize("token", ["", "x", "a:b:c", "eyJvIjoxfQ:AAAA"])
def test_a_made_up_link_is_void(owner: User, token: str) -> None:
    with pytest.raises(SignInLinkGone):
        sign_in_link_owner(token=token, now=NOW)


def test_a_changed_link_is_void(owner: User) -> None:
    token = token_of(owner)
    changed = ("A" if token[0] != "A" else "B") + token[1:]
    with pytest.raises(SignInLinkGone):
        sign_in_link_owner(token=changed, now=NOW)


def visit(method: str, token: str, session: SessionStore) -> HttpResponse:
    request = RequestFactory().generic(method, f"/sign-in/{token}")
    request.session = session
    request.user = AnonymousUser()
    return sign_in(request, token=token)


def test_looking_at_the_page_does_not_sign_in(owner: User) -> None:
    session = SessionStore()
    answer = visit("GET", token_of(owner, timezone.now()), session)
    assert answer.status_code == 200
    assert b"mara" in answer.content
    assert "_auth_user_id" not in session


def test_the_button_signs_in_and_leads_to_the_workspace(owner: User) -> None:
    session = SessionStore()
    answer = visit("POST", token_of(owner, timezone.now()), session)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert session["_auth_user_id"] == str(owner.pk)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_used_link_is_answered_with_410(owner: User, method: str) -> None:
    token = token_of(owner, timezone.now())
    visit("POST", token, SessionStore())
    answer = visit(method, token, SessionStore())
    assert answer.status_code == 410
    assert b"rover owner link" in answer.content


def test_the_page_is_kept_by_no_cache(owner: User) -> None:
    answer = visit("GET", token_of(owner, timezone.now()), SessionStore())
    assert "no-store" in answer.headers["Cache-Control"]
