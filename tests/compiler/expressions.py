"""Random functions of one int8 activation, out of all ops that tables are made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from case_maker import per_tensor, scale, zero_point
from graph_kit import Kit

from midge.graph import Graph, Quant

SHAPE = (1, 256)
COMPARISONS = ("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL")
TABLES = ("LOGISTIC", "TANH", "RELU", "RELU6", "ABS", "GELU", "HARD_SWISH", "LOG", "QUANTIZE")
FLOAT_UNARY = (
    "ABS",
    "CEIL",
    "COS",
    "ELU",
    "EXP",
    "FLOOR",
    "NEG",
    "ROUND",
    "SIGN",
    "SIN",
    "SQUARE",
)
FLOAT_BINARY = ("ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE")
FUSED = {"fused_activation_function": "NONE"}


class Expression(Kit):
    """``values`` are the int8 tensors that there are, ``kinds`` the ops that were used."""

    def __init__(self, seed: int):
        super().__init__(seed)
        self.values = [self.input(SHAPE, self.some_quant())]
        self.kinds: list[str] = []

    def some_quant(self) -> Quant:
        return per_tensor(scale(self.rng, 0.004, 0.1), zero_point(self.rng))

    def made(
        self, kind: str, inputs: list[int], q: Quant | None, dtype: str = "int8", **attrs: object
    ) -> int:
        self.kinds.append(kind)
        return self.op(kind, inputs, SHAPE, q, dtype, **attrs)

    def value(self) -> int:
        return int(self.rng.choice(self.values))

    def number(self, q: Quant, avoid: int | None = None) -> int:
        """A constant of one element, of rank 0 or 1."""
        n = int(self.rng.integers(-128, 128))
        n += 1 if n == avoid and n < 127 else -1 if n == avoid else 0
        return self.const(np.full([(), (1,)][int(self.rng.integers(2))], n, np.int8), q)

    def table(self) -> int:
        kind = str(self.rng.choice(TABLES))
        q = {"LOGISTIC": per_tensor(1 / 256, -128), "TANH": per_tensor(1 / 128)}.get(kind)
        attrs = {"approximate": bool(self.rng.random() < 0.5)} if kind == "GELU" else {}
        return self.made(kind, [self.value()], q or self.some_quant(), **attrs)

    def binary(self) -> int:
        """With a constant on either side, or of two values that there are."""
        kind = str(self.rng.choice(["ADD", "SUB", "MUL", "SQUARED_DIFFERENCE", "PRELU"]))
        inputs = [self.value(), self.value()]
        if self.rng.random() < 0.6:
            inputs[int(self.rng.integers(2))] = self.number(self.some_quant())
        attrs = FUSED if kind in ("ADD", "SUB", "MUL") else {}
        if kind == "PRELU" and self.graph.tensors[inputs[0]].is_const:
            inputs.reverse()
        return self.made(kind, inputs, self.some_quant(), **attrs)

    def divide(self) -> int:
        """By a constant; no result is so small that LiteRT's is undefined."""
        x, q = self.value(), self.some_quant()
        divisor = self.number(q, avoid=int(q.zero_point[0]))
        ratio = self.graph.tensors[x].scale / float(q.scale[0])
        out = per_tensor(ratio * scale(self.rng, 1e-3, 0.0155), zero_point(self.rng))
        return self.made("DIV", [x, divisor], out, **FUSED)

    def clip(self) -> int:
        x = self.value()
        kind = str(self.rng.choice(["MAXIMUM", "MINIMUM"]))
        return self.made(kind, [x, self.number(self.quant(x))], self.quant(x))

    def condition(self) -> int:
        kind = str(self.rng.choice(COMPARISONS))
        other = self.number(self.some_quant()) if self.rng.random() < 0.8 else self.value()
        return self.made(kind, [self.value(), other], None, "bool")

    def select(self) -> int:
        condition = self.condition()
        if self.rng.random() < 0.3:
            kind = str(self.rng.choice(["LOGICAL_AND", "LOGICAL_OR"]))
            condition = self.made(kind, [condition, self.condition()], None, "bool")
        elif self.rng.random() < 0.3:
            condition = self.made("LOGICAL_NOT", [condition], None, "bool")
        x = self.value()
        same = [t for t in self.values if self.quant(t) == self.quant(x)]
        kind = str(self.rng.choice(["SELECT", "SELECT_V2"]))
        other = int(self.rng.choice(same))
        if kind == "SELECT_V2" and self.rng.random() < 0.5:
            other = self.number(self.quant(x))
        return self.made(kind, [condition, x, other], self.quant(x))

    def limited(self, y: int, most: float) -> int:
        """No value leaves int32 when it is quantized, where LiteRT is undefined."""
        for kind, end in (("MINIMUM", most), ("MAXIMUM", -most)):
            y = self.made(kind, [y, self.const(np.array(end, np.float32))], None, "float32")
        return y

    def float_part(self) -> int:
        """DEQUANTIZE, one to three float ops, QUANTIZE."""
        y = self.made("DEQUANTIZE", [self.value()], None, "float32")
        for _ in range(int(self.rng.integers(1, 4))):
            if self.rng.random() < 0.6:
                kind = str(self.rng.choice(FLOAT_UNARY))
                y = self.limited(y, 10.0) if kind == "EXP" else y
                y = self.made(kind, [y], None, "float32")
                continue
            kind = str(self.rng.choice(FLOAT_BINARY))
            number = self.const(np.array(self.rng.uniform(0.3, 3), np.float32))
            attrs = FUSED if kind in ("ADD", "SUB", "MUL", "DIV") else {}
            y = self.made(kind, [y, number], None, "float32", **attrs)
        return self.made("QUANTIZE", [self.limited(y, 1e5)], self.some_quant())


def expression(seed: int) -> tuple[Graph, list[str]]:
    """A graph whose output depends on its input byte by byte, and the ops in it."""
    kit = Expression(seed)
    parts: list[Callable[[], int]] = [
        kit.table, kit.binary, kit.divide, kit.clip, kit.select, kit.float_part,
    ]  # fmt: skip
    for _ in range(int(kit.rng.integers(1, 6))):
        part = parts[int(kit.rng.integers(len(parts)))]
        kit.values.append(part())
    return kit.done(kit.values[-1]), kit.kinds
