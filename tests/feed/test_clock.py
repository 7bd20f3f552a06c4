"""The cloud stamps its rows by its own clock, and that clock may be wrong for a while."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.feed.window import EVERYTHING, MANY, Window
from tests.engine.simulated import SimulatedClock
from tests.feed.live import Live, live, server_of, until
from tests.feed.test_timing import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from onecloud_operator.feed import Feed

T = datetime(2026, 11, 23, 7, 28, 28, tzinfo=UTC)
HOUR = 3600.0
AHEAD = T + timedelta(hours=1)


def after(seconds: float) -> datetime:
    return T + timedelta(seconds=seconds)


@pytest.fixture
def window() -> Window:
    """A window whose newest change came at a known time: T, seen at 100 seconds of ours."""
    made = Window(5.0)
    made.start(after(-50), 0.0)
    made.seen_whole([after(-50)], [], 95.0)
    made.seen_whole([T], [], 100.0)
    return made


# -- the rule --------------------------------------------------------------------------------------------
def test_one_stamp_from_the_future_does_not_move_the_window(window: Window) -> None:
    window.seen_whole([T, AHEAD], [], 105.0)
    window.seen_whole([T, AHEAD], [], 110.0)
    assert window.floor() <= T
    window.seen_whole([after(12), AHEAD], [], 115.0)
    assert window.floor() == after(7)


def test_what_was_read_elsewhere_tells_the_time_as_well() -> None:
    window = Window(5.0)
    window.start(after(-50), 0.0)
    window.seen_whole([], [], 95.0)
    window.heard(T, 100.0)
    window.heard(AHEAD, 101.0)
    window.seen_whole([T, AHEAD], [], 105.0)
    assert window.floor() == after(-5)


def test_a_stamp_from_the_future_counts_once_its_time_has_come(window: Window) -> None:
    window.seen_whole([AHEAD], [], 105.0)
    window.seen_whole([AHEAD], [], 100.0 + HOUR)
    assert window.floor() < AHEAD - timedelta(minutes=50)
    window.seen_whole([AHEAD], [], 100.0 + HOUR + 200.0)
    assert window.floor() == AHEAD - timedelta(seconds=5)


def test_a_quiet_night_is_no_clock_that_runs_ahead(window: Window) -> None:
    window.seen_whole([], [], 100.0 + 8 * HOUR)
    window.seen_whole([after(8 * HOUR + 4)], [], 105.0 + 8 * HOUR)
    assert window.floor() == after(8 * HOUR - 1)


def test_an_hour_without_an_answer_is_no_clock_that_runs_ahead(window: Window) -> None:
    window.seen_whole([after(HOUR - 60)], [], 100.0 + HOUR)
    assert window.floor() == after(HOUR - 65)


def test_a_clock_that_was_set_is_followed_when_enough_changes_say_so(window: Window) -> None:
    """So that no more than so many rows are shown again and again."""
    rows: list[datetime] = []
    for number in range(MANY + 1):
        assert window.floor() <= T
        rows.append(AHEAD + timedelta(seconds=5 * number))
        window.seen_whole(rows, [], 105.0 + 5 * number)
    assert window.floor() == rows[-1] - timedelta(seconds=5)
    assert window.repeated == 0


def followed_ahead(window: Window, seconds: float = HOUR) -> list[datetime]:
    """Have a clock that is ahead be followed, from 105 seconds on."""
    rows = [after(seconds + number) for number in range(MANY + 1)]
    window.seen_whole(rows, [], 105.0)
    assert window.floor() > T
    return rows


def test_a_change_below_the_floor_moves_it_back_to_where_the_window_last_was_right(window: Window) -> None:
    followed_ahead(window)
    assert window.fall_back(after(300), 400.0) == 105.0, "the last poll that is sure to have shown everything"
    assert window.floor() == after(-5)


@pytest.mark.parametrize("seconds", [pytest.param(HOUR, id="an-hour"), pytest.param(600.0, id="ten-minutes")])
def test_after_a_fall_rows_from_the_future_do_not_move_the_window_again(
    window: Window, seconds: float
) -> None:
    rows = followed_ahead(window, seconds)
    window.fall_back(after(300), 400.0)
    window.seen_whole([after(290), after(300), *rows], [], 401.0)
    assert window.floor() == after(295)
    assert window.repeated == len(rows)
    window.seen_whole([after(300), *rows], [], 406.0)
    assert window.floor() == after(300)
    window.seen_whole([after(309), *rows], [], 411.0)
    assert window.floor() == after(304)


def test_a_window_that_began_in_the_future_falls_back_to_everything_once() -> None:
    window = Window(5.0)
    window.start(AHEAD, 0.0)
    window.seen_whole([AHEAD], [], 5.0)
    assert window.fall_back(T, 100.0) == 0.0
    assert window.floor() == EVERYTHING
    window.seen_whole([after(-1000), T, AHEAD], [], 101.0)
    assert window.floor() == after(-5)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World(SimulatedClock())
    yield made
    await made.feeds.close()


@pytest.fixture
async def parts() -> AsyncIterator[Live]:
    async with live() as made:
        yield made


# -- the feed --------------------------------------------------------------------------------------------
async def blinded(world: World) -> Feed[str]:
    """Have the feed begin while the newest row is from the future; another one changes behind its back."""
    for one in ("a", "b", "c"):
        world.cloud.add(one)
    world.cloud.change("a")
    world.cloud.rows["a"]["updated_at"] = "2026-11-23T09:30:00.000000Z"
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
    feed.learn(world.cloud.rows["c"] | {"disks_info": []}, world.clock.now)
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


async def test_what_is_repeated_for_a_clock_that_was_wrong_is_repeated_slowly(world: World) -> None:
    for number in range(600):
        world.cloud.add(f"s{number:03d}")
        world.cloud.rows[f"s{number:03d}"]["updated_at"] = "2026-11-23T12:00:00.000000Z"
    world.cloud.add("c")
    feed = world.watch_all()
    await world.clock.advance(60)
    world.cloud.change("c", name="changed by us")
    feed.learn(world.cloud.rows["c"] | {"disks_info": []}, world.clock.now)
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
