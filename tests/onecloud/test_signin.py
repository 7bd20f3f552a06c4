"""One sign-in serves all callers for as long as it can."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr

from onecloud_operator.onecloud import AccessKey, CasTicket, Cloud, Token, Traffic
from onecloud_operator.onecloud.errors import (
    OneCloudError,
    ServerError,
    SignInError,
)
from tests.onecloud.origin import (
    FORBIDDEN,
    SERVER,
    SERVER_ID,
    Answer,
    Clock,
    Region,
    credentials,
    endpoints,
    error,
    eventually,
    serving,
    signed_in_by,
)


async def test_a_thousand_callers_sign_in_once() -> None:
    region = Region()
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints()
        clouds = [Cloud(credentials(place.url), ours) for _ in range(1000)]
        sessions = await asyncio.gather(*(cloud.session() for cloud in clouds))
        await ours.close()
    assert len({session.token.get_secret_value() for session in sessions}) == 1
    assert place.calls == ["POST /v3/auth/tokens"]


@pytest.mark.parametrize(
    ("method", "first", "renewal"),
    [
        pytest.param(None, "password", "password", id="password"),
        pytest.param(AccessKey("ak", SecretStr("sk-secret")), "aksk", "aksk", id="access-key"),
        pytest.param(Token(SecretStr("given-token")), "token", "token", id="token"),
        pytest.param(CasTicket(SecretStr("ST-12345")), "cas", "token", id="a-ticket-works-once"),
    ],
)
async def test_a_session_is_renewed_at_half_its_life(method: Any, first: str, renewal: str) -> None:
    region, clock = Region(), Clock()
    region.lifetime_seconds = 600
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints(clock=clock)
        cloud = Cloud(credentials(place.url, **({"method": method} if method else {})), ours)
        await cloud.list_servers()
        clock.now += 299
        await cloud.list_servers()
        assert signed_in_by(region) == [first]
        clock.now += 2
        await cloud.list_servers()
        async with asyncio.timeout(10):
            while (await cloud.session()).token.get_secret_value() != "token-2":  # renewed beside the calls
                await asyncio.sleep(0.005)
        assert (await cloud.session()).lifetime_seconds == 600
        clock.now += 1
        await cloud.list_servers()
        await ours.close()
    assert signed_in_by(region) == [first, renewal]
    if renewal == "token":
        assert region.sign_ins[1]["identity"]["token"] == {"id": "token-1"}
    assert place.asked[-1].token == "token-2"


async def test_an_outage_of_the_identity_service_is_not_felt_before_the_token_ends() -> None:
    region, clock = Region(), Clock()
    region.lifetime_seconds = 600
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints(clock=clock)
        cloud = Cloud(credentials(place.url), ours)
        await cloud.session()
        region.sign_in = error(500, "InternalServerError")
        clock.now += 400
        for _ in range(20):
            await cloud.list_servers()
        await eventually(lambda: len(region.sign_ins) == 2)
        clock.now += 250
        with pytest.raises(ServerError):
            await cloud.list_servers()
        region.sign_in = None
        clock.now += 60
        await cloud.list_servers()
        await ours.close()


@pytest.mark.parametrize(
    ("answer", "ends"),
    [
        pytest.param(error(401, "WrongPassword"), True, id="wrong-password"),
        pytest.param(error(404, "UserNotFound"), True, id="no-such-user"),
        pytest.param(error(423, "UserDisabled"), True, id="disabled"),
        pytest.param(error(401, "UnauthorizedError", "not in project"), True, id="no-role-any-more"),
        pytest.param(error(401, "UnauthorizedError", "invalid access key id"), True, id="no-such-key"),
        pytest.param(error(403, "ForbiddenError"), False, id="a-403-may-be-an-outage"),
        pytest.param(error(429, "TooManyFailedAttempts"), False, id="strangers-may-try-as-well"),
        pytest.param(error(404, "NotFoundError"), False, id="another-service"),
        pytest.param(error(500, "InternalServerError"), False, id="an-outage"),
    ],
)
async def test_a_refused_renewal_ends_the_session(answer: Answer, *, ends: bool) -> None:
    region, clock = Region(), Clock()
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints(clock=clock)
        cloud = Cloud(credentials(place.url), ours)
        await cloud.session()
        region.sign_in = answer
        clock.now += 23.9 * 3600
        await cloud.session()
        await eventually(lambda: len(region.sign_ins) == 2 and ours.under_way(Traffic.READ) == 0)
        for _ in range(20):
            await asyncio.sleep(0)  # until the answer is taken in
        if ends:
            asked = len(place.asked)
            with pytest.raises(SignInError):
                await cloud.list_servers()
            assert len(place.asked) == asked, "the old token is sent no more"
        else:
            await cloud.list_servers()
        await ours.close()


async def test_a_refused_token_makes_one_sign_in_and_one_repetition_for_all_calls() -> None:
    region = Region()
    region.routes[f"POST /servers/{SERVER_ID}/start"] = Answer(body={"server": SERVER})
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints()
        cloud = Cloud(credentials(place.url), ours)
        await cloud.session()
        region.tokens.clear()
        await asyncio.gather(*(cloud.perform(SERVER_ID, "start") for _ in range(20)))
        await ours.close()
    assert len(region.sign_ins) == 2
    refused = [asked for asked in place.asked if asked.token == "token-1"]
    assert len(place.asked) == 2 + len(refused) + 20
    assert len(refused) <= 20


@pytest.mark.parametrize("status", [401, 403])
async def test_a_right_that_is_missing_costs_one_sign_in_a_minute_and_is_no_outage(status: int) -> None:
    """A viewer's refused write must not sign in for every object, nor stop the reads that work."""
    region, clock = Region(), Clock()
    region.routes["PUT"] = error(status, "ForbiddenError", "not enough privilege")
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints(clock=clock)
        cloud = Cloud(credentials(place.url), ours)
        for _ in range(50):
            with pytest.raises(OneCloudError, match="not enough privilege"):
                await cloud.update_server(SERVER_ID, {})
            await cloud.list_servers()
        assert len(region.sign_ins) == 2
        clock.now += 61
        with pytest.raises(OneCloudError):
            await cloud.update_server(SERVER_ID, {})
        assert len(region.sign_ins) == 3
        await ours.close()


async def test_a_refusal_while_the_identity_service_is_down_says_that_and_keeps_the_token() -> None:
    region = Region()
    region.routes["PUT"] = FORBIDDEN
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints()
        cloud = Cloud(credentials(place.url), ours)
        await cloud.session()
        region.sign_in = error(500, "InternalServerError", "database is gone")
        with pytest.raises(ServerError, match="database is gone") as caught:
            await cloud.update_server(SERVER_ID, {})
        assert caught.value.path == "/auth/tokens"
        assert not caught.value.ambiguous
        await cloud.list_servers()
        await ours.close()


async def test_a_dead_session_of_a_given_token_goes_back_to_the_token() -> None:
    region = Region()
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints()
        cloud = Cloud(credentials(place.url, method=Token(SecretStr("given-token"))), ours)
        await cloud.list_servers()
        region.tokens.clear()
        await cloud.list_servers()
        await ours.close()
    assert [auth["identity"]["token"]["id"] for auth in region.sign_ins] == ["given-token", "given-token"]
