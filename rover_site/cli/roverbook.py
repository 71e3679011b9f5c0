"""`rover roverbook`: care for RoverBook's tables."""

import click

from rover_site.cli.database import CommandDatabase
from tasks.cli.exits import CommandFailed, ExitCode


@click.group("roverbook")
def command() -> None:
    """RoverBook keeps how agents fared on your sites. What it shows is made from logs."""


@command.command("rebuild")
@click.option("--site", "site_id", metavar="SITE_ID", help="Only this site, by its siteId.")
def rebuild_command(site_id: str | None) -> None:
    """Make all visits anew from the logs that are still there.

    The server may run meanwhile. Visits whose logs are gone stay as they are, and nobody is told anything.
    """
    CommandDatabase().open_for_writing()
    from django.utils import timezone

    from roverbook.services.projecting import rebuild
    from workspace.models import Site

    site = Site.objects.filter(public_id=site_id).first() if site_id else None
    if site_id and site is None:
        raise CommandFailed(
            f"there is no site {site_id}.",
            code=ExitCode.NOT_FOUND,
            advice=["Its siteId is at the end of its address in the workspace: /workspace/sites/SITE_ID/"],
        )
    n_visits = rebuild(site, now=timezone.now())
    click.echo(f"{n_visits} visits made anew.")
