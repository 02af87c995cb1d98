"""``midge check``: what the model needs and whether it fits, before anything is built."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from midge.commands.common import (
    add_command,
    add_model,
    board_of,
    compile_all,
    emit_json,
    kib,
    model_path,
    project_or_none,
    say,
)

if TYPE_CHECKING:
    from midge.boards import Board
    from midge.compile import CompiledModel
    from midge.program import Program, Step
    from midge.project import Project

_EXAMPLES = """\
  midge check
  midge check model.tflite
  midge check model.tflite --board RPI_PICO --json
  midge check model.tflite --project walk   # by that project's [budget]
"""


def add_parser(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the command line."""
    parser = add_command(
        sub, "check", "compile a model and say whether it fits the board", do_check, _EXAMPLES
    )
    add_model(parser)


def do_check(args: argparse.Namespace) -> int:
    """Prints the layers, the arena and the weights; fails if they are over a limit."""
    project, board, compiled = subject(args)
    report = report_of(compiled, board, project)
    from midge import power, verdict
    from midge.budget import check_fit
    from midge.features.draw import draw

    for one in compiled.features:
        say(args, draw(one, board))
    say(args, table(report))
    if report["power"]:
        say(args, power.describe(power.Usage(**report["power"])))
    check_fit([compiled], board)
    if project and (verdicts := verdict.check_budget(compiled, board, project)):
        say(args, verdict.table(verdicts, verdict.figures_of(compiled)))
    emit_json(args, report)
    say(args, f"fits {board.name}")
    return 0


def subject(args: argparse.Namespace) -> tuple[Project | None, Board, CompiledModel]:
    """What is to be judged: a model that was named only by the budget of a project named too."""
    project = project_or_none(args)
    board = board_of(args, project)
    path = model_path(args.model, project)
    if args.model is not None and args.project is None:
        project = None
    return project, board, compile_all([path], board, project)[0]


def report_of(
    compiled: CompiledModel, board: Board, project: Project | None = None
) -> dict[str, Any]:
    """What ``--json`` prints: sizes in bytes, one entry a layer."""
    from midge import power, verdict
    from midge.budget import code_of, flash_bytes
    from midge.features.draw import report as features_report

    program = compiled.program
    code, code_ram = code_of([compiled], board.cpu)
    cycles = cycles_of(program)
    used = None
    if project and cycles is not None and board.active_ma:
        decision = cycles + (compiled.features_cycles or 0)
        used = power.usage(board, decision, power.duty_of(project, board)).as_dict()
    return {
        "model": compiled.meta.name,
        "file": program.path,
        "board": board.name,
        "arena_bytes": program.arena_bytes,
        "state_bytes": program.state_bytes,
        "weights_bytes": program.weights_bytes,
        "model_flash_bytes": flash_bytes(compiled),
        "code_bytes": code,
        "macs": program.macs,
        "free_ram_bytes": board.model_ram_bytes - code_ram,
        "free_flash_bytes": board.model_flash_bytes - code,
        "clock_hz": board.clock_hz,
        "cycles": cycles,
        "energy_mj": power.inference_mj(board, cycles) if cycles and board.active_ma else None,
        "power": used,
        "budget": [
            one.as_dict()
            for one in (
                verdict.judge(verdict.figures_of(compiled), board, project) if project else []
            )
        ],
        "features": [features_report(one, board) for one in compiled.features],
        "features_ram_bytes": compiled.features_ram_bytes,
        "features_cycles": compiled.features_cycles,
        "layers": [
            {**layer_of(program, step), "why": why}
            for step, why in zip(
                program.steps, compiled.chooser.reasons(compiled.picks), strict=True
            )
        ],
        "front": [
            {
                "arena_bytes": point.arena_bytes,
                "cycles": round(point.cycles),
                "chosen": point.arena_bytes == program.arena_bytes,
            }
            for point in compiled.chooser.front()
        ],
    }


def cycles_of(program: Program) -> int | None:
    """Expected cycles of one inference; None if nothing is known of one of its kernels."""
    each = [step.cycles for step in program.steps if step.cycles is not None]
    return round(sum(each)) if len(each) == len(program.steps) else None


def layer_of(program: Program, step: Step) -> dict[str, Any]:
    """One row: constants and activations that this kernel call touches, in bytes."""
    from midge.program import ConstRef

    consts = {p.const for p in step.params.values() if isinstance(p, ConstRef)}
    buffers = {*step.reads, *step.writes}
    return {
        "layer": step.layer,
        "kernel": step.kernel,
        "note": step.note,
        "cycles": None if step.cycles is None else round(step.cycles),
        "macs": step.macs,
        "weights_bytes": sum(program.consts[const].data.nbytes for const in consts),
        "buffer_bytes": sum(program.buffers[buffer].nbytes for buffer in buffers),
    }


def table(report: dict[str, Any]) -> str:
    """The report for people."""
    rows = [("layer", "MACs", "cycles", "weights B", "buffers B", "kernel", "why")]
    for layer in report["layers"]:
        names = ("macs", "cycles", "weights_bytes", "buffer_bytes")
        figures = ["-" if layer[n] is None else f"{layer[n]:,}" for n in names]
        kernel = ", ".join(filter(None, (layer["kernel"], layer["note"])))
        rows.append((layer["layer"], *figures, kernel, layer["why"]))
    widths = [max(len(row[i]) for row in rows) for i in range(7)]
    lines = [
        row[0].ljust(widths[0])
        + "".join(f"  {row[i]:>{widths[i]}}" for i in range(1, 5))
        + f"  {row[5]:<{widths[5]}}  {row[6]}"
        for row in rows
    ]
    lines += front(report)
    state = f" and state {report['state_bytes']:,} B" if report["state_bytes"] else ""
    lines.append(
        f"{report['model']}: arena {kib(report['arena_bytes'])}{state} "
        f"of {kib(report['free_ram_bytes'])} free RAM, flash {kib(report['model_flash_bytes'])} "
        f"of {kib(report['free_flash_bytes'])} free beside {kib(report['code_bytes'])} of "
        f"kernels, {report['macs']:,} MACs"
    )
    return "\n".join(lines)


def front(report: dict[str, Any]) -> list[str]:
    """Lines: the builds between the fastest and the smallest."""
    lines = ["arena B  expected cycles (fast to small; [budget] prefer and ram_kb choose)"]
    for point in report["front"]:
        ms = 1000 * point["cycles"] / report["clock_hz"]
        mark = "  <- this one" if point["chosen"] else ""
        lines.append(f"{point['arena_bytes']:>7,}  {point['cycles']:>15,}  {ms:8.2f} ms{mark}")
    return lines
