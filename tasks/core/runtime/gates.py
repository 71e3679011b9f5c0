"""What calls must pass before a page gets them: permissions, scope, secrets, confirmation, budget.

A decider asks nobody and is asked nothing: it may have been talked into anything by the page it reads. What
a click does is not known before it is done; so its words, its form and the site's policy decide, and in doubt
the visitor does.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self

from tasks.core.printable import printable
from tasks.core.runtime.page_tools import PAGE_TOOL, PageTool
from tasks.core.runtime.tools import (
    CLICKING_TOOLS,
    ENDING_TOOLS,
    EXTERNAL_TOOLS,
    NAVIGATION_TOOLS,
    TAB_TOOLS,
    TOOLS,
    TYPING_TOOLS,
    WAIT_TOOLS,
    SideEffect,
    ToolCall,
)
from workspace.core.policy import RoverPolicy

STEPS_MAX: Final = 40
SECONDS_MAX: Final = 600
OUT_OF_SCOPE_TOOLS: Final = NAVIGATION_TOOLS | TAB_TOOLS | WAIT_TOOLS | ENDING_TOOLS
"""What is left to do on a page that is not the site's, unless its policy is to allow such pages."""

TOOL_NOT_ALLOWED: Final = "TOOL_NOT_ALLOWED"
DOMAIN_SCOPE_BLOCKED: Final = "DOMAIN_SCOPE_BLOCKED"
HUMAN_INTERVENTION_REQUIRED: Final = "HUMAN_INTERVENTION_REQUIRED"
ELEMENT_NOT_FOUND: Final = "ELEMENT_NOT_FOUND"
CONFIRMATION_REFUSED: Final = "CONFIRMATION_REFUSED"
"""The code of a call that the visitor said no to."""

# Words of what cannot be taken back. A link that says "order" leads to where one orders; one that says
# "delete" may well do it.
_FINAL: Final = re.compile(
    r"\b(?:buy|purchase|pay|check ?out|(?:place|confirm|complete|submit) (?:\w+ ){0,2}(?:order|booking"
    r"|purchase|payment)"
    r"|delete|erase|unsubscribe|donate|transfer|deactivate|close (?:my |the |your )?account"
    r"|cancel (?:\w+ ){0,2}(?:subscription|order|booking|reservation|membership|account|plan|contract)"
    r"|kaufen|kauf abschliessen|(?:be)?zahlen|bezahle|zur kasse|(?:kosten|zahlungs)pflichtig\w*"
    r"|loeschen|abbestellen|abmelden|kuendig\w*|spenden?|ueberweisen|stornier\w*)\b"
)
_BINDING: Final = re.compile(
    r"\b(?:order|send|book|reserve|rent|hire|apply|subscribe|sign up|register|enrol+|join|accept|agree"
    r"|publish|post"
    r"|confirm|withdraw|bestell\w*|(?:ab)?send\w*|(?:ab)?schick\w*|buch\w*|reservier\w*|miet\w*|bewerb\w*"
    r"|abonnier\w*|anmelden|registrier\w*|beitreten|akzeptier\w*|zustimm\w*|veroeffentlich\w*"
    r"|bestaetig\w*|beauftrag\w*)\b"
)
_SECRET: Final = re.compile(
    r"passw|passc|kennwort|\bpwd\b|passphrase|\bpin\b|\bcvc\b|\bcvv\b|card.?(?:num|no\b)|\bcc-"
    r"|karten(?:nummer|pruef)"
    r"|security code|sicherheitscode|pruef(?:ziffer|nummer)|\biban\b|one.?time|einmal(?:code|passwort"
    r"|kennwort)|\botp\b"
    r"|\btan\b|verification code|bestaetigungscode|\b2fa\b|social security|\bssn\b|kreditkarte"
)
_CAPTCHA: Final = re.compile(r"captcha|not a robot|kein roboter|human verification")
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_LEFT_ALONE: Final = frozenset(
    {"clear_element", "focus_element", "scroll_to_element", "check_field_validity"}
)


class Verdict(StrEnum):
    """What becomes of a call."""

    PASS = "pass"  # noqa: S105 - no password
    CONFIRM = "confirm"
    REFUSE = "refuse"


