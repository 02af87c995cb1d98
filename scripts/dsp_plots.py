"""Draws docs/dsp/*.png: how far the fixed-point blocks are from float64.

PYTHONPATH=host python scripts/dsp_plots.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from scipy import signal

from midge.dsp import blocks, fft, filters, speech
from midge.dsp.chain import Chain

matplotlib.use("Agg")
import matplotlib.pyplot as plt

OUT = Path(__file__).resolve().parents[1] / "docs" / "dsp"
RATE = 16000.0


def draw_fft(axis: plt.Axes) -> None:
    """Signal to noise by size, of noise, a tone and an impulse at full scale."""
    rng = np.random.default_rng(1)
    for name in ("noise", "tone", "quiet noise behind a window"):
        values = []
        for n in fft.SIZES:
            chain = Chain("fft", (1, n))
            frame = blocks.window(chain, chain.input, "rectangular", n, n)
            out = blocks.fft(chain, frame)
            compiled = chain.compile(out)
            x = {
                "noise": rng.integers(-32768, 32768, n),
                "tone": np.round(32767 * np.sin(2 * np.pi * 7.3 * np.arange(n) / n)),
            }.get(name, rng.normal(0, 20, n).round())
            arena = compiled.arena()
            got = compiled.run(arena, x.astype(np.int16)[None])
            error = fft.bins(got, compiled.exponent(arena, out)) - fft.reference(x)
            power = (np.abs(fft.reference(x)) ** 2).sum()
            values.append(10 * np.log10(power / (np.abs(error) ** 2).sum()))
        axis.plot(fft.SIZES, values, "o-", label=name)
    axis.set(xscale="log", xlabel="points", ylabel="SNR, dB", title="FFT", ylim=(50, 100))
    axis.legend(fontsize=7)


def draw_log_mel(axis: plt.Axes) -> None:
    """Error of each band against how far it lies below the frame's largest."""
    spec = speech.LOG_MEL
    compiled = spec.compile()
    rng = np.random.default_rng(2)
    for _ in range(60):
        pole = rng.uniform(0.3, 0.99)
        x = signal.lfilter([1], [1, -2 * pole, pole**2], rng.normal(0, 1, spec.hop * 3))
        x = (x / np.abs(x).max() * 2.0 ** rng.uniform(4, 15)).round().astype(np.int16)
        arena = compiled.arena()
        for hop in x.reshape(3, -1, 1):
            row = compiled.run(arena, hop)
        want = spec.reference(x[-spec.length :])
        axis.plot((want - want.max()) * 3.01, row / 2**spec.frac - want, "k.", ms=2)
    axis.set(xlabel="band below the largest, dB", ylabel="error, log2 units", title="log-mel")
    axis.set(ylim=(-0.12, 0.12), xlim=(-70, 2))


def draw_filters(axis: plt.Axes) -> None:
    """Responses of quantized filters over their designs."""
    hz = np.geomspace(5, 7990, 1500)
    for design in (
        ("lowpass", 1000.0, 4), ("highpass", 60.0, 2), ("bandpass", (300.0, 3000.0), 3),
        ("notch", 3000.0, 2),
    ):  # fmt: skip
        cascade = filters.design(design[0], RATE, design[1], design[2])
        wanted = signal.sosfreqz(cascade.sos, hz, fs=RATE)[1]
        for gain, style in ((wanted, "0.8"), (cascade.response(hz), "k")):
            width = 3 if style == "0.8" else 0.8
            axis.plot(hz, 20 * np.log10(np.abs(gain) + 1e-9), color=style, lw=width)
    axis.set(xscale="log", xlabel="Hz", ylabel="dB", ylim=(-80, 5))
    axis.set_title("filters: quantized (black), design (gray)")


def main() -> None:
    OUT.mkdir(exist_ok=True)
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained")
    draw_fft(axes[0])
    draw_log_mel(axes[1])
    draw_filters(axes[2])
    for axis in axes:
        axis.grid(alpha=0.3)
    figure.savefig(OUT / "accuracy.png", dpi=80, metadata={"Software": None})


if __name__ == "__main__":
    main()
