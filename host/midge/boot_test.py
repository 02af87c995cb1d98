"""Boots a firmware once, before a user does: filesystem, ``import midge``, golden inferences."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from midge.compile import CompiledModel
from midge.emulator import infer
from midge.errors import BuildError, LinkError
from midge.links.base import Progress, ScriptError
from midge.links.emulated import EmulatedLink

TIMEOUT_S = 600.0  # a large model takes a minute on the emulator; this is ten of those

# Each step prints its name first, so that a failure has a place.
_SCRIPT = """\
import gc, json, os
print("step: filesystem")
with open("/midge_boot.txt", "w") as f:
    f.write("midge")
with open("/midge_boot.txt") as f:
    assert f.read() == "midge", "a file does not read back"
os.remove("/midge_boot.txt")
st = os.statvfs("/")
print("step: import midge")
import midge
print("step: models")
need = json.loads({need!r})
for name in need:
    m = midge.load(name)
    assert m.info()["sha256"] == need[name], name + ": the firmware has another version of it"
    print("step: golden inference of", name)
    assert m.check() is True
gc.collect()
info = {{"system": os.uname().version, "fs_free_bytes": st[0] * st[3],
        "heap_free_bytes": gc.mem_free(), "models": list(midge.models())}}
print("info:", json.dumps(info))
"""


@dataclasses.dataclass(frozen=True)
class BootReport:
    """What the booted firmware said of itself."""

    system: str  # MicroPython's version and build date
    fs_free_bytes: int
    heap_free_bytes: int
    models: tuple[str, ...]  # compiled in
    windows: int  # compared bit for bit with the host, besides the golden inferences
    seconds: float  # of the host's clock

    def __str__(self) -> str:
        names = ", ".join(self.models) or "none"
        return (
            f"boots in MicroPython {self.system}; filesystem {self.fs_free_bytes} B free, "
            f"heap {self.heap_free_bytes} B free; models: {names}"
        )


def boot_test(
    uf2: Path,
    models: Sequence[CompiledModel] = (),
    windows: Mapping[str, Sequence[infer.Input]] | None = None,
    progress: Progress | None = None,
) -> BootReport:
    """Boots ``uf2`` on the emulated Pico and checks it through the real ``mpremote``.

    The filesystem mounts and keeps a file; ``import midge`` works; every model is the one that
    was compiled, and gives its golden output bit for bit.

    Args:
        models: what the firmware should have compiled in.
        windows: by model name, more inputs (of the model's input type and shape; tuples for
            several inputs) on which the board must give the host's output bit for bit.

    Raises:
        BuildError: a step failed; says which.
    """
    say = progress or (lambda _text: None)
    start = time.monotonic()
    say(f"boot test of {uf2.name}")
    with _boot(uf2) as link:
        info = _run_steps(link, uf2, models)
        compared = 0
        for model in models:
            inputs = list((windows or {}).get(model.meta.name, ()))
            if inputs:
                say(f"{model.meta.name}: {len(inputs)} windows, board against host")
                _compare(link, uf2, model, inputs)
                compared += len(inputs)
    return BootReport(
        system=info["system"],
        fs_free_bytes=info["fs_free_bytes"],
        heap_free_bytes=info["heap_free_bytes"],
        models=tuple(info["models"]),
        windows=compared,
        seconds=time.monotonic() - start,
    )


def _boot(uf2: Path) -> EmulatedLink:
    try:
        return EmulatedLink(uf2)
    except LinkError as err:
        raise _failed(uf2, "boot", err.what) from err


def _run_steps(link: EmulatedLink, uf2: Path, models: Sequence[CompiledModel]) -> dict[str, Any]:
    need = {m.meta.name: m.program.sha256 for m in models}
    source = _SCRIPT.format(need=json.dumps(need))
    lines: list[str] = []
    try:
        lines = infer.run_source(link, source, TIMEOUT_S)
    except ScriptError as err:
        steps = [line for line in err.lines if line.startswith("step: ")]
        raise _failed(uf2, steps[-1].removeprefix("step: "), err.what) from err
    except LinkError as err:
        raise _failed(uf2, "boot", err.what) from err
    info: dict[str, Any] = json.loads(lines[-1].removeprefix("info: "))
    return info


def _compare(
    link: EmulatedLink, uf2: Path, model: CompiledModel, inputs: list[infer.Input]
) -> None:
    runner = model.runner()
    found = infer.predict(link, model, inputs, TIMEOUT_S)
    for i, (window, board) in enumerate(zip(inputs, found, strict=True)):
        host = runner.run(infer.parts(window))[0]
        if board.tobytes() != host.tobytes():
            differing = int(np.count_nonzero(board.reshape(-1) != host.reshape(-1)))
            raise _failed(
                uf2,
                f"{model.meta.name}, window {i}",
                f"{differing} of {host.size} outputs differ from the host's, must be 0",
            )


def _failed(uf2: Path, step: str, what: str) -> BuildError:
    return BuildError(
        f"boot test: {step}: {what}",
        where=str(uf2),
        do="this firmware should not be flashed; build it again, and report it if that "
        "does not help",
    )
