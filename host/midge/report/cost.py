"""What the model costs on its board: layers, arena, energy; and what each step of making it
smaller bought."""

from __future__ import annotations

import dataclasses
from typing import Any

from midge import arena_map, power, verdict
from midge.commands.check import cycles_of, report_of
from midge.report import kit, svg
from midge.report.evidence import Evidence
from midge.report.kit import Html, Section


def costs(evidence: Evidence) -> dict[str, Any]:
    """What ``midge check --json`` says."""
    return report_of(evidence.compiled, evidence.board, evidence.project)


def _bench(evidence: Evidence, expected: int | None) -> Html:
    if evidence.on_board is None:
        return kit.tag("code", "midge bench") + " measures."
    total = sum(evidence.on_board.cycles)
    stack = evidence.on_board.stack_bytes
    words = f"Measured on the emulated core: {total:,} cycles, {stack:,} B of stack"
    return kit.esc(f"{words}; expected: {expected:,}." if expected else f"{words}.")


_BUDGETS = {
    "flash_kb": "flash, KiB", "ram_kb": "RAM, KiB", "latency_ms": "an inference, ms",
    "energy_mj": "an inference, mJ", "day_j": "a day, J", "battery_days": "battery, days",
    "accuracy": "accuracy, share",
}  # fmt: skip


def budget(evidence: Evidence) -> Section | None:
    """What ``[budget]`` allows and what the model takes; None without a budget."""
    found = dataclasses.replace(
        verdict.figures_of(evidence.compiled), accuracy=evidence.accuracy.value
    )
    rows = []
    for one in verdict.judge(found, evidence.board, evidence.project):
        kept = {True: "kept", False: kit.tag("b", "not kept", cls="wrong"), None: "not known"}
        value = "\u2013" if one.found is None else f"{one.found:,.4g}"
        rows.append((_BUDGETS.get(one.key, one.key), f"{one.limit:,.4g}", value, kept[one.ok]))
    if not rows:
        return None
    table = kit.table(("", "budget", "takes", ""), rows, left=(0, 3), id="budget-table")
    return Section("budget", "Budget", table)


def layers(evidence: Evidence, cost: dict[str, Any]) -> Section:
    """Expected cycles and constants of each layer, and the builds between fast and small."""
    rows = cost["layers"]
    most = max((row["cycles"] or 0 for row in rows), default=0) or 1
    total = cost["cycles"]
    measured = evidence.on_board.cycles if evidence.on_board is not None else None
    shown = []
    for number, row in enumerate(rows):
        cycles = row["cycles"]
        kernel = kit.esc(row["kernel"])
        if row["note"]:
            kernel = kit.join([kernel, Html("<br>"), kit.tag("span", row["note"], cls="small")])
        shown.append((
            row["layer"], kernel, *([f"{measured[number]:,}"] if measured else []),
            _number(cycles), kit.bar((cycles or 0) / most),
            f"{100 * cycles / total:.1f}%" if cycles is not None and total else "\u2013",
            _number(row["macs"] or None), f"{row['weights_bytes']:,}",
        ))  # fmt: skip
    board = evidence.board
    body = [
        kit.table(
            ("layer", "kernel", *(["measured"] if measured else []), "expected", "", "share",
             "MACs",
             "constants, B"),
            shown, left=(0, 1, 4 if measured else 3), id="layer-table",
        ),
        kit.note(
            f"Expected: cycles by the cost model on {board.name} with ideal memory; a whole "
            f"network is within 5% of the emulated core. {_of_features(evidence)}",
            _bench(evidence, total),
        ),
    ]  # fmt: skip
    if len(cost["front"]) > 1:
        body.append(_front(cost))
    return Section("layers", "Cost of each layer", kit.join(body))


def _of_features(evidence: Evidence) -> str:
    cycles = evidence.compiled.features_cycles
    if not evidence.compiled.features:
        return ""
    if cycles is None:
        return "Features are not in it, nor known."
    return f"The features of what is new in a window take {cycles:,.0f} more."


def _front(cost: dict[str, Any]) -> Html:
    rows = []
    for point in cost["front"]:
        ms = 1000 * point["cycles"] / cost["clock_hz"]
        cells = (f"{point['arena_bytes']:,}", f"{point['cycles']:,}", f"{ms:.2f}")
        rows.append([kit.tag("b", cell) if point["chosen"] else cell for cell in cells])
    return kit.fold(
        "Fast or small: other builds with the same bits",
        kit.table(("arena, B", "expected cycles", "ms"), rows, left=()),
        kit.note("[budget] in midge.toml chooses. Bold: this one."),
    )


