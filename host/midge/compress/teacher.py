"""Knowledge distillation: a network learns what others, larger or several, say of each window.

Hinton et al., "Distilling the Knowledge in a Neural Network" (arXiv:1503.02531): the soft loss is
the cross-entropy between both softened outputs, times the temperature squared.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from midge.train.evaluate import scores_in_float
from midge.train.tf import import_tensorflow

TEMPERATURE = 3.0
SOFT_SHARE = 0.7  # of the loss; the rest is the true class


class Teacher:
    """Mean probabilities of trained networks for the windows that a student learns from.

    Args:
        probabilities: ``[n, classes]`` for the examples, in their order; ``[n, 1]`` yes or no.
    """

    def __init__(self, probabilities: np.ndarray):
        two = np.concatenate([1 - probabilities, probabilities], axis=1)
        self.soft = two if probabilities.shape[1] == 1 else probabilities
        self.classes = self.soft.shape[1]

    @classmethod
    def of(cls, models: list[Any], x: np.ndarray) -> Teacher:
        """The mean of several networks."""
        return cls(np.mean([scores_in_float(model, x) for model in models], axis=0))

    def targets(self, y: np.ndarray) -> np.ndarray:
        """True classes and the teacher's probabilities side by side."""
        return np.concatenate([self._one_hot(y), self.soft], axis=1).astype(np.float32)

    def without(self, y: np.ndarray) -> np.ndarray:
        """The same for windows that the teacher was not asked about: sure of the true class."""
        return np.concatenate([self._one_hot(y)] * 2, axis=1)

    def _one_hot(self, y: np.ndarray) -> np.ndarray:
        return np.eye(self.classes, dtype=np.float32)[y]

    def _split(self, both: Any, found: Any) -> tuple[Any, Any, Any]:
        """True classes, the teacher's and the student's probabilities."""
        ops = import_tensorflow()  # not keras.ops: Keras 2 trains by this too
        if self.classes == 2 and found.shape[-1] == 1:
            found = ops.concat([1 - found, found], axis=-1)
        found = ops.clip_by_value(found, 1e-7, 1.0)
        return both[:, : self.classes], both[:, self.classes :], found

    def loss(self, both: Any, found: Any) -> Any:
        """Of a batch of :meth:`targets` and the student's probabilities."""
        ops = import_tensorflow()
        true, soft, found = self._split(both, found)
        hard = -ops.reduce_sum(true * ops.math.log(found), axis=-1)
        # softmax(logits / T) of probabilities p is softmax(log(p) / T)
        student = ops.nn.log_softmax(ops.math.log(found) / TEMPERATURE)
        teacher = ops.nn.softmax(ops.math.log(ops.clip_by_value(soft, 1e-7, 1.0)) / TEMPERATURE)
        near = -ops.reduce_sum(teacher * student, axis=-1) * TEMPERATURE**2
        return (1 - SOFT_SHARE) * hard + SOFT_SHARE * near

    def accuracy(self, both: Any, found: Any) -> Any:
        """Share of a batch whose class is right."""
        ops = import_tensorflow()
        true, _, found = self._split(both, found)
        return ops.cast(ops.equal(ops.argmax(true, -1), ops.argmax(found, -1)), "float32")
