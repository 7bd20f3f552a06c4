"""A feed whose cloud has a clock that is wrong, or that is set."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.feed.live import Live, server_of, until
from tests.feed.world import HOUR, World

if TYPE_CHECKING:
    from onecloud_operator.feed import Feed


async def blinded(world: World) -> Feed[str]:
    """
    Have the feed begin while the newest row is from the future; another one changes behind its back.

    No answer is dated, or it would not go unseen.
    """
    world.cloud.site.date = lambda: None
    for one in ("a", "b", "c"):
        world.cloud.add(one)
    world.cloud.change("a")
    world.cloud.stamp("a", datetime(2026, 11, 23, 9, 30, tzinfo=UTC))
    feed = world.watch_all()
    await world.clock.advance(30)
    world.cloud.change("b", name="changed outside")
    await world.clock.advance(30)
    server = feed.reading("b").server
    assert server is not None
    assert server.name == "b"
    return feed


async def test_the_reply_to_our_own_write_shows_that_the_window_is_in_the_future(world: World) -> None:
    feed = await blinded(world)
    world.cloud.change("c", name="changed by us")
    feed.learn(world.cloud.row("c") | {"disks_info": []}, world.clock.now)
    assert world.clock.now - feed.reading("b").asked_at >= 50, "those polls did not show every change"
    feed.wrote("c")
    await world.clock.advance(1)
    server = feed.reading("b").server
    assert server is not None
    assert server.name == "changed outside"
    assert world.clock.now - feed.reading("b").asked_at <= 1
    world.cloud.change("b", name="changed again")
    await world.clock.advance(6)
    server = feed.reading("b").server
    assert server is not None
    assert server.name == "changed again"


async def test_the_sweep_shows_that_the_window_is_in_the_future(world: World) -> None:
    feed = await blinded(world)
    await world.clock.advance(700)
    world.cloud.change("c", name="after the sweep")
    await world.clock.advance(6)
    server = feed.reading("c").server
    assert server is not None
    assert server.name == "after the sweep"


@pytest.mark.parametrize("dated", [True, False])
async def test_a_server_that_is_made_after_the_clock_was_set_back_is_followed_at_once(
    world: World, dated: bool
) -> None:
    if not dated:
        world.cloud.site.date = lambda: None
    world.cloud.site.ahead_seconds = HOUR
    world.cloud.add("a")
    feed = world.watch_all()
    await world.clock.advance(30)
    world.cloud.change("a", name="stamped an hour ahead")
    await world.clock.advance(30)
    world.cloud.site.ahead_seconds = 0.0
    await world.clock.advance(6)
    for one in ("new", "newer"):
        world.cloud.add(one, status="init")
        feed.watch(one, one)
        feed.learn(world.cloud.row(one) | {"disks_info": []}, world.clock.now, written=True)
        feed.wrote(one)
        await world.clock.advance(6)
        world.cloud.change(one, status="running")
        await world.clock.advance(3)
        server = feed.reading(one).server
        assert server is not None
        assert server.status == "running"


async def test_a_change_made_outside_after_the_clock_was_set_back_is_seen_at_once(world: World) -> None:
    for number in range(600):
        world.cloud.add(f"s{number:03d}")
    feed = world.watch_all()
    await world.clock.advance(700)
    world.cloud.site.ahead_seconds = HOUR
    for number in range(600):
        world.cloud.change(f"s{number:03d}", name="stamped an hour ahead")
    await world.clock.advance(30)
    world.cloud.site.ahead_seconds = 0.0
    world.cloud.change("s007", name="changed outside")
    await world.clock.advance(7)
    server = feed.reading("s007").server
    assert server is not None
    assert server.name == "changed outside"


async def test_a_date_that_goes_back_with_every_answer_keeps_no_poll_from_counting(world: World) -> None:
    world.cloud.add("a")
    feed = world.watch_all()
    await world.clock.advance(30)
    born = world.cloud.site.now()
    world.cloud.site.date = lambda: born - 10 * (world.cloud.site.now() - born)
    await world.clock.advance(60)
    assert world.clock.now - feed.reading("a").asked_at <= 11
    polls = [at for at in world.cloud.times("delta") if at > 40]
    assert len(polls) < 30


async def test_what_is_repeated_for_a_clock_that_was_wrong_is_repeated_slowly(world: World) -> None:
    for number in range(600):
        world.cloud.add(f"s{number:03d}")
        world.cloud.stamp(f"s{number:03d}", datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
    world.cloud.add("c")
    feed = world.watch_all()
    await world.clock.advance(60)
    world.cloud.change("c", name="changed by us")
    feed.learn(world.cloud.row("c") | {"disks_info": []}, world.clock.now)
    feed.wrote("c")
    await world.clock.advance(30)
    world.cloud.rows_sent = 0
    await world.clock.advance(600)
    assert world.cloud.rows_sent <= 600 * 14
    world.cloud.change("c", name="changed outside")
    await world.clock.advance(61)
    server = feed.reading("c").server
    assert server is not None
    assert server.name == "changed outside"


async def test_one_write_by_a_clock_that_ran_ahead_hides_no_change(parts: Live) -> None:
    first, second = parts.cloud.seed(2)
    feed = await parts.watching(first, second)
    parts.cloud.set_clock(60.0)
    parts.cloud.change(first, name="so that the time is known")
    await until(lambda: server_of(feed, first).name == "so that the time is known")
    parts.cloud.set_clock(HOUR)
    parts.cloud.change(first, name="stamped an hour ahead")
    await until(lambda: server_of(feed, first).name == "stamped an hour ahead")
    parts.cloud.set_clock(60.0)
    parts.cloud.change(second, name="changed outside")
    await until(lambda: server_of(feed, second).name == "changed outside")
