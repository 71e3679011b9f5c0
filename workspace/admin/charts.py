"""Bars drawn by the server: attributes alone, because style attributes are forbidden on these pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

HEIGHT = 96
GAP = 0.2
LEAST_HEIGHT = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rect:
    """One piece of a bar. `x` and `width` are per cent of the chart's width, `y` and `height` pixels;
    `kind` is ok or no, `title` is what a pointer or a screen reader gets."""

    x: str
    y: str
    width: str
    height: str
    kind: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What parts/chart.html draws. `rows` is the table behind the bars, newest first; `peak` the highest
    bar."""

    rects: tuple[Rect, ...]
    rows: tuple[tuple[date, int, int], ...]
    height: int
    peak: int
    accepted: int
    refused: int


def bars(points: Sequence[tuple[date, int, int]]) -> Chart:
    """One bar a day, the refused part on top of the accepted one. `points` are (day, accepted, refused),
    oldest first. A count above zero is always seen, however high the others are."""
    peak = max((ok + bad for _, ok, bad in points), default=0)
    rects: list[Rect] = []
    for index, (day, ok, bad) in enumerate(points):
        below = 0.0
        for kind, count, word in (("ok", ok, "accepted"), ("no", bad, "refused")):
            if not count:
                continue
            tall = max(LEAST_HEIGHT, count / peak * (HEIGHT - 2 * LEAST_HEIGHT))
            below += tall
            rects.append(_rect(index, len(points), HEIGHT - below, tall, kind, f"{day}: {count} {word}"))
    return Chart(
        rects=tuple(rects),
        rows=tuple(reversed(points)),
        height=HEIGHT,
        peak=peak,
        accepted=sum(ok for _, ok, _ in points),
        refused=sum(bad for _, _, bad in points),
    )


def _rect(index: int, of: int, y: float, height: float, kind: str, title: str) -> Rect:
    slot = 100 / of
    return Rect(
        x=f"{slot * (index + GAP / 2):.2f}%",
        y=f"{y:.1f}",
        width=f"{slot * (1 - GAP):.2f}%",
        height=f"{height:.1f}",
        kind=kind,
        title=title,
    )
