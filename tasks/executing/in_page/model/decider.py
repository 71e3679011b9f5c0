"""The step decider with a model: it proposes; what fits page, catalogue and gates passes."""

import asyncio
import logging
from typing import Final

from tasks.core.printable import printable, printable_block
from tasks.core.runtime.gates import GateRules, Verdict, judge
from tasks.core.runtime.page_tools import PAGE_TOOL
from tasks.core.runtime.tools import ToolCall, read_call
from tasks.executing.in_page.acted import acted_on
from tasks.executing.in_page.model.telling import GIVE_UP, messages_of, tools_of
from tasks.executing.in_page.protocol import Answered, Ask, Calls, Decision, GiveUp, StepView
from tasks.executing.in_page.rules.saying import say
from tasks.executing.in_page.rules.view import page_view
from tasks.executing.model.client import ChatClient
from tasks.executing.model.endpoint import ModelEndpoint, ModelLimits
from tasks.executing.model.errors import ModelFailure, ModelInvalid
from tasks.executing.model.turns import Call, Turn
from tasks.executing.protocol import Question
from tasks.executing.rules.gathering import observation_of
from tasks.executing.rules.words import language_of
from tasks.fetching.extraction.tokens import count_tokens
from workspace.core.errors import RoverError

logger = logging.getLogger(__name__)

DEFAULT_LIMITS: Final = ModelLimits(page_chars=40_000)
CORRECTIONS_MAX: Final = 2
CALLS_MAX: Final = 8
STEP_SECONDS: Final = 60.0
_ENDS: Final = frozenset({"answer_task", "ask_user", GIVE_UP})
_REASON_MAX: Final = 500
_NO_CALL: Final = "Nobody reads this. Call one of the tools."


class _Wrong(Exception):
    """A call that is answered with an error."""


class ModelStepDecider:
    """See `StepDecider`. Holds nothing between steps; one instance may serve many runs at once.

    `limits`: of one step; `page_chars` of the page are shown, `tokens` are what a step's requests and answers
    may take. `seconds`: for one step, corrections included.
    """

    def __init__(
        self, endpoint: ModelEndpoint, *, limits: ModelLimits = DEFAULT_LIMITS, seconds: float = STEP_SECONDS
    ) -> None:
        self._endpoint = endpoint
        self._limits = limits
        self._seconds = seconds

    async def decide(self, view: StepView) -> Decision:
        """See `StepDecider.decide`."""
        if view.steps_left <= 0:
            return GiveUp(code="budget_exhausted", message=say("budget", language_of(view.wish.words)))
        try:
            async with (
                asyncio.timeout(self._seconds),
                ChatClient(self._endpoint, max_bytes=self._limits.answer_bytes) as client,
            ):
                return await self._converse(client, view)
        except TimeoutError:
            return GiveUp(code="model_unavailable", message="The model did not answer in time.")
        except ModelFailure as error:
            return GiveUp(code=error.code, message=error.message, data=error.data)
        except Exception:
            logger.exception("a step could not be decided")
            return GiveUp(code="internal_error", message=say("internal", "en"))

    async def _converse(self, client: ChatClient, view: StepView) -> Decision:
        """Ask; what cannot be used is answered, at most twice.

        Raises: ModelFailure.
        """
        messages = messages_of(view, page_chars=self._limits.page_chars)
        tools = tools_of(view.allowed, view.page_tools)
        tokens = 0
        for _ in range(CORRECTIONS_MAX + 1):
            asked = sum(count_tokens(str(message.get("content") or "")) for message in messages)
            if tokens + asked > self._limits.tokens:
                return GiveUp(code="budget_exhausted", message="The tokens of this step are used up.")
            turn = await client.complete(messages, tools)
            tokens += turn.tokens if turn.tokens is not None else asked
            decision = self._read(turn, view, messages)
            if decision is not None:
                return decision
        raise ModelInvalid("The model asked for nothing that can be done.", reason="invalid_calls")

    def _read(self, turn: Turn, view: StepView, messages: list[dict[str, object]]) -> Decision | None:
        """The decision of a turn; None when it was answered with what is wrong."""
        if not turn.calls:
            messages += [turn.wire(), {"role": "user", "content": _NO_CALL}]
            return None
        calls: list[ToolCall] = []
        try:
            for at, call in enumerate(turn.calls[:CALLS_MAX]):
                if call.name in _ENDS and calls:
                    break  # what comes first may change what is to be said
                ending = _ending(call, view)
                if ending is not None:
                    return ending
                calls.append(_checked(call, view, at))
        except _Wrong as error:
            # those before it were right, and are enough for a step
            if calls:
                return Calls(calls=tuple(calls), thought=_thought(turn))
            messages.append(turn.wire())
            messages.extend(
                {"role": "tool", "tool_call_id": call.id, "content": f"Error. {error}"} for call in turn.calls
            )
            return None
        return Calls(calls=tuple(calls), thought=_thought(turn))


