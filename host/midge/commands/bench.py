"""``midge bench``: cycles per layer, memory and milliseconds, measured on the emulated board."""

from __future__ import annotations

import argparse
from pathlib import Path
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
  midge bench kws.tflite --board RPI_PICO --json > before.json
  midge bench kws.tflite --board RPI_PICO --compare before.json --html bench.html
"""


def add_parser(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the command line."""
    parser = add_command(
        sub, "bench", "measure a model on the emulated board", do_bench, _EXAMPLES
    )
    add_model(parser)
    parser.add_argument(
        "--compare", type=Path, metavar="FILE", help="say what changed since that --json"
    )
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write a page with the layers and the arena"
    )


def do_bench(args: argparse.Namespace) -> int:
    """Measures one inference; over the project's latency budget, exits with 3."""
    compiled, board, project = model_of(args)
    from midge import arena_map, bench_compare
    from midge.bench import bench

    before = bench_compare.load(args.compare) if args.compare else None
    with Progress("bench") as progress:
        result = bench(compiled, board, progress)
    say(args, table(result))
    say(
        args,
        "\narena, bytes:\n"
        + arena_map.text(result["arena"], result["arena_bytes"], len(result["per_op"])),
    )
    say(args, "\nfast or small, arena and expected cycles:\n" + front(result))
    if before:
        result["compare"] = bench_compare.compare(before, result)
        say(args, "\n" + bench_compare.table(result["compare"]))
    if args.html:
        _write_page(args.html, result)
        say(args, f"wrote {args.html}")
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
    lines = [
        f"{'layer':<{width}}  {'cycles':>12}  {'MACs':>12}  cycles/MAC  {'flash B':>9}  "
        f"{'misses':>7}  kernel"
    ]
    for row in result["per_op"]:
        per_mac = f"{row['cycles'] / row['macs']:10.2f}" if row["macs"] else f"{'-':>10}"
        reads = "".join(
            f"{'-' if row[key] is None else format(row[key], ','):>{room}}  "
            for key, room in (("flash_read_bytes", 9), ("xip_misses", 7))
        )
        why = f": {row['note']}" if row["note"] else ""
        lines.append(
            f"{row['layer']:<{width}}  {row['cycles']:>12,}  {row['macs']:>12,}  {per_mac}  "
            f"{reads}{row['kernel']}{why}"
        )
    state = f" and state {result['state_bytes']:,} B" if result.get("state_bytes") else ""
    energy = "" if result["uj"] is None else f", {result['uj'] / 1000:.2f} mJ"
    lines.append(
        f"{result['model']} on {result['board']}: {result['cycles']:,} cycles, "
        f"{result['ms']:.2f} ms{energy}; arena {kib(result['arena_bytes'])}{state}, "
        f"stack {kib(result['stack_bytes'])}, weights {kib(result['weights_bytes'])}, "
        f"code {kib(result['code_bytes'])}"
    )
    if xip := result["xip"]:
        lines.append(
            f"with flash cache misses as modelled ({xip['misses']:,} of {xip['miss_cycles']} "
            f"cycles): {xip['ms']:.2f} ms"
        )
    else:
        lines.append("flash cache misses: not modelled (pip install midge[xip])")
    return "\n".join(lines)


def front(result: dict[str, Any]) -> str:
    """The ways to build the model, one a line; ``*`` marks the one that was measured."""
    return "\n".join(
        f"{'*' if point['arena_bytes'] == result['arena_bytes'] else ' '}"
        f"{point['arena_bytes']:>9,} B {point['expected_cycles']:>12,}"
        for point in result["front"]
    )


def _write_page(path: Path, result: dict[str, Any]) -> None:
    from midge.bench_page import page
    from midge.firmware.files import write_whole

    write_whole(path, page(result).encode())
