"""Not one write leaves once the fence is closed: neither to the cloud nor to Kubernetes."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest
from kubernetes.aio.client import ApiClient, Configuration

from onecloud_operator.api.identity import SERVER
from onecloud_operator.election.election import ALWAYS, NEVER, Fence, Fenced
from onecloud_operator.kube.client import KubeClient, ObjectReference
from onecloud_operator.kube.write_fence import guarded
from onecloud_operator.onecloud import AddressPolicy, Endpoints
from onecloud_operator.onecloud.protocol import create_server, delete_server, get_server
from onecloud_operator.onecloud.tls import Tls
from tests.onecloud.origin import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from onecloud_operator.onecloud.protocol import Request

REFERENCE = ObjectReference(SERVER, "shop", "web-1", "u", "1")
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Ear:
    """A place that notes the first line of whatever it is sent, and answers."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.connections = 0
        self.whole = 0
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while line := await reader.readline():
                self.heard.append(line.decode().strip())
                length = 0
                while (header := await reader.readline()).strip():
                    name, _, value = header.decode().partition(":")
                    length = int(value) if name.lower() == "content-length" else length
                await reader.readexactly(length)
                self.whole += 1
                writer.write(ANSWER)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[Ear]:
    ear = Ear()
    server = await asyncio.start_server(ear.serve, "127.0.0.1", 0)
    async with server:
        ear.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield ear


class Closing:
    """A fence that closes by itself after so many checks, as when the process is frozen in between."""

    def __init__(self, checks: int) -> None:
        self.left = checks
        self.fence = Fence(lambda: 0.0, ALWAYS)

    def check(self) -> None:
        if not self.left:
            self.fence.until = NEVER
        self.left -= 1
        self.fence.check()


@pytest.mark.parametrize(
    "wanted", [create_server({"name": "x"}), delete_server("s1", {})], ids=["a-post", "a-delete"]
)
async def test_no_write_to_the_cloud_leaves_through_a_closed_fence(wanted: Request) -> None:
    fence = Fence(lambda: 0.0)
    async with listening() as ear:
        endpoints = Endpoints(AddressPolicy(allow_loopback=True), before_write=fence.check)
        with pytest.raises(Fenced):
            await endpoints.exchange(ear.url, wanted, {}, Tls(), "r1")
        await endpoints.exchange(ear.url, get_server("s1"), {}, Tls(), "r2")
        fence.until = ALWAYS
        await endpoints.exchange(ear.url, wanted, {}, Tls(), "r3")
        await endpoints.close()
    assert [line.split()[0] for line in ear.heard] == ["GET", wanted.method]


async def test_a_fence_that_closes_while_a_connection_is_made_stops_the_write() -> None:
    """The connection stood when it was asked, so nothing of what takes long comes after the question."""
    async with listening() as ear:
        seen: list[int] = []
        endpoints = Endpoints(
            AddressPolicy(allow_loopback=True), before_write=lambda: seen.append(ear.connections)
        )
        await endpoints.exchange(ear.url, delete_server("s1", {}), {}, Tls(), "r1")
        await endpoints.close()
    assert seen
    assert all(connections == 1 for connections in seen)


async def test_the_cloud_hears_no_whole_request_if_the_fence_closes_before_its_body() -> None:
    closing = Closing(1)
    async with listening() as ear:
        endpoints = Endpoints(AddressPolicy(allow_loopback=True), before_write=closing.check)
        with pytest.raises(Fenced):
            await endpoints.exchange(ear.url, create_server({"name": "x"}), {}, Tls(), "r1")
        await endpoints.close()
        await eventually(lambda: len(ear.heard) == 1)
    assert ear.whole == 0


@asynccontextmanager
async def cluster_at(url: str, before_write: Callable[[], None]) -> AsyncIterator[KubeClient]:
    configuration = Configuration(host=url)
    configuration.client_session_kwargs = {"request_class": guarded(before_write)}
    cluster = KubeClient(ApiClient(configuration))
    try:
        yield cluster
    finally:
        await cluster.close()


async def test_no_write_to_kubernetes_leaves_through_a_closed_fence() -> None:
    async with listening() as ear, cluster_at(ear.url, Fence(lambda: 0.0).check) as cluster:
        with pytest.raises(Fenced):
            await cluster.write_status(REFERENCE, {})
        assert ear.heard == []
        await cluster.read(SERVER, "shop", "web-1")
        with pytest.raises(Fenced):
            await cluster.remove_finalizer(REFERENCE, "onecloud.io/server", 0)
        with pytest.raises(Fenced):
            await cluster.emit(REFERENCE, kind="Normal", reason="R", message="m", time="t")
    assert [line.split()[0] for line in ear.heard] == ["GET"]


async def test_no_write_to_kubernetes_leaves_on_a_connection_that_was_kept() -> None:
    async with listening() as ear, cluster_at(ear.url, Closing(1).check) as cluster:
        await cluster.write_status(REFERENCE, {})
        with pytest.raises(Fenced):
            await cluster.write_status(REFERENCE, {})
        assert ear.connections == 1
    assert len(ear.heard) == 1


async def test_kubernetes_is_asked_about_only_once_the_connection_stands() -> None:
    """So a fence that closes while a connection is made stops the write."""
    async with listening() as ear:
        seen: list[int] = []
        async with cluster_at(ear.url, lambda: seen.append(ear.connections)) as cluster:
            await cluster.write_status(REFERENCE, {})
    assert seen == [1]


async def test_a_session_of_our_own_is_guarded_as_well() -> None:
    closed = guarded(Fence(lambda: 0.0).check)
    async with listening() as ear, aiohttp.ClientSession(request_class=closed) as session:
        async with session.get(ear.url):
            pass
        with pytest.raises(Fenced):
            await session.post(ear.url)
    assert [line.split()[0] for line in ear.heard] == ["GET"]
