"""Charts as SVG: what people without script see, print and hear; uPlot takes the same points where script runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from markupsafe import Markup

from buckler.watch.web import shown

WIDTH: Final = 640.0
HEIGHT: Final = 160.0
LEFT: Final = 34.0
BOTTOM: Final = 20.0
TOP: Final = 8.0
_CHART: Final = Markup(
    '<figure class="chart" data-points="{points}" data-label="{label}">'
    '<svg viewBox="0 0 640 160" role="img" aria-label="{told}">{inside}</svg>'
    "<figcaption>{label}</figcaption></figure>"
)
_GRID: Final = Markup(
    '<line class="grid" x1="34" x2="640" y1="%s" y2="%s"/><text class="tick" x="28" y="%s" text-anchor="end">%s</text>'
)
_LINE: Final = Markup('<polyline class="series" points="%s"/>')
_DOT: Final = Markup('<circle class="dot" cx="%s" cy="%s" r="2.5"/>')
_DATE: Final = Markup('<text class="tick" x="{x}" y="156" text-anchor="{anchor}">{text}</text>')


def chart(points: Sequence[tuple[float, float]], label: str, top: float = 100.0) -> Any:
    """A line over time, from zero to ``top``; nothing where there are less than two points.

    Args:
        points: Seconds since 1970 and value, by time.
        label: What is shown.
        top: Highest value.
    """
    return _drawn(tuple(points), label, top) if len(points) > 1 else ""


@lru_cache(maxsize=512)
def _drawn(points: tuple[tuple[float, float], ...], label: str, top: float) -> Markup:
    begin, end = points[0][0], points[-1][0]
    span = max(end - begin, 1.0)
    placed = [
        (
            round(LEFT + 4 + (at - begin) / span * (WIDTH - LEFT - 8), 1),
            round(TOP + (1 - min(max(value / top, 0.0), 1.0)) * (HEIGHT - TOP - BOTTOM), 1),
        )
        for at, value in points
    ]
    grid = Markup().join(_tick(share, top) for share in (0.0, 0.5, 1.0))
    line = _LINE % " ".join(f"{x},{y}" for x, y in placed)
    dots = Markup().join(_DOT % point for point in (placed if len(placed) < 40 else placed[-1:]))
    dates = _DATE.format(x=LEFT, anchor="start", text=shown.day(begin)) + _DATE.format(
        x=WIDTH, anchor="end", text=shown.day(end)
    )
    first, last = points[0][1], points[-1][1]
    told = f"{label}: {first:g} on {shown.day(begin)}, {last:g} on {shown.day(end)}"
    return _CHART.format(
        points=json.dumps([[at, value] for at, value in points]),
        label=label,
        told=told,
        inside=grid + line + dots + dates,
    )


def _tick(share: float, top: float) -> Markup:
    y = round(TOP + (1 - share) * (HEIGHT - TOP - BOTTOM), 1)
    return _GRID % (y, y, y + 4, f"{share * top:g}")
