"""Where in a task's log a reader stands: the number of the last event it has."""

START = 0
MAX_DIGITS = 18  # fits the 64-bit column; a longer number was never one of ours


def parse_cursor(last_event_id: str | None, after: str | None) -> int:
    """The position to go on from. `Last-Event-ID` wins, because an EventSource repeats its URL with the old
    `?after=` (WHATWG HTML §9.2.2). A malformed value counts as none; without one it is the start: reading
    twice is safer than skipping.
    """
    for text in (last_event_id, after):
        if text is not None and text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS:
            return int(text)
    return START
