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
ENDS = {"fast": Goal(), "small": Goal(prefer="ram")}
HELD = ("cycles", "arena_bytes", "code_bytes")  # must not grow unrecorded
_KEPT = (*HELD, "stack_bytes", "weights_bytes", "macs", "ms")


def key(name: str, end: str) -> str:
    return f"{name} {end}"


def measure(folder: Path, name: str, end: str) -> dict[str, Any]:
    """The figures of one model at one end."""
    compiled = compile_model(folder / MODELS[name][1], Meta(name=name), ENDS[end])
    report = bench(compiled, load_board("RPI_PICO"))
    xip = report["xip"]
    return {k: report[k] for k in _KEPT} | {"ms_with_misses": xip["ms"] if xip else None}
