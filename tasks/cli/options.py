"""Options that several commands share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])
HELP_NAMES = {"help_option_names": ["-h", "--help"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What `rover task ID` and `rover batch ID` were asked for. Seconds are None for no limit."""

    monitor: bool
    from_event: int
    cancel: bool
    is_ndjson: bool
    exit_status: bool
    timeout: float | None
    idle_timeout: float | None
    color: str


def output_options(command: Function) -> Function:
    """`--format`, `--json` and `--color`."""
    for option in (
        click.option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            help="When to use colour.",
        ),
        click.option("--json", "as_json", is_flag=True, help="The same as --format ndjson."),
        click.option(
            "--format",
            "form",
            type=click.Choice(["human", "ndjson"]),
            default="human",
            help="Lines for people (the default), or one JSON object a line.",
        ),
    ):
        command = option(command)
    return command


def reader_options(command: Function) -> Function:
    """All flags of the two readers."""
    seconds = click.FloatRange(min=0)
    for option in (
        click.option("--idle-timeout", type=seconds, help="Stop watching after so long without an event."),
        click.option("--timeout", type=seconds, help="Stop watching after so many seconds."),
        click.option("--exit-status", is_flag=True, help="Snapshot: exit 1 or 3 as --monitor does."),
        click.option("--cancel", is_flag=True, help="Ask for cancellation; what is in flight finishes."),
        click.option("--from-event", type=click.IntRange(min=0), default=0, help="Only events after N."),
        click.option("--monitor", is_flag=True, help="Stream events until the task ends."),
    ):
        command = option(command)
    return output_options(command)


def reading(values: dict[str, Any]) -> Reading:
    """The value of `reader_options` as a command received them."""
    is_ndjson = values.pop("as_json") or values.pop("form") == "ndjson"
    values.pop("form", None)
    return Reading(is_ndjson=is_ndjson, **values)