class Weight(StrEnum):
    """What a call does to the world, as far as can be told; the last three are words of the policy."""

    LIGHT = "light"
    WRITE = "write"
    TRANSACTIONAL = "transactional"
    EXTERNAL_ACT = "external_act"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActedOn:
    """The element of a call, as the server itself saw it. `kind`: an input's type; `field`: its name in the
    form. `is_private`: what it holds does not leave the page. `is_search`: its form only asks. `sends`: it is
    what sends a form. `has_secrets`: its form asks for a password or a means of payment."""

    role: str
    words: str = ""
    kind: str = ""
    field: str = ""
    url: str = ""
    is_private: bool = False
    is_search: bool = False
    sends: bool = False
    has_secrets: bool = False

    @property
    def is_secret(self) -> bool:
        """Whether only a person may fill it."""
        return self.is_private or is_secret(kind=self.kind, field=self.field, words=self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRules:
    """What the site and the shortcut say. `allowed`: tools that the site leaves on. `confirm`: weights of
    `requireConfirmFor`. `external`: the policy for pages that are not the site's. `page_tools`: what the
    page offers itself, by name."""

    allowed: frozenset[str] = frozenset(TOOLS)
    confirm: frozenset[str] = frozenset({"transactional"})
    external: str = "open_new_tab_notice"
    shortcut_effect: str = ""
    shortcut_confirms: bool = False
    page_tools: Mapping[str, PageTool] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        policy: Mapping[str, Any],
        *,
        shortcut: Mapping[str, Any] | None = None,
        allowed: Collection[str] | None = None,
        capabilities: Mapping[str, Any] | None = None,
        page_tools: Collection[PageTool] = (),
    ) -> Self:
        """From a site's policy as it is stored, full or sparse, a shortcut, a list of tools, the capabilities
        of the key (None: all), and the tools of the page."""
        default = RoverPolicy()
        tools = frozenset(TOOLS) if allowed is None else frozenset(allowed) & frozenset(TOOLS)
        if policy.get("siteMode", default.site_mode) == "analytics_only":
            tools = tools & ENDING_TOOLS
        tools = tools - _external_missing(policy, capabilities)
        if not page_tools:
            tools = tools - {PAGE_TOOL}
        told = shortcut or {}
        return cls(
            allowed=tools | ENDING_TOOLS,
            confirm=frozenset(policy.get("requireConfirmFor", default.require_confirm_for)),
            external=policy.get("externalNavigationPolicy", default.external_navigation_policy),
            shortcut_effect=told.get("sideEffect") or "",
            shortcut_confirms=told.get("requiresConfirmation") is True,
            page_tools={tool.name: tool for tool in page_tools},
        )

    def tools(self, *, in_scope: bool) -> frozenset[str]:
        """The tools that may be called on a page."""
        if in_scope or self.external == "allow":
            return self.allowed
        return self.allowed & OUT_OF_SCOPE_TOOLS


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """`code`, `reason`: of a refusal, or why the visitor is asked. `weight`: what the call does."""

    verdict: Verdict
    weight: Weight = Weight.LIGHT
    code: str = ""
    reason: str = ""


def judge(
    call: ToolCall,
    acted: ActedOn | None,
    rules: GateRules,
    *,
    in_scope: bool = True,
    confirmed: bool = False,
) -> Judgement:
    """What becomes of `call`. `acted`: its element in the page that was last seen, None if there is none.
    `confirmed`: the visitor said yes to this very call."""
    refusal = _refusal(call, acted, rules, in_scope=in_scope)
    if refusal is not None:
        return refusal
    tool = page_tool_of(call, rules.page_tools)
    weight = weight_of(call, acted) if tool is None else _PAGE_WEIGHTS[tool.effect]
    reason = _why_ask(weight, acted, rules) if tool is None else _why_ask_page(tool, call)
    if reason and not confirmed:
        return Judgement(verdict=Verdict.CONFIRM, weight=weight, code="CONFIRMATION_REQUIRED", reason=reason)
    return Judgement(verdict=Verdict.PASS, weight=weight)


def page_tool_of(call: ToolCall, page_tools: Mapping[str, PageTool]) -> PageTool | None:
    """The page's own tool that a call is of; None for any other call, or when the page has no such tool."""
    return page_tools.get(call.args.get("tool", "")) if call.name == PAGE_TOOL else None


def spent(*, steps: int, seconds: float, steps_max: int = STEPS_MAX, seconds_max: float = SECONDS_MAX) -> str:
    """Which part of a run's budget is used up: 'steps', 'seconds', or '' for none."""
    if steps >= steps_max:
        return "steps"
    return "seconds" if seconds >= seconds_max else ""


def weight_of(call: ToolCall, acted: ActedOn | None) -> Weight:
    """What a call does: filling a field does nothing yet, sending it does."""
    if call.name == "rover_external_act_context":
        return Weight.EXTERNAL_ACT
    if call.name == "upload_file":
        return Weight.WRITE
    if not _sends(call, acted):
        return Weight.LIGHT
    if acted is None:
        return Weight.WRITE
    words = folded(acted.words)
    is_final = _FINAL.search(words) or (acted.role != "link" and _BINDING.search(words))
    if acted.has_secrets or (is_final and not acted.is_search):
        return Weight.TRANSACTIONAL
    return Weight.LIGHT if acted.is_search or acted.role == "link" else Weight.WRITE


def is_secret(*, kind: str, field: str, words: str) -> bool:
    """Whether a field with this type, form name and label is for what stays with a person."""
    if kind == "password":
        return True
    return _SECRET.search(f"{folded(field)} {folded(words)}") is not None


def is_captcha(words: str) -> bool:
    """Whether an element with these words is there to tell people from programs."""
    return _CAPTCHA.search(folded(words)) is not None


def folded(text: str) -> str:
    """Lower case with umlauts spelled out and blanks joined, for the tables of words."""
    return " ".join(text[:500].lower().translate(_UMLAUTS).split())


