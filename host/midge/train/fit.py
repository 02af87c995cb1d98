"""Seeded training of a recipe; progress goes to stderr."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from midge.errors import ModelError
from midge.train.augment import augment
from midge.train.data import split_by_class
from midge.train.recipes import Recipe
from midge.train.tf import import_tensorflow

# A small set is filled up to about this many windows an epoch with changed copies.
_WINDOWS_PER_EPOCH = 1000
_LEARNING_RATE = 0.003


@dataclasses.dataclass
class Fitted:
    """A trained Keras model and how it did."""

    model: Any
    epochs: int
    loss: float  # of the epoch whose weights were kept, on the validation windows


def fit(
    recipe: Recipe,
    real: np.ndarray,
    classes: np.ndarray,
    n_classes: int,
    *,
    epochs: int,
    batch_size: int,
    seed: int,
    copies: int = 0,
    more: Callable[[np.ndarray, int, np.random.Generator], np.ndarray] | None = None,
) -> Fitted:
    """Trains on ``real`` float32 ``[n, length, channels]`` with ``classes`` int64 ``[n]``.

    The same arguments on the same machine give the same weights, bit for bit. A fifth of each
    class is held out; the weights of the epoch that did best on it are kept, and training ends
    when a quarter of ``epochs`` went by without a better one.
    Args:
        copies: changed ones of each window; 0: enough for an epoch of 1000 windows.
        more: from indices of windows, a number of copies and randomness, that many changed
            copies of each, copy after copy; default: :func:`augment` on ``real``.
    """
    tensorflow = import_tensorflow()
    keras = tensorflow.keras
    keras.utils.set_random_seed(seed)
    tensorflow.config.experimental.enable_op_determinism()
    rng = np.random.default_rng(seed)
    kept, held_out = split_by_class(classes, 0.2, rng)
    copies = copies or max(0, _WINDOWS_PER_EPOCH // len(kept) - 1)
    changed = more(kept, copies, rng) if more else augment(real[kept], copies, rng)
    x = np.concatenate([real[kept], changed])
    y = np.tile(classes[kept], copies + 1)

    _, length, channels = real.shape
    try:
        model = recipe(length, channels, n_classes)
    except ValueError as err:
        raise ModelError(
            f"does not suit windows of {length} samples and {channels} channels "
            f"in {n_classes} classes: {err}",
            where=f"recipe {recipe.__name__}", do="choose another, or a longer window",
        ) from err  # fmt: skip
    yes_or_no = model.output_shape[-1] == 1
    steps = epochs * -(-len(x) // batch_size)
    model.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, steps, alpha=0.02)
        ),
        loss="binary_crossentropy" if yes_or_no else "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    stop = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=max(5, epochs // 4), restore_best_weights=True
    )
    history = model.fit(
        x, y, validation_data=(real[held_out], classes[held_out]), epochs=epochs,
        batch_size=batch_size, verbose=0, callbacks=[stop, _progress(keras, epochs)],
    )  # fmt: skip
    losses = history.history["val_loss"]
    return Fitted(model, epochs=len(losses), loss=float(min(losses)))


def _progress(keras: Any, epochs: int) -> Any:
    """A callback that keeps one line on a terminal, and a line every ten epochs elsewhere."""
    on_terminal = sys.stderr.isatty()

    class Progress(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            if not on_terminal and (epoch + 1) % 10 and epoch + 1 < epochs:
                return
            logs = logs or {}
            print(
                f"epoch {epoch + 1}/{epochs}  loss {logs['loss']:.4f}  "
                f"held out: loss {logs['val_loss']:.4f} accuracy {logs['val_accuracy']:.3f}",
                file=sys.stderr, end="\r" if on_terminal else "\n", flush=True,
            )  # fmt: skip

        def on_train_end(self, logs: dict[str, float] | None = None) -> None:
            if on_terminal:
                print(file=sys.stderr)

    return Progress()
