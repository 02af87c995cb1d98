"""SPACE_TO_BATCH_ND and its way back become the dilation of the convolution between them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from graph_kit import Kit, kinds, prove, quant

from midge import passes
from midge.errors import ModelError
from midge.graph import Graph
from midge.lower import lower


def dilated(
    size: tuple[int, ...],
    block: tuple[int, ...],
    pads: list[list[int]],
    crops: list[list[int]],
    kernel: tuple[int, int] = (3, 3),
    depthwise: bool = False,
) -> Graph:
    """The three ops as TensorFlow writes them; with two RESHAPEs around where there is no
    height."""
    kit = Kit(sum(size) + sum(block))
    x = kit.input((1, *size, 4), quant(0.05, 11))
    grown = [n + sum(p) for n, p in zip(size, pads, strict=True)]
    rest = [n // b for n, b in zip(grown, block, strict=True)]
    batch = int(np.prod(block))
    numbers = [kit.const(np.array(v, np.int32)) for v in (block, pads, crops)]
    y = kit.op("SPACE_TO_BATCH_ND", [x, *numbers[:2]], (batch, *rest, 4), kit.quant(x))
    if len(size) == 1:
        y = kit.reshape(y, (batch, 1, *rest, 4))
    y = kit.conv(y, 4, kernel, depthwise=depthwise, activation="RELU")
    shape = kit.shape(y)
    if len(size) == 1:
        shape = (batch, *shape[2:])
        y = kit.reshape(y, shape)
    out = [n * b - sum(c) for n, b, c in zip(shape[1:], block, crops, strict=False)]
    y = kit.op("BATCH_TO_SPACE_ND", [y, numbers[0], numbers[2]], (1, *out, 4), kit.quant(y))
    return kit.done(y)


@pytest.mark.parametrize("depthwise", [False, True])
@pytest.mark.parametrize(
    ("size", "block", "pads", "crops"),
    [
        ((12, 12), (2, 2), [[2, 2], [2, 2]], [[0, 0], [0, 0]]),
        ((11, 13), (2, 3), [[2, 3], [3, 5]], [[0, 1], [0, 3]]),
        ((12, 9), (2, 1), [[0, 0], [1, 1]], [[0, 0], [0, 0]]),
        ((9, 9), (3, 3), [[3, 3], [3, 3]], [[1, 2], [0, 3]]),
    ],
)
def test_an_image(
    size: tuple[int, ...],
    block: tuple[int, ...],
    pads: list[list[int]],
    crops: list[list[int]],
    depthwise: bool,
) -> None:
    after = prove(dilated(size, block, pads, crops, depthwise=depthwise))
    assert kinds(after) == ["DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"]
    attrs = after.ops[0].attrs
    assert (attrs["dilation_h_factor"], attrs["dilation_w_factor"]) == block


@pytest.mark.parametrize("pads", [[[4, 2]], [[2, 4]]])
def test_a_window(pads: list[list[int]]) -> None:
    after = prove(dilated((12,), (3,), pads, [[0, 0]], (1, 3)))
    assert kinds(after) == ["RESHAPE", "CONV_2D", "RESHAPE"]
    assert after.ops[1].attrs["dilation_w_factor"] == 3


def other_block(graph: Graph) -> None:
    graph.ops[2].inputs[1] = graph.add_tensor(
        type(graph.tensors[0])("b", (2,), "int32", None, np.array([4, 1], np.int32))
    )


def strided(graph: Graph) -> None:
    graph.ops[1].attrs["stride_h"] = 2


def padded(graph: Graph) -> None:
    graph.ops[1].attrs["padding"] = "SAME"


def read_twice(graph: Graph) -> None:
    graph.outputs.append(graph.ops[0].outputs[0])


def computed_block(graph: Graph) -> None:
    graph.tensors[graph.ops[0].inputs[1]].data = None


@pytest.mark.parametrize("spoil", [other_block, strided, padded, read_twice, computed_block])
def test_what_is_no_dilation_stays_and_is_refused(spoil: Callable[[Graph], None]) -> None:
    graph = dilated((12, 12), (2, 2), [[2, 2], [2, 2]], [[0, 0], [0, 0]])
    spoil(graph)
    after = passes.run(graph)
    assert kinds(after) == ["SPACE_TO_BATCH_ND", "CONV_2D", "BATCH_TO_SPACE_ND"]
    with pytest.raises(ModelError):
        lower(after)


def test_crops_beyond_the_paddings_stay() -> None:
    graph = dilated((12, 12), (2, 2), [[0, 0], [0, 0]], [[2, 0], [0, 0]])
    assert len(passes.run(graph).ops) == 3
