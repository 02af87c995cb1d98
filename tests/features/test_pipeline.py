"""Pipelines on the PC: shapes, scaling, streaming against batch, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from midge import Pipeline
from midge.dsp.speech import LogMel
from midge.errors import FeatureError
from midge.features import columns
from midge.features.pipeline import SCALE
from midge.stream import Stream

MEL = {"block": "logmel", "bands": 12}


def noise(n: int, length: int, channels: int = 1) -> np.ndarray:
    rng = np.random.default_rng(3)
    return rng.normal(0, 2000, (n, length, channels)).astype(np.int16)


def pipeline(blocks: list[dict[str, Any]], **more: Any) -> Pipeline:
    settings = {"rate_hz": 2000, "length": 1000, "hop": 256, "frame": 128, "step": 64}
    return Pipeline(blocks, **{**settings, **more})


KINDS = {
    "logmel": ([MEL], (14, 12)),
    "mfcc": ([{"block": "mfcc", "bands": 12, "coefficients": 5}], (14, 5)),
    "spectrum": ([{"block": "spectrum", "bands": 8}], (14, 8)),
    "every bin": ([{"block": "spectrum", "high_hz": 500}], (14, 32)),
    "statistics": ([{"block": "statistics", "names": ["rms", "crest"]}], (14, 2)),
    "both": ([{"block": "spectrum", "bands": 8}, {"block": "statistics"}], (14, 13)),
    "decimated": ([{"block": "decimate", "factor": 2}, MEL], (14, 12)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_and_scaling(kind: str) -> None:
    blocks, shape = KINDS[kind]
    windows = noise(12, 1000)
    made = pipeline(blocks).fit(windows)
    assert made.shape == shape
    real = made.real(windows)
    assert real.shape == (12, *shape)
    assert np.abs(real.mean((0, 1))).max() < 0.4  # offsets are whole units of the block
    moving = real.std((0, 1)) > 0
    assert np.abs(real.std((0, 1))[moving] - 1).max() < 0.25
    assert np.array_equal(real, made.quantized(windows) * np.float32(SCALE))


@pytest.mark.parametrize(
    ("blocks", "dead"),
    [
        ([{"block": "spectrum", "bands": 8}, {"block": "statistics", "names": ["mean", "std"]}],
         [f"y spectrum {i}" for i in range(8)] + ["y mean", "y std"]),
        ([{"block": "raw"}], ["y"]),
    ],
)  # fmt: skip
def test_a_column_that_never_moved_is_0_whatever_comes(
    blocks: list[dict[str, Any]], dead: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Not a gain of 1 a step, by which the least move on the board would be as loud as can be."""
    windows = noise(6, 1000, 2)
    other = windows.copy()
    windows[..., 1] = 77
    sizes = {"frame": 0, "step": 0} if blocks[0]["block"] == "raw" else {}
    made = pipeline(blocks, channels=["x", "y"], **sizes).fit(windows)
    assert columns.dead(made) == dead
    real = made.real(other)
    names = [name for part in columns.column_names(made) for name in part]
    still = np.array([name in dead for name in names])
    assert not real[..., still].any() and real[..., ~still].std((0, 1)).min() > 0.5
    columns.warn(made)
    said = capsys.readouterr().err
    assert f"{len(dead)} of {len(names)} columns never move in the data to train on" in said
    assert dead[0] in said and "the model sees 0 there" in said
    columns.warn(pipeline(blocks, channels=["x", "y"], **sizes).fit(other))
    assert not capsys.readouterr().err


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
def test_streaming_is_the_batch(kind: str, channels: int) -> None:
    """Every window of a stream, pushed in odd parts, has the bits of the window by itself."""
    blocks = [block for block in KINDS[kind][0] if block["block"] != "decimate"]
    made = pipeline(blocks, channels=channels, length=960).fit(noise(4, 960, channels))
    signal = noise(1, 2500, channels)[0]
    stream = Stream("x", made.compile(), 2000, channels)
    at, starts = 0, []
    while at < len(signal):
        end = min(at + 37, len(signal))
        while at < end:
            at += stream.push_from(signal[at:end])
            if stream.ready():
                starts.append(at - 960)
                batch = made.quantized(signal[None, at - 960 : at])
                assert np.array_equal(stream.window(), batch.reshape(-1))
    assert starts == list(range(0, 2500 - 960 + 1, 256)) and stream.count == len(starts)


def test_a_frame_that_steps_do_not_divide() -> None:
    blocks = [{"block": "statistics"}]
    made = Pipeline(blocks, rate_hz=50, length=50, hop=32).fit(noise(9, 50))
    assert made.shape == (1, 5) and made.used == 64
    signal = noise(1, 300)[0]
    stream = Stream("x", made.compile(), None, None)
    for end in range(64, 300, 32):
        assert not stream.ready() or stream.count
        stream.push_from(signal[end - 32 if stream.count else 0 : end])
        assert stream.ready()
        batch = made.quantized(signal[None, end - 50 : end])
        assert np.array_equal(stream.window(), batch.reshape(-1))


