"""Django system checks: settings that are unsafe, or contradict one another. An error stops `rover up`."""

import stat
from collections.abc import Sequence
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from rover_site.conf import RoverConf

LEAST_SECRET_CHARACTERS = 32
LONGEST_SOCKET_PATH = 107
"""Bytes of a unix socket's path on Linux, less the zero at its end (unix(7))."""
LONGEST_SOCKET_NAME = "events-4194304.sock"
PRIVATE_SUFFIXES = (".local", ".lan", ".internal", ".home.arpa")


@register("rover")
def check_exposure(app_configs: Sequence[Any] | None = None, **_: Any) -> list[CheckMessage]:
    """What a server must have before others than this machine may reach it."""
    conf: RoverConf = settings.ROVER
    return exposure_problems(conf) if conf.is_exposed else []


@register("rover")
def check_consistency(app_configs: Sequence[Any] | None = None, **_: Any) -> list[CheckMessage]:
    """Settings that cannot work together, or not on this machine."""
    return consistency_problems(settings.ROVER)


def exposure_problems(conf: RoverConf) -> list[CheckMessage]:
    """What is missing or unsafe in the settings of a server that others can reach."""
    found: list[CheckMessage] = []
    url = urlsplit(conf.public_url)
    if not conf.public_url:
        found.append(
            Error(
                "Others can reach this server, but it does not know its own address.",
                hint="Set ROVER_PUBLIC_URL, e.g. https://rover.example.com, or ROVER_BIND=127.0.0.1.",
                id="rover.E001",
            )
        )
    elif url.scheme == "http" and not _is_private(url.hostname or ""):
        found.append(
            Error(
                "ROVER_PUBLIC_URL begins with http://: tokens and passwords would cross the net unencrypted.",
                hint="Put a proxy with TLS in front of Rover and set ROVER_PUBLIC_URL=https://…",
                id="rover.E002",
            )
        )
    elif url.scheme == "http":
        found.append(
            Warning("Tokens and passwords cross the local network unencrypted (http).", id="rover.W001")
        )
    return [*found, *_secret_problems(conf), *_reach_problems(conf)]


def _secret_problems(conf: RoverConf) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if len(conf.load_secret_key()) < LEAST_SECRET_CHARACTERS or len(set(conf.load_secret_key())) < 8:
        found.append(
            Error(
                f"The secret key has fewer than {LEAST_SECRET_CHARACTERS} random characters.",
                hint="Remove ROVER_SECRET_KEY, then one is made, or set 50 random characters.",
                id="rover.E003",
            )
        )
    kept = conf.data_dir / "secret_key"
    if not conf.secret_key.get_secret_value() and kept.exists() and kept.stat().st_mode & stat.S_IRWXO:
        found.append(Error(f"Every user can read {kept}.", hint=f"Run: chmod 600 '{kept}'", id="rover.E004"))
    return found


def _reach_problems(conf: RoverConf) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if "*" in conf.allowed_hosts:
        found.append(
            Error(
                "ROVER_ALLOWED_HOSTS contains *: any page could pretend to be this server.",
                hint="Name the hosts; the host of ROVER_PUBLIC_URL is always allowed.",
                id="rover.E005",
            )
        )
    if conf.ssrf_level == "none":
        found.append(
            Error(
                "ROVER_SSRF_LEVEL is none: callers could make this server open any address.",
                hint="Set ROVER_SSRF_LEVEL=strict.",
                id="rover.E006",
            )
        )
    elif conf.ssrf_level != "strict":
        found.append(
            Warning(
                f"ROVER_SSRF_LEVEL is {conf.ssrf_level}: callers can reach services of this machine.",
                hint="Set ROVER_SSRF_LEVEL=strict unless every caller may.",
                id="rover.W002",
            )
        )
    return found


def consistency_problems(conf: RoverConf) -> list[CheckMessage]:
    """Settings that contradict one another, or ask for something that is not installed."""
    found: list[CheckMessage] = []
    longest = len(str(conf.run_dir / LONGEST_SOCKET_NAME).encode())
    if longest > LONGEST_SOCKET_PATH:
        found.append(
            Error(
                f"The data directory's path is {longest - LONGEST_SOCKET_PATH} bytes too long for sockets.",
                hint="Set ROVER_DATA_DIR to a shorter path.",
                id="rover.E007",
            )
        )
    for is_asked, package, extra in (
        (conf.redis_url, "redis", "redis"),
        (conf.server == "uvicorn", "uvicorn", "uvicorn"),
    ):
        if is_asked and find_spec(package) is None:
            found.append(
                Error(
                    f"The settings ask for {package}, which is not installed.",
                    hint=f"Run: pip install 'rover-server[{extra}]'",
                    id="rover.E008",
                )
            )
    return [*found, *_contradictions(conf)]


def _contradictions(conf: RoverConf) -> list[CheckMessage]:
    rules = (
        (
            conf.ssrf_project_root is not None and conf.ssrf_level in ("strict", "loopback"),
            "ROVER_SSRF_PROJECT_ROOT has no effect below ROVER_SSRF_LEVEL=project.",
            "rover.W003",
        ),
        (
            conf.cache_ttl_seconds > conf.cache_max_ttl_seconds,
            "ROVER_CACHE_TTL_SECONDS is above ROVER_CACHE_MAX_TTL_SECONDS, which wins.",
            "rover.W004",
        ),
        (
            conf.database_url.startswith("postgres") and not conf.secret_key.get_secret_value(),
            "With PostgreSQL every machine needs the same ROVER_SECRET_KEY; none is set.",
            "rover.W005",
        ),
    )
    return [Warning(text, id=identity) for holds, text, identity in rules if holds]


def _is_private(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(PRIVATE_SUFFIXES)
