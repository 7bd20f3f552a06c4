"""A user's shell: its commands find our kubectl and the demo's cluster, and their output can be followed."""

from __future__ import annotations

import itertools
import os
import subprocess
from typing import TYPE_CHECKING

from sandbox import children, plugin
from sandbox.cluster.process import Process

if TYPE_CHECKING:
    from pathlib import Path


class ShellError(Exception):
    """A command failed; the message is what it printed."""


class Follower:
    """What a growing file says, line by line, as far as the lines are whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def lines(self, *, rest: bool = False) -> list[str]:
        """Return the lines that are new; *rest*: also a last one without its end."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        whole = data if rest else data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        return whole.decode(errors="replace").splitlines()


class Shell:
    """
    Runs commands with *kubectl* and *kubeconfig* (None: the user's own); its files are in *directory*.

    *simulated*: the cloud is on this machine.
    """

    def __init__(
        self, kubectl: Path, kubeconfig: Path | None, directory: Path, *, simulated: bool = False
    ) -> None:
        self._directory = directory
        self.programs = plugin.install(directory / "bin", simulated=simulated)  # beside kubectl
        self._numbers = itertools.count(1)
        path = [str(kubectl.parent), str(self.programs), os.environ.get("PATH", os.defpath)]
        self._environment = {
            **os.environ,
            **({} if kubeconfig is None else {"KUBECONFIG": str(kubeconfig)}),
            "PATH": os.pathsep.join(path),
            "KUBECACHEDIR": str(directory / "cache"),  # nothing is left in the user's home
            "KUBECTL_KUBERC": "false",  # what is shown is what happens, whatever the user's own aliases are
        }

    def start(self, line: str) -> Process:
        """Start a command line; its output is in the log."""
        log = self._directory / f"{next(self._numbers)}.log"
        return Process(["/bin/sh", "-c", line], log=log, env=self._environment)

    def ask(self, *command: str, timeout_seconds: float = 30.0) -> str:
        """Run a command and return what it printed. Raises ShellError."""
        try:
            done = children.ask(command, timeout_seconds=timeout_seconds, env=self._environment)
        except subprocess.TimeoutExpired:
            raise ShellError(f"no answer within {timeout_seconds:.0f} s: {' '.join(command)}") from None
        if done.returncode:
            raise ShellError((done.stderr or done.stdout).strip())
        return done.stdout
