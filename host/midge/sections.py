"""Sections of ``midge.toml`` besides those in :mod:`midge.project`, and what a key is."""

from __future__ import annotations

import dataclasses
from typing import Any

REQUIRED = dataclasses.MISSING


def key(
    doc: str,
    default: Any = REQUIRED,
    *,
    low: float | None = None,
    high: float | None = None,
    pattern: str | None = None,
    choices: tuple[str | int, ...] = (),
) -> Any:
    """A key of the file: ``low`` and ``high`` are the ends of what is allowed, ``pattern`` a full
    match."""
    rules = {"doc": doc, "low": low, "high": high, "pattern": pattern, "choices": choices}
    if isinstance(default, (list, dict)):
        return dataclasses.field(default_factory=default.copy, metadata=rules)
    return dataclasses.field(default=default, metadata=rules)


@dataclasses.dataclass(frozen=True)
class BudgetSection:
    """[budget]: what the model may take; absent keys leave only the board's own limits."""

    flash_kb: float | None = key("KiB of flash for constants; kernels not counted", None, low=0)
    ram_kb: float | None = key("KiB of RAM for arena, state and features", None, low=0)
    latency_ms: float | None = key("milliseconds for one inference and its features", None, low=0)
    energy_mj: float | None = key("millijoules for one inference and its features", None, low=0)
    day_j: float | None = key("joules a day; see [power]", None, low=0)
    battery_days: float | None = key(
        "days that the battery has to last; needs [power] battery_mah", None, low=0
    )
    accuracy: float | None = key(
        "share of the windows to test with that the integer model has to get right",
        None,
        low=0,
        high=1,
    )
    prefer: str = key(
        "which kernels are chosen: the fastest that ram_kb and the board's RAM allow, or those "
        "with the smallest arena that latency_ms allows (without it: twice the fastest's time)",
        "speed",
        choices=("speed", "ram"),
    )


@dataclasses.dataclass(frozen=True)
class PowerSection:
    """[power]: how often the board decides and what it lives on, for energy and battery life."""

    decisions_per_hour: float = key("inferences an hour; 0: one every [window] hop", 0.0, low=0)
    sleep: str = key(
        "what the board does in between; its currents are in boards/",
        "lightsleep",
        choices=("lightsleep", "dormant", "none"),
    )
    awake: float = key(
        "share of the time that it is awake besides inferences, to sample and send",
        0.0,
        low=0,
        high=1,
    )
    extra_ma: float = key("milliamperes of what is always on beside the board", 0.0, low=0)
    battery_mah: float | None = key("the battery's charge, milliampere-hours", None, low=0)
    battery_volts: float = key("its voltage; 0: the board's supply", 0.0, low=0)


@dataclasses.dataclass(frozen=True)
class SearchSection:
    """[search]: what `midge search` may vary beside the options of [model] recipe."""

    trials: int = key("networks to train", 40, low=1)
    recipes: list[str] = key("recipes to try besides [model] recipe", [])
    windows: list[int] = key(
        "window lengths to try besides [window] length, samples; default: half of it, where "
        "recordings are cut into windows",
        [],
    )
    features: list[dict[str, Any]] = key(
        "what to try besides [features]: tables like it; {} is the samples themselves", []
    )
    epochs: int = key("passes over the data for one network; 0: as [model] epochs", 0, low=0)
    confirm: int = key(
        "networks of the front that are compared again, with the recipe, before they are named",
        3,
        low=0,
    )
    validation: float = key(
        "share of the data to train on, in whole groups, that networks are compared by",
        0.25,
        low=0.01,
        high=0.9,
    )
