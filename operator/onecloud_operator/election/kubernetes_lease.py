"""The record of an election as a Lease of the Kubernetes API (coordination.k8s.io/v1)."""

from __future__ import annotations

import socket
import uuid
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from onecloud_operator.election.election import Overtaken, Record, StoreError
from onecloud_operator.kube.calls import KubeConflict, KubeError, KubeForbidden, KubeNotFound, named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from onecloud_operator.election.election import LeaseClaim
    from onecloud_operator.kube.client import KubeClient

OWN_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class KubernetesLease:
    """
    One Lease. *wall* provides its timestamps, which are for people and decide nothing.

    Every write carries the resourceVersion that it is based on, so of two concurrent writes one fails.
    """

    def __init__(self, cluster: KubeClient, namespace: str, name: str, wall: Callable[[], datetime]) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._name = named(name)
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{named(namespace)}/leases"
        self._wall = wall

    async def read(self) -> Record | None:
        """Return the record in the Lease. Raises StoreError."""
        try:
            return _record_of(await self._cluster.call("read_lease", "GET", f"{self._path}/{self._name}"))
        except KubeNotFound:
            return None
        except KubeError as error:
            raise self._error(error) from error

    async def write(self, old: Record | None, new: LeaseClaim) -> Record:
        """Write *new* if the Lease still is *old*. Raises Overtaken if it is not, and StoreError."""
        now = self._wall().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec: dict[str, Any] = {
            "holderIdentity": new.holder or "",
            "leaseDurationSeconds": new.duration_seconds,
            "leaseTransitions": new.transitions,
            "renewTime": now,
        }
        if new.taken:
            spec["acquireTime"] = now
        try:
            body = await self._send(spec, old)
        except KubeConflict as error:
            raise Overtaken(str(error)) from error
        except KubeNotFound as error:
            if old is not None:
                raise Overtaken(str(error)) from error
            raise StoreError(f"there is no namespace {self._namespace} to keep the Lease in") from error
        except KubeError as error:
            raise self._error(error) from error
        return _record_of(body)

    async def _send(self, spec: Mapping[str, Any], old: Record | None) -> dict[str, Any]:
        body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": spec}
        if old is None:
            body["metadata"] = {"name": self._name}
            return await self._cluster.call("write_lease", "POST", self._path, body=body)
        body["metadata"] = {"resourceVersion": old.version}
        return await self._cluster.call(
            "write_lease",
            "PATCH",
            f"{self._path}/{self._name}",
            body=body,
            content_type="application/merge-patch+json",
        )

    def _error(self, error: KubeError) -> StoreError:
        if isinstance(error, KubeForbidden):
            return StoreError(
                f"grant get, create and patch on leases.coordination.k8s.io {self._name} "
                f"in namespace {self._namespace}: {error}"
            )
        return StoreError(str(error))


def own_namespace(path: Path = OWN_NAMESPACE) -> str | None:
    """Return the namespace of this Pod, or None outside of a Pod."""
    try:
        return path.read_text().strip() or None
    except OSError:
        return None


def new_identity(environment: Mapping[str, str]) -> str:
    """Return a name that is unique among processes, including earlier ones of the same Pod."""
    return f"{environment.get('POD_NAME') or socket.gethostname()}_{uuid.uuid4().hex[:8]}"


def _record_of(body: Mapping[str, Any]) -> Record:
    spec = body.get("spec") or {}
    return Record(
        holder=spec.get("holderIdentity") or None,
        duration_seconds=float(spec.get("leaseDurationSeconds") or 0),
        transitions=int(spec.get("leaseTransitions") or 0),
        version=str(body["metadata"].get("resourceVersion", "")),
    )
