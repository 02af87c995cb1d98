"""For every block some chains that have it, and what they do to 220 signals, hop by hop."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import dsp_signals
import numpy as np

from midge import abi
from midge.dsp import bands, blocks, fft, filters, image, speech, statistics
from midge.dsp.chain import Chain, CompiledChain, Signal
from midge.features import Pipeline

RANDOM = 200
Build = Callable[[Chain], Signal]


@dataclass(frozen=True)
class Case:
    """A chain that takes ``hops`` hops for each signal."""

    compiled: CompiledChain
    hops: int = 1

    @property
    def samples(self) -> int:
        """What one signal has to have."""
        return self.hops * int(np.prod(self.compiled.input.shape))


def _case(shape: tuple[int, ...], build: Build, hops: int = 1, dtype: str = "int16") -> Case:
    chain = Chain("test", shape, dtype)
    return Case(chain.compile(build(chain)), hops)


def _planes(*builds: Build, hops: int = 3, shape: tuple[int, int] = (2, 24)) -> list[Case]:
    """Blocks on int16 [channels, length]."""
    return [_case(shape, build, hops) for build in builds]


def _filters() -> list[filters.Cascade]:
    return [
        filters.design("lowpass", 16000, 1000, order=4),
        filters.design("lowpass", 16000, 20),
        filters.design("highpass", 16000, 30, order=2),
        filters.design("highpass", 100, 10, order=3),
        filters.design("bandpass", 16000, (300, 3000), order=3),
        filters.design("notch", 1000, 50),
    ]


def _decimate(chain: Chain, factor: int) -> Signal:
    return blocks.decimate(chain, chain.input, filters.decimator(16000, factor))


def _recent(chain: Chain, ring: int, length: int, interleave: bool) -> Signal:
    kept = blocks.push(chain, chain.input, ring)
    return blocks.recent(chain, kept, length, interleave)


def _window(chain: Chain, name: str, length: int, out: int, channel: int) -> Signal:
    kept = blocks.push(chain, chain.input, length + 3)
    return blocks.window(chain, kept, name, length, out, channel)


def _plain_window(chain: Chain, name: str) -> Signal:
    length = chain.input.shape[1]
    return blocks.window(chain, chain.input, name, length, length)


def _energies(chain: Chain, build: Build) -> Signal:
    """Behind real bands, so that there is an exponent."""
    frame = blocks.window(chain, chain.input, "hann", 64, 64)
    power = blocks.power(chain, blocks.fft(chain, frame))
    edges = bands.edges([(0, 1000), (1000, 4000), (4000, 8000)], 64, 16000)
    return build(blocks.bands(chain, power, edges))


def _quantize(chain: Chain, offset: list[float], gain: list[float]) -> Signal:
    out = chain.scratch("out", chain.input.shape, "int8")
    return blocks.quantize(chain, chain.input, offset, gain, -3, out)


def _picture(form: str, channels: int, bilinear: bool) -> Case:
    chain = Chain("picture", (12 * 10 * (1 if form == "gray" else 2),), "uint8")
    table = image.intensity_table([120.0] * channels, [60.0] * channels, 0.02, -4)
    crop = image.Crop(1, 2, 9, 7)
    out = image.picture(chain, (12, 10), form, crop, (6, 5, channels), table, bilinear)
    return Case(chain.compile(out))


def _spectrum(build: Build) -> list[Case]:
    return [_case((17, 2), build), _case((1025, 2), build)]


def _mel(n: int, rate: float, count: int, low: float) -> Case:
    triangles = bands.mel(n, rate, count, low)
    return _case((n // 2 + 1,), lambda c: blocks.mel(c, c.input, triangles), dtype="uint32")


def _split(chain: Chain) -> Signal:
    return blocks.split(chain, chain.input)


def _log(frac: int, floor: float) -> Case:
    return _case((40,), lambda c: blocks.log2(c, c.input, frac, floor), dtype="uint64")


MAKERS: dict[str, Callable[[], list[Case]]] = {
    "dsp_split": lambda: [_case((20, 3), _split), _case((7, 6), _split)],
    "dsp_clamp": lambda: _planes(
        lambda c: blocks.clamp(c, c.input, -32768, 32767)[0],
        lambda c: blocks.clamp(c, c.input, -100, 2000)[0],
    ),
    "dsp_dc": lambda: _planes(
        *(lambda c, k=k: blocks.remove_dc(c, c.input, k) for k in (1, 8, 14))
    ),
    "dsp_center": lambda: _planes(lambda c: blocks.center(c, c.input)),
    "dsp_scale": lambda: _planes(
        lambda c: blocks.scale(c, c.input, [100, -32767], [0.25, 3.7]),
        lambda c: blocks.scale(c, c.input, [32767, 0], [8190.0, -1e-6]),
    ),
    "dsp_biquad": lambda: _planes(
        *(lambda c, f=f: blocks.biquad(c, c.input, f) for f in _filters()), shape=(2, 50)
    ),
    "dsp_decimate": lambda: [
        _case((2, 24), lambda c: _decimate(c, 2), 3),
        _case((1, 48), lambda c: _decimate(c, 8), 3),
    ],
    "dsp_push": lambda: _planes(
        lambda c: blocks.push(c, c.input, 24).samples,
        lambda c: blocks.push(c, c.input, 31).samples,
    ),
    "dsp_recent": lambda: _planes(
        lambda c: _recent(c, 40, 33, False), lambda c: _recent(c, 40, 40, True)
    ),
    "dsp_window": lambda: [
        *_planes(
            lambda c: _window(c, "hann", 30, 32, 0),
            lambda c: _window(c, "hamming", 40, 64, 1),
            lambda c: _window(c, "rectangular", 24, 32, 1),
        ),
        *_planes(lambda c: _plain_window(c, "blackman"), hops=1),
    ],
    "dsp_fft": lambda: [_case((n,), lambda c: blocks.fft(c, c.input)) for n in fft.SIZES],
    "dsp_power": lambda: _spectrum(lambda c: blocks.power(c, c.input)),
    "dsp_magnitude": lambda: _spectrum(lambda c: blocks.magnitude(c, c.input)),
    "dsp_mel": lambda: [_mel(512, 16000, 40, 20), _mel(2048, 8000, 20, 100), _mel(64, 100, 5, 1)],
    "dsp_bands": lambda: [
        _case(
            (33,),
            lambda c: blocks.bands(c, c.input, bands.edges([(0, 9), (3, 50)], 64, 100)),
            dtype="uint32",
        )
    ],
    "dsp_log2": lambda: [
        _log(8, 0.0), _log(12, -3.0), _log(0, 2.0),
        _case((1, 64), lambda c: _energies(c, lambda e: blocks.log2(c, e, 9, -20.0, 1.5))),
    ],
    "dsp_root": lambda: [
        _case((30,), lambda c: blocks.root(c, c.input), dtype="uint64"),
        _case((30,), lambda c: blocks.root(c, c.input, 11), dtype="uint64"),
        _case((1, 64), lambda c: _energies(c, lambda e: blocks.root(c, e, 3))),
    ],
    "dsp_dct": lambda: [
        _case((40,), lambda c: blocks.dct(c, c.input, 13)),
        _case((20,), lambda c: blocks.dct(c, c.input, 20, drop=0)),
    ],
    "dsp_statistics": lambda: [
        _case((3, 100), lambda c: blocks.stats(c, c.input, list(statistics.UNITS))),
        _case((1, 2), lambda c: blocks.stats(c, c.input, list(statistics.UNITS))),
        _case((1, 1000), lambda c: blocks.stats(c, c.input, ["rms", "skew"])),
    ],
    "dsp_quantize": lambda: [
        _case((5, 3), lambda c: _quantize(c, [1, -32767, 32767], [0.01, 8000.0, -3e-5])),
        _case((1, 40), lambda c: _quantize(c, [2000], [0.004])),
    ],
    "dsp_quantize_wide": lambda: [
        _case((5, 2), lambda c: _quantize(c, [1, -(2**29)], [1e-6, 2**28]), dtype="int32"),
    ],
    "dsp_image": lambda: [
        _picture("gray", 1, True), _picture("rgb565", 1, True), _picture("rgb565_big", 3, True),
        _picture("rgb565", 3, False),
    ],
    "whole": lambda: [
        Case(spec.compile(), 4)
        for spec in (
            speech.LogMel(rate_hz=1000, bands=6, window_ms=60, hop_ms=40),
            speech.LogMel(rate_hz=2000, bands=12, coefficients=6),
        )
    ],
    "pipeline": lambda: [Case(chain, 3) for chain in _pipelines()],
}  # fmt: skip


def _pipelines() -> list[CompiledChain]:
    """Whole pipelines as [features] declares them, with their last step: int8 rows."""
    rng = np.random.default_rng(4)

    def made(given: list[dict[str, Any]], channels: int, **sizes: Any) -> CompiledChain:
        pipeline = Pipeline(given, rate_hz=1000, channels=channels, **sizes)
        windows = rng.normal(0, 2000, (8, pipeline.length, channels)).astype(np.int16)
        return pipeline.fit(windows).compile().chain

    filtered = [{"block": "dc"}, {"block": "bandpass", "low_hz": 20, "high_hz": 200}]
    sizes = {"length": 192, "hop": 32, "frame": 64, "step": 32}
    picture = {"block": "image", "width": 8, "height": 6, "out_height": 5, "out_width": 4}
    return [
        made([*filtered, {"block": "mfcc", "bands": 8, "coefficients": 5}], 2, **sizes),
        made([{"block": "decimate", "factor": 2}, {"block": "spectrum", "bands": 6}], 1, **sizes),
        made([{"block": "clamp", "low": -9000, "high": 9000}, {"block": "logmel", "bands": 6},
              {"block": "statistics", "names": list(statistics.UNITS)}], 2, **sizes),
        made([{"block": "notch", "hz": 50}, {"block": "raw"}], 3, length=40, hop=20),
        made([picture | {"channels": 3}], 1, length=48),
    ]  # fmt: skip


def names() -> list[str]:
    """All blocks, and whole front ends."""
    return list(MAKERS)


def known_blocks() -> set[str]:
    return {name for name in abi.load().kernels if name.startswith("dsp_")}


@functools.cache
def cases(name: str) -> list[Case]:
    return MAKERS[name]()


@dataclass(frozen=True)
class Hop:
    """One run: memory before and after."""

    case: Case
    before: np.ndarray
    after: np.ndarray


def signals(case: Case, count: int, seed: int) -> list[np.ndarray]:
    made = dsp_signals.edges(case.samples) + dsp_signals.random(case.samples, count, seed)
    return [dsp_signals.as_dtype(signal, case.compiled.input.dtype) for signal in made]


def hops(name: str, count: int = RANDOM) -> Iterator[Hop]:
    """All hops of ``count`` random signals and 20 at the edges, dealt out to the block's chains;
    the edges go through each."""
    made = cases(name)
    for number, case in enumerate(made):
        share = len(range(number, count, len(made)))
        for signal in signals(case, share, seed=number):
            arena = case.compiled.arena()
            for hop in signal.reshape(case.hops, *case.compiled.input.shape):
                case.compiled.view(arena, case.compiled.input)[...] = hop
                before = arena.copy()
                case.compiled.run(arena, hop)
                yield Hop(case, before, arena.copy())
