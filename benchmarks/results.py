"""What a benchmark reports: one figure per promise, as a JSON line for machines and a row for people."""

import json
import os
import platform
import sys
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Sense(StrEnum):
    """Which way a bar is passed."""

    AT_LEAST = ">="
    AT_MOST = "<="


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What was promised for a figure, in the figure's own unit."""

    sense: Sense
    value: float

    def passed(self, value: float) -> bool:
        return value >= self.value if self.sense is Sense.AT_LEAST else value <= self.value

    def __str__(self) -> str:
        return f"{self.sense} {self.value:g}"


def at_least(value: float) -> Bar:
    return Bar(sense=Sense.AT_LEAST, value=value)


def at_most(value: float) -> Bar:
    return Bar(sense=Sense.AT_MOST, value=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One promise and what was measured. Without a bar it is an anchor for others; without a value it could
    not be measured, and `detail["error"]` says why."""

    promise: str
    value: float | None
    unit: str
    bar: Bar | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool | None:
        """None when there is nothing to judge."""
        if self.bar is None:
            return None
        return self.value is not None and self.bar.passed(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where and under what load a figure was taken; `load` is the average of the last minute."""

    cores: int
    python: str
    load: float


def machine() -> Machine:
    """This machine now."""
    return Machine(
        cores=os.cpu_count() or 1, python=platform.python_version(), load=round(os.getloadavg()[0], 2)
    )


def print_line(result: Result) -> None:
    """The result as one line of JSON on standard output."""
    line = {
        "promise": result.promise,
        "value": None if result.value is None else round(result.value, 4),
        "unit": result.unit,
        "bar": str(result.bar) if result.bar else None,
        "ok": result.ok,
        "detail": result.detail,
        "machine": asdict(machine()),
    }
    print(json.dumps(line), flush=True)


def print_table(results: list[Result]) -> None:
    """All results for people, on standard error."""
    width = max((len(result.promise) for result in results), default=0)
    for result in results:
        value = "–" if result.value is None else f"{result.value:,.3f}".rstrip("0").rstrip(".")
        mark = {True: "ok", False: "MISSED", None: ""}[result.ok]
        bar = f"(bar {result.bar})" if result.bar else ""
        note = f"  {result.detail['error']}" if "error" in result.detail else ""
        print(
            f"{result.promise:<{width}}  {value:>10} {result.unit:<12} {bar:<16} {mark}{note}",
            file=sys.stderr,
        )
