"""UNIDIRECTIONAL_SEQUENCE_LSTM and SVDF: layers that keep state between inferences.

Effective scales are made in single precision, as in TFLite's ``unidirectional_sequence_lstm.cc``
and ``svdf.cc``: their last bit decides results.
"""

from __future__ import annotations

import math

import numpy as np

from midge import abi
from midge.graph import Op, Tensor
from midge.lower.context import Lowering
from midge.lower.conv import wrap_int32
from midge.program import Param

_DO = (
    "convert a tf_keras LSTM (TF_USE_LEGACY_KERAS=1) with Input(batch_shape=(1, ...)) to full "
    "int8, or use Conv1D layers"
)
_SVDF_DO = (
    "convert it with int8 feature weights, int16 time weights and int16 state, all symmetric, or "
    "use Conv1D layers"
)
# Where the inputs of the op have each gate's operands, in the kernel's order of gates.
_GATES = ("forget", "cell", "output", "input")
_IN_WEIGHTS = {"forget": 2, "cell": 3, "output": 4, "input": 1}
_REC_WEIGHTS = {"forget": 6, "cell": 7, "output": 8, "input": 5}
_PEEPHOLE = {"forget": 10, "output": 11, "input": 9}
_BIAS = {"forget": 13, "cell": 14, "output": 15, "input": 12}
_NORM = {"forget": 21, "cell": 22, "output": 23, "input": 20}
_INTERMEDIATE = {"forget": 1, "cell": 2, "output": 3, "input": 0}
_PROJECTION, _PROJECTION_BIAS, _HIDDEN, _CELL = 16, 17, 18, 19


def unidirectional_sequence_lstm(low: Lowering, op: Op) -> None:
    """One sequence, int8 [steps, n_in]; hidden state int8, cell state int16."""
    _Lstm(low, op).lower()


