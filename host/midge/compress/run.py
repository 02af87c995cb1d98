"""Runs the steps of ``[model] steps`` and keeps the best network under the budget."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from midge.boards import load_board
from midge.compress import net as nets
from midge.compress.judge import Figures, choose, measure
from midge.compress.steps import STEPS, Made, Work
from midge.errors import ModelError
from midge.train.data import Windows
from midge.train.evaluate import accuracy, accuracy_in_float

if TYPE_CHECKING:
    from midge.project import Project


@dataclasses.dataclass
class Maker:
    """How a Keras model becomes a described integer model, and what it is tested with.

    Args:
        convert: writes the ``.tflite`` of a Keras model.
        describe: writes the sidecar of a ``.tflite``.
        test: the windows to test with, as counts; ``test_x``: as real inputs.
    """

    convert: Callable[[Any, Path], Path]
    describe: Callable[[Path], None]
    test: Windows
    test_x: Any


class Improver:
    """The best network so far, and the record of everything tried."""

    def __init__(self, project: Project, work: Work, maker: Maker):
        self._project, self.work, self._maker = project, work, maker
        self._board = load_board(project.board)
        self.records: list[dict[str, Any]] = []
        self.best: Made | None = None
        self.figures: Figures | None = None
        self._top = 0.0

    def run(self, model: Any, steps: list[str]) -> tuple[Any, Path]:
        """From a trained model to the best one: its float model and its ``.tflite``."""
        self.begin(model)
        for name in steps:
            self.step(name)
        assert self.best is not None
        assert self.best.tflite is not None
        self._say_budget()
        return self.best.model, self.best.tflite

    def begin(self, model: Any) -> None:
        """Judges the network as trained: the first one that is the best."""
        self.propose("train", Made(nets.from_keras(model), self._project.model.recipe, model))

    def step(self, name: str) -> None:
        """One step, from the best network so far."""
        assert self.best is not None
        attempt = STEPS[name](self.work, self.best.net)
        kept: bool | None = None
        try:
            while True:
                made = next(attempt) if kept is None else attempt.send(kept)
                kept = self.propose(name, made)
        except StopIteration:
            if kept is None:
                self._skip(name, "nothing in this network to change")
        except ModelError as err:  # the best so far is as good as before
            self._skip(name, err.what)

    def _skip(self, name: str, why: str) -> None:
        print(f"{name}: left out: {why}", file=sys.stderr)
        self.records.append({"name": name, "detail": "", "kept": False, "why": why})

    def propose(self, name: str, made: Made) -> bool:
        """Judges a network that a step ``name`` made; returns whether it is the best now."""
        number = len(self.records)
        if made.tflite is None:
            made.tflite = self._maker.convert(made.model, self.work.folder / f"{number}.tflite")
        self._maker.describe(made.tflite)
        examples = self.work.examples
        new = measure(made.tflite, examples.judge_x, examples.judge_y, self._project, self._board)
        if self.figures is None:
            kept, why = True, "the recipe as trained"
        else:
            most = self._project.model.max_drop
            kept, why = choose(new, self.figures, self._top, most)
        self.records.append(self._record(name, made, new, kept, why))
        _say(self.records[-1])
        if kept:
            self.best, self.figures = made, new
            self._top = max(self._top, new.accuracy)
        return kept

    def _record(
        self, name: str, made: Made, figures: Figures, kept: bool, why: str
    ) -> dict[str, Any]:
        assert made.tflite is not None
        test = self._maker.test
        return {
            "name": name,
            "detail": made.detail,
            "accuracy": {
                "float": accuracy_in_float(made.model, self._maker.test_x, test.classes),
                self._project.model.quantization: accuracy(made.tflite, test),
            },
            "held_out_accuracy": figures.accuracy,
            "flash_bytes": figures.flash_bytes,
            "arena_bytes": figures.arena_bytes,
            "cycles": figures.cycles,
            "energy_mj": round(figures.millijoules, 6),
            "kept": kept,
            "why": why,
        }

    def _say_budget(self) -> None:
        """Of a budget that nothing met: that this is the nearest."""
        assert self.figures is not None
        if self.figures.lack:
            print(
                f"over the budget, the nearest of {len(self.records)} networks; `midge check` "
                "says by how much, and what else would help",
                file=sys.stderr,
            )


def _say(record: dict[str, Any]) -> None:
    mark = "kept" if record["kept"] else "not kept"
    print(
        f"{record['name']} ({record['detail']}): held out {record['held_out_accuracy']:.1%}, "
        f"{record['flash_bytes'] / 1024:.1f} KiB flash, {record['cycles']:,} cycles: {mark}, "
        f"{record['why']}",
        file=sys.stderr, flush=True,
    )  # fmt: skip
