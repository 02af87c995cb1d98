"""Some test windows on the emulated board: its bits, its cycles."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from midge.report import figures
from midge.report.figures import Share
from midge.train.evaluate import decide

if TYPE_CHECKING:
    from midge.links.base import Progress
    from midge.report.evidence import Evidence


@dataclasses.dataclass(frozen=True)
class OnBoard:
    """Windows whose every output bit is that of the PC, and those that are right; cycles of each
    layer in one inference, as the emulated core counts them; bytes of stack."""

    equal: int
    right: Share
    cycles: list[int]
    stack_bytes: int


def try_out(evidence: Evidence, windows: int, progress: Progress | None = None) -> OnBoard:
    """Builds firmware with the model, boots it on the emulated board, and runs ``windows`` of the
    test split, evenly spread.

    Raises:
        BuildError, BudgetError: as :func:`midge.firmware.build.build`.
        LinkError: there is no emulator for the board, or it failed.
    """
    from midge.bench import measure, need_emulator
    from midge.emulator import infer
    from midge.firmware.build import build
    from midge.links.emulated import EmulatedLink
    from midge.report.answers import Answers

    compiled, board = evidence.compiled, evidence.board
    need_emulator(board)
    chosen = np.unique(np.linspace(0, len(evidence.truth) - 1, windows).astype(int))
    with tempfile.TemporaryDirectory(prefix="midge-report-") as folder:
        built = build([compiled], board, Path(folder), progress=progress)
        if progress is not None:
            progress(f"{len(chosen)} windows on the emulated {board.description}")
        measured = measure(compiled, built.uf2, built.elf)
        with EmulatedLink(built.uf2) as link:
            given = [tuple(one[i] for one in evidence.inputs) for i in chosen]
            found = infer.predict(link, compiled, given)
    outputs = np.array([one.reshape(-1) for one in found])
    right = decide(outputs, half=Answers(compiled).half) == evidence.truth[chosen]
    groups = evidence.data.test.groups
    alike = figures.effective(right, None if groups is None else groups[chosen])
    return OnBoard(
        int((outputs == evidence.outputs[chosen]).all(axis=1).sum()),
        Share(int(right.sum()), len(chosen), alike), measured.op_cycles, measured.stack_bytes,
    )  # fmt: skip
