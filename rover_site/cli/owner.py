"""`rover owner`: people who may sign in, their tokens, sign-in links and names at an identity provider."""

import os
import sys
from datetime import timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from rover_site.cli.database import CommandDatabase
from tasks.cli.exits import CommandFailed, ExitCode
from workspace.core.tokens import Scope

if TYPE_CHECKING:
    from workspace.models import User

LONGEST_DAYS = 3650


@click.group("owner")
def command() -> None:
    """People who may sign in, their tokens and sign-in links."""


@command.command("create")
@click.argument("name")
@click.option("--superuser", is_flag=True, help="May administer everything.")
@click.option("--no-password", is_flag=True, help="May sign in by one-time links only.")
def create(name: str, superuser: bool, no_password: bool) -> None:
    """Make an owner. The password is asked for, or read from standard input."""
    _open_or_make_database()
    from django.contrib.auth.validators import UnicodeUsernameValidator
    from django.core.exceptions import ValidationError
    from django.db import IntegrityError

    from workspace.services.audit import COMMAND_LINE
    from workspace.services.owners import owner_create

    try:
        UnicodeUsernameValidator()(name)
    except ValidationError as exc:
        raise CommandFailed(" ".join(exc.messages), code=ExitCode.USAGE) from exc
    password = None if no_password else _password(name)
    try:
        owner_create(username=name, password=password, is_superuser=superuser, actor=COMMAND_LINE)
    except IntegrityError as exc:
        raise CommandFailed(
            f"there is an owner {name} already.",
            code=ExitCode.FAILED,
            advice=["Choose another name; `rover owner list` shows who is there."],
        ) from exc
    click.echo(f"Owner {name} created.", err=True)
    click.echo(f"Token for scripts: rover owner token {name}    Sign in: rover owner link {name}", err=True)


@command.command("token")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    help="May be given several times; default: fetch and read.",
)
@click.option("--name", "label", default="command line", show_default=True, help="What the token is for.")
@click.option("--days", type=click.IntRange(1, LONGEST_DAYS), help="Ends after so many days; default: never.")
@click.pass_obj
def token(
    database: CommandDatabase, name: str, scopes: tuple[str, ...], label: str, days: int | None
) -> None:
    """Make a token for an owner's scripts and print it, this once."""
    database.open_for_writing()
    from django.utils import timezone

    from workspace.services.audit import COMMAND_LINE
    from workspace.services.owners import owner_token_create

    now = timezone.now()
    made = owner_token_create(
        owner=_owner(name),
        name=label[:100],
        scopes=[Scope(scope) for scope in scopes] or [Scope.FETCH, Scope.READ],
        now=now,
        expires_at=None if days is None else now + timedelta(days=days),
        actor=COMMAND_LINE,
    )
    click.echo(made)
    click.echo("Keep it: it is stored as a digest only and cannot be shown again.", err=True)


@command.command("identity")
@click.argument("name")
@click.argument("subject")
@click.option("--issuer", help="Who vouches for the subject; default: ROVER_OIDC_ISSUER.")
@click.option("--move", is_flag=True, help="Take the subject from the owner it is linked to.")
@click.pass_obj
def identity(database: CommandDatabase, name: str, subject: str, issuer: str | None, move: bool) -> None:
    """Let JWTs with this SUBJECT (`sub`) act for an owner.

    The server must have an OpenID Connect issuer: ROVER_OIDC_ISSUER and ROVER_OIDC_AUDIENCE.
    """
    database.open_for_writing()
    from django.conf import settings
    from django.utils import timezone

    from workspace.services.audit import COMMAND_LINE
    from workspace.services.identities import identity_link

    trusted = settings.ROVER.oidc_issuer
    issuer = trusted if issuer is None else issuer
    if not issuer:
        raise CommandFailed(
            "no issuer is set.", code=ExitCode.USAGE, advice=["Set ROVER_OIDC_ISSUER, or use --issuer URL."]
        )
    identity_link(
        actor=COMMAND_LINE, owner=_owner(name), issuer=issuer, subject=subject, now=timezone.now(), move=move
    )
    click.echo(f"JWTs of {issuer} with the subject {subject} act for {name}.", err=True)
    if issuer != trusted:
        click.echo(f"But the server trusts {trusted or 'no issuer'}; see ROVER_OIDC_ISSUER.", err=True)


@command.command("list")
@click.pass_obj
def list_owners(database: CommandDatabase) -> None:
    """Show every owner, one a line: name, rights, live tokens, last sign-in."""
    database.open_for_writing()
    from django.db.models import Count, Q
    from django.utils import timezone

    from workspace.models import User

    live = Q(tokens__revoked_at=None) & (
        Q(tokens__expires_at=None) | Q(tokens__expires_at__gt=timezone.now())
    )
    for owner in User.objects.annotate(n_tokens=Count("tokens", filter=live)).order_by("username"):
        rights = "superuser" if owner.is_superuser else "owner"
        seen = f"{owner.last_login:%Y-%m-%d %H:%M} UTC" if owner.last_login else "never signed in"
        click.echo(f"{owner.username}\t{rights if owner.is_active else 'inactive'}\t{owner.n_tokens}\t{seen}")


@command.command("link")
@click.argument("name")
@click.pass_obj
def link(database: CommandDatabase, name: str) -> None:
    """Print a link that signs the owner in once, within 30 minutes."""
    database.open_for_writing()
    from django.conf import settings
    from django.utils import timezone

    from workspace.services.audit import COMMAND_LINE
    from workspace.services.signin_log import sign_in_link_noted
    from workspace.signin import sign_in_link_create

    owner, now = _owner(name), timezone.now()
    sign_in_link_noted(actor=COMMAND_LINE, owner=owner, now=now)
    click.echo(settings.ROVER.base_url + sign_in_link_create(owner=owner, now=now))
    click.echo("Good for one sign-in within 30 minutes.", err=True)


def _open_or_make_database() -> None:
    """The first owner may be made before the first start."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rover_site.settings")
    import django

    from rover_site.conf import load
    from rover_site.operation.preparing import migrate, migration_lock

    django.setup()
    with migration_lock(load()):
        migrate()


def _owner(name: str) -> "User":
    from workspace.models import User
    from workspace.selectors.owners import owner_by_name

    owner = owner_by_name(username=name)
    if owner is not None and owner.is_active:
        return owner
    close = get_close_matches(name, User.objects.values_list("username", flat=True), n=1)
    advice = f"Did you mean {close[0]}?" if close else f"Make one: rover owner create {name}"
    raise CommandFailed(f"there is no owner {name}.", code=ExitCode.NOT_FOUND, advice=[advice])


def _password(name: str) -> str:
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    from workspace.models import User

    if sys.stdin is not None and sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n") if sys.stdin is not None else ""
    if not password:
        raise CommandFailed(
            "no password came on standard input.",
            code=ExitCode.USAGE,
            advice=["Send it as one line, or use --no-password and sign in by `rover owner link`."],
        )
    try:
        validate_password(password, User(username=name))
    except ValidationError as exc:
        raise CommandFailed(" ".join(exc.messages), code=ExitCode.USAGE) from exc
    return password
