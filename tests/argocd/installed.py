"""The operator as the example's Application installs it, from the chart in git, on a node of processes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from onecloud_operator import __version__
from sandbox.cluster.argo import NAMESPACE, Repository
from sandbox.stage import ROOT
from tests.argocd.shop import EXAMPLES, LONG, well

if TYPE_CHECKING:
    from sandbox.cluster.kube import Kube, Object
    from sandbox.cluster.kubelet import Kubelet

CHART = "helm/onecloud-operator"
RELEASE = "onecloud-operator"
SYSTEM = "onecloud-system"

# Short intervals: the rules are the same, only sooner.
QUICK = {
    "pollMovingSeconds": 0.2,
    "pollIdleSeconds": 0.5,
    "eventsSeconds": 2,
    "confirmSeconds": 0.05,
    "secretSeconds": 1,
    "massDeletionPercent": 100,  # the tests share a project, and each deletes what it made
}
VALUES: dict[str, Any] = {"settings": QUICK, "readinessProbe": {"periodSeconds": 1}}


@dataclass
class Installed:
    """The operator's Application and its Pods."""

    kube: Kube
    kubelet: Kubelet
    root: Path

    def __post_init__(self) -> None:
        """Put the chart into git."""
        self.repository = Repository(self.root / "operator")
        self.repository.copy(ROOT / CHART, CHART)
        self.repository.commit("The chart")
        self.repository.tag(f"v{__version__}")

    def manifest(self) -> Object:
        """Return the example's Application, reading the release from here and with short intervals."""
        made: Object = yaml.safe_load((EXAMPLES / "operator.yaml").read_text())
        made["spec"]["source"]["repoURL"] = self.repository.url
        made["spec"]["source"]["helm"]["valuesObject"] |= VALUES
        return made

    def install(self) -> None:
        """Apply the Application; return when Argo CD calls it Healthy."""
        self.kube.apply(self.manifest(), force=True)
        self.kube.wait_for("applications", RELEASE, NAMESPACE, well, 2 * LONG)

    def remove(self) -> None:
        """Delete the Application and with it the operator; return when it is gone."""
        self.kube.delete("applications", RELEASE, NAMESPACE)
        self.kube.wait_gone("applications", RELEASE, NAMESPACE, LONG)
        self.release()

    def release(self) -> None:
        """Remove the Lease of an operator that is gone: no test waits the 15 s until it has run out."""
        self.kube.delete("leases", RELEASE, SYSTEM)  # its holder could not: the right to went first

    def text(self) -> str:
        """Return all that the operator logged."""
        return self.kubelet.logs(SYSTEM)
