"""A visit as one row, and the words for its outcome, its agent and its score."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from roverbook.core.scoring import Tone, tone_of
from roverbook.models import Visit
from roverbook.models.shared import ByAgent
from tasks.admin.rows import NAME, WISH
from tasks.admin.sessions_texts import masked_line
from tasks.admin.texts import line
from tasks.admin.trust import TrustWords, trust_words
from tasks.admin.words import StatusWords
from tasks.core.quantities import age, duration

OUTCOME_WORDS: Mapping[str, StatusWords] = {
    Visit.Outcome.SUCCESS: StatusWords(word="succeeded", badge="rv-good"),
    Visit.Outcome.FAILURE: StatusWords(word="failed", badge="rv-bad"),
    Visit.Outcome.PARTIAL: StatusWords(word="partly done", badge="rv-warn"),
    Visit.Outcome.ABANDONED: StatusWords(word="abandoned", badge=""),
    Visit.Outcome.INPUT_REQUIRED: StatusWords(word="waits for an answer", badge="rv-warn"),
    "": StatusWords(word="going on", badge="rv-running"),
}
TONE_BADGES: Mapping[Tone, str] = {
    Tone.EXCELLENT: "rv-good",
    Tone.HEALTHY: "rv-good",
    Tone.WARNING: "rv-warn",
    Tone.CRITICAL: "rv-bad",
    Tone.NO_DATA: "",
}
NO_SIGNER = "https://its signer"
"""Where the visit does not say who signed: the sentence about it needs somebody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A score as it is shown: `number` is rounded, None for no score."""

    number: int | None
    tone: Tone
    badge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentWords:
    """Who it says it is, and how far that can be believed. The names fit the template of agents' tasks."""

    agent_name: str
    agent_key: str
    vendor: str
    model: str
    trust: TrustWords


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRow:
    """`wish`: the prompt on one line; `took`: the time in all runs; `ago`: since it began."""

    id: str
    wish: str
    shortcut: str
    outcome: StatusWords
    agent: AgentWords
    score: Score
    steps: int
    errors: int
    took: str
    ago: str
    started_at: datetime
    is_test: bool
    is_open: bool


def visit_rows(visits: Iterable[Visit], *, now: datetime) -> list[VisitRow]:
    """The rows, in their order."""
    return [visit_row(visit, now=now) for visit in visits]


def visit_row(visit: Visit, *, now: datetime) -> VisitRow:
    """One visit."""
    return VisitRow(
        id=visit.pk,
        wish=masked_line(visit.prompt, WISH),
        shortcut=masked_line(visit.shortcut, NAME),
        outcome=outcome_words(visit.outcome),
        agent=agent_words(visit),
        score=score_of(visit.score),
        steps=visit.total_steps,
        errors=visit.error_count,
        took=duration(visit.total_duration_ms),
        ago=age((now - visit.started_at).total_seconds()),
        started_at=visit.started_at,
        is_test=visit.is_test,
        is_open=visit.finalized_at is None,
    )


def outcome_words(outcome: str) -> StatusWords:
    """The words for an outcome; one that this version does not know is told by its name."""
    return OUTCOME_WORDS.get(outcome) or StatusWords(word=line(outcome).replace("_", " "), badge="")


def score_of(value: float | None) -> Score:
    """A score in words."""
    tone = tone_of(value)
    return Score(number=None if value is None else round(value), tone=tone, badge=TONE_BADGES[tone])


def agent_words(row: ByAgent, *, signer: str = "") -> AgentWords:
    """The agent of a visit, or of what was said in one. `signer`: the origin that its signature proves."""
    trust = trust_words({"signatureAgent": signer or NO_SIGNER}, row.agent_trust)
    return AgentWords(
        agent_name=line(row.agent_name, NAME) or "no name",
        agent_key=row.agent_key,
        vendor=line(row.agent_vendor, NAME),
        model=line(row.agent_model, NAME),
        trust=trust if signer else replace(trust, host=""),
    )
