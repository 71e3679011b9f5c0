"""The management API refuses every bad call in one shape: each operation, each way to be refused."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from unittest import mock

import pytest

import roverbook.api.urls
import workspace.api.urls
from tests.workspace.api_support import (
    KEY_BODIES,
    NAMES,
    READERS,
    SITE_BODIES,
    call,
    data_of,
    fields_of,
    refusal_of,
)
from workspace.core.tokens import Scope
from workspace.models import AuditEntry, Site, SiteKey, User
from workspace.services.audit import Actor
from workspace.services.keys import key_end_now, key_rotate

Tokens = Callable[..., str]
VIEWS = {**workspace.api.urls.VIEWS, **roverbook.api.urls.VIEWS}
EVERY = pytest.mark.parametrize("name", NAMES)
pytestmark = pytest.mark.django_db


def full_body(name: str, site: Site, key: SiteKey) -> dict[str, Any]:
    """A body that is accepted."""
    if name in KEY_BODIES:
        return KEY_BODIES[name] | {"keyId": str(key.pk)}
    return SITE_BODIES[name] | {"siteId": site.public_id} if name in SITE_BODIES else {}


def test_every_operation_is_tried_here() -> None:
    assert sorted(NAMES) == sorted(VIEWS)


# --- who calls ---


@EVERY
@pytest.mark.parametrize("prefix", ["/", "/api/v1/"])
def test_without_a_token_the_answer_is_a_challenge(name: str, prefix: str) -> None:
    response = call(name, token=None, prefix=prefix)

    assert refusal_of(response) == (401, "unauthenticated")
    assert response["WWW-Authenticate"] == 'Bearer realm="rover"'


@EVERY
def test_a_token_that_is_not_good_gets_a_challenge_that_says_so(name: str) -> None:
    response = call(name, token="rvo_wrong")

    assert refusal_of(response) == (401, "unauthenticated")
    assert 'error="invalid_token"' in response["WWW-Authenticate"]


@EVERY
@pytest.mark.parametrize("scope", [Scope.READ, Scope.FETCH])
def test_other_scopes_than_manage_open_nothing_but_read_what_only_reads(
    name: str, scope: Scope, site: Site, key: SiteKey, owner: User, token_of: Tokens
) -> None:
    response = call(name, full_body(name, site, key), token=token_of(owner, scope))

    if name in READERS and scope is Scope.READ:
        data_of(response)
    else:
        assert refusal_of(response) == (403, "forbidden")


@EVERY
def test_manage_alone_is_enough_at_both_addresses(
    name: str, site: Site, key: SiteKey, owner: User, token_of: Tokens
) -> None:
    token = token_of(owner, Scope.MANAGE)
    body = full_body(name, site, key)
    prefixes = ["/api/v1/"] if name == "rotateRoverSiteKey" else ["/", "/api/v1/"]

    for prefix in prefixes:
        data_of(call(name, body, token=token, prefix=prefix))


@pytest.mark.parametrize("name", [*KEY_BODIES, *SITE_BODIES])
def test_a_stranger_is_refused_and_nothing_is_written(
    name: str, site: Site, key: SiteKey, other: User, token_of: Tokens
) -> None:
    token = token_of(other)
    written = AuditEntry.objects.count()

    response = call(name, full_body(name, site, key), token=token)

    assert refusal_of(response) == (403, "forbidden")
    assert AuditEntry.objects.count() == written


@pytest.mark.parametrize("name", [*KEY_BODIES, *SITE_BODIES])
def test_a_viewer_may_read_and_an_admin_may_change(
    name: str, site: Site, key: SiteKey, viewer: User, colleague: User, token_of: Tokens
) -> None:
    by_viewer = call(name, full_body(name, site, key), token=token_of(viewer))
    by_admin = call(name, full_body(name, site, key), token=token_of(colleague))

    if name in READERS:
        data_of(by_viewer)
    else:
        assert refusal_of(by_viewer) == (403, "forbidden")
    data_of(by_admin)


# --- what is called ---


@pytest.mark.parametrize("name", KEY_BODIES)
@pytest.mark.parametrize(
    "key_id",
    ["0f5b3f2e-6d3a-4d3e-9a60-1c2d3e4f5a6b", "", "nonsense", "\x00", "\ud800", "x" * 5000],
    ids=ascii,
)
def test_an_unknown_key_is_not_found(name: str, key_id: str, owner: User, token_of: Tokens) -> None:
    response = call(name, KEY_BODIES[name] | {"keyId": key_id}, token=token_of(owner))

    assert refusal_of(response) == (404, "key_not_found")


@pytest.mark.parametrize("name", SITE_BODIES)
@pytest.mark.parametrize("site_id", ["bakery-zzzzzz", "", "\x00", "ΑΒΓ", "corner-bakery"], ids=ascii)
def test_an_unknown_site_is_not_found(name: str, site_id: str, owner: User, token_of: Tokens) -> None:
    response = call(name, SITE_BODIES[name] | {"siteId": site_id}, token=token_of(owner))

    assert refusal_of(response) == (404, "site_not_found")


@pytest.mark.parametrize("name", sorted(set(KEY_BODIES) - {"updateApiKeyCapabilities"}))
def test_a_site_that_is_not_the_keys_is_a_conflict(
    name: str, site: Site, key: SiteKey, owner: User, token_of: Tokens
) -> None:
    body = full_body(name, site, key) | {"siteId": "another-site-a1B2c3"}

    response = call(name, body, token=token_of(owner))

    assert refusal_of(response) == (409, "site_mismatch")
    assert "listRoverSiteKeys" in response.json()["data"]["next_action"]


@pytest.mark.parametrize("name", sorted(set(KEY_BODIES) - {"updateApiKeyCapabilities"}))
def test_the_keys_own_site_may_be_named(
    name: str, site: Site, key: SiteKey, owner: User, token_of: Tokens
) -> None:
    data_of(call(name, full_body(name, site, key) | {"siteId": site.public_id}, token=token_of(owner)))


@pytest.mark.parametrize("name", sorted(set(KEY_BODIES) - READERS))
@pytest.mark.parametrize("how", ["revoked", "rotated", "in its grace"])
def test_a_key_that_has_ended_changes_nothing_any_more(
    name: str, how: str, site: Site, key: SiteKey, owner: User, actor: Actor, now: datetime, token_of: Tokens
) -> None:
    if how == "revoked":
        key_end_now(actor=actor, key=key, now=now)
    else:
        key_rotate(actor=actor, key=key, now=now, grace_seconds=600 if how == "in its grace" else 0)

    response = call(name, full_body(name, site, key), token=token_of(owner))

    assert refusal_of(response) == (409, "key_ended")


# --- how it is called ---


@EVERY
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(name: str, method: str, owner: User, token_of: Tokens) -> None:
    response = call(name, token=token_of(owner), method=method)

    assert refusal_of(response) == (405, "method_not_allowed")
    assert response["Allow"] == "POST"


@EVERY
@pytest.mark.parametrize(
    "body", ["{", '{"a": NaN}', b"\xff", "[" * 100_000, '{"n": ' + "9" * 5000 + "}"], ids=repr
)
def test_a_body_that_is_no_json_is_refused(
    name: str, body: str | bytes, owner: User, token_of: Tokens
) -> None:
    assert refusal_of(call(name, body, token=token_of(owner))) == (400, "invalid_json")


@EVERY
@pytest.mark.parametrize("body", ["[]", "null", '"text"', "7", "true"])
def test_a_body_that_is_no_object_is_refused(name: str, body: str, owner: User, token_of: Tokens) -> None:
    response = call(name, body, token=token_of(owner))

    assert refusal_of(response) == (422, "validation_failed")
    assert fields_of(response) == {"": "wrong_type"}


@EVERY
@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_another_media_type_is_refused_even_with_json_in_it(
    name: str, media_type: str, owner: User, token_of: Tokens
) -> None:
    response = call(name, '{"keyId": "x"}', token=token_of(owner), content_type=media_type)

    assert refusal_of(response) == (415, "unsupported_media_type")


@EVERY
def test_a_body_over_two_mebibytes_is_refused(name: str, owner: User, token_of: Tokens) -> None:
    response = call(name, '{"keyId": "' + "x" * 2_200_000 + '"}', token=token_of(owner))

    assert refusal_of(response) == (413, "too_large")


@EVERY
def test_an_unknown_field_is_a_bad_request_that_names_it(
    name: str, site: Site, key: SiteKey, owner: User, token_of: Tokens
) -> None:
    response = call(name, full_body(name, site, key) | {"colour": 1}, token=token_of(owner))

    assert refusal_of(response) == (400, "validation_failed")
    assert fields_of(response) == {"colour": "unknown_field"}


@pytest.mark.parametrize("name", [*KEY_BODIES, *SITE_BODIES])
def test_what_must_be_there_and_is_not_is_named(name: str, owner: User, token_of: Tokens) -> None:
    response = call(name, {}, token=token_of(owner))

    needed = {**KEY_BODIES, **SITE_BODIES}[name].keys() - {"siteId"}
    named = {"keyId"} if name in KEY_BODIES else set() if name == "generateRoverSiteKey" else {"siteId"}
    assert refusal_of(response) == (422, "validation_failed")
    assert fields_of(response) == dict.fromkeys(needed | named, "required")


@pytest.mark.parametrize("name", [*KEY_BODIES, *SITE_BODIES])
@pytest.mark.parametrize("value", [7, True, [], {}], ids=repr)
def test_an_id_that_is_no_text_is_named(name: str, value: object, owner: User, token_of: Tokens) -> None:
    field = "keyId" if name in KEY_BODIES else "siteId"
    body = {**KEY_BODIES, **SITE_BODIES}[name] | {field: value}

    response = call(name, body, token=token_of(owner))

    assert refusal_of(response) == (422, "validation_failed")
    assert fields_of(response) == {field: "wrong_type"}


@EVERY
def test_a_fault_of_the_server_has_the_envelope_and_says_nothing_of_the_inside(
    name: str, site: Site, key: SiteKey, owner: User, token_of: Tokens
) -> None:
    token = token_of(owner)
    module = VIEWS[name].__module__
    with mock.patch(f"{module}.body_of", side_effect=RuntimeError("secret")):
        response = call(name, full_body(name, site, key), token=token, Accept="text/html")

    assert refusal_of(response) == (500, "internal_error")
    assert "secret" not in response.content.decode()


def test_below_api_v1_an_unknown_name_has_the_envelope_too(db: None) -> None:
    assert refusal_of(call("noSuchThing", token=None, prefix="/api/v1/", Accept="text/html")) == (
        404,
        "not_found",
    )


def test_elsewhere_an_unknown_path_is_a_problem(db: None) -> None:
    response = call("noSuchThing", token=None)

    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
