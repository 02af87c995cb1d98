"""Graph passes. Each one is exact: the outputs keep every bit, which its tests prove.

:func:`run` applies them in order until none changes the graph. A pass is a module with
``apply(graph) -> bool``, which rewrites the graph in place and says whether it changed it.
"""

from __future__ import annotations

import dataclasses

from midge.graph import Graph
from midge.passes import (
    drop_channels,
    drop_dead,
    drop_identity,
    fold_constants,
    fold_dilation,
    fuse_pad,
    fuse_relu,
    fuse_repeats,
    fuse_tables,
    merge_reshapes,
    pad_after_reshape,
)

PASSES = (
    fold_constants,
    fold_dilation,
    drop_identity,
    merge_reshapes,
    fuse_repeats,
    fuse_relu,
    fuse_tables,
    pad_after_reshape,
    fuse_pad,
    drop_channels,
    drop_dead,
)


def run(graph: Graph) -> Graph:
    """Returns the graph after all passes; the one given is left as it is.

    Raises:
        ModelError: a pass found an op with invalid operands.
    """
    result = dataclasses.replace(
        graph,
        tensors={k: dataclasses.replace(t) for k, t in graph.tensors.items()},
        ops=[
            dataclasses.replace(
                op,
                inputs=list(op.inputs),
                outputs=list(op.outputs),
                attrs=dict(op.attrs),
                intermediates=list(op.intermediates),
            )
            for op in graph.ops
        ],
        inputs=list(graph.inputs),
        outputs=list(graph.outputs),
    )
    changed = True
    while changed:  # no pass undoes another's change, so this ends
        changed = False
        for module in PASSES:
            changed |= module.apply(result)
    return result
