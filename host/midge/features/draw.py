"""A pipeline as text: what ``midge check`` shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from midge.program import ConstRef

if TYPE_CHECKING:
    from midge.dsp.chain import CompiledChain
    from midge.features.pipeline import Compiled, Pipeline


def report(compiled: Compiled) -> dict[str, Any]:
    """Sizes in bytes, rates in Hz, counts in samples, for ``--json``."""
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
    }


def draw(compiled: Compiled) -> str:
    """The blocks from the sensor to the model's input, one a line, with shapes and rates."""
    pipeline, chain = compiled.pipeline, compiled.chain
    rows, columns = pipeline.shape
    lines = [_sensor(pipeline)]
    widths = iter(pipeline.widths)
    for one in pipeline.blocks:
        params = ", ".join(f"{k} {_short(v)}" for k, v in one.as_dict().items() if k != "block")
        gives = ""
        if one.gives_columns:
            n = next(widths)
            gives = f" -> {n} value{'s' * (n > 1)} a step"
        lines.append(f"  {one.name}{f' ({params})' if params else ''}{gives}")
    lines.append(f"  quantize -> int8 [{rows}, {columns}]")
    lines.append(
        f"  a step: {pipeline.step} samples ({_rate(pipeline.rate_hz / pipeline.step)}); "
        f"a frame: {pipeline.frame}; a window: {pipeline.length}, "
        f"{_rate(pipeline.rate_hz / pipeline.hop)}"
    )
    scratch = chain.arena_bytes - chain.state_bytes
    lines.append(
        f"  RAM {chain.state_bytes:,} B state and {scratch:,} B scratch, flash "
        f"{flash_bytes(chain):,} B"
    )
    return "\n".join(lines)


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
