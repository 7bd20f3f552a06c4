"""OneCloudServers in a cluster where nobody works on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.cluster.kube import Kube, Object

CRD = "onecloudservers.onecloud.io"
PROVIDERS_CRD = "onecloudproviders.onecloud.io"
LONG = 30.0  # for a busy machine; what is awaited takes seconds
SERVER: dict[str, Any] = {
    "apiVersion": "onecloud.io/v1alpha1",
    "kind": "OneCloudServer",
    "metadata": {"name": "web-1"},
    "spec": {
        "credentialsRef": {"name": "onecloud"},
        "server": {"cpu": 1, "memory": "1Gi", "image": "cirros", "networks": [{"network": "vnet-1"}]},
    },
}


def add_server(kube: Kube, namespace: str, **spec: Any) -> str:
    """Make an object once its kind is served; return its UID."""
    kube.wait_for("CustomResourceDefinition", CRD, None, established, LONG)
    kube.wait_for("apiservices", "v1alpha1.onecloud.io", None, _available, LONG)
    found = kube.create({**SERVER, "spec": {**SERVER["spec"], **spec}}, namespace=namespace)
    uid: str = found["metadata"]["uid"]
    return uid


def established(found: Object) -> bool:
    """Say whether a definition is served."""
    return _is(found, "Established")


def _available(found: Object) -> bool:
    return _is(found, "Available")


def _is(found: Object, kind: str) -> bool:
    conditions = found.get("status", {}).get("conditions") or []
    return any(each["type"] == kind and each["status"] == "True" for each in conditions)
