from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.core.values import Place
from onecloud_operator.engine.lanes import Lane
from onecloud_operator.feed import Feed
from onecloud_operator.onecloud.errors import Call, ConnectFailed, Forbidden, ServerError
from onecloud_operator.translate import observed_from_row
from sandbox.cloud.defaults import OTHER_PROJECT
from tests.engine.simulated import SimulatedClock
from tests.feed.cloud import PROJECT, SimulatedCloud, kind_of
from tests.feed.world import PLACE, World

if TYPE_CHECKING:
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.onecloud.models import ServerPage, ServerQuery

HOUR = 3600.0


async def test_ten_thousand_idle_servers_cost_less_than_1200_calls_an_hour_and_no_single_gets(
    world: World,
) -> None:
    for number in range(10_000):
        world.cloud.add(f"s{number:05d}")
    world.cloud.happen("s00000", "create")
    await world.clock.advance(60)
    world.watch_all()
    await world.clock.advance(300)
    before = world.clock.now
    told = len(world.told)
    world.cloud.rows_sent = 0
    await world.clock.advance(HOUR)
    kinds = world.cloud.kinds(before)
    assert sum(kinds.values()) <= 1200, kinds
    assert kinds["get"] == 0
    assert kinds["details"] <= 102
    assert world.told[told:] == []
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
    told = len(world.told)
    wrote_at = world.clock.now
    feed.wrote("a")
    await world.clock.settle()
    assert world.cloud.calls[-1][0] == wrote_at
    assert feed.reading("a").asked_at >= wrote_at
    assert world.told_since(told) == {"a"}


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
    told = len(world.told)
    await world.clock.advance(3)
    assert feed.reading("a").confirmed
    assert world.told_since(told) == {"a"}


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
    assert {key for key, lane in again.told if lane is Lane.CLOUD} == {"s0007"}
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


async def test_a_dead_endpoint_shows_after_more_than_two_tries_and_recovers_by_itself(world: World) -> None:
    world.cloud.add("a")
    feed = world.watch_all()
    await world.clock.advance(60)
    dead_at, told = world.clock.now, len(world.told)
    world.cloud.fail = lambda kind, _query: ConnectFailed("nobody there") if kind != "events" else None
    await world.clock.advance(16)
    assert feed.health.problem is None
    assert feed.health.fresh_at is not None
    await world.clock.advance(10)
    problem = feed.health.problem
    assert problem is not None
    assert problem.reason == "EndpointUnreachable"
    assert world.told[told:] == [("a", Lane.RESYNC)]
    assert feed.reading("a").server is not None, "what was known stays known"
    await world.clock.advance(1800)
    assert set(world.cloud.kinds(dead_at)) <= {"delta", "events"}
    last = world.cloud.times("delta")[-2:]
    assert last[1] - last[0] == pytest.approx(60.0)
    told = len(world.told)
    world.cloud.fail = lambda _kind, _query: None
    await world.clock.advance(70)
    assert feed.health.problem is None
    assert world.told[told:] == [("a", Lane.RESYNC)]
    assert feed.trouble("a") is None


async def test_a_change_of_health_is_told_once_to_each_of_thousands(world: World) -> None:
    for number in range(3_000):
        world.cloud.add(f"s{number:04d}")
    world.watch_all()
    await world.clock.advance(60)
    told = len(world.told)
    world.cloud.fail = lambda _kind, _query: ConnectFailed("nobody there")
    await world.clock.advance(600)
    assert sorted(world.told[told:]) == [(one, Lane.RESYNC) for one in world.cloud.ids]


async def test_a_refused_member_is_set_aside_when_the_next_ones_credentials_work(world: World) -> None:
    world.cloud.add("a")
    world.cloud.add("b")
    refused = world.cloud.another_client()
    feed = world.join("a", refused)
    feed.watch("a", "a")
    world.join("b").watch("b", "b")
    await world.clock.advance(30)
    assert feed.trouble("a") is None
    refused.fail = lambda _kind, _query: Forbidden(Call("GET", "/servers"), 403, "ForbiddenError", "no")
    told = len(world.told)
    await world.clock.advance(10)
    assert world.told_since(told) == {"a"}
    trouble = feed.trouble("a")
    assert trouble is not None
    assert trouble.reason == "Forbidden"
    assert feed.trouble("b") is None
    assert feed.health.problem is None
    asked = len(refused.calls)
    await world.clock.advance(HOUR)
    assert 10 <= len(refused.calls) - asked - refused.kinds()["events"] <= 20, "tried again, and slowly"
    refused.fail = lambda _kind, _query: None
    await world.clock.advance(400)
    assert feed.trouble("a") is None


