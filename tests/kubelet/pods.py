"""Pods that run Python, and what is asked of them."""

from collections.abc import Callable
from typing import Any

from sandbox.cluster.kube import Object

LONG = 30.0


def spec(code: str, **container: Any) -> dict[str, Any]:
    """Return the spec of a Pod that runs Python *code*."""
    policy = {"restartPolicy": container.pop("policy")} if "policy" in container else {}
    volumes = [{"name": "own", "emptyDir": {}}]
    one = {
        "name": "main",
        "image": "python:3",
        "args": [code],
        "volumeMounts": [{"name": "own", "mountPath": "/tmp"}],  # noqa: S108 - the container's
        **container,
    }
    return {"containers": [one], "volumes": volumes, "terminationGracePeriodSeconds": 5, **policy}


def pod(name: str, pod_spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "x"}},
        "spec": pod_spec,
    }


def main_of(found: Object) -> dict[str, Any]:
    """Return the status of the first container."""
    statuses = found["status"].get("containerStatuses") or [{}]
    first: dict[str, Any] = statuses[0]
    return first


def is_ready(found: Object) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in found["status"].get("conditions", []))


def phase(wanted: str) -> Callable[[Object], bool]:
    return lambda found: found["status"]["phase"] == wanted
