"""The errors of a visit, in the form in which visits are compared by them."""

from collections import Counter
from collections.abc import Iterable

from roverbook.core.issues import issue_of
from roverbook.core.visits.folded import KINDS_MAX, FoldedIssue

Failure = tuple[str, str, str]
"""Tool, message and path; the tool is '' for an error of none."""


def issues_of(errors: Iterable[Failure]) -> tuple[FoldedIssue, ...]:
    """The errors by what they have in common, the first KINDS_MAX kinds of them."""
    found: dict[str, FoldedIssue] = {}
    for (tool, message, path), count in sorted(Counter(errors).items()):
        fingerprint, said = issue_of(tool, message, path)
        known = found.get(fingerprint)
        if known is None and len(found) >= KINDS_MAX:
            continue
        before = known.count if known is not None else 0
        found[fingerprint] = FoldedIssue(
            fingerprint=fingerprint, tool=tool, message=said, path=path, count=count + before
        )
    return tuple(found.values())
