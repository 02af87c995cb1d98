"""[budget] and [power]: energy, battery life, and what is said of a budget that is not kept."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import cost_layers
import pytest
import tflite_writer

from midge import power, verdict
from midge.boards import load_board
from midge.commands.common import goal_of
from midge.compile import CompiledModel, compile_model
from midge.errors import BudgetError
from midge.meta import Meta
from midge.project import BudgetSection, PowerSection, Project, ProjectSection
from midge.verdict import Figures, check_budget, figures_of, judge

PICO = load_board("RPI_PICO")


def project(power_keys: dict[str, Any] | None = None, **budget: Any) -> Project:
    return Project(
        ProjectSection("net"),
        Path("/nowhere"),
        budget=BudgetSection(**budget),
        power=PowerSection(**(power_keys or {})),
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small convolutional network with several layers."""
    path = tmp_path_factory.mktemp("verdict") / "net.tflite"
    path.write_bytes(tflite_writer.write(cost_layers.network(103)))
    return path


def compiled(path: Path, settings: Project, accuracy: float | None = None) -> CompiledModel:
    meta = Meta(name="net", extra={} if accuracy is None else {"accuracy": {"int8": accuracy}})
    return compile_model(path, meta, goal_of(PICO, settings))


def test_energy_and_battery_by_hand() -> None:
    """10 ms every second at 21 mA, 990 ms at 1.5 mA: 1.695 mA of 5 V."""
    duty = power.duty_of(project({"decisions_per_hour": 3600.0, "battery_mah": 1000.0}), PICO)
    used = power.usage(PICO, 0.010 * PICO.clock_hz, duty)
    assert used.inference_mj == pytest.approx(21.0 * 5.0 * 0.010)
    assert used.awake_share == pytest.approx(0.01)
    assert used.average_ma == pytest.approx(0.01 * 21.0 + 0.99 * 1.5)
    assert used.day_j == pytest.approx(1.695e-3 * 5.0 * 86400)
    assert used.battery_days == pytest.approx(1000 / 1.695 / 24)
    # three cells of 1.5 V hold 4.5/5 of the energy
    three = dataclasses.replace(duty, battery_volts=4.5)
    assert power.usage(PICO, 0.010 * PICO.clock_hz, three).battery_days == pytest.approx(
        0.9 * 1000 / 1.695 / 24
    )


def test_duty_comes_from_sensor_window_and_power() -> None:
    plain = dataclasses.replace(project())  # 10 Hz, windows of 64
    assert power.duty_of(plain, PICO).decisions_per_hour == pytest.approx(3600 * 10 / 64)
    asleep = [power.duty_of(project({"sleep": s}), PICO).sleep_ma for s in ("dormant", "none")]
    assert asleep == [PICO.dormant_ma, PICO.active_ma]
    always = power.usage(PICO, 1e6, power.duty_of(project({"awake": 1.0, "extra_ma": 4.0}), PICO))
    assert always.average_ma == pytest.approx(25.0)


def test_cycles_for_a_day_is_the_inverse_of_usage() -> None:
    duty = power.duty_of(project({"decisions_per_hour": 720.0, "awake": 0.1}), PICO)
    for cycles in (1e5, 3e7):
        day = power.usage(PICO, cycles, duty).day_j
        assert power.cycles_for(PICO, duty, day) == pytest.approx(cycles)
    assert power.cycles_for(PICO, duty, 100.0) < 0  # asleep it takes 648 J and more


def test_a_verdict_for_each_key_at_both_sides_of_its_limit() -> None:
    figures = Figures(flash_bytes=2048, ram_bytes=1024, cycles=1.25e6, accuracy=0.9)
    keys = {"decisions_per_hour": 100.0, "battery_mah": 500.0}
    used = power.usage(PICO, 1.25e6, power.duty_of(project(keys), PICO))
    exact = {
        "flash_kb": 2.0, "ram_kb": 1.0, "latency_ms": 10.0, "energy_mj": used.inference_mj,
        "day_j": used.day_j, "battery_days": used.battery_days, "accuracy": 0.9,
    }  # fmt: skip
    assert [one.key for one in judge(figures, PICO, project(keys, **exact))] == list(exact)
    for key, limit in exact.items():
        tighter = 1.001 if key in ("accuracy", "battery_days") else 0.999
        (kept,) = judge(figures, PICO, project(keys, **{key: limit}))
        (lack,) = judge(figures, PICO, project(keys, **{key: limit * tighter}))
        assert (kept.ok, lack.ok) == (True, False), key


