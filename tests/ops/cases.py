"""The op suite: 2,000 random cases of every op, the same ones wherever it runs.

``cases(name)`` gives each case's graph and its inputs. Elementwise ops of 8 bits get all 256
values, so that a table has no entry that was not compared.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

import cases_16
import cases_binary as binary
import cases_elementwise as elementwise
import cases_fused as fused
import cases_moving as moving
import cases_packed as packed
import cases_recurrent as recurrent
import cases_reduction as reduction
import cases_tables as tables
import cases_window as window
import numpy as np
from case_maker import every_byte, sample

from midge.graph import Graph

COUNT = 2000
SAMPLES = 2

GENERATORS: dict[str, Callable[[np.random.Generator], Graph]] = {
    "conv_2d": window.conv_2d,
    "conv_2d_ordinary": packed.conv_2d_ordinary,
    "conv_pool": fused.conv_pool,
    "depthwise_conv_2d": window.depthwise_conv_2d,
    "depthwise_3x3": packed.depthwise_3x3,
    "fully_connected": window.fully_connected,
    "max_pool_2d": window.max_pool_2d,
    "average_pool_2d": window.average_pool_2d,
    "mean": reduction.mean,
    "sum": reduction.sum_,
    "reduce_max": reduction.reduce_max,
    "reduce_min": reduction.reduce_min,
    "reduce_prod": reduction.reduce_prod,
    "arg_max": reduction.arg_max,
    "arg_min": reduction.arg_min,
    "l2_normalization": reduction.l2_normalization,
    "log_softmax": reduction.log_softmax,
    "add": binary.add,
    "add_large": packed.add_large,
    "sub": binary.sub,
    "sub_large": packed.sub_large,
    "mul": binary.mul,
    "div": binary.div,
    "maximum": binary.maximum,
    "minimum": binary.minimum,
    "squared_difference": binary.squared_difference,
    "prelu": binary.prelu,
    "pad": elementwise.pad,
    "concatenation": elementwise.concatenation,
    "reshape": elementwise.reshape,
    "softmax": elementwise.softmax,
    "logistic": elementwise.logistic,
    "tanh": elementwise.tanh,
    "relu": elementwise.relu,
    "leaky_relu": elementwise.leaky_relu,
    "hard_swish": elementwise.hard_swish,
    "elu": tables.elu,
    "gelu": tables.gelu,
    "exp": tables.exp,
    "log": tables.log,
    "sqrt": tables.sqrt,
    "rsqrt": tables.rsqrt,
    "abs": tables.abs_,
    "neg": tables.neg,
    "batch_matmul": recurrent.batch_matmul,
    "lstm": recurrent.lstm,
    "lstm_variants": recurrent.lstm_variants,
    "svdf": recurrent.svdf,
    "requantize": elementwise.requantize,
    "quantize": elementwise.quantize,
    "dequantize": elementwise.dequantize,
    "transpose_conv": moving.transpose_conv,
    "transpose": moving.transpose,
    "strided_slice": moving.strided_slice,
    "slice": moving.slice_,
    "split": moving.split,
    "split_v": moving.split_v,
    "pack": moving.pack,
    "unpack": moving.unpack,
    "gather": moving.gather,
    "tile": moving.tile,
    "broadcast_to": moving.broadcast_to,
    "reverse_v2": moving.reverse_v2,
    "mirror_pad": moving.mirror_pad,
    "space_to_depth": moving.space_to_depth,
    "depth_to_space": moving.depth_to_space,
    "space_to_batch_nd": moving.space_to_batch_nd,
    "batch_to_space_nd": moving.batch_to_space_nd,
    "resize_nearest_neighbor": moving.resize_nearest_neighbor,
    "resize_bilinear": moving.resize_bilinear,
    **cases_16.GENERATORS,
}
# One lookup for each element.
_EVERY_BYTE = {
    "logistic", "tanh", "relu", "leaky_relu", "hard_swish", "elu", "gelu", "exp", "log", "sqrt",
    "rsqrt", "abs", "neg", "requantize", "dequantize",
}  # fmt: skip
_NOT_NEGATIVE = {"sqrt", "rsqrt"}  # LiteRT stops below 0


def cases(name: str, count: int = COUNT) -> Iterator[tuple[int, Graph, list[list[np.ndarray]]]]:
    """(number, graph, inputs of each sample) of the op's random cases."""
    for number in range(count):
        rng = np.random.default_rng([zlib.crc32(name.encode()), number])
        graph = GENERATORS[name](rng)
        if name in _EVERY_BYTE:
            x = graph.tensors[graph.inputs[0]]
            values = every_byte(x.dtype)
            if name in _NOT_NEGATIVE:
                values = np.maximum(values, np.int8(x.zero_point))
            yield number, graph, [[values]]
        else:
            yield number, graph, [sample(rng, graph) for _ in range(SAMPLES)]
