"""How much a navigation smells of an attack: 0 (nothing found) to 10, a sum of named signals.

The score is a heuristic beside the domain scope, not instead of it: it catches the address that page content
talked an agent into opening (a login page on a bare IP, a form value sent elsewhere), and it does not see
everything. Sites block at 3 unless their policy says otherwise, so single weak signals never block.

Reasons and points (wire contract: reasons are never renamed):

    invalid_url                1   does not parse; nothing else is looked at
    exfiltration_scheme        3   data:, javascript:, vbscript: or blob:, of the URL or at the start of a
                                   decoded parameter value
    cloud_metadata_host        3   link-local, or a cloud's metadata service; also for hosts in scope
    session_token_in_url       3   the session token anywhere in the URL; also for hosts in scope
    value_leak                 3   a parameter holds text read from the page's form fields
    ip_address_host            2   an IP literal in any spelling, or localhost
    lookalike_host             2   imitates an allowed host (workspace.core.lookalikes)
    excessive_subdomains       1   more than 4 host labels
    multiple_credential_paths  2   2 or more credential words, each at the start of a path segment
    credential_path            1   exactly 1 of them
    sensitive_query_params   1-2   one per parameter whose name speaks of a secret
    excessive_url_length       1   over 2,000 characters; 3 beyond `MAX_URL_CHARS`, where it stays unread
    excessive_encoding         1   more than 20 percent-escapes
    non_standard_port          1   a port other than 80 and 443
    redirect_out_of_scope      1   url=, next=, redirect= ... leads to another host out of scope
    prompt_*                 1-3   the message carries instructions (1 each, 3 at most)
    client_score               n   what the client reported above all this (`merged`)

For a target in scope the owner has vouched for the host, and a site's own login pages, ports and long links
are normal: there only exfiltration_scheme (in the URL or a redirect parameter), cloud_metadata_host,
session_token_in_url, redirect_out_of_scope and prompt_* count.
"""

import math
import re
from collections.abc import Callable, Collection
from ipaddress import IPv4Address, IPv6Address, ip_network
from itertools import islice
from urllib.parse import unquote_plus

import ada_url

from workspace.core.adversarial_address import MAX_URL_CHARS, Address, read
from workspace.core.adversarial_findings import MAX_SCORE, Assessment, Signal, assessment_of
from workspace.core.adversarial_prompts import MAX_MESSAGE_CHARS, prompt_signals
from workspace.core.hosts import registrable_domain
from workspace.core.lookalikes import lookalike

__all__ = ["MAX_MESSAGE_CHARS", "MAX_SCORE", "MAX_URL_CHARS", "Assessment", "Signal", "assess", "merged"]

MAX_PAGE_VALUES = 500
MAX_REDIRECTS_CHECKED = 100
MIN_LEAK_EQUAL = 4
"""Shorter form values (DE, yes, 1) occur in honest links."""
MIN_LEAK_WITHIN = 8
"""A form value this long counts also as a part of a parameter value."""

_LONG_URL = 2000
_MANY_ESCAPES = 20
_MANY_LABELS = 4

_SCHEMES = ("data:", "javascript:", "vbscript:", "blob:")
_C0_AND_SPACE = "".join(map(chr, range(0x21)))
_DROPPED_BY_BROWSERS = str.maketrans("", "", "\t\n\r")
_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
# "auth" is a whole segment, since /authors and /oauth/authorize are other words.
_CREDENTIAL = re.compile(
    r"/(login|signin|oauth|password|reset|verify|confirm|account|security|2fa|mfa|auth(?=/|\Z))"
)
_SECRET_NAMES = (
    *("token", "secret", "password", "apikey", "api_key", "access_token", "refresh_token"),
    *("session", "cookie", "credential"),
)
_REDIRECT_NAMES = frozenset(
    (
        *("url", "u", "next", "redirect", "redirecturi", "redirecturl", "redirectto", "return", "returnto"),
        *("returnurl", "continue", "dest", "destination", "goto", "target"),
    )
)
_METADATA_NETWORKS = tuple(
    map(
        ip_network,
        (
            "169.254.0.0/16",  # link-local (RFC 3927), home of most metadata services
            "fe80::/10",  # link-local (RFC 4291)
            "100.100.100.200/32",  # Alibaba Cloud
            "192.0.0.192/32",  # Oracle Cloud
            "168.63.129.16/32",  # Azure host agent
            "fd00:ec2::/32",  # AWS
            "fd20:ce::254/128",  # Google Cloud
        ),
    )
)
_NAT64 = ip_network("64:ff9b::/96")
_METADATA_NAMES = frozenset(
    {"metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"}
)


