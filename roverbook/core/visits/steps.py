"""Calls of tools as steps: the start and the result of one call are one step."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from roverbook.core.visits.folded import KINDS_MAX, STEPS_MAX, FoldedStep, FoldedTool
from roverbook.core.visits.paths import page_path
from roverbook.core.visits.step_types import OTHER, step_type
from roverbook.core.visits.texts import ERROR_MAX, NAME_MAX, TARGET_MAX, clean, clean_args

PENDING, SUCCESS, ERROR = "pending", "success", "error"
MISSING_CODES = frozenset({"ELEMENT_NOT_FOUND", "IFRAME_CONTEXT_UNAVAILABLE"})
_MOST_MS = 2**31 - 1
_TARGETS = ("selector", "url", "href", "target", "element", "text")
_ELEMENT = ("element_id", "elementId", "selector", "element", "ref", "targetElement")


@dataclass(slots=True, eq=False)
class _Step:
    run_id: str
    step_id: str
    tool: str
    at: datetime
    page: str
    args: Mapping[str, Any]
    told_target: str
    result: str = PENDING
    error: str = ""
    code: str = ""
    duration_ms: int | None = None

    @property
    def target(self) -> str:
        for name in _TARGETS:
            said = self.args.get(name)
            if name == "target" and not said:
                said = self.told_target
            if isinstance(said, str) and said:
                return said
        return ""

    @property
    def aims(self) -> bool:
        """Whether it aimed at an element."""
        return any(self.args.get(name) not in (None, "") for name in _ELEMENT)

    @property
    def is_missing(self) -> bool:
        return self.result == ERROR and self.code in MISSING_CODES

    @property
    def is_named(self) -> bool:
        """Whether the element that it hit has a role and a name: `button "Order"`."""
        role, quote, name = self.told_target.partition(' "')
        return bool(role and quote and name.rstrip('"').strip()) and not self.is_missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A start or a result, as logs tell it. `call_id`: '' when the log does not name calls."""

    run_id: str
    call_id: str
    tool: str
    at: datetime
    args: Mapping[str, Any] = field(default_factory=dict)
    target: str = ""
    is_good: bool = True
    code: str = ""
    message: str = ""
    duration_ms: int | None = None


def call_of(data: Mapping[str, Any], *, run_id: str, at: datetime) -> Call:
    """The call that the data of an event tell of."""
    args, took = data.get("args"), data.get("duration_ms")
    is_number = isinstance(took, int | float) and not isinstance(took, bool) and abs(took) <= _MOST_MS
    return Call(
        run_id=run_id,
        call_id=_text(data, "call_id")[:200],
        tool=_text(data, "tool"),
        at=at,
        args=args if isinstance(args, Mapping) else {},
        target=_text(data, "target"),
        is_good=_is_good(data),
        code=_text(data, "code")[:64],
        message=_text(data, "message"),
        duration_ms=max(0, int(took or 0)) if is_number else None,
    )


