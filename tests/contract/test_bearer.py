"""One credential, one answer: the streams and the views read the Authorization header alike."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from tests.tasks.streaming_fixtures import in_database
from tests.tasks.test_streaming_access import answer
from workspace.bearer import bearer_token
from workspace.core.credentials import Forbidden, InvalidToken, Unauthenticated
from workspace.core.tokens import Scope
from workspace.models import OwnerToken, User
from workspace.services.owners import owner_create, owner_token_create, owner_token_revoke

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner(db: None) -> User:
    return owner_create(username="owner", password=None)


def make(owner: User, name: str = "script", *scopes: Scope, **kwargs: Any) -> str:
    return owner_token_create(
        owner=owner, name=name, scopes=scopes or (Scope.FETCH,), now=timezone.now(), **kwargs
    )


def test_a_live_token_tells_its_owner_and_scopes_and_notes_its_use(owner: User) -> None:
    now = timezone.now()
    token = make(owner, "script", Scope.FETCH, Scope.READ)

    bearer = bearer_token(f"bearer {token} ", now=now)

    stored = OwnerToken.objects.get()
    assert (bearer.owner_id, bearer.token_id, bearer.scopes) == (
        owner.pk,
        stored.pk,
        frozenset({"fetch", "read"}),
    )
    assert stored.last_used_at == now


def test_no_header_is_no_credential() -> None:
    with pytest.raises(Unauthenticated) as caught:
        bearer_token("", now=timezone.now())

    assert not isinstance(caught.value, InvalidToken)


def test_a_token_of_somebody_who_may_not_sign_in_any_more_opens_nothing(owner: User) -> None:
    token = make(owner)
    User.objects.update(is_active=False)

    with pytest.raises(InvalidToken):
        bearer_token(f"Bearer {token}", now=timezone.now())


def test_one_of_several_scopes_is_enough_and_manage_is_none_of_them(owner: User) -> None:
    now = timezone.now()
    bearer_token(f"Bearer {make(owner, 'r', Scope.READ)}", now=now).require(Scope.FETCH, Scope.READ)

    with pytest.raises(Forbidden):
        bearer_token(f"Bearer {make(owner, 'm', Scope.MANAGE)}", now=now).require(Scope.FETCH, Scope.READ)


@pytest.mark.parametrize("kind", ["none", "basic", "empty", "unknown", "foreign", "expired", "revoked"])
async def test_a_bad_credential_gets_the_same_answer_at_a_stream_and_at_a_view(
    kind: str, owner: User
) -> None:
    authorization = await in_database(bad_credential)(kind, owner)
    headers = {"authorization": authorization} if authorization else {}
    task_id = uuid4()

    stream = await answer(f"/v1/batches/{task_id}", **headers)
    view = await answer(f"/v1/batches/{task_id}/items", **headers)

    assert (stream.status, view.status) == (401, 401)
    assert stream.headers["www-authenticate"] == view.headers["www-authenticate"]
    assert ("invalid_token" in view.headers["www-authenticate"]) == (kind != "none")
    assert (stream.json()["code"], view.json()["code"]) == ("unauthenticated", "unauthenticated")


def bad_credential(kind: str, owner: User) -> str:
    now = timezone.now()
    match kind:
        case "expired":
            return f"Bearer {make(owner, expires_at=now - timedelta(days=1))}"
        case "revoked":
            token = make(owner)
            owner_token_revoke(token=OwnerToken.objects.get(), now=now)
            return f"Bearer {token}"
        case _:
            texts = {"none": "", "basic": "Basic abc", "empty": "Bearer", "unknown": "Bearer rvo_wrong"}
            return texts.get(kind, f"Bearer {make(owner).removeprefix('rvo_')}")


async def test_a_token_without_the_scope_gets_the_same_answer_at_a_stream_and_at_a_view(owner: User) -> None:
    token = await in_database(make)(owner, "m", Scope.MANAGE)
    headers = {"authorization": f"Bearer {token}"}
    task_id = uuid4()

    stream = await answer(f"/v1/batches/{task_id}", **headers)
    view = await answer(f"/v1/batches/{task_id}/items", **headers)

    assert [(a.status, a.json()["code"]) for a in (stream, view)] == [(403, "forbidden")] * 2
