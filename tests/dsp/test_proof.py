"""No sum overflows for any int16 input: the bounds, and that the worst inputs come near them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midge.dsp import bands, blocks, fft, filters, image, logs, proof, scaling
from midge.dsp import statistics as stats
from midge.dsp.chain import Chain


@pytest.mark.parametrize("n", fft.SIZES)
def test_no_stage_of_the_fft_overflows(n: int) -> None:
    for radix in (2, 4):
        assert proof.fft_first(radix).sum < proof.INT32
        assert proof.fft_first(radix).stored < proof.INT16
    for bits in range(16):
        stage, post = proof.fft_stage(n, bits), proof.fft_post(n, bits)
        assert stage.sum < proof.INT32 and post.sum < proof.INT32
        assert stage.stored < proof.INT16 and post.stored < proof.INT16


@pytest.mark.parametrize("n", fft.SIZES)
def test_the_fft_of_its_worst_inputs_is_right(n: int) -> None:
    """Signs of every cosine and sine at full scale: each bin's largest sum."""
    chain = Chain("fft", (n,))
    out = blocks.fft(chain, chain.input)
    compiled = chain.compile(out)
    t = np.arange(n)
    for k in [*range(min(n // 2, 32)), n // 4, n // 2 - 1, n // 2]:
        for phase in (0.0, 0.1, 0.25):
            x = np.where(np.cos(2 * np.pi * (k * t / n + phase)) >= 0, 32767, -32768)
            arena = compiled.arena()
            got = compiled.run(arena, x.astype(np.int16))
            want = fft.reference(x)
            error = np.abs(fft.bins(got, compiled.exponent(arena, out)) - want).max()
            assert error <= 2e-3 * np.abs(want).max()  # 54 dB below one full bin


@given(
    kind=st.sampled_from(filters.KINDS),
    corner=st.floats(0.002, 0.49),
    width=st.floats(0.05, 0.9),
    order=st.integers(1, 8),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_no_section_overflows(kind: str, corner: float, width: float, order: int) -> None:
    corners = (corner, corner + width * (0.499 - corner)) if kind == "bandpass" else corner
    try:
        cascade = filters.design(kind, 1.0, corners, order)
    except filters.FeatureError:
        return
    for row in cascade.sections:
        assert proof.section(row) < proof.INT32


def test_no_table_overflows() -> None:
    for factor in (2, 3, 4, 8, 16):
        taps = filters.decimator(16000, factor).taps
        assert proof.dot(taps[None], 1 << 14) < proof.INT32
    for n in (1, 8, 20, 40, 128):
        table, _ = logs.quantize_matrix(logs.dct_matrix(n, n))
        assert proof.dot(table) < proof.INT32


@given(st.floats(-32767, 32767), st.floats(-8190, 8190))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_no_scaling_overflows(offset: float, gain: float) -> None:
    made = scaling.constants([offset], [gain])
    worst = proof.scaled(int(made.offset[0]), int(made.mult[0]), int(made.shift[0]))
    assert worst < proof.INT32


def test_every_int16_through_the_pointwise_blocks() -> None:
    """All 65,536 inputs."""
    x = np.arange(-32768, 32768).astype(np.int16)[None]
    cases = [(0.0, 1.0), (32767.0, 8190.0), (-32767.0, -8190.0), (100.0, 0.3), (5.0, 1e-9)]
    for offset, gain in cases:
        chain = Chain("scale", x.shape)
        compiled = chain.compile(blocks.scale(chain, chain.input, [offset], [gain]))
        want = np.clip((x.astype(float) - offset) * gain, -32768, 32767)
        got = compiled.run(compiled.arena(), x)
        # half a step, and the multiplier's 2^-14
        assert (np.abs(got - want) <= 0.5 + np.abs(want) * 2.0**-14).all()
    chain = Chain("dc", x.shape)
    compiled = chain.compile(blocks.remove_dc(chain, chain.input, 1))
    assert np.abs(compiled.run(compiled.arena(), x)[0, 30:]).max() <= 2


def hold(found: dict[str, tuple[int, int]]) -> None:
    assert {name: worst for name, worst in found.items() if worst[0] >= worst[1]} == {}


@pytest.mark.parametrize("n", [2, 3, 100, 4095, stats.MAX_LENGTH])
def test_no_statistic_overflows(n: int) -> None:
    hold(proof.statistics(n))


def test_longer_windows_would() -> None:
    """The limit is no larger than it has to be: at twice the length a deviation may overflow."""
    worst, limit = proof.statistics(2 * stats.MAX_LENGTH)["deviation"]
    assert worst >= limit


@pytest.mark.parametrize("n", [2, 1000, stats.MAX_LENGTH])
def test_statistics_of_their_worst_inputs_are_right(n: int) -> None:
    ramp = np.arange(n)
    extremes = [
        np.full(n, -32768), np.full(n, 32767), np.where(ramp % 2, 32767, -32768),
        np.where(ramp == 0, 32767, -32768), np.where(ramp == n - 1, -32768, 32767),
        np.where(ramp < n // 2, -32768, 32767), np.where(ramp == 0, -32768, 0),
    ]  # fmt: skip
    x = np.stack(extremes).astype(np.int16)
    names = list(stats.UNITS)
    chain = Chain("worst", x.shape)
    compiled = chain.compile(blocks.stats(chain, chain.input, names))
    got = compiled.run(compiled.arena(), x).astype(np.float64)
    v = x.astype(np.float64)
    mean, std = v.mean(1), v.std(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(std[:, None] > 0, (v - mean[:, None]) / std[:, None], 0.0)
    peak, rms = np.abs(v).max(1), np.sqrt((v**2).mean(1))
    want = {
        "mean": mean, "rms": rms, "std": std, "min": v.min(1), "max": v.max(1),
        "peak_to_peak": np.ptp(v, 1), "skew": (z**3).mean(1), "kurtosis": (z**4).mean(1),
        "crest": peak / rms, "zero_crossings": ((x[:, 1:] < 0) != (x[:, :-1] < 0)).sum(1),
    }  # fmt: skip
    for column, name in enumerate(names):
        unit = stats.UNITS[name]
        error = np.abs(got[:, column] * unit - want[name])
        assert (error <= 1e-3 * np.abs(want[name]) + 2 * unit).all(), name


@pytest.mark.parametrize("n", fft.SIZES)
def test_no_band_overflows(n: int) -> None:
    count = min(40, n // 16)
    triangles = bands.mel(n, 16000, count, 0.0 if count < 3 else 100.0)
    hold(proof.mel(triangles))
    whole = bands.edges([(0.0, 8000.0)], n, 16000)
    assert proof.bands(whole) < 2**64


def test_bands_of_the_largest_bins() -> None:
    """-32768 in both parts of each bin: more than an FFT can give."""
    n = 2048
    chain = Chain("bins", (n // 2 + 1, 2))
    power = blocks.power(chain, chain.input)
    triangles = bands.mel(n, 16000, 8)
    out = blocks.mel(chain, power, triangles)
    plain = blocks.bands(chain, power, bands.edges([(0.0, 8000.0)], n, 16000))
    compiled = chain.compile(out, [plain])
    arena = compiled.arena()
    got = compiled.run(arena, np.full((n // 2 + 1, 2), -32768, np.int16))
    shares = triangles.weights.sum(1)
    assert np.abs(got.astype(float) / 2**31 - shares).max() <= 2.0**-14 * n
    assert int(compiled.view(arena, plain)[0]) == (n // 2) * 2**31


@pytest.mark.parametrize("frac", [0, 8, 12])
def test_no_logarithm_overflows(frac: int) -> None:
    most = int(logs.MAX_OFFSET) * 2**16
    hold(proof.log2(logs.log2_table(), 2**10, most, frac))
    edges = [2**k + d for k in range(64) for d in (-1, 0, 1) if 2**k + d > 0] + [2**64 - 1]
    values = np.array(edges, np.uint64)
    for offset in (-512.0, 0.0, 512.0):
        chain = Chain("log2", values.shape, "uint64")
        made = blocks.log2(chain, chain.input, frac, -8.0, [offset])
        got = chain.compile(made).run(chain.compile(made).arena(), values) / 2**frac
        want = np.clip(np.log2(values.astype(float)) + offset, -8, 32767 / 2**frac)
        assert np.abs(got - want).max() <= 2.0**-frac + 4e-4


def test_no_picture_overflows() -> None:
    hold(proof.image(image.MAX_SIDE, image.MAX_SIDE, image.LUMA))
    rng = np.random.default_rng(1)
    for _ in range(200):  # no table of places leaves the crop
        start, size, out = (int(v) for v in rng.integers(1, 300, 3))
        full = start + size + int(rng.integers(0, 9))
        table = image.axis_table(start, size, full, out, bool(rng.integers(2)))
        assert table[:, 0].min() >= start
        assert (table[:, 0] + (table[:, 1] > 0)).max() < start + size
        assert table[:, 1].min() >= 0 and table[:, 1].max() < 128


@pytest.mark.parametrize("channels", [1, 3])
def test_every_pixel_of_rgb565(channels: int) -> None:
    """All 65,536 words, as a picture of 256 x 256."""
    words = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    chain = Chain("pixels", (2 * words.size,), "uint8")
    table = np.tile(np.arange(-128, 128).astype(np.int8), (channels, 1))
    crop = image.Crop(0, 0, 256, 256)
    out = image.picture(chain, (256, 256), "rgb565", crop, (256, 256, channels), table)
    compiled = chain.compile(out)
    got = compiled.run(compiled.arena(), words.reshape(-1).view(np.uint8)).astype(int) + 128
    rgb = image.colours(words)
    assert np.array_equal(got, image.gray(rgb) if channels == 1 else rgb)
