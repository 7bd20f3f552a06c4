"""From names to addresses: a name that cannot be resolved costs nobody but those who want it."""

from __future__ import annotations

import asyncio
import threading
import time
from ipaddress import ip_address

import httpcore
import pytest

from onecloud_operator.onecloud.dns import (
    FRESH_SECONDS,
    MAX_LOOKUPS,
    MAX_LOOKUPS_PER_DOMAIN,
    STALE_SECONDS,
    IPAddress,
    Resolver,
)
from tests.onecloud.origin import Clock

HERE = [ip_address("192.0.2.1")]


async def addresses(names: Resolver, host: str) -> list[IPAddress]:
    return (await names.resolve(host)).addresses


class Servers:
    """Name servers that know every name but *lost*, and do not answer while they are *silent*."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.speak = threading.Event()
        self.speak.set()
        self.lost = False

    def __call__(self, host: str) -> tuple[list[str], str]:
        self.asked.append(host)
        if not host.startswith("good"):
            self.speak.wait(60.0)
        if self.lost:
            raise OSError("no such name")
        return ["192.0.2.1"], host + ".example"


async def test_a_name_is_asked_for_once_by_all_who_want_it_and_remembered_for_a_while() -> None:
    servers, clock = Servers(), Clock()
    names = Resolver(clock, servers)
    assert await asyncio.gather(*(addresses(names, "cloud") for _ in range(50))) == [HERE] * 50
    clock.now += FRESH_SECONDS - 1
    assert await addresses(names, "cloud") == HERE
    assert servers.asked == ["cloud"]
    clock.now += 1
    assert await addresses(names, "cloud") == HERE
    assert servers.asked == ["cloud", "cloud"]


async def test_any_number_of_names_that_hang_hold_up_no_other() -> None:
    servers = Servers()
    servers.speak.clear()
    names = Resolver(time.monotonic, servers)
    hung = [asyncio.create_task(addresses(names, f"dead{number % 100}")) for number in range(300)]
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        assert await addresses(names, "good") == HERE
    assert not any(task.done() for task in hung)
    assert len(servers.asked) == 101, "each once, though three wait for it"
    servers.speak.set()
    assert await asyncio.gather(*hung) == [HERE] * 300


async def test_there_is_an_end_to_the_names_that_are_asked_for_at_once() -> None:
    servers = Servers()
    servers.speak.clear()
    names = Resolver(time.monotonic, servers)
    hung = [asyncio.create_task(addresses(names, f"dead{number}")) for number in range(MAX_LOOKUPS)]
    await asyncio.sleep(0)
    with pytest.raises(httpcore.ConnectError, match="too many"):
        await addresses(names, "dead")
    servers.speak.set()
    await asyncio.gather(*hung)


async def test_one_domains_names_leave_room_for_others() -> None:
    servers = Servers()
    servers.speak.clear()
    names = Resolver(time.monotonic, servers)
    hung = [
        asyncio.create_task(addresses(names, f"h{number}.evil.example"))
        for number in range(MAX_LOOKUPS_PER_DOMAIN)
    ]
    await asyncio.sleep(0)
    with pytest.raises(httpcore.ConnectError, match="too many"):
        await addresses(names, "another.evil.example")
    assert await addresses(names, "good.example.org") == HERE
    servers.speak.set()
    await asyncio.gather(*hung)


async def test_a_name_that_had_an_answer_is_asked_for_beside_any_number_of_new_ones() -> None:
    servers, clock = Servers(), Clock()
    names = Resolver(clock, servers)
    assert await addresses(names, "good") == HERE
    servers.speak.clear()
    hung = [asyncio.create_task(addresses(names, f"dead{number}")) for number in range(MAX_LOOKUPS)]
    await asyncio.sleep(0)
    clock.now += STALE_SECONDS
    assert await addresses(names, "good") == HERE
    servers.speak.set()
    await asyncio.gather(*hung)


async def test_what_was_known_is_used_while_the_name_servers_fail() -> None:
    servers, clock = Servers(), Clock()
    names = Resolver(clock, servers)
    await addresses(names, "cloud")
    servers.lost = True
    clock.now += STALE_SECONDS - 1
    assert await addresses(names, "cloud") == HERE
    clock.now += 1
    with pytest.raises(httpcore.ConnectError, match="cannot be resolved"):
        await addresses(names, "cloud")
    servers.lost = False
    assert await addresses(names, "cloud") == HERE


async def test_what_was_known_is_used_while_the_name_servers_hang() -> None:
    servers, clock = Servers(), Clock()
    names = Resolver(clock, servers)
    await addresses(names, "cloud")
    servers.speak.clear()
    clock.now += FRESH_SECONDS
    async with asyncio.timeout(10):
        assert await addresses(names, "cloud") == HERE
    servers.speak.set()


async def test_who_gives_up_takes_the_answer_from_nobody() -> None:
    servers = Servers()
    servers.speak.clear()
    names = Resolver(time.monotonic, servers)
    first = asyncio.create_task(addresses(names, "cloud"))
    second = asyncio.create_task(addresses(names, "cloud"))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    servers.speak.set()
    assert await second == HERE


async def test_an_address_is_asked_of_nobody() -> None:
    servers = Servers()
    assert await addresses(Resolver(time.monotonic, servers), "::1") == [ip_address("::1")]
    assert servers.asked == []


async def test_a_name_tells_what_it_is_called_where_it_is_known() -> None:
    names = Resolver(time.monotonic, Servers())
    assert (await names.resolve("cloud")).name == "cloud.example"
    assert (await names.resolve("192.0.2.7")).name == "192.0.2.7"
