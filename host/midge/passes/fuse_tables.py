"""Makes one table of ops that depend, element by element, on one int8 activation.

Such ops give a function of one byte, whatever lies between: DEQUANTIZE, a float op that the
converter left, QUANTIZE; or the EXP, ADD and LOG of a softplus. Exact because every step is
computed for all 256 bytes with its own arithmetic (:mod:`midge.elementwise`). Other inputs are
constants of one element. The op in their place is ``LOOKUP``, with the attribute ``table``.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from midge import elementwise, tables
from midge.graph import Graph, Op, Tensor

_EVERY_BYTE = np.arange(256, dtype=np.uint8).view(np.int8)


@dataclasses.dataclass(frozen=True)
class _Value:
    """A tensor's value for every byte of tensor ``root``; of a constant, ``root`` is -1."""

    root: int
    values: np.ndarray


def apply(graph: Graph) -> bool:
    """Returns whether ops were replaced."""
    functions = _functions(graph, set())
    needed = _needed(graph, functions)
    # What is there anyway is the nearer source: the first activation need not live so long.
    nearer = _functions(graph, needed)
    changed = False
    for op in graph.ops:
        out = op.outputs[0]
        if out not in needed or out not in functions or graph.tensors[out].dtype != "int8":
            continue
        found = nearer.get(out, functions[out])
        if found.root in functions and found.root not in needed:
            found = functions[out]
        if op.kind == "LOOKUP" or (op.kind in tables.MAKERS and op.inputs == [found.root]):
            continue  # it is a table already
        op.kind, op.inputs, op.attrs = "LOOKUP", [found.root], {"table": found.values}
        changed = True
    return changed


def absorbed(graph: Graph) -> set[int]:
    """Positions of the ops that become part of a table."""
    functions = _functions(graph, set())
    needed = _needed(graph, functions)
    return {
        i
        for i, op in enumerate(graph.ops)
        if op.outputs[0] in functions
        and (op.outputs[0] not in needed or graph.tensors[op.outputs[0]].dtype == "int8")
    }


def _functions(graph: Graph, sources: set[int]) -> dict[int, _Value]:
    """The tensors that are functions of one byte, and of which.

    ``sources``: activations that count as given for the ops that read them.
    """
    found: dict[int, _Value] = {}
    for op in graph.ops:
        if len(op.outputs) != 1 or not op.inputs:
            continue
        out = graph.tensors[op.outputs[0]]
        operands = [_operand(graph, t, found, out, sources) for t in op.inputs]
        known = [value for value in operands if value is not None]
        roots = {value.root for value in known} - {-1}
        if len(known) < len(operands) or len(roots) != 1:
            continue
        tensors = [graph.tensors[t] for t in op.inputs]
        result = _evaluate(op, tensors, [value.values for value in known], out)
        if result is not None:
            found[op.outputs[0]] = _Value(roots.pop(), result)
    return found


def _evaluate(
    op: Op, tensors: list[Tensor], values: list[np.ndarray], out: Tensor
) -> np.ndarray | None:
    if op.kind == "LOOKUP":
        return np.asarray(op.attrs["table"][values[0].view(np.uint8)])
    result = elementwise.evaluate(op, tensors, values, out)
    return result if result is not None and result.shape == (256,) else None


def _operand(
    graph: Graph, tensor_id: int, found: dict[int, _Value], out: Tensor, sources: set[int]
) -> _Value | None:
    """An input of one element that is constant, or an activation of the output's shape."""
    tensor = graph.tensors[tensor_id] if tensor_id >= 0 else None
    if tensor is None:
        return None
    if tensor.data is not None:
        return _Value(-1, tensor.data.reshape(())) if tensor.size == 1 else None
    if tensor.shape != out.shape:
        return None
    if tensor_id in found and tensor_id not in sources:
        return found[tensor_id]
    return _Value(tensor_id, _EVERY_BYTE) if tensor.dtype == "int8" else None


def _needed(graph: Graph, functions: dict[int, _Value]) -> set[int]:
    """The tensors that an op which stays reads, or the model gives."""
    needed = set(graph.outputs)
    for op in reversed(graph.ops):
        out = op.outputs[0]
        if out in functions and (out not in needed or graph.tensors[out].dtype == "int8"):
            continue  # goes, or becomes a LOOKUP of the root, which is needed
        needed |= set(op.inputs)
    for op in graph.ops:
        out = op.outputs[0]
        if out in needed and out in functions:
            needed.add(functions[out].root)
    return needed