class _Lstm:
    def __init__(self, low: Lowering, op: Op):
        self.low, self.op = low, op
        low.need(
            op,
            len(op.inputs) in (20, 24),
            f"{len(op.inputs)} inputs, needed: 20 or 24",
            _DO,
        )
        self.x = low.typed(op, op.inputs[0], "int8")
        self.out = low.typed(op, op.outputs[0], "int8")
        self.hidden = self.state(_HIDDEN, "int8")
        self.cell = self.state(_CELL, "int16")
        self.n_in = self.x.shape[-1] if self.x.shape else 0
        self.n_out, self.n_cell = self.hidden.size, self.cell.size
        self.gates = _GATES if self.has(1) else _GATES[:3]
        self.normalized = self.has(_NORM["forget"])
        self.check()

    def has(self, place: int) -> bool:
        return place < len(self.op.inputs) and self.op.inputs[place] != -1

    def state(self, place: int, dtype: str) -> Tensor:
        low, op = self.low, self.op
        low.need(op, self.has(place), f"state input {place} is absent", _DO)
        tensor = low.tensor(op.inputs[place])
        low.need(
            op,
            tensor.dtype == dtype,
            f"state '{tensor.name}' is {tensor.dtype}, needed: {dtype}",
            _DO,
        )
        good = tensor.quant is not None and tensor.quant.scale.size == 1 and tensor.scale > 0
        low.need(op, good, f"state '{tensor.name}' needs one scale above 0", _DO)
        return tensor

    def check(self) -> None:
        low, op = self.low, self.op
        shape = self.x.shape
        low.need(op, len(shape) == 3, f"input of shape {shape}, needed: 3 dimensions", _DO)
        batch = shape[1 if op.attrs.get("time_major") else 0]
        low.need(op, batch == 1, f"a batch of {batch}, needed: 1", _DO)
        steps = self.x.size // max(self.n_in, 1)
        low.need(
            op,
            self.n_in > 0 and steps > 0 and self.out.size == steps * self.n_out,
            f"input {shape}, state of {self.n_out} and output {self.out.shape} do not fit "
            "together",
            _DO,
        )
        activation = op.attrs.get("fused_activation_function", "TANH")
        low.need(op, activation == "TANH", f"activation {activation}, needed: TANH", _DO)
        low.need(
            op,
            not op.attrs.get("diagonal_recurrent_tensors"),
            "diagonal recurrent weights, needed: full matrices",
            _DO,
        )
        low.need(
            op,
            self.has(_PROJECTION) or self.n_out == self.n_cell,
            f"{self.n_cell} cells and {self.n_out} outputs without a projection",
            _DO,
        )
        low.need(op, self.n_cell < 65536, f"{self.n_cell} cells, at most 65535", _DO)
        low.need(
            op,
            len(op.intermediates) == 5,
            f"{len(op.intermediates)} intermediate tensors, needed: 5",
            _DO,
        )

    def lower(self) -> None:
        low, op = self.low, self.op
        name, gates = self.out.name, len(self.gates)
        hidden_scale, hidden_zero = self.intermediate(4)
        hidden_mult, hidden_shift = low.multiplier(
            op, float(np.float32(2.0**-15 / float(hidden_scale) * 2.0**-15))
        )
        params: dict[str, Param] = {
            "in": low.operand(op.inputs[0]),
            "hidden": low.state(op, op.inputs[_HIDDEN]),
            "cell": low.state(op, op.inputs[_CELL]),
            **self.weights(),
            "requant": low.const(f"{name}/requant", self.requant(), "requant"),
            "peephole": self.peephole(),
            **self.norm(),
            **self.projection(hidden_scale, hidden_zero),
            "scratch": low.scratch(f"{name}/gates", (2 * gates + 1) * self.n_cell),
            "steps": self.x.size // self.n_in,
            "n_in": self.n_in,
            "n_cell": self.n_cell,
            "n_out": self.n_out,
            "gates": gates,
            "cell_bits": self.cell_bits(),
            "cell_clip": self.clip("cell_clip", self.cell, 32767),
            "hidden_mult": hidden_mult,
            "hidden_shift": hidden_shift,
            # before a projection the oracle takes the zero point with the other sign
            "hidden_offset": -hidden_zero if self.has(_PROJECTION) else hidden_zero,
            "out": low.result(op.outputs[0]),
        }
        each = gates * self.n_cell * (self.n_in + self.n_out)
        if self.has(_PROJECTION):
            each += self.n_cell * self.n_out
        low.step(op, "lstm", params, macs=self.x.size // self.n_in * each)

    # -- operands ------------------------------------------------------------------------------

    def constant(self, place: int, role: str, dtype: str, size: int) -> np.ndarray:
        """A constant operand, flat, of which the number of elements is known."""
        low, op = self.low, self.op
        low.need(op, self.has(place), f"{role} (input {place}) is absent", _DO)
        data = low.constant(op, op.inputs[place], role)
        low.need(
            op,
            str(data.dtype) == dtype and data.size == size,
            f"{role} of {data.size} {data.dtype}, needed: {size} {dtype}",
            _DO,
        )
        return data.reshape(-1)

    def scale(self, place: int) -> np.float32:
        """The scale of a symmetric constant."""
        low, op = self.low, self.op
        tensor = low.tensor(op.inputs[place])
        quant = tensor.quant
        good = quant is not None and quant.scale.size == 1 and not quant.zero_point.any()
        low.need(op, good, f"'{tensor.name}' needs one scale, and zero point 0", _DO)
        return np.float32(tensor.scale)

    def intermediate(self, number: int) -> tuple[np.float32, int]:
        tensor = self.low.tensor(self.op.intermediates[number])
        self.low.need(
            self.op,
            tensor.quant is not None and tensor.quant.scale.size == 1 and tensor.scale > 0,
            f"intermediate tensor '{tensor.name}' has no scale",
            _DO,
        )
        return np.float32(tensor.scale), tensor.zero_point

    def weights(self) -> dict[str, Param]:
        """Weights and biases of all gates, one after the other."""
        name, n = self.out.name, self.n_cell
        columns: dict[str, list[np.ndarray]] = {"in": [], "rec": []}
        biases: dict[str, list[np.ndarray]] = {"in": [], "rec": []}
        for gate in self.gates:
            for kind, places, width, zero in (
                ("in", _IN_WEIGHTS, self.n_in, self.x.zero_point),
                ("rec", _REC_WEIGHTS, self.n_out, self.hidden.zero_point),
            ):
                data = self.constant(places[gate], f"{kind} weights of {gate}", "int8", n * width)
                data = data.reshape(n, width)
                bias = -zero * data.astype(np.int64).sum(axis=1)
                if kind == "in" and not self.normalized:
                    bias += self.constant(_BIAS[gate], f"bias of {gate}", "int32", n)
                columns[kind].append(data)
                biases[kind].append(wrap_int32(bias))
        params: dict[str, Param] = {}
        for kind in ("in", "rec"):
            weights, bias = np.stack(columns[kind]), np.stack(biases[kind])
            params[f"{kind}_weights"] = self.low.const(f"{name}/{kind}_weights", weights)
            params[f"{kind}_bias"] = self.low.const(f"{name}/{kind}_bias", bias, "bias")
        return params

    def requant(self) -> np.ndarray:
        """int32 [gates, 9], as ``midge_lstm_t`` has it."""
        rows = []
        for gate in self.gates:
            unit = (
                self.intermediate(_INTERMEDIATE[gate])[0]
                if self.normalized
                else np.float32(2**-12)
            )
            scales = [
                self.scale(_IN_WEIGHTS[gate]) * np.float32(self.x.scale) / unit,
                self.scale(_REC_WEIGHTS[gate]) * np.float32(self.hidden.scale) / unit,
            ]
            place = _PEEPHOLE.get(gate, -1)
            with_peephole = place >= 0 and self.has(place)
            peephole = self.scale(place) if with_peephole else np.float32(0)
            scales.append(
                np.float32(2.0 ** (self.cell_bits() - 15) * float(peephole) / float(unit))
            )
            norm = self.scale(_NORM[gate]) if self.normalized else np.float32(0)
            scales.append(norm)
            row = [v for scale in scales for v in self.low.multiplier(self.op, float(scale))]
            row[-1] = row[-1] + 12 if self.normalized else 0
            self.low.need(
                self.op, row[-1] <= 30, f"layer norm weights of scale {norm}, at most 2**18", _DO
            )
            rows.append([*row, max(1, int(np.float32(10000) * norm))])
        return np.array(rows, np.int32)

    def peephole(self) -> Param:
        if not self.has(_PEEPHOLE["forget"]):
            return abi.NONE
        # the oracle looks at as many cells as there are outputs
        self.low.need(
            self.op,
            self.n_out <= self.n_cell,
            f"peepholes of {self.n_cell} cells before a projection to {self.n_out} outputs: "
            "LiteRT reads past their end",
            "use a projection to fewer outputs than cells",
        )
        rows = [np.zeros(self.n_cell, np.int16)] * len(self.gates)
        for i, gate in enumerate(self.gates):
            if gate in _PEEPHOLE:
                role = f"peephole weights of {gate}"
                rows[i] = self.constant(_PEEPHOLE[gate], role, "int16", self.n_cell).copy()
                rows[i][self.n_out :] = 0
        return self.low.const(f"{self.out.name}/peephole", np.stack(rows))

    def norm(self) -> dict[str, Param]:
        if not self.normalized:
            return {"norm_weights": abi.NONE, "norm_bias": abi.NONE}
        weights, biases = (
            np.stack([self.constant(places[g], f"{role} of {g}", dtype, self.n_cell)
                      for g in self.gates])
            for places, role, dtype in (
                (_NORM, "layer norm weights", "int16"), (_BIAS, "bias", "int32"),
            )
        )  # fmt: skip
        name = self.out.name
        return {
            "norm_weights": self.low.const(f"{name}/norm_weights", weights),
            "norm_bias": self.low.const(f"{name}/norm_bias", biases, "bias"),
        }

    def projection(self, scale: np.float32, zero: int) -> dict[str, Param]:
        names = ("proj_weights", "proj_bias")
        if not self.has(_PROJECTION):
            numbers = ("proj_mult", "proj_shift", "proj_offset", "proj_clip")
            return {**dict.fromkeys(names, abi.NONE), **dict.fromkeys(numbers, 0)}
        low, op = self.low, self.op
        size = self.n_out * self.n_cell
        data = self.constant(_PROJECTION, "projection weights", "int8", size)
        data = data.reshape(self.n_out, self.n_cell)
        bias = zero * data.astype(np.int64).sum(axis=1)
        if self.has(_PROJECTION_BIAS):
            bias += self.constant(_PROJECTION_BIAS, "projection bias", "int32", self.n_out)
        mult, shift = low.multiplier(
            op, float(self.scale(_PROJECTION) * scale / np.float32(self.hidden.scale))
        )
        return {
            "proj_weights": low.const(f"{self.out.name}/projection", data),
            "proj_bias": low.const(f"{self.out.name}/proj_bias", wrap_int32(bias), "bias"),
            "proj_mult": mult,
            "proj_shift": shift,
            "proj_offset": self.hidden.zero_point,
            "proj_clip": self.clip("proj_clip", self.hidden, 127),
        }

    def cell_bits(self) -> int:
        """Integer bits of the cell state: its scale is 2**(bits - 15)."""
        fraction, exponent = math.frexp(self.cell.scale)
        bits = exponent - 1 + 15
        self.low.need(
            self.op,
            fraction == 0.5 and 0 <= bits <= 6 and self.cell.zero_point == 0,
            f"cell state of scale {self.cell.scale:g} and zero point {self.cell.zero_point}, "
            "needed: a power of two in 2**-15...2**-9, and 0",
            _DO,
        )
        return bits

    def clip(self, name: str, tensor: Tensor, most: int) -> int:
        real = np.float32(self.op.attrs.get(name) or 0)
        return int(min(max(real / np.float32(tensor.scale), np.float32(0)), np.float32(most)))


def svdf(low: Lowering, op: Op) -> None:
    """Input int8 [1, n_in]; ``rank`` filters a unit, each with a memory of int16."""
    low.need(op, len(op.inputs) == 5, f"{len(op.inputs)} inputs, needed: 5", _SVDF_DO)
    x, out = low.typed(op, op.inputs[0], "int8"), low.typed(op, op.outputs[0], "int8")
    feature = low.constant(op, op.inputs[1], "the feature weights")
    time = low.constant(op, op.inputs[2], "the time weights")
    rank = int(op.attrs.get("rank") or 0)
    state = low.tensor(op.inputs[4])
    types = (str(feature.dtype), str(time.dtype), state.dtype)
    low.need(
        op,
        types == ("int8", "int16", "int16"),
        f"feature weights, time weights and state of {', '.join(types)}, "
        "needed: int8, int16, int16",
        _SVDF_DO,
    )
    activation = op.attrs.get("fused_activation_function")
    low.need(
        op, activation == "RELU", f"activation {activation}, needed: RELU, as in LiteRT", _SVDF_DO
    )
    filters = len(feature) if feature.ndim == 2 else 0
    fits = rank > 0 and filters > 0 and filters % rank == 0 and time.shape[:1] == (filters,)
    fits = fits and time.ndim == 2 and time.shape[1] > 0 and x.size == feature.shape[1]
    fits = fits and out.size == filters // rank and state.size == time.size
    low.need(
        op,
        fits,
        f"input {x.shape}, weights {feature.shape} and {time.shape}, state {state.shape}, output "
        f"{out.shape} and rank {rank} do not fit together",
        _SVDF_DO,
    )
    scales = [_symmetric(low, op, place) for place in (1, 2, 4)]
    bias: Param = abi.NONE
    if op.inputs[3] != -1:
        data = low.constant(op, op.inputs[3], "the bias")
        low.need(
            op,
            data.dtype == np.int32 and data.size == out.size,
            f"bias of {data.size} {data.dtype}, needed: {out.size} int32",
        )
        bias = low.operand(op.inputs[3])
    feature_mult, feature_shift = low.multiplier(
        op, float(np.float32(x.scale) * scales[0] / scales[2])
    )
    mult, shift = low.multiplier(op, float(scales[2] * scales[1] / np.float32(out.scale)))
    sums = -x.zero_point * feature.astype(np.int64).sum(axis=1)
    low.step(
        op,
        "svdf",
        {
            "in": low.operand(op.inputs[0]),
            "state": low.state(op, op.inputs[4]),
            "feature_weights": low.operand(op.inputs[1]),
            "feature_bias": low.const(f"{out.name}/feature_bias", wrap_int32(sums), "bias"),
            "time_weights": low.operand(op.inputs[2]),
            "bias": bias,
            "n_in": x.size,
            "units": out.size,
            "rank": rank,
            "memory": time.shape[1],
            "feature_mult": feature_mult,
            "feature_shift": feature_shift,
            "mult": mult,
            "shift": shift,
            "out_offset": out.zero_point,
            "out": low.result(op.outputs[0]),
        },
        macs=feature.size + time.size,
    )


def _symmetric(low: Lowering, op: Op, place: int) -> np.float32:
    tensor = low.tensor(op.inputs[place])
    quant = tensor.quant
    good = quant is not None and quant.scale.size == 1 and not quant.zero_point.any()
    low.need(
        op,
        good and tensor.scale > 0,
        f"'{tensor.name}' needs one scale above 0, and zero point 0",
        _SVDF_DO,
    )
    return np.float32(tensor.scale)
