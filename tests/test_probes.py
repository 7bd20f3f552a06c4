"""The probes' server over real sockets, and what the probes say."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from onecloud_operator import probes
from onecloud_operator.probes import Health, Heartbeat, Page, Server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

OK = b"HTTP/1.1 200 OK"


@asynccontextmanager
async def serving(server: Server | None = None) -> AsyncIterator[int]:
    server = server or Server({"/healthz": lambda: Page(b"well\n")})
    async with server.listening("127.0.0.1", 0) as port:
        yield port


async def ask(port: int, request: bytes, *, end: bool = True) -> bytes:
    """Send *request* and return all that is answered until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        if end and writer.can_write_eof():
            writer.write_eof()
        return await asyncio.wait_for(reader.read(), 20.0)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def get(path: str, method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


async def test_a_page_is_answered_with_its_length_and_the_connection_ends() -> None:
    async with serving() as port:
        answer = await ask(port, get("/healthz"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(OK)
    assert b"Content-Length: 5" in head
    assert b"Connection: close" in head
    assert body == b"well\n"


@pytest.mark.parametrize(
    ("request_bytes", "first_line"),
    [
        pytest.param(get("/healthz?verbose=1"), OK, id="a-query-is-ignored"),
        pytest.param(get("/"), b"HTTP/1.1 404 Not Found", id="anything-else-is-not-found"),
        pytest.param(get("/../healthz"), b"HTTP/1.1 404 Not Found", id="paths-are-compared-as-they-are"),
        pytest.param(
            get("/healthz", "POST"), b"HTTP/1.1 405 Method Not Allowed", id="only-reads-are-allowed"
        ),
        pytest.param(b"nonsense\r\n\r\n", b"HTTP/1.1 400 Bad Request", id="nonsense-is-a-bad-request"),
        pytest.param(b"\x16\x03\x01\r\n\r\n", b"HTTP/1.1 400 Bad Request", id="tls-is-a-bad-request"),
        pytest.param(
            b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
            b"HTTP/1.1 431 Request Header Fields Too Large",
            id="a-head-that-is-too-large-is-not-read",
        ),
        pytest.param(b"GET /healthz", b"", id="half-a-request-gets-no-answer"),
    ],
)
async def test_requests(request_bytes: bytes, first_line: bytes) -> None:
    async with serving() as port:
        assert (await ask(port, request_bytes)).partition(b"\r\n")[0] == first_line


async def test_head_gets_no_body() -> None:
    async with serving() as port:
        answer = await ask(port, get("/healthz", "HEAD"))
    assert b"Content-Length: 5" in answer
    assert answer.endswith(b"\r\n\r\n")


async def test_no_header_says_what_is_behind_it() -> None:
    async with serving() as port:
        answers = [await ask(port, one) for one in (get("/healthz"), get("/no"), b"x\r\n\r\n")]
    for answer in answers:
        names = {
            line.partition(b":")[0] for line in answer.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:] if line
        }
        assert names <= {
            b"Content-Type",
            b"Content-Length",
            b"Cache-Control",
            b"X-Content-Type-Options",
            b"Connection",
            b"Allow",
        }


async def test_those_who_say_nothing_cannot_shut_others_out() -> None:
    async with serving() as port:
        silent = [
            await asyncio.open_connection("127.0.0.1", port) for _ in range(3 * probes.MOST_CONNECTIONS)
        ]
        began_at = time.monotonic()
        assert (await ask(port, get("/healthz"))).startswith(OK)
        assert time.monotonic() - began_at < probes.EXCHANGE_SECONDS
        for _, writer in silent:
            writer.close()


async def test_who_does_not_read_is_let_go_in_time() -> None:
    server = Server({"/large": lambda: Page(b"x" * 2**26)}, 0.2)
    async with serving(server) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        writer.write(get("/large"))
        async with asyncio.timeout(20.0):
            while not server.connections:
                await asyncio.sleep(0.01)
            while server.connections:
                await asyncio.sleep(0.01)
        writer.close()


async def test_a_loop_that_hangs_answers_nothing() -> None:
    """What makes the probe of a hung process fail is the probe's own timeout."""
    async with serving() as port:
        asking = asyncio.get_running_loop().run_in_executor(None, _ask_apart, port, 0.3)
        await asyncio.sleep(0)  # the other thread may begin
        time.sleep(1.0)  # noqa: ASYNC251 - this is the hang
        assert await asking == "no answer"
        assert (await ask(port, get("/healthz"))).startswith(OK)


def _ask_apart(port: int, timeout_seconds: float) -> str:
    import socket  # noqa: PLC0415

    with socket.create_connection(("127.0.0.1", port), timeout=timeout_seconds) as connection:
        connection.sendall(get("/healthz"))
        try:
            return connection.recv(100).decode()
        except TimeoutError:
            return "no answer"


@pytest.mark.parametrize(
    ("alive", "ready", "statuses"),
    [
        pytest.param(None, None, (200, 200), id="all-is-well"),
        pytest.param("no beat", None, (503, 503), id="what-is-not-alive-is-not-ready"),
        pytest.param(None, "not yet", (200, 503), id="not-ready-is-no-reason-to-restart"),
    ],
)
def test_health(alive: str | None, ready: str | None, statuses: tuple[int, int]) -> None:
    health = Health({"loop": lambda: alive}, {"objects": lambda: ready}, "leading")
    assert (health.healthz().status, health.readyz().status) == statuses
    lines = health.readyz().body.decode().splitlines()
    assert lines[0] == "leading"
    assert lines[1] == (f"[-] loop: {alive}" if alive else "[+] loop")
    assert lines[2] == (f"[-] objects: {ready}" if ready else "[+] objects")


async def test_a_heart_that_beats_no_more_is_told() -> None:
    now = [1000.0]
    lags: list[float] = []
    heartbeat = Heartbeat(lambda: now[0], lags.append)
    assert heartbeat.check() is None
    now[0] += probes.STILL_SECONDS + 1
    assert heartbeat.check() == "no beat for 31 s"


async def test_a_late_beat_is_measured() -> None:
    lags: list[float] = []
    beating = asyncio.create_task(Heartbeat(time.monotonic, lags.append, 0.05).run())
    await asyncio.sleep(0.01)
    time.sleep(0.3)  # noqa: ASYNC251 - this is the lag
    async with asyncio.timeout(20.0):
        while not lags:
            await asyncio.sleep(0.01)
    beating.cancel()
    assert lags[0] > 0.2
