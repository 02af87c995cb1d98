"""Holds a compiled model against ``[budget]`` of ``midge.toml``, before anything is built.

Cycles are those that :mod:`midge.cost` expects, energy comes of them (:mod:`midge.power`).
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

from midge import power
from midge.budget import flash_bytes, weights_by_layer
from midge.errors import BudgetError
from midge.project import FILE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midge.boards import Board
    from midge.choose import Point
    from midge.compile import CompiledModel
    from midge.project import Project

_SHOWN = 3
_KIB = 1024


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One key of the budget: ``limit`` and ``found`` in the key's unit.

    ``found`` is None where it is not known; ``least`` says that ``found`` is a lower bound.
    """

    key: str
    limit: float
    found: float | None
    least: bool = False

    @property
    def ok(self) -> bool | None:
        """None: not known."""
        if self.found is None:
            return None
        good = self.found >= self.limit if self.key in _AT_LEAST else self.found <= self.limit
        return None if good and self.least else good

    @property
    def excess(self) -> float:
        """By which factor the limit is not kept; at most 1 where it is."""
        if self.found is None:
            return math.inf
        if self.key in _AT_LEAST:
            return self.limit / self.found if self.found else math.inf
        return self.found / self.limit if self.limit else math.inf

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {**dataclasses.asdict(self), "ok": self.ok}


_AT_LEAST = ("accuracy", "battery_days")
_UNITS = {  # of what follows from an inference's cycles
    "latency_ms": "ms",
    "energy_mj": "mJ",
    "day_j": "J a day",
    "battery_days": "days",
}


@dataclasses.dataclass(frozen=True)
class Figures:
    """What is held against the budget. Bytes, cycles of one inference and of the features of what
    came since the window before, accuracy 0...1."""

    flash_bytes: int
    ram_bytes: int
    cycles: float
    accuracy: float | None = None
    unknown: tuple[str, ...] = ()  # kernels whose cycles are not in ``cycles``
    features_cycles: float = 0.0

    @property
    def decision_cycles(self) -> float:
        """Of a decision: features and inference."""
        return self.cycles + self.features_cycles


def figures_of(compiled: CompiledModel) -> Figures:
    """The figures of a compiled model, its accuracy from the sidecar."""
    steps = compiled.program.steps
    unknown = {step.kernel for step in steps if step.cycles is None}
    features = compiled.features_cycles
    if features is None:
        unknown.add("features")
    cycles = sum(step.cycles for step in steps if step.cycles is not None)
    accuracy = compiled.meta.extra.get("accuracy", {})
    found = [accuracy[kind] for kind in ("int8", "int16x8") if kind in accuracy]
    return Figures(
        flash_bytes(compiled),
        compiled.ram_bytes,
        cycles,
        found[0] if found else None,
        tuple(sorted(unknown)),
        features or 0.0,
    )


def judge(figures: Figures, board: Board, project: Project) -> list[Verdict]:
    """A verdict for each key that ``[budget]`` has, in their order there."""
    used = power.usage(board, figures.decision_cycles, power.duty_of(project, board))
    powered = board.active_ma > 0
    found = {
        "flash_kb": figures.flash_bytes / _KIB,
        "ram_kb": figures.ram_bytes / _KIB,
        "latency_ms": 1000 * figures.decision_cycles / board.clock_hz,
        "energy_mj": used.inference_mj if powered else None,
        "day_j": used.day_j if powered else None,
        "battery_days": used.battery_days if powered else None,
        "accuracy": figures.accuracy,
    }
    limits = {name: getattr(project.budget, name) for name in found}
    return [
        Verdict(name, limit, found[name], bool(figures.unknown) and name in _UNITS)
        for name, limit in limits.items()
        if limit is not None
    ]


def check_budget(compiled: CompiledModel, board: Board, project: Project) -> list[Verdict]:
    """Holds a model against its project's budget.

    Raises:
        BudgetError: over it, or not known to be within; says by how much, in which layers, what
            would help and which budget would be kept.
    """
    figures = figures_of(compiled)
    verdicts = judge(figures, board, project)
    lacks = [one for one in verdicts if one.ok is False or one.found is None]
    if lacks:
        where = f"{project.root / FILE}: [budget] "
        told = _explain(lacks, compiled, board, project)
        raise BudgetError(
            "\n".join(what for what, _ in told),
            where=where + ", ".join(one.key for one in lacks),
            do="; ".join(
                [*dict.fromkeys(do for _, do in told), *_nearest(compiled, board, project)]
            ),
        )
    return verdicts


