"""Would a key work on this host? For people who look at its rules; the answer of the runtime itself counts
the presentation and is given by `workspace.services.admission`."""

from collections.abc import Sequence
from dataclasses import dataclass

from workspace.core.patterns import MAX_PATTERNS, EntryReview, ScopeMode, review_patterns
from workspace.core.scope import Scope
from workspace.core.scope_decision import ScopeDecision

_STOPPED = {
    "revoked": "This key was ended, so it works nowhere.",
    "archived": "The site is archived, so this key works nowhere.",
    "expired": "This key has expired, so it works nowhere.",
    "disabled": "This key is switched off, so it works nowhere.",
}
_NO_EMBED = "The capability Embed is off, so no page can load the widget with this key."


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The domains of a key, as saved or as they are being typed (`is_saved`), and what decides how they are
    read. `ttl_days` 0 is no expiry."""

    entries: tuple[str, ...]
    mode: ScopeMode
    environment: str
    ttl_days: int
    allow_intranet: bool
    is_saved: bool

    def scope(self) -> Scope:
        """What they cover. Typed entries that cannot be saved cover nothing; a saved one counts as the
        runtime reads it, even if it could not be saved today."""
        if self.is_saved:
            return Scope.compile(self.entries, self.mode)
        return Scope((one.pattern for one in self.reviews() if one.pattern), self.mode)

    def reviews(self) -> tuple[EntryReview, ...]:
        """What there is to say about each entry."""
        return self._reviewed(self.entries)

    def refused(self, entry: str) -> str:
        """Why this one more entry could not be saved; '' if it could."""
        if len(self.entries) >= MAX_PATTERNS:
            return f"The list is full: a key has at most {MAX_PATTERNS} rules."
        found = self._reviewed((entry,))[0].problem
        return found.message if found else ""

    def _reviewed(self, entries: Sequence[str]) -> tuple[EntryReview, ...]:
        return review_patterns(
            entries,
            environment=self.environment,
            ttl_days=self.ttl_days,
            allow_intranet=self.allow_intranet,
            mode=self.mode,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The answer about one text. `stopped`: why the key works nowhere at all, '' if it does. `fix`: the
    narrowest rule that would admit the host and may be added, '' when there is none; `no_fix` then says why,
    as far as there is something to say."""

    text: str
    decision: ScopeDecision
    stopped: str
    fix: str
    no_fix: str

    @property
    def is_allowed(self) -> bool:
        """Whether the key works there."""
        return self.decision.in_scope and not self.stopped


def stopped_by(state: str, *, has_embed: bool) -> str:
    """Why a key in this state (of `selectors.keys.key_state`) works nowhere, '' if it does."""
    return _STOPPED.get(state, "" if has_embed else _NO_EMBED)


def try_host(text: str, rules: Rules, *, stopped: str = "") -> Trial:
    """Decide about a URL or host that somebody typed. Never raises.

    The rule offered is always the one for this host alone: whoever wants more types it. None is offered for a
    host that only imitates one of the list, nor where the key's rules forbid it.
    """
    decision = rules.scope().decide(text)
    fix = decision.fix or ""
    no_fix = rules.refused(fix) if fix else ""
    if decision.reason == "no_pattern" and not fix and decision.closest:
        no_fix = "Rover offers no rule for it. If the host is really yours, type the rule yourself."
    return Trial(text=text, decision=decision, stopped=stopped, fix="" if no_fix else fix, no_fix=no_fix)
