"""
Observes kopf's connections to the Kubernetes API: whether the watch is alive, and when it lists again.

kopf does not report bookmarks, which the API server sends once a minute, or that it lists everything again
after HTTP 410. And it reads answers of any size, so they are limited here, and stripped of unused fields.
"""

from __future__ import annotations

import json
import ssl
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Protocol

import aiohttp
import kopf

from onecloud_operator.kube.bounded_json import (
    ANSWER_BYTES,
    FEWER,
    TooLarge,
    decode,
    read,
    slim_event,
    slim_list,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from aiohttp.client_middlewares import ClientHandlerType

LIST_SECONDS: Final = 60.0  # for a page of a list
LIST_TIMEOUT: Final = aiohttp.ClientTimeout(total=LIST_SECONDS)
LARGE_BYTES: Final = 64 * 2**10  # larger events are slimmed before kopf reads them


class Listener(Protocol):
    """What wants to know of the lists that the watch of a kind begins with."""

    def listed(self, namespace: str | None, page: Mapping[str, Any], *, continued: bool) -> None:
        """Note a page that kopf is about to deliver; *namespace* None: of the whole cluster."""

    def relisted(self) -> None:
        """Note that kopf lists again what it has listed before."""

    def refused(self) -> None:
        """Note that a list is forbidden."""


class WatchStream(aiohttp.ClientResponse):
    """An answer to kopf, whose JSON is parsed from bytes and slimmed; *on_page* is called with each list."""

    on_page: Callable[[Mapping[str, Any]], None] | None = None

    async def load(self) -> int:
        """Read the whole body and return its size. Raises TooLarge."""
        self._body = await read(self)
        return len(self._body)

    async def json(self, **_: object) -> Any:  # noqa: ANN401 - JSON
        """
        Return the body: a list, or an error.

        Raises the standard library's error if it is not JSON, such as a proxy's page: kopf handles that one.
        """
        try:
            if self._body is None:
                await self.load()
            page = decode(await self.read())
        except TooLarge:
            return None
        except ValueError:
            raise json.JSONDecodeError("it is not JSON", "", 0) from None
        if not isinstance(page, dict):
            return page
        slimmed = slim_list(page)
        if self.on_page is not None:
            self.on_page(slimmed)
        return slimmed

    async def text(self, encoding: str | None = None, errors: str = "replace") -> str:
        """Return a body that is not JSON, in whatever encoding."""
        return await super().text(encoding, errors)


class Watch:
    """
    The watches of some kinds: for each kind one per namespace, or one for the cluster.

    *listeners*, by the plurals of the kinds, are told of their lists. The sessions make their requests of
    *request_class*.
    """

    def __init__(
        self,
        listeners: Mapping[str, Listener],
        *,
        monotonic: Callable[[], float],
        request_class: type[aiohttp.ClientRequest] = aiohttp.ClientRequest,
    ) -> None:
        self._monotonic = monotonic
        self._listeners = listeners
        self._request_class = request_class
        self._heard_at: dict[str, float] = {}
        self._refused: set[str] = set()
        self._limits: dict[str, int] = {}  # of objects per page, by path, where pages were too large
        self._began_at = monotonic()

    @property
    def heard_at(self) -> float:
        """When the longest silent watch last received data (monotonic), or when this object was created."""
        return min(self._heard_at.values(), default=self._began_at)

    @property
    def refused(self) -> bool:
        """Whether every watch is forbidden, which no restart fixes."""
        return bool(self._refused) and not self._heard_at

    @property
    def silent_seconds(self) -> float:
        """How long the longest silent watch has been silent."""
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
                middlewares=(self._middleware,),
                request_class=self._request_class,
                response_class=WatchStream,
            ),
        )

    async def _middleware(
        self, request: aiohttp.ClientRequest, handler: ClientHandlerType
    ) -> aiohttp.ClientResponse:
        path, query = request.url.path, request.url.query
        plural = path.rpartition("/")[2]
        listener = self._listeners.get(plural)
        if listener is None:
            return await handler(request)
        limit = int(query.get("limit", 0))
        if limit > (reduced := self._limits.get(path, limit)):
            url = request.url.update_query(limit=str(reduced))
            return await request.session.get(url, timeout=LIST_TIMEOUT)
        response = await handler(request)
        if response.status == HTTPStatus.FORBIDDEN:
            # A namespace was deleted, or our permissions in it: the others continue.
            self._heard_at.pop(path, None)
            self._refused.add(path)
            listener.refused()
            return response
        continued = "continue" in query
        if continued and response.status == HTTPStatus.GONE:
            # The API server dropped the version of this list, and kopf would fail: list from the start.
            response.release()
            first = request.url.without_query_params("continue")
            return await request.session.get(first, timeout=LIST_TIMEOUT)
        if response.ok:
            watching = query.get("watch") == "true"
            if limit and isinstance(response, WatchStream):
                try:
                    size = await response.load()
                except TooLarge:
                    if limit == 1:
                        raise
                    self._limits[path] = max(limit // FEWER, 1)
                    return await request.session.get(request.url, timeout=LIST_TIMEOUT)
                if size * 2 * FEWER < ANSWER_BYTES and path in self._limits:
                    self._limits[path] = limit * FEWER
            known = path in self._heard_at or path in self._refused
            if known and not watching and not continued:
                listener.relisted()
            if not watching and isinstance(response, WatchStream):
                response.on_page = partial(listener.listed, namespace_in(path), continued=continued)
            self._record_heard(path)
            if watching:
                response.content = WatchedLines(response.content, partial(self._record_heard, path))  # type: ignore[assignment]
        return response

    def _record_heard(self, path: str) -> None:
        self._heard_at[path] = self._monotonic()
        self._refused.discard(path)


def namespace_in(path: str) -> str | None:
    """Return the namespace whose objects are listed at *path*; None: those of the whole cluster."""
    *_, collection, name, _ = path.rsplit("/", 3)
    return name if collection == "namespaces" else None


class WatchedLines:
    """
    A stream of lines that calls *on_data* for each chunk, and otherwise delegates to *stream*.

    Large events are slimmed. Raises TooLarge for an event larger than any API server sends.
    """

    def __init__(self, stream: aiohttp.StreamReader, on_data: Callable[[], None]) -> None:
        self._stream = stream
        self._note = on_data

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """Yield whole lines, from chunks of at most *size* bytes; kopf reads a watch by this method."""
        partial_line = bytearray()
        async for chunk in self._stream.iter_chunked(size):
            self._note()
            end, *lines = chunk.split(b"\n")
            partial_line += end
            if len(partial_line) > ANSWER_BYTES:
                raise TooLarge("an event of the watch does not end")
            if lines:
                whole = (bytes(partial_line), *lines[:-1])
                partial_line = bytearray(lines[-1])
                yield b"".join(_bounded(line) + b"\n" for line in whole)
        if partial_line:
            yield bytes(partial_line)


def _bounded(line: bytes) -> bytes:
    """Return an event as it is if it is small, else slimmed."""
    if len(line) < LARGE_BYTES:
        return line
    try:
        event = decode(line)
    except ValueError:
        raise aiohttp.ClientPayloadError("an event of the watch is not JSON") from None
    return json.dumps(slim_event(event)).encode() if isinstance(event, dict) else line
