"""Forgetting an agent or a visitor: what RoverBook knows of them, and the logs from which it would know it
again.

The row of the audit log comes first; without it nothing goes. Then the logs, so that whoever makes visits
anew makes none of these, and the visits last. Each bite is a transaction of its own: other writers never wait
long, and a second attempt goes on where a first one was cut short.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from time import sleep
from typing import Any

from django.db.models import F, QuerySet

from roverbook.models import (
    AgentProfile,
    NoteVote,
    Post,
    PostVote,
    Visit,
    WebhookAttempt,
    WebhookMessage,
)
from roverbook.models.shared import ByAgent
from roverbook.selectors.authors import PERSONAL
from roverbook.selectors.traces import SAID, Traces, batched, traces_of_agent, traces_of_visitor
from roverbook.services.projecting.turns import projector_turn
from roverbook.services.scoring import score_due
from tasks.services.agents.erasing import agent_tasks_erase
from tasks.services.runtime.erasing import runs_erase, sessions_erase
from workspace.core.errors import ErrorKind, RoverError
from workspace.io.transactions import write_transaction
from workspace.models import Site
from workspace.services.audit import Actor, Subject, record

TASKS_AT_ONCE = 50
TRIES, PAUSE_SECONDS = 600, 0.05
ERASED = "(erased)"
_MEMBERS = ("visitId", "sessionId", "taskId", "agentKey")
"""What of a message says whose it is."""


class StillReading(RoverError):
    """The logs are gone, the visits not yet: the same again finishes it."""

    code = "roverbook_busy"
    kind = ErrorKind.UNAVAILABLE
    retryable = True


def agent_erase(*, actor: Actor, site: Site, agent_key: str, now: datetime) -> Mapping[str, int]:
    """Forget the agent with this very key on this site; how much there was of each kind. What the owners
    decided about it goes too, so a block ends with it."""
    traces = traces_of_agent(site, agent_key)
    memory_keys = _memory_keys(traces)

    def first() -> None:
        AgentProfile.objects.filter(site=site, agent_key=agent_key).delete()
        AgentProfile.objects.filter(site=site, alias_of=agent_key).update(alias_of="", updated_at=now)
        NoteVote.objects.filter(note__site=site, memory_key__in=memory_keys).delete()
        PostVote.objects.filter(post__site=site, memory_key__in=memory_keys).delete()

    return _erase(traces, actor, "agent", agent_key, first, now)


def visitor_erase(*, actor: Actor, site: Site, visitor: str, now: datetime) -> Mapping[str, int]:
    """Forget a visitor on this site: a session, or all that told this mail address or visitor id; how much
    there was of each kind. Tasks of agents that ran in the visitor's pages go with them."""
    return _erase(traces_of_visitor(site, visitor), actor, "visitor", visitor, lambda: None, now)


def digest_of(name: str) -> str:
    """What stands in the audit log for somebody who asked to be forgotten."""
    return sha256(name.encode()).hexdigest()[:16]


def _erase(
    traces: Traces, actor: Actor, kind: str, name: str, first: Callable[[], None], now: datetime
) -> Mapping[str, int]:
    counts = traces.counts()
    visit_ids = [*traces.visits.values_list("pk", flat=True), *traces.visit_ids]
    began = traces.visits.order_by("started_at").values_list("started_at", flat=True).first()
    with write_transaction():
        record(
            actor=actor,
            action=f"roverbook_{kind}.erased",
            subject=Subject(kind=f"roverbook_{kind}", id=digest_of(name)),
            site=traces.site,
            before=counts,
            after={},
            now=now,
        )
        first()
    _erase_logs(traces, now)
    for each in SAID:
        _erase_said(traces, each)
    _erase_messages(traces.site, {traces.agent_key, *traces.session_ids, *visit_ids} - {""})
    with _between_rounds():
        for some in batched(visit_ids):
            with write_transaction():
                Visit.objects.filter(site=traces.site, pk__in=some).delete()
    with write_transaction():
        score_due(traces.site, now, since=began)
    return counts


def _erase_logs(traces: Traces, now: datetime) -> None:
    for tasks in batched(traces.task_ids, TASKS_AT_ONCE):
        agent_tasks_erase(task_ids=tasks, now=now)
    for runs in batched(traces.run_ids):
        runs_erase(run_ids=runs, now=now)
    sessions_erase(session_ids=list(traces.sessions().values_list("pk", flat=True)))
    _delete_in_bites(traces.collected())


def _erase_said(traces: Traces, name: str) -> None:
    """Posts under which others replied stay, without their words: what others said is not theirs to take."""
    if name != "posts":
        _delete_in_bites(traces.said(name))
        return
    mine = list(traces.said(name).values_list("pk", "parent_id", "reply_count"))
    emptied = [pk for pk, parent, n_replies in mine if parent is None and n_replies]
    for some in batched(emptied):
        blank = {field.name: field.get_default() for field in ByAgent._meta.local_fields}
        with write_transaction():
            Post.objects.filter(pk__in=some).update(
                title=ERASED, body=ERASED, tags=[], page_url="", visit_id="", run_id="", **blank
            )
    for some in batched([(pk, parent) for pk, parent, _ in mine if pk not in set(emptied)]):
        with write_transaction():
            for _, parent in some:
                Post.objects.filter(pk=parent, reply_count__gt=0).update(reply_count=F("reply_count") - 1)
            Post.objects.filter(pk__in=[pk for pk, _ in some]).delete()


def _delete_in_bites(rows: QuerySet[Any]) -> None:
    for some in batched(list(rows.values_list("pk", flat=True))):
        with write_transaction():
            rows.model._default_manager.filter(pk__in=some).delete()


def _erase_messages(site: Site, names: set[str]) -> None:
    """Of messages about them leave that there was one: a webhook may just be sending it."""
    about: dict[str, dict[str, Any]] = {}
    for pk, body in WebhookMessage.objects.filter(site=site).values_list("pk", "body").iterator():
        said = json.loads(body)
        data = said.get("data") or {}
        if not names.isdisjoint(str(data.get(member)) for member in _MEMBERS):
            about[pk] = said | {"data": {"erased": True}}
    for some in batched(sorted(about)):
        with write_transaction():
            for pk in some:
                WebhookMessage.objects.filter(pk=pk).update(body=json.dumps(about[pk]))
            WebhookAttempt.objects.filter(delivery__message__in=some).update(response_body="")


def _memory_keys(traces: Traces) -> list[str]:
    """The agent's own; those of a vendor or of a network are others' too."""
    keys = {
        *traces.visits.values_list("agent_memory_key", flat=True).distinct(),
        *traces.tasks().values_list("memory_key", flat=True).distinct(),
    }
    return sorted(key for key in keys if key.startswith(PERSONAL))


@contextmanager
def _between_rounds() -> Iterator[None]:
    """While nobody makes visits: one that was read from the logs before they went is written by then, and no
    other can be.

    Raises:
        StillReading: whoever makes visits does not come to an end.
    """
    for _ in range(TRIES):
        with projector_turn() as is_ours:
            if is_ours:
                yield
                return
        sleep(PAUSE_SECONDS)
    raise StillReading("RoverBook is busy reading its logs.", next_action="Try the same again in a minute.")
