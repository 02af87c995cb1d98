"""What the ops that move data refuse: one error that names the layer, the number, the way out."""

from __future__ import annotations

import cases
import numpy as np
import pytest
from case_maker import Maker, per_tensor
from refusal_kit import case, refused

from midge.graph import Graph

MOVING = (
    "transpose", "strided_slice", "slice", "split", "split_v", "pack", "unpack", "gather", "tile",
    "broadcast_to", "reverse_v2", "mirror_pad", "space_to_depth", "depth_to_space",
    "space_to_batch_nd", "batch_to_space_nd", "resize_nearest_neighbor",
)  # fmt: skip
WITH_NUMBERS = {
    "transpose": 1, "strided_slice": 2, "slice": 1, "split": 0, "split_v": 1, "gather": 1,
    "tile": 1, "broadcast_to": 1, "reverse_v2": 1, "mirror_pad": 1, "space_to_batch_nd": 2,
    "batch_to_space_nd": 1, "resize_nearest_neighbor": 1, "resize_bilinear": 1,
    "transpose_conv": 0,
}  # fmt: skip


def int8_case(name: str) -> Graph:
    def moved(graph: Graph) -> str:
        return graph.tensors[graph.ops[0].outputs[0]].dtype

    return next(g for _, g, _ in cases.cases(name) if moved(g) == "int8")


@pytest.mark.parametrize("name", [*MOVING, "resize_bilinear"])
def test_other_scales(name: str) -> None:
    graph = int8_case(name)
    graph.tensors[graph.ops[0].outputs[-1]].quant = per_tensor(0.77, 1)
    refused(graph, "differently")


@pytest.mark.parametrize("name", [*MOVING, "resize_bilinear", "transpose_conv"])
def test_other_types_and_shapes(name: str) -> None:
    graph = int8_case(name)
    out = graph.tensors[graph.ops[0].outputs[0]]
    out.dtype = "int64"
    refused(graph, "int64")
    graph = int8_case(name)
    out = graph.tensors[graph.ops[0].outputs[0]]
    out.shape = (*out.shape, 7)
    refused(graph)


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_computed_operands(name: str) -> None:
    graph = int8_case(name)
    graph.tensors[graph.ops[0].inputs[WITH_NUMBERS[name]]].data = None
    refused(graph, "computed, needed: a constant")


def changed(name: str, slot: int, *values: int) -> Graph:
    """The first int8 case with another constant in one of its inputs."""
    graph = int8_case(name)
    operand = graph.tensors[graph.ops[0].inputs[slot]]
    operand.data = np.array(values, np.int32)
    return graph


def test_operands_that_fit_nothing() -> None:
    refused(changed("transpose", 1, 0, 0), "permutation")
    refused(changed("transpose", 1, 9), "axis 9")
    refused(changed("slice", 1, 99), "begin [99]")
    refused(changed("strided_slice", 1, *[0] * 9), "not as many of each")
    refused(changed("split", 0, 5), "axis 5")
    refused(changed("split_v", 1, *[1] * 50), "outputs")
    refused(changed("gather", 1, -1), "indices from -1")
    refused(changed("gather", 1, 77), "to 77")
    refused(changed("tile", 1, 0), "multiples [0]")
    refused(changed("broadcast_to", 1, 99), "needed: (99,)")
    refused(changed("reverse_v2", 1, 0, 0), "axis 0 is listed twice")
    refused(changed("mirror_pad", 1, 99, 99), "mirror more")
    refused(changed("space_to_batch_nd", 1, 0), "block shape [0]")
    refused(changed("batch_to_space_nd", 2, -1, 0), "crops [-1, 0]")
    refused(changed("resize_bilinear", 1, 1), "2 sizes")


def test_options_that_fit_nothing() -> None:
    for name in ("space_to_depth", "depth_to_space"):
        graph = int8_case(name)
        graph.ops[0].attrs["block_size"] = 0
        refused(graph, "block size 0")
    for name in ("pack", "unpack"):
        graph = int8_case(name)
        graph.ops[0].attrs["axis"] = 9
        refused(graph, "axis 9")
    graph = int8_case("gather")
    graph.ops[0].attrs["batch_dims"] = 1
    refused(graph, "batch_dims 1")
    graph = int8_case("resize_bilinear")
    graph.ops[0].attrs |= {"align_corners": True, "half_pixel_centers": True}
    refused(graph, "align_corners and half_pixel_centers")
    graph = next(g for _, g, _ in cases.cases("split") if len(g.ops[0].outputs) == 3)
    graph.ops[0].outputs.pop()
    refused(graph, "in 2 parts")


def test_slices_with_nothing_left() -> None:
    m = Maker("STRIDED_SLICE")
    m.add((1, 8), quant=per_tensor(0.1))
    for values in ([0, 5], [1, 5], [1, 1]):
        m.add((2,), "int32", data=np.array(values, np.int32))
    m.add((1, 0), quant=per_tensor(0.1), role="out")
    refused(m.graph(), "(1, 0)")
    m.tensors[3].data = np.array([1, 0], np.int32)
    refused(m.graph(), "stride 0")


def test_a_transposed_convolution() -> None:
    graph = case("transpose_conv")
    graph.ops[0].attrs["stride_h"] = 0
    refused(graph, "stride 0")
    graph = case("transpose_conv")
    out = graph.tensors[graph.ops[0].outputs[0]]
    out.shape = (1, out.shape[1] + 40, *out.shape[2:])
    graph.tensors[0].data = np.array(out.shape, np.int32)
    refused(graph, "does not follow")
    graph = case("transpose_conv")
    graph.tensors[2].shape = (*graph.tensors[2].shape[:3], 99)
    refused(graph, "do not fit together")
    graph = case("transpose_conv")
    graph.tensors[1].quant = per_tensor(0.1, 3)
    refused(graph, "zero point 3")


def test_too_many_axes() -> None:
    m = Maker("TILE")
    m.add((2,) * 7, quant=per_tensor(0.1))
    m.add((7,), "int32", data=np.full(7, 2, np.int32))
    m.add((4,) * 7, quant=per_tensor(0.1), role="out")
    refused(m.graph(), "13 axes", "at most 12")