def test_the_message_names_the_layer_and_the_nearest_budget_is_kept(path: Path) -> None:
    wanted = project(ram_kb=0.5, latency_ms=3.0, flash_kb=1.0, energy_mj=0.2)
    model = compiled(path, wanted)
    with pytest.raises(BudgetError) as caught:
        check_budget(model, PICO, wanted)
    error = caught.value
    assert error.where == "/nowhere/midge.toml: [budget] flash_kb, ram_kb, latency_ms, energy_mj"
    slowest = max(model.program.steps, key=lambda step: step.cycles or 0)
    cycles = round(sum(step.cycles or 0 for step in model.program.steps))
    most = re.search(r"most cycles in:\n +([\d,]+) cycles \(\d+%\)  (.*)", error.what)
    assert most is not None and most[2] == slowest.layer
    assert most[1] == f"{round(slowest.cycles or 0):,}"
    assert f"({cycles:,} cycles)" in error.what and slowest.layer in error.do
    peak = model.program.steps[max(model.plan.peak_step, 0)].layer
    assert f"{model.ram_bytes} B, the budget is 512 B" in error.what
    assert f"layer {peak}" in error.do


@pytest.mark.parametrize("seed", range(101, 106))
def test_the_nearest_budget_is_kept(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(tflite_writer.write(cost_layers.network(seed)))
    wanted = project(ram_kb=0.5, latency_ms=0.1, flash_kb=0.5, energy_mj=0.01)
    with pytest.raises(BudgetError) as caught:
        check_budget(compiled(path, wanted), PICO, wanted)
    told = caught.value.do.split("nearest that it keeps")[1]
    nearest = {key: float(value) for key, value in re.findall(r"(\w+) = ([\d.e+-]+)", told)}
    assert set(nearest) == {"flash_kb", "ram_kb", "latency_ms", "energy_mj"}
    kept = project(**nearest)
    assert all(one.ok for one in check_budget(compiled(path, kept), PICO, kept))
    tighter = project(**{**nearest, "latency_ms": 0.98 * nearest["latency_ms"]})
    with pytest.raises(BudgetError):
        check_budget(compiled(path, tighter), PICO, tighter)


def test_what_would_help_is_enough(path: Path) -> None:
    """A latency that the slowest layer can make up for: the share named is just enough."""
    model = compiled(path, project())
    slowest = max(step.cycles or 0 for step in model.program.steps)
    limit = 1000 * (figures_of(model).cycles - 0.3 * slowest) / PICO.clock_hz
    with pytest.raises(BudgetError, match=r"take 3[01]% of the cycles of layer \d"):
        check_budget(model, PICO, project(latency_ms=limit))
    with pytest.raises(BudgetError, match="no single layer is enough"):
        check_budget(model, PICO, project(latency_ms=limit / 1000))


def test_days_that_sleep_alone_uses_up(path: Path) -> None:
    wanted = project({"battery_mah": 100.0}, battery_days=1000.0)
    with pytest.raises(BudgetError, match=r"without any inference the board takes 648 J a day"):
        check_budget(compiled(path, wanted), PICO, wanted)
    with pytest.raises(BudgetError, match="battery_days is not known: no .power. battery_mah"):
        check_budget(compiled(path, project()), PICO, project(battery_days=10.0))


def test_accuracy_wanted(path: Path) -> None:
    wanted = project(accuracy=0.9)
    assert check_budget(compiled(path, wanted, 0.9), PICO, wanted)[0].ok
    with pytest.raises(BudgetError, match=r"accuracy is 85\.0%, the budget wants 90\.0%: 5\.0 po"):
        check_budget(compiled(path, wanted, 0.85), PICO, wanted)
    with pytest.raises(BudgetError, match="the model's is not known"):
        check_budget(compiled(path, wanted), PICO, wanted)


def test_kernels_without_figures_are_said(path: Path) -> None:
    wanted = project(latency_ms=1000.0)
    model = compiled(path, wanted)
    model.program.steps[0].cycles = None
    verdicts = check_budget(model, PICO, wanted)
    assert verdicts[0].ok is None
    text = verdict.table(verdicts, figures_of(model))
    assert f"no figures for {model.program.steps[0].kernel}" in text and "not known" in text


def test_small_kernels_keep_the_energy_budget(path: Path) -> None:
    """``prefer = "ram"`` goes as far down as the strictest of the budgets lets it."""
    fast = figures_of(compiled(path, project())).cycles
    mj = power.inference_mj(PICO, 1.1 * fast)
    wanted = project(prefer="ram", energy_mj=mj)
    assert fast < figures_of(compiled(path, wanted)).cycles <= 1.1 * fast
