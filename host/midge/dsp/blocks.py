"""One function for each signal block: checks, makes the tables, adds it to a chain.

Each takes the chain and the :class:`~midge.dsp.chain.Signal` to work on and returns the signal
that comes out. All raise :class:`~midge.errors.FeatureError` for parameters that cannot be.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from midge.dsp import bands as band_tables
from midge.dsp import fft as fft_tables
from midge.dsp import filters, logs, scaling, statistics, windows
from midge.dsp.chain import Chain, Signal
from midge.dsp.check import Numbers, finite, whole
from midge.errors import FeatureError
from midge.program import Param


def _plane(signal: Signal) -> tuple[int, int]:
    """Channels and length of int16 [channels, length]."""
    if signal.dtype != "int16" or len(signal.shape) != 2:
        raise FeatureError(
            f"a block for int16 [channels, length] is given {signal.dtype} {signal.shape}"
        )
    return signal.shape[0], signal.shape[1]


def split(chain: Chain, signal: Signal) -> Signal:
    """int16 [length, channels] -> [channels, length]."""
    length, channels = signal.shape
    if channels == 1:
        return replace(signal, shape=(1, length))
    out = chain.scratch("planes", (channels, length), "int16")
    chain.step("dsp_split", signal, out, length=length, channels=channels)
    return out


def clamp(chain: Chain, signal: Signal, low: int, high: int) -> tuple[Signal, Signal]:
    """Clamps to [low, high]; also returns the counts of samples at or beyond, int32 [channels]."""
    channels, _ = _plane(signal)
    low = whole(low, "the lower limit", -32768, 32767)
    high = whole(high, "the upper limit", low + 1, 32767)
    counts = chain.state("clipped", (channels,), "int32")
    _same(chain, "dsp_clamp", signal, counts=counts, low=low, high=high)
    return signal, counts


def _same(chain: Chain, block: str, signal: Signal, **params: Param | Signal | None) -> Signal:
    """A block that works in place on int16 [channels, length]."""
    channels, length = _plane(signal)
    chain.step(block, signal, signal, length=length, channels=channels, **params)
    return signal


def remove_dc(chain: Chain, signal: Signal, shift: int = 8) -> Signal:
    """Subtracts a running mean that follows with a time constant of 2^shift samples, in place."""
    shift = whole(shift, "the mean's shift", 1, 14)
    state = chain.state("mean", (signal.shape[0],), "int32")
    return _same(chain, "dsp_dc", signal, state=state, shift=shift)


def center(chain: Chain, signal: Signal) -> Signal:
    """Subtracts each channel's own mean over the buffer, in place."""
    whole(_plane(signal)[1], "the length", 1, 32768)
    return _same(chain, "dsp_center", signal)


def scale(chain: Chain, signal: Signal, offset: Numbers, gain: Numbers) -> Signal:
    """(x - offset) * gain, per channel or one for all, saturated, in place."""
    channels, _ = _plane(signal)
    params = _scaling(chain, offset, gain, channels)
    return _same(chain, "dsp_scale", signal, **params)


def _scaling(chain: Chain, offset: Numbers, gain: Numbers, size: int) -> dict[str, Param]:
    found = scaling.constants(_each(offset, size, "offsets"), _each(gain, size, "gains"))
    return {name: chain.const(name, getattr(found, name)) for name in ("offset", "mult", "shift")}


def _each(values: Numbers, size: int, what: str) -> np.ndarray:
    array = finite(values, what)
    if array.size not in (1, size):
        raise FeatureError(f"{array.size} {what}, needed 1 or {size}")
    return np.broadcast_to(array, (size,))


def biquad(chain: Chain, signal: Signal, cascade: filters.Cascade) -> Signal:
    """A cascade from :mod:`midge.dsp.filters`, in place, with its state."""
    channels, _ = _plane(signal)
    sections = len(cascade.sections)
    state = chain.state("biquad", (channels, sections, 5), "int32")
    coefs = chain.const("sections", cascade.sections)
    return _same(chain, "dsp_biquad", signal, coefs=coefs, state=state, sections=sections)


