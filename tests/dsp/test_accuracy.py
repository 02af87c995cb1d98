"""The blocks against float64: how far fixed point is from what it approximates."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import signal as scipy_signal

from midge.dsp import (
    bands,
    blocks,
    fft,
    filters,
    image,
    logs,
    scaling,
    speech,
    statistics,
    windows,
)
from midge.dsp.chain import Chain, CompiledChain, Signal

RATE = 16000.0


def noise(n: int, size: float, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.clip(np.round(rng.normal(0, size, n)), -32768, 32767).astype(np.int16)


def transform(n: int) -> tuple[CompiledChain, Signal]:
    chain = Chain("fft", (n,))
    out = blocks.fft(chain, chain.input)
    return chain.compile(out), out


def snr_db(want: np.ndarray, got: np.ndarray) -> float:
    return float(10 * np.log10((np.abs(want) ** 2).sum() / (np.abs(want - got) ** 2).sum()))


@pytest.mark.parametrize("n", fft.SIZES)
def test_fft_signal_to_noise_on_full_scale_noise(n: int) -> None:
    """At 512 points at least 65 dB; a stage more costs about 3 dB: each rounds once."""
    compiled, out = transform(n)
    rng = np.random.default_rng(n)
    for _ in range(20):
        x = rng.integers(-32768, 32768, n).astype(np.int16)
        arena = compiled.arena()
        got = fft.bins(compiled.run(arena, x), compiled.exponent(arena, out))
        assert snr_db(fft.reference(x), got) >= (65 if n <= 512 else 62)


def test_fft_of_a_quiet_frame_is_as_good_behind_a_window() -> None:
    """The window fills 15 bits whatever the level."""
    chain = Chain("fft", (1, 512))
    out = blocks.fft(chain, blocks.window(chain, chain.input, "hann", 512, 512))
    compiled = chain.compile(out)
    taper = windows.window("hann", 512)
    for size in (10000, 300, 20, 3):
        x = noise(512, size)
        arena = compiled.arena()
        got = fft.bins(compiled.run(arena, x[None]), compiled.exponent(arena, out))
        # the table's largest value is 32767 of 32768: a gain, not an error
        assert snr_db(fft.reference(x * taper) * 32767 / 32768, got) >= 65


FLOOR_DB = 50.0  # below the largest band; further down the FFT's rounding shows: docs/dsp.md


@pytest.mark.parametrize(
    "spec",
    [
        speech.LOG_MEL, speech.LOG_MEL_8K, speech.MICRO_SPEECH,
        dataclasses.replace(speech.LOG_MEL, bands=20, window="hamming", low_hz=300.0),
    ],
)  # fmt: skip
def test_log_mel_within_a_tenth_above_the_noise_floor(spec: speech.LogMel) -> None:
    compiled = spec.compile()
    hops = -(-spec.length // spec.hop) + 1
    n = hops * spec.hop
    t = np.arange(n) / spec.rate_hz
    tone = 20000 * np.sin(2 * np.pi * 440 * t) + noise(n, 30)
    voice = scipy_signal.lfilter([1], [1, -1.3, 0.9], noise(n, 2000)) * (1 + np.sin(40 * t))
    for x in (noise(n, 9000), noise(n, 400), noise(n, 10), tone, voice):
        x = np.clip(np.round(x), -32768, 32767).astype(np.int16)
        arena = compiled.arena()
        for i in range(hops):
            row = compiled.run(arena, x[i * spec.hop : (i + 1) * spec.hop, None])
        want = spec.reference(x[-spec.length :])
        above = want > want.max() - FLOOR_DB / (20 * np.log10(2))
        assert above.sum() >= 2
        error = np.abs(row / 2**spec.out_frac - want)
        assert error[above].max() <= 0.1


def test_mfcc() -> None:
    spec = speech.MFCC
    compiled = spec.compile()
    x = noise(4 * spec.hop, 3000)
    arena = compiled.arena()
    for hop in x.reshape(4, spec.hop, 1):
        row = compiled.run(arena, hop)
    # 1/64 rounding, and 40 logarithms within 0.01 that add up by sqrt(40)
    assert np.abs(row / 2**spec.out_frac - spec.reference(x[-spec.length :])).max() <= 0.08


DESIGNS = [
    ("lowpass", 16000, 1000, 4), ("lowpass", 16000, 20, 2), ("lowpass", 16000, 7000, 6),
    ("highpass", 16000, 100, 2), ("highpass", 16000, 20, 2), ("highpass", 100, 1, 4),
    ("bandpass", 16000, (300, 3000), 3), ("bandpass", 1000, (45, 55), 2), ("notch", 1000, 50, 2),
]  # fmt: skip


@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_filters_within_a_fifth_of_a_decibel(design: tuple) -> None:
    """Measured through the block itself: a tone's amplitude at points of the pass band."""
    kind, rate, corner, order = design
    cascade = filters.design(kind, rate, corner, order)
    chain = Chain("filter", (1, 4096))
    compiled = chain.compile(blocks.biquad(chain, chain.input, cascade))
    hz = np.geomspace(rate / 2000, rate / 2.02, 60)
    wanted = np.abs(scipy_signal.sosfreqz(cascade.sos, hz, fs=rate)[1])
    checked = 0
    for f, gain in zip(hz, wanted, strict=True):
        if gain < 10 ** (-3 / 20):
            continue
        arena = compiled.arena()
        n = 4096 * (3 + int(3 / (1 - cascade.radius) / 4096 * 4))
        x = np.round(20000 * np.sin(2 * np.pi * f / rate * np.arange(n))).astype(np.int16)
        y = [compiled.run(arena, part)[0] for part in x.reshape(-1, 1, 4096)][-1]
        want = scipy_signal.sosfilt(cascade.sos, x.astype(float))[-4096:]
        assert abs(20 * np.log10(np.std(y) / np.std(want))) <= 0.2
        assert np.abs(y - want).max() <= 0.02 * 20000  # 0.2 dB of amplitude, phase included
        checked += 1
    assert checked >= 2


