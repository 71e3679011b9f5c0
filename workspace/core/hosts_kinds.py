"""What kind of host a name is. All functions take hosts as `hosts.parse_host` gives them."""

from ipaddress import IPv4Address, IPv6Address, ip_address


def is_ip(host: str) -> bool:
    """Whether the host is an address: IPv6, or a dotted IPv4. No name ends in a number (WHATWG URL 3.5)."""
    return ":" in host or host.rpartition(".")[2].isdigit()


def is_local_name(host: str) -> bool:
    """Whether the host can only be the visitor's own machine or a test: loopback and unspecified addresses
    (browsers take 0.0.0.0 for this machine), `localhost` and below, names below `.test` (RFC 6761 6)."""
    return is_loopback_name(host) or host.endswith(".test")


def is_loopback_name(host: str) -> bool:
    """`is_local_name` without `.test`, which private networks use between machines."""
    if not is_ip(host):
        return host == "localhost" or host.endswith(".localhost")
    address = _address(host)
    return address is not None and (address.is_loopback or address.is_unspecified)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """The address; an IPv4 one that is wrapped in IPv6 (::ffff:127.0.0.1) is itself."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
