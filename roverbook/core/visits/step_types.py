"""Types of steps, by words in the name of the tool."""

import re
from functools import lru_cache

OTHER = "other"

# the first that fits counts: `type_and_enter` sends a form, `wait_for_element` waits, `go_back` goes back
_WORDS = (
    ("backtrack", r"back|undo|backtrack"),
    ("submit", r"submit|enter|send|checkout|confirm"),
    ("wait_for", r"wait|sleep|delay"),
    ("search", r"search|find|query|lookup"),
    ("scroll", r"scroll"),
    ("click", r"click|tap|hover|press|focus"),
    ("type", r"type|keyboard|keys?"),
    ("fill", r"fill|clear|select|dropdown|slider|upload|check|choose|field|form|input"),
    ("extract", r"extract|read|scrape|fetch|get|snapshot|observe|page_?data|context"),
    ("navigate", r"goto|go|navigate|navigation|open|visit|url|tabs?|forward|refresh|reload|redirect"),
    ("error", r"error|failure"),
    ("status", r"status|answer|ask|say|message|progress|thought|handoff"),
)
_PATTERNS = tuple((name, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])")) for name, words in _WORDS)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_EXACT = {
    "press_key": "type",
    "long_press": "click",
    "select_text": "extract",
    "check_field_validity": "extract",
    "client_tool": OTHER,
    "solve_captcha": OTHER,
    "rover_external_act_context": "navigate",
    "close_tab": "navigate",
}
"""Tools of ours that their words would misplace."""


@lru_cache(maxsize=512)
def step_type(tool: str) -> str:
    """The type of a step with this tool: one of `_WORDS`, or OTHER."""
    if tool in _EXACT:
        return _EXACT[tool]
    plain = _HUMP.sub("_", tool).lower().replace("-", "_")
    return next((name for name, pattern in _PATTERNS if pattern.search(plain)), OTHER)
