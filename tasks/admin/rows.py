"""A task as one row: what lists and the head of its page show."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ObjectDoesNotExist

from tasks.admin.texts import line
from tasks.admin.trust import TrustWords, trust_words
from tasks.admin.words import StatusWords, status_words, where_words
from tasks.core.public_ids import task_name
from tasks.core.quantities import duration
from tasks.core.states import TERMINAL
from tasks.models import AgentTask

if TYPE_CHECKING:
    from workspace.models import Site

WISH = 140
NAME = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`wish`: the prompt on one line; `shortcut`: the label of the shortcut, '' without one; `took`: how long
    from its making to its end, or till now."""

    name: str
    wish: str
    shortcut: str
    status: StatusWords
    has_ended: bool
    agent_name: str
    agent_key: str
    trust: TrustWords
    where: str
    created_at: datetime
    took: str


def rows_of(tasks: Iterable[AgentTask], site: "Site", *, now: datetime) -> list[Row]:
    """The rows of tasks of one site, in their order."""
    labels = _shortcut_labels(site)
    return [_row(task, labels, now) for task in tasks]


def _row(agent_task: AgentTask, labels: Mapping[str, str], now: datetime) -> Row:
    task = agent_task.task
    took = (task.finished_at or now) - task.created_at
    return Row(
        name=task_name(task.pk),
        wish=line(agent_task.prompt, WISH),
        shortcut=line(labels.get(agent_task.shortcut) or agent_task.shortcut, NAME),
        status=status_words(task.status),
        has_ended=task.status in TERMINAL,
        agent_name=line(agent_task.agent.get("displayName"), NAME) or "no name",
        agent_key=agent_task.agent_key,
        trust=trust_words(agent_task.agent, agent_task.trust),
        where=where_words(agent_task),
        created_at=task.created_at,
        took=duration(took.total_seconds() * 1000),
    )


def _shortcut_labels(site: "Site") -> dict[str, str]:
    """By id, what the shortcuts of the site are called now."""
    try:
        content = site.config.content
    except ObjectDoesNotExist:
        return {}
    return {each["id"]: each["label"] for each in content.get("shortcuts") or ()}
