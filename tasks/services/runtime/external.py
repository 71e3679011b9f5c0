"""Pages of other sites for a run: opened, read, or acted on, within what the site's policy says.

The gates are passed under the session's lock, the page is fetched with no lock held, and what came of it is
written into the run's log if the run is still going. What a page holds is data of strangers: it is handed on
as text, marked as external, and no part of it is an instruction.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tasks.core.runtime.bodies import ExternalContext
from tasks.core.runtime.checks import check_epoch, check_seq
from tasks.core.runtime.errors import ExternalTimeout, ExternalUnavailable, PermissionDenied, RunNotFound
from tasks.core.runtime.external import check_external
from tasks.core.runtime.masking import masked_credentials
from tasks.core.runtime.projection import TabScope, TabStatus
from tasks.core.runtime.states import RunEventType
from tasks.core.runtime.verdicts import TabChange
from tasks.core.storable import storable
from tasks.executing.model.pages import parts_of
from tasks.executing.protocol import (
    Completed,
    Entry,
    Failed,
    HandsError,
    InputRequired,
    Outcome,
    PageView,
    Wish,
)
from tasks.models import AppliedCommand
from tasks.services.executors import configured_executor, http_hands
from tasks.services.runtime.holding import event_append, session_hold, tab_write
from tasks.services.runtime.sessions import Presented
from workspace.core.errors import RoverError
from workspace.core.hosts import parse_host
from workspace.io.transactions import write_transaction

CONTENT_CHARS = 40_000
CACHED = timedelta(seconds=45)
"""For so long the same question about the same page, in the same tab, gets the same answer."""
EXTERNAL = "EXTERNAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A page that the run may have. `key`: by which its answer is known again."""

    presented: Presented
    body: ExternalContext
    host: str
    key: str


def external_begin(
    presented: Presented, body: ExternalContext, *, token: str, now: datetime
) -> Plan | Mapping[str, Any]:
    """Pass the gates; what is to be fetched, or the answer that the same question got a moment ago.

    Raises:
        PermissionDenied: the body is for another session, or the site only watches.
        RunNotFound: the run is not the one that is going.
        StaleEpoch, StaleSeq: the page's counters are behind.
        What `check_external` raises.
    """
    reception = presented.reception
    policy = reception.key.policy
    if body.session_id != presented.session.id:
        raise PermissionDenied("The session token is another session's.")
    with write_transaction():
        held = session_hold(presented.session.id)
        active = held.state.active
        if active is None or active.id != body.run_id:
            raise RunNotFound("The run is not the one that is going.")
        key = _key(body)
        if (known := _known(presented, key, now)) is not None:
            return known
        check_epoch(held.state, body, is_strict=policy["strictMode"])
        check_seq(held.state, active, body, is_strict=policy["strictMode"])
    if policy["siteMode"] != "agent":
        raise PermissionDenied("This site watches agents and runs none.")
    host = check_external(
        body,
        policy=policy,
        capabilities=reception.key.capabilities,
        scope=reception.scope,
        session_token=token,
    )
    return Plan(presented=presented, body=body, host=host, key=key)


async def external_fetch(plan: Plan) -> dict[str, Any]:
    """What the page gives: {} for one that is only opened, else {pageData} or {result}.

    Raises:
        ExternalTimeout: it took too long.
        ExternalUnavailable: it cannot be had, or not read.
    """
    body = plan.body
    if body.intent == "open_only":
        return {}
    try:
        async with asyncio.timeout(body.seconds), http_hands(_same_host(plan.host)) as hands:
            if body.intent == "read_context":
                return {"pageData": _page_data(await hands.read(body.url))}
            executor, budget = configured_executor()
            outcome = await executor.run(
                Wish(url=body.url, prompt=body.message or f"Summarise {body.url}"),
                hands=hands,
                journal=_Nowhere(),
                budget=budget,
                stop=asyncio.Event(),
            )
            return {"result": _result(outcome)}
    except TimeoutError:
        raise ExternalTimeout(f"The page took more than {body.seconds:g} s.", url=body.url) from None
    except HandsError as exc:
        raise ExternalUnavailable(exc.message, reason=exc.code, url=body.url) from None


