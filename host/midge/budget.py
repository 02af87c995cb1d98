"""Holds compiled models against a board's memory before anything is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from midge import abi
from midge.cost.code import code_bytes
from midge.errors import BudgetError
from midge.features.draw import flash_bytes as features_flash
from midge.program import ConstRef

if TYPE_CHECKING:
    from midge.compile import CompiledModel

_SHOWN = 5


class BoardMemory(Protocol):
    """What of a board counts here; :class:`midge.boards.Board` has more."""

    @property
    def name(self) -> str: ...

    @property
    def cpu(self) -> str: ...

    @property
    def model_flash_bytes(self) -> int:
        """Flash left for models and their kernels beside the interpreter."""

    @property
    def model_ram_bytes(self) -> int:
        """RAM left for arena, state and kernels' inner loops when the smallest useful heap is
        kept free."""


def check_fit(compiled_models: list[CompiledModel], board: BoardMemory) -> None:
    """Checks that the models' constants and kernels fit the flash, and all state, the largest
    arena and the kernels' inner loops the RAM.

    Raises:
        BudgetError: by how many bytes they do not, which layers or buffers are largest, and
            what would help. Names both lacks where both are.
    """
    found = (_flash(compiled_models, board), _ram(compiled_models, board))
    lacks = [lack for lack in found if lack is not None]
    if lacks:
        names = ", ".join(c.meta.name for c in compiled_models)
        raise BudgetError(
            "\n".join(what for what, _ in lacks),
            where=f"{names} on {board.name}",
            do="; ".join(do for _, do in lacks),
        )


def code_of(compiled_models: list[CompiledModel], cpu: str) -> tuple[int, int]:
    """(flash, SRAM) of the kernels that the models use, at most; see :mod:`midge.cost.code`."""
    return code_bytes(set().union(*(c.kernels for c in compiled_models)), cpu)


def flash_bytes(compiled: CompiledModel) -> int:
    """Flash that a model takes on a 32-bit board, code not counted.

    Constants, each op's parameters, its table entry and name, ports, labels and texts. Alignment
    between them may add a few bytes.
    """
    program, meta = compiled.program, compiled.meta
    total = program.weights_bytes
    kernels = abi.load().kernels
    for step in program.steps:
        total += 4 * len(kernels[step.kernel].fields) + 12 + len(step.layer.encode()) + 1
    for port in (*program.inputs, *program.outputs):
        total += 48 + len(port.name.encode()) + 1
    for text in (*meta.labels, meta.name, meta.version, program.sha256, meta.data_fingerprint):
        total += 4 + len(text.encode()) + 1
    for port in (*program.inputs, program.outputs[0]):  # the golden sample
        total += program.buffers[port.buffer].nbytes
    for one in compiled.features:
        total += features_flash(one.chain)
    return total + 96  # midge_model_t


def _flash(models: list[CompiledModel], board: BoardMemory) -> tuple[str, str] | None:
    code = code_of(models, board.cpu)[0]
    need, have = sum(flash_bytes(model) for model in models) + code, board.model_flash_bytes
    if need <= have:
        return None
    sizes = [item for model in models for item in weights_by_layer(model)]
    sizes.sort(key=lambda item: -item[0])
    what = (
        f"flash: models need {need} bytes, {code} of them for kernels, {have} are free: "
        f"{need - have} too many; "
        f"most weights:\n{_table(sizes)}"
    )
    return what, "use fewer or narrower layers there, or a board with more flash"


def weights_by_layer(model: CompiledModel) -> list[tuple[int, str]]:
    """Bytes of constants of each layer, with the layer's name."""
    program = model.program
    sizes = []
    for step in program.steps:
        used = {p.const for p in step.params.values() if isinstance(p, ConstRef)}
        size = sum(program.consts[const].data.nbytes for const in used)
        sizes.append((size, f"{model.meta.name}: layer {step.layer}"))
    return sizes


def _ram(models: list[CompiledModel], board: BoardMemory) -> tuple[str, str] | None:
    largest = max(models, key=lambda model: model.program.arena_bytes, default=None)
    state = sum(model.program.state_bytes + model.features_ram_bytes for model in models)
    have = board.model_ram_bytes - code_of(models, board.cpu)[1]
    if largest is None or largest.program.arena_bytes + state <= have:
        return None
    need = largest.program.arena_bytes
    kept = f" and all models {state} bytes of state and features" if state else ""
    program, found = largest.program, largest.plan
    steps = program.steps
    layer = steps[min(max(found.peak_step, 0), len(steps) - 1)].layer if steps else "none"
    sizes = [(program.buffers[b].nbytes, program.buffers[b].name) for b in found.peak_buffers]
    shared = sum((size + 3) & ~3 for size, _ in sizes) - found.lower_bound
    note = f" ({shared} bytes shared: the output lies over its input)" if shared else ""
    what = (
        f"RAM: {largest.meta.name} needs an arena of {need} bytes{kept}, {have} are free: "
        f"{need + state - have} too many; at its peak, layer {layer}, these are needed at "
        f"once{note}:\n"
        f"{_table(sizes)}"
    )
    return what, (
        "make that layer's input smaller (a shorter window, a lower resolution, fewer channels, "
        "an earlier stride or pooling), or use a board with more RAM"
    )


def _table(sizes: list[tuple[int, str]]) -> str:
    lines = [f"  {size:>9} bytes  {name}" for size, name in sizes[:_SHOWN]]
    if len(sizes) > _SHOWN:
        rest = sum(size for size, _ in sizes[_SHOWN:])
        lines.append(f"  {rest:>9} bytes  in {len(sizes) - _SHOWN} more")
    return "\n".join(lines)
