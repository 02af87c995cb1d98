"""Files that other processes may look for at the same time: locks, whole-or-not-at-all writes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from midge.errors import MidgeError

Progress = Callable[[str], object]  # gets one line at the start of each part of long work


def say(progress: Progress | None, text: str) -> None:
    """Tells ``progress``, if there is one."""
    if progress is not None:
        progress(text)


@contextlib.contextmanager
def locked(path: Path, what: str, progress: Progress | None = None) -> Iterator[None]:
    """Holds the lock file ``path``; says so when it has to wait for another process.

    The kernel lets go of the lock when the process ends, however it ends.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(progress, f"waiting: another midge is busy with {what}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside ``path`` that becomes ``path`` if the block ends well.

    Left-overs of earlier, interrupted attempts are removed: call it under a lock.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for stale in path.parent.glob(f".{path.name}.*"):
        shutil.rmtree(stale, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        work.chmod(0o755)
        yield work
        os.replace(work, path)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def write_if_changed(path: Path, data: bytes) -> bool:
    """Writes ``data`` unless the file has it already, so that build tools see no change."""
    if path.is_file() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data)
    return True


@contextlib.contextmanager
def drafts(out: Path) -> Iterator[Path]:
    """A temporary folder beside ``out``, for files that go to their place when they are whole.

    An error of the operating system in the block names ``out``, where it would name nothing (a
    full disk) or what is in the folder.

    Raises:
        MidgeError: numpy could not write all of an array, and does not say why.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = ""
    try:
        with tempfile.TemporaryDirectory(dir=out.parent) as folder:
            yield Path(folder)
    except OSError as err:
        if err.errno is None:
            raise MidgeError(
                f"cannot write it: {err}", where=str(out), do="make room on that disk"
            ) from err
        if not err.filename or (folder and str(err.filename).startswith(folder)):
            err.filename = str(out)
        raise


def write_whole(path: Path, data: bytes) -> None:
    """Writes ``data`` under a temporary name, then renames: never half a file."""
    work = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        work.write_bytes(data)
        os.replace(work, path)
    except OSError as err:
        err.filename = str(path)  # a full disk is reported without a name
        raise
    finally:
        work.unlink(missing_ok=True)
