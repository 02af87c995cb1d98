"""The one place that imports TensorFlow, so that nothing else pays for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from midge.errors import MidgeError


def import_tensorflow() -> ModuleType:
    """TensorFlow, without its greeting.

    Raises:
        MidgeError: it is not installed.
    """
    # Read when TensorFlow starts. oneDNN's kernels sum in an order that depends on the machine.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    try:
        with silent():
            import tensorflow
            import tensorflow.lite  # loaded late otherwise, with a greeting of its own
    except ImportError as err:
        raise MidgeError(
            f"training and conversion need TensorFlow: {err}", do="pip install 'midge[train]'"
        ) from err
    return tensorflow


@contextmanager
def silent() -> Iterator[None]:
    """Drops what C++ code and TensorFlow's own prints write, whatever log level is set."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    try:
        with Path(os.devnull).open("wb") as nothing:
            for to in (1, 2):
                os.dup2(nothing.fileno(), to)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for to, back in zip((1, 2), kept, strict=True):
            os.dup2(back, to)
            os.close(back)
