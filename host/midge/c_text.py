"""Spells values as C99: literals, arrays, strings, comments and identifiers."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from midge.errors import ModelError

WIDTH = 99
_C_TYPES = {
    "int8": "int8_t",
    "uint8": "uint8_t",
    "uint16": "uint16_t",
    "int16": "int16_t",
    "int32": "int32_t",
    "int64": "int64_t",
    "float32": "float",
}


def identifier(name: str) -> str:
    """A model's name as (the end of) a C identifier and as a file name.

    Raises:
        ModelError: no letter or digit in it that C could use.
    """
    ident = re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_").lower()
    if not ident:
        raise ModelError(
            f"the model's name {name!r} has no letter or digit from A-Z, a-z, 0-9",
            do='give it another name: "name" in the .json beside the .tflite',
        )
    return ident


def c_type(dtype: np.dtype) -> str:
    """The C type of numpy's type."""
    return _C_TYPES[dtype.name]


def string(text: str) -> str:
    """A string literal: UTF-8, everything beyond plain ASCII in octal, no trigraphs."""
    out = []
    for byte in text.encode("utf-8"):
        plain = 32 <= byte < 127 and chr(byte) not in '"\\?'
        out.append(chr(byte) if plain else f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


def comment(text: str) -> str:
    """Text that may follow ``//``: printable ASCII on one line, no backslash, no trigraph."""
    return re.sub(r"[^ -~]|[\\?]", "_", text)


def real(value: float) -> str:
    """A float literal that a compiler reads as exactly this float32 (9 digits are enough)."""
    text = f"{np.float32(value):.9g}"
    return f"{text}f" if re.search(r"[.e]", text) else f"{text}.0f"


def integer(value: int) -> str:
    """An int32 literal; the smallest has no literal of its own in C."""
    return "INT32_MIN" if value == -(1 << 31) else str(value)


def literals(data: np.ndarray) -> list[str]:
    """Every element as a literal."""
    if data.dtype == np.float32:
        return [real(v) for v in data.reshape(-1).tolist()]
    if data.dtype == np.int32:
        return [integer(v) for v in data.reshape(-1).tolist()]
    return [str(v) for v in data.reshape(-1).tolist()]


def rows(items: Iterable[str], indent: int) -> str:
    """Items separated by commas, in lines of at most ``WIDTH`` columns."""
    lines: list[str] = []
    line = ""
    pad = " " * indent
    for item in items:
        piece = f"{item}, " if line else f"{pad}{item}, "
        if line and len(line) + len(item) + 1 > WIDTH:
            lines.append(line.rstrip())
            line = f"{pad}{item}, "
        else:
            line += piece
    if line:
        lines.append(line.rstrip())
    return "\n".join(lines)


def array(declaration: str, items: Iterable[str]) -> str:
    """``declaration = {items};`` over several lines."""
    return f"{declaration} = {{\n{rows(items, 4)}\n}};\n"
