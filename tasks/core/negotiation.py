"""Choosing a representation by the Accept header (RFC 9110 §12.4.2, §12.5.1). Pure text, no framework."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from workspace.core.errors import ErrorKind, RoverError


class MediaType(StrEnum):
    """What a task can be read as, in the server's order of preference."""

    JSON = "application/json"
    SSE = "text/event-stream"
    NDJSON = "application/x-ndjson"


class NotAcceptable(RoverError):
    """`data`: acceptable, the media types on offer."""

    code = "not_acceptable"
    kind = ErrorKind.NOT_ACCEPTABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRange:
    """One element of an Accept header; `*` stands for any type or subtype. `q` counts thousandths."""

    type: str
    subtype: str
    q: int

    @property
    def specificity(self) -> int:
        """2 for type/subtype, 1 for type/*, 0 for */*."""
        return (self.type != "*") + (self.subtype != "*")

    def matches(self, media: MediaType) -> bool:
        """True when the range covers `media`."""
        main, _, sub = media.value.partition("/")
        return self.type in ("*", main) and self.subtype in ("*", sub)


def negotiate(accept: str | None, *, offers: Sequence[MediaType]) -> MediaType:
    """The offer with the highest quality; of equals the earlier one. Without an Accept header, or with an
    empty one, the first offer.

    Raises:
        NotAcceptable: the header accepts none of the offers.
    """
    if accept is None or not accept.strip(" \t,"):
        return offers[0]
    ranges = parse_accept(accept)
    best = max(offers, key=lambda media: _quality(media, ranges))  # max keeps the first of equals
    if not _quality(best, ranges):
        listed = [media.value for media in offers]
        raise NotAcceptable(f"this resource is served as {', '.join(listed)}", acceptable=listed)
    return best


def parse_accept(accept: str) -> list[MediaRange]:
    """The well-formed ranges of a header value; a malformed element, or one with a malformed weight, is left
    out. Parameters other than the weight are passed over: none of our types has one that tells two apart."""
    found = (_media_range(element) for element in _ELEMENT.findall(accept))
    return [media_range for media_range in found if media_range]


def _quality(media: MediaType, ranges: Sequence[MediaRange]) -> int:
    """The weight given by the most specific range that covers `media`; 0 when none does."""
    covering = [r for r in ranges if r.matches(media)]
    return max(covering, key=lambda r: (r.specificity, r.q)).q if covering else 0


_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 - RFC 9110 §5.6.2, no secret
_QUOTED = r'"(?:[^"\\]|\\.)*"'
# possessive groups, and a quote that is never closed runs to the end: a header made of quotes and backslashes
# must not cost more than its length
_ELEMENT = re.compile(r'(?:"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[^,"])++', re.DOTALL)
_PARAMETER = re.compile(rf"\s*+;\s*+(?:({_TOKEN})(?:=({_TOKEN}|{_QUOTED}))?+)?+", re.DOTALL)
_RANGE = re.compile(rf"\s*+({_TOKEN})/({_TOKEN})")
_WEIGHT = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


def _media_range(element: str) -> MediaRange | None:
    head = _RANGE.match(element)
    if head is None:
        return None
    main, sub = head[1].lower(), head[2].lower()
    if main == "*" and sub != "*":
        return None
    position, q = head.end(), 1000
    while parameter := _PARAMETER.match(element, position):
        position = parameter.end()
        if (parameter[1] or "").lower() == "q":
            if not _WEIGHT.fullmatch(parameter[2] or ""):
                return None
            q = round(float(parameter[2]) * 1000)
            break  # what follows a weight belongs to no media range (RFC 9110 §12.5.1)
    else:
        if element[position:].strip(" \t"):
            return None
    return MediaRange(type=main, subtype=sub, q=q)
