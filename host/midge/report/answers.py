"""A model's answers to many windows, by the C core."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from midge.compile import CompiledModel, read_model
from midge.io_types import quantize_real, to_real
from midge.raw import quantize_raw, raw_constants

_ENDS = ("SOFTMAX", "LOGISTIC")


class Answers:
    """Runs windows one by one."""

    def __init__(self, compiled: CompiledModel):
        self._compiled, self._runner = compiled, compiled.runner()
        self._in, self._out = compiled.program.inputs, compiled.program.outputs[0]
        self._before_end = self._sums()

    @property
    def half(self) -> float:
        """0.5 as the output counts it."""
        quant = self._out.quant
        return 0.5 if quant is None else 0.5 / float(quant.scale[0]) + int(quant.zero_point[0])

    def hidden(self, number: int) -> int:
        """What in input ``number`` stands for the training data's mean, a real 0."""
        quant = self._in[number].quant
        return 0 if quant is None else int(quant.zero_point[0])

    def inputs(self, counts: list[np.ndarray]) -> list[np.ndarray]:
        """int16 ``[n, length, channels]`` for each input, as its ``[n, rows, columns]``."""
        if fronts := self._compiled.features:
            each = zip(fronts, counts, strict=True)
            return [front.pipeline.quantized(one, front) for front, one in each]
        port, windows = self._in[0], counts[0]
        raw = raw_constants(self._compiled)
        if raw is not None:
            quantized = [quantize_raw(raw, port, w.reshape(-1)) for w in windows]
        else:
            quantized = [quantize_real(port, w.astype(np.float32)) for w in windows]
        return [np.array(quantized, port.dtype).reshape(windows.shape)]

    def outputs(self, inputs: list[np.ndarray]) -> np.ndarray:
        """Integers ``[n, outputs]`` of arrays ``[n, ...]``, one for each input; each window by
        itself."""
        found = np.empty((len(inputs[0]), math.prod(self._out.shape)), self._out.dtype)
        for number, each in enumerate(zip(*inputs, strict=True)):
            self._runner.reset()
            found[number] = self._runner.run(list(each))[0].reshape(-1)
        return found

    def scores(self, outputs: np.ndarray) -> np.ndarray:
        """Real scores ``[n, classes]``; of a single output p, 1 - p and p."""
        real = np.asarray(to_real(self._out, outputs), np.float64)
        return np.concatenate([1 - real, real], axis=1) if real.shape[1] == 1 else real

    def log_odds(self, inputs: list[np.ndarray]) -> np.ndarray:
        """log(p / (1 - p)) of each class ``[n, classes]``.

        Taken from the integers before a last SOFTMAX or LOGISTIC, where scores near 0 and 1 still
        differ; of other models from the scores, at most half a step of int8 away from 0 and 1.
        """
        if self._before_end is None:
            p = np.clip(self.scores(self.outputs(inputs)), 1 / 512, 511 / 512)
            return np.log(p / (1 - p))
        buffer, dtype, scale, zero_point = self._before_end
        steps = len(self._compiled.program.steps) - 1
        sums = []
        for each in zip(*inputs, strict=True):
            self._runner.reset()
            for number, one in enumerate(each):
                self._runner.write(number, one)
            for number in range(steps):
                self._runner.run_step(number)
            sums.append(self._runner.buffer(buffer).view(dtype).astype(np.int64))
        real = scale * (np.array(sums) - zero_point)
        if real.shape[1] == 1:
            return np.concatenate([-real, real], axis=1)
        return np.stack(
            [real[:, k] - _log_sum(np.delete(real, k, 1)) for k in range(len(real[0]))], 1
        )

    def _sums(self) -> tuple[int, str, float, int] | None:
        """Buffer, type, scale and zero point of what the last step makes scores of."""
        step = self._compiled.program.steps[-1]
        graph = read_model(Path(self._compiled.program.path))
        last = graph.ops[-1]
        if step.op not in _ENDS or last.kind != step.op or last.outputs != graph.outputs:
            return None
        tensor = graph.tensors[last.inputs[0]]
        if tensor.quant is None or float(last.attrs.get("beta", 1.0)) != 1.0:
            return None
        quant = tensor.quant
        return step.reads[0], tensor.dtype, float(quant.scale[0]), int(quant.zero_point[0])


def _log_sum(values: np.ndarray) -> np.ndarray:
    """log of the sum of exp over the last axis."""
    top = values.max(axis=1, keepdims=True)
    return np.asarray(top[:, 0] + np.log(np.exp(values - top).sum(axis=1)))
