"""Windows as pictures: the worst answers, and what the model looks at."""

from __future__ import annotations

import dataclasses

import numpy as np

from midge.report import kit, png, svg
from midge.report.evidence import Evidence
from midge.report.kit import Html, Section
from midge.report.occlusion import Looks, Map

_SHOWN = 8
_UNSURE = 0.9  # of right answers, those are shown whose score leads by less
_LANES = 9  # channels drawn, at most
_LEFT, _RIGHT = 56.0, 6.0  # beside the lanes
_SPAN = svg.WIDTH - _LEFT - _RIGHT


@dataclasses.dataclass(frozen=True)
class Scale:
    """What every picture of this data has in common: each channel's range, in counts."""

    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, counts: np.ndarray) -> Scale:
        """Nearly all samples of the test split fit in; a few extremes are cut off."""
        low, high = np.percentile(counts, [0.2, 99.8], axis=(0, 1))
        return cls(low, high)


def worst(evidence: Evidence) -> Section:
    """The surest mistakes, then the least sure right answers."""
    n = np.arange(len(evidence.truth))
    others = evidence.scores.copy()
    others[n, evidence.truth] = -np.inf
    lead = evidence.scores[n, evidence.truth] - others.max(axis=1)
    # a tie that was called right stands behind the mistakes
    order = np.lexsort((n, lead, evidence.right))[:_SHOWN]
    order = np.array([i for r, i in enumerate(order) if r < 3 or lead[i] < _UNSURE])
    scale = Scale.of(evidence.data.test.counts)
    wrong = int((~evidence.right).sum())
    if not wrong:
        words = f"No window of {len(n):,} is called wrong; these were decided by least."
    elif wrong >= _SHOWN:
        words = f"{wrong:,} of {len(n):,} windows are called wrong; the surest mistakes."
    else:
        words = f"{wrong:,} of {len(n):,} windows are called wrong; they come first."
    parts = [_answer(evidence, int(i), scale) for i in order]
    body = kit.tag("p", words) + kit.panels(parts) + _axis_note(evidence)
    return Section("examples", "Worst examples", body)


def _answer(evidence: Evidence, window: int, scale: Scale) -> Html:
    labels, scores = evidence.data.labels, evidence.scores[window]
    truth, said = int(evidence.truth[window]), int(evidence.said[window])
    called = f"called {labels[said]} ({scores[said]:.2f})"
    if truth != said:
        title = kit.tag("b", called, cls="wrong") + kit.esc(
            f", is {labels[truth]} ({scores[truth]:.2f})"
        )
    else:
        second = int(np.argsort(scores, kind="stable")[-2])
        title = kit.tag("b", called) + kit.esc(f", before {labels[second]} ({scores[second]:.2f})")
    where = f"test window {window}"
    if evidence.data.test.groups is not None:
        where += (
            f", {evidence.project.data.group or 'recording'} {evidence.data.test.groups[window]}"
        )
    return kit.panel(title, Html(_picture(evidence, window, scale, None)), kit.note(where))


def _axis_note(evidence: Evidence) -> Html:
    words = "Signals in sensor counts, each channel at the same scale in all pictures."
    if evidence.compiled.features:
        words += " Below each signal: the features that the model sees, dark is high."
    if evidence.data.test.counts.shape[2] > _LANES:
        words += f" The first {_LANES} channels are drawn."
    return kit.note(words)


def looks(evidence: Evidence, found: Looks) -> Section | None:
    """A map for each class, and accuracy without each channel or group of features."""
    scale = Scale.of(evidence.data.test.counts)
    parts = []
    for label, one in zip(evidence.data.labels, found.maps, strict=True):
        if one is not None:
            picture = _picture(evidence, one.example, scale, (found, one))
            parts.append(kit.panel(kit.tag("b", label), Html(picture), _most(found, one)))
    if not parts:
        return None
    body = [
        kit.tag("p", "Orange is what a class hangs on: how far its odds fall on average when that "
                "part of the input is replaced by its mean, on the integer model itself. The "
                "signal is the surest example of the class."),
        kit.panels(parts),
        _without(evidence, found),
    ]  # fmt: skip
    return Section("looks", "What it looks at", kit.join(body))


def _most(found: Looks, one: Map) -> Html:
    """What the darkest part is, in words."""
    over = f"mean over {one.windows} window{'s' * (one.windows > 1)}"
    group, _ = np.unravel_index(int(one.falls.argmax()), one.falls.shape)
    if one.falls.max() <= 0:
        return kit.note(f"No part alone matters; {over}.")
    times = float(np.exp(one.falls.max()))
    return kit.note(
        f"Darkest: without {found.groups[int(group)].name} there, odds {_times(times)} times "
        f"lower; {over}."
    )


