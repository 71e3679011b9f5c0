"""The root command: help, topics, errors, and what it imports."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from rover_site.cli import main
from rover_site.cli.root import COMMANDS, root
from tasks.cli.exits import MEANINGS, ExitCode, exit_code_of
from tasks.core.errors import InvalidArgs, TaskNotFound, TaskWrongKind, UrlsRejected
from tasks.fetching.errors import ConnectFailed, InvalidUrl, SsrfDenied
from tests.cli.conftest import SECONDS, Ran, Rover, bare_environment, run_process

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"


def test_the_help_is_short_begins_with_examples_and_names_every_command(rover: Rover) -> None:
    ran = rover("--help")

    assert ran.code == 0
    assert len(ran.out.splitlines()) < 25
    assert ran.out.index("Examples:") < ran.out.index("Options:")
    assert all(f"  {name} " in ran.out for name in COMMANDS)


def test_no_argument_at_all_is_a_question_for_help(rover: Rover) -> None:
    assert rover() == rover("--help") == rover("help")


@pytest.mark.parametrize("name", ["task", "batch", "fetch"])
def test_the_help_of_a_command_has_examples_and_needs_no_database(tmp_path: Path, name: str) -> None:
    ran = run_process([name, "--help"], bare_environment() | {"ROVER_DATA_DIR": str(tmp_path / "none")})

    assert ran.code == 0
    assert "Examples:" in ran.out
    assert len(ran.out.splitlines()) < 30


@pytest.mark.parametrize("arguments", [["help", "task"], ["task", "-h"], ["task", "--help"]])
def test_help_can_be_asked_for_in_three_ways(rover: Rover, arguments: list[str]) -> None:
    assert rover(*arguments) == Ran(code=0, out=rover("task", "--help").out, err="")


def test_the_topic_exit_codes_lists_each_code_once(rover: Rover) -> None:
    lines = rover("help", "exit-codes").out.splitlines()

    assert [int(line.split()[0]) for line in lines] == [int(code) for code in ExitCode]
    assert set(MEANINGS) == set(ExitCode)


def test_the_documented_exit_codes_are_those_of_the_program() -> None:
    rows = [line for line in DOCS.read_text().splitlines() if line.startswith("| ") and line[2].isdigit()]

    assert [int(row.split("|")[1]) for row in rows] == [int(code) for code in ExitCode]


@pytest.mark.parametrize("arguments", [["tusk"], ["help", "tusk"], ["--nothing"]])
def test_an_unknown_word_is_wrong_usage_without_a_traceback(rover: Rover, arguments: list[str]) -> None:
    ran = rover(*arguments)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("rover: ")
    assert "Traceback" not in ran.err


def test_an_unknown_command_is_told_what_was_meant(rover: Rover) -> None:
    assert "Did you mean `rover task`?" in rover("tsak").err


def test_the_version_is_told(rover: Rover) -> None:
    assert rover("--version").out.startswith("rover ")


def test_a_command_whose_module_is_missing_hurts_only_itself(
    rover: Rover, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(COMMANDS, "doctor", "rover_site.cli.no_such_module:command")

    assert rover("--help").code == 0
    ran = rover("doctor")

    assert ran.code == 2
    assert ran.err.startswith(
        "rover: `rover doctor` cannot start: the Python module rover_site.cli.no_such_module"
    )


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ZeroDivisionError("by nought\x1b[31m")

    monkeypatch.setitem(root.commands, "broken", click.Command("broken", callback=fail))


def test_a_fault_of_our_own_has_no_traceback(rover: Rover, broken: None) -> None:
    ran = rover("broken")

    assert ran.code == 70
    assert ran.err == (
        "rover: something went wrong inside Rover: ZeroDivisionError: by nought\n"
        "Run it again with --debug to see where.\n"
    )


@pytest.mark.parametrize("arguments", [["--debug", "broken"], ["broken", "--debug"]])
def test_debug_anywhere_on_the_line_shows_the_traceback(
    rover: Rover, broken: None, arguments: list[str]
) -> None:
    ran = rover(*arguments)

    assert ran.code == 70
    assert ran.err.startswith("Traceback")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TaskNotFound("x"), 4),
        (TaskWrongKind("x"), 2),
        (InvalidArgs("x"), 2),
        (SsrfDenied("x"), 5),
        (InvalidUrl("x"), 2),
        (ConnectFailed("x"), 1),
        (UrlsRejected("x", rejected=[{"code": "ssrf_denied"}]), 5),
        (UrlsRejected("x", rejected=[{"code": "invalid_url"}]), 2),
    ],
)
def test_an_expected_refusal_has_the_exit_code_of_its_kind(error: Exception, code: int) -> None:
    from workspace.core.errors import RoverError

    assert isinstance(error, RoverError)
    assert exit_code_of(error) == code


def test_asking_for_help_imports_neither_django_nor_the_settings() -> None:
    script = (
        "import sys; from rover_site.cli import main; main(['--help']); print([n for n in sys.modules if n in"
    )
    script += " ('django', 'pydantic', 'rover_site.conf', 'tasks.cli.task', 'rover_site.cli.up')])"

    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        timeout=SECONDS,
        check=True,
        env=bare_environment(),
    )

    assert done.stdout.decode().splitlines()[-1] == "[]"


def test_reading_a_task_imports_no_engine_and_no_web_framework(tmp_path: Path) -> None:
    (tmp_path / "rover.db").touch()
    heavy = (
        "('httpx', 'trafilatura', 'rest_framework', 'django_q', 'channels', 'django.contrib.auth', 'lxml')"
    )
    script = "import sys; from rover_site.cli import main; main(['task', 'abcdef']);"
    script += f"print([n for n in sys.modules if n in {heavy}])"

    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        timeout=SECONDS,
        check=True,
        env=bare_environment() | {"ROVER_DATA_DIR": str(tmp_path)},
    )

    assert done.stdout.decode() == "[]\n"


def test_main_takes_the_line_of_this_process_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["rover", "--version"])

    assert main() == 0
