"""/openapi.json says what the server does: every path, valid by the standard, true for what comes back."""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import hypothesis
import jsonschema  # type: ignore[import-untyped]  # brings no types
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from django.urls import URLPattern
from django.utils import timezone
from drf_spectacular.validation import validate_schema
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import roverbook.api.urls
import workspace.api.urls
from rover_site.openapi import OPERATIONS, document
from rover_site.urls import urlpatterns
from tests.contract.test_docs import as_told, django_paths, streamed_paths
from tests.tasks.streaming_fixtures import finish, in_database, make_task
from tests.tasks.test_streaming_access import answer
from tests.workspace.api_support import KEY_BODIES, SITE_BODIES, call
from workspace.core.doors import Door
from workspace.core.tokens import Scope
from workspace.models import HostClaim, SiteConfig, SiteKey, User
from workspace.services.audit import Actor
from workspace.services.keys import key_create
from workspace.services.owners import owner_create, owner_token_create
from workspace.services.sites import site_create

FOR_PEOPLE = re.compile(
    r"^(|docs|favicon\.ico|(embed|roverbook)(\.js|/.*)|roverbookRouter/.*|sign-in/.*|workspace/.*)$"
)
EXAMPLES_PER_OPERATION = 25
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MAY_BE_DOWN = [check for check in CHECKS if check is not not_a_server_error]
NEVER_UP = {"GET /readyz"}  # there is no worker here
MANAGEMENT = {**workspace.api.urls.VIEWS, **roverbook.api.urls.VIEWS}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document()["paths"].items():
        for method, described in methods.items():
            yield path, method, described


def validator(schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    """A validator of a part of the document; formats count."""
    whole = schema | {"components": document()["components"]}
    return jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker())