def test_raw_is_the_samples() -> None:
    windows = noise(6, 96, 3)
    made = Pipeline([{"block": "raw"}], rate_hz=100, channels=3, length=96, hop=32).fit(windows)
    assert made.shape == (96, 3) and made.step == 32
    assert made.offset is not None and made.gain is not None
    wanted = (windows - np.array(made.offset)) * np.array(made.gain) / SCALE
    assert np.abs(made.quantized(windows) - np.clip(np.rint(wanted), -128, 127)).max() <= 1


def test_values_are_log_mel_of_the_reference() -> None:
    made = pipeline([MEL])
    windows = noise(1, 1000)
    spec = LogMel(2000, 64, 32, bands=12)
    used = made.steps_of(windows[0]).reshape(-1)
    frames = [spec.reference(used[i * 64 : i * 64 + 128]) for i in range(made.rows)]
    assert np.abs(made.values(windows)[0] / 256 - np.array(frames)).max() < 0.1


def test_a_filter_starts_settled() -> None:
    windows = noise(4, 1000) // 100 + 8000
    filtered = pipeline([{"block": "highpass", "hz": 20}, MEL])
    first, last = (filtered.values(windows)[:, i].mean() for i in (0, -1))
    assert abs(first - last) < 256  # one in log2; 8000 counts let loose are ten


def test_a_description_is_the_pipeline() -> None:
    windows = noise(5, 1000)
    made = pipeline([{"block": "notch", "hz": 50, "q": 5}, MEL], scaling="block").fit(windows)
    again = Pipeline.from_dict(json.loads(json.dumps(made.as_dict())), "x.json")
    assert again.as_dict() == made.as_dict()
    assert np.array_equal(again.quantized(windows), made.quantized(windows))
    assert made.gain is not None and len(set(made.gain)) == 1


def test_edges_give_features() -> None:
    t = np.arange(1000)
    edges = [
        np.zeros(1000), np.full(1000, 32767), np.full(1000, -32768), 32767 * (t == 500),
        np.where(t % 2, 32767, -32768), np.clip(90000 * np.sin(t / 9), -32768, 32767),
    ]  # fmt: skip
    windows = np.array(edges).astype(np.int16)[..., None]
    made = pipeline(KINDS["both"][0]).fit(noise(5, 1000))
    assert len(np.unique(made.quantized(windows))) > 5


REFUSED = [
    ({"blocks": []}, "needed signal blocks, then"),
    ({"blocks": [MEL, {"block": "notch", "hz": 50}]}, "needed signal blocks, then"),
    ({"blocks": [{"block": "logmal"}]}, "did you mean logmel"),
    ({"blocks": [{"block": "logmel", "band": 3}]}, "has no parameter band"),
    ({"blocks": [{"block": "highpass"}, MEL]}, "needs hz"),
    ({"blocks": [{"block": "highpass", "hz": "60"}, MEL]}, "needs a number, found '60'"),
    ({"blocks": [{"block": "highpass", "hz": 1200}, MEL]}, "below the Nyquist frequency"),
    ({"blocks": [{"block": "highpass", "hz": float("nan")}, MEL]}, "found nan"),
    ({"blocks": [{"block": "logmel", "high_hz": 1500}]}, "1000 Hz, the Nyquist"),
    ({"blocks": [{"block": "decimate", "factor": 3}, MEL]}, "not a multiple of the decimation"),
    ({"blocks": [{"block": "raw"}, MEL]}, "raw and logmel: .* stand in a row by themselves"),
    ({"frame": 1001}, "longer than the window of 1000"),
    ({"step": 200}, "longer than the frame"),
    ({"hop": 100}, "set \\[window\\] hop to 128"),
    ({"rate_hz": 0}, "needed above 0"),
    ({"scaling": "row"}, "needed one of column, block"),
    ({"offset": [0.0] * 12, "gain": [float("nan")] * 12}, "gain: number 0 of 12 is nan"),
    ({"offset": [0.0], "gain": [1.0]}, "1 of offset, needed 12"),
]


@pytest.mark.parametrize(("change", "says"), REFUSED)
def test_refusals(change: dict[str, Any], says: str) -> None:
    settings = {"blocks": [MEL], **change}
    with pytest.raises(FeatureError, match=says):
        pipeline(settings.pop("blocks"), **settings).compile()


def test_windows_of_another_size_are_refused() -> None:
    made = pipeline([MEL])
    for wrong in (noise(1, 999), noise(1, 1000, 2), noise(1, 1000).astype(np.int32)):
        with pytest.raises(FeatureError, match="needed int16"):
            made.values(wrong)
    with pytest.raises(FeatureError, match="midge train"):
        made.compile()
    with pytest.raises(FeatureError, match="version 2"):
        Pipeline.from_dict({**made.as_dict(), "version": 2}, "x.json")
