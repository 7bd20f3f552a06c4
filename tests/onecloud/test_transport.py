"""Everything that can happen to bytes on their way; and whether the cloud may have acted."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.onecloud import Cloud, Limits
from onecloud_operator.onecloud.connection_errors import NoAnswerToHttp, WebPage
from onecloud_operator.onecloud.errors import (
    AnswerTooLarge,
    ConnectFailed,
    OneCloudError,
    ProtocolError,
    Redirected,
    Timeout,
    TransportError,
)
from tests.onecloud.origin import (
    HANG,
    LOST,
    SERVER,
    SERVER_ID,
    Answer,
    Region,
    credentials,
    endpoints,
    eventually,
    serving,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

IMPATIENT = Limits(read_seconds=0.2, list_read_seconds=0.2, write_seconds=0.2, connect_seconds=0.5)


def create(cloud: Cloud) -> Awaitable[object]:
    return cloud.create_server({"name": "web-0"})


def get(cloud: Cloud) -> Awaitable[object]:
    return cloud.get_server(SERVER_ID)


async def failing(
    answer: Answer, call: Callable[[Cloud], Any], limits: Limits | None = None
) -> OneCloudError:
    region = Region()
    region.routes |= {"POST /servers": answer, f"GET /servers/{SERVER_ID}": answer}
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints(limits=limits)
        try:
            with pytest.raises(OneCloudError) as caught:
                await call(Cloud(credentials(place.url), ours))
        finally:
            await ours.close()
    assert [str(asked) for asked in place.asked[1:]] == [
        f"{caught.value.method} {caught.value.path.replace('{id}', SERVER_ID)}"
    ], "a call is never repeated"
    return caught.value


WHOLE = bytes(Answer(200, {"server": SERVER}))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(LOST, NoAnswerToHttp, id="the-answer-is-lost"),
        pytest.param(HANG, Timeout, id="it-hangs"),
        pytest.param(Answer(raw=WHOLE[:-10], then_close=True), TransportError, id="cut-off-in-the-body"),
        pytest.param(Answer(raw=WHOLE[:30], then_close=True), NoAnswerToHttp, id="cut-off-in-the-headers"),
        pytest.param(Answer(raw=WHOLE[:-10]), Timeout, id="it-hangs-in-the-body"),
        pytest.param(Answer(raw=b"\x00\x01garbage\r\n\r\n", then_close=True), ProtocolError, id="not-http"),
        pytest.param(
            Answer(raw=b"SSH-2.0-OpenSSH_9.6\r\n\r\n", then_close=True), ProtocolError, id="an-ssh-server"
        ),
        pytest.param(Answer(200, b"<html>hello</html>", {"Content-Type": "text/html"}), WebPage, id="html"),
        pytest.param(Answer(200, b"hello"), ProtocolError, id="not-json"),
        pytest.param(Answer(200, [1, 2]), ProtocolError, id="json-of-another-shape"),
        pytest.param(
            Answer(200, gzip.compress(json.dumps({"server": SERVER}).encode()), {"Content-Encoding": "gzip"}),
            ProtocolError,
            id="compressed-unasked",
        ),
        pytest.param(Answer(302, b"", {"Location": "http://169.254.169.254/"}), Redirected, id="a-redirect"),
        pytest.param(
            Answer(307, b"", {"Location": "/elsewhere"}), Redirected, id="a-redirect-that-keeps-the-method"
        ),
        pytest.param(
            Answer(200, b"x", {"Content-Length": str(9 * 2**20)}), AnswerTooLarge, id="announced-too-large"
        ),
        pytest.param(
            Answer(
                raw=b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b" " * (9 * 2**20),
                then_close=True,
            ),
            AnswerTooLarge,
            id="endless",
        ),
        pytest.param(
            Answer(raw=b"HTTP/1.1 200 OK\r\n" + b"X-Fill: y\r\n" * 20_000, then_close=True),
            ProtocolError,
            id="endless-headers",
        ),
    ],
)
async def test_a_write_without_a_readable_answer_may_have_happened(
    answer: Answer, expected: type[OneCloudError]
) -> None:
    failure = await failing(answer, create, IMPATIENT)
    assert type(failure) is expected
    assert failure.ambiguous


@pytest.mark.parametrize("answer", [LOST, HANG, Answer(200, b"hello"), Answer(302, b"")])
async def test_a_read_changes_nothing_whatever_becomes_of_its_answer(answer: Answer) -> None:
    assert not (await failing(answer, get, IMPATIENT)).ambiguous


async def test_a_drip_of_bytes_ends_with_the_deadline_of_the_whole_call() -> None:
    """Each byte comes in time, the answer never does."""
    limits = Limits(read_seconds=0.3, write_seconds=0.1, connect_seconds=0.1)

    ended = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        try:
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.05)
        except ConnectionError:
            writer.close()
            ended.set()

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
        ours = endpoints(limits=limits)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Timeout):
            await Cloud(credentials(f"http://127.0.0.1:{port}"), ours).session()
        await ours.close()
        await ended.wait()


async def test_a_connection_refused_reached_nobody() -> None:
    region = Region()
    region.compute_url = f"http://127.0.0.1:{_free_port()}"
    async with serving(region.respond) as place:
        ours = endpoints()
        with pytest.raises(ConnectFailed, match="refused") as caught:
            await Cloud(credentials(place.url), ours).create_server({"name": "web-0"})
        await ours.close()
    assert not caught.value.ambiguous


async def test_a_connection_that_is_never_accepted_reached_nobody() -> None:
    region = Region()
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        region.compute_url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with socket.create_connection(deaf.getsockname()), socket.socket() as second:
            second.settimeout(0)
            second.connect_ex(deaf.getsockname())  # the queue of one is full now
            async with serving(region.respond) as place:
                ours = endpoints(limits=IMPATIENT)
                with pytest.raises(Timeout) as caught:
                    await Cloud(credentials(place.url), ours).create_server({"name": "web-0"})
                await ours.close()
    assert not caught.value.ambiguous


async def test_a_connection_closed_between_calls_is_not_used_again() -> None:
    region = Region()
    region.routes[f"GET /servers/{SERVER_ID}"] = Answer(200, {"server": SERVER}, then_close=True)
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints()
        cloud = Cloud(credentials(place.url), ours)
        for _ in range(3):
            assert await cloud.get_server(SERVER_ID) == SERVER
            await eventually(lambda: not place.open_connections)
        await ours.close()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def test_closing_ends_calls_under_way_with_an_error_of_ours() -> None:
    region = Region()
    region.routes["POST /servers"] = HANG
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints()
        cloud = Cloud(credentials(place.url), ours)
        call = asyncio.create_task(cloud.create_server({"name": "web-0"}))
        await eventually(lambda: "POST /servers" in place.calls)
        await ours.close()
        with pytest.raises(TransportError) as caught:
            await call
    assert caught.value.ambiguous
