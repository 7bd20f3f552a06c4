"""What is heard of the watch, at a server that answers as the API server does."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import kopf
import pytest

from onecloud_operator.election.election import Fence, Fenced
from onecloud_operator.kube.watch import Watch
from onecloud_operator.kube.write_fence import guarded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    import aiohttp

PATH = "/apis/onecloud.io/v1alpha1/namespaces/{}/onecloudservers"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Scene:
    """A watch that listens, a clock that stands still, and a server that speaks when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.relists = 0
        self.refusals = 0
        self.pages: list[tuple[str | None, Mapping[str, object], bool]] = []
        self.closed = True  # the namespace of that name
        self.asked: list[str] = []  # the queries
        self.speak = asyncio.Event()
        self.watch = Watch(
            {"onecloudservers": self},
            monotonic=lambda: self.now,
            request_class=guarded(_closed().check),
        )

    def relisted(self) -> None:
        self.relists += 1

    def refused(self) -> None:
        self.refusals += 1

    def listed(self, namespace: str | None, page: Mapping[str, object], *, continued: bool) -> None:
        self.pages.append((namespace, page, continued))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            self.asked.append(head.split(b" ")[1].decode().partition("?")[2])
            if b"continue=expired" in head:
                writer.write(b"HTTP/1.1 410 Gone\r\nContent-Length: 2\r\n\r\n{}")
                continue
            if b"/closed/" in head and self.closed:
                writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n{}")
                continue
            if b"watch=true" not in head:
                writer.write(HEAD + b"Content-Length: 2\r\n\r\n{}")
                continue
            writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
            await self.speak.wait()
            writer.write(b"3\r\n{}\n\r\n0\r\n\r\n")
            return


def _closed() -> Fence:
    return Fence(lambda: 0.0)


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[Scene, aiohttp.ClientSession, str]]:
    scene = Scene()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await scene.serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        made = scene.watch.session(kopf.ConnectionInfo(server=url))
        async with made.aiohttp_session as session:
            yield scene, session, url


async def test_a_watch_that_was_never_heard_is_silent_since_the_start() -> None:
    async with listening() as (scene, _, _):
        scene.now += 30.0
        assert scene.watch.silent_seconds == 30.0


async def test_every_piece_of_a_watch_is_heard_be_it_only_a_bookmark() -> None:
    async with listening() as (scene, session, url):
        async with session.get(url + PATH.format("shop"), params={"watch": "true"}) as response:
            scene.now += 60.0
            assert scene.watch.silent_seconds == 60.0
            scene.speak.set()
            pieces = [piece async for piece in response.content.iter_chunked(100)]
        assert pieces == [b"{}\n"]
        assert scene.watch.silent_seconds == 0.0


async def test_of_several_watches_the_most_silent_counts() -> None:
    async with listening() as (scene, session, url):
        for namespace in ("shop", "bank"):
            async with session.get(url + PATH.format(namespace)):
                pass
            scene.now += 10.0
        assert scene.watch.silent_seconds == 20.0


async def test_a_second_list_of_the_same_is_a_relist() -> None:
    async with listening() as (scene, session, url):
        for namespace in ("shop", "bank", "shop"):
            async with session.get(url + PATH.format(namespace)) as response:
                assert await response.json() == {}
        assert scene.relists == 1


async def test_the_pages_of_one_list_are_one_list() -> None:
    async with listening() as (scene, session, url):
        for query in ({"limit": "2"}, {"limit": "2", "continue": "next"}):
            async with session.get(url + PATH.format("shop"), params=query) as response:
                assert response.ok
                assert await response.json() == {}
        assert scene.relists == 0
        assert scene.pages == [("shop", {}, False), ("shop", {}, True)]


async def test_a_list_of_the_whole_cluster_is_told_as_such() -> None:
    async with listening() as (scene, session, url):
        async with session.get(f"{url}/apis/onecloud.io/v1alpha1/onecloudservers") as response:
            await response.json()
        assert scene.pages == [(None, {}, False)]


async def test_a_list_that_is_forbidden_is_told() -> None:
    async with listening() as (scene, session, url):
        async with session.get(url + PATH.format("closed")) as response:
            assert response.status == 403
            await response.json()
        assert (scene.refusals, scene.pages) == (1, [])


async def test_a_list_that_the_api_server_gave_up_midway_begins_again() -> None:
    """kopf would end over it, and so would the operator: for an outage in the middle of its start."""
    async with listening() as (scene, session, url):
        query = {"limit": "2", "labelSelector": "shard in (a,b)"}
        async with session.get(
            url + PATH.format("shop"), params={**query, "continue": "expired"}
        ) as response:
            assert await response.json() == {}
        before, after = (parse_qs(asked) for asked in scene.asked)
        assert before.pop("continue") == ["expired"]
        assert after == before


async def test_other_calls_are_not_the_watch() -> None:
    async with listening() as (scene, session, url):
        scene.now += 5.0
        async with session.get(url + "/apis"):
            pass
        assert scene.watch.silent_seconds == 5.0


async def test_what_watches_cannot_write_through_a_closed_fence() -> None:
    async with listening() as (_, session, url):
        with pytest.raises(Fenced):
            await session.patch(url + PATH.format("shop"))


async def test_a_namespace_that_is_closed_to_us_does_not_count_as_silent() -> None:
    """A restart would not open it, and the others are heard."""
    async with listening() as (scene, session, url):

        async def list_of(namespace: str) -> int:
            async with session.get(url + PATH.format(namespace)) as response:
                return response.status

        scene.closed = False
        await list_of("closed")
        scene.closed = True
        scene.now += 1000.0
        assert [await list_of("shop"), await list_of("closed")] == [200, 403]
        assert scene.watch.silent_seconds == 0.0
        assert not scene.watch.refused
        assert scene.relists == 0
        scene.closed = False
        assert await list_of("closed") == 200
        assert scene.relists == 1, "what was deleted meanwhile was not told"


async def test_where_nothing_may_be_listened_to_it_is_known_that_this_is_why() -> None:
    async with listening() as (scene, session, url):
        async with session.get(url + PATH.format("closed")) as response:
            assert response.status == 403
        scene.now += 1000.0
        assert scene.watch.refused
        assert scene.watch.silent_seconds == 1000.0
