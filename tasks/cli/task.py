"""`rover task`: any task by its id, and the list of tasks."""

from typing import Any

import click

from tasks.cli.access import database_of
from tasks.cli.dispatch import SHOW, IdGroup
from tasks.cli.options import HELP_NAMES, output_options, reader_options, reading
from tasks.core.states import TaskKind, TaskStatus

HELP = """\
Show, follow or cancel a task of any kind. It reads the database, never the network.

Examples:
  rover task 8e4a10                         how it stands; first or last digits do
  rover task 8e4a10 --monitor               its events, until it ends
  rover task 8e4a10 --monitor --from-event 42
  rover task 8e4a10 --cancel                what is in flight finishes, nothing new starts
  rover task list --status running

Options:
  --monitor               stream events; Ctrl-C detaches, the task goes on
  --from-event N          with --monitor: only events after N
  --cancel                ask for cancellation; with --monitor watch it end
  --format human|ndjson   lines for people (default) or one JSON object a line
  --json                  the same as --format ndjson
  --exit-status           snapshot: exit 1 or 3 for a failed or cancelled task
  --timeout S             with --monitor: stop watching after S seconds, exit 124
  --idle-timeout S        with --monitor: the same after S seconds without an event
  --color auto|always|never
"""


@click.group(cls=IdGroup, help=HELP, context_settings=HELP_NAMES)
def command() -> None:
    """Tasks of any kind."""


@command.command(SHOW, hidden=True)
@click.argument("task_id", metavar="ID", required=False)
@reader_options
@click.pass_context
def show(ctx: click.Context, /, task_id: str | None, **values: Any) -> int:
    """One task."""
    from tasks.cli.reading import read_task

    return read_task(
        task_id, reading(values), database=database_of(ctx), subcommands=tuple(command.list_commands(ctx))
    )


@command.command("list", context_settings=HELP_NAMES)
@click.option("--status", type=click.Choice([status.value for status in TaskStatus]))
@click.option("--kind", type=click.Choice([kind.value for kind in TaskKind]))
@click.option("--since", metavar="AGE", help="Only tasks made since: 30m, 2h, 7d, or 2026-01-31T12:00.")
@click.option("--limit", type=click.IntRange(min=1, max=1000), default=20, show_default=True)
@output_options
@click.pass_context
def list_tasks(ctx: click.Context, /, **values: Any) -> None:
    """The newest tasks, newest first."""
    database_of(ctx).open_for_reading()
    from tasks.cli.listing import list_recent

    list_recent(**values)
