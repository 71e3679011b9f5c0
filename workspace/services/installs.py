"""Checking an installation: one page of the site is read, and judged line by line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import ada_url

from workspace.core.fields import FieldError, InvalidFields
from workspace.core.hosts import is_local_name, parse_host
from workspace.core.installation import HostNotListed, Installation
from workspace.core.installation_checks import check_page
from workspace.core.installation_discovery import CHECKED_FILES
from workspace.core.installation_report import Check, State
from workspace.core.proof import Method, is_front_page, proof_in_page
from workspace.core.refusals import HostClaimed, LimitReached
from workspace.core.scope import Scope
from workspace.io.web import WebAnswer, WebRefused, read_web
from workspace.models import Site
from workspace.selectors.claims import host_is_proved
from workspace.selectors.installations import installation_of
from workspace.services.audit import Actor
from workspace.services.claims import claim_open, claim_prove

FILE_SECONDS = 5.0
FILE_BYTES = 256 * 1024
PROOF_TITLE = "Control of the host is proved"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallReport:
    """`url`: what was read. `checks`: those of a page in their order, and at the end `proof`."""

    url: str
    host: str
    checks: tuple[Check, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing failed."""
        return all(check.state is not State.FAIL for check in self.checks)


def install_check(*, actor: Actor, site: Site, url: str, now: datetime) -> InstallReport:
    """Read the page and judge it; when it is a front page that carries the site's tag with its own key, that
    is kept as the proof of control. `url` may lack a scheme: https then. It asks the web, outside of any
    transaction.

    Only hosts that one of the site's live keys lists are asked: this server is not a way to look at others.

    Raises:
        InvalidFields: the text is no address.
        HostNotListed: before any request.
    """
    installation = installation_of(site, now=now)
    address, host = _address(url)
    _check_listed(installation, address, host)
    page = _read(address)
    found = check_page(page, installation, _files(page, installation))
    proof = _proof(actor, site, host, page, installation, now)
    return InstallReport(url=address, host=host, checks=(*found.checks, proof))


def _address(text: str) -> tuple[str, str]:
    """The absolute URL and its host."""
    text = text.strip()
    host = parse_host(text)
    if host is None:
        raise InvalidFields(
            [FieldError("url", "Give an address like https://shop.example.com/.", "not_allowed")]
        )
    if "://" not in text:
        is_bare_ipv6 = ":" in host and "[" not in text
        text = f"https://[{host}]/" if is_bare_ipv6 else f"https://{text.lstrip('/')}"
    try:
        parsed = ada_url.URL(text)
    except ValueError:
        parsed = None
    if parsed is None or parse_host(parsed.href) != host:
        raise InvalidFields([FieldError("url", "Give the whole address, with https://.", "not_allowed")])
    parsed.username = parsed.password = ""
    parsed.hostname = f"[{host}]" if ":" in host else host  # without a dot at its end
    return str(parsed.href), host


def _check_listed(installation: Installation, address: str, host: str) -> None:
    decisions = [
        Scope.compile(key.patterns, key.mode).decide(address) for key in installation.keys if key.is_live
    ]
    if any(decision.in_scope for decision in decisions):
        return
    message = decisions[0].message if decisions else "The site has no working key."
    raise HostNotListed(
        f"{message} Rover reads only pages of hosts that a key of the site lists.",
        next_action=f"Add {host} to the domains of a key, then check again.",
        host=host,
    )


def _read(address: str) -> WebAnswer | WebRefused:
    try:
        return read_web(address)
    except WebRefused as refused:
        return refused


def _files(
    page: WebAnswer | WebRefused, installation: Installation
) -> Mapping[str, WebAnswer | WebRefused] | None:
    """The files for agents beside the page; None when none should be there, or the page led elsewhere."""
    if isinstance(page, WebRefused) or not (page.is_success and page.stayed_on_host):
        return None
    if not installation.publishes(None):
        return None
    origin = ada_url.URL(page.final_url).origin
    found: dict[str, WebAnswer | WebRefused] = {}
    for path in CHECKED_FILES:
        try:
            found[path] = read_web(f"{origin}{path}", max_bytes=FILE_BYTES, seconds=FILE_SECONDS)
        except WebRefused as refused:
            found[path] = refused
    return found


def _proof(
    actor: Actor,
    site: Site,
    host: str,
    page: WebAnswer | WebRefused,
    installation: Installation,
    now: datetime,
) -> Check:
    if is_local_name(host):
        return _line(State.SKIPPED, f"{host} needs no proof with a development or test key.")
    is_shown = isinstance(page, WebAnswer) and proof_in_page(page, installation)
    if is_shown and not host_is_proved(site, host):
        try:
            claim = claim_open(actor=actor, site=site, host=host, now=now)
            claim_prove(actor=actor, claim=claim, method=Method.PAGE.value, now=now)
        except (HostClaimed, LimitReached) as refused:
            return _line(State.FAIL, refused.message, refused.next_action or "")
    if host_is_proved(site, host):
        return _line(State.PASS, f"{host} is proved for this site.")
    where = (
        ""
        if isinstance(page, WebAnswer) and is_front_page(page.url)
        else f" Check https://{host}/, the front page."
    )
    return _line(
        State.WARN,
        f"Nobody has shown yet that this site controls {host}: public tasks and discovery are off there.",
        f"Put the tag on the front page, or prove it by a TXT record or a file.{where}",
    )


def _line(state: State, found: str, fix: str = "") -> Check:
    return Check(key="proof", title=PROOF_TITLE, state=state, found=found, fix=fix)
