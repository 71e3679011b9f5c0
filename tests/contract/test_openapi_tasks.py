"""What is answered in front of Django is as /openapi.json says: by a whole server, over HTTP, with a worker."""

import copy
import json
import re
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import hypothesis
import jsonschema  # type: ignore[import-untyped]  # brings no types
import pytest
import schemathesis

from rover_site.openapi import document
from tasks.core.session_tokens import SessionClaims, sign_session
from tests.contract.test_openapi import CHECKS, in_front_of_django, told_in_full
from tests.contract.world import HERE, SECONDS, World

pytestmark = [pytest.mark.once, pytest.mark.processes, pytest.mark.timeout(180)]
EXAMPLES_PER_OPERATION = 25
_OF_RUN = ("command", "agent/step", "context/external", "events/ingest")
ASKS = "Could you please tell me?"


def made_up() -> Any:
    """The document with nothing else than what is answered in front of Django."""
    paths = document()["paths"]
    front = {
        path: {m: d for m, d in methods.items() if in_front_of_django(path, m)}
        for path, methods in paths.items()
    }
    return schemathesis.openapi.from_dict(
        document() | {"paths": {path: methods for path, methods in front.items() if methods}}
    )


CALLS = {found.ok().label: found.ok() for found in made_up().get_all_operations()}


def access_of(address: str) -> str:
    return address.partition("?access=")[2]


@dataclass
class Targets:
    """Real tasks for calls that are made up, each made when it is first needed."""

    world: World
    _made: dict[str, dict[str, Any]] = field(default_factory=dict)

    def task(self, label: str) -> dict[str, Any]:
        """A task that the operation can succeed with, if it has not changed it yet."""
        if label not in self._made:
            asks = label == "POST /v1/tasks/{id}"
            self._made[label] = (
                self.world.settled(ASKS) if asks else self.world.create("find the opening hours")
            )
        return self._made[label]

    def claim(self) -> dict[str, str]:
        """A receipt, and the session of a page of its site."""
        created = self.task("claim")
        return {
            "receipt": created["open"].partition("rover_receipt=")[2],
            "sessionToken": self.session["sessionToken"],
            "sessionId": self.session["sessionId"],
            "host": HERE,
        }

    @cached_property
    def session(self) -> dict[str, Any]:
        """A session that stays open."""
        return self.world.session()

    def brief_token(self) -> str:
        """A token of that session whose time is over in a moment, and its stream with it."""
        secret = (self.world.server.data_dir / "secret_key").read_text().strip().encode()
        soon = datetime.now(UTC) + timedelta(seconds=2)
        claims = SessionClaims(
            sid=self.session["sessionId"], site_id=self.session["siteId"], host=HERE, expires_at=soon
        )
        return sign_session(claims, secret=secret)

    def of_session(self, label: str, body: dict[str, Any]) -> None:
        """Make a body one of a real session, with what the operation needs to succeed."""
        if label.endswith("session/open"):
            key = self.world.here
            body |= {"siteId": key["siteId"], "bootstrapToken": key["publicKey"], "url": self.world.shop}
            for other in ("host", "sessionId", "sessionToken"):
                body.pop(other, None)
            return
        opened = self.world.session() if label.endswith("session/close") else self.session
        body |= {"sessionId": opened["sessionId"], "sessionToken": opened["sessionToken"]}
        body.pop("requestNonce", None)
        if label.endswith(_OF_RUN):
            body.update(self.run(label))

    def collector(self, label: str) -> dict[str, Any]:
        """The header of a session of its own, as each may only write so often; and a record to speak of."""
        if label not in self._made:
            token = self.world.session()["sessionToken"]
            said = {"title": f"Before {label}", "agent": {"key": f"{label} before"}, "content": label}
            headers = {"Authorization": f"Bearer {token}"}
            kind, name = ("notes", "noteId") if "/notes" in label else ("posts", "postId")
            kept = self.world.call("POST", f"/v1/roverbook/{kind}", said | {"type": "tip"}, **headers)
            self._made[label] = {"headers": headers, "id": kept["data"][name]}
        return self._made[label]

    def run(self, label: str) -> dict[str, Any]:
        """A new run of the session, in the fields by which the operation names it."""
        task = self.world.create("find the opening hours")
        claim = {
            "receipt": task["open"].partition("rover_receipt=")[2],
            "sessionToken": self.session["sessionToken"],
        }
        self.world.call("POST", "/v1/tasks/claim-browser", claim)
        of = {name: self.session[name] for name in ("sessionId", "sessionToken")}
        state = self.world.call("POST", "/v2/rover/state", of)["data"]
        wish = {
            "type": "RUN_INPUT",
            "message": "find the opening hours",
            "forceNewRun": True,
            "taskId": task["id"],
            "clientEventId": f"e-{task['id']}",
            "expectedEpoch": state["epoch"],
            "expectedSeq": state["events"][-1]["seq"] if state.get("activeRunId") else None,
        }
        if label.endswith("command"):
            return wish
        run = self.world.call("POST", "/v2/rover/command", of | wish)["data"]
        if label.endswith("events/ingest"):
            return {"taskId": task["id"], "runId": run["runId"], "events": []}
        page = {"url": self.world.shop, "title": "Shop", "roots": [], "nodes": {}}
        return {
            "runId": run["runId"],
            "clientEventId": f"s-{task['id']}",
            "expectedEpoch": run["epoch"],
            "expectedSeq": run["seq"],
            "page": page,
            "url": self.world.shop,
            "intent": "open_only",
        }


