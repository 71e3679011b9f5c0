"""The agent's step: a page shows what it sees, and is told what to do next.

First what came of the last step is written down, then a decider is asked, with no lock held, then its
decision passes the gates and is written down as the next step. Whatever has happened to the run in between
counts: a run that was ended gets no calls, and of two questions at once the second is told to look again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tasks.core.runtime.checks import active_run_exists, check_epoch
from tasks.core.runtime.commands import RunProgress
from tasks.core.runtime.errors import StaleSeq
from tasks.core.runtime.gates import CONFIRMATION_REFUSED, GateRules, spent
from tasks.core.runtime.progress import ProgressEvent, Transition
from tasks.core.runtime.states import RunEventType, RunStatus
from tasks.core.runtime.step_bodies import AskStep
from tasks.core.storable import storable
from tasks.executing.in_page.protocol import (
    Decision,
    GiveUp,
    PastStep,
    SeenPage,
    StepView,
    read_page,
    read_past_step,
)
from tasks.executing.protocol import Answer, Wish
from tasks.models import AppliedCommand, Run, RunEvent, RunStep
from tasks.services.remembering import memory_for
from tasks.services.runtime.commanding import Applied, command_apply
from tasks.services.runtime.holding import run_of, session_hold
from tasks.services.runtime.passing import CONFIRM, Passage
from tasks.services.runtime.sessions import Presented
from workspace.io.transactions import write_transaction

STEP = "STEP"
_DECLINED = {"code": CONFIRMATION_REFUSED, "message": "The visitor said no."}
YES = frozenset({"yes", "y", "ok", "ja", "j", "true"})
HISTORY = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question for a decider. `number`: of the step to come; `confirmed`: calls to which the visitor said
    yes, by tool and element."""

    presented: Presented
    body: AskStep
    number: int
    view: StepView
    rules: GateRules
    confirmed: frozenset[tuple[str, str]]


def step_begin(presented: Presented, body: AskStep, *, token: str, now: datetime) -> Asked | Applied:
    """Write down what came of the last step; the question for a decider, or what is to be answered without
    one: the same question's answer, or that the run has ended.

    Raises:
        StaleEpoch: the session is in another epoch.
        ActiveRunExists: the run waits for its user.
        InvalidArgument: what the page sent is no page.
        What `command_apply` raises.
    """
    page = read_page(body.page)
    with write_transaction():
        held = session_hold(presented.session.id, run_id=body.run_id)
        if (stored := _stored(presented, body)) is not None:
            return Applied(data=stored, is_replay=True)
        run = run_of(held.session.id, body.run_id)
        active = held.state.active
        if run is None or active is None or active.id != body.run_id:
            return _report(presented, body, token, now, [])
        check_epoch(held.state, body, is_strict=presented.reception.key.policy["strictMode"])
        if active.status is not RunStatus.RUNNING:
            raise active_run_exists(active, continue_prompt=False)
        steps = list(RunStep.objects.filter(run=run).order_by("number"))
        _settle(steps, run, body)
        told = _report(presented, body, token, now, _seen(steps, page, body))
        if told.data.get("staleRun"):
            return told
        return _asked(presented, body, run, steps, page, now)


def budget_spent(asked: Asked, *, now: datetime) -> GiveUp | None:
    """The end of a run that has taken all it may; None while it may go on. Time that the visitor took to
    answer does not count."""
    rows = RunEvent.objects.filter(run__pk=asked.body.run_id)
    started = rows.filter(type__in=[RunEventType.RUN_STARTED, RunEventType.USER_ANSWER]).order_by("-seq")
    since = started.values_list("created_at", flat=True).first() or now
    what = spent(steps=asked.number - 1, seconds=(now - since).total_seconds())
    words = {"steps": "It took too many steps.", "seconds": "It took too long."}
    return GiveUp(code="RUN_TIMEOUT", message=words[what]) if what else None


def step_finish(asked: Asked, decision: Decision, *, token: str, now: datetime) -> Applied:
    """Let the decision through the gates, write it down, and answer the page.

    Raises:
        StaleSeq: another step was taken meanwhile.
        ActiveRunExists: the run waits for its user meanwhile.
        What `command_apply` raises.
    """
    body = asked.body
    with write_transaction():
        held = session_hold(asked.presented.session.id, run_id=body.run_id)
        run, active = run_of(held.session.id, body.run_id), held.state.active
        if (stored := _stored(asked.presented, body)) is not None:
            return Applied(data=stored, is_replay=True)
        if run is not None and active is not None and active.id == body.run_id:
            check_epoch(held.state, body, is_strict=False)
            if active.status is not RunStatus.RUNNING:
                raise active_run_exists(active, continue_prompt=False)
            if RunStep.objects.filter(run=run, number__gte=asked.number).exists():
                raise StaleSeq.of(
                    session_id=held.session.id,
                    run_id=active.id,
                    expected=body.expected_seq,
                    current=active.seq,
                    epoch=held.state.epoch,
                    client_event_id=body.client_event_id,
                )
        passage = Passage(number=asked.number, view=asked.view, rules=asked.rules, confirmed=asked.confirmed)
        passed = passage.pass_on(decision)
        told = _report(asked.presented, body, token, now, passed.events, passed.transition)
        if told.data.get("staleRun") or run is None:
            return told
        RunStep.objects.create(
            run=run,
            number=asked.number,
            decided=storable(passed.decided),
            results=passed.refused or None,
            created_at=now,
        )
        data = {**told.data, "step": asked.number, **passed.answer}
        AppliedCommand.objects.create(
            session=held.session,
            type=STEP,
            client_event_id=body.client_event_id,
            answer=storable(data),
            created_at=now,
        )
        return Applied(data=data, is_replay=False)


