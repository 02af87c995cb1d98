"""What lowering makes and the emitters read: kernel calls over buffers and constants.

A :class:`Program` is a model with everything settled but the place of its buffers in the arena;
:mod:`midge.plan` settles that. Every field of a step's ``params`` has the name of a field of
the C struct of that kernel in ``firmware_modules/midge/midge_params.h``: that header is the
one place that says what a kernel takes, and :mod:`midge.abi` reads it.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from midge.graph import Quant


@dataclasses.dataclass(frozen=True)
class BufferRef:
    """An activation: becomes an offset into the arena (>= 0), ``start`` bytes into the buffer."""

    buffer: int
    start: int = 0


@dataclasses.dataclass(frozen=True)
class ConstRef:
    """A constant: becomes ``~offset`` into the constants (< 0)."""

    const: int


@dataclasses.dataclass(frozen=True)
class StateRef:
    """A state tensor: becomes an offset into the model's state."""

    state: int


Param = int | BufferRef | ConstRef | StateRef

WRITTEN = ("out", "scratch")  # how the operands begin that a kernel writes
ANYWHERE = 1 << 40  # a Lead's ``last`` where the kernel reads everything before it writes


@dataclasses.dataclass(frozen=True)
class Lead:
    """Where a kernel's output may lie over an operand, which it reads while it writes.

    The output may begin at most ``last`` bytes behind the operand's first byte (below 0: so many
    before it), or at any multiple of ``step`` bytes from it (0: at none): each byte is then read
    for the last time before it is written. :mod:`midge.lower.leads` computes them.
    """

    last: int
    step: int = 0

    def allows(self, shift: int) -> bool:
        """Whether the output may begin ``shift`` bytes behind the operand."""
        return shift <= self.last or (self.step > 0 and shift % self.step == 0)

    def scaled(self, item: int) -> Lead:
        """The same walk over elements of ``item`` bytes instead of one."""
        last = self.last if abs(self.last) == ANYWHERE else self.last * item
        return Lead(last, self.step * item)


@dataclasses.dataclass(frozen=True)
class Overlap:
    """Buffer ``write`` may lie over buffer ``read`` of its step."""

    read: int
    write: int
    lead: Lead


@dataclasses.dataclass
class Buffer:
    """RAM that one inference needs: an activation or a kernel's scratch."""

    name: str
    nbytes: int
    scratch: bool = False
    offset: int = -1  # in the arena; set by midge.plan
    within: tuple[int, int] | None = None  # it is a part of a buffer: (which, first byte)


@dataclasses.dataclass
class Const:
    """Weights, biases, requantization constants, tables. C-contiguous, native dtype."""

    name: str
    data: np.ndarray
    kind: str = "weights"  # "weights", "bias", "requant", "table"
    offset: int = -1  # in the constants, aligned to 4; set when packed


@dataclasses.dataclass
class State:
    """A tensor that keeps its value between inferences; ``reset`` is every byte's first value.

    States lie in RAM of their own, one block a model, not in the arena that models share.
    """

    name: str
    nbytes: int
    reset: int  # 0...255
    offset: int  # in the block, aligned to 4


@dataclasses.dataclass
class Candidate:
    """One way to compute a layer: a kernel and its parameters, with the scratch it needs."""

    kernel: str
    params: dict[str, Param]
    leads: dict[str, Lead]  # by operand; one without a lead must not be written over
    note: str = ""  # what sets it apart from the kernel's other candidates: "64 pixels a tile"
    instead: int | None = None  # it computes this buffer's layer too, which then is left out


@dataclasses.dataclass
class Layer:
    """A layer before its kernel is chosen. ``candidates`` write the same buffer ``out``."""

    layer: str  # as in Step
    op: str
    macs: int
    candidates: list[Candidate]


def block_bytes(states: list[State]) -> int:
    """The size of the block that holds ``states``, in whole words."""
    return max(((s.offset + s.nbytes + 3) & ~3 for s in states), default=0)


@dataclasses.dataclass
class Step:
    """One kernel call. ``kernel`` names ``midge_<kernel>`` and ``midge_<kernel>_t``."""

    kernel: str
    params: dict[str, Param]
    layer: str  # e.g. "3 CONV_2D 'conv1/Relu'": what a person sees in tables and errors
    op: str  # the TFLite op it comes from
    reads: list[int]  # buffers read
    writes: list[int]  # buffers written, scratch included
    macs: int = 0
    overlaps: list[Overlap] = dataclasses.field(default_factory=list)  # pairs that may share
    note: str = ""  # see Candidate
    cycles: float | None = None  # as midge.cost expects them


@dataclasses.dataclass
class Port:
    """A model input or output."""

    name: str
    buffer: int
    shape: tuple[int, ...]
    dtype: str
    quant: Quant | None


@dataclasses.dataclass
class Draft:
    """A lowered model whose kernels are still to be chosen (:mod:`midge.choose`).

    Has the buffers and constants of all candidates; a program keeps those of the chosen ones.
    """

    name: str
    path: str
    sha256: str
    layers: list[Layer]
    buffers: list[Buffer]
    consts: list[Const]
    inputs: list[Port]
    outputs: list[Port]
    states: list[State]


@dataclasses.dataclass
class Program:
    """A lowered model. ``arena_bytes`` is set by :mod:`midge.plan`."""

    name: str
    path: str
    sha256: str
    steps: list[Step]
    buffers: list[Buffer]
    consts: list[Const]
    inputs: list[Port]
    outputs: list[Port]
    arena_bytes: int = -1
    states: list[State] = dataclasses.field(default_factory=list)

    @property
    def state_bytes(self) -> int:
        """RAM that the model keeps between inferences, besides the arena."""
        return block_bytes(self.states)

    @property
    def ram_bytes(self) -> int:
        """Arena and state."""
        return self.arena_bytes + self.state_bytes

    @property
    def macs(self) -> int:
        return sum(step.macs for step in self.steps)

    @property
    def weights_bytes(self) -> int:
        """Bytes of flash that all constants take, each aligned to 4."""
        return sum((const.data.nbytes + 3) & ~3 for const in self.consts)