def assess(
    url: str,
    *,
    in_scope: bool = False,
    allowed_hosts: Collection[str] = (),
    page_values: Collection[str] = (),
    session_token: str = "",
    message: str = "",
    is_in_scope: Callable[[str], bool] | None = None,
) -> Assessment:
    """Returns the score of opening the absolute `url`. Never raises on any text.

    `in_scope`: the URL itself is in the site's scope. `allowed_hosts`: the hosts that the site's patterns
    name, as `hosts.parse_host` returns them. `page_values`: texts read from form fields of the page.
    `message`: the prompt in whose course the URL is opened. `is_in_scope` answers for the host of a redirect
    parameter; without it the allowed hosts and their subdomains are in scope.

    The work is bounded: a URL is read to `MAX_URL_CHARS`, a message to `MAX_MESSAGE_CHARS`.
    """
    address = read(url)
    if address is None:
        return assessment_of([Signal("invalid_url", 1, "The text is not a valid URL.")])
    covers = is_in_scope or (lambda host: _is_listed(host, allowed_hosts))
    found: list[Signal | None] = [
        _scheme(address, in_scope),
        _metadata(address),
        _token(address, session_token),
    ]
    if not in_scope:
        found += [_leak(address, page_values), _ip(address), _imitation(address, allowed_hosts)]
        found += [_subdomains(address), _credential_path(address), _secret_params(address)]
        found += [_length(address), _encoding(address), _port(address)]
    found += [_redirect(address, covers), *prompt_signals(message)]
    return assessment_of(signal for signal in found if signal is not None)


def merged(assessment: Assessment, client_score: object) -> Assessment:
    """Returns the assessment raised to what the client reported, never lowered, at most 10.

    Fractions are rounded up. What is no finite number (text, booleans, nan, None) is ignored.
    """
    if isinstance(client_score, bool) or not isinstance(client_score, int | float):
        return assessment
    if not isinstance(client_score, int) and not math.isfinite(client_score):
        return assessment
    reported = math.ceil(max(0, min(client_score, MAX_SCORE)))
    if reported <= assessment.score:
        return assessment
    raised = Signal("client_score", reported - assessment.score, f"The client itself reported {reported}.")
    return assessment_of([*assessment.signals, raised])


def _is_listed(host: str, allowed_hosts: Collection[str]) -> bool:
    return any(host == allowed or host.endswith(f".{allowed}") for allowed in allowed_hosts if allowed)


def _scheme(address: Address, in_scope: bool) -> Signal | None:
    if address.scheme in _SCHEMES:
        return Signal("exfiltration_scheme", 3, f"{address.scheme} addresses carry code or data, not a page.")
    for name, value in address.params:
        # A site's own search may well be asked for "data: ..."; what its redirects follow is another matter.
        if (not in_scope or _is_redirect_name(name)) and _starts_with_scheme(value):
            return Signal(
                "exfiltration_scheme", 3, f"The parameter {_short(name)} holds an address that carries code."
            )
    return None


def _starts_with_scheme(value: str) -> bool:
    if ":" not in value:
        return False
    start = value.translate(_DROPPED_BY_BROWSERS).lstrip(_C0_AND_SPACE)[:16].lower()
    return start.startswith(_SCHEMES)


def _metadata(address: Address) -> Signal | None:
    inner = _carried(address.ip)
    known = inner is not None and any(
        inner.version == network.version and inner in network for network in _METADATA_NETWORKS
    )
    if known or address.host in _METADATA_NAMES:
        return Signal("cloud_metadata_host", 3, f"{address.host} is where a cloud keeps a machine's secrets.")
    return None


