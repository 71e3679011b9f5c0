"""How a command line ends: errors as one line for people on standard error, and the exit code."""

import os
import sys
import traceback
from collections.abc import Sequence

import click

from tasks.cli.exits import CommandFailed, ExitCode, exit_code_of
from workspace.core.errors import RoverError

REJECTED_SHOWN = 10
_DATABASE_ERRORS = ("DatabaseError", "InterfaceError", "OperationalError", "ProgrammingError")


def run_and_report(command: click.Command, arguments: list[str]) -> int:
    """Run `command` and return its exit code. `--debug` is accepted anywhere before `--`: people add it to
    the end of the line that has just failed."""
    arguments, is_debug = _take_debug(arguments)
    try:
        code = _run(command, arguments, is_debug=is_debug)
        sys.stdout.flush()
    except BrokenPipeError:
        return _broken_pipe()
    return code


def _run(command: click.Command, arguments: list[str], *, is_debug: bool) -> int:
    try:
        result = command.main(args=arguments, prog_name="rover", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        raise
    except click.UsageError as exc:
        return _usage(exc)
    except click.ClickException as exc:
        return _report(exc.format_message(), code=exc.exit_code)
    except Exception as exc:  # noqa: BLE001 - the edge of the program: every fault ends as a message and a code
        if is_debug:
            traceback.print_exc()
        return _report_exception(exc)
    return result if isinstance(result, int) else ExitCode.OK


def _take_debug(arguments: list[str]) -> tuple[list[str], bool]:
    end = arguments.index("--") if "--" in arguments else len(arguments)
    head = [argument for argument in arguments[:end] if argument != "--debug"]
    return head + arguments[end:], len(head) < end


def _usage(exc: click.UsageError) -> int:
    path = exc.ctx.command_path.removesuffix(" show") if exc.ctx else "rover"
    return _report(exc.format_message(), code=ExitCode.USAGE, advice=[f"See `{path} --help`."])


def _report_exception(exc: Exception) -> int:
    if isinstance(exc, CommandFailed):
        return _report(exc.message, code=exc.code, advice=exc.advice)
    if isinstance(exc, RoverError):
        return _report(exc.message, code=exit_code_of(exc), advice=_details(exc))
    if _is_named(exc, "rover_site.conf", "ConfigurationError"):
        return _report(str(exc), code=ExitCode.USAGE, advice=["Correct the setting and start again."])
    if _is_named(exc, "django.db.utils", *_DATABASE_ERRORS):
        return _report(
            f"the database does not answer as it should: {exc}",
            code=ExitCode.UNREACHABLE,
            advice=["Is it the database of this version of Rover? `rover doctor` checks."],
        )
    return _report(
        f"something went wrong inside Rover: {type(exc).__name__}: {exc}",
        code=ExitCode.INTERNAL,
        advice=["Run it again with --debug to see where."],
    )


def _details(error: RoverError) -> list[str]:
    """What the fields of the error say: every bad argument, every refused URL, and what to do."""
    lines = [f"  {bad['field']}: {bad['message']}" for bad in error.data.get("errors", ())]
    rejected = error.data.get("rejected", ())
    lines += [f"  [{bad['index']}] {bad['url']}   {bad['reason']}" for bad in rejected[:REJECTED_SHOWN]]
    if len(rejected) > REJECTED_SHOWN:
        lines.append(f"  and {len(rejected) - REJECTED_SHOWN} more")
    return [*lines, error.next_action] if error.next_action else lines


def _is_named(exc: Exception, module: str, *names: str) -> bool:
    """By name, because importing Django only to compare classes would slow down every command."""
    return type(exc).__module__ == module and type(exc).__name__ in names


def _report(message: str, *, code: int, advice: Sequence[str] = ()) -> int:
    from tasks.cli.terminal import Terminal
    from tasks.core.printable import printable_block

    sys.stdout.flush()
    Terminal().note(printable_block("\n".join([f"rover: {message}", *advice])))
    return code


def _broken_pipe() -> int:
    """Python flushes standard output once more at exit; let that go nowhere instead of failing loudly."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.BROKEN_PIPE
