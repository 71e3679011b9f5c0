"""The hosts of a site and their proof, as the page of the installation lists them."""

from collections.abc import Iterable
from dataclasses import dataclass

from django import forms

from workspace.admin.forms import CoreForm
from workspace.core.hosts import display_host, is_ip, is_local_name, parse_host
from workspace.core.installation import HostNotListed, Installation, snippet
from workspace.core.patterns import PatternKind, parse_pattern
from workspace.core.proof import FILE_PATH, challenge_text, txt_name, txt_value
from workspace.core.scope import Scope
from workspace.models import HostClaim, Site
from workspace.selectors.claims import claims_of

UNCLAIMED_LISTED = 30
METHOD_WORDS = {"txt": "a TXT record", "file": "the file", "page": "the snippet on the front page"}


class OpenForm(CoreForm):
    """A host to be proved."""

    core_names = {"host": "host"}

    host = forms.CharField(
        label="Another host",
        max_length=2000,
        error_messages={"required": "Give a host."},
        help_text="One host at a time, such as a subdomain that a rule of a key covers.",
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false", "autocapitalize": "off"}),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The ready texts for the proof of one claim. `txt_name` is '' for an address, which has no records;
    `snippet` is '' when no working key lists the host."""

    txt_name: str
    txt_value: str
    file_url: str
    file_text: str
    page_url: str
    snippet: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRow:
    """One host. `state`: proved, waiting (claimed, not proved), lost (another site has it now) or unclaimed.
    `is_listed`: a working key lists it, without which this server does not look at it. `is_open`: its texts
    are unfolded."""

    host: str
    shown: str
    state: str
    claim: HostClaim | None
    ways: Ways | None
    is_listed: bool
    is_main: bool
    is_open: bool

    @property
    def method(self) -> str:
        """How it was proved, in words."""
        return METHOD_WORDS.get(self.claim.method, "a check") if self.claim else ""


def host_rows(site: Site, installation: Installation, *, focus: str = "") -> list[HostRow]:
    """The main host, those with a claim, and the first thirty others that working keys name. `focus` is the
    one to unfold; without one, the main host while it waits."""
    claims = {claim.host: claim for claim in claims_of(site)}
    named = (host for host in _named(installation) if host not in claims and host != site.host)
    others = [host for host in dict.fromkeys(named) if not is_local_name(host)][:UNCLAIMED_LISTED]
    names = dict.fromkeys([site.host, *claims, *others])
    return [
        _row(site, installation, host, claims.get(host), focus)
        for host in names
        if host in claims or not is_local_name(host)
    ]


def local_hosts(installation: Installation) -> list[str]:
    """The hosts that keys name and that can be nobody's alone: they need no proof."""
    return [host for host in dict.fromkeys(_named(installation)) if is_local_name(host)]


def check_listed(installation: Installation, text: str) -> None:
    """Only hosts that a working key lists can be proved: this server is not a way to look at others.

    Raises:
        HostNotListed: `text` names a host that none lists. A text without a host is left to others.
    """
    host = parse_host(text)
    if host is None or is_local_name(host) or tag_for(installation, host):
        return
    raise HostNotListed(
        f"No working key of this site lists {host}.",
        next_action="Add it to the domains of a key, then try again.",
        host=host,
    )


def tag_for(installation: Installation, host: str) -> str:
    """The snippet with the newest working key that lists the host, '' if none does."""
    for key in installation.keys:
        if key.is_live and Scope.compile(key.patterns, key.mode).covers(host):
            return snippet(installation, key)
    return ""


def file_text(claim: HostClaim) -> str:
    """The content of the file that proves the claim."""
    return challenge_text(claim.site.public_id, claim.token)


def _row(site: Site, installation: Installation, host: str, claim: HostClaim | None, focus: str) -> HostRow:
    state, tag = _state(claim), tag_for(installation, host)
    is_main = host == site.host
    return HostRow(
        host=host,
        shown=display_host(host),
        state=state,
        claim=claim,
        ways=_ways(claim, tag) if claim else None,
        is_listed=bool(tag),
        is_main=is_main,
        is_open=host == focus if focus else is_main and state == "waiting",
    )


def _ways(claim: HostClaim, tag: str) -> Ways:
    origin = f"https://[{claim.host}]" if ":" in claim.host else f"https://{claim.host}"
    return Ways(
        txt_name="" if is_ip(claim.host) else txt_name(claim.host),
        txt_value=txt_value(claim.token),
        file_url=f"{origin}{FILE_PATH}",
        file_text=file_text(claim),
        page_url=f"{origin}/",
        snippet=tag,
    )


def _state(claim: HostClaim | None) -> str:
    if claim is None:
        return "unclaimed"
    if claim.is_proved:
        return "proved"
    return "lost" if claim.lost_at is not None else "waiting"


def _named(installation: Installation) -> Iterable[str]:
    """The hosts that working keys name, without those that only a wildcard covers."""
    for key in installation.keys:
        for raw in key.patterns if key.is_live else ():
            pattern = parse_pattern(raw)
            if pattern and pattern.kind not in {PatternKind.ANY, PatternKind.SUBDOMAINS}:
                yield pattern.host