def _times(factor: float) -> str:
    return f"{factor:.1f}" if factor < 10 else f"{factor:,.0f}"


def _without(evidence: Evidence, found: Looks) -> Html:
    if len(found.groups) < 2:
        return Html("")
    most = max(found.whole.value - s.value for s in found.without)
    rows = []
    for group, share in zip(found.groups, found.without, strict=True):
        lost = found.whole.value - share.value
        rows.append((
            group.name, kit.percent(share.value), f"{-100 * lost + 0.0:+.1f}",
            kit.bar(max(0.0, lost) / most if most > 0 else 0.0),
        ))  # fmt: skip
    what = "features" if evidence.compiled.features else "channel"
    return kit.table(
        (f"without {what}", "accuracy", "points", ""), rows, left=(0, 3), id="without-table"
    ) + kit.note(
        f"On {found.whole.total:,} test windows, {kit.percent(found.whole.value)} with all. "
        "What another one says as well costs nothing when it is hidden alone."
    )  # fmt: skip


def _picture(evidence: Evidence, window: int, scale: Scale, over: tuple[Looks, Map] | None) -> str:
    """Lanes of signals; below them the features, if any. ``over``: importance behind them."""
    counts = evidence.data.test.counts[window]
    lanes = min(counts.shape[1], _LANES)
    tall = max(20.0, 130.0 / lanes) if lanes > 1 else 84.0
    parts: list[str] = []
    featured = bool(evidence.compiled.features)
    if over is not None and not featured:
        parts += _cells(*over, tall, lanes)
    for channel in range(lanes):
        y = channel * tall
        parts.append(
            svg.polyline([(_LEFT, y + tall), (_LEFT + _SPAN, y + tall)], svg.GRID, width=1)
        )
        parts.append(
            svg.trace(counts[:, channel], scale.low[channel], scale.high[channel], _LEFT, y + 2,
                      _SPAN, tall - 4, svg.INK)
        )  # fmt: skip
        name = evidence.data.channels[channel]
        parts.append(svg.text(_LEFT - 5, y + tall / 2 + 4, _short(name), anchor="end"))
    y = lanes * tall
    if featured:
        y += 5
        height = 84.0
        for ramp, values in _layers(evidence, window, over):
            parts.append(svg.image(_LEFT, y, _SPAN, height, png.data_uri(values, ramp)))
            parts.append(svg.text(_LEFT - 5, y + height / 2 + 4, _ROWS[ramp], anchor="end"))
            y += height + 5
    seconds = len(counts) / evidence.data.rate_hz
    for share in (0.0, 0.5, 1.0):
        anchor = ("start", "middle", "end")[round(2 * share)]
        words = f"{share * seconds:.3g} s"
        parts.append(svg.text(_LEFT + share * _SPAN, y + 14, words, anchor=anchor))
    return svg.svg(svg.WIDTH, y + 19, f"test window {window}", parts)


_ROWS = {"input": "seen", "importance": "matters"}


def _layers(
    evidence: Evidence, window: int, over: tuple[Looks, Map] | None
) -> list[tuple[str, np.ndarray]]:
    """Pictures of ``[columns, rows]``, low columns at the foot."""
    values = evidence.inputs[window].astype(np.float64).T[::-1]
    found = [("input", (values + 128) / 255 if values.min() < 0 else values / 255)]
    if over is not None:
        where, one = over
        falls = np.clip(one.falls / max(float(one.falls.max()), 1e-9), 0, 1)
        columns = np.repeat(falls, [g.end - g.start for g in where.groups], axis=0)
        found.append(("importance", columns[::-1]))
    return found


def _cells(where: Looks, one: Map, tall: float, lanes: int) -> list[str]:
    """Importance as boxes behind the lanes of its channels."""
    top = max(float(one.falls.max()), 1e-9)
    parts = one.falls.shape[1]
    found = []
    for group, falls in zip(where.groups, one.falls, strict=True):
        first, last = min(group.start, lanes), min(group.end, lanes)
        for part, fall in enumerate(falls):
            colour = png.hexed(0.75 * max(0.0, float(fall)) / top, "importance")
            tip = f"{group.name}: odds {_times(float(np.exp(fall)))} times lower"
            found.append(
                svg.rect(_LEFT + _SPAN * part / parts, first * tall, _SPAN / parts + 0.2,
                         (last - first) * tall, colour, tip=tip)
            )  # fmt: skip
    return found


def _short(name: str) -> str:
    return name if len(name) <= 7 else name[:6] + "\u2026"
