"""Bad input of signals and features: refused where it enters, with the number found and needed.

Blocks by themselves: tests/dsp/test_refusals.py; on the board: tests/firmware/test_stream.py.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from midge.errors import MidgeError
from midge.features import Pipeline
from midge.meta import Raw, load_meta
from midge.model import Model, load
from midge.project import load_project
from midge.train.data import load_dataset

TOML = """
[project]
name = "x"
[data]
source = "recordings"
[sensor]
rate_hz = 8000
[window]
length = 2000
[features]
frame = 400
step = 200
"""


def declared(folder: Path, features: str) -> Pipeline:
    (folder / "midge.toml").write_text(TOML + features, "utf-8")
    found = Pipeline.of_project(load_project(folder))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("features", "block", "says"),
    [
        ('blocks = [{block = "lowpass", hz = 4000}, {block = "mfcc"}]', "block 1 (lowpass)",
         "4000 Hz, needed above 0 and below the Nyquist frequency, 4000 Hz at 8000"),
        ('blocks = [{block = "bandpass", low_hz = 300, high_hz = 200}, {block = "mfcc"}]',
         "block 1 (bandpass)", "[300.0, 200.0]"),
        ('blocks = [{block = "highpass", hz = 0.05, order = 8}, {block = "mfcc"}]',
         "block 1 (highpass)",
         "outermost pole has radius 1.0000000 (needed below 1)"),
        ('blocks = [{block = "decimate", factor = 65}, {block = "mfcc"}]', "block 1 (decimate)",
         "65, needed a whole number from 2 to 64"),
        ('blocks = [{block = "decimate", factor = 3}, {block = "mfcc"}]', "block 1 (decimate)",
         "400 samples is not a multiple of the decimation factor 3"),
        ('kind = "logmel"\nhigh_hz = 4001', "block 1 (logmel)", "4001 Hz: needed 0 <= low < high"),
        ('kind = "spectrum"\nlow_hz = -5', "block 1 (spectrum)", "-5 to"),
        ('kind = "logmel"\nbands = 300', "block 1 (logmel)", "300"),
        ('kind = "statistics"\nnames = ["median"]', "block 1 (statistics)", "median"),
        ('kind = "logmel"\nframe_ms = 50', "[features]", "400 samples and frame_ms is 50"),
        ('kind = "scale"\ngain = [9000]', "[features]", "needed signal blocks, then"),
        ('blocks = [{block = "scale", gain = [9000]}, {block = "mfcc"}]', "block 1 (scale)",
         "9000, needed a magnitude below 8191"),
        ('blocks = [{block = "scale", gain = [inf]}, {block = "mfcc"}]', "block 1 (scale)", "inf"),
    ],
)  # fmt: skip
def test_in_midge_toml(tmp_path: Path, features: str, block: str, says: str) -> None:
    with pytest.raises(MidgeError) as caught:
        declared(tmp_path, features)
    assert says in caught.value.what, caught.value.what
    assert "midge.toml" in caught.value.where and block in caught.value.where, caught.value.where


def test_a_frame_longer_than_the_window(tmp_path: Path) -> None:
    (tmp_path / "midge.toml").write_text(
        TOML.replace("length = 2000", "length = 399") + 'kind = "mfcc"', "utf-8"
    )
    with pytest.raises(MidgeError, match="400 samples is longer than the window of 399"):
        Pipeline.of_project(load_project(tmp_path))


@pytest.fixture(scope="module")
def small(root: Path) -> Any:
    sys.path.insert(0, str(root / "tests/firmware"))
    import small_models

    sys.path.pop(0)
    return small_models


def change(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda features: features.update({key: value})


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (change("gain", [math.nan] * 12), "gain: number 0 of 12 is nan"),
        (change("offset", [0.0] * 11 + [math.inf]), "offset: number 11 of 12 is inf"),
        (change("offset", [0.0]), "1 of offset, needed 12"),
        (change("rate_hz", math.nan), "nan Hz"),
        (change("length", 100000), "int8 (1, 7, 12), the features are int8 (3124, 12)"),
        (change("frame", 4096), "longer than the window of 256"),
        (change("version", 9), "features of version 9, this Midge knows 1"),
        (change("blocks", [{"block": "highpass", "hz": math.nan}]), "found nan"),
        (change("channels", []), "no channels"),
    ],
)
def test_in_what_a_model_carries(
    small: Any, tmp_path: Path, spoil: Callable[[dict[str, Any]], None], says: str
) -> None:
    small.features_model(tmp_path)
    model, side = tmp_path / "heard.tflite", tmp_path / "heard.json"
    kept = small.features_model(tmp_path).meta
    spoil(kept.features[0])
    kept.save(side)
    assert json.loads(side.read_text())["name"] == load_meta(model).name
    with pytest.raises(MidgeError) as caught:
        load(model)
    assert says in caught.value.what, caught.value.what
    assert "heard.tflite" in caught.value.where


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({"offset": [0, 0, 0], "gain": [0.5, math.nan, 1.0]}, "nan"),
        ({"offset": [0, 0, 0], "gain": [0.5, math.inf, 1.0]}, "inf"),
        ({"offset": [0, 0], "gain": [0.5, 0.5]}, "2"),
    ],
)
def test_in_the_scaling_that_a_model_carries(
    small: Any, tmp_path: Path, raw: dict[str, Any], says: str
) -> None:
    meta = small.relu_model(tmp_path).meta
    meta.raw = Raw(**raw)
    meta.save(tmp_path / "relu.json")
    with pytest.raises(MidgeError) as caught:
        load(tmp_path / "relu.tflite")
    assert says in caught.value.what, caught.value.what


def test_at_run_time(small: Any, tmp_path: Path) -> None:
    both = Model(small.two_sensors_model(tmp_path))
    for number, given, says in (
        (0, {"rate_hz": 100}, "trained at 50 samples a second, found 100"),
        (1, {"rate_hz": 62.5}, "trained at 1000 samples a second, found 62.5"),
        (1, {"rate_hz": math.nan}, "found nan"),
        (0, {"channels": 1}, "trained with 3 channels, found 1"),
        (2, {}, "input needs 0..1, found 2"),
    ):
        with pytest.raises(ValueError, match=says.replace(".", "[.]")):
            both.stream(number, **given)  # type: ignore[arg-type]
    imu, mic = both.stream(0, rate_hz=50.01), both.stream(1)
    with pytest.raises(ValueError, match="no window yet, 0 of 2 hops"):
        both.predict((imu, mic))
    with pytest.raises(ValueError, match="a multiple of 3 values of 16 bits, found 8 bytes"):
        imu.push_from(np.zeros(4, np.int16))
    with pytest.raises(ValueError, match="needs values of 16 bits, found 40000"):
        mic.push(40000)


def wav(path: Path, rate: int, samples: int) -> None:
    from scipy.io import wavfile

    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(samples).normal(0, 900, samples).astype(np.int16)
    wavfile.write(path, rate, noise)


@pytest.mark.parametrize(
    ("rate", "samples", "says"),
    [
        (16000, 9000, "recorded at 16000 Hz, the project samples at 8000 Hz"),
        (8000, 0, "no samples in it"),
        (8000, 1999, "class b: its longest recording here has 1998 samples, a window needs 2000"),
    ],
)
def test_in_recordings(tmp_path: Path, rate: int, samples: int, says: str) -> None:
    (tmp_path / "midge.toml").write_text(TOML + 'kind = "mfcc"', "utf-8")
    for take in range(2):
        wav(tmp_path / f"recordings/a/{take}.wav", 8000, 9000 + take)
        wav(tmp_path / f"recordings/b/{take}.wav", rate, samples - take if samples else 0)
    with pytest.raises(MidgeError) as caught:
        load_dataset(load_project(tmp_path))
    assert says in str(caught.value), caught.value