def _checked(call: Call, view: StepView, at: int) -> ToolCall:
    """Raises _Wrong for what the catalogue, the page or the gates do not take."""
    if call.arguments is None:
        raise _Wrong("The arguments are no JSON object.")
    try:
        name, arguments = _named(call, view)
        read = read_call(name, arguments, id=f"m-{view.steps_left}-{at}")
    except RoverError as error:
        problems = error.data.get("errors") or ()
        told = "; ".join(f"{each['field']}: {each['message']}" for each in list(problems)[:5])
        raise _Wrong(told or error.message) from None
    acted = acted_on(view.page, read)
    rules = GateRules(allowed=view.allowed, page_tools=view.page_tools)
    ruling = judge(read, acted, rules, in_scope=True, confirmed=True)
    if ruling.verdict is Verdict.REFUSE:
        raise _Wrong(f"{ruling.code}: {ruling.reason}")
    return read


def _named(call: Call, view: StepView) -> tuple[object, object]:
    """A call by the catalogue's names: the page's own tools are told by theirs. Raises _Wrong."""
    tool = view.page_tools.get(call.name)
    if tool is None or PAGE_TOOL not in view.allowed:
        if call.name == PAGE_TOOL:
            raise _Wrong("Call the page's tools by their own names.")
        return call.name, call.arguments
    if wrong := tool.wrong(call.arguments or {}):
        raise _Wrong("; ".join(f"{each.field}: {each.message}" for each in wrong[:5]))
    return PAGE_TOOL, {"tool": tool.name, "arguments": call.arguments}


def _ending(call: Call, view: StepView) -> Decision | None:
    """The decision of a call that ends the step here. Raises _Wrong."""
    if call.name == GIVE_UP:
        reason = (call.arguments or {}).get("reason")
        told = printable(reason)[:_REASON_MAX].strip() if isinstance(reason, str) else ""
        if not told:
            raise _Wrong("reason: This field is required.")
        return GiveUp(code="no_evidence", message=told)
    if call.name not in _ENDS:
        return None
    read = _checked(call, view, 0)
    if read.name == "answer_task":
        text = printable_block(read.args["text"]).strip()
        if not text:
            raise _Wrong("text: Must not be empty.")
        return Answered(
            text=text,
            blocks=({"type": "text", "text": text},),
            summary=text.partition("\n")[0],
            observation=observation_of(page_view(view.page)),
        )
    questions = tuple(
        Question(
            key=printable(each["key"]),
            query=printable(each["query"]),
            choices=tuple(dict.fromkeys(map(printable, each["choices"]))),
            required=each["required"],
        )
        for each in read.args["questions"]
    )
    return Ask(message=printable_block(read.args.get("message") or questions[0].query), questions=questions)


def _thought(turn: Turn) -> str:
    return printable(turn.text)[:_REASON_MAX].strip()
