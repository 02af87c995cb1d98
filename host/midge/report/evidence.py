"""Gathers what the report shows: the model's answers to windows that it was not trained on."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from midge.boards import Board, load_board
from midge.classical import SUFFIX
from midge.compile import CompiledModel
from midge.errors import ModelError
from midge.report import figures
from midge.report.answers import Answers
from midge.report.figures import Share
from midge.report.views import View, parts, views
from midge.train import anomaly
from midge.train.data import Dataset, load_dataset
from midge.train.evaluate import decide
from midge.train.hold_out import of_training

if TYPE_CHECKING:
    from midge.project import Project
    from midge.recordings import Recording
    from midge.recordings.check import Finding
    from midge.report.on_board import OnBoard

_MOST_HELD_OUT = 1000  # windows that thresholds are chosen by


@dataclasses.dataclass(frozen=True)
class Oracle:
    """LiteRT's reference kernels on the same inputs: windows whose every output bit is equal."""

    equal: int
    right: Share


@dataclasses.dataclass
class Evidence:
    """A model, its data, and its answers to the test split on the engine of the board.

    ``views``: the windows, one for each input. ``outputs``: integers ``[n, outputs]``.
    ``scores``: real, ``[n, classes]``; of a single output p, 1 - p and p. ``held_scores``,
    ``held_truth``: the same of training's held-out windows.
    """

    project: Project
    board: Board
    compiled: CompiledModel
    data: Dataset
    views: list[View]
    outputs: np.ndarray
    scores: np.ndarray
    said: np.ndarray
    held_scores: np.ndarray
    held_truth: np.ndarray
    oracle: Oracle | None
    recordings: list[Recording]
    findings: list[Finding]
    on_board: OnBoard | None = None  # where it was asked for

    @property
    def inputs(self) -> list[np.ndarray]:
        """What the model gets: for each input ``[n, rows, columns]``."""
        return [view.inputs for view in self.views]

    @property
    def truth(self) -> np.ndarray:
        """The class of each test window, int64 ``[n]``."""
        return self.data.test.classes

    @property
    def right(self) -> np.ndarray:
        """Which test windows the integer model gets right, bool ``[n]``."""
        return self.said == self.truth

    @property
    def accuracy(self) -> Share:
        """The share of the test windows that it gets right."""
        return Share(int(self.right.sum()), len(self.right), self.independent)

    @functools.cached_property
    def independent(self) -> float | None:
        """How many independent windows tell as much as the test split's; None: no groups."""
        return figures.effective(self.right, self.data.test.groups)

    @property
    def float_accuracy(self) -> Share | None:
        """What training measured before it quantized, on the same windows."""
        said = self.compiled.meta.extra.get("accuracy", {})
        if "float" not in said or said.get("test_windows") != len(self.truth):
            return None
        return Share(round(said["float"] * len(self.truth)), len(self.truth), self.independent)

    @property
    def same_data(self) -> bool:
        """The recordings are those that the model was trained on."""
        return self.compiled.meta.data_fingerprint in ("", self.data.fingerprint)

    @property
    def top(self) -> np.ndarray:
        """Each window's largest score."""
        return np.asarray(self.scores.max(axis=1))

    @property
    def chances(self) -> bool:
        """The scores are 0...1, as softmax and sigmoid give them: they can be calibrated."""
        return bool(self.scores.min() >= 0 and self.scores.max() <= 1)

    @property
    def anomaly(self) -> bool:
        """Trained on normal windows alone: its score is 0.5 at the threshold it was given."""
        return self.compiled.meta.extra.get("recipe") == anomaly.RECIPE

    @property
    def classical(self) -> bool:
        """Made by scikit-learn: LiteRT knows nothing of it."""
        return Path(self.compiled.program.path).suffix == SUFFIX

    @functools.cached_property
    def thresholds(self) -> list[float | None]:
        """For each class the threshold that the held-out windows choose."""
        if self.anomaly:
            return [None, 0.5]
        return [
            figures.best_threshold(self.held_truth == k, self.held_scores[:, k])
            for k in range(len(self.data.labels))
        ]

    def operating(self) -> list[figures.Operating | None]:
        """What these thresholds do to the test windows."""
        return [
            None if t is None else figures.operate(self.truth == k, self.scores[:, k], t)
            for k, t in enumerate(self.thresholds)
        ]


