"""Seeded training of a recipe; progress goes to stderr."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from midge.errors import ModelError
from midge.train.augment import augment
from midge.train.hold_out import HoldOut
from midge.train.recipes import Recipe
from midge.train.resume import Checkpoint, key_of
from midge.train.tf import import_tensorflow

if TYPE_CHECKING:
    from midge.compress.teacher import Teacher

# A small set is filled up to about this many windows an epoch with changed copies.
_WINDOWS_PER_EPOCH = 1000
_JUDGED_WINDOWS = 200  # and the held-out ones up to this many, where networks are compared
LEARNING_RATE = 0.003
_LOSS_RESTARTS = 2  # each with a tenth of the rate, where the loss is no number

More = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]
Watch = Callable[[int, float], None]


@dataclasses.dataclass
class Examples:
    """What networks learn from, and what they are held out from: float32 inputs, int64 classes.

    ``judge_x`` are the held-out windows and changed copies of them: among a few windows, two
    networks that differ by some percent look alike.
    """

    x: np.ndarray
    y: np.ndarray
    held_x: np.ndarray
    held_y: np.ndarray
    judge_x: np.ndarray
    judge_y: np.ndarray


@dataclasses.dataclass
class Fitted:
    """A trained Keras model and how it did."""

    model: Any
    epochs: int
    loss: float  # of the epoch whose weights were kept, on the validation windows
    examples: Examples


def fit(
    recipe: Recipe,
    real: np.ndarray,
    classes: np.ndarray,
    n_classes: int,
    *,
    parts: HoldOut,
    epochs: int,
    batch_size: int,
    seed: int,
    copies: int = 0,
    more: More | None = None,
    watch: Watch | None = None,
    checkpoint: Path | None = None,
    label_smoothing: float = 0.0,
) -> Fitted:
    """Trains on ``real`` float32 ``[n, length, channels]`` with ``classes`` int64 ``[n]``.

    The same arguments on the same machine give the same weights, bit for bit. The weights of the
    epoch that did best on the windows held out are kept, and training ends when a quarter of
    ``epochs`` went by without a better one.
    Args:
        parts: which windows are held out (:mod:`midge.train.hold_out`).
        copies: changed ones of each window; 0: enough for an epoch of 1000 windows.
        more: from indices of windows, a number of copies and randomness, that many changed
            copies of each, copy after copy; default: :func:`augment` on ``real``.
        watch: called after each epoch, counted from 1, with the accuracy on the held-out windows;
            what it raises ends training.
        checkpoint: a file that an interrupted training goes on from (:mod:`midge.train.resume`);
            left behind, for the caller to remove.
        label_smoothing: share of each target that is spread over all classes, 0...1, so that the
            network stays less sure of those it is trained on (Szegedy et al., arXiv:1512.00567).

    Raises:
        ModelError: the recipe does not suit the windows, or the loss is no number.
    """
    tensorflow = import_tensorflow()
    tensorflow.keras.utils.set_random_seed(seed)
    tensorflow.config.experimental.enable_op_determinism()
    examples = examples_of(real, classes, parts, copies=copies, more=more, seed=seed)
    _, length, channels = real.shape
    try:
        model = recipe(length, channels, n_classes)
    except ValueError as err:
        raise ModelError(
            f"does not suit windows of {length} samples and {channels} channels "
            f"in {n_classes} classes: {err}",
            where=f"recipe {recipe.__name__}", do="choose another, or a longer window",
        ) from err  # fmt: skip
    kept = None
    if checkpoint is not None:
        about = (examples.x, examples.y, epochs, batch_size, seed, label_smoothing)
        kept = Checkpoint(checkpoint, key_of(model, *about))
    done, loss = learn(
        model,
        examples,
        epochs=epochs,
        batch_size=batch_size,
        watch=watch,
        checkpoint=kept,
        label_smoothing=label_smoothing,
    )
    return Fitted(model, done, loss, examples)


def examples_of(
    real: np.ndarray,
    classes: np.ndarray,
    parts: HoldOut,
    *,
    copies: int,
    more: More | None,
    seed: int,
) -> Examples:
    """Sets the held-out windows apart and adds changed copies; see :func:`fit`."""

    def change(indices: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
        return more(indices, count, rng) if more else augment(real[indices], count, rng)

    rng = np.random.default_rng(seed)
    kept, held_out = parts.kept, parts.held
    copies = copies or max(0, _WINDOWS_PER_EPOCH // len(kept) - 1)
    x = np.concatenate([real[kept], change(kept, copies, rng)])
    held_x, held_y = real[held_out], classes[held_out]
    wanted = max(0, _JUDGED_WINDOWS // len(held_out) - 1)
    judged = [held_x, change(held_out, wanted, np.random.default_rng([seed, 1]))]
    return Examples(
        x, np.tile(classes[kept], copies + 1), held_x, held_y,
        np.concatenate(judged), np.tile(held_y, wanted + 1),
    )  # fmt: skip


def learn(
    model: Any,
    examples: Examples,
    *,
    epochs: int,
    batch_size: int,
    rate: float = LEARNING_RATE,
    teacher: Teacher | None = None,
    watch: Watch | None = None,
    checkpoint: Checkpoint | None = None,
    label_smoothing: float = 0.0,
) -> tuple[int, float]:
    """Trains ``model`` in place; returns epochs and the best held-out loss.

    A ``teacher`` has its own targets: ``label_smoothing`` is not for it.

    Raises:
        ModelError: the loss became NaN or infinite, with smaller steps too.
    """
    keras = import_tensorflow().keras
    before = model.get_weights()
    for restart in range(_LOSS_RESTARTS + 1):
        found = _learn_once(
            keras,
            model,
            examples,
            epochs,
            batch_size,
            rate,
            teacher,
            watch,
            checkpoint,
            label_smoothing,
        )
        if found is not None:
            return found
        model.set_weights(before)
        checkpoint = None  # is of the old rate
        rate /= 10
        if restart < _LOSS_RESTARTS:
            print(f"the loss is no number: once more at rate {rate:g}", file=sys.stderr)
    raise ModelError(
        f"the loss is NaN or infinite, at a learning rate of {rate * 10:g} too",
        where=f"training of {model.name}",
        do="look for values far outside the others in the recordings (`midge data`), or for a "
        "layer that divides or takes logarithms",
    )


def _learn_once(
    keras: Any,
    model: Any,
    examples: Examples,
    epochs: int,
    batch_size: int,
    rate: float,
    teacher: Teacher | None,
    watch: Watch | None,
    checkpoint: Checkpoint | None,
    label_smoothing: float,
) -> tuple[int, float] | None:
    """One training; None: the loss became NaN or infinite."""
    x, y = examples.x, examples.y
    held_y = examples.held_y
    loss = _loss(keras, model.output_shape[-1], label_smoothing)
    metric: Any = "accuracy"
    if teacher is not None:
        y, held_y = teacher.targets(y), teacher.without(held_y)
        loss, metric = teacher.loss, teacher.accuracy
    steps = epochs * -(-len(x) // batch_size)
    model.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(rate, steps, alpha=0.02)
        ),
        loss=loss,
        metrics=[metric],
    )
    stop = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=max(5, epochs // 4), restore_best_weights=True
    )
    callbacks = [stop, keras.callbacks.TerminateOnNaN(), _progress(keras, epochs, watch)]
    if checkpoint is not None:
        checkpoint.restore(model)
        if checkpoint.done:
            return checkpoint.epoch, min(checkpoint.losses)
        callbacks.insert(1, checkpoint.callback(keras, stop))
    before = [] if checkpoint is None else checkpoint.losses.copy()
    history = model.fit(
        x, y, validation_data=(examples.held_x, held_y), epochs=epochs, batch_size=batch_size,
        verbose=0, callbacks=callbacks, initial_epoch=len(before),
    )  # fmt: skip
    losses = [*before, *history.history.get("val_loss", [])]
    if not losses or not np.isfinite([*losses, *history.history.get("loss", [])]).all():
        return None
    if checkpoint is not None:
        checkpoint.save(model, stop, done=True)
    return len(losses), float(min(losses))


def _loss(keras: Any, outputs: int, smoothing: float) -> Any:
    """Cross-entropy of class numbers and ``outputs`` probabilities (one: yes or no)."""
    if outputs == 1:
        return keras.losses.BinaryCrossentropy(label_smoothing=smoothing)
    if not smoothing:
        return "sparse_categorical_crossentropy"
    spread = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)

    def smoothed(true: Any, found: Any) -> Any:
        numbers = keras.ops.cast(keras.ops.reshape(true, (-1,)), "int32")
        return spread(keras.ops.one_hot(numbers, outputs), found)

    return smoothed


def _progress(keras: Any, epochs: int, watch: Watch | None = None) -> Any:
    """A callback that keeps one line on a terminal, and a line every ten epochs elsewhere."""
    on_terminal = sys.stderr.isatty()

    class Progress(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            if watch is not None:
                watch(epoch + 1, (logs or {})["val_accuracy"])
                return  # who watches says what there is to say
            if not on_terminal and (epoch + 1) % 10 and epoch + 1 < epochs:
                return
            logs = logs or {}
            if "val_loss" not in logs:  # ended by a loss that is no number
                return
            print(
                f"epoch {epoch + 1}/{epochs}  loss {logs['loss']:.4f}  "
                f"held out: loss {logs['val_loss']:.4f} accuracy {logs['val_accuracy']:.3f}",
                file=sys.stderr, end="\r" if on_terminal else "\n", flush=True,
            )  # fmt: skip

        def on_train_end(self, logs: dict[str, float] | None = None) -> None:
            if on_terminal:
                print(file=sys.stderr)

    return Progress()
