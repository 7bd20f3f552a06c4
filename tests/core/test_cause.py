"""Why something failed is in the events: they are asked a few times, once for each failure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.core.actions import Hold, MarkFailedCreation, ReadCause, ReadHistory
from onecloud_operator.core.cloud_writes import SyncStatus
from onecloud_operator.core.facts import Cause, Memory
from onecloud_operator.core.plan.failure_cause import AGAIN_SECONDS, ASKED_KEPT, answered
from tests.core.fixtures import ID, MADE, NEW, NOW, records, resource, server, spec
from tests.core.world import World

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step

OFF = resource(records=records(creation=MADE))


def steps_within(world: World, seconds: float) -> list[tuple[float, Step]]:
    """Have time pass; return the steps and when they were taken."""
    begun, steps = world.now, []
    while world.now < begun + seconds:
        step = world.turn()
        steps.append((world.now - begun, step))
        world.now += max((world.wait if world.wait is not None else seconds) - 0.5, 0.0)
    return steps


def message(world: World) -> str:
    """Return what is said of the object."""
    conditions = world.cluster.stored.status["conditions"]
    return str(next(c["message"] for c in conditions if c["type"] == "Synced"))


def reads(steps: list[tuple[float, Step]]) -> list[float]:
    return [at for at, step in steps if isinstance(step, ReadCause)]


def start_in_vain(status: str, mood: str = "deaf") -> World:
    """Have a start be accepted, and nothing come of it."""
    world = World.of(OFF, server(status))
    world.cloud.mood = mood
    return world


def test_what_was_accepted_in_vain_is_told_with_the_clouds_words() -> None:
    world = start_in_vain("ready")
    steps_within(world, 60.0)
    assert "The cloud accepted the start, and the server still differs: no kvm device." in message(world)


def test_a_failed_status_is_told_with_the_clouds_words() -> None:
    world = start_in_vain("start_fail")
    steps_within(world, 60.0)
    assert "failed (start_fail: no kvm device)" in message(world)


def test_what_is_only_reported_is_told_with_the_clouds_words_too() -> None:
    watched = replace(OFF, spec=spec(drift={"mode": "Report"}))
    world = World.of(watched, server("start_fail"))
    steps = steps_within(world, 60.0)
    assert "failed (start_fail: no kvm device)" in message(world)
    assert "tried again" not in message(world)
    assert "nextRetryTime" not in world.cluster.stored.status
    assert not any(isinstance(step, SyncStatus) for _, step in steps)


def test_the_events_are_asked_once_for_each_failure_and_not_with_every_pass() -> None:
    world = start_in_vain("ready")
    steps = steps_within(world, 3600.0)
    failures = {step.failure for _, step in steps if isinstance(step, ReadCause)}
    assert len(reads(steps)) == len(failures)
    passes = World.of(OFF, server("start_fail"))
    passes.cloud.mood = "deaf"
    for _ in range(200):
        passes.turn()
    assert sum(isinstance(step, ReadCause) for step in passes.steps) == 1


def test_events_that_come_late_are_asked_again_within_seconds_and_then_no_more() -> None:
    world = start_in_vain("start_fail")
    world.cloud.told_at = world.now + 5.0
    first = reads(steps_within(world, 30.0))
    assert 2 <= len(first) <= len(AGAIN_SECONDS)
    assert "no kvm device" in message(world)
    silent = start_in_vain("start_fail")
    silent.cloud.words = ""
    asked = reads(steps_within(silent, 50.0))
    assert len(asked) == len(AGAIN_SECONDS) + 1
    assert asked[-1] - asked[0] < 25.0
    assert "failed (start_fail); its disks" in message(silent)


def test_events_that_cannot_be_read_are_asked_once() -> None:
    world = start_in_vain("start_fail")
    world.cloud.tells_history = False
    assert len(reads(steps_within(world, 50.0))) == 1


def test_a_failed_creation_waits_for_its_cause_before_anything_is_cleaned_up() -> None:
    """The events are written a moment after the status."""
    world = World.of(NEW)
    world.cloud.fate, world.cloud.told_at = "sched_fail", world.now + 9.0
    steps = steps_within(world, 30.0)
    marked = next(step for _, step in steps if isinstance(step, MarkFailedCreation))
    assert "(sched_fail): no kvm device." in marked.message
    assert "no cause" not in message(world)


@pytest.mark.parametrize("shown", [True, False], ids=["silent-events", "unreadable-events"])
def test_a_failed_creation_without_a_cause_is_made_again_all_the_same(shown: bool) -> None:
    world = World.of(NEW)
    world.cloud.fate, world.cloud.words, world.cloud.tells_history = "sched_fail", "", shown
    steps = steps_within(world, 60.0)
    at, marked = next((at, step) for at, step in steps if isinstance(step, MarkFailedCreation))
    assert "the cloud gives no cause" in marked.message
    assert at < 30.0
    assert sum(isinstance(step, ReadHistory) for _, step in steps if _ <= at) == 1


# -- what fits -------------------------------------------------------------------------------------------
OF_STATUS = ReadCause(ID, "start_fail 7", status="start_fail")
OF_ATTEMPT = ReadCause(ID, "Start 1", since=NOW)


@pytest.mark.parametrize(
    ("question", "cause", "expected"),
    [
        pytest.param(OF_STATUS, Cause("why", NOW - 900, "start_fail"), "why", id="of-the-status"),
        pytest.param(OF_STATUS, Cause("why", NOW, "sync_status"), None, id="the-log-is-older-or-newer"),
        pytest.param(OF_STATUS, Cause("why", NOW, None), None, id="no-status-is-told"),
        pytest.param(OF_ATTEMPT, Cause("why", NOW + 3, "running"), "why", id="after-the-attempt"),
        pytest.param(OF_ATTEMPT, Cause("why", NOW - 3600, "running"), None, id="an-older-failure"),
        pytest.param(OF_ATTEMPT, Cause("", NOW + 3, "running"), None, id="no-words"),
        pytest.param(OF_ATTEMPT, None, None, id="unreadable"),
    ],
)
def test_only_words_of_this_very_failure_are_told(
    question: ReadCause, cause: Cause | None, expected: str | None
) -> None:
    assert answered(Memory(), question, cause, NOW).asked[question.failure].text == expected


def test_the_memory_of_causes_is_bounded() -> None:
    memory = Memory()
    for number in range(100):
        memory = answered(memory, replace(OF_STATUS, failure=str(number)), None, NOW + number)
    assert list(memory.asked) == [str(number) for number in range(100 - ASKED_KEPT, 100)]


def test_a_hold_that_waits_for_words_is_looked_at_again_soon() -> None:
    world = start_in_vain("start_fail")
    world.cloud.words = ""
    step = None
    while not (isinstance(step, Hold) and step.look_seconds is not None):
        step = world.turn()
    assert world.wait is not None
    assert world.wait <= AGAIN_SECONDS[0]
