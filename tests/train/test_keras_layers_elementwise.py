"""Keras' activations, merges, normalizations and reductions: each converts to int8 and gives
LiteRT's bits; what they become, and the one that is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import oracle
import pytest

from midge import compile as compiling
from midge.errors import ModelError
from midge.tflite_reader import read

ONE_TABLE = (
    "celu", "elu", "elu_alpha", "exponential", "gelu", "gelu_approximate", "hard_shrink",
    "hard_sigmoid", "hard_swish", "hard_tanh", "leaky_relu", "log_sigmoid", "mish", "relu6",
    "relu_slope", "selu", "sigmoid", "soft_shrink", "softplus", "softsign", "sparse_plus",
    "sparse_sigmoid", "squareplus", "swish", "tanh", "tanh_shrink", "rescaling", "ops_abs",
    "ops_ceil", "ops_clip", "ops_cos", "ops_divide", "ops_exp", "ops_expm1", "ops_floor",
    "ops_log1p", "ops_negative", "ops_reciprocal", "ops_round", "ops_rsqrt", "ops_sign",
    "ops_sin", "ops_sqrt", "ops_square", "ops_where",
)  # fmt: skip
DENSE = "fully_connected_packed"
MOMENTS = "mean lookup squared_difference mean lookup mul mul add mul add"
KERNELS = dict.fromkeys(ONE_TABLE, "lookup") | {
    "conv_elu": "conv_2d_packed lookup",
    "glu": "move move lookup mul",
    "log_softmax": "log_softmax",
    "prelu_channels": "prelu",
    "prelu_each": "prelu",
    "softmax": "softmax",
    "softmax_axis": "move softmax move",
    "maximum": f"{DENSE} maximum",
    "minimum": f"{DENSE} minimum",
    "subtract": f"{DENSE} add",
    "multiply": f"{DENSE} mul",
    "average": f"{DENSE} add lookup",
    "squeeze_excite": f"mean {DENSE} lookup mul",
    "outer_maximum": "maximum",
    "add_rank_5": f"{DENSE} add",
    "batch_norm": "mul add",
    "layer_norm": MOMENTS,
    "layer_norm_dense": f"{DENSE} {MOMENTS} {DENSE}",
    "group_norm": "mean lookup add lookup mean lookup mul mul add mul add",
    "rms_norm": "lookup mean lookup mul",
    "unit_norm": "lookup mean lookup mul",
    "l2_normalize": "l2_normalization",
    "normalization": "add mul",
    "global_max_2d": "max_pool_2d",
    "global_max_1d": "max_pool_2d",
    "global_average_1d": "mean",
    "mean_ends": "mean",
    "sum": "mean",
    "min": "reduce_min",
    "max_ends": "max_pool_2d",
    "prod": "reduce_prod",
    "variance": "mean squared_difference mean",
    "deviation": "mean squared_difference mean lookup",
    "logsumexp": "max_pool_2d lookup add lookup mean lookup add",
}


@pytest.fixture(scope="module")
def converted(convert_layers: Callable[[str], Path]) -> Path:
    """A folder with every model."""
    folder = convert_layers("elementwise_layers.py")
    assert {path.stem for path in folder.iterdir()} == set(KERNELS) | {"sparsemax"}
    return folder


def expected(path: Path, sample: list[np.ndarray]) -> list[np.ndarray]:
    """The oracle's outputs: op by op where it has no reference kernel, or a wrong one (SUM)."""
    content = path.read_bytes()
    if oracle.kinds(content) & {*oracle.WITHOUT_REFERENCE, "SUM"}:
        return oracle.op_by_op(read(path), sample)
    return oracle.reference(content, [sample])[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", KERNELS)
def test_equals_the_oracle(name: str, converted: Path) -> None:
    path = converted / f"{name}.tflite"
    compiled = compiling.compile_model(path)
    # sorted: the converter orders independent ops one way or the other
    found = sorted(step.kernel for step in compiled.program.steps)
    assert found == sorted(KERNELS[name].split())
    rng = np.random.default_rng(3)
    (port,) = compiled.program.inputs
    runner = compiled.runner()
    for _ in range(20):
        values = [rng.integers(-128, 128, port.shape).astype(np.int8)]
        assert np.array_equal(runner.run(values)[0], expected(path, values)[0])


@pytest.mark.slow
def test_sparsemax_is_refused_with_what_to_use(converted: Path) -> None:
    with pytest.raises(ModelError, match="CUMSUM .* left in float") as error:
        read(converted / "sparsemax.tflite")
    assert "Softmax instead of Sparsemax" in error.value.do
