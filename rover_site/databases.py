"""The database as Django wants it, from one URL."""

from typing import Any

from rover_site.conf import ConfigurationError, RoverConf

# WAL lets readers work while one process writes; IMMEDIATE takes the write lock before the first read, so
# that a read-then-write transaction waits instead of failing with "database is locked".
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA busy_timeout=20000",
    "PRAGMA cache_size=-20000",
    "PRAGMA mmap_size=134217728",
    "PRAGMA journal_size_limit=67108864",
    "PRAGMA foreign_keys=ON",
)
BUSY_SECONDS = 20


def database(conf: RoverConf) -> dict[str, Any]:
    """The DATABASES entry for `conf`.

    Raises:
        ConfigurationError: the URL names a database that Rover does not run on.
    """
    if not conf.database_url:
        conf.data_dir.mkdir(parents=True, exist_ok=True)
        return _sqlite(str(conf.data_dir / "rover.db"), conf)
    import dj_database_url

    try:
        parsed: dict[str, Any] = dict(dj_database_url.parse(conf.database_url))
    except (ValueError, KeyError) as exc:
        raise ConfigurationError(f"ROVER_DATABASE_URL: {exc}") from exc
    engine = parsed["ENGINE"]
    if engine == "django.db.backends.sqlite3":
        return _sqlite(parsed["NAME"], conf)
    if engine != "django.db.backends.postgresql":
        raise ConfigurationError("ROVER_DATABASE_URL: use sqlite:///path or postgres://user:pass@host/name")
    return parsed | {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}


def _sqlite(name: str, conf: RoverConf) -> dict[str, Any]:
    sync = f"PRAGMA synchronous={'FULL' if conf.sqlite_full_sync else 'NORMAL'}"
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": name,
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": BUSY_SECONDS,
            "transaction_mode": "IMMEDIATE",
            "init_command": ";".join((*SQLITE_PRAGMAS, sync)),
        },
        "TEST": {"NAME": None},
    }
