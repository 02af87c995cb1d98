"""``midge doctor``: what is missing, and the one command that mends it."""

from __future__ import annotations

import argparse
import dataclasses

from midge import exits
from midge.commands.common import add_command, emit_json, say

_EXAMPLES = """\
  midge doctor
  midge doctor --json
"""


def add_parser(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the command line."""
    add_command(
        sub, "doctor", "say what is missing and the command that mends it", do_doctor, _EXAMPLES
    )


def do_doctor(args: argparse.Namespace) -> int:
    """Exits with 0 if everything needed is there, with 1 if not."""
    from midge.doctor import examine, healthy, remedy, report

    findings = examine()
    ok = healthy(findings)
    say(args, report(findings))
    mend = remedy(findings)
    say(args, "\nready" if ok else f"\nnot ready; this mends it:\n{mend}")
    listed = [dataclasses.asdict(one) for one in findings]
    emit_json(args, {"ok": ok, "mend": mend, "findings": listed})
    return exits.OK if ok else exits.ERROR
