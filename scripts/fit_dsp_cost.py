"""Fits what the signal blocks cost: measures chains of them on the emulated Cortex-M0+.

PYTHONPATH=host:tests python scripts/fit_dsp_cost.py            # writes midge/cost/*-dsp.toml
PYTHONPATH=host:tests python scripts/fit_dsp_cost.py --check    # only says how far off it is

Needs what scripts/dsp_cycles.py needs, and scipy.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import dsp_cycles
import fit_cost
import numpy as np

from midge import cost
from midge.cost.counts import counts
from midge.dsp import bands, blocks, filters, image
from midge.dsp.chain import Chain, CompiledChain, Signal
from midge.dsp.speech import LogMel
from midge.features import Pipeline

FILE = Path(cost.__file__).parent / f"{fit_cost.CPU}-dsp.toml"
_HEAD = """\
# Cycles of the signal blocks on a Cortex-M0+, as in the file beside: see midge/cost. Fitted by
#   PYTHONPATH=host:tests python scripts/fit_dsp_cost.py
# to noise of a tenth of full scale. The comment: steps measured; mean and worst error, in percent.
"""
Made = tuple[CompiledChain, np.ndarray]


def noise(compiled: CompiledChain, hops: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if compiled.input.dtype == "uint8":
        return rng.integers(0, 256, (1, *compiled.input.shape)).astype(np.uint8)
    return rng.normal(0, 3000, (hops, *compiled.input.shape)).astype(np.int16)


def made(shape: tuple[int, ...], add: Callable[[Chain], Signal], hops: int = 2) -> Made:
    chain = Chain("cost", shape)
    compiled = chain.compile(add(chain))
    return compiled, noise(compiled, hops)


def plain(chain: Chain) -> Signal:
    """All blocks that go over the samples once."""
    signal = blocks.split(chain, chain.input)
    channels = signal.shape[0]
    blocks.clamp(chain, signal, -9000, 9000)
    blocks.remove_dc(chain, signal)
    blocks.center(chain, signal)
    blocks.scale(chain, signal, [3.0] * channels, [0.7] * channels)
    length = signal.shape[1]
    ring = blocks.push(chain, signal, length + 7)
    blocks.recent(chain, ring, length + 3, interleave=True)
    newest = blocks.recent(chain, ring, length)
    row = chain.scratch("row", newest.shape, "int8")
    blocks.quantize(chain, newest, 1.0, 0.02, 0, row)
    return row


def spectra(chain: Chain, n: int, taper: str, pairs: int) -> Signal:
    length = chain.input.shape[1]
    frame = blocks.window(chain, chain.input, taper, length, n)
    power = blocks.power(chain, blocks.fft(chain, frame))
    corners = np.linspace(n // 64, n // 2, pairs + 1)
    edges = bands.edges(list(itertools.pairwise(corners)), n, n)
    energies = blocks.bands(chain, power, edges)
    return blocks.root(chain, energies, 4)


def picture(size: int, out: tuple[int, int, int], form: str, bilinear: bool) -> Made:
    nbytes = size * size * (1 if form == "gray" else 2)
    chain = Chain("picture", (nbytes,), "uint8")
    table = image.intensity_table([128.0] * out[2], [64.0] * out[2], 1 / 32, 0)
    crop = image.Crop(1, 2, size - 3, size - 2)
    signal = image.picture(chain, (size, size), form, crop, out, table, bilinear)
    compiled = chain.compile(signal)
    return compiled, noise(compiled, 1)


def chains() -> Iterator[Made]:
    """What is measured."""
    for channels, length in ((1, 40), (1, 300), (2, 100), (3, 130), (6, 50)):
        yield made((length, channels), plain)
    for corner, order in ((2000, 2), (60, 2), (3000, 6), (300, 4)):
        cascade = filters.design("lowpass", 16000, corner, order=order)
        for shape in ((1, 128), (3, 50), (2, 203)):
            yield made(shape, lambda c, f=cascade: blocks.biquad(c, c.input, f))
    for factor, shape in ((2, (1, 64)), (4, (2, 120)), (8, (1, 320)), (3, (3, 99))):
        low_pass = filters.decimator(16000, factor)
        yield made(shape, lambda c, f=low_pass: blocks.decimate(c, c.input, f))
    for ms, hop, n_bands, more in (
        (8, 4, 12, None), (16, 8, 20, None), (32, 16, 40, None), (30, 20, 40, None),
        (64, 32, 40, 13), (128, 64, 64, 20), (20, 10, 30, 10),
    ):  # fmt: skip
        spec = LogMel(16000, ms, hop, bands=n_bands, low_hz=130, coefficients=more)
        compiled = spec.compile()
        yield compiled, noise(compiled, 3)
    for n, length, taper, pairs in (
        (32, 32, "hann", 4), (64, 50, "rectangular", 8), (128, 128, "hann", 16),
        (256, 200, "hann", 30), (512, 400, "rectangular", 10), (1024, 1000, "hann", 60),
        (2048, 1500, "hann", 20),
    ):  # fmt: skip
        yield made((1, length), lambda c, a=(n, taper, pairs): spectra(c, *a), 1)
    for n in (64, 512, 1024):
        yield made((n,), lambda c: blocks.magnitude(c, blocks.fft(c, c.input)))
    for names in (
        ["mean"], ["min", "max"], ["rms", "std"], ["skew"], ["kurtosis"], ["crest"],
        dsp_cycles.SIX, dsp_cycles.ALL,
    ):  # fmt: skip
        for shape in ((1, 60), (3, 100), (2, 300)):
            yield made(shape, lambda c, s=names: blocks.stats(c, c.input, s))
    for channels, length in ((1, 100), (3, 50), (6, 40)):  # dsp_quantize_wide
        block = {"block": "statistics", "names": dsp_cycles.SIX[: 2 + channels]}
        pipeline = Pipeline([block], rate_hz=100, channels=channels, length=length)
        windows = np.random.default_rng(2).normal(0, 3000, (4, length, channels))
        compiled = pipeline.fit(windows.astype(np.int16)).compile().chain
        yield compiled, noise(compiled, 2)
    for size, out, form, bilinear in (
        (32, (16, 16, 1), "gray", True), (32, (20, 12, 1), "rgb565", True),
        (40, (24, 24, 3), "rgb565", True), (40, (24, 30, 1), "gray", False),
        (48, (20, 20, 3), "rgb565_big", False), (48, (37, 37, 1), "rgb565", True),
    ):  # fmt: skip
        yield picture(size, out, form, bilinear)


def rows() -> list[fit_cost.Row]:
    found = []
    for compiled, hops in chains():
        measured = dsp_cycles.measure(compiled, hops)
        for step, (kernel, cycles) in zip(compiled.program.steps, measured, strict=True):
            found.append((kernel, counts(kernel, step.params, compiled.program.consts), cycles))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="measure and compare, write nothing")
    args = parser.parse_args()
    measured = rows()
    known = cost.signal_coefficients(fit_cost.CPU) if args.check else fit_cost.fit(measured)
    off = fit_cost.errors(measured, known)
    fit_cost.tell(off, "steps")
    if not args.check:
        FILE.write_text("\n".join([_HEAD, *fit_cost.tables(known, off)]), encoding="utf-8")


if __name__ == "__main__":
    main()