@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_filters_fall_silent(design: tuple) -> None:
    """After full-scale noise, overload included, what rounding keeps alive: at most 2 counts;
    8 where poles lie near the Nyquist frequency, where noise shaping helps least."""
    kind, rate, corner, order = design
    cascade = filters.design(kind, rate, corner, order)
    chain = Chain("filter", (1, 4096))
    compiled = chain.compile(blocks.biquad(chain, chain.input, cascade))
    for seed in range(4):
        rng = np.random.default_rng(seed)
        loud = rng.choice([-32768, 32767], (1, 4096)).astype(np.int16)
        arena = compiled.arena()
        compiled.run(arena, loud)
        for _ in range(2 + int(40 / (1 - cascade.radius) / 4096)):
            silent = compiled.run(arena, np.zeros((1, 4096), np.int16))
        assert np.abs(silent[0, -1000:].astype(int)).max() <= (
            2 if np.max(corner) < rate / 4 else 8
        )


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_decimation_keeps_the_pass_band_and_no_alias(factor: int) -> None:
    found = filters.decimator(RATE, factor)
    n = 8192
    chain = Chain("decimate", (1, n))
    compiled = chain.compile(blocks.decimate(chain, chain.input, found))
    t = np.arange(n) / RATE

    def gain(hz: float) -> float:
        x = np.round(30000 * np.sin(2 * np.pi * hz * t))[None].astype(np.int16)
        return 20 * np.log10(np.std(compiled.run(compiled.arena(), x)[0, 200:]) / 21213)

    for part in (0.1, 0.5, 0.99):
        assert abs(gain(found.pass_hz * part)) <= 0.2
    for hz in (found.out_rate_hz - found.pass_hz, found.out_rate_hz * 1.01):
        if hz < RATE / 2:
            assert gain(hz) <= -55  # 57 by the taps, and rounding to counts


@pytest.mark.parametrize("length", [2, 3, 100, 1000, 16384])
def test_statistics(length: int) -> None:
    names = list(statistics.UNITS)
    chain = Chain("statistics", (4, length))
    compiled = chain.compile(blocks.stats(chain, chain.input, names))
    rng = np.random.default_rng(length)
    x = np.zeros((4, length), np.int16)
    x[0] = rng.integers(-32768, 32768, length)
    x[1] = np.round(rng.exponential(50, length)) - 20
    x[2, -1] = -3000
    got = compiled.run(compiled.arena(), x) * np.array(list(statistics.UNITS.values()))
    want = statistics.reference(x, names)
    # half a unit of 1/16, two of 1/1024, and 2^-11 of an impulse's large ratio
    allowed = np.where(np.arange(10) < 3, 0.035, np.where(np.arange(10) < 7, 0, 0.003))
    assert (np.abs(got - want) <= allowed + 5e-4 * np.abs(want) * (allowed == 0.003)).all()


def test_running_mean_and_center() -> None:
    chain = Chain("dc", (1, 4000))
    compiled = chain.compile(blocks.remove_dc(chain, chain.input, 8))
    x = (noise(4000, 50) + 12000)[None].astype(np.int16)
    assert abs(compiled.run(compiled.arena(), x)[0, 2500:].mean()) < 2
    chain = Chain("center", (2, 400))
    compiled = chain.compile(blocks.center(chain, chain.input))
    x = np.stack([noise(400, 100) + 9000, noise(400, 5) - 77]).astype(np.int16)
    want = x - np.floor(x.mean(1, keepdims=True) + 0.5)
    assert np.array_equal(compiled.run(compiled.arena(), x), want)


