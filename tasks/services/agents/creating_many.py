"""Making tasks for many callers in one transaction, most of them with one statement for each table.

A request with an Idempotency-Key may stand for a task that is there, and is stored by itself between two
savepoints. Should one request keep the others from being stored, each is made anew in a transaction of its
own, which shows whose fault it is.
"""

from collections.abc import Sequence

from django.db import DatabaseError, OperationalError

from tasks.services.agents.callers import proven_key_note
from tasks.services.agents.creating import (
    CheckedRequest,
    Created,
    CreateRequest,
    agent_task_create,
    check_request,
    insert_tasks,
    note_refusal,
    refusals_noted,
    store,
)
from tasks.services.agents.limits import count_starts
from workspace.io.transactions import write_transaction
from workspace.selectors.reception import Reception


def agent_tasks_create(requests: Sequence[CreateRequest]) -> dict[CreateRequest, Created | Exception]:
    """What `agent_task_create` does, for many callers; what is wrong with one is that one's answer. Nobody is
    told of a task before all are stored.

    Raises:
        DatabaseError: none is stored.
    """
    if len(requests) == 1:
        return {requests[0]: _made_alone(requests[0])}
    answers: dict[CreateRequest, Created | Exception] = {}
    checked: list[CheckedRequest] = []
    receptions: dict[str, Reception] = {}
    for request in requests:
        try:
            checked.append(check_request(request, receptions))
        except DatabaseError:
            raise
        except Exception as refusal:  # noqa: BLE001 - raised where the answer is awaited
            answers[request] = refusal
    try:
        with write_transaction():
            answers |= _stored_together([each for each in checked if each.key is None])
            answers |= {each.request: _stored_apart(each) for each in checked if each.key is not None}
    except OperationalError:
        raise
    except Exception:  # noqa: BLE001 - one spoils the others: each alone shows which, and why
        return answers | {each.request: _made_alone(each.request) for each in checked}
    return answers


def _stored_together(checked: Sequence[CheckedRequest]) -> dict[CreateRequest, Created | Exception]:
    """Write tasks without a key. If it raises, none of them is to be kept."""
    answers: dict[CreateRequest, Created | Exception] = {}
    taken = []
    refusals = count_starts([each.start for each in checked])
    for each, refusal in zip(checked, refusals, strict=True):
        if refusal is None:
            taken.append(each)
        else:
            answers[each.request] = refusal
            note_refusal(each.new, each.request.now)
    made = insert_tasks([(each.new, each.request.now) for each in taken])
    for each, created in zip(taken, made, strict=True):
        proven_key_note(each.new.agent, now=each.request.now)
        answers[each.request] = created
    return answers


def _stored_apart(each: CheckedRequest) -> Created | Exception:
    """Write one task among others; a refusal undoes what was written of it."""
    request = each.request
    try:
        with refusals_noted(each.new, request.now):
            return store(each.new, key=each.key, caller=request.caller, now=request.now)
    except OperationalError:
        raise
    except Exception as refusal:  # noqa: BLE001 - raised where the answer is awaited
        return refusal


def _made_alone(request: CreateRequest) -> Created | Exception:
    try:
        return agent_task_create(request)
    except Exception as refusal:  # noqa: BLE001 - raised where the answer is awaited
        return refusal
