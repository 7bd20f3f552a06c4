"""The probes' server over real sockets, and what the probes say."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.telemetry import health
from onecloud_operator.telemetry.health import Health, Heartbeat, Page, Server

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
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3 * health.MAX_CONNECTIONS)]
        began_at = time.monotonic()
        assert (await ask(port, get("/healthz"))).startswith(OK)
        assert time.monotonic() - began_at < health.EXCHANGE_SECONDS
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


async def test_who_writes_slowly_is_let_go_in_time() -> None:
    """Each byte in time is no reason to wait for the next: the whole exchange has one limit."""
    server = Server({"/healthz": lambda: Page(b"well\n")}, 0.3)
    async with serving(server) as port, asyncio.timeout(20.0):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /healthz HTTP/1.1\r\nX: ")
        ended = asyncio.create_task(reader.read())
        while not ended.done():
            writer.write(b"x")
            await asyncio.sleep(0.01)
        assert isinstance(ended.exception(), ConnectionError) or ended.result() == b""
        writer.close()


async def test_a_head_that_comes_in_small_parts_is_bounded_as_a_whole() -> None:
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /healthz HTTP/1.1\r\n")
        for number in range(health.HEAD_BYTES // 1000 + 1):
            writer.write(f"X-{number}: {'x' * 1000}\r\n".encode())
            await writer.drain()
            await asyncio.sleep(0.01)
        assert (await reader.readline()).startswith(b"HTTP/1.1 431")
        writer.close()


@pytest.mark.parametrize("length", [3, 100_000, 10**12])
async def test_a_body_is_not_waited_for(length: int) -> None:
    request = f"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()
    async with serving() as port:
        began_at = time.monotonic()
        assert (await ask(port, request, end=False)).startswith(OK)
        assert time.monotonic() - began_at < health.EXCHANGE_SECONDS


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(b"Connection: keep-alive\r\n", id="kept-alive"),
        pytest.param(b"Connection: Upgrade\r\nUpgrade: websocket\r\n", id="upgraded"),
        pytest.param(b"Expect: 100-continue\r\n", id="expectant"),
    ],
)
async def test_a_connection_gets_one_answer(headers: bytes) -> None:
    async with serving() as port:
        answer = await ask(port, (b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n") * 3, end=False)
    assert answer.startswith(OK)
    assert answer.count(b"HTTP/1.1") == 1


async def test_a_page_that_fails_says_nothing_of_the_fault(caplog: pytest.LogCaptureFixture) -> None:
    def page() -> Page:
        raise LookupError("what happened")

    async with serving(Server({"/healthz": page})) as port:
        answer = await ask(port, get("/healthz"))
    assert answer.startswith(b"HTTP/1.1 500 Internal Server Error")
    assert b"happened" not in answer
    assert "failed to render a page" in caplog.text


async def test_a_client_that_is_wrong_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with serving() as port:
        for request in (b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n\0\r\n\r\n", b""):
            await ask(port, request)
    assert not caplog.records


async def test_without_an_address_it_listens_for_both_families() -> None:
    async with Server({"/healthz": lambda: Page(b"well\n")}).listening("", 0) as port:
        for host in ("127.0.0.1", *(["::1"] if _has("::1") else [])):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(get("/healthz"))
            assert (await reader.read()).startswith(OK)
            writer.close()


async def test_at_the_end_an_answer_under_way_is_given_and_the_idle_are_closed() -> None:
    large = Server({"/large": lambda: Page(b"x" * 2**24)})
    async with asyncio.timeout(20.0):
        async with serving(large) as port:
            idle, idle_writer = await asyncio.open_connection("127.0.0.1", port)
            idle_writer.write(b"GET /lar")
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(get("/large"))
            head = await reader.readuntil(b"\r\n\r\n")
            reading = asyncio.create_task(reader.read())
        assert head.startswith(OK)
        assert len(await reading) == 2**24
        assert await idle.read() == b""
    assert not large.connections
    idle_writer.close()
    writer.close()


async def test_the_end_waits_for_nobody_who_does_not_read() -> None:
    server = Server({"/large": lambda: Page(b"x" * 2**26)})
    async with serving(server) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        writer.write(get("/large"))
        await reader.readexactly(1)
        began_at = time.monotonic()
    assert time.monotonic() - began_at < health.EXCHANGE_SECONDS
    writer.close()


async def test_a_loop_that_hangs_answers_nothing() -> None:
    """What makes the probe of a hung process fail is the probe's own timeout."""
    async with serving() as port:
        asking = asyncio.get_running_loop().run_in_executor(None, _ask_apart, port, 0.3)
        await asyncio.sleep(0)  # the other thread may begin
        time.sleep(1.0)  # noqa: ASYNC251 - this is the hang
        assert await asking == "no answer"
        assert (await ask(port, get("/healthz"))).startswith(OK)


def _has(address: str) -> bool:
    """Return whether the machine has the IPv6 address; many a container has none."""
    try:
        socket.create_server((address, 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def _ask_apart(port: int, timeout_seconds: float) -> str:
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
    now[0] += health.STALLED_SECONDS + 1
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
