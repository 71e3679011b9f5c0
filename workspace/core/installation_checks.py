"""Does an installation work? Judged by one page as the server got it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from workspace.core.hosts import is_loopback_name, parse_host
from workspace.core.installation import Installation, KeyFacts
from workspace.core.installation_csp import check_policy
from workspace.core.installation_discovery import check_files, check_marker
from workspace.core.installation_look import Look
from workspace.core.installation_report import TITLES, Check, State, line, shown, skipped
from workspace.core.page_tags import ScriptTag
from workspace.core.patterns import ScopeMode
from workspace.core.scope import Scope
from workspace.core.web_answers import WebAnswer, WebRefused

_HTML_TYPES = frozenset({"", "text/html", "application/xhtml+xml"})
_TAG_MANAGER = re.compile(r"googletagmanager\.com/|/gtm\.js", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The checks in order. `page`: the address after redirects; `tag`: the site's script tag; `key_found`:
    the site's key that it carries. Each None when there is none."""

    checks: tuple[Check, ...]
    page: str | None = None
    tag: ScriptTag | None = None
    key_found: KeyFacts | None = None


def check_page(
    page: WebAnswer | WebRefused,
    installation: Installation,
    well_known: Mapping[str, WebAnswer | WebRefused] | None = None,
) -> Findings:
    """Every check of TITLES, in that order. `well_known` holds the answers for CHECKED_FILES; None when they
    were not asked for."""
    reachable = _reachable(page)
    if isinstance(page, WebRefused) or reachable.state is State.FAIL:
        rest = [skipped(key, "There is no page to look at.") for key in list(TITLES)[1:]]
        return Findings(checks=(reachable, *rest))
    look = Look(page, installation)
    checks = (
        reachable,
        _script(look),
        _server(look),
        _site(look),
        _key(look),
        _host(look),
        check_policy(look),
        check_marker(look),
        check_files(look, well_known),
    )
    return Findings(checks=checks, page=page.final_url, tag=look.tag, key_found=look.key)


def _reachable(page: WebAnswer | WebRefused) -> Check:
    if isinstance(page, WebRefused):
        fix = page.next_action or "See that the address is right and that this server can reach it."
        return line("reachable", State.FAIL, f"The page could not be read: {page.message}", fix)
    if not page.is_success:
        return line(
            "reachable",
            State.FAIL,
            f"The server answered with status {page.status}.",
            "Check a page that everybody may see. If a firewall or bot filter refuses this server, allow it.",
        )
    kind = (page.values("content-type") or ("",))[0].partition(";")[0].strip().lower()
    if kind not in _HTML_TYPES:
        return line("reachable", State.FAIL, f"The address gives {shown(kind)}.", "Check a page of HTML.")
    if not page.stayed_on_host:
        return line(
            "reachable",
            State.WARN,
            f"It leads to another host: {shown(page.final_url)}.",
            "What follows is about the page it leads to.",
        )
    if page.truncated:
        found = f"Status {page.status}; only the first {len(page.body):,} bytes were read."
        return line("reachable", State.WARN, found, "What comes later in the page was not looked at.")
    return line("reachable", State.PASS, f"Status {page.status}, {len(page.body):,} bytes.")


def _script(look: Look) -> Check:
    if look.tag is None:
        return _no_script(look)
    if look.tag.is_javascript:
        return line("script", State.PASS, f"Found: {shown(look.tag.get('src'))}")
    return line(
        "script",
        State.FAIL,
        f'The tag has type="{shown(look.tag.type)}", so browsers do not run it.',
        "Remove the type. If a consent tool sets it, the script runs after consent only.",
        look.snippet,
    )


def _no_script(look: Look) -> Check:
    scripts = look.tags.scripts
    if any(_TAG_MANAGER.search(each.get("src") or each.text) for each in scripts):
        return line(
            "script",
            State.WARN,
            "There is no tag in the HTML, but a tag manager that may add it in the browser.",
            "This check reads HTML only. Open the page: its first visit shows whether the script runs.",
        )
    partly = " in the part that was read" if look.page.truncated else ""
    return line(
        "script",
        State.FAIL,
        f"There is no tag among {len(scripts)} scripts{partly}.",
        "Paste the tag into the page, before the end of the body. A tag in a comment, a template or a"
        " noscript element does not count.",
        look.snippet,
    )


