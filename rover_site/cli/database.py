"""The database as commands open it. Readers get a small Django: two apps, no write, no folder made."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.cli.exits import CommandFailed, ExitCode
from tasks.cli.sqlite import reading_uri

if TYPE_CHECKING:
    from rover_site.conf import RoverConf

READER_APPS = ["rover_site.cli.readers", "tasks"]
"""Tasks, and a stand-in for what their tables refer to: the real apps would double the start-up time."""
READER_PRAGMAS = "PRAGMA query_only=ON;PRAGMA mmap_size=134217728"
BUSY_SECONDS = 20
DEFAULT_NAME = "rover.db"


class CommandDatabase:
    """Sets up Django once per process, for reading or for writing; the first call decides."""

    def open_for_reading(self) -> None:
        """Connect so that nothing can be written, neither rows nor folders.

        Raises:
            CommandFailed: there is no database yet.
        """
        from django.apps import apps
        from django.conf import settings

        if apps.ready:
            return
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # to look for some takes 20 ms
        with _without_collection():
            conf = _existing()
            if not settings.configured:
                settings.configure(**reader_settings(conf))
            apps.populate(settings.INSTALLED_APPS)

    def open_for_writing(self) -> None:
        """Connect with all settings of the server.

        Raises:
            CommandFailed: there is no database yet.
        """
        import django
        from django.apps import apps

        if apps.ready:
            return
        with _without_collection():
            _existing()
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rover_site.settings")
            django.setup()


@contextmanager
def _without_collection() -> Iterator[None]:
    """Modules make many objects and no garbage: collecting meanwhile takes a fifth of the start-up time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def reader_settings(conf: "RoverConf") -> dict[str, Any]:
    """The least Django settings under which tasks can be read."""
    return {
        "ROVER": conf,
        "DATABASES": {"default": _read_only(conf)},
        "INSTALLED_APPS": READER_APPS,
        "AUTH_USER_MODEL": "workspace.User",
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "USE_I18N": False,
        "LOGGING_CONFIG": None,
        "SECRET_KEY": "readers sign nothing",
    }


def sqlite_path(conf: "RoverConf") -> Path | None:
    """The file of the database; None when it is on a server."""
    url = conf.database_url
    if not url:
        return conf.data_dir / DEFAULT_NAME
    if not url.startswith("sqlite:"):
        return None
    from rover_site.databases import database

    return Path(database(conf)["NAME"])


def _existing() -> "RoverConf":
    from rover_site.conf import load

    conf = load()
    path = sqlite_path(conf)
    if path is not None and not path.is_file():
        raise CommandFailed(
            f"there is no database at {path}.",
            code=ExitCode.UNREACHABLE,
            advice=[
                "Start the server once with `rover up`,",
                "or let ROVER_DATA_DIR or ROVER_DATABASE_URL say where its data is.",
            ],
        )
    return conf


def _read_only(conf: "RoverConf") -> dict[str, Any]:
    path = sqlite_path(conf)
    if path is not None:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": reading_uri(path),
            "OPTIONS": {"timeout": BUSY_SECONDS, "init_command": READER_PRAGMAS},
        }
    from rover_site.databases import database

    entry = database(conf)
    options = entry.get("OPTIONS", {}) | {"options": "-c default_transaction_read_only=on"}
    return entry | {"OPTIONS": options}
