"""No sum overflows for any int16 input: the bounds, and that the worst inputs come near them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midge.dsp import blocks, fft, filters, logs, proof, scaling
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
