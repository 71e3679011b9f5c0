"""`python -m rover_site.operation.preparing`: what must be done before the server starts.

One JSON object on standard output says what came of it.

A process of its own, so that the supervisor, which lives as long as the server, never loads Django.
"""

import argparse
import fcntl
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rover_site.conf import ConfigurationError, RoverConf, load

if TYPE_CHECKING:
    from workspace.models import User

DEMO_OWNER = "demo"
DEMO_TOKEN = "make run"  # noqa: S105 - the name by which people find the token in a list
DEMO_HOST = "127.0.0.1"
DEMO_SITE_SUFFIX = "demo01"
"""By its public id the site is known again at the next start, also under another name."""
ADVISORY_LOCK = 0x526F766572
"""Any number that nothing else locks in this PostgreSQL database: "Rover" in ASCII."""
REFUSED = 78
"""EX_CONFIG of sysexits.h."""

logger = logging.getLogger("rover_site.up")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What the supervisor tells people: how many owners there are and, for the demonstration, a fresh token,
    the path of a one-time sign-in link, that of the demo site's page in the workspace, and the tag by which
    the demo site's pages have the assistant."""

    n_owners: int
    token: str = ""
    sign_in_path: str = ""
    site_path: str = ""
    embed: str = ""


def main() -> int:
    """Check, migrate, make the demo owner. Returns 0, or 78 when the settings refuse a start."""
    parser = argparse.ArgumentParser(prog="python -m rover_site.operation.preparing")
    parser.add_argument("--demo", action="store_true")
    is_demo = parser.parse_args().demo
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rover_site.settings")
    try:
        conf = load()
        import django

        django.setup()
    except ConfigurationError as exc:
        sys.stderr.write(f"rover: {exc}\n")
        return REFUSED
    if not checks_pass():
        return REFUSED
    with migration_lock(conf):
        migrate()
    sys.stdout.write(json.dumps(asdict(prepare_demo(conf) if is_demo else _plain())) + "\n")
    return 0


def checks_pass() -> bool:
    """True when no system check finds an error; errors are told on standard error, warnings are logged."""
    from django.core.checks import ERROR, WARNING, run_checks

    from rover_site import checks  # noqa: F401 - registers them

    found = run_checks()
    for message in found:
        if WARNING <= message.level < ERROR:
            logger.warning("%s %s", message.msg, message.hint or "")
    errors = [message for message in found if message.level >= ERROR and not message.is_silenced()]
    for message in errors:
        sys.stderr.write(f"rover: {message.msg}\n")
        if message.hint:
            sys.stderr.write(f"       {message.hint}\n")
    return not errors


def migrate() -> None:
    """Bring the database to this version's tables."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(
        executor.loader.graph.leaf_nodes()
    ):  # the command takes a second even for none
        call_command("migrate", verbosity=0, interactive=False)


def make_database() -> None:
    """Set up Django and the database, for commands that may come before the first start."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rover_site.settings")
    import django

    django.setup()
    with migration_lock(load()):
        migrate()


@contextmanager
def migration_lock(conf: RoverConf) -> Iterator[None]:
    """One migration at a time: of this data directory, and of a PostgreSQL database from any machine."""
    from django.db import connection

    conf.data_dir.mkdir(parents=True, exist_ok=True)
    with (conf.data_dir / "migrate.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if connection.vendor != "postgresql":
            yield
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_LOCK])


def _plain() -> Prepared:
    from workspace.models import User

    return Prepared(n_owners=User.objects.filter(is_active=True).count())


def prepare_demo(conf: RoverConf) -> Prepared:
    """The demo owner with the demo site and a new token; the token of the start before ends, since nobody can
    read it again."""
    from django.utils import timezone

    from workspace.core.tokens import Scope
    from workspace.models import OwnerToken
    from workspace.selectors.owners import owner_by_name
    from workspace.services.audit import COMMAND_LINE
    from workspace.services.owners import owner_create, owner_token_create, owner_token_revoke
    from workspace.services.signin_log import sign_in_link_noted
    from workspace.signin import sign_in_link_create

    now = timezone.now()
    owner = owner_by_name(username=DEMO_OWNER)
    if owner is None:
        owner = owner_create(username=DEMO_OWNER, password=None, is_superuser=not conf.is_exposed)
    for former in OwnerToken.objects.filter(owner=owner, name=DEMO_TOKEN, revoked_at=None):
        owner_token_revoke(token=former, now=now)
    token = owner_token_create(
        owner=owner, name=DEMO_TOKEN, scopes=(Scope.FETCH, Scope.READ, Scope.MANAGE), now=now
    )
    sign_in_link_noted(actor=COMMAND_LINE, owner=owner, now=now)
    public_id = demo_site(owner, now)
    return Prepared(
        n_owners=_plain().n_owners,
        token=token,
        sign_in_path=sign_in_link_create(owner=owner, now=now),
        site_path=f"/workspace/sites/{public_id}/",
        embed=demo_tag(public_id, now),
    )


def demo_tag(public_id: str, now: datetime) -> str:
    """The script tag for the demo site's pages; '' when its owner has left it no key for this machine."""
    from workspace.core.installation import snippet
    from workspace.models import Site
    from workspace.selectors.installations import installation_of

    installation = installation_of(Site.objects.get(public_id=public_id), now=now)
    live = [key for key in installation.keys if key.is_live and key.environment == "development"]
    return snippet(installation, live[0]) if live else ""


def demo_site(owner: "User", now: datetime) -> str:
    """The public id of the demo site, registered for `owner` with a key for this machine. Once it is there,
    nothing about it is changed, whatever its owner has made of it."""
    from rover_site.demo.layout import NAME
    from workspace.core.names import site_id
    from workspace.io.transactions import write_transaction
    from workspace.models import Site
    from workspace.services.audit import SYSTEM
    from workspace.services.configs import site_config_patch
    from workspace.services.keys import key_create
    from workspace.services.sites import site_create

    public_id = site_id(NAME, DEMO_SITE_SUFFIX)
    with write_transaction():
        if not Site.objects.filter(public_id=public_id).exists():
            site = site_create(
                actor=SYSTEM, owner=owner, name=NAME, host=DEMO_HOST, suffix=DEMO_SITE_SUFFIX, now=now
            )
            key_create(
                actor=SYSTEM,
                site=site,
                label="Development",
                allowed_domains=[DEMO_HOST],
                environment="development",
                capabilities={"cloudAgent": True, "cloudScrape": True},
                now=now,
            )
            access = {"aiAccess": {"enabled": True, "allowDelegatedHandoffs": True}}
            site_config_patch(actor=SYSTEM, site=site, patch=access, max_stored=100, now=now)
    return public_id


if __name__ == "__main__":
    sys.exit(main())
