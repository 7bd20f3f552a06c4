"""A sign-in that fails, ends or is given up."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from typing import Any

import pytest
from pydantic import SecretStr

from onecloud_operator.onecloud import AccessKey, Cloud, Credentials
from onecloud_operator.onecloud.errors import (
    AccountLocked,
    CatalogError,
    ConnectFailed,
    InvalidRequest,
    NotIdentity,
    OneCloudError,
    ServerError,
    SignInError,
    TooManyAttempts,
    WrongPassword,
)
from onecloud_operator.onecloud.protocol import Reply
from tests.onecloud.origin import (
    Answer,
    Asked,
    Clock,
    Region,
    credentials,
    endpoints,
    error,
    eventually,
    serving,
    signed_in_by,
)


@pytest.mark.parametrize(
    ("answer", "expected", "held_seconds"),
    [
        pytest.param(error(401, "WrongPassword"), WrongPassword, 600, id="wrong-password"),
        pytest.param(error(423, "UserLocked"), AccountLocked, 600, id="locked"),
        pytest.param(error(429, "TooManyFailedAttempts"), TooManyAttempts, 600, id="too-many-attempts"),
        pytest.param(error(401, "UnauthorizedError", "invalid access key id"), SignInError, 60, id="refused"),
        pytest.param(
            error(404, "NotFoundError", "Handler /x not found"), NotIdentity, 60, id="another-service"
        ),
        pytest.param(error(500, "UnclassifiedError"), ServerError, 1, id="an-outage"),
    ],
)
async def test_a_failed_sign_in_is_remembered(
    answer: Answer, expected: type[OneCloudError], held_seconds: float
) -> None:
    """However many objects share the credential, the account sees one attempt in the time given."""
    region, clock = Region(), Clock()
    region.sign_in = answer
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints(clock=clock)
        for _ in range(100):
            cloud = Cloud(credentials(place.url), ours)  # each object on its own, and let go of again
            with pytest.raises(expected) as caught:
                await cloud.list_servers()
            await cloud.close()
        assert len(region.sign_ins) == 1
        assert caught.value.retry_after_seconds == pytest.approx(held_seconds)
        clock.now += held_seconds - 0.1
        with pytest.raises(expected):
            await Cloud(credentials(place.url), ours).session()
        assert len(region.sign_ins) == 1
        clock.now += 0.2
        region.sign_in = None
        await Cloud(credentials(place.url), ours).session()
        assert len(region.sign_ins) == 2
        await ours.close()


async def test_of_a_failed_sign_in_its_words_are_kept_and_not_its_answer() -> None:
    """An answer has up to a mebibyte, and whoever sends it may have any number of endpoints."""
    region = Region()
    region.sign_in = error(401, "UnauthorizedError", "no" * 2**18)
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints()
        cloud = Cloud(credentials(place.url), ours)
        with contextlib.suppress(SignInError):  # which holds its own traceback as long as it is looked at
            await cloud.session()
        assert not [kept for kept in gc.get_objects() if isinstance(kept, Reply) and b"nono" in kept.body]
        with pytest.raises(SignInError, match="nono"):
            await cloud.session()
        assert len(region.sign_ins) == 1
        await ours.close()


async def test_a_changed_password_is_tried_at_once() -> None:
    region = Region()
    region.sign_in = error(401, "WrongPassword")
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints()
        old = credentials(place.url)
        with pytest.raises(WrongPassword):
            await Cloud(old, ours).session()
        region.sign_in = None
        assert isinstance(old, Credentials)
        new = credentials(place.url, method=AccessKey("ak", SecretStr("sk")))
        await Cloud(new, ours).session()
        await ours.close()
    assert signed_in_by(region) == ["password", "aksk"]


async def test_an_outage_is_asked_about_less_and_less_often() -> None:
    region, clock = Region(), Clock()
    region.sign_in = error(500, "UnclassifiedError")
    waits = []
    async with serving(region.respond) as place:
        ours = endpoints(clock=clock)
        cloud = Cloud(credentials(place.url), ours)
        for _ in range(8):
            with pytest.raises(ServerError) as caught:
                await cloud.session()
            assert caught.value.retry_after_seconds is not None
            waits.append(round(caught.value.retry_after_seconds))
            clock.now += caught.value.retry_after_seconds + 31  # past the pause that the place itself takes
        await ours.close()
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_a_caller_that_gives_up_leaves_the_sign_in_to_the_others() -> None:
    region, go = Region(), asyncio.Event()

    async def slow(asked: Asked) -> Answer:
        if asked.path.endswith("/auth/tokens"):
            await go.wait()
        return await region.respond(asked)

    async with serving(slow) as place:
        region.url = place.url
        ours = endpoints()
        cloud = Cloud(credentials(place.url), ours)
        first, second = (asyncio.create_task(cloud.session()) for _ in range(2))
        await eventually(lambda: place.under_way == 1)
        first.cancel()
        go.set()
        assert (await second).project_id == "p-1"
        await ours.close()
    assert len(region.sign_ins) == 1


async def test_closing_ends_a_sign_in_under_way_with_an_error_and_not_a_cancellation() -> None:
    never = asyncio.Event()

    async def hang(_asked: Asked) -> Answer:
        await never.wait()
        raise AssertionError("it never answers")

    async with serving(hang) as place:
        ours = endpoints()
        waiting = asyncio.create_task(Cloud(credentials(place.url), ours).session())
        await eventually(lambda: place.under_way == 1)
        await ours.close()
        with pytest.raises(OneCloudError, match="closed"):
            await waiting


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"auth_url": "not a url"}, InvalidRequest, id="a-url-that-is-none"),
        pytest.param(
            {"auth_url": "https://127.0.0.1:1/v3", "ca_pem": "not a certificate"},
            InvalidRequest,
            id="a-bundle-that-is-none",
        ),
        pytest.param({"region": "Paris"}, CatalogError, id="a-region-that-is-not-there"),
        pytest.param({"auth_url": "http://127.0.0.1:1/v3"}, ConnectFailed, id="nobody-there"),
        pytest.param({"auth_url": "http://no.such.host.invalid/v3"}, ConnectFailed, id="no-such-host"),
    ],
)
async def test_credentials_that_cannot_work_are_an_error_of_ours(
    changes: dict[str, Any], expected: type[OneCloudError]
) -> None:
    region = Region()
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints()
        with pytest.raises(expected):
            await Cloud(credentials(place.url, **changes), ours).session()
        await ours.close()


async def test_a_cloud_that_refuses_every_token_is_not_signed_in_to_for_each_call() -> None:
    """Each sign-in could name another place to go to."""
    region, clock = Region(), Clock()
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints(clock=clock)
        sign_in = ours.hold(credentials(place.url))
        session = await sign_in.session()
        for _ in range(5):
            session = await sign_in.renew(session) or session
            clock.now += 1
        assert region.signed_in == 2
        clock.now += 10
        assert await sign_in.renew(session) is not None
        await ours.close()
    assert region.signed_in == 3
