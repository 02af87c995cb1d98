"""Finds the layers that the converter silently left in float."""

from __future__ import annotations

from collections.abc import Iterator

import tflite

from midge import ops
from midge.errors import ModelError

_FLOATS = (tflite.TensorType.FLOAT32, tflite.TensorType.FLOAT16, tflite.TensorType.FLOAT64)


def find_leftovers(content: bytes, where: str) -> None:
    """Passes if no op of the ``.tflite`` in ``content`` computes in float on the board.

    Raises:
        ModelError: names each layer that reads or writes a float, and what to use instead.
    """
    in_tables = _in_tables(content, where)
    found = [op for op in _float_ops(tflite.Model.GetRootAs(content, 0)) if op[1] not in in_tables]
    # The converter puts a conversion on either side of what it left: those are not the cause.
    causes = [op for op in found if op[0] not in ("QUANTIZE", "DEQUANTIZE")] or found
    if not causes:
        return
    shown = "; ".join(f"layer {index} {kind} '{name}'" for kind, index, name in causes[:6])
    more = f" and {len(causes) - 6} more" if len(causes) > 6 else ""
    advice = dict.fromkeys(filter(None, (ops.replacement(kind) for kind, _, _ in causes)))
    raise ModelError(
        f"{len(causes)} op{'s' * (len(causes) > 1)} stayed float after conversion to int8: "
        f"{shown}{more}",
        where=where,
        do="; ".join(advice) or "replace these layers by Conv, Dense, ReLU",
    )


def _in_tables(content: bytes, where: str) -> set[int]:
    """Numbers of the layers that the compiler makes tables of, float or not."""
    from midge import tflite_reader
    from midge.passes import fuse_tables

    try:
        return fuse_tables.absorbed(tflite_reader.parse_unchecked(content, where, "model"))
    except ModelError:
        return set()  # said when the model is compiled


def _float_ops(model: tflite.Model) -> Iterator[tuple[str, int, str]]:
    """Kind, number and output name of each op with a float tensor."""
    graph = model.Subgraphs(0)
    for index in range(graph.OperatorsLength()):
        op = graph.Operators(index)
        ids = [op.Inputs(i) for i in range(op.InputsLength())]
        ids += [op.Outputs(i) for i in range(op.OutputsLength())]
        if any(graph.Tensors(i).Type() in _FLOATS for i in ids if i >= 0):
            code = model.OperatorCodes(op.OpcodeIndex())
            kind = tflite.opcode2name(max(code.BuiltinCode(), code.DeprecatedBuiltinCode()))
            yield kind, index, graph.Tensors(op.Outputs(0)).Name().decode("utf-8", "replace")
