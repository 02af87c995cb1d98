"""From a ``.tflite`` file to everything the board and the host need to run it."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING

from midge import passes
from midge.choose import Chooser, Goal
from midge.classical import SUFFIX
from midge.cost import chain_cycles
from midge.cost.code import DEFAULT_CPU
from midge.errors import ModelError
from midge.graph import Graph
from midge.lower import draft
from midge.meta import Meta, load_meta
from midge.order import reorder
from midge.pack import pack
from midge.plan import Plan
from midge.program import Draft, Program
from midge.tflite_reader import read as read_tflite

if TYPE_CHECKING:
    import numpy as np

    from midge.features.pipeline import Compiled
    from midge.runner import Runner

MAX_STEPS = (1 << 16) - 1  # midge_model_t.n_ops
MAX_BYTES = (1 << 31) - 1  # arena and constants are addressed by midge_ref_t


@dataclasses.dataclass
class CompiledModel:
    """A model with everything settled: kernels, offsets, constants.

    ``words`` and ``consts`` are what ``midge_run_words`` takes; ``plan`` says how the arena
    came to be.
    """

    program: Program
    meta: Meta
    words: np.ndarray
    consts: bytes
    plan: Plan
    chooser: Chooser  # what else could have been chosen: ``chooser.front()``
    picks: tuple[int, ...]  # what was
    features: list[Compiled] = dataclasses.field(default_factory=list)  # one an input, or none
    golden_cache: tuple[bytes, bytes] | None = None
    cpu: str = DEFAULT_CPU  # whose cycles are expected

    @property
    def kernels(self) -> frozenset[str]:
        """The core's kernels and signal blocks that the model uses."""
        programs = [self.program, *(one.chain.program for one in self.features)]
        more = {"pipeline"} if self.features else set()
        return frozenset(s.kernel for program in programs for s in program.steps) | more

    @property
    def features_ram_bytes(self) -> int:
        """RAM of the features: what lives from hop to hop, and scratch."""
        return sum(one.chain.arena_bytes for one in self.features)

    @property
    def features_cycles(self) -> float | None:
        """Cycles expected of the features of what comes between two windows; None if not known."""
        return features_cycles(self.features, self.cpu)

    @property
    def ram_bytes(self) -> int:
        """Arena, state and features."""
        return self.program.ram_bytes + self.features_ram_bytes

    def runner(self) -> Runner:
        """Runs this model on the host with an arena of its own."""
        from midge.runner import Runner

        return Runner(self)


def compile_model(
    path: str | Path, meta: Meta | None = None, goal: Goal | None = None
) -> CompiledModel:
    """Reads, rewrites and lowers a model, chooses its kernels, plans and packs it.

    Args:
        path: an int8 ``.tflite``, or the ``.npz`` of a classical model.
        meta: name, labels and scaling; default: the sidecar ``<path>.json``, if there.
        goal: what the kernels are chosen for; default: the fewest cycles, whatever the arena.

    Raises:
        ModelError: the file or the sidecar is unusable; says which layer and what instead.
        BudgetError: no choice of kernels is as quick as the goal asks for.
    """
    path = Path(path)
    goal = goal or Goal()
    meta = load_meta(path) if meta is None else meta
    drafted = reorder(draft(passes.run(read_model(path)), cpu=goal.cpu))
    features = _features(drafted, meta)
    chooser = Chooser(drafted, goal.cpu)
    picks = chooser.choose(_beside(goal, features))
    program, found = chooser.build(picks)
    program.name = meta.name
    _check_labels(program, meta)
    words, consts = pack(program)
    for what, size, limit in (
        ("layers", len(program.steps), MAX_STEPS),
        ("bytes of arena", program.arena_bytes, MAX_BYTES),
        ("bytes of constants", len(consts), MAX_BYTES),
    ):
        if size > limit:
            raise ModelError(
                f"{size} {what}, at most {limit}", where=str(path), do="use a smaller model"
            )
    return CompiledModel(
        program, meta, words, consts, found, chooser, picks, features, cpu=goal.cpu
    )


def read_model(path: Path) -> Graph:
    """The graph of a ``.tflite`` or a ``.npz``."""
    if path.suffix != SUFFIX:
        return read_tflite(path)
    from midge.classical.importer import read as read_classical

    return read_classical(path)


def features_cycles(features: list[Compiled], cpu: str) -> float | None:
    """Cycles of the features of one decision: every input's new steps."""
    total = 0.0
    for one in features:
        each = chain_cycles(cpu, one.chain.program)
        total += one.pipeline.stride * sum(cycles or 0.0 for cycles in each)
        if None in each:
            return None
    return total


def _beside(goal: Goal, features: list[Compiled]) -> Goal:
    """The goal in the RAM and the cycles that the features leave."""
    if goal.ram_bytes is not None:
        taken = sum(one.chain.arena_bytes for one in features)
        goal = dataclasses.replace(goal, ram_bytes=max(0, goal.ram_bytes - taken))
    if goal.cycles is not None:
        taken_cycles = features_cycles(features, goal.cpu) or 0.0
        goal = dataclasses.replace(goal, cycles=max(1.0, goal.cycles - taken_cycles))
    return goal


def _features(program: Draft, meta: Meta) -> list[Compiled]:
    """The pipelines in front of the inputs, quantizing to their scales.

    Raises:
        ModelError: their number, or a window's size or type, is not the input's.
        FeatureError: a description that cannot be.
    """
    if not meta.features:
        return []
    from midge.features import Pipeline

    where = f"{program.path}: features"
    if len(meta.features) != len(program.inputs):
        raise ModelError(
            f"{len(meta.features)} pipelines for {len(program.inputs)} inputs", where=where,
            do="give one for each input, in their order, in the .json beside the model",
        )  # fmt: skip
    made = []
    for given, port in zip(meta.features, program.inputs, strict=True):
        pipeline = Pipeline.from_dict(given, where)
        size = math.prod(port.shape)
        if port.dtype != "int8" or port.quant is None or size != math.prod(pipeline.shape):
            raise ModelError(
                f"input '{port.name}' is {port.dtype} {port.shape}, the features are int8 "
                f"{pipeline.shape}",
                where=where, do="train the model on these features: `midge train`",
            )  # fmt: skip
        made.append(pipeline.compile(float(port.quant.scale[0]), int(port.quant.zero_point[0])))
    return made


def _check_labels(program: Program, meta: Meta) -> None:
    shape = program.outputs[0].shape
    classes = 1
    for n in shape:
        classes *= n
    if meta.labels and len(meta.labels) != classes:
        raise ModelError(
            f"{len(meta.labels)} labels for {classes} outputs",
            where=program.path,
            do="give one label for each output, in their order, in the .json beside the model",
        )
