"""Random cases of two ops that one kernel may compute."""

from __future__ import annotations

from case_maker import ACTIVATIONS, Maker, Rng, quant
from cases_packed import adversarial, finish
from cases_window import out_size

from midge.graph import Graph, Op, Tensor


def _conv(rng: Rng, pool: tuple[int, ...]) -> Graph:
    """A CONV_2D with at least one output pixel for each of the pool window's."""
    while True:
        flat = rng.random() < 0.15 and pool[0] == 1
        h, w = (1 if flat else int(rng.integers(4, 18))), int(rng.integers(4, 18))
        k_h, k_w = (1, 1) if rng.random() < 0.15 else (int(n) for n in rng.integers(1, 5, 2))
        strides = [int(n) for n in rng.integers(1, 3, 2)] if rng.random() < 0.4 else [1, 1]
        dilations = [int(rng.integers(1, 3)) if rng.random() < 0.2 else 1 for _ in "hw"]
        padding = str(rng.choice(["SAME", "SAME", "VALID"]))
        out = tuple(
            out_size(n, k, s, d, padding)
            for n, k, s, d in zip((h, w), (k_h, k_w), strides, dilations, strict=True)
        )
        if all(n >= k for n, k in zip(out, pool, strict=True)):
            break
    in_c, out_c = int(rng.integers(1, 9)), int(rng.integers(4, 17))
    m = Maker("CONV_2D")
    m.add((1, h, w, in_c), quant=quant(rng))
    weights = adversarial(rng, (out_c, k_h, k_w, in_c))
    return finish(
        rng, m, False, weights, (*out, out_c), stride_h=strides[0], stride_w=strides[1],
        dilation_h_factor=dilations[0], dilation_w_factor=dilations[1], padding=padding,
    )  # fmt: skip


def conv_pool(rng: Rng) -> Graph:
    """CONV_2D, then a MAX_POOL_2D of windows side by side; rows and columns may be left over."""
    size = tuple(int(n) for n in rng.choice([1, 2, 2, 2, 3, 4], 2))
    graph = _conv(rng, size)
    (between,) = graph.outputs
    source = graph.tensors[between]
    height, width = (n // k for n, k in zip(source.shape[1:3], size, strict=True))
    whole = all(n % k == 0 for n, k in zip(source.shape[1:3], size, strict=True))
    out = len(graph.tensors)
    shape = (1, height, width, source.shape[3])
    graph.tensors[out] = Tensor("pooled", shape, "int8", source.quant)
    attrs = {
        "padding": str(rng.choice(["SAME", "VALID"])) if whole else "VALID",
        "stride_h": size[0],
        "stride_w": size[1],
        "filter_height": size[0],
        "filter_width": size[1],
        "fused_activation_function": str(rng.choice(ACTIVATIONS)),
    }
    graph.ops.append(Op("MAX_POOL_2D", [between], [out], attrs, 1))
    graph.outputs = [out]
    return graph
