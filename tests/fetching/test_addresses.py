from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tasks.fetching.addresses import METADATA_ADDRESSES, Classification, Zone, classify

PUBLIC = Classification(reason="public", zone=Zone.PUBLIC)

# Block, reason, zone; written down a second time so that a slip in the module's table shows.
IPV4_BLOCKS = [
    ("0.0.0.0/8", "unspecified", Zone.FLOOR),
    ("169.254.0.0/16", "link_local", Zone.FLOOR),
    ("224.0.0.0/4", "multicast", Zone.FLOOR),
    ("255.255.255.255/32", "broadcast", Zone.FLOOR),
    ("127.0.0.0/8", "loopback", Zone.LOOPBACK),
    ("10.0.0.0/8", "private", Zone.LAN),
    ("172.16.0.0/12", "private", Zone.LAN),
    ("192.168.0.0/16", "private", Zone.LAN),
    ("100.64.0.0/10", "shared_cgnat", Zone.SPECIAL),
    ("192.0.0.0/24", "reserved", Zone.SPECIAL),
    ("192.0.2.0/24", "reserved", Zone.SPECIAL),
    ("198.51.100.0/24", "reserved", Zone.SPECIAL),
    ("203.0.113.0/24", "reserved", Zone.SPECIAL),
    ("198.18.0.0/15", "reserved", Zone.SPECIAL),
    ("192.88.99.0/24", "reserved", Zone.SPECIAL),
    ("240.0.0.0/5", "reserved", Zone.SPECIAL),
    ("255.0.0.0/9", "reserved", Zone.SPECIAL),
]
IPV6_BLOCKS = [
    ("::/128", "unspecified", Zone.FLOOR),
    ("::1/128", "loopback", Zone.LOOPBACK),
    ("ff00::/8", "multicast", Zone.FLOOR),
    ("fe80::/10", "link_local", Zone.FLOOR),
    ("fc00::/7", "unique_local", Zone.LAN),
    ("fec0::/10", "reserved", Zone.SPECIAL),
    ("2001:db8::/32", "reserved", Zone.SPECIAL),
    ("3fff::/20", "reserved", Zone.SPECIAL),
    ("100::/64", "reserved", Zone.SPECIAL),
    ("5f00::/16", "reserved", Zone.SPECIAL),
    ("2001:1::/32", "reserved", Zone.SPECIAL),
    ("2001:2::/48", "reserved", Zone.SPECIAL),
    ("4000::/3", "reserved", Zone.SPECIAL),
    ("e000::/4", "reserved", Zone.SPECIAL),
]
SHUT_AT_STRICT = [
    *(block for block, _, _ in (*IPV4_BLOCKS, *IPV6_BLOCKS)),
    *(
        "2002::/16",
        "2001::/32",
        "64:ff9b:1::/48",
        "::ffff:0:0:0/96",
        "::ffff:7f00:0/104",
        "64:ff9b::a00:0/104",
    ),
]

Wrapper = Callable[[IPv4Address], IPv6Address]


@st.composite
def address_of(draw: st.DrawFn, blocks: list[str]) -> IPv4Address | IPv6Address:
    block = ip_network(draw(st.sampled_from(blocks)))
    return block[draw(st.integers(0, block.num_addresses - 1))]


ipv4_addresses = st.integers(0, 2**32 - 1).map(IPv4Address) | address_of(
    [block for block, _, _ in IPV4_BLOCKS]
).map(lambda address: IPv4Address(int(address)))


def mapped(inner: IPv4Address) -> IPv6Address:
    return IPv6Address(0xFFFF << 32 | int(inner))


def siit(inner: IPv4Address) -> IPv6Address:
    return IPv6Address(0xFFFF << 48 | int(inner))


def v4compat(inner: IPv4Address) -> IPv6Address:
    return IPv6Address(int(inner))


def nat64(inner: IPv4Address) -> IPv6Address:
    return IPv6Address(int(IPv6Address("64:ff9b::")) | int(inner))


