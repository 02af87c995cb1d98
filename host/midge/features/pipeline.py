"""A pipeline: blocks in order, from hops of int16 samples to rows of int8, a model's input.

A window of ``length`` samples comes in steps; each step gives a row from the newest ``frame``
samples. Window after window starts ``hop`` samples after the one before; only rows that are new
are computed.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from midge.dsp import blocks as dsp
from midge.dsp.chain import Chain, CompiledChain, Signal
from midge.dsp.check import finite
from midge.dsp.image import intensity_table
from midge.errors import FeatureError
from midge.features import rules, steps
from midge.features.steps import Block, Flow, Image

if TYPE_CHECKING:
    from midge.project import Project

VERSION = 1  # of the description in a sidecar
SPAN = 4.0  # standard deviations that the model's input holds on each side of the mean
SCALE = SPAN / 128  # of the int8 input, zero point 0


@dataclasses.dataclass(frozen=True)
class Compiled:
    """A pipeline with its last step, the quantization, and every address settled.

    ``chain`` computes a row; ``ring`` holds ``pipeline.rows`` of them, ``counters`` is
    ``midge_pipeline_t``'s.
    """

    pipeline: Pipeline
    chain: CompiledChain
    ring: Signal
    counters: Signal

    def place(self, signal: Signal) -> int:
        """Where a signal is, bytes from the arena's start."""
        return self.chain.program.buffers[signal.buffer].offset + signal.start


