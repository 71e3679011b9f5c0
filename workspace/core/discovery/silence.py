"""Why this server publishes nothing about a site."""

from enum import StrEnum


class Silence(StrEnum):
    """One reason; `silence_of` gives the first that holds, in this order."""

    ARCHIVED = "archived"
    CLOSED = "closed"
    TURNED_OFF = "turned_off"
    NO_KEY = "no_key"
    UNPROVED = "unproved"

    def sentence(self, host: str) -> str:
        """The reason for the people who work on the site; `host`: its main one."""
        return _SENTENCES[self].format(host=host)


_SENTENCES = {
    Silence.ARCHIVED: "The site is archived.",
    Silence.CLOSED: "AI access is off.",
    Silence.TURNED_OFF: "You do not show agents the way.",
    Silence.NO_KEY: "No working key for agents lists {host}.",
    Silence.UNPROVED: "It is not proved yet that {host} is yours.",
}


def silence_of(
    *, is_archived: bool, is_open: bool, is_turned_off: bool, has_key: bool, is_spoken_for: bool
) -> Silence | None:
    """None for a site that publishes. `is_open`: the owner lets agents in. `has_key`: a live key lets agents
    work on the main host. `is_spoken_for`: by such a key the site may open that host
    (`workspace.selectors.claims.speaks_for`)."""
    reasons = (
        (is_archived, Silence.ARCHIVED),
        (not is_open, Silence.CLOSED),
        (is_turned_off, Silence.TURNED_OFF),
        (not has_key, Silence.NO_KEY),
        (not is_spoken_for, Silence.UNPROVED),
    )
    return next((reason for holds, reason in reasons if holds), None)
