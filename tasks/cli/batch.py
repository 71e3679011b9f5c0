"""`rover batch`: a batch by its id; start one, wait for it, list its results."""

from typing import Any

import click

from tasks.cli.access import database_of
from tasks.cli.dispatch import SHOW, IdGroup
from tasks.cli.options import HELP_NAMES, output_options, reader_options, reading
from tasks.core.states import TaskKind

HELP = """\
Fetch many pages in the background, and watch. With an id it is `rover task` for batches only.

Examples:
  rover batch start urls.txt --monitor           one URL a line; `-` reads standard input
  rover batch start https://a.example/ https://b.example/
  rover batch 8e4a10 --monitor                   its events; Ctrl-C detaches
  rover batch wait 8e4a10 --timeout 60           silent until it ends
  rover batch results 8e4a10 --json              one line per URL

Commands:
  start SOURCE…   make a batch from files, `-` or URLs; every URL is checked first
  wait ID         exit 0, 1 or 3 as it ends
  results ID      what came of each URL

Options with an id: --monitor, --from-event N, --cancel, --format human|ndjson, --json,
  --exit-status, --timeout S, --idle-timeout S, --color; `rover task --help` explains them
"""


@click.group(cls=IdGroup, help=HELP, context_settings=HELP_NAMES)
def command() -> None:
    """Batches."""


@command.command(SHOW, hidden=True)
@click.argument("task_id", metavar="ID", required=False)
@reader_options
@click.pass_context
def show(ctx: click.Context, /, task_id: str | None, **values: Any) -> int:
    """One batch."""
    from tasks.cli.reading import read_task

    return read_task(
        task_id,
        reading(values),
        database=database_of(ctx),
        only=TaskKind.BATCH_FETCH,
        subcommands=tuple(command.list_commands(ctx)),
    )


@command.command(context_settings=HELP_NAMES)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option("--concurrency", type=int, default=8, show_default=True, help="In flight; clamped to 1..32.")
@click.option(
    "--per-domain-concurrency",
    type=int,
    default=2,
    show_default=True,
    help="In flight per host; clamped to 1..8.",
)
@click.option("--force-refresh", is_flag=True, help="Ask every origin again, whatever is stored.")
@click.option("--monitor", is_flag=True, help="Stream the events until the batch ends.")
@output_options
@click.pass_context
def start(ctx: click.Context, /, sources: tuple[str, ...], **values: Any) -> int:
    """Fetch the URLs of files (one a line, # begins a comment), of standard input (-), or given here.

    Every URL is held against the address policy first; one refused URL refuses them all. The host names are
    looked up for it, nothing else leaves the machine: a worker fetches.
    """
    from tasks.cli.starting import start_batch

    return start_batch(sources, database=database_of(ctx), **values)


@command.command(context_settings=HELP_NAMES)
@click.argument("task_id", metavar="ID")
@click.option("--timeout", type=click.FloatRange(min=0), help="Give up after so many seconds, exit 124.")
@output_options
@click.pass_context
def wait(ctx: click.Context, /, task_id: str, **values: Any) -> int:
    """Wait until a batch ends, then print how it stands: exit 0, 1 with failed items, 3 when cancelled."""
    database_of(ctx).open_for_reading()
    from tasks.cli.results import wait_for_batch

    return wait_for_batch(task_id, **values)


@command.command(context_settings=HELP_NAMES)
@click.argument("task_id", metavar="ID")
@output_options
@click.pass_context
def results(ctx: click.Context, /, task_id: str, **values: Any) -> None:
    """What came of each URL, in the order of the list."""
    database_of(ctx).open_for_reading()
    from tasks.cli.results import print_results

    print_results(task_id, **values)
