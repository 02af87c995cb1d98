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
        with _silent_stderr():
            import tensorflow
            import tensorflow.lite  # loaded late otherwise, with a greeting of its own
    except ImportError as err:
        raise MidgeError(
            f"training and conversion need TensorFlow: {err}", do="pip install 'midge[train]'"
        ) from err
    return tensorflow


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """Drops what C++ code writes to stderr before it reads any log level."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
