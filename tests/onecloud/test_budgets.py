"""What all clouds together may take of the process: connections, and bytes of answers in hand."""

from __future__ import annotations

import asyncio
import time
from ipaddress import ip_address

import pytest

from onecloud_operator.onecloud import AddressPolicy, Endpoints, Limits, ServerQuery, protocol
from onecloud_operator.onecloud.budgets import STALLED_SECONDS, BodyBudget, BudgetExceeded, Slots
from onecloud_operator.onecloud.dns import Resolver
from onecloud_operator.onecloud.errors import OneCloudError, Timeout, TransportError
from onecloud_operator.onecloud.protocol import get_server
from onecloud_operator.onecloud.tls import Tls
from tests.onecloud.origin import Answer, Asked, Place, eventually, serving

MIB = 2**20
ONE, TWO, THREE = ((ip_address(f"192.0.2.{number}"), 443) for number in (1, 2, 3))


def endpoints(
    connections: int = 100, max_body_bytes: int = 64 * MIB, limits: Limits | None = None
) -> Endpoints:
    """Return endpoints for which every name is this host's."""
    return Endpoints(
        AddressPolicy(allow_loopback=True),
        limits=limits,
        resolver=Resolver(time.monotonic, lambda host: (["127.0.0.1"], host)),
        connections=connections,
        max_body_bytes=max_body_bytes,
    )


def at(place: Place, host: str) -> str:
    return f"http://{host}:{place.url.rpartition(':')[2]}"


async def ask(ours: Endpoints, url: str) -> int:
    return (await ours.exchange(url, get_server("s1"), {}, Tls(), "r1")).status


# -- connections -------------------------------------------------------------------------------------------
async def test_an_address_that_many_names_share_is_asked_as_much_as_one() -> None:
    async def slow(_asked: Asked) -> Answer:
        await asyncio.sleep(0.01)
        return Answer(200, {})

    ours = endpoints()
    async with serving(slow) as place:
        calls = [ask(ours, at(place, f"h{number % 10}.example")) for number in range(80)]
        assert set(await asyncio.gather(*calls)) == {200}
        assert place.most_under_way <= 8
        assert place.open_connections <= 8
        await ours.close()


async def test_at_a_shared_address_a_name_that_asks_without_end_leaves_others_their_turn() -> None:
    async def answer(_asked: Asked) -> Answer:
        await asyncio.sleep(0.005)
        return Answer(200, {})

    ours = endpoints()
    async with serving(answer) as place:

        async def for_ever() -> None:
            while True:
                await ask(ours, at(place, "greedy.example"))

        greedy = [asyncio.create_task(for_ever()) for _ in range(16)]
        await eventually(lambda: place.open_connections == 8)
        for _ in range(3):
            assert await ask(ours, at(place, "honest.example")) == 200
        for task in greedy:
            task.cancel()
        await asyncio.gather(*greedy, return_exceptions=True)
        await ours.close()


async def test_idle_connections_make_room_for_those_who_need_one() -> None:
    async def answer(_asked: Asked) -> Answer:
        return Answer(200, {})

    ours = endpoints(connections=8)
    async with serving(answer) as place:
        for number in range(30):
            assert await ask(ours, at(place, f"h{number}.example")) == 200
        assert place.open_connections <= 8
        await ours.close()


async def test_idle_connections_of_a_name_that_still_asks_for_something_make_room_too() -> None:
    together, never = asyncio.Barrier(8), asyncio.Event()

    async def answer(asked: Asked) -> Answer:
        if asked.path.endswith("s1"):
            await together.wait()
        elif asked.path.endswith("hangs"):
            await never.wait()
        return Answer(200, {})

    ours = endpoints()
    async with serving(answer) as place:
        await asyncio.gather(*(ask(ours, at(place, "busy.example")) for _ in range(8)))
        busy = at(place, "busy.example")
        hung = asyncio.create_task(ours.exchange(busy, get_server("hangs"), {}, Tls(), "r1"))
        await eventually(lambda: place.under_way == 1)
        assert place.open_connections == 8
        other = at(place, "other.example")
        assert (await ours.exchange(other, get_server("s2"), {}, Tls(), "r1")).status == 200
        assert not hung.done()
        hung.cancel()
        await asyncio.gather(hung, return_exceptions=True)
        await ours.close()


async def test_who_gets_no_connection_in_time_was_never_heard() -> None:
    never = asyncio.Event()

    async def hang(_asked: Asked) -> Answer:
        await never.wait()
        return Answer(200, {})

    ours = endpoints(limits=Limits(connections=2, connect_seconds=0.2))
    async with serving(hang) as place:
        hung = [asyncio.create_task(ask(ours, at(place, f"h{number}.example"))) for number in range(2)]
        await eventually(lambda: place.under_way == 2)
        with pytest.raises(Timeout) as caught:
            await ask(ours, at(place, "late.example"))
        assert not caught.value.ambiguous
        assert len(place.asked) == 2
        for task in hung:
            task.cancel()
        await asyncio.gather(*hung, return_exceptions=True)
        await ours.close()


