"""What kinds of site there are, in words, and two shortcuts to begin with for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class BusinessText:
    """`label` names the kind; `starters` are (id, label, prompt) of shortcuts that suit most such sites. They
    only read: what changes something is for the owner to write."""

    label: str
    starters: tuple[tuple[str, str, str], ...]


BUSINESS_TEXTS: Mapping[str, BusinessText] = {
    "general": BusinessText(
        "Something else",
        (
            ("find-page", "Find a page", "Ask what I am looking for, then take me to the page that has it."),
            ("sum-up", "Sum up this page", "Sum up this page in five sentences and name what I can do here."),
        ),
    ),
    "ecommerce": BusinessText(
        "Online shop",
        (
            (
                "find-product",
                "Find a product",
                "Ask what I need, then show me up to three products that fit.",
            ),
            ("delivery", "Delivery and returns", "Tell me what delivery costs and how returns work here."),
        ),
    ),
    "travel": BusinessText(
        "Travel and stays",
        (
            ("find-trip", "Find a trip", "Ask for place, dates and people, then show me what is free."),
            ("cancel-terms", "Cancellation terms", "Tell me until when a booking can be cancelled for free."),
        ),
    ),
    "saas": BusinessText(
        "Software",
        (
            ("compare-plans", "Compare plans", "Compare the plans in a table and say which fits my team."),
            (
                "find-docs",
                "Search the docs",
                "Ask what I want to do, then open the part of the docs about it.",
            ),
        ),
    ),
    "finance": BusinessText(
        "Money and insurance",
        (
            ("compare-offers", "Compare offers", "Compare the offers with all their costs in a table."),
            ("find-form", "Find a form", "Ask what I want to arrange, then open the form for it."),
        ),
    ),
    "healthcare": BusinessText(
        "Health",
        (
            ("opening-hours", "Opening hours", "Tell me the opening hours and how to make an appointment."),
            ("find-service", "Find a service", "Ask what I need and open the page that describes it."),
        ),
    ),
    "real_estate": BusinessText(
        "Homes and property",
        (
            ("find-home", "Find a home", "Ask for place, size and price, then show me what fits."),
            ("viewing", "How to view", "Tell me how viewings work for the home on this page."),
        ),
    ),
    "restaurant": BusinessText(
        "Food and drink",
        (
            ("menu", "Show the menu", "Show me the menu, and mark what has no meat."),
            (
                "free-table",
                "Find a free table",
                "Ask for day, hour and people, then show me which times are free.",
            ),
        ),
    ),
    "education": BusinessText(
        "Learning",
        (
            ("find-course", "Find a course", "Ask what I want to learn, then show me the courses that fit."),
            (
                "dates-fees",
                "Dates and fees",
                "Tell me when the course on this page begins and what it costs.",
            ),
        ),
    ),
    "support": BusinessText(
        "Help and support",
        (
            (
                "find-answer",
                "Find an answer",
                "Ask what does not work, then open the article that solves it.",
            ),
            ("contact", "Reach a person", "Tell me how and when I can reach a person here."),
        ),
    ),
    "legal": BusinessText(
        "Law",
        (
            (
                "find-topic",
                "Find a topic",
                "Ask about my case in a sentence, then open the page on that topic.",
            ),
            ("first-meeting", "First meeting", "Tell me what a first meeting costs and what to bring."),
        ),
    ),
    "automotive": BusinessText(
        "Cars and vehicles",
        (
            ("find-car", "Find a vehicle", "Ask for kind, age and price, then show me what fits."),
            ("service-prices", "Service prices", "Tell me what an inspection costs and how to get a date."),
        ),
    ),
}


def starters(business_type: str) -> list[dict[str, Any]]:
    """The shortcuts to begin with, as the configuration holds them."""
    return [
        {"id": name, "label": label, "prompt": prompt, "sideEffect": "read"}
        for name, label, prompt in BUSINESS_TEXTS[business_type].starters
    ]