def test_clamp_counts() -> None:
    chain = Chain("clamp", (2, 6))
    out, counts = blocks.clamp(chain, chain.input, -100, 200)
    compiled = chain.compile(out)
    arena = compiled.arena()
    x = np.array([[0, 200, 201, -100, -99, 5], [1, 2, 3, 4, 5, 6]], np.int16)
    for _ in range(2):
        assert np.array_equal(compiled.run(arena, x), np.clip(x, -100, 200))
    assert compiled.view(arena, counts).tolist() == [6, 0]


def test_scale_and_quantize_round_to_the_nearest() -> None:
    rng = np.random.default_rng(3)
    x = rng.integers(-32768, 32768, (3, 50)).astype(np.int16)
    mean, std = [100.0, -5.0, 9000.0], [700.0, 12.0, 9000.0]
    offset, gain = scaling.normalization(mean, std)
    chain = Chain("scale", x.shape)
    blocks.scale(chain, chain.input, offset, gain * 1000)
    compiled = chain.compile(chain.input)
    want = (x - offset[:, None]) * gain[:, None] * 1000
    got = compiled.run(compiled.arena(), x)
    inside = np.abs(want) < 32767
    # half a step and the multiplier's 2^-14
    assert (np.abs(got - want) <= 0.5 + np.abs(want) * 2.0**-14)[inside].all()
    chain = Chain("quantize", (50, 3))
    out = chain.scratch("out", (50, 3), "int8")
    compiled = chain.compile(blocks.quantize(chain, chain.input, offset, gain / 0.03, 5, out))
    want = np.clip((x.T - offset) * gain / 0.03 + 5, -128, 127)
    assert np.abs(compiled.run(compiled.arena(), x.T.copy()) - want).max() <= 0.51


def test_log_root_and_bands() -> None:
    energies = np.array([0, 1, 2, 3, 1000, 2**40 + 12345, 2**63, 2**64 - 1], np.uint64)
    chain = Chain("log", energies.shape, "uint64")
    compiled = chain.compile(blocks.log2(chain, chain.input, 9, -1.0))
    got = compiled.run(compiled.arena(), energies) / 512
    want = np.log2(np.maximum(energies.astype(float), 0.5))
    assert np.abs(got - want)[:-2].max() <= 1 / 1024 + 1e-4  # half a step, and the table
    assert np.abs(got - want)[-2:].max() <= 0.01  # saturated: 32767 / 512
    chain = Chain("root", energies.shape, "uint64")
    compiled = chain.compile(blocks.root(chain, chain.input))
    want = np.minimum(np.floor(np.sqrt(energies.astype(float))), 32767)
    assert np.array_equal(compiled.run(compiled.arena(), energies), want)
    power = np.random.default_rng(1).integers(0, 2**31, 257).astype(np.uint32)
    chain = Chain("bands", (257,), "uint32")
    edges = bands.edges([(0, 100), (1000, 8000)], 512, RATE)
    compiled = chain.compile(blocks.bands(chain, chain.input, edges))
    sums = [power[a:b].astype(np.uint64).sum() for a, b in edges]
    assert compiled.run(compiled.arena(), power).tolist() == sums
    triangles = bands.mel(512, RATE)
    chain = Chain("mel", (257,), "uint32")
    compiled = chain.compile(blocks.mel(chain, chain.input, triangles))
    want = triangles.weights @ power.astype(float)
    # weights of 15 bits, each product rounded down
    assert np.abs(compiled.run(compiled.arena(), power) / want - 1).max() <= 2.0**-14


def test_dct_of_integers() -> None:
    x = np.random.default_rng(1).integers(-32768, 32768, 40).astype(np.int16)
    chain = Chain("dct", (40,))
    compiled = chain.compile(blocks.dct(chain, chain.input, 13, drop=3))
    want = logs.dct_matrix(13, 40) @ x / 8
    assert np.abs(compiled.run(compiled.arena(), x) - want).max() <= 8  # 13-bit coefficients


@pytest.mark.parametrize("form", image.FORMATS)
@pytest.mark.parametrize("bilinear", [True, False])
def test_pictures(form: str, bilinear: bool) -> None:
    rng = np.random.default_rng(4)
    crop = image.Crop(3, 5, 40, 50)
    out = (17, 20, 1 if form == "gray" else 3)
    table = image.intensity_table([128.0] * out[2], [1.0] * out[2], 1.0, 0)
    if form == "gray":
        raw = rng.integers(0, 256, (48, 64, 1)).astype(np.uint8)
        pixels, data = raw, raw.reshape(-1)
    else:
        words = rng.integers(0, 65536, (48, 64)).astype("<u2" if form == "rgb565" else ">u2")
        pixels, data = image.colours(words), words.reshape(-1).view(np.uint8)
    chain = Chain("picture", data.shape, "uint8")
    made = image.picture(chain, (48, 64), form, crop, out, table, bilinear)
    compiled = chain.compile(made)
    got = compiled.run(compiled.arena(), data).astype(int) + 128
    # two weights of 1/128, each half a step off, times 255; then half an intensity
    assert np.abs(got - image.reference(pixels, crop, out[:2], bilinear)).max() <= 2.6
