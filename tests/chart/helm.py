"""Helm and kubectl as users run them, with nothing of this machine's own settings."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import yaml

from sandbox.cluster import tools
from tools.docs.chart import CHART
from tools.docs.install import NAMESPACE, RELEASE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CI = sorted((CHART / "ci").glob("*-values.yaml"))
VERSIONS: tuple[Literal[3], Literal[4]] = (3, 4)


class Refused(Exception):
    """The command failed; the message is what it said, without the command, whose words would match."""


@dataclass(frozen=True)
class Command:
    """A program with a home of its own; *kubeconfig* leads it to a cluster."""

    program: Path
    home: Path
    kubeconfig: Path | None = None
    common: tuple[str, ...] = ()

    def __call__(self, *arguments: str | Path, stdin: str = "") -> str:
        """Run it; return its standard output. Raises Refused."""
        env = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.home),
            "KUBECONFIG": str(self.kubeconfig or os.devnull),
            "KUBECACHEDIR": str(self.home / "kube"),
            **{f"HELM_{kind}_HOME": str(self.home / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")},
        }
        command = [str(self.program), *map(str, arguments), *self.common]
        done = subprocess.run(command, env=env, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode:
            refused = Refused(done.stderr + done.stdout)
            refused.add_note(" ".join(map(str, (self.program.name, *arguments))))
            raise refused
        return done.stdout


@dataclass(frozen=True)
class Release:
    """The operator's release in one namespace of a cluster."""

    helm: Command
    name: str = RELEASE
    namespace: str = NAMESPACE
    chart: Path = field(default=CHART)

    def install(self, values: Mapping[str, Any] | None = None, *more: str) -> str:
        """Install it, without waiting for Pods."""
        return self._run("install", values, *more)

    def upgrade(self, values: Mapping[str, Any] | None = None, *more: str) -> str:
        """Upgrade it."""
        return self._run("upgrade", values, *more)

    def rollback(self, revision: int, *more: str) -> str:
        """Go back to an earlier revision."""
        return self.helm("rollback", self.name, str(revision), f"--namespace={self.namespace}", *more)

    def uninstall(self) -> str:
        """Remove it."""
        return self.helm("uninstall", self.name, f"--namespace={self.namespace}")

    def _run(self, verb: str, values: Mapping[str, Any] | None, *more: str) -> str:
        text = yaml.safe_dump(dict(values or {}))
        where = f"--namespace={self.namespace}"
        return self.helm(verb, self.name, self.chart, where, "--values=-", *more, stdin=text)


@cache
def plain(version: Literal[3, 4], home: Path) -> Command:
    """Return a Helm that knows no cluster."""
    return Command(tools.helm(version), home)


def rendered(
    helm: Command, values: Mapping[str, Any] | Path | None = None, *more: str, release: str = RELEASE
) -> str:
    """Return what the chart is with *values*, as text. Raises Refused."""
    arguments = ["template", release, str(CHART), f"--namespace={NAMESPACE}", *more]
    if not hasattr(values, "read_text"):
        return helm(*arguments, "--values=-", stdin=yaml.safe_dump(dict(values or {})))
    return helm(*arguments, f"--values={values}")


def objects(text: str) -> list[dict[str, Any]]:
    """Return the objects of a text of manifests, by kind and name."""
    found = [document for document in yaml.safe_load_all(text) if document]
    return sorted(
        found,
        key=lambda each: (each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"]),
    )


def one(text: str, kind: str) -> dict[str, Any]:
    """Return the only object of a kind."""
    (found,) = [each for each in objects(text) if each["kind"] == kind]
    return found
