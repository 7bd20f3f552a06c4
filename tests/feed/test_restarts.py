"""A restart reads pages, and shows nothing that a row does not confirm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.engine.lanes import Lane
from onecloud_operator.feed import Feed
from onecloud_operator.translate import observed_from_row
from tests.feed.world import World

if TYPE_CHECKING:
    from onecloud_operator.core.observed import Observed


async def test_a_restart_reads_no_details_of_what_the_status_still_tells(world: World) -> None:
    """One sweep, and details only of what changed meanwhile; and nobody has to wait for a confirmation."""
    for number in range(3_000):
        world.cloud.add(f"s{number:04d}", status="ready")
    feed = world.watch_all()
    await world.clock.advance(120)
    recalled = {one: feed.reading(one).server for one in world.cloud.ids}
    await world.feeds.close()
    world.cloud.change("s0007", name="other")

    again = World(world.clock)
    again.cloud = world.cloud.another_client()
    for one, server in recalled.items():
        again.join(one).watch(one, one, server)
    await world.clock.advance(10)
    kinds = again.cloud.kinds()
    feed = again.join("s0007")
    assert kinds["details"] == 1
    assert kinds["get"] == 0
    assert kinds["rows"] <= 1
    assert all(feed.reading(one).confirmed for one in recalled)
    assert {key for key, lane in again.notified if lane is Lane.CLOUD} == {"s0007"}
    changed = feed.reading("s0007").server
    assert changed is not None
    assert changed.name == "other"
    await again.feeds.close()


async def test_what_a_status_remembers_is_never_shown_before_a_row_confirms_it(world: World) -> None:
    world.cloud.add("a")
    feed = world.watch_all()
    await world.clock.advance(10)
    recalled = feed.reading("a").server
    feed.unwatch("a")
    feed.watch("a", "a", recalled)
    assert feed.reading("a").server is None
    await world.clock.advance(1)
    assert feed.reading("a").server == recalled


# -- a restart -------------------------------------------------------------------------------------------
def recalled(world: World, server_id: str) -> Observed:
    """Return a server as the status remembers it, from before the restart."""
    return observed_from_row(world.cloud.row(server_id), None)


async def join_slowly(world: World, feed: Feed[str], memories: dict[str, Observed]) -> None:
    """Let objects in, as they are worked on after a restart: 500 a second."""
    for number, (server_id, memory) in enumerate(memories.items()):
        if number % 50 == 0:
            await world.clock.advance(0.1)
        world.join(server_id)
        feed.watch(server_id, server_id, memory)


async def test_a_restart_asks_for_pages_and_not_for_each_server(world: World) -> None:
    for number in range(3000):
        world.cloud.add(f"s{number:04d}")
    await world.clock.advance(60)
    memories = {server_id: recalled(world, server_id) for server_id in world.cloud.ids}
    began_at = world.clock.now
    feed = world.join("me")
    await join_slowly(world, feed, memories)
    await world.clock.advance(2)
    assert all(feed.reading(server_id).server is not None for server_id in memories)
    kinds = world.cloud.kinds(began_at)
    assert kinds["sweep"] == 3
    assert kinds["rows"] <= 1, kinds
    assert kinds["details"] == kinds["get"] == 0, kinds


async def test_who_comes_after_the_sweep_sees_its_server_at_once(world: World) -> None:
    world.cloud.add("a")
    feed = world.join("me")
    memory = recalled(world, "a")
    await world.clock.advance(3)
    before = world.clock.now
    feed.watch("me", "a", memory)
    assert feed.reading("a").server == memory
    assert world.cloud.kinds(before).total() == 0
    assert world.notified == []


async def test_what_changed_after_the_sweep_passed_it_is_read_again(world: World) -> None:
    world.cloud.add("a")
    feed = world.join("me")
    memory = recalled(world, "a")
    await world.clock.advance(3)
    world.cloud.change("a", status="ready")
    await world.clock.advance(6)
    feed.watch("me", "a", memory)
    assert feed.reading("a").server is None
    await world.clock.advance(2)
    server = feed.reading("a").server
    assert server is not None
    assert server.status == "ready"


async def test_what_was_deleted_after_the_sweep_passed_it_is_asked_for(world: World) -> None:
    world.cloud.add("a")
    world.cloud.log_event("a", "create")
    feed = world.join("me")
    memory = recalled(world, "a")
    await world.clock.advance(3)
    world.cloud.erase("a")
    world.cloud.log_event("a", "delete")
    await world.clock.advance(20)
    feed.watch("me", "a", memory)
    await world.clock.advance(2)
    assert feed.reading("a").missing
