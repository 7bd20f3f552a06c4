"""What a user does and sees, in a test's words."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.cluster.kube import POLL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.cluster.kube import Kube
    from sandbox.stage import Cloud, Operator

KIND = "onecloudservers"
LONG = 40.0  # for a busy machine; what is awaited takes a second or two

SERVER: dict[str, Any] = {
    "cpu": 2,
    "memory": "4Gi",
    "image": "ubuntu-22.04",
    "networks": [{"network": "vnet-1"}],
}


@dataclass(frozen=True)
class User:
    """One namespace, its cloud and its operator."""

    kube: Kube
    namespace: str
    cloud: Cloud
    operator: Operator

    def apply(
        self, name: str = "web-1", server: Mapping[str, Any] | None = None, **policies: Any
    ) -> dict[str, Any]:
        """Apply an object, as kubectl does: what is not given is taken out."""
        whole = "adoption" not in policies or server is not None
        return self.apply_only(name, {**SERVER, **(server or {})} if whole else None, **policies)

    def apply_only(
        self, name: str = "web-1", server: Mapping[str, Any] | None = None, **policies: Any
    ) -> dict[str, Any]:
        """Apply an object with nothing but these fields of the server."""
        spec: dict[str, Any] = {"credentialsRef": {"name": "onecloud"}, **policies}
        if server is not None:
            spec["server"] = dict(server)
        return self.kube.apply(
            {
                "apiVersion": "onecloud.io/v1alpha1",
                "kind": "OneCloudServer",
                "metadata": {"name": name, "namespace": self.namespace},
                "spec": spec,
            },
            force=True,
        )

    def delete(self, name: str = "web-1") -> None:
        """Delete an object; return at once."""
        self.kube.delete(KIND, name, self.namespace)

    def annotate(self, key: str, value: str | None, name: str = "web-1") -> None:
        """Set or remove an annotation."""
        self.kube.patch(KIND, name, self.namespace, {"metadata": {"annotations": {key: value}}})

    def get(self, name: str = "web-1") -> dict[str, Any]:
        """Return the object."""
        found = self.kube.get(KIND, name, self.namespace)
        assert found is not None
        return found

    def status(self, name: str = "web-1") -> dict[str, Any]:
        """Return its status."""
        found: dict[str, Any] = self.get(name).get("status") or {}
        return found

    def wait(
        self, predicate: Callable[[dict[str, Any]], Any], name: str = "web-1", seconds: float = LONG
    ) -> Any:
        """Wait until the object's status is so; return the status."""
        seen = self.kube.wait_for(
            KIND, name, self.namespace, lambda o: predicate(o.get("status") or {}), timeout_seconds=seconds
        )
        return seen["status"]

    def wait_ready(self, name: str = "web-1") -> Any:
        """Wait until the newest generation is realised and the server is as wanted."""
        seen = self.kube.wait_for(KIND, name, self.namespace, settled, timeout_seconds=LONG)
        return seen["status"]

    def wait_reason(
        self, reason: str, name: str = "web-1", kind: str = "Synced", seconds: float = LONG
    ) -> Any:
        """Wait until a condition (Synced by default) gives this reason; return the status."""
        return self.wait(lambda status: condition(status, kind).get("reason") == reason, name, seconds)

    def wait_gone(self, name: str = "web-1") -> None:
        """Wait until the object is gone."""
        self.kube.wait_gone(KIND, name, self.namespace, timeout_seconds=LONG)

    def until(self, condition: Callable[[], Any], what: str, seconds: float = LONG) -> Any:
        """Wait for something that is no object; return what *condition* gave."""
        deadline = time.monotonic() + seconds
        asked_at = time.monotonic()
        while not (found := condition()):
            now = time.monotonic()
            assert now < deadline, f"not so within {seconds} s: {what}"
            time.sleep(max(POLL_SECONDS, 2.0 * (now - asked_at)))  # what takes long is asked less often
            asked_at = time.monotonic()
        return found

    def only_server(self) -> dict[str, Any]:
        """Return the one server that there is."""
        (server,) = self.cloud.servers()
        return server

    def posts(self) -> int:
        """Return how many creations were asked for."""
        return self.cloud.counts().get("POST /servers", 0)

    def check_secrets(self) -> None:
        """See that no secret was logged, or stands in an object or an Event."""
        seen = self.operator.text() + str(self.kube.list(KIND, self.namespace))
        seen += str(self.kube.list("events", self.namespace))
        for value in (self.cloud.secret_data["OS_PASSWORD"], "tok-3f9a", "Sesam-0ffne-dich"):
            assert value not in seen


def condition(status: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return a condition, or an empty one."""
    found: dict[str, Any] = next((c for c in status.get("conditions") or () if c["type"] == kind), {})
    return found


def settled(found: Mapping[str, Any]) -> bool:
    """Say what kstatus says: the newest generation was looked at, and the object is Ready."""
    status = found.get("status") or {}
    generation = found["metadata"]["generation"]
    ready, synced = condition(status, "Ready"), condition(status, "Synced")
    return (
        status.get("observedGeneration") == generation
        and ready.get("status") == "True"
        and ready.get("observedGeneration") == generation
        and synced.get("status") == "True"
        and not condition(status, "Reconciling")
    )
