"""What a script reported and what the sensor played, on one time axis; also as text.

Telemetry that is read (see `midge.telemetry`; times are the board's, in ms):

- ``window``: ``label`` and ``scores``, the model's int8 outputs; where given ``awake_ms`` and
  ``asleep_ms``, both since the start (`DutyCycle.stats`).
- ``alert``: ``label``.
- ``end``: where given ``awake_ms`` and ``asleep_ms``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from midge.train.stream import Stream


@dataclasses.dataclass
class Decision:
    """One classified window. ``truth`` is its class if it has but one, else ""."""

    end_s: float
    label: str
    scores: list[float]  # of each output, 0...1
    truth: str


@dataclasses.dataclass
class Alert:
    at_s: float
    label: str


@dataclasses.dataclass
class Timeline:
    """A run; all times in seconds since the first sample."""

    seconds: float
    hop_s: float
    windows: list[Decision]
    alerts: list[Alert]
    truth: list[tuple[float, float, str]]  # from, to, label
    awake: list[tuple[float, float, float]]  # from, to, share of this time awake, 0...1
    awake_share: float | None  # of the whole run

    def judged(self) -> tuple[int, int]:
        """Right windows, and windows of one class only (the others have no right answer)."""
        judged = [window for window in self.windows if window.truth]
        return sum(window.label == window.truth for window in judged), len(judged)


def timeline(
    records: list[dict[str, Any]],
    stream: Stream,
    *,
    length: int,
    hop: int,
    quant: tuple[float, int] = (1 / 256, -128),
) -> Timeline:
    """Puts ``records`` over ``stream``; windows have ``length`` samples, ``hop`` apart.

    ``quant`` is the scale and zero point of the scores; the default is what SOFTMAX and LOGISTIC
    always have (TFLite's int8 quantization specification).

    The board's clock starts with the script, the recording with the first reading: the first
    window's report, which comes when its last sample is in, ties the two together.
    """
    reports = [record for record in records if record["k"] == "window"]
    rate = stream.rate_hz
    zero_s = reports[0]["t"] / 1000 - (length - 1) / rate if reports else 0.0

    def seconds(record: dict[str, Any]) -> float:
        return max(0.0, record["t"] / 1000 - zero_s)

    windows = [
        Decision(
            seconds(record), str(record["label"]),
            [(score - quant[1]) * quant[0] for score in record["scores"]],
            _truth_at(stream, seconds(record), length),
        )
        for record in reports
    ]  # fmt: skip
    end_s = min(stream.seconds, windows[-1].end_s + 1.0 / rate) if windows else 0.0
    last = records[-1] if records else {}
    return Timeline(
        seconds=end_s,
        hop_s=hop / rate,
        windows=windows,
        alerts=[
            Alert(seconds(record), str(record.get("label", "alert")))
            for record in records
            if record["k"] == "alert"
        ],
        truth=_spans(stream, end_s),
        awake=_awake(reports, seconds),
        awake_share=_share(last) if last.get("k") == "end" else None,
    )


def summary(line: Timeline) -> str:
    """The run as text: one column a window, a letter a class, and the alerts below."""
    letters = _letters([*(span[2] for span in line.truth), *(w.label for w in line.windows)])
    truth = "".join(letters[window.truth] if window.truth else "." for window in line.windows)
    said = "".join(letters[window.label] for window in line.windows)
    ends = np.array([window.end_s for window in line.windows])
    marks = [" "] * len(line.windows)
    for alert in line.alerts:
        marks[int(np.abs(ends - alert.at_s).argmin())] = "!"
    right, judged = line.judged()
    rows = [
        f"truth   {truth}",
        f"board   {said}",
        f"alert   {''.join(marks).rstrip()}",
        "        " + ", ".join(f"{letter} {label}" for label, letter in letters.items())
        + ", . a change within the window",
        f"{right} of {judged} windows of one class right, "
        f"{len(line.alerts)} alert{'s' * (len(line.alerts) != 1)}, "
        f"{line.seconds:.0f} s",
    ]  # fmt: skip
    if line.awake_share is not None:
        rows[-1] += f", awake {line.awake_share:.1%} of the time"
    return "\n".join(rows)


def _truth_at(stream: Stream, end_s: float, length: int) -> str:
    """The class of the window whose last sample came at ``end_s``, if it has but one."""
    end = round(end_s * stream.rate_hz) + 1
    seen = np.unique(stream.classes[max(0, end - length) : end])
    return stream.labels[int(seen[0])] if len(seen) == 1 else ""


def _spans(stream: Stream, end_s: float) -> list[tuple[float, float, str]]:
    edges = np.flatnonzero(np.diff(stream.classes)) + 1
    starts = [0, *edges.tolist()]
    stops = [*edges.tolist(), len(stream.classes)]
    return [
        (start / stream.rate_hz, min(stop / stream.rate_hz, end_s), stream.labels[kind])
        for start, stop in zip(starts, stops, strict=True)
        if start / stream.rate_hz < end_s
        for kind in [int(stream.classes[start])]
    ]


def _awake(
    reports: list[dict[str, Any]], seconds: Callable[[dict[str, Any]], float]
) -> list[tuple[float, float, float]]:
    """Up to each report with counters, from the one before, the share of the time awake."""
    spans = []
    start, before = 0.0, {"awake_ms": 0, "asleep_ms": 0}
    for report in reports:
        if "awake_ms" not in report or "asleep_ms" not in report:
            continue
        counters = {key: report[key] for key in before}
        share = _share({key: counters[key] - before[key] for key in before})
        if share is not None:
            spans.append((start, seconds(report), share))
        start, before = seconds(report), counters
    return spans


def _share(counters: dict[str, Any]) -> float | None:
    """Awake time over all time, if the counters are there."""
    awake, asleep = counters.get("awake_ms"), counters.get("asleep_ms")
    if awake is None or asleep is None or awake + asleep <= 0:
        return None
    return awake / (awake + asleep)


def _letters(labels: list[str]) -> dict[str, str]:
    """A letter for each label: its first that is still free, in capitals where it can be."""
    letters: dict[str, str] = {}
    for label in dict.fromkeys(labels):
        wanted = [*label.upper(), *"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"]
        letters[label] = next(c for c in wanted if c.isalnum() and c not in letters.values())
    return letters
