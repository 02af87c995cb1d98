"""A run as a picture: the signal with its true classes, the scores, the alerts and the sleep.

Input is what a script reported (`midge.telemetry` records) and the recording that the sensor
played. `midge.timeline` puts both on one time axis.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from midge.errors import MidgeError
from midge.timeline import Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from midge.train.stream import Stream

# Okabe and Ito's palette: told apart by colour-blind people too.
_COLOURS = ["#56b4e9", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#0072b2", "#f0e442"]
_INK, _FAINT = "#222222", "#8a8a8a"
_MOST_LINES = 3  # channels drawn: of a motion sensor, the accelerometer


def draw(timeline: Timeline, stream: Stream, out: Path, *, title: str = "") -> Path:
    """Draws three panels over time into ``out`` (PNG, or what its suffix says); returns it.

    Raises:
        MidgeError: matplotlib is not installed, or the run reported no window.
    """
    if not timeline.windows:
        raise MidgeError(
            "nothing to draw: the run reported no window", do="see what the script printed"
        )
    try:
        import matplotlib
    except ImportError as err:
        raise MidgeError(
            f"the picture needs matplotlib: {err}", do="pip install 'midge[train]'"
        ) from err
    matplotlib.use("Agg", force=False)
    from matplotlib import pyplot

    colours = dict(zip(stream.labels, _COLOURS * len(stream.labels), strict=False))
    figure, (signal, scores, power) = pyplot.subplots(
        3, 1, sharex=True, figsize=(12, 6.6), dpi=120, layout="constrained",
        height_ratios=[4, 3, 1.5],
    )  # fmt: skip
    try:
        _draw_signal(signal, timeline, stream, colours)
        _draw_scores(scores, timeline, stream.labels, colours)
        _draw_power(power, timeline, colours)
        signal.set_xlim(0.0, timeline.seconds)
        figure.suptitle(title or "What the board saw and did", fontsize=13, color=_INK)
        _save(figure, Path(out))
    finally:
        pyplot.close(figure)
    return Path(out)


def _save(figure: Any, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        draft = Path(folder) / out.name
        figure.savefig(draft)
        os.replace(draft, out)


def _draw_signal(axes: Axes, timeline: Timeline, stream: Stream, colours: dict[str, str]) -> None:
    end = min(len(stream.counts), int(timeline.seconds * stream.rate_hz) + 1)
    time = [i / stream.rate_hz for i in range(end)]
    named: set[str] = set()
    for start, stop, label in timeline.truth:
        axes.axvspan(
            start, stop, color=colours[label], alpha=0.22, linewidth=0,
            label=None if label in named else label,
        )  # fmt: skip
        named.add(label)
    for channel, name in enumerate(stream.channels[:_MOST_LINES]):
        shade = ("#1b1b1b", "#5c5c5c", "#9b9b9b")[channel]
        axes.plot(
            time, stream.counts[:end, channel], color=shade, linewidth=0.7,
            label=name if stream.channels[1:] else None,
        )  # fmt: skip
    axes.set_ylabel("sensor counts")
    axes.set_title("Signal, with what it truly is", **_panel_title())
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=8, frameon=False, fontsize=9,
        handlelength=1.2, borderaxespad=0.2, columnspacing=1.2,
    )  # fmt: skip
    _plain(axes)


def _draw_scores(
    axes: Axes, timeline: Timeline, labels: list[str], colours: dict[str, str]
) -> None:
    """One bar a decision, as wide as the time since the last: the scores, the largest below."""
    for window in timeline.windows:
        named = list(zip(labels, window.scores, strict=False))
        if len(window.scores) == 1:  # yes or no: the colour says which
            named = [(window.label, window.scores[0])]
        base = 0.0
        for label, score in sorted(named, key=lambda pair: -pair[1]):
            axes.bar(
                window.end_s - timeline.hop_s, score, bottom=base, width=timeline.hop_s * 0.92,
                align="edge", color=colours.get(label, _FAINT), linewidth=0,
            )  # fmt: skip
            base += score
        if window.truth and window.label != window.truth:
            axes.plot(window.end_s - timeline.hop_s / 2, base + 0.07, "x", color=_INK, ms=5)
    right, judged = timeline.judged()
    text = f"{right} of {judged} windows of one class right" if judged else ""
    axes.set_ylim(0.0, 1.15)
    axes.set_yticks([0.0, 0.5, 1.0])
    axes.set_ylabel("score")
    axes.set_title("Decisions of the board, one bar a window", **_panel_title())
    axes.set_title(text, loc="right", fontsize=9, color=_FAINT)
    _plain(axes)


def _draw_power(axes: Axes, timeline: Timeline, colours: dict[str, str]) -> None:
    """Alerts above, the share of the time that the processor was awake below."""
    for alert in timeline.alerts:
        colour = colours.get(alert.label, _INK)
        axes.plot([alert.at_s, alert.at_s], [0.0, 1.35], color=colour, linewidth=1.2)
        axes.plot(alert.at_s, 1.35, "v", color=colour, ms=8)
        late = alert.at_s > 0.92 * timeline.seconds  # no room for its name on the right
        axes.annotate(
            alert.label, (alert.at_s, 1.35), xytext=(-7 if late else 7, -3), fontsize=8,
            textcoords="offset points", ha="right" if late else "left", color=_INK,
        )  # fmt: skip
    for start, stop, share in timeline.awake:
        axes.fill_between([start, stop], 0.0, 0.9, color="#dde6ee", linewidth=0)
        axes.fill_between([start, stop], 0.0, 0.9 * share, color="#31688e", linewidth=0)
    title = "Alerts; below, the share of the time awake (dark) and asleep (light)"
    axes.set_title(title if timeline.awake else "Alerts", **_panel_title())
    if timeline.awake_share is not None:
        text = f"awake {timeline.awake_share:.1%} of the time"
        axes.set_title(text, loc="right", fontsize=9, color=_FAINT)
    axes.set_ylim(0.0, 1.75)
    axes.set_yticks([])
    axes.set_xlabel("time, s")
    _plain(axes)


def _panel_title() -> dict[str, Any]:
    return {"loc": "left", "fontsize": 10, "color": _INK}


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=_FAINT, labelsize=9)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(_FAINT)
