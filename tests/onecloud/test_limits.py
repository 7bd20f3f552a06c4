"""How much a place is asked for at a time, counted at the place itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.onecloud import Cloud, Limits, ServerQuery, Traffic
from onecloud_operator.onecloud.adaptive_limit import AdaptiveLimit
from onecloud_operator.onecloud.errors import GatewayError, RateLimited, Timeout
from onecloud_operator.onecloud.models import Exchange
from tests.onecloud.origin import (
    SERVER,
    SERVER_ID,
    Answer,
    Asked,
    Clock,
    Region,
    credentials,
    endpoints,
    error,
    eventually,
    serving,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class Held(Region):
    """A region that answers when it is told to, and knows how many of each kind it holds."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()
        self.routes |= dict.fromkeys(("POST", "PUT", "GET /servers", f"GET /servers/{SERVER_ID}"), self.hold)

    async def hold(self, asked: Asked) -> Answer:
        await self.go.wait()
        return Answer(body={"servers": []} if str(asked).startswith("GET /servers?") else {"server": SERVER})


@pytest.mark.parametrize(
    ("call", "most"),
    [
        pytest.param(lambda cloud: cloud.create_server({"name": "w"}), 4, id="writes"),
        pytest.param(lambda cloud: cloud.create_server({"name": "w"}, dry_run=True), 4, id="dry-runs"),
        pytest.param(lambda cloud: cloud.list_servers(ServerQuery()), 2, id="lists"),
        pytest.param(lambda cloud: cloud.get_server(SERVER_ID), 8, id="reads"),
    ],
)
async def test_no_more_are_under_way_than(call: Callable[[Cloud], Any], most: int) -> None:
    region = Held()
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints()
        cloud = Cloud(credentials(place.url), ours)
        await cloud.session()
        calls = [asyncio.create_task(call(cloud)) for _ in range(30)]
        await eventually(lambda: place.under_way == most)
        region.go.set()
        await asyncio.gather(*calls)
        assert place.most_under_way == most
        await ours.close()


async def test_all_kinds_together_take_eight_connections() -> None:
    region = Held()
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints()
        clouds = [Cloud(credentials(place.url), ours) for _ in range(3)]  # of however many credentials
        calls = [
            asyncio.create_task(call)
            for cloud in clouds
            for _ in range(10)
            for call in (
                cloud.create_server({"name": "w"}),
                cloud.list_servers(),
                cloud.get_server(SERVER_ID),
            )
        ]
        await eventually(lambda: place.under_way == 8)
        assert place.open_connections == 8
        assert ours.free_slots(place.url, Traffic.WRITE) == 0
        region.go.set()
        await asyncio.gather(*calls)
        assert place.connections == 8
        assert ours.free_slots(place.url, Traffic.WRITE) == 4
        await ours.close()


async def test_free_slots_count_down_with_what_is_under_way() -> None:
    region = Held()
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints()
        cloud = Cloud(credentials(place.url), ours)
        assert (ours.free_slots(place.url), ours.free_slots(place.url, Traffic.LIST)) == (4, 2)
        await cloud.session()
        call = asyncio.create_task(cloud.create_server({"name": "w"}))
        await eventually(lambda: place.under_way == 1)
        assert (ours.free_slots(place.url + "/"), ours.free_slots(place.url, Traffic.LIST)) == (3, 2)
        region.go.set()
        await call
        await ours.close()


async def test_a_call_that_finds_no_place_in_time_was_never_sent() -> None:
    region = Held()
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints(limits=Limits(writes=1, slot_seconds=0.1))
        cloud = Cloud(credentials(place.url), ours)
        await cloud.session()
        first = asyncio.create_task(cloud.create_server({"name": "a"}))
        await eventually(lambda: place.under_way == 1)
        with pytest.raises(Timeout, match="waiting") as caught:
            await cloud.create_server({"name": "b"})
        assert not caught.value.ambiguous
        region.go.set()
        await first
        await ours.close()
    assert place.calls.count("POST /servers") == 1


async def test_a_call_given_up_makes_room_for_the_next() -> None:
    region = Held()
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints(limits=Limits(writes=1))
        cloud = Cloud(credentials(place.url), ours)
        await cloud.session()
        calls = [asyncio.create_task(cloud.create_server({"name": "a"})) for _ in range(3)]
        await eventually(lambda: place.under_way == 1)
        calls[0].cancel()  # under way
        calls[1].cancel()  # waiting
        region.go.set()
        assert await calls[2] == SERVER
        assert ours.free_slots(place.url) == 1
        await ours.close()