async def test_when_all_are_refused_nobody_is_set_aside_but_the_feed_is_out_of_touch(world: World) -> None:
    """More likely the identity service is down."""
    world.cloud.add("a")
    others = [world.cloud.another_client() for _ in range(3)]
    for number, other in enumerate([world.cloud, *others]):
        world.join(f"k{number}", other).watch(f"k{number}", "a")
    feed = world.join("k0")
    await world.clock.advance(30)
    for other in [world.cloud, *others]:
        other.fail = lambda _kind, _query: Forbidden(Call("GET", "/servers"), 403, "ForbiddenError", "no")
    await world.clock.advance(60)
    assert feed.health.problem is not None
    for other in [world.cloud, *others]:
        other.fail = lambda _kind, _query: None
    await world.clock.advance(120)
    assert [feed.trouble(f"k{number}") for number in range(4)] == [None] * 4


async def test_the_last_member_stops_the_feed(world: World) -> None:
    world.cloud.add("a")
    world.join("x").watch("x", "a")
    world.join("y").watch("y", "a")
    await world.clock.advance(30)
    world.feeds.leave("x")
    before = world.clock.now
    await world.clock.advance(30)
    assert world.cloud.kinds(before)["delta"] > 0
    world.feeds.leave("y")
    await world.clock.advance(1)
    before = world.clock.now
    await world.clock.advance(1000)
    assert not world.cloud.kinds(before)
    assert not list(world.feeds)


async def test_an_object_is_in_one_feed_at_a_time(world: World) -> None:
    world.cloud.add("a")
    first = world.join("x")
    first.watch("x", "a")
    world.join("y")
    other = world.feeds.join("x", Place("https://other.example/v3", "", PROJECT), world.cloud)
    assert other is not first
    assert first.owned == 0
    assert first.pool == 1


async def test_a_fault_of_ours_in_one_feed_shows_on_its_objects_and_is_tried_again(world: World) -> None:
    world.cloud.add("a")
    feed = world.watch_all()
    await world.clock.advance(30)

    def broken(_kind: str, _query: object) -> None:
        raise KeyError("s3cret")

    told = len(world.told)
    world.cloud.fail = broken
    await world.clock.advance(12)
    problem = feed.health.problem
    assert problem is not None
    assert "KeyError" in problem.message
    assert "s3cret" not in problem.message
    assert world.told_since(told) == {"a"}
    world.cloud.fail = lambda _kind, _query: None
    await world.clock.advance(120)
    assert feed.health.problem is None
    assert world.feeds.restarts > 0


async def test_a_feed_that_is_started_again_starts_clean(world: World) -> None:
    """What led to the fault may be among what was read, and no later answer would ever take it away."""
    world.cloud.add("a")
    feed = world.watch_all()
    await world.clock.advance(30)
    assert feed.reading("a").server is not None
    faults = 0

    def breaks_once(_kind: str, _query: object) -> None:
        nonlocal faults
        faults += 1
        if faults == 1:
            raise KeyError

    world.cloud.fail = breaks_once
    await world.clock.advance(5)
    assert feed.reading("a").server is None
    assert feed.trouble("a") is not None
    told = len(world.told)
    await world.clock.advance(60)
    assert feed.reading("a").server is not None
    assert feed.trouble("a") is None
    assert world.told_since(told) == {"a"}
    assert world.feeds.restarts == 1
    assert world.cloud.kinds(since=world.clock.now - 60)["newest"] == 1, "the window was placed anew"


async def test_a_row_that_the_cloud_cannot_show_is_a_question_for_its_owner_and_harms_nobody_else(
    world: World,
) -> None:
    for number in range(20):
        world.cloud.add(f"s{number:02d}")

    def poisoned(kind: str, query: Any) -> ServerError | None:
        hit = kind == "details" and "s13" in query.ids
        return ServerError(Call("GET", "/servers"), 500, "InternalServerError", "x") if hit else None

    world.cloud.fail = poisoned
    feed = world.watch_all()
    await world.clock.advance(300)
    readings = {one: feed.reading(one) for one in world.cloud.ids}
    assert {one for one, found in readings.items() if not found.server or not found.server.detailed} == {
        "s13"
    }
    assert "s13" in world.told_since(0)
    assert {lane for _, lane in world.told} == {Lane.CLOUD}, "nobody heard of a feed out of touch"


async def test_rows_of_another_project_are_nobodys_business(world: World) -> None:
    """An administrator's credentials may list the whole cloud."""
    world.cloud.add("mine")
    world.cloud.add("theirs", tenant_id=OTHER_PROJECT)
    administrator = world.cloud.another_client("sysadmin", scope="system")
    assert {row["id"] for row in (await administrator.list_servers()).rows} == {"mine", "theirs"}
    feed = world.join("x", administrator)
    feed.watch("x", "theirs")
    world.join("y", administrator).watch("y", "mine")
    for _ in range(20):
        world.cloud.change("theirs", name="other")
        await world.clock.advance(3)
    assert feed.reading("mine").server is not None
    assert feed.reading("theirs").server is None


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


