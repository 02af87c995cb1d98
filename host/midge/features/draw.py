"""A pipeline as text: what ``midge check`` shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from midge.cost import chain_cycles
from midge.features import columns
from midge.program import ConstRef

if TYPE_CHECKING:
    from midge.boards import Board
    from midge.dsp.chain import CompiledChain
    from midge.features.pipeline import Compiled, Pipeline


def report(compiled: Compiled, board: Board) -> dict[str, Any]:
    """Sizes in bytes, rates in Hz, counts in samples, for ``--json``; ``cycles`` of each kernel in
    a step, None where nothing is known of it."""
    pipeline, chain = compiled.pipeline, compiled.chain
    return {
        **pipeline.as_dict(),
        "shape": list(pipeline.shape),
        "rows_hz": pipeline.rate_hz / pipeline.step,
        "windows_hz": pipeline.rate_hz / pipeline.hop,
        "state_bytes": chain.state_bytes,
        "scratch_bytes": chain.arena_bytes - chain.state_bytes,
        "tables_bytes": chain.program.weights_bytes,
        "kernels": [step.kernel for step in chain.program.steps],
        "cycles": [
            None if c is None else round(c) for c in chain_cycles(board.cpu, chain.program)
        ],
    }


def draw(compiled: Compiled, board: Board) -> str:
    """The blocks from the sensor to the model's input, one a line, with shapes and rates, and what
    the board's CPU has to do."""
    pipeline, chain = compiled.pipeline, compiled.chain
    rows, width = pipeline.shape
    lines = [_sensor(pipeline)]
    widths = iter(pipeline.widths)
    for one in pipeline.blocks:
        params = ", ".join(f"{k} {_short(v)}" for k, v in one.as_dict().items() if k != "block")
        gives = ""
        if one.gives_columns:
            n = next(widths)
            gives = f" -> {n} value{'s' * (n > 1)} a step"
        lines.append(f"  {one.name}{f' ({params})' if params else ''}{gives}")
    lines.append(f"  quantize -> int8 [{rows}, {width}]")
    lines.append(
        f"  a step: {pipeline.step} samples ({_rate(pipeline.rate_hz / pipeline.step)}); "
        f"a frame: {pipeline.frame}; a window: {pipeline.length}, "
        f"{_rate(pipeline.rate_hz / pipeline.hop)}"
    )
    if dead := columns.said(pipeline):
        lines.append(f"  {dead}")
    lines += _cycles(compiled, board)
    scratch = chain.arena_bytes - chain.state_bytes
    lines.append(
        f"  RAM {chain.state_bytes:,} B state and {scratch:,} B scratch, flash "
        f"{flash_bytes(chain):,} B"
    )
    return "\n".join(lines)


def _cycles(compiled: Compiled, board: Board) -> list[str]:
    """What the kernels of a step take, and their share of the CPU."""
    pipeline, program = compiled.pipeline, compiled.chain.program
    each = chain_cycles(board.cpu, program)
    if None in each:
        return []
    total = sum(cycles or 0.0 for cycles in each)
    names: dict[str, float] = {}
    for step, cycles in zip(program.steps, each, strict=True):
        name = step.kernel.removeprefix("dsp_")
        names[name] = names.get(name, 0.0) + (cycles or 0.0)
    parts = ", ".join(f"{name} {cycles:,.0f}" for name, cycles in names.items())
    share = total * pipeline.rate_hz / pipeline.step / board.clock_hz
    return [
        f"  a step takes {total:,.0f} cycles as modelled: {parts}",
        f"  {share:.2%} of the CPU; {pipeline.stride * total:,.0f} cycles for each window",
    ]


def flash_bytes(chain: CompiledChain) -> int:
    """Flash of a chain on a 32-bit board: tables, parameters, names; code not counted."""
    program = chain.program
    used = {p.const for s in program.steps for p in s.params.values() if isinstance(p, ConstRef)}
    total = sum((program.consts[const].data.nbytes + 3) & ~3 for const in used)
    total += sum(4 * len(s.params) + 12 + len(s.layer) + 1 for s in program.steps)
    return total + 72  # midge_front_t


def _sensor(pipeline: Pipeline) -> str:
    names = ", ".join(pipeline.channels)
    return f"features of int16 [{pipeline.length}, {len(pipeline.channels)}] ({names}) at " + (
        f"{pipeline.rate_hz:g} Hz"
    )


def _rate(hz: float) -> str:
    return f"{hz:.3g} a second" if hz >= 1 or not math.isfinite(hz) else f"one in {1 / hz:.3g} s"


def _short(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_short, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
