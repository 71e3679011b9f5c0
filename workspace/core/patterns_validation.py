"""Which patterns a key may have, and what to tell its owner about them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workspace.core.hosts import display_host, is_ip, is_loopback_name, shared_hosting_suffix
from workspace.core.patterns_problems import (
    MAX_OPEN_TTL_DAYS,
    MAX_PATTERN_LENGTH,
    MAX_PATTERNS,
    InvalidPatterns,
    PatternProblem,
    problem,
    quoted,
)
from workspace.core.patterns_reading import (
    Fault,
    Pattern,
    PatternKind,
    ScopeMode,
    effective_kind,
    read_pattern,
)

_EXAMINED = 10 * MAX_PATTERNS
"""Entries looked at, repeats among them; a longer list is refused as a whole."""


@dataclass(frozen=True, slots=True)
class PatternList:
    """A list that may be saved. `raw` and `normalized` are parallel and hold no repeats, in the order given.
    `notes`: sentences for the owner about entries that were changed, are redundant, or are better avoided."""

    raw: tuple[str, ...]
    normalized: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EntryReview:
    """What there is to say about one entry of a list that is being edited. `pattern` is None, and `problem`
    is not, for an entry that cannot be saved; `notes` are those of `PatternList` that are about this one."""

    raw: str
    pattern: Pattern | None
    problem: PatternProblem | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Rules:
    environment: str
    ttl_days: int
    allow_intranet: bool

    def fault(self, pattern: Pattern) -> Fault | None:
        """Why this key may not have a pattern that by itself is sound."""
        if len(pattern.normalized) > MAX_PATTERN_LENGTH:
            return Fault.TOO_LONG
        if pattern.kind is PatternKind.ANY:
            is_open = self.environment == "test" and 1 <= self.ttl_days <= MAX_OPEN_TTL_DAYS
            return None if is_open else Fault.ANY_OUTSIDE_TEST
        if is_loopback_name(pattern.host):
            return None if self.environment in {"development", "test"} else Fault.LOCAL_IN_PRODUCTION
        is_single = "." not in pattern.host and not is_ip(pattern.host)
        return Fault.SINGLE_LABEL if is_single and not self.allow_intranet else None


def validate_patterns(
    raw: Sequence[object],
    *,
    environment: str,
    ttl_days: int,
    allow_intranet: bool = False,
    mode: ScopeMode = ScopeMode.REGISTRABLE_DOMAIN,
) -> PatternList:
    """Returns the list as it is to be saved.

    `environment`: production, development or test; `ttl_days`: life of the key, 0 for no end; both decide
    about `*` and local names. `allow_intranet`: single labels are wanted. `mode` tells what is redundant.
    1 to 50 entries after repeats are left out, each of at most 253 characters when normalised.

    Raises: InvalidPatterns with all problems.
    """
    entries = list(raw[: _EXAMINED + 1])
    if not entries:
        raise InvalidPatterns((problem(Fault.EMPTY, raw="", index=0),))
    if len(entries) > _EXAMINED:
        raise InvalidPatterns((problem(Fault.TOO_MANY, raw=entries[MAX_PATTERNS], index=MAX_PATTERNS),))
    patterns, repeats = _accepted(entries, _Rules(environment, ttl_days, allow_intranet))
    return PatternList(
        raw=tuple(pattern.raw for pattern in patterns),
        normalized=tuple(pattern.normalized for pattern in patterns),
        notes=(*repeats, *_notes(patterns, mode, environment)),
    )


def review_patterns(
    raw: Sequence[str],
    *,
    environment: str,
    ttl_days: int,
    allow_intranet: bool = False,
    mode: ScopeMode = ScopeMode.REGISTRABLE_DOMAIN,
) -> tuple[EntryReview, ...]:
    """Returns one review per entry, in the order given, under the rules of `validate_patterns`: for people
    who are still typing. Of a list that is far too long only the beginning is looked at."""
    rules = _Rules(environment, ttl_days, allow_intranet)
    found = [_read(entry, rules) for entry in raw[:_EXAMINED]]
    patterns = [one for one in found if isinstance(one, Pattern)]
    kept: dict[str, Pattern] = {}
    reviews = []
    for index, (entry, one) in enumerate(zip(raw, found, strict=False)):
        if isinstance(one, Fault):
            reviews.append(EntryReview(entry, None, problem(one, raw=entry, index=index), ()))
            continue
        if kept.setdefault(one.normalized, one) is not one:
            notes = [_repeats(one)]
        elif len(kept) > MAX_PATTERNS:
            reviews.append(EntryReview(entry, None, problem(Fault.TOO_MANY, raw=entry, index=index), ()))
            continue
        else:
            notes = list(_notes_on(one, patterns, mode, environment))
        reviews.append(EntryReview(entry, one, None, tuple(notes)))
    return tuple(reviews)


def _accepted(entries: Sequence[object], rules: _Rules) -> tuple[list[Pattern], list[str]]:
    """The patterns without repeats, and the notes about those. Raises InvalidPatterns."""
    found = [(index, _read(entry, rules)) for index, entry in enumerate(entries)]
    problems = [
        problem(fault, raw=entries[index], index=index) for index, fault in found if isinstance(fault, Fault)
    ]
    kept, repeats = _without_repeats([(index, one) for index, one in found if isinstance(one, Pattern)])
    if len(kept) > MAX_PATTERNS:
        index, surplus = kept[MAX_PATTERNS]
        problems.append(problem(Fault.TOO_MANY, raw=surplus.raw, index=index))
    if problems:
        raise InvalidPatterns(tuple(sorted(problems, key=_place)))
    return [pattern for _, pattern in kept], repeats


def _place(found: PatternProblem) -> int:
    return found.index


def _read(entry: object, rules: _Rules) -> Pattern | Fault:
    if not isinstance(entry, str):
        return Fault.NOT_TEXT
    pattern = read_pattern(entry)
    if isinstance(pattern, Fault):
        return pattern
    return rules.fault(pattern) or pattern


def _without_repeats(
    patterns: Sequence[tuple[int, Pattern]],
) -> tuple[list[tuple[int, Pattern]], list[str]]:
    kept: dict[str, tuple[int, Pattern]] = {}
    notes = []
    for index, pattern in patterns:
        if kept.setdefault(pattern.normalized, (index, pattern))[0] != index:
            notes.append(_repeats(pattern))
    return list(kept.values()), notes


def _repeats(pattern: Pattern) -> str:
    return f"{quoted(pattern.raw)} repeats {pattern.normalized} and is left out."


def _notes(patterns: Sequence[Pattern], mode: ScopeMode, environment: str) -> Iterator[str]:
    for pattern in patterns:
        yield from _notes_on(pattern, patterns, mode, environment)


def _notes_on(
    pattern: Pattern, patterns: Sequence[Pattern], mode: ScopeMode, environment: str
) -> Iterator[str]:
    if pattern.raw.strip().lower() != pattern.normalized:
        yield f"{quoted(pattern.raw)} is saved as {_shown(pattern)}."
    wider = next((one for one in patterns if one is not pattern and _contains(one, pattern, mode)), None)
    if wider:
        yield f"{wider.normalized} already covers {pattern.normalized}."
    suffix = shared_hosting_suffix(pattern.host) if pattern.host else None
    if suffix and suffix != pattern.host:
        yield _shared(pattern, suffix, environment)


def _shown(pattern: Pattern) -> str:
    """The form that is stored, with the form that people read where they differ."""
    shown = display_host(pattern.host)
    return pattern.normalized if shown == pattern.host else f"{pattern.normalized} ({shown})"


def _shared(pattern: Pattern, suffix: str, environment: str) -> str:
    note = f"{pattern.normalized} ends in the shared hosting suffix {suffix}, where anybody can have a host."
    if environment == "production":
        note += " For previews of your site, a development key keeps test visits out of your figures."
    return note


def _contains(wide: Pattern, narrow: Pattern, mode: ScopeMode) -> bool:
    """Whether everything that `narrow` covers is covered by `wide` as well. Of two that cover the same, the
    longer one counts as the redundant one."""
    outer, inner = effective_kind(wide.kind, mode), effective_kind(narrow.kind, mode)
    if wide.host == narrow.host and outer is inner:
        return (len(wide.normalized), wide.normalized) < (len(narrow.normalized), narrow.normalized)
    if outer is PatternKind.ANY:
        return True
    if inner is PatternKind.ANY or outer is PatternKind.EXACT:
        return False
    if wide.host == narrow.host:
        return outer is PatternKind.HOST_AND_SUBDOMAINS
    return narrow.host.endswith(f".{wide.host}")
