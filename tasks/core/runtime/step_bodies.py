"""The body of `/agent/step`: the page as it is now, and what came of the calls of the step before."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from tasks.core.runtime.fields import Body, Counter, Id, json_bytes, json_value, validated
from tasks.core.runtime.page_tools import PageTab, PageTool, read_contexts, read_page_tools, read_tabs
from tasks.core.runtime.tools import ALIASES, TOOLS
from tasks.core.storable import storable

RESULTS_MAX = 20
RESULT_BYTES = 64 * 1024
OUTPUT_MAX = 4_000
TEXT_MAX = 500
_ERROR = ("code", "message", "next_action")
_NAVIGATION = ("outcome", "url")


def _texts(value: Any, names: tuple[str, ...]) -> dict[str, str]:
    """The members of these names that are text, cut."""
    if not isinstance(value, Mapping):
        return {}
    return {name: value[name][:TEXT_MAX] for name in names if isinstance(value.get(name), str)}


def _result(value: Any) -> dict[str, Any]:
    """What came of a call: {id, success, output?, error?, navigation?}; of anything else it says nothing is
    kept."""
    told = storable(value) if isinstance(value, Mapping) else {}
    kept: dict[str, Any] = {"id": str(told.get("id", ""))[:TEXT_MAX], "success": told.get("success") is True}
    if "output" in told:
        kept["output"] = _output(told["output"])
    if error := _texts(told.get("error"), _ERROR):
        kept["error"] = error | {"retryable": told["error"].get("retryable") is True}
    if navigation := _texts(told.get("navigation"), _NAVIGATION):
        kept["navigation"] = navigation
    return kept


def _output(value: Any) -> Any:
    """A short text, or a small object; of what is larger only its size is told."""
    if isinstance(value, str):
        return value[:OUTPUT_MAX]
    try:
        copy = json_value(value, max_bytes=RESULT_BYTES)
        size = json_bytes(copy)
    except ValueError:
        return {"truncated": True}
    return copy if size <= OUTPUT_MAX else {"truncated": True, "bytes": size}


def _results(value: Any) -> Any:
    return [_result(each) for each in value[:RESULTS_MAX]] if isinstance(value, list) else []


def _tools(value: Any) -> Any:
    # `give_up` is what the model ends a task with
    return read_page_tools(value, taken=[*TOOLS, *ALIASES, "give_up"])


def _page(value: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(value.get("nodes"), Mapping):
        return value | {"nodes": {}, "roots": []}
    return value


class AskStep(Body):
    """A page asks what to do next. `page`: a capture of observe.js; `results`: of the calls that it was given
    last, by their ids; `tools`, `contexts`, `tabs`: what its scripts offer and say, and the tabs of the run.
    `client_event_id` names the question: the same one gets the same answer."""

    session_id: Id
    run_id: Id
    client_event_id: Id
    expected_epoch: Counter = None
    expected_seq: Counter = None
    page: Annotated[dict[str, Any], AfterValidator(_page)]
    results: Annotated[list[dict[str, Any]], Field(max_length=RESULTS_MAX), BeforeValidator(_results)] = []
    tools: Annotated[tuple[PageTool, ...], BeforeValidator(_tools)] = ()
    contexts: Annotated[tuple[str, ...], BeforeValidator(read_contexts)] = ()
    tabs: Annotated[tuple[PageTab, ...], BeforeValidator(read_tabs)] = ()

    @property
    def by_call(self) -> dict[str, dict[str, Any]]:
        """The results by the id of their call."""
        return {each["id"]: each for each in self.results if each["id"]}


def read_step(body: object) -> AskStep:
    """The checked form of a decoded JSON body. Raises InvalidArgument."""
    return validated(AskStep, body)
