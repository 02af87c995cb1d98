"""Every op: 2,000 random cases against LiteRT's reference kernels, not one bit apart."""

from __future__ import annotations

import cases
import numpy as np
import oracle
import pytest

from midge import lower, ops
from midge.program import ConstRef


def differing(expected: list[np.ndarray], found: list[np.ndarray]) -> int:
    """How many elements differ in their bits; shapes and types must agree."""
    count = 0
    for want, have in zip(expected, found, strict=True):
        assert (want.shape, want.dtype) == (have.shape, have.dtype)
        bits = f"u{want.itemsize}"
        count += int((want.reshape(-1).view(bits) != have.reshape(-1).view(bits)).sum())
    return count


# Ops that have kernels besides the plain one, and how many of the cases these must take.
VARIANTS = {
    "conv_2d": 800,
    "depthwise_conv_2d": 4,
    "depthwise_3x3": 1200,
    "conv_2d_ordinary": 1600,
    "fully_connected": 1400,
    "add_large": 1800,
    "sub_large": 1800,
    "transpose_conv": 1000,
    "conv_pool": 1000,  # of one kernel for both
}
JIT = {"conv_2d": 700, "conv_2d_ordinary": 1600}
PLAIN = [(name, "plain") for name in cases.GENERATORS]
PACKED = [(name, "packed") for name in VARIANTS if name != "conv_pool"]
WITH_CODE = [(name, "jit") for name in JIT]
# the packed kernels' other candidates, in each case another
OTHER = [(name, "other") for name in VARIANTS if not name.endswith("large")]
# the same for the kernels of Cortex-M33 and RV32
BLOCKED_VARIANTS = {
    "conv_2d": 750,
    "depthwise_3x3": 1900,
    "conv_2d_ordinary": 1650,
    "fully_connected": 1500,
}
BLOCKED = [(name, "blocked") for name in BLOCKED_VARIANTS]
LEAST = {"packed": VARIANTS, "other": VARIANTS, "jit": JIT, "blocked": BLOCKED_VARIANTS}


@pytest.mark.parametrize(("name", "kernels"), [*PLAIN, *PACKED, *WITH_CODE, *OTHER, *BLOCKED])
def test_2000_random_cases_equal_the_oracle(name: str, kernels: str) -> None:
    inside = elements = other = 0
    for number, graph, samples in cases.cases(name):
        # large tiles and small ones
        picks: str | int = ("fastest", "smallest")[number % 2]
        if kernels == "other":
            picks = number
        compiled = oracle.Compiled(graph, "packed" if kernels == "other" else kernels, picks)
        kernels_used = [step.kernel for step in compiled.program.steps]
        wanted = f"_{kernels}" if kernels in ("jit", "blocked") else ("_packed", "_tables")
        fused = name == "conv_pool" and kernels == "other"
        other += any(kernel.endswith("conv_pool" if fused else wanted) for kernel in kernels_used)
        for values, expected in zip(samples, oracle.reference(graph, samples), strict=True):
            found = compiled.run(values)
            assert differing(expected, found) == 0, f"{name} case {number}: {graph}"
            elements += found[0].size
            if found[0].dtype != np.float32:
                ends = np.iinfo(found[0].dtype)
                inside += int(((found[0] > ends.min) & (found[0] < ends.max)).sum())
    if kernels == "plain":
        assert other == 0
    else:
        assert other >= LEAST[kernels][name]
    # Cases that all saturate would prove little.
    assert name.startswith("dequantize") or inside > elements // 5


def test_each_kernel_that_writes_code_is_taken() -> None:
    seen = set()
    for _, graph, _ in cases.cases("conv_2d_ordinary", 100):
        for step in lower.lower(graph, "jit").steps:
            seen.add((step.kernel, isinstance(step.params.get("kink"), ConstRef)))
    assert seen >= {("pointwise_jit", False), ("conv_2d_jit", False), ("conv_2d_jit", True)}


def test_every_op_of_the_table_has_cases() -> None:
    kinds = {
        graph.ops[0].kind for name in cases.GENERATORS for _, graph, _ in cases.cases(name, 20)
    }
    assert kinds == {info.kind for info in ops.table()} == set(lower._LOWER)
