"""The questions that a site asks agents when they leave."""

import hashlib
import re
from collections.abc import Collection
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from workspace.core.field_types import Settings, refusal, single_line

QUESTIONS_MAX = 20
QUESTION_MAX = 300
USUAL_QUESTIONS = (
    "What was the hardest part of your visit?",
    "Did you find what you were looking for?",
    "What would you change about the navigation?",
    "How would you rate the overall experience?",
)
"""Asked until a site's owner has written questions of his own."""


def _distinct(questions: list[str]) -> list[str]:
    if len(set(questions)) < len(questions):
        raise refusal("duplicate", "Must not ask the same twice.")
    return questions


Question = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=QUESTION_MAX),
    AfterValidator(single_line),
]
Questions = Annotated[list[Question], Field(max_length=QUESTIONS_MAX), AfterValidator(_distinct)]


class NotificationSettingsPatch(Settings):
    """What an owner may change: whether RoverBook tells others what happens on the site, and the questions,
    at most 20 of at most 300 characters."""

    enabled: bool | None = None
    interview_questions: Questions | None = None


def question_id(text: str, *, taken: Collection[str] = ()) -> str:
    """`question_<slug>`, for texts without a letter of ASCII a digest; numbered if it is taken."""
    slug = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:60].strip("_")
    name = f"question_{slug or hashlib.sha256(text.encode()).hexdigest()[:12]}"
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found
