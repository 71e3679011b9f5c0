"""Charts drawn by the server as SVG: attributes alone, because these pages forbid style attributes. Colours
are classes; each chart's template has the same numbers as a table behind it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from roverbook.selectors.visits import Bucket

HEIGHT = 120
GAP = 0.18
LEAST_HEIGHT = 2.0
KINDS = (
    ("success", "succeeded"),
    ("partial", "partly done"),
    ("open", "without an end"),
    ("abandoned", "abandoned"),
    ("failure", "failed"),
)
"""The parts of a bar from below, and what they are called."""
TREND_WIDTH, TREND_HEIGHT = 600, 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One rectangle: `x` and `width` in per cent, `y` and `height` in pixels; `kind` names its colour."""

    x: str
    y: str
    width: str
    height: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One bar with all its parts. `x` and `width`: its whole place, which is the link to `href`."""

    label: str
    href: str
    title: str
    x: str
    width: str
    pieces: tuple[Piece, ...]
    bucket: Bucket


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What parts/columns.html draws. `first` and `last`: the labels at the ends; `peak`: the highest bar."""

    columns: tuple[Column, ...]
    height: int
    peak: int
    total: int
    first: str
    last: str

    @property
    def kinds(self) -> list[tuple[str, str, int]]:
        """(colour, name, how many) of each part that occurs, for the legend."""
        sums = [(kind, name, sum(getattr(one.bucket, kind) for one in self.columns)) for kind, name in KINDS]
        return [each for each in sums if each[2]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A line of scores, 0 to 100. `lines`: its unbroken parts as points of a polyline, and whether that part
    can be trusted; `dots`: days that stand alone."""

    lines: tuple[tuple[str, bool], ...]
    dots: tuple[tuple[str, str], ...]
    width: int
    height: int
    rows: tuple[tuple[date, int | None, bool], ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not (self.lines or self.dots)


def columns(buckets: Sequence[Bucket], hrefs: Sequence[str], *, by_root: bool = False) -> Columns:
    """A bar for each bucket. `by_root`: heights are square roots of the counts, so that a quiet day is seen
    beside a wild one."""
    peak = max((bucket.total for bucket in buckets), default=0)
    form = "%H:00" if _is_by_hour(buckets) else "%b %d"
    made = tuple(
        _column(bucket, href, f"{bucket.since:{form}}", index, len(buckets), peak, by_root=by_root)
        for index, (bucket, href) in enumerate(zip(buckets, hrefs, strict=True))
    )
    return Columns(
        columns=made,
        height=HEIGHT,
        peak=peak,
        total=sum(bucket.total for bucket in buckets),
        first=_day(buckets[0].since) if buckets else "",
        last=_day(buckets[-1].since) if buckets else "",
    )


def trend(points: Iterable[tuple[date, float | None, bool]], *, since: date, days: int) -> Trend:
    """The line through `points` (day, score, whether it is provisional), oldest first."""
    rows = tuple((day, None if score is None else round(score), weak) for day, score, weak in points)
    parts: list[tuple[list[str], bool]] = []
    before: tuple[date, str] | None = None
    for day, score, weak in rows:
        if score is None:
            before = None
            continue
        point = _point((day - since).days, days, score)
        if before is None:
            parts.append(([point], not weak))
        elif parts[-1][1] == (not weak):
            parts[-1][0].append(point)
        else:
            parts.append(([before[1], point], not weak))
        before = day, point
    lines = tuple((" ".join(one), is_sure) for one, is_sure in parts if len(one) > 1)
    dots = tuple((x, y) for one, _ in parts if len(one) == 1 for x, y in [one[0].split(",")])
    return Trend(lines=lines, dots=dots, width=TREND_WIDTH, height=TREND_HEIGHT, rows=tuple(reversed(rows)))


def bar_of(value: float, of: float) -> str:
    """The width of a bar, in per cent."""
    share = min(1.0, max(0.0, value / of)) if of else 0.0
    return f"{100 * share:.2f}%"


def _column(
    bucket: Bucket, href: str, label: str, index: int, of: int, peak: int, *, by_root: bool
) -> Column:
    slot = 100 / of
    whole = _height(bucket.total, peak, by_root=by_root)
    below, pieces = 0.0, list[Piece]()
    for kind, _ in KINDS:
        count = getattr(bucket, kind)
        if not count:
            continue
        tall = max(LEAST_HEIGHT, whole * count / bucket.total)
        below += tall
        pieces.append(
            Piece(
                x=f"{slot * (index + GAP / 2):.2f}%",
                y=f"{max(0.0, HEIGHT - below):.1f}",
                width=f"{slot * (1 - GAP):.2f}%",
                height=f"{tall:.1f}",
                kind=kind,
            )
        )
    told = ", ".join(f"{getattr(bucket, kind)} {name}" for kind, name in KINDS if getattr(bucket, kind))
    return Column(
        label=label,
        href=href,
        title=f"{label}: {told or 'no visits'}",
        x=f"{slot * index:.2f}%",
        width=f"{slot:.2f}%",
        pieces=tuple(pieces),
        bucket=bucket,
    )


def _height(count: int, peak: int, *, by_root: bool) -> float:
    if not count:
        return 0.0
    share = math.sqrt(count / peak) if by_root else count / peak
    return max(LEAST_HEIGHT, share * (HEIGHT - len(KINDS) * LEAST_HEIGHT))


def _is_by_hour(buckets: Sequence[Bucket]) -> bool:
    return bool(buckets) and (buckets[0].until - buckets[0].since).total_seconds() < 86_400


def _day(at: datetime) -> str:
    return f"{at:%b} {at.day}"


def _point(day: int, days: int, score: int) -> str:
    x = TREND_WIDTH * min(1.0, max(0.0, day / max(1, days - 1)))
    return f"{x:.1f},{TREND_HEIGHT - (TREND_HEIGHT - 4) * score / 100 - 2:.1f}"
