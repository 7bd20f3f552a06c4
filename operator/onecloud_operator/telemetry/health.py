"""
/healthz, /readyz and /metrics: a server that answers these and nothing else.

It runs in the same event loop as everything else on purpose: a loop that hangs answers nothing, so the probe
times out, which counts as a failure. aiohttp parses and writes; this module limits what a client can use:
bytes read, connections, and time. No connection is reused, and no header names the software.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, cast

from aiohttp import HttpVersion11, hdrs, web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.http import RawRequestMessage
    from aiohttp.streams import StreamReader

HEAD_BYTES: Final = 8192
EXCHANGE_SECONDS: Final = 5.0  # for a whole exchange, from the connection to the answer's last byte
MAX_CONNECTIONS: Final = 64  # one more, and the oldest is dropped, so idle clients cannot block others
CLOSE_SECONDS: Final = 0.5  # for answers that are under way when the server closes
BEAT_SECONDS: Final = 1.0
STALLED_SECONDS: Final = 30.0  # without a beat for so long, the loop hangs and is not just busy
BACKLOG: Final = 128
TEXT: Final = "text/plain; charset=utf-8"
BROKEN: Final = b"\0\r\n\r\n"  # makes any incomplete request an invalid one


@dataclass(frozen=True, slots=True)
class Page:
    """The content of an answer."""

    body: bytes
    status: HTTPStatus = HTTPStatus.OK
    content_type: str = TEXT


@dataclass(slots=True)
class Health:
    """
    Checks by name; each returns what is wrong, or None.

    If a check of *alive* fails, only a restart helps; if one of *ready* fails, the process cannot work (yet).
    *role* is shown in the answer. A cloud that does not answer fails neither: conditions and metrics show it.
    """

    alive: dict[str, Callable[[], str | None]] = field(default_factory=dict)
    ready: dict[str, Callable[[], str | None]] = field(default_factory=dict)
    role: str = "starting"

    def healthz(self) -> Page:
        """Return whether the process is alive."""
        return self._page(self.alive)

    def readyz(self) -> Page:
        """Return whether it works, or is ready to take over."""
        return self._page({**self.alive, **self.ready})

    def _page(self, checks: Mapping[str, Callable[[], str | None]]) -> Page:
        failed = {name: reason for name, check in checks.items() if (reason := check()) is not None}
        lines = [f"[-] {name}: {failed[name]}" if name in failed else f"[+] {name}" for name in checks]
        status = HTTPStatus.SERVICE_UNAVAILABLE if failed else HTTPStatus.OK
        return Page("\n".join([self.role, *lines, ""]).encode(), status)


class Heartbeat:
    """Beats in the event loop, and calls *on_lag* with the delay of each beat in seconds."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        on_lag: Callable[[float], None],
        every_seconds: float = BEAT_SECONDS,
        stalled_seconds: float = STALLED_SECONDS,
    ) -> None:
        self._stalled_seconds = stalled_seconds
        self._every_seconds = every_seconds
        self._monotonic = monotonic
        self._on_lag = on_lag
        self._beat_at = monotonic()

    async def run(self) -> None:
        """Beat until cancelled."""
        loop = asyncio.get_running_loop()
        cancelled = loop.create_future()
        self._next_beat = loop.call_later(self._every_seconds, self._beat, loop)
        try:
            await cancelled
        finally:
            self._next_beat.cancel()

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        """Beat, as a callback: waking a task each second was a tenth of the CPU of an idle process."""
        now = self._monotonic()
        self._on_lag(now - self._beat_at - self._every_seconds)
        self._beat_at = now
        self._next_beat = loop.call_later(self._every_seconds, self._beat, loop)

    def check(self) -> str | None:
        """Return what is wrong if there was no beat for too long."""
        age = self._monotonic() - self._beat_at
        return f"no beat for {age:.0f} s" if age > self._stalled_seconds else None


