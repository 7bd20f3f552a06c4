"""
Listens at kopf's connections to the Kubernetes API: whether the watch is alive, and when it begins anew.

kopf keeps to itself what comes that is no object: the bookmarks that the API server sends once a minute, and
that after HTTP 410 it lists everything again. And it reads what comes whatever its size, so what it gets to
read is bounded here, and without what nobody uses.
"""

from __future__ import annotations

import json
import ssl
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

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
LARGE_BYTES: Final = 64 * 2**10  # an event that is larger is worth a look before kopf reads it


class WatchStream(aiohttp.ClientResponse):
    """An answer to kopf, whose JSON is decoded from its bytes and kept without what nobody reads."""

    async def take(self) -> int:
        """Read the whole of it and return its size. Raises TooLarge."""
        self._body = await read(self)
        return len(self._body)

    async def json(self, **_: object) -> Any:  # noqa: ANN401 - JSON
        """
        Return what kopf asks for: a list, or why there is none.

        Raises the standard library's error for what is no JSON, as the page of a proxy: kopf knows that one.
        """
        try:
            if self._body is None:
                await self.take()
            page = decode(await self.read())
        except TooLarge:
            return None
        except ValueError:
            raise json.JSONDecodeError("it is no JSON", "", 0) from None
        return slim_list(page) if isinstance(page, dict) else page

    async def text(self, encoding: str | None = None, errors: str = "replace") -> str:
        """Return what is no JSON, whatever its letters are."""
        return await super().text(encoding, errors)


class Watch:
    """
    What is heard of some kinds: of each one watch for each namespace, or one for the cluster.

    *on_relist*, by the plurals of the kinds, is called when kopf lists again what it has listed before. The
    sessions make their requests of *request_class*.
    """

    def __init__(
        self,
        on_relist: Mapping[str, Callable[[], None]],
        *,
        monotonic: Callable[[], float],
        request_class: type[aiohttp.ClientRequest] = aiohttp.ClientRequest,
    ) -> None:
        self._monotonic = monotonic
        self._on_relist = on_relist
        self._request_class = request_class
        self._heard_at: dict[str, float] = {}
        self._refused: set[str] = set()
        self._limits: dict[str, int] = {}  # of objects a page, by path, where pages were too large
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
                response_class=WatchStream,
            ),
        )

    async def _listen(
        self, request: aiohttp.ClientRequest, handler: ClientHandlerType
    ) -> aiohttp.ClientResponse:
        path, query = request.url.path, request.url.query
        plural = path.rpartition("/")[2]
        if plural not in self._on_relist:
            return await handler(request)
        limit = int(query.get("limit", 0))
        if limit > (fewer := self._limits.get(path, limit)):
            url = request.url.update_query(limit=str(fewer))
            return await request.session.get(url, timeout=LIST_TIMEOUT)
        response = await handler(request)
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
            if limit and isinstance(response, WatchStream):
                try:
                    size = await response.take()
                except TooLarge:
                    if limit == 1:
                        raise
                    self._limits[path] = max(limit // FEWER, 1)
                    return await request.session.get(request.url, timeout=LIST_TIMEOUT)
                if size * 2 * FEWER < ANSWER_BYTES and path in self._limits:
                    self._limits[path] = limit * FEWER
            known = path in self._heard_at or path in self._refused
            if known and not watching and not going_on:
                self._on_relist[plural]()
            self._hear(path)
            if watching:
                response.content = Heard(response.content, partial(self._hear, path))  # type: ignore[assignment]
        return response

    def _hear(self, path: str) -> None:
        self._heard_at[path] = self._monotonic()
        self._refused.discard(path)


class Heard:
    """
    A stream of lines that tells of each piece that comes, and is otherwise the *stream* it is given.

    An event that is large comes without what nobody reads of its object. Raises TooLarge for one that no API
    server sends.
    """

    def __init__(self, stream: aiohttp.StreamReader, note: Callable[[], None]) -> None:
        self._stream = stream
        self._note = note

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """Yield whole lines, from pieces of *size* bytes at most; what kopf reads a watch by."""
        begun = bytearray()
        async for chunk in self._stream.iter_chunked(size):
            self._note()
            end, *lines = chunk.split(b"\n")
            begun += end
            if len(begun) > ANSWER_BYTES:
                raise TooLarge("an event of the watch does not end")
            if lines:
                whole = (bytes(begun), *lines[:-1])
                begun = bytearray(lines[-1])
                yield b"".join(_bounded(line) + b"\n" for line in whole)
        if begun:
            yield bytes(begun)


def _bounded(line: bytes) -> bytes:
    """Return an event as it is if it is small, else without what nobody reads of its object."""
    if len(line) < LARGE_BYTES:
        return line
    try:
        event = decode(line)
    except ValueError:
        raise aiohttp.ClientPayloadError("an event of the watch is no JSON") from None
    return json.dumps(slim_event(event)).encode() if isinstance(event, dict) else line
