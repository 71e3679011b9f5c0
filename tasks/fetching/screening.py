"""May this URL be fetched? The address policy of the fetch engine, without any network access.

    screen_url        scheme, host, port, address literal, special names, local files
    screen_addresses  every address that a name resolved to

A fetch passes both, again for every redirect hop and for every new connection, and then dials only an
address that was screened. All functions are pure, except that `file:` paths are looked up on disk.
"""

import os
import stat
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote_to_bytes

from tasks.fetching.addresses import METADATA_ADDRESSES, Classification, IPAddress, Zone, classify
from tasks.fetching.errors import DnsFailed, FetchError, InvalidUrl, SsrfDenied
from tasks.fetching.ports import REFUSED_PORTS
from tasks.fetching.urls import Url


class Level(StrEnum):
    """How much may be reached; each level includes the ones before it."""

    STRICT = "strict"
    LOOPBACK = "loopback"
    PROJECT = "project"
    LAN = "lan"
    NONE = "none"

    def includes(self, other: "Level") -> bool:
        """True if everything that `other` opens is open at this level."""
        order = list(Level)
        return order.index(self) >= order.index(other)


_OPENED_BY: Mapping[Zone, Level | None] = MappingProxyType(
    {
        Zone.PUBLIC: Level.STRICT,
        Zone.LOOPBACK: Level.LOOPBACK,
        Zone.LAN: Level.LAN,
        Zone.SPECIAL: Level.NONE,
        Zone.FLOOR: None,
    }
)

