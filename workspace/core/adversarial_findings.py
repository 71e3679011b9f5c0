"""What an assessment says: named signals and their sum."""

from collections.abc import Iterable
from dataclasses import dataclass

MAX_SCORE = 10


@dataclass(frozen=True, slots=True)
class Signal:
    """One finding. `detail`: a plain sentence for people; it may quote the URL but never a leaked value."""

    reason: str
    points: int
    detail: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """`score`: 0 to 10, the points of all `signals`, cut at 10."""

    score: int
    signals: tuple[Signal, ...]

    @property
    def reasons(self) -> list[str]:
        """The reason of every signal, as on the wire."""
        return [signal.reason for signal in self.signals]


def assessment_of(signals: Iterable[Signal]) -> Assessment:
    """Returns the assessment that the signals amount to."""
    kept = tuple(signals)
    return Assessment(min(MAX_SCORE, sum(signal.points for signal in kept)), kept)
