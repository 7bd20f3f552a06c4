"""Which connections are used again, and what is done if one was closed just then."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.onecloud import Cloud, Limits
from onecloud_operator.onecloud.connection_errors import ConnectionRefused, NoAnswerToHttp
from onecloud_operator.onecloud.errors import OneCloudError, Timeout, TransportError
from onecloud_operator.onecloud.protocol import Traffic
from tests.onecloud.origin import (
    HANG,
    LOST,
    SERVER,
    SERVER_ID,
    Answer,
    Asked,
    Place,
    Region,
    credentials,
    endpoints,
    eventually,
    serving,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from onecloud_operator.onecloud import Endpoints
    from onecloud_operator.onecloud.models import Exchange

# To a write every connection has been idle for too long, to a read none.
AT_ONCE = Limits(idle_seconds=0.0)
GET = f"GET /servers/{SERVER_ID}"
WHOLE = Answer(200, {"server": SERVER})
CUT_IN_THE_HEADERS = Answer(raw=bytes(WHOLE)[:30], then_close=True)
CUT_IN_THE_BODY = Answer(raw=bytes(WHOLE)[:-10], then_close=True)


class Lab:
    """A region, its place on the network, a way into it, and the exchanges that were reported."""

    def __init__(self, region: Region, place: Place, ours: Endpoints, seen: list[Exchange]) -> None:
        self.region = region
        self.place = place
        self.ours = ours
        self.cloud = Cloud(credentials(place.url), ours)
        self.seen = seen

    def answers(self, *answers: Answer) -> None:
        """Let the next reads of the server be answered so, and all after them in full."""
        left = list(answers)

        async def respond(_asked: Asked) -> Answer:
            return left.pop(0) if left else WHOLE

        self.region.routes[GET] = respond

    def asked(self, what: str = GET) -> int:
        return self.place.calls.count(what)


@asynccontextmanager
async def lab(limits: Limits = AT_ONCE) -> AsyncIterator[Lab]:
    """Give a lab whose one connection is idle, after a read."""
    region = Region()
    seen: list[Exchange] = []
    async with serving(region.respond) as place:
        region.url = place.url
        found = Lab(region, place, endpoints(limits=limits, seen=seen), seen)
        await found.cloud.list_servers()
        seen.clear()
        try:
            yield found
        finally:
            await found.ours.close()


async def test_a_read_uses_a_connection_that_was_idle_for_too_long_for_a_write() -> None:
    async with lab() as it:
        it.answers()
        it.region.routes["POST /servers"] = WHOLE
        before = it.place.connections
        for _ in range(3):
            await it.cloud.get_server(SERVER_ID)
        assert it.place.connections == before
        await it.cloud.create_server({"name": "web-0"})
        assert it.place.connections == before + 1
        await eventually(lambda: it.place.open_connections == 1)


async def test_a_write_uses_a_connection_that_was_used_just_now() -> None:
    async with lab(Limits()) as it:
        it.region.routes["POST /servers"] = WHOLE
        await it.cloud.create_server({"name": "web-0"})
        assert it.place.connections == 1


async def test_a_read_uses_no_connection_that_the_cloud_is_about_to_close() -> None:
    async with lab(Limits(idle_seconds=0.0, read_idle_seconds=0.05)) as it:
        it.answers()
        await it.cloud.get_server(SERVER_ID)
        await eventually(lambda: not it.place.open_connections)
        await it.cloud.get_server(SERVER_ID)
        assert it.asked() == 2


async def test_a_connection_is_not_kept_for_ever_by_polls() -> None:
    """What its host's name resolves to may have changed, and where connections may go as well."""
    async with lab(Limits(max_age_seconds=0.0)) as it:
        it.answers()
        before = it.place.connections
        for _ in range(3):
            await it.cloud.get_server(SERVER_ID)
        assert it.place.connections == before + 3
        await eventually(lambda: it.place.open_connections == 1)


async def test_the_measures_fit_the_polls_and_the_cloud() -> None:
    limits = Limits()
    assert limits.idle_seconds <= 5.0 < limits.read_idle_seconds <= 9.0


async def test_a_read_on_an_idle_connection_that_is_closed_just_then_is_sent_once_more() -> None:
    """Nobody sees it: the call is one, and it succeeded."""
    async with lab() as it:
        it.answers(LOST)
        assert await it.cloud.get_server(SERVER_ID) == SERVER
        assert it.asked() == 2
        assert it.place.connections == 2
        assert [(each.status, each.error, each.throttled) for each in it.seen] == [(200, None, False)]


async def test_a_read_on_an_idle_connection_that_is_reset_just_then_is_sent_once_more() -> None:
    """As of bytes that come to a socket that is closed already."""
    asked, connections = [], 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        first = connections == 1
        for answered in range(2):
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            if first and answered:
                at_once = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
                writer.transport.abort()
                return
            writer.write(bytes(Answer(body={"servers": []})))
        writer.close()

    region = Region()
    seen: list[Exchange] = []
    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server, serving(region.respond) as place:
        region.compute_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ours = endpoints(limits=AT_ONCE, seen=seen)
        cloud = Cloud(credentials(place.url), ours)
        for _ in range(2):
            await cloud.list_servers()
        await ours.close()
    assert (len(asked), connections) == (3, 2)
    assert all(each.error is None for each in seen)


