"""The comparison of a run with the PC, for models that compute features."""

from __future__ import annotations

import binascii
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from midge.agreement import comparable, compare
from midge.model import Model

Records = list[dict[str, Any]]


@pytest.fixture(scope="module")
def small(root: Path) -> Any:
    sys.path.insert(0, str(root / "tests/firmware"))
    import small_models

    sys.path.pop(0)
    return small_models


@pytest.fixture(scope="module")
def heard(small: Any, tmp_path_factory: pytest.TempPathFactory) -> Model:
    return Model(small.features_model(tmp_path_factory.mktemp("heard")))


def signal(n: int, channels: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3000, (n, channels)).astype(np.int16)


def report(model: Model, counts: np.ndarray, since: int, until: int) -> Records:
    """What a board would say of the samples from ``since`` on."""
    stream, records, at = model.stream(), [], since
    while at < until:
        at += stream.push_from(np.ascontiguousarray(counts[at:until]))
        if stream.ready():
            crc = binascii.crc32(stream.window().tobytes())
            scores = np.array(model.predict(stream)).reshape(-1).tolist()
            records.append({"k": "window", "at": at, "since": since, "crc": crc, "scores": scores})
    return records


def test_every_window_of_a_stream_with_a_gap(heard: Model) -> None:
    counts = signal(900, 2)
    records = report(heard, counts, 0, 400) + report(heard, counts, 431, 900)
    assert [r["at"] for r in records] == [256, 320, 384, 687, 751, 815, 879]
    result = compare(records, counts, heard, 256)
    assert result.complete and result.windows == 7


def test_one_other_bit_is_seen(heard: Model) -> None:
    counts = signal(900, 2)
    records = report(heard, counts, 0, 900)
    records[1]["scores"][5] ^= 1  # the model
    records[2]["crc"] ^= 1  # the features
    records[3]["at"] += 1  # no window ends there
    records[4]["since"] = 64  # the filter began elsewhere
    del records[5]["crc"]  # scores alone
    result = compare(records, counts, heard, 256)
    n = len(records)
    assert (result.windows, result.found, result.equal) == (n, n - 3, n - 4)


@pytest.mark.parametrize("silence", [True, False])
def test_behind_the_end(heard: Model, silence: bool) -> None:
    counts = signal(300, 2)
    behind = np.zeros((200, 2), np.int16) if silence else np.repeat(counts[-1:], 200, axis=0)
    records = report(heard, np.concatenate([counts, behind]), 0, 500)
    assert records[-1]["at"] == 448
    assert compare(records, counts, heard, 256, silence=silence).complete
    assert not compare(records, counts, heard, 256, silence=not silence).complete


def test_two_inputs(small: Any, tmp_path: Path) -> None:
    both = Model(small.two_sensors_model(tmp_path))
    slow, fast = signal(150, 3) // 4, signal(3000, 1) // 4
    imu, mic = both.stream(0), both.stream(1)
    records: Records = []
    for i in range(150):
        imu.push_from(slow[i : i + 1])
        used = 0
        while used < 20:
            used += mic.push_from(fast[20 * i : 20 * i + 20], used)
        if imu.ready() and mic.ready():
            crc = binascii.crc32(mic.window().tobytes(), binascii.crc32(imu.window().tobytes()))
            scores = np.array(both.predict((imu, mic))).tolist()
            at = [i + 1, 20 * i + 20]
            records.append({"k": "window", "at": at, "crc": crc, "scores": scores})
    assert len(records) == 3
    assert compare(records, [slow, fast], both, 0).complete
    other = fast.copy()
    other[950:1150] = 0  # in the first window and the second
    assert compare(records, [slow, other], both, 0).equal == 1


def test_what_can_be_compared() -> None:
    assert comparable({"k": "window", "scores": [1], "at": 5})
    assert comparable({"k": "window", "scores": [1], "crc": 5})
    assert not comparable({"k": "window", "scores": [1]})
    assert not comparable({"k": "alert", "scores": [1], "crc": 5})
