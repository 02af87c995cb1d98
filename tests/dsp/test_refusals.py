"""What the host refuses, each with its number."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

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
from midge.dsp.chain import Chain
from midge.errors import FeatureError

NAN = float("nan")


def chain(*shape: int) -> Chain:
    return Chain("front end", shape)


def push_then(length: int, window: int) -> None:
    made = chain(1, 10)
    blocks.recent(made, blocks.push(made, made.input, length), window)


def run_short_hop() -> None:
    made = chain(1, 10)
    compiled = made.compile(blocks.center(made, made.input))
    compiled.run(compiled.arena(), np.zeros((1, 9), np.int16))


REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: fft.check_size(500), "500, needed a power of two from 32 to 2048"),
    (lambda: fft.check_size(16), "16, needed"),
    (lambda: fft.twiddles(4096), "4096, needed"),
    (lambda: windows.window("kaiser", 10), "'kaiser'"),
    (lambda: windows.table("hann", 4096), "4096, needed a whole number from 2 to 2048"),
    (lambda: bands.mel(512, 16000, 40, 20, 9000), "9000 Hz: needed.*8000 Hz, the Nyquist"),
    (lambda: bands.mel(256, 16000, 120, 20), "band 0 .*62.5 Hz apart"),
    (lambda: bands.edges([(10, 60)], 64, 100), "60 Hz: needed.*50 Hz, the Nyquist"),
    (lambda: bands.edges([(10, 10.5)], 64, 100), "10.5 Hz has no bin.*1.56 Hz apart"),
    (lambda: filters.design("lowpass", 16000, 8000), "8000 Hz, needed.*8000 Hz at 16000"),
    (lambda: filters.design("lowpass", 16000, NAN), "nan Hz"),
    (lambda: filters.design("comb", 16000, 100), "'comb'"),
    (lambda: filters.design("bandpass", 16000, (300, 200)), r"2 rising.*\[300.0, 200.0\]"),
    (lambda: filters.design("notch", 1000, 50, q=1e6), "1e\\+06, needed 0.1 to 1000"),
    (lambda: filters.design("lowpass", 16000, 100, order=9), "order is 9, needed.*1 to 8"),
    (lambda: filters.quantize([[1, 0, 0, 1, -2.1, 1.1]], 100), "unstable.*1.1.*, needed below 1"),
    (lambda: filters.quantize([[1, 0, NAN, 1, 0, 0]], 100), "number 2 of 6 is nan"),
    (lambda: filters.quantize([[20, 0, 0, 1, 0, 0]], 100), "add up to 20.0, needed below 8"),
    (lambda: filters.design("lowpass", 16000, 0.2), "differs by|radius"),
    (lambda: filters.decimator(16000, 4, 2500), "2500 Hz: it would alias, needed below 2000"),
    (lambda: filters.decimator(16000, 1), "factor is 1, needed.*2 to 64"),
    (lambda: filters.decimator(16000, 4, 1999), "taps, at most 512"),
    (lambda: filters.check_decimator(np.ones(5) * 6553, 4, 16000, 1600, 60), "largest alias"),
    (lambda: filters.check_decimator(np.ones(9) * 8000, 4, 16000, 1600, 60), "72000, needed"),
    (lambda: blocks.decimate(made := chain(1, 10), made.input, filters.decimator(100, 4)),
     "10 samples is not a multiple of.*4"),
    (lambda: push_then(9, 9), "10 samples is longer than the window of 9"),
    (lambda: push_then(20, 21), "21 samples is longer than the buffer of 20"),
    (lambda: blocks.window(made := chain(1, 64), made.input, "hann", 60, 32), "60.*32 points"),
    (lambda: scaling.constants([NAN], [1]), "number 0 of 1 is nan"),
    (lambda: scaling.constants([40000], [1]), "40000: needed int16"),
    (lambda: scaling.constants([0], [9000]), "9000, needed a magnitude below 8191"),
    (lambda: scaling.wide_constants([2**30], [1]), "1.07374e\\+09, at most"),
    (lambda: scaling.normalization([0, 0], [1, 0]), "channel 1 is 0, needed above 0"),
    (lambda: scaling.normalization([0, float("inf")], [1, 1]), "number 1 of 2 is inf"),
    (lambda: blocks.scale(made := chain(3, 8), made.input, [0, 0], [1]), "2 offsets.* 1 or 3"),
    (lambda: statistics.select(["median"]), "'median'"),
    (lambda: statistics.select(["mean", "mean"]), "mean"),
    (lambda: blocks.stats(made := chain(1, 1), made.input, ["mean"]), "1, needed.*2 to 16384"),
    (lambda: logs.log2_offsets([600]), "600, at most 512"),
    (lambda: logs.dct_matrix(41, 40), "41, needed.*1 to 40"),
    (lambda: blocks.log2(made := Chain("l", (4,), "uint64"), made.input, 8, -200), "-200"),
    (lambda: blocks.remove_dc(made := chain(1, 8), made.input, 15), "15, needed.*1 to 14"),
    (lambda: blocks.clamp(made := chain(1, 8), made.input, 5, 5), "5, needed.*6 to"),
    (lambda: blocks.center(made := chain(8), made.input), r"int16 \(8,\)"),
    (lambda: speech.LogMel(window_ms=32.01).length, "512.16 samples at 16000"),
    (lambda: speech.LogMel(window_ms=200).length, "3200 samples.*2048"),
    (lambda: image.axis_table(5, 20, 24, 8), "5 to 25 of a picture of 24"),
    (lambda: image.intensity_table([1], [0], 1, 0), r"\[0.0\] and scale 1: needed"),
    (run_short_hop, r"\(1, 9\), needed int16 \(1, 10\)"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_is_refused_with_its_number(number: int) -> None:
    make, what = REFUSED[number]
    with pytest.raises(FeatureError) as caught:
        make()
    assert re.search(what, caught.value.what), caught.value.what