def _refusal(call: ToolCall, acted: ActedOn | None, rules: GateRules, *, in_scope: bool) -> Judgement | None:
    if call.name not in rules.allowed:
        return _refused(TOOL_NOT_ALLOWED, f"The site does not allow {call.name}.")
    if call.name not in rules.tools(in_scope=in_scope):
        return _refused(DOMAIN_SCOPE_BLOCKED, "The page is not part of the site: only leaving it is allowed.")
    if call.name == "solve_captcha":
        return _refused(HUMAN_INTERVENTION_REQUIRED, "A captcha is for a person to solve.")
    if acted is None and call.element_id is not None:
        return _refused(ELEMENT_NOT_FOUND, "The page has no such element any more; look at it again.")
    if acted is None or call.spec.effect is not SideEffect.WRITE or call.name in _LEFT_ALONE:
        return _refused_page(call, rules)
    return _refused_person(call, acted)


def _refused_page(call: ToolCall, rules: GateRules) -> Judgement | None:
    is_gone = call.name == PAGE_TOOL and page_tool_of(call, rules.page_tools) is None
    return _refused(TOOL_NOT_ALLOWED, "The page offers no such tool.") if is_gone else None


def _refused_person(call: ToolCall, acted: ActedOn) -> Judgement | None:
    if acted.role in ("button", "link") and call.name in CLICKING_TOOLS:
        return None
    if is_captcha(acted.words):
        return _refused(HUMAN_INTERVENTION_REQUIRED, "A captcha is for a person to solve.")
    types_nothing = len(str(call.args.get("key", "x"))) > 1 if call.name == "press_key" else False
    clicks = call.name in CLICKING_TOOLS or call.name == "right_click"
    if acted.is_secret and not (clicks or types_nothing):
        return _refused(
            HUMAN_INTERVENTION_REQUIRED, "Passwords, cards and codes are for the visitor to type."
        )
    return None


def _refused(code: str, reason: str) -> Judgement:
    return Judgement(verdict=Verdict.REFUSE, code=code, reason=reason)


def _sends(call: ToolCall, acted: ActedOn | None) -> bool:
    if call.name == "press_key":
        is_enter = str(call.args.get("key", "")).lower() in ("enter", "return", " ", "space", "numpadenter")
        return is_enter and (acted is None or acted.role != "link")
    if call.name in TYPING_TOOLS:
        return call.name == "type_and_enter"
    if call.name not in CLICKING_TOOLS:
        return False
    return acted is None or acted.sends or acted.role in ("button", "link", "menuitem", "generic")


def _why_ask(weight: Weight, acted: ActedOn | None, rules: GateRules) -> str:
    """Why the visitor must say yes; '' where nobody asks for it."""
    if weight is Weight.LIGHT:
        return ""
    what = f"“{acted.words[:80]}”" if acted is not None and acted.words else "This"
    if acted is not None and acted.has_secrets:
        return f"{what} sends a form with a password or a means of payment."
    if weight.value in rules.confirm:
        return f"{what} {_EFFECTS[weight]}"
    if weight is Weight.TRANSACTIONAL and "write" in rules.confirm:
        return f"{what} {_EFFECTS[weight]}"
    if rules.shortcut_confirms or rules.shortcut_effect in ("transactional", "none", "read"):
        return f"{what} changes something, and the shortcut asks you first."
    return ""


def _why_ask_page(tool: PageTool, call: ToolCall) -> str:
    """Whatever the policy says: a page knows best what its own action does. The visitor sees what with."""
    if not tool.asks:
        return ""
    given = ", ".join(f"{name}: {value}" for name, value in call.args.get("arguments", {}).items())
    with_what = f" ({printable(given)[:200]})" if given else ""
    return f"“{tool.title or tool.name}”{with_what} is an action of this page that may change something."


def _external_missing(policy: Mapping[str, Any], capabilities: Mapping[str, Any] | None) -> frozenset[str]:
    """The tools for other sites that policy or key keep from the run."""
    default = RoverPolicy()
    is_on = policy.get("enableExternalWebContext", default.enable_external_web_context)
    if not is_on or policy.get("externalScrapeMode", default.external_scrape_mode) != "on_demand":
        return EXTERNAL_TOOLS
    needed = {
        "rover_external_read_context": "externalWebContextScrape",
        "rover_external_act_context": "cloudAgent",
    }
    return frozenset(
        tool
        for tool, name in needed.items()
        if capabilities is not None and capabilities.get(name) is not True
    )


_PAGE_WEIGHTS: Final[Mapping[str, Weight]] = {
    "none": Weight.LIGHT,
    "read": Weight.LIGHT,
    "write": Weight.WRITE,
    "transactional": Weight.TRANSACTIONAL,
}
_EFFECTS: Final[Mapping[Weight, str]] = {
    Weight.WRITE: "changes something on the site.",
    Weight.TRANSACTIONAL: "cannot simply be taken back.",
    Weight.EXTERNAL_ACT: "acts on another website.",
}
