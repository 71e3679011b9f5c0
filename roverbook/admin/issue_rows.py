"""Issues as sentences."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from roverbook.admin.filter_bar import visits_link
from roverbook.core.filter_line import FilterLine
from roverbook.selectors.analytics import IssueRow
from tasks.admin.sessions_texts import masked_line

if TYPE_CHECKING:
    from workspace.models import Site

MESSAGE, PATH = 160, 80


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownIssue:
    """An issue whose texts can be shown; `href`: the visits that met it."""

    issue: IssueRow
    href: str


def shown_issues(issues: Iterable[IssueRow], site: "Site", line: FilterLine) -> list[ShownIssue]:
    """The issues, in their order; `line` is the filter within which they were met."""
    return [
        ShownIssue(
            issue=replace(
                issue,
                message=masked_line(issue.message, MESSAGE),
                tool=masked_line(issue.tool, PATH),
                path=masked_line(issue.path, PATH),
            ),
            href=visits_link(site, line.having("issue", issue.fingerprint)),
        )
        for issue in issues
    ]
