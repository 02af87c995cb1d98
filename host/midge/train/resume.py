"""Training that goes on where it was interrupted: a checkpoint beside the model to be.

It holds weights, the optimizer's state, what early stopping knows, and the losses so far. The
order in which a resumed epoch shuffles its windows is another than without the interruption, so
the weights are not the same bit for bit; after an uninterrupted run they are.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

EVERY_S = 10.0  # at most so often: a checkpoint of a large network takes time


def key_of(model: Any, *about: Any) -> str:
    """What a checkpoint belongs to: the network, its data and settings; hex."""
    digest = hashlib.sha256(model.to_json().encode())
    for one in about:
        digest.update(one.tobytes() if isinstance(one, np.ndarray) else repr(one).encode())
    return digest.hexdigest()


class Checkpoint:
    """A file of one training's state. ``epoch`` is how many epochs are done, ``losses`` theirs.

    A file that belongs to something else, or cannot be read, is as good as none.
    """

    def __init__(self, path: Path, key: str):
        self._path, self._key = path, key
        self._saved = time.monotonic()
        self._state: dict[str, Any] = {}
        try:
            with np.load(path, allow_pickle=False) as content:
                if str(content["key"]) == key:
                    self._state = dict(content)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            pass
        self.losses = [float(value) for value in self._state.get("losses", [])]
        self.done = bool(self._state.get("done", False))

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.losses)

    def restore(self, model: Any) -> None:
        """Puts weights and the optimizer's state into the compiled ``model``."""
        if not self._state:
            return
        model.set_weights(self._list("weight"))
        if not self.done:
            model.optimizer.build(model.trainable_variables)
            for variable, value in zip(
                model.optimizer.variables, self._list("optimizer"), strict=True
            ):
                variable.assign(value)
            print(f"goes on after epoch {self.epoch}, where it was interrupted", file=sys.stderr)

    def callback(self, keras: Any, stop: Any) -> Any:
        """Saves after epochs; to stand behind ``stop``, the early stopping it keeps too."""
        mine = self

        class Saver(keras.callbacks.Callback):
            def on_train_begin(self, logs: Any = None) -> None:
                if mine._state:
                    stop.best = float(mine._state["best"])
                    stop.wait = int(mine._state["wait"])
                    stop.best_epoch = int(mine._state["best_epoch"])
                    stop.best_weights = mine._list("best_weight")

            def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
                mine.losses.append(float((logs or {}).get("val_loss", np.nan)))
                if time.monotonic() - mine._saved >= EVERY_S and np.isfinite(mine.losses).all():
                    mine.save(self.model, stop)

        return Saver()

    def save(self, model: Any, stop: Any, done: bool = False) -> None:
        """Writes the file, whole or not at all. Without room on the disk it is left out."""
        arrays: dict[str, Any] = {
            "key": np.array(self._key), "losses": np.array(self.losses), "done": np.array(done),
            "best": np.array(stop.best), "wait": np.array(stop.wait),
            "best_epoch": np.array(stop.best_epoch),
        }  # fmt: skip
        lists = {"weight": model.get_weights(), "best_weight": stop.best_weights or []}
        lists["optimizer"] = [] if done else [np.asarray(v) for v in model.optimizer.variables]
        for name, values in lists.items():
            arrays |= {f"{name}_{number}": value for number, value in enumerate(values)}
        draft = self._path.with_suffix(".new.npz")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(draft, **arrays)
            os.replace(draft, self._path)
        except OSError as err:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            print(f"warning: no checkpoint: {err}", file=sys.stderr)
        self._saved = time.monotonic()

    def _list(self, name: str) -> list[np.ndarray]:
        count = sum(key.rpartition("_")[0] == name for key in self._state)
        return [self._state[f"{name}_{number}"] for number in range(count)]
