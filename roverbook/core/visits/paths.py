"""Addresses of pages, as a visit keeps them."""

import re
from functools import lru_cache
from urllib.parse import urlsplit

from roverbook.core.redaction import redacted
from tasks.core.runtime.masking import masked_credentials
from tasks.fetching.urls import mask_secrets

URL_MAX = 2_000
PATH_MAX = 300
_WEB = re.compile(r"https?://", re.I)
_TRIAL = re.compile(r"/sites/([A-Za-z0-9_-]+)/try/[0-9a-f-]{36}/")


@lru_cache(maxsize=4_096)
def page_url(text: str) -> str:
    """The address as it is kept: without fragment, unless that is a route (`#/cart`), without secrets and
    what looks personal, cut. '' for what is no web address."""
    text = text.strip()
    if not _WEB.match(text):
        return ""
    address, mark, fragment = text[: 2 * URL_MAX].partition("#")
    kept = text[: 2 * URL_MAX] if mark and fragment.startswith(("/", "!/")) else address
    return redacted(masked_credentials(mask_secrets(kept)))[:URL_MAX]


@lru_cache(maxsize=4_096)
def page_path(url: str) -> str:
    """The path by which pages are counted: without host and query; '' for no page."""
    if not url:
        return ""
    after = url.partition("://")[2]
    path = re.split(r"[?#]", after, maxsplit=1)[0].partition("/")[2]
    return f"/{path}"[:PATH_MAX]


@lru_cache(maxsize=4_096)
def page_host(url: str) -> str:
    """The host of an address, '' for none."""
    try:
        return (urlsplit(url).hostname or "")[:253]
    except ValueError:
        return ""


def is_trial_page(url: str, site_id: str) -> bool:
    """Whether it is a page on which the owners of the site try the assistant out."""
    found = _TRIAL.search(url)
    return found is not None and found[1] == site_id
