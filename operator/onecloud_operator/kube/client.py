"""The calls that we make to the Kubernetes API ourselves; watching is kopf's."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from kubernetes.aio.client.exceptions import ApiException

from onecloud_operator.kube.bounded_json import FEWER, FIELD_MANAGER, TooLarge, decode, read, slim_list
from onecloud_operator.kube.rbac import granting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from kubernetes.aio.client import ApiClient

    from onecloud_operator.api.identity import Identity

TIMEOUT_SECONDS: Final = 15.0
PAGE: Final = 500
EVENTS_NAMESPACE: Final = "default"  # of objects that live in none
NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


class KubeError(Exception):
    """The API server refused a call, or could not be asked. *status* is None for the latter."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class KubeConflict(KubeError):
    """The object has changed since it was read: read it again and decide anew."""


class KubeNotFound(KubeError):
    """There is no such object (any more)."""


class KubeForbidden(KubeError):
    """A rule of RBAC is missing; the message names what is needed."""


class KubeAnswerTooLarge(KubeError):
    """The answer has more bytes than are read of one."""


@dataclass(frozen=True, slots=True)
class ObjectReference:
    """Which object, and which version of it was decided upon; *namespace* is "" where its kind has none."""

    identity: Identity
    namespace: str
    name: str
    uid: str
    version: str


class KubeClient:
    """
    One API server, spoken to with the operator's own rights.

    *on_call* is told of every call: its operation (a word of a small set), its status or None, its seconds.
    """

    def __init__(
        self, api: ApiClient, on_call: Callable[[str, int | None, float], None] | None = None
    ) -> None:
        self._api = api
        self._on_call = on_call
        self.succeeded_at: float | None = None  # monotonic, of the last call of ours that succeeded

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()  # type: ignore[no-untyped-call]  # generated

    async def write_status(self, reference: ObjectReference, status: Mapping[str, Any]) -> dict[str, Any]:
        """
        Put *status* in the place of all that stands there, whoever wrote it; return the object as it then is.

        Server-side apply would leave what another manager owns, for good. Fields that the API server does not
        know are dropped in silence: see what comes back. Raises KubeConflict if the object has changed.
        """
        # ``add`` replaces what is there, and unlike ``replace`` does so where there is none yet.
        operations = [{"op": "add", "path": "/status", "value": status}]
        return await self._patch("write_status", reference, "/status", operations)

    async def add_finalizer(self, reference: ObjectReference, name: str, *, others: bool) -> dict[str, Any]:
        """Add a finalizer; *others*: there are some already. Return the object. Raises KubeConflict."""
        path, value = ("/metadata/finalizers/-", name) if others else ("/metadata/finalizers", [name])
        return await self._patch(
            "set_finalizers", reference, "", [{"op": "add", "path": path, "value": value}]
        )

    async def remove_finalizer(self, reference: ObjectReference, name: str, place: int) -> dict[str, Any]:
        """Remove the finalizer that stands at *place* of the list. Return the object. Raises KubeConflict."""
        path = f"/metadata/finalizers/{place}"
        operations = [{"op": "test", "path": path, "value": name}, {"op": "remove", "path": path}]
        return await self._patch("set_finalizers", reference, "", operations)

    async def _patch(
        self,
        operation: str,
        reference: ObjectReference,
        subresource: str,
        operations: list[dict[str, Any]],
    ) -> dict[str, Any]:
        """Patch the object, if it is still of the UID and version decided upon; else raise KubeConflict."""
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
        """Return the UID of the namespace kube-system: the usual name of a cluster that has none."""
        found = await self.call("namespace", "GET", "/api/v1/namespaces/kube-system")
        return str(found["metadata"]["uid"])

    async def api_endpoints(self) -> dict[str, Any]:
        """Return the EndpointSlice of the API server itself."""
        path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"
        return await self.call("endpoints", "GET", path)

    async def service_networks(self) -> dict[str, Any]:
        """Return the list of ServiceCIDRs; KubeNotFound before Kubernetes 1.33."""
        return await self.call("services", "GET", "/apis/networking.k8s.io/v1/servicecidrs")

    async def served_schema(self, identity: Identity) -> dict[str, Any]:
        """Return the OpenAPI v3 schemas served for the group of a kind; KubeNotFound without CRD."""
        return await self.call("schema", "GET", f"/openapi/v3/apis/{identity.api_version}")

    async def rules(self, namespace: str) -> dict[str, Any]:
        """Return what we may do in a namespace, as the status of a SelfSubjectRulesReview."""
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

    async def emit(
        self, reference: ObjectReference, *, kind: str, reason: str, message: str, time: str
    ) -> None:
        """Post an Event; *kind* is Normal or Warning. The name is the server's to make unique."""
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
                "metadata": {"generateName": f"{reference.name}.", "namespace": space},
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

    async def call(  # noqa: PLR0913 - the parts of an HTTP request
        self,
        operation: str,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> dict[str, Any]:
        """Make one call and return its answer, a JSON object. Raises KubeError."""
        began_at = time.monotonic()
        status: int | None = None
        try:
            answer = await self._exchange(method, path, query, body, content_type, accept)
            self.succeeded_at = time.monotonic()
            status = 200
        except KubeError as error:
            status = error.status
            raise
        finally:
            if self._on_call is not None:
                self._on_call(operation, status, time.monotonic() - began_at)
        return answer

    async def _exchange(  # noqa: PLR0913, PLR0917 - the parts of an HTTP request
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: object,
        content_type: str,
        accept: str,
    ) -> dict[str, Any]:
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = content_type
        # Without the body, which is JSON already: it would be searched for models and copied, leaf by leaf.
        _, url, headers, *_ = await self._api.param_serialize(
            method=method,
            resource_path=path,
            query_params=list((query or {}).items()),
            header_params=headers,
            auth_settings=["BearerToken"],
        )
        try:
            reply = await self._api.call_api(method, url, headers, body, _request_timeout=TIMEOUT_SECONDS)
            data = await read(reply.response)
        except TooLarge as error:
            raise KubeAnswerTooLarge(f"{method} {path}: {error}") from error
        except ApiException as error:
            raise _error(method, path, error.status, error.body) from error
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, OSError) as error:
            where = self._api.configuration.host
            msg = f"{method} {path}: the API server at {where} does not answer ({type(error).__name__})"
            raise KubeError(msg) from error
        if not 200 <= reply.status < 300:  # noqa: PLR2004
            raise _error(method, path, reply.status, data)
        try:
            answer = decode(data)
        except ValueError as error:
            msg = f"{method} {path}: the answer is no JSON"
            raise KubeError(msg, reply.status) from error
        if not isinstance(answer, dict):
            msg = f"{method} {path}: the answer is no JSON object"
            raise KubeError(msg, reply.status)
        return answer