def decimate(chain: Chain, signal: Signal, decimator: filters.Decimator) -> Signal:
    """Every factor-th sample behind the decimator's low pass: [channels, length / factor]."""
    channels, length = _plane(signal)
    factor, n_taps = decimator.factor, decimator.taps.size
    if length % factor:
        raise FeatureError(
            f"a hop of {length} samples is not a multiple of the decimation factor {factor}"
        )
    out = chain.scratch("decimated", (channels, length // factor), "int16")
    chain.step(
        "dsp_decimate", signal, out, length=length, channels=channels,
        taps=chain.const("taps", decimator.taps), factor=factor, n_taps=n_taps,
        state=chain.state("decimate", (channels, n_taps - 1 + length), "int16"),
    )  # fmt: skip
    return out


@dataclass(frozen=True)
class Ring:
    """The newest samples, int16 [channels, length]."""

    samples: Signal
    pos: Signal

    @property
    def length(self) -> int:
        return self.samples.shape[1]


def push(chain: Chain, signal: Signal, length: int) -> Ring:
    """Appends to a ring of ``length`` samples a channel."""
    channels, hop = _plane(signal)
    if hop > length:
        raise FeatureError(f"a hop of {hop} samples is longer than the window of {length}")
    samples = chain.state("ring", (channels, length), "int16")
    pos = chain.state("ring position", (1,), "int32")
    chain.step(
        "dsp_push", signal, samples, pos=pos, length=hop, channels=channels,
        ring_length=length,
    )  # fmt: skip
    return Ring(samples, pos)


def recent(chain: Chain, ring: Ring, length: int, interleave: bool = False) -> Signal:
    """The newest ``length`` samples: [channels, length], or [length, channels]."""
    channels = ring.samples.shape[0]
    _fits(length, ring)
    shape = (length, channels) if interleave else (channels, length)
    out = chain.scratch("recent", shape, "int16")
    chain.step(
        "dsp_recent", ring.samples, out, pos=ring.pos, length=length,
        channels=channels, ring_length=ring.length, interleave=int(interleave),
    )  # fmt: skip
    return out


def _fits(length: int, ring: Ring) -> None:
    if length > ring.length:
        raise FeatureError(
            f"a window of {length} samples is longer than the buffer of {ring.length}"
        )


def window(
    chain: Chain, source: Ring | Signal, name: str, length: int, out_length: int, channel: int = 0
) -> Signal:
    """A channel's newest samples times a window, padded with zeros to ``out_length``, shifted to
    fill 15 bits: int16 [out_length] with an exponent."""
    if out_length < length:
        raise FeatureError(f"a window of {length} samples is longer than the {out_length} points")
    taper = None
    if name != "rectangular":
        taper = chain.const(f"{name} window", windows.table(name, length))
    if isinstance(source, Ring):
        _fits(length, source)
        samples, pos, ring_length = source.samples, source.pos, source.length
    else:
        samples, pos, ring_length = source, None, length
        if source.shape[1] != length:
            raise FeatureError(f"a window of {length} samples over a buffer of {source.shape[1]}")
    out = replace(chain.scratch("frame", (out_length,), "int16"), exp=chain.exponent())
    chain.step(
        "dsp_window", samples.row(channel), out, pos=pos, table=taper,
        exp=_exp(out), length=length, out_length=out_length, ring_length=ring_length,
    )  # fmt: skip
    return out


def _exp(signal: Signal) -> Signal | None:
    return None if signal.exp is None else Signal(signal.exp, (1,), "int32")


def fft(chain: Chain, frame: Signal) -> Signal:
    """Bins 0 .. n / 2 of int16 [n]: int16 [n / 2 + 1, 2] with an exponent."""
    n = fft_tables.check_size(frame.shape[0])
    out = replace(chain.scratch("bins", (n // 2 + 1, 2), "int16"), exp=chain.exponent())
    chain.step(
        "dsp_fft", frame, out, in_exp=_exp(frame), exp=_exp(out), n=n,
        twiddles=chain.const("twiddles", fft_tables.twiddles(n)),
        post=chain.const("twiddles of the last stage", fft_tables.post(n)),
    )  # fmt: skip
    return out


def power(chain: Chain, spectrum: Signal) -> Signal:
    """Squared magnitudes in the place of the bins: uint32 [bins] with an exponent."""
    out = replace(spectrum, shape=spectrum.shape[:1], dtype="uint32", exp=chain.exponent())
    chain.step(
        "dsp_power", spectrum, out, in_exp=_exp(spectrum), exp=_exp(out),
        bins=spectrum.shape[0],
    )  # fmt: skip
    return out


def magnitude(chain: Chain, spectrum: Signal) -> Signal:
    """Magnitudes in the place of the bins: uint16 [bins], the same exponent."""
    out = replace(spectrum, shape=spectrum.shape[:1], dtype="uint16")
    chain.step("dsp_magnitude", spectrum, out, bins=spectrum.shape[0])
    return out


def mel(chain: Chain, spectrum: Signal, triangles: band_tables.Triangles) -> Signal:
    """Energies of mel bands: uint64 [bands], the power's exponent."""
    n = triangles.edges.size - 2
    return _bands(
        chain, "dsp_mel", spectrum, triangles.edges, n, rise=chain.const("rise", triangles.rise)
    )


def bands(chain: Chain, spectrum: Signal, edges: np.ndarray) -> Signal:
    """Energies of plain bands (:func:`midge.dsp.bands.edges`): uint64 [bands]."""
    return _bands(chain, "dsp_bands", spectrum, edges, len(edges))


def _bands(
    chain: Chain, block: str, spectrum: Signal, edges: np.ndarray, n: int, **more: Param
) -> Signal:
    if int(edges.max()) > spectrum.shape[0]:
        raise FeatureError(f"bands up to bin {edges.max()}, the spectrum has {spectrum.shape[0]}")
    out = replace(chain.scratch("energies", (n,), "uint64"), exp=spectrum.exp)
    chain.step(block, spectrum, out, edges=chain.const("edges", edges), bands=n, **more)
    return out


def log2(
    chain: Chain, energies: Signal, frac: int = 8, floor: float = 0.0, offset: Numbers = (0.0,)
) -> Signal:
    """log2 of energies, plus ``offset``, at least ``floor``: int16 [n] with ``frac`` fraction
    bits; log2(1) of a sample's square is 0."""
    frac = whole(frac, "fraction bits of the logarithm", 0, 12)
    least = float(finite([floor], "the logarithm's floor")[0])
    if not -(2.0 ** (15 - frac)) <= least < 2.0 ** (15 - frac):
        raise FeatureError(f"the logarithm's floor is {least:g}: outside int16 / 2^{frac}")
    n = energies.shape[0]
    offsets = logs.log2_offsets(_each(offset, n, "offsets of the logarithm"))
    out = chain.scratch("logarithms", (n,), "int16")
    chain.step(
        "dsp_log2", energies, out, in_exp=_exp(energies), length=n, frac=frac,
        table=chain.const("log2", logs.log2_table()), offset=chain.const("log2 offsets", offsets),
        floor=round(least * 2**frac),
    )  # fmt: skip
    return out


def root(chain: Chain, energies: Signal, shift: int = 0) -> Signal:
    """sqrt of energies / 2^shift, saturated: int16 [n]."""
    shift = whole(shift, "the root's shift", -15, 31)
    out = chain.scratch("roots", energies.shape, "int16")
    chain.step(
        "dsp_root", energies, out, in_exp=_exp(energies),
        length=energies.shape[0], shift=shift,
    )  # fmt: skip
    return out


def dct(chain: Chain, values: Signal, n_out: int, drop: int = 2) -> Signal:
    """The first ``n_out`` coefficients of the orthonormal DCT-II of int16 [n]: int16 [n_out], with
    ``drop`` fraction bits fewer than the input (the first one is sqrt(n) times the mean)."""
    n_in = values.shape[0]
    table, frac = logs.quantize_matrix(logs.dct_matrix(n_out, n_in))
    out = chain.scratch("coefficients", (n_out,), "int16")
    chain.step(
        "dsp_dct", values, out, table=chain.const("dct", table), n_in=n_in,
        n_out=n_out, shift=frac + whole(drop, "fraction bits to drop", 0, 8),
    )  # fmt: skip
    return out


def stats(chain: Chain, signal: Signal, names: list[str]) -> Signal:
    """Statistics of int16 [channels, length]: int32 [channels, n], in the order and the units of
    :data:`midge.dsp.statistics.UNITS`."""
    channels, length = _plane(signal)
    whole(length, "the window of the statistics", 2, statistics.MAX_LENGTH)
    out = chain.scratch("statistics", (channels, len(names)), "int32")
    chain.step(
        "dsp_statistics", signal, out, length=length, channels=channels,
        select=statistics.select(names),
    )  # fmt: skip
    return out


def quantize(
    chain: Chain, signal: Signal, offset: Numbers, gain: Numbers, zero_point: int, out: Signal
) -> Signal:
    """The model's input: (x - offset) * gain + zero_point, clamped to int8, into ``out``.

    Args:
        signal: int16 or int32, any shape; constants hold for its last axis, or one for all.
        out: int8, as many elements.
    """
    columns = signal.shape[-1]
    rows = int(np.prod(signal.shape)) // columns
    zero_point = whole(zero_point, "the zero point", -128, 127)
    make, block = scaling.constants, "dsp_quantize"
    if signal.dtype == "int32":
        make, block = scaling.wide_constants, "dsp_quantize_wide"
    found = make(_each(offset, columns, "offsets"), _each(gain, columns, "gains"))
    chain.step(
        block, signal, out, rows=rows, columns=columns, zero_point=zero_point,
        offset=chain.const("offsets", found.offset), mult=chain.const("gains", found.mult),
        shift=chain.const("shifts", found.shift),
    )  # fmt: skip
    return out
