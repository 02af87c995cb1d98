"""What the doctor finds, and that its remedies agree with what `make` installs."""

from __future__ import annotations

import json
import subprocess
import sys

from midge import doctor


def test_a_missing_tool_has_one_command(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = doctor.tool(next(one for one in doctor.TOOLS if one.name == "arm-none-eabi-gcc"))
    assert not finding.ok and finding.needed
    assert finding.found == "no arm-none-eabi-gcc"
    assert finding.mend.endswith("apt-get install -y gcc-arm-none-eabi")
    assert finding.mend in doctor.report([finding])
    assert not doctor.healthy([finding])


def test_one_command_mends_all(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    findings = [doctor.tool(one) for one in doctor.TOOLS]
    findings += [doctor.package("no_such"), doctor.package("optional_one", needed=False)]
    apt, pip = doctor.remedy(findings).split(" && ")
    packages = " ".join(one.packages for one in doctor.TOOLS)
    assert apt.endswith(f"apt-get install -y {packages}")
    assert pip.endswith("-m pip install no_such")
    assert doctor.remedy([]) == ""


def test_a_compiler_without_headers_is_not_ok(monkeypatch, tmp_path):
    broken = tmp_path / "arm-none-eabi-gcc"
    broken.write_text("#!/bin/sh\necho 'fatal error: string.h: No such file' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    newlib = next(one for one in doctor.TOOLS if one.name.startswith("newlib"))
    finding = doctor.tool(newlib)
    assert not finding.ok
    assert "string.h" in finding.found and "libnewlib-arm-none-eabi" in finding.mend


def test_a_missing_package(monkeypatch):
    finding = doctor.package("no_such_package", extra="train", needed=False)
    assert not finding.ok and "'midge[train]'" in finding.mend
    assert doctor.healthy([finding])  # optional
    assert not doctor.healthy([doctor.package("no_such_package")])


def test_sources_not_fetched(monkeypatch, tmp_path):
    monkeypatch.setenv("MIDGE_CACHE", str(tmp_path))
    finding = doctor.sources()
    assert not finding.ok and finding.mend.endswith("-m midge.firmware.sources")


def test_its_packages_are_those_that_make_installs(root):
    listed = (root / "scripts" / "debian-packages.txt").read_text().splitlines()
    installed = {line.split("#")[0].strip() for line in listed}
    assert {name for one in doctor.TOOLS for name in one.packages.split()} <= installed


def test_json_and_exit_code_agree():
    done = subprocess.run(
        [sys.executable, "-m", "midge.cli", "doctor", "--json"], capture_output=True, text=True
    )
    report = json.loads(done.stdout)
    assert done.returncode == (0 if report["ok"] else 1)
    lacks = [one for one in report["findings"] if not one["ok"] and one["needed"]]
    assert report["ok"] == (not lacks)
    assert all(one["mend"] for one in report["findings"] if not one["ok"])
