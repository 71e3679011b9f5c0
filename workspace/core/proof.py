"""Proof that whoever owns a site here controls a host. One of three, each readable by this server alone:

    txt    the DNS record `_rover.<host>` has the value `rover-site=<token>`
    file   https://<host>/.well-known/rover-site-verification.txt has the line `rover-site=<token>`
    page   the front page of the host carries the site's tag with one of its live keys

It is the front page and no other, because on many hosts visitors may write pages of their own below it. A
proof is for exactly this host: not for the hosts below it, nor for one that it redirects to.
"""

from dataclasses import dataclass
from enum import StrEnum

import ada_url

from workspace.core.hosts import parse_host
from workspace.core.installation import Installation
from workspace.core.page_tags import page_tags
from workspace.core.scope import Scope
from workspace.core.web_answers import WebAnswer, WebRefused

FILE_PATH = "/.well-known/rover-site-verification.txt"
FILE_MAX_BYTES = 4_096
_ABSENT_STATUSES = frozenset({404, 410})


class Method(StrEnum):
    """How control was shown."""

    TXT = "txt"
    FILE = "file"
    PAGE = "page"


class Evidence(StrEnum):
    """`UNKNOWN`: there was no answer that would tell."""

    PROVED = "proved"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one method gave. `message`: one sentence for people."""

    method: Method
    evidence: Evidence
    message: str


def txt_name(host: str) -> str:
    """The name of the TXT record."""
    return f"_rover.{host}"


def txt_value(token: str) -> str:
    """The value of the TXT record, and the line in the file."""
    return f"rover-site={token}"


def challenge_text(site_id: str, token: str) -> str:
    """The file's content; the first line is for people."""
    return f"# Rover site {site_id}\n{txt_value(token)}\n"


def proof_in_txt(values: tuple[str, ...], token: str) -> bool:
    """Whether one of the record's values is the claim's."""
    return bool(token) and any(value.strip() == txt_value(token) for value in values)


def proof_in_file(body: bytes, token: str) -> bool:
    """Whether a line of the file is the claim's; the token may also stand there alone. Only the first 4 KiB
    count, so that a page with much in it is not taken for the file."""
    lines = body[:FILE_MAX_BYTES].decode("utf-8-sig", "replace").splitlines()
    return bool(token) and any(line.strip() in (token, txt_value(token)) for line in lines)


def proof_in_page(page: WebAnswer, installation: Installation) -> bool:
    """Whether the page is the front page of the host that was asked, and carries a script tag, one that
    browsers run, with the site's id and a live key of the site that lists the host. A boot call in a script
    does not count: among the data in a page's scripts stand texts of visitors."""
    if not (page.is_success and page.stayed_on_host and is_front_page(page.url)):
        return False
    live = {key.public_key: key for key in installation.keys if key.is_live}
    tags = page_tags(page.body, page.values("content-type"))
    for tag in tags.scripts:
        key = live.get(tag.get("data-public-key"))
        if key is None or not tag.is_javascript or tag.get("data-site-id") != installation.site_id:
            continue
        if Scope.compile(key.patterns, key.mode).decide(page.final_url).in_scope:
            return True
    return False


def is_front_page(url: str) -> bool:
    """Whether the URL is the root of its host, on the port of its scheme, without a query."""
    try:
        parsed = ada_url.URL(url)
    except ValueError:
        return False
    return (parsed.pathname, parsed.search, parsed.port) == ("/", "", "") and parse_host(url) is not None


def txt_finding(values: tuple[str, ...], host: str, token: str) -> Finding:
    """The finding of a TXT look-up that was answered."""
    if proof_in_txt(values, token):
        return Finding(method=Method.TXT, evidence=Evidence.PROVED, message="The TXT record is there.")
    n_others = f"{len(values)} other records" if values else "no record"
    message = f"{txt_name(host)} has {n_others}."
    return Finding(method=Method.TXT, evidence=Evidence.ABSENT, message=message)


def file_finding(answer: WebAnswer | WebRefused, token: str) -> Finding:
    """The finding of an attempt to read the file."""
    if isinstance(answer, WebAnswer) and answer.is_success:
        if not answer.stayed_on_host:
            return _absent(Method.FILE, "The file's address leads to another host.")
        if proof_in_file(answer.body, token):
            return Finding(method=Method.FILE, evidence=Evidence.PROVED, message="The file is there.")
        return _absent(Method.FILE, "There is a file, but without the line of this claim.")
    return _unread(Method.FILE, "file", answer)


def page_finding(answer: WebAnswer | WebRefused, installation: Installation) -> Finding:
    """The finding of an attempt to read the front page."""
    if isinstance(answer, WebAnswer) and answer.is_success:
        if not answer.stayed_on_host:
            return _absent(
                Method.PAGE, "The front page leads to another host, which proves nothing for this one."
            )
        if proof_in_page(answer, installation):
            message = "The front page carries the site's tag."
            return Finding(method=Method.PAGE, evidence=Evidence.PROVED, message=message)
        return _absent(
            Method.PAGE, "The front page does not carry the site's tag with a live key for this host."
        )
    return _unread(Method.PAGE, "front page", answer)


def _absent(method: Method, message: str) -> Finding:
    return Finding(method=method, evidence=Evidence.ABSENT, message=message)


def _unread(method: Method, what: str, answer: WebAnswer | WebRefused) -> Finding:
    """Only "there is no such page" and "there is no such name" are answers; everything else may be a fault
    that passes, or that somebody causes."""
    if isinstance(answer, WebAnswer):
        is_absent = answer.status in _ABSENT_STATUSES
        message = f"The {what} has status {answer.status}."
    else:
        is_absent = answer.fetch_code == "dns_failed" and not answer.retryable
        message = f"The {what} could not be read: {answer.message}"
    evidence = Evidence.ABSENT if is_absent else Evidence.UNKNOWN
    return Finding(method=method, evidence=evidence, message=message)
