"""A shell completes the plugin's words by the program that kubectl asks, too."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.cli.commands.completion import SCRIPTS
from sandbox.stage import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Said

COMPLETE = "kubectl_complete-onecloud"


@pytest.fixture
def path(tmp_path: Path) -> str:
    program = tmp_path / COMPLETE
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT / 'operator')!r})\n"
        "from onecloud_operator.cli.__main__ import complete\nsys.exit(complete())\n"
    )
    program.chmod(0o755)
    return os.pathsep.join((str(tmp_path), os.environ["PATH"]))


def in_bash(words: list[str], path: str) -> list[str]:
    script = SCRIPTS["bash"]  # type: ignore[index]  # its members are texts
    listed = " ".join(f"'{word}'" for word in words)
    given = f"COMP_WORDS=({listed}); COMP_CWORD={len(words) - 1}"
    asked = f"{given}; _kubectl_onecloud; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{script}\n{asked}"],  # noqa: S607 - as the user's
        env={"PATH": path, "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_bash_completes_commands_and_values(path: str) -> None:
    assert in_bash(["kubectl-onecloud", "unfr"], path) == ["unfreeze"]
    assert in_bash(["kubectl-onecloud", "top", "--sort", "m"], path) == ["memory"]
    assert in_bash(["kubectl-onecloud", "secret", ""], path) == ["rcadmin"]


@pytest.mark.parametrize("shell", list(SCRIPTS))
def test_each_script_asks_kubectls_program(plugin: Callable[..., Said], shell: str) -> None:
    said = plugin("completion", shell)
    assert said.code == 0
    assert f"{COMPLETE} " in said.out
    assert "kubectl-onecloud" in said.out
    assert plugin("completion", shell, "-o", "json").json == {"shell": shell, "script": said.out}
