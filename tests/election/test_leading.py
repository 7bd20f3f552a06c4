"""How a leader keeps its lease, loses it and gives it back."""

from __future__ import annotations

import asyncio

import pytest

from onecloud_operator.election.election import (
    LeaseLost,
)
from tests.election.board import (
    THEIRS,
    TIMING,
    Board,
    allowed,
    election,
    leading,
    seconds_until,
)
from tests.engine.simulated import SimulatedClock


async def test_a_leader_renews_for_ever(
    board: Board, clock: SimulatedClock, tasks: list[asyncio.Task[None]]
) -> None:
    ours = await leading(board)
    tasks.append(asyncio.create_task(ours.hold()))
    for _ in range(200):
        await clock.advance(0.5)
        assert allowed(ours.fence)
    assert 19 <= board.writes <= 22


@pytest.mark.parametrize("trouble", ["silent", "refusing"])
async def test_a_leader_that_cannot_renew_ends_before_others_may_take_over(
    board: Board, clock: SimulatedClock, trouble: str
) -> None:
    ours = await leading(board)
    holding = asyncio.create_task(ours.hold())
    await clock.advance(7.0)  # renewed at 5
    renewed_at = 1005.0
    setattr(board, trouble, True)
    await seconds_until(clock, holding.done)
    with pytest.raises(LeaseLost, match="in time"):
        await holding
    assert clock.now <= renewed_at + TIMING.deadline_seconds + 0.25
    assert not allowed(ours.fence)


async def test_the_deadline_counts_from_when_the_last_renewal_was_sent(
    board: Board, clock: SimulatedClock
) -> None:
    """The record may have been written right then, and others count from there."""
    board.answer_seconds = 2.0
    ours = election(board)
    acquiring = asyncio.create_task(ours.acquire())
    await clock.advance(4.0)  # a read of 2 s, then a write of 2 s that was sent at 1002
    assert acquiring.done()
    assert ours.fence.until == 1002.0 + 10.0


async def test_a_short_outage_costs_nothing(board: Board, clock: SimulatedClock) -> None:
    ours = await leading(board)
    holding = asyncio.create_task(ours.hold())
    for _ in range(10):
        board.silent = True
        await clock.advance(7.0)
        board.silent = False
        await clock.advance(6.0)
        assert allowed(ours.fence)
    assert not holding.done()
    assert ours.failures > 0
    holding.cancel()


async def test_a_renewal_whose_answer_was_lost_is_repeated(board: Board, clock: SimulatedClock) -> None:
    ours = await leading(board)
    holding = asyncio.create_task(ours.hold())
    board.losing = 1
    await clock.advance(60.0)
    assert allowed(ours.fence)
    assert not holding.done()
    holding.cancel()


async def test_a_leader_whose_record_names_another_ends_at_once(board: Board, clock: SimulatedClock) -> None:
    ours = await leading(board)
    holding = asyncio.create_task(ours.hold())
    board.record = THEIRS
    await seconds_until(clock, holding.done)
    assert clock.now <= 1005.25
    with pytest.raises(LeaseLost, match="them"):
        await holding
    assert not allowed(ours.fence)


async def test_a_leader_whose_record_is_deleted_makes_it_again(board: Board, clock: SimulatedClock) -> None:
    ours = await leading(board)
    holding = asyncio.create_task(ours.hold())
    board.record = None
    await clock.advance(60.0)
    assert allowed(ours.fence)
    assert board.record is not None
    assert board.record.holder == "we"
    holding.cancel()


async def test_a_leader_that_was_frozen_may_write_nothing_when_it_wakes(
    board: Board, clock: SimulatedClock
) -> None:
    """The fence looks at the clock itself: it needs nobody to have run meanwhile to be closed."""
    ours = await leading(board)
    holding = asyncio.create_task(ours.hold())
    await clock.advance(7.0)
    clock.now += 30.0
    assert not allowed(ours.fence)
    await clock.advance(0.0)
    with pytest.raises(LeaseLost):
        await holding
    assert board.writes == 2, "a lease that is over is not renewed, even if nobody took it"


async def test_at_no_moment_may_two_write(
    board: Board, clock: SimulatedClock, tasks: list[asyncio.Task[None]]
) -> None:
    first = await leading(board, "first")
    holding = asyncio.create_task(first.hold())
    second = election(board, "second")
    tasks.append(asyncio.create_task(second.acquire()))
    await clock.advance(21.0)
    holding.cancel()  # it is cut off, and does not even know
    gap = 0.0
    while not allowed(second.fence):
        await clock.advance(0.25)
        gap = 0.0 if allowed(first.fence) else gap + 0.25
    assert not allowed(first.fence)
    assert gap >= TIMING.duration_seconds - TIMING.deadline_seconds, "what is under way has time to arrive"


async def test_a_released_lease_is_another_ones_within_a_poll(
    board: Board, clock: SimulatedClock, tasks: list[asyncio.Task[None]]
) -> None:
    first = await leading(board, "first")
    second = election(board, "second")
    tasks.append(asyncio.create_task(second.acquire()))
    await clock.advance(3.0)
    assert second.holder == "first"
    await first.release()
    assert not allowed(first.fence)
    assert await seconds_until(clock, lambda: allowed(second.fence)) <= 1.25
    assert second.holder == "second"


async def test_a_release_that_is_not_answered_ends_all_the_same(board: Board, clock: SimulatedClock) -> None:
    ours = await leading(board)
    board.silent = True
    releasing = asyncio.create_task(ours.release())
    await clock.advance(TIMING.try_seconds)
    await releasing
    assert not allowed(ours.fence)


async def test_a_lease_that_is_over_is_not_released_for_another(board: Board, clock: SimulatedClock) -> None:
    ours = await leading(board)
    clock.now += 30.0
    await ours.release()
    assert board.writes == 1
