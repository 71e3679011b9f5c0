"""The contract's own samples: each runs as it is printed, but for the names of hosts, tasks and tokens.

They are in `samples/agent_tasks.txt`. The server, its worker and the site are real; JavaScript runs in Chromium,
on a page of another origin.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS
from tests.contract.world import SECONDS, World

pytestmark = [pytest.mark.once, pytest.mark.processes, pytest.mark.timeout(180)]

TEXT = (Path(__file__).parent / "samples" / "agent_tasks.txt").read_text()
SAMPLES = {block.partition("\n")[0].strip(): block.partition("\n")[2] for block in TEXT.split("\n=== ")[1:]}
API, SITE, OTHER_SITE = "https://agent.rtrvr.ai", "https://www.rtrvr.ai", "https://y.com"
TASK = f"{API}/v1/tasks/agt_123"
WORKFLOW = f"{API}/v1/workflows/wf_456?access=wf_access_..."
POST = "The north cellar opens in April"
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="browser: Chromium is not installed")


def sample(name: str, world: World, task: dict[str, Any] | None = None) -> str:
    """A sample with this world's hosts, and with the addresses of `task` where it has made-up ones."""
    text = SAMPLES[name]
    if task is not None:
        address, _, access = task["task"].partition("?")
        text = text.replace(f"{TASK}?access=agt_access_...", task["task"]).replace(TASK, address)
        text = text.replace("access=agt_access_...", access).replace(WORKFLOW, task["workflow"])
    assert "agt_123" not in text and "wf_456" not in text
    return text.replace(API, world.url).replace(SITE, world.shop.rstrip("/")).replace(OTHER_SITE, world.other)


