"""``midge flash``: onto a boot loader's drive, and nowhere else."""

from __future__ import annotations

import json

import pytest

from midge import exits
from midge.cli import main
from midge.commands import flash
from midge.errors import LinkError


@pytest.fixture
def uf2(tmp_path):
    path = tmp_path / "firmware.uf2"
    path.write_bytes(b"UF2\n" * 128)
    return path


@pytest.fixture
def drive(tmp_path):
    folder = tmp_path / "RPI-RP2"
    folder.mkdir()
    (folder / "INFO_UF2.TXT").write_text("UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\n")
    return folder


def test_copies_the_firmware(uf2, drive, capsys):
    assert main(["flash", str(uf2), "--drive", str(drive), "--json"]) == 0
    assert (drive / "firmware.uf2").read_bytes() == uf2.read_bytes()
    assert json.loads(capsys.readouterr().out)["bytes"] == 512


def test_refuses_a_folder_that_is_no_boot_loader(uf2, tmp_path, capsys):
    assert main(["flash", str(uf2), "--drive", str(tmp_path)]) == exits.BOARD
    assert "BOOTSEL" in capsys.readouterr().err


def test_no_firmware_says_build_first(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["flash"]) == exits.ERROR
    assert "`midge build`" in capsys.readouterr().err


def test_finds_the_one_drive(drive, monkeypatch):
    monkeypatch.setattr(flash, "_mounts", lambda: ["proc /proc proc", f"sda1 {drive} vfat"])
    assert flash.find_drive() == drive


def test_no_board_and_two_boards(drive, monkeypatch):
    monkeypatch.setattr(flash, "_mounts", lambda: ["proc /proc proc"])
    with pytest.raises(LinkError, match="BOOTSEL"):
        flash.find_drive()
    monkeypatch.setattr(flash, "_mounts", lambda: [f"sda1 {drive} vfat", f"sdb1 {drive} vfat"])
    with pytest.raises(LinkError, match="2 boards"):
        flash.find_drive()
