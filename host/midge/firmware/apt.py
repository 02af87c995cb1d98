"""Sources from Debian's packages, through the machine's own configured mirror.

apt is given private folders, so nothing on the system changes and no privilege is needed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from midge.errors import BuildError
from midge.firmware.aptsources import machine_archive
from midge.firmware.files import Progress, say
from midge.firmware.pins import DebianPin, Pin, Pins
from midge.firmware.treehash import file_sha256

_PRINTED_URI = re.compile(r"^'[^']*' (\S+) \d+ ", re.MULTILINE)


class Debian:
    """Downloads pinned files into ``downloads`` and unpacks them."""

    def __init__(self, downloads: Path, pins: Pins):
        self.downloads = downloads
        self.pins = pins
        self._suites = _suites()

    def unpack(self, pin: Pin, into: Path, progress: Progress | None) -> None:
        """Unpacks the file of ``pin`` into the empty folder ``into``."""
        archive = self._file(pin.debian, progress)
        with tempfile.TemporaryDirectory(dir=into, prefix=".unpack.") as folder:
            work = Path(folder)
            if pin.debian.kind == "binary":
                _run(["dpkg-deb", "-x", str(archive), folder], "unpacking failed")
                top = work / pin.debian.folder
            else:
                _untar(archive, work)
                top = next(work.iterdir())
            for entry in top.iterdir():
                shutil.move(entry, into / entry.name)

    def _file(self, pin: DebianPin, progress: Progress | None) -> Path:
        path = self.downloads / pin.file
        if not path.exists():
            self._download(progress)
        verify(path, pin.sha256)
        return path

    def _download(self, progress: Progress | None) -> None:
        """Downloads all pinned files that are missing: one update of the lists serves all."""
        self.downloads.mkdir(parents=True, exist_ok=True)
        for stale in self.downloads.glob(".apt.*"):
            shutil.rmtree(stale, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=self.downloads, prefix=".apt.") as folder:
            apt = _PrivateApt(Path(folder), sorted({self._suite(p) for p in self._missing()}))
            say(progress, "sources: reading Debian's package lists")
            apt.update()
            for pin in self._missing():
                say(progress, f"sources: downloading {pin.file}")
                file = apt.download(pin, self._suite(pin), self.downloads)
                verify(file, pin.sha256)
                os.replace(file, self.downloads / pin.file)

    def _missing(self) -> list[DebianPin]:
        pins = [pin.debian for pin in self.pins.sources]
        return [pin for pin in pins if not (self.downloads / pin.file).exists()]

    def _suite(self, pin: DebianPin) -> str:
        return self._suites.get(pin.package, pin.suite)


class _PrivateApt:
    """apt-get with sources, lists and cache in a folder of its own."""

    def __init__(self, folder: Path, suites: list[str]):
        for name in ("etc", "state/lists/partial", "cache/archives/partial", "out"):
            (folder / name).mkdir(parents=True)
        stanza = machine_archive().stanza(suites)
        (folder / "etc" / "midge.sources").write_text(stanza, encoding="utf-8")
        self.out = folder / "out"
        options = {
            "Dir::Etc::SourceList": "/dev/null",
            "Dir::Etc::SourceParts": str(folder / "etc"),
            "Dir::State": str(folder / "state"),
            "Dir::State::status": "/dev/null",
            "Dir::Cache": str(folder / "cache"),
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
            "APT::Sandbox::User": "root",  # there is no _apt user in these folders
        }
        self.command = ["apt-get", "-q"]
        self.command += [arg for key, value in options.items() for arg in ("-o", f"{key}={value}")]

    def update(self) -> None:
        do = "check the network and the machine's apt sources (`sudo apt-get update` must work)"
        _run([*self.command, "update", "--error-on=any"], "cannot read Debian's lists", do)

    def download(self, pin: DebianPin, suite: str, downloads: Path) -> Path:
        source = pin.kind == "source"
        verb = ["source", "--download-only", "--tar-only"] if source else ["download"]
        name = f"{pin.package}/{suite}"
        do = _when_gone(pin, downloads)
        printed = _run([*self.command, *verb, "--print-uris", name], f"no {name}", do)
        there = _PRINTED_URI.findall(printed)
        if pin.file not in there:
            found = ", ".join(there) or "nothing"
            raise BuildError(
                f"Debian's suite {suite} no longer has {pin.file}, but {found}",
                where=f"package {pin.package}",
                do=do,
            )
        _run([*self.command, *verb, name], f"downloading {pin.file} failed", do, self.out)
        return self.out / pin.file


def verify(path: Path, sha256: str) -> None:
    """Removes a file that has another SHA-256 and raises BuildError."""
    found = file_sha256(path)
    if found != sha256:
        path.unlink()
        raise BuildError(
            f"checksum mismatch: needs SHA-256 {sha256}, found {found}; the file was removed",
            where=str(path),
            do="run the command again to download it anew; if it differs again, the mirror "
            "serves another file: set MIDGE_SOURCES=git",
        )


def _when_gone(pin: DebianPin, downloads: Path) -> str:
    return (
        "set MIDGE_SOURCES=git; or name a suite that still has it, "
        f'MIDGE_DEBIAN_SUITES="{pin.package}=SUITE"; or put {pin.file} '
        f"(SHA-256 {pin.sha256}) into {downloads}"
    )


def _suites() -> dict[str, str]:
    text = os.environ.get("MIDGE_DEBIAN_SUITES", "")
    pairs = [item.partition("=") for item in text.replace(",", " ").split()]
    if bad := [name for name, _, suite in pairs if not name or not suite]:
        raise BuildError(
            f"not PACKAGE=SUITE: {bad[0]!r}",
            where="MIDGE_DEBIAN_SUITES",
            do='write it like "micropython=forky pico-sdk=trixie"',
        )
    return {name: suite for name, _, suite in pairs}


def _untar(archive: Path, into: Path) -> None:
    with tarfile.open(archive) as tar:
        if hasattr(tarfile, "tar_filter"):  # since Python 3.11.4
            tar.extractall(into, filter="tar")
        else:
            tar.extractall(into)


def _run(command: list[str], what: str, do: str = "", cwd: Path | None = None) -> str:
    if not shutil.which(command[0]):
        raise BuildError(
            f"{command[0]} is missing: this machine is no Debian", do="set MIDGE_SOURCES=git"
        )
    env = os.environ | {"LC_ALL": "C"}
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=cwd)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith(("E:", "dpkg"))]
        raise BuildError(f"{what}: {' '.join(errors) or done.stderr.strip()}", do=do)
    return done.stdout