def local_nat64(inner: IPv4Address) -> IPv6Address:
    return IPv6Address(int(IPv6Address("64:ff9b:1::")) | int(inner))


def six_to_four(inner: IPv4Address) -> IPv6Address:
    return IPv6Address(0x2002 << 112 | int(inner) << 80 | 1)


def teredo(inner: IPv4Address) -> IPv6Address:
    server = int(IPv4Address("65.54.227.120"))
    return IPv6Address(0x20010000 << 96 | server << 64 | 0x8000_63BF << 32 | int(inner) ^ 0xFFFFFFFF)


def isatap(inner: IPv4Address) -> IPv6Address:
    return IPv6Address(int(IPv6Address("2606:4700::5efe:0:0")) | int(inner))


WRAPPERS = [mapped, siit, v4compat, nat64, local_nat64, six_to_four, teredo, isatap]


@pytest.mark.parametrize(("block", "reason", "zone"), [*IPV4_BLOCKS, *IPV6_BLOCKS])
def test_a_special_block_is_known_from_its_first_to_its_last_address(
    block: str, reason: str, zone: Zone
) -> None:
    network = ip_network(block)
    found = {classify(network[0]), classify(network[-1])}
    assert found == {Classification(reason=reason, zone=zone)}


@pytest.mark.parametrize(
    "address",
    [
        *(
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
        ),
        *("169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0"),
        *("192.0.1.255", "192.0.3.0", "192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0"),
        *("198.17.255.255", "198.20.0.0", "198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0"),
        *("223.255.255.255", "168.63.129.15", "168.63.129.17"),
        *("2001:200::", "2001:db7:ffff::", "2001:db9::", "2003::"),
        *("3ffe:ffff::", "3fff:1000::", "2000::", "2606:4700:4700::1111"),
    ],
)
def test_the_neighbour_of_a_special_block_is_public(address: str) -> None:
    assert classify(ip_address(address)) == PUBLIC


@settings(max_examples=300)
@given(address_of(SHUT_AT_STRICT))
def test_no_address_of_a_special_block_is_public(address: IPv4Address | IPv6Address) -> None:
    assert classify(address).zone is not Zone.PUBLIC


@settings(max_examples=300)
@given(ipv4_addresses)
def test_an_ipv4_address_outside_the_special_blocks_is_public(address: IPv4Address) -> None:
    is_class_e = address >= IPv4Address("240.0.0.0")
    is_special = is_class_e or any(address in IPv4Network(block) for block, _, _ in IPV4_BLOCKS)
    assert (classify(address) == PUBLIC) is not (is_special or address in METADATA_ADDRESSES)


@settings(max_examples=200)
@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_ipv6_outside_global_unicast_is_never_public_unless_it_carries_ipv4(address: IPv6Address) -> None:
    carried = any(address in IPv6Network(block) for block in ("64:ff9b::/96", "::ffff:0:0/96"))
    if address not in IPv6Network("2000::/3") and not carried:
        assert classify(address).zone is not Zone.PUBLIC


@settings(max_examples=200)
@given(address_of([block for block, _, zone in IPV4_BLOCKS if zone is Zone.FLOOR]), st.sampled_from(WRAPPERS))
def test_an_embedded_address_on_the_floor_stays_on_the_floor(inner: IPv4Address, wrap: Wrapper) -> None:
    assume(wrap is not v4compat or int(inner) > 1)
    assert classify(wrap(inner)).zone is Zone.FLOOR


@settings(max_examples=200)
@given(ipv4_addresses)
def test_a_mapped_address_has_the_zone_of_the_bare_one(inner: IPv4Address) -> None:
    assert classify(mapped(inner)).zone is classify(inner).zone


@settings(max_examples=200)
@given(ipv4_addresses, st.sampled_from(WRAPPERS))
def test_wrapping_never_brings_an_address_nearer(inner: IPv4Address, wrap: Wrapper) -> None:
    assume(wrap is not v4compat or int(inner) > 1)
    assert classify(wrap(inner)).zone >= classify(inner).zone


