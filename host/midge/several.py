"""``[[sensors]]`` of ``midge.toml``: several sensors in one model.

Two ways to put them together:

- *Early fusion*: one ``[window]`` (and ``[features]``) for all. Their channels stand side by side
  at the pace of the first sensor (:mod:`midge.device.fusion`).
- *Branches*: each sensor has a window and features of its own, and the model an input for each.

Either way the rest of Midge sees one sensor: with branches its sample is a *packet*, what all
sensors give in the longest time (a *tick*) that is a whole number of samples of each.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from midge.project import (
    _IDENTIFIER,
    FeaturesSection,
    Project,
    ProjectError,
    SensorSection,
    WindowSection,
    features_of,
    read_section,
)
from midge.sections import key

FUSED, PACKETS = "fusion", "packets"  # kinds of the one sensor that the rest of Midge sees
_DENOMINATOR = 1000  # of rates, in Hz


@dataclasses.dataclass(frozen=True, kw_only=True)
class NamedSensor(SensorSection):
    """[[sensors]]: one of several sensors, with all keys of [sensor].

    With ``[sensors.window]`` and ``[sensors.features]`` under it the sensor has an input of the
    model for itself; without, all share ``[window]`` and ``[features]``.
    """

    name: str = key("what its recordings are called: TAKE.NAME.csv", pattern=_IDENTIFIER)
    window: WindowSection | None = None
    features: FeaturesSection = FeaturesSection()

    @property
    def rate(self) -> Fraction:
        """Samples a second."""
        return Fraction(self.rate_hz).limit_denominator(_DENOMINATOR)


def read(file: Path, content: dict[str, Any]) -> dict[str, Any]:
    """Fields of :class:`Project` for the ``[[sensors]]`` of a file.

    Raises:
        ProjectError: a wrong key, or sensors that do not go together.
    """
    given = content["sensors"]
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise ProjectError(
            f"needs sections, found {given!r}", where=f"{file}: sensors",
            do="write [[sensors]] on a line of its own for each sensor",
        )  # fmt: skip
    sensors = tuple(_one(file, number, values) for number, values in enumerate(given, 1))
    _check(file, content, sensors)
    if sensors[0].window is None:
        return {"sensors": sensors, "sensor": _fused(file, sensors)}
    return {"sensors": sensors, **_packets(file, sensors)}


def _one(file: Path, number: int, values: dict[str, Any]) -> NamedSensor:
    section = f"sensors ({values.get('name', number)})"
    own = {name: value for name, value in values.items() if name not in ("window", "features")}
    sensor: NamedSensor = read_section(
        file, section, NamedSensor, own, leave=("window", "features")
    )
    window, features = values.get("window"), values.get("features")
    if window is not None:
        window = read_section(file, f"{section} window", WindowSection, window)
        sensor = dataclasses.replace(sensor, window=window)
    if features is not None:
        found = features_of(features) if isinstance(features, dict) else features
        features = read_section(file, f"{section} features", FeaturesSection, found)
        sensor = dataclasses.replace(sensor, features=features)
    return sensor


def _check(file: Path, content: dict[str, Any], sensors: tuple[NamedSensor, ...]) -> None:
    names = [sensor.name for sensor in sensors]
    if len(set(names)) != len(names) or len(names) < 2:
        raise ProjectError(
            f"needs two or more sensors of different names, found {', '.join(names) or 'none'}",
            where=f"{file}: [[sensors]]", do="a single one is [sensor]",
        )  # fmt: skip
    if "sensor" in content:
        raise ProjectError(
            "[sensor] and [[sensors]] stand there, needed one of them", where=str(file),
            do="make [sensor] one of the [[sensors]], with a name",
        )  # fmt: skip
    empty = [sensor.name for sensor in sensors if not sensor.channels]
    if empty:
        raise ProjectError(
            f"{empty[0]} has no channels", where=f"{file}: [[sensors]]",
            do='name each value of a sample, e.g. channels = ["x", "y", "z"]',
        )  # fmt: skip
    own = [sensor.name for sensor in sensors if sensor.window]
    other = [section for section in ("window", "features") if section in content]
    if own and (other or len(own) < len(sensors)):
        without = ", ".join(set(names) - set(own)) or f"[{other[0]}] is for all"
        raise ProjectError(
            f"{', '.join(own)} with a window of its own, {without}: needed one or the other",
            where=f"{file}: [[sensors]]",
            do="give each sensor [sensors.window], or none of them and [window] for all",
        )  # fmt: skip
    lonely = [s.name for s in sensors if not s.window and s.features != FeaturesSection()]
    if lonely:
        raise ProjectError(
            f"{lonely[0]} has features and no window", where=f"{file}: [[sensors]]",
            do="add [sensors.window], or move the features to [features]",
        )  # fmt: skip


def _fused(file: Path, sensors: tuple[NamedSensor, ...]) -> SensorSection:
    channels = [channel for sensor in sensors for channel in sensor.channels]
    twice = sorted({name for name in channels if channels.count(name) > 1})
    if twice:
        raise ProjectError(
            f"two sensors have a channel {twice[0]}", where=f"{file}: [[sensors]] channels",
            do="rename one: they stand side by side in a sample",
        )  # fmt: skip
    return SensorSection(kind=FUSED, rate_hz=sensors[0].rate_hz, channels=channels)


def tick_hz(sensors: tuple[NamedSensor, ...]) -> Fraction:
    """The largest rate of which every sensor's is a multiple."""
    common = functools.reduce(math.lcm, (sensor.rate.denominator for sensor in sensors))
    whole = [int(sensor.rate * common) for sensor in sensors]
    return Fraction(functools.reduce(math.gcd, whole), common)


