"""What a page tells about itself: the progress of its run, a snapshot to go on from, telemetry."""

import json
from datetime import datetime, timedelta
from typing import Any

from tasks.core.public_ids import TASK_PREFIX, read_name
from tasks.core.runtime.bodies import IngestEvents, SaveSnapshot, Telemetry
from tasks.core.runtime.commands import RunProgress
from tasks.core.runtime.errors import RunNotFound
from tasks.core.runtime.snapshots import capped, marks_of, own, save_data, settled_time
from tasks.models import Checkpoint, Run, RuntimeSession, TelemetryEvent
from tasks.selectors.runtime import live_checkpoint, stored_snapshot
from tasks.services.runtime.commanding import Applied, command_apply
from tasks.services.runtime.holding import session_touch
from tasks.services.runtime.rates import telemetry_has_room
from tasks.services.runtime.sessions import Presented
from workspace.io.secretbox import seal
from workspace.io.transactions import write_transaction


def events_ingest(presented: Presented, body: IngestEvents, *, token: str, now: datetime) -> Applied:
    """Append to the log of the run that carries a task out, and so to the task's.

    Raises:
        RunNotFound: the session has no run for this task.
        What `command_apply` raises.
    """
    task_id = read_name(body.task_id or body.launch_request_id or "", TASK_PREFIX)
    run = Run.objects.filter(session=presented.session, task=task_id).order_by("-id").first()
    if task_id is None or run is None or body.run_id not in (None, str(run.pk)):
        raise RunNotFound("The session has no run for this task.")
    command = RunProgress(session_id=presented.session.id, run_id=str(run.pk), events=body.events)
    return command_apply(presented, command, token=token, now=now)


def snapshot_save(presented: Presented, body: SaveSnapshot, *, now: datetime) -> dict[str, Any]:
    """Keep a snapshot, unless the visitor's stored one is newer; the answer is that of `save_data`."""
    session_id = presented.session.id
    content = capped(body.checkpoint, version=body.version)
    if body.chat_summary:
        content["chatSummary"] = body.chat_summary
    if body.compacted_prev_steps:
        content["compactedPrevSteps"] = body.compacted_prev_steps
    updated_at = settled_time(body.updated_at, now_ms=int(now.timestamp() * 1_000))
    digest = marks_of(session_id, body.checkpoint).digest
    with write_transaction():
        RuntimeSession.objects.select_for_update().get(pk=session_id)  # of two at once the newer one stays
        kept = live_checkpoint(session_id, now=now)
        mine = None
        if kept is not None:
            stored = stored_snapshot(kept, with_checkpoint=True)
            mine = own(stored, stored_for=kept.visitor_id or None, visitor_id=body.visitor_id)
        answer = save_data(mine, updated_at=updated_at, digest=digest)
        if answer["saved"]:
            Checkpoint.objects.update_or_create(
                session_id=session_id,
                defaults={
                    "visitor_id": body.visitor_id or "",
                    "updated_at_ms": updated_at,
                    "digest": digest,
                    "sealed": seal(json.dumps(content)),
                    "expires_at": now + timedelta(hours=body.ttl_hours),
                },
            )
            session_touch(presented.session)
    return answer


def telemetry_take(presented: Presented, body: Telemetry, *, now: datetime) -> dict[str, int]:
    """Keep what there is room for; {accepted, dropped}."""
    kept = body.kept
    if not telemetry_has_room(session_id=presented.session.id, now=now):
        return {"accepted": 0, "dropped": len(kept.events) + kept.dropped}
    TelemetryEvent.objects.bulk_create(
        TelemetryEvent(
            session=presented.session,
            run_id=body.run_id,
            name=event["name"],
            event=event,
            page_url=body.page_url,
            sdk_version=body.sdk_version,
            created_at=now,
        )
        for event in kept.events
    )
    return kept.as_wire()
