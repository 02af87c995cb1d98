"""Sources from their upstream git repositories, at pinned tags."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from midge.errors import BuildError
from midge.firmware.files import Progress
from midge.firmware.pins import GitPin, Pin
from midge.firmware.treehash import tree_sha256

_ANSWER_S = 8.0  # how long "auto" waits for the git host
_DEBIAN_INSTEAD = "without a git host, set MIDGE_SOURCES=debian"


class Git:
    """Shallow checkouts of pinned tags, each checked, without their ``.git``."""

    @staticmethod
    def answers(pin: GitPin) -> bool:
        """Whether the repository can be reached now and has the tag."""
        if not shutil.which("git"):
            return False
        try:
            command = ["git", "ls-remote", "--exit-code", pin.url, f"refs/tags/{pin.tag}"]
            return not subprocess.run(
                command, capture_output=True, timeout=_ANSWER_S, env=_env()
            ).returncode
        except subprocess.TimeoutExpired:
            return False

    def unpack(self, pin: Pin, into: Path, progress: Progress | None) -> None:
        """Checks out ``pin`` into the empty folder ``into``."""
        git = pin.git
        _run("clone", "--quiet", "--depth=1", f"--branch={git.tag}", git.url, str(into))
        if git.submodules:
            update = ("submodule", "--quiet", "update", "--init", "--depth=1", "--")
            _run("-C", str(into), *update, *git.submodules)
        self._check(pin, into)
        for inner in (into, *(into / name for name in git.submodules)):
            link = inner / ".git"
            shutil.rmtree(link) if link.is_dir() else link.unlink(missing_ok=True)

    def _check(self, pin: Pin, top: Path) -> None:
        git = pin.git
        if git.commit:
            kind, wanted = "commit", git.commit
            found = _run("-C", str(top), "rev-parse", "HEAD").strip()
        else:
            kind, wanted = f"SHA-256 of {', '.join(git.tree)}", git.tree_sha256
            found = tree_sha256(top, git.tree)
        if found != wanted:
            raise BuildError(
                f"wrong {kind}: needs {wanted}, found {found}",
                where=f"{git.url} tag {git.tag}",
                do="the tag was moved or the repository is not the real one: do not use it; "
                "set MIDGE_SOURCES=debian, or report it",
            )


def _env() -> dict[str, str]:
    # never ask for a password; never be steered by the repository that midge runs in
    env = {k: v for k, v in os.environ.items() if k not in ("GIT_DIR", "GIT_WORK_TREE")}
    return env | {"GIT_TERMINAL_PROMPT": "0"}


def _run(*args: str) -> str:
    if not shutil.which("git"):
        raise BuildError("git is missing", do=f"sudo apt-get install git; {_DEBIAN_INSTEAD}")
    done = subprocess.run(["git", *args], capture_output=True, text=True, env=_env())
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise BuildError(f"git failed: {lines[-1]}", where=" ".join(args), do=_DEBIAN_INSTEAD)
    return done.stdout
