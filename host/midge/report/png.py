"""A table of numbers as a picture inside the page: a PNG in a data URI, one pixel a number."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

# Light to dark, so that dark text can stand beside it: lightness falls evenly.
_BLUES = ((247, 251, 255), (158, 202, 225), (33, 113, 181), (8, 29, 88))
_ORANGES = ((255, 250, 242), (253, 190, 133), (217, 95, 14), (120, 40, 4))
RAMPS = {"input": _BLUES, "importance": _ORANGES}


def colours(values: np.ndarray, ramp: str) -> np.ndarray:
    """uint8 ``[..., 3]`` for values 0...1; others are clipped."""
    stops = np.array(RAMPS[ramp], np.float64)
    place = np.clip(np.nan_to_num(values), 0.0, 1.0) * (len(stops) - 1)
    low = np.minimum(place.astype(int), len(stops) - 2)
    part = (place - low)[..., np.newaxis]
    return np.rint(stops[low] * (1 - part) + stops[low + 1] * part).astype(np.uint8)


def hexed(value: float, ramp: str) -> str:
    """One value's colour for SVG and CSS."""
    return "#" + colours(np.array(value), ramp).tobytes().hex()


def data_uri(values: np.ndarray, ramp: str) -> str:
    """``values`` 0...1 ``[rows, columns]``, first row on top."""
    return uri(colours(values, ramp))


def uri(pixels: np.ndarray) -> str:
    """uint8 ``[rows, columns, 3]``: red, green, blue."""
    return "data:image/png;base64," + base64.b64encode(_png(pixels)).decode()


def _png(pixels: np.ndarray) -> bytes:
    """uint8 ``[rows, columns, 3]`` as a PNG file (PNG specification, 2nd edition, 11.2)."""
    height, width, _ = pixels.shape
    lines = b"".join(b"\0" + row.tobytes() for row in pixels)  # filter 0: none
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits, RGB
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
