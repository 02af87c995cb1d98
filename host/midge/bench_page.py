"""The report of ``midge bench`` as one HTML file without scripts or other files."""

from __future__ import annotations

import html
from typing import Any

from midge import arena_map

_STYLE = """
body { font: 15px/1.45 sans-serif; margin: 2em auto; max-width: 72em; padding: 0 1em; color: #222 }
h1 { font-size: 1.5em } h2 { font-size: 1.15em; margin-top: 2em }
table { border-collapse: collapse } th, td { padding: .25em .7em; text-align: right }
th { border-bottom: 2px solid #888 } td { border-bottom: 1px solid #e4e4e4 }
.left { text-align: left } .bar { background: #4c78a8; height: .7em; display: inline-block }
.cards { display: flex; flex-wrap: wrap; gap: 1em } .wide { overflow-x: auto }
.card { background: #f4f6f8; padding: .6em 1.1em; border-radius: 6px }
.card b { display: block; font-size: 1.35em } .small { color: #666; font-size: .87em }
"""


def page(result: dict[str, Any]) -> str:
    """The page. ``result``: what :func:`midge.bench.bench` returns."""
    title = f"{result['model']} on {result['board']}"
    parts = [
        "<!doctype html>",
        f'<html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>',
        f"<style>{_STYLE}</style><h1>{html.escape(title)}</h1>",
        f'<div class="cards">{"".join(_cards(result))}</div>',
        "<h2>Layers</h2>",
        f'<div class="wide"><table>{_head()}{"".join(_rows(result))}</table></div>',
        _xip_note(result),
        "<h2>Fast or small</h2>",
        _front(result),
        "<h2>Arena over time</h2>",
        f'<div class="wide">{_arena(result)}</div>',
        '<p class="small">Cycles are counted on the emulated board, which models no flash wait '
        f"states. Model SHA-256 {html.escape(result['sha256'])}.</p></html>",
    ]
    return "\n".join(parts) + "\n"


def _cards(result: dict[str, Any]) -> list[str]:
    cards = [
        (f"{result['cycles']:,}", "cycles"),
        (f"{result['ms']:.2f} ms", f"at {result['clock_hz'] / 1e6:g} MHz"),
        (f"{result['arena_bytes']:,} B", "arena"),
        (f"{result['stack_bytes']:,} B", "stack"),
        (f"{result['weights_bytes']:,} B", "constants in flash"),
        (f"{result['code_bytes']:,} B", "kernels in flash"),
    ]
    if result["cycles_per_mac"]:
        cards.insert(1, (f"{result['cycles_per_mac']:.2f}", "cycles a multiply-accumulate"))
    if result["uj"] is not None:
        cards.insert(3, (f"{result['uj'] / 1000:.2f} mJ", "an inference, whole board"))
    if result["xip"] is not None:
        cards.append((f"{result['xip']['ms']:.2f} ms", "with modelled flash cache misses"))
    return [f'<div class="card"><b>{a}</b>{html.escape(b)}</div>' for a, b in cards]


def _head() -> str:
    names = ("cycles", "", "MACs", "cycles/MAC", "flash read, B", "cache misses")
    cells = "".join(f"<th>{name}</th>" for name in names)
    return f'<tr><th>#</th><th class="left">layer</th><th class="left">kernel</th>{cells}</tr>'


def _rows(result: dict[str, Any]) -> list[str]:
    most = max((row["cycles"] for row in result["per_op"]), default=1) or 1
    rows = []
    for number, row in enumerate(result["per_op"]):
        per_mac = f"{row['cycles'] / row['macs']:.2f}" if row["macs"] else ""
        width = 100 * row["cycles"] / most
        figures = (
            f"{row['cycles']:,}",
            f'<span class="bar" style="width:{width:.1f}px"></span>',
            f"{row['macs']:,}" if row["macs"] else "",
            per_mac,
            _number(row["flash_read_bytes"]),
            _number(row["xip_misses"]),
        )
        cells = "".join(f"<td>{figure}</td>" for figure in figures)
        cells = cells.replace("<td><span", '<td class="left"><span')
        kernel = html.escape(row["kernel"])
        if row["note"]:
            kernel += f'<br><span class="small">{html.escape(row["note"])}</span>'
        rows.append(
            f'<tr><td>{number}</td><td class="left">{html.escape(row["layer"])}</td>'
            f'<td class="left">{kernel}</td>{cells}</tr>'
        )
    return rows


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _xip_note(result: dict[str, Any]) -> str:
    xip = result["xip"]
    if xip is None:
        return '<p class="small">Cache misses were not modelled (pip install midge[xip]).</p>'
    return (
        f'<p class="small">{xip["misses"]:,} misses of the flash cache, modelled empty at the '
        f"start, at {xip['miss_cycles']} cycles each: {xip['misses'] * xip['miss_cycles']:,} "
        "cycles on top.</p>"
    )


def _front(result: dict[str, Any]) -> str:
    """All ways to build the model, as a table; the one that was measured is bold."""
    rows = []
    for point in result["front"]:
        cells = f"<td>{point['arena_bytes']:,}</td><td>{point['expected_cycles']:,}</td>"
        here = point["arena_bytes"] == result["arena_bytes"]
        rows.append(f"<tr>{cells.replace('<td>', '<td><b>') if here else cells}</tr>")
    return (
        "<table><tr><th>arena, B</th><th>expected cycles</th></tr>"
        f'{"".join(rows)}</table><p class="small">[budget] in midge.toml chooses; this '
        "measurement is of the bold row.</p>"
    )


def _arena(result: dict[str, Any]) -> str:
    layers = [row["layer"] for row in result["per_op"]]
    return arena_map.svg(result["arena"], max(result["arena_bytes"], 1), layers)
