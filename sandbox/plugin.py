"""``kubectl onecloud`` of this checkout, as ``pipx install '.[cli]'`` puts it on the PATH."""

import os
import shlex
import sys
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parent.parent

# kubectl asks the second one for words.
PROGRAMS: Final = {"kubectl-onecloud": "main", "kubectl_complete-onecloud": "complete"}
TEXT: Final = """\
#!/bin/sh
PYTHONPATH={path} {more}exec {python} -c 'import sys
from onecloud_operator.cli.__main__ import {entry}
sys.exit({entry}())' "$@"
"""
# As the operator has it that is played with: the simulated cloud is on this machine.
LOOPBACK: Final = "ONECLOUD_OPERATOR_ALLOW_LOOPBACK=true "


def install(directory: Path, *, simulated: bool) -> Path:
    """Put it into *directory*, which is made, and return that; *simulated*: Secrets may lead to loopback."""
    directory.mkdir(exist_ok=True)
    for name, entry in PROGRAMS.items():
        program = directory / name
        program.write_text(
            TEXT.format(
                path=shlex.quote(os.fspath(ROOT / "operator")),
                python=shlex.quote(sys.executable),
                more=LOOPBACK if simulated else "",
                entry=entry,
            )
        )
        program.chmod(0o700)
    return directory
