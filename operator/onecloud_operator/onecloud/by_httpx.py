"""
Calls by an httpx client: over a transport of the user's, or for the sake of event hooks.

What httpx offers beyond that is turned off: cookies, which would leak between tenants, redirects, the
environment's proxies, decompression. So an event hook reads exactly what was received.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from .network import CALL, HEADERS, SEND_EVENTS, IncomingAnswer, httpx_errors, read_body

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .network import Network, OutgoingCall, Progress

EventHooks = Mapping[str, Iterable[Callable[..., Awaitable[None]]]]


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


class OverNetwork(httpx.AsyncBaseTransport):
    """Our own connections for an httpx client."""

    def __init__(self, network: Network) -> None:
        self._network = network

    @property
    def contended(self) -> bool:
        """Whether other calls wait for a connection that this has open."""
        return self._network.contended

    @property
    def idle_seconds(self) -> float:
        """For how long an idle connection is of use."""
        return self._network.idle_seconds

    async def end_idle(self) -> None:
        """Close the connections that no request uses."""
        await self._network.end_idle()

    async def aclose(self) -> None:
        """Close the connections; new requests open new ones."""
        await self._network.aclose()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send *request*, and return the answer with its body unread."""
        url = request.url
        found = await self._network.send(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return _response(request, found.status, found.headers, found.stream, found.extensions)


class ByHttpx:
    """Calls over *transport*, of which *event_hooks* hear."""

    def __init__(self, transport: UserTransport | OverNetwork, event_hooks: EventHooks) -> None:
        self._transport = transport
        self._client = httpx.AsyncClient(
            transport=transport,
            trust_env=False,
            follow_redirects=False,
            cookies=NoCookies(),
            headers=HEADERS,
            event_hooks={kind: list(hooks) for kind, hooks in event_hooks.items()},
        )

    @property
    def contended(self) -> bool:
        """Whether other calls wait for a connection that this has open."""
        return self._transport.contended

    @property
    def idle_seconds(self) -> float:
        """For how long an idle connection is of use."""
        return self._transport.idle_seconds

    async def end_idle(self) -> None:
        """Close the connections that no request uses."""
        await self._transport.end_idle()

    async def aclose(self) -> None:
        """Close the connections; new requests open new ones, which a closed httpx client would not."""
        await self._transport.aclose()

    async def exchange(self, call: OutgoingCall) -> IncomingAnswer:
        """Send *call* and read the whole answer. Raises BodyTooLarge, and httpx's errors."""
        message = self._client.build_request(
            call.method,
            call.base_url + call.target,
            headers=call.headers,
            content=call.content,
            extensions=call.extensions,
        )
        response = await self._client.send(message, stream=True)
        try:
            body = await response.aread()
        finally:
            await response.aclose()
        return IncomingAnswer(response.status_code, response.headers.raw, body)


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
        self, parts: object, status: int, headers: list[tuple[bytes, bytes]], progress: Progress
    ) -> None:
        self._parts = parts
        self._status = status
        self._headers = headers
        self._progress = progress

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield await read_body(self._parts, self._status, self._headers, self._progress)

    async def aclose(self) -> None:
        if (close := getattr(self._parts, "aclose", None)) is not None:
            with httpx_errors():
                await close()


def _response(
    request: httpx.Request,
    status: int,
    headers: list[tuple[bytes, bytes]],
    parts: object,
    extensions: Mapping[str, Any],
) -> Response:
    progress: Progress = request.extensions[CALL]
    progress.headers = headers
    body = _Body(parts, status, headers, progress)
    return Response(status, headers=headers, stream=body, extensions=dict(extensions))
