"""The page of the installation: what it shows, whatever was asked of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from workspace.admin.contributions import contributed_install_parts
from workspace.admin.forms import CoreForm
from workspace.admin.frame import render_page
from workspace.admin.pages.install_hosts import OpenForm, host_rows, local_hosts
from workspace.core.environments import Environment
from workspace.core.errors import RoverError
from workspace.core.hosts import is_local_name
from workspace.core.installation import (
    Installation,
    KeyFacts,
    csp_lines,
    head_discovery,
    link_header,
    well_known_files,
)
from workspace.core.installation_platforms import platform_tabs
from workspace.core.installation_trial import trial_config
from workspace.core.proof import Finding
from workspace.models import HostClaim, Site, SiteKey
from workspace.selectors.installations import installation_of
from workspace.selectors.keys import key_state
from workspace.services.installs import InstallReport

_RANKS: Mapping[str, int] = {
    Environment.PRODUCTION.value: 0,
    Environment.DEVELOPMENT.value: 1,
    Environment.TEST.value: 2,
}


class CheckForm(CoreForm):
    """Which page to look at."""

    core_names = {"url": "url"}

    url = forms.CharField(
        label="Page",
        max_length=2000,
        error_messages={"required": "Give the address of a page."},
        widget=forms.TextInput(
            attrs={"inputmode": "url", "spellcheck": "false", "autocapitalize": "off", "autocomplete": "url"}
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFile:
    """A file for agents: its last part as `name`, its `path` on the site, and the whole address there."""

    name: str
    path: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody asked of the page just now, to be shown on it: a page to check and what was found, or a
    claim that was looked into and what each method gave or why it was refused."""

    check: CheckForm | None = None
    report: InstallReport | None = None
    refused: RoverError | None = None
    open_form: OpenForm | None = None
    claim: HostClaim | None = None
    findings: Sequence[Finding] = ()


def show_install(
    request: HttpRequest, site: Site, asked: Asked | None = None, *, status: int = 200
) -> HttpResponse:
    """The whole page. `?key=` chooses the key, `?host=` the host whose proof is unfolded; 404 for a key that
    is not the site's."""
    asked, now = asked or Asked(), timezone.now()
    installation = installation_of(site, now=now)
    wanted = _wanted(request, site)
    chosen = chosen_key(installation, wanted)
    return render_page(
        request,
        "workspace/install/page.html",
        title="Install",
        section="install",
        site=site,
        status=status,
        asked=asked,
        check=asked.check or CheckForm(initial={"url": first_url(site)}),
        open_form=asked.open_form or OpenForm(),
        hosts=host_rows(site, installation, focus=_focus(request, asked)),
        local_hosts=local_hosts(installation),
        key_query=f"?key={wanted.pk}" if wanted else "",
        idle=_idle(wanted, now),
        address_problem=address_problem(installation, is_configured=bool(settings.ROVER.public_url)),
        contributed=contributed_install_parts(request, site),
        **_of_key(site, installation, chosen),
        **({} if chosen else {"lack": _lack(site, now)}),
    )


def chosen_key(installation: Installation, wanted: SiteKey | None) -> KeyFacts | None:
    """The key whose snippet is shown: the one asked for if it works, else the newest one that does, those for
    production first and those about to end last. None when none works."""
    live = sorted(
        (key for key in installation.keys if key.is_live),
        key=lambda key: (_RANKS.get(key.environment, len(_RANKS)), key.state == "rotating"),
    )
    asked_for = (key for key in live if wanted is not None and key.key_id == str(wanted.pk))
    return next(asked_for, live[0] if live else None)


def wanted_key(request: HttpRequest, site: Site, installation: Installation) -> KeyFacts | None:
    """The key that the address of this request is about; see `chosen_key`."""
    return chosen_key(installation, _wanted(request, site))


def shown_files(installation: Installation, key: KeyFacts | None) -> dict[str, tuple[ShownFile, str]]:
    """Name to file and content of what belongs on the site for agents; none while discovery is off."""
    if key is None:
        return {}
    origin = first_origin(installation.host)
    return {
        path.rpartition("/")[2]: (
            ShownFile(name=path.rpartition("/")[2], path=path, url=f"{origin}{path}"),
            text,
        )
        for path, text in well_known_files(installation, key).items()
    }


def first_origin(host: str) -> str:
    """Scheme and host as somebody would type them: a local host seldom has a certificate."""
    scheme = "http" if is_local_name(host) else "https"
    return f"{scheme}://[{host}]" if ":" in host else f"{scheme}://{host}"


def first_url(site: Site) -> str:
    """The page that is offered for a check: the front page of the main host."""
    return f"{first_origin(site.host)}/"


def address_problem(installation: Installation, *, is_configured: bool) -> str:
    """Why the snippet of a production key cannot work for visitors, '' if it can. `is_configured`: the server
    was told its public address."""
    if not any(key.is_live and key.environment == Environment.PRODUCTION for key in installation.keys):
        return ""
    where = installation.base_url
    fix = "The administrator of this server sets ROVER_PUBLIC_URL to the address that the outside knows."
    if is_local_name(urlsplit(where).hostname or ""):
        return f"Visitors cannot load this: it names {where}, which they cannot reach. {fix}"
    if not is_configured:
        return f"Visitors may not be able to load this: {where} is only where this server listens. {fix}"
    if where.startswith("http:"):
        return f"Pages with https cannot load this: browsers refuse scripts by http there. {fix}"
    return ""


def _of_key(site: Site, installation: Installation, chosen: KeyFacts | None) -> dict[str, Any]:
    """What the page shows of the chosen key."""
    if chosen is None:
        return {"chosen": None}
    rows = {str(key.pk): key for key in site.keys.all()}
    row = rows[chosen.key_id]
    live = [(key, rows[key.key_id]) for key in installation.keys if key.is_live and key.key_id in rows]
    return {
        "chosen": chosen,
        "key": row,
        "choices": sorted(live, key=lambda pair: _RANKS.get(pair[0].environment, len(_RANKS))),
        "has_embed": row.capabilities.get("roverEmbed") is True,
        "tabs": platform_tabs(installation, chosen),
        "csp": csp_lines(installation),
        "head": head_discovery(installation, chosen),
        "header": link_header(installation, chosen),
        "files": [shown for shown, _ in shown_files(installation, chosen).values()],
        "served": installation.offer.served,
        "unserved": silence.sentence(installation.host) if (silence := installation.silence) else "",
        "trial": json.dumps(trial_config(installation, chosen, row.capabilities), indent=2),
    }


def _wanted(request: HttpRequest, site: Site) -> SiteKey | None:
    """The site's key that the address names, None when it names none; 404 for any other."""
    text = request.GET.get("key", "")
    if not text:
        return None
    try:
        found = site.keys.filter(pk=UUID(text)).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404("There is no such key.")
    found.site = site
    return found


def _idle(wanted: SiteKey | None, now: datetime) -> SiteKey | None:
    """The key asked for, when it does not work."""
    return wanted if wanted is not None and key_state(wanted, now) not in {"active", "rotating"} else None


def _lack(site: Site, now: datetime) -> str:
    """Why there is no snippet: archived, unreadable (its value cannot be opened any more) or no_key."""
    if site.archived_at is not None:
        return "archived"
    keys = list(site.keys.all())
    for key in keys:
        key.site = site
    return "unreadable" if any(key_state(key, now) in {"active", "rotating"} for key in keys) else "no_key"


def _focus(request: HttpRequest, asked: Asked) -> str:
    return asked.claim.host if asked.claim else request.GET.get("host", "")
