"""Objects that come from, or go to, another shard; what a relist does not tell."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.controller.server_object import SERVERS
from onecloud_operator.core.resource import FINALIZER
from onecloud_operator.engine.backoff import Backoff
from onecloud_operator.engine.lanes import Lane
from onecloud_operator.engine.queue import Queue
from onecloud_operator.kube.resync import EVERY_SECONDS, SILENT_SECONDS, Resync
from onecloud_operator.kube.store import Key, Store
from tests.engine.simulated import SimulatedClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = Key("shop", "web", "u-web")


def body(name: str = "web", *finalizers: str) -> dict[str, Any]:
    return {
        "metadata": {
            "namespace": "shop",
            "name": name,
            "uid": f"u-{name}",
            "resourceVersion": "1",
            "finalizers": list(finalizers),
        }
    }


@pytest.mark.parametrize(
    ("complete", "finalizers", "seconds"),
    [
        pytest.param(True, (FINALIZER,), 90.0, id="one-that-was-worked-on-is-left-alone-for-a-while"),
        pytest.param(True, (), 0.0, id="a-new-one-is-not"),
        pytest.param(True, ("another/one",), 0.0, id="nor-one-that-others-hold"),
        pytest.param(False, (FINALIZER,), 0.0, id="nor-those-that-were-there-when-we-began"),
    ],
)
async def test_an_object_that_comes(
    clock: SimulatedClock, complete: bool, finalizers: tuple[str, ...], seconds: float
) -> None:
    objects = Store(SERVERS, clock.monotonic, handover_seconds=90.0)
    objects.complete = complete
    assert objects.heard(body("web", *finalizers), listed=False) == KEY
    assert objects.rest_seconds(KEY) == seconds
    await clock.advance(90.0)
    assert objects.rest_seconds(KEY) == 0.0


async def test_one_that_leaves_and_comes_back_is_left_alone_again(clock: SimulatedClock) -> None:
    objects = Store(SERVERS, clock.monotonic, handover_seconds=90.0)
    objects.complete = True
    objects.heard(body("web", FINALIZER), listed=False)
    await clock.advance(60.0)
    objects.drop(KEY)
    objects.heard(body("web", FINALIZER), listed=False)
    assert objects.rest_seconds(KEY) == 90.0


def test_an_owner_in_a_namespace_that_we_do_not_see_may_live(clock: SimulatedClock) -> None:
    objects = Store(SERVERS, clock.monotonic, sees=lambda namespace: namespace == "shop")
    objects.complete = True
    assert not objects.lives("u-web", "shop")
    assert objects.lives("u-web", "bank")


async def test_what_is_abandoned_is_broken_off_and_never_worked_on_again(clock: SimulatedClock) -> None:
    queue: Queue[str] = Queue(clock=clock, backoff=Backoff(1.0, 2.0, lambda: 0.5), workers=1, per_group=1)
    ended: list[str] = []

    async def work(key: str) -> float | None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(key)
        return None

    running = asyncio.create_task(queue.run(work))
    queue.add("web", Lane.USER)
    await clock.settle()
    queue.add("web", Lane.USER)
    queue.abandon("web")
    await clock.advance(600.0)
    assert ended == ["web"]
    assert (queue.running, queue.depth(Lane.USER), queue.delayed, queue.failures) == (0, 0, 0, 0)
    running.cancel()
    await asyncio.wait({running})


class Registry:
    """What the API server would list."""

    def __init__(self) -> None:
        self.names = ["web", "db"]
        self.selectors: list[str] = []

    async def list_metadata(
        self, _identity: object, _namespace: str | None, selector: str = ""
    ) -> AsyncIterator[tuple[dict[str, Any], ...]]:
        self.selectors.append(selector)
        yield tuple(body(name)["metadata"] for name in self.names)


async def test_after_a_relist_what_left_is_dropped_at_once_and_not_minutes_later(
    clock: SimulatedClock,
) -> None:
    registry: Any = Registry()
    objects = Store(SERVERS, clock.monotonic)
    queue: Queue[Key] = Queue(clock=clock, backoff=Backoff(1.0, 2.0, lambda: 0.5), workers=1, per_group=1)
    gone: list[Key] = []
    census = Resync(
        cluster=registry,
        objects=objects,
        queue=queue,
        namespaces=(),
        selector="shard=a",
        clock=clock,
        gone=gone.append,
    )
    for name in registry.names:
        objects.heard(body(name), listed=True)
    counting = asyncio.create_task(census.run())
    await clock.advance(SILENT_SECONDS)
    registry.names = ["db"]
    await clock.advance(5.0)
    assert gone == []
    census.relisted()
    await clock.advance(1.0)
    assert gone == [KEY]
    assert KEY not in objects
    await clock.advance(EVERY_SECONDS)
    assert registry.selectors == ["shard=a"] * 3
    counting.cancel()
