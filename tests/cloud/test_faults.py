"""Faults on the wire, over real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.cloud import Control
from tests.cloud.fixtures import spec


@pytest.fixture
async def client(cloud: Control) -> AsyncIterator[httpx.AsyncClient]:
    world = cloud.world
    project = world.identity.project("lab")
    token = world.identity.issue(cloud.user("labuser"), "password", world.clock(), project=project)
    headers = {"X-Auth-Token": token.text}
    async with httpx.AsyncClient(base_url=cloud.url, headers=headers, timeout=10.0) as found:
        yield found


async def _post(client: httpx.AsyncClient, name: str = "web-0") -> httpx.Response:
    return await client.post("/servers", json={"server": spec(name)})


async def test_an_answer_is_lost_and_the_work_is_done(cloud: Control, client: httpx.AsyncClient) -> None:
    cloud.lose_answer("POST", "^/servers$")
    with pytest.raises(httpx.TransportError):
        await _post(client)
    assert [server["name"] for server in cloud.servers()] == ["web-0"]
    assert (await _post(client)).status_code == 409


@pytest.mark.parametrize(("as_once", "code"), [(False, 409), (True, 200)], ids=["the-second", "the-first"])
async def test_a_call_is_carried_out_twice_and_answered_as(
    cloud: Control, client: httpx.AsyncClient, as_once: bool, code: int
) -> None:
    cloud.fault("twice", "POST", "^/servers$", work=as_once)
    assert (await _post(client)).status_code == code
    assert [server["name"] for server in cloud.servers()] == ["web-0"]


async def test_a_cut_connection_before_the_work_does_nothing(
    cloud: Control, client: httpx.AsyncClient
) -> None:
    cloud.fault("reset", "POST", "^/servers$")
    with pytest.raises(httpx.TransportError):
        await _post(client)
    assert cloud.servers() == []


async def test_a_504_may_have_done_the_work(cloud: Control, client: httpx.AsyncClient) -> None:
    cloud.fault("answer", "POST", "^/servers$", work=True, status=504, kind="TimeoutError")
    assert (await _post(client)).status_code == 504
    assert len(cloud.servers()) == 1


async def test_a_hanging_call_is_silent_until_the_client_gives_up(
    cloud: Control, client: httpx.AsyncClient
) -> None:
    cloud.fault("hang", "GET", "^/servers")
    with pytest.raises(httpx.ReadTimeout):
        await client.get("/servers", timeout=0.1)
    assert (await client.get("/servers")).status_code == 200


async def test_a_cloud_with_a_hanging_call_can_be_shut_down(
    cloud: Control, client: httpx.AsyncClient
) -> None:
    fault = cloud.fault("hang", "GET", "^/servers")
    asking = asyncio.create_task(client.get("/servers"))
    async with asyncio.timeout(5):
        while not fault.hits:
            await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)


@pytest.mark.parametrize("effect", ["truncate", "huge", "garbage"])
async def test_a_spoilt_answer_is_no_list_of_servers(
    cloud: Control, client: httpx.AsyncClient, effect: Any
) -> None:
    cloud.seed(3)
    cloud.fault(effect, "GET", "^/servers")
    match effect:
        case "truncate":
            with pytest.raises(httpx.TransportError):
                await client.get("/servers")
        case "huge":
            assert len((await client.get("/servers")).content) > 10_000_000
        case "garbage":
            with pytest.raises(json.JSONDecodeError):
                (await client.get("/servers")).json()


async def test_an_answer_without_end_has_no_length_and_ends_with_the_client(
    cloud: Control, client: httpx.AsyncClient
) -> None:
    cloud.fault("endless", "GET", "^/servers")
    size = 0
    async with client.stream("GET", "/servers") as reply:
        assert "content-length" not in reply.headers
        async for piece in reply.aiter_raw():
            size += len(piece)
            if size > 10_000_000:
                break
    async with asyncio.timeout(5):
        while cloud.silent:
            await asyncio.sleep(0.01)
    assert (await client.get("/servers")).status_code == 200


async def test_a_right_answer_comes_under_another_content_type(
    cloud: Control, client: httpx.AsyncClient
) -> None:
    cloud.seed(3)
    cloud.fault("mislabel", "GET", "^/servers", content_type="text/html")
    reply = await client.get("/servers")
    assert (reply.headers["content-type"], len(reply.json()["servers"])) == ("text/html", 3)


async def test_a_proxy_answers_in_html(cloud: Control, client: httpx.AsyncClient) -> None:
    cloud.fault("answer", "GET", "^/servers", status=502, body="<html>", content_type="text/html")
    reply = await client.get("/servers")
    assert (reply.status_code, reply.headers["content-type"]) == (502, "text/html")


async def test_faults_are_counted_and_may_let_some_calls_pass(
    cloud: Control, client: httpx.AsyncClient
) -> None:
    fault = cloud.fault("answer", "GET", "^/servers", status=503, count=2, skip=1)
    codes = [(await client.get("/servers")).status_code for _ in range(4)]
    assert (codes, fault.hits) == ([200, 503, 503, 200], 2)


async def test_latency_keeps_the_worker_busy_and_a_full_queue_is_429(
    cloud: Control, client: httpx.AsyncClient
) -> None:
    cloud.settings.read_workers, cloud.settings.worker_queue = 1, 2
    cloud.fault("pass", "GET", "^/servers", latency_seconds=0.1, count=None)
    replies = await asyncio.gather(*(client.get("/servers") for _ in range(6)))
    codes = sorted(reply.status_code for reply in replies)
    assert codes == [200, 200, 200, 429, 429, 429]
    refused = next(reply for reply in replies if reply.status_code == 429)
    assert refused.json()["details"] == "Request queue is full"
    assert "retry-after" not in refused.headers


async def test_a_database_outage_is_500_everywhere(cloud: Control, client: httpx.AsyncClient) -> None:
    cloud.settings.database_down = True
    for reply in (await client.get("/servers"), await client.get("/servers/x"), await _post(client)):
        assert (reply.status_code, reply.json()["class"]) == (500, "UnclassifiedError")
        assert "connection refused" in reply.json()["details"]


async def test_while_keystone_is_down_nobody_can_sign_in(cloud: Control, client: httpx.AsyncClient) -> None:
    cloud.settings.keystone_down = True
    with pytest.raises(httpx.TransportError):
        await client.post("/v3/auth/tokens", json={})


async def test_the_request_id_is_ours_with_something_added(cloud: Control, client: httpx.AsyncClient) -> None:
    reply = await client.get("/servers", headers={"X-Request-Id": "op-1"})
    assert reply.headers["x-request-id"].startswith("op-1-")
    assert len((await client.get("/servers")).headers["x-request-id"]) == 6
    assert cloud.calls[0].request_id == reply.headers["x-request-id"]


async def test_a_body_in_chunks_is_not_read(cloud: Control, client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield json.dumps({"server": spec()}).encode()

    reply = await client.post("/servers", content=chunks(), headers={"Content-Type": "application/json"})
    assert (reply.status_code, reply.json()["class"]) == (500, "InternalServerError")


async def test_an_error_carries_class_code_details_and_time(
    cloud: Control, client: httpx.AsyncClient
) -> None:
    reply = await client.get("/servers/nosuch")
    assert set(reply.json()) == {"class", "code", "details", "time"}
    assert "." not in reply.json()["time"]


async def test_calls_are_counted_by_their_template(cloud: Control, client: httpx.AsyncClient) -> None:
    await _post(client)
    ident = cloud.servers()[0]["id"]
    await client.get(f"/servers/{ident}")
    await client.get(f"/servers/{ident}?details=true")
    await client.post(f"/servers/{ident}/start", json={})
    assert cloud.counts == {"POST /servers": 1, "GET /servers/{id}": 2, "POST /servers/{id}/start": 1}
    assert [str(call) for call in cloud.calls][:2] == ["POST /servers", "GET /servers/{id}"]
    assert cloud.region_cpu_ms > 0
    cloud.reset_calls()
    assert cloud.counts == {}


async def test_eight_posts_with_one_name_make_one_server(cloud: Control, client: httpx.AsyncClient) -> None:
    codes = sorted(r.status_code for r in await asyncio.gather(*(_post(client) for _ in range(8))))
    assert codes == [200] + [409] * 7
