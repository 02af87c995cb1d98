"""What the tests of refusals share."""

from __future__ import annotations

import cases
import pytest

from midge.errors import ModelError
from midge.graph import Graph
from midge.lower import lower


def case(name: str) -> Graph:
    """The op's first random case."""
    return next(cases.cases(name))[1]


def refused(graph: Graph, *words: str) -> ModelError:
    """Lowering refuses the graph with one error that names the layer and the ``words``."""
    with pytest.raises(ModelError) as caught:
        lower(graph)
    error = caught.value
    assert error.where.startswith("case.tflite: layer 0 ")
    assert graph.ops[0].kind in error.where
    for word in words:
        assert word in error.what, error.what
    assert error.do
    return error
