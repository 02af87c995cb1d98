"""TRANSPOSE_CONV: Keras' Conv2DTranspose and Conv1DTranspose."""

from __future__ import annotations

from midge.graph import Op, Tensor
from midge.lower import conv
from midge.lower.context import Lowering
from midge.lower.moving import numbers, shaped
from midge.program import Param


def transpose_conv(low: Lowering, op: Op) -> None:
    """Inputs: the output's shape, weights [out_c, k_h, k_w, in_c], the image, a bias or none."""
    x, out = low.image(op, op.inputs[2]), low.image(op, op.outputs[0])
    weights = conv.filter_data(low, op)
    out_c, k_h, k_w, in_c = weights.shape
    shaped(low, op, out, numbers(low, op, 0, "the output's shape"))
    low.need(
        op,
        (x.shape[3], out.shape[3]) == (in_c, out_c),
        f"weights {weights.shape}, input {x.shape}, output {out.shape} do not fit together",
    )
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[2]),
        "weights": low.operand(op.inputs[1]),
        **_geometry(low, op, x, out, (k_h, k_w)),
        "in_c": in_c,
        "out_c": out_c,
        "in_offset": -x.zero_point,
        **low.clamp(op, out),
        **conv.requant_constants(low, op, x, out),
    }
    bias = conv.bias_data(low, op, out_c, slot=3)
    params["bias"] = low.const(f"{out.name}/bias", conv.wrap_int32(bias), "bias")
    params["out"] = low.result(op.outputs[0])
    macs = x.size * k_h * k_w * out_c  # without those that fall outside the output
    low.step(op, "transpose_conv", params, macs=macs)


def _geometry(
    low: Lowering, op: Op, x: Tensor, out: Tensor, window: tuple[int, int]
) -> dict[str, Param]:
    """Sizes and padding: those of the convolution from the output's shape to the input's."""
    params: dict[str, Param] = {}
    for i, axis in enumerate("hw"):
        k, stride = window[i], int(op.attrs[f"stride_{axis}"])
        n_in, n_out = x.shape[i + 1], out.shape[i + 1]
        low.need(op, stride > 0 and k > 0, f"stride {stride}, window {k}: needed: above 0")
        same = op.attrs["padding"] == "SAME"
        room = n_out if same else n_out - k + 1
        low.need(
            op,
            -(-room // stride) == n_in,
            f"output shape {out.shape} does not follow from the input's {x.shape}",
        )
        total = max(0, (n_in - 1) * stride + k - n_out) if same else 0
        before = "pad_top" if axis == "h" else "pad_left"
        params |= {
            f"in_{axis}": n_in,
            f"out_{axis}": n_out,
            f"k_{axis}": k,
            f"stride_{axis}": stride,
            before: total // 2,
        }
    return params
