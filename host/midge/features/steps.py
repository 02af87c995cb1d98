"""The blocks that ``[features]`` may name, with their parameters: the schema, and what each adds.

Signal blocks change the samples, in their order, as they come. Feature blocks come behind them;
each gives some columns of a row, one row a step.
"""

from __future__ import annotations

import dataclasses
import difflib
import typing
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from midge.dsp import bands as band_tables
from midge.dsp import blocks, filters, image, speech, statistics
from midge.dsp.chain import Chain, Signal
from midge.errors import FeatureError


@dataclasses.dataclass
class Flow:
    """A chain while blocks are added to it. ``signal``: the new samples, [channels, length]."""

    chain: Chain
    signal: Signal
    rate_hz: float
    frame: int  # samples at the present rate
    settle: int = 0  # samples of the sensor after which filters have forgotten their start
    factor: int = 1  # by which the rate was divided so far
    ring: blocks.Ring | None = None

    @property
    def channels(self) -> int:
        return self.signal.shape[0]

    @property
    def step(self) -> int:
        return self.signal.shape[1]

    def newest(self) -> blocks.Ring:
        """The ring of the newest frame, made at first use."""
        if self.ring is None:
            self.ring = blocks.push(self.chain, self.signal, self.frame)
        return self.ring

    def settles(self, samples: float) -> None:
        """Notes that a block needs ``samples``, at the present rate, to forget."""
        self.settle += int(np.ceil(samples)) * self.factor


def _param(doc: str, default: Any = dataclasses.MISSING) -> Any:
    if isinstance(default, list):
        return dataclasses.field(default_factory=default.copy, metadata={"doc": doc})
    return dataclasses.field(default=default, metadata={"doc": doc})


class Block:
    """One block with its parameters; ``name`` is what ``midge.toml`` calls it."""

    name: ClassVar[str]
    gives_columns: ClassVar[bool] = False

    def add(self, flow: Flow) -> list[Signal]:
        """Adds itself to the chain; feature blocks return what becomes columns, in order."""
        raise NotImplementedError

    def as_dict(self) -> dict[str, Any]:
        """As ``midge.toml`` has it, every parameter said."""
        return {"block": self.name, **dataclasses.asdict(self)}  # type: ignore[call-overload]


BLOCKS: dict[str, type[Block]] = {}


def _block(cls: type[Block]) -> type[Block]:
    cls.name = cls.__name__.lower()
    made = dataclasses.dataclass(frozen=True)(cls)
    BLOCKS[cls.name] = made
    return made


@_block
class Clamp(Block):
    """Clamps samples to a range, as a sensor that saturates does."""

    low: int = _param("the smallest count")
    high: int = _param("the largest count")

    def add(self, flow: Flow) -> list[Signal]:
        flow.signal, _ = blocks.clamp(flow.chain, flow.signal, self.low, self.high)
        return []


@_block
class Dc(Block):
    """Takes away a running mean."""

    shift: int = _param("its time constant is 2^shift samples", 8)

    def add(self, flow: Flow) -> list[Signal]:
        flow.signal = blocks.remove_dc(flow.chain, flow.signal, self.shift)
        flow.settles(7 * 2**self.shift)
        return []


@_block
class Scale(Block):
    """(count - offset) * gain, saturated to int16."""

    offset: list[float] = _param("counts, one a channel or one for all", [0.0])
    gain: list[float] = _param("one a channel or one for all", [1.0])

    def add(self, flow: Flow) -> list[Signal]:
        flow.signal = blocks.scale(flow.chain, flow.signal, self.offset, self.gain)
        return []


def _filter(flow: Flow, kind: str, hz: Any, **more: Any) -> list[Signal]:
    cascade = filters.design(kind, flow.rate_hz, hz, **more)
    flow.signal = blocks.biquad(flow.chain, flow.signal, cascade)
    flow.settles(np.log(1e-3) / np.log(cascade.radius) if cascade.radius > 0 else 2)
    return []


@_block
class Lowpass(Block):
    """Butterworth low pass."""

    hz: float = _param("corner, Hz")
    order: int = _param("even", 2)

    def add(self, flow: Flow) -> list[Signal]:
        return _filter(flow, "lowpass", self.hz, order=self.order)


@_block
class Highpass(Block):
    """Butterworth high pass."""

    hz: float = _param("corner, Hz")
    order: int = _param("even", 2)

    def add(self, flow: Flow) -> list[Signal]:
        return _filter(flow, "highpass", self.hz, order=self.order)


