"""TXT records, by the system's name servers or those of the setting `DNS_SERVERS` ("ip:port")."""

from collections.abc import Sequence

import dns.exception
import dns.name
import dns.nameserver
import dns.resolver
from django.conf import settings

from workspace.core.web_answers import DnsUnavailable

SECONDS = 5.0
MAX_VALUES = 100


def read_txt(name: str) -> tuple[str, ...]:
    """The values of the TXT records at `name`, at most 100; none if the name or its records do not exist, or
    if no such name can exist. The parts of one value are joined. The call takes at most 5 s.

    Raises:
        DnsUnavailable: the name servers did not answer, or with a failure.
    """
    try:
        question = dns.name.from_text(name)
    except (dns.exception.DNSException, UnicodeError):
        return ()
    try:
        found = _resolver(settings.DNS_SERVERS).resolve(question, "TXT", search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    except (dns.exception.DNSException, OSError) as exc:
        raise DnsUnavailable(f"The name servers gave no answer about {name}.") from exc
    return tuple(b"".join(row.strings).decode("utf-8", "replace") for row in list(found)[:MAX_VALUES])


def _resolver(servers: Sequence[str]) -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver(configure=not servers)
    if servers:
        resolver.nameservers = [_server(text) for text in servers]
    resolver.lifetime = SECONDS
    return resolver


def _server(text: str) -> dns.nameserver.Nameserver:
    address, _, port = text.rpartition(":")
    return dns.nameserver.Do53Nameserver(address.strip("[]"), int(port))
