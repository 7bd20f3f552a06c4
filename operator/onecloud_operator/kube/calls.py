"""Single calls to the Kubernetes API, limited in time and size, and their errors."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from kubernetes.aio.client.exceptions import ApiException

from onecloud_operator.kube.bounded_json import ANSWER_BYTES, TooLarge, decode, read
from onecloud_operator.kube.rbac import granting

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Mapping

    from kubernetes.aio.client import ApiClient
    from kubernetes.aio.client.rest import RESTResponse

TIMEOUT_SECONDS: Final = 15.0
UNANSWERED: Final = (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, OSError)
NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


class KubeError(Exception):
    """The API server refused a call, or did not answer. *status* is None for the latter."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class KubeConflict(KubeError):
    """The object has changed since it was read, so the decision is stale."""


class KubeNotFound(KubeError):
    """There is no such object (any more)."""


class KubeForbidden(KubeError):
    """A permission is missing; the message names the RBAC rule."""


class KubeAnswerTooLarge(KubeError):
    """The answer exceeds the size limit."""


class Calls:
    """
    The API server, called with the operator's own permissions.

    *on_call* is called after every call: with its operation (from a small set), its status or None, and its
    seconds.
    """

    def __init__(
        self, api: ApiClient, on_call: Callable[[str, int | None, float], None] | None = None
    ) -> None:
        self._api = api
        self._on_call = on_call
        self.succeeded_at: float | None = None  # monotonic, of the last successful call

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()  # type: ignore[no-untyped-call]  # generated

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

    async def lines(
        self, operation: str, path: str, *, query: Mapping[str, str], accept: str, silent_seconds: float
    ) -> AsyncGenerator[bytes]:
        """
        Yield the lines of an answer that goes on, such as a watch, until the API server ends it.

        Raises KubeError, also if nothing comes for *silent_seconds*, or a line that is too large.
        """
        timeout = aiohttp.ClientTimeout(total=None, connect=TIMEOUT_SECONDS, sock_read=silent_seconds)
        began_at = time.monotonic()
        reply: RESTResponse | None = None
        try:
            with self._failures("GET", path):
                try:
                    reply = await self._send("GET", path, query, None, "", accept, timeout)
                finally:
                    if self._on_call is not None:
                        status = reply.status if reply is not None else None
                        self._on_call(operation, status, time.monotonic() - began_at)
                if not _well(reply.status):
                    raise _error("GET", path, reply.status, await read(reply.response))
                async for line in _lines(reply.response.content):
                    yield line
        finally:
            if reply is not None:
                reply.response.close()

    @contextmanager
    def _failures(self, method: str, path: str) -> Iterator[None]:
        """Raise what the library raises within as KubeError."""
        try:
            yield
        except TooLarge as error:
            raise KubeAnswerTooLarge(f"{method} {path}: {error}") from error
        except ApiException as error:
            raise _error(method, path, error.status, error.body) from error
        except UNANSWERED as error:
            raise self._unanswered(method, path, error) from error

    async def _exchange(  # noqa: PLR0913, PLR0917 - the parts of an HTTP request
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: object,
        content_type: str,
        accept: str,
    ) -> dict[str, Any]:
        with self._failures(method, path):
            reply = await self._send(method, path, query, body, content_type, accept, TIMEOUT_SECONDS)
            data = await read(reply.response)
        if not _well(reply.status):
            raise _error(method, path, reply.status, data)
        try:
            answer = decode(data)
        except ValueError as error:
            msg = f"{method} {path}: the answer is not JSON"
            raise KubeError(msg, reply.status) from error
        if not isinstance(answer, dict):
            msg = f"{method} {path}: the answer is not a JSON object"
            raise KubeError(msg, reply.status)
        return answer

    async def _send(  # noqa: PLR0913, PLR0917 - the parts of an HTTP request
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: object,
        content_type: str,
        accept: str,
        timeout: float | aiohttp.ClientTimeout,  # noqa: ASYNC109 - the library's own
    ) -> RESTResponse:
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = content_type
        # Without the body, which is JSON already: it would be searched for models and copied recursively.
        _, url, headers, *_ = await self._api.param_serialize(
            method=method,
            resource_path=path,
            query_params=list((query or {}).items()),
            header_params=headers,
            auth_settings=["BearerToken"],
        )
        return await self._api.call_api(method, url, headers, body, _request_timeout=timeout)

    def _unanswered(self, method: str, path: str, error: Exception) -> KubeError:
        where = self._api.configuration.host
        return KubeError(
            f"{method} {path}: the API server at {where} does not answer ({type(error).__name__})"
        )


async def _lines(content: aiohttp.StreamReader) -> AsyncGenerator[bytes]:
    """Yield whole lines. Raises TooLarge for one that does not end."""
    line = bytearray()
    async for chunk in content.iter_any():
        first, *rest = chunk.split(b"\n")
        line += first
        if len(line) > ANSWER_BYTES:
            raise TooLarge("a line does not end")
        for each in rest:
            yield bytes(line)
            line = bytearray(each)


def _well(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004


def named(name: str) -> str:
    """
    Return a name that is safe in a path. Raises KubeNotFound for an invalid name.

    The CRD's patterns ensure that already; but a bad name in a path could reach another namespace.
    """
    if NAME.fullmatch(name) is None or ".." in name:
        msg = f"{name[:64]!r} is not a valid name in Kubernetes"
        raise KubeNotFound(msg, 404)
    return name


def _error(method: str, path: str, status: int | None, body: object) -> KubeError:
    """Return the error for an answer, with the API server's message, which never quotes a Secret's data."""
    answer: object = None
    if isinstance(body, str | bytes):
        with suppress(ValueError):
            answer = decode(body.encode() if isinstance(body, str) else body)
    parsed = answer if isinstance(answer, dict) else {}
    message = str(parsed.get("message") or "")[:500]
    text = f"{method} {path}: {status} {message}".rstrip()
    if status == 403 and (rule := granting(message)):  # noqa: PLR2004
        text = f"{text}; {rule}"
    match status:
        case 404:
            return KubeNotFound(text, status)
        case 409:
            return KubeConflict(text, status)
        case 422 if not parsed.get(
            "details"
        ):  # a failed test of a JSON patch; a validation error has details
            return KubeConflict(text, status)
        case 401 | 403:
            return KubeForbidden(text, status)
        case _:
            return KubeError(text, status)
