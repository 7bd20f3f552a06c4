from __future__ import annotations

import asyncio
import gc

import pytest

from onecloud_operator.engine.backoff import Backoff
from onecloud_operator.engine.tasks import Supervisor, TaskFault
from tests.engine.simulated import SimulatedClock

SECRET = "s3cret-token"


@pytest.fixture
def supervisor(clock: SimulatedClock) -> Supervisor:
    return Supervisor(clock)


async def faulty() -> None:
    raise ValueError(SECRET)


async def endless() -> None:
    await asyncio.Event().wait()


async def ends() -> None:
    await asyncio.sleep(0)


async def test_a_fault_of_a_shared_task_names_task_and_place_and_quotes_nothing(
    supervisor: Supervisor,
) -> None:
    supervisor.start("fine", endless())
    supervisor.start("sweeper", faulty())
    with pytest.raises(TaskFault, match=r"sweeper: ValueError in faulty \(test_tasks\.py:") as caught:
        await supervisor.fault()
    assert SECRET not in str(caught.value)
    await supervisor.close()


async def test_a_shared_task_must_not_end(supervisor: Supervisor) -> None:
    supervisor.start("watcher", ends())
    with pytest.raises(TaskFault, match="watcher: ended"):
        await supervisor.fault()


async def test_a_fault_that_came_before_anyone_waited_is_not_lost(
    supervisor: Supervisor, clock: SimulatedClock
) -> None:
    supervisor.start("early", faulty())
    await clock.settle()
    with pytest.raises(TaskFault, match="early"):
        await supervisor.fault()


async def test_closing_is_no_fault(supervisor: Supervisor, clock: SimulatedClock) -> None:
    supervisor.start("watcher", endless())
    supervisor.restarting("feed", endless, Backoff(5.0, 60.0, lambda: 0.5))
    waiting = asyncio.ensure_future(supervisor.fault())
    await clock.settle()
    await supervisor.close()
    await clock.settle()
    assert not waiting.done()
    waiting.cancel()


async def test_a_feed_that_faults_is_started_again_with_backoff_and_nothing_else_notices(
    supervisor: Supervisor, clock: SimulatedClock
) -> None:
    began: list[float] = []
    faults: list[str] = []

    async def feed() -> None:
        began.append(clock.now - 1000.0)
        if len(began) < 4:
            raise KeyError(SECRET)
        await endless()

    supervisor.restarting("feed a", feed, Backoff(5.0, 60.0, lambda: 0.5), faults.append)
    waiting = asyncio.ensure_future(supervisor.fault())
    await clock.advance(300)
    assert began == [0.0, 5.0, 15.0, 35.0]
    assert supervisor.restarts == len(faults) == 3
    assert SECRET not in str(faults)
    assert not waiting.done()
    waiting.cancel()
    await supervisor.close()


async def test_a_fault_after_a_steady_time_waits_as_the_first_did(
    supervisor: Supervisor, clock: SimulatedClock
) -> None:
    began: list[float] = []

    async def feed() -> None:
        began.append(clock.now - 1000.0)
        await clock.sleep(1000.0 if len(began) % 2 == 0 else 0.0)
        raise KeyError

    supervisor.restarting("feed", feed, Backoff(5.0, 60.0, lambda: 0.5))
    await clock.advance(1100)
    assert began == [0.0, 5.0, 1010.0, 1020.0]
    await supervisor.close()


async def test_a_cancelled_feed_takes_its_run_along(supervisor: Supervisor, clock: SimulatedClock) -> None:
    ended: list[str] = []

    async def feed() -> None:
        try:
            await endless()
        finally:
            ended.append("run")

    task = supervisor.restarting("feed", feed, Backoff(5.0, 60.0, lambda: 0.5))
    await clock.settle()
    task.cancel()
    await clock.settle()
    assert task.cancelled()
    assert ended == ["run"]


async def test_a_restarting_task_that_returns_is_done(supervisor: Supervisor, clock: SimulatedClock) -> None:
    task = supervisor.restarting("once", ends, Backoff(5.0, 60.0, lambda: 0.5))
    await clock.settle()
    assert task.done()
    assert supervisor.restarts == 0


async def test_a_fault_in_the_last_turn_of_a_task_that_is_ended_is_no_fault(
    supervisor: Supervisor, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """It still has that turn of the loop when what it works on has been taken away already."""
    go_on = asyncio.Event()

    async def works() -> None:
        await go_on.wait()
        raise ValueError(SECRET)

    task = supervisor.restarting("feed", works, Backoff(1.0, 8.0, lambda: 0.5))
    await clock.settle()
    go_on.set()
    task.cancel()
    await clock.settle()
    assert task.cancelled()
    assert supervisor.restarts == 0
    del task
    gc.collect()
    assert [record.message for record in caplog.records if record.levelname != "DEBUG"] == []
