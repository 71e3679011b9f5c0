"""Who owns a name: the public suffix list with its private section, as `publicsuffixlist` ships it.

The list is read from the installed package at first use (about 0.1 s) and never from the network. All
functions take hosts as `hosts.parse_host` gives them.
"""

from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList

from workspace.core.hosts_kinds import is_ip


@lru_cache(maxsize=8192)
def registrable_domain(host: str) -> str:
    """Returns the part of the host that one owner holds: the public suffix and one label more.

    Addresses, single labels and public suffixes are their own domain. `localhost` is a suffix like any
    unlisted last label, so `app.localhost` and `localhost` are different domains.
    """
    if is_ip(host) or "." not in host:
        return host
    return _suffixes().privatesuffix(host) or host


def is_public_suffix(host: str) -> bool:
    """Whether the list names the host as a suffix under which unrelated owners have names (`com`, `co.uk`,
    `github.io`). A last label that the list does not know (`localhost`, `intranet`) is none."""
    return not is_ip(host) and _suffixes().is_public(host, accept_unknown=False)


def shared_hosting_suffix(host: str) -> str | None:
    """Returns the suffix of a hosting service that the host stands on (`vercel.app` for `demo.vercel.app`),
    None for a name below an ordinary registry."""
    if is_ip(host):
        return None
    suffix = _suffixes().publicsuffix(host, accept_unknown=False)
    if suffix is None or suffix == _registries().publicsuffix(host):
        return None
    return suffix


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@cache
def _registries() -> PublicSuffixList:
    """The list without its private section."""
    return PublicSuffixList(only_icann=True)
