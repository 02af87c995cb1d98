"""Cycles that a kernel call is expected to take on a CPU, before anything is built or run.

The cycles are a sum of counts times coefficients. :mod:`midge.cost.counts` counts, for each
kernel, how often each of its loops runs, from the parameters alone; ``<cpu>.toml`` says what one
turn costs. ``scripts/fit_cost.py`` measures single layers on the emulated core and fits the
coefficients. What depends on the data, a clamped result say, goes in as its average.
"""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from midge.cost.code import DEFAULT_CPU
from midge.cost.counts import counts

if TYPE_CHECKING:
    from midge.program import Candidate, Const, Program

_HERE = Path(__file__).parent
# kernel -> those that it calls, by how their counts begin in its own
_INNER = {
    "transpose_conv_packed": {"": "conv_2d_packed"},
    "conv_pool": {"": "conv_2d_packed", "pool_": "max_pool_2d"},
}


@functools.cache
def coefficients(cpu: str) -> dict[str, dict[str, float]]:
    """Kernel -> count -> cycles, of a CPU or, where there is no file for it, of the default."""
    file = _HERE / f"{cpu}.toml"
    if not file.is_file():
        file = _HERE / f"{DEFAULT_CPU}.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    return {name: values for name, values in table.items() if isinstance(values, dict)}


@functools.cache
def signal_coefficients(cpu: str) -> dict[str, dict[str, float]]:
    """The same of the signal blocks; nothing where there is no file for the CPU."""
    file = _HERE / f"{cpu}-dsp.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def chain_cycles(cpu: str, program: Program) -> list[float | None]:
    """What each step of a chain of signal blocks takes in a hop."""
    table = signal_coefficients(cpu)
    found: list[float | None] = []
    for step in program.steps:
        known = table.get(step.kernel)
        turns = counts(step.kernel, step.params, program.consts)
        total = None if known is None else sum(n * known.get(k, 0.0) for k, n in turns.items())
        found.append(total)
    return found


def cycles(cpu: str, candidate: Candidate, consts: list[Const]) -> float | None:
    """What one call takes; None for a kernel of which nothing is known."""
    table = coefficients(cpu)
    known = table.get(candidate.kernel)
    if known is None:
        return None
    for start, inner in _INNER.get(candidate.kernel, {}).items():
        known = {**{start + name: n for name, n in table.get(inner, {}).items()}, **known}
    found = counts(candidate.kernel, candidate.params, consts)
    return sum(n * known.get(name, 0.0) for name, n in found.items())
