"""How much one address is asked for at a time, by however many names."""

from __future__ import annotations

import asyncio
import gc
import time
from collections import Counter
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.onecloud import AddressPolicy, Endpoints, Limits, ServerQuery
from onecloud_operator.onecloud.address_limits import (
    AddressLimit,
    AddressLimits,
    Caller,
    FairLimit,
    LeadsElsewhere,
    Permit,
)
from onecloud_operator.onecloud.addresses import socket_address
from onecloud_operator.onecloud.dns import Resolver
from onecloud_operator.onecloud.errors import Timeout
from onecloud_operator.onecloud.origin import FORGET_SECONDS
from onecloud_operator.onecloud.protocol import Traffic, create_server, get_server, list_servers
from onecloud_operator.onecloud.tls import Tls
from tests.onecloud.origin import Answer, Asked, Place, eventually, serving

if TYPE_CHECKING:
    from collections.abc import Callable

WRITE = create_server({"name": "w"})
LIST = list_servers(ServerQuery(limit=10))
READ = get_server("s1")
DOOR = (ip_address("192.0.2.1"), 443)


def endpoints(
    addresses: dict[str, list[str]] | None = None,
    limits: Limits | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Endpoints:
    """Return endpoints for which names lead to *addresses*, or to 127.0.0.1."""
    known = addresses or {}
    names = Resolver(time.monotonic, lambda host: (known.get(host, ["127.0.0.1"]), host))
    return Endpoints(AddressPolicy(allow_loopback=True), limits=limits, resolver=names, clock=clock)


def at(place: Place, host: str) -> str:
    return f"http://{host}:{place.url.rpartition(':')[2]}"


async def ask(ours: Endpoints, url: str, request: object = WRITE) -> int:
    return (await ours.exchange(url, request, {}, Tls(), "r1")).status  # type: ignore[arg-type]


class Cloud:
    """Hold what comes until it may go, and note how much was under way of each kind."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.hosts: list[str] = []

    async def respond(self, asked: Asked) -> Answer:
        kind = asked.method if asked.method == "POST" or "?" in asked.target else "read"
        self.hosts.append(asked.headers["host"].partition(":")[0])
        self.now[kind] += 1
        self.most[kind] = max(self.most[kind], self.now[kind])
        try:
            await (self.go.wait() if "slow" in asked.headers["host"] else asyncio.sleep(0.005))
        finally:
            self.now[kind] -= 1
        return Answer(200, {})


async def ended(*tasks: asyncio.Task[int]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_many_names_of_one_address_have_the_lanes_of_one() -> None:
    cloud, ours = Cloud(), endpoints()
    async with serving(cloud.respond) as place:
        for _ in range(3):
            calls = [
                ask(ours, at(place, f"h{number % 12}.example"), request)
                for number in range(60)
                for request in (WRITE, LIST)
            ]
            assert set(await asyncio.gather(*calls)) == {200}
        assert len(place.asked) == 360, "each was sent once"
        assert (cloud.most["POST"], cloud.most["GET"]) == (4, 2)
        assert sum(ours.under_way(traffic) + ours.waiting(traffic) for traffic in Traffic) == 0
        await ours.close()


async def test_names_of_other_addresses_have_lanes_of_their_own() -> None:
    cloud = Cloud()
    ours = endpoints({"slow1": ["127.0.0.2"], "slow2": ["127.0.0.3"]})
    async with serving(cloud.respond, address="0.0.0.0") as place:  # noqa: S104 - all of loopback, for a moment
        calls = [
            asyncio.create_task(ask(ours, at(place, host))) for host in ("slow1", "slow2") for _ in range(5)
        ]
        await eventually(lambda: cloud.now["POST"] == 8)
        cloud.go.set()
        assert set(await asyncio.gather(*calls)) == {200}
        await ours.close()


async def test_a_name_whose_calls_hang_leaves_the_others_at_its_address_a_place() -> None:
    cloud, ours = Cloud(), endpoints()
    async with serving(cloud.respond) as place:
        assert await ask(ours, at(place, "honest.example"), READ) == 200
        hung = [asyncio.create_task(ask(ours, at(place, "slow.example"))) for _ in range(8)]
        await eventually(lambda: cloud.now["POST"] == 3)
        for _ in range(5):
            assert await ask(ours, at(place, "honest.example")) == 200
        assert cloud.now["POST"] == 3
        assert ours.free_slots(at(place, "slow.example")) == 0
        assert ours.free_slots(at(place, "honest.example")) == 1
        await ended(*hung)
        await ours.close()


async def test_names_that_hang_without_number_let_the_next_in_by_turns() -> None:
    """Each waits for a place, not for all that others want."""
    cloud, ours = Cloud(), endpoints()
    async with serving(cloud.respond) as place:
        hung = [asyncio.create_task(ask(ours, at(place, f"slow{number % 2}.example"))) for number in range(8)]
        await eventually(lambda: cloud.now["POST"] == 4)
        honest = asyncio.create_task(ask(ours, at(place, "honest.example")))
        await eventually(lambda: ours.waiting(Traffic.WRITE) == 5)
        cloud.go.set()
        assert await honest == 200
        await asyncio.gather(*hung)
        assert "honest.example" in cloud.hosts[:7], "before the last of those who came earlier"
        await ours.close()


async def test_a_write_whose_connection_leads_to_a_queue_is_sent_once_and_after_its_turn() -> None:
    cloud = Cloud()
    addresses = {"moving": ["127.0.0.2"], "slow.example": ["127.0.0.3"]}
    now = [0.0]
    names = Resolver(lambda: now[0], lambda host: (addresses[host], host))
    ours = Endpoints(
        AddressPolicy(allow_loopback=True),
        limits=Limits(idle_seconds=0.0, read_idle_seconds=0.0),
        resolver=names,
    )
    async with serving(cloud.respond, address="0.0.0.0") as place:  # noqa: S104 - all of loopback, for a moment
        hung = [asyncio.create_task(ask(ours, at(place, "slow.example"))) for _ in range(4)]
        await eventually(lambda: cloud.now["POST"] == 4)
        assert await ask(ours, at(place, "moving")) == 200
        await eventually(lambda: place.open_connections == 4)
        addresses["moving"], now[0] = ["127.0.0.3"], 60.0
        moved = asyncio.create_task(ask(ours, at(place, "moving")))
        await eventually(lambda: ours.waiting(Traffic.WRITE) == 1)
        await eventually(lambda: place.open_connections == 4)
        assert cloud.hosts.count("moving") == 1
        cloud.go.set()
        assert await moved == 200
        await asyncio.gather(*hung)
        assert cloud.hosts.count("moving") == 2
        assert cloud.most["POST"] <= 5, "one of them at the other address"
        await ours.close()


async def test_who_gets_no_turn_in_time_was_never_heard() -> None:
    cloud, ours = Cloud(), endpoints(limits=Limits(slot_seconds=0.2))
    async with serving(cloud.respond) as place:
        hung = [asyncio.create_task(ask(ours, at(place, "slow.example"))) for _ in range(4)]
        await eventually(lambda: cloud.now["POST"] == 4)
        for _ in range(2):  # before it is known where the name leads, and after
            with pytest.raises(Timeout) as caught:
                await ask(ours, at(place, "late.example"))
            assert not caught.value.ambiguous
        assert await ask(ours, at(place, "late.example"), READ) == 200
        assert "late.example" not in cloud.hosts[:-1]
        await ended(*hung)
        assert await ask(ours, at(place, "late.example")) == 200
        await ours.close()


async def test_what_is_known_of_addresses_is_forgotten_with_the_names_that_lead_there() -> None:
    now = [0.0]
    cloud = Cloud()
    ours = endpoints(
        {f"h{number}": [f"127.0.1.{number}"] for number in range(1, 20)},
        limits=Limits(idle_seconds=0.0, read_idle_seconds=0.0),
        clock=lambda: now[0],
    )
    async with serving(cloud.respond, address="0.0.0.0") as place:  # noqa: S104 - all of loopback, for a moment
        before = _lanes()
        for number in range(1, 20):
            assert await ask(ours, at(place, f"h{number}")) == 200
        assert _lanes() - before == 19
        now[0] = FORGET_SECONDS
        assert await ask(ours, at(place, "last.example")) == 200
        await eventually(lambda: _lanes() - before == 1)
        await ours.close()


def _lanes() -> int:
    gc.collect()
    return sum(isinstance(one, AddressLimit) for one in gc.get_objects())


# -- turns -------------------------------------------------------------------------------------------------
def callers(number: int) -> tuple[AddressLimits, list[Caller], FairLimit]:
    address_limits = AddressLimits(Limits())
    address_limit = address_limits.of(DOOR)
    found = [Caller(address_limits) for _ in range(number)]
    for one in found:
        one.connected_to(address_limit)
    return address_limits, found, address_limit.by_traffic[Traffic.WRITE]


async def test_turns_go_round_by_name_and_not_by_call() -> None:
    _, (greedy, honest, other), limit = callers(3)
    order: list[str] = []

    async def come(caller: Caller, name: str) -> None:
        await limit.acquire(caller)
        order.append(name)

    assert all(limit.try_acquire(caller) for caller in (other, other, other, greedy))
    assert not limit.try_acquire(other), "the last place is not for who has all the others"
    waiting = [
        asyncio.create_task(come(caller, name))
        for caller, name in ((greedy, "greedy"),) * 3 + ((honest, "honest"),) * 2
    ]
    await asyncio.sleep(0)
    for left in (other, other, other, greedy):
        limit.release(left)
        await asyncio.sleep(0)
    assert order == ["greedy", "honest", "greedy", "honest"]
    limit.release(honest)
    await asyncio.gather(*waiting)


async def test_who_gives_up_takes_nobodys_turn() -> None:
    _, (first, second, third), limit = callers(3)
    for caller in (first, first, second, second):
        await limit.acquire(caller)
    early, late, last = (asyncio.create_task(limit.acquire(one)) for one in (third, third, first))
    await asyncio.sleep(0)
    early.cancel()
    await asyncio.sleep(0)
    limit.release(second)
    late.cancel()  # in the moment in which it is let in
    await asyncio.gather(early, late, return_exceptions=True)
    await last
    assert limit.available(third) == 0
    for caller in (first, first, first, second):
        limit.release(caller)
    assert limit.available(third) == 3


async def test_a_call_that_is_led_elsewhere_gives_back_the_place_that_it_had() -> None:
    address_limits, (ours, other), limit = callers(2)
    permit = Permit(ours, Traffic.WRITE)
    await permit.acquire()
    there = address_limits.of((DOOR[0], 80))
    assert all(there.by_traffic[Traffic.WRITE].try_acquire(other) for _ in range(4))
    with pytest.raises(LeadsElsewhere):
        permit.claim((DOOR[0], 80))
    assert [limit.try_acquire(other) for _ in range(5)] == [True] * 4 + [False]
    there.by_traffic[Traffic.WRITE].release(other)
    await permit.acquire()
    permit.claim((DOOR[0], 80))
    permit.release()
    permit.release()
    assert there.by_traffic[Traffic.WRITE].available(ours) == 1


@pytest.mark.parametrize("text", ["192.0.2.1", "::ffff:192.0.2.1", "64:ff9b::192.0.2.1"])
def test_an_address_is_the_same_however_it_is_written(text: str) -> None:
    assert socket_address(ip_address(text), 443) == DOOR
