"""A group that takes an id where others want a subcommand: `rover task ID …` beside `rover task list …`."""

import click

SHOW = "show"


class IdGroup(click.Group):
    """Sends every line that does not begin with a subcommand to the hidden command `show`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """`rover task --monitor ID` is as good as `rover task ID --monitor`."""
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = [SHOW, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The subcommands that people type."""
        return [name for name in self.commands if name != SHOW]

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The group's text as it is written, examples first."""
        formatter.write(f"{(self.help or '').strip()}\n")
