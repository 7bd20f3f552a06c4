"""Whatever becomes of a connection, its errors are httpcore's, and it is closed once it is not wanted."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

import httpcore
import pytest
import uvloop

from onecloud_operator.onecloud.streams import Stream, connect

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SECONDS = 20.0
RESET = struct.pack("ii", 1, 0)  # for SO_LINGER: closed by a reset


async def _pair(listening: socket.socket) -> tuple[Stream, socket.socket]:
    port = listening.getsockname()[1]
    stream = await connect("127.0.0.1", port, SECONDS)
    peer, _ = await asyncio.get_running_loop().sock_accept(listening)
    return stream, peer


def _run(story: Callable[[Stream, socket.socket], Awaitable[None]]) -> None:
    """Play *story* on the operator's event loop."""

    async def play() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.setblocking(False)
            stream, peer = await _pair(listening)
            with peer:
                await story(stream, peer)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(play())


def test_a_write_to_a_connection_that_the_peer_has_reset_is_an_error_of_the_connection() -> None:
    async def story(stream: Stream, peer: socket.socket) -> None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        peer.close()
        with suppress(httpcore.ReadError):
            await stream.read(1, SECONDS)
        with pytest.raises(httpcore.WriteError):
            await stream.write(b"GET", SECONDS)
        await stream.aclose()

    _run(story)


def test_a_close_that_is_cancelled_closes_all_the_same() -> None:
    async def story(stream: Stream, peer: socket.socket) -> None:
        with pytest.raises(httpcore.WriteTimeout):
            await stream.write(b"x" * 2**24, 0.1)  # the peer reads nothing
        closing = asyncio.create_task(stream.aclose())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        peer.settimeout(SECONDS)
        assert await asyncio.to_thread(_received, peer) < 2**24, "what was not sent yet is dropped"

    _run(story)


def _received(peer: socket.socket) -> int:
    """Return how many bytes come until the connection ends."""
    total = 0
    with suppress(ConnectionResetError):
        while part := peer.recv(2**20):
            total += len(part)
    return total