async def test_the_last_connections_are_for_addresses_that_have_none() -> None:
    slots = Slots(8, 8, lambda _hosts: None)
    held = [await slots.acquire(ONE, "greedy") for _ in range(6)]
    assert not slots.available(ONE), "three quarters are taken"
    assert slots.available(TWO)
    held += [await slots.acquire(TWO, "honest"), await slots.acquire(THREE, "other")]
    assert slots.total == 8
    assert not slots.available((ip_address("192.0.2.4"), 443))
    for slot in held:
        slot.release()
        slot.release()
    assert slots.total == 0


async def test_a_slot_that_nobody_holds_any_more_is_free() -> None:
    slots = Slots(1, 1, lambda _hosts: None)
    slot = await slots.acquire(ONE, "lost")
    waiting = asyncio.create_task(slots.acquire(ONE, "next"))
    await asyncio.sleep(0)
    del slot
    async with asyncio.timeout(5):
        (await waiting).release()
    assert slots.total == 0


async def test_who_gives_up_waiting_takes_nobodys_turn() -> None:
    slots = Slots(1, 1, lambda _hosts: None)
    slot = await slots.acquire(ONE, "a")
    first, second = (asyncio.create_task(slots.acquire(ONE, host)) for host in "bc")
    await asyncio.sleep(0)
    first.cancel()
    slot.release()
    assert (await second).host == "c"
    assert slots.total == 1


async def test_where_all_connections_hang_one_of_them_ends_for_an_address_that_has_none() -> None:
    never = asyncio.Event()

    async def respond(asked: Asked) -> Answer:
        if "honest" not in asked.headers["host"]:
            await never.wait()
        return Answer(200, {})

    def lookup(host: str) -> tuple[list[str], str]:
        return [f"127.0.0.{host.removeprefix('h')}" if host.startswith("h") else "127.0.0.1"], host

    ours = Endpoints(
        AddressPolicy(allow_loopback=True), resolver=Resolver(time.monotonic, lookup), connections=8
    )
    async with serving(respond, address="0.0.0.0") as place:  # noqa: S104 - all of loopback, for a moment
        hung = [asyncio.create_task(ask(ours, at(place, f"h{number}"))) for number in range(2, 10)]
        await eventually(lambda: place.under_way == 8)
        last = time.monotonic()
        await eventually(lambda: time.monotonic() - last > STALLED_SECONDS)
        assert await ask(ours, at(place, "www.honest.example")) == 200
        assert sum(task.done() for task in hung) == 1
        for task in hung:
            task.cancel()
        ended = await asyncio.gather(*hung, return_exceptions=True)
        assert sum(isinstance(one, TransportError) for one in ended) == 1
        await ours.close()


# -- bytes -------------------------------------------------------------------------------------------------
def test_the_largest_answer_gives_way_and_its_bytes_are_let_go_at_once() -> None:
    body_budget = BodyBudget(100)
    with body_budget.read() as large, body_budget.read() as small:
        body_budget.add(large, b"x" * 80)
        body_budget.add(small, b"x" * 10)
        body_budget.add(small, b"x" * 20)
        assert (large.aborted, len(large.body), body_budget.size) == (True, 0, 30)
        with pytest.raises(BudgetExceeded):
            body_budget.add(large, b"x")
        with pytest.raises(BudgetExceeded):
            body_budget.add(small, b"x" * 80)
    assert body_budget.size == 0


async def test_clouds_that_send_large_answers_slowly_take_no_more_than_the_budget() -> None:
    """Each sends less than a list may have, and holds what it has sent."""
    gone = asyncio.Event()

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"honest" in head:
            writer.write(bytes(Answer(200, {"servers": []}, then_close=True)))
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b" " * (7 * MIB))
            await gone.wait()
        writer.close()

    lists = protocol.list_servers(ServerQuery(limit=1024))
    async with await asyncio.start_server(trickle, "127.0.0.1", 0) as server:
        place = Place(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        ours = endpoints(max_body_bytes=16 * MIB, limits=Limits(connections=40, lists=40))
        liars = [
            asyncio.create_task(ours.exchange(at(place, f"liar{number}"), lists, {}, Tls(), "r1"))
            for number in range(6)
        ]
        done, _ = await asyncio.wait(liars, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        await eventually(lambda: sum(task.done() for task in liars) >= 3)
        reply = await ours.exchange(at(place, "honest"), lists, {}, Tls(), "r1")
        assert reply.body == b'{"servers": []}'
        for task in done:
            with pytest.raises(TransportError, match="read at once"):
                await task
        gone.set()
        for task in liars:
            task.cancel()
        assert all(
            isinstance(one, OneCloudError | asyncio.CancelledError)
            for one in await asyncio.gather(*liars, return_exceptions=True)
        )
        await ours.close()
