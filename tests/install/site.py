"""A user's namespaces around an installed operator, in a test's words."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import yaml

from sandbox.cluster import tools
from sandbox.cluster.kube import POLL_SECONDS
from tests.e2e.user import SERVER, settled
from tools.docs.chart import CHART
from tools.docs.install import NAMESPACE, RELEASE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube, Object
    from sandbox.cluster.kubelet import Kubelet
    from sandbox.stage import Cloud
    from tests.chart.helm import Command

KIND = "onecloudservers"
DEFINITIONS = ("onecloudservers.onecloud.io", "onecloudproviders.onecloud.io")
LONG = 60.0  # for a busy machine; what is awaited takes seconds
TIMEOUT = "--timeout=90s"
SIGN_IN = "POST /v3/auth/tokens"
RECONCILE = "onecloud.io/reconcile-requested-at"

# Short intervals: the rules are the same, only sooner. Nothing here changes a right or the replicas.
QUICK = {"pollMovingSeconds": 0.2, "pollIdleSeconds": 0.5, "confirmSeconds": 0.05, "secretSeconds": 0.5}
VALUES: dict[str, Any] = {
    "image": {"registry": "registry.example.com"},
    "settings": QUICK,
    "readinessProbe": {"periodSeconds": 1},
}


@dataclass
class Site:
    """A namespace for objects, and what is needed to work with them."""

    cluster: ControlPlane
    kube: Kube
    kubelet: Kubelet
    cloud: Cloud
    helm: Command
    namespace: str
    namespaces: list[str] = field(default_factory=list)

    def open(self, namespace: str) -> None:
        """Make a namespace with working credentials."""
        self.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        self.kube.apply(self.cloud.secret(namespace))
        self.namespaces.append(namespace)

    def by(self, version: Literal[3, 4]) -> Site:
        """Return the same with another Helm."""
        return replace(self, helm=replace(self.helm, program=tools.helm(version)))

    def install(self, values: Mapping[str, Any] = VALUES, chart: Path = CHART) -> None:
        """Install or upgrade the operator; return when its Pods are ready."""
        made = yaml.safe_dump(dict(values))
        self.helm(
            *("upgrade", "--install", RELEASE, chart, f"--namespace={NAMESPACE}", "--values=-"),
            *("--wait", TIMEOUT),
            stdin=made,
        )

    def uninstall(self) -> None:
        """Uninstall the operator, if it is there; return when its Pods are gone."""
        where = f"--namespace={NAMESPACE}"
        self.helm("uninstall", RELEASE, where, "--ignore-not-found", "--wait", TIMEOUT)
        # Its holder could not release it: the right to do so went first. No test waits the 15 s of that.
        self.kube.delete("leases", RELEASE, NAMESPACE)

    def chart(self, *manifests: Object) -> Path:
        """Return a chart of a user's own, with *manifests*."""
        path = self.helm.home / "charts" / "shop"
        (path / "templates").mkdir(parents=True, exist_ok=True)
        about = {"apiVersion": "v2", "name": "shop", "version": "1.0.0"}
        (path / "Chart.yaml").write_text(yaml.safe_dump(about))
        (path / "templates" / "all.yaml").write_text(yaml.safe_dump_all(manifests))
        return path

    def server(self, name: str = "web-1", namespace: str = "", **fields: Any) -> Object:
        """Return a manifest."""
        return {
            "apiVersion": "onecloud.io/v1alpha1",
            "kind": "OneCloudServer",
            "metadata": {"name": name, "namespace": namespace or self.namespace},
            "spec": {"credentialsRef": {"name": "onecloud"}, "server": SERVER, **fields},
        }

    def get(self, name: str = "web-1", namespace: str = "") -> Object:
        """Return an object."""
        found = self.kube.get(KIND, name, namespace or self.namespace)
        assert found is not None
        return found

    def wait_ready(self, name: str = "web-1", namespace: str = "") -> Object:
        """Wait until an object is as wanted."""
        return self.kube.wait_for(KIND, name, namespace or self.namespace, settled, LONG)

    def wait_looked_at(self, name: str = "web-1") -> Object:
        """Have the operator look at an object again, and wait until it has."""
        mark = f"{time.time()}"
        self.kube.patch(KIND, name, self.namespace, {"metadata": {"annotations": {RECONCILE: mark}}})
        return self.kube.wait_for(
            KIND,
            name,
            self.namespace,
            lambda found: (found.get("status") or {}).get("lastHandledReconcileAt") == mark,
            LONG,
        )

    def writes(self) -> set[str]:
        """Return the calls to the cloud since the last reset that may have changed something."""
        return {call for call in self.cloud.counts() if not call.startswith("GET ")} - {SIGN_IN}

    def pods(self) -> list[str]:
        """Return the names of the operator's Pods that are not about to go."""
        found = self.kube.list("pods", NAMESPACE, labels=f"app.kubernetes.io/instance={RELEASE}")
        return sorted(
            pod["metadata"]["name"]
            for pod in found
            if "deletionTimestamp" not in pod["metadata"] and pod["metadata"].get("ownerReferences")
        )

    def leader(self) -> str | None:
        """Return the Pod that holds the Lease, if one does."""
        lease = self.kube.get("leases", RELEASE, NAMESPACE)
        holder = ((lease or {}).get("spec") or {}).get("holderIdentity") or ""
        return next((pod for pod in self.pods() if holder.startswith(pod)), None)

    def until(self, condition: Callable[[], Any], what: str, seconds: float = LONG) -> Any:
        """Wait for a condition; return what it gave."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < deadline, f"not so within {seconds} s: {what}"
            time.sleep(POLL_SECONDS)
        return found

    def close(self) -> None:
        """Remove the release and every object; nobody needs the servers any more."""
        self.uninstall()
        if self.kube.get("CustomResourceDefinition", DEFINITIONS[0]) is not None:
            for found in self.kube.list(KIND):
                name, namespace = found["metadata"]["name"], found["metadata"]["namespace"]
                self.kube.delete(KIND, name, namespace)
                if found["metadata"].get("finalizers"):
                    self.kube.patch(KIND, name, namespace, {"metadata": {"finalizers": None}})
        for definition in DEFINITIONS:
            self._drop_definition_of_others(definition)
        for namespace in self.namespaces:
            self.kube.delete("namespaces", namespace)

    def _drop_definition_of_others(self, definition: str) -> None:
        """Remove a definition if no release made it: the next one could not take it over."""
        found = self.kube.get("CustomResourceDefinition", definition)
        labels = (found or {}).get("metadata", {}).get("labels") or {}
        if found is not None and labels.get("app.kubernetes.io/managed-by") != "Helm":
            self.kube.delete("CustomResourceDefinition", definition)
            self.kube.wait_gone("CustomResourceDefinition", definition, timeout_seconds=LONG)
