"""Batches over HTTP: tokens, problems, lists, items, cancel."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from rover_site.demo import DemoSiteThread
from tasks.models import Task
from tests.tasks.conftest import work_on
from workspace.core.tokens import Scope
from workspace.models import OwnerToken, User
from workspace.services.owners import owner_token_create, owner_token_revoke

URL = "http://127.0.0.1/"


@pytest.fixture
def api(token: str) -> Callable[..., Any]:
    """Call the API as the owner's script; a body is sent as JSON."""

    def call(method: str, path: str, body: object = None, bearer: str = token) -> Any:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        return Client().generic(method, path, data, content_type="application/json", headers=headers)

    return call


Api = Callable[..., Any]


def test_post_answers_202_with_the_handle_and_its_place(api: Api) -> None:
    response = api("POST", "/v1/batches", {"urls": [URL]})

    assert response.status_code == 202
    assert response["Location"] == f"/v1/batches/{response.json()['task_id']}"
    assert list(response.json()) == [
        "task_id",
        "status",
        "kind",
        "monitor_command",
        "poll_command",
        "cancel_command",
    ]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"urls": []}, 400, "empty_url_list"),
        ({"urls": [URL] * 101}, 400, "too_many_urls"),
        ({"urls": ["http://["]}, 400, "invalid_url"),
        ({"urls": ["http://10.0.0.1/"]}, 403, "ssrf_denied"),
        ({"urls": URL}, 400, "invalid_args"),
        ([URL], 400, "invalid_args"),
        ("{", 400, "invalid_json"),
        ("\xff", 400, "invalid_json"),
        ("", 400, "invalid_args"),
    ],
)
def test_bad_input_is_a_problem_with_its_code_and_nothing_is_stored(
    body: object, status: int, code: str, api: Api
) -> None:
    response = api("POST", "/v1/batches", body)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response["Content-Type"] == "application/problem+json"
    assert Task.objects.count() == 0


def test_a_body_over_two_mebibytes_is_too_large(api: Api) -> None:
    response = api("POST", "/v1/batches", {"urls": ["http://127.0.0.1/" + "a" * 3_000_000]})

    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_json_nested_beyond_reason_is_malformed(api: Api) -> None:
    response = api("POST", "/v1/batches", "[" * 200_000)

    assert (response.status_code, response.json()["code"]) == (400, "invalid_json")


def test_a_field_name_that_is_no_text_is_named_all_the_same(api: Api) -> None:
    response = api("POST", "/v1/batches", '{"urls": ["http://127.0.0.1/"], "\\ud800": 1}')

    assert (response.status_code, response.json()["code"]) == (400, "invalid_args")


def test_a_refused_batch_names_its_offenders(api: Api) -> None:
    response = api("POST", "/v1/batches", {"urls": [URL, "http://169.254.169.254/"]})

    assert response.json()["rejected"] == [
        {"index": 1, "url": "http://169.254.169.254/", "code": "ssrf_denied", "reason": "link_local"}
    ]


def test_without_a_token_401_asks_for_one(api: Api) -> None:
    response = api("POST", "/v1/batches", {"urls": [URL]}, bearer="")

    assert (response.status_code, response["WWW-Authenticate"]) == (401, 'Bearer realm="rover"')
    assert response.json()["code"] == "unauthenticated"


def test_a_token_that_is_unknown_revoked_or_expired_is_401(api: Api, owner: User) -> None:
    now = timezone.now()
    expired = owner_token_create(
        owner=owner, name="old", scopes=[Scope.FETCH], now=now, expires_at=now - timedelta(days=1)
    )
    revoked = owner_token_create(owner=owner, name="ended", scopes=[Scope.FETCH], now=now)
    owner_token_revoke(token=OwnerToken.objects.get(name="ended"), now=now)

    for bad in ("rvo_unknown", "nonsense", expired, revoked):
        assert api("GET", "/v1/batches", bearer=bad).status_code == 401


def test_a_token_without_the_scope_is_403(api: Api, owner: User) -> None:
    reader = owner_token_create(owner=owner, name="r", scopes=[Scope.READ], now=timezone.now())

    assert api("POST", "/v1/batches", {"urls": [URL]}, bearer=reader).status_code == 403


