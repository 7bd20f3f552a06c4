"""
The connections to one origin, through httpcore, to allowed addresses only.

It checks the write fence once a connection is open, and limits the size of answers. httpx's client, which
takes a third of the CPU of a call, has no part in it: see `by_httpx`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import httpcore
import httpx

from .budgets import BodyBudget, BudgetExceeded
from .reuse import REUSE, Reuse

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .addresses import CheckedBackend
    from .limits import Limits

SEND_EVENTS: Final = (
    "http11.send_request_headers.started",
    "http11.send_request_body.started",
)  # httpcore's trace events
YIELD_EVERY: Final = 64  # parts of an answer: parts that are buffered already are read without yielding
CLOSE: Final = (b"Connection", b"close")  # frees the connection for another host at a shared address
CALL: Final = "trace"  # the request extension that holds the Progress, which httpcore calls with its events
REPEATABLE: Final = b"GET"
WITH_LENGTH: Final = frozenset({"POST", "PUT", "PATCH"})  # even of an empty body
HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": "onecloud-operator",
}
PLACES: Final = 256  # parsed URLs
LENGTH: Final = b"content-length"
ERRORS: Final[Mapping[type[Exception], type[httpx.TransportError]]] = {
    getattr(httpcore, name): getattr(httpx, name)
    for name in (
        "ConnectTimeout", "ReadTimeout", "WriteTimeout", "PoolTimeout", "ConnectError", "ReadError",
        "WriteError", "LocalProtocolError", "RemoteProtocolError", "UnsupportedProtocol",
    )
}  # fmt: skip


RawHeaders = list[tuple[bytes, bytes]]


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
        self.headers: RawHeaders = []  # of the answer, as soon as they are there

    async def __call__(self, event: str, _info: Mapping[str, Any]) -> None:
        """Record *event*, and check the fence before the head and before the body are sent."""
        if event in SEND_EVENTS and self._before_sending is not None:
            self._before_sending()
        if event == SEND_EVENTS[0]:
            self.sent = True


@dataclass(frozen=True, slots=True)
class OutgoingCall:
    """What is sent to *target* below *base_url*, a canonical URL, with *timeouts* as httpcore has them."""

    method: str
    base_url: str
    target: str
    headers: Mapping[str, str]
    content: bytes | None
    timeouts: Mapping[str, float]
    progress: Progress

    @property
    def extensions(self) -> dict[str, Any]:
        """What goes with the request through httpx and httpcore."""
        return {"timeout": self.timeouts, CALL: self.progress}


class IncomingAnswer(NamedTuple):
    """A whole answer."""

    status: int
    headers: RawHeaders
    body: bytes


class _Place(NamedTuple):
    """A URL as httpcore has it, and what the header Host says of it."""

    scheme: bytes
    host: bytes
    port: int | None
    path: bytes
    host_header: bytes


class Network:
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

    async def exchange(self, call: OutgoingCall) -> IncomingAnswer:
        """Send *call* and read the whole answer. Raises BodyTooLarge, and httpx's errors."""
        place = _place_of(call.base_url)
        target = place.path + call.target.encode("ascii")
        url = httpcore.URL(scheme=place.scheme, host=place.host, port=place.port, target=target)
        headers = [(b"Host", place.host_header), *STANDARD, *_encoded(call.headers)]
        if call.content is not None or call.method in WITH_LENGTH:
            headers.append((b"Content-Length", b"%d" % len(call.content or b"")))
        request = httpcore.Request(
            call.method, url, headers=headers, content=call.content, extensions=call.extensions
        )
        found = await self.send(request)
        call.progress.headers = found.headers
        try:
            body = await read_body(found.stream, found.status, found.headers, call.progress)
        finally:
            with httpx_errors():
                await found.aclose()
        return IncomingAnswer(found.status, found.headers, body)

    async def send(self, request: httpcore.Request) -> httpcore.Response:
        """Send *request*, and return the answer with its body unread. Raises httpx's errors."""
        self._host = request.url.host.decode("ascii")
        if self.contended:
            request.headers.append(CLOSE)
        with httpx_errors():
            return await (self._read if request.method == REPEATABLE else self._write)(request)

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


@contextmanager
def httpx_errors() -> Iterator[None]:
    """Raise httpcore's errors as httpx's, which have the same names."""
    try:
        yield
    except tuple(ERRORS) as error:
        raise ERRORS[type(error)](str(error)) from error


async def read_body(
    parts: object, status: int, headers: Sequence[tuple[bytes, bytes]], progress: Progress
) -> bytes:
    """Read the body of an answer of *status*. Raises BodyTooLarge, BudgetExceeded and httpx's errors."""
    if not isinstance(parts, AsyncIterable):
        raise TypeError("the transport must be an httpx.AsyncBaseTransport")
    max_bytes = progress.max_bytes(status)
    length = next((value for name, value in headers if name.lower() == LENGTH), b"")
    if length.isdigit() and int(length[:20]) > max_bytes:
        raise BodyTooLarge(status)
    count = 0
    with httpx_errors(), progress.body_budget.read() as read:
        async for part in parts:
            if len(read.body) + len(part) > max_bytes:
                raise BodyTooLarge(status)
            progress.body_budget.add(read, part)
            count += 1
            if count % YIELD_EVERY == 0:
                await asyncio.sleep(0)
        if read.aborted:
            raise BudgetExceeded
        return bytes(read.body)


def _encoded(headers: Mapping[str, str]) -> RawHeaders:
    """Return *headers* as bytes. Raises UnicodeError for what HTTP cannot carry."""
    return [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]


STANDARD: Final = [*_encoded(HEADERS), (b"Connection", b"keep-alive")]


@lru_cache(PLACES)
def _place_of(base_url: str) -> _Place:
    """Parse *base_url*. Raises httpx.InvalidURL."""
    url = httpx.URL(base_url)
    return _Place(url.raw_scheme, url.raw_host, url.port, url.raw_path.rstrip(b"/"), url.netloc)
