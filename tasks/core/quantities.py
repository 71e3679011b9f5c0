"""Durations, ages, sizes and rates as people read them: rounded, never more precise than useful."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def duration(milliseconds: float) -> str:
    """A length of time: `40 ms`, `0.4 s`, `16.2 s`, `2 min 5 s`, `1 h 3 min`, `3 d 4 h`."""
    milliseconds = max(milliseconds, 0)
    if milliseconds < 99.5:
        return f"{milliseconds:.0f} ms"
    if milliseconds < 59_950:
        return f"{milliseconds / 1000:.1f} s".replace(".0 s", " s")
    seconds = round(milliseconds / 1000)
    if seconds < _HOUR:
        return _two(seconds, _MINUTE, "min", 1, "s")
    if seconds < _DAY:
        return _two(seconds, _HOUR, "h", _MINUTE, "min")
    return _two(seconds, _DAY, "d", _HOUR, "h")


def _two(seconds: int, large: int, large_name: str, small: int, small_name: str) -> str:
    rest = seconds % large // small
    return f"{seconds // large} {large_name}" + (f" {rest} {small_name}" if rest else "")


def whole_seconds(seconds: float) -> str:
    """As `duration`, without a fraction of a second: for ages and what is left."""
    whole = max(round(seconds), 0)
    return f"{whole} s" if whole < _MINUTE else duration(whole * 1000)


def age(seconds: float) -> str:
    """How long ago: `just now`, `12 s ago`, `2 h 5 min ago`; a clock that is behind counts as now."""
    return "just now" if seconds < 1 else f"{whole_seconds(seconds)} ago"


def size(n_bytes: float) -> str:
    """A number of bytes in decimal units (IEC 80000-13): `812 B`, `1.2 kB`, `41 kB`, `3.4 MB`."""
    if n_bytes < 1000:
        return f"{max(n_bytes, 0):.0f} B"
    for unit in ("kB", "MB", "GB"):
        n_bytes /= 1000
        if n_bytes < 9.95:
            return f"{n_bytes:.1f} {unit}".replace(".0 ", " ")
        if n_bytes < 999.5:
            return f"{n_bytes:.0f} {unit}"
    return f"{n_bytes / 1000:,.0f} TB"


def rate(per_second: float) -> str:
    """`1.9/s`, `140/s`, or `12/min` when it is slow."""
    if per_second >= 9.95:
        return f"{per_second:,.0f}/s"
    return f"{per_second:.1f}/s" if per_second >= 0.95 else f"{per_second * _MINUTE:.0f}/min"


def count(number: int, singular: str, plural: str = "") -> str:
    """`1 item`, `2 items`, `1,842 tokens`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