def test_the_database_holds_no_token(token: str, owner: User) -> None:
    stored = OwnerToken.objects.get()

    assert token not in str(vars(stored))
    assert stored.hint == token[-4:]


def test_a_stranger_sees_no_batch(api: Api, other_owner: User) -> None:
    task_id = api("POST", "/v1/batches", {"urls": [URL]}).json()["task_id"]
    stranger = owner_token_create(owner=other_owner, name="s", scopes=[Scope.FETCH], now=timezone.now())

    answers = [
        api("DELETE", f"/v1/batches/{task_id}", bearer=stranger),
        api("GET", f"/v1/batches/{task_id}/items", bearer=stranger),
    ]

    assert [(a.status_code, a.json()["code"]) for a in answers] == [(404, "task_not_found")] * 2
    assert api("GET", "/v1/batches", bearer=stranger).json() == {"batches": [], "next_before": None}
    assert Task.objects.get().cancellation_requested is False


def test_the_list_pages_through_the_newest_first(api: Api) -> None:
    made = [api("POST", "/v1/batches", {"urls": [URL]}).json()["task_id"] for _ in range(5)]

    first = api("GET", "/v1/batches?limit=2").json()
    second = api("GET", f"/v1/batches?limit=2&before={first['next_before']}").json()
    third = api("GET", f"/v1/batches?limit=2&before={second['next_before']}").json()

    pages = [[row["task_id"] for row in page["batches"]] for page in (first, second, third)]
    assert pages == [[made[4], made[3]], [made[2], made[1]], [made[0]]]
    assert third["next_before"] is None


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "before=7", "status=bogus", "status=%00"]
)
def test_a_bad_list_parameter_is_named(query: str, api: Api) -> None:
    response = api("GET", f"/v1/batches?{query}")

    assert (response.status_code, response.json()["code"]) == (400, "invalid_args")
    assert response.json()["errors"][0]["field"] == query.split("=", maxsplit=1)[0]


def test_delete_asks_for_a_cancel_and_says_when_there_is_nothing_to_cancel(api: Api) -> None:
    task_id = api("POST", "/v1/batches", {"urls": [URL]}).json()["task_id"]

    first = api("DELETE", f"/v1/batches/{task_id}")
    second = api("DELETE", f"/v1/batches/{task_id}")
    Task.objects.update(status="cancelled")
    third = api("DELETE", f"/v1/batches/{task_id}")

    assert [(r.status_code, r.json()["cancel"]) for r in (first, second, third)] == [
        (202, "requested"),
        (202, "already_requested"),
        (200, "ended"),
    ]


def test_items_tell_what_became_of_each_url(transactional_db: None, api: Api, origin: DemoSiteThread) -> None:
    urls = [origin.url("/visit"), origin.url("/nope")]
    task_id = api("POST", "/v1/batches", {"urls": urls}).json()["task_id"]
    work_on(Task.objects.get(pk=task_id))

    good, bad = api("GET", f"/v1/batches/{task_id}/items").json()["items"]

    assert (good["index"], good["url"], good["status"], good["http_status"]) == (0, urls[0], "done", 200)
    assert (bad["index"], bad["status"], bad["code"], bad["http_status"]) == (1, "failed", "gone", 404)
    assert api("GET", f"/v1/batches/{task_id}/items?after=0").json()["items"] == [bad]


def test_an_unknown_path_or_method_is_a_problem_too(api: Api) -> None:
    assert api("GET", "/v1/nothing").json()["code"] == "not_found"
    assert api("PUT", "/v1/batches", {}).json()["code"] == "method_not_allowed"


def test_another_media_type_is_415(token: str) -> None:
    response = Client().post(
        "/v1/batches", b"urls=x", content_type="application/x-www-form-urlencoded",
        headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip

    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_the_list_costs_a_fixed_number_of_queries(api: Api, django_assert_max_num_queries: Any) -> None:
    for _ in range(10):
        api("POST", "/v1/batches", {"urls": [URL]})

    with django_assert_max_num_queries(2):
        assert len(api("GET", "/v1/batches").json()["batches"]) == 10
