"""scripts/setup and scripts/packages.sh: what they run, and when they run nothing.

apt-get, sudo and Python are stand-ins that write down how they were called: the real ones would
change this machine. `make demo` on a bare machine is what exercises them for real.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

# A Python that makes "environments" holding itself, and lets pip fail while PIP_FAILS exists.
FAKE_PYTHON = r"""#!/bin/bash
case "$*" in
    *_base_executable*) realpath "$0" ;;
    *ensurepip*) exit 0 ;;
    -VV) echo "Python 3.11.2 (fake)" ;;
    "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && echo venv >>"$LOG" ;;
    "-m pip --version") exit 0 ;;
    "-m pip "*)
        echo "pip" >>"$LOG"
        [ ! -e "$PIP_FAILS" ] || exit 1
        printf '#!/bin/sh\n' >.venv/bin/midge && chmod +x .venv/bin/midge
        ;;
    "-m midge.firmware.sources") echo sources >>"$LOG" ;;
    *) echo "unexpected: $*" >&2; exit 9 ;;
esac
"""


@pytest.fixture
def checkout(root, tmp_path) -> Path:
    folder = tmp_path / "checkout"
    shutil.copytree(root / "scripts", folder / "scripts")
    shutil.copy(root / "pyproject.toml", folder)
    python = tmp_path / "python"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    return folder


def setup(checkout: Path) -> tuple[int, list[str]]:
    """Exit code, and what was called."""
    place = checkout.parent
    log = place / "log"
    log.write_text("")
    env = {
        **os.environ, "PYTHON": str(place / "python"), "LOG": str(log),
        "PIP_FAILS": str(place / "fails"), "MIDGE_PACKAGES": "skip",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", str(checkout / "scripts" / "setup")], env=env, stdin=subprocess.DEVNULL,
        capture_output=True, text=True,
    )  # fmt: skip
    assert "unexpected" not in done.stderr
    return done.returncode, log.read_text().split()


def test_second_time_installs_nothing(checkout):
    assert setup(checkout) == (0, ["venv", "pip", "pip", "sources"])
    assert setup(checkout) == (0, ["sources"])


@pytest.mark.parametrize("name", ["pyproject.toml", "scripts/constraints.txt"])
def test_changed_dependencies_are_installed(checkout, name):
    setup(checkout)
    with (checkout / name).open("a") as file:
        file.write("\n# changed\n")
    assert setup(checkout) == (0, ["pip", "pip", "sources"])


def test_a_moved_checkout_is_installed_anew(checkout):
    setup(checkout)
    moved = checkout.rename(checkout.with_name("moved"))
    assert setup(moved) == (0, ["pip", "pip", "sources"])


def test_interrupted_it_goes_on_the_next_time(checkout):
    fails = checkout.parent / "fails"
    fails.touch()
    assert setup(checkout) == (1, ["venv", "pip"])
    fails.unlink()
    assert setup(checkout) == (0, ["pip", "pip", "sources"])
    assert setup(checkout) == (0, ["sources"])


def test_a_broken_environment_is_made_again(checkout):
    setup(checkout)
    (checkout / ".venv" / "bin" / "midge").write_text("#!/bin/sh\nexit 1\n")
    (checkout / ".venv" / "bin" / "python").unlink()
    assert setup(checkout) == (0, ["venv", "pip", "pip", "sources"])


def packages(root: Path, tmp_path: Path, call: str, **programs: str) -> tuple[int, str, str]:
    """Calls a function of packages.sh where only ``programs`` are there."""
    path = tmp_path / "bin"
    path.mkdir(parents=True)
    for name in ("bash", "cat", "env", "grep"):
        (path / name).symlink_to(shutil.which(name))
    for name, body in programs.items():
        program = path / name.replace("_", "-")
        program.write_text(f"#!{shutil.which('bash')}\n{body}\n")
        program.chmod(0o755)
    done = subprocess.run(
        [shutil.which("bash"), "-euc", f"source {root}/scripts/packages.sh; {call}"],
        env={"PATH": str(path)}, capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


DPKG = 'case "${!#}" in here) echo installed;; half) echo half-configured;; *) exit 1;; esac'
APT = 'echo "apt-get($DEBIAN_FRONTEND) $*"'


def test_missing_packages_are_those_not_fully_installed(root, tmp_path):
    code, out, _ = packages(root, tmp_path, "missing_packages here half gone", dpkg_query=DPKG)
    assert (code, out.split()) == (0, ["half", "gone"])


def test_root_installs_directly(root, tmp_path):
    code, out, _ = packages(root, tmp_path, "install_packages a b", apt_get=APT, id="echo 0")
    assert code == 0
    assert out.splitlines()[1:] == [
        "apt-get(noninteractive) update -q",
        "apt-get(noninteractive) install -y -q --no-install-recommends a b",
    ]


def test_a_user_goes_through_sudo(root, tmp_path):
    sudo = 'echo "sudo:"; "$@"'
    code, out, _ = packages(
        root, tmp_path, "install_packages a", apt_get=APT, id="echo 1000", sudo=sudo
    )
    assert code == 0
    assert out.splitlines()[1:] == [
        "sudo:",
        "apt-get(noninteractive) update -q",
        "sudo:",
        "apt-get(noninteractive) install -y -q --no-install-recommends a",
    ]


@pytest.mark.parametrize("code", [0, 100])
def test_postgresql_makes_and_starts_no_database(root, tmp_path, code):
    """The setting is there while apt-get runs, and gone afterwards, however that ends."""
    tools = {name: f'echo "{name} $*"' for name in ("mkdir", "rm")}
    found, out, _ = packages(
        root, tmp_path, "install_packages a postgresql", id="echo 0", tee="cat",
        apt_get=f'echo "apt-get $*"; [ "$1" = update ] || exit {code}', **tools,
    )  # fmt: skip
    folder = "/etc/postgresql-common/createcluster.d"
    assert found == code
    assert out.splitlines()[1:] == [
        "apt-get update -q", f"mkdir -p {folder}",
        "apt-get install -y -q --no-install-recommends a postgresql", f"rm -f {folder}/midge.conf",
    ]  # fmt: skip
    shown = packages(root, tmp_path / "more", "no_database_cluster on", id="echo 0",
                     tee='echo "tee $*: $(cat)" >&2', **tools)  # fmt: skip
    assert f"tee {folder}/midge.conf: create_main_cluster = false" in shown[2]


def test_without_sudo_it_says_what_root_has_to_run(root, tmp_path):
    code, _, err = packages(root, tmp_path, "install_packages a", apt_get=APT, id="echo 1000")
    assert code == 1
    assert "-> as root: apt-get install -y --no-install-recommends a" in err


def test_a_failing_apt_stops_it(root, tmp_path):
    code, _, _ = packages(
        root, tmp_path, "install_packages a; echo went on", apt_get="exit 100", id="echo 0"
    )
    assert code == 100


def test_without_apt_it_says_what_is_needed(root, tmp_path):
    code, _, err = packages(root, tmp_path, "install_packages a b", id="echo 0")
    assert code == 1 and "a b" in err and "MIDGE_PACKAGES=skip" in err