async def test_it_is_sent_again_on_a_new_connection_and_no_other_idle_one() -> None:
    async with lab() as it:
        both = asyncio.Barrier(2)

        async def together(_asked: Asked) -> Answer:
            await both.wait()
            return WHOLE

        it.region.routes[GET] = together
        await asyncio.gather(*(it.cloud.get_server(SERVER_ID) for _ in range(2)))
        assert it.place.open_connections == 2
        it.answers(LOST)
        await it.cloud.get_server(SERVER_ID)
        assert it.place.connections == 3
        await eventually(lambda: it.place.open_connections == 1)


async def test_a_read_on_a_connection_that_was_closed_before_is_sent_once() -> None:
    async with lab() as it:
        it.answers(Answer(200, {"server": SERVER}, then_close=True))
        await it.cloud.get_server(SERVER_ID)
        await eventually(lambda: not it.place.open_connections)
        await it.cloud.get_server(SERVER_ID)
        await it.cloud.get_server(SERVER_ID)
        assert it.asked() == 3
        assert it.place.connections == 2, "and the new one is used again"


async def test_where_an_idle_connection_was_closed_on_a_read_none_is_used_for_so_long_again() -> None:
    async with lab() as it:
        it.answers(LOST)
        await it.cloud.get_server(SERVER_ID)
        before = it.place.connections
        for _ in range(3):
            await it.cloud.get_server(SERVER_ID)
        assert it.place.connections == before + 3
        assert it.asked() == 5
        await eventually(lambda: not it.place.open_connections)


@pytest.mark.parametrize(
    ("answers", "expected", "times"),
    [
        pytest.param([LOST, LOST], NoAnswerToHttp, 2, id="lost-again"),
        pytest.param([LOST, HANG], Timeout, 2, id="then-it-hangs"),
        pytest.param([LOST, CUT_IN_THE_BODY], TransportError, 2, id="then-half-an-answer"),
        pytest.param([HANG], Timeout, 1, id="it-hangs"),
        pytest.param([CUT_IN_THE_HEADERS], NoAnswerToHttp, 1, id="cut-in-the-headers"),
        pytest.param([CUT_IN_THE_BODY], TransportError, 1, id="cut-in-the-body"),
        pytest.param([Answer(raw=b"H", then_close=True)], NoAnswerToHttp, 1, id="one-byte"),
    ],
)
async def test_nothing_else_is_sent_again(
    answers: list[Answer], expected: type[OneCloudError], times: int
) -> None:
    async with lab(Limits(idle_seconds=0.0, read_seconds=0.2)) as it:
        it.answers(*answers)
        with pytest.raises(OneCloudError) as caught:
            await it.cloud.get_server(SERVER_ID)
        assert type(caught.value) is expected
        assert not caught.value.ambiguous
        assert it.asked() == times
        assert [each.error for each in it.seen] == [expected.__name__]


async def test_a_read_on_a_connection_that_was_used_just_now_is_not_sent_again() -> None:
    """Whoever closes such a one is not weary of it."""
    async with lab(Limits()) as it:
        it.answers(LOST)
        with pytest.raises(NoAnswerToHttp):
            await it.cloud.get_server(SERVER_ID)
        assert it.asked() == 1


async def test_a_read_on_a_new_connection_is_not_sent_again() -> None:
    async with lab(Limits(idle_seconds=0.0, max_age_seconds=0.0)) as it:
        it.answers(LOST)
        with pytest.raises(NoAnswerToHttp):
            await it.cloud.get_server(SERVER_ID)
        assert it.asked() == 1


@pytest.mark.parametrize("limits", [AT_ONCE, Limits()])
async def test_a_write_is_never_sent_again(limits: Limits) -> None:
    async with lab(limits) as it:
        it.region.routes["POST /servers"] = LOST
        with pytest.raises(NoAnswerToHttp) as caught:
            await it.cloud.create_server({"name": "web-0"})
        assert caught.value.ambiguous
        assert it.asked("POST /servers") == 1


async def test_both_sendings_have_one_slot_and_one_deadline() -> None:
    async with lab(Limits(idle_seconds=0.0, lists=1, read_seconds=0.2, list_read_seconds=0.2)) as it:
        answers = [LOST, HANG]

        async def respond(_asked: Asked) -> Answer:
            assert it.ours.under_way(Traffic.LIST) == 1
            return answers.pop(0)

        it.region.routes["GET /servers"] = respond
        first, second = (asyncio.create_task(it.cloud.list_servers()) for _ in range(2))
        await eventually(lambda: not answers)
        assert it.ours.waiting(Traffic.LIST) == 1
        with pytest.raises(Timeout):
            await first
        second.cancel()


async def test_one_that_cannot_be_sent_again_says_what_is_wrong_now() -> None:
    """The place is gone: it is not that its answer was lost."""
    asked = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(bytes(Answer(body={"servers": []})))
        await reader.readuntil(b"\r\n\r\n")
        server.close()
        asked.set()
        writer.close()

    region = Region()
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    region.compute_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with serving(region.respond) as place:
        ours = endpoints(limits=AT_ONCE)
        cloud = Cloud(credentials(place.url), ours)
        await cloud.list_servers()
        with pytest.raises(ConnectionRefused):
            await cloud.list_servers()
        assert asked.is_set()
        await ours.close()


async def test_a_connection_that_we_close_ourselves_is_no_reason_to_send_again() -> None:
    async with lab() as it:
        it.answers(HANG)
        call = asyncio.create_task(it.cloud.get_server(SERVER_ID))
        await eventually(lambda: it.asked() == 1)
        await it.ours.close()
        with pytest.raises(OneCloudError):
            await call
        assert (it.asked(), it.place.connections) == (1, 1)