# --- before the decision ---


def _stored(presented: Presented, body: AskStep) -> Mapping[str, Any] | None:
    rows = AppliedCommand.objects.filter(session=presented.session, type=STEP)
    found: Mapping[str, Any] | None = (
        rows.filter(client_event_id=body.client_event_id).values_list("answer", flat=True).first()
    )
    return found


def _report(
    presented: Presented,
    body: AskStep,
    token: str,
    now: datetime,
    events: Sequence[ProgressEvent],
    transition: Transition | None = None,
) -> Applied:
    command = RunProgress(
        session_id=presented.session.id, run_id=body.run_id, events=list(events), transition=transition
    )
    return command_apply(presented, command, token=token, now=now)


def _settle(steps: list[RunStep], run: Run, body: AskStep) -> None:
    """Put the results to the step whose calls they are of; what the visitor said to a call that waits for a
    yes is one of them."""
    if not steps:
        return
    last = steps[-1]
    results = dict(last.results or {})
    for call in last.decided["calls"]:
        said = _said_to(call, last, run)
        if said is False:
            results[call["id"]] = {"success": False, "error": _DECLINED}
        elif said is None and call["id"] in body.by_call:
            results.setdefault(call["id"], body.by_call[call["id"]])
    if results != (last.results or {}):
        last.results = results
        last.save(update_fields=["results"])


def _said_to(call: Mapping[str, Any], step: RunStep, run: Run) -> bool | None:
    """Whether the visitor agreed to a call; None for one that asked nothing, or has no answer yet."""
    if not call.get("held"):
        return None
    key = f"{CONFIRM}{step.number}"
    answers = [each["text"] for each in run.answers if each["key"] == key]
    return answers[-1].strip().lower().rstrip(".!") in YES if answers else None


def _seen(steps: list[RunStep], page: SeenPage, body: AskStep) -> list[ProgressEvent]:
    """Events of what the page reports: what came of the calls, and the page itself if it is another."""
    told = []
    last = steps[-1] if steps else None
    for call in last.decided["calls"] if last else ():
        result = (last.results or {}).get(call["id"]) if last else None
        if result is not None and call["id"] in body.by_call:
            data = {"name": call["name"], "callId": call["id"], **result}
            told.append(ProgressEvent(type="tool_result", id=f"{call['id']}:result", data=data))
    if last is None or (last.decided["url"], last.decided["digest"]) != (page.url, page.digest):
        told.append(ProgressEvent(type="page_observation", data=_observation(page)))
    return told


def _observation(page: SeenPage) -> dict[str, Any]:
    headings = [node.words for node in page.nodes if node.role == "heading" and node.words]
    host = page.url.partition("://")[2].partition("/")[0]
    summary = " · ".join(headings[:3]) or page.title
    return {
        "url": page.url,
        "title": page.title,
        "host": host,
        "summary": summary[:500],
        "snapshotDigest": page.digest,
    }


def _asked(
    presented: Presented, body: AskStep, run: Run, steps: list[RunStep], page: SeenPage, now: datetime
) -> Asked:
    reception = presented.reception
    shortcut = reception.shortcut(run.shortcut) if run.shortcut else None
    rules = GateRules.of(
        reception.key.policy,
        shortcut=shortcut,
        capabilities=reception.key.capabilities,
        page_tools=body.tools,
    )
    in_scope = reception.scope.decide(page.url).in_scope
    answers = [each for each in run.answers if not (each["key"] or "").startswith(CONFIRM)]
    wish = Wish(
        url=page.url,
        prompt=run.message,
        shortcut=shortcut["prompt"] if shortcut else None,
        answers=tuple(Answer(text=each["text"], key=each["key"]) for each in answers),
        memory=memory_for(
            site_id=reception.site.pk, memory_key=run.task.memory_key if run.task else "", now=now
        ),
    )
    number = steps[-1].number + 1 if steps else 1
    return Asked(
        presented=presented,
        body=body,
        number=number,
        view=StepView(
            wish=wish,
            page=page,
            history=tuple(_past(step) for step in steps[-HISTORY:]),
            allowed=rules.tools(in_scope=in_scope),
            steps_left=max(0, HISTORY - number + 1),
            in_scope=in_scope,
            page_tools=rules.page_tools,
            contexts=body.contexts,
            tabs=body.tabs,
        ),
        rules=rules,
        confirmed=frozenset(_agreed(steps, run)),
    )


def _past(step: RunStep) -> PastStep:
    """A step as deciders know it: calls without a result were not carried out."""
    results = step.results or {}
    # pages know calls by our ids, which are never used twice; deciders by their own
    calls = [
        call | _flat(results[call["id"]]) | {"id": call["decider"]}
        for call in step.decided["calls"]
        if call["id"] in results
    ]
    return read_past_step({**step.decided, "calls": calls})


def _flat(result: Mapping[str, Any]) -> dict[str, Any]:
    error = result.get("error") or {}
    output = result.get("output")
    return {
        "success": result["success"],
        "code": error.get("code", ""),
        "message": error.get("message") or (output if isinstance(output, str) else ""),
        "navigated": bool(result.get("navigation")),
    }


def _agreed(steps: list[RunStep], run: Run) -> list[tuple[str, str]]:
    """Calls to which the visitor said yes, until one like it was carried out."""
    agreed: list[tuple[str, str]] = []
    for step in steps:
        for call in step.decided["calls"]:
            named = (call["name"], call["target"])
            if _said_to(call, step, run):
                agreed.append(named)
            elif named in agreed and not call.get("held"):
                agreed.remove(named)
    return agreed
