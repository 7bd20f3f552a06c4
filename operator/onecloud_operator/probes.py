"""
/healthz, /readyz and /metrics: a server that answers these and nothing else.

It runs in the same event loop as everything else. That is its point: a loop that hangs answers nothing, so
the probe times out, which is a failure like any other. It reads no more than a request's head, waits for
nobody, keeps no connection, and sends no header that says what is behind it.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections import OrderedDict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

HEAD_BYTES: Final = 8192
EXCHANGE_SECONDS: Final = 5.0  # for a whole exchange, from the connection to the answer's last byte
MOST_CONNECTIONS: Final = (
    64  # one more, and the oldest is dropped: those who say nothing cannot shut others out
)
BEAT_SECONDS: Final = 1.0
STILL_SECONDS: Final = 30.0  # the heart beats once a second; this long without is not a busy loop
BACKLOG: Final = 128
TEXT: Final = "text/plain; charset=utf-8"
REQUEST: Final = re.compile(rb"([A-Z]{1,16}) (/[!-~]{0,1024}) HTTP/1\.[01]\r\n")


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
        self._open: OrderedDict[asyncio.Task[None], None] = OrderedDict()

    @property
    def connections(self) -> int:
        """Return how many are being answered."""
        return len(self._open)

    @asynccontextmanager
    async def listening(self, address: str, port: int) -> AsyncIterator[int]:
        """Listen as long as the context lasts, and give the port; no address: on all. Raises OSError."""
        server = await asyncio.start_server(self._accept, sock=_bound(address, port), limit=HEAD_BYTES)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            tasks = tuple(self._open)
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= MOST_CONNECTIONS:
            oldest, _ = self._open.popitem(last=False)
            oldest.cancel()
        task = asyncio.get_running_loop().create_task(self._exchange(reader, writer), name="probe")
        self._open[task] = None
        task.add_done_callback(lambda done: self._open.pop(done, None))

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(self._exchange_seconds):
                if (answer := await self._answer(reader)) is not None:
                    writer.write(answer)
                    await writer.drain()
                    writer.close()
                    await writer.wait_closed()
        except (TimeoutError, ConnectionError):
            pass  # the other side is gone, or too slow
        finally:
            # Not close(): it waits for as long as the other side does not read.
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            return _bytes_of(Page(b"", HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE))
        except asyncio.IncompleteReadError:
            return None
        if (found := REQUEST.match(head)) is None:
            return _bytes_of(Page(b"", HTTPStatus.BAD_REQUEST))
        method, target = found[1].decode(), found[2].decode()
        page = self._pages.get(target.partition("?")[0])
        if page is None:
            return _bytes_of(Page(b"", HTTPStatus.NOT_FOUND))
        if method not in {"GET", "HEAD"}:
            return _bytes_of(Page(b"", HTTPStatus.METHOD_NOT_ALLOWED), "Allow: GET, HEAD")
        return _bytes_of(page(), body=method == "GET")


def _bound(address: str, port: int) -> socket.socket:
    """Return a socket that listens; without an address for IPv4 and IPv6, as far as the host has them."""
    if not address and socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server((address, port), family=family, backlog=BACKLOG)


def _bytes_of(page: Page, *headers: str, body: bool = True) -> bytes:
    lines = [
        f"HTTP/1.1 {page.status.value} {page.status.phrase}",
        f"Content-Type: {page.content_type}",
        f"Content-Length: {len(page.body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
        *headers,
    ]
    head = "".join(f"{line}\r\n" for line in lines) + "\r\n"
    return head.encode() + (page.body if body else b"")
