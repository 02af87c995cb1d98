"""A window as a picture: its signals, the features that the model sees, what matters in them."""

from __future__ import annotations

import numpy as np

from midge.report import png, svg
from midge.report.occlusion import Looks, Map
from midge.report.views import View

LANES = 9  # channels of a sensor drawn, at most
_LEFT, _RIGHT = 56.0, 6.0  # beside the lanes
_SPAN = svg.WIDTH - _LEFT - _RIGHT
_ROW = 84.0  # height of a picture of features, and of a single lane
_IMAGE = 134.0  # width and height of a camera's picture, at most
_NAMES = {"input": "seen", "importance": "matters"}

Over = tuple[Looks, Map] | None


class Pictures:
    """Draws windows of a test split; each channel at the same scale in all of them."""

    def __init__(self, views: list[View]):
        self._views = views
        # nearly all samples fit in; a few extremes are cut off
        self._ranges = [np.percentile(v.counts, [0.2, 99.8], axis=(0, 1)) for v in views]

    def draw(self, window: int, over: Over = None) -> str:
        """Lanes of signals; below them the features, if any. ``over``: what matters in them."""
        parts: list[str] = []
        y = 0.0
        for number, view in enumerate(self._views):
            if view.image:
                y = self._image(parts, y, number, window, over)
                continue
            y = self._signals(parts, y, number, window, over)
            if not view.plain:
                y = self._features(parts, y + 5, number, window, over)
        if all(view.image for view in self._views):
            return svg.svg(svg.WIDTH, y, f"test window {window}", parts)
        seconds = len(self._views[0].counts[window]) / self._views[0].rate_hz
        for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
            words = f"{share * seconds:.3g} s"
            parts.append(svg.text(_LEFT + share * _SPAN, y + 14, words, anchor=anchor))
        return svg.svg(svg.WIDTH, y + 19, f"test window {window}", parts)

    def _signals(self, parts: list[str], y: float, number: int, window: int, over: Over) -> float:
        """Lanes from ``y`` on; returns where they end."""
        view, (low, high) = self._views[number], self._ranges[number]
        lanes = min(len(view.channels), LANES)
        tall = max(20.0, 130.0 / lanes) if lanes > 1 else _ROW
        if over is not None and view.plain:
            parts += _cells(*over, number, y, tall, lanes)
        for channel in range(lanes):
            top = y + channel * tall
            foot = [(_LEFT, top + tall), (_LEFT + _SPAN, top + tall)]
            parts.append(svg.polyline(foot, svg.GRID, width=1))
            parts.append(
                svg.trace(view.counts[window, :, channel], low[channel], high[channel], _LEFT,
                          top + 2, _SPAN, tall - 4, svg.INK)
            )  # fmt: skip
            name = _short(view.channels[channel])
            parts.append(svg.text(_LEFT - 5, top + tall / 2 + 4, name, anchor="end"))
        return y + lanes * tall

    def _image(self, parts: list[str], y: float, number: int, window: int, over: Over) -> float:
        """What the model sees of a camera's picture; below it what matters."""
        view = self._views[number]
        assert view.image is not None
        height, width, channels = view.image
        seen = (view.inputs[window].astype(int) + 128).reshape(height, width, channels)
        shown = [png.uri(np.broadcast_to(seen, (height, width, 3)).astype(np.uint8))]
        if over is not None:
            shown.append(png.data_uri(_matters(*over, number), "importance"))
        scale = min(_IMAGE / width, _IMAGE / height)
        for at, uri in enumerate(shown):
            x = _LEFT / 2 + at * (_IMAGE + 12)
            parts.append(svg.image(x, y, width * scale, height * scale, uri))
        return y + height * scale + 6

    def _features(self, parts: list[str], y: float, number: int, window: int, over: Over) -> float:
        for ramp, values in _pixels(self._views[number], number, window, over):
            parts.append(svg.image(_LEFT, y, _SPAN, _ROW, png.data_uri(values, ramp)))
            parts.append(svg.text(_LEFT - 5, y + _ROW / 2 + 4, _NAMES[ramp], anchor="end"))
            y += _ROW + 5
        return y


def _pixels(view: View, number: int, window: int, over: Over) -> list[tuple[str, np.ndarray]]:
    """Pictures of ``[columns, rows]``, low columns at the foot."""
    values = view.inputs[window].astype(np.float64).T[::-1]
    found = [("input", (values + 128) / 255)]
    if over is not None:
        found.append(("importance", _matters(*over, number).T[::-1]))
    return found


def _matters(where: Looks, one: Map, number: int) -> np.ndarray:
    """How much each part and column of an input matters, at most 1: ``[parts, columns]``."""
    columns = [
        np.tile(falls[:, np.newaxis] / max(one.top, 1e-9), (1, group.end - group.start))
        for group, falls in zip(where.groups, one.falls, strict=True)
        if group.view == number
    ]
    return np.concatenate(columns, axis=1)


def _cells(where: Looks, one: Map, number: int, y: float, tall: float, lanes: int) -> list[str]:
    """What matters as boxes behind the lanes of its channels."""
    found = []
    for group, falls in zip(where.groups, one.falls, strict=True):
        if group.view != number:
            continue
        first, last = min(group.start, lanes), min(group.end, lanes)
        width = _SPAN / len(falls)
        for part, fall in enumerate(falls):
            # three quarters of the ramp: a dark line is drawn over it
            colour = png.hexed(0.75 * max(0.0, float(fall)) / max(one.top, 1e-9), "importance")
            tip = f"{group.name}: odds {times_lower(float(fall))} times lower"
            found.append(
                svg.rect(_LEFT + part * width, y + first * tall, width + 0.2,
                         (last - first) * tall, colour, tip=tip)
            )  # fmt: skip
    return found


def times_lower(fall: float) -> str:
    """A fall of log-odds as a factor, for people."""
    factor = float(np.exp(fall))
    return f"{factor:.1f}" if factor < 10 else f"{factor:,.0f}"


def _short(name: str) -> str:
    return name if len(name) <= 7 else name[:6] + "\u2026"
