"""
A process that hears of two kinds by one watch, and names what it heard of; run by test_second_kind.py.

    python hearing.py NAMESPACE COUNT

It ends when it has heard of *COUNT* objects.
"""

import asyncio
import random
import sys
from functools import partial
from typing import Any

import kopf

from onecloud_operator.api.identity import SERVER
from onecloud_operator.controller.server_object import SERVERS
from onecloud_operator.engine.backoff import Backoff
from onecloud_operator.engine.clock import SystemClock
from onecloud_operator.engine.queue import Queue
from onecloud_operator.kube import handlers
from onecloud_operator.kube.store import Key, Store, StoredKind
from onecloud_operator.kube.watch import Watch
from tests.controller.beacons import BEACON, BEACONS
from tests.kube.api_server import NoListener

CLOCK = SystemClock()


async def _heard(kind: str, left: asyncio.Semaphore, key: Key) -> None:
    sys.stdout.write(f"{kind} {key}\n")
    sys.stdout.flush()
    left.release()


def _watched(kind: StoredKind[Any], left: asyncio.Semaphore) -> tuple[handlers.WatchedKind, Any]:
    queue: Queue[Key] = Queue(clock=CLOCK, backoff=Backoff(1.0, 2.0, random.random), workers=1, per_group=1)
    heard = handlers.WatchedKind(Store(kind, CLOCK.monotonic), queue, lambda _key: None)
    return heard, queue.run(partial(_heard, kind.identity.kind, left))


async def _run(namespace: str, number: int) -> None:
    left = asyncio.Semaphore(0)
    (servers, working), (beacons, lighting) = _watched(SERVERS, left), _watched(BEACONS, left)
    watch = Watch({SERVER.plural: NoListener(), BEACON.plural: NoListener()}, monotonic=CLOCK.monotonic)
    tasks = await kopf.spawn_tasks(
        registry=handlers.registry(watch, servers, beacons),
        settings=handlers.settings(SERVER, BEACON),
        standalone=True,
        clusterwide=False,
        namespaces=[namespace],
    )
    running = [*tasks, asyncio.create_task(working), asyncio.create_task(lighting)]
    for _ in range(number):
        await left.acquire()
    for task in running:
        task.cancel()
    await asyncio.wait(running)


asyncio.run(_run(sys.argv[1], int(sys.argv[2])))
