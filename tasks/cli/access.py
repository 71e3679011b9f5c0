"""What a command may ask of the program that runs it: the database, opened for reading or for writing."""

from typing import Protocol, cast

import click


class Database(Protocol):
    """The seam between the commands and the server's settings, which live above this package."""

    def open_for_reading(self) -> None:
        """Connect so that nothing can be written, neither rows nor folders.

        Raises:
            CommandFailed: there is no database yet.
        """

    def open_for_writing(self) -> None:
        """Connect with all settings of the server.

        Raises:
            CommandFailed: there is no database yet.
        """


def database_of(ctx: click.Context) -> Database:
    """The database that the root command was given."""
    return cast(Database, ctx.find_root().obj)
