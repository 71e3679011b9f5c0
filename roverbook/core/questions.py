"""The questions that a site asks agents when they leave."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from workspace.core.field_types import Settings, refusal, single_line

QUESTIONS_MAX = 20
QUESTION_MAX = 300


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
