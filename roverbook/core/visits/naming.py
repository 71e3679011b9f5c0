"""Ids of visits. What is told by whatever door about one task has one id, without anybody having to ask."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from uuid import UUID

from tasks.core.public_ids import TASK_PREFIX, task_name

PREFIX = "vis_"
_BYTES = 16


def visit_of_task(task_id: UUID) -> str:
    """That of an agent's task: the task's name."""
    return task_name(task_id)


def visit_of_boundary(session_id: str, boundary: str, run_id: str) -> str:
    """That of a run without a task: of all runs of the session behind one task boundary, or of the run alone
    if it has none."""
    return _named("boundary", session_id, boundary) if boundary else _named("run", session_id, run_id)


def visit_of_page(session_id: str, local_visit_id: str) -> str:
    """That of what a page tells of no run: the page's own name, apart from those of other sessions."""
    return _named("page", session_id, local_visit_id)


def is_of_task(visit_id: str) -> bool:
    """Whether it is a task's."""
    return visit_id.startswith(TASK_PREFIX)


def _named(*parts: str) -> str:
    """22 characters of base64url. Each part is told with its length: no two lists of parts look alike."""
    told = b"".join(b"%d:%s" % (len(part.encode()), part.encode()) for part in parts)
    return PREFIX + urlsafe_b64encode(sha256(told).digest()[:_BYTES]).rstrip(b"=").decode()
