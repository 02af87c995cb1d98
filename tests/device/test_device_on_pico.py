"""The examples' board scripts on the emulated Pico, with stand-ins for the trained models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import stand_ins
from device_runner import HERE, ROOT

if TYPE_CHECKING:
    from midge.emulator.sensors import Sensor
    from midge.run import RunResult

pytestmark = [pytest.mark.firmware, pytest.mark.slow]

HOP, LENGTH = 50, 100
Run = Callable[..., "RunResult"]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stand_ins")


@pytest.fixture(scope="session")
def uf2(folder: Path) -> Path:
    from midge.boards import load_board
    from midge.firmware.build import build

    models = [stand_ins.gesture(folder), stand_ins.spikes(folder)]
    return build(models, load_board("RPI_PICO"), folder).uf2


@pytest.fixture
def run(uf2: Path, tmp_path: Path) -> Run:
    """Runs a board script with some of its constants changed."""
    from midge.links import open_link
    from midge.run import run_script

    def do(script: Path, sensors: list[Sensor], **constants: int) -> RunResult:
        text = script.read_text(encoding="utf-8")
        for name, value in constants.items():
            old = next(line for line in text.splitlines() if line.startswith(f"{name} = "))
            text = text.replace(old, f"{name} = {value}")
        changed = tmp_path / "main.py"
        changed.write_text(text, encoding="utf-8")
        with open_link("emulator", uf2, sensors=sensors) as link:
            return run_script(changed, link, 300.0)

    return do


def example(name: str) -> Path:
    return ROOT / "examples" / name / "main.py"


def activities(*classes: int) -> np.ndarray:
    """Counts, 100 samples of each class: its channel is high, the others low; some noise."""
    rng = np.random.default_rng(7)
    counts = rng.integers(-300, 300, (len(classes) * LENGTH, 6))
    counts -= stand_ins.COUNT
    for i, kind in enumerate(classes):
        counts[i * LENGTH : (i + 1) * LENGTH, kind] += 2 * stand_ins.COUNT
    return counts.astype(np.int16)


def motion(counts: np.ndarray, **failing: object) -> Sensor:
    from midge.emulator.sensors import Mpu6050

    return Mpu6050(counts, 10.0, accel_g=4, gyro_dps=2000, **failing)  # type: ignore[arg-type]


def assert_equal_to_host(result: RunResult, model: Path, counts: np.ndarray, length: int) -> None:
    import midge
    from midge.agreement import compare

    agreement = compare(result.records, counts, midge.load(str(model)), length)
    assert agreement.complete, str(agreement)


def test_gesture(run: Run, folder: Path) -> None:
    counts = activities(0, 1, 3)
    result = run(example("gesture"), [motion(counts)], WINDOWS=5)
    windows, (end,) = result.of_kind("window"), result.of_kind("end")
    assert [window["n"] for window in windows] == [0, 1, 2, 3, 4]
    assert [windows[i]["label"] for i in (0, 2, 4)] == ["Standing", "Running", "Badminton"]
    assert_equal_to_host(result, folder / "gesture.tflite", counts, LENGTH)
    assert [alert["label"] for alert in result.of_kind("alert")] == ["Running", "Badminton"]
    levels = [edge.level for edge in result.gpio if edge.pin == 15]
    assert [level for level in levels if level] == [1, 1] and levels[-1] == 0
    assert (end["count"], end["overruns"], end["errors"], end["windows"]) == (300, 0, 0, 5)
    # A sample every 100 ms takes some 2 ms; 10% leaves room for a slower interpreter.
    assert end["awake_ms"] < 0.1 * (end["awake_ms"] + end["asleep_ms"])
    # A light sleep ends up to 1 ms late by its slack; waking up and reading take the rest.
    assert end["jitter_us"] < 5000


def test_gesture_windows_come_every_hop(run: Run) -> None:
    result = run(example("gesture"), [motion(activities(2, 2))], WINDOWS=3)
    times = [window["t"] for window in result.of_kind("window")]
    assert np.allclose(np.diff(times), HOP * 100, atol=5)  # ms; the slack of the light sleep


def test_gesture_goes_on_when_the_sensor_fails(run: Run, folder: Path) -> None:
    counts = activities(1, 0, 2)
    sensor = motion(counts, fail_between=(12.05, 14.05))  # between two samples
    result = run(example("gesture"), [sensor], WINDOWS=2)
    failed, answers = result.of_kind("error")
    assert "OSError" in failed["what"] and 12000 <= failed["t"] <= 12400
    assert "again" in answers["what"] and 13900 <= answers["t"] <= 14400
    first, second = result.of_kind("window")
    assert second["t"] - answers["t"] >= 9900  # a window without a gap in it: 10 s of samples
    assert first["t"] < failed["t"]
    assert_equal_to_host(result, folder / "gesture.tflite", counts, LENGTH)
    (end,) = result.of_kind("end")
    assert end["errors"] == 40  # 20 samples, each tried twice
    assert end["windows"] == 2


def test_gesture_without_a_sensor_says_so_and_ends(run: Run) -> None:
    sensor = motion(activities(0), absent=True)
    result = run(example("gesture"), [sensor], WINDOWS=2, LONGEST_S=3)
    assert [record["k"] for record in result.records] == ["error", "end"]
    assert "OSError" in result.records[0]["what"]
    assert result.records[1]["windows"] == 0 and 2900 <= result.records[1]["t"] <= 4000


def test_spikes(run: Run, folder: Path) -> None:
    from midge.emulator.sensors import AdcSource

    rng = np.random.default_rng(8)
    levels = np.repeat([0, 3000, 0, 0, 4000], 64)
    counts = (levels + rng.integers(0, 90, len(levels))).astype(np.int16)
    result = run(example("spikes"), [AdcSource(counts, 100.0)], WINDOWS=5)
    labels = [window["label"] for window in result.of_kind("window")]
    assert labels == ["normal", "spikes", "normal", "normal", "spikes"]
    assert len(result.of_kind("alert")) == 2
    assert_equal_to_host(result, folder / "spikes.tflite", counts[:, np.newaxis], 64)
    (end,) = result.of_kind("end")
    assert (end["count"], end["overruns"], end["windows"]) == (320, 0, 5)


def test_samples_and_windows_allocate_nothing(run: Run) -> None:
    result = run(HERE / "pico_no_allocation.py", [motion(activities(0, 1))])
    words = result.lines[-1].split()
    report = {words[i]: int(words[i + 1]) for i in (0, 2, 4)}
    assert report["grown"] <= 0 and report["windows"] == 8, json.dumps(report)


def test_timer_samples_in_the_background(run: Run) -> None:
    from midge.emulator.sensors import AdcSource

    ramp = np.arange(2000, dtype=np.int16)
    result = run(HERE / "pico_timer.py", [AdcSource(ramp, 200.0)])
    assert len(result.lines) == 2  # a soft timer and a hard one
    for line in result.lines:
        took_us, overruns, *values = map(int, line.split())
        assert overruns == 0 and len(values) == 30
        # Two ticks may see the same 5 ms of the ramp, or skip one: the ADC's clock starts later.
        assert np.all(np.diff(values) >= 0) and 28 <= values[-1] - values[0] <= 30, values
        assert took_us + 5000 >= 30 * 5000, took_us


def test_capture_by_dma_and_from_a_fifo(uf2: Path) -> None:
    from midge.emulator.sensors import AdcSource, Mpu6050
    from midge.links import open_link
    from midge.run import run_script

    ramp = np.arange(4000)
    sensors = [
        AdcSource(ramp, 12000.0),
        AdcSource(4095 - ramp, 12000.0, channel=2),
        Mpu6050(np.stack([ramp] * 6, 1).astype(np.int16), 500.0),
    ]
    with open_link("emulator", uf2, sensors=sensors) as link:
        result = run_script(HERE / "pico_capture.py", link, 300.0)
        # The next script begins with a soft reset, which must have stopped what was left running.
        after = run_script(HERE / "pico_adc_control.py", link, 60.0)
    said = {line.split()[0]: line.split()[1:] for line in result.lines}
    assert said["steady"][:4] == ["12000.0", "True", "0", "0"]
    assert [int(v) for v in said["steady"][4:]] == list(range(512))
    assert int(said["jitter"][0]) <= 20  # 0.2 of a sample: interrupts come at once
    gap, shift, lost = said["late"]
    assert gap == "True" and int(shift) == int(lost) + 256 and int(lost) % 256 == 0 < int(lost)
    first, third = (np.array(said["pins"][i::2], int) for i in (0, 1))
    assert np.all(np.diff(first) == 2) and np.all(np.diff(third) == -2)
    assert len(first) == 64 and third[0] == 4095  # its recording begins with its first sample
    assert said["locked"] == ["384", "0"] and said["free"] == []
    assert [int(v) for v in said["fifo"]] == [0, 0, *range(1, 101)]
    gap, overflows, lost, jump = said["overflow"]
    assert (gap, overflows) == ("True", "1") and abs(int(jump) - int(lost) - 1) <= 1
    assert after.lines == ["0"]