def _server(look: Look) -> Check:
    if look.tag is None:
        return skipped("server", "There is no tag.")
    where, installation = look.source, look.installation
    if _is_mixed(where, look.page.final_url):
        found = f"The page is https, the script is not: {shown(where)}. Browsers refuse that."
        return line("server", State.FAIL, found, "Serve Rover by https, and use that address.", look.snippet)
    if where == installation.embed_url:
        return line("server", State.PASS, f"It loads from {shown(where)}.")
    if look.tag.get("data-api-base").rstrip("/") == installation.base_url:
        found = f"A copy of the script from {shown(where)} talks to {installation.base_url}."
        return line("server", State.PASS, found)
    found = f"It loads from {shown(where)}." if where else "The tag has no address that can be read."
    fix = f"The script of this server is {installation.embed_url}."
    return line("server", State.FAIL, found, fix, look.snippet)


def _is_mixed(where: str, page: str) -> bool:
    is_plain = page.startswith("https:") and where.startswith("http:")
    return is_plain and not is_loopback_name(parse_host(where) or "")


def _site(look: Look) -> Check:
    if look.tag is None:
        return skipped("site", "There is no tag.")
    given, wanted = look.tag.get("data-site-id"), look.installation.site_id
    if given == wanted:
        return line("site", State.PASS, given)
    if given:
        found = f"The tag says {shown(given)}."
        return line("site", State.FAIL, found, f"This site is {wanted}.", look.snippet)
    if json.dumps(wanted) in look.boot_text.replace("'", '"'):
        found = "The tag has no data-site-id; a boot call in a script of the page names this site."
        return line("site", State.WARN, found, "This check does not run scripts; a first visit will tell.")
    return line("site", State.FAIL, "The tag has no data-site-id.", "Paste the tag anew.", look.snippet)


_DEAD: Mapping[str, str] = {
    "disabled": "It is switched off. Switch it on, or use another key.",
    "expired": "It has expired. Give it more time, or use another key.",
    "revoked": "It was ended for good. Use another key.",
    "archived": "The site is archived. Bring the site back.",
}


def _key(look: Look) -> Check:
    if look.tag is None:
        return skipped("key", "There is no tag.")
    given = look.tag.get("data-public-key")
    if look.key is not None:
        return _known_key(look, look.key, in_tag=bool(given))
    if not given:
        return line("key", State.FAIL, "The tag has no data-public-key.", "Paste the tag anew.", look.snippet)
    found = f"{shown(given[:16])}… is none of this site's keys."
    return line("key", State.FAIL, found, "Use a key of this site.", look.snippet)


def _known_key(look: Look, key: KeyFacts, *, in_tag: bool) -> Check:
    name = f"{key.public_key[:12]}…{key.public_key[-4:]} ({key.environment})"
    if not key.is_live:
        fix = _DEAD.get(key.state, "Use another key.")
        return line("key", State.FAIL, f"{name} is {key.state}.", fix, look.snippet)
    if key.state == "rotating":
        fix = "Replace it by its successor before its overlap ends."
        return line("key", State.WARN, f"{name} was rotated and still works for a while.", fix, look.snippet)
    if not in_tag:
        found = f"{name} stands in a boot call in a script of the page."
        return line("key", State.WARN, found, "This check does not run scripts; a first visit will tell.")
    return line("key", State.PASS, name)


def _host(look: Look) -> Check:
    tag, key, page = look.tag, look.key, look.page.final_url
    if tag is None or key is None:
        return skipped("host", "There is no key of this site.")
    decision = Scope.compile(key.patterns, key.mode).decide(page)
    if not decision.in_scope:
        fix = f"Add {decision.fix} to the key's domains." if decision.fix else "Use a key for this host."
        return line("host", State.FAIL, decision.message, fix, decision.fix)
    listed = [part.strip() for part in tag.get("data-allowed-domains").split(",") if part.strip()]
    said = tag.get("data-domain-scope-mode")
    mode = ScopeMode(said) if said in set(ScopeMode) else ScopeMode.REGISTRABLE_DOMAIN
    if listed and not Scope.compile(listed, mode).decide(page).in_scope:
        return line(
            "host",
            State.FAIL,
            f"The key allows {decision.host}, but the tag's data-allowed-domains do not.",
            "Remove data-allowed-domains from the tag; the key's own list decides.",
        )
    return line("host", State.PASS, decision.message)
