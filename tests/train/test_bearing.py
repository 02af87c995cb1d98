"""The example `bearing`: the split by load, training, and the whole way on the emulated Pico."""

from __future__ import annotations

import importlib.util
import shutil
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

LABELS = ["normal", "ball", "inner", "outer"]
RATE_HZ = 12000
_ROTATIONS = (1797, 1772, 1750)


@pytest.fixture(scope="session")
def cwru(root: Path) -> types.ModuleType:
    """examples/bearing/cwru.py as a module."""
    spec = importlib.util.spec_from_file_location("cwru", root / "examples/bearing/cwru.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(root: Path, tmp_path: Path) -> Callable[..., Path]:
    """A copy of the example with some of its lines changed; returns its folder."""
    pytest.importorskip("tensorflow", reason="training needs the extra: pip install .[train]")

    def copy(**changed: int) -> Path:
        folder = tmp_path / "bearing"
        ignore = shutil.ignore_patterns("build", "recordings", "__pycache__")
        shutil.copytree(root / "examples" / "bearing", folder, ignore=ignore)
        toml = folder / "midge.toml"
        lines = toml.read_text("utf-8").splitlines()
        for name, value in changed.items():
            (at,) = [i for i, line in enumerate(lines) if line.startswith(f"{name} = ")]
            lines[at] = f"{name} = {value}"
        toml.write_text("\n".join(lines) + "\n", "utf-8")
        return folder

    return copy


def ringing(rng: np.random.Generator, name: str, seconds: float, gain: float) -> np.ndarray:
    """12-bit counts of a machine that is not there: noise; with a fault, impacts that ring at a
    frequency and at a rate of its own. int16 [n]."""
    n = round(seconds * RATE_HZ)
    signal = rng.normal(0, 20, n) + 30 * np.sin(2 * np.pi * 430 / RATE_HZ * np.arange(n))
    faults = {"ball": (1400, 70), "inner": (2700, 160), "outer": (3900, 105)}
    if name in faults:
        ring_hz, rate = faults[name]
        t = np.arange(200) / RATE_HZ
        ring = 250 * np.exp(-t * 500) * np.sin(2 * np.pi * ring_hz * t)
        hits = np.zeros(n)
        times = np.cumsum(RATE_HZ / rate * rng.uniform(0.97, 1.03, n)).astype(int)
        hits[times[times < n]] = rng.uniform(0.7, 1.3, int((times < n).sum()))
        signal += np.convolve(hits, ring)[:n]
    return np.clip(np.rint(signal * gain) + 2048, 0, 4095).astype(np.int16)


def verdicts(model: Path, folder: Path) -> tuple[float, float]:
    """Shares of the test windows right: fault or normal; which fault, of the faulty ones."""
    from midge.project import load_project
    from midge.train.data import load_dataset
    from midge.train.evaluate import predict_windows

    test = load_dataset(load_project(folder)).test
    found, true = predict_windows(model, test.counts).argmax(axis=1), test.classes
    return float(((found > 0) == (true > 0)).mean()), float((found == true)[true > 0].mean())


def made_up(seconds: float, rpms: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Arrays like those of ../shared/data/cwru_bearing_3loads.npz; every sample has its number."""
    labels = ["normal", *(f"{kind}_007" for _ in rpms for kind in LABELS[1:])]
    n = round(seconds * RATE_HZ)
    return {
        "signal": (np.arange(n * len(labels)) % 30000).astype(np.int16),
        "length": np.full(len(labels), n, np.int32),
        "label": np.array(labels),
        "rpm": np.array([rpms[0], *np.repeat(rpms, 3)], np.int16),
        "sample_rate": np.int32(RATE_HZ),
    }


def test_a_speed_is_on_one_side_and_normal_running_is_cut_in_time(cwru: types.ModuleType) -> None:
    data = made_up(10, _ROTATIONS)
    sides = cwru.cut(data, 1772)
    faulty = {
        side: [(n, s) for n, s, _ in found if n != "normal"] for side, found in sides.items()
    }
    assert {speed for _, speed in faulty["test"]} == {1772}
    assert {speed for _, speed in faulty["train"]} == {1797, 1750}
    assert sorted(name for name, _ in faulty["test"]) == ["ball", "inner", "outer"]
    first, last = (
        next(counts for name, _, counts in sides[side] if name == "normal")
        for side in ("train", "test")
    )
    whole = cwru.counts(data["signal"][: 10 * RATE_HZ])
    assert np.array_equal(first, whole[: 6 * RATE_HZ])
    assert np.array_equal(last, whole[7 * RATE_HZ :])


def test_counts_are_what_the_adc_would_read(cwru: types.ModuleType) -> None:
    ends = cwru.counts(np.array([-32768, -1, 0, 15, 16, 32767], np.int16))
    assert ends.tolist() == [0, 2047, 2048, 2048, 2049, 4095]


def test_an_unknown_speed_is_refused(cwru: types.ModuleType) -> None:
    with pytest.raises(SystemExit, match="no recording at 900 rpm"):
        cwru.cut(made_up(10, _ROTATIONS), 900)


@pytest.mark.slow
def test_trains_on_what_a_user_records(project: Callable[..., Path]) -> None:
    """CSV as record.py prints it; tested on a machine of another level, and as a stream."""
    import midge
    from midge.project import load_project
    from midge.train import train
    from midge.train.evaluate import predict_windows

    folder = project(epochs=12)
    rng = np.random.default_rng(4)
    for side, gains in (("train", (1.0, 0.8)), ("test", (2.0,))):
        for name in LABELS:
            for number, gain in enumerate(gains):
                counts = ringing(rng, name, 4.0, gain)
                piece = np.arange(len(counts)) * 2 // len(counts)
                path = folder / "recordings" / side / name / f"{number}.csv"
                path.parent.mkdir(parents=True, exist_ok=True)
                rows = "".join(f"{c},{p}\n" for c, p in zip(counts, piece, strict=True))
                path.write_text("accel,recording\n" + rows, "utf-8")
    made = train(load_project(folder))
    fault, kind = verdicts(made, folder)
    assert fault >= 0.97 and kind >= 0.9, (fault, kind)

    model = midge.load(str(made))
    counts = ringing(rng, "inner", 0.6, 1.0)
    stream = model.stream(rate_hz=RATE_HZ, channels=1)
    at = 0
    while at < len(counts):
        at += stream.push_from(counts, at)
        if stream.ready():
            start = (stream.count - 1) * 1280
            window = counts[np.newaxis, start : start + 2304, np.newaxis]
            expected = predict_windows(made, window)[0]
            assert np.array_equal(np.ravel(model.predict(stream)), expected)
    assert stream.count == (len(counts) - 2304) // 1280 + 1


@pytest.mark.slow
@pytest.mark.firmware
def test_unseen_load_and_the_emulated_pico(
    project: Callable[..., Path], cwru: types.ModuleType, shared_data: Path
) -> None:
    """Reduced: one rotation of three, every second window, a third of the epochs, 6 windows."""
    from midge.boards import load_board
    from midge.commands.run import agreement_of, sensors_of
    from midge.compile import compile_model
    from midge.firmware.build import build
    from midge.links import open_link
    from midge.project import load_project
    from midge.run import run_script
    from midge.train import train

    folder = project(hop=2560, epochs=10)
    cwru.main(shared_data / "cwru_bearing_3loads.npz", "1750", folder / "recordings")
    loaded = load_project(folder)
    made = train(loaded)
    fault, kind = verdicts(made, folder)
    assert fault >= 0.97 and kind >= 0.9, (fault, kind)

    script = folder / "main.py"
    text = script.read_text("utf-8")
    script.write_text(text.replace("WINDOWS = 16 ", "WINDOWS = 6 "), "utf-8")
    uf2 = build([compile_model(made)], load_board("RPI_PICO"), folder / "build").uf2
    with open_link("emulator", uf2, sensors=sensors_of(loaded)) as link:
        result = run_script(script, link, 300.0)
    windows = result.of_kind("window")
    assert [window["n"] for window in windows] == list(range(6))
    # what `midge run` says
    agreement = agreement_of(loaded, result.records)
    assert str(agreement) == "all 6 windows equal the PC's prediction, bit for bit"
    (end,) = result.of_kind("end")
    assert (end["overruns"], end["errors"], end["windows"]) == (0, 0, 6)
