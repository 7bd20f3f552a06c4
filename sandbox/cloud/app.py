"""The ASGI application: one port that plays keystone (``/v3``), glance (``/v1``), region and the control."""

import asyncio
import contextlib
import secrets
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from . import glance, keystone
from .errors import CloudError, queue_full
from .faults import HUGE_BYTES, PIECE_BYTES, Fault, Faults
from .journal import Journal
from .region import Region
from .times import error_time, header_time
from .verifier import Verifier
from .wire import Answer, Query, Request, encode
from .world import World

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
COMMON_HEADERS = (
    (b"server", b"Yunion AppServer/Go/2018.4"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"vary", b"Origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"x-request-host-id", b"RFis4ZgMS1Rx4nO0G9xU7zvlxRw="),
    (b"x-xss-protection", b"1; mode=block"),
)
READS = frozenset({"GET", "HEAD"})


@dataclass(slots=True)
class Pool:
    """Region's workers for reads or for writes: what finds no place in the queue is a 429."""

    busy: int = 0
    waiting: int = 0
    freed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @contextlib.asynccontextmanager
    async def slot(self, size: int | None, queue: int) -> AsyncIterator[None]:
        if size is None:
            yield
            return
        if self.busy >= size:
            if self.waiting >= queue:
                raise queue_full()
            self.waiting += 1
            try:
                async with self.freed:
                    await self.freed.wait_for(lambda: self.busy < size)
            finally:
                self.waiting -= 1
        self.busy += 1
        try:
            yield
        finally:
            self.busy -= 1
            async with self.freed:
                self.freed.notify()


class App:
    """One simulated cloud behind HTTP. ``control`` is filled in by the control endpoint's owner."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.region = Region(world)
        self.glance = Verifier(world)
        self.faults = Faults()
        self.journal = Journal()
        self.closing = asyncio.Event()
        self.silent = 0  # requests that wait for an answer that never comes
        self.delayed = 0  # and for one that comes later
        self.control: Callable[[Request], Answer] | None = None
        self._reads, self._writes = Pool(), Pool()
        self._create_lock = asyncio.Lock()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = await _read(scope, receive)
        query = scope["query_string"].decode("latin-1")
        if request.path.startswith("/_control/"):
            await _send(send, self._controlled(request), "")
            return
        started = time.monotonic()
        target = request.path + ("?" + query if query else "")
        own = request.headers.get("x-request-id", "")
        request_id = f"{own}-{secrets.token_hex(3)}" if own else secrets.token_hex(3)
        fault = self.faults.take(request.method, target)
        if fault is None and self._down(request.path):
            fault = Fault("reset")
        reply: Answer | None = None
        try:
            reply = await self._served(request, fault)
            if fault is not None and fault.effect != "pass":
                reply = await self._spoilt(fault, reply, scope, receive, send, request_id)
        finally:
            status = reply.status if reply else 0
            self.journal.add(request, query, status, started, request_id, reply.rows if reply else 0)
        if reply is not None:
            await _send(send, reply, request_id, self._date())

    def _down(self, path: str) -> bool:
        """Return whether nobody listens where *path* leads."""
        settings = self.world.settings
        keystone, image = path.startswith("/v3"), path.startswith("/v1/")
        return (keystone and settings.keystone_down) or (image and settings.glance_down)

    def _controlled(self, request: Request) -> Answer:
        if self.control is None:
            return self._refused(CloudError(404, "NotFoundError", "no control endpoint"))
        return self.control(request)

    async def _served(self, request: Request, fault: Fault | None) -> Answer:
        """Answer *request* by the rules, in a worker's slot and as late as the fault says, or not at all."""
        settings = self.world.settings
        reads = request.method in READS or request.path.startswith("/v3")
        pool, size = (self._reads, settings.read_workers) if reads else (self._writes, settings.write_workers)
        try:
            async with pool.slot(size, settings.worker_queue):
                if fault is not None and fault.latency_seconds:
                    await self._delay(fault.latency_seconds)
                if fault is not None and fault.effect in {"answer", "hang", "reset"} and not fault.work:
                    return Answer()
                if settings.create_cost_seconds and (request.method, request.path) == ("POST", "/servers"):
                    async with self._create_lock:
                        await asyncio.sleep(settings.create_cost_seconds)
                if fault is None or fault.effect != "twice":
                    return self._answer(request)
                first, second = self._answer(request), self._answer(request)
                return first if fault.work else second
        except CloudError as error:
            return self._refused(error)

    async def _delay(self, seconds: float) -> None:
        self.delayed += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self.delayed -= 1

    def _answer(self, request: Request) -> Answer:
        try:
            if request.path == "/v3" or request.path.startswith("/v3/"):
                return keystone.handle(self.world, request)
            if request.path.startswith("/v1/"):
                return glance.handle(self.world, self.glance.caller(request), request)
            return self.region.handle(request)
        except CloudError as error:
            return self._refused(error)

    def _refused(self, error: CloudError) -> Answer:
        body = {
            "class": error.kind,
            "code": error.status,
            "details": error.details,
            "time": error_time(self.world.clock()),
        }
        return Answer(error.status, encode(body), error.headers, "application/json")

    async def _spoilt(
        self,
        fault: Fault,
        reply: Answer,
        scope: MutableMapping[str, Any],
        receive: Receive,
        send: Send,
        request_id: str,
    ) -> Answer | None:
        """Return the answer that goes out after all, or None when none does."""
        match fault.effect:
            case "twice":
                return reply
            case "answer":
                if fault.body is not None:
                    return Answer(fault.status, fault.body.encode(), {}, fault.content_type)
                return self._refused(CloudError(fault.status, fault.kind, fault.details))
            case "garbage":
                return Answer(reply.status, (fault.body or "<html>not json").encode(), {}, fault.content_type)
            case "mislabel":
                return Answer(reply.status, reply.body, reply.headers, fault.content_type)
            case "hang":
                await self._silence(receive)
            case "reset":
                _abort(scope)
                await self._silence(receive)
            case "truncate":
                await _send(send, reply, request_id, self._date(), cut=True)
                _abort(scope)
                await self._silence(receive)
            case "huge":
                filler = b'{"servers":[],"filler":"' + b"x" * HUGE_BYTES + b'"}'
                return Answer(reply.status, filler)
            case "endless":
                await self._endless(send, receive)
        return None

    async def _endless(self, send: Send, receive: Receive) -> None:
        """Begin an answer of no given length, and go on until the client goes away."""
        leaving = asyncio.ensure_future(self._silence(receive))
        content_type = (b"content-type", b"application/json;charset=utf-8")
        await send({"type": "http.response.start", "status": 200, "headers": [*COMMON_HEADERS, content_type]})
        piece = b'{"servers":[],"filler":"' + b"x" * PIECE_BYTES
        while not leaving.done():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = b"x" * PIECE_BYTES
            await asyncio.sleep(0)
        await leaving

    def _date(self) -> str | None:
        settings = self.world.settings
        ahead = timedelta(seconds=settings.date_ahead_seconds)
        return header_time(self.world.clock() + ahead) if settings.date is None else settings.date or None

    async def _silence(self, receive: Receive) -> None:
        """Say nothing until the client goes away or the cloud is shut down."""

        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        waiting = {asyncio.ensure_future(gone()), asyncio.ensure_future(self.closing.wait())}
        self.silent += 1
        try:
            _, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.silent -= 1
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)


async def _read(scope: MutableMapping[str, Any], receive: Receive) -> Request:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if "content-length" not in headers:
        body = b""
    query = Query(scope["query_string"].decode("latin-1"))
    return Request(scope["method"], scope["path"], query, headers, body)


async def _send(
    send: Send, reply: Answer, request_id: str, date: str | None = None, *, cut: bool = False
) -> None:
    headers = [
        *COMMON_HEADERS,
        (b"content-length", str(len(reply.body)).encode()),
        *((k.lower().encode(), v.encode("latin-1", "replace")) for k, v in reply.headers.items()),
    ]
    if reply.body:
        headers.append((b"content-type", reply.content_type.encode()))
    if date is not None:
        headers.append((b"date", date.encode("latin-1", "replace")))
    if request_id:
        headers.append((b"x-request-id", request_id.encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if cut:
        await send(
            {"type": "http.response.body", "body": reply.body[: len(reply.body) // 2], "more_body": True}
        )
        return
    await send({"type": "http.response.body", "body": reply.body})


def _abort(scope: MutableMapping[str, Any]) -> None:
    """Close the connection with a reset, so that the client sees no end of an answer."""
    transport = scope.get("sandbox.transport")
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
