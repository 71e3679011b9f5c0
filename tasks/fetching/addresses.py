"""What an IP address stands for, by one ordered table: the first network that holds the address decides.

The standard library's `is_global` is not used: it differs between Python versions and calls several of the
networks below global. Sources: the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890) and the
document named beside each row. An address that carries an IPv4 address inside is judged by that one as well.
"""

from collections.abc import Callable, Set
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IPAddress = IPv4Address | IPv6Address


class Zone(IntEnum):
    """How far from the public internet an address is; a policy level opens everything up to one zone."""

    PUBLIC = 0
    LOOPBACK = 1
    LAN = 2
    SPECIAL = 3
    FLOOR = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """`reason` is wire contract (`data.reason` of `ssrf_denied`)."""

    reason: str
    zone: Zone


METADATA_ADDRESSES: frozenset[IPAddress] = frozenset(
    ip_address(text)
    for text in (
        "100.100.100.200",  # Alibaba Cloud
        "192.0.0.192",  # Oracle Cloud
        "168.63.129.16",  # Azure host agent
        "fd00:ec2::254",  # AWS instance metadata
        "fd00:ec2::23",  # AWS container credentials
        "fd20:ce::254",  # Google Cloud
    )
)
"""Cloud metadata services outside the link-local networks (those are on the floor already)."""


def classify(address: IPAddress, metadata: Set[IPAddress] = METADATA_ADDRESSES) -> Classification:
    """Returns the reason word and the zone of one address.

    `metadata` holds the addresses treated as cloud metadata services, bare or carried inside another address.
    An embedded address on the floor puts the whole address on the floor.
    """
    own = _look_up(address, metadata)
    if own.zone is Zone.FLOOR or isinstance(address, IPv4Address):
        return own
    readings = [
        (carrier, _look_up(inner, metadata)) for carrier in _CARRIERS for inner in carrier.embedded(address)
    ]
    for carrier, inner in readings:
        if inner.zone is Zone.FLOOR:
            return Classification(reason=f"{carrier.prefix}_{inner.reason}", zone=Zone.FLOOR)
    for carrier, inner in readings:
        if (judged := carrier.judge(carrier.prefix, inner)) is not None:
            return judged
    return own


def _look_up(address: IPAddress, metadata: Set[IPAddress]) -> Classification:
    if address in metadata:
        return Classification(reason="metadata", zone=Zone.FLOOR)
    table = _IPV4_TABLE if isinstance(address, IPv4Address) else _IPV6_TABLE
    return next(found for network, found in table if address in network)


def _rows(
    *rows: tuple[str, str, Zone],
) -> tuple[tuple[IPv4Network | IPv6Network, Classification], ...]:
    return tuple((ip_network(net), Classification(reason=reason, zone=zone)) for net, reason, zone in rows)


_IPV4_TABLE = _rows(
    ("0.0.0.0/8", "unspecified", Zone.FLOOR),  # RFC 791: this network
    ("169.254.0.0/16", "link_local", Zone.FLOOR),  # RFC 3927
    ("224.0.0.0/4", "multicast", Zone.FLOOR),  # RFC 5771
    ("255.255.255.255/32", "broadcast", Zone.FLOOR),  # RFC 919
    ("127.0.0.0/8", "loopback", Zone.LOOPBACK),  # RFC 1122
    ("10.0.0.0/8", "private", Zone.LAN),  # RFC 1918
    ("172.16.0.0/12", "private", Zone.LAN),
    ("192.168.0.0/16", "private", Zone.LAN),
    ("100.64.0.0/10", "shared_cgnat", Zone.SPECIAL),  # RFC 6598
    ("192.0.0.0/24", "reserved", Zone.SPECIAL),  # RFC 6890: protocol assignments
    ("192.0.2.0/24", "reserved", Zone.SPECIAL),  # RFC 5737: documentation
    ("198.51.100.0/24", "reserved", Zone.SPECIAL),
    ("203.0.113.0/24", "reserved", Zone.SPECIAL),
    ("198.18.0.0/15", "reserved", Zone.SPECIAL),  # RFC 2544: benchmarking
    ("192.88.99.0/24", "reserved", Zone.SPECIAL),  # RFC 7526: former 6to4 relays
    ("240.0.0.0/4", "reserved", Zone.SPECIAL),  # RFC 1112: class E
    ("0.0.0.0/0", "public", Zone.PUBLIC),
)

