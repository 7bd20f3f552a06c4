"""What is kept of hosts that were asked once: little, and not for ever."""

from __future__ import annotations

import asyncio
import gc
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from onecloud_operator.onecloud import AddressPolicy, Cloud, Endpoints, Traffic
from onecloud_operator.onecloud.dns import Resolver
from onecloud_operator.onecloud.endpoints import MAX_CA_CHARACTERS, MAX_ORIGINS
from onecloud_operator.onecloud.errors import OneCloudError
from onecloud_operator.onecloud.origin import FORGET_SECONDS, MAX_SETTINGS
from onecloud_operator.onecloud.protocol import get_server
from onecloud_operator.onecloud.tls import Contexts, Tls
from tests.onecloud.origin import (
    Answer,
    Asked,
    Clock,
    Place,
    credentials,
    eventually,
    serving,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


def endpoints(clock: Callable[[], float]) -> Endpoints:
    """Return endpoints for which every name is this host's."""
    return Endpoints(
        AddressPolicy(allow_loopback=True),
        resolver=Resolver(clock, lambda host: (["127.0.0.1"], host)),
        clock=clock,
    )


async def busy(_asked: Asked) -> Answer:
    return Answer(503, b"", {"Connection": "close"}, then_close=True)


@asynccontextmanager
async def hanging_up() -> AsyncIterator[Place]:
    """Listen, and end every connection as soon as something is said: no TLS comes about."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        yield Place(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")


def at(place: Place, host: str, scheme: str = "http") -> str:
    return f"{scheme}://{host}:{place.url.rpartition(':')[2]}"


@pytest.fixture(scope="module")
def certificate() -> str:
    """Return an authority that any machine has."""
    context = ssl.create_default_context()
    return ssl.DER_cert_to_PEM_cert(context.get_ca_certs(binary_form=True)[0])


def contexts() -> int:
    gc.collect()
    return sum(isinstance(one, ssl.SSLContext) for one in gc.get_objects())


async def test_a_host_that_was_busy_when_it_was_last_asked_is_forgotten_like_any() -> None:
    clock = Clock()
    ours = endpoints(clock)
    before = contexts()
    async with serving(busy) as place:
        for number in range(30):
            with pytest.raises(OneCloudError):
                await Cloud(credentials(at(place, f"h{number}.example")), ours).session()
            clock.now += 1
        assert len(ours.origins) == 30
        assert contexts() == before, "http needs none"
        clock.now += FORGET_SECONDS
        with pytest.raises(OneCloudError):
            await Cloud(credentials(at(place, "last.example")), ours).session()
        assert ours.origins == [at(place, "last.example")]
        await ours.close()


async def test_hosts_without_number_share_what_tls_needs() -> None:
    clock = Clock()
    ours = endpoints(clock)
    before = contexts()
    async with hanging_up() as place:
        for number in range(30):
            with pytest.raises(OneCloudError):
                await Cloud(credentials(at(place, f"h{number}.example", "https")), ours).session()
        assert contexts() == before + 1
        await ours.close()


async def test_there_is_an_end_to_the_hosts_that_are_remembered_and_those_in_use_stay() -> None:
    never = asyncio.Event()

    async def respond(request: httpx.Request) -> httpx.Response:
        if request.url.host == "slow":
            await never.wait()
        return httpx.Response(503)

    ours = Endpoints(transport=httpx.MockTransport(respond), clock=Clock())
    waiting = asyncio.create_task(ours.exchange("http://slow", get_server("s1"), {}, Tls(), "r1"))
    await eventually(lambda: ours.under_way(Traffic.READ) == 1)
    for number in range(MAX_ORIGINS + 20):
        await ours.exchange(f"http://h{number}", get_server("s1"), {}, Tls(), "r1")
    assert len(ours.origins) == MAX_ORIGINS
    assert {"http://slow", f"http://h{MAX_ORIGINS + 19}"} < set(ours.origins)
    waiting.cancel()
    await asyncio.wait([waiting])
    await ours.close()


async def test_there_is_an_end_to_the_authorities_that_tenants_bring(certificate: str) -> None:
    """At one place and at many; what nothing is asked with makes room."""
    ours = endpoints(Clock())
    before = contexts()
    size = MAX_CA_CHARACTERS // 8
    async with hanging_up() as place:
        for number in range(20):
            tls = Tls(certificate + f"# {number:06}" + "x" * size)
            with pytest.raises(OneCloudError):
                await ours.exchange(
                    at(place, f"h{number % 20}.example", "https"), get_server("s"), {}, tls, "r"
                )
            assert contexts() - before <= 8 + 1
        await ours.close()


async def test_one_place_keeps_no_more_settings_than_are_in_use(certificate: str) -> None:
    ours = endpoints(Clock())
    before = contexts()
    async with hanging_up() as place:
        for number in range(3 * MAX_SETTINGS):
            tls = Tls(certificate + f"# {number:06}")
            with pytest.raises(OneCloudError):
                await ours.exchange(at(place, "one.example", "https"), get_server("s"), {}, tls, "r")
        assert contexts() - before <= MAX_SETTINGS + 1
        await ours.close()


def test_settings_that_are_the_same_are_made_once(certificate: str) -> None:
    made = Contexts()
    assert made.of(Tls()) is made.of(Tls())
    own = made.of(Tls(certificate))
    assert made.of(Tls(certificate)) is own
    assert made.of(Tls(insecure=True)) is not made.of(Tls())
