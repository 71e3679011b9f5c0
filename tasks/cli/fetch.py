"""`rover fetch`: one page, fetched or taken from the cache, as front matter and Markdown."""

from typing import Any

import click

from tasks.cli.access import database_of
from tasks.cli.options import HELP_NAMES


@click.command(context_settings=HELP_NAMES)
@click.argument("url")
@click.option("--force-refresh", is_flag=True, help="Ask the origin again, whatever is stored.")
@click.option(
    "--timeout-secs", type=click.FloatRange(min=0, min_open=True), help="Give up after so many seconds."
)
@click.option("--raw", is_flag=True, help="The Markdown alone, without front matter.")
@click.pass_context
def command(ctx: click.Context, /, url: str, **values: Any) -> None:
    """Fetch one page and print it: YAML front matter, then Markdown.

    \b
    Examples:
      rover fetch https://example.com/
      rover fetch https://example.com/ --force-refresh --timeout-secs 10
      rover fetch https://example.com/ --raw > page.md

    The page is fetched by this process and kept in the cache, as a batch would.

    The text is NOT guarded: this version checks no page for instructions to a model. Do not hand it to one
    as if you had written it.
    """
    database_of(ctx).open_for_writing()
    from tasks.cli.page import print_page

    print_page(url, **values)