def _carried(ip: IPv4Address | IPv6Address | None) -> IPv4Address | IPv6Address | None:
    """The IPv4 address inside an IPv6 one that carries it (mapped, NAT64, 6to4), else the address itself."""
    if not isinstance(ip, IPv6Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def _token(address: Address, session_token: str) -> Signal | None:
    if len(session_token) < MIN_LEAK_WITHIN:
        return None
    if session_token in address.given or session_token in unquote_plus(address.href):
        return Signal("session_token_in_url", 3, "The URL holds the session token.")
    return None


def _leak(address: Address, page_values: Collection[str]) -> Signal | None:
    values = {_plain(value) for _, value in (*address.params, *address.fragment_params)}
    joined = "\n".join(values)
    for raw in islice(page_values, MAX_PAGE_VALUES):
        text = _plain(raw)
        equal = len(text) >= MIN_LEAK_EQUAL and text in values
        if equal or (len(text) >= MIN_LEAK_WITHIN and text in joined):
            return Signal("value_leak", 3, "A parameter carries text from a form of the page.")
    return None


def _plain(text: str) -> str:
    return text[:MAX_URL_CHARS].strip().casefold()


def _ip(address: Address) -> Signal | None:
    if address.ip is not None:
        near = "" if address.ip.is_global else ", of a private or reserved network"
        return Signal("ip_address_host", 2, f"The host is the bare IP address {address.host}{near}.")
    if address.host == "localhost" or address.host.endswith(".localhost"):
        return Signal("ip_address_host", 2, f"{address.host} stands for the visitor's own computer.")
    return None


def _imitation(address: Address, allowed_hosts: Collection[str]) -> Signal | None:
    said = lookalike(address.host, allowed_hosts, address.userinfo) if address.host else None
    return Signal("lookalike_host", 2, said) if said else None


def _subdomains(address: Address) -> Signal | None:
    labels = 0 if address.ip is not None else address.host.count(".") + 1
    if labels <= _MANY_LABELS:
        return None
    return Signal("excessive_subdomains", 1, f"The host has {labels} labels.")


def _credential_path(address: Address) -> Signal | None:
    words = sorted(set(_CREDENTIAL.findall(address.path)))
    if not words:
        return None
    if len(words) == 1:
        return Signal("credential_path", 1, f"The path speaks of credentials: {words[0]}.")
    return Signal("multiple_credential_paths", 2, f"The path speaks of credentials: {', '.join(words)}.")


def _secret_params(address: Address) -> Signal | None:
    names = [name for name, _ in address.params if any(word in name for word in _SECRET_NAMES)]
    if not names:
        return None
    listed = ", ".join(_short(name) for name in names[:3])
    return Signal("sensitive_query_params", min(2, len(names)), f"Parameters named like secrets: {listed}.")


def _length(address: Address) -> Signal | None:
    if address.length > MAX_URL_CHARS:
        return Signal(
            "excessive_url_length", 3, f"The URL is so long that only {MAX_URL_CHARS} characters were read."
        )
    if address.length > _LONG_URL:
        return Signal("excessive_url_length", 1, f"The URL has {address.length} characters.")
    return None


def _encoding(address: Address) -> Signal | None:
    escapes = len(_ESCAPE.findall(address.href))
    if escapes <= _MANY_ESCAPES:
        return None
    return Signal("excessive_encoding", 1, f"The URL has {escapes} percent-escapes.")


def _port(address: Address) -> Signal | None:
    if address.port in {"", "80", "443"}:
        return None
    return Signal("non_standard_port", 1, f"The port is {address.port}.")


def _redirect(address: Address, covers: Callable[[str], bool]) -> Signal | None:
    values = (value for name, value in address.params if _is_redirect_name(name) and _may_leave(value))
    for value in islice(values, MAX_REDIRECTS_CHECKED):
        host = _redirect_host(value, address.href)
        if host is not None and not _same_site(host, address.host) and not covers(host):
            return Signal("redirect_out_of_scope", 1, f"The URL passes the visitor on to {_short(host)}.")
    return None


def _is_redirect_name(name: str) -> bool:
    return name.replace("_", "").replace("-", "") in _REDIRECT_NAMES


def _may_leave(value: str) -> bool:
    """Whether the value could name another host: a scheme, or two slashes of either kind."""
    return ":" in value or "//" in value.replace("\\", "/")


def _redirect_host(value: str, base: str) -> str | None:
    """The host that a browser would reach; None for what is no web address."""
    try:
        parsed = ada_url.URL(value, base)
    except ValueError:
        return None
    if parsed.protocol not in {"http:", "https:"}:
        return None
    return parsed.hostname.removeprefix("[").removesuffix("]").removesuffix(".")


def _same_site(one: str, other: str) -> bool:
    return one == other or registrable_domain(one) == registrable_domain(other)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"
