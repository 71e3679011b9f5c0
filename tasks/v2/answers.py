"""What each path of the runtime does with a request, in a database thread, and what it answers."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.utils import timezone

from tasks.core.runtime.bodies import (
    read_external,
    read_ingest,
    read_open,
    read_snapshot,
    read_telemetry,
    read_view,
)
from tasks.core.runtime.commands import read_command, read_credentials
from tasks.core.runtime.projection import ResyncReason, resync_reason
from tasks.core.runtime.step_bodies import read_step
from tasks.io.companion import companion
from tasks.selectors.runtime import live_checkpoint, session_projection
from tasks.services.runtime.commanding import Applied, command_apply, nonce_use, session_close
from tasks.services.runtime.external import Plan, external_begin
from tasks.services.runtime.rates import opening_count
from tasks.services.runtime.reporting import events_ingest, snapshot_save, telemetry_take
from tasks.services.runtime.sessions import (
    Opened,
    Presented,
    session_open,
    session_present,
)
from tasks.services.runtime.stepping import Asked, step_begin
from tasks.v2.exchange import Call
from tasks.v2.serving import Answer
from tasks.v2.streams import Reader
from workspace.core.shortcuts import rendered_shortcuts

BASE = "/v2/rover"
SHOWN_CONFIG = ("greeting", "voice", "pageConfig", "businessType", "experience", "limits", "version")


def open_session(call: Call) -> Answer:
    """`/session/open`"""
    now = timezone.now()
    asked = read_open(call.fields())
    opening_count(address=call.address, now=now)
    opened = session_open(asked, origin=call.origin, now=now)
    return Answer(data=_opened(opened))


def close_session(call: Call) -> Answer:
    """`/session/close`: its run ends, and no token opens it any more."""
    presented, token = present(call)
    session_close(presented, token=token, now=timezone.now())
    return Answer(data={"sessionId": presented.session.id, "closed": True})


def command(call: Call) -> Answer:
    """`/command`"""
    presented, token = present(call)
    return replayable(command_apply(presented, read_command(call.fields()), token=token, now=timezone.now()))


def state(call: Call) -> Answer:
    """`/state`"""
    presented, _ = present(call, is_reading=True)
    view = read_view(call.fields())
    kept = live_checkpoint(presented.session.id, now=timezone.now())
    reason = resync_reason(
        is_initial=False,
        is_forced=view.include_snapshot,
        known_digest=view.digest or None,
        digest=kept.digest if kept else None,
    )
    told = session_projection(
        presented.session.id,
        seq_after=view.seq_after,
        with_snapshot=view.include_snapshot,
        resync=reason,
    )
    return Answer(data=told)


def save_snapshot(call: Call) -> Answer:
    """`/snapshot`"""
    presented, _ = present(call)
    return Answer(data=snapshot_save(presented, read_snapshot(call.fields()), now=timezone.now()))


def take_telemetry(call: Call) -> Answer:
    """`/telemetry/ingest`"""
    presented, _ = present(call)
    return Answer(data=telemetry_take(presented, read_telemetry(call.fields()), now=timezone.now()))


def ingest(call: Call) -> Answer:
    """`/events/ingest`"""
    presented, token = present(call)
    return replayable(events_ingest(presented, read_ingest(call.fields()), token=token, now=timezone.now()))


def reader(call: Call) -> Reader:
    """Who asks for the stream, and from where."""
    presented, _ = present(call, is_reading=True)
    view = read_view(call.fields())
    return Reader(
        session_id=presented.session.id,
        stream_id=presented.session.stream_id,
        seq_after=view.seq_after,
        until=presented.claims.expires_at,
    )


def begin_external(call: Call) -> Plan | Answer:
    """`/context/external`, up to the page that is to be fetched."""
    presented, token = present(call)
    found = external_begin(presented, read_external(call.fields()), token=token, now=timezone.now())
    return found if isinstance(found, Plan) else Answer(data=found)


def begin_step(call: Call) -> tuple[Asked | Applied, str]:
    """`/agent/step`, up to the question for a decider; with the token that was shown."""
    presented, token = present(call)
    return step_begin(presented, read_step(call.fields()), token=token, now=timezone.now()), token


def present(call: Call, *, is_reading: bool = False) -> tuple[Presented, str]:
    """The session that a request speaks for, and its token. A nonce counts once, for what changes
    something."""
    now = timezone.now()
    fields = call.fields()
    said = read_credentials(fields)
    token = said.session_token or (fields.get("streamToken") if is_reading else None)
    token = token if isinstance(token, str) else ""
    presented = session_present(token, session_id=said.session_id, now=now, is_reading=is_reading)
    if not is_reading:
        nonce_use(session_id=presented.session.id, nonce=said.request_nonce, now=now)
    return presented, token


def replayable(applied: Applied) -> Answer:
    """An answer that says so when it was given before."""
    return Answer(data=applied.data, headers={"Idempotent-Replay": "true"} if applied.is_replay else {})


def _opened(opened: Opened) -> dict[str, Any]:
    session, reception = opened.session, opened.reception
    key = reception.key
    query = urlencode({"sessionId": session.id, "streamToken": opened.stream_token})
    return {
        "sessionId": session.id,
        "sessionToken": opened.token,
        "sessionTokenExpiresAt": int(opened.expires_at.timestamp() * 1_000),
        "streamToken": opened.stream_token,
        "epoch": session.epoch,
        "siteId": session.site.public_id,
        "allowedDomains": list(key.normalized_domains),
        "capabilities": dict(key.capabilities),
        "policy": dict(key.policy),
        "projection": session_projection(session.id, with_snapshot=True, resync=ResyncReason.INITIAL),
        "siteConfig": _config(opened),
        "sseUrl": f"{settings.ROVER.base_url}{BASE}/stream?{query}",
    }


def _config(opened: Opened) -> dict[str, Any]:
    """What a page is told of its site's configuration; what is not set is left out."""
    reception = opened.reception
    config = reception.config
    shown = {name: config[name] for name in SHOWN_CONFIG if config.get(name) is not None}
    most = reception.key.policy["shortcutMaxRendered"]
    access = reception.access
    return {
        **shown,
        "shortcuts": rendered_shortcuts(config["shortcuts"], most),
        "aiAccess": {
            "enabled": access.enabled,
            "promptLaunch": access.prompt_launch,
            "shortcutLaunch": access.shortcut_launch,
        },
        "roverbook": dict(companion().page_config(site_id=reception.site.pk)),
    }
