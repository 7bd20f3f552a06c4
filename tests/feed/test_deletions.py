"""How soon a deletion is seen, and what of it is asked for again."""

from __future__ import annotations

from tests.feed.world import HOUR, World


async def test_an_event_log_that_is_emptied_is_followed_from_its_new_beginning(world: World) -> None:
    world.cloud.add("a")
    for _ in range(50):
        world.cloud.log_event("a", "sync_conf")
    feed = world.watch_all()
    await world.clock.advance(60)
    world.cloud.begin_another_log()
    await world.clock.advance(60)
    world.cloud.log_event("a", "sync_conf")
    await world.clock.advance(400)
    world.cloud.erase("a")
    world.cloud.log_event("a", "delete")
    await world.clock.advance(20)
    assert feed.reading("a").missing


async def test_the_end_of_a_deletion_is_seen_within_seconds_without_events(world: World) -> None:
    for one in ("a", "b"):
        world.cloud.add(one)
    feed = world.watch_all()
    await world.clock.advance(60)
    world.cloud.change("a", status="start_delete")
    await world.clock.advance(10)
    world.cloud.change("a", status="ready")  # it is passed through in the middle of deletions
    await world.clock.advance(10)
    before = world.clock.now
    world.cloud.erase("a")
    await world.clock.advance(4)
    assert feed.reading("a").missing
    assert world.cloud.kinds(before)["rows"] <= 2
    assert (await feed.look("a", world.cloud)).gone
    before = world.clock.now
    await world.clock.advance(60)
    assert world.cloud.kinds(before)["rows"] == 0


async def test_a_deletion_that_is_stuck_is_not_asked_for_ever(world: World) -> None:
    world.cloud.add("a")
    world.watch_all()
    await world.clock.advance(60)
    world.cloud.change("a", status="deleting")
    await world.clock.advance(HOUR)
    before = world.clock.now
    await world.clock.advance(HOUR)
    assert world.cloud.kinds(before)["rows"] == 0


async def test_what_was_lost_is_not_forgotten_when_everybody_leaves_and_comes_back(world: World) -> None:
    """A mistyped Secret takes all members out of the feed; the cloud is as empty as before."""
    world.cloud.add("a")
    feed = world.watch_all()
    for number in range(9):
        feed.breaker.record(f"server-{number}", world.clock.now)
    assert feed.breaker.holding(world.clock.now, 9, "shop")
    world.feeds.leave("a")
    assert world.join("a").breaker.holding(world.clock.now, 9, "shop")


async def test_a_limiter_with_nothing_in_it_goes_with_its_feed(world: World) -> None:
    world.cloud.add("a")
    before = world.watch_all().breaker
    world.feeds.leave("a")
    assert world.join("a").breaker is not before


async def test_what_is_gone_takes_nobody_elses_turn_to_be_read_again(world: World) -> None:
    """By default an object whose server was deleted stays, and so does the question after that server."""
    for number in range(200):
        world.cloud.add(f"s{number:03d}")
    feed = world.watch_all()
    await world.clock.advance(60)
    lost = [f"s{number:03d}" for number in range(100)]
    world.cloud.erase(*lost)
    for one in lost:
        await feed.look(one, world.cloud)
    await world.clock.advance(2 * HOUR)
    for one in world.cloud.ids:
        world.cloud.change_unseen(one, vcpu_count=7)
    await world.clock.advance(2 * HOUR)
    read = [feed.reading(one).server for one in world.cloud.ids]
    assert {server.cpu for server in read if server is not None} == {7}
