"""One rate for several loops, which take turns."""

from __future__ import annotations

import asyncio

from onecloud_operator.engine.pace import Pace
from tests.engine.simulated import SimulatedClock


async def test_turns_come_at_one_rate_in_the_order_of_those_who_ask_and_none_are_saved_up() -> None:
    clock = SimulatedClock()
    pace, turns = Pace(clock, per_second=4.0), list[tuple[str, float]]()
    start = clock.now

    async def ask(name: str, times: int) -> None:
        for _ in range(times):
            await pace.turn()
            turns.append((name, clock.now - start))

    await clock.advance(60.0)
    start = clock.now
    asking = [asyncio.create_task(ask("a", 3)), asyncio.create_task(ask("b", 2))]
    await clock.advance(10.0)
    await asyncio.gather(*asking)
    assert turns == [("a", 0.0), ("b", 0.25), ("a", 0.5), ("b", 0.75), ("a", 1.0)]