_IPV6_TABLE = _rows(
    ("::/128", "unspecified", Zone.FLOOR),  # RFC 4291
    ("::1/128", "loopback", Zone.LOOPBACK),
    ("ff00::/8", "multicast", Zone.FLOOR),
    ("fe80::/10", "link_local", Zone.FLOOR),
    ("fc00::/7", "unique_local", Zone.LAN),  # RFC 4193
    ("2001:db8::/32", "reserved", Zone.SPECIAL),  # RFC 3849: documentation
    ("3fff::/20", "reserved", Zone.SPECIAL),  # RFC 9637: documentation
    # Inside 2001::/23 IANA marks these four as globally reachable. The three anycast service addresses of
    # 2001:1::/64 are so marked as well, but they answer from a box near the caller, so they stay closed.
    ("2001:3::/32", "public", Zone.PUBLIC),  # RFC 7450
    ("2001:4:112::/48", "public", Zone.PUBLIC),  # RFC 7535
    ("2001:20::/28", "public", Zone.PUBLIC),  # RFC 7343
    ("2001:30::/28", "public", Zone.PUBLIC),  # RFC 9374
    ("2001::/23", "reserved", Zone.SPECIAL),  # RFC 2928
    ("2000::/3", "public", Zone.PUBLIC),  # RFC 4291: all global unicast allocations
    # Outside 2000::/3 nothing is routed: site-local fec0::/10 (RFC 3879), discard 100::/64 (RFC 6666),
    # segment routing 5f00::/16 (RFC 9602) and whatever is not assigned yet.
    ("::/0", "reserved", Zone.SPECIAL),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Carrier:
    """One way to put IPv4 addresses into an IPv6 address.

    `embedded` reads them, () when the address is not of this kind. `judge` gets the prefix and what stands
    inside and gives the verdict on the whole; None when the outer address decides.
    """

    prefix: str
    embedded: Callable[[IPv6Address], tuple[IPv4Address, ...]]
    judge: Callable[[str, Classification], Classification | None]


def _transparent(prefix: str, inner: Classification) -> Classification:
    """The packet goes to the inner address itself, so the whole is what the inner one is."""
    return inner if inner.zone is Zone.PUBLIC else _prefixed(prefix, inner, inner.zone)


def _through_gateway(prefix: str, inner: Classification) -> Classification:
    """As `_transparent`, but a loopback address would be that of the gateway, not ours."""
    if inner.zone is Zone.LOOPBACK:
        return _prefixed(prefix, inner, Zone.SPECIAL)
    return _transparent(prefix, inner)


def _closed(prefix: str, inner: Classification) -> Classification:
    if inner.zone is Zone.PUBLIC:
        return Classification(reason=prefix, zone=Zone.SPECIAL)
    return _prefixed(prefix, inner, Zone.SPECIAL)


def _closed_as(reason: str) -> Callable[[str, Classification], Classification]:
    return lambda _prefix, _inner: Classification(reason=reason, zone=Zone.SPECIAL)


def _closed_unless_public(prefix: str, inner: Classification) -> Classification | None:
    return None if inner.zone is Zone.PUBLIC else _prefixed(prefix, inner, Zone.SPECIAL)


def _prefixed(prefix: str, inner: Classification, zone: Zone) -> Classification:
    return Classification(reason=f"{prefix}_{inner.reason}", zone=zone)


def _in_network(network: str, shift: int = 0) -> Callable[[IPv6Address], tuple[IPv4Address, ...]]:
    """Reads the 32 bits that lie `shift` bits above the lowest one."""
    inside = IPv6Network(network)

    def embedded(address: IPv6Address) -> tuple[IPv4Address, ...]:
        return (IPv4Address(int(address) >> shift & 0xFFFFFFFF),) if address in inside else ()

    return embedded


def _v4compat(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """RFC 4291 2.5.5.1; :: and ::1 lie in the same network but are addresses of their own."""
    value = int(address)
    return (IPv4Address(value),) if 1 < value <= 0xFFFFFFFF else ()


def _teredo(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """RFC 4380 4: the server in clear, then the client with every bit flipped. Packets reach both."""
    if address not in _TEREDO:
        return ()
    value = int(address)
    return IPv4Address(value >> 64 & 0xFFFFFFFF), IPv4Address(value & 0xFFFFFFFF ^ 0xFFFFFFFF)


def _isatap(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """RFC 5214 6.1: an interface identifier 0:5efe:a.b.c.d or 200:5efe:a.b.c.d below any prefix."""
    marker = int(address) >> 32 & 0xFFFFFFFF
    return (IPv4Address(int(address) & 0xFFFFFFFF),) if marker in (0x00005EFE, 0x02005EFE) else ()


def _local_nat64(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """RFC 8215: the operator chose the prefix length, so every layout of RFC 6052 2.2 is read.

    A wrong layout reads leading zeros, so those readings count only if no layout gives anything else.
    """
    if address not in _LOCAL_NAT64:
        return ()
    value = int(address)
    readings = (
        value & 0xFFFFFFFF,  # /96
        value >> 24 & 0xFFFFFFFF,  # /64: bits 72 to 103, counted from the left
        (value >> 64 & 0xFF) << 24 | value >> 32 & 0xFFFFFF,  # /56: bits 56 to 63 and 72 to 95
        (value >> 64 & 0xFFFF) << 16 | value >> 40 & 0xFFFF,  # /48: bits 48 to 63 and 72 to 87
    )
    plausible = tuple(IPv4Address(reading) for reading in readings if reading >> 24)
    return plausible or (IPv4Address(0),)


_TEREDO = IPv6Network("2001::/32")
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")

_CARRIERS = (
    _Carrier(prefix="mapped", embedded=_in_network("::ffff:0:0/96"), judge=_transparent),  # RFC 4291 2.5.5.2
    _Carrier(prefix="nat64", embedded=_in_network("64:ff9b::/96"), judge=_through_gateway),  # RFC 6052 2.1
    _Carrier(prefix="nat64", embedded=_local_nat64, judge=_closed_as("nat64_local")),
    _Carrier(prefix="v4compat", embedded=_v4compat, judge=_closed),
    _Carrier(prefix="siit", embedded=_in_network("::ffff:0:0:0/96"), judge=_closed),  # RFC 2765 2.1
    _Carrier(prefix="6to4", embedded=_in_network("2002::/16", 80), judge=_closed),  # RFC 3056 2
    _Carrier(prefix="teredo", embedded=_teredo, judge=_closed_as("teredo")),
    _Carrier(prefix="isatap", embedded=_isatap, judge=_closed_unless_public),
)
