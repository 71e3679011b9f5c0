"""`rover seed`: sample data to look around in."""

import click

from tasks.cli.exits import CommandFailed, ExitCode


@click.command("seed")
def command() -> None:
    """Make sample data: two owners, three sites, keys in every state, and two weeks of use.

    Prints a sign-in link for each owner. A second run changes nothing and prints new links. Names and site
    ids are the same on every server; key values are this server's own.
    """
    from rover_site.operation.preparing import make_database

    make_database()
    from django.conf import settings
    from django.utils import timezone

    from rover_site.seeding import BAKERY, SAMPLES, TRAVEL, NamesTaken, seed
    from workspace.models import User
    from workspace.services.audit import COMMAND_LINE
    from workspace.services.signin_log import sign_in_link_noted
    from workspace.signin import sign_in_link_create

    now = timezone.now()
    try:
        is_new = seed(now=now)
    except NamesTaken as exc:
        raise CommandFailed(
            str(exc),
            code=ExitCode.FAILED,
            advice=[
                "Sample data go best into a data directory of their own: ROVER_DATA_DIR=/tmp/rover-samples"
            ],
        ) from exc
    if is_new:
        click.echo(f"Made 2 owners and {len(SAMPLES)} sites:", err=True)
    else:
        click.echo("The sample data are there already; nothing was changed:", err=True)
    for sample in SAMPLES:
        click.echo(
            f"  {sample.name:<16} {settings.ROVER.base_url}/workspace/sites/{sample.public_id}/", err=True
        )
    for owner in User.objects.filter(username__in=(BAKERY, TRAVEL), is_active=True).order_by("username"):
        sign_in_link_noted(actor=COMMAND_LINE, owner=owner, now=now)
        click.echo(f"{owner.username}\t{settings.ROVER.base_url}{sign_in_link_create(owner=owner, now=now)}")
    click.echo("Each link is good for one sign-in within 30 minutes.", err=True)
