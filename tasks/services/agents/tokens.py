"""The tokens of tasks, workflows and receipts.

They are made from the server's secret and the row's id, so that a caller who lost an answer can be given the
same ones again; the database holds their digests alone, and those keep counting after a change of the secret.
"""

import hmac
from base64 import urlsafe_b64encode
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

from django.conf import settings

from tasks.core.public_ids import ACCESS_PREFIX, RECEIPT_PREFIX, WORKFLOW_ACCESS_PREFIX


def task_token(task_id: UUID) -> str:
    """`agt_access_…`: reads, answers, cancels and hands over one task."""
    return _derived(ACCESS_PREFIX, task_id, settings.SECRET_KEY)


def workflow_token(workflow_id: UUID) -> str:
    """`wf_access_…`: reads one workflow."""
    return _derived(WORKFLOW_ACCESS_PREFIX, workflow_id, settings.SECRET_KEY)


def receipt_token(task_id: UUID) -> str:
    """`rrc_…`: lets one browser take the task up."""
    return _derived(RECEIPT_PREFIX, task_id, settings.SECRET_KEY)


@lru_cache(maxsize=1024)  # a token is made when its task is, and again for the answer
def _derived(prefix: str, row_id: UUID, secret: str) -> str:
    """The prefix and 256 bits as 43 URL-safe characters."""
    mac = hmac.digest(_key(prefix, secret), row_id.bytes, "sha256")
    return prefix + urlsafe_b64encode(mac).decode().rstrip("=")


@lru_cache(maxsize=8)
def _key(prefix: str, secret: str) -> bytes:
    """The key of one kind of token, as `django.utils.crypto.salted_hmac` derives it: tokens that were made
    with that stay good."""
    return sha256(f"rover.{prefix}{secret}".encode()).digest()
