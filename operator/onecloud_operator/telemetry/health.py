"""
/healthz, /readyz and /metrics: a server that answers these and nothing else.

It runs in the same event loop as everything else. That is its point: a loop that hangs answers nothing, so
the probe times out, which is a failure like any other. aiohttp parses and writes; this module bounds what a
client can take: bytes read, connections, and time. No connection is reused, and no header names the software.
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
MAX_CONNECTIONS: Final = (
    64  # one more, and the oldest is dropped: those who say nothing cannot shut others out
)
CLOSE_SECONDS: Final = 0.5  # for the answers that are under way when the server closes
BEAT_SECONDS: Final = 1.0
STILL_SECONDS: Final = 30.0  # the heart beats once a second; this long without is not a busy loop
BACKLOG: Final = 128
TEXT: Final = "text/plain; charset=utf-8"
BROKEN: Final = b"\0\r\n\r\n"  # ends any request that is not complete yet with a fault


@dataclass(frozen=True, slots=True)
class Page:
    """An answer."""

    body: bytes
    status: HTTPStatus = HTTPStatus.OK
    content_type: str = TEXT


@dataclass(slots=True)
class Health:
    """
    What must be so, by name: each check returns what is wrong, or None.

    *alive*: or else only a new process helps. *ready*: or else this one is not (yet) of use. *role* is told
    to whoever asks. A cloud that does not answer is neither: that stands in conditions and metrics.
    """

    alive: dict[str, Callable[[], str | None]] = field(default_factory=dict)
    ready: dict[str, Callable[[], str | None]] = field(default_factory=dict)
    role: str = "starting"

    def healthz(self) -> Page:
        """Return whether the process is alive."""
        return self._page(self.alive)

    def readyz(self) -> Page:
        """Return whether it does what it is here for, be it standing by."""
        return self._page({**self.alive, **self.ready})

    def _page(self, checks: Mapping[str, Callable[[], str | None]]) -> Page:
        wrong = {name: said for name, check in checks.items() if (said := check()) is not None}
        lines = [f"[-] {name}: {wrong[name]}" if name in wrong else f"[+] {name}" for name in checks]
        status = HTTPStatus.SERVICE_UNAVAILABLE if wrong else HTTPStatus.OK
        return Page("\n".join([self.role, *lines, ""]).encode(), status)


class Heartbeat:
    """Beats in the event loop, and tells *on_lag* by how many seconds each beat was late."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        on_lag: Callable[[float], None],
        every_seconds: float = BEAT_SECONDS,
        still_seconds: float = STILL_SECONDS,
    ) -> None:
        self._still_seconds = still_seconds
        self._every_seconds = every_seconds
        self._monotonic = monotonic
        self._on_lag = on_lag
        self._beat_at = monotonic()

    async def run(self) -> None:
        """Beat for ever."""
        while True:
            await asyncio.sleep(self._every_seconds)
            now = self._monotonic()
            self._on_lag(now - self._beat_at - self._every_seconds)
            self._beat_at = now

    def check(self) -> str | None:
        """Return what is wrong if there was no beat for long."""
        age = self._monotonic() - self._beat_at
        return f"no beat for {age:.0f} s" if age > self._still_seconds else None


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
        """Return how many are being answered."""
        return len(self._open)

    @asynccontextmanager
    async def listening(self, address: str, port: int) -> AsyncIterator[int]:
        """Listen as long as the context lasts, and give the port; no address: on all. Raises OSError."""
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
    """One request and its answer, on a connection of their own."""

    def __init__(self, manager: web.Server, others: dict[_Exchange, None], seconds: float) -> None:
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
        self._others = others
        self._seconds = seconds
        self._room = HEAD_BYTES
        self._connection: asyncio.Transport
        self._timer: asyncio.TimerHandle

    def abort(self) -> None:
        """Drop the connection, and what is left to send."""
        # Not close(): it waits for as long as the other side does not read.
        self._connection.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, in the place of the oldest exchange if there are too many."""
        super().connection_made(transport)
        self._connection = cast("asyncio.Transport", transport)
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self.abort)
        if len(self._others) >= MAX_CONNECTIONS:
            oldest = next(iter(self._others))
            del self._others[oldest]
            oldest.abort()
        self._others[self] = None

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give the place to others."""
        super().connection_lost(exc)
        self._timer.cancel()
        self._others.pop(self, None)
        self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Read no more than a head may have."""
        super().data_received(data[: self._room])
        self._room -= len(data)
        if self._room < 0:
            self._room = 0
            self._connection.pause_reading()
            super().data_received(BROKEN)

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio asks for it
        """Keep the connection of a client that has asked, and has only ended its own half."""
        return self._request_count > 0

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002 - aiohttp's signature
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it quotes the request
    ) -> web.StreamResponse:
        """Return what a request gets that is no request, or whose page fails."""
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            self.log_exception("cannot make a page", exc_info=exc)
        elif not self._room:
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        return _response(Page(b"", HTTPStatus(status)))


class _Request(web.BaseRequest):
    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        """Take out what aiohttp adds: its version, and a date that nobody needs."""
        for name in (hdrs.SERVER, hdrs.DATE):
            response.headers.popall(name, None)


def _request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: web.RequestHandler,
    writer: AbstractStreamWriter,
    task: asyncio.Task[None],
) -> _Request:
    # The version of an answer is that of the request, and what cannot be read passes for HTTP/1.0.
    message = message._replace(version=HttpVersion11)
    return _Request(message, payload, protocol, writer, task, asyncio.get_running_loop())


def _bound(address: str, port: int) -> socket.socket:
    """Return a socket that listens; without an address for IPv4 and IPv6, as far as the host has them."""
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
