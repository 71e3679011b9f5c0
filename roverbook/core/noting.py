"""Notes that a visit leaves by itself: its last error, and what it came to when it reached its goal."""

from dataclasses import dataclass

from roverbook.core.reviewing import VisitFacts, quoted

CONTENT_CHARS = 1_900
TITLE_PATH_CHARS = 120
KEPT_PER_AGENT = 50
"""Newest derived notes that are kept for one memory of one site."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedNote:
    """`type`: issue or learning, at most one of each per visit."""

    type: str
    title: str
    content: str
    tags: tuple[str, ...]


def derived_notes(facts: VisitFacts) -> tuple[DerivedNote, ...]:
    """None, one or two notes."""
    where = f" on {facts.path[:TITLE_PATH_CHARS]}" if facts.path else ""
    notes = []
    if facts.error.strip():
        notes.append(
            DerivedNote(
                type="issue",
                title=f"An error{where}",
                content=f"A visit met this error: {quoted(facts.error, most=CONTENT_CHARS)}",
                tags=("derived", "error"),
            )
        )
    if facts.outcome == "success" and facts.summary.strip():
        notes.append(
            DerivedNote(
                type="learning",
                title=f"A visit that reached its goal{where}",
                content=f"It was summed up so: {quoted(facts.summary, most=CONTENT_CHARS)}",
                tags=("derived", "success"),
            )
        )
    return tuple(notes)
