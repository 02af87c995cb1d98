"""Moves a PAD into the convolution or pooling that reads it, as ``explicit_padding``.

Exact because a convolution pads with its input's zero point, which is what PAD fills in; with
PADV2 only where the fill is the zero point. MAX_POOL_2D skips what lies outside: exact where
the fill is the least value, which no maximum notices. AVERAGE_POOL_2D leaves padding out of the
count, so it keeps its PAD. A PAD that others read too stays for them.
"""

from __future__ import annotations

from midge.graph import Graph, Op
from midge.passes.rewrite import const_value, same_quant

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
_PADS = ("PAD", "PADV2")
_LEAST = {"int8": -128, "int16": -32768}


def apply(graph: Graph) -> bool:
    """Returns whether a PAD was moved."""
    changed = False
    for op in graph.ops:
        if op.kind not in (*_CONVOLUTIONS, "MAX_POOL_2D"):
            continue
        pad = graph.producer(op.inputs[0])
        if pad is None or pad.kind not in _PADS or not _may_move(graph, op, pad):
            continue
        inside = spatial_padding(graph, op)
        outside = _pad_amounts(graph, pad)
        if inside is None or outside is None:
            continue
        op.attrs["explicit_padding"] = tuple(a + b for a, b in zip(inside, outside, strict=True))
        op.inputs[0] = pad.inputs[0]
        changed = True
    return changed


def _may_move(graph: Graph, op: Op, pad: Op) -> bool:
    source, padded = graph.tensors[pad.inputs[0]], graph.tensors[pad.outputs[0]]
    if source.dtype not in _LEAST or not same_quant(source, padded) or len(source.shape) != 4:
        return False
    fill = padded.zero_point
    if pad.kind == "PADV2":
        value = const_value(graph, pad.inputs[2])
        if value is None or value.size != 1:
            return False
        if not same_quant(source, graph.tensors[pad.inputs[2]]):
            return False
        fill = int(value.reshape(-1)[0])
    return fill == (_LEAST[source.dtype] if op.kind == "MAX_POOL_2D" else source.zero_point)


def _pad_amounts(graph: Graph, pad: Op) -> tuple[int, int, int, int] | None:
    """(top, bottom, left, right) of a PAD of height and width only; else ``None``."""
    amounts = const_value(graph, pad.inputs[1])
    if amounts is None or amounts.shape != (4, 2) or amounts[[0, 3]].any() or (amounts < 0).any():
        return None
    (top, bottom), (left, right) = amounts[1].tolist(), amounts[2].tolist()
    return top, bottom, left, right


def spatial_padding(graph: Graph, op: Op) -> tuple[int, int, int, int] | None:
    """The (top, bottom, left, right) an op pads its input with, from its attributes.

    SAME as in TensorFlow: the total is ``max(0, (out - 1) * stride + reach - size)`` with
    ``out = ceil(size / stride)``; the odd one goes to the bottom or right.
    """
    if "explicit_padding" in op.attrs:
        top, bottom, left, right = op.attrs["explicit_padding"]
        return top, bottom, left, right
    if op.attrs.get("padding") == "VALID":
        return 0, 0, 0, 0
    height, width = graph.tensors[op.inputs[0]].shape[1:3]
    if op.kind in _CONVOLUTIONS:
        kernel = graph.tensors[op.inputs[1]].shape[1:3]
        dilation = (op.attrs["dilation_h_factor"], op.attrs["dilation_w_factor"])
    else:
        kernel = (op.attrs["filter_height"], op.attrs["filter_width"])
        dilation = (1, 1)
    if min(*kernel, *dilation, op.attrs["stride_h"], op.attrs["stride_w"]) < 1:
        return None  # invalid; lowering says so
    top, bottom = _same(height, kernel[0], op.attrs["stride_h"], dilation[0])
    left, right = _same(width, kernel[1], op.attrs["stride_w"], dilation[1])
    return top, bottom, left, right


def _same(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    out = -(-size // stride)
    total = max(0, (out - 1) * stride + (kernel - 1) * dilation + 1 - size)
    return total // 2, total - total // 2
