"""The root command: its help, its topics, and the table of subcommands."""

from importlib import import_module
from typing import NoReturn

import click

from rover_site import __version__
from rover_site.cli.database import CommandDatabase
from tasks.cli.exits import MEANINGS, CommandFailed, ExitCode

COMMANDS: dict[str, str] = {
    "up": "rover_site.cli.up:command",
    "web": "rover_site.cli.web:command",
    "worker": "rover_site.cli.worker:command",
    "owner": "rover_site.cli.owner:command",
    "seed": "rover_site.cli.seed:command",
    "roverbook": "rover_site.cli.roverbook:command",
    "doctor": "rover_site.cli.doctor:command",
    "task": "tasks.cli.task:command",
    "batch": "tasks.cli.batch:command",
    "fetch": "tasks.cli.fetch:command",
}
"""Where each subcommand lives. It is imported only when it is called: the others cost nothing."""

HELP = """\
Rover fetches the web for AI agents and opens your site to them.

Examples:
  rover up                               start the server and its workers
  rover batch start urls.txt --monitor   fetch many pages and watch them
  rover task 8e4a10                      how a task stands, by its last digits
  rover fetch https://example.com/       one page as Markdown

Read and fetch:
  task      show, follow or cancel any task; `rover task list`
  batch     the same for batches; start, wait, results
  fetch     fetch one page and print it

Run the server:
  up        everything in one go: server, workers, first data
  web       the web server alone         worker   background workers alone
  owner     people who may sign in, and their tokens
  seed      sample owners, sites and keys to look around in
  roverbook make visits anew from their logs
  doctor    check this installation

`rover COMMAND --help` says more; `rover help exit-codes` lists what scripts see.
Options: --version, --debug (traceback of an error), --help
"""


class Root(click.Group):
    """A group that imports a subcommand at its first use; a broken one hurts nobody else."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all subcommands, imported or not."""
        return [*COMMANDS, "help"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand, imported now.

        Raises:
            CommandFailed: there is no such subcommand, or its module is not there.
        """
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name) or _unknown(cmd_name)
        module_name, _, attribute = COMMANDS[cmd_name].partition(":")
        try:
            command: click.Command = getattr(import_module(module_name), attribute)
        except ModuleNotFoundError as exc:
            raise CommandFailed(
                f"`rover {cmd_name}` cannot start: the Python module {exc.name} is not installed.",
                code=ExitCode.USAGE,
                advice=["Install Rover with its dependencies again, then retry."],
            ) from exc
        return command

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Our own page: it names every subcommand without importing one."""
        formatter.write(HELP)


def _unknown(name: str) -> NoReturn:
    from difflib import get_close_matches

    close = get_close_matches(name, [*COMMANDS, "help"], n=1)
    raise CommandFailed(
        f"there is no command {name!r}.",
        code=ExitCode.USAGE,
        advice=[f"Did you mean `rover {close[0]}`?" if close else "`rover --help` lists the commands."],
    )


@click.group(cls=Root, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rover", message="%(prog)s %(version)s")
@click.pass_context
def root(ctx: click.Context) -> None:
    """Rover on the command line."""
    ctx.obj = CommandDatabase()
    if ctx.invoked_subcommand is None:
        click.echo(HELP, nl=False)


@root.command("help")
@click.argument("topic", required=False)
@click.pass_context
def help_command(ctx: click.Context, topic: str | None) -> None:
    """Help on a command, or on the topic exit-codes."""
    if topic is None:
        click.echo(HELP, nl=False)
    elif topic == "exit-codes":
        click.echo("\n".join(f"{code:>4}  {meaning}" for code, meaning in MEANINGS.items()))
    else:
        parent = ctx.find_root()
        name, command, _ = root.resolve_command(parent, [topic])
        if command is not None:
            click.echo(command.get_help(click.Context(command, info_name=name, parent=parent)))
