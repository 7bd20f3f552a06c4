"""The plugin, called as a person calls it, with a namespace of the real API server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.cli.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube

SPEC: dict[str, Any] = {
    "credentialsRef": {"name": "onecloud"},
    "server": {
        "cpu": 2,
        "memory": "4Gi",
        "image": "ubuntu-22.04",
        "networks": [{"network": "vnet-1"}],
    },
}
SINCE = "2026-11-30T02:00:00Z"


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Desk:
    """Someone at a shell: a namespace, and the plugin."""

    kube: Kube
    namespace: str
    run: Callable[..., Said]

    def apply(self, name: str = "web-1", **spec: Any) -> dict[str, Any]:
        return self.kube.apply(
            {
                "apiVersion": "onecloud.io/v1alpha1",
                "kind": "OneCloudServer",
                "metadata": {"name": name, "namespace": self.namespace},
                "spec": {**SPEC, **spec},
            },
            force=True,
        )

    def tell(self, name: str = "web-1", **status: Any) -> None:
        """Write a status as the operator would."""
        self.kube.patch("onecloudservers", name, self.namespace, {"status": status}, subresource="status")

    def annotations(self, name: str = "web-1") -> Mapping[str, str]:
        found = self.kube.get("onecloudservers", name, self.namespace)
        assert found is not None
        return dict(found["metadata"].get("annotations") or {})


def condition(kind: str, status: str, reason: str, message: str = "", since: str = SINCE) -> dict[str, Any]:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "observedGeneration": 1,
        "lastTransitionTime": since,
    }


@pytest.fixture
def plugin(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Give the plugin: arguments in, what it said out."""

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        code = main(arguments)
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return run


@pytest.fixture
def desk(
    control_plane: ControlPlane, kube: Kube, served: None, namespace: str, plugin: Callable[..., Said]
) -> Desk:
    where = ("--kubeconfig", str(control_plane.kubeconfig_of("admin")), "-n", namespace)
    return Desk(kube, namespace, lambda *arguments: plugin(*arguments, *where))