def output(command: list[str], world: World) -> str:
    """What a command prints; it must end well."""
    done = subprocess.run(command, env=world.env, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    return done.stdout


def answer(name: str, world: World, task: dict[str, Any] | None = None) -> Any:
    """The JSON that a curl sample prints."""
    return json.loads(output(["sh", "-c", sample(name, world, task)], world))


@pytest.fixture(scope="module")
def done(world: World) -> dict[str, Any]:
    """The answer to a task that has been completed since."""
    return world.settled("get me the latest blog post")


def test_every_sample_is_run_here() -> None:
    tests = Path(__file__).read_text()

    assert len(SAMPLES) == 14
    assert {name for name in SAMPLES if f'"{name}", world' not in tests} == set()


# --- curl ---


@needs_curl
def test_a_task_is_created_from_a_url_and_a_prompt_alone(world: World) -> None:
    created = answer("create", world)

    assert re.fullmatch(r"agt_[0-9a-f]{32}", created["id"])
    assert created["task"].startswith(f"{world.url}/v1/tasks/{created['id']}?access=agt_access_")
    assert re.fullmatch(
        rf"{re.escape(world.url)}/v1/workflows/wf_\w+\?access=wf_access_[\w-]+", created["workflow"]
    )
    assert re.fullmatch(rf"{re.escape(world.shop)}#rover_receipt=rrc_[\w-]+", created["open"])
    receipt = created["open"].partition("#")[2]
    assert created["browserLink"] == f"{world.shop}?rover=get+me+the+latest+blog+post#{receipt}"
    assert created["status"] == "pending"


@needs_curl
def test_an_agent_may_say_who_it_is(world: World) -> None:
    created = answer("create with an agent", world)

    found = world.call("GET", created["task"])["agent"]
    said = json.loads(SAMPLES["create with an agent"].partition("-d '")[2].rstrip("'\n"))["agent"]
    assert {name: found[name] for name in said} == said
    assert found["trust"] == "self_reported"


@needs_curl
def test_a_task_in_the_cloud_has_no_links_for_a_browser(world: World) -> None:
    created = answer("create in the cloud", world)

    assert created["status"] == "pending"
    assert {"open", "browserLink"} & created.keys() == set()


@needs_curl
def test_who_waits_gets_the_result(world: World) -> None:
    task = answer("create and wait", world)

    assert (task["status"], POST in task["result"]["text"]) == ("completed", True)


@needs_curl
def test_the_task_is_read_as_json(world: World, done: dict[str, Any]) -> None:
    task = answer("read as JSON", world, done)

    assert (task["id"], task["status"]) == (done["id"], "completed")
    assert POST in task["result"]["text"]


@needs_curl
def test_the_task_is_read_as_server_sent_events(world: World, done: dict[str, Any]) -> None:
    text = output(["sh", "-c", sample("read as SSE", world, done)], world)

    kinds = re.findall(r"^event: (\w+)$", text, re.MULTILINE)
    events = [json.loads(line) for line in re.findall(r"^data: (.*)$", text, re.MULTILINE)]
    assert (kinds[0], kinds[-1]) == ("ready", "done")
    assert [event["type"] for event in events] == kinds
    assert set(kinds) <= {
        *("ready", "status", "step", "tool", "message", "observation", "input", "done", "error")
    }
    assert POST in events[-1]["data"]["result"]["text"]


@needs_curl
def test_the_task_is_read_as_lines_of_json(world: World, done: dict[str, Any]) -> None:
    lines = output(["sh", "-c", sample("read as NDJSON", world, done)], world).splitlines()

    events = [json.loads(line) for line in lines]
    assert (events[0]["type"], events[-1]["type"]) == ("ready", "done")
    assert all({"id", "type", "ts", "data"} <= event.keys() for event in events)


@needs_curl
def test_the_workflow_shows_its_task(world: World, done: dict[str, Any]) -> None:
    workflow = answer("read the workflow", world, done)

    assert (workflow["rootTask"], workflow["status"]) == (done["id"], "completed")
    assert [task["id"] for task in workflow["tasks"]] == [done["id"]]
    assert "access" not in json.dumps(workflow)


@needs_curl
def test_a_task_is_handed_over_in_the_same_workflow(world: World) -> None:
    parent = world.create("get me the latest blog post")

    child = answer("hand over", world, parent)

    workflow = world.call("GET", parent["workflow"])
    assert [task["id"] for task in workflow["tasks"]] == [parent["id"], child["id"]]
    task = world.call("GET", child["task"])
    assert task["handoff"]["parentTaskId"] == parent["id"]
    assert task["handoff"]["contextSummary"] == "User already selected product and entered address on x.com."
    assert (task["agent"]["key"], task["agent"]["source"]) == ("gpt-5.4-demo-agent", "handoff_agent")


@needs_curl
def test_a_task_that_asks_takes_the_answer(world: World) -> None:
    asking = world.settled("Could you please tell me?")
    assert asking["status"] == "input_required"

    answered = answer("answer", world, asking)

    assert answered["id"] == asking["id"]
    told = [(event["type"], event["data"]) for event in world.told(asking["task"], n_runs=2)]
    assert told[-2:] == [
        ("message", {"role": "user", "text": "Use the newest post from the main blog index page."}),
        ("status", {"status": "running"}),
    ]


@needs_curl
def test_a_task_is_cancelled(world: World) -> None:
    created = world.create("get me the latest blog post")

    assert answer("cancel", world, created)["status"] == "cancelled"


# --- programs ---


@pytest.mark.browser
@needs_chromium
def test_javascript_on_a_page_of_another_origin_follows_a_task_to_its_end(world: World) -> None:
    lines: list[str] = []
    failures: list[str] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            page = chromium.new_page()
            page.on("console", lambda message: lines.append(message.text))
            page.on("pageerror", lambda error: failures.append(str(error)))
            page.goto(world.shop)
            with page.expect_console_message(
                lambda message: message.text.startswith(("completed", "failed")), timeout=SECONDS * 1000
            ):
                page.add_script_tag(content=sample("JavaScript", world), type="module")
        finally:
            chromium.close()

    assert failures == []
    assert lines[-1].startswith("completed")
    assert POST in lines[-1]


def test_python_follows_a_task_to_its_end(world: World) -> None:
    printed = output([sys.executable, "-c", sample("Python", world)], world)

    assert POST in printed
    assert [line for line in printed.splitlines() if line.startswith("completed ")]


@needs_bash
@needs_curl
@needs_jq
def test_the_shell_function_prints_every_event_of_a_task(world: World) -> None:
    printed = output(["bash", "-c", sample("shell", world)], world)

    events = [json.loads(line) for line in printed.splitlines() if line]
    assert (events[0]["type"], events[-1]["type"]) == ("ready", "done")
    assert POST in events[-1]["data"]["result"]["text"]
