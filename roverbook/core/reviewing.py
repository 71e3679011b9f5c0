"""What RoverBook says of a visit in the agent's place: a review made from numbers, in the third person."""

import math
from dataclasses import dataclass

TEXT_CHARS = 300
RATING_LEAST, RATING_MOST = 1, 5
MANY_STEPS = 10
LONG_MS = 30_000
STEP_MS_FREE, STEP_MS_PER_POINT = 1_500, 1_200
STEPS_FREE, STEPS_PER_POINT = 8, 4
ERRORS_COST, BACKTRACKS_COST = 10, 12
LOGIC = {"success": (5.0, 6.0), "failure": (2.2, 4.0)}
LOGIC_OTHERWISE = (3.4, 3.0)
"""What a visit's logic is worth by its outcome, and what the error rate takes from it."""
POSITIVE_FROM, NEGATIVE_TO = 4, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitFacts:
    """What of a visit is told: its numbers, its last error and summary, its last page's path; '' for none."""

    outcome: str
    steps: int
    errors: int
    backtracks: int
    duration_ms: int
    error: str = ""
    summary: str = ""
    path: str = ""

    @property
    def counted_steps(self) -> int:
        """Steps, at least one, to divide by."""
        return max(1, self.steps)

    @property
    def error_rate(self) -> float:
        """Errors by step; more than 1 when there were more errors than steps."""
        return max(0, self.errors) / self.counted_steps


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedReview:
    """Ratings 1 to 5; `sentiment` positive, negative, neutral or mixed."""

    accuracy: int
    speed: int
    ease_of_use: int
    logic: int
    overall: int
    sentiment: str
    summary: str
    pain_points: tuple[str, ...]
    suggestions: tuple[str, ...]


def derived_review(facts: VisitFacts) -> DerivedReview:
    """The review that a visit's numbers come to."""
    steps, rate = facts.counted_steps, facts.error_rate
    step_ms = max(0, facts.duration_ms) / steps
    base, per_error = LOGIC.get(facts.outcome, LOGIC_OTHERWISE)
    accuracy = rating(5 - ERRORS_COST * rate)
    speed = rating(5 - max(0.0, step_ms - STEP_MS_FREE) / STEP_MS_PER_POINT)
    ease = rating(
        5 - BACKTRACKS_COST * max(0, facts.backtracks) / steps - max(0, steps - STEPS_FREE) / STEPS_PER_POINT
    )
    logic = rating(base - per_error * rate)
    overall = rating((accuracy + speed + ease + logic) / 4)
    pains = _pains(facts)
    return DerivedReview(
        accuracy=accuracy,
        speed=speed,
        ease_of_use=ease,
        logic=logic,
        overall=overall,
        sentiment=_sentiment(overall, facts),
        summary=f"{ended(facts)} {counts(facts)}",
        pain_points=tuple(pain for pain, _ in pains),
        suggestions=tuple(suggestion for _, suggestion in pains),
    )


def rating(value: float) -> int:
    """1 to 5, a half rounded up (as JavaScript does; Python rounds a half to the even number)."""
    return min(RATING_MOST, max(RATING_LEAST, math.floor(value + 0.5)))


def _sentiment(overall: int, facts: VisitFacts) -> str:
    if overall >= POSITIVE_FROM:
        return "positive"
    if overall <= NEGATIVE_TO:
        return "negative"
    return "mixed" if facts.errors > 0 or facts.backtracks > 0 else "neutral"


def _pains(facts: VisitFacts) -> list[tuple[str, str]]:
    """What was bad, each with what would have helped."""
    found = []
    if facts.error:
        found.append(
            (
                f"The last error was: {quoted(facts.error)}",
                "Look at the step that met the last error; let the page say what it needs.",
            )
        )
    if facts.backtracks > 0:
        found.append(
            (
                f"The visit went back {times(facts.backtracks)}.",
                "Say on links and buttons where they lead, so that no way has to be gone back.",
            )
        )
    if facts.steps > MANY_STEPS:
        found.append(
            (f"The visit took {facts.steps} steps.", "Offer a shorter way, or a shortcut, for this wish.")
        )
    if facts.duration_ms > LONG_MS:
        found.append(
            (
                f"The visit took {seconds(facts.duration_ms)}.",
                "Let pages answer faster, and show when they are ready.",
            )
        )
    return found


_ENDED = {
    "success": "The visit reached its goal.",
    "failure": "The visit failed.",
    "partial": "The visit reached a part of its goal.",
    "abandoned": "The visit was given up.",
    "input_required": "The visit ended waiting for an answer.",
}


def ended(facts: VisitFacts) -> str:
    """A sentence on how the visit ended."""
    return _ENDED.get(facts.outcome, "The visit ended.")


def counts(facts: VisitFacts) -> str:
    """A sentence of the visit's numbers."""
    return (
        f"{counted(facts.steps, 'step')} in {seconds(facts.duration_ms)}, "
        f"{counted(facts.errors, 'error')}, went back {times(facts.backtracks)}."
    )


def counted(number: int, thing: str) -> str:
    """'1 step', '2 steps'."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def times(number: int) -> str:
    """'never', 'once', '3 times'."""
    return {0: "never", 1: "once"}.get(number, f"{number} times")


def seconds(duration_ms: int) -> str:
    """'0.4 s', '40 s'."""
    value = max(0, duration_ms) / 1_000
    return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"


def quoted(text: str, *, most: int = TEXT_CHARS) -> str:
    """Text of an agent or a page, in quotes, on one line, cut to `most` characters."""
    line = " ".join(text.split()).replace("“", '"').replace("”", '"')
    return f"“{line}”" if len(line) <= most else f"“{line[: most - 1].rstrip()}…”"
