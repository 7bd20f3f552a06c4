"""A board that holds the record of a lease, and processes that stand for election by it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from onecloud_operator.election.election import (
    Election,
    Fence,
    Fenced,
    LeaseClaim,
    Overtaken,
    Record,
    StoreError,
    Timing,
)
from tests.engine.simulated import SimulatedClock

if TYPE_CHECKING:
    from collections.abc import Callable

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
