"""docs/api.md and docs/agents.md say what the server does: every code, event, field and address; and their
examples run."""

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver

from rover_site import problems
from rover_site.problems import STATUS
from tasks.core.events import ENVELOPE_KEYS, EventKind
from tasks.core.negotiation import MediaType
from tasks.core.public_events import PublicEventType
from tasks.fetching.errors import FetchError
from tests.contract.test_errors import every_error
from tests.contract.world import SECONDS, World
from tests.e2e.server import wait_until
from workspace.core.errors import RoverError

ROOT = Path(__file__).parents[2]
API = (ROOT / "docs" / "api.md").read_text()
AGENTS = (ROOT / "docs" / "agents.md").read_text()
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"`([a-z_]+)`")
OWN_PAGES = ("workspace/", "favicon.ico")
"""The icon and Django's own pages behind one prefix, of which the document names no more than the prefix."""


def section(title: str, text: str = API) -> str:
    """The text under a heading, up to the next one."""
    return re.split(r"^#+ ", text.split(f"# {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def tables(text: str) -> list[list[list[str]]]:
    """The cells of each table in a text, without its head."""
    found = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    lines = [each.splitlines()[2:] for each in found]
    return [[[cell.strip() for cell in line.strip("|").split("|")] for line in each] for each in lines]


def rows(title: str, text: str = API) -> list[list[str]]:
    """The cells of the tables under a heading, without their heads."""
    return [row for each in tables(section(title, text)) for row in each]


def table(title: str, text: str = API) -> dict[str, list[str]]:
    """The table under a heading by the name in its first column; no name stands there twice."""
    found = rows(title, text)
    by_name = {row[0].strip("`"): row[1:] for row in found}
    assert len(by_name) == len(found)
    return by_name


def load_every_error() -> None:
    """Import the modules that define errors, so that none of them is overlooked."""
    for package in ("workspace", "tasks", "roverbook", "rover_site"):
        for path in (ROOT / package).rglob("*.py"):
            if re.search(r'^class \w+\(\w+\):\n(?:.*\n)*?    code = "', path.read_text(), re.MULTILINE):
                importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


load_every_error()
REFUSALS = table("Refusals") | table("Runtime")
ITEM_FAILURES = table("Why an item failed")
EVENTS = table("Events")


# --- errors ---


@pytest.mark.parametrize("cls", every_error(), ids=lambda cls: cls.__name__)
def test_each_error_is_listed_with_its_status_and_whether_to_try_again(cls: type[RoverError]) -> None:
    if issubclass(cls, FetchError):
        retryable = ITEM_FAILURES[cls.code][0]
    else:
        status, retryable = REFUSALS[cls.code][:2]
        assert status == str(STATUS[cls.kind])
    assert retryable == ("yes" if cls.retryable else "no")


@pytest.mark.parametrize("cls", [c for c in every_error() if issubclass(c, FetchError)], ids=lambda c: c.code)
def test_each_failure_of_an_item_is_listed_with_its_family(cls: type[FetchError]) -> None:
    told = re.search(r"`family` is `(\w+)`", ITEM_FAILURES[cls.code][1])

    assert (told[1] if told else "fetch_failed") == cls.family


def test_no_error_is_listed_that_does_not_exist() -> None:
    codes = {cls.code for cls in every_error()} | {"invalid_json", "internal_error"}

    assert set(REFUSALS) | set(ITEM_FAILURES) <= codes | set(problems._FRAMEWORK_CODES.values())


@pytest.mark.parametrize(("status", "code"), problems._FRAMEWORK_CODES.items())
def test_each_code_of_the_framework_is_listed_with_its_status(status: int, code: str) -> None:
    assert REFUSALS[code][0] == str(status)


def test_each_reason_for_a_failed_task_is_listed() -> None:
    told = re.compile(r'_fail\([^)]*?error="(\w+)"|return "(\w+)", \w')
    paths = (ROOT / "tasks" / "services").glob("*.py")
    raised = {one or other for path in paths for one, other in told.findall(path.read_text())}

    assert raised == set(table("Why a task failed"))


# --- events and addresses ---


def test_each_kind_of_event_is_listed_and_no_other() -> None:
    of_agents = {*PublicEventType, EventKind.MEMBER_DONE}

    assert set(EVENTS) == set(EventKind) - of_agents
    assert set(table("Follow it", AGENTS)) == set(PublicEventType)


# --- addresses ---


def test_each_media_type_is_offered_in_the_order_of_preference() -> None:
    offered = [re.findall(r"`([a-z]+/[a-z-]+)`", row[0]) for row in rows("Read a batch")]

    assert [types[0] for types in offered if types] == list(MediaType)


def django_paths(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        path = prefix + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(pattern.pattern))
        if isinstance(pattern, URLPattern) or path in OWN_PAGES:
            yield path
        else:
            yield from django_paths(pattern.url_patterns, path)


def as_told(path: str) -> str:
    """The path with the names that the contract has for its parameters."""
    return path.replace("task_id", "id").replace("site_id", "siteId")


def streamed_paths() -> Iterator[str]:
    from rover_site.asgi import application

    for route in application.application_mapping["http"].routes:
        path = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", route.pattern._regex).strip("^").removesuffix(r"\Z")
        if not path.startswith("roverbookRouter/"):  # another name of the same addresses, told once
            yield path


def test_each_address_is_listed() -> None:
    from rover_site.urls import urlpatterns

    paths = {as_told(path) for path in [*django_paths(urlpatterns), *streamed_paths()]}

    assert len(paths) > 8
    assert [path for path in paths if not re.search(rf"`(?:[A-Z]+ )?/{re.escape(path)}`", API)] == []


# --- a real server ---


def curl_lines(name: str) -> list[str]:
    text = (ROOT / name).read_text()
    blocks = [body.replace("\\\n", " ") for language, body in FENCE.findall(text) if language == "sh"]
    return [line for block in blocks for line in block.splitlines() if line.startswith("curl ")]


DOCUMENTS = ("README.md", "docs/api.md", "docs/agents.md")
CURL_LINES = [(name, line) for name in DOCUMENTS for line in curl_lines(name)]


def test_each_document_has_curl_lines() -> None:
    assert {name for name, _ in CURL_LINES} == set(DOCUMENTS)


def task_for(line: str, world: World) -> dict[str, str]:
    """What a line about a task needs: one that has ended, asks, or waits, as the line wants it."""
    if not re.search(r"\$(?:TASK|WORKFLOW|ID)\b", line):
        return {}
    if '"input"' in line:
        task = world.settled("Could you please tell me?")
    elif "DELETE" in line or "handoffs" in line:
        task = world.create("when are you open?")
    else:
        task = world.settled("when are you open?")
    access = task["task"].partition("?access=")[2]
    return {"TASK": task["task"], "WORKFLOW": task["workflow"], "ID": task["id"], "ACCESS": access}


@pytest.mark.once
@pytest.mark.processes
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize(
    ("name", "line"), CURL_LINES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(CURL_LINES)]
)
def test_a_documented_curl_line_works(name: str, line: str, world: World) -> None:
    command = world.filled(line).replace("curl ", f"curl -sS --fail --max-time {SECONDS} ", 1)

    env = world.env | task_for(line, world)
    done = subprocess.run(["sh", "-c", command], env=env, capture_output=True, text=True, timeout=SECONDS)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() not in ("", "{}"), "an example should show something"


def printed(sample: str, world: World) -> list[str]:
    """The lines that a Python sample prints; it must end well and complain of nothing."""
    done = subprocess.run(
        [sys.executable, "-c", world.filled(sample)],
        env=world.env | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.once
@pytest.mark.processes
def test_the_documented_python_sample_runs_a_batch_to_its_end(world: World) -> None:
    (sample,) = [body for language, body in FENCE.findall(API) if language == "python"]

    lines = printed(sample, world)

    assert sorted(line.split()[0] for line in lines) == ["done", "failed", "result"]
    assert "'succeeded': 1" in lines[-1]


def assert_documented(event: dict[str, Any]) -> None:
    """The payload has every field of the table, and no other than these and the occasional ones."""
    fields, sometimes = (set(NAME.findall(cell)) for cell in EVENTS[event["kind"]][:2])
    payload = set(event) - ENVELOPE_KEYS
    assert fields <= payload <= fields | sometimes, event


@pytest.mark.once
@pytest.mark.processes
def test_the_events_of_a_completed_batch_have_the_documented_fields(world: World) -> None:
    events = list(world.server.events(world.task_id, world.token))

    assert {event["kind"] for event in events} == {
        *(
            "task_started",
            "batch_start",
            "item_started",
            "item_done",
            "item_failed",
            "final",
            "task_completed",
        )
    }
    for event in events:
        assert_documented(event)


@pytest.mark.once
@pytest.mark.processes
def test_a_cancelled_batch_ends_with_the_documented_fields(world: World) -> None:
    server, token = world.server, world.token
    urls = [world.demo.url(f"/corners/slow?ms=600&n={n}") for n in range(20)]
    body = {"urls": urls, "concurrency": 1}
    path = f"/v1/batches/{server.request('POST', '/v1/batches', token, body)['task_id']}"
    wait_until(lambda: server.request("GET", path, token)["in_flight"], what="a request in flight")

    snapshot = server.request("DELETE", path, token)
    *_, last = server.events(snapshot["task_id"], token)

    assert (snapshot["cancel"], last["kind"]) == ("requested", "task_cancelled")
    assert_documented(last)


def fields_of(text: str) -> set[str]:
    return set(NAME.findall(text))


@pytest.mark.once
@pytest.mark.processes
def test_the_snapshot_has_the_documented_fields(world: World) -> None:
    snapshot = world.server.request("GET", f"/v1/batches/{world.task_id}", world.token)
    documented = {name for row in rows("Snapshot") for name in fields_of(row[0])}

    assert set(snapshot) == documented


@pytest.mark.once
@pytest.mark.processes
def test_the_items_have_the_documented_fields(world: World) -> None:
    items = world.server.request("GET", f"/v1/batches/{world.task_id}/items", world.token)["items"]
    documented = fields_of(section("Items").split("Each of `items` has", 1)[1])

    assert [sorted(item) for item in items] == [
        sorted(documented - {"pending", "in_flight", "done", "failed", "skipped"})
    ] * 2


@pytest.mark.once
@pytest.mark.processes
def test_the_list_has_the_documented_fields(world: World) -> None:
    page = world.server.request("GET", "/v1/batches", world.token)
    told = section("List").split("has ", 1)[1].split("`next_before`", 1)[0]

    assert set(page) == {"batches", "next_before"}
    assert set(page["batches"][0]) == fields_of(told)


@pytest.mark.once
@pytest.mark.processes
def test_the_answer_to_a_new_batch_has_the_documented_fields(world: World) -> None:
    (example,) = [
        json.loads(b) for lang, b in FENCE.findall(API) if lang == "json" and "monitor_command" in b
    ]

    created = world.server.request("POST", "/v1/batches", world.token, {"urls": [world.demo.url("/")]})

    assert list(created) == list(example)
    assert json.dumps(created) == json.dumps(example).replace("019b\\u2026", created["task_id"])