def table(verdicts: Sequence[Verdict], figures: Figures) -> str:
    """Budgets for people, a line each."""
    lines = []
    for one in verdicts:
        sign = "at least" if one.key in _AT_LEAST else "at most"
        text = "not known" if one.found is None else f"{one.found:,.4g}"
        good = {True: "kept", False: "NOT KEPT", None: "not known"}[one.ok]
        lines.append(f"{one.key:<12}  {sign} {one.limit:>10,.6g}  found {text:>10}  {good}")
    if any(one.least for one in verdicts):
        lines.append(
            f"no figures for {', '.join(figures.unknown)}: their time is not in it; "
            "`midge bench` measures"
        )
    return "\n".join(lines)


def _explain(
    lacks: list[Verdict], compiled: CompiledModel, board: Board, project: Project
) -> list[tuple[str, str]]:
    """What is wrong, and what would help; what follows from an inference's time in one."""
    told = []
    for one in lacks:
        if one.key == "flash_kb":
            told.append(_flash(one, compiled))
        elif one.key == "ram_kb":
            told.append(_ram(one, compiled))
    if timed := [one for one in lacks if one.key in _UNITS and one.found is not None]:
        told.append(_time(timed, compiled, board, project))
    for one in lacks:
        if one.key == "accuracy":
            told.append(_accuracy(one))
        elif one.found is None:
            missing = "[power] battery_mah" if board.active_ma else f"currents of {board.name}"
            told.append((f"{one.key} is not known: no {missing}", "give that, or leave it out"))
    return told


def _accuracy(one: Verdict) -> tuple[str, str]:
    if one.found is None:
        return (
            f"the budget wants an accuracy of {one.limit:.1%}, the model's is not known",
            "train it by `midge train`, which writes the accuracy beside the model",
        )
    return (
        f"the accuracy is {one.found:.1%}, the budget wants {one.limit:.1%}: "
        f"{100 * (one.limit - one.found):.1f} points too few",
        "look at `midge data`, add recordings of what is confused, or let `midge search` look for "
        "a better network",
    )


def _flash(one: Verdict, compiled: CompiledModel) -> tuple[str, str]:
    need, limit = flash_bytes(compiled), int(one.limit * _KIB)
    sizes = sorted(weights_by_layer(compiled), key=lambda item: -item[0])
    share = (need - limit) / sizes[0][0] if sizes and sizes[0][0] else math.inf
    largest = sizes[0][1].partition(": layer ")[2] if sizes else "none"
    return (
        f"the model in flash needs {need} B, the budget is {limit} B: {need - limit} B too much; "
        f"most in:\n{_rows(sizes, need, 'B')}",
        _shrink(largest, share, "weights", "fewer inputs or outputs there"),
    )


def _ram(one: Verdict, compiled: CompiledModel) -> tuple[str, str]:
    program, found, limit = compiled.program, compiled.ram_bytes, int(one.limit * _KIB)
    layer = program.steps[min(max(compiled.plan.peak_step, 0), len(program.steps) - 1)].layer
    buffers = [program.buffers[number] for number in compiled.plan.peak_buffers]
    sizes = sorted(((b.nbytes, b.name) for b in buffers), key=lambda item: -item[0])
    kept = found - program.arena_bytes
    also = f" ({kept} B of them state and features)" if kept else ""
    return (
        f"the arena with state and features needs {found} B{also}, the budget is {limit} B: "
        f"{found - limit} B too much; "
        f"at its peak, layer {layer}:\n{_rows(sizes, found, 'B')}",
        f"make the input or output of layer {layer} {_percent((found - limit) / found)} smaller: "
        "a shorter window, an earlier stride or pooling, fewer channels",
    )


_SLOW = {  # what takes an operation's time down
    "CONV_2D": "fewer filters there or before it, a stride of 2, or a depthwise and a pointwise "
    "layer in its place",
    "DEPTHWISE_CONV_2D": "fewer channels before it, a stride of 2, or a smaller kernel",
    "FULLY_CONNECTED": "fewer units there or before it, or the mean over time before it",
    "SOFTMAX": "fewer classes, or one output (sigmoid) for two",
}


