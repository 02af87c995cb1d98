"""What all elementwise ops of two inputs share: their operands and how each is walked."""

from __future__ import annotations

from midge.graph import Op, Tensor
from midge.lower import leads
from midge.lower.context import MAX_RANK, Lowering, product
from midge.program import Lead, Param

_WIDE = ("ADD", "SUB", "MUL")  # ops that have an int16 kernel as well


def operands(low: Lowering, op: Op) -> tuple[Tensor, Tensor, Tensor]:
    """The two inputs and the output, of one type that the op has a kernel for."""
    dtype = low.form(op)[0] if op.kind in _WIDE else "int8"
    a, b, out = (low.typed(op, t, dtype) for t in (*op.inputs[:2], op.outputs[0]))
    low.symmetric(op, a, b, out)
    return a, b, out


def places(low: Lowering, op: Op, a: Tensor, b: Tensor, out: Tensor) -> dict[str, Param]:
    """Operands, and the strides with which each is walked (midge_broadcast.h)."""
    rank = max(len(t.shape) for t in (a, b, out))
    shapes = [(1,) * (rank - len(t.shape)) + tuple(t.shape) for t in (a, b, out)]
    for one, two, both in zip(*shapes, strict=True):
        low.need(
            op,
            {one, two} <= {1, both} and both == max(one, two),
            f"shapes {a.shape} and {b.shape} do not broadcast to {out.shape}",
        )
    walk = _merged(shapes)
    low.need(
        op,
        len(walk) <= MAX_RANK,
        f"shapes {a.shape} and {b.shape} broadcast along {len(walk)} separate axes, "
        f"at most {MAX_RANK}",
        "reshape both to fewer dimensions first",
    )
    walk = [(1, 0, 0)] * (MAX_RANK - len(walk)) + walk
    params: dict[str, Param] = {"a": low.operand(op.inputs[0]), "b": low.operand(op.inputs[1])}
    for i, (size, a_stride, b_stride) in enumerate(walk):
        params[f"dim_{i}"] = size
        params[f"a_stride_{i}"] = a_stride
        params[f"b_stride_{i}"] = b_stride
    return params


def _merged(shapes: list[tuple[int, ...]]) -> list[tuple[int, int, int]]:
    """(size, stride in a, stride in b) of as few axes as walk the same elements."""
    a, b, out = shapes
    walk: list[tuple[int, int, int]] = []
    for i in reversed(range(len(out))):
        strides = tuple(product(s[i + 1 :]) if s[i] != 1 else 0 for s in (a, b))
        if out[i] == 1:
            continue
        if walk:
            size, *inner = walk[-1]
            if all(outer == step * size for outer, step in zip(strides, inner, strict=True)):
                walk[-1] = (size * out[i], inner[0], inner[1])
                continue
        walk.append((out[i], strides[0], strides[1]))
    return walk[::-1]


def walk_leads(params: dict[str, Param], out: Tensor) -> dict[str, Lead]:
    """Of operands of the output's type, walked with the strides of :func:`places`."""

    def four(name: str) -> list[int]:
        return [int(params[f"{name}_{i}"]) for i in range(MAX_RANK)]  # type: ignore[arg-type]

    return {
        k: leads.strides(four("dim"), four(f"{k}_stride")).scaled(out.itemsize) for k in ("a", "b")
    }
