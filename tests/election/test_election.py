"""Who may write, in simulated time; test_kubernetes_lease.py plays it against the real API server."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.election.election import (
    Election,
    Fence,
    Fenced,
    LeaseClaim,
    LeaseLost,
    Overtaken,
    Record,
    StoreError,
    Timing,
)
from tests.engine.simulated import SimulatedClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TIMING = Timing(duration_seconds=15, renew_seconds=5.0, deadline_seconds=10.0)
THEIRS = Record("them", 15.0, 3, "7")


class Board:
    """Where the record stands; it may be slow, silent or lose its answers."""

    def __init__(self, clock: SimulatedClock, record: Record | None = None) -> None:
        self.clock = clock
        self.record = record
        self.writes = 0
        self.silent = False
        self.refusing = False
        self.answer_seconds = 0.0
        self.losing = 0
        self._version = 100

    async def read(self) -> Record | None:
        await self._answer()
        return self.record

    async def write(self, old: Record | None, new: LeaseClaim) -> Record:
        if self.silent:
            await asyncio.Event().wait()
        if self.refusing:
            raise StoreError("no right")
        if (old.version if old else None) != (self.record.version if self.record else None):
            raise Overtaken("changed")
        self.writes += 1
        self._version += 1
        self.record = Record(new.holder, new.duration_seconds, new.transitions, str(self._version))
        if self.losing:
            self.losing -= 1
            raise StoreError("the answer was lost")
        await self._answer()
        return self.record

    def touch(self) -> None:
        """Have the holder renew."""
        assert self.record is not None
        self._version += 1
        self.record = replace(self.record, version=str(self._version))

    async def _answer(self) -> None:
        if self.silent:
            await asyncio.Event().wait()
        if self.refusing:
            raise StoreError("no right")
        await self.clock.sleep(self.answer_seconds)


@pytest.fixture
def board(clock: SimulatedClock) -> Board:
    return Board(clock)


@pytest.fixture
def tasks() -> Iterator[list[asyncio.Task[None]]]:
    started: list[asyncio.Task[None]] = []
    yield started
    for task in started:
        task.cancel()


def election(board: Board, identity: str = "we", timing: Timing = TIMING) -> Election:
    return Election(board, identity=identity, timing=timing, clock=board.clock)


async def leading(board: Board, identity: str = "we") -> Election:
    ours = election(board, identity)
    await ours.acquire()
    return ours


async def seconds_until(clock: SimulatedClock, condition: Callable[[], bool], most: float = 100.0) -> float:
    """Let time pass in small steps; return how much, up to *most*."""
    began_at = clock.now
    await clock.settle()
    while not condition() and clock.now - began_at < most:
        await clock.advance(0.25)
    return clock.now - began_at


def allowed(fence: Fence) -> bool:
    try:
        fence.check()
    except Fenced:
        return False
    return True


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


async def test_a_contender_outlives_every_trouble(
    board: Board, clock: SimulatedClock, tasks: list[asyncio.Task[None]], caplog: pytest.LogCaptureFixture
) -> None:
    board.refusing = True
    ours = election(board)
    tasks.append(asyncio.create_task(ours.acquire()))
    await clock.advance(60.0)
    assert [record.message for record in caplog.records] == ["the lease cannot be had; trying again"]
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
