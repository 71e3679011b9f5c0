"""Exit codes of every command, and the error that carries one."""

from collections.abc import Sequence
from enum import IntEnum

from workspace.core.errors import ErrorKind, RoverError


class ExitCode(IntEnum):
    """What the shell sees; docs/cli.md has the table, `rover help exit-codes` prints it."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CANCELLED = 3
    NOT_FOUND = 4
    REFUSED = 5
    UNREACHABLE = 6
    INTERNAL = 70
    TIMED_OUT = 124
    INTERRUPTED = 130
    BROKEN_PIPE = 141


MEANINGS: dict[ExitCode, str] = {
    ExitCode.OK: "done as asked; a snapshot of a failed task is 0 too: the reading worked",
    ExitCode.FAILED: (
        "the task or its items failed, or it expired (--monitor, --exit-status, wait); a page was not had"
    ),
    ExitCode.USAGE: "wrong usage or setting; also `rover batch` on a task of another kind",
    ExitCode.CANCELLED: "the task was cancelled (with --monitor, --exit-status or wait)",
    ExitCode.NOT_FOUND: "no such task, or the digits given fit more than one",
    ExitCode.REFUSED: "refused by policy: the address may not be reached",
    ExitCode.UNREACHABLE: "the database cannot be reached",
    ExitCode.INTERNAL: "a fault of Rover itself; run again with --debug",
    ExitCode.TIMED_OUT: "--timeout or --idle-timeout ran out; the task goes on",
    ExitCode.INTERRUPTED: "Ctrl-C: detached; the task goes on",
    ExitCode.BROKEN_PIPE: "the reader of the output went away, as `head` does",
}

_OF_KIND: dict[ErrorKind, ExitCode] = {
    ErrorKind.INVALID: ExitCode.USAGE,
    ErrorKind.FORBIDDEN: ExitCode.REFUSED,
    ErrorKind.NOT_FOUND: ExitCode.NOT_FOUND,
    ErrorKind.UNAVAILABLE: ExitCode.UNREACHABLE,
}


class CommandFailed(Exception):
    """A command ends here: `message` is what and why, `advice` are lines on what to do."""

    def __init__(self, message: str, *, code: ExitCode, advice: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.advice = tuple(advice)


def exit_code_of(error: RoverError) -> ExitCode:
    """The exit code for an expected refusal: by its kind, and a task of the wrong kind is wrong usage."""
    if error.code == "task_wrong_kind":
        return ExitCode.USAGE
    return _OF_KIND.get(error.kind, ExitCode.FAILED)
