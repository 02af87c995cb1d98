"""``midge.load`` on the PC: the board's ``Model``, run by the same C code.

Methods, buffer types and errors are those of the board's C type ``_midge.Model``; numpy arrays
are welcome through the buffer protocol. What differs is said where it does.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from midge.classical import SUFFIX
from midge.compile import CompiledModel, compile_model
from midge.errors import ModelError
from midge.golden import golden, golden_inputs
from midge.io_types import check_buffer, ports_of, quantize_real, to_real, typecode_of
from midge.program import Port
from midge.raw import quantize_raw, raw_constants
from midge.stream import Stream
from midge.version import version

_loaded: dict[str, Model] = {}


def load(path_or_name: str | Path) -> Model:
    """Compiles a model and loads it.

    Args:
        path_or_name: a ``.tflite`` file, or the ``.npz`` of a classical model; or the name a
            board script uses, for which ``<name>.tflite`` or ``<name>.npz`` here or the model of
            the project around is taken.

    Raises:
        ModelError: no such model, or one that Midge cannot run: says which layer.
    """
    model = Model(compile_model(_find(str(path_or_name))))
    _loaded[model.compiled.meta.name] = model
    return model


def models() -> tuple[str, ...]:
    """Names of the models loaded so far. (On the board: of those compiled in.)"""
    return tuple(_loaded)


def _find(name: str) -> Path:
    from midge.project import find_project

    path = Path(name)
    if path.suffix in (".tflite", SUFFIX) or path.is_file():
        return path
    candidates = [Path(f"{name}.tflite"), Path(f"{name}{SUFFIX}")]
    project = find_project()
    if project is not None and project.name == name:
        candidates.append(project.model_path)
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise ModelError(
        f"no model '{name}': looked for {', '.join(map(str, candidates))}",
        do="give the path of a .tflite or .npz file, or train the project's model: `midge train`",
    )


class Model:
    """A loaded model. Made by :func:`load`."""

    def __init__(self, compiled: CompiledModel):
        self.compiled = compiled
        self._runner = compiled.runner()
        self._raw = raw_constants(compiled)

    def __repr__(self) -> str:
        program, meta = self.compiled.program, self.compiled.meta
        ends = [f"{p.dtype}{p.shape}" for p in (program.inputs[0], program.outputs[0])]
        return f"<Model {meta.name} {meta.version}: {ends[0]} -> {ends[1]}>"

    def predict(self, window: Any, scores: Any = None) -> Any:
        """Runs one inference.

        Args:
            window: a buffer with as many elements as the input, C-contiguous. ``'b'``, ``'B'``,
                bytes: quantized already; ``'h'``: raw int16 sensor counts, quantized by the
                sidecar's ``raw`` scaling (without one, a count is the real value; for an int16
                input, the quantized one); ``'f'``: real values, quantized as
                ``round(x / scale) + zero_point`` (halves away from zero), clamped. A model that
                computes features takes a :class:`~midge.stream.Stream` instead of counts. A model
                of several inputs takes a tuple of these.
            scores: a writable buffer with as many elements as the output: its own type,
                ``'f'``: dequantized. A model of several outputs takes a tuple.

        A model with state (an LSTM) goes on from where the call before left it; see
        :meth:`reset`.

        Returns:
            ``None`` with ``scores``; else a new flat array of the output's own type (a tuple of
            them for several outputs).

        Raises:
            TypeError: the wrong type of element, or no buffer.
            ValueError: the wrong number of elements: says needed and found.
        """
        inputs, outputs = self.compiled.program.inputs, self.compiled.program.outputs
        windows = self._windows(window)
        targets = None
        if scores is not None:
            buffers = ports_of("scores", len(outputs), scores)
            targets = [
                check_buffer("scores", port, buffer, writable=True)
                for port, buffer in zip(outputs, buffers, strict=True)
            ]
        for i in range(len(inputs)):
            self._write(i, windows[i])
        self._runner.run_steps()
        values = [self._runner.output(i).reshape(-1) for i in range(len(outputs))]
        if targets is None:
            return values[0] if len(values) == 1 else tuple(values)
        for port, target, value in zip(outputs, targets, values, strict=True):
            same = typecode_of(target) == typecode_of(value)
            target[:] = value.view(target.dtype) if same else to_real(port, value)
        return None

    def reset(self) -> None:
        """Starts a sequence anew: the next inference knows nothing of those before.

        A model is reset when it is loaded. Without state (``info()["state_bytes"]`` is 0) this
        does nothing.
        """
        self._runner.reset()

    def classify(self, window: Any) -> tuple[str | int, float]:
        """The label (its number without labels) and the real value of the largest output."""
        values = self.predict(window)
        values = values[0] if isinstance(values, tuple) else values
        real = to_real(self.compiled.program.outputs[0], values)
        best = int(np.argmax(real))
        labels = self.compiled.meta.labels
        return (labels[best] if best < len(labels) else best), float(real[best])

    def profile(self, window: Any, cycles: Any) -> None:
        """Writes the time of each layer into ``cycles``, an ``array('I')`` of ``len(layers())``.

        Here in nanoseconds of this PC; on the board in CPU cycles. For a Pico's cycles without
        a Pico use ``midge bench``.
        """
        windows = self._windows(window)
        n_ops = len(self.compiled.program.steps)
        try:
            view = memoryview(cycles)
        except TypeError:
            raise TypeError(
                f"cycles: needs type 'I', found {type(cycles).__name__}, which has no buffer"
            ) from None
        if view.format not in ("I", "=I", "<I") or view.readonly:
            raise TypeError(f"cycles: needs a writable buffer of type 'I', found '{view.format}'")
        if view.nbytes != 4 * n_ops:
            raise ValueError(f"cycles: needs {n_ops} elements, found {view.nbytes // 4}")
        for i in range(len(self.compiled.program.inputs)):
            self._write(i, windows[i])
        target = np.frombuffer(cycles, np.uint32)
        for number in range(n_ops):
            start = time.perf_counter_ns()
            self._runner.run_step(number)
            target[number] = min(time.perf_counter_ns() - start, (1 << 32) - 1)

    def layers(self) -> tuple[str, ...]:
        """Names of the layers as they run, in order."""
        return tuple(step.layer for step in self.compiled.program.steps)

    def check(self) -> bool:
        """Runs the golden input: ``True``, or raises. Resets a model that has state.

        The golden output comes from the same C code, so here this shows that a result depends
        on nothing that an earlier inference left in the arena.

        Raises:
            RuntimeError: the output differs; says where.
        """
        name, given = self.compiled.meta.name, golden_inputs(self.compiled)
        needed = np.frombuffer(golden(self.compiled)[1], np.int8)
        for fill in (0x00, 0x7F, 0x80):
            self._runner.reset()
            self._runner.fill(fill)
            for number, values in enumerate(given):
                self._runner.write(number, values)
            self._runner.run_steps()
            found = np.frombuffer(self._runner.output(0).tobytes(), np.int8)
            self._runner.reset()
            wrong = np.flatnonzero(found != needed)
            if wrong.size:
                at = wrong[0]
                raise RuntimeError(
                    f"{name}: golden inference: output byte {at} needs {needed[at]}, "
                    f"found {found[at]}"
                )
        return True

    def info(self) -> dict[str, Any]:
        """What the model is and needs; the same keys as on the board."""
        program, meta = self.compiled.program, self.compiled.meta
        return {
            "name": meta.name,
            "version": meta.version,
            "sha256": program.sha256,
            "tool": version(),
            "data_fingerprint": meta.data_fingerprint,
            "labels": tuple(meta.labels),
            "inputs": tuple(map(_port_info, program.inputs)),
            "outputs": tuple(map(_port_info, program.outputs)),
            "arena_bytes": program.arena_bytes,
            "state_bytes": program.state_bytes,
            "weights_bytes": program.weights_bytes,
            "macs": program.macs,
        }

    def _windows(self, window: Any) -> list[np.ndarray]:
        """The inputs' buffers, checked before anything is written."""
        inputs = self.compiled.program.inputs
        buffers = ports_of("window", len(inputs), window)
        return [
            self._window(number, port, buffer)
            for number, (port, buffer) in enumerate(zip(inputs, buffers, strict=True))
        ]

    def _window(self, number: int, port: Port, buffer: Any) -> np.ndarray:
        fronts = self.compiled.features
        name = self.compiled.meta.name
        if isinstance(buffer, Stream):
            if not fronts or buffer.compiled is not fronts[number]:
                raise ValueError(
                    f"window: a stream of {buffer.name}, needed one of {name} for input {number}"
                )
            return buffer.window()
        values = check_buffer("window", port, buffer)
        if fronts and values.dtype == np.int16:
            raise TypeError(f"window: {name} computes features: push samples to its stream()")
        return values

    def stream(
        self, number: int = 0, *, rate_hz: float | None = None, channels: int | None = None
    ) -> Stream:
        """Takes samples and gives windows of features for an input; see :class:`Stream`.

        On the board all streams of an input share one state; here each has its own.

        Args:
            number: of the input.
            rate_hz, channels: of the sensor, to be checked.

        Raises:
            ValueError: no features, no such input, or another rate or number of channels than
                it was trained with.
        """
        fronts, name = self.compiled.features, self.compiled.meta.name
        if not fronts:
            raise ValueError(
                f"{name}: no features compiled in; collect raw windows with midge.Window"
            )
        if not 0 <= number < len(fronts):
            raise ValueError(f"{name}: input needs 0..{len(fronts) - 1}, found {number}")
        return Stream(name, fronts[number], rate_hz, channels)

    def _write(self, number: int, values: np.ndarray) -> None:
        port = self.compiled.program.inputs[number]
        counts = values.dtype == np.int16 and port.dtype in ("int8", "int16")
        if counts and number == 0 and self._raw is not None:
            values = quantize_raw(self._raw, port, values)
        elif port.dtype in ("int8", "int16") and values.dtype == np.float32:
            values = quantize_real(port, values)
        elif port.dtype == "int8" and counts:
            values = quantize_real(port, values.astype(np.float32))
        self._runner.write(number, values.view(port.dtype))


def _port_info(port: Port) -> dict[str, Any]:
    scale, zero_point = (port.quant.scale[0], port.quant.zero_point[0]) if port.quant else (1, 0)
    return {
        "name": port.name,
        "shape": port.shape,
        "dtype": port.dtype,
        "scale": float(scale),
        "zero_point": int(zero_point),
    }
