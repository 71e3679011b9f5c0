"""The filter line on a page: what was typed, what could not be read, and links to the same page with other
filters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from roverbook.core.filter_line import FIELDS, Field, FilterLine, read_filter_line

if TYPE_CHECKING:
    from workspace.models import Site

DAYS = (7, 30, 90)
USUAL_DAYS = 30
TIMES = ("after", "before", "day")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A part of the line that was left out; `href`: the page with what was probably meant, '' for no idea."""

    text: str
    message: str
    suggestion: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A link to the same page with another filter."""

    text: str
    href: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterBar:
    """What templates/workspace/roverbook/filter.html shows. `line`: what was understood; `text`: what the box
    holds; `days`: the chosen range, None where the line itself says from when to when."""

    line: FilterLine
    text: str
    unread: tuple[Unread, ...]
    days: int | None = None
    ranges: tuple[Choice, ...] = ()

    @property
    def fields(self) -> Mapping[str, Field]:
        """All fields, for the help."""
        return FIELDS

    @property
    def is_filtered(self) -> bool:
        """Whether something is left out."""
        return not self.line.is_empty


def filter_bar(request: HttpRequest, *, with_ranges: bool = False) -> FilterBar:
    """The filter that the address of the page holds."""
    text = request.GET.get("q", "")
    line = read_filter_line(text)
    unread = tuple(
        Unread(
            text=problem.text,
            message=problem.message,
            suggestion=problem.suggestion,
            href=query(q=problem.suggestion) if problem.suggestion else "",
        )
        for problem in line.problems
    )
    shown = text if line.problems else str(line)
    if not with_ranges:
        return FilterBar(line=line, text=shown, unread=unread)
    days = None if line.of(*TIMES) else _days(request)
    ranges = tuple(
        Choice(
            text=f"{each} days",
            href=query(q=line.without(*TIMES), days="" if each == USUAL_DAYS else each),
            is_chosen=each == days,
        )
        for each in DAYS
    )
    return FilterBar(line=line, text=shown, unread=unread, days=days, ranges=ranges)


def query(**values: object) -> str:
    """The query of a link, without what is empty; `?` for none: the page itself."""
    return "?" + urlencode({name: str(value) for name, value in values.items() if str(value)})


def visits_link(site: "Site", line: FilterLine) -> str:
    """The list of the visits that a line wants."""
    return reverse("admin:roverbook_visits", args=[site.public_id]) + query(q=line)


def _days(request: HttpRequest) -> int:
    given = request.GET.get("days", "")
    return int(given) if given in map(str, DAYS) else USUAL_DAYS
