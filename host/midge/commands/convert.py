"""``midge convert``: a Keras model to an int8 or 16x8 .tflite, in a process of its own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from midge.commands.common import Progress, add_command, compile_all, emit_json, kib, say
from midge.errors import MidgeError

if TYPE_CHECKING:
    import numpy as np

_EXAMPLES = """\
  midge convert model.keras --data windows.npy
  midge convert model.keras --data windows.npy --out build/walk.tflite --json
  midge convert model.keras --data windows.npy --quantization int16x8
"""


def add_parser(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the command line."""
    parser = add_command(
        sub, "convert", "convert a Keras model to an int8 or 16x8 .tflite", do_convert, _EXAMPLES
    )
    parser.add_argument("model", type=Path, help="a .keras or .h5 file, or a SavedModel folder")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FILE.npy",
        help="float inputs, one a row, from which the ranges of integers are taken",
    )  # fmt: skip
    parser.add_argument(
        "--quantization", choices=("int8", "int16x8"), default="int8",
        help="int16x8: int16 activations, int8 weights; default: int8",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, help="default: the model's name with .tflite")


def do_convert(args: argparse.Namespace) -> int:
    """Converts, then compiles the result once: what the board cannot do is said now."""
    for path in (args.model, args.data):
        if not path.exists():
            raise MidgeError("no such file", where=str(path), do="check the name")
    from midge.train import convert

    out = args.out or args.model.with_suffix(".tflite")
    with Progress("convert") as progress:
        progress(f"{args.model} to {args.quantization} (TensorFlow starts first)")
        convert(args.model, load_samples(args.data), out, args.quantization)
        progress("compiling it for the board")
        program = compile_all([out])[0].program
    say(args, f"{out}: arena {kib(program.arena_bytes)}, weights {kib(program.weights_bytes)}")
    emit_json(
        args,
        {
            "model": out,
            "arena_bytes": program.arena_bytes,
            "weights_bytes": program.weights_bytes,
            "macs": program.macs,
        },
    )
    return 0


def load_samples(path: Path) -> np.ndarray:
    """The representative inputs as float32, one a row.

    Raises:
        MidgeError: not a .npy of finite numbers with at least one row.
    """
    import numpy as np

    try:
        with path.open("rb") as file:  # numpy takes what has no .npy header for a pickle
            array = np.lib.format.read_array(file, allow_pickle=False)
        data = np.asarray(array, dtype=np.float32)
    except (ValueError, TypeError, EOFError) as err:
        raise MidgeError(
            f"not a .npy file of numbers: {err}", where=str(path), do="save it by numpy.save"
        ) from err
    if data.ndim < 2 or not len(data) or not np.isfinite(data).all():
        raise MidgeError(
            f"needs finite inputs, one a row, found shape {data.shape}"
            + ("" if np.isfinite(data).all() else " with nan or inf"),
            where=str(path), do="save an array of shape (number, ...input shape)",
        )  # fmt: skip
    return data
