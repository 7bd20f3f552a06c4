"""
The transports below httpx.

Each checks the write fence once a connection is open, limits the size of answers, and keeps httpx from
following redirects and decompressing, so an event hook reads exactly what was received. `Network` connects
through httpcore, to allowed addresses only; `UserTransport` wraps a transport such as `httpx.MockTransport`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from contextlib import contextmanager
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Any, Final

import httpcore
import httpx

from .budgets import BodyBudget, BudgetExceeded
from .reuse import REUSE, Reuse

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from .addresses import CheckedBackend
    from .limits import Limits

SEND_EVENTS: Final = (
    "http11.send_request_headers.started",
    "http11.send_request_body.started",
)  # httpcore's trace events
YIELD_EVERY: Final = 64  # parts of an answer: parts that are buffered already are read without yielding
CLOSE: Final = (b"Connection", b"close")  # frees the connection for another host at a shared address
CALL: Final = "trace"  # the request extension that holds the Progress, which httpcore calls with its events
REPEATABLE: Final = "GET"
ERRORS: Final[Mapping[type[Exception], type[httpx.TransportError]]] = {
    getattr(httpcore, name): getattr(httpx, name)
    for name in (
        "ConnectTimeout", "ReadTimeout", "WriteTimeout", "PoolTimeout", "ConnectError", "ReadError",
        "WriteError", "LocalProtocolError", "RemoteProtocolError", "UnsupportedProtocol",
    )
}  # fmt: skip


class BodyTooLarge(Exception):
    """The answer is larger than any answer to the request can be."""

    def __init__(self, status: int) -> None:
        super().__init__(f"an answer of status {status} is too large")
        self.status = status


class Progress:
    """How far a call got. Once its first byte is sent, the cloud may have acted on it."""

    def __init__(
        self,
        max_bytes: Callable[[int], int],
        before_sending: Callable[[], None] | None = None,
        body_budget: BodyBudget | None = None,
    ) -> None:
        self.max_bytes = max_bytes
        self.body_budget = body_budget or BodyBudget()
        self._before_sending = before_sending
        self.sent = False

    async def __call__(self, event: str, _info: Mapping[str, Any]) -> None:
        """Record *event*, and check the fence before the head and before the body are sent."""
        if event in SEND_EVENTS and self._before_sending is not None:
            self._before_sending()
        if event == SEND_EVENTS[0]:
            self.sent = True


class Network(httpx.AsyncBaseTransport):
    """
    The connections to one origin. *backend* opens them and decides which addresses are allowed.

    A GET whose connection was idle for long and is closed before a byte of the answer came is sent once more,
    on a new one: one call still, with one deadline, to all others. From then on none here uses a connection
    that was idle for so long.
    """

    def __init__(self, context: ssl.SSLContext | None, backend: CheckedBackend, limits: Limits) -> None:
        self._slots = backend.slots
        self._limits = limits
        self._host = ""
        self._closed_early = False  # the other side closed a connection that a GET was sent on
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=limits.connections,
            max_keepalive_connections=limits.connections,
            keepalive_expiry=max(limits.idle_seconds, limits.read_idle_seconds),
            network_backend=backend,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send *request*, and return the answer with its body unread."""
        url = request.url
        headers = request.headers.raw
        self._host = url.raw_host.decode("ascii")
        if self.contended:
            headers = [*headers, CLOSE]
        raw_request = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=headers,
            content=request.stream,
            extensions=request.extensions,
        )
        with _httpx_errors():
            found = await (self._read if request.method == REPEATABLE else self._write)(raw_request)
        return _response(request, found.status, found.headers, found.stream, found.extensions)

    @property
    def idle_seconds(self) -> float:
        """For how long an idle connection is of use."""
        return self._limits.idle_seconds if self._closed_early else self._limits.read_idle_seconds

    @property
    def contended(self) -> bool:
        """Whether other calls wait for a connection that this has open."""
        return self._slots.contended(self._host)

    async def end_idle(self) -> None:
        """Close the connections that no request uses; a request just assigned to one gets another."""
        for connection in self._pool.connections:
            if connection.is_idle():
                await connection.aclose()

    async def aclose(self) -> None:
        """Close the connections; new requests open new ones."""
        await self._pool.aclose()

    async def _write(self, request: httpcore.Request) -> httpcore.Response:
        return await self._send(request, Reuse(self._limits.idle_seconds, self._limits.max_age_seconds))

    async def _read(self, request: httpcore.Request) -> httpcore.Response:
        reuse = Reuse(self.idle_seconds, self._limits.max_age_seconds)
        try:
            return await self._send(request, reuse)
        except (httpcore.ReadError, httpcore.RemoteProtocolError):
            if not reuse.closed_after(self._limits.idle_seconds):
                raise
        self._closed_early = True
        return await self._send(request, Reuse(0.0, 0.0))

    async def _send(self, request: httpcore.Request, reuse: Reuse) -> httpcore.Response:
        token = REUSE.set(reuse)
        try:
            return await self._pool.handle_async_request(request)
        finally:
            REUSE.reset(token)


