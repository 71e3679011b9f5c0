"""Looking for the proof of a claim where it should be: in DNS, in a file, on the front page."""

from collections.abc import Iterator

from workspace.core.hosts import is_ip
from workspace.core.installation import Installation
from workspace.core.proof import (
    FILE_MAX_BYTES,
    FILE_PATH,
    Evidence,
    Finding,
    Method,
    file_finding,
    page_finding,
    txt_finding,
    txt_name,
)
from workspace.io.web import DnsUnavailable, WebAnswer, WebRefused, read_txt, read_web

SECONDS = 6.0
PAGE_BYTES = 1_000_000
_HOPELESS = frozenset({"invalid_url", "ssrf_denied", "dns_failed"})


def evidence_gather(*, host: str, token: str, installation: Installation) -> tuple[Finding, ...]:
    """What the methods give, in the order txt, file, page, until one proves the claim. At most one DNS
    question and four requests, about half a minute if nothing answers. Never raises for what it finds."""
    found: list[Finding] = []
    for finding in _findings(host, token, installation):
        found.append(finding)
        if finding.evidence is Evidence.PROVED:
            break
    return tuple(found)


def _findings(host: str, token: str, installation: Installation) -> Iterator[Finding]:
    if not is_ip(host):
        yield _txt(host, token)
    yield file_finding(_read(host, FILE_PATH, FILE_MAX_BYTES), token)
    yield page_finding(_read(host, "/", PAGE_BYTES), installation)


def _txt(host: str, token: str) -> Finding:
    try:
        return txt_finding(read_txt(txt_name(host)), host, token)
    except DnsUnavailable as unavailable:
        return Finding(method=Method.TXT, evidence=Evidence.UNKNOWN, message=unavailable.message)


def _read(host: str, path: str, max_bytes: int) -> WebAnswer | WebRefused:
    """By https, and by http from a host that does not answer by https."""
    place = f"[{host}]" if ":" in host else host
    try:
        return read_web(f"https://{place}{path}", max_bytes=max_bytes, seconds=SECONDS)
    except WebRefused as refused:
        if refused.fetch_code in _HOPELESS:
            return refused
        try:
            return read_web(f"http://{place}{path}", max_bytes=max_bytes, seconds=SECONDS)
        except WebRefused:
            return refused
