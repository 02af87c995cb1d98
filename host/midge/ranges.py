"""Which int8 values each channel of each activation can take: interval analysis over the graph.

Exact in the sense that no input leads outside an interval; the analysis knows nothing of
relations between channels, so an interval may be wider than what occurs.
"""

from __future__ import annotations

import numpy as np

from midge import quantmath, requant
from midge.graph import Graph, Op, Tensor

Interval = tuple[np.ndarray, np.ndarray]  # least and greatest value, int64 [channels]


def channels(tensor: Tensor) -> int:
    return tensor.shape[-1] if tensor.shape else 1


def analyse(graph: Graph) -> dict[int, Interval]:
    """The interval of every int8 activation, by tensor; channels are the last axis."""
    known: dict[int, Interval] = {}
    for op in graph.ops:
        out = graph.tensors[op.outputs[0]]
        if out.dtype != "int8" or len(op.outputs) != 1:
            continue
        found = _RULES[op.kind](graph, op, known) if op.kind in _RULES else None
        known[op.outputs[0]] = found or full(out)
    return known


def of(graph: Graph, known: dict[int, Interval], tensor: int) -> Interval:
    """The interval of a tensor; the whole range for a model input."""
    return known.get(tensor) or full(graph.tensors[tensor])


def full(tensor: Tensor) -> Interval:
    n = channels(tensor)
    return np.full(n, -128, np.int64), np.full(n, 127, np.int64)


def is_padded(graph: Graph, op: Op) -> bool:
    """Whether a window of the convolution may reach beyond its input."""
    if "explicit_padding" in op.attrs:
        return any(int(n) for n in op.attrs["explicit_padding"])
    shape = graph.tensors[op.inputs[1]].shape
    return op.attrs.get("padding", "SAME") == "SAME" and (shape[1] > 1 or shape[2] > 1)


def _weights(graph: Graph, op: Op) -> np.ndarray | None:
    """int64, if this is an int8 convolution or dense layer with constant operands."""
    operands = [graph.tensors[t] for t in op.inputs if t >= 0]
    scaled = [operands[0], operands[1], graph.tensors[op.outputs[0]]]
    if any(t.dtype != "int8" or t.quant is None for t in scaled):
        return None
    if any(t.data is None for t in operands[1:]) or len(operands) != 3:
        return None
    quant = operands[1].quant
    assert quant is not None
    if np.any(quant.zero_point) or any(len(t.quant.scale) != 1 for t in scaled[::2] if t.quant):
        return None
    data = operands[1].data
    return None if data is None else data.astype(np.int64)


def _finish(graph: Graph, op: Op, least: np.ndarray, most: np.ndarray) -> Interval | None:
    """The interval of results from one of sums."""
    x, w, b = (graph.tensors[t] for t in op.inputs)
    out = graph.tensors[op.outputs[0]]
    assert w.quant is not None and b.data is not None
    scales = np.broadcast_to(w.quant.scale.astype(np.float64), least.shape)
    activation = op.attrs.get("fused_activation_function", "NONE")
    try:
        low, high = quantmath.activation_range(activation, out.scale, out.zero_point)
        pairs = [quantmath.quantize_multiplier(x.scale * float(s) / out.scale) for s in scales]
    except ValueError:
        return None  # lowering says what is wrong
    ends = np.stack([least, most]) + b.data.astype(np.int64).reshape(-1)
    limits = np.array([(2**31 - 1) >> max(shift, 0) for _, shift in pairs])
    if (np.abs(ends) > limits).any():
        return None
    results = np.empty_like(ends)
    for c, (mult, shift) in enumerate(pairs):
        if op.kind == "FULLY_CONNECTED":
            scale = x.scale * float(scales[c]) / out.scale
            rule = requant.round_of_double(scale, out.zero_point)
        else:
            rule = requant.double_rounding(mult, shift, out.zero_point)
        results[:, c] = np.clip(rule(ends[:, c]), low, high)
    return results[0], results[1]


def _inputs(graph: Graph, op: Op, known: dict[int, Interval], padded: bool) -> Interval:
    """What the taps read, the zero point taken away."""
    zero = graph.tensors[op.inputs[0]].zero_point
    low, high = of(graph, known, op.inputs[0])
    if padded:
        low, high = np.minimum(low, zero), np.maximum(high, zero)
    return low - zero, high - zero


def _conv(graph: Graph, op: Op, known: dict[int, Interval]) -> Interval | None:
    w = _weights(graph, op)
    if w is None or w.shape[3] != channels(graph.tensors[op.inputs[0]]):
        return None
    low, high = _inputs(graph, op, known, is_padded(graph, op))
    up, down = np.maximum(w, 0), np.minimum(w, 0)
    axes = (1, 2, 3)
    least, most = (up * low + down * high).sum(axes), (up * high + down * low).sum(axes)
    return _finish(graph, op, least, most)


def _depthwise(graph: Graph, op: Op, known: dict[int, Interval]) -> Interval | None:
    w = _weights(graph, op)
    n = channels(graph.tensors[op.inputs[0]])
    if w is None or w.shape[3] % n:
        return None
    low, high = _inputs(graph, op, known, is_padded(graph, op))
    low, high = (np.repeat(v, w.shape[3] // n) for v in (low, high))
    up, down = np.maximum(w, 0), np.minimum(w, 0)
    axes = (0, 1, 2)
    return _finish(
        graph, op, (up * low + down * high).sum(axes), (up * high + down * low).sum(axes)
    )


def _dense(graph: Graph, op: Op, known: dict[int, Interval]) -> Interval | None:
    w = _weights(graph, op)
    if w is None or w.shape[1] != channels(graph.tensors[op.inputs[0]]):
        return None
    low, high = _inputs(graph, op, known, False)
    up, down = np.maximum(w, 0), np.minimum(w, 0)
    return _finish(graph, op, (up * low + down * high).sum(1), (up * high + down * low).sum(1))


def _same(graph: Graph, op: Op, known: dict[int, Interval]) -> Interval | None:
    """Pooling: a maximum, or a rounded mean, of values within integer limits stays within."""
    out = graph.tensors[op.outputs[0]]
    activation = op.attrs.get("fused_activation_function", "NONE")
    if out.quant is None or channels(out) != channels(graph.tensors[op.inputs[0]]):
        return None
    try:
        ends = quantmath.activation_range(activation, out.scale, out.zero_point)
    except ValueError:
        return None
    low, high = of(graph, known, op.inputs[0])
    return np.clip(low, *ends), np.clip(high, *ends)


def _reshape(graph: Graph, op: Op, known: dict[int, Interval]) -> Interval | None:
    return of(graph, known, op.inputs[0]) if keeps_channels(graph, op) else None


def keeps_channels(graph: Graph, op: Op) -> bool:
    """Whether a RESHAPE or SQUEEZE leaves the last axis as it is."""
    return channels(graph.tensors[op.inputs[0]]) == channels(graph.tensors[op.outputs[0]])


_RULES = {
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _dense,
    "MAX_POOL_2D": _same,
    "AVERAGE_POOL_2D": _same,
    "RESHAPE": _reshape,
}