def external_finish(plan: Plan, found: Mapping[str, Any] | RoverError, *, now: datetime) -> dict[str, Any]:
    """Write down what came of it, and return the answer; a failure is raised after it was written down."""
    body = plan.body
    failure = found if isinstance(found, RoverError) else None
    data: dict[str, Any] = {"intent": body.intent, "url": body.url, "runId": body.run_id}
    if body.intent == "open_only":
        data |= {"mode": "open_only", "reason": "policy_allows"}
    if not isinstance(found, RoverError):
        data |= found
    with write_transaction():
        held = session_hold(plan.presented.session.id)
        if (active := held.state.active) is not None and active.id == body.run_id:
            told = {"intent": body.intent, "url": masked_credentials(body.url), "host": plan.host}
            error = {"error": failure.code} if failure else {}
            seq = event_append(held, RunEventType.EXTERNAL_CONTEXT, told | error, now=now)
            data["currentSeq"] = seq
        if body.logical_tab_id:
            tab_write(held.session, _tab(plan, failed=failure is not None), now=now)
        if failure is None:
            AppliedCommand.objects.update_or_create(
                session=held.session,
                type=EXTERNAL,
                client_event_id=plan.key,
                defaults={"answer": storable(data), "created_at": now},
            )
    if failure is not None:
        raise failure
    return data


def _same_host(host: str) -> Any:
    """Nothing but the host that passed the gates, wherever it redirects to."""
    return lambda url: parse_host(url) == host


class _Nowhere:
    """A journal that nobody reads: the run's own log tells that the page was acted on."""

    async def write(self, entry: Entry) -> None:
        """See `tasks.executing.protocol.Journal`."""


def _key(body: ExternalContext) -> str:
    told = "\n".join((body.run_id, body.logical_tab_id or "", body.intent, body.url, body.message))
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()


def _known(presented: Presented, key: str, now: datetime) -> Mapping[str, Any] | None:
    rows = AppliedCommand.objects.filter(session=presented.session, type=EXTERNAL, client_event_id=key)
    found: Mapping[str, Any] | None = (
        rows.filter(created_at__gt=now - CACHED).values_list("answer", flat=True).first()
    )
    return found


def _page_data(page: PageView) -> dict[str, Any]:
    parts = parts_of(page, chars=CONTENT_CHARS)
    return {
        "url": page.url,
        "title": page.title,
        "contentType": "text/html" if page.kind == "html" else page.kind,
        "content": parts[0],
        "metadata": {"external": True, "accessMode": "external_scraped", "truncated": len(parts) > 1},
    }


def _result(outcome: Outcome) -> dict[str, Any]:
    """What acting came to; a question of the page's decider is for the run to answer."""
    match outcome:
        case Completed():
            return {"status": "completed", **outcome.result()}
        case InputRequired():
            questions = [{"key": each.key, "query": each.query} for each in outcome.questions]
            return {"status": "input_required", "message": outcome.message, "questions": questions}
        case Failed():
            return {"status": "failed", "error": {"code": outcome.code, "message": outcome.message}}
        case _:
            return {"status": "failed", "error": {"code": "stopped", "message": "It was stopped."}}


def _tab(plan: Plan, *, failed: bool) -> TabChange:
    body = plan.body
    done = {"read_context": TabStatus.SCRAPED, "act": TabStatus.ACTED}
    in_scope = plan.presented.reception.scope.covers(plan.host)
    return TabChange(
        logical_tab_id=body.logical_tab_id or "",
        scope=TabScope.IN_SCOPE if in_scope else TabScope.EXTERNAL,
        status=TabStatus.OPEN if failed else done.get(body.intent, TabStatus.OPEN),
        url=masked_credentials(body.url),
        reason="external_failed" if failed else body.intent,
    )
