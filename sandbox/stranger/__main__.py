"""
Serve a lying cloud: ``python -m sandbox.stranger READY_FILE``.

READY_FILE gets the port that it is commanded at: ``POST /open/LIE/COUNT`` answers with so many new ports that
tell the lie, ``POST /close/LIE`` ends them, ``POST /asked/LIE`` says how often they were asked for anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from sandbox.stranger.lies import LIES, Answer, Asked, Refusals

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Serve = Callable[[str, str, int], Awaitable[Answer | None]]


class Liars:
    """All ports that lie, by the name of the lie."""

    def __init__(self) -> None:
        self._servers: dict[str, list[asyncio.Server]] = {}
        self._writers: dict[str, set[asyncio.StreamWriter]] = {}
        self._asked: Counter[str] = Counter()

    async def command(self, _method: str, target: str, _port: int) -> Answer:
        """Do what a request to the port of commands asks for."""
        _, verb, name, *count = target.split("/")
        done: Any = None
        if verb == "open":
            done = await self._open(name, int(count[0]))
        elif verb == "close":
            await self._close(name)
        else:
            done = self._asked[name]
        return Answer(body=json.dumps({"result": done}).encode())

    async def _open(self, name: str, count: int) -> list[int]:
        lie = Refusals(count).refuses if name == "refuses" else LIES[name]
        writers = self._writers.setdefault(name, set())

        async def serve(method: str, target: str, port: int) -> Answer | None:
            self._asked[name] += 1
            parts = urlsplit(target)
            query = dict(parse_qsl(parts.query))
            return await lie(Asked(method, parts.path.removeprefix("/v3"), query, port, self._asked[name]))

        opened = [await listen(serve, writers) for _ in range(count)]
        self._servers.setdefault(name, []).extend(opened)
        return [server.sockets[0].getsockname()[1] for server in opened]

    async def _close(self, name: str) -> None:
        for server in self._servers.pop(name, []):
            server.close()
        for writer in self._writers.pop(name, set()):
            writer.transport.abort()


async def listen(serve: Serve, writers: set[asyncio.StreamWriter] | None = None) -> asyncio.Server:
    """Listen at a port of loopback; *writers* are noted, so that somebody can cut them."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if writers is not None:
            writers.add(writer)
        port = writer.get_extra_info("sockname")[1]
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while True:
                    await _exchange(reader, writer, port, serve)
        finally:
            if writers is not None:
                writers.discard(writer)
            writer.transport.abort()

    return await asyncio.start_server(talk, "127.0.0.1", 0, backlog=256)


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, serve: Serve
) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    await reader.readexactly(int(headers.get("content-length", "0")))
    answer = await serve(method, target, port)
    if answer is None:
        await reader.read()  # until the other side has had enough
        raise ConnectionResetError
    length = len(answer.body) + answer.missing
    said = {"Content-Type": "application/json", "Content-Length": str(length), **answer.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    writer.write(f"HTTP/1.1 {answer.status} So\r\n{lines}\r\n".encode() + answer.body)
    await writer.drain()
    if answer.missing:
        await reader.read()
        raise ConnectionResetError


async def main(ready: Path) -> None:
    """Serve until the process is ended."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    server = await listen(Liars().command)
    partial = ready.with_suffix(".partial")
    partial.write_text(str(server.sockets[0].getsockname()[1]))
    partial.rename(ready)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
