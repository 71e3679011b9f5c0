"""A browser takes a task up: it shows the receipt of its URL and the session of its page."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tasks.core.public_errors import (
    AiAccessDisabled,
    ReceiptAlreadyClaimed,
    ReceiptExpired,
    ReceiptInvalid,
    SiteMismatch,
)
from tasks.core.public_input import ClaimBody
from tasks.core.runtime.errors import HostNotAllowed, PermissionDenied
from tasks.core.session_tokens import SessionClaims
from tasks.core.states import UNCLAIMED, TaskStatus
from tasks.models import AgentTask, Receipt, Task
from tasks.services.agents.log import Logs, change
from tasks.services.runtime.sessions import session_present
from workspace.core.hosts import parse_host
from workspace.core.tokens import digest
from workspace.io.transactions import write_transaction
from workspace.selectors.reception import Reception, reception_of

AGAIN = timedelta(seconds=60)
"""For so long the session that claimed a task may claim it again: its page was loaded once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """The task that is the browser's now, the session it is bound to, and the site that both are of."""

    agent_task: AgentTask
    session_id: str
    reception: Reception

    @property
    def debug_streaming(self) -> bool:
        """Whether the site lets events carry arguments and results in full."""
        return self.reception.access.debug_streaming

    @property
    def routing(self) -> str | None:
        """How the task's shortcut wants to be carried out, as it stands now."""
        shortcut = self.reception.shortcut(self.agent_task.shortcut) or {}
        return shortcut.get("routing")


def task_claim(claim: ClaimBody, *, now: datetime) -> Claimed:
    """Let the session have the task that the receipt is for.

    Raises:
        SessionTokenInvalid, SessionTokenExpired, SessionNotFound, InvalidApiKey, CapabilityMissing: the
        session.
        ReceiptInvalid: no task has this receipt, or not any more; ReceiptExpired; ReceiptAlreadyClaimed: by
        another session, or too long ago.
        SiteMismatch: the session's page is not of the task's site.
        AiAccessDisabled: the site was closed to agents since the task was made.
    """
    session = _session(claim, now)
    with write_transaction():
        receipt = _held(claim.receipt)
        agent_task = receipt.task
        if claim.request_id and claim.request_id.rpartition("_")[2] != agent_task.task_id.hex:
            raise ReceiptInvalid("The receipt is another task's.")
        reception = _reception(agent_task, session, claim.host)
        if receipt.claimed_at is not None:
            if receipt.claimed_by == session.sid and now < receipt.claimed_at + AGAIN:
                return Claimed(agent_task=agent_task, session_id=session.sid, reception=reception)
            raise ReceiptAlreadyClaimed("A browser has taken this task up already.")
        if receipt.expires_at <= now or agent_task.task.status == TaskStatus.EXPIRED:
            raise ReceiptExpired("The receipt has expired; make the task again.")
        Receipt.objects.filter(pk=receipt.pk).update(claimed_at=now, claimed_by=session.sid)
        is_ours = change(
            Logs.of(agent_task), after=TaskStatus.RUNNING, only_from=UNCLAIMED, now=now, by_worker=False
        )
        if not is_ours:
            raise ReceiptInvalid("This receipt is no task's, or not any more.")
    agent_task.task.refresh_from_db()
    return Claimed(agent_task=agent_task, session_id=session.sid, reception=reception)


def _session(claim: ClaimBody, now: datetime) -> SessionClaims:
    try:
        return session_present(claim.session_token, session_id=claim.session_id or None, now=now).claims
    except (HostNotAllowed, PermissionDenied) as exc:
        raise SiteMismatch(exc.message) from None


def _held(receipt: str) -> Receipt:
    """The receipt, its task's row ours until the transaction ends: of two browsers one comes second."""
    rows = Receipt.objects.filter(digest=digest(receipt))
    task_id = rows.values_list("task", flat=True).first()
    if task_id is not None:
        Task.objects.select_for_update().filter(pk=task_id).values_list("pk").first()
    found = rows.select_related("task__task", "task__key__site__config").first()
    if found is None:
        raise ReceiptInvalid("This receipt is no task's, or not any more.")
    return found


def _reception(agent_task: AgentTask, session: SessionClaims, page: str) -> Reception:
    """The task's site, when the session's page is of it and where the site's key allows."""
    key = agent_task.key
    host = parse_host(page) if page else session.host
    is_same = key is not None and key.site.public_id == session.site_id and host == session.host
    if key is None or not is_same or not (reception := reception_of(key)).scope.covers(session.host):
        raise SiteMismatch("This task is another site's.")
    if not reception.takes_tasks:
        raise AiAccessDisabled("This site takes no tasks from agents any more.")
    return reception
