"""What many clouds send at once is taken from the network only as fast as it is read."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
import tracemalloc
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Self

import uvloop

from onecloud_operator.onecloud import AddressPolicy, Endpoints, ServerQuery, protocol
from onecloud_operator.onecloud.errors import OneCloudError
from onecloud_operator.onecloud.tls import Tls

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 2**20
CLOUDS = 20
BODY, BUDGET = b" " * (7 * MIB), 4 * MIB
LENGTH = len(BODY) + MIB // 2
HEAD = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {LENGTH}\r\n\r\n".encode()
SECONDS = 60.0


class Sender:
    """A cloud that sends nearly all of a large answer as fast as the network takes it, and then nothing."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.done = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._send)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._listening.close()

    def _send(self) -> None:
        self._listening.settimeout(SECONDS)
        connection, _ = self._listening.accept()
        with connection, suppress(OSError):  # the other side ends it when its budget is used up
            connection.settimeout(SECONDS)
            connection.recv(65536)
            connection.sendall(HEAD)
            connection.sendall(BODY)
            self.done.set()
            self._over.wait(SECONDS)
        self.done.set()


def senders(stack: ExitStack) -> Iterator[Sender]:
    return (stack.enter_context(Sender()) for _ in range(CLOUDS))


async def _ask(ours: Endpoints, clouds: list[Sender]) -> int:
    """Return the most memory that was in use until all had sent what they could."""
    request = protocol.list_servers(ServerQuery(limit=1024))

    async def ask(url: str) -> None:
        with suppress(OneCloudError):
            await ours.exchange(url, request, {}, Tls(), "r1")

    calls = [asyncio.create_task(ask(cloud.url)) for cloud in clouds]
    tracemalloc.start()
    try:
        for cloud in clouds:
            assert await asyncio.to_thread(cloud.done.wait, SECONDS)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await ours.close()


def test_answers_that_come_faster_than_they_are_read_wait_in_the_network_and_not_in_memory() -> None:
    """The operator's event loop is uvloop, which reads a connection many times before it is told to stop."""
    with ExitStack() as stack, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        clouds = list(senders(stack))
        ours = Endpoints(AddressPolicy(allow_loopback=True), max_body_bytes=BUDGET, clock=time.monotonic)
        assert runner.run(_ask(ours, clouds)) < 8 * BUDGET