@pytest.fixture(scope="module")
def targets(world: World) -> Targets:
    return Targets(world)


def documented(operation: Any) -> Any:
    """The call that the document shows: what is made up may be refused each time, this is not."""
    body = operation.definition.raw.get("requestBody", {}).get("content", {}).get("application/json", {})
    shown = [example["value"] for example in body.get("examples", {}).values()]
    names = re.findall(r"{(\w+)}", operation.path)
    given = {"body": copy.deepcopy(shown[0]), "media_type": "application/json"} if shown else {}
    return operation.Case(path_parameters=dict.fromkeys(names, "x"), query={}, headers={}, **given)


def aim(case: Any, label: str, targets: Targets) -> dict[str, str]:
    """Put real things where the case has made-up ones; returns the headers that open them."""
    world = targets.world
    if "/v1/batches/" in label:
        case.path_parameters["id"] = world.task_id
        return {"Authorization": f"Bearer {world.token}"}
    if "/v2/rover/" in label:
        if isinstance(case.body, dict):
            targets.of_session(label, case.body)
        elif case.method == "GET":
            case.query = {"sessionToken": targets.brief_token()}
        return {}
    if "/v1/roverbook/" in label:
        made = targets.collector(label)
        if "{id}" in label:
            case.path_parameters["id"] = made["id"]
        if isinstance(case.body, dict) and "/notes/" in label:
            case.body["agent"] = {"key": f"{label} before"}  # nobody else reads it yet
        return dict(made["headers"])
    if isinstance(case.body, dict):
        if label.endswith("claim-browser"):
            case.body |= targets.claim()
        elif "url" in case.body:
            case.body["url"] = world.other if "handoffs" in label else world.shop
            case.body |= {"prompt": case.body.get("prompt") or "find the opening hours"}
            for unknown in ("shortcut", "shortcutId"):
                case.body.pop(unknown, None)
    if "id" not in (case.path_parameters or {}):
        return {}
    task = targets.task(label)
    of_workflow = "/workflows/" in label
    case.path_parameters["id"] = (
        task["workflow"].partition("/workflows/")[2].partition("?")[0] if of_workflow else task["id"]
    )
    if "event" in case.path_parameters:
        case.path_parameters["event"] = "evt_1"
    for name in [name for name in case.query or {} if name == "access"]:
        case.query.pop(name)
    return {"Authorization": f"Bearer {access_of(task['workflow' if of_workflow else 'task'])}"}


