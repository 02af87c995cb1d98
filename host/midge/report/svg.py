"""Small pictures as inline SVG, about as wide as a phone so that their text keeps its size."""

from __future__ import annotations

import html
import itertools
from collections.abc import Sequence

import numpy as np

WIDTH = 340
INK, FAINT, GRID = "#222222", "#5f6b76", "#e3e7eb"
# Okabe and Ito's palette, the yellow darker; more classes than these take dashes.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#b5568f", "#c98a00", "#3d9bd6", "#7f6a00")
_DASHES = ("", "6 3", "2 3")

Point = tuple[float, float]


def esc(text: object) -> str:
    """Text for HTML and SVG."""
    return html.escape(str(text), quote=True)


def colour(number: int) -> str:
    """Of class ``number``."""
    return COLOURS[number % len(COLOURS)]


def dash(number: int) -> str:
    """``stroke-dasharray`` of class ``number``."""
    return _DASHES[number // len(COLOURS) % len(_DASHES)]


def svg(width: float, height: float, label: str, parts: Sequence[str]) -> str:
    """A picture that shrinks with the page; ``label`` is read to those who do not see it."""
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" style="max-width:{width:g}px" role="img" '
        f'aria-label="{esc(label)}" xmlns="http://www.w3.org/2000/svg">'
        + "".join(parts)
        + "</svg>"
    )


def text(x: float, y: float, words: object, *, anchor: str = "start", fill: str = FAINT,
         size: float = 11, bold: bool = False, turn: float = 0) -> str:  # fmt: skip
    """Words at a place; ``turn`` in degrees."""
    weight = ' font-weight="600"' if bold else ""
    rotate = f' transform="rotate({turn:g} {x:.1f} {y:.1f})"' if turn else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" '
        f'font-size="{size:g}"{weight}{rotate}>{esc(words)}</text>'
    )


def polyline(points: Sequence[Point], stroke: str, *, width: float = 1.6, dashes: str = "") -> str:
    """A line through points in the picture's units."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<polyline points="{path}" fill="none" stroke="{stroke}" stroke-width="{width:g}" '
        f'stroke-linejoin="round"{dashed}/>'
    )


def rect(x: float, y: float, width: float, height: float, fill: str, *, tip: str = "",
         opacity: float = 1) -> str:  # fmt: skip
    """A filled box, with a tip that a mouse shows."""
    inside = f"<title>{esc(tip)}</title>" if tip else ""
    faint = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
    return (
        f'<rect x="{x:.2f}" y="{y:.2f}" width="{max(0.0, width):.2f}" '
        f'height="{max(0.0, height):.2f}" fill="{fill}"{faint}>{inside}</rect>'
    )


def image(x: float, y: float, width: float, height: float, uri: str) -> str:
    """A picture of pixels, not smoothed."""
    return (
        f'<image x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" href="{uri}" '
        'preserveAspectRatio="none" style="image-rendering:pixelated"/>'
    )


class Plot:
    """Axes 0...1 both ways, as shares and scores have."""

    left, top, inner, bottom = 46.0, 10.0, 274.0, 40.0

    def __init__(self, x_title: str, y_title: str, *, height: float = 230, y_low: float = 0.0):
        self._height, self._y_low = height, y_low
        self._parts = [self._grid(x_title, y_title)]

    def x(self, value: float) -> float:
        return self.left + self.inner * value

    def y(self, value: float) -> float:
        span = max(1e-9, 1.0 - self._y_low)
        return self.top + self._height * (1.0 - (value - self._y_low) / span)

    def _grid(self, x_title: str, y_title: str) -> str:
        base = self.top + self._height
        parts = []
        for i in range(6):
            share = i / 5
            value = self._y_low + (1 - self._y_low) * share
            parts += [
                polyline([(self.left, self.y(value)), (self.x(1), self.y(value))], GRID, width=1),
                text(self.left - 6, self.y(value) + 4, f"{value:.2g}", anchor="end"),
                polyline([(self.x(share), self.top), (self.x(share), base)], GRID, width=1),
                text(self.x(share), base + 15, f"{share:.1g}", anchor="middle"),
            ]
        parts.append(text(self.x(0.5), base + 33, x_title, anchor="middle", size=12))
        parts.append(
            text(12, self.top + self._height / 2, y_title, anchor="middle", size=12, turn=-90)
        )
        return "".join(parts)

    def line(
        self, points: Sequence[Point], stroke: str, *, dashes: str = "", width: float = 2
    ) -> None:
        """A line in the axes' units."""
        places = [(self.x(x), self.y(y)) for x, y in points]
        self._parts.append(polyline(places, stroke, width=width, dashes=dashes))

    def dot(self, x: float, y: float, fill: str, tip: str, *, radius: float = 4.5) -> None:
        """A dot with a tip."""
        self._parts.append(
            f'<circle cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="{radius:.1f}" fill="{fill}" '
            f'stroke="#fff" stroke-width="1.2"><title>{esc(tip)}</title></circle>'
        )

    def whisker(self, x: float, low: float, high: float, stroke: str) -> None:
        """An interval in the y axis's units."""
        self.line([(x, low), (x, high)], stroke, width=1.2)

    def bar(self, x: float, width: float, height: float, fill: str, tip: str) -> None:
        """A bar from the x axis, ``height`` a share of the axis."""
        tall = self._height * height
        at = self.top + self._height - tall
        self._parts.append(rect(self.x(x), at, self.inner * width, tall, fill, tip=tip))

    def render(self, label: str) -> str:
        """The picture."""
        return svg(WIDTH, self.top + self._height + self.bottom, label, self._parts)


def interval(low: float, value: float, high: float, start: float, tip: str) -> str:
    """A share with its interval on a line from ``start`` to 1, for a cell of a table."""
    width, height, margin = 190.0, 18.0, 6.0
    span = max(1e-9, 1.0 - start)

    def at(share: float) -> float:
        return margin + (width - 2 * margin) * (share - start) / span

    parts = [
        polyline([(at(start), 9), (at(1), 9)], GRID, width=1),
        *(polyline([(at(e), 5), (at(e), 13)], GRID, width=1) for e in (start, 1.0)),
        rect(at(low), 6.5, at(high) - at(low), 5, COLOURS[0], opacity=0.35),
        f'<circle cx="{at(value):.1f}" cy="9" r="4" fill="{COLOURS[0]}">'
        f"<title>{esc(tip)}</title></circle>",
    ]
    return svg(width, height, tip, parts)


def trace(values: np.ndarray, low: float, high: float, x: float, y: float, width: float,
          height: float, stroke: str) -> str:  # fmt: skip
    """A signal ``[n]`` in a box, ``low`` at its foot; many samples are drawn as their extremes."""
    span = max(1e-9, high - low)
    spots = int(width)
    if len(values) > 2 * spots:
        edges = np.linspace(0, len(values), spots + 1).astype(int)
        places = np.repeat((edges[:-1] + edges[1:]) / 2, 2)
        pairs = [(values[a:b].min(), values[a:b].max()) for a, b in itertools.pairwise(edges)]
        heights = np.array(pairs, np.float64).reshape(-1)
    else:
        places, heights = np.arange(len(values)) + 0.5, values.astype(np.float64)
    xs = x + width * places / len(values)
    ys = y + height * (1 - np.clip((heights - low) / span, 0, 1))
    return polyline(list(zip(xs.tolist(), ys.tolist(), strict=True)), stroke, width=1.1)