@pytest.mark.parametrize(
    ("wrap", "prefix"),
    [
        (mapped, "mapped"),
        (siit, "siit"),
        (v4compat, "v4compat"),
        (nat64, "nat64"),
        (local_nat64, "nat64"),
        (six_to_four, "6to4"),
        (teredo, "teredo"),
        (isatap, "isatap"),
    ],
)
@pytest.mark.parametrize(
    ("inner", "word"),
    [
        ("169.254.169.254", "link_local"),
        ("239.1.2.3", "multicast"),
        ("255.255.255.255", "broadcast"),
        ("0.1.2.3", "unspecified"),
        ("100.100.100.200", "metadata"),
        ("168.63.129.16", "metadata"),
    ],
)
def test_the_reason_of_an_embedded_floor_address_names_the_wrapping(
    wrap: Wrapper, prefix: str, inner: str, word: str
) -> None:
    assert classify(wrap(IPv4Address(inner))) == Classification(reason=f"{prefix}_{word}", zone=Zone.FLOOR)


@pytest.mark.parametrize(
    "address",
    [
        "64:ff9b:1:6464:64:c800::",  # /48
        "64:ff9b:1:64:64:64c8::",  # /56
        "64:ff9b:1:0:64:6464:c800:0",  # /64
        "64:ff9b:1::6464:64c8",  # /96
        "64:ff9b:1:abcd::6464:64c8",  # /96 below a longer prefix
    ],
)
def test_local_nat64_is_read_with_every_prefix_length(address: str) -> None:
    assert classify(IPv6Address(address)).reason == "nat64_metadata"


def test_local_nat64_of_a_public_host_is_not_taken_for_the_floor() -> None:
    assert classify(IPv6Address("64:ff9b:1:5db8:d8:2200::")).zone is Zone.SPECIAL


def test_a_teredo_address_is_on_the_floor_when_its_server_is() -> None:
    assert classify(IPv6Address("2001:0:a9fe:a9fe::f7f7:f7f7")).reason == "teredo_link_local"


def test_isatap_is_recognised_with_the_universal_bit_set() -> None:
    assert classify(IPv6Address("2606:4700::200:5efe:a00:1")).reason == "isatap_private"


def test_isatap_of_a_public_address_is_judged_by_its_prefix() -> None:
    assert classify(IPv6Address("2606:4700::5efe:808:808")) == PUBLIC


def test_6to4_with_an_isatap_identifier_on_the_floor_is_on_the_floor() -> None:
    assert classify(IPv6Address("2002:808:808::5efe:a9fe:a9fe")).reason == "isatap_link_local"


@pytest.mark.parametrize("address", ["2001:3::1", "2001:4:112::1", "2001:20::1", "2001:30::1"])
def test_globally_reachable_protocol_assignments_are_public(address: str) -> None:
    assert classify(IPv6Address(address)) == PUBLIC


@pytest.mark.parametrize(
    "address",
    [
        *("100.100.100.200", "192.0.0.192", "168.63.129.16"),
        *("fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254"),
    ],
)
def test_a_metadata_address_is_on_the_floor(address: str) -> None:
    assert classify(ip_address(address)) == Classification(reason="metadata", zone=Zone.FLOOR)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("100.100.100.200", "shared_cgnat"),
        ("192.0.0.192", "reserved"),
        ("168.63.129.16", "public"),
        ("fd00:ec2::254", "unique_local"),
    ],
)
def test_without_the_metadata_list_the_network_decides(address: str, reason: str) -> None:
    assert classify(ip_address(address), frozenset()).reason == reason


def test_a_metadata_address_of_the_operator_is_on_the_floor() -> None:
    own = ip_address("192.0.2.80")
    assert classify(own, frozenset({own})).reason == "metadata"