@dataclasses.dataclass(frozen=True, init=False)
class Pipeline:
    """Blocks and the windows they work on.

    Args:
        blocks: in order; at least one that gives columns, behind all signal blocks. Tables as in
            ``midge.toml``, such as ``{"block": "highpass", "hz": 60}``, are read.
        rate_hz: of the sensor.
        channels: its values' names.
        length: samples in a window.
        hop: samples from one window's start to the next; 0: ``length``.
        frame: samples that a row looks at; 0: the whole window.
        step: samples from one row to the next; 0: half a frame, or ``hop`` where the frame is the
            whole window.
        scaling: which values share an offset and a gain: "column" or "block".
        offset, gain: what the model sees of a column: (value - offset) * gain; set by :meth:`fit`.
        where: for errors.

    Raises:
        FeatureError: a pipeline that cannot be; says which block and what is needed.
    """

    blocks: tuple[Block, ...]
    rate_hz: float
    channels: tuple[str, ...]
    length: int
    hop: int = 0
    frame: int = 0
    step: int = 0
    scaling: str = "column"
    offset: tuple[float, ...] | None = None
    gain: tuple[float, ...] | None = None
    where: str = "features"

    def __init__(
        self,
        blocks: Sequence[Block | Mapping[str, Any]],
        *,
        rate_hz: float,
        channels: Sequence[str] | int = 1,
        length: int,
        hop: int = 0,
        frame: int = 0,
        step: int = 0,
        scaling: str = "column",
        offset: Sequence[float] | None = None,
        gain: Sequence[float] | None = None,
        where: str = "features",
    ):
        read = tuple(
            one if isinstance(one, Block) else steps.read(one, f"{where}: block {i + 1}")
            for i, one in enumerate(blocks)
        )
        names = [f"c{i}" for i in range(channels)] if isinstance(channels, int) else channels
        frame_is_window = not frame or frame == length
        hop, frame = hop or length, frame or length
        raw = any(isinstance(one, steps.BLOCKS["raw"]) for one in read)
        if raw:
            step = step or math.gcd(length, hop)
            frame = step
        picture = any(isinstance(one, Image) for one in read)
        if picture:
            hop = step = frame = length
        step = step or (hop if frame_is_window else frame // 2)
        values = {
            "blocks": read, "rate_hz": float(rate_hz), "channels": tuple(names), "length": length,
            "hop": hop, "frame": frame, "step": step, "scaling": scaling,
            "offset": None if offset is None else tuple(map(float, offset)),
            "gain": None if gain is None else tuple(map(float, gain)), "where": where,
        }  # fmt: skip
        for name, value in values.items():
            object.__setattr__(self, name, value)
        rules.check(self, alone=raw or picture)
        try:
            self._build()
        except FeatureError as err:
            raise FeatureError(err.what, where=err.where or where, do=err.do) from err

    @classmethod
    def of_project(cls, project: Project) -> Pipeline | None:
        """What ``[features]`` of ``midge.toml`` declares; None for raw windows.

        Raises:
            FeatureError: it cannot be.
        """
        found = project.features
        if not found.blocks:
            return None
        of = getattr(project.sensor, "name", "")  # one of [[sensors]]
        where = f"{project.root / 'midge.toml'}: [features]" + (f" of {of}" if of else "")
        sizes: dict[str, int] = {}
        for name in ("frame", "step"):
            samples, ms = getattr(found, name), getattr(found, f"{name}_ms")
            if samples and ms:
                raise FeatureError(
                    f"{name} is {samples} samples and {name}_ms is {ms:g}: needed one of them",
                    where=where, do="leave one out",
                )  # fmt: skip
            sizes[name] = samples or _samples(ms, project.sensor.rate_hz, f"{where} {name}_ms")
        return cls(
            found.blocks, rate_hz=project.sensor.rate_hz, channels=project.sensor.channels,
            length=project.window.length, hop=project.hop, frame=sizes["frame"],
            step=sizes["step"], scaling=found.scaling, where=where,
        )  # fmt: skip

    @classmethod
    def from_dict(cls, given: Mapping[str, Any], where: str) -> Pipeline:
        """What :meth:`as_dict` wrote.

        Raises:
            FeatureError: another version, or no pipeline.
        """
        fields = dict(given)
        version = fields.pop("version", None)
        if version != VERSION:
            raise FeatureError(
                f"features of version {version}, this Midge knows {VERSION}", where=where,
                do="train again, or update Midge",
            )  # fmt: skip
        try:
            return cls(fields.pop("blocks"), where=where, **fields)
        except (TypeError, KeyError) as err:
            raise FeatureError(
                f"not a description of features: {err}", where=where, do="run `midge train` again"
            ) from err

    def as_dict(self) -> dict[str, Any]:
        """For the sidecar."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        del fields["where"]
        lists = {name: list(v) for name, v in fields.items() if isinstance(v, tuple)}
        described = [one.as_dict() for one in self.blocks]
        return {"version": VERSION, **fields, **lists, "blocks": described}

    @property
    def warmup(self) -> int:
        """Steps before the first whole frame."""
        return -(-self.frame // self.step) - 1

    @property
    def rows(self) -> int:
        """Rows of a window."""
        return (self.length - self.frame) // self.step + 1

    @property
    def used(self) -> int:
        """Samples of the steps that fill a window: its newest, or some before it where the step
        does not divide the frame; no row sees those."""
        return (self.rows + self.warmup) * self.step

    @property
    def stride(self) -> int:
        """Steps from one window to the next."""
        return self.hop // self.step

    @functools.cached_property
    def widths(self) -> list[int]:
        """Columns that each feature block gives."""
        return [sum(s.nbytes // _size(s) for s in part) for part in self._build()[1]]

    @property
    def shape(self) -> tuple[int, int]:
        """Of a window's features: rows, columns; raw rows have one of ``len(channels)``."""
        values = self.rows * sum(self.widths)
        if self.picture:
            height, width, channels = self.picture.out
            return height, width * channels
        columns = len(self.channels) if self._raw else sum(self.widths)
        return values // columns, columns

    @property
    def _raw(self) -> bool:
        return isinstance(self.blocks[-1], steps.BLOCKS["raw"])

    @property
    def picture(self) -> Image | None:
        """The block of a pipeline for pictures."""
        last = self.blocks[-1]
        return last if isinstance(last, Image) else None

    @functools.cached_property
    def settle(self) -> int:
        """Steps in which the filters forget their start; 0 without filters."""
        return -(-self._build()[0].settle // self.step)

    def _chain(self) -> Chain:
        return Chain("features", (self.step, len(self.channels)))

    def _build(self) -> tuple[Flow, list[list[Signal]]]:
        """A chain up to the columns of each feature block."""
        chain = self._chain()
        alone = len(self.blocks) == 1 and (self._raw or self.picture is not None)
        signal = chain.input if alone else dsp.split(chain, chain.input)
        flow = Flow(chain, signal, self.rate_hz, self.frame)
        columns = []
        for number, one in enumerate(self.blocks, 1):
            try:
                part = one.add(flow)
            except FeatureError as err:
                where = f"{self.where}: block {number} ({one.name})"
                raise FeatureError(err.what, where=where, do=err.do) from err
            if part:
                columns.append(part)
        return flow, columns

    @functools.cached_property
    def _open(self) -> tuple[CompiledChain, list[Signal]]:
        """The chain without its last step, and the signals that it leaves."""
        flow, columns = self._build()
        signals = [signal for part in columns for signal in part]
        return flow.chain.compile(signals[0], signals[1:]), signals

    def _row(self, arena: np.ndarray, hop: np.ndarray) -> np.ndarray:
        chain, signals = self._open
        chain.run(arena, hop)
        values = [chain.view(arena, s).reshape(-1).astype(np.int32) for s in signals]
        return np.concatenate(values)

    def steps_of(self, counts: np.ndarray) -> np.ndarray:
        """A window's samples as steps, int16 [warmup + rows, step, channels].

        Raises:
            FeatureError: another type, length or number of channels.
        """
        needed = (self.length, len(self.channels))
        if counts.dtype != np.int16 or counts.shape != needed:
            raise FeatureError(
                f"a window is {counts.dtype} {counts.shape}, needed int16 {needed}",
                where=self.where, do="cut windows of [window] length and [sensor] channels",
            )  # fmt: skip
        before = np.repeat(counts[:1], max(0, self.used - self.length), axis=0)
        used = np.concatenate([before, counts[max(0, self.length - self.used) :]])
        return used.reshape(-1, self.step, needed[1])

    def values(self, windows: np.ndarray) -> np.ndarray:
        """Features before the last step, in the blocks' units: int32 [n, *shape].

        Each window by itself; filters start settled on its first sample.

        Args:
            windows: int16 [n, length, channels].
        """
        out = np.empty((len(windows), self.rows, sum(self.widths)), np.int32)
        for number, window in enumerate(windows):
            hops = self.steps_of(np.ascontiguousarray(window))
            arena = self._open[0].arena()
            for _ in range(self.settle):
                self._row(arena, np.broadcast_to(hops[0][:1], hops[0].shape))
            rows = [self._row(arena, hop) for hop in hops]
            out[number] = rows[self.warmup :]
        if self.picture:
            out += 128
        return out.reshape(len(windows), *self.shape)

    def fit(self, windows: np.ndarray) -> Pipeline:
        """The same with offset and gain that bring columns to mean 0 and deviation 1.

        Args:
            windows: int16 [n, length, channels], to train on.

        Raises:
            FeatureError: no windows.
        """
        if not len(windows):
            raise FeatureError("no windows to take the columns' ranges from", where=self.where)
        columns = self.picture.channels if self.picture else self.shape[1]
        values = self.values(windows).reshape(-1, columns).astype(np.float64)
        mean, std = values.mean(0), values.std(0)
        if self.scaling == "block" and not self._raw and not self.picture:
            ends = np.cumsum([0, *self.widths])
            for a, b in itertools.pairwise(ends):
                mean[a:b], std[a:b] = values[:, a:b].mean(), values[:, a:b].std()
        # one step of its unit is the smallest deviation there is
        gain = 1 / np.maximum(std, 1.0)
        # A column that never moved tells nothing: whatever comes on the board, the model sees 0
        # there, as in training; of a picture's channel, whose table needs a gain, nearly 0.
        gain[std == 0] = 1 / 255 if self.picture else 0.0
        return self._scaled(np.rint(mean).tolist(), gain.tolist())

    def _scaled(self, offset: list[float], gain: list[float]) -> Pipeline:
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return Pipeline(**{**fields, "offset": offset, "gain": gain})

    def compile(self, scale: float = SCALE, zero_point: int = 0) -> Compiled:
        """Adds the quantization to a model's int8 input, and the ring of rows.

        Raises:
            FeatureError: offset or gain missing, not finite or of another number than columns.
        """
        columns = self.picture.channels if self.picture else self.shape[1]
        offset = self._constants(self.offset, "offset", columns)
        gain = self._constants(self.gain, "gain", columns) / float(finite([scale], "scale")[0])
        if self.picture:
            table = intensity_table(offset, 1 / (gain * scale), scale, zero_point)
            pixels = self._chain()
            seen = self.picture.picture(pixels, table)
            return self._placed(pixels, seen.part(0, (seen.nbytes,)))
        flow, parts = self._build()
        chain = flow.chain
        signals = [signal for part in parts for signal in part]
        row = chain.scratch("row", (sum(self.widths),), "int8")
        at = column = 0
        for signal in signals:
            size = signal.nbytes // _size(signal)
            if not self._raw:  # statistics are [channels, n]: each has columns of its own
                signal = dataclasses.replace(signal, shape=(size,))
            here = slice(column, column + signal.shape[-1])
            dsp.quantize(
                chain, signal, offset[here], gain[here], zero_point, row.part(at, (size,))
            )
            at += size
            column = 0 if self._raw else at
        return self._placed(chain, row)

    def _placed(self, chain: Chain, row: Signal) -> Compiled:
        """The chain with its state behind the last step."""
        chain.keep_input()
        ring = chain.state("rows", (self.rows, sum(self.widths)), "int8")
        counters = chain.state("counters", (4,), "uint32")
        return Compiled(self, chain.compile(row), ring, counters)

    def _constants(self, values: tuple[float, ...] | None, name: str, columns: int) -> np.ndarray:
        if values is None:
            raise FeatureError(
                f"no {name} yet: they come from training data", where=self.where,
                do="run `midge train`, or Pipeline.fit()",
            )  # fmt: skip
        try:
            array = finite(values, name)
        except FeatureError as err:
            raise FeatureError(err.what, where=self.where, do=err.do) from err
        if array.size != columns:
            raise FeatureError(f"{array.size} of {name}, needed {columns}", where=self.where)
        return array

    @functools.cached_property
    def _default(self) -> Compiled:
        return self.compile()

    def quantized(self, windows: np.ndarray, compiled: Compiled | None = None) -> np.ndarray:
        """What the model gets for int16 ``windows`` [n, length, channels]: int8 [n, *shape].

        Args:
            compiled: for a model's own scale; default: that of training.
        """
        compiled = compiled or self._default
        chain = compiled.chain
        out = np.empty((len(windows), self.rows, sum(self.widths)), np.int8)
        for number, window in enumerate(windows):
            hops = self.steps_of(np.ascontiguousarray(window))
            arena = chain.arena()
            for _ in range(self.settle):
                chain.run(arena, np.broadcast_to(hops[0][:1], hops[0].shape))
            out[number] = [chain.run(arena, hop) for hop in hops][self.warmup :]
        return out.reshape(len(windows), *self.shape)

    def real(self, windows: np.ndarray) -> np.ndarray:
        """The same as training sees it, float32 [n, *shape]: int8 times :data:`SCALE`."""
        return self.quantized(windows).astype(np.float32) * np.float32(SCALE)


def _size(signal: Signal) -> int:
    return np.dtype(signal.dtype).itemsize


def _samples(ms: float, rate_hz: float, where: str) -> int:
    samples = ms * rate_hz / 1000
    if abs(samples - round(samples)) > 1e-6:
        raise FeatureError(
            f"{ms:g} ms are {samples:g} samples at {rate_hz:g} a second, needed a whole number",
            where=where,
        )  # fmt: skip
    return round(samples)
