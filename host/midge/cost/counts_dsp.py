"""The counts of signal blocks; see :mod:`midge.cost.counts`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from midge.dsp.statistics import bits

if TYPE_CHECKING:
    from collections.abc import Callable

    from midge.cost.counts import Args, Counts

_WIDE = 8  # int16 of midge_dsp_section_t


def _each(a: Args) -> Counts:
    return {"values": a.length * a.channels, "channels": a.channels}


def recent(a: Args) -> Counts:
    return {"mixed" if a.interleave else "values": a.length * a.channels, "channels": a.channels}


def biquad(a: Args) -> Counts:
    sections = a.data("coefs")
    assert sections is not None
    wide = int((sections[:, _WIDE] != 0).sum())
    whole = a.channels * (a.length & ~3)
    return {
        "narrow": whole * (a.sections - wide),
        "wide": whole * wide,
        "rest": a.channels * (a.length & 3) * a.sections,
        "sections": a.channels * a.sections,
    }


def decimate(a: Args) -> Counts:
    outputs = a.channels * a.length // a.factor
    return {"taps": outputs * a.n_taps, "outputs": outputs, "values": a.channels * a.length}


def window(a: Args) -> Counts:
    return {
        "plain" if a.data("table") is None else "tapered": a.length,
        "zeros": a.out_length - a.length,
    }


def fft(a: Args) -> Counts:
    return {f"points_{a.n}": 1}


def _bins(a: Args) -> Counts:
    return {"bins": a.bins}


def mel(a: Args) -> Counts:
    edges = a.data("edges")
    assert edges is not None
    return {"bins": int(edges.max() - edges.min()), "bands": a.bands}


def bands(a: Args) -> Counts:
    edges = a.data("edges")
    assert edges is not None
    return {"bins": int((edges[:, 1] - edges[:, 0]).sum()), "bands": a.bands}


def _length(a: Args) -> Counts:
    return {"values": a.length}


def dct(a: Args) -> Counts:
    return {"products": a.n_in * a.n_out, "outputs": a.n_out}


def statistics(a: Args) -> Counts:
    known = bits()
    has = {name: bool(a.select & bit) for name, bit in known.items()}
    n = a.channels
    return {
        "values": n * a.length,
        "cubes": n * a.length * (has["skew"] or has["kurtosis"]),
        "means": n * has["mean"],
        "roots": n * (has["rms"] + has["std"]),
        "skews": n * has["skew"],
        "kurtoses": n * has["kurtosis"],
        "crests": n * has["crest"],
        "channels": n,
    }


def quantize(a: Args) -> Counts:
    return {"values": a.rows * a.columns, "rows": a.rows}


def image(a: Args) -> Counts:
    rows, columns = a.data("rows"), a.data("cols")
    assert rows is not None and columns is not None
    reads = int((1 + (rows[:, 1] > 0)).sum() * (1 + (columns[:, 1] > 0)).sum())
    kind = "gray" if a.format == 0 else "luma" if a.out_c == 1 else "colours"
    return {kind: reads, "values": a.out_h * a.out_w * a.out_c, "pixels": a.out_h * a.out_w}


COUNTS: dict[str, Callable[[Args], Counts]] = {
    "dsp_split": _each,
    "dsp_clamp": _each,
    "dsp_dc": _each,
    "dsp_center": _each,
    "dsp_scale": _each,
    "dsp_biquad": biquad,
    "dsp_decimate": decimate,
    "dsp_push": _each,
    "dsp_recent": recent,
    "dsp_window": window,
    "dsp_fft": fft,
    "dsp_power": _bins,
    "dsp_magnitude": _bins,
    "dsp_mel": mel,
    "dsp_bands": bands,
    "dsp_log2": _length,
    "dsp_root": _length,
    "dsp_dct": dct,
    "dsp_statistics": statistics,
    "dsp_quantize": quantize,
    "dsp_quantize_wide": quantize,
    "dsp_image": image,
}