async def test_idle_connections_end_before_the_cloud_ends_them() -> None:
    region = Region()
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints(limits=Limits(idle_seconds=0.2, read_idle_seconds=0.2))
        cloud = Cloud(credentials(place.url), ours)
        await cloud.list_servers()
        await cloud.list_servers()
        assert (place.connections, place.open_connections) == (1, 1)
        await eventually(lambda: not place.open_connections)
        await cloud.list_servers()
        assert place.connections == 2
        await ours.close()


def test_the_measures_are_those_the_cloud_can_bear() -> None:
    limits = Limits()
    assert (limits.connections, limits.writes, limits.lists, limits.idle_seconds) == (8, 4, 2, 5.0)
    assert limits.total_seconds(Traffic.LIST) < 120


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(error(429, "TooManyRequests", "Request queue is full"), RateLimited, id="429"),
        pytest.param(Answer(503, b"busy", {"Content-Type": "text/plain"}), GatewayError, id="503"),
    ],
)
async def test_a_strained_place_gets_a_pause_and_fewer_calls(
    answer: Answer, expected: type[Exception]
) -> None:
    region = Region()
    async with serving(region.respond) as place:
        region.url = place.url
        now = [0.0]
        ours = endpoints(clock=lambda: now[0])
        cloud = Cloud(credentials(place.url), ours)
        await cloud.list_servers()
        region.routes["PUT"] = answer
        with pytest.raises(expected):
            await cloud.update_server(SERVER_ID, {})
        assert ours.free_slots(place.url) == 0
        assert ours.free_slots(place.url, Traffic.LIST) == 2, "reads have workers of their own"
        now[0] += 0.51
        assert ours.free_slots(place.url) == 2
        region.routes["PUT"] = Answer(body={"server": SERVER})
        for _ in range(8):
            await cloud.update_server(SERVER_ID, {})
        assert ours.free_slots(place.url) == 4
        await ours.close()


def test_pauses_grow_while_the_strain_lasts_and_one_place_stays() -> None:
    clock = Clock()
    limit = AdaptiveLimit(4, clock)
    pauses = []
    for _ in range(9):
        limit.back_off()
        pauses.append(next(wait / 2 for wait in range(100) if _free_at(limit, clock, clock.now + wait / 2)))
        clock.now += 1000
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert limit.available == 1


def test_a_place_that_names_its_pause_gets_it_within_reason() -> None:
    clock = Clock()
    limit = AdaptiveLimit(4, clock)
    limit.back_off(7)
    clock.now += 6.9
    assert limit.available == 0
    clock.now += 0.2
    assert limit.available == 2
    limit.back_off(99999)
    clock.now += 61
    assert limit.available == 1


def test_slow_answers_take_one_place_each_and_good_ones_give_them_back() -> None:
    limit = AdaptiveLimit(4, Clock())
    limit.decrease()
    assert limit.available == 3
    for _ in range(9):
        limit.decrease()
    assert limit.available == 1
    for _ in range(12):
        limit.increase()
    assert limit.available == 4
    for _ in range(100):
        limit.increase()
    assert limit.available == 4


async def test_those_who_wait_are_let_in_when_the_pause_ends() -> None:
    limit = AdaptiveLimit(2, asyncio.get_running_loop().time)
    limit.back_off(0.05)
    async with asyncio.timeout(5):
        await limit.acquire()
    limit.release()
    assert limit.idle


async def test_every_call_is_told_to_the_observer() -> None:
    region, seen = Region(), list[Exchange]()
    region.routes["PUT"] = error(409, "DuplicateNameError")
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints(seen=seen)
        cloud = Cloud(credentials(place.url), ours)
        await cloud.list_servers()
        with pytest.raises(Exception, match="Duplicate"):
            await cloud.update_server(SERVER_ID, {})
        region.compute_url = None
        await ours.close()
    assert [(exchange.operation, exchange.status, exchange.error) for exchange in seen] == [
        ("sign_in", 200, None),
        ("list_servers", 200, None),
        ("update_server", 409, None),
    ]
    assert all(exchange.seconds > 0 for exchange in seen)


def _free_at(limit: AdaptiveLimit, clock: Clock, moment: float) -> bool:
    was, clock.now = clock.now, moment
    free = limit.available
    clock.now = was
    return free > 0


async def test_who_gives_up_in_the_moment_in_which_another_leaves_has_only_given_up() -> None:
    limit = AdaptiveLimit(1, lambda: 0.0)
    await limit.acquire()
    waiting = asyncio.create_task(limit.acquire())
    await asyncio.sleep(0)
    waiting.cancel()
    limit.release()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert limit.idle
    assert limit.available == 1
