"""Domain patterns: what one says, which ones a key may have, what one covers.

    `*`      every host
    `=h`     the host h
    `*.h`    every subdomain of h, not h
    `h`      h and every subdomain of it; in the mode `host_only` h alone

An entry that says nothing clear, or that would cover hosts of unrelated owners, matches nothing: it is
refused when a key is saved, and a stored one (from older rules, or written by hand) never widens a scope.
"""

from workspace.core.patterns_coverage import Coverage, coverage
from workspace.core.patterns_problems import (
    MAX_PATTERN_LENGTH,
    MAX_PATTERNS,
    InvalidPatterns,
    PatternProblem,
)
from workspace.core.patterns_reading import (
    Fault,
    Pattern,
    PatternKind,
    ScopeMode,
    effective_kind,
    parse_pattern,
    read_pattern,
)
from workspace.core.patterns_validation import (
    EntryReview,
    PatternList,
    review_patterns,
    validate_patterns,
)

__all__ = [
    "MAX_PATTERNS",
    "MAX_PATTERN_LENGTH",
    "Coverage",
    "EntryReview",
    "Fault",
    "InvalidPatterns",
    "Pattern",
    "PatternKind",
    "PatternList",
    "PatternProblem",
    "ScopeMode",
    "coverage",
    "effective_kind",
    "parse_pattern",
    "read_pattern",
    "review_patterns",
    "validate_patterns",
]
