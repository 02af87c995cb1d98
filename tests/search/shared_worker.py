"""One worker of a study with a cheap objective: ``shared_worker.py STORAGE LOG SECONDS``.

Writes a line when an evaluation starts and one when it ends, whole lines only, to the log that
all workers share.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

from midge.search import shared

SLOTS = 40
PLAN = shared.Plan(
    "test", SLOTS, ("maximize", "minimize"), 1, {"data": "none"}, ({"x": 3, "y": 4},)
)


def main(storage: str, log: str, seconds: float) -> None:
    def say(what: str, slot: int) -> None:
        file = os.open(log, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(file, f"{what} {slot} {os.getpid()}\n".encode())
        os.close(file)

    def objective(trial: Any, check: Callable[[], None]) -> list[float]:
        x, y = trial.suggest_int("x", 1, 30), trial.suggest_int("y", 1, 30)
        if x > 20:
            raise shared.Skip(shared.OVER, "x", [x - 20.0])
        slot = trial.user_attrs["slot"]
        say("start", slot)
        time.sleep(seconds)
        check()
        say("end", slot)
        if y > 25:
            raise shared.Skip(shared.STOPPED)
        return [float(x * y), float(x + y)]

    one = shared.Shared(shared.open_storage(storage), PLAN, beat_s=0.2, grace_s=2.0)
    one.work(objective)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