@_block
class Bandpass(Block):
    """Butterworth band pass."""

    low_hz: float = _param("lower corner, Hz")
    high_hz: float = _param("upper corner, Hz")
    order: int = _param("of the prototype", 2)

    def add(self, flow: Flow) -> list[Signal]:
        return _filter(flow, "bandpass", [self.low_hz, self.high_hz], order=self.order)


@_block
class Notch(Block):
    """Takes out one frequency, such as the mains'."""

    hz: float = _param("the frequency, Hz")
    q: float = _param("frequency over width at -3 dB", 30.0)

    def add(self, flow: Flow) -> list[Signal]:
        return _filter(flow, "notch", self.hz, q=self.q)


@_block
class Decimate(Block):
    """Every factor-th sample, behind a low pass that keeps what is above from folding back."""

    factor: int = _param("at least 2")

    def add(self, flow: Flow) -> list[Signal]:
        decimator = filters.decimator(flow.rate_hz, self.factor)
        if flow.frame % self.factor:
            raise FeatureError(
                f"a frame of {flow.frame} samples is not a multiple of the decimation factor "
                f"{self.factor}"
            )
        flow.signal = blocks.decimate(flow.chain, flow.signal, decimator)
        flow.settles(decimator.taps.size)
        flow.rate_hz, flow.frame = flow.rate_hz / self.factor, flow.frame // self.factor
        flow.factor *= self.factor
        return []


@_block
class Raw(Block):
    """The samples themselves, behind the signal blocks; alone in a row."""

    gives_columns = True

    def add(self, flow: Flow) -> list[Signal]:
        if flow.signal is flow.chain.input:  # as the sensor gives them
            return [flow.signal]
        ring = blocks.push(flow.chain, flow.signal, flow.step)
        return [blocks.recent(flow.chain, ring, flow.step, interleave=True)]


def _log_mel(flow: Flow, **more: Any) -> list[Signal]:
    ms = 1000 / flow.rate_hz
    spec = speech.LogMel(flow.rate_hz, flow.frame * ms, flow.step * ms, **more)
    ring = flow.newest()
    return [spec.add(flow.chain, ring, channel) for channel in range(flow.channels)]


@_block
class LogMel(Block):
    """log2 of the energies of mel bands, of each channel."""

    gives_columns = True
    bands: int = _param("how many", 40)
    low_hz: float = _param("where the lowest begins, Hz", 20.0)
    high_hz: float = _param("where the highest ends, Hz; 0: half the rate", 0.0)
    taper: str = _param("the window function", "hann")
    floor: float = _param("the least value, log2 of counts squared", 0.0)

    def add(self, flow: Flow) -> list[Signal]:
        return _log_mel(
            flow, bands=self.bands, low_hz=self.low_hz, high_hz=self.high_hz, window=self.taper,
            floor=self.floor,
        )  # fmt: skip


@_block
class Mfcc(Block):
    """Mel-frequency cepstral coefficients of each channel."""

    gives_columns = True
    coefficients: int = _param("how many, the first one included", 13)
    bands: int = _param("mel bands", 40)
    low_hz: float = _param("where the lowest begins, Hz", 20.0)
    high_hz: float = _param("where the highest ends, Hz; 0: half the rate", 0.0)
    taper: str = _param("the window function", "hann")
    floor: float = _param("the least log2 of a band, of counts squared", 0.0)

    def add(self, flow: Flow) -> list[Signal]:
        return _log_mel(
            flow, coefficients=self.coefficients, bands=self.bands, low_hz=self.low_hz,
            high_hz=self.high_hz, window=self.taper, floor=self.floor,
        )  # fmt: skip


@_block
class Spectrum(Block):
    """log2 of the energies of equally wide bands, of each channel."""

    gives_columns = True
    bands: int = _param("how many; 0: one for each bin of the FFT", 0)
    low_hz: float = _param("where the lowest begins, Hz", 0.0)
    high_hz: float = _param("where the highest ends, Hz; 0: half the rate", 0.0)
    taper: str = _param("the window function", "hann")
    floor: float = _param("the least value, log2 of counts squared", 0.0)

    def add(self, flow: Flow) -> list[Signal]:
        n_fft = max(32, 1 << (flow.frame - 1).bit_length())
        edges = self._edges(n_fft, flow.rate_hz)
        out = []
        for channel in range(flow.channels):
            frame = blocks.window(
                flow.chain, flow.newest(), self.taper, flow.frame, n_fft, channel
            )
            power = blocks.power(flow.chain, blocks.fft(flow.chain, frame))
            energies = blocks.bands(flow.chain, power, edges)
            out.append(blocks.log2(flow.chain, energies, 8, self.floor))
        return out

    def _edges(self, n_fft: int, rate_hz: float) -> np.ndarray:
        high = self.high_hz or rate_hz / 2
        band_tables.check_range(self.low_hz, high, rate_hz)
        width = rate_hz / n_fft
        if self.bands:
            corners = np.linspace(self.low_hz, high, self.bands + 1)
        else:
            first, last = np.ceil(self.low_hz / width - 1e-9), np.floor(high / width + 1e-9)
            corners = np.arange(first, last + 1) * width
        pairs = list(zip(corners[:-1].tolist(), corners[1:].tolist(), strict=True))
        return band_tables.edges(pairs, n_fft, rate_hz)


