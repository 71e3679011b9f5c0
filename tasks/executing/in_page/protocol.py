"""What is decided step by step about a page that a visitor's browser shows, and by whom.

A decider sees the wish, the page as it is now and the steps before; it keeps nothing between steps, so that
any worker may take the next one. It proposes: scope, permissions and budget are for the gates to judge
(`tasks.core.runtime.gates`), which ask it nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

from tasks.core.runtime.fields import refused
from tasks.core.runtime.page_tools import PAGE_TOOL, PageTab, PageTool
from tasks.core.runtime.tools import EXTERNAL_TOOLS, TOOLS, ToolCall, read_call
from tasks.executing.in_page.page import MASK, SeenNode, SeenPage, read_page
from tasks.executing.in_page.telling import MARKS_MAX, marks_of
from tasks.executing.protocol import Answer, Citation, Observation, Question, Wish
from workspace.core.errors import RoverError
from workspace.core.fields import FieldError

__all__ = [
    "MASK",
    "Answer",
    "Answered",
    "Ask",
    "Calls",
    "Citation",
    "Decision",
    "DoneCall",
    "GiveUp",
    "Observation",
    "PastStep",
    "Question",
    "SeenNode",
    "SeenPage",
    "StepDecider",
    "StepView",
    "Wish",
    "past_step",
    "read_page",
    "read_past_step",
]

ALL_TOOLS = frozenset(TOOLS)
_MESSAGE_MAX = 500
_OUTPUT_MAX = 4_000
_SHOWN_ARGS = 300
_TELLING = EXTERNAL_TOOLS | {PAGE_TOOL}
"""Tools that are called for what they tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneCall:
    """A call and what came of it. `target`: the element as people call it (`button "Order"`): ids say nothing
    in another capture. `code`: of the error, '' for success; `message`: its words, or the tool's output."""

    call: ToolCall
    target: str = ""
    success: bool = True
    code: str = ""
    message: str = ""
    navigated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PastStep:
    """A step of this run. `url`, `digest`: of the page that was seen before its calls. `marks`: of what that
    page told (`telling.marks_of`), so that what it tells afterwards is known to be new. The ids of the calls
    are the decider's: it finds its way by them, so they must come back as they were given."""

    calls: tuple[DoneCall, ...]
    url: str = ""
    digest: str = ""
    thought: str = ""
    marks: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, Any]:
        """For a log; `read_past_step` reads it again."""
        return {
            "url": self.url,
            "digest": self.digest,
            "thought": self.thought,
            "marks": sorted(self.marks),
            "calls": [
                done.call.as_wire()
                | {
                    "target": done.target,
                    "success": done.success,
                    "code": done.code,
                    "message": done.message,
                    "navigated": done.navigated,
                }
                for done in self.calls
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """What a decider has to go by. `history`: the steps of this run, the oldest first; the first ones may be
    missing. `allowed`: tools that may be called. `in_scope`: the page belongs to the site. `page_tools`: what
    its scripts offer, by name; `contexts`: what they say; `tabs`: those of the run."""

    wish: Wish
    page: SeenPage
    history: tuple[PastStep, ...] = ()
    allowed: frozenset[str] = ALL_TOOLS
    steps_left: int = 40
    in_scope: bool = True
    page_tools: Mapping[str, PageTool] = field(default_factory=dict)
    contexts: tuple[str, ...] = ()
    tabs: tuple[PageTab, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Do this, in this order, and look again. `thought`: a sentence for whoever watches."""

    calls: tuple[ToolCall, ...]
    thought: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """The visitor must say something first; the answers come in `Wish.answers`, by key."""

    message: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The wish is met. `blocks`: the answer in parts, JSON-ready, each with a `type`."""

    text: str
    blocks: tuple[Mapping[str, Any], ...] = ()
    summary: str = ""
    observation: Observation | None = None
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """The wish is not met. `code`: stable, for programs; `message`: why, for people."""

    code: str
    message: str
    data: Mapping[str, Any] = field(default_factory=dict)


Decision = Calls | Ask | Answered | GiveUp


class StepDecider(Protocol):
    """Decides one step after another."""

    async def decide(self, view: StepView) -> Decision:
        """What to do next. Never raises: what goes wrong is a `GiveUp`. No calls are made that `view.allowed`
        does not name."""


def past_step(page: SeenPage, decision: Calls, results: Mapping[str, Mapping[str, Any]]) -> PastStep:
    """The step that `decision` became. `results`: what the page reported by call id, as of `act`:
    {success, error?: {code, message}, output?, navigation?}; a call without one was not carried out."""
    done = [
        _done(call, describe(page, call), results[call.id]) for call in decision.calls if call.id in results
    ]
    return PastStep(
        calls=tuple(done),
        url=page.url,
        digest=page.digest,
        thought=decision.thought,
        marks=marks_of(page),
    )


def describe(page: SeenPage, call: ToolCall) -> str:
    """What a call acts on, as people call it; '' for nothing. A yes to one such call is a yes to those with
    the same description, so what is not in the page is told by its arguments."""
    if call.name in _TELLING:
        told = json.dumps(dict(call.args), ensure_ascii=False, sort_keys=True)
        is_short = len(told) <= _SHOWN_ARGS
        return told if is_short else f"{told[:_SHOWN_ARGS]}… {sha256(told.encode()).hexdigest()[:16]}"
    node = page.element(call.element_id)
    return node.shown if node is not None else ""


def read_past_step(data: object) -> PastStep:
    """A step from a log or from a page. Raises InvalidArgument."""
    calls = data.get("calls") if isinstance(data, Mapping) else None
    if not isinstance(data, Mapping) or not isinstance(calls, list):
        raise refused([FieldError("calls", "Must be a list.", "wrong_type")])
    marks = data.get("marks")
    marks = marks if isinstance(marks, list) else []
    done = []
    for each in calls[:20]:
        if not isinstance(each, Mapping):
            raise refused([FieldError("calls", "Must be a list of objects.", "wrong_type")])
        try:
            call = read_call(each.get("name"), each.get("args"), id=_text(each.get("id"))[:200])
        except RoverError as error:
            raise refused([FieldError("calls", error.message, "not_allowed")]) from None
        done.append(_done(call, _text(each.get("target")), each))
    return PastStep(
        calls=tuple(done),
        url=_text(data.get("url")),
        digest=_text(data.get("digest"))[:64],
        thought=_text(data.get("thought"))[:_MESSAGE_MAX],
        marks=frozenset(mark for mark in marks[:MARKS_MAX] if isinstance(mark, str)),
    )


def _done(call: ToolCall, target: str, result: Mapping[str, Any]) -> DoneCall:
    error = result.get("error")
    told: Mapping[str, Any] = error if isinstance(error, Mapping) else result
    message = told.get("message") or result.get("output")
    success = result.get("success") is True
    return DoneCall(
        call=call,
        target=target[:_MESSAGE_MAX],
        success=success,
        code="" if success else _text(told.get("code"))[:80] or "FAILED",
        message=_text(message)[: _OUTPUT_MAX if success and call.name in _TELLING else _MESSAGE_MAX],
        navigated=bool(result.get("navigation")) or result.get("navigated") is True,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
