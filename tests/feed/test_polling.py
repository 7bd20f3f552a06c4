"""How often a cloud is asked, and what a poll costs, in simulated time."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.engine.simulated import SimulatedClock
from tests.feed.world import HOUR, World


async def test_ten_thousand_idle_servers_cost_less_than_1200_calls_an_hour_and_no_single_gets(
    world: World,
) -> None:
    for number in range(10_000):
        world.cloud.add(f"s{number:05d}")
    world.cloud.log_event("s00000", "create")
    await world.clock.advance(60)
    world.watch_all()
    await world.clock.advance(300)
    before = world.clock.now
    count = len(world.notified)
    world.cloud.rows_sent = 0
    await world.clock.advance(HOUR)
    kinds = world.cloud.kinds(before)
    assert sum(kinds.values()) <= 1200, kinds
    assert kinds["get"] == 0
    assert kinds["details"] <= 102
    assert world.notified[count:] == []
    assert world.cloud.rows_sent < 10_000 * 8  # six sweeps and one refresh


async def test_an_idle_project_is_asked_every_five_seconds(world: World) -> None:
    world.cloud.add("a")
    world.watch_all()
    await world.clock.advance(100)
    polls = [at for at in world.cloud.times("delta") if at > 20]
    assert {round(b - a, 3) for a, b in pairwise(polls)} == {5.0}


async def test_a_moving_server_is_asked_for_every_two_seconds_until_it_hangs(world: World) -> None:
    world.cloud.add("a")
    feed = world.watch_all()
    await world.clock.advance(60)
    world.cloud.change("a", status="starting")
    await world.clock.advance(60)
    polls = [at for at in world.cloud.times("delta") if at > 70]
    assert {round(b - a, 3) for a, b in pairwise(polls)} == {2.0}
    await world.clock.advance(700)
    polls = [at for at in world.cloud.times("delta") if at > 700]
    assert {round(b - a, 3) for a, b in pairwise(polls)} == {5.0}
    assert feed.reading("a").server is not None


async def test_after_a_write_the_cloud_is_asked_at_once_and_its_reader_is_told(world: World) -> None:
    world.cloud.add("a")
    feed = world.watch_all()
    await world.clock.advance(61)
    count = len(world.notified)
    wrote_at = world.clock.now
    feed.wrote("a")
    await world.clock.settle()
    assert world.cloud.calls[-1][0] == wrote_at
    assert feed.reading("a").asked_at >= wrote_at
    assert world.notified_since(count) == {"a"}


async def test_a_hundred_writes_at_once_are_not_a_hundred_polls(world: World) -> None:
    for number in range(100):
        world.cloud.add(f"s{number}")
    feed = world.watch_all()
    await world.clock.advance(61)
    before = world.clock.now
    for number in range(100):
        feed.wrote(f"s{number}")
        await world.clock.advance(0.02)
    assert world.cloud.kinds(before)["delta"] <= 6


async def test_a_poll_that_shows_nothing_is_a_read_of_every_server(world: World) -> None:
    world.cloud.add("a")
    feed = world.watch_all()
    await world.clock.advance(100)
    reading = feed.reading("a")
    assert world.clock.now - reading.asked_at <= 5.0
    assert reading.confirmed


async def test_a_status_is_confirmed_by_a_second_read_half_a_second_later(
    world: World,
) -> None:
    world.cloud.add("a", status="stopping")
    feed = world.watch_all()
    await world.clock.advance(11)
    world.cloud.change("a", status="ready")
    feed.wrote("a")
    await world.clock.advance(0.1)
    first = feed.reading("a")
    assert first.server is not None
    assert first.server.status == "ready"
    assert not first.confirmed
    count = len(world.notified)
    await world.clock.advance(3)
    assert feed.reading("a").confirmed
    assert world.notified_since(count) == {"a"}


async def test_a_moving_server_has_its_details_read_every_ten_seconds_and_when_it_rests(world: World) -> None:
    world.cloud.add("a")
    world.watch_all()
    await world.clock.advance(60)
    before = world.clock.now
    for _ in range(30):
        world.cloud.change("a", status="deploying")
        await world.clock.advance(1)
    assert world.cloud.kinds(before)["details"] <= 4
    between = world.clock.now
    world.cloud.change("a", status="running")
    await world.clock.advance(3)
    assert world.cloud.kinds(between)["details"] == 1


async def test_a_storm_of_unknown_servers_reads_no_details(world: World) -> None:
    for number in range(200):
        world.cloud.add(f"s{number:03d}")
    feed = world.watch_all()
    await world.clock.advance(60)
    before = world.clock.now
    for number in range(200):
        world.cloud.change(f"s{number:03d}", status="unknown")
    await world.clock.advance(30)
    assert world.cloud.kinds(before)["details"] == 0
    assert {str(feed.reading(one).server.phase) for one in world.cloud.ids} == {"Unknown"}  # type: ignore[union-attr]


async def test_a_burst_is_not_repeated_once_it_was_seen_whole(world: World) -> None:
    for number in range(300):
        world.cloud.add(f"s{number:03d}")
    world.watch_all()
    await world.clock.advance(60)
    for number in range(300):
        world.cloud.change(f"s{number:03d}", name="renamed")
    await world.clock.advance(30)
    before, world.cloud.rows_sent = world.clock.now, 0
    await world.clock.advance(100)
    assert world.cloud.kinds(before)["delta"] >= 20
    assert world.cloud.rows_sent == 0


async def test_one_object_of_a_huge_project_does_not_wait_for_the_sweep(world: World) -> None:
    for number in range(20_000):
        world.cloud.add(f"s{number:05d}")
    feed = world.join("me")
    feed.watch("me", "s19999")
    await world.clock.advance(1)
    assert feed.reading("s19999").server is not None


async def test_an_id_that_is_learned_at_once_costs_no_read_of_its_own(world: World) -> None:
    """Objects watch the id that they are about to create."""
    world.cloud.add("old")
    feed = world.watch_all()
    await world.clock.advance(60)
    before = world.clock.now
    feed.join("new", world.cloud)
    feed.watch("new", "new")
    await world.clock.advance(0.2)
    world.cloud.add("new", status="schedule")
    feed.learn(world.cloud.row("new") | {"disks_info": []}, world.clock.now)
    await world.clock.advance(1)
    assert world.cloud.kinds(before)["details"] == 0
    server = feed.reading("new").server
    assert server is not None
    assert server.status == "schedule"


async def test_a_change_while_pages_are_read_is_not_lost(world: World) -> None:
    """Page one of a poll is old when the last page comes: what changed on it must be in the next window."""
    await world.feeds.close()
    slow = World(world.clock, delta_rows=10, page_rows=10)
    for number in range(60):
        slow.cloud.add(f"s{number:02d}")
    feed = slow.watch_all()
    await slow.clock.advance(60)
    for number in range(60):
        slow.cloud.change(f"s{number:02d}", status="unknown", name="first")  # whose details nobody reads
    pages = 0

    def change_behind(kind: str, query: Any) -> None:
        nonlocal pages
        if kind == "delta" and any(condition.field == "id" for condition in query.filters):
            pages += 1
            slow.clock.now += 4.0
            if pages == 3:
                slow.cloud.change("s00", name="second")
            slow.cloud.change("s59", name=f"page {pages}")

    slow.cloud.fail = change_behind
    await slow.clock.advance(30)
    slow.cloud.fail = lambda _kind, _query: None
    await slow.clock.advance(20)
    server = feed.reading("s00").server
    assert pages >= 5
    assert server is not None
    assert server.name == "second"
    await slow.feeds.close()


async def test_without_events_the_sweep_comes_twice_as_often(world: World) -> None:
    world.cloud.add("a")
    world.watch_all()
    await world.clock.advance(2 * HOUR)
    silent = len(world.cloud.times("sweep"))
    world.cloud.log_event("a", "sync_conf")
    before = world.clock.now
    await world.clock.advance(2 * HOUR)
    assert silent == pytest.approx(24, abs=2)
    assert world.cloud.kinds(before)["sweep"] == pytest.approx(12, abs=2)


async def test_an_idle_fleets_poll_costs_the_same_for_one_server_and_for_thousands(world: World) -> None:
    """No work for each server: a poll that shows nothing touches none of them."""
    for number in range(5_000):
        world.cloud.add(f"s{number:04d}")
    feed = world.watch_all()
    await world.clock.advance(120)
    entries = [feed._cache.get(one) for one in world.cloud.ids]  # noqa: SLF001 - to see that nothing was touched
    before = [entry.asked_at for entry in entries if entry]
    await world.clock.advance(20)
    assert [entry.asked_at for entry in entries if entry] == before
    assert feed.reading("s0000").asked_at >= world.clock.now - 5.0


async def test_what_one_object_finds_out_is_told_to_others_that_watch_the_server(world: World) -> None:
    world.cloud.add("a")
    feed = world.join("owner")
    feed.watch("owner", "a")
    world.join("observer").watch("observer", "a")
    await world.clock.advance(60)
    world.cloud.change("a", name="renamed")
    count = len(world.notified)
    await feed.look("a", world.cloud)
    assert "observer" in world.notified_since(count)
    world.cloud.erase("a")
    count = len(world.notified)
    await feed.look("a", world.cloud)
    assert "observer" in world.notified_since(count)


async def test_events_that_are_switched_off_are_never_asked_for() -> None:
    world = World(SimulatedClock(), events_seconds=0.0)
    world.cloud.add("a")
    world.watch_all()
    await world.clock.advance(HOUR)
    assert world.cloud.kinds(0.0)["events"] == 0
    assert world.cloud.kinds(0.0)["sweep"] >= 10, "twice as often as with events"
    await world.feeds.close()
