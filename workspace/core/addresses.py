"""The address that somebody types for a new site, and which hosts may belong to it."""

from dataclasses import dataclass

from workspace.core.fields import FieldError, InvalidFields
from workspace.core.hosts import (
    WEB_SCHEMES,
    display_host,
    is_ip,
    is_local_name,
    is_loopback_name,
    is_public_suffix,
    parse_target,
    registrable_domain,
)
from workspace.core.patterns import Coverage, ScopeMode, coverage, parse_pattern

ADDRESS_MAX = 2_000
LOCAL_DOMAINS = ("localhost", "127.0.0.1", "[::1]")
"""What a development key covers: the ways to name the machine one works on."""

_EXAMPLE = "such as shop.example.com"
ADDRESS_MISSING = f"Enter the address of your site, {_EXAMPLE}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A site's main host, as `hosts.parse_host` spells it. `was_cleaned`: more than the host was typed."""

    host: str
    was_cleaned: bool

    @property
    def shown(self) -> str:
        """The host for people."""
        return display_host(self.host)

    @property
    def is_local(self) -> bool:
        """Whether visitors elsewhere cannot come: such a site gets a development key alone."""
        return is_local_name(self.host)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Which hosts belong to a site: `value` is below, exact or domain; `pattern` and `mode` are what the key
    gets for it."""

    value: str
    pattern: str
    mode: ScopeMode
    coverage: Coverage

    @property
    def shown(self) -> str:
        """The pattern for people."""
        return display_host(self.pattern)

    @property
    def covers(self) -> list[str]:
        """Hosts as examples, for people."""
        return [display_host(host) for host in self.coverage.covers]

    @property
    def excludes(self) -> list[str]:
        """Hosts that do not belong to it, for people."""
        return [display_host(host) for host in self.coverage.excludes]


def read_address(text: str, *, field: str = "address") -> Address:
    """The main host of a site out of whatever was pasted: a host or a URL with path and query.

    Raises:
        InvalidFields: no host, or one that cannot be a site's: an address in numbers, a name without a dot, a
            suffix of many owners.
    """
    typed = text.strip()
    target = parse_target(typed) if len(typed) <= ADDRESS_MAX else None
    if not typed:
        raise _problem(field, ADDRESS_MISSING, "required")
    if typed.startswith(("*", "=", ".")):
        message = (
            "Enter the one address that visitors open. Which other hosts belong to it is the next question."
        )
        raise _problem(field, message, "not_allowed")
    if target is None or (target.scheme in WEB_SCHEMES and target.has_userinfo):
        raise _problem(field, f"This is not the address of a site. Enter one {_EXAMPLE}.", "not_allowed")
    if target.scheme not in WEB_SCHEMES:
        raise _problem(
            field, f"Only http and https addresses are sites. Enter one {_EXAMPLE}.", "not_allowed"
        )
    _check_host(field, target.host)
    return Address(host=target.host, was_cleaned=typed.lower() != target.host)


def reaches(address: Address) -> tuple[Reach, ...]:
    """The choices for this address, the suggested one first. `www.` is rarely meant alone, so with it the
    whole domain is suggested."""
    host, domain = address.host, registrable_domain(address.host)
    below = _reach("below", host, ScopeMode.REGISTRABLE_DOMAIN)
    exact = _reach("exact", host, ScopeMode.HOST_ONLY)
    if is_ip(host):
        return (exact,)
    if domain == host or address.is_local:
        return (below, exact)
    whole = _reach("domain", domain, ScopeMode.REGISTRABLE_DOMAIN)
    return (whole, below, exact) if host == f"www.{domain}" else (below, whole, exact)


def suggested_name(address: Address) -> str:
    """A name for a site of which only the address is known: "www.corner-bakery.example" gives
    "Corner bakery"."""
    if is_loopback_name(address.host):
        return "My computer"
    label = display_host(registrable_domain(address.host)).partition(".")[0]
    words = label.replace("-", " ").replace("_", " ").split()
    name = " ".join(words) or address.shown
    return name[:1].upper() + name[1:]


def development_domains(address: Address) -> list[str]:
    """The domains of the development key: this machine, and the site's own host when it is a local one."""
    own = [] if is_loopback_name(address.host) and address.host in _NAMED else [address.host]
    return [*(own if address.is_local else []), *LOCAL_DOMAINS]


_NAMED = frozenset({"localhost", "127.0.0.1", "::1"})


def _reach(value: str, pattern: str, mode: ScopeMode) -> Reach:
    parsed = parse_pattern(pattern)
    if parsed is None:
        raise ValueError(f"{pattern} was checked to be a host and is no pattern")
    return Reach(value=value, pattern=pattern, mode=mode, coverage=coverage(parsed, mode))


def _check_host(field: str, host: str) -> None:
    if is_local_name(host):
        return
    if is_ip(host):
        message = "This is the number of a machine. Enter the name that visitors open."
        raise _problem(field, message, "not_allowed")
    if is_public_suffix(host):
        message = f"Many owners have their sites below {host}. Enter your own name below it."
        raise _problem(field, message, "not_allowed")
    if "." not in host:
        message = f"Without a dot a name means another machine in every network. Enter one {_EXAMPLE}."
        raise _problem(field, message, "not_allowed")


def _problem(field: str, message: str, code: str) -> InvalidFields:
    return InvalidFields([FieldError(field, message, code)])