@pytest.mark.parametrize("label", CALLS)
@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_calls_made_up_from_the_document_are_answered_as_it_says(
    label: str, world: World, targets: Targets
) -> None:
    operation = CALLS[label]
    statuses: set[int] = set()

    def call_it(case: Any, hit: bool) -> None:
        headers = aim(case, label, targets) if hit else {}
        response = case.call(base_url=world.url, headers=headers, timeout=SECONDS)
        statuses.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    made_up_calls = hypothesis.given(
        case=hypothesis.strategies.one_of(
            operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE),
            operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE),
        ),
        hit=hypothesis.strategies.booleans(),
    )(call_it)
    settings = hypothesis.settings(
        max_examples=EXAMPLES_PER_OPERATION,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    settings(made_up_calls)()
    call_it(documented(operation), hit=True)

    assert any(status < 300 for status in statuses), statuses


# --- with every field told ---


def told(method: str, path: str, status: int, media_type: str = "application/json") -> dict[str, Any]:
    content = document()["paths"][path][method]["responses"][str(status)]["content"]
    return told_in_full(content[media_type]["schema"])


def call(world: World, method: str, url: str, body: object = None, **headers: str) -> tuple[int, str, bytes]:
    """Status, media type and body of an answer, whatever it is."""
    request = urllib.request.Request(
        url if "://" in url else world.url + url,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers=headers,
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as response:
            return response.status, response.headers.get_content_type(), response.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers.get_content_type(), refused.read()


@pytest.fixture(scope="module")
def done(world: World) -> dict[str, Any]:
    return world.settled("get me the latest blog post", agent={"key": "k", "name": "N", "vendor": "V"})


def test_the_answer_to_a_new_task_has_the_documented_fields_and_no_other(world: World) -> None:
    wish = {"url": world.shop, "prompt": "find the opening hours"}

    status, _, body = call(world, "POST", "/v1/tasks", wish)

    assert status == 202
    jsonschema.Draft202012Validator(told("post", "/v1/tasks", 202)).validate(json.loads(body))


@pytest.mark.parametrize("prompt", ["get me the latest blog post", ASKS, "read the page /nowhere/at/all"])
def test_a_task_that_ended_or_asks_has_the_documented_fields_and_no_other(world: World, prompt: str) -> None:
    task = world.settled(prompt)

    found = world.call("GET", task["task"])

    jsonschema.Draft202012Validator(told("get", "/v1/tasks/{id}", 200)).validate(found)


def test_a_workflow_has_the_documented_fields_and_no_other(world: World, done: dict[str, Any]) -> None:
    parent = world.create("find the opening hours")
    path, _, query = parent["task"].partition("?")
    world.call("POST", f"{path}/handoffs?{query}", {"url": world.other, "instruction": "go on"})
    schema = jsonschema.Draft202012Validator(told("get", "/v1/workflows/{id}", 200))

    for workflow in (parent["workflow"], done["workflow"]):
        schema.validate(world.call("GET", workflow))


def test_a_handed_over_task_has_the_documented_fields_and_no_other(world: World) -> None:
    parent = world.create("find the opening hours")
    path, _, query = parent["task"].partition("?")
    body = {"url": world.other, "instruction": "go on", "contextSummary": "c", "expectedOutput": "e"}

    status, _, answered = call(world, "POST", f"{path}/handoffs?{query}", body)

    assert status == 202
    created = json.loads(answered)
    jsonschema.Draft202012Validator(told("post", "/v1/tasks/{id}/handoffs", 202)).validate(created)
    child = world.call("GET", created["task"])
    jsonschema.Draft202012Validator(told("get", "/v1/tasks/{id}", 200)).validate(child)
    assert set(child["handoff"]) >= {"contextSummary", "expectedOutput", "originalGoal"}


def test_a_claimed_task_has_the_documented_fields_and_no_other(world: World) -> None:
    status, _, body = call(world, "POST", "/v1/tasks/claim-browser", Targets(world).claim())

    assert status == 200
    schema = told("post", "/v1/tasks/claim-browser", 200)
    jsonschema.Draft202012Validator(schema).validate(json.loads(body))


@pytest.mark.parametrize("kind", ["task", "workflow"])
@pytest.mark.parametrize("media_type", ["text/event-stream", "application/x-ndjson"])
def test_streams_come_in_the_documented_forms(
    world: World, done: dict[str, Any], kind: str, media_type: str
) -> None:
    status, answered, body = call(world, "GET", done[kind], Accept=media_type)

    jsonschema.Draft202012Validator(told("get", f"/v1/{kind}s/{{id}}", 200, media_type)).validate(
        body.decode()
    )
    assert (status, answered) == (200, media_type)


def test_server_sent_events_of_an_ended_log_that_is_known_are_204(world: World, done: dict[str, Any]) -> None:
    _, _, lines = call(world, "GET", done["task"], Accept="application/x-ndjson")
    last = json.loads(lines.splitlines()[-1])["id"]

    again = call(world, "GET", f"{done['task']}&after={last}", Accept="text/event-stream")

    assert again[0] == 204


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1/tasks", 400),
        ("GET", "/v1/tasks/agt_0197f0c2d1e47a5b8c3d2e1f0a9b8c7d", 404),
        ("GET", "/v1/workflows/wf_0197f0c2d1e47a5b8c3d2e1f0a9b8c7d", 404),
        ("POST", "/v1/tasks/claim-browser", 400),
        ("PUT", "/v1/tasks", 405),
    ],
)
def test_a_refusal_says_it_in_the_shape_of_its_path(
    world: World, method: str, path: str, status: int
) -> None:
    got, media_type, body = call(world, method, path, {})

    enveloped = path.endswith("claim-browser")
    schema = told_in_full({"$ref": f"#/components/schemas/{'Failure' if enveloped else 'Problem'}"})
    assert (got, media_type) == (status, "application/json" if enveloped else "application/problem+json")
    if status != 405:  # `allowed` is its own field
        jsonschema.Draft202012Validator(schema).validate(json.loads(body))


def test_no_answer_needs_a_scope_of_an_owner() -> None:
    for path, methods in document()["paths"].items():
        if path.startswith(("/v1/tasks", "/v1/workflows")):
            for described in methods.values():
                names = {name for way in described["security"] for name in way}
                assert names in ({"accessToken", "accessTokenInAddress"}, set())
    assert set(document()["components"]["securitySchemes"]) == {
        *("ownerToken", "oidcToken", "accessToken", "accessTokenInAddress")
    }