def arena(evidence: Evidence, cost: dict[str, Any]) -> Section:
    """Which buffer lies where, from layer to layer."""
    program = evidence.compiled.program
    names = [step.layer for step in program.steps]
    picture = arena_map.svg(arena_map.rows(evidence.compiled), max(program.arena_bytes, 1), names)
    free = cost["free_ram_bytes"]
    taken = program.arena_bytes + program.state_bytes + cost["features_ram_bytes"]
    body = [
        kit.tag("p", f"{taken:,} bytes of RAM: arena {program.arena_bytes:,}, state "
                f"{program.state_bytes:,}, features {cost['features_ram_bytes']:,}; "
                f"{free:,} are free on {evidence.board.name}."),
        kit.tag("div", Html(picture), cls="wide arena"),
        kit.note("Time goes to the right, one column a kernel call; addresses go up."),
    ]  # fmt: skip
    return Section("arena", "Arena over time", kit.join(body))


def energy(evidence: Evidence) -> Section | None:
    """Energy of an inference with its features, average current and battery life at the project's
    pace: as ``midge check`` has them."""
    inference, features = cycles_of(evidence.compiled.program), evidence.compiled.features_cycles
    board = evidence.board
    if inference is None or not board.active_ma:
        return None
    cycles = inference + (features or 0.0)
    duty = power.duty_of(evidence.project, board)
    used = power.usage(board, cycles, duty)
    digits = 0 if used.decisions_per_hour >= 10 else 2
    rows: list[tuple[object, object]] = [
        ("one inference" + " with its features" * bool(features),
         f"{used.inference_mj:.3g} mJ, {1000 * cycles / board.clock_hz:.3g} ms"),
        ("decisions", f"{used.decisions_per_hour:,.{digits}f} an hour"),
        ("awake", f"{kit.percent(used.awake_share, 2)} of the time"),
        ("average current", f"{used.average_ma:.3g} mA at {board.supply_volts:g} V"),
        ("energy", f"{used.day_j:,.4g} J a day"),
        ("battery", "none named: [power] battery_mah" if used.battery_days is None else
         f"{duty.battery_mah:g} mAh at {duty.battery_volts:g} V: {used.battery_days:,.3g} days"),
    ]  # fmt: skip
    each = duty.decisions_per_hour / power.HOUR_S * board.active_ma / board.clock_hz
    parts = {
        "inferences": inference * each,
        "features": (features or 0.0) * each,
        "awake besides": duty.awake * board.active_ma,
        "asleep": max(0.0, 1 - used.awake_share) * duty.sleep_ma,
        "always on": duty.extra_ma,
    }  # fmt: skip
    body = [
        kit.facts(rows),
        _stack({name: ma for name, ma in parts.items() if ma}, "mA"),
        ""
        if used.awake_share <= 1
        else kit.tag(
            "p", "It cannot keep up: decisions come faster than inferences end.", cls="warn"
        ),
        kit.note(
            f"The board at {board.active_ma:g} mA while it computes and {duty.sleep_ma:g} mA in "
            f"between, {kit.percent(duty.awake)} awake besides, {duty.extra_ma:g} mA for what is "
            "always on. Reading the sensor is not in it unless [power] awake says so"
            + (
                ""
                if features is not None
                else ", nor is computing features, whose cycles are not known"
            )
            + "; nor are a battery's losses."
        ),
    ]
    return Section("energy", "Energy and battery", kit.join(body))


def _stack(parts: dict[str, float], unit: str) -> Html:
    """Parts of a whole, one behind the other, with their names below."""
    total = sum(parts.values()) or 1.0
    bars, names = [], []
    for number, (name, value) in enumerate(parts.items()):
        style = f"width:{100 * value / total:.2f}%;background:{svg.colour(number)}"
        bars.append(kit.tag("i", "", style=style))
        names.append(f"{name} {value:.3g} {unit}")
    return kit.tag("div", kit.join(bars), cls="stack") + kit.legend(names)


def steps(evidence: Evidence) -> Section | None:
    """What quantization-aware training, pruning and the like bought, as training recorded it."""
    found = evidence.compiled.meta.extra.get("steps")
    if not found:
        return None
    rows = []
    for one in found:
        accuracy = one.get("accuracy") or {}
        name = " ".join(filter(None, (one["name"], one.get("detail"))))
        rows.append((
            kit.tag("b", name) if one.get("kept") else name,
            *(_share(accuracy.get(kind)) for kind in ("float", "int8")),
            *(_number(one.get(key)) for key in ("flash_bytes", "arena_bytes", "cycles")),
            "kept" if one.get("kept") else "not kept", one.get("why", ""),
        ))  # fmt: skip
    table = kit.table(
        ("step", "float", "int8", "flash, B", "arena, B", "cycles", "", "why"), rows,
        left=(0, 6, 7), id="step-table",
    )  # fmt: skip
    return Section("steps", "Making it smaller", table)


def _number(value: float | None) -> str:
    return "\u2013" if value is None else f"{round(value):,}"


def _share(value: float | None) -> str:
    return "\u2013" if value is None else kit.percent(value)
