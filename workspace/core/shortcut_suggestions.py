"""Shortcuts that a site of a kind might begin with: the starters of its kind and one more."""

from collections.abc import Container, Mapping
from typing import Any

from workspace.core.business_types import starters

SUGGESTED = 3
_THIRD: Mapping[str, tuple[str, str, str]] = {
    "general": ("contact", "Get in touch", "Tell me how I can reach the people behind this site."),
    "ecommerce": (
        "compare",
        "Compare products",
        "Compare the products I name in a table, with their prices.",
    ),
    "travel": ("getting-there", "Getting there", "Tell me how I get there from where I start, and how long."),
    "saas": ("whats-new", "What is new", "Tell me what changed lately, the most useful things first."),
    "finance": ("explain-fees", "Explain the fees", "List all fees of what is on this page in plain words."),
    "healthcare": (
        "prepare-visit",
        "Prepare a visit",
        "Tell me what to bring and what to know before a visit.",
    ),
    "real_estate": ("all-costs", "All costs", "List all costs of the home on this page, monthly and once."),
    "restaurant": ("allergens", "Allergens", "Ask what I must not eat, then show me the dishes without it."),
    "education": (
        "requirements",
        "Requirements",
        "Tell me what I need to know before the course on this page.",
    ),
    "support": ("known-problems", "Known problems", "Tell me which problems are known at present."),
    "legal": ("documents", "Documents to bring", "Tell me which documents a case like mine needs."),
    "automotive": ("compare-cars", "Compare vehicles", "Compare the vehicles I name in a table, with costs."),
}


def suggestions(business_type: str, taken: Container[str]) -> list[dict[str, Any]]:
    """At most three shortcuts as the configuration holds them, without those whose id is taken."""
    name, label, prompt = _THIRD[business_type]
    third = {"id": name, "label": label, "prompt": prompt, "sideEffect": "read"}
    return [each for each in [*starters(business_type), third] if each["id"] not in taken]
