"""The operator's own calls to the Kubernetes API; kopf does the watching."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from onecloud_operator.kube.bounded_json import FEWER, FIELD_MANAGER, slim_list
from onecloud_operator.kube.calls import Calls, KubeAnswerTooLarge, named

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from onecloud_operator.api.identity import Identity

PAGE: Final = 500
NAME_LENGTH: Final = 230  # of an object in the name of its Event
EVENTS_NAMESPACE: Final = "default"  # of objects that live in none


@dataclass(frozen=True, slots=True)
class ObjectReference:
    """Which object, and which version of it was decided upon; *namespace* is "" where its kind has none."""

    identity: Identity
    namespace: str
    name: str
    uid: str
    version: str


class KubeClient(Calls):
    """The API server, called with the operator's own permissions."""

    async def write_status(self, reference: ObjectReference, status: Mapping[str, Any]) -> dict[str, Any]:
        """
        Replace the whole status, whoever wrote it; return the resulting object.

        Server-side apply would keep fields of other managers forever. The API server silently drops unknown
        fields, so check the result. Raises KubeConflict if the object has changed.
        """
        # ``add`` replaces an existing status, and unlike ``replace`` also works if there is none.
        operations = [{"op": "add", "path": "/status", "value": status}]
        return await self._patch("write_status", reference, "/status", operations)

    async def add_finalizer(self, reference: ObjectReference, name: str, *, others: bool) -> dict[str, Any]:
        """Add a finalizer; *others*: the list exists. Returns the object. Raises KubeConflict."""
        path, value = ("/metadata/finalizers/-", name) if others else ("/metadata/finalizers", [name])
        return await self._patch(
            "set_finalizers", reference, "", [{"op": "add", "path": path, "value": value}]
        )

    async def remove_finalizer(self, reference: ObjectReference, name: str, index: int) -> dict[str, Any]:
        """Remove the finalizer at *index* of the list. Returns the object. Raises KubeConflict."""
        path = f"/metadata/finalizers/{index}"
        operations = [{"op": "test", "path": path, "value": name}, {"op": "remove", "path": path}]
        return await self._patch("set_finalizers", reference, "", operations)

    async def _patch(
        self,
        operation: str,
        reference: ObjectReference,
        subresource: str,
        operations: list[dict[str, Any]],
    ) -> dict[str, Any]:
        """Patch the object if it still has the UID and version of *reference*. Raises KubeConflict if not."""
        tests = [
            {"op": "test", "path": "/metadata/uid", "value": reference.uid},
            {"op": "test", "path": "/metadata/resourceVersion", "value": reference.version},
        ]
        return await self.call(
            operation,
            "PATCH",
            f"{_path(reference.identity, reference.namespace, reference.name)}{subresource}",
            query={"fieldManager": FIELD_MANAGER},
            body=[*tests, *operations],
            content_type="application/json-patch+json",
        )

    async def read(self, identity: Identity, namespace: str, name: str) -> dict[str, Any]:
        """Return the object. Raises KubeNotFound."""
        return await self.call("read", "GET", _path(identity, namespace, name))

    async def list_metadata(
        self, identity: Identity, namespace: str | None, selector: str = ""
    ) -> AsyncIterator[tuple[dict[str, Any], ...]]:
        """Yield pages of objects' metadata; *namespace* None: of the cluster; *selector* "": all of them."""
        token, limit = "", PAGE
        while True:
            query = {"limit": str(limit)}
            query |= {"labelSelector": selector} if selector else {}
            query |= {"continue": token} if token else {}
            try:
                page = await self.call(
                    "list",
                    "GET",
                    _path(identity, namespace, None),
                    query=query,
                    accept="application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json",
                )
            except KubeAnswerTooLarge:
                if limit == 1:
                    raise
                limit = max(limit // FEWER, 1)
                continue
            yield tuple(item["metadata"] for item in slim_list(page).get("items") or ())
            token = page.get("metadata", {}).get("continue") or ""
            if not token:
                return

    async def secret(self, namespace: str, name: str) -> dict[str, Any]:
        """Return one Secret. Raises KubeNotFound, KubeForbidden."""
        return await self.call(
            "secret", "GET", f"/api/v1/namespaces/{named(namespace)}/secrets/{named(name)}"
        )

    async def cluster_id(self) -> str:
        """Return the UID of the namespace kube-system, which commonly identifies a cluster."""
        found = await self.call("namespace", "GET", "/api/v1/namespaces/kube-system")
        return str(found["metadata"]["uid"])

    async def api_endpoints(self) -> dict[str, Any]:
        """Return the EndpointSlice of the API server."""
        path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"
        return await self.call("endpoints", "GET", path)

    async def service_networks(self) -> dict[str, Any]:
        """Return the list of ServiceCIDRs; KubeNotFound before Kubernetes 1.33."""
        return await self.call("services", "GET", "/apis/networking.k8s.io/v1/servicecidrs")

    async def served_schema(self, identity: Identity) -> dict[str, Any]:
        """Return the OpenAPI v3 schemas served for the group of a kind; KubeNotFound without CRD."""
        return await self.call("schema", "GET", f"/openapi/v3/apis/{identity.api_version}")

    async def rules(self, namespace: str) -> dict[str, Any]:
        """Return our permissions in a namespace, as the status of a SelfSubjectRulesReview."""
        found = await self.call(
            "rules",
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
            body={
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectRulesReview",
                "spec": {"namespace": namespace},
            },
        )
        status: dict[str, Any] = found["status"]
        return status

    async def emit(  # noqa: PLR0913 - the fields of an Event
        self,
        reference: ObjectReference,
        *,
        kind: str,
        reason: str,
        message: str,
        time: str,
        once: str | None = None,
    ) -> None:
        """
        Post an Event; *kind* is Normal or Warning.

        The API server makes its name unique, unless *once* tells it from all others of the object. Raises
        KubeConflict if that was posted before.
        """
        space = reference.namespace or EVENTS_NAMESPACE
        involved = {
            "apiVersion": reference.identity.api_version,
            "kind": reference.identity.kind,
            "namespace": reference.namespace,
            "name": reference.name,
            "uid": reference.uid,
        }
        await self.call(
            "emit",
            "POST",
            f"/api/v1/namespaces/{named(space)}/events",
            body={
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {**_event_name(reference, once), "namespace": space},
                "involvedObject": {name: each for name, each in involved.items() if each},
                "type": kind,
                "reason": reason,
                "message": message[:1024],
                "source": {"component": FIELD_MANAGER},
                "reportingComponent": FIELD_MANAGER,
                "firstTimestamp": time,
                "lastTimestamp": time,
                "count": 1,
            },
        )


def _event_name(reference: ObjectReference, once: str | None) -> dict[str, str]:
    if once is None:
        return {"generateName": f"{reference.name}."}
    digest = sha256(f"{reference.uid} {once}".encode()).hexdigest()[:16]
    return {"name": f"{reference.name[:NAME_LENGTH]}.{digest}"}


def _path(identity: Identity, namespace: str | None, name: str | None) -> str:
    """Return the path of an object; *namespace* None: of all namespaces, *name* None: of all objects."""
    inside = identity.namespaced and namespace is not None
    scope = f"/namespaces/{named(namespace or '')}" if inside else ""
    kind = f"/apis/{identity.api_version}{scope}/{identity.plural}"
    return kind + (f"/{named(name)}" if name is not None else "")
