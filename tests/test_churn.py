"""
What comes and goes leaves nothing behind: objects, Secrets, hosts, projects, ids.

Whoever may make objects and Secrets in one namespace can do so for ever. Nothing here ever succeeds: what is
only forgotten after a success is kept for ever by those who see to it that none comes.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import logging
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from onecloud_operator.api.reasons import Reason
from onecloud_operator.controller.server_object import SERVERS
from onecloud_operator.controller.sessions import TIDY_SECONDS, Sessions
from onecloud_operator.core.actions import Look, ReadDisk
from onecloud_operator.core.cloud_writes import GrowDisk
from onecloud_operator.core.disk_memory import DISKS_KEPT
from onecloud_operator.core.memory import LOOKS_KEPT, accepted
from onecloud_operator.core.outcome import Done
from onecloud_operator.core.refusals import refused
from onecloud_operator.core.resource import FINALIZER
from onecloud_operator.core.retry_state import REFUSALS_KEPT
from onecloud_operator.core.values import Place, Problem
from onecloud_operator.engine.backoff import Backoff
from onecloud_operator.engine.lanes import Lane
from onecloud_operator.engine.queue import Queue
from onecloud_operator.feed import Feeds, LossBreaker
from onecloud_operator.kube.secrets import Secrets
from onecloud_operator.kube.store import Key, Store
from onecloud_operator.onecloud import Endpoints
from onecloud_operator.onecloud.errors import ConnectFailed
from tests.core.fixtures import facts
from tests.e2e.fleet import soak
from tests.engine.simulated import SimulatedClock
from tests.feed.cloud import SimulatedCloud
from tests.feed.world import feeds_on

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from onecloud_operator.core.facts import Facts, Memory

WAVE = 100
# Objects are 100,000 in any case; each Secret leads to a host of its own.
PROJECTS, SECRETS = (10_000, 100_000) if soak() else (1_000, 4_000)
# What is kept of one object alone takes more blocks of memory than that; what is bounded was filled before.
BLOCKS_EACH = 0.5


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


async def left_behind(
    wave: Callable[[range], Awaitable[None]], *, first: int, then: int, each: int = WAVE
) -> float:
    """Return how many blocks of memory each of *then* comings and goings leaves, after *first* before."""

    async def waves(start: int, end: int) -> int:
        for number in range(start, end, each):
            await wave(range(number, number + each))
        gc.collect()
        return sys.getallocatedblocks()

    before = await waves(0, first)
    return (await waves(first, first + then) - before) / then


def body(number: int) -> dict[str, Any]:
    metadata = {"namespace": f"ns-{number % 50}", "name": f"o-{number}", "uid": f"u-{number}"}
    return {
        "metadata": {**metadata, "resourceVersion": "1", "finalizers": [FINALIZER]},
        "spec": {"credentialsRef": {"name": f"s-{number}"}},
    }


async def test_objects_by_the_ten_thousand_that_fail_and_go() -> None:
    clock = SimulatedClock()
    objects = Store(SERVERS, clock.monotonic, handover_seconds=30.0)
    objects.complete = True
    queue: Queue[Key] = Queue(
        clock=clock,
        backoff=Backoff(1.0, 300.0, lambda: 0.5),
        workers=16,
        per_group=4,
        group_of=lambda key: (key.namespace, f"https://{key.name}.example"),
    )

    async def failing(key: Key) -> float | None:
        objects.get(key)
        raise RuntimeError

    async def wave(numbers: range) -> None:
        keys = [key for number in numbers if (key := objects.heard(body(number), listed=False)) is not None]
        for key in keys:
            queue.add(key, Lane.USER)
        for _ in range(4):
            await asyncio.sleep(0)  # some have failed by now and wait for another try, others have not begun
        for key in keys:
            objects.drop(key)
            queue.forget(key)
        await clock.advance(1.0)

    running = asyncio.create_task(queue.run(failing))
    assert await left_behind(wave, first=10_000, then=100_000, each=1_000) < BLOCKS_EACH
    assert len(objects) == queue.delayed == queue.running == 0
    running.cancel()
    await asyncio.wait([running])


async def test_projects_and_members_that_fail_and_go() -> None:
    clock = SimulatedClock()
    feeds: Feeds[str] = feeds_on(clock)
    stays = SimulatedCloud(clock)
    stays.add("a")
    feed = feeds.join("stays", Place("https://cloud.example/v3", "r", "p1"), stays)
    feed.watch("stays", "a")

    def failing() -> SimulatedCloud:
        made = stays.another_client()
        made.fail = lambda _kind, _query: ConnectFailed("nobody there")
        return made

    async def wave(numbers: range) -> None:
        for number in numbers:
            key = f"k-{number}"
            own = feeds.join(key, Place(f"https://h-{number}.example/v3", "r", f"p-{number}"), failing())
            own.watch(key, f"s-{number}")
            own.breaker.record(f"s-{number}", clock.monotonic())
            shared = feeds.join(f"m-{number}", Place("https://cloud.example/v3", "r", "p1"), failing())
            shared.watch(f"m-{number}", f"s-{number}")
            shared.shown(f"m-{number}", "a")
            shared.may_see(f"m-{number}")
        await clock.advance(6.0)
        for number in numbers:
            feeds.leave(f"k-{number}")
            feeds.leave(f"m-{number}")
        await clock.settle()
        stays.calls.clear()

    assert await left_behind(wave, first=1_100, then=PROJECTS) < BLOCKS_EACH
    assert (feed.pool, feed.owned, len(tuple(feeds))) == (1, 1, 1)
    assert feed.trouble("stays") is None
    await feeds.close()


async def test_secrets_and_hosts_that_fail_and_go() -> None:
    clock = SimulatedClock()

    async def read(_namespace: str, name: str) -> dict[str, Any]:
        values = {
            "OS_AUTH_URL": f"https://{name}.example/v3",
            "OS_USERNAME": "u",
            "OS_PASSWORD": f"secret-{name}",
            "OS_PROJECT_NAME": "p",
        }
        return {"data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}}

    endpoints = Endpoints(
        transport=httpx.MockTransport(lambda _request: httpx.Response(503)), clock=clock.monotonic
    )
    clouds = Sessions(Secrets(read, clock.monotonic, 60.0), endpoints, clock.monotonic)
    tidying = asyncio.create_task(clouds.tidy(lambda _secret: False, clock))

    async def wave(numbers: range) -> None:
        for number in numbers:
            assert isinstance(await clouds.open("ns", f"s-{number}"), Problem)
        await clock.advance(TIDY_SECONDS + 1)

    # A host that is kept takes hundreds; tables that are bounded may grow by thousands at once.
    assert await left_behind(wave, first=1_300, then=SECRETS) < 4 * BLOCKS_EACH
    tidying.cancel()
    await asyncio.wait([tidying])
    await clouds.close()
    await endpoints.close()


def test_ids_that_one_object_names_one_after_the_other() -> None:
    scene = facts()
    memory = scene.memory
    for number in range(LOOKS_KEPT + 500):
        step = Look(f"other-{number}")
        memory = accepted(_with(scene, memory), step, Done(number, number + 1.0))
    assert len(memory.looks) == LOOKS_KEPT
    assert f"other-{LOOKS_KEPT + 499}" in memory.looks
    for number in range(1000):
        memory = accepted(_with(scene, memory), ReadDisk("s", f"d-{number}"), Done(number, number + 1.0))
        grow = GrowDisk("s", f"d-{number}", 1024)
        no = Problem(Reason.PROVIDER_ERROR, "no")
        memory = refused(_with(scene, memory), grow, no, ended_at=number, wait_seconds=1.0)
    assert len(memory.disks) == DISKS_KEPT
    assert len(memory.refusals) == REFUSALS_KEPT


def _with(scene: Facts, memory: Memory) -> Facts:
    return replace(scene, memory=memory)


def test_servers_that_are_lost_and_namespaces_that_confirm_it() -> None:
    breaker = LossBreaker()
    for number in range(100_000):
        breaker.record(f"s-{number}", 0.0)
        breaker.acknowledge(f"ns-{number}")
    assert breaker.holding(1.0, 100_000, "ns-0")
    assert not breaker.holding(1.0, 100_000, "ns-99999")
