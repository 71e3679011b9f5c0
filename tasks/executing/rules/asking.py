"""Asking instead of guessing: a choice or a value is taken from the wish's answers, else asked for."""

from collections.abc import Sequence
from typing import TypeVar

from tasks.executing.protocol import Answer, InputRequired, Question
from tasks.executing.rules.ranking import covers, excess
from tasks.executing.rules.words import fold, subject_of

T = TypeVar("T")
MAX_CHOICES = 8


class NeedsInput(Exception):
    """Ends a run with questions."""

    def __init__(self, message: str, questions: tuple[Question, ...]) -> None:
        super().__init__(message)
        self.outcome = InputRequired(message=message, questions=questions)


class NoAnswer(Exception):
    """Ends a run without an answer: `code` for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Answers:
    """The answers of a wish. One with a key is for its question, one without for the first question that it
    fits; each of those serves once."""

    def __init__(self, given: Sequence[Answer]) -> None:
        self._by_key = {answer.key: answer.text for answer in given if answer.key}
        self._open = [answer.text for answer in given if not answer.key]

    def __contains__(self, key: str) -> bool:
        """Whether the question `key` was answered by its name: that answer stays."""
        return key in self._by_key

    def value(self, key: str) -> str | None:
        """The answer to the question `key`, if there is one."""
        if key in self._by_key:
            return self._by_key[key]
        return self._open.pop(0) if self._open else None

    def choose(self, key: str, message: str, options: Sequence[tuple[str, T]]) -> T:
        """The option whose label was chosen: by its number, its words, or words that only it has.

        Raises: NeedsInput when there is no answer that fits exactly one.
        """
        said = [self._by_key[key]] if key in self._by_key else list(self._open)
        for text in said:
            at = chosen(text, [label for label, _ in options])
            if at is not None:
                if text in self._open:
                    self._open.remove(text)
                return options[at][1]
        labels = tuple(label for label, _ in options[:MAX_CHOICES])
        raise NeedsInput(message, (Question(key=key, query=message, choices=labels),))


def chosen(text: str, labels: Sequence[str]) -> int | None:
    """Which of `labels` the answer `text` means; None when none or several."""
    wanted = fold(text).strip(" .!")
    same = [at for at, label in enumerate(labels) if fold(label).strip(" .!") == wanted]
    if len(same) == 1:
        return same[0]
    if wanted.rstrip(".)").isdecimal() and 0 < int(wanted.rstrip(".)")) <= len(labels):
        return int(wanted.rstrip(".)")) - 1
    terms = subject_of(text)
    fitting = [at for at, label in enumerate(labels) if covers(terms, label)]
    if not fitting:
        return None
    least = min(excess(terms, labels[at]) for at in fitting)
    closest = [at for at in fitting if excess(terms, labels[at]) == least]
    return closest[0] if len(closest) == 1 else None