class StepLog:
    """The steps of a visit. A result closes the call that it names, else the latest one of its tool that is
    open; one whose call was never told is a step of its own."""

    def __init__(self) -> None:
        self._steps: list[_Step] = []
        self._named: dict[tuple[str, str], _Step] = {}
        self._open: defaultdict[tuple[str, str], list[_Step]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._steps)

    def start(self, call: Call, page: str) -> None:
        """A call began, on this page."""
        if (call.run_id, call.call_id) not in self._named:
            self._open[call.run_id, call.tool].append(self._begun(call, page))

    def result(self, call: Call, page: str) -> str:
        """What came of a call; the error that is new by it, '' for none."""
        step = self._closed_by(call) or self._begun(call, page)
        if not step.args and call.args:
            step.args = call.args
        step.told_target = step.told_target or call.target
        was = step.error
        step.result = SUCCESS if call.is_good else ERROR
        step.code = "" if call.is_good else call.code
        step.error = "" if call.is_good else clean(call.message or call.code or "It failed.", ERROR_MAX)
        took = round((call.at - step.at).total_seconds() * 1_000)
        step.duration_ms = max(0, took) if call.duration_ms is None else call.duration_ms
        return "" if was else step.error

    def _begun(self, call: Call, page: str) -> _Step:
        step = _Step(
            run_id=call.run_id,
            step_id=call.call_id,
            tool=call.tool[:NAME_MAX] or OTHER,
            at=call.at,
            page=page,
            args=call.args,
            told_target=call.target,
        )
        self._steps.append(step)
        if call.call_id:
            self._named[call.run_id, call.call_id] = step
        return step

    def _closed_by(self, call: Call) -> _Step | None:
        named = self._named.get((call.run_id, call.call_id)) if call.call_id else None
        waiting = self._open[call.run_id, call.tool]
        if named is not None:
            if named in waiting:
                waiting.remove(named)
            return named
        return waiting.pop() if waiting else None

    # --- what they come to ---

    def folded(self) -> tuple[FoldedStep, ...]:
        """The first STEPS_MAX of them."""
        return tuple(_folded(number, step) for number, step in enumerate(self._steps[:STEPS_MAX], 1))

    def usage(self) -> dict[str, int]:
        """Calls by tool; of names beyond KINDS_MAX together."""
        return dict(sorted(_few(_tools(self._steps)).items()))

    def tools(self) -> tuple[FoldedTool, ...]:
        """Calls by page and tool."""
        sums: dict[tuple[str, str], list[int]] = {}
        for step in self._steps:
            key = (page_path(step.page), step.tool)
            if key not in sums and len(sums) >= KINDS_MAX:
                key = ("", OTHER)
            held = sums.setdefault(key, [0, 0, 0, 0])
            held[0] += 1
            held[1] += step.result == ERROR
            held[2] += step.is_missing
            held[3] += step.duration_ms or 0
        return tuple(
            FoldedTool(path=path, tool=tool, calls=n, failures=bad, missing=missing, duration_ms=ms)
            for (path, tool), (n, bad, missing, ms) in sorted(sums.items())
        )

    def failures(self) -> Iterable[tuple[str, str, str]]:
        """(tool, error, path) of every call that failed."""
        return ((step.tool, step.error, page_path(step.page)) for step in self._steps if step.result == ERROR)

    def by_run(self) -> dict[str, tuple[int, int, list[str]]]:
        """Of every run how many steps it has, how many failed, and its tools."""
        runs: defaultdict[str, list[_Step]] = defaultdict(list)
        for step in self._steps:
            runs[step.run_id].append(step)
        return {
            run_id: (len(own), sum(step.result == ERROR for step in own), sorted(_few(_tools(own))))
            for run_id, own in runs.items()
        }

    def aimed(self) -> tuple[int, int, int]:
        """How many calls aimed at an element, hit one with role and name, and found none."""
        aimed = [step for step in self._steps if step.aims]
        missing = sum(step.is_missing for step in self._steps)
        return len(aimed), sum(step.is_named for step in aimed), missing


def _tools(steps: Iterable[_Step]) -> Counter[str]:
    return Counter(step.tool for step in steps)


def _few(counts: Counter[str]) -> Counter[str]:
    if len(counts) <= KINDS_MAX:
        return counts
    kept = Counter(dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[: KINDS_MAX - 1]))
    kept[OTHER] += counts.total() - kept.total()
    return kept


def _folded(number: int, step: _Step) -> FoldedStep:
    target = clean(step.target, TARGET_MAX)
    return FoldedStep(
        number=number,
        step_id=step.step_id or str(number),
        run_id=step.run_id,
        at=step.at,
        action=step.tool,
        type=step_type(step.tool),
        target=target,
        args=clean_args(step.args, target=step.told_target),
        result=step.result,
        error=step.error,
        duration_ms=step.duration_ms,
        page_url=step.page,
    )


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _is_good(data: Mapping[str, Any]) -> bool:
    """Whether a call succeeded; a page says `success`, or an error, or nothing."""
    if "is_good" in data:
        return data["is_good"] is not False
    return data.get("success") is not False and not data.get("message")
