"""One SHA-256 over the files of a folder: a checksum for what git checks out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def tree_sha256(top: Path, folders: Iterable[str]) -> str:
    """SHA-256 over names and contents of all regular files in ``folders`` of ``top``.

    Names are taken relative to ``top`` in byte order; modes and times do not count, nor does
    anything git adds (``.git*``).
    """
    total = hashlib.sha256()
    paths = (p for folder in folders for p in (top / folder).rglob("*") if p.is_file())
    for name, path in sorted((p.relative_to(top).as_posix().encode(), p) for p in paths):
        if b"/.git" in name:
            continue
        total.update(hashlib.sha256(name).digest())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
