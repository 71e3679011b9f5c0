"""What a decider is told of earlier visits."""

import logging
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError

from tasks.io.companion import companion

logger = logging.getLogger(__name__)


def memory_for(*, site_id: UUID, memory_key: str, now: datetime) -> str:
    """Notes of the site for the agent with this memory, '' for none, and for rules, which do not read them.
    Untrusted text. A memory that fails costs no task."""
    if not settings.ROVER.llm_base_url:
        return ""
    try:
        return companion().memory(site_id=site_id, memory_key=memory_key, now=now)
    except DatabaseError:
        raise
    except Exception:
        logger.exception("the notes of a site cannot be read")
        return ""