def gather(project: Project, compiled: CompiledModel | None = None) -> Evidence:
    """Runs the project's model on its data; no TensorFlow needed.

    Args:
        compiled: default: the project's trained model, for its board and budget.

    Raises:
        DataError: as :func:`midge.train.data.load_dataset`.
        ModelError: the model's input is no window of the data, or its outputs are not its classes.
    """
    from midge.commands.common import compile_all, model_path

    board = load_board(project.board)
    if compiled is None:
        compiled = compile_all([model_path(None, project)], board, project)[0]
    data = load_dataset(project)
    _check(project, compiled, data)
    runner = Answers(compiled)
    seen = views(project, compiled, data, runner)
    outputs = runner.outputs([view.inputs for view in seen])
    held = _held_out(project, data)
    held_parts = parts(project, data.train.counts[held])
    recordings, findings = _recordings(project)
    said = decide(outputs, half=runner.half)
    return Evidence(
        project, board, compiled, data, seen, outputs, runner.scores(outputs), said,
        runner.scores(runner.outputs(runner.inputs(held_parts))),
        data.train.classes[held], _oracle(compiled, data, seen, outputs, runner.half),
        recordings, findings,
    )  # fmt: skip


def _check(project: Project, compiled: CompiledModel, data: Dataset) -> None:
    program, where = compiled.program, compiled.program.path
    found = [math.prod(port.shape) for port in program.inputs]
    if compiled.features:
        needed = [math.prod(one.pipeline.shape) for one in compiled.features]
        lengths = [(one.pipeline.length, len(one.pipeline.channels)) for one in compiled.features]
    else:
        needed, lengths = [math.prod(data.test.counts.shape[1:])], []
    given = [one.shape[1:] for one in parts(project, data.test.counts[:1])]
    if found != needed or len(program.outputs) != 1 or (lengths and lengths != given):
        raise ModelError(
            f"inputs of {_and(found)} values from windows {_and(lengths or given)}, and "
            f"{len(program.outputs)} outputs; needed: {_and(needed)} values from windows "
            f"{_and(given)} of {data.name}, and one output",
            where=where, do="name the project that this model was trained in",
        )  # fmt: skip
    classes, scores = len(data.labels), math.prod(program.outputs[0].shape)
    if scores != classes and not (scores == 1 and classes == 2):
        raise ModelError(
            f"{scores} scores, needed: one for each of {', '.join(data.labels)}",
            where=where, do="name the project that this model was trained in",
        )  # fmt: skip


def _and(values: Sequence[object]) -> str:
    return " and ".join(str(value) for value in values)


def _held_out(project: Project, data: Dataset) -> np.ndarray:
    """Indices of the training windows that training held out."""
    if project.model.recipe == anomaly.RECIPE:
        return anomaly.hold_out(data.train)[1]
    held = of_training(project, data.train).held
    return held[:: -(-len(held) // _MOST_HELD_OUT) or 1]


def _oracle(
    compiled: CompiledModel, data: Dataset, seen: list[View], outputs: np.ndarray, half: float
) -> Oracle | None:
    """None where LiteRT is not installed, or the model is no ``.tflite``, or LiteRT has no
    reference kernel for an op of it."""
    if Path(compiled.program.path).suffix == SUFFIX:
        return None
    try:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    except ImportError:
        return None
    reference = Interpreter(
        str(Path(compiled.program.path)), experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    try:
        reference.allocate_tensors()
    except (RuntimeError, ValueError):
        return None
    sources: list[dict[str, Any]] = reference.get_input_details()
    target: dict[str, Any] = reference.get_output_details()[0]
    found = np.empty_like(outputs)
    for number in range(len(outputs)):
        for source, view in zip(sources, seen, strict=True):
            reference.set_tensor(source["index"], view.inputs[number].reshape(source["shape"]))
        reference.invoke()
        found[number] = reference.get_tensor(target["index"]).reshape(-1)
    right = decide(found, half=half) == data.test.classes
    equal = int((found == outputs).all(axis=1).sum())
    return Oracle(equal, Share(int(right.sum()), len(right)))


def _recordings(project: Project) -> tuple[list[Recording], list[Finding]]:
    """The files behind the data and what is wrong with them; none of a data set Midge knows."""
    from midge.recordings import check, read_file, read_folder
    from midge.train.data import layout, reader

    path = project.root / project.data.source
    if not project.data.source or not path.exists():
        return [], []
    how = layout(project)
    recordings = (
        (reader(project) or read_folder)(path, how) if path.is_dir() else read_file(path, how)
    )
    return recordings, check.examine(recordings, how)