def told_in_full(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, and no field that it does not name."""
    whole = copy.deepcopy(schema | {"components": document()["components"]})

    def close(part: object) -> None:
        if isinstance(part, dict):
            if "properties" in part and part.get("type") == "object":
                part.setdefault("additionalProperties", False)
            for inner in part.values():
                close(inner)
        elif isinstance(part, list):
            for inner in part:
                close(inner)

    close(whole)
    return whole


def answer_schema(path: str, method: str, status: int) -> dict[str, Any]:
    content = document()["paths"][path][method]["responses"][str(status)]["content"]
    schema: dict[str, Any] = content["application/json"]["schema"]
    return schema


# --- the document ---


def test_everybody_may_read_it(db: None) -> None:
    response = Client().get("/openapi.json")

    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert response.json() == json.loads(json.dumps(document()))


def test_it_is_valid_openapi_3_1() -> None:
    assert document()["openapi"] == "3.1.0"
    validate_schema(document())  # type: ignore[no-untyped-call]  # the library says no types


def test_each_schema_in_it_is_a_valid_json_schema() -> None:
    for name, schema in document()["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema | {"$comment": name})


def test_every_reference_leads_somewhere() -> None:
    refs = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document())))

    assert refs
    assert refs <= document()["components"]["schemas"].keys()


def test_every_schema_is_used() -> None:
    refs = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document())))

    assert document()["components"]["schemas"].keys() - refs == set()


def test_every_path_of_the_server_is_described_but_the_pages_for_people() -> None:
    served = {as_told(path) for path in [*django_paths(urlpatterns), *streamed_paths()]}

    described = {path.removeprefix("/") for path in document()["paths"]}

    assert {path for path in served if not FOR_PEOPLE.match(path)} == described


def test_the_names_of_the_management_api_are_its_operation_ids() -> None:
    named = {
        path: described["operationId"]
        for path, _, described in operations()
        if described["tags"] == ["Management"]
    }

    assert {path: name for path, name in named.items() if not path.startswith("/api/v1/")} == {
        f"/{name}": name for name in MANAGEMENT
    }
    assert {path for path in named if path.startswith("/api/v1/")} == {
        f"/api/v1/{name}" for name in MANAGEMENT
    }


def test_operation_ids_are_unique() -> None:
    names = [described["operationId"] for _, _, described in operations()]

    assert len(names) == len(set(names))


VIEW_PATTERNS = [*workspace.api.urls.urlpatterns, *roverbook.api.urls.urlpatterns]


@pytest.mark.parametrize("pattern", VIEW_PATTERNS, ids=lambda one: str(one.pattern))
def test_the_scopes_described_are_the_views_own(pattern: URLPattern) -> None:
    required = pattern.callback.cls.required_scope  # type: ignore[attr-defined]  # what the framework leaves there
    scopes = {required} if isinstance(required, Scope) else set(required)

    security = document()["paths"][f"/{pattern.pattern}"]["post"]["security"]

    assert [one for one in security if "ownerToken" in one] == [
        {"ownerToken": [str(s)]} for s in Scope if s in scopes
    ]
    assert {"oidcToken": []} in security


@pytest.mark.parametrize(
    ("path", "method", "described"),
    list(operations()),
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_every_example_fits_its_schema(path: str, method: str, described: dict[str, Any]) -> None:
    bodies = [described.get("requestBody", {}), *described["responses"].values()]
    contents = [content for body in bodies for content in body.get("content", {}).values()]

    for content in contents:
        for example in content["examples"].values():
            validator(content["schema"]).validate(example["value"])
    assert method == "head" or all(content["examples"] for content in contents)


def test_null_is_offered_where_it_is_accepted_and_nowhere_else() -> None:
    schemas = document()["components"]["schemas"]

    def nullable(name: str, field: str) -> bool:
        return {"type": "null"} in schemas[name]["properties"][field].get("anyOf", ())

    assert nullable("UpdateKeyPolicy", "active")
    assert nullable("RoverPolicy", "siteMode")
    assert nullable("SiteConfigPatch", "greeting")
    assert not nullable("UpdateKeyPolicy", "keyId")
    assert not nullable("FullPolicy", "siteMode")
    assert not any(nullable("BatchArguments", field) for field in schemas["BatchArguments"]["properties"])


# --- what comes back ---


@pytest.fixture
def owner(db: None) -> User:
    return owner_create(username="owner", password=None)


@pytest.fixture
def key(owner: User) -> SiteKey:
    now = timezone.now()
    actor = Actor(user=owner, door=Door.API)
    site = site_create(actor=actor, owner=owner, name="Corner Bakery", host="bakery.example", now=now)
    return key_create(actor=actor, site=site, label="One", allowed_domains=["bakery.example"], now=now).key


@pytest.fixture
def token(owner: User) -> str:
    return owner_token_create(owner=owner, name="script", scopes=tuple(Scope), now=timezone.now())


@pytest.mark.parametrize("name", MANAGEMENT)
def test_an_accepted_call_has_every_documented_field_and_no_other(
    name: str, key: SiteKey, token: str
) -> None:
    body = KEY_BODIES[name] | {"keyId": str(key.pk)} if name in KEY_BODIES else {}
    if name in SITE_BODIES:
        body = SITE_BODIES[name] | {"siteId": key.site.public_id}

    response = call(name, body, token=token)

    assert response.status_code == 200
    schema = told_in_full(answer_schema(f"/{name}", "post", 200))
    jsonschema.Draft202012Validator(schema).validate(response.json())


def example_bodies() -> Iterator[Any]:
    for operation in OPERATIONS:
        if operation.tag == "Management" and operation.body:
            for words, body in operation.body.examples.items():
                yield pytest.param(operation.name, body, id=f"{operation.name}-{words}")


@pytest.mark.parametrize(("name", "body"), list(example_bodies()))
def test_every_example_of_a_body_is_accepted(
    name: str, body: dict[str, Any], key: SiteKey, token: str
) -> None:
    own = {"keyId": str(key.pk), "siteId": key.site.public_id}
    filled = body | {field: own[field] for field in own if field in body}

    response = call(name, filled, token=token)

    assert response.status_code == 200, response.content


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json", "application/json"),
        ("text/event-stream", "text/event-stream; charset=utf-8"),
        ("application/x-ndjson", "application/x-ndjson"),
    ],
)
async def test_a_batch_is_read_in_the_documented_forms(accept: str, media_type: str) -> None:
    token, task_id = await in_database(ended_batch)()

    got = await answer(f"/v1/batches/{task_id}", accept=accept, authorization=f"Bearer {token}")

    content = document()["paths"]["/v1/batches/{id}"]["get"]["responses"]["200"]["content"]
    assert (got.status, got.headers["content-type"]) == (200, media_type)
    schema = told_in_full(content[accept]["schema"])
    value = got.json() if accept == "application/json" else got.body.decode()
    jsonschema.Draft202012Validator(schema).validate(value)


def ended_batch() -> tuple[str, UUID]:
    """A token and a batch of its owner that has ended."""
    owner = owner_create(username="reader", password=None)
    task_id = make_task(owner, n_events=2)
    finish(task_id)
    token = owner_token_create(owner=owner, name="script", scopes=(Scope.READ,), now=timezone.now())
    return token, task_id


@pytest.mark.parametrize("status", [401, 404, 406])
@pytest.mark.django_db(transaction=True)
async def test_a_refused_stream_has_the_documented_problem(status: int) -> None:
    token, task_id = await in_database(ended_batch)()
    path = f"/v1/batches/{UUID(int=7) if status == 404 else task_id}"
    headers = {} if status == 401 else {"authorization": f"Bearer {token}"}

    got = await answer(path, accept="image/png" if status == 406 else "*/*", **headers)

    content = document()["paths"]["/v1/batches/{id}"]["get"]["responses"][str(status)]["content"]
    assert (got.status, got.headers["content-type"]) == (status, "application/problem+json")
    validator(content["application/problem+json"]["schema"]).validate(got.json())


# --- calls made up from the document ---


def in_front_of_django(path: str, method: str) -> bool:
    """Those are made up in `test_openapi_tasks`, where a whole server answers them."""
    is_stream = path == "/v1/batches/{id}" and method in ("get", "head")
    is_collected = path.startswith("/v1/roverbook/") and "/collections/" not in path
    return is_stream or is_collected or path.startswith(("/v1/tasks", "/v1/workflows", "/v2/rover"))


def made_up() -> Any:
    """The document without what is answered in front of Django."""
    whole = copy.deepcopy(document())
    for path, methods in whole["paths"].items():
        whole["paths"][path] = {m: d for m, d in methods.items() if not in_front_of_django(path, m)}
    return schemathesis.openapi.from_dict(whole)


CALLS = {found.ok().label: found.ok() for found in made_up().get_all_operations()}


@pytest.fixture
def world(key: SiteKey, owner: User, token: str) -> dict[str, str]:
    """What made-up calls may hit."""
    now = timezone.now()
    HostClaim.objects.create(
        site=key.site, host=key.site.host, token="t", created_at=now, proved_at=now, method="txt"
    )
    SiteConfig.objects.filter(site=key.site).update(content={"aiAccess": {"enabled": True}})
    return {"keyId": str(key.pk), "siteId": key.site.public_id, "id": str(make_task(owner, n_events=2))}


@pytest.fixture
def one_connection() -> Iterator[None]:
    """The application shares the test's transaction, so it must not close the connection behind a request."""
    ends = (request_started, request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    yield
    for signal in ends:
        signal.connect(close_old_connections)


def aimed(case: Any, world: dict[str, str], hit: bool) -> None:
    """Put real ids where the case has made-up ones, because nobody guesses those."""
    if not hit:
        return
    if isinstance(case.body, dict):
        if "allowedDomains" in case.body:
            # what is made up is hardly ever a domain, nor are names and the policy's lists storable
            real = {"label": "Made up", "allowedDomains": ["bakery.example"], "siteId": world["siteId"]}
            case.body |= real
            for made_up in ("roverPolicy", "siteName"):
                case.body.pop(made_up, None)
        case.body |= {name: world[name] for name in ("keyId", "siteId") if name in case.body}
        if case.body.get("siteName") is not None:
            case.body.pop("siteId", None)
    case.path_parameters |= {name: world[name] for name in ("id", "siteId") if name in case.path_parameters}


@pytest.mark.once
@pytest.mark.no_cover  # each operation is measured where its own tests are
@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize("label", CALLS)
@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_calls_made_up_from_the_document_are_answered_as_it_says(
    label: str, world: dict[str, str], token: str
) -> None:
    operation = CALLS[label]
    operation.app = get_wsgi_application()
    statuses: set[int] = set()

    @hypothesis.settings(
        max_examples=EXAMPLES_PER_OPERATION,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(
        case=hypothesis.strategies.one_of(
            operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE),
            operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE),
        ),
        hit=hypothesis.strategies.booleans(),
        signed_in=hypothesis.strategies.sampled_from([True, True, True, False]),
    )
    def calls(case: Any, hit: bool, signed_in: bool) -> None:
        aimed(case, world, hit)
        headers = {"Authorization": f"Bearer {token}"} if signed_in else {}
        response = case.call(headers=headers)
        statuses.add(response.status_code)
        case.validate_response(response, checks=MAY_BE_DOWN if label == "GET /readyz" else CHECKS)

    calls()

    assert any(status < 300 for status in statuses) or label in NEVER_UP, statuses
