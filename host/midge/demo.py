"""``make demo``: the whole road, from recordings to alerts, on the gesture example.

Every step is what the command of the same name does; the project it leaves in ``build/demo`` is
an ordinary one.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from midge import verdict
from midge.cli import guarded
from midge.commands import check
from midge.commands.common import Progress, goal_of, kib
from midge.errors import BuildError

if TYPE_CHECKING:
    from midge.agreement import Agreement
    from midge.boards import Board
    from midge.compile import CompiledModel
    from midge.firmware.build import BuildResult
    from midge.meta import Meta
    from midge.project import Project
    from midge.run import RunResult
    from midge.train.stream import Stream

EXAMPLE = "gesture"
_TIMEOUT_S = 600.0
_DECIDES = ("tensorflow", "keras", "numpy")  # packages whose versions decide a trained model


def main(argv: list[str] | None = None) -> int:
    """Runs the demo; exits as every command does."""
    parser = argparse.ArgumentParser(prog="python -m midge.demo", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/demo"), help="where it works")
    parser.add_argument("--retrain", action="store_true", help="do not use a model kept before")
    parser.add_argument("--debug", action="store_true", help="show where an error comes from")
    args = parser.parse_args(argv)
    args.command, args.json = "demo", False
    return guarded(do_demo, args)


def do_demo(args: argparse.Namespace) -> int:
    """The road, step by step."""
    from midge.bench import measure
    from midge.boards import load_board
    from midge.compile import compile_model
    from midge.train.stream import project_stream

    start = time.monotonic()
    project = make_project(args.folder / EXAMPLE)
    board = load_board(project.board)

    _step("train", "motion recordings -> int8 model")
    train_or_reuse(project, retrain=args.retrain)
    compiled = compile_model(project.model_path, goal=goal_of(board, project))
    _accuracy(compiled.meta)

    _step("check", "does it fit?")
    report = check.report_of(compiled, board)
    print(check.table(report))
    verdict.check_budget(compiled, board, project)

    _step("build", "C -> MicroPython firmware with the model compiled in, booted once")
    firmware = build_and_boot(project, board, compiled)

    _step("run", f"the emulated Pico, its motion sensor playing recordings: {project.run.script}")
    stream = project_stream(project)
    result = run_on_pico(project, firmware.uf2)
    agreement = compare_with_host(project, result, stream)
    picture = draw(project, result, stream)
    cycles = sum(measure(compiled, firmware.uf2).op_cycles)

    _step("result", f"{time.monotonic() - start:.0f} s in all")
    closing(compiled, board, result, agreement, cycles, picture)
    if not agreement.complete:
        raise BuildError(
            f"board and host must agree in all windows, found {agreement}",
            where=str(firmware.uf2), do="please report this",
        )  # fmt: skip
    return 0


def make_project(folder: Path) -> Project:
    """A fresh copy of the example over ``folder``; what was built there before stays."""
    from midge.paths import examples_dir
    from midge.project import load_project

    shutil.copytree(
        examples_dir() / EXAMPLE, folder, dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("build", "__pycache__"),
    )  # fmt: skip
    return load_project(folder)


def train_or_reuse(project: Project, *, retrain: bool) -> None:
    """Trains, or takes the model kept from a training with the same data, recipe and versions."""
    from midge.meta import sidecar
    from midge.paths import cache_dir

    kept = cache_dir() / "trained" / training_key(project) / project.model_path.name
    if sidecar(kept).is_file() and not retrain:
        project.model_path.parent.mkdir(parents=True, exist_ok=True)
        for source, target in ((kept, project.model_path), (sidecar(kept), None)):
            shutil.copyfile(source, target or sidecar(project.model_path))
        print(f"trained before with the same data, recipe and versions: {kept.parent}")
        return
    from midge.train import train

    made = train(project)
    kept.parent.mkdir(parents=True, exist_ok=True)
    for source, target in ((made, kept), (sidecar(made), sidecar(kept))):  # sidecar last: whole
        draft = target.with_suffix(".new")
        shutil.copyfile(source, draft)
        os.replace(draft, target)


def training_key(project: Project) -> str:
    """Hash of everything a trained model depends on."""
    from midge.train.data import load_dataset

    digest = hashlib.sha256(load_dataset(project).fingerprint.encode())
    parts = (project.project, project.data, project.sensor, project.window, project.model)
    digest.update(repr(parts).encode())
    for file in sorted((Path(__file__).parent / "train").glob("*.py")):
        digest.update(file.read_bytes())
    digest.update(repr([metadata.version(name) for name in _DECIDES]).encode())
    return digest.hexdigest()[:16]


def build_and_boot(project: Project, board: Board, compiled: CompiledModel) -> BuildResult:
    """The firmware, boot-tested."""
    from midge.boot_test import boot_test
    from midge.firmware.build import build

    with Progress("build") as progress:
        made = build([compiled], board, project.build_dir, progress=progress)
        booted = boot_test(made.uf2, [compiled], progress=progress)
    print(f"{made.memory}\n{made.uf2}\n{booted}")
    return made


def run_on_pico(project: Project, uf2: Path) -> RunResult:
    """Runs the example's script through the real ``mpremote run``, printing as it goes."""
    from midge.commands.run import sensors_of, shown
    from midge.links import open_link
    from midge.run import run_script

    with (
        Progress("run") as progress,
        open_link("emulator", uf2, sensors=sensors_of(project), progress=progress) as link,
    ):
        progress(f"mpremote run {project.run.script}")
        progress.done()
        return run_script(
            project.script_path, link, _TIMEOUT_S, on_line=print,
            on_record=lambda record: print(shown(record), flush=True),
        )  # fmt: skip


def compare_with_host(project: Project, result: RunResult, stream: Stream) -> Agreement:
    """Holds every window that the board reports against the host's own run of it."""
    import midge
    from midge.agreement import compare

    model = midge.load(str(project.model_path))
    return compare(result.records, stream.counts, model, project.window.length)


def draw(project: Project, result: RunResult, stream: Stream) -> Path:
    """The picture of the run, and the same as text."""
    from midge import picture
    from midge.timeline import summary, timeline

    line = timeline(result.records, stream, length=project.window.length, hop=project.hop)
    print(summary(line))
    return picture.draw(line, stream, project.build_dir / "demo.png")


def closing(
    compiled: CompiledModel,
    board: Board,
    result: RunResult,
    agreement: Agreement,
    cycles: int,
    picture: Path,
) -> None:
    """What the demo showed, in figures."""
    program = compiled.program
    alerts = result.of_kind("alert")
    _accuracy(compiled.meta)
    print(
        f"model     arena {kib(program.arena_bytes)}, weights {kib(program.weights_bytes)}, "
        f"{program.macs:,} MACs"
    )
    print(f"inference {cycles:,} cycles, {1000 * cycles / board.clock_hz:.2f} ms on {board.name}")
    print(f"windows   {agreement}")
    print(f"alerts    {', '.join(alert['label'] for alert in alerts) or 'none'}")
    print(f"picture   {picture}")


def _accuracy(meta: Meta) -> None:
    accuracy: dict[str, Any] = meta.extra["accuracy"]
    print(
        f"accuracy  {accuracy['int8']:.1%} in int8, {accuracy['float']:.1%} in float, "
        f"{accuracy['test_windows']} windows not trained on"
    )


def _step(name: str, what: str) -> None:
    print(f"\n== {name}: {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
