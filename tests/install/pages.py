"""The steps of a page, and the shell of a reader who pastes them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.cluster import tools
from sandbox.cluster.argo import Repository
from sandbox.stage import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.stage import Cloud

README = ROOT / "README.md"
# Which commands are whose: after a heading or in a numbered step everybody's, until a **with …** names a way.
PART = re.compile(
    r"^(?:#+ |\d\. )[^\n]*?(?=\*\*[Ww]ith|\n)"
    r"|\*\*(?P<way>[Ww]ith[^*]*)\*\*"
    r"|^(?P<indent> *)```sh\n(?P<commands>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


def steps(page: Path, heading: str) -> list[str]:
    """Return the commands of a section of a page, in order."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", page.read_text(), re.MULTILINE | re.DOTALL)
    found = re.findall(r"^( *)```sh\n(.*?)^\1```$", section, re.MULTILINE | re.DOTALL)
    assert found, heading
    return [textwrap.dedent(commands) for _, commands in found]


def step(page: Path, heading: str, words: str) -> str:
    """Return the only commands of a section that have these words in them."""
    (found,) = (commands for commands in steps(page, heading) if words in commands)
    return found


def journey(way: str, names: str = "") -> str:
    """
    Return what a reader of the README runs to get a first server, in the order of the page.

    *names* replaces the names that the page begins with, as in the playground. Left out is what no test can
    do: build and push the image, and watch without an end.
    """
    text = README.read_text()
    found = []
    whose: str | None = None
    for part in PART.finditer(text[text.index("\n## Install\n") : text.index("\n## What else it does\n")]):
        if (commands := part["commands"]) is None:
            whose = part["way"]
        elif whose is None or way in whose:
            found.append(textwrap.dedent(commands))
    first, image, *others = found
    assert "IMAGE=" in first
    assert image.startswith("make image ")
    return "\n".join([names or first, *others]).replace("get ocs -w\n", "get ocs\n")


def uninstall(way: str) -> str:
    """Return what the README says is uninstalled with."""
    (found,) = re.findall(rf"^\| {way} \| `(.*)` \|$", README.read_text(), re.MULTILINE)
    return str(found)


@dataclass(frozen=True)
class Shell:
    """A shell in a checkout, with helm and kubectl on its path."""

    checkout: Path
    home: Path
    kubeconfig: Path

    def __call__(self, commands: str) -> str:
        """Run commands; return what they print. The first that fails ends them."""
        path = [str(tools.helm().parent), str(tools.kubectl().parent), os.environ.get("PATH", os.defpath)]
        git = {f"GIT_{who}_{what}": "reader" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        env = {
            "PATH": os.pathsep.join(path),
            "HOME": str(self.home),
            "KUBECONFIG": str(self.kubeconfig),
            **git,
        }
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],  # noqa: S607 - as the reader's
            cwd=self.checkout,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
        return done.stdout


def shell(directory: Path, cluster: ControlPlane, cloud: Cloud) -> Shell:
    """Give a shell in a checkout below *directory*, with the cloud's shell file in it."""
    checkout = directory / "checkout"
    checkout.mkdir()
    for name in ("helm", "examples", "crds"):
        shutil.copytree(ROOT / name, checkout / name)
    shutil.copy(ROOT / "install.yaml", checkout)
    lines = (f"export {key}={shlex.quote(value)}\n" for key, value in cloud.secret_data.items())
    Repository(checkout).commit("A release")
    (checkout / "rcadmin").write_text("".join(lines))
    return Shell(checkout, directory, cluster.kubeconfig)
