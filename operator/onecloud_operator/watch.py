"""
Listens at kopf's connections to the Kubernetes API: whether the watch is alive, and when it begins anew.

kopf keeps to itself what comes that is no object: the bookmarks that the API server sends once a minute, and
that after HTTP 410 it lists everything again.
"""

from __future__ import annotations

import ssl
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import kopf

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from aiohttp.client_middlewares import ClientHandlerType

LIST_SECONDS: Final = 60.0  # for a page of a list
LIST_TIMEOUT: Final = aiohttp.ClientTimeout(total=LIST_SECONDS)


class Watch:
    """
    What is heard of *plural*: one watch for each namespace, or one for the cluster.

    *on_relist* is called when kopf lists again what it has listed before. Its sessions make their requests of
    *request_class*.
    """

    def __init__(
        self,
        plural: str,
        *,
        monotonic: Callable[[], float],
        on_relist: Callable[[], None],
        request_class: type[aiohttp.ClientRequest] = aiohttp.ClientRequest,
    ) -> None:
        self._suffix = "/" + plural
        self._monotonic = monotonic
        self._on_relist = on_relist
        self._request_class = request_class
        self._heard_at: dict[str, float] = {}
        self._refused: set[str] = set()
        self._began_at = monotonic()

    @property
    def heard_at(self) -> float:
        """When the watch that is silent for longest was last heard (monotonic), or when this began."""
        return min(self._heard_at.values(), default=self._began_at)

    @property
    def refused(self) -> bool:
        """Whether we may not listen at all: no restart mends that."""
        return bool(self._refused) and not self._heard_at

    @property
    def silent_seconds(self) -> float:
        """For how long a watch has been silent."""
        return self._monotonic() - self.heard_at

    def session(self, info: kopf.ConnectionInfo) -> kopf.AiohttpSession:
        """Return connections for kopf, which closes them."""
        context = info.as_ssl_context()
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # see connection.configuration
        return kopf.AiohttpSession(
            server=info.server,
            default_namespace=info.default_namespace,
            aiohttp_session=aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=context),
                headers=info.as_http_headers(),
                middlewares=(self._listen,),
                request_class=self._request_class,
            ),
        )

    async def _listen(
        self, request: aiohttp.ClientRequest, handler: ClientHandlerType
    ) -> aiohttp.ClientResponse:
        response = await handler(request)
        path, query = request.url.path, request.url.query
        if not path.endswith(self._suffix):
            return response
        if response.status == HTTPStatus.FORBIDDEN:
            # A namespace that is gone, or whose rights are: the others go on.
            self._heard_at.pop(path, None)
            self._refused.add(path)
            return response
        going_on = "continue" in query
        if going_on and response.status == HTTPStatus.GONE:
            # The API server gave up the version of this list, and kopf would end over it: begin anew.
            response.release()
            first = request.url.without_query_params("continue")
            return await request.session.get(first, timeout=LIST_TIMEOUT)
        if response.ok:
            watching = query.get("watch") == "true"
            known = path in self._heard_at or path in self._refused
            if known and not watching and not going_on:
                self._on_relist()
            self._hear(path)
            if watching:
                response.content = Heard(response.content, partial(self._hear, path))  # type: ignore[assignment]
        return response

    def _hear(self, path: str) -> None:
        self._heard_at[path] = self._monotonic()
        self._refused.discard(path)


class Heard:
    """A stream of bytes that tells of each piece that comes, and is otherwise the *stream* it is given."""

    def __init__(self, stream: aiohttp.StreamReader, note: Callable[[], None]) -> None:
        self._stream = stream
        self._note = note

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """Yield pieces of *size* bytes at most; what kopf reads a watch by."""
        async for chunk in self._stream.iter_chunked(size):
            self._note()
            yield chunk
