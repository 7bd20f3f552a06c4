"""One valid manifest; tests show only what differs from it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

SERVER: dict[str, Any] = {
    "cpu": 2,
    "memory": "4Gi",
    "image": "ubuntu-22.04",
    "networks": [{"network": "vnet-1"}],
}
SPEC: dict[str, Any] = {"credentialsRef": {"name": "onecloud"}, "server": SERVER}


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return *base* with *changes* laid over it, level by level; None takes a field out."""
    result = deepcopy(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = deepcopy(value)
    return result


def manifest(namespace: str, spec: dict[str, Any], name: str = "web-1") -> dict[str, Any]:
    """Return the object with this spec."""
    return {
        "apiVersion": "onecloud.io/v1alpha1",
        "kind": "OneCloudServer",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }
