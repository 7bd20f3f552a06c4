"""
TCP and TLS for httpcore, on asyncio's streams.

httpcore's own stream pauses a connection only when the task that reads it has its turn. Until then uvloop
takes up to 8 MiB out of the network, and a hundred clouds that send at once take all memory. asyncio's pauses
it as soon as its buffer is full.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpcore

if TYPE_CHECKING:
    from collections.abc import Iterator

BUFFER_BYTES = 64 * 2**10  # a connection is paused at twice as many


async def connect(address: str, port: int, timeout: float | None) -> Stream:  # noqa: ASYNC109 - httpcore's way
    """Connect. Raises httpcore.ConnectTimeout or httpcore.ConnectError."""
    with _errors(httpcore.ConnectTimeout, httpcore.ConnectError):
        async with asyncio.timeout(timeout):
            return Stream(*await asyncio.open_connection(address, port, limit=BUFFER_BYTES))


class Stream(httpcore.AsyncNetworkStream):
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.closed = False  # by us, whatever the other side did

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        with _errors(httpcore.ReadTimeout, httpcore.ReadError):
            async with asyncio.timeout(timeout):
                return await self._reader.read(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        if not buffer:
            return
        with _errors(httpcore.WriteTimeout, httpcore.WriteError):
            async with asyncio.timeout(timeout):
                self._writer.write(buffer)
                await self._writer.drain()

    async def aclose(self) -> None:
        """Close it at once: what was not sent yet is dropped."""
        self.closed = True
        self._writer.close()
        try:
            await asyncio.sleep(0)  # what can be sent without waiting is, such as the end of TLS
        finally:  # cancelled or not: a peer that reads nothing would keep it open for ever
            self._writer.transport.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> Stream:
        """Return this connection once it is encrypted; it is closed if that fails."""
        try:
            with _errors(httpcore.ConnectTimeout, httpcore.ConnectError):
                async with asyncio.timeout(timeout):
                    await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        except BaseException:
            await self.aclose()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as httpcore has it
        return self._writer.get_extra_info(
            {"client_addr": "sockname", "server_addr": "peername"}.get(info, info)
        )


@contextmanager
def _errors(timeout: type[Exception], other: type[Exception]) -> Iterator[None]:
    """Raise the errors of asyncio, ssl and uvloop as httpcore's."""
    try:
        yield
    except TimeoutError as error:
        raise timeout(str(error)) from error
    except (
        OSError,
        ssl.SSLError,
        RuntimeError,
    ) as error:  # uvloop's, of a connection that the peer has reset
        raise other(str(error)) from error