def named(name: str) -> str:
    """
    Return a name as it may stand in a path. Raises KubeNotFound for what is no name.

    The CRD's patterns see to it already; but nothing else would stand between a name and another namespace.
    """
    if NAME.fullmatch(name) is None or ".." in name:
        msg = f"{name[:64]!r} is no name in Kubernetes"
        raise KubeNotFound(msg, 404)
    return name


def _path(identity: Identity, namespace: str | None, name: str | None) -> str:
    """Return the path of an object; *namespace* None: of all namespaces, *name* None: of all objects."""
    inside = identity.namespaced and namespace is not None
    scope = f"/namespaces/{named(namespace or '')}" if inside else ""
    kind = f"/apis/{identity.api_version}{scope}/{identity.plural}"
    return kind + (f"/{named(name)}" if name is not None else "")


def _error(method: str, path: str, status: int | None, body: object) -> KubeError:
    """Return the error for an answer; the API server's own message is kept: it holds no Secret's data."""
    answer: object = None
    if isinstance(body, str | bytes):
        with suppress(ValueError):
            answer = decode(body.encode() if isinstance(body, str) else body)
    told = answer if isinstance(answer, dict) else {}
    message = str(told.get("message") or "")[:500]
    text = f"{method} {path}: {status} {message}".rstrip()
    if status == 403 and (rule := granting(message)):  # noqa: PLR2004
        text = f"{text}; {rule}"
    match status:
        case 404:
            return KubeNotFound(text, status)
        case 409:
            return KubeConflict(text, status)
        case 422 if not told.get("details"):  # a failed test of a JSON patch; what is not valid is named
            return KubeConflict(text, status)
        case 401 | 403:
            return KubeForbidden(text, status)
        case _:
            return KubeError(text, status)
