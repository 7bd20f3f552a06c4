"""
What is below httpx: how a request is carried, and what holds whoever carries it.

A write asks the fence, with the connection at hand; an answer has an end; httpx follows none and unpacks
none, so what a user's hook reads is what came. `Network` carries by httpcore, to allowed addresses only;
`Lent` by a transport of a user's, such as `httpx.MockTransport`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from contextlib import contextmanager
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Any, Final

import httpcore
import httpx

from .budgets import BodyBudget, Crowded

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from .addresses import CheckedBackend
    from .limits import Limits

SENDING: Final = (
    "http11.send_request_headers.started",
    "http11.send_request_body.started",
)  # httpcore's words
BREATH: Final = (
    64  # parts of an answer between two turns of others: those that are here already need no waiting
)
LAST: Final = (b"Connection", b"close")  # so that another host's turn comes at a shared address
CALL: Final = "trace"  # the key under which a request carries its Progress; httpcore's word for who is told
ERRORS: Final[Mapping[type[Exception], type[httpx.TransportError]]] = {
    getattr(httpcore, name): getattr(httpx, name)
    for name in (
        "ConnectTimeout", "ReadTimeout", "WriteTimeout", "PoolTimeout", "ConnectError", "ReadError",
        "WriteError", "LocalProtocolError", "RemoteProtocolError", "UnsupportedProtocol",
    )
}  # fmt: skip


class Overflow(Exception):
    """An answer is larger than what was asked for can be."""

    def __init__(self, status: int) -> None:
        super().__init__(f"an answer of status {status} is too large")
        self.status = status


class Progress:
    """How far a call got, as its transport tells: from its first byte on, the cloud may have acted on it."""

    def __init__(
        self,
        most_bytes: Callable[[int], int],
        before_sending: Callable[[], None] | None = None,
        readings: BodyBudget | None = None,
    ) -> None:
        self.most_bytes = most_bytes
        self.readings = readings or BodyBudget()
        self._before_sending = before_sending
        self.sent = False

    async def __call__(self, event: str, _info: Mapping[str, Any]) -> None:
        """Note *event*; ask once more before the head and before the body, with the connection at hand."""
        if event in SENDING and self._before_sending is not None:
            self._before_sending()
        if event == SENDING[0]:
            self.sent = True


class Network(httpx.AsyncBaseTransport):
    """Connections of our own to one place, made by *backend*, which decides where they may go."""

    def __init__(self, context: ssl.SSLContext | None, backend: CheckedBackend, limits: Limits) -> None:
        self._slots = backend.slots
        self._host = ""
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=limits.connections,
            max_keepalive_connections=limits.connections,
            keepalive_expiry=limits.idle_seconds,
            network_backend=backend,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send *request*, and return the answer with its body still to come."""
        url = request.url
        headers = request.headers.raw
        self._host = url.raw_host.decode("ascii")
        if self.in_the_way:
            headers = [*headers, LAST]
        asked = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=headers,
            content=request.stream,
            extensions=request.extensions,
        )
        with _as_httpx():
            found = await self._pool.handle_async_request(asked)
        return _answer(request, found.status, found.headers, found.stream, found.extensions)

    @property
    def in_the_way(self) -> bool:
        """Whether others wait for a connection that this has."""
        return self._slots.wanted(self._host)

    async def end_idle(self) -> None:
        """End the connections that no request uses; one that was just given such a one gets another."""
        for connection in self._pool.connections:
            if connection.is_idle():
                await connection.aclose()

    async def aclose(self) -> None:
        """End the connections; new requests make new ones."""
        await self._pool.aclose()


class Lent(httpx.AsyncBaseTransport):
    """A transport of a user's, who closes it. A request that it was given counts as sent."""

    in_the_way = False

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def end_idle(self) -> None:
        """Leave them to whoever lent it."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Have *request* carried."""
        for event in SENDING:
            await request.extensions[CALL](event, {})
        found = await self._transport.handle_async_request(request)
        return _answer(request, found.status_code, found.headers.raw, found.stream, found.extensions)


class NoCookies(CookieJar):
    """A jar that takes none: tenants share a place, and one's cookie is nothing for another's calls."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Leave them where they are."""

    def set_cookie(self, cookie: object) -> None:
        """Take none from anybody else, either."""


class Response(httpx.Response):
    """An answer as it came: httpx neither follows it nor unpacks it."""

    @property
    def has_redirect_location(self) -> bool:
        """Never, so httpx does not even read where to."""
        return False

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """Yield what came, whatever it is said to be packed with."""
        async for part in self.aiter_raw(chunk_size):
            yield part


class _Body(httpx.AsyncByteStream):
    """One whole body, or Overflow."""

    def __init__(
        self, parts: AsyncIterable[bytes], status: int, announced: str, most: int, readings: BodyBudget
    ) -> None:
        self._parts = parts
        self._readings = readings
        self._status = status
        self._announced = int(announced[:20]) if announced.isdecimal() else 0
        self._most = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._announced > self._most:
            raise Overflow(self._status)
        count = 0
        with _as_httpx(), self._readings.one() as reading:
            async for part in self._parts:
                if len(reading.body) + len(part) > self._most:
                    raise Overflow(self._status)
                self._readings.add(reading, part)
                count += 1
                if count % BREATH == 0:
                    await asyncio.sleep(0)
            if reading.given_up:
                raise Crowded
            body = bytes(reading.body)
        yield body

    async def aclose(self) -> None:
        if (close := getattr(self._parts, "aclose", None)) is not None:
            with _as_httpx():
                await close()


def _answer(
    request: httpx.Request,
    status: int,
    headers: list[tuple[bytes, bytes]],
    parts: object,
    extensions: Mapping[str, Any],
) -> Response:
    if not isinstance(parts, AsyncIterable):
        raise TypeError("a transport of httpx for asynchronous clients is needed")
    known = httpx.Headers(headers)
    call: Progress = request.extensions[CALL]
    most = call.most_bytes(status)
    body = _Body(parts, status, known.get("content-length", ""), most, call.readings)
    return Response(status, headers=known, stream=body, extensions=dict(extensions))


@contextmanager
def _as_httpx() -> Iterator[None]:
    """Say httpcore's errors in httpx's words, which are the same."""
    try:
        yield
    except tuple(ERRORS) as error:
        raise ERRORS[type(error)](str(error)) from error
