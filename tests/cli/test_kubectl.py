"""kubectl itself finds the plugin, and completes its words."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from onecloud_operator import __version__
from sandbox.cluster import tools
from sandbox.stage import ROOT
from tests.programs import first_build

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = {"kubectl-onecloud": "main", "kubectl_complete-onecloud": "complete"}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> str:
    """Give a PATH with kubectl and the console scripts, as an installer makes them of pyproject.toml."""
    with first_build(request):
        kubectl: Path = tools.kubectl()
    folder = tmp_path_factory.mktemp("bin")
    for name, function in PROGRAMS.items():
        assert (
            f'{name} = "onecloud_operator.cli.__main__:{function}"' in (ROOT / "pyproject.toml").read_text()
        )
        program = folder / name
        program.write_text(
            f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT / 'operator')!r})\n"
            f"from onecloud_operator.cli.__main__ import {function}\nsys.exit({function}())\n"
        )
        program.chmod(0o755)
    return os.pathsep.join((str(folder), str(kubectl.parent), os.environ["PATH"]))


def kubectl(path: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["kubectl", *arguments],  # noqa: S607 - as the user's
        env={"PATH": path, "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_kubectl_runs_it_and_passes_its_exit_code_on(path: str) -> None:
    assert kubectl(path, "onecloud", "--version").stdout == f"{__version__}\n"
    assert "kubectl onecloud why" in kubectl(path, "onecloud", "why", "-h").stdout
    done = kubectl(path, "onecloud", "poem")
    assert done.returncode == 1
    assert "Try 'kubectl onecloud -h' for help." in done.stderr


def test_kubectl_completes_its_words(path: str) -> None:
    assert kubectl(path, "__complete", "onecloud", "unfr").stdout.splitlines() == [
        "unfreeze\tEnd a freeze",
        ":4",
    ]
    assert "json" in kubectl(path, "__complete", "onecloud", "top", "-o", "j").stdout
