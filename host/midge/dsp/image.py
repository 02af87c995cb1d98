"""Pictures: crop, resize, grayscale and normalization for ``dsp_image``."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from midge import abi
from midge.dsp.chain import Chain, Signal
from midge.dsp.check import Numbers, finite, whole
from midge.errors import FeatureError

FORMATS = ("gray", "rgb565", "rgb565_big")
MAX_SIDE = 4096
LUMA = np.array([77, 150, 29])  # ITU-R BT.601 in 1/256
_WEIGHT = 128


@dataclass(frozen=True)
class Crop:
    """The part of a picture that is used, in pixels."""

    top: int
    left: int
    height: int
    width: int


def axis_table(start: int, size: int, full: int, out: int, bilinear: bool = True) -> np.ndarray:
    """For each output position its left source pixel and the right one's weight in 1/128,
    int16 [out, 2]. Pixel centres are at halves, as in ``tf.image.resize``; a pixel of weight 0
    is not read.

    Raises:
        FeatureError: a part outside of the picture, or a size below 1 or above 4096.
    """
    size = whole(size, "the crop's size", 1, MAX_SIDE)
    out = whole(out, "the output's size", 1, MAX_SIDE)
    if start < 0 or start + size > full:
        raise FeatureError(f"a crop from {start} to {start + size} of a picture of {full} pixels")
    at = np.clip((np.arange(out) + 0.5) * size / out - 0.5, 0, size - 1)
    if not bilinear:
        at = np.clip(np.floor((np.arange(out) + 0.5) * size / out), 0, size - 1)
    first = np.floor(at).astype(np.int64)
    weight = np.rint((at - first) * _WEIGHT).astype(np.int64)
    first += weight == _WEIGHT
    weight[weight == _WEIGHT] = 0
    return np.stack([first + start, weight], 1).astype(np.int16)


def intensity_table(mean: Numbers, std: Numbers, scale: float, zero_point: int) -> np.ndarray:
    """From 0..255 to int8: round((v - mean) / std / scale) + zero_point, int8 [channels, 256].

    Args:
        mean, std: per channel, in units of 0..255.
        scale, zero_point: of the model's input.

    Raises:
        FeatureError: not finite, or a standard deviation or scale that is not positive.
    """
    means, stds = finite(mean, "means"), finite(std, "standard deviations")
    scale = float(finite([scale], "the input's scale")[0])
    if (stds <= 0).any() or scale <= 0:
        raise FeatureError(f"standard deviations {stds.tolist()} and scale {scale:g}: needed > 0")
    values = (np.arange(256) - means[:, None]) / stds[:, None] / scale
    return np.clip(np.rint(values) + zero_point, -128, 127).astype(np.int8)


def picture(
    chain: Chain,
    size: tuple[int, int],
    form: str,
    crop: Crop,
    out: tuple[int, int, int],
    table: np.ndarray,
    bilinear: bool = True,
    source: Signal | None = None,
) -> Signal:
    """Adds ``dsp_image`` behind the chain's input, or ``source``: uint8 of the whole picture.

    Args:
        size: height and width of the camera's picture.
        form: "gray" (1 byte a pixel), "rgb565" (low byte first, as ``framebuf`` has it) or
            "rgb565_big" (high byte first, as most cameras send it).
        out: height, width, channels (1: gray; 3: only from RGB565).
        table: from :func:`intensity_table`, one row a channel.

    Raises:
        FeatureError: sizes that do not fit together, an unknown format.
    """
    if form not in FORMATS:
        raise FeatureError(f"no format is called '{form}'", do=f"use one of {', '.join(FORMATS)}")
    nbytes = size[0] * size[1] * (1 if form == "gray" else 2)
    source = source or chain.input
    if source.nbytes != nbytes or source.dtype != "uint8":
        raise FeatureError(
            f"a picture of {size[0]} lines of {size[1]} in {form} is {nbytes} bytes, found "
            f"{source.nbytes} of {source.dtype}"
        )
    if out[2] not in ((1,) if form == "gray" else (1, 3)) or table.shape != (out[2], 256):
        raise FeatureError(f"{out[2]} channels from {form} with a table of {table.shape}")
    result = chain.scratch("picture", out, "int8")
    cols = axis_table(crop.left, crop.width, size[1], out[1], bilinear)
    rows = axis_table(crop.top, crop.height, size[0], out[0], bilinear)
    chain.step(
        "dsp_image", source, result, in_width=size[1], out_h=out[0],
        out_w=out[1], out_c=out[2], format=_formats()[form], table=chain.const("normal", table),
        cols=chain.const("columns", cols), rows=chain.const("rows", rows),
    )  # fmt: skip
    return result


def _formats() -> dict[str, int]:
    text = (abi.core_dir() / "midge_dsp.h").read_text(encoding="utf-8")
    return {
        name: int(re.findall(rf"MIDGE_DSP_{name.upper()} = (\d+),", text)[0]) for name in FORMATS
    }


def reference(
    pixels: np.ndarray, crop: Crop, out: tuple[int, int], bilinear: bool = True
) -> np.ndarray:
    """The cropped and resized picture before normalization, float64 [h, w, channels].

    Args:
        pixels: intensities 0..255, [height, width, channels].
    """
    part = pixels[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width]
    result = part.astype(np.float64)
    for axis, n in enumerate(out):
        size = result.shape[axis]
        at = np.clip((np.arange(n) + 0.5) * size / n - 0.5, 0, size - 1)
        if not bilinear:
            at = np.clip(np.floor((np.arange(n) + 0.5) * size / n), 0, size - 1)
        first = np.floor(at).astype(int)
        after = np.minimum(first + 1, size - 1)
        weight = (at - first).reshape([-1 if k == axis else 1 for k in range(3)])
        left, right = np.take(result, first, axis), np.take(result, after, axis)
        result = left * (1 - weight) + right * weight
    return result


def colours(words: np.ndarray) -> np.ndarray:
    """RGB565 words as 8-bit colours, uint8 [..., 3]."""
    w = words.astype(np.uint32)
    red, green, blue = w >> 11 & 31, w >> 5 & 63, w & 31
    parts = [red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2]
    return np.stack(parts, -1).astype(np.uint8)


def gray(rgb: np.ndarray) -> np.ndarray:
    """Luma of 8-bit colours, rounded, uint8 [..., 1]."""
    return ((rgb.astype(np.int64) @ LUMA + 128) >> 8)[..., None].astype(np.uint8)
