"""``midge bench``: cycles per layer, memory and milliseconds, measured on the emulated board."""

from __future__ import annotations

import argparse
from typing import Any

from midge.commands.common import (
    Progress,
    add_command,
    add_model,
    emit_json,
    kib,
    model_of,
    say,
)
from midge.errors import BudgetError

_EXAMPLES = """\
  midge bench
  midge bench kws.tflite --board RPI_PICO
  midge bench kws.tflite --board RPI_PICO --json
"""


def add_parser(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the command line."""
    parser = add_command(
        sub, "bench", "measure a model on the emulated board", do_bench, _EXAMPLES
    )
    add_model(parser)


def do_bench(args: argparse.Namespace) -> int:
    """Measures one inference; over the project's latency budget, exits with 3."""
    compiled, board, project = model_of(args)
    from midge.bench import bench

    with Progress("bench") as progress:
        result = bench(compiled, board, progress)
    say(args, table(result))
    limit = project.budget.latency_ms if project else None
    if limit is not None and result["ms"] > limit:
        raise BudgetError(
            f"one inference needs {result['ms']:.2f} ms, the budget is {limit:g} ms: "
            f"{result['ms'] - limit:.2f} ms too much",
            where=f"{board.name}: [budget] latency_ms",
            do="make the model smaller, or raise the budget",
        )
    emit_json(args, result)
    return 0


def table(result: dict[str, Any]) -> str:
    """The measurement for people."""
    width = max(len(str(row["layer"])) for row in result["per_op"])
    lines = [f"{'layer':<{width}}  {'cycles':>12}  {'MACs':>12}  cycles/MAC"]
    for row in result["per_op"]:
        per_mac = f"{row['cycles'] / row['macs']:10.2f}" if row["macs"] else f"{'-':>10}"
        lines.append(
            f"{row['layer']:<{width}}  {row['cycles']:>12,}  {row['macs']:>12,}  {per_mac}"
        )
    lines.append(
        f"{result['model']} on {result['board']}: {result['cycles']:,} cycles, "
        f"{result['ms']:.2f} ms; arena {kib(result['arena_bytes'])}, "
        f"weights {kib(result['weights_bytes'])}, code {kib(result['code_bytes'])}"
    )
    return "\n".join(lines)
