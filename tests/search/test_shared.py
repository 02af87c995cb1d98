"""Studies that several processes share: nothing lost, nothing run twice, whoever dies."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("optuna", reason="needs the extra: pip install .[search]")

import pg_server
import shared_worker

from midge.errors import MidgeError
from midge.search import shared

FullDisk = Callable[[int], contextlib.AbstractContextManager[None]]


@pytest.fixture(params=["journal", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "journal":
        yield str(tmp_path / "study.journal")
        return
    pytest.importorskip("psycopg", reason="needs the extra: pip install .[search]")
    with pg_server.server() as address:
        yield address


def start(root: Path, storage: str, log: Path, seconds: float) -> subprocess.Popen[bytes]:
    script = root / "tests" / "search" / "shared_worker.py"
    command = [sys.executable, str(script), storage, str(log), str(seconds)]
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(root / "host")})


def lines(log: Path) -> list[list[str]]:
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


def test_two_processes_and_one_is_killed_in_the_middle(
    root: Path, storage: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    workers = [start(root, storage, log, 0.15) for _ in range(2)]
    victim = str(workers[0].pid)

    def running(pid: str) -> bool:
        """A worker has ended several trials and is in the midst of another."""
        mine = [what for what, _, who in lines(log) if who == pid]
        return mine.count("end") >= 5 and mine[-1:] == ["start"]

    deadline = time.monotonic() + 60
    while not running(victim):
        assert time.monotonic() < deadline and all(w.poll() is None for w in workers), lines(log)
        time.sleep(0.01)
    workers[0].send_signal(signal.SIGKILL)
    assert workers[1].wait(timeout=120) == 0
    workers[0].wait()

    found = shared.Shared(shared.open_storage(storage), shared_worker.PLAN)
    trials = found.trials()
    slots = range(shared_worker.SLOTS)
    assert sorted(found.settled()) == list(slots)
    ended = Counter(int(slot) for what, slot, _ in lines(log) if what == "end")
    assert ended == Counter(slots), "a slot was lost or evaluated twice"
    both = Counter(who for what, _, who in lines(log) if what == "end")
    assert len(both) == 2 and both[victim] >= 5
    # the one that was killed: failed, and run again with the same parameters
    (died,) = [trial for trial in trials if shared.outcome(trial) == shared.DIED]
    again = found.settled()[died.user_attrs["slot"]]
    assert again.number > died.number and again.params == died.params
    assert found.settled()[0].params == {"x": 3, "y": 4}
    good = (shared.TRAINED, shared.STOPPED)
    assert sum(shared.outcome(trial) in good for trial in trials) == shared_worker.SLOTS
    assert all(trial.state.is_finished() for trial in trials)


def run_alone(path: Path, until: int | None = None) -> list[tuple[object, ...]]:
    """A small study by this process, in two sittings if it is interrupted at a trial."""
    plan = dataclasses.replace(shared_worker.PLAN, slots=16)
    count = 0

    def objective(trial, check):
        nonlocal count
        count += 1
        x, y = trial.suggest_int("x", 1, 30), trial.suggest_int("y", 1, 30)
        if count == until:
            raise KeyboardInterrupt
        if x > 20:
            raise shared.Skip(shared.OVER, "x", [x - 20.0])
        return [float(x * y), float(x + y)]

    worker = shared.Shared(shared.open_storage(str(path)), plan)
    if until is not None:
        with pytest.raises(KeyboardInterrupt):
            worker.work(objective)
        worker = shared.Shared(shared.open_storage(str(path)), plan)
    worker.work(objective)
    return [(slot, trial.params, trial.values) for slot, trial in sorted(worker.settled().items())]


def test_the_same_seed_gives_the_same_study_interrupted_or_not(tmp_path: Path) -> None:
    first = run_alone(tmp_path / "a")
    assert first == run_alone(tmp_path / "b")
    again = run_alone(tmp_path / "c", until=12)
    assert [(slot, params) for slot, params, _ in again[:9]] == [
        (slot, params) for slot, params, _ in first[:9]
    ]
    assert len({tuple(params.items()) for _, params, _ in first}) > 8


def test_a_slot_that_kills_its_workers_is_given_up(tmp_path: Path) -> None:
    plan = dataclasses.replace(shared_worker.PLAN, slots=2, first=())
    path = str(tmp_path / "study")
    runs: list[int] = []

    def objective(trial, check):
        runs.append(trial.user_attrs["slot"])
        trial.suggest_int("x", 1, 30)
        if trial.user_attrs["slot"] == 0:
            raise MemoryError
        return [1.0, 1.0]

    for _ in range(shared.TRIES):
        with pytest.raises(MemoryError):
            shared.Shared(shared.open_storage(path), plan).work(objective)
    worker = shared.Shared(shared.open_storage(path), plan)
    worker.work(objective)
    assert runs == [0] * shared.TRIES + [1] and list(worker.settled()) == [1]


def test_a_worker_taken_for_dead_gives_its_trial_up(tmp_path: Path) -> None:
    """One that was only stopped for a while finds its trial taken and records nothing."""
    plan = dataclasses.replace(shared_worker.PLAN, slots=1)
    path = str(tmp_path / "study")
    other = shared.Shared(shared.open_storage(path), plan, beat_s=0.05, grace_s=0.0)
    worker = shared.Shared(shared.open_storage(path), plan, beat_s=60.0)
    asked = 0

    def objective(trial, check):
        nonlocal asked
        asked += 1
        trial.suggest_int("x", 1, 30)
        if asked == 1:
            other._bury(other.trials())
            time.sleep(0.01)
            other._bury(other.trials())
            return [100.0, 100.0]  # too late
        return [1.0, 2.0]

    worker.work(objective)
    assert asked == 2 and worker.settled()[0].values == [1.0, 2.0]
    assert [shared.outcome(trial) for trial in worker.trials()] == [shared.DIED, shared.TRAINED]


@pytest.mark.parametrize("room", [0, 1, 40])
def test_a_full_disk_leaves_no_half_line(tmp_path: Path, full_disk: FullDisk, room: int) -> None:
    """The journal ends where it did, and the study goes on when there is room."""
    path = tmp_path / "study"
    plan = dataclasses.replace(shared_worker.PLAN, slots=3)
    worker = shared.Shared(shared.open_storage(str(path)), plan)
    before = path.read_bytes()
    with full_disk(len(before) + room), pytest.raises(OSError, match="File too large") as caught:
        worker.work(lambda trial, check: [1.0, 1.0])
    assert caught.value.filename == str(path)
    assert path.read_bytes().startswith(before) and path.read_bytes().endswith(b"\n")
    again = shared.Shared(shared.open_storage(str(path)), plan)
    again.work(lambda trial, check: [float(trial.suggest_int("x", 1, 9)), 1.0])
    assert sorted(again.settled()) == [0, 1, 2]


def test_a_line_that_a_killed_process_left_unfinished_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "study"
    shared.Shared(shared.open_storage(str(path)), shared_worker.PLAN)
    before = path.read_bytes()
    for rest in (b'{"op_code":8,"worker_id":"' + b"x" * 5000, b"{"):
        path.write_bytes(before + rest)
        worker = shared.Shared(shared.open_storage(str(path)), shared_worker.PLAN)
        worker.study.set_user_attr("more", 1)
        shared.Shared(shared.open_storage(str(path)), shared_worker.PLAN)
        written = path.read_bytes().splitlines()
        assert len([json.loads(line) for line in written]) > len(before.splitlines())


def test_another_study_under_the_same_name_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "study")
    shared.Shared(shared.open_storage(path), shared_worker.PLAN)
    other = dataclasses.replace(shared_worker.PLAN, about={"data": "others"})
    with pytest.raises(MidgeError, match=r"about another data[\s\S]*--study"):
        shared.Shared(shared.open_storage(path), other)


def test_a_database_that_is_not_there() -> None:
    pytest.importorskip("psycopg", reason="needs the extra: pip install .[search]")
    with pytest.raises(MidgeError, match="cannot reach the database") as caught:
        shared.open_storage("postgresql://me:secret@127.0.0.1:1/none")
    assert "secret" not in str(caught.value)


def test_a_database_that_goes_away() -> None:
    pytest.importorskip("psycopg", reason="needs the extra: pip install .[search]")
    with pg_server.server() as address:
        worker = shared.Shared(shared.open_storage(address), shared_worker.PLAN)
    with pytest.raises(MidgeError, match=r"database is gone[\s\S]*run the same again"):
        worker.work(lambda trial, check: [1.0, 1.0])
