"""What is read and kept of what the API server sends is bounded, whoever made the objects."""

from __future__ import annotations

import contextlib
import gc
import json
import tracemalloc
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import kopf
import pytest
from aiohttp import web
from kopf._cogs.clients.errors import APIServerError, check_response
from kubernetes.aio.client import ApiClient, Configuration

from onecloud_operator.api import annotations as names
from onecloud_operator.api.annotations import ANNOTATIONS
from onecloud_operator.api.identity import SERVER
from onecloud_operator.controller.server_object import SERVERS, resource_of
from onecloud_operator.core.resource import FINALIZER
from onecloud_operator.kube.bounded_json import ANNOTATION_LENGTH, ANSWER_BYTES, decode, slim
from onecloud_operator.kube.calls import KubeAnswerTooLarge
from onecloud_operator.kube.client import KubeClient
from onecloud_operator.kube.store import Store
from onecloud_operator.kube.watch import Watch
from tests.kube.api_server import NoListener

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

PATH = "/apis/onecloud.io/v1alpha1/onecloudservers"
JUNK_BYTES = 250_000  # the API server takes 256 KiB of annotations
MIB = 2**20


def body(number: int, **annotations: str) -> dict[str, Any]:
    return {
        "apiVersion": "onecloud.io/v1alpha1",
        "kind": "OneCloudServer",
        "metadata": {
            "name": f"o{number}",
            "namespace": "shop",
            "uid": f"u{number}",
            "resourceVersion": "7",
            "generation": 3,
            "annotations": annotations,
            "labels": {"team": "x" * 63},
            "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:metadata": {}}}],
            "ownerReferences": [{"kind": "Thing", "name": "x", "uid": "y"}],
        },
        "spec": {"credentialsRef": {"name": "s"}},
    }


def junk(number: int) -> dict[str, Any]:
    return body(number, **{"example.com/junk": "\N{GRINNING FACE}" + "x" * JUNK_BYTES})


class Served:
    """An API server with *objects* and nothing else; *limits* are those that were asked for."""

    def __init__(self, objects: list[dict[str, Any]]) -> None:
        self.objects = objects
        self.limits: list[int] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.raw_path).query).items()}
        if "watch" in query:
            answer = web.StreamResponse()
            await answer.prepare(request)
            for each in self.objects:
                await answer.write(dumped({"type": "MODIFIED", "object": each}) + b"\n")
            return answer
        limit, start = int(query["limit"]), int(query.get("continue", "0"))
        self.limits.append(limit)
        page = self.objects[start : start + limit]
        token = str(start + limit) if start + limit < len(self.objects) else ""
        listed = web.StreamResponse(headers={"Content-Type": "application/json"})
        await listed.prepare(request)
        with contextlib.suppress(ConnectionError):  # it may be too large for who asks
            await listed.write(
                dumped({"resourceVersion": "9", "continue": token}).join((b'{"metadata":', b',"items":['))
            )
            for number, each in enumerate(page):
                await listed.write(b"," * (number > 0) + dumped(each))
            await listed.write(b"]}")
        return listed


def dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


@asynccontextmanager
async def serving(objects: list[dict[str, Any]]) -> AsyncIterator[tuple[Served, str]]:
    served = Served(objects)
    async with answering(served.answer) as url:
        yield served, url


