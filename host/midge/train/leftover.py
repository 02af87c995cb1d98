"""Finds the layers that the converter silently left in float."""

from __future__ import annotations

from collections.abc import Iterator

import tflite

from midge.errors import ModelError

# What to use instead, by TFLite op; the layers that usually cause it.
_INSTEAD = {
    "ELU": "ReLU instead of ELU",
    "GELU": "ReLU instead of GELU",
    "NEG": "BatchNormalization instead of LayerNormalization",
    "RSQRT": "BatchNormalization instead of LayerNormalization",
    "SQUARED_DIFFERENCE": "BatchNormalization instead of LayerNormalization",
    "DIV": "a multiplication by a constant instead of a division",
    "POW": "multiplications instead of a power",
    "EXP": "ReLU or sigmoid instead of an exponential",
    "LOG": "the logarithm computed before the model, in the features",
    "BATCH_MATMUL": "Conv1D instead of attention",
    "COS": "the feature computed before the model",
    "SIN": "the feature computed before the model",
}
_FLOATS = (tflite.TensorType.FLOAT32, tflite.TensorType.FLOAT16, tflite.TensorType.FLOAT64)


def find_leftovers(content: bytes, where: str) -> None:
    """Passes if no tensor of the ``.tflite`` in ``content`` is float.

    Raises:
        ModelError: names each layer that reads or writes a float, and what to use instead.
    """
    found = list(_float_ops(tflite.Model.GetRootAs(content, 0)))
    # The converter puts a conversion on either side of what it left: those are not the cause.
    causes = [op for op in found if op[0] not in ("QUANTIZE", "DEQUANTIZE")] or found
    if not causes:
        return
    shown = "; ".join(f"layer {index} {kind} '{name}'" for kind, index, name in causes[:6])
    more = f" and {len(causes) - 6} more" if len(causes) > 6 else ""
    advice = dict.fromkeys(_INSTEAD[kind] for kind, _, _ in causes if kind in _INSTEAD)
    raise ModelError(
        f"{len(causes)} op{'s' * (len(causes) > 1)} stayed float after conversion to int8: "
        f"{shown}{more}",
        where=where,
        do="use " + ", ".join(advice) if advice else "replace these layers by Conv, Dense, ReLU",
    )


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