class UserTransport(httpx.AsyncBaseTransport):
    """A transport that the user passed in and closes. A request that was passed to it counts as sent."""

    contended = False
    idle_seconds = 5.0  # nothing is done then

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def end_idle(self) -> None:
        """Do nothing: the user owns the connections."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send *request* by the user's transport."""
        for event in SEND_EVENTS:
            await request.extensions[CALL](event, {})
        found = await self._transport.handle_async_request(request)
        return _response(request, found.status_code, found.headers.raw, found.stream, found.extensions)


class NoCookies(CookieJar):
    """A jar that stores nothing: tenants share an origin, and must not send each other's cookies."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Ignore the response's cookies."""

    def set_cookie(self, cookie: object) -> None:
        """Ignore *cookie*."""


class Response(httpx.Response):
    """An answer as it was received: httpx neither follows redirects nor decompresses."""

    @property
    def has_redirect_location(self) -> bool:
        """Always False, so httpx does not even parse the location."""
        return False

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """Yield the raw body, whatever its Content-Encoding."""
        async for part in self.aiter_raw(chunk_size):
            yield part


class _Body(httpx.AsyncByteStream):
    """Yields the whole body as one part, or raises BodyTooLarge."""

    def __init__(
        self, parts: AsyncIterable[bytes], status: int, length: str, max_bytes: int, body_budget: BodyBudget
    ) -> None:
        self._parts = parts
        self._body_budget = body_budget
        self._status = status
        self._length = int(length[:20]) if length.isdecimal() else 0
        self._max_bytes = max_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._length > self._max_bytes:
            raise BodyTooLarge(self._status)
        count = 0
        with _httpx_errors(), self._body_budget.read() as read:
            async for part in self._parts:
                if len(read.body) + len(part) > self._max_bytes:
                    raise BodyTooLarge(self._status)
                self._body_budget.add(read, part)
                count += 1
                if count % YIELD_EVERY == 0:
                    await asyncio.sleep(0)
            if read.aborted:
                raise BudgetExceeded
            body = bytes(read.body)
        yield body

    async def aclose(self) -> None:
        if (close := getattr(self._parts, "aclose", None)) is not None:
            with _httpx_errors():
                await close()


def _response(
    request: httpx.Request,
    status: int,
    headers: list[tuple[bytes, bytes]],
    parts: object,
    extensions: Mapping[str, Any],
) -> Response:
    if not isinstance(parts, AsyncIterable):
        raise TypeError("the transport must be an httpx.AsyncBaseTransport")
    parsed = httpx.Headers(headers)
    call: Progress = request.extensions[CALL]
    body = _Body(parts, status, parsed.get("content-length", ""), call.max_bytes(status), call.body_budget)
    return Response(status, headers=parsed, stream=body, extensions=dict(extensions))


@contextmanager
def _httpx_errors() -> Iterator[None]:
    """Raise httpcore's errors as httpx's, which have the same names."""
    try:
        yield
    except tuple(ERRORS) as error:
        raise ERRORS[type(error)](str(error)) from error