def _time(
    lacks: list[Verdict], compiled: CompiledModel, board: Board, project: Project
) -> tuple[str, str]:
    """Latency, and what follows from it: energy and battery life."""
    steps, figures = compiled.program.steps, figures_of(compiled)
    cycles = figures.decision_cycles
    ms = 1000 * cycles / board.clock_hz
    what = "one inference"
    if figures.features_cycles:
        what += f" with its features ({figures.features_cycles:,.0f} cycles)"
    lines = [f"{what} takes about {ms:.4g} ms ({cycles:,.0f} cycles)"]
    for one in lacks:
        assert one.found is not None
        name, verb = _UNITS[one.key], "wants" if one.key in _AT_LEAST else "is"
        lines.append(
            f"{one.key}: {one.found:.4g} {name}, the budget {verb} {one.limit:g}: "
            f"{abs(one.found - one.limit):.4g} too {'few' if one.key in _AT_LEAST else 'much'}"
        )
    sizes = sorted(((round(s.cycles or 0), s.layer) for s in steps), key=lambda item: -item[0])
    lines.append(f"most cycles in:\n{_rows(sizes, round(cycles), 'cycles')}")
    needed = min(_cycles_allowed(one.key, one.limit, board, project) for one in lacks)
    if needed <= 0:
        asleep = power.usage(board, 0, power.duty_of(project, board))
        return "\n".join(lines), (
            f"without any inference the board takes {asleep.day_j:.4g} J a day: no network can "
            "keep this; see [power] sleep, awake and extra_ma"
        )
    slowest = max(steps, key=lambda step: step.cycles or 0)
    hint = _SLOW.get(slowest.op, "a shorter window, or fewer channels before it")
    do = _shrink(slowest.layer, (cycles - needed) / (slowest.cycles or 1), "cycles", hint)
    if any(one.key in ("day_j", "battery_days") for one in lacks):
        do += "; or decide less often ([window] hop, [power] decisions_per_hour)"
    return "\n".join(lines), do


def cycles_limit(board: Board, project: Project) -> float | None:
    """Cycles of one inference that the budget leaves; None: as many as it likes."""
    limits = {name: getattr(project.budget, name) for name in _UNITS}
    given = {name: limit for name, limit in limits.items() if limit is not None}
    return min((_cycles_allowed(n, x, board, project) for n, x in given.items()), default=None)


def _cycles_allowed(key: str, limit: float, board: Board, project: Project) -> float:
    """Cycles with which one key of the budget is just kept."""
    if key == "latency_ms":
        return limit * board.clock_hz / 1000
    if not board.active_ma:
        return math.inf
    if key == "energy_mj":
        return limit / power.inference_mj(board, 1)
    duty = power.duty_of(project, board)
    if key == "battery_days":
        if duty.battery_mah is None or not limit:
            return math.inf
        limit = power.battery_day_j(duty, limit)
    return power.cycles_for(board, duty, limit)


def _nearest(compiled: CompiledModel, board: Board, project: Project) -> list[str]:
    """The budget that this model would keep by the kernels that come nearest, if it differs."""
    figures = figures_of(compiled)
    beside = figures.ram_bytes - compiled.program.arena_bytes

    def verdicts(point: Point) -> list[Verdict]:
        built, _ = compiled.chooser.build(point.picks)
        flash = flash_bytes(dataclasses.replace(compiled, program=built))
        ram, cycles = point.arena_bytes + beside, point.cycles
        found = Figures(
            flash, ram, cycles, figures.accuracy, features_cycles=figures.features_cycles
        )
        return judge(found, board, project)

    def worst(point: Point) -> float:
        return max((one.excess for one in verdicts(point)), default=0.0)

    point = min(compiled.chooser.front(), key=worst)
    lacks = [one for one in verdicts(point) if one.ok is False]
    if not lacks:
        return []
    kept = ", ".join(f"{one.key} = {rounded(one)}" for one in lacks)
    takes = f"arena {point.arena_bytes} B, {point.cycles:,.0f} cycles"
    return [f"the nearest that it keeps: {kept} ({takes})"]


def rounded(one: Verdict) -> str:
    """What was found, to three digits, on the side that is kept."""
    found = one.found or 0.0
    if not found:
        return "0"
    step = 10.0 ** (math.floor(math.log10(found)) - 2)
    turns = found / step
    return f"{step * (math.floor(turns) if one.key in _AT_LEAST else math.ceil(turns)):.3g}"


def _shrink(layer: str, share: float, what: str, hint: str) -> str:
    if share <= 1:
        return f"take {_percent(share)} of the {what} of layer {layer} away: {hint}"
    return (
        f"no single layer is enough: the largest, layer {layer}, has {_percent(1 / share)} of the "
        f"{what} that are too many; make all narrower, the window shorter, or: {hint}"
    )


def _percent(share: float) -> str:
    return f"{max(1, math.ceil(100 * share - 1e-9))}%" if math.isfinite(share) else "none"


def _rows(sizes: list[tuple[int, str]], total: int, unit: str) -> str:
    return "\n".join(
        f"  {size:>10,} {unit} ({size / max(total, 1):.0%})  {name}"
        for size, name in sizes[:_SHOWN]
    )
