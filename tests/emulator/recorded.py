"""The recorded benchmark: what is measured, and where the figures lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from midge.bench import bench
from midge.boards import load_board
from midge.choose import Goal
from midge.compile import compile_model
from midge.meta import Meta

FILE = Path(__file__).parent / "benchmarks.json"
MODELS = {  # name: (title, file in ../shared/models)
    "kws": ("KWS: keyword spotting, DS-CNN", "kws_dscnn_int8.tflite"),
    "vww": ("VWW: visual wake words, MobileNet", "vww_96_int8.tflite"),
    "ic": ("IC: image classification, ResNet-8", "ic_resnet8_int8.tflite"),
    "ad": ("AD: anomaly detection, autoencoder", "ad01_int8.tflite"),
}
GOALS = {
    "fast": Goal(),
    "24 KiB": Goal(ram_bytes=24 * 1024),
    "small": Goal(prefer="ram"),
}
BUILDS = [  # model and goal
    (name, goal)
    for name in MODELS
    for goal in GOALS
    if goal != "24 KiB" or name == "kws"  # VWW and IC need more, AD less
]
HELD = ("cycles", "arena_bytes", "code_bytes")  # must not grow unrecorded
_KEPT = (*HELD, "stack_bytes", "weights_bytes", "macs", "ms")


def key(name: str, goal: str) -> str:
    return f"{name} {goal}"


def measure(folder: Path, name: str, goal: str) -> dict[str, Any]:
    """The figures of one model built for one goal."""
    compiled = compile_model(folder / MODELS[name][1], Meta(name=name), GOALS[goal])
    report = bench(compiled, load_board("RPI_PICO"))
    xip = report["xip"]
    return {k: report[k] for k in _KEPT} | {"ms_with_misses": xip["ms"] if xip else None}