class Server:
    """Answers GET and HEAD with the *pages* by their paths."""

    def __init__(
        self, pages: Mapping[str, Callable[[], Page]], exchange_seconds: float = EXCHANGE_SECONDS
    ) -> None:
        self._pages = pages
        self._exchange_seconds = exchange_seconds
        self._open: dict[_Exchange, None] = {}  # the oldest first

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._open)

    @asynccontextmanager
    async def listening(self, address: str, port: int) -> AsyncIterator[int]:
        """Listen within the context, and yield the port; without *address* on all. Raises OSError."""
        loop = asyncio.get_running_loop()
        manager = web.Server(self._answer, request_factory=_request)
        server = await loop.create_server(
            lambda: _Exchange(manager, self._open, self._exchange_seconds),
            sock=_bound(address, port),
            backlog=BACKLOG,
        )
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            manager.pre_shutdown()
            await manager.shutdown(CLOSE_SECONDS)
            if self._open:
                await asyncio.wait([each.closed for each in self._open], timeout=CLOSE_SECONDS)
            for each in tuple(self._open):
                each.abort()

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        page = self._pages.get(request.raw_path.partition("?")[0])
        if page is None:
            return _response(Page(b"", HTTPStatus.NOT_FOUND))
        if request.method not in {"GET", "HEAD"}:
            return _response(Page(b"", HTTPStatus.METHOD_NOT_ALLOWED), Allow="GET, HEAD")
        return _response(page())


class _Exchange(web.RequestHandler):
    """One connection, with one request and its answer."""

    def __init__(self, manager: web.Server, open_exchanges: dict[_Exchange, None], seconds: float) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            manager,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # None is how it is turned off
            keepalive_timeout=0,
            tcp_keepalive=False,
            lingering_time=0,
            max_line_size=HEAD_BYTES,
            max_field_size=HEAD_BYTES,
            read_bufsize=HEAD_BYTES,
        )
        self.closed: asyncio.Future[None] = loop.create_future()
        self._open = open_exchanges
        self._seconds = seconds
        self._head_bytes_left = HEAD_BYTES
        self._connection: asyncio.Transport
        self._timer: asyncio.TimerHandle

    def abort(self) -> None:
        """Drop the connection, and what is not sent yet."""
        # Not close(): it would wait until the client has read everything.
        self._connection.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start, and drop the oldest exchange if there are too many."""
        super().connection_made(transport)
        self._connection = cast("asyncio.Transport", transport)
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self.abort)
        if len(self._open) >= MAX_CONNECTIONS:
            oldest = next(iter(self._open))
            del self._open[oldest]
            oldest.abort()
        self._open[self] = None

    def connection_lost(self, exc: BaseException | None) -> None:
        """Free the slot."""
        super().connection_lost(exc)
        self._timer.cancel()
        self._open.pop(self, None)
        self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Read at most the size of a head."""
        super().data_received(data[: self._head_bytes_left])
        self._head_bytes_left -= len(data)
        if self._head_bytes_left < 0:
            self._head_bytes_left = 0
            self._connection.pause_reading()
            super().data_received(BROKEN)

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio asks for it
        """Keep the connection of a client that sent its request and closed only its own half."""
        return self._request_count > 0

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002 - aiohttp's signature
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it quotes the request
    ) -> web.StreamResponse:
        """Return the answer to an invalid request, or to one whose page fails."""
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            self.log_exception("failed to render a page", exc_info=exc)
        elif not self._head_bytes_left:
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        return _response(Page(b"", HTTPStatus(status)))


class _Request(web.BaseRequest):
    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        """Remove the headers that aiohttp adds: its version and the date."""
        for name in (hdrs.SERVER, hdrs.DATE):
            response.headers.popall(name, None)


def _request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: web.RequestHandler,
    writer: AbstractStreamWriter,
    task: asyncio.Task[None],
) -> _Request:
    # An answer gets the version of the request, and a malformed request counts as HTTP/1.0.
    message = message._replace(version=HttpVersion11)
    return _Request(message, payload, protocol, writer, task, asyncio.get_running_loop())


def _bound(address: str, port: int) -> socket.socket:
    """Return a listening socket; without an address for IPv4 and IPv6, if the host has both."""
    if not address and socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server((address, port), family=family, backlog=BACKLOG)


def _response(page: Page, **headers: str) -> web.Response:
    fixed = {
        "Content-Type": page.content_type,
        "Content-Length": str(len(page.body)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    response = web.Response(body=page.body, status=page.status, headers=fixed | headers)
    response.force_close()
    return response
