"""BATCH_MATMUL."""

from __future__ import annotations

from midge.graph import Op, Tensor
from midge.lower.context import Lowering, padded_shape
from midge.program import Param


def batch_matmul(low: Lowering, op: Op) -> None:
    """Batches of matrices, [..., m, k] times [..., k, n]; ``adj_x``, ``adj_y`` transpose them.

    Either may be constant, and batch dimensions of 1 are broadcast.
    """
    a, b = (low.typed(op, t, "int8") for t in op.inputs[:2])
    out = low.typed(op, op.outputs[0], "int8")
    for tensor in (a, b, out):
        low.rank(op, tensor)
    adj_x, adj_y = bool(op.attrs.get("adj_x")), bool(op.attrs.get("adj_y"))
    m, k = _matrix(a, adj_x)
    b_k, n = _matrix(b, adj_y)
    batches = [[s[i] for s in map(padded_shape, (a.shape, b.shape, out.shape))] for i in range(2)]
    fits = k == b_k and _matrix(out, False) == (m, n)
    fits = fits and all({x, y} <= {1, size} and size == max(x, y) for x, y, size in batches)
    low.need(
        op,
        fits and min(len(a.shape), len(b.shape)) >= 2,
        f"shapes {a.shape}{' transposed' * adj_x} and {b.shape}{' transposed' * adj_y} do not "
        f"multiply to {out.shape}",
        "convert the model again with a current TensorFlow",
    )
    mult, shift = low.multiplier(op, a.scale * b.scale / out.scale)
    low.step(
        op,
        "batch_matmul",
        {
            "a": low.operand(op.inputs[0]),
            "b": low.operand(op.inputs[1]),
            "out": low.result(op.outputs[0]),
            "dim_0": batches[0][2],
            "dim_1": batches[1][2],
            "m": m,
            "n": n,
            "k": k,
            **_strides("a", a, ("m", "k"), adj_x),
            **_strides("b", b, ("k", "n"), adj_y),
            "a_offset": -a.zero_point,
            "b_offset": -b.zero_point,
            "mult": mult,
            "shift": shift,
            "out_offset": out.zero_point,
        },
        macs=out.size * k,
    )


def _matrix(tensor: Tensor, transposed: bool) -> tuple[int, int]:
    """Rows and columns as they are multiplied."""
    rows, columns = padded_shape(tensor.shape)[2:]
    return (columns, rows) if transposed else (rows, columns)


def _strides(
    name: str, tensor: Tensor, axes: tuple[str, str], transposed: bool
) -> dict[str, Param]:
    """From one batch, row and column to the next; 0 where a batch dimension is 1."""
    first, second, rows, columns = padded_shape(tensor.shape)
    steps = (1, columns) if transposed else (columns, 1)
    return {
        f"{name}_stride_0": 0 if first == 1 else second * rows * columns,
        f"{name}_stride_1": 0 if second == 1 else rows * columns,
        f"{name}_stride_{axes[0]}": steps[0],
        f"{name}_stride_{axes[1]}": steps[1],
    }
