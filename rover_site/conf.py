"""Every setting of a Rover server: name, type, default, meaning. The only reader of the environment.

A setting `name` is read from the variable `ROVER_NAME`, or from the file that `ROVER_NAME_FILE` names.
A variable that begins with ROVER_ and names no setting stops the start: a typo must not pass in silence.
docs/operating.md lists every setting; a test compares it with this module.
"""

import json
import os
import secrets
from collections.abc import Mapping
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from rover_site import __version__

PREFIX = "ROVER_"
SECRET_KEY_BYTES = 50


class ConfigurationError(Exception):
    """A setting is unknown or has a value that cannot work; the message says which and what to set."""


def default_data_dir() -> Path:
    """`$XDG_DATA_HOME/rover`, or the same below the home directory."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "rover"


class RoverConf(BaseModel):
    """The settings of one server, validated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Field(
        default_factory=default_data_dir, description="Database, secret key, run directory."
    )
    database_url: str = Field(
        "",
        description="`postgres://user:pass@host/name` or `sqlite:///path`; empty: rover.db in `data_dir`.",
    )
    redis_url: str = Field("", description="`redis://host/0`; empty: embedded queue and wake-ups.")
    secret_key: SecretStr = Field(
        SecretStr(""), description="Signs sessions and tokens; empty: generated once into the data directory."
    )
    public_url: str = Field(
        "", description="What the outside calls this server, e.g. `https://rover.example.com`."
    )
    allowed_hosts: tuple[str, ...] = Field(
        (), description="Host names served, comma separated; `public_url`'s host is implied."
    )
    oidc_issuer: str = Field(
        "",
        max_length=500,
        description="Issuer whose JWTs are accepted beside owner tokens, as in `iss`; empty: none.",
    )
    oidc_audience: str = Field("", description="What such a JWT must have in `aud`; required with an issuer.")
    oidc_jwks: str = Field(
        "",
        description="The issuer's keys: URL, file or the JSON itself; empty: as its discovery document says.",
    )
    oidc_signup: bool = Field(
        True, description="Whoever comes with a good JWT for the first time becomes an owner; else 403."
    )
    bind: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on.")
    server: Literal["daphne", "uvicorn"] = Field("daphne", description="ASGI server that `rover up` starts.")
    workers: int = Field(2, ge=1, le=64, description="Worker processes for background tasks.")
    web_threads: int = Field(
        0, ge=0, le=64, description="Threads for Django requests; 0: 1 on SQLite, 4 on PostgreSQL."
    )
    log_format: Literal["human", "json"] = Field(
        "human", description="One line for people, or one JSON object a line."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least level that is logged."
    )
    ssrf_level: Literal["strict", "loopback", "project", "lan", "none"] = Field(
        "strict", description="What addresses fetches may reach; each level includes those before it."
    )
    ssrf_project_root: Path | None = Field(
        None, description="Folder that `file://` may read at level project and above."
    )
    user_agent: str = Field(
        "", max_length=300, description="Sent with every fetch; empty: names Rover and this server's URL."
    )
    fetch_concurrency: int = Field(
        32, ge=1, le=32, description="Most requests in flight of one batch, whatever it asks for."
    )
    fetch_per_host_concurrency: int = Field(
        8, ge=1, le=8, description="Most requests in flight of one batch to one host, whatever it asks for."
    )
    batch_max_urls: int = Field(100, ge=1, le=1000, description="Most URLs in one batch.")
    batch_resolve_upfront: bool = Field(
        True, description="Resolve every host of a batch before it is accepted and refuse forbidden answers."
    )
    extraction_processes: int = Field(
        0, ge=0, le=64, description="Extraction children per worker; 0: one per core."
    )
    cache_ttl_seconds: int = Field(
        900, ge=0, description="How long a page without its own lifetime stays fresh."
    )
    cache_min_ttl_seconds: int = Field(
        300, ge=0, description="Least lifetime of a page whose origin names none."
    )
    cache_stale_seconds: int = Field(
        300, ge=0, description="How long beyond its lifetime a page may stand in when its origin fails."
    )
    cache_max_ttl_seconds: int = Field(604_800, ge=0, description="Upper bound of any page's lifetime.")
    tasks_per_minute_ip: int = Field(
        10, ge=0, description="Tasks that one address may start in a minute; 0: no limit."
    )
    tasks_per_minute_agent: int = Field(
        30,
        ge=0,
        description="Tasks that one agent may start in a minute, wherever it calls from; 0: no limit.",
    )
    tasks_per_minute_site: int = Field(
        60, ge=0, description="Tasks that agents may start on one site in a minute; 0: no limit."
    )
    sessions_per_minute_ip: int = Field(
        120, ge=0, description="Sessions that pages of one address may open in a minute; 0: no limit."
    )
    llm_base_url: str = Field(
        "",
        max_length=500,
        description="OpenAI-compatible endpoint of cloud tasks: `http://127.0.0.1:11434/v1`; empty: none.",
    )
    llm_model: str = Field(
        "", max_length=200, description="Model to ask for there; required with an endpoint."
    )
    llm_api_key: SecretStr = Field(SecretStr(""), description="Bearer key of the endpoint; empty: none.")
    retention_days: int = Field(30, ge=1, description="Ended tasks older than this are removed.")
    sqlite_full_sync: bool = Field(
        False, description="Wait for the disk at every commit; about 40 % slower writes."
    )

    @model_validator(mode="before")
    @classmethod
    def _split_lists(cls, values: dict[str, object]) -> dict[str, object]:
        hosts = values.get("allowed_hosts")
        if isinstance(hosts, str):
            values["allowed_hosts"] = tuple(h.strip() for h in hosts.split(",") if h.strip())
        return values

    @model_validator(mode="after")
    def _public_url_is_a_url(self) -> Self:
        if self.public_url:
            parts = urlsplit(self.public_url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError("public_url must look like https://rover.example.com")
        return self

    @model_validator(mode="after")
    def _llm_can_work(self) -> Self:
        if not self.llm_base_url:
            if self.llm_model or self.llm_api_key.get_secret_value():
                raise ValueError(
                    "ROVER_LLM_MODEL and ROVER_LLM_API_KEY have no meaning without ROVER_LLM_BASE_URL"
                )
            return self
        parts = urlsplit(self.llm_base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("llm_base_url must look like https://models.example.com/v1")
        if not self.llm_model:
            raise ValueError("ROVER_LLM_BASE_URL needs ROVER_LLM_MODEL")
        return self

    @model_validator(mode="after")
    def _oidc_can_work(self) -> Self:
        if (self.oidc_issuer or self.oidc_audience or self.oidc_jwks) and (fault := _oidc_fault(self)):
            raise ValueError(fault)
        return self

    @property
    def base_url(self) -> str:
        """Where callers reach this server, without a trailing slash."""
        host = f"[{self.bind}]" if ":" in self.bind else self.bind
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"

    @property
    def is_exposed(self) -> bool:
        """True when others than this machine can reach the server: then unsafe settings refuse to start."""
        return not (_is_local(self.bind) and _is_local(urlsplit(self.base_url).hostname or ""))

    @property
    def agent(self) -> str:
        """The User-Agent that fetches send."""
        return self.user_agent or f"Rover/{__version__} (+{self.base_url})"

    @property
    def run_dir(self) -> Path:
        """Folder for sockets; short, because a unix socket path holds 108 bytes."""
        return self.data_dir / "run"

    def load_secret_key(self) -> str:
        """The configured secret key, or the one kept in the data directory (made at first use, mode 600)."""
        if configured := self.secret_key.get_secret_value():
            return configured
        path = self.data_dir / "secret_key"
        if not path.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            _write_once(path, secrets.token_urlsafe(SECRET_KEY_BYTES))
        return path.read_text().strip()


@cache
def load() -> RoverConf:
    """The settings of this process, read once.

    Raises:
        ConfigurationError: a variable is unknown, unreadable or has a value that cannot work.
    """
    return read(os.environ)


def read(environ: Mapping[str, str]) -> RoverConf:
    """Settings from `environ` alone; see `load`."""
    values: dict[str, str] = {}
    for name, value in environ.items():
        if name.startswith(PREFIX):
            _take(name.removeprefix(PREFIX).lower(), value, values)
    try:
        return RoverConf.model_validate(values)
    except ValidationError as exc:
        raise ConfigurationError(_explain(exc)) from exc


def _take(name: str, value: str, values: dict[str, str]) -> None:
    known = RoverConf.model_fields
    if name in known:
        values[name] = value
    elif name.endswith("_file") and name.removesuffix("_file") in known:
        try:
            values[name.removesuffix("_file")] = Path(value).read_text().strip()
        except OSError as exc:
            raise ConfigurationError(f"{PREFIX}{name.upper()}: cannot read {value}: {exc.strerror}") from exc
    else:
        raise ConfigurationError(f"unknown setting {PREFIX}{name.upper()}{_suggestion(name, known)}")


def _suggestion(name: str, known: Mapping[str, object]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1)
    return (
        f"; did you mean {PREFIX}{close[0].upper()}?" if close else "; docs/operating.md lists all settings"
    )


def _explain(exc: ValidationError) -> str:
    lines = []
    for error in exc.errors(include_url=False):
        where = "_".join(str(part) for part in error["loc"]).upper()
        lines.append(f"{PREFIX}{where}: {error['msg']}" if where else error["msg"])
    return "; ".join(lines)


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".test")):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _oidc_fault(conf: RoverConf) -> str:
    """What is missing or unsafe in the settings of an OpenID Connect issuer; empty when nothing is."""
    from workspace.core.oidc import is_trustworthy_url

    if not conf.oidc_issuer:
        return "ROVER_OIDC_AUDIENCE and ROVER_OIDC_JWKS have no meaning without ROVER_OIDC_ISSUER"
    if not conf.oidc_audience:
        return (
            "ROVER_OIDC_ISSUER needs ROVER_OIDC_AUDIENCE: else tokens made for other services would open this"
        )
    keys = conf.oidc_jwks.strip()
    if not keys:
        return "" if is_trustworthy_url(conf.oidc_issuer) else _OIDC_ISSUER_UNSAFE
    if keys.startswith("{"):
        return "" if _has_keys(keys) else "ROVER_OIDC_JWKS is no JSON object with a list of keys"
    if "://" in keys:
        return "" if is_trustworthy_url(keys) else _OIDC_JWKS_UNSAFE
    return "" if _is_file(keys) else f"ROVER_OIDC_JWKS: there is no file {keys[:200]}"


_OIDC_ISSUER_UNSAFE = (
    "ROVER_OIDC_ISSUER must begin with https://, or with http:// on this machine, for its keys to be found;"
    " else set ROVER_OIDC_JWKS"
)
_OIDC_JWKS_UNSAFE = (
    "ROVER_OIDC_JWKS must begin with https://, or with http:// on this machine: over plain http anybody on"
    " the way could put other keys in"
)


def _has_keys(text: str) -> bool:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return False
    keys = document.get("keys")
    return isinstance(keys, list) and bool(keys)


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


def _write_once(path: Path, text: str) -> None:
    """Two processes may start together: the first one's file counts."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(fd, "w") as file:
        file.write(text)
