"""The Kubernetes API with the user's own rights: single calls, bounded in time and size."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote

from onecloud_operator.cli.failure import Failure, Refused, TooLarge

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

    from onecloud_operator.api.identity import Identity

SECONDS: Final = 30.0
ANSWER_BYTES: Final = 64 * 2**20
PAGE: Final = 500
FEWER: Final = 5  # by which the page is smaller after one that was too large
MESSAGE_LENGTH: Final = 1000
FIELD_MANAGER: Final = "kubectl-onecloud"
MERGE: Final = "application/merge-patch+json"
APPLY: Final = "application/apply-patch+yaml"
METADATA: Final = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
Object = dict[str, Any]


class Cluster:
    """One API server. *namespace*: the one that was asked for, else the context's."""

    def __init__(self, api: ApiClient, namespace: str, seconds: float = SECONDS) -> None:
        self._api, self.namespace, self._seconds = api, namespace, seconds

    @classmethod
    def of(cls, *, namespace: str, context: str, kubeconfig: str, seconds: float = SECONDS) -> Self:
        """Connect as the options say. Nothing is sent yet. Raises Failure."""
        from kubernetes.client import ApiClient

        from onecloud_operator.cli.kubeconfig import load

        configuration, usual = load(kubeconfig, context)
        return cls(ApiClient(configuration), named(namespace) if namespace else usual, seconds)

    @property
    def address(self) -> str:
        """Return the API server's address."""
        return str(self._api.configuration.host)

    def read(self, identity: Identity, namespace: str, name: str) -> Object:
        """Return one object. Raises Refused."""
        return self.call("GET", path(identity, namespace, name))

    def find(self, identity: Identity, namespace: str, name: str) -> Object | None:
        """Return one object, or None if there is none. Raises Refused."""
        return absent_as_none(lambda: self.read(identity, namespace, name))

    def listed(
        self, where: str, *, most: int, accept: str = "application/json", **query: str
    ) -> Iterator[Object]:
        """Yield at most *most* objects of the collection at the path *where*. Raises Refused."""
        token, limit = "", PAGE
        while most > 0:
            asked = {**query, "limit": str(min(limit, most)), **({"continue": token} if token else {})}
            try:
                page = self.call("GET", where, query=asked, accept=accept)
            except TooLarge:  # who makes objects chooses their size
                if limit == 1:
                    raise
                limit = max(limit // FEWER, 1)
                continue
            items = [item for item in page.get("items") or () if isinstance(item, dict)]
            yield from items[:most]
            most -= len(items)
            token = (page.get("metadata") or {}).get("continue") or ""
            if not token:
                return

    def objects(self, identity: Identity, namespace: str | None, most: int, **query: str) -> Iterator[Object]:
        """Yield objects of a kind; *namespace* None: of all namespaces. Raises Refused."""
        return self.listed(path(identity, namespace), most=most, **query)

    def names(self, identity: Identity, namespace: str | None, most: int) -> list[str]:
        """Return names of objects. Raises Refused."""
        found = self.listed(path(identity, namespace), most=most, accept=METADATA)
        return [str(each["metadata"]["name"]) for each in found]

    def namespaces(self, most: int) -> list[str]:
        """Return names of namespaces. Raises Refused."""
        found = self.listed("/api/v1/namespaces", most=most, accept=METADATA)
        return [str(each["metadata"]["name"]) for each in found]

    def secrets(self, most: int) -> list[str]:
        """Return names of Secrets of the namespace. Raises Refused."""
        found = self.listed(core_path(self.namespace, "secrets"), most=most, accept=METADATA)
        return [str(each["metadata"]["name"]) for each in found]

    def patch(self, where: str, body: Mapping[str, Any], *, dry_run: bool = False) -> Object:
        """Merge *body* into an object, and return the result. Raises Refused."""
        query = {"fieldManager": FIELD_MANAGER, **({"dryRun": "All"} if dry_run else {})}
        return self.call("PATCH", where, query=query, body=body, content_type=MERGE)

    def call(  # noqa: PLR0913 - the parts of an HTTP request
        self,
        method: str,
        where: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Object:
        """Make one call and return its answer, a JSON object. Raises Refused."""
        import urllib3
        from kubernetes.client.exceptions import ApiException

        headers = {"Accept": accept, **({"Content-Type": content_type} if body is not None else {})}
        _, url, headers, *_ = self._api.param_serialize(
            method=method,
            resource_path=where,
            query_params=list((query or {}).items()),
            header_params=headers,
            auth_settings=["BearerToken"],
        )
        try:
            reply = self._api.call_api(method, url, headers, body, _request_timeout=self._seconds).response
            status, data = int(reply.status), reply.read(ANSWER_BYTES + 1)
        except ApiException as error:  # of TLS
            raise self._silent(method, str(error.reason)) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._silent(method, _words(error)) from error
        if len(data) > ANSWER_BYTES:
            raise TooLarge(f"{method} {where}: the answer is larger than {ANSWER_BYTES // 2**20} MiB")
        answer = _parsed(data)
        if not 200 <= status < 300:  # noqa: PLR2004
            raise refusal(method, where, status, answer)
        if not isinstance(answer, dict):
            raise Refused(f"{method} {where}: the answer is no JSON object", self._look(), status)
        return answer

    def _silent(self, method: str, why: str) -> Refused:
        return Refused(f"{method}: the API server at {self.address} does not answer: {why}", self._look())

    def _look(self) -> str:
        return "`kubectl cluster-info` tells whether the address, the certificate or the network is at fault"


def named(name: str) -> str:
    """Return a name that is safe in a path. Raises Failure for one that no object can have."""
    if NAME.fullmatch(name) is None or ".." in name:
        raise Failure(f"{name[:64]!r} is no name that an object can have", "look it up: `kubectl get ocs -A`")
    return name


def path(identity: Identity, namespace: str | None, name: str | None = None) -> str:
    """Return the path of an object, or of all; *namespace* None: of all namespaces."""
    inside = f"/namespaces/{named(namespace)}" if identity.namespaced and namespace is not None else ""
    whole = f"/apis/{identity.api_version}{inside}/{identity.plural}"
    return whole + (f"/{named(name)}" if name is not None else "")


def core_path(namespace: str, plural: str, name: str | None = None) -> str:
    """Return the path of an object of the core group, or of all of a namespace."""
    return f"/api/v1/namespaces/{named(namespace)}/{quote(plural)}" + (f"/{named(name)}" if name else "")


def absent_as_none(call: Callable[[], Object]) -> Object | None:
    """Return what *call* returns, or None where the API server knows no such thing."""
    try:
        return call()
    except Refused as error:
        if error.status == 404:  # noqa: PLR2004
            return None
        raise


def refusal(method: str, where: str, status: int, answer: object) -> Refused:
    """Return what the API server said, with what a person can do about it."""
    body = answer if isinstance(answer, dict) else {}
    message = str(body.get("message") or f"{method} {where}: {status}")[:MESSAGE_LENGTH]
    match status:
        case 401:
            cure = "sign in to the cluster again; `kubectl auth whoami` tells who you are"
        case 403:
            cure = "have the right granted; `kubectl auth can-i --list` shows what you may do"
        case 404 if not body.get("details", {}).get("name"):
            message = f"{message.rstrip()} ({where})"
            cure = "is the operator's CRD installed? `kubectl get crd onecloudservers.onecloud.io`"
        case 404 if body.get("details", {}).get("kind") == "secrets":
            cure = "name the Secret that there is, and its namespace by -n: `kubectl get secrets`"
        case 404:
            cure = "look for it in all namespaces: `kubectl get ocs -A`, and name its namespace by -n"
        case 409:
            cure = "it has changed meanwhile: try again"
        case 422 | 400:
            cure = "correct what the message names; `kubectl explain ocs.spec` describes each field"
        case _:
            cure = "try again in a moment"
    return Refused(message, cure, status)


def _parsed(data: bytes) -> object:
    try:
        return json.loads(data)
    except ValueError:
        return None


def _words(error: Exception) -> str:
    """Return the innermost cause, without the object addresses that urllib3 quotes."""
    reason = getattr(error, "reason", None)
    inner = reason if isinstance(reason, Exception) else error
    text = re.sub(r"<[^>]*>:?\s*|\w+\(host=[^)]*\):?\s*", "", str(inner)).strip()
    return text or type(inner).__name__