@asynccontextmanager
async def answering(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def kopfs(url: str) -> AsyncIterator[aiohttp.ClientSession]:
    watch = Watch({"onecloudservers": NoListener()}, monotonic=lambda: 0.0)
    async with watch.session(kopf.ConnectionInfo(server=url)).aiohttp_session as session:
        yield session


async def listed_by_kopf(url: str) -> list[dict[str, Any]]:
    """List as kopf does: 500 a page, and on from the token that came last."""
    found: list[dict[str, Any]] = []
    async with kopfs(url) as session:
        token = ""
        while True:
            params = {"limit": "500"} | ({"continue": token} if token else {})
            async with session.get(url + PATH, params=params) as response:
                page = await response.json()
            found += page["items"]
            if not (token := page["metadata"]["continue"]):
                return found


def test_of_an_object_only_what_is_read_is_kept() -> None:
    given = body(1, **{"onecloud.io/paused": "true", "kubectl.kubernetes.io/last-applied": "{}"})
    kept = slim(given)
    assert kept["metadata"] == {
        "name": "o1",
        "namespace": "shop",
        "uid": "u1",
        "resourceVersion": "7",
        "generation": 3,
        "annotations": {"onecloud.io/paused": "true"},
    }
    assert (kept["spec"], slim(kept)) == (given["spec"], kept)


def test_of_thousands_of_finalizers_ours_is_kept_with_its_place_and_some_of_others() -> None:
    given = body(1)
    given["metadata"]["finalizers"] = [f"example.com/{number}" for number in range(5000)]
    given["metadata"]["finalizers"].insert(4000, FINALIZER)
    found = resource_of(slim(slim(given)))
    assert found.held
    assert found.finalizer_place == 4000
    assert 1 < len(found.finalizers) < 20
    given["metadata"]["finalizers"].remove(FINALIZER)
    assert not resource_of(slim(given)).held


def test_annotations_with_our_prefix_are_bounded_and_none_pushes_out_what_is_read() -> None:
    """The API server sorts them, so the pause of an object with many came last, and was not seen."""
    many = {f"onecloud.io/a{number:04}": "x" * 5000 for number in range(2000)}
    intents = {
        value: "x" * 5000
        for value in vars(names).values()
        if isinstance(value, str) and value.startswith("onecloud.io/")
    }
    assert set(intents) == ANNOTATIONS
    kept = slim(body(1, **many, **intents))["metadata"]["annotations"]
    assert set(kept) == set(intents)
    assert all(len(text) <= ANNOTATION_LENGTH for text in kept.values())


async def test_a_page_that_is_too_large_is_asked_for_again_with_fewer_objects() -> None:
    """500 objects with 250 kB of annotations each took 1.7 GiB at every start."""
    async with serving([junk(number) for number in range(100)]) as (served, url):
        found = await listed_by_kopf(url)
        assert [each["metadata"]["name"] for each in found] == [f"o{number}" for number in range(100)]
        assert max(len(dumped(each)) for each in found) < 1000
        assert served.limits[:3] == [500, 125, 31]


async def test_a_list_in_which_small_objects_follow_on_large_ones_comes_in_large_pages_again() -> None:
    large, small = [junk(number) for number in range(40)], [body(number) for number in range(40, 3000)]
    async with serving([*large, *small]) as (served, url):
        assert len(await listed_by_kopf(url)) == 3000
        assert served.limits[-1] == 500
        assert len(served.limits) < 20


async def test_the_metadata_of_all_objects_are_listed_within_the_same_bounds() -> None:
    async with serving([junk(number) for number in range(100)]) as (served, url):
        cluster = KubeClient(ApiClient(Configuration(host=url)))
        pages = [page async for page in cluster.list_metadata(SERVER, None)]
        await cluster.close()
        assert [meta["name"] for page in pages for meta in page] == [f"o{number}" for number in range(100)]
        assert not any("annotations" in meta for page in pages for meta in page)
        assert served.limits[0] > served.limits[-1]


async def test_an_answer_that_is_too_large_by_itself_is_an_error_and_not_kept() -> None:
    async with serving([body(1, junk="x" * (ANSWER_BYTES + MIB))]) as (_, url):
        cluster = KubeClient(ApiClient(Configuration(host=url)))
        with pytest.raises(KubeAnswerTooLarge, match="larger than 8 MiB"):
            _ = [page async for page in cluster.list_metadata(SERVER, None)]
        await cluster.close()


async def test_events_of_a_watch_come_slim_if_they_are_large_and_as_they_are_otherwise() -> None:
    async with serving([body(1), junk(2), body(3), junk(4), junk(5)]) as (_, url), kopfs(url) as session:
        lines = b""
        async with session.get(url + PATH, params={"watch": "true"}) as response:
            async for piece in response.content.iter_chunked(MIB):
                lines += piece
    events = [decode(line) for line in lines.splitlines()]
    assert [event["object"]["metadata"]["name"] for event in events] == ["o1", "o2", "o3", "o4", "o5"]
    assert {event["object"]["kind"] for event in events} == {"OneCloudServer"}
    assert events[0]["object"] == body(1)
    assert len(lines) < 10_000


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"x" * (ANSWER_BYTES + MIB), id="that-does-not-end"),
        pytest.param(b"x" * MIB + b"\n", id="that-is-no-json"),
    ],
)
async def test_an_event_that_no_api_server_sends_breaks_the_connection_and_nothing_else(line: bytes) -> None:
    """After that kopf starts another watch; any other error would end the process."""

    async def talk(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        with contextlib.suppress(ConnectionError):
            await answer.write(line)
        return answer

    async with (
        answering(talk) as url,
        kopfs(url) as session,
        session.get(url + PATH, params={"watch": "true"}) as response,
    ):
        with pytest.raises((aiohttp.ClientConnectionError, aiohttp.ClientPayloadError)):
            _ = [piece async for piece in response.content.iter_chunked(MIB)]
        response.close()


async def test_listing_large_objects_takes_a_bounded_amount_of_memory() -> None:
    """One emoji makes four bytes of each character of a text; so no text is made of the whole."""
    async with serving([junk(number) for number in range(200)]) as (_, url):
        objects = Store(SERVERS, lambda: 0.0)
        async with kopfs(url) as session, session.get(url + PATH, params={"limit": "1"}):
            pass  # what is imported on the way is no part of it
        tracemalloc.start()
        for each in await listed_by_kopf(url):
            objects.heard(each, listed=True)
        _, peak = tracemalloc.get_traced_memory()
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(objects) == 200
    assert kept < 8 * MIB
    assert peak < 8 * ANSWER_BYTES, "the bytes, their texts at four times that, and the server of the test"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        pytest.param(b"<html>Bad gateway</html>", "Bad gateway", id="a-page-of-a-proxy"),
        pytest.param(b"x" * (ANSWER_BYTES + MIB), "None", id="one-without-an-end"),
        pytest.param(b"\xff\xfe", "None", id="no-text-at-all"),
        pytest.param(b'{"kind":"Status","message":"not now"}', "not now", id="a-reason"),
    ],
)
async def test_an_answer_that_is_no_list_is_an_error_that_kopf_tries_again(
    page: bytes, expected: str
) -> None:
    """An error that kopf does not know would end its watch, and so the process."""

    async def refuse(_request: web.Request) -> web.Response:
        return web.Response(status=502, body=page, content_type="text/html")

    async with answering(refuse) as url, kopfs(url) as session:
        async with session.get(url + PATH, params={"limit": "500"}) as response:
            with pytest.raises(APIServerError) as refusal:
                await check_response(response)
        assert expected in str(refusal.value) or expected == "None"
