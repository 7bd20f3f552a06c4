"""When a key comes back: by its timer, or after a fault."""

from __future__ import annotations

import logging
from collections import Counter

import pytest

from onecloud_operator.engine.lanes import Lane
from tests.engine.queues import Desk, queue_on, running
from tests.engine.simulated import SimulatedClock

SECRET = "s3cret-token"


async def test_a_timer_brings_a_key_back_at_its_time(clock: SimulatedClock) -> None:
    queue, desk = queue_on(clock), Desk()
    async with running(queue, desk, clock):
        queue.add_after("a", 10.0, Lane.CLOUD)
        await clock.advance(9.9)
        assert desk.came == []
        await clock.advance(0.2)
        assert desk.came == ["a"]
        await clock.advance(100)
        assert desk.came == ["a"]


@pytest.mark.parametrize(
    ("first", "second"),
    [pytest.param(5.0, 60.0, id="the-later-is-ignored"), pytest.param(60.0, 5.0, id="the-earlier-replaces")],
)
async def test_a_key_has_one_timer_and_the_earlier_wins(
    clock: SimulatedClock, first: float, second: float
) -> None:
    queue, desk = queue_on(clock), Desk()
    async with running(queue, desk, clock):
        queue.add_after("a", first, Lane.CLOUD)
        queue.add_after("a", second, Lane.CLOUD)
        assert queue.delayed == 1
        await clock.advance(6)
        assert desk.came == ["a"]
        await clock.advance(100)
        assert desk.came == ["a"]


async def test_a_pass_takes_the_older_timer_away(clock: SimulatedClock) -> None:
    """It looks at everything, so what the timer was set for has been looked at."""
    queue, desk = queue_on(clock), Desk()
    async with running(queue, desk, clock):
        queue.add_after("a", 10.0, Lane.RESYNC)
        queue.add("a", Lane.CLOUD)
        await clock.advance(100)
        assert desk.came == ["a"]


async def test_the_handler_says_when_to_look_again(clock: SimulatedClock) -> None:
    queue, desk = queue_on(clock), Desk()
    desk.answers["a"] = 30.0
    async with running(queue, desk, clock):
        queue.add("a", Lane.USER)
        await clock.advance(95)
        assert desk.came == ["a"] * 4


async def test_an_unexpected_fault_is_told_once_without_its_words_and_the_key_is_tried_again_ever_later(
    clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    queue = queue_on(clock)
    came: list[float] = []

    async def faulty(key: str) -> float | None:
        came.append(clock.now - 1000.0)
        raise ValueError(f"cannot parse {SECRET} of {key}")

    with caplog.at_level(logging.ERROR):
        async with running(queue, faulty, clock):
            queue.add("a", Lane.USER)
            await clock.advance(1600)
    assert came[:6] == [0.0, 1.0, 3.0, 7.0, 15.0, 31.0]
    assert came[-1] - came[-2] == pytest.approx(300.0)
    assert queue.failures == len(came)
    (record,) = caplog.records
    assert "ValueError in faulty (test_queue_timers.py:" in record.__dict__["fault"]
    assert SECRET not in str(record.__dict__)


async def test_a_pass_that_works_ends_the_backoff(clock: SimulatedClock) -> None:
    queue = queue_on(clock)
    came: list[float] = []
    faults = [True, True, False, True, True]

    async def handler(key: str) -> float | None:
        came.append(clock.now - 1000.0)
        if faults and faults.pop(0):
            raise KeyError(key)
        return 100.0 if faults else None

    async with running(queue, handler, clock):
        queue.add("a", Lane.USER)
        await clock.advance(500)
    assert came == [0.0, 1.0, 3.0, 103.0, 104.0, 106.0]


async def test_one_key_that_faults_does_not_hold_up_the_others(clock: SimulatedClock) -> None:
    queue, came = queue_on(clock), Counter[str]()

    async def handler(key: str) -> float | None:
        came[key] += 1
        if key == "bad":
            raise RuntimeError
        return None

    async with running(queue, handler, clock):
        for key in ("bad", "good", "bad", "fine"):
            queue.add(key, Lane.USER)
        await clock.advance(2)
        assert (came["good"], came["fine"]) == (1, 1)


async def test_ten_thousand_keys_put_off_again_and_again_keep_the_heap_small(
    clock: SimulatedClock,
) -> None:
    queue, desk = queue_on(clock, workers=100), Desk()
    desk.answers = {f"k{n}": 600.0 for n in range(10_000)}
    async with running(queue, desk, clock):
        for _ in range(5):
            for key in desk.answers:
                queue.add(key, Lane.CLOUD)
            await clock.settle_until(lambda: not queue.depth(Lane.CLOUD) and not queue.running)
        assert len(desk.came) == 50_000
        assert queue.delayed == 10_000
        assert len(queue._timers._heap) < 21_000  # noqa: SLF001 - the point of this test
