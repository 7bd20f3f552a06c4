"""
A proxy before an API server that does what networks and sick API servers do.

It listens on loopback without TLS, in a thread of its own, and passes everything on: watches event by event.
"""

import asyncio
import json
import re
import ssl
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

import aiohttp
from aiohttp import web

Effect = Literal["answer", "cut", "lose", "hang", "mute", "drop", "expire"]
OWN_HEADERS = frozenset({"host", "connection", "transfer-encoding", "content-length", "content-encoding"})
START_SECONDS = 10.0


@dataclass(slots=True)
class Fault:
    """
    What becomes of the next *count* (None: all) requests of *method* whose path and query match *path*.

    answer: *status* with *message* about an object of *kind*, without asking the API server. cut: no answer,
    nothing was done. lose: no answer, but it was done. hang: no answer until the faults are cleared, then
    cut. On watches: mute: this connection passes nothing on any more. drop: one event is left out, and the
    next comes. expire: the API server's 410 comes as an event, and the watch ends.
    """

    effect: Effect
    method: str = ".*"
    path: str = ""
    count: int | None = None
    status: int = 500
    message: str = "a fault on request"
    kind: str = ""
    hits: int = field(default=0, init=False)

    def fits(self, method: str, target: str) -> bool:
        return re.fullmatch(self.method, method) is not None and re.search(self.path, target) is not None


class Proxy:
    """Before the API server at *url*, whose certificate *authority* signs. *calls* counts what came in."""

    def __init__(self, url: str, authority: Path) -> None:
        self._upstream = url
        self._authority = authority
        self._faults: list[Fault] = []
        self._cleared = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stopped = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.calls: Counter[str] = Counter()
        self.url = ""

    def __enter__(self) -> Self:
        """Start it; return when it listens."""
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            raise RuntimeError("the proxy does not listen")
        return self

    def __exit__(self, *_: object) -> None:
        """End it, and every connection."""
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    def fault(self, effect: Effect, **more: Any) -> Fault:
        """Have a fault from now on (see `Fault`)."""
        found = Fault(effect, **more)
        self._call(lambda: self._faults.append(found))
        return found

    def clear(self) -> None:
        """Be well again; what hangs is cut."""

        def clear() -> None:
            self._faults.clear()
            self._cleared.set()
            self._cleared = asyncio.Event()

        self._call(clear)

    def _call(self, change: Callable[[], object]) -> None:
        """Run *change* in the thread, and wait for it."""
        done = threading.Event()

        def run() -> None:
            change()
            done.set()

        self._loop.call_soon_threadsafe(run)
        done.wait(START_SECONDS)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        context = ssl.create_default_context(cafile=str(self._authority))
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context, limit=0), auto_decompress=False
        ) as self._session:
            runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            host, port = runner.addresses[0][:2]
            self.url = f"http://{host}:{port}"
            self._ready.set()
            await self._stopped.wait()
            self._cleared.set()
            await runner.cleanup()

    def _take(self, method: str, target: str, *effects: Effect) -> Fault | None:
        for fault in self._faults:
            if fault.effect in effects and fault.fits(method, target):
                fault.hits += 1
                if fault.count is not None:
                    fault.count -= 1
                    if fault.count <= 0:
                        self._faults.remove(fault)
                return fault
        return None

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        target = request.path_qs
        self.calls[f"{request.method} {request.path}"] += 1
        fault = self._take(request.method, target, "answer", "cut", "lose", "hang")
        if fault is not None:
            match fault.effect:
                case "answer":
                    status = {
                        "kind": "Status",
                        "apiVersion": "v1",
                        "status": "Failure",
                        "code": fault.status,
                        "message": fault.message,
                        "details": {"kind": fault.kind} if fault.kind else {},
                    }
                    return web.json_response(status, status=fault.status)
                case "hang":
                    await self._cleared.wait()
                    return _cut(request)
                case "cut":
                    return _cut(request)
                case _:
                    pass
        body = await request.read()
        headers = {key: value for key, value in request.headers.items() if key.lower() not in OWN_HEADERS}
        try:
            async with self._session.request(
                request.method, self._upstream + target, headers=headers, data=body or None
            ) as reply:
                if fault is not None:
                    await reply.read()
                    return _cut(request)
                return await self._pass_on(request, reply)
        except aiohttp.ClientError:
            return _cut(request)

    async def _pass_on(self, request: web.BaseRequest, reply: aiohttp.ClientResponse) -> web.StreamResponse:
        kept = {key: value for key, value in reply.headers.items() if key.lower() not in OWN_HEADERS}
        if "content-encoding" in reply.headers:
            kept["Content-Encoding"] = reply.headers["Content-Encoding"]
        answer = web.StreamResponse(status=reply.status, headers=kept)
        if request.query.get("watch") != "true":
            data = await reply.read()
            answer.content_length = len(data)
            await answer.prepare(request)
            await answer.write(data)
            return answer
        await answer.prepare(request)
        muted = False
        try:
            async for line in _lines(reply):
                if self._take(request.method, request.path_qs, "expire") is not None:
                    await answer.write(_expired())
                    break
                muted = muted or self._take(request.method, request.path_qs, "mute") is not None
                dropped = self._take(request.method, request.path_qs, "drop") is not None
                if not (muted or dropped):
                    await answer.write(line)
        except (aiohttp.ClientError, ConnectionError):
            return _cut(request)
        return answer


async def _lines(reply: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    rest = b""
    async for piece in reply.content.iter_any():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line + b"\n"


def _expired() -> bytes:
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": "too old resource version",
        "reason": "Expired",
        "code": 410,
    }
    return json.dumps({"type": "ERROR", "object": status}).encode() + b"\n"


def _cut(request: web.BaseRequest) -> web.StreamResponse:
    """Close the connection without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=502)