async def test_an_event_log_that_begins_anew_is_followed_anew(world: World) -> None:
    world.cloud.add("a")
    for _ in range(50):
        world.cloud.happen("a", "sync_conf")
    feed = world.watch_all()
    await world.clock.advance(60)
    world.cloud.begin_another_log()
    await world.clock.advance(60)
    world.cloud.happen("a", "sync_conf")
    await world.clock.advance(400)
    world.cloud.erase("a")
    world.cloud.happen("a", "delete")
    await world.clock.advance(20)
    assert feed.reading("a").missing


async def test_without_events_the_sweep_comes_twice_as_often(world: World) -> None:
    world.cloud.add("a")
    world.watch_all()
    await world.clock.advance(2 * HOUR)
    silent = len(world.cloud.times("sweep"))
    world.cloud.happen("a", "sync_conf")
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


async def test_what_one_object_finds_out_is_told_to_others_that_watch_the_server(world: World) -> None:
    world.cloud.add("a")
    feed = world.join("owner")
    feed.watch("owner", "a")
    world.join("observer").watch("observer", "a")
    await world.clock.advance(60)
    world.cloud.change("a", name="renamed")
    told = len(world.told)
    await feed.look("a", world.cloud)
    assert "observer" in world.told_since(told)
    world.cloud.erase("a")
    told = len(world.told)
    await feed.look("a", world.cloud)
    assert "observer" in world.told_since(told)


def refusing_slim_rows(kind: str, _query: object) -> ConnectFailed | None:
    return ConnectFailed("no", Call("GET", "/servers", "x", False)) if kind == "rows" else None


async def test_a_job_that_failed_and_has_nothing_left_to_do_does_not_freeze_the_project(world: World) -> None:
    """Only the list of departing servers fails; when they have left it is not asked for any more."""
    world.cloud.add("a")
    world.cloud.add("b")
    feed = world.watch_all()
    await world.clock.advance(30)
    world.cloud.fail = refusing_slim_rows
    world.cloud.change("b", status="start_delete")
    await world.clock.advance(60)
    assert feed.trouble("a") is not None
    world.cloud.change("b", status="ready", pending_deleted=True)
    await world.clock.advance(20)
    assert feed.trouble("a") is None
    assert feed.trouble("b") is None


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
    assert world.told == []


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
    world.cloud.happen("a", "create")
    feed = world.join("me")
    memory = recalled(world, "a")
    await world.clock.advance(3)
    world.cloud.erase("a")
    world.cloud.happen("a", "delete")
    await world.clock.advance(20)
    feed.watch("me", "a", memory)
    await world.clock.advance(2)
    assert feed.reading("a").missing


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


async def test_events_that_are_switched_off_are_never_asked_for() -> None:
    world = World(SimulatedClock(), events_seconds=0.0)
    world.cloud.add("a")
    world.watch_all()
    await world.clock.advance(HOUR)
    assert world.cloud.kinds(0.0)["events"] == 0
    assert world.cloud.kinds(0.0)["sweep"] >= 10, "twice as often as with events"
    await world.feeds.close()


@pytest.mark.parametrize("kind", ["delta", "sweep"])
async def test_a_list_without_an_end_is_given_up(world: World, kind: str) -> None:
    """A tenant's endpoint may answer what it likes: it can cost its own objects only."""
    world.cloud.add("a")
    world.watch_all()
    await world.clock.advance(60)
    endless = Endless(world.cloud, kind)
    world.feeds.join("a", PLACE, endless).watch("a", "a")
    await world.clock.advance(2 * HOUR)
    assert 1000 < endless.pages < 100_000


class Endless(SimulatedCloud):
    """A cloud whose lists of one kind go on for ever."""

    def __init__(self, cloud: SimulatedCloud, kind: str) -> None:
        super().__init__(cloud.site.clock, cloud.site)
        self.kind = kind
        self.pages = 0
        self.page: ServerPage | None = None

    async def list_servers(self, query: ServerQuery | None = None) -> ServerPage:
        if query is None or kind_of(query) != self.kind:
            return await super().list_servers(query)
        self.pages += 1
        self.page = self.page or await super().list_servers(query)
        row = self.row("a") | {"id": f"b{self.pages:09d}"}
        return replace(self.page, rows=(row,), total=10**9, asked_at=self.site.clock.now)
