"""The front as a picture: accuracy against latency, RAM and energy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from midge.errors import MidgeError
from midge.search.front import Found

if TYPE_CHECKING:
    from midge.boards import Board
    from midge.project import Project

_GREY, _BLUE, _RED = "#9aa5b1", "#1f5fa8", "#c2410c"
_FAR = 2.0  # times the costliest network


def draw(
    networks: Sequence[Found],
    points: Sequence[Found],
    project: Project,
    board: Board,
    path: Path,
) -> Path:
    """Writes a ``.png`` or ``.svg``: all trained networks, the front with its numbers, the recipe,
    and the budget's limits.

    Raises:
        MidgeError: matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as err:
        raise MidgeError(
            f"a picture needs matplotlib: {err}", do="pip install 'midge[train]'"
        ) from err
    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "midge"  # the same file for the same search
    from matplotlib import pyplot

    budget = project.budget
    panels = (
        ("latency, ms", lambda one: 1000 * one.cycles / board.clock_hz, budget.latency_ms),
        ("RAM, KiB", lambda one: one.ram_bytes / 1024, budget.ram_kb),
        ("energy of an inference, mJ", lambda one: one.mj, budget.energy_mj),
    )
    figure, axes = pyplot.subplots(1, 3, figsize=(13, 4.6), sharey=True, layout="constrained")
    for axis, (label, value, limit) in zip(axes, panels, strict=True):
        _panel(axis, networks, points, value)
        axis.set_xlabel(label)
        if limit is not None and limit > _FAR * max(value(one) for one in networks):
            axis.annotate(  # drawn to scale it would leave the networks no room
                f"budget {limit:g} \u2192", (0.99, 0.02), xycoords="axes fraction", color=_RED,
                fontsize=8, ha="right", va="bottom",
            )  # fmt: skip
        elif limit is not None:
            axis.axvline(limit, color=_RED, linestyle=":", linewidth=1.2)
            axis.annotate(
                " budget", (limit, 0.02), xycoords=("data", "axes fraction"), color=_RED,
                fontsize=8, ha="right", rotation=90, va="bottom",
            )  # fmt: skip
    low = min(100 * right for one in networks for right in (one.accuracy, *(one.again or ())[:1]))
    axes[0].set_ylim(max(0, min(low, 95) - 2), 101)
    axes[0].set_ylabel("accuracy in int8, % of the windows held out")
    handles, labels = axes[0].get_legend_handles_labels()
    by_label = dict(zip(labels, handles, strict=True))  # each once
    handles, labels = list(by_label.values()), list(by_label)
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    figure.suptitle(f"{project.name} on {board.description}: what `midge search` found")
    metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120, metadata=metadata)
    pyplot.close(figure)
    return path


def _panel(axis: Any, networks: Sequence[Found], points: Sequence[Found], value: Any) -> None:
    def at(some: Sequence[Found]) -> tuple[list[float], list[float]]:
        return [value(one) for one in some], [100 * one.accuracy for one in some]

    axis.scatter(*at(networks), s=18, color=_GREY, label="trained", zorder=2)
    steps = _steps(points, value)
    axis.plot(*at(steps), drawstyle="steps-post", color=_BLUE, linewidth=1.2, zorder=3)
    axis.errorbar(
        *at(points), yerr=[100 * one.error for one in points], fmt="none", ecolor=_BLUE,
        elinewidth=0.8, zorder=3,
    )  # fmt: skip
    axis.scatter(
        *at(points), s=30, color=_BLUE, label="front (with numbers and standard errors)", zorder=4
    )
    recipe = [one for one in networks if one.recipe]
    axis.scatter(
        *at(recipe), s=170, marker="*", color=_RED, edgecolor="white", label="the recipe", zorder=5
    )
    for one in networks:
        if one.again is not None:
            axis.scatter(
                value(one), 100 * one.again[0], s=36, marker="D", facecolors="none",
                edgecolors=_RED if one.recipe else _BLUE, zorder=4,
                label="" if one.recipe else "compared again",
            )  # fmt: skip
    axis.grid(True, which="both", alpha=0.25)
    sizes = [value(one) for one in networks]
    if max(sizes) > 10 * min(sizes):  # over less than a decade a log axis has few numbers
        axis.set_xscale("log")
        axis.xaxis.set_minor_formatter(lambda number, _: f"{number:g}" if _first(number) else "")
    axis.xaxis.set_major_formatter(lambda number, _: f"{number:g}")
    for one in steps:  # the best of this panel: those behind them would lie over one another
        axis.annotate(
            str(one.number), (value(one), 100 * one.accuracy), xytext=(-3, 5),
            textcoords="offset points", fontsize=8, color=_BLUE, ha="right",
        )  # fmt: skip


def _steps(points: Sequence[Found], value: Any) -> list[Found]:
    """Those that no other beats in accuracy and in this panel's value."""
    kept: list[Found] = []
    for one in sorted(points, key=lambda one: (value(one), -one.accuracy)):
        if not kept or one.accuracy > kept[-1].accuracy:
            kept.append(one)
    return kept


def _first(number: float) -> bool:
    """Whether a number's first digit is 2 or 5: the others' labels would touch."""
    return f"{number:e}"[0] in "25"
