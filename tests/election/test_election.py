"""When a lease is taken, and when it is not."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from onecloud_operator.election.election import (
    Fence,
    Record,
    Timing,
)
from tests.election.board import THEIRS, Board, allowed, election, leading, seconds_until
from tests.engine.simulated import SimulatedClock


async def test_a_process_alone_is_never_fenced() -> None:
    assert allowed(Fence.opened())


async def test_nothing_may_be_written_before_the_lease_is_held(board: Board) -> None:
    assert not allowed(election(board).fence)


async def test_a_lease_that_nobody_ever_had_is_taken_at_once(board: Board, clock: SimulatedClock) -> None:
    ours = await leading(board)
    assert clock.now == 1000.0
    assert allowed(ours.fence)
    assert board.record is not None
    assert board.record.holder == "we"


@pytest.mark.parametrize(
    ("record", "seconds"),
    [
        pytest.param(THEIRS, 15.0, id="a-silent-holder-is-waited-out"),
        pytest.param(replace(THEIRS, duration_seconds=40.0), 40.0, id="by-the-holders-own-longer-duration"),
        pytest.param(replace(THEIRS, duration_seconds=1.0), 15.0, id="and-by-ours-if-that-is-longer"),
        pytest.param(replace(THEIRS, holder=None), 0.0, id="a-released-lease-is-taken-at-once"),
        pytest.param(
            replace(THEIRS, holder="we"), 0.0, id="ours-by-an-answer-that-was-lost-is-taken-at-once"
        ),
    ],
)
async def test_when_a_lease_is_taken(
    board: Board, clock: SimulatedClock, tasks: list[asyncio.Task[None]], record: Record, seconds: float
) -> None:
    board.record = record
    ours = election(board)
    tasks.append(asyncio.create_task(ours.acquire()))
    waited = await seconds_until(clock, lambda: allowed(ours.fence))
    assert seconds <= waited <= seconds + 1.25
    assert board.record is not None
    assert board.record.transitions == record.transitions + 1


async def test_a_lease_that_is_renewed_is_never_taken(
    board: Board, clock: SimulatedClock, tasks: list[asyncio.Task[None]]
) -> None:
    board.record = THEIRS
    ours = election(board)
    tasks.append(asyncio.create_task(ours.acquire()))
    for _ in range(20):
        await clock.advance(14.0)
        assert not allowed(ours.fence)
        board.touch()
    assert board.writes == 0


async def test_who_stands_by_says_when_it_could_not_take_over(
    board: Board, clock: SimulatedClock, tasks: list[asyncio.Task[None]]
) -> None:
    """A rollout ends the old leader when the new ones are ready, and these must then be able to lead."""
    board.record = THEIRS
    ours = election(board)
    assert ours.check() == "cannot be had yet"
    tasks.append(asyncio.create_task(ours.acquire()))
    await clock.advance(1.0)
    assert ours.check() is None
    board.silent = True
    await clock.advance(14.0)
    assert ours.check() is None, "a leader would hold it for that long"
    await clock.advance(5.0)
    assert str(ours.check()).startswith("cannot be had for ")
    board.silent = False
    board.touch()
    await clock.advance(4.0)
    assert ours.check() is None
    assert not allowed(ours.fence)


async def test_a_free_lease_that_may_not_be_written_is_none_to_stand_by_for(
    board: Board, clock: SimulatedClock, tasks: list[asyncio.Task[None]]
) -> None:
    ours = election(board)
    board.refusing = True
    tasks.append(asyncio.create_task(ours.acquire()))
    await clock.advance(5.0)
    assert ours.check() is not None
    board.refusing = False
    await clock.advance(2.0)
    assert ours.check() is None
    assert allowed(ours.fence)


async def test_a_record_that_somebody_deletes_is_waited_out_as_well(
    board: Board, clock: SimulatedClock, tasks: list[asyncio.Task[None]]
) -> None:
    board.record = THEIRS
    ours = election(board)
    tasks.append(asyncio.create_task(ours.acquire()))
    await clock.advance(14.0)
    board.record = None
    waited = await seconds_until(clock, lambda: allowed(ours.fence))
    assert waited >= 15.0


async def test_a_contender_that_slept_takes_nothing_that_was_renewed_meanwhile(
    board: Board, clock: SimulatedClock, tasks: list[asyncio.Task[None]]
) -> None:
    board.record = THEIRS
    ours = election(board)
    tasks.append(asyncio.create_task(ours.acquire()))
    await clock.advance(2.0)
    board.touch()
    clock.now += 1000.0  # frozen; nothing of ours ran
    await clock.advance(3.0)
    assert not allowed(ours.fence)
    assert board.writes == 0


async def test_a_read_that_was_sent_too_early_proves_nothing(
    board: Board, clock: SimulatedClock, tasks: list[asyncio.Task[None]]
) -> None:
    """An answer that took long shows the record as it was when it was asked for, not as it is."""
    board.record, board.answer_seconds = THEIRS, 2.0
    ours = election(board)
    tasks.append(asyncio.create_task(ours.acquire()))
    waited = await seconds_until(clock, lambda: board.writes > 0)
    assert waited >= 2.0 + 15.0


async def test_of_two_that_wait_one_leads(
    board: Board, clock: SimulatedClock, tasks: list[asyncio.Task[None]]
) -> None:
    board.record = THEIRS
    both = [election(board, "a"), election(board, "b")]
    tasks += [asyncio.create_task(one.acquire()) for one in both]
    await seconds_until(clock, lambda: any(allowed(one.fence) for one in both))
    await clock.advance(5.0)
    assert sum(allowed(one.fence) for one in both) == 1


async def test_a_contender_outlives_every_trouble(
    board: Board, clock: SimulatedClock, tasks: list[asyncio.Task[None]], caplog: pytest.LogCaptureFixture
) -> None:
    board.refusing = True
    ours = election(board)
    tasks.append(asyncio.create_task(ours.acquire()))
    await clock.advance(60.0)
    assert [record.message for record in caplog.records] == ["failed to acquire the lease, retrying"]
    board.refusing = False
    assert await seconds_until(clock, lambda: allowed(ours.fence)) <= 1.25


@pytest.mark.parametrize(
    ("duration", "renew", "deadline"),
    [
        pytest.param(15, 10.0, 10.0, id="renewed-at-the-deadline"),
        pytest.param(10, 5.0, 10.0, id="a-deadline-when-others-may-act"),
        pytest.param(15, 0.0, 10.0, id="renewed-without-a-pause"),
    ],
)
def test_times_that_do_not_fit_together_are_refused(duration: int, renew: float, deadline: float) -> None:
    with pytest.raises(ValueError, match="lease"):
        Timing(duration, renew, deadline)


async def test_the_line_of_a_standby_says_who_leads(
    board: Board, clock: SimulatedClock, tasks: list[asyncio.Task[None]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="onecloud_operator.election")
    board.record = THEIRS
    tasks.append(asyncio.create_task(election(board).acquire()))
    await clock.advance(2.0)
    assert [record.message for record in caplog.records] == [f"standing by: {THEIRS.holder} leads"]