METADATA_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "metadata.google.internal": "link_local",
        "metadata.goog": "link_local",
        "metadata": "link_local",
        "instance-data": "link_local",
        "instance-data.ec2.internal": "link_local",
        "metadata.tencentyun.com": "link_local",
        "rancher-metadata": "link_local",
        "metadata.platformequinix.com": "metadata",
        "metadata.packet.net": "metadata",
    }
)
"""Names of cloud metadata services and the reason that their usual address would give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SsrfPolicy:
    """What may be fetched.

    `project_root` is resolved here, once; `file:` URLs need it. `allowed_metadata` exempts addresses from
    `metadata_addresses`; an exempted address is then judged by its network like any other.
    """

    level: Level = Level.STRICT
    project_root: Path | None = None
    metadata_addresses: frozenset[IPAddress] = METADATA_ADDRESSES
    allowed_metadata: frozenset[IPAddress] = frozenset()

    def __post_init__(self) -> None:
        if self.project_root is not None:
            object.__setattr__(self, "project_root", self.project_root.resolve())

    @property
    def refused_metadata(self) -> Set[IPAddress]:
        """The metadata addresses that are in force."""
        return self.metadata_addresses - self.allowed_metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """`reason` names what was found, 'public' for the ordinary case, 'file' or 'name' without an address.

    `address` is None for a file and for a name, whose addresses must still pass `screen_addresses`.
    """

    reason: str
    address: IPAddress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """`reason` is wire contract, `address` for debug logs only, `opened_by` the first level to allow it."""

    reason: str
    host: str
    address: IPAddress | None = None
    opened_by: Level | None = None


Verdict = Allowed | Rejected


def screen_url(policy: SsrfPolicy, url: Url, hop: int = 0) -> Verdict:
    """Judges all of a URL that needs no DNS. `hop` counts redirects; 0 is the URL that was asked for.

    A name that passes must still pass `screen_addresses`. Redirects never lead out of http and https.
    """
    if url.scheme == "file" and hop == 0:
        found = resolve_file(policy, url)
        return found if isinstance(found, Rejected) else Allowed(reason="file")
    if url.scheme not in ("http", "https"):
        return Rejected(reason="scheme_not_allowed", host=url.host)
    if not url.host:
        return Rejected(reason="no_host", host="")
    return _screen_port(policy, url) or _screen_host(policy, url)


def _screen_port(policy: SsrfPolicy, url: Url) -> Rejected | None:
    if url.port == 0:
        return Rejected(reason="port_not_allowed", host=url.host)
    if url.port in REFUSED_PORTS and not policy.level.includes(Level.NONE):
        return Rejected(reason="port_not_allowed", host=url.host, opened_by=Level.NONE)
    return None


def _screen_host(policy: SsrfPolicy, url: Url) -> Verdict:
    if (literal := url.address) is not None:
        return _judge(policy, url, classify(literal, policy.refused_metadata), literal)
    if (reason := METADATA_NAMES.get(url.host)) is not None:
        return Rejected(reason=reason, host=url.host)
    if url.host == "localhost" or url.host.endswith(".localhost"):  # RFC 6761 6.3: loopback by name
        return _judge(policy, url, Classification(reason="loopback", zone=Zone.LOOPBACK), None)
    return Allowed(reason="name")


def screen_addresses(policy: SsrfPolicy, url: Url, addresses: Sequence[str]) -> Verdict:
    """Judges what the host of `url` resolved to: every address must pass, and there must be one.

    The result names the first address that is refused, or the first that is not public.
    """
    verdicts = [_screen_address(policy, url, text) for text in addresses]
    if not verdicts:
        return Rejected(reason="dns_failed", host=url.host)
    refused = next((verdict for verdict in verdicts if isinstance(verdict, Rejected)), None)
    return refused or next((verdict for verdict in verdicts if verdict.reason != "public"), verdicts[0])


def _screen_address(policy: SsrfPolicy, url: Url, text: str) -> Verdict:
    try:
        address = ip_address(text)
    except ValueError:
        return Rejected(reason="dns_failed", host=url.host)
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        # A zone names a network interface of this machine (RFC 4007 11): no public address has one.
        unscoped = classify(IPv6Address(int(address)), policy.refused_metadata)
        reason = unscoped.reason if unscoped.zone is Zone.FLOOR else "reserved"
        return Rejected(reason=reason, host=url.host, address=address)
    return _judge(policy, url, classify(address, policy.refused_metadata), address)


def _judge(policy: SsrfPolicy, url: Url, found: Classification, address: IPAddress | None) -> Verdict:
    opened_by = _OPENED_BY[found.zone]
    if opened_by is not None and policy.level.includes(opened_by):
        return Allowed(reason=found.reason, address=address)
    return Rejected(reason=found.reason, host=url.host, address=address, opened_by=opened_by)


def resolve_file(policy: SsrfPolicy, url: Url) -> Path | Rejected:
    """Returns the real path of a `file:` URL: a regular file below the project root, no symlinks left in it.

    Open this path, not the one in the URL, and refuse to follow a symlink in its last part: the check and
    the opening are two moments. Whether something exists outside the root is not told.
    """
    if url.host or url.target.startswith("//"):
        return Rejected(reason="file_remote_host", host=url.host)
    if not policy.level.includes(Level.PROJECT):
        return Rejected(reason="file_not_allowed", host="", opened_by=Level.PROJECT)
    root = policy.project_root
    if root is None:
        return Rejected(reason="file_not_allowed", host="")
    path = url.target.partition("?")[0]
    try:
        real = Path(os.fsdecode(unquote_to_bytes(path))).resolve()
        if not real.is_relative_to(root):
            return Rejected(reason="file_outside_root", host="")
        mode = real.stat().st_mode
    except (OSError, RuntimeError, ValueError):  # missing, no permission; a circle of links; a NUL
        return Rejected(reason="file_unresolvable", host="")
    return real if stat.S_ISREG(mode) else Rejected(reason="file_not_allowed", host="")


def denied(rejected: Rejected, *, policy: SsrfPolicy, url: Url, hop: int = 0) -> FetchError:
    """Returns the error to raise for a refusal; its data never holds an address that came out of DNS."""
    data: dict[str, Any] = {
        "reason": rejected.reason,
        "level": policy.level.value,
        "host": rejected.host,
        "hop": hop,
    }
    if rejected.reason == "no_host":
        return InvalidUrl("The URL has no host.", **data)
    if rejected.reason == "dns_failed":
        return DnsFailed(f"The name {rejected.host} has no address.", **data)
    advice = None
    if rejected.opened_by is not None:
        advice = f"An operator can allow it with the address policy level '{rejected.opened_by}'."
    subject = rejected.host or f"this {url.scheme} URL"
    return SsrfDenied(f"The address policy refuses {subject}: {rejected.reason}.", next_action=advice, **data)
