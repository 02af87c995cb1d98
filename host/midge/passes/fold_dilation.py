"""Writes SPACE_TO_BATCH_ND, a convolution, BATCH_TO_SPACE_ND as one dilated convolution.

TensorFlow spells dilation so; the converter folds most of them back, but not where the batch is
free. Exact: each batch of the convolution reads every block-th pixel, which is what its dilation
does, and both pad with the zero point. A Conv1D has a RESHAPE on either side of its convolution.
"""

from __future__ import annotations

import dataclasses

from midge.graph import Graph, Op
from midge.passes.rewrite import const_value, same_quant

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
Pair = tuple[int, int]


@dataclasses.dataclass
class _Found:
    """The ops in their order; the RESHAPEs are there with a Conv1D only."""

    to_batch: Op
    shaped: Op | None
    conv: Op
    flattened: Op | None
    to_space: Op


def apply(graph: Graph) -> bool:
    """Returns whether a dilation was folded."""
    changed = False
    for op in list(graph.ops):
        found = _find(graph, op) if op.kind in _CONVOLUTIONS else None
        if found is None:
            continue
        dilation = _amounts(graph, found)
        if dilation is not None:
            _rewrite(graph, found, *dilation)
            changed = True
    return changed


def _find(graph: Graph, conv: Op) -> _Found | None:
    before, after = graph.producer(conv.inputs[0]), _reader(graph, conv)
    shaped = flattened = None
    if before is not None and after is not None and before.kind == after.kind == "RESHAPE":
        shaped, flattened = before, after
        before, after = graph.producer(shaped.inputs[0]), _reader(graph, flattened)
    if before is None or before.kind != "SPACE_TO_BATCH_ND":
        return None
    if after is None or after.kind != "BATCH_TO_SPACE_ND":
        return None
    found = _Found(before, shaped, conv, flattened, after)
    chain = [op for op in (before, shaped, conv) if op is not None]
    if any(_reader(graph, op) is None for op in chain):
        return None
    moves = [op for op in (before, shaped, flattened, after) if op is not None]
    if any(
        not same_quant(graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]) for op in moves
    ):
        return None
    return found if _is_plain(graph, found) else None


def _reader(graph: Graph, op: Op) -> Op | None:
    """The one op that reads the output, if nothing else does."""
    readers = graph.consumers(op.outputs[0])
    return readers[0] if len(readers) == 1 and op.outputs[0] not in graph.outputs else None


def _is_plain(graph: Graph, found: _Found) -> bool:
    """A convolution without stride, dilation or padding, and RESHAPEs that add an axis of 1."""
    attrs = found.conv.attrs
    names = ("stride_h", "stride_w", "dilation_h_factor", "dilation_w_factor")
    if any(attrs[name] != 1 for name in names) or attrs["padding"] != "VALID":
        return False
    if "explicit_padding" in attrs or len(graph.tensors[found.conv.inputs[0]].shape) != 4:
        return False
    if found.shaped is None or found.flattened is None:
        return True
    flat = graph.tensors[found.shaped.inputs[0]].shape
    image = graph.tensors[found.shaped.outputs[0]].shape
    out = graph.tensors[found.flattened.inputs[0]].shape
    return image == (flat[0], 1, *flat[1:]) and graph.tensors[
        found.flattened.outputs[0]
    ].shape == (out[0], *out[2:])


def _amounts(graph: Graph, found: _Found) -> tuple[list[int], list[Pair]] | None:
    """Dilation and explicit padding of the two axes; ``None`` where they do not exist."""
    block = const_value(graph, found.to_batch.inputs[1])
    pads = const_value(graph, found.to_batch.inputs[2])
    back = const_value(graph, found.to_space.inputs[1])
    crops = const_value(graph, found.to_space.inputs[2])
    if block is None or pads is None or back is None or crops is None:
        return None
    axes = 2 if found.shaped is None else 1
    if block.tolist() != back.tolist() or block.shape != (axes,) or block.min() < 1:
        return None
    if pads.shape != (axes, 2) or crops.shape != (axes, 2) or (pads < crops).any():
        return None
    dilation = [int(n) for n in block]
    outside = [(int(a), int(b)) for a, b in pads - crops]
    missing = 2 - axes  # a Conv1D's height
    return [1] * missing + dilation, [(0, 0)] * missing + outside


def _rewrite(graph: Graph, found: _Found, dilation: list[int], outside: list[Pair]) -> None:
    conv = found.conv
    conv.attrs["dilation_h_factor"], conv.attrs["dilation_w_factor"] = dilation
    (top, bottom), (left, right) = outside
    conv.attrs["explicit_padding"] = (top, bottom, left, right)
    source, result = found.to_batch.inputs[0], found.to_space.outputs[0]
    if found.shaped is None or found.flattened is None:
        conv.inputs[0], conv.outputs = source, [result]
    else:
        for reshape, inner, outer in (
            (found.shaped, found.shaped.outputs[0], source),
            (found.flattened, found.flattened.inputs[0], result),
        ):
            batch, *rest = graph.tensors[outer].shape
            shape = (batch, 1, *rest)
            graph.tensors[inner] = dataclasses.replace(graph.tensors[inner], shape=shape)
            reshape.attrs = {}
        found.shaped.inputs = [source]
        found.flattened.inputs, found.flattened.outputs = found.flattened.inputs[:1], [result]
    graph.ops.remove(found.to_batch)
    graph.ops.remove(found.to_space)
