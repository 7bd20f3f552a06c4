"""Who waits until a server rests, and what is told meanwhile, in simulated time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.engine.lanes import Lane

if TYPE_CHECKING:
    from onecloud_operator.feed import Feed
    from tests.feed.world import World


async def waiting(world: World) -> Feed[str]:
    """Return a feed whose only object has seen its server move, and waits until it rests."""
    world.cloud.add("a")
    feed = world.watch_all()
    await world.clock.advance(60)
    world.cloud.change("a", status="deploying")
    await world.clock.advance(13)
    feed.await_settled("a", feed.reading("a").server)
    return feed


async def test_who_waits_until_a_server_rests_is_told_when_it_does_and_of_no_step_on_the_way(
    world: World,
) -> None:
    feed = await waiting(world)
    count = len(world.notified)
    feed.wrote("a")
    for status in ("start_start", "starting", "start_deploy", "deploying") * 4:
        world.cloud.change("a", status=status)
        await world.clock.advance(3)
    assert world.notified[count:] == []
    world.cloud.change("a", status="running")
    await world.clock.advance(3)
    assert world.notified[count:] == [("a", Lane.CLOUD)]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"status": "deploy_fail"}, id="it-fails"),
        pytest.param({"status": "unknown"}, id="it-is-out-of-sight"),
        pytest.param({"status": "ready"}, id="it-stops"),
        pytest.param({"pending_deleted": True}, id="it-is-recycled"),
    ],
)
async def test_who_waits_until_a_server_rests_is_told_of_all_else_that_becomes_of_it(
    world: World, change: dict[str, Any]
) -> None:
    await waiting(world)
    count = len(world.notified)
    world.cloud.change("a", **change)
    await world.clock.advance(3)
    assert world.notified_since(count) == {"a"}


async def test_a_server_that_vanishes_on_its_way_is_told_to_who_waits_for_its_rest(world: World) -> None:
    await waiting(world)
    count = len(world.notified)
    world.cloud.erase("a")
    await world.clock.advance(700)
    assert world.notified_since(count) == {"a"}


async def test_of_two_that_watch_a_server_each_is_told_of_each_step(world: World) -> None:
    feed = await waiting(world)
    world.join("b").watch("b", "a")
    count = len(world.notified)
    world.cloud.change("a", status="starting")
    await world.clock.advance(3)
    assert world.notified_since(count) == {"a", "b"}
    feed.unwatch("a")
    count = len(world.notified)
    world.cloud.change("a", status="deploying")
    await world.clock.advance(3)
    assert world.notified_since(count) == {"b"}


async def test_who_waits_no_longer_is_told_of_each_step(world: World) -> None:
    feed = await waiting(world)
    feed.await_settled("a", None)
    count = len(world.notified)
    world.cloud.change("a", status="starting")
    await world.clock.advance(3)
    assert world.notified_since(count) == {"a"}
