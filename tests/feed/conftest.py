"""A feed in simulated time and one in real time, both on the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.feed.live import Live, live
from tests.feed.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.engine.simulated import SimulatedClock


@pytest.fixture
async def world(clock: SimulatedClock) -> AsyncIterator[World]:
    made = World(clock)
    yield made
    await made.feeds.close()


@pytest.fixture
async def parts() -> AsyncIterator[Live]:
    async with live() as made:
        yield made
