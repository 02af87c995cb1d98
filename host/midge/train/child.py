"""Runs TensorFlow in a process of its own and turns however that ends into one clear error."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from midge import ops
from midge.errors import MidgeError, ModelError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# Begins the line on stderr that says what is wrong with the input and, after " -> ", what to do.
REFUSED = "refused: "
_LONGEST = 300  # letters of a message


def run_child(
    module: str,
    arguments: list[str],
    what: str,
    *,
    where: str,
    made: Path,
    timeout_s: float,
    do: str = "see which layer the message names; Conv, Dense, pooling, ReLU and softmax convert",
    crash_do: str = "leave layers out to find the one",
    environment: Mapping[str, str] | None = None,
) -> None:
    """Runs ``python -m module arguments...``, which has to write ``made``.

    Args:
        what: what it does, for messages.
        do, crash_do: what to do if it fails, and if a signal ended it.

    Raises:
        ModelError: it failed, crashed (the signal is named, and what it said of its layers) or
            took too long.
        MidgeError: TensorFlow is not installed.
        OSError: there is no room to write to.
    """
    # The package may not be installed (a checkout), so the child gets our own path.
    package_root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH", "")]))
    try:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments], capture_output=True, text=True,
            check=False, errors="replace", timeout=timeout_s,
            env=os.environ | {"PYTHONPATH": path} | dict(environment or {}),
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ModelError(
            f"{what} did not finish in {timeout_s:g} s", where=where,
            do="leave out layers until it does, to find the one that hangs it",
        ) from None  # fmt: skip
    if done.returncode == 0 and made.exists():
        return
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    if "need TensorFlow" in done.stderr:
        raise MidgeError("conversion needs TensorFlow", do="pip install 'midge[train]'")
    if refused := [line for line in lines if line.startswith(REFUSED)]:
        refusal, _, mend = refused[0].removeprefix(REFUSED).partition(" -> ")
        raise ModelError(
            refusal, where=where,
            do=mend or "give the inputs (--data) as one array (number, ...input shape)",
        )  # fmt: skip
    if full := _no_room(lines[-1:]):
        raise OSError(full, os.strerror(full), str(made))
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        said = [line for line in done.stdout.splitlines() if line.startswith("its layers: ")]
        raise ModelError("; ".join([f"{what} crashed ({name})", *said]), where=where, do=crash_do)
    if unknown := _unknown_ops(done.stderr):
        advice = dict.fromkeys(filter(None, (ops.replacement(k.upper()) for k in unknown)))
        shown = "; ".join(f"tf.{kind} in layer '{name}'" for kind, name in unknown.items())
        raise ModelError(
            f"{what} knows no TFLite operation for {shown}", where=where,
            do="; ".join(advice) or "use layers that become operations of docs/ops.md",
        )  # fmt: skip
    raise ModelError(f"{what} failed: {_last_error(lines)}", where=where, do=do)


def _unknown_ops(said: str) -> dict[str, str]:
    """TensorFlow's operations that the converter has none for: kind to the layer's name."""
    pattern = (
        r'fused\["\w+:", "([^"@]+)@[^\n]*? \'tf\.(\w+)\' op is neither a custom op nor a flex'
    )
    return {kind: name for name, kind in re.findall(pattern, said)}


def _last_error(lines: list[str]) -> str:
    """The line that begins the last exception's message, in one that may have many."""
    begins = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Interrupt)\b", line)]
    return (begins or lines or ["no message"])[-1][:_LONGEST]


def _no_room(said: list[str]) -> int | None:
    """The operating system's number of the error, if a full disk is what was said last."""
    text = " ".join(said)
    return next((code for code in _FULL if os.strerror(code) in text), None)