@_block
class Statistics(Block):
    """Statistics of the frame, of each channel."""

    gives_columns = True
    names: list[str] = _param(
        "some of " + ", ".join(statistics.UNITS),
        ["mean", "std", "min", "max", "zero_crossings"],
    )

    def add(self, flow: Flow) -> list[Signal]:
        frame = blocks.recent(flow.chain, flow.newest(), flow.frame)
        return [blocks.stats(flow.chain, frame, self.names)]


@_block
class Image(Block):
    """A camera's picture, cropped, resized and brought to mean 0 and deviation 1.

    A sample is 16 bits of the picture: a pixel in RGB565, two in gray. The window is one picture.
    """

    gives_columns = True
    width: int = _param("of the camera's picture, pixels")
    height: int = _param("of the camera's picture, lines")
    format: str = _param(", ".join(image.FORMATS), "rgb565")
    crop: list[int] = _param("top, left, height, width of the part used; default: all", [])
    out_height: int = _param("lines that the model sees", 48)
    out_width: int = _param("pixels of a line", 48)
    channels: int = _param("1: gray; 3: red, green, blue of each pixel", 1)
    bilinear: bool = _param("false: the nearest pixel", True)

    @property
    def out(self) -> tuple[int, int, int]:
        """Height, width and channels of what the model sees."""
        return self.out_height, self.out_width, self.channels

    def add(self, flow: Flow) -> list[Signal]:
        """With the intensities less 128 as int8."""
        table = np.tile(np.arange(-128, 128).astype(np.int8), (self.channels, 1))
        return [self.picture(flow.chain, table)]

    def picture(self, chain: Chain, table: np.ndarray) -> Signal:
        """The block with a table of :func:`midge.dsp.image.intensity_table`."""
        size = chain.input.nbytes
        source = dataclasses.replace(chain.input, shape=(size,), dtype="uint8")
        whole = [0, 0, self.height, self.width]
        if self.crop and len(self.crop) != 4:
            raise FeatureError(f"crop has {len(self.crop)} numbers, needed 4")
        return image.picture(
            chain, (self.height, self.width), self.format, image.Crop(*(self.crop or whole)),
            self.out, table, self.bilinear, source,
        )  # fmt: skip


def read(given: Mapping[str, Any], where: str) -> Block:
    """A block from a table of ``midge.toml`` or of a sidecar: ``block`` names it.

    Raises:
        FeatureError: an unknown block or parameter, a missing one, or one of the wrong type.
    """
    name = given.get("block")
    if name not in BLOCKS:
        raise FeatureError(
            f"needs block = one of {', '.join(BLOCKS)}, found {name!r}", where=where,
            do=_close(str(name), list(BLOCKS)),
        )  # fmt: skip
    cls = BLOCKS[name]
    where = f"{where}: {name}"
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    hints = typing.get_type_hints(cls)
    for key in given:
        if key != "block" and key not in fields:
            raise FeatureError(
                f"has no parameter {key}", where=where, do=_close(key, list(fields))
            )
    values = {}
    for key, field in fields.items():
        if key in given:
            values[key] = _value(given[key], hints[key], f"{where}: {key}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise FeatureError(f"needs {key}: {field.metadata['doc']}", where=where)
    return cls(**values)


def _value(value: Any, hint: Any, where: str) -> Any:
    if typing.get_origin(hint) is list:
        (item,) = typing.get_args(hint)
        if not isinstance(value, list):
            raise FeatureError(f"needs a list of values, found {value!r}", where=where)
        return [_value(one, item, where) for one in value]
    if hint is float and type(value) is int:
        value = float(value)
    if type(value) is not hint or value != value:
        names = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}
        raise FeatureError(f"needs {names[hint]}, found {value!r}", where=where)
    return value


def _close(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else "known: " + ", ".join(known)
