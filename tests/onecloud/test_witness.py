"""Who watches a client hears of each call that may have changed something, once, however it ended."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.onecloud import Cloud, Limits, Sent
from onecloud_operator.onecloud.errors import OneCloudError
from sandbox.cluster.control_plane import free_port
from tests.onecloud.origin import (
    HANG,
    LOST,
    MISSING,
    SERVER,
    SERVER_ID,
    Answer,
    Region,
    credentials,
    endpoints,
    error,
    eventually,
    serving,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

IMPATIENT = Limits(read_seconds=0.2, list_read_seconds=0.2, write_seconds=0.2, connect_seconds=0.5)
POST = "POST /servers"
MADE = Answer(body={"server": SERVER}, headers={"X-Request-Id": "abc123"})


def create(cloud: Cloud) -> Awaitable[object]:
    return cloud.create_server({"name": "web-0"})


async def told_of(region: Region, call: Callable[[Cloud], Any] = create) -> list[tuple[str, Any, Any]]:
    """Return path, status and error of each call that is told."""
    return [(f"{one.method} {one.path}", one.status, one.error) for one in await heard(region, call)]


async def heard(region: Region, call: Callable[[Cloud], Any]) -> list[Sent]:
    told: list[Sent] = []
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints(limits=IMPATIENT)
        async with Cloud(credentials(place.url), ours) as cloud:
            with suppress(OneCloudError):
                await call(cloud.witnessed(told.append))
        await ours.close()
    return told


@pytest.mark.parametrize(
    ("answer", "status", "failure"),
    [
        pytest.param(MADE, 200, None, id="done"),
        pytest.param(error(409, "DuplicateNameError"), 409, None, id="refused"),
        pytest.param(error(500, "InternalError"), 500, None, id="failed-on-the-way"),
        pytest.param(LOST, None, "TransportError", id="its-answer-is-lost"),
        pytest.param(HANG, None, "Timeout", id="never-answered"),
    ],
)
async def test_a_write_is_told_once_however_it_ends(answer: Answer, status: int, failure: str) -> None:
    region = Region()
    region.routes[POST] = answer
    ((path, found, problem),) = await told_of(region)
    assert (path, found) == (POST, status)
    assert (problem is None) == (failure is None)


async def test_it_has_the_clouds_request_id_or_else_ours() -> None:
    region = Region()
    region.routes[POST] = MADE
    (told,) = await heard(region, create)
    assert told.request_id == "abc123"
    region.routes[POST] = Answer(body={"server": SERVER})
    seen: list[str] = []

    async def made(asked: Any) -> Answer:
        seen.append(asked.headers["x-request-id"])
        return LOST

    region.routes[POST] = made
    (told,) = await heard(region, create)
    assert [told.request_id] == seen


async def test_a_repetition_with_a_new_token_is_a_call_of_its_own() -> None:
    region = Region()
    region.routes[POST] = MADE

    async def twice(cloud: Cloud) -> None:
        await cloud.session()
        region.tokens.clear()
        await create(cloud)

    assert await told_of(region, twice) == [(POST, 403, None), (POST, 200, None)]


async def test_elastic_ips_are_told_of_too() -> None:
    region = Region()
    route = f"POST /eips/{SERVER_ID}/change-bandwidth"
    region.routes[route] = Answer(body={"eip": {"id": SERVER_ID}})
    found = await told_of(region, lambda cloud: cloud.eips.perform(SERVER_ID, "change-bandwidth", {}))
    assert found == [("POST /eips/{id}/change-bandwidth", 200, None)]


async def test_what_changes_nothing_is_not_told() -> None:
    region = Region()
    region.routes["GET /servers"] = Answer(body={"servers": []})
    region.routes[f"GET /servers/{SERVER_ID}"] = MISSING
    assert await told_of(region, lambda cloud: cloud.list_servers()) == []
    assert await told_of(region, lambda cloud: cloud.get_server(SERVER_ID)) == []
    assert await told_of(region, lambda cloud: cloud.create_server({}, dry_run=True)) == []


async def test_what_reached_nobody_is_not_told() -> None:
    region = Region()
    region.compute_url = f"http://127.0.0.1:{free_port()}"
    assert await told_of(region) == []


async def test_a_call_that_is_given_up_may_have_been_carried_out() -> None:
    region = Region()
    region.routes[POST] = HANG
    told: list[Sent] = []
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints()
        async with Cloud(credentials(place.url), ours) as cloud:
            call = asyncio.ensure_future(create(cloud.witnessed(told.append)))
            await eventually(lambda: POST in place.calls)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        await ours.close()
    assert [(one.status, one.error) for one in told] == [(None, "Cancelled")]


async def test_others_hear_nothing_of_it() -> None:
    region = Region()
    region.routes[POST] = MADE
    told: list[Sent] = []

    async def both(cloud: Cloud) -> None:
        cloud.witnessed(told.append)
        await create(cloud)

    assert len(await told_of(region, both)) == 1
    assert told == []
