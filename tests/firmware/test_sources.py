"""The source cache: checked, recovered after interruptions, shared, offline the second time."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from midge.errors import BuildError
from midge.firmware import sources
from midge.firmware.apt import Debian, verify
from midge.firmware.files import Progress
from midge.firmware.git import Git
from midge.firmware.pins import GitPin, Pin, Pins, load_pins


class Fake:
    """Writes one file for each source, after ``seconds``; stops where it is told to."""

    def __init__(self, seconds: float = 0.0, stop_at: str = ""):
        self.seconds, self.stop_at = seconds, stop_at
        self.unpacked: list[str] = []

    def unpack(self, pin: Pin, into: Path, progress: Progress | None) -> None:
        time.sleep(self.seconds)
        (into / "half").write_text("half")
        if pin.name == self.stop_at:
            raise KeyboardInterrupt
        (into / "README").write_text(pin.version)
        (into / "half").unlink()
        self.unpacked.append(pin.name)


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIDGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MIDGE_SOURCES", raising=False)
    monkeypatch.delenv("MIDGE_DEBIAN_SUITES", raising=False)
    return tmp_path / "cache"


def _use(monkeypatch: pytest.MonkeyPatch, source: object) -> None:
    monkeypatch.setattr(sources, "_source", lambda strategy, pins: ("debian", source))


@pytest.mark.slow
@pytest.mark.firmware
def test_the_real_sources_are_complete_and_then_need_no_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tree = sources.fetch()
    for name in ("py/mpconfig.h", "ports/rp2/main.c", "lib/pico-sdk/pico_sdk_init.cmake",
                 "lib/tinyusb/src/tusb.h", "lib/mbedtls/include/mbedtls/version.h"):  # fmt: skip
        assert (tree / name).is_file(), name
    monkeypatch.setenv("PATH", "")  # no git, no apt-get: nothing that could reach a network
    assert sources.fetch() == tree
    assert sources.cached() == tree


def test_second_fetch_asks_nobody(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _use(monkeypatch, Fake())
    tree = sources.fetch()
    assert (tree / "lib/pico-sdk/README").read_text() == "2.1.1"

    def nobody(strategy: str, pins: Pins) -> None:
        raise AssertionError("asked for a source though all is cached")

    monkeypatch.setattr(sources, "_source", nobody)
    assert sources.fetch() == tree


def test_interrupted_fetch_leaves_nothing_and_the_next_recovers(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _use(monkeypatch, Fake(stop_at="tinyusb"))
    with pytest.raises(KeyboardInterrupt):
        sources.fetch()
    assert sources.cached() is None
    assert [p.name for p in (empty_cache / "sources").iterdir()] == ["lock"]
    source = Fake()
    _use(monkeypatch, source)
    tree = sources.fetch()
    assert source.unpacked == ["micropython", "pico-sdk", "tinyusb", "mbedtls"]
    assert not list(tree.rglob("half"))


CHILD = """
import sys
sys.path.insert(0, {here!r})
from test_sources import Fake
from midge.firmware import sources
source = Fake({seconds})
sources._source = lambda strategy, pins: ("debian", source)
print("start", flush=True)
sources.fetch(progress=lambda text: print(text, flush=True))
print("unpacked", len(source.unpacked))
"""


def _child(seconds: float) -> subprocess.Popen[str]:
    code = CHILD.format(here=str(Path(__file__).parent), seconds=seconds)
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip


def test_killed_fetch_is_cleaned_up_by_the_next(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = _child(30.0)
    assert child.stdout is not None
    while not child.stdout.readline().startswith("sources: micropython"):
        pass
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert len(list((empty_cache / "sources").iterdir())) == 2  # the lock and half a tree
    _use(monkeypatch, Fake())
    tree = sources.fetch()
    assert sorted(p.name for p in (empty_cache / "sources").iterdir()) == sorted(
        ["lock", tree.name]
    )


def test_two_at_once_fetch_once(empty_cache: Path) -> None:
    children = [_child(0.5), _child(0.5)]
    said = [child.communicate(timeout=60)[0] for child in children]
    assert all(child.returncode == 0 for child in children)
    assert sorted(text.splitlines()[-1] for text in said) == ["unpacked 0", "unpacked 4"]
    assert "waiting: another midge is busy with fetching sources" in "".join(said)


def test_checksum_mismatch_names_both_sums_and_removes_the_file(empty_cache: Path) -> None:
    downloads = empty_cache / "downloads"
    downloads.mkdir(parents=True)
    pins = load_pins()
    pin = pins.sources[0]
    file = downloads / pin.debian.file
    file.write_bytes(b"not the real thing")
    (empty_cache / "into").mkdir()
    with pytest.raises(BuildError) as error:
        Debian(downloads, pins).unpack(pin, empty_cache / "into", None)
    text = str(error.value)
    assert str(file) in text
    assert pin.debian.sha256 in text
    assert hashlib.sha256(b"not the real thing").hexdigest() in text
    assert "run the command again" in text
    assert not file.exists()


def test_verify_keeps_a_right_file(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"abc")
    verify(file, hashlib.sha256(b"abc").hexdigest())
    assert file.read_bytes() == b"abc"


def _pinned_tar(downloads: Path) -> tuple[Pins, Pin]:
    """Pins of one source, whose tarball somebody has put into ``downloads``."""
    top = downloads.parent / "made" / "thing-1"
    (top / "src").mkdir(parents=True)
    (top / "src" / "a.c").write_text("int a;\n")
    downloads.mkdir(parents=True, exist_ok=True)
    file = downloads / "thing_1.orig.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        tar.add(top, "thing-1")
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    pin = load_pins().sources[0]
    debian = dataclasses.replace(pin.debian, package="thing", file=file.name, sha256=sha256)
    pin = dataclasses.replace(pin, debian=debian)
    return Pins((pin,), 0, "0" * 64), pin


def test_a_file_put_into_downloads_by_hand_is_used(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins, _ = _pinned_tar(empty_cache / "downloads")
    monkeypatch.setenv("PATH", "")
    tree = sources.fetch("debian", pins=pins)
    assert (tree / "src" / "a.c").read_text() == "int a;\n"


APT = """#!/bin/sh
case "$*" in
*update*) exit 0 ;;
*--print-uris*) echo "'scheme://host/thing_2.tar.gz' {file} 123 SHA256:0" ;;
*) echo "E: Failed to fetch, connection lost" >&2; exit 100 ;;
esac
"""


def _fake_apt(folder: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    folder.mkdir()
    apt = folder / "apt-get"
    apt.write_text(APT.format(file=file))
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    from midge.firmware import apt as module
    from midge.firmware.aptsources import Archive

    monkeypatch.setattr(module, "machine_archive", lambda: Archive("x", ("y",), ("main",)))


def test_a_pinned_version_that_is_gone_says_what_to_do(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins, pin = _pinned_tar(empty_cache / "downloads")
    (empty_cache / "downloads" / pin.debian.file).unlink()
    _fake_apt(tmp_path / "bin", monkeypatch, "thing_2.orig.tar.gz")
    with pytest.raises(BuildError) as error:
        sources.fetch("debian", pins=pins)
    text = str(error.value)
    assert f"suite {pin.debian.suite} no longer has {pin.debian.file}" in text
    assert "but thing_2.orig.tar.gz" in text
    assert "MIDGE_SOURCES=git" in text
    assert 'MIDGE_DEBIAN_SUITES="thing=SUITE"' in text
    assert pin.debian.sha256 in text
    assert sources.cached("debian", pins) is None


def test_a_broken_download_leaves_nothing(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins, pin = _pinned_tar(empty_cache / "downloads")
    (empty_cache / "downloads" / pin.debian.file).unlink()
    _fake_apt(tmp_path / "bin", monkeypatch, pin.debian.file)
    with pytest.raises(BuildError, match="connection lost"):
        sources.fetch("debian", pins=pins)
    assert list((empty_cache / "downloads").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("MIDGE_SOURCES", "svn", "use one of: git, debian, auto"),
        ("MIDGE_DEBIAN_SUITES", "forky", "not PACKAGE=SUITE: 'forky'"),
    ],
)
def test_wrong_settings_are_named(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setattr(Git, "answers", staticmethod(lambda pin: False))
    monkeypatch.setenv(name, value)
    with pytest.raises(BuildError, match=says) as error:
        sources.fetch()
    assert error.value.where == name


def test_without_apt_the_error_names_the_other_way(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BuildError, match="set MIDGE_SOURCES=git"):
        sources.fetch("debian")


# git, from a repository of the test's own


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "test")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "test@example.org")
    folder = tmp_path / "upstream"
    (folder / "py").mkdir(parents=True)
    (folder / "py" / "a.c").write_text("int a;\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"], ["tag", "v1"]):
        subprocess.run(["git", "-C", folder, *command], check=True)
    return folder


def _git_pins(repository: Path, **pin: object) -> Pins:
    git = GitPin(url=f"file://{repository}", tag="v1", **pin)  # type: ignore[arg-type]
    first = dataclasses.replace(load_pins().sources[0], git=git)
    return Pins((first,), 0, "1" * 64)


def test_git_checks_the_commit(empty_cache: Path, repository: Path) -> None:
    head = ["git", "-C", str(repository), "rev-parse", "v1"]
    commit = subprocess.run(head, capture_output=True, text=True, check=True).stdout.strip()
    tree = sources.fetch("auto", pins=_git_pins(repository, commit=commit))
    assert (tree / "py" / "a.c").is_file()
    assert not (tree / ".git").exists()
    assert "-git-" in tree.name


def test_git_checks_the_files(empty_cache: Path, repository: Path) -> None:
    from midge.firmware.treehash import tree_sha256

    wanted = tree_sha256(repository, ["py"])
    pins = _git_pins(repository, tree=("py",), tree_sha256=wanted)
    assert (sources.fetch("git", pins=pins) / "py" / "a.c").is_file()


@pytest.mark.parametrize("pin", [{"commit": "0" * 40}, {"tree": ("py",), "tree_sha256": "0" * 64}])
def test_a_moved_tag_is_refused(
    empty_cache: Path, repository: Path, pin: dict[str, object]
) -> None:
    pins = _git_pins(repository, **pin)
    with pytest.raises(BuildError, match="wrong .*: needs 0+, found [0-9a-f]+"):
        sources.fetch("git", pins=pins)
    assert sources.cached("git", pins) is None


def test_a_git_host_out_of_reach_names_the_other_way(empty_cache: Path, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="set MIDGE_SOURCES=debian"):
        sources.fetch("git", pins=_git_pins(tmp_path / "nowhere", commit="0" * 40))
    assert not Git.answers(GitPin(url=f"file://{tmp_path}/nowhere", tag="v1"))
