"""A board for each test, and tasks that end with it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.election.board import Board

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine.simulated import SimulatedClock


@pytest.fixture
def board(clock: SimulatedClock) -> Board:
    return Board(clock)


@pytest.fixture
def tasks() -> Iterator[list[asyncio.Task[None]]]:
    started: list[asyncio.Task[None]] = []
    yield started
    for task in started:
        task.cancel()
