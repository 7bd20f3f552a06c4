"""What users and tests have of httpx, and what httpx may not do by itself."""

from __future__ import annotations

import gzip
import json
import logging
import tracemalloc
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from onecloud_operator.onecloud import AddressPolicy, Cloud, Endpoints, Password
from onecloud_operator.onecloud.connection_errors import ConnectTimeout
from onecloud_operator.onecloud.errors import (
    AnswerTooLarge,
    ConnectFailed,
    OneCloudError,
    ProtocolError,
    Redirected,
    Timeout,
    TransportError,
)
from onecloud_operator.onecloud.protocol import Request, Traffic, get_server
from onecloud_operator.onecloud.tls import Tls
from tests.onecloud.origin import (
    PASSWORD,
    SERVER,
    SERVER_ID,
    Answer,
    Asked,
    Region,
    credentials,
    endpoints,
    serving,
    token_body,
)

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "https://cloud.example"
MIB = 2**20


def answering(respond: Callable[[httpx.Request], httpx.Response]) -> httpx.MockTransport:
    """Return a cloud that signs everybody in and answers all else by *respond*."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/auth/tokens"):
            return httpx.Response(200, json=token_body(URL), headers={"X-Subject-Token": "token-1"})
        return respond(request)

    return httpx.MockTransport(handle)


def one_server(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"server": SERVER})


# -- what a user has ---------------------------------------------------------------------------------------
async def test_a_test_of_a_users_needs_no_cloud_but_a_function() -> None:
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return one_server(request)

    async with Cloud(credentials(URL), Endpoints(transport=answering(respond))) as cloud:
        assert await cloud.get_server(SERVER_ID) == SERVER
        assert await cloud.create_server({"name": "web-0"}) == SERVER
    assert [(request.method, request.url.path) for request in asked] == [
        ("GET", f"/servers/{SERVER_ID}"),
        ("POST", "/servers"),
    ]
    assert {request.headers["X-Auth-Token"] for request in asked} == {"token-1"}
    assert json.loads(asked[1].content) == {"server": {"name": "web-0"}}


async def test_hooks_hear_every_call_and_its_answer() -> None:
    heard: list[str] = []

    async def before(request: httpx.Request) -> None:
        heard.append(f"{request.method} {request.url.path}")

    async def after(response: httpx.Response) -> None:
        heard.append(f"{response.status_code} {len(await response.aread()) > 0}")

    region = Region()
    region.routes[f"GET /servers/{SERVER_ID}"] = Answer(200, {"server": SERVER})
    async with serving(region.respond) as place:
        region.url = place.url
        ours = Endpoints(
            AddressPolicy(allow_loopback=True), event_hooks={"request": [before], "response": [after]}
        )
        assert await Cloud(credentials(place.url), ours).get_server(SERVER_ID) == SERVER
        await ours.close()
    assert heard == ["POST /v3/auth/tokens", "200 True", f"GET /servers/{SERVER_ID}", "200 True"]


@pytest.mark.parametrize(
    ("raised", "expected", "ambiguous"),
    [
        (httpx.ConnectError("no"), ConnectFailed, False),
        (httpx.ConnectTimeout("no"), ConnectTimeout, False),
        (httpx.PoolTimeout("no"), ConnectTimeout, False),
        (httpx.WriteTimeout("no"), Timeout, True),
        (httpx.ReadTimeout("no"), Timeout, True),
        (httpx.ReadError("no"), TransportError, True),
        (httpx.WriteError("no"), TransportError, True),
        (httpx.RemoteProtocolError("no"), ProtocolError, True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_what_a_users_transport_raises_becomes_an_error_of_ours(
    raised: Exception, expected: type[OneCloudError], *, ambiguous: bool
) -> None:
    def fail(_request: httpx.Request) -> httpx.Response:
        raise raised

    cloud = Cloud(credentials(URL), Endpoints(transport=answering(fail)))
    with pytest.raises(OneCloudError) as caught:
        await cloud.create_server({"name": "web-0"})
    assert type(caught.value) is expected
    assert caught.value.ambiguous is ambiguous


async def test_through_a_users_transport_no_write_leaves_against_the_fence() -> None:
    class Closed(Exception):
        pass

    def check() -> None:
        raise Closed

    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        return one_server(request)

    ours = Endpoints(transport=httpx.MockTransport(respond), before_write=check)
    with pytest.raises(Closed):
        await ours.exchange(URL, Request("x", "POST", "/servers", "/servers", Traffic.WRITE), {}, Tls(), "r1")
    assert (await ours.exchange(URL, get_server("s1"), {}, Tls(), "r2")).status == 200
    assert asked == ["GET"]


async def test_through_a_users_transport_an_answer_has_an_end() -> None:
    cloud = Cloud(
        credentials(URL),
        Endpoints(transport=answering(lambda _: httpx.Response(200, content=b" " * (2 * MIB)))),
    )
    with pytest.raises(AnswerTooLarge, match="1 MiB") as caught:
        await cloud.create_server({"name": "web-0"})
    assert caught.value.ambiguous


async def test_a_users_transport_is_the_users_to_close() -> None:
    class Watched(httpx.MockTransport):
        closed = False

        async def aclose(self) -> None:
            self.closed = True

    transport = Watched(answering(one_server).handler)
    ours = Endpoints(transport=transport)
    await Cloud(credentials(URL), ours).get_server(SERVER_ID)
    await ours.close()
    assert not transport.closed


# -- what httpx may not do ---------------------------------------------------------------------------------
async def test_no_cookie_of_one_tenant_reaches_another_or_comes_back() -> None:
    """All tenants of a cloud share its place, and so one client of httpx."""
    region = Region()
    region.routes[f"GET /servers/{SERVER_ID}"] = Answer(
        200, {"server": SERVER}, {"Set-Cookie": "session=of-the-first; Path=/; Max-Age=3600"}
    )

    async def respond(asked: Asked) -> Answer:
        answer = await region.respond(asked)
        cookie = {"Set-Cookie": "sign-in=of-the-first; Path=/; Domain=127.0.0.1"}
        return Answer(answer.status, answer.body, {**cookie, **answer.headers})

    async with serving(respond) as place:
        region.url = place.url
        ours = endpoints()
        first = Cloud(credentials(place.url), ours)
        second = Cloud(
            credentials(place.url, method=Password(SecretStr("another-secret"), user_name="other")), ours
        )
        for cloud in (first, second, first):
            assert await cloud.get_server(SERVER_ID) == SERVER
        await ours.close()
    assert place.connections == 1, "they share what could have kept one"
    assert len(place.asked) == 5
    assert [asked.headers["cookie"] for asked in place.asked if "cookie" in asked.headers] == []


async def test_a_compressed_bomb_is_refused_and_unpacked_by_nobody() -> None:
    """64 KiB that would be 64 MiB: neither we nor what a hook reads makes them so."""
    bomb = gzip.compress(b" " * (64 * MIB))
    assert len(bomb) < 128 * 2**10
    read: list[int] = []

    async def look(response: httpx.Response) -> None:
        read.append(len(await response.aread()))

    region = Region()
    region.routes[f"GET /servers/{SERVER_ID}"] = Answer(200, bomb, {"Content-Encoding": "gzip"})
    async with serving(region.respond) as place:
        region.url = place.url
        for hooks in ({}, {"response": [look]}):
            ours = Endpoints(AddressPolicy(allow_loopback=True), event_hooks=hooks)
            cloud = Cloud(credentials(place.url), ours)
            await cloud.session()
            tracemalloc.start()
            with pytest.raises(ProtocolError):
                await cloud.get_server(SERVER_ID)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            await ours.close()
            assert peak < 4 * MIB
    assert read[-1] == len(bomb)


@pytest.mark.parametrize(
    "location", ["http://169.254.169.254/", "/elsewhere", "http://x:port/", "http://127.0.0.999/"]
)
async def test_no_redirect_is_followed_or_even_understood(location: str) -> None:
    region = Region()
    region.routes[f"GET /servers/{SERVER_ID}"] = Answer(307, b"", {"Location": location})
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints()
        with pytest.raises(Redirected):
            await Cloud(credentials(place.url), ours).get_server(SERVER_ID)
        await ours.close()
    assert place.calls == ["POST /v3/auth/tokens", f"GET /servers/{SERVER_ID}"]


async def test_the_environment_names_no_proxy_and_no_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login stranger password theirs\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    region = Region()
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints()
        await Cloud(credentials(place.url), ours).list_servers()
        await ours.close()
    assert len(place.asked) == 2
    assert not any("authorization" in asked.headers for asked in place.asked)


async def test_httpx_says_nothing_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await Cloud(credentials(URL), Endpoints(transport=answering(one_server))).get_server(SERVER_ID)
    assert [record for record in caplog.records if record.name.startswith(("httpx", "httpcore"))] == []


@pytest.mark.parametrize(
    "path", ["/servers/a%2Fb", "/servers/a%252Fb", "/servers/%2e%2E", "/servers/a;b=c,d~e"]
)
@pytest.mark.parametrize("value", ["updated_at.ge('2026-11-23 07:28:28')", "a+b&c=d?#/é%20", "..", ""])
async def test_a_path_and_a_query_arrive_as_they_were_quoted(path: str, value: str) -> None:
    async def answer(_asked: Asked) -> Answer:
        return Answer(200, {})

    async with serving(answer) as place:
        ours = endpoints()
        request = Request("x", "GET", path, "/servers", Traffic.LIST, (("filter", value), ("limit", "1")))
        await ours.exchange(place.url + "/region/v1", request, {}, Tls(), "r1")
        await ours.close()
    assert place.asked[0].target == "/region/v1" + request.target


async def test_only_what_we_mean_to_say_is_sent() -> None:
    region = Region()
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints()
        await Cloud(credentials(place.url), ours).list_servers()
        await ours.close()
    signing, listing = place.asked
    assert set(listing.headers) == {
        "host", "connection", "accept", "accept-encoding", "user-agent", "x-request-id", "x-auth-token",
    }  # fmt: skip
    assert listing.headers["accept-encoding"] == "identity"
    assert set(signing.headers) - set(listing.headers) == {"content-type", "content-length"}
    assert PASSWORD not in str(listing)
