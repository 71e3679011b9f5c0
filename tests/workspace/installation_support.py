"""A site with keys, and pages as servers give them."""

from typing import Any

from workspace.core.discovery.offer import Offer
from workspace.core.discovery.told import told_by
from workspace.core.installation import Installation, KeyFacts
from workspace.core.patterns import ScopeMode
from workspace.core.site_config import ai_access_effective
from workspace.core.web_answers import WebAnswer, WebRefused

BASE = "https://rover.example:8443/tools"
SITE = "corner-bakery-Ab12Cd"
KEY = "pk_site_" + "k" * 43
DEV_KEY = "pk_site_" + "d" * 43
GOOD_TAG = (
    f'<script src="{BASE}/embed.js?v=key-1" async data-site-id="{SITE}" data-public-key="{KEY}"'
    ' data-site-key-id="key-1"></script>'
)

RUNNING_TAGS = [
    GOOD_TAG,
    GOOD_TAG.upper()
    .replace(SITE.upper(), SITE)
    .replace(KEY.upper(), KEY)
    .replace(BASE.upper(), BASE)
    .replace("EMBED.JS", "embed.js"),
    GOOD_TAG.replace('"', "'"),
    f"<script data-public-key={KEY} data-site-id={SITE} src={BASE}/embed.js></script>",
    f'<script\n  async\n  data-site-id=" {SITE} "\n  data-public-key="{KEY}"\n  src=" {BASE}/embed.js "\n></script>',
    f"<div><p>{GOOD_TAG}</div>",
    f"<!-- a comment --> {GOOD_TAG} <!-- another -->",
    GOOD_TAG.replace("<script", '<script type="text/javascript"'),
    GOOD_TAG.replace("<script", '<script type="module"'),
    GOOD_TAG.replace("?v=key-1", "?v=key-1&amp;x=1#y"),
    GOOD_TAG.replace("https://", "//"),
    f"</template></noscript>{GOOD_TAG}",
    f"<template></template>{GOOD_TAG}",
    f"<script>var x = '<!-- ';</script>{GOOD_TAG}",
]
"""The tag as pages hold it: a browser runs each. Asked of our own reading and of Chromium."""

IDLE_TAGS = [
    f"<!-- {GOOD_TAG} -->",
    f"<template>{GOOD_TAG}</template>",
    f"<template><div><template></template>{GOOD_TAG}</div></template>",
    f"<noscript>{GOOD_TAG}</noscript>",
    f"<textarea>{GOOD_TAG}</textarea>",
    f"<title>{GOOD_TAG}</title>",
    f"<style>{GOOD_TAG}</style>",
    f"<iframe>{GOOD_TAG}</iframe>",
    f"<xmp>{GOOD_TAG}</xmp>",
    f"<svg>{GOOD_TAG}</svg>",
    f"<div title='{GOOD_TAG}'></div>",
    f"<script>document.write('{GOOD_TAG.replace('</script>', '')}')</script>",
    GOOD_TAG.replace("<", "&lt;"),
    GOOD_TAG.removesuffix("</script>"),
    GOOD_TAG.removesuffix("</script>") + "<!-- <script></script>",
    GOOD_TAG[: GOOD_TAG.index("data-site-key-id")],
    "<script src='/other.js'></script>",
    "",
]
"""What looks like the tag, but no browser loads it."""


def key(**changes: Any) -> KeyFacts:
    """The production key of bakery.example, with changes."""
    given: dict[str, Any] = {
        "key_id": "key-1",
        "public_key": KEY,
        "environment": "production",
        "state": "active",
        "patterns": ("bakery.example",),
        "mode": ScopeMode.REGISTRABLE_DOMAIN,
    }
    return KeyFacts(**(given | changes))


def offer(**changes: Any) -> Offer:
    """What the bakery offers on a server with a port and a path prefix; AI access is on. `access` and `told` are
    as the site's configuration has them."""
    given: dict[str, Any] = {
        "site_id": SITE,
        "site_name": "Corner Bakery",
        "host": "bakery.example",
        "base_url": BASE,
        **changes,
        "access": ai_access_effective({"enabled": True, **changes.get("access", {})}),
        "told": told_by(changes.get("told", {})),
    }
    return Offer(**given)


def installation(*keys: KeyFacts, **changes: Any) -> Installation:
    """The bakery with a key; discovery is on unless told. What is not a field of Installation is of its offer."""
    own = {name: changes.pop(name) for name in ("discovery", "roverbook", "silence") if name in changes}
    given: dict[str, Any] = {"offer": offer(**changes), "keys": keys or (key(),), "discovery": True}
    return Installation(**(given | own))


def answer(
    body: str | bytes = "",
    *headers: tuple[str, str],
    url: str = "https://bakery.example/",
    final_url: str = "",
    status: int = 200,
    truncated: bool = False,
) -> WebAnswer:
    """An HTML page unless a header says otherwise."""
    if not any(name == "content-type" for name, _ in headers):
        headers = (("content-type", "text/html; charset=utf-8"), *headers)
    return WebAnswer(
        url=url,
        final_url=final_url or url,
        status=status,
        headers=headers,
        body=body.encode() if isinstance(body, str) else body,
        truncated=truncated,
    )


def page(tag: str = GOOD_TAG, *, head: str = "") -> str:
    """A document with the tag in its body."""
    return f"<!doctype html><html><head><title>Bakery</title>{head}</head><body><h1>Bread</h1>{tag}</body></html>"


def refusal(code: str, *, retryable: bool = False) -> WebRefused:
    """No answer, for this reason of the fetch engine."""
    return WebRefused(
        f"no page: {code}", retryable=retryable, fetch_code=code, fetch_message=f"no page: {code}"
    )