def per_tick(sensors: tuple[NamedSensor, ...]) -> list[int]:
    """Samples of each sensor in a packet."""
    return [int(sensor.rate / tick_hz(sensors)) for sensor in sensors]


def _packets(file: Path, sensors: tuple[NamedSensor, ...]) -> dict[str, Any]:
    """The one sensor and window, in packets; refuses windows that do not come together."""
    tick = tick_hz(sensors)
    length, hop = (
        _ticks(file, sensors, name, [_samples(s, name) for s in sensors], tick)
        for name in ("length", "hop")
    )
    channels = [
        f"{sensor.name}.{channel}.{i}"
        for sensor, n in zip(sensors, per_tick(sensors), strict=True)
        for i in range(n)
        for channel in sensor.channels
    ]
    return {
        "sensor": SensorSection(kind=PACKETS, rate_hz=float(tick), channels=channels),
        "window": WindowSection(length, hop),
    }


def _samples(sensor: NamedSensor, name: str) -> int:
    assert sensor.window is not None
    return (sensor.window.hop if name == "hop" else 0) or sensor.window.length


def _ticks(
    file: Path, sensors: tuple[NamedSensor, ...], name: str, samples: list[int], tick: Fraction
) -> int:
    seconds = [n / sensor.rate for n, sensor in zip(samples, sensors, strict=True)]
    ticks = seconds[0] * tick
    if len(set(seconds)) > 1 or ticks.denominator != 1:
        found = ", ".join(
            f"{sensor.name} {n} of {sensor.rate_hz:g} Hz ({float(s):.6g} s)"
            for sensor, n, s in zip(sensors, samples, seconds, strict=True)
        )
        raise ProjectError(
            f"windows must come together: {name}s are {found}; needed the same time, a multiple "
            f"of {float(1 / tick):g} s",
            where=f"{file}: [[sensors]] window", do="change a window's length or hop",
        )  # fmt: skip
    return int(ticks)


def branches(project: Project) -> tuple[Project, ...]:
    """The project as each of its branches sees it, with one sensor, window and features; empty
    without branches."""
    sensors = named(project)
    return tuple(
        dataclasses.replace(
            project, sensors=(), sensor=sensor, window=sensor.window, features=sensor.features
        )
        for sensor in sensors
        if sensor.window is not None
    )


def named(project: Project) -> tuple[NamedSensor, ...]:
    """Its ``[[sensors]]``."""
    return tuple(sensor for sensor in project.sensors if isinstance(sensor, NamedSensor))


def unpack(project: Project, packets: np.ndarray) -> list[np.ndarray]:
    """What each sensor gave: int16 ``[..., samples, channels]`` of packets ``[..., ticks, n]``."""
    sensors, at, parts = named(project), 0, []
    for sensor, n in zip(sensors, per_tick(sensors), strict=True):
        size = n * len(sensor.channels)
        part = packets[..., at : at + size]
        shape = (*packets.shape[:-2], packets.shape[-2] * n, len(sensor.channels))
        parts.append(np.ascontiguousarray(part).reshape(shape))
        at += size
    return parts


def played(project: Project, counts: np.ndarray) -> list[np.ndarray]:
    """What each sensor plays so that a board gets ``counts``, int16 ``[n, channels]``, again. Of
    fused counts a faster sensor plays each value as often as it is asked, a slower one every n-th.
    """
    if branches(project):
        return unpack(project, counts)
    sensors, at, parts = named(project), 0, []
    for sensor in sensors:
        part = counts[:, at : at + len(sensor.channels)]
        n = int(len(part) * sensor.rate / sensors[0].rate)
        rows = (np.arange(n) * float(sensors[0].rate / sensor.rate)).astype(np.int64)
        parts.append(np.ascontiguousarray(part[rows]))
        at += len(sensor.channels)
    return parts
