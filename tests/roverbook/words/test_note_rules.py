"""The rules of memory: who may share, what is worth telling, and how it is told."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from roverbook.core.notes import Remembered, moderation_of, ranked, told, usefulness, visibility_of
from roverbook.core.word_refusals import NotesNotShared
from tests.roverbook.words.support import DAY, NOW


@dataclass
class Weighed:
    pk: str
    is_pinned: bool = False
    helped: int = 0
    not_helped: int = 0
    updated_at: datetime = NOW


@pytest.mark.parametrize(
    ("asked", "access", "becomes"),
    [
        (None, "private_only", "private"),
        (None, "read_shared", "private"),
        (None, "read_write_shared", "shared"),
        ("private", "read_write_shared", "private"),
        ("shared", "read_write_shared", "shared"),
    ],
)
def test_a_note_is_shared_where_agents_may_share(asked: str | None, access: str, becomes: str) -> None:
    assert visibility_of(asked, access) == becomes


@pytest.mark.parametrize("access", ["private_only", "read_shared"])
def test_a_note_is_not_shared_where_agents_may_not(access: str) -> None:
    with pytest.raises(NotesNotShared) as caught:
        visibility_of("shared", access)

    assert (caught.value.data, caught.value.next_action) == (
        {"sharedAccess": access},
        "Save it with visibility private.",
    )


@pytest.mark.parametrize(
    ("visibility", "trusts", "trust", "visits", "becomes"),
    [
        ("private", False, "anonymous", 0, "approved"),
        ("shared", False, "verified_signed", 9, "waiting"),
        ("shared", True, "verified_signed", 2, "approved"),
        ("shared", True, "self_reported", 2, "approved"),
        ("shared", True, "self_reported", 1, "waiting"),
        ("shared", True, "signed_directory_only", 9, "waiting"),
        ("shared", True, "heuristic", 9, "waiting"),
        ("shared", True, "anonymous", 9, "waiting"),
    ],
)
def test_a_shared_note_waits_for_the_owner_unless_he_trusts_those_who_came_before(
    visibility: str, trusts: bool, trust: str, visits: int, becomes: str
) -> None:
    assert moderation_of(visibility, trusts_notes=trusts, trust=trust, visits=visits) == becomes


@pytest.mark.parametrize(
    ("helped", "not_helped", "days", "value"),
    [(0, 0, 0, 0.0945), (1, 0, 0, 0.2077), (8, 0, 0, 0.5958), (0, 4, 0, 0.0301), (8, 0, 30, 0.2979)],
)
def test_the_usefulness_is_a_lower_bound_that_halves_every_thirty_days(
    helped: int, not_helped: int, days: int, value: float
) -> None:
    found = usefulness(helped=helped, not_helped=not_helped, age=timedelta(days=days))

    assert round(found, 4) == value


def test_pinned_notes_come_first_then_useful_ones_then_newer_ones() -> None:
    notes = [
        Weighed("old", updated_at=NOW - DAY),
        Weighed("bad", not_helped=3),
        Weighed("new"),
        Weighed("good", helped=3, not_helped=1),
        Weighed("pinned", is_pinned=True, not_helped=9, updated_at=NOW - 100 * DAY),
    ]

    assert [note.pk for note in ranked(notes, now=NOW)] == ["pinned", "good", "new", "old", "bad"]


def remembered(content: str, **more: object) -> Remembered:
    return Remembered(
        **{  # type: ignore[arg-type]
            "visibility": "shared",
            "type": "tip",
            "title": "Cart",
            "content": content,
            "author": "Ada",
            "trust": "self_reported",
            **more,
        }
    )


def test_each_note_is_one_line_that_says_whose_it_is_and_how_far_to_believe_it() -> None:
    notes = [
        remembered("It is at\nthe top."),
        remembered("It empties.", visibility="private", type="issue", title="", is_own=True),
        remembered("Paid.", is_derived=True, author=""),
    ]

    assert told(notes).split("\n") == [
        '- shared tip by "Ada" (self_reported) — Cart: It is at the top.',
        "- private issue by you (self_reported) — It empties.",
        '- shared tip by "an agent" (self_reported, derived from a visit) — Cart: Paid.',
    ]


def test_four_long_notes_take_nine_hundred_characters_and_each_has_its_share() -> None:
    lines = told([remembered(f"{number}" + "x" * 2_000) for number in range(4)]).split("\n")

    assert len("\n".join(lines)) <= 900
    assert [len(line) for line in lines] == [224, 224, 224, 224]
    assert [line[-1] for line in lines] == ["…"] * 4


def test_a_short_note_leaves_its_room_to_the_others() -> None:
    lines = told([remembered("x"), remembered("y" * 2_000)]).split("\n")

    assert len(lines[1]) > 800


def test_no_notes_are_told_as_nothing() -> None:
    assert told([]) == ""
