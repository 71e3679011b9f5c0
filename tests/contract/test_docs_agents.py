"""docs/agents.md says what agents meet: every status, trust, reason and limit; and its programs run. Its curl lines
run with those of the other documents."""

import re

import pytest

from rover_site.conf import RoverConf
from tasks.core.attribution import Trust
from tasks.core.public_create import AGENT_KEY_MAX, PROMPT_MAX
from tasks.core.signature_verdicts import Reason
from tasks.core.states import TaskStatus
from tasks.streaming.hub import StreamLimits
from tasks.v1.agents.exchange import MAX_BODY_BYTES
from tests.contract.test_docs import AGENTS, FENCE, REFUSALS, ROOT, printed, rows, section, table, tables
from tests.contract.world import LONG, World


def sample(title: str) -> str:
    """The program under a heading."""
    found: list[str] = [
        body for language, body in FENCE.findall(section(title, AGENTS)) if language == "python"
    ]
    (program,) = found
    return program


def test_each_status_of_a_task_is_explained() -> None:
    assert set(table("Read it", AGENTS)) == set(TaskStatus)


def test_each_trust_is_explained_strongest_first() -> None:
    assert list(table("Say who you are", AGENTS)) == list(Trust)


def test_each_reason_against_a_signature_is_explained() -> None:
    assert set(table("Sign your requests", AGENTS)) == set(Reason)


def test_each_reason_for_a_failed_task_of_an_agent_is_listed() -> None:
    told = re.compile(r'(?:NoAnswer|Failed)\(\s*(?:code=)?"(\w+)"|^    code = "(\w+)"', re.MULTILINE)
    paths = [*(ROOT / "tasks" / "executing").rglob("*.py")]
    raised = {one or other for path in paths for one, other in told.findall(path.read_text())}
    by_the_server = {"cloud_not_allowed", "timeout", "worker_crashed"}
    between_parts = {"refused"}

    _, listed = tables(section("Errors", AGENTS))
    assert {row[0].strip("`") for row in listed} == raised - between_parts | by_the_server


def test_each_code_to_expect_is_one_of_the_list() -> None:
    expected, _ = tables(section("Errors", AGENTS))

    assert {code for row in expected for code in re.findall(r"`(\w+)`", row[0])} <= set(REFUSALS)


def test_the_guide_speaks_of_the_limits_that_hold() -> None:
    limits = dict(rows("Limits", AGENTS))

    assert limits["tasks in a minute"].startswith(
        f"{conf('tasks_per_minute_ip')} from one address, {conf('tasks_per_minute_agent')} of one agent, "
        f"{conf('tasks_per_minute_site')} on one site"
    )
    assert limits["body of a request"] == f"{MAX_BODY_BYTES // 1024} KiB"
    assert limits["`prompt`, `instruction`, each answer"] == f"{PROMPT_MAX:,} characters"
    assert limits["`agent.key`"].startswith(f"{AGENT_KEY_MAX} characters")
    assert limits["streams and waiting requests of one task"] == f"{StreamLimits().max_streams_each:,}"


def conf(name: str) -> object:
    """The default of a setting."""
    return RoverConf.model_fields[name].default


@pytest.mark.once
@pytest.mark.processes
def test_the_documented_signer_is_believed(world: World) -> None:
    assert printed(sample("Sign your requests"), world) == ["why not: None", f"verified_signed {world.agent}"]


@pytest.mark.once
@pytest.mark.processes
def test_the_documented_client_follows_a_task_to_its_end(world: World) -> None:
    lines = printed(sample("From Python"), world)

    assert lines[0].startswith("step ")
    assert any(line.startswith("completed The north cellar opens in April") for line in lines)


@pytest.mark.once
@pytest.mark.processes
def test_the_documented_client_puts_pieces_together_again(world: World) -> None:
    long = {"url": world.demo.url(LONG), "prompt": "Read this page"}
    program = sample("From Python").replace("https://shop.example/", long["url"])

    lines = printed(program.replace("get me the latest blog post", long["prompt"]), world)

    task = world.settled(**long)
    text = world.call("GET", task["task"])["result"]["text"]
    assert any(event.get("chunked") for event in world.told(task["task"]))
    assert text in "\n".join(lines)
