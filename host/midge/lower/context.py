"""What every op's lowering shares: operands, constants, checks and messages."""

from __future__ import annotations

import math

import numpy as np

from midge import abi, ops, quantmath
from midge.errors import ModelError
from midge.graph import Graph, Op, Tensor
from midge.program import (
    Buffer,
    BufferRef,
    Candidate,
    Const,
    ConstRef,
    Layer,
    Lead,
    Param,
    State,
    StateRef,
    block_bytes,
)

MAX_RANK = 4
ALIGN = 4  # of the parts of a buffer
# Fast kernels by a board's cpu; others take the packed ones, whose C pays everywhere.
FAMILIES = {"cortex-m33": "blocked", "rv32imc": "blocked"}


class Lowering:
    """A program in the making."""

    def __init__(self, graph: Graph, kernels: str = "auto", cpu: str = ""):
        self.graph = graph
        self.kernels = kernels
        self.cpu = cpu
        self.family = kernels if kernels in ("packed", "blocked") else FAMILIES.get(cpu, "packed")
        self.layers: list[Layer] = []
        self.buffers: list[Buffer] = []
        self.consts: list[Const] = []
        self.states: list[State] = []
        self._place: dict[int, BufferRef | ConstRef] = {}
        self._known: dict[tuple[str, bytes], ConstRef] = {}

    # -- operands ------------------------------------------------------------------------------

    def tensor(self, tensor_id: int) -> Tensor:
        return self.graph.tensors[tensor_id]

    def operand(self, tensor_id: int) -> BufferRef | ConstRef:
        """Where a tensor that a kernel reads lies; a constant is added to the constants."""
        if tensor_id not in self._place:
            tensor = self.tensor(tensor_id)
            assert tensor.data is not None, f"{tensor.name} is read before it is computed"
            self._place[tensor_id] = self.const(tensor.name, tensor.data)
        return self._place[tensor_id]

    def result(self, tensor_id: int) -> BufferRef:
        """A new buffer for a tensor that a kernel writes."""
        tensor = self.tensor(tensor_id)
        self.buffers.append(Buffer(tensor.name, tensor.nbytes))
        ref = BufferRef(len(self.buffers) - 1)
        self._place[tensor_id] = ref
        return ref

    def part(self, place: BufferRef | ConstRef, whole: BufferRef, start: int) -> bool:
        """Makes a buffer a part of another, from byte ``start`` on, if it can be one."""
        if not isinstance(place, BufferRef) or start % ALIGN:
            return False
        buffer = self.buffers[place.buffer]
        if buffer.within is not None or place.buffer > whole.buffer:
            return False
        buffer.within = whole.buffer, start
        return True

    def alias(self, tensor_id: int, source: int) -> None:
        """The tensor has the bytes of ``source``: no copy."""
        self._place[tensor_id] = self.operand(source)

    def port_buffer(self, tensor_id: int) -> BufferRef:
        """The buffer of a model input or output. A constant output is copied into one."""
        tensor = self.tensor(tensor_id)
        ref = self._place.get(tensor_id)
        if isinstance(ref, BufferRef):
            return ref
        if ref is None and not tensor.is_const:
            return self.result(tensor_id)
        ref = self.operand(tensor_id)
        self.buffers.append(Buffer(tensor.name, tensor.nbytes))
        out = BufferRef(len(self.buffers) - 1)
        params: dict[str, Param] = {
            "in": ref,
            "out": out,
            "rows": 1,
            "row_bytes": tensor.nbytes,
            "out_start_bytes": 0,
            "out_stride_bytes": 0,
        }
        layer = f"output '{tensor.name}'"
        self.layers.append(Layer(layer, "COPY", 0, [Candidate("copy", params, {})]))
        return out

    def const(self, name: str, data: np.ndarray, kind: str = "weights") -> ConstRef:
        """Adds a constant, or finds an equal one."""
        data = np.ascontiguousarray(data)
        key = (str(data.dtype), data.tobytes())
        if key not in self._known:
            self.consts.append(Const(name, data, kind))
            self._known[key] = ConstRef(len(self.consts) - 1)
        return self._known[key]

    def temporary(self, name: str, nbytes: int) -> BufferRef:
        """A buffer between two steps of one op."""
        self.buffers.append(Buffer(name, nbytes))
        return BufferRef(len(self.buffers) - 1)

    def scratch(self, name: str, nbytes: int) -> BufferRef:
        """RAM for one step: the parameter ``scratch`` of its kernel."""
        self.buffers.append(Buffer(name, nbytes, scratch=True))
        return BufferRef(len(self.buffers) - 1)

    def state(self, op: Op, tensor_id: int) -> StateRef:
        """The state that a variable tensor keeps; only the one op that has it may write it.

        It starts as LiteRT's: real zero where it is int8, all bits 0 where it is wider.
        """
        tensor = self.tensor(tensor_id)
        self.need(
            op,
            tensor.variable,
            f"state '{tensor.name}' is no variable tensor",
            "convert the model again with a current TensorFlow",
        )
        reset = tensor.zero_point & 255 if tensor.dtype == "int8" else 0
        self.states.append(State(tensor.name, tensor.nbytes, reset, block_bytes(self.states)))
        return StateRef(len(self.states) - 1)

    def step(
        self,
        op: Op,
        kernel: str,
        params: dict[str, Param],
        macs: int = 0,
        in_place: tuple[str, ...] = (),
        leads: dict[str, Lead] | None = None,
    ) -> None:
        """Adds a call of ``kernel``.

        ``leads``: where the output may lie over which operand (:mod:`midge.lower.leads`).
        ``in_place``: operands of which each byte is read before its place in the output is
        written, and none later. A constant is left out.
        """
        over = {**dict.fromkeys(in_place, Lead(0)), **(leads or {})}
        self.choice(op, [Candidate(kernel, params, over)], macs)

    def choice(self, op: Op, candidates: list[Candidate], macs: int = 0) -> None:
        """Adds a layer that each of ``candidates`` computes, bit for bit alike."""
        _check_fields(candidates)
        if self.kernels in ("packed", "blocked"):  # the plain one is the last
            candidates = candidates[: max(1, len(candidates) - 1)]
        if self.kernels == "jit":
            jit = [each for each in candidates if each.kernel.endswith("_jit")]
            candidates = jit or candidates
        layer = f"{op.index} {op.kind} '{self.tensor(op.outputs[0]).name}'"
        self.layers.append(Layer(layer, op.kind, macs, candidates))

    def fused(self, candidates: list[Candidate]) -> None:
        """More ways to compute the last layer, together with the one that it reads."""
        _check_fields(candidates)
        self.layers[-1].candidates.extend(candidates)

    # -- checks --------------------------------------------------------------------------------

    def error(self, op: Op, what: str, do: str = "") -> ModelError:
        return ModelError(what, where=op.where(self.graph), do=do or ops.instead(op.kind))

    def need(self, op: Op, condition: bool, what: str, do: str = "") -> None:
        """Raises ModelError(what) unless ``condition``."""
        if not condition:
            raise self.error(op, what, do)

    def typed(self, op: Op, tensor_id: int, *dtypes: str) -> Tensor:
        """The tensor, which must have one of ``dtypes`` and, if 8 bits, one scale."""
        tensor = self.tensor(tensor_id)
        if tensor.dtype not in dtypes:
            found = f"tensor '{tensor.name}' is {tensor.dtype}, needed: {' or '.join(dtypes)}"
            raise self.error(op, found)
        if tensor.dtype in ("int8", "uint8"):
            self.quantized(op, tensor)
        return tensor

    def form(self, op: Op) -> tuple[str, str]:
        """The type an op computes in, and the suffix of the names of the kernels for it."""
        wide = self.tensor(op.inputs[0]).dtype == "int16"
        return ("int16", "_16") if wide else ("int8", "")

    def symmetric(self, op: Op, *tensors: Tensor) -> None:
        """Those of int16 must have one scale, and zero point 0."""
        for tensor in tensors:
            if tensor.dtype == "int16":
                self.quantized(op, tensor)

    def quantized(self, op: Op, tensor: Tensor) -> None:
        quant = tensor.quant
        what = "no scale" if quant is None else f"{quant.scale.size} scales"
        self.need(
            op,
            quant is not None and quant.scale.size == 1,
            f"tensor '{tensor.name}' has {what}, needed: 1 (per tensor)",
            "convert with full-integer quantization (`midge convert`)",
        )
        symmetric = tensor.dtype == "int16"
        low, high = (0, 0) if symmetric else quantmath.limits(tensor.dtype)
        good = tensor.scale > 0 and low <= tensor.zero_point <= high
        self.need(
            op,
            good,
            f"tensor '{tensor.name}' has scale {tensor.scale:g} and zero point "
            f"{tensor.zero_point}, needed: above 0, and {low if symmetric else f'{low}...{high}'}",
            "convert again with representative data of the model's real range",
        )

    def image(self, op: Op, tensor_id: int, dtype: str = "int8") -> Tensor:
        """An activation of shape (1, height, width, channels)."""
        tensor = self.typed(op, tensor_id, dtype)
        self.need(
            op,
            len(tensor.shape) == 4 and tensor.shape[0] == 1,
            f"tensor '{tensor.name}' has shape {tensor.shape}, "
            "needed: (1, height, width, channels)",
            "convert with a fixed batch of 1: Input(batch_shape=(1, ...))",
        )
        return tensor

    def alike(self, op: Op, a: Tensor, b: Tensor) -> None:
        """Both must have the same scale and zero point."""
        same = a.quant is not None and b.quant is not None
        same = same and a.scale == b.scale and a.zero_point == b.zero_point
        if not same and (a.quant is not None or b.quant is not None):
            raise self.error(
                op,
                f"'{a.name}' ({_quant(a)}) and '{b.name}' ({_quant(b)}) are quantized "
                "differently, needed: alike",
                "convert the model again with a current TensorFlow",
            )

    def constant(self, op: Op, tensor_id: int, role: str) -> np.ndarray:
        """The data of an input that has to be constant."""
        tensor = self.tensor(tensor_id) if tensor_id >= 0 else None
        if tensor is None or tensor.data is None:
            name = tensor.name if tensor else "absent"
            raise self.error(
                op,
                f"{role} '{name}' is computed, needed: a constant",
                "use layers with trained weights and fixed shapes",
            )
        return tensor.data

    def rank(self, op: Op, tensor: Tensor) -> None:
        self.need(
            op,
            len(tensor.shape) <= MAX_RANK,
            f"tensor '{tensor.name}' has {len(tensor.shape)} dimensions, at most {MAX_RANK}",
            "reshape it to fewer dimensions first",
        )

    # -- numbers -------------------------------------------------------------------------------

    def clamp(self, op: Op, out: Tensor) -> dict[str, Param]:
        """``out_offset``, ``act_min`` and ``act_max`` of an op with a fused activation."""
        activation = op.attrs.get("fused_activation_function", "NONE")
        try:
            low, high = quantmath.activation_range(
                activation, out.scale, out.zero_point, out.dtype
            )
        except ValueError as err:
            raise self.error(op, str(err), "use ReLU or ReLU6, or a layer of its own") from err
        self.need(
            op,
            low <= high,
            f"activation {activation} leaves no value: {low}...{high}",
            "convert again with representative data of the model's real range",
        )
        return {"out_offset": out.zero_point, "act_min": low, "act_max": high}

    def multiplier(self, op: Op, scale: float) -> tuple[int, int]:
        """quantize_multiplier, with the layer's name on what it cannot do."""
        try:
            return quantmath.quantize_multiplier(scale)
        except ValueError as err:
            raise self.error(
                op,
                f"output scale too small: {err}",
                "convert again with representative data of the model's real range",
            ) from err


def _check_fields(candidates: list[Candidate]) -> None:
    for each in candidates:
        fields = {field.name for field in abi.load().kernels[each.kernel].fields}
        assert fields == each.params.keys(), f"{each.kernel}: {fields ^ each.params.keys()}"


def _quant(tensor: Tensor) -> str:
    if tensor.quant is None:
        return "not quantized"
    return f"scale {tensor.scale:g}, zero point {tensor.zero_point}"


def padded_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with leading ones, rank 4."""
    return (1,) * (MAX_RANK - len(shape)) + tuple(shape)


def product(numbers: tuple[int, ...]) -> int:
    return math.prod(numbers)
