"""What a team does with git and sees in Argo CD, in a test's words."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sandbox.cluster.argo import NAMESPACE, REFRESH, Argo, Repository
from sandbox.cluster.kube import POLL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.cluster.kube import Kube, Object
    from sandbox.stage import Cloud
    from tests.argocd.installed import Installed

EXAMPLES = Path(__file__).parents[2] / "examples" / "argocd"
CUSTOMIZATION = EXAMPLES / "resource_customizations" / "onecloud.io" / "OneCloudServer"
PATCH: dict[str, str] = yaml.safe_load((EXAMPLES / "argocd-cm.yaml").read_text())["data"]
FOR_ROOT: dict[str, str] = yaml.safe_load((EXAMPLES / "argocd-cm-applications.yaml").read_text())["data"]
SERVERS = "onecloudservers"
FOLDER = "argocd/servers"  # where the example's Application looks
LONG = 60.0  # for a busy machine; what is awaited takes seconds


@dataclass
class Shop:
    """A repository, the namespace that it is synced into, and everything around."""

    argo: Argo
    kube: Kube
    cloud: Cloud
    operator: Installed
    namespace: str
    root: Path
    applications: list[str] = field(default_factory=list)

    @cached_property
    def repository(self) -> Repository:
        """The repository, with the folder examples/argocd in it."""
        made = Repository(self.root / "repository")
        made.copy(EXAMPLES, "argocd")
        made.commit("As in the examples")
        return made

    def open(self, change: Callable[[Object], None] = lambda _: None, *, folder: str = FOLDER) -> str:
        """Apply the example's Application of servers, changed by *change*; return its name."""
        name = f"{self.namespace}-{len(self.applications)}"
        made = self.manifest(name, folder=folder)
        change(made)
        self.kube.apply(made)
        self.applications.append(name)
        return name

    def manifest(self, name: str, *, folder: str = FOLDER) -> Object:
        """Return the example's Application of servers, reading from here."""
        made: Object = yaml.safe_load((EXAMPLES / "servers.yaml").read_text())
        made["metadata"]["name"] = name
        made["spec"]["source"] |= {"repoURL": self.repository.url, "path": folder}
        made["spec"]["destination"]["namespace"] = self.namespace
        return made

    def push(self, path: str, change: Callable[[Object], None], message: str = "Change it") -> None:
        """Change one manifest in git, and have Argo CD look."""
        manifest = yaml.safe_load((self.repository.directory / FOLDER / path).read_text())
        change(manifest)
        self.repository.write(f"{FOLDER}/{path}", yaml.safe_dump(manifest))
        self._published(message)

    def drop(self, *paths: str) -> None:
        """Remove manifests from git, and have Argo CD look."""
        for path in paths:
            self.repository.remove(f"{FOLDER}/{path}")
        self._published("Remove it")

    def _published(self, message: str) -> None:
        revision = self.repository.commit(message)
        for name in self.applications:
            self._wait_seen(name, revision)

    def _wait_seen(self, name: str, revision: str) -> None:
        self.until(lambda: self._seen(name, revision), f"{name} has seen {revision}")

    def _seen(self, name: str, revision: str) -> bool:
        """Say whether an Application was compared with *revision*; ask for it, unless that is under way."""
        found = self.application(name)
        if found.get("status", {}).get("sync", {}).get("revision") == revision:
            return True
        if REFRESH not in found["metadata"].get("annotations", {}):
            self.argo.refresh(name)
        return False

    def application(self, name: str = "") -> Object:
        """Return the (first) Application."""
        found = self.kube.get("applications", name or self.applications[0], NAMESPACE)
        assert found is not None
        return found

    def health(self, name: str = "") -> str | None:
        """Return the Application's health."""
        found: str | None = self.application(name).get("status", {}).get("health", {}).get("status")
        return found

    def wait_health(self, *wanted: str, name: str = "") -> None:
        """Wait until the Application has one of these healths."""
        self.until(lambda: self.health(name) in wanted, f"{name} {wanted}")

    def wait_well(self, name: str = "") -> None:
        """Wait until the Application is Synced to what is in git now, and Healthy."""
        name = name or self.applications[0]
        self._wait_seen(name, self.repository.commit("Nothing new"))  # no older comparison is taken for it
        self.until(lambda: well(self.application(name)), f"{name} is Synced and Healthy")

    def until(self, condition: Callable[[], Any], what: str, seconds: float = LONG) -> Any:
        """Wait for a condition; return what it gave."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > deadline:
                states = [yaml.safe_dump(self.application(name).get("status")) for name in self.applications]
                msg = f"not so within {seconds} s: {what}; the applications:\n" + "\n".join(states)
                raise AssertionError(msg)
            time.sleep(POLL_SECONDS)
        return found

    def server(self, name: str) -> Object | None:
        """Return an object."""
        return self.kube.get(SERVERS, name, self.namespace)

    def lives(self, name: str) -> bool:
        """Say whether the server is in the cloud, and not in its recycle bin."""
        found = self.in_cloud(name)
        return found is not None and not found["pending_deleted"]

    def in_cloud(self, name: str) -> dict[str, Any] | None:
        """Return the server in the cloud, recycled ones too."""
        wanted = f"{self.namespace}.{name}"
        return next((each for each in self.cloud.servers() if each["name"] == wanted), None)

    def close(self) -> None:
        """Remove the Applications, the objects (their servers go to the bin), and the namespace."""
        for name in self.applications:
            self.kube.delete("applications", name, NAMESPACE)
        for name in self.applications:
            self.kube.wait_gone("applications", name, NAMESPACE, LONG)
        for found in self.kube.list(SERVERS, self.namespace):
            self.kube.delete(SERVERS, found["metadata"]["name"], self.namespace)
        self.until(lambda: not self.kube.list(SERVERS, self.namespace), "the servers are gone")
        self.kube.delete("namespaces", self.namespace)


def well(found: Object) -> bool:
    """Say whether an Application is in agreement with git, and healthy, and not at work."""
    status = found.get("status", {})
    return bool(
        status.get("sync", {}).get("status") == "Synced"
        and status.get("health", {}).get("status") == "Healthy"
        and status.get("operationState", {}).get("phase", "Succeeded") == "Succeeded"
    )


def is_ready(found: Object | None) -> bool:
    """Say whether an object is Ready at its newest generation."""
    conditions = ((found or {}).get("status") or {}).get("conditions") or []
    return found is not None and any(
        each["type"] == "Ready"
        and each["status"] == "True"
        and each["observedGeneration"] == found["metadata"]["generation"]
        for each in conditions
    )
