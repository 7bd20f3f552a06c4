"""The commands of a page, and the shell of a reader who pastes them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox import plugin
from sandbox.cluster import tools
from sandbox.cluster.argo import Repository
from sandbox.stage import ROOT
from tests.sandbox.terminal import on_a_terminal, plain

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.stage import Cloud

README = ROOT / "README.md"
INSTALLING = ROOT / "docs" / "installing.md"
ARGOCD = ROOT / "docs" / "argocd.md"
BLOCK = re.compile(
    r"^(?P<indent> *)```sh\n(?P<commands>.*?)^(?P=indent)```\n"
    r"(?:\n(?P=indent)```text\n(?P<output>.*?)^(?P=indent)```\n)?",
    re.MULTILINE | re.DOTALL,
)
FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:kubectl|helm|make|docker|climc) [^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """Commands that a page has, and what it says they print."""

    commands: str
    output: str


def blocks(page: Path, heading: str = "") -> list[Block]:
    """Return the commands of a page, or of one of its sections, in order."""
    text = page.read_text()
    if heading:
        (text,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    found = [
        Block(textwrap.dedent(each["commands"]), textwrap.dedent(each["output"] or ""))
        for each in BLOCK.finditer(text)
    ]
    assert found, heading
    return found


def inline(page: Path) -> list[str]:
    """Return the commands that stand in the sentences and tables of a page."""
    return INLINE.findall(FENCE.sub("", page.read_text()))


def steps(page: Path, heading: str) -> list[str]:
    """Return the commands of a section of a page, in order."""
    return [block.commands for block in blocks(page, heading)]


def step(page: Path, heading: str, words: str) -> str:
    """Return the only commands of a section that have these words in them."""
    (found,) = (commands for commands in steps(page, heading) if words in commands)
    return found


@dataclass(frozen=True)
class Shell:
    """A shell in a checkout, with helm, kubectl and its plugin on its path."""

    checkout: Path
    home: Path
    kubeconfig: Path

    def __call__(self, commands: str) -> str:
        """Run commands; return what they print. The first that fails ends them."""
        done = subprocess.run(
            _bash(commands),
            cwd=self.checkout,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
        return done.stdout

    def on_a_terminal(self, commands: str) -> str:
        """Run commands in a terminal of 80 columns; return what it shows, that of errors too."""
        with on_a_terminal(_bash(commands), self.environment, self.checkout) as terminal:
            code = terminal.end()
        shown = plain(terminal.shown)
        assert code == 0, f"{commands}\n{shown}"
        return shown

    @property
    def environment(self) -> dict[str, str]:
        programs = (tools.helm().parent, tools.kubectl().parent, self.home / "plugin")
        path = [*map(str, programs), os.environ.get("PATH", os.defpath)]
        git = {f"GIT_{who}_{what}": "reader" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        return {
            "PATH": os.pathsep.join(path),
            "HOME": str(self.home),
            "KUBECONFIG": str(self.kubeconfig),
            **git,
        }


def _bash(commands: str) -> list[str]:
    return [str(shutil.which("bash")), "-euo", "pipefail", "-c", commands]


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
    plugin.install(directory / "plugin", simulated=True)
    kubeconfig = directory / "kubeconfig"  # of the reader's own, who may choose a namespace
    shutil.copy(cluster.kubeconfig, kubeconfig)
    return Shell(checkout, directory, kubeconfig)
