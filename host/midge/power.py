"""Energy of an inference, of a day, and how long a battery lasts: from the board's currents.

What is counted: the core at ``active_ma`` for as long as an inference takes (and for ``awake`` of
the time besides), asleep otherwise, and what is always on (``extra_ma``). What is not: a
converter's losses beyond those in the board's measured currents, a battery's self-discharge, its
capacity in the cold.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from midge.boards import Board
    from midge.project import PowerSection, Project

HOUR_S = 3600
DAY_S = 24 * HOUR_S


@dataclasses.dataclass(frozen=True)
class Duty:
    """How often a board decides, and what it does in between.

    Args:
        decisions_per_hour: inferences.
        sleep_ma: mA at the board's ``supply_volts`` between them.
        awake: share of the time that the core is awake besides inferences, 0...1.
        extra_ma: mA of what is always on beside the board: the sensor.
        battery_mah: the battery's charge; None: there is none.
        battery_volts: its voltage.
    """

    decisions_per_hour: float
    sleep_ma: float
    awake: float = 0.0
    extra_ma: float = 0.0
    battery_mah: float | None = None
    battery_volts: float = 5.0


@dataclasses.dataclass(frozen=True)
class Usage:
    """Energy, from a number of cycles of one inference. ``battery_days`` is None without one."""

    decisions_per_hour: float
    inference_mj: float
    awake_share: float  # of the time, inferences included; above 1: it cannot keep up
    average_ma: float
    day_j: float
    battery_days: float | None

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return dataclasses.asdict(self)


def inference_mj(board: Board, cycles: float) -> float:
    """Millijoules of one inference: time awake, times current, times voltage."""
    return board.active_ma * board.supply_volts * cycles / board.clock_hz


def duty_of(project: Project, board: Board) -> Duty:
    """What ``[power]``, ``[sensor]`` and ``[window]`` of ``midge.toml`` say."""
    power: PowerSection = project.power
    asleep = {
        "lightsleep": board.lightsleep_ma,
        "dormant": board.dormant_ma,
        "none": board.active_ma,
    }
    return Duty(
        power.decisions_per_hour or HOUR_S * project.sensor.rate_hz / project.hop,
        asleep[power.sleep],
        power.awake,
        power.extra_ma,
        power.battery_mah,
        power.battery_volts or board.supply_volts,
    )


def usage(board: Board, cycles: float, duty: Duty) -> Usage:
    """Energy of a board that decides by ``cycles`` each time.

    ``cycles`` are those of one decision: the inference, and its features where they are known.
    """
    busy = cycles / board.clock_hz * duty.decisions_per_hour / HOUR_S + duty.awake
    share = min(busy, 1.0)
    average = share * board.active_ma + (1 - share) * duty.sleep_ma + duty.extra_ma
    watts = average * board.supply_volts / 1000
    days = None
    if duty.battery_mah is not None:
        days = battery_day_j(duty, watts * DAY_S)  # the same quotient
    return Usage(
        duty.decisions_per_hour,
        inference_mj(board, cycles),
        busy,
        average,
        watts * DAY_S,
        days,
    )


def cycles_for(board: Board, duty: Duty, day_j: float) -> float:
    """Cycles of one decision with which a day takes ``day_j`` joules; below 0 where the board
    takes more without any."""
    average = 1000 * day_j / DAY_S / board.supply_volts
    asleep = duty.sleep_ma + duty.extra_ma
    if board.active_ma <= duty.sleep_ma:  # it does not sleep: an inference costs nothing more
        return float("inf") if average >= asleep else -1.0
    share = (average - asleep) / (board.active_ma - duty.sleep_ma) - duty.awake
    if share >= 1 - duty.awake:
        return float("inf")
    return share * board.clock_hz * HOUR_S / duty.decisions_per_hour


def battery_day_j(duty: Duty, days: float) -> float:
    """Joules that a day may take for the battery to last so long."""
    charge = duty.battery_mah or 0.0
    return charge * duty.battery_volts / 1000 * HOUR_S / days


def describe(found: Usage) -> str:
    """One line for people."""
    line = (
        f"energy: {found.inference_mj:.3g} mJ an inference; {found.decisions_per_hour:,.4g} an "
        f"hour: awake {found.awake_share:.2%} of the time, {found.average_ma:.3g} mA on average, "
        f"{found.day_j:,.4g} J a day"
    )
    if found.battery_days is None:
        return line
    return f"{line}; the battery lasts {found.battery_days:,.3g} days"
