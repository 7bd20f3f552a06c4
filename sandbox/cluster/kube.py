"""A small synchronous client of the Kubernetes API, for tests and the demo."""

import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self

import httpx
import yaml

from .resources import Resource, discovered

POLL_SECONDS = 0.05  # the server answers in 2 ms; nobody notices 50
SILENCE_SECONDS = 1.0  # then it is looked again, since what is awaited may not be of the object alone
CALL_SECONDS = 30.0
BUSY_ATTEMPTS, BUSY_SECONDS = 20, 0.5
CRD = "CustomResourceDefinition"

PATCH_TYPES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}
Object = dict[str, Any]


class KubeError(Exception):
    """The API server said no. *reason* is its CamelCase word, *status* the HTTP code."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        """Keep the parts for a test to look at."""
        super().__init__(f"{status} {reason}: {message}")
        self.status, self.reason, self.message = status, reason, message


class Kube:
    """Calls of one user. A kind is named as in kubectl: "OneCloudServer", "ocs", "events.events.k8s.io"."""

    def __init__(self, url: str, *, token: str, authority: Path) -> None:
        """Make a client; nothing is sent yet."""
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            verify=ssl.create_default_context(cafile=str(authority)),
            timeout=CALL_SECONDS,
            trust_env=False,  # a proxy must not see loopback
        )
        self._known: dict[str, Resource] = {}

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        content_type: str = "application/json",
        **params: str | None,
    ) -> Object:
        """Make one call and decode the answer. Raises KubeError for everything but 2xx."""
        for attempt in range(BUSY_ATTEMPTS):
            reply = self._http.request(
                method,
                path,
                params={key: value for key, value in params.items() if value is not None},
                content=None if body is None else json.dumps(body),
                headers={} if body is None else {"Content-Type": content_type},
            )
            if reply.status_code != httpx.codes.TOO_MANY_REQUESTS or attempt == BUSY_ATTEMPTS - 1:
                break
            time.sleep(BUSY_SECONDS)  # a server that has just started says so while it reads its storage
        if reply.is_success:
            answer: Object = reply.json()
            return answer
        try:
            status = reply.json()
        except ValueError:
            raise KubeError(reply.status_code, reply.reason_phrase, reply.text) from None
        raise KubeError(reply.status_code, status.get("reason", ""), status.get("message", ""))

    def ready(self) -> bool:
        """Whether the API server answers and says that it is ready."""
        try:
            return self._http.get("/readyz", timeout=2.0).is_success
        except httpx.TransportError:
            return False

    def apply(
        self,
        manifest: Mapping[str, Any],
        *,
        namespace: str | None = None,
        manager: str = "test",
        force: bool = False,
        dry_run: bool = False,
        subresource: str | None = None,
    ) -> Object:
        """Apply on the server's side; unknown and doubled fields are refused, as kubectl does."""
        resource, metadata = self._resource_of(manifest), manifest["metadata"]
        return self.request(
            "PATCH",
            resource.path(_space(manifest, namespace), metadata["name"], subresource),
            body=manifest,
            content_type="application/apply-patch+yaml",
            fieldManager=manager,
            fieldValidation="Strict",
            force="true" if force else None,
            dryRun="All" if dry_run else None,
        )

    def install_crds(self, path: Path, timeout_seconds: float = 20.0) -> list[str]:
        """Apply the definitions of a file or directory; return their names once they are served."""
        files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
        definitions = [
            document
            for file in files
            for document in yaml.safe_load_all(file.read_text())
            if document and document["kind"] == CRD
        ]
        names: list[str] = [definition["metadata"]["name"] for definition in definitions]
        for definition in definitions:
            self.apply(definition, force=True)
        for name in names:
            self.wait_for(CRD, name, None, _established, timeout_seconds)
        self._known = {}
        return names

    def create(
        self, manifest: Mapping[str, Any], *, namespace: str | None = None, dry_run: bool = False
    ) -> Object:
        """Create an object; 409 if there is one."""
        return self.request(
            "POST",
            self._resource_of(manifest).path(_space(manifest, namespace)),
            body=manifest,
            fieldValidation="Strict",
            dryRun="All" if dry_run else None,
        )

    def get(self, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """Read an object, or None if there is none."""
        try:
            return self.request("GET", self.resource(kind).path(namespace, name))
        except KubeError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return None
            raise

    def list(
        self,
        kind: str,
        namespace: str | None = None,
        *,
        labels: str | None = None,
        fields: str | None = None,
    ) -> "list[Object]":
        """Read all objects of a kind, in a namespace or everywhere. *labels*, *fields*: selectors."""
        path = self.resource(kind).path(namespace)
        items: list[Object] = self.request("GET", path, labelSelector=labels, fieldSelector=fields)["items"]
        return items

    def patch(
        self,
        kind: str,
        name: str,
        namespace: str | None,
        patch: object,
        *,
        how: Literal["merge", "json", "strategic"] = "merge",
        subresource: str | None = None,
    ) -> Object:
        """Change an object; *subresource* is for example "status"."""
        return self.request(
            "PATCH",
            self.resource(kind).path(namespace, name, subresource),
            body=patch,
            content_type=PATCH_TYPES[how],
            fieldValidation="Strict",
        )

    def delete(
        self, kind: str, name: str, namespace: str | None = None, *, propagation: str | None = None
    ) -> bool:
        """Ask for an object's deletion; return whether there was one. It may stay on for its finalizers."""
        try:
            self.request("DELETE", self.resource(kind).path(namespace, name), propagationPolicy=propagation)
        except KubeError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return False
            raise
        return True

    def wait_for(
        self,
        kind: str,
        name: str,
        namespace: str | None,
        predicate: Callable[[Object], bool],
        timeout_seconds: float = 10.0,
    ) -> Object:
        """Watch an object until *predicate* holds; return it. Raises TimeoutError with what was seen last."""
        found = self._watched(
            (kind, name, namespace), lambda seen: seen is not None and predicate(seen), timeout_seconds
        )
        return found or {}

    def wait_gone(
        self, kind: str, name: str, namespace: str | None = None, timeout_seconds: float = 10.0
    ) -> None:
        """Watch until there is no such object. Raises TimeoutError with what was seen last."""
        self._watched((kind, name, namespace), lambda seen: seen is None, timeout_seconds, "still there")

    def _watched(
        self,
        what: tuple[str, str, str | None],
        is_so: Callable[[Object | None], bool],
        timeout_seconds: float,
        complaint: str = "not so",
    ) -> Object | None:
        """Return the first version of an object, or its absence, that is so."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            seen, version = self._read(*what)
            if is_so(seen):
                return seen
            for seen in self._changes(*what, version, deadline):
                if is_so(seen):
                    return seen
            if time.monotonic() >= deadline:
                last = f"{complaint} after {timeout_seconds} s; last seen: {_brief(seen)}"
                raise TimeoutError(f"{what[0]} {what[1]}: {last}")
            time.sleep(POLL_SECONDS)  # the watch ended early, or may not be had

    def _read(self, kind: str, name: str, namespace: str | None) -> tuple[Object | None, str]:
        """Read an object, or its absence; and the version from which on to watch it."""
        if (seen := self.get(kind, name, namespace)) is not None:
            return seen, seen["metadata"]["resourceVersion"]
        path = self.resource(kind).path(namespace)
        found = self.request("GET", path, fieldSelector=f"metadata.name={name}")
        return next(iter(found["items"]), None), found["metadata"]["resourceVersion"]

    def _changes(
        self, kind: str, name: str, namespace: str | None, version: str, deadline: float
    ) -> Iterator[Object | None]:
        """Yield each later version of an object, None for its end, until there is silence for a while."""
        seconds = min(max(deadline - time.monotonic(), 0.0), SILENCE_SECONDS)
        query = {"watch": "true", "fieldSelector": f"metadata.name={name}", "resourceVersion": version}
        silence = httpx.Timeout(CALL_SECONDS, read=seconds)
        path = self.resource(kind).path(namespace)
        try:
            with self._http.stream("GET", path, params=query, timeout=silence) as reply:
                for line in reply.iter_lines() if reply.is_success else ():
                    event = json.loads(line)
                    if event["type"] == "ERROR":  # the version is too old by now
                        return
                    yield None if event["type"] == "DELETED" else event["object"]
                    if time.monotonic() >= deadline:
                        return
        except httpx.TransportError:
            return  # silence, or the server went away: a read tells

    def resource(self, kind: str) -> Resource:
        """Find a resource by what kubectl would call it. Raises LookupError."""
        if kind.lower() not in self._known:
            self._known = dict(discovered(self.request))
        try:
            return self._known[kind.lower()]
        except KeyError:
            raise LookupError(f"the API server knows no {kind}") from None

    def _resource_of(self, manifest: Mapping[str, Any]) -> Resource:
        key = f"{manifest['apiVersion']}/{manifest['kind']}".lower()
        return self.resource(key)


def _space(manifest: Mapping[str, Any], namespace: str | None) -> str:
    chosen: str = manifest["metadata"].get("namespace") or namespace or "default"
    return chosen


def _established(definition: Object) -> bool:
    conditions = definition.get("status", {}).get("conditions") or []  # null for a moment
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


def _brief(seen: Object | None) -> str:
    if seen is None:
        return "nothing"
    metadata = {key: value for key, value in seen.get("metadata", {}).items() if key != "managedFields"}
    return json.dumps({"metadata": metadata, "status": seen.get("status")}, default=str)
