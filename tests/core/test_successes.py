"""A step that worked and was undone later has not failed: what others do to a server is made good at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from onecloud_operator.core.actions import Hold
from onecloud_operator.core.cloud_writes import Start
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.memory import accepted, seeing
from onecloud_operator.core.outcome import Done
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.plan.retry import HELD_SECONDS
from tests.core.fixtures import ID, NOW, details, facts, reading, server

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step


class Scene:
    """One server that is to run, and what this process remembers of it."""

    def __init__(self) -> None:
        self.now, self.seen_at, self.version, self.memory = NOW, NOW - 5, 10, Memory(born_at=0.0)

    def sees(self, status: str) -> Step:
        """Return what is decided when the server shows *status* for the first time now."""
        self.version, self.seen_at = self.version + 1, self.now
        self.passes(1.0)  # it is read twice
        return self.decides(status)

    def decides(self, status: str) -> Step:
        """Return what is decided while the server shows *status* still; carry it out if it is a start."""
        found = server(status, version=self.version, details=details(version=self.version))
        read = replace(reading(found), asked_at=self.now, first_seen_at=self.seen_at)
        known = seeing(facts(found, now=self.now, memory=self.memory), read)
        step = plan(known)
        self.memory = known.memory
        if not isinstance(step, Hold):
            self.memory = accepted(known, step, Done(self.now, self.now))
        return step

    def passes(self, seconds: float) -> None:
        self.now += seconds


def test_starts_that_worked_are_no_failures_however_often_somebody_stops_the_server() -> None:
    scene = Scene()
    for _ in range(10):
        assert scene.sees("ready") == Start(ID)
        scene.passes(5.0)
        scene.sees("running")
        scene.passes(HELD_SECONDS + 1.0)


def test_starts_that_changed_nothing_are_repeated_at_growing_intervals() -> None:
    scene = Scene()
    for _ in range(2):
        assert scene.decides("ready") == Start(ID)
        scene.passes(5.0)
    held = scene.decides("ready")
    assert isinstance(held, Hold)
    assert held.reason == "OperationFailed"
    assert held.message.startswith("The cloud accepted the start, and the server still differs")
    assert held.requeue_after == 55.0


def test_a_success_ends_the_count_of_failures_before_it() -> None:
    scene = Scene()
    for _ in range(2):
        assert scene.decides("ready") == Start(ID)
        scene.passes(5.0)
    scene.sees("running")
    scene.passes(HELD_SECONDS + 1.0)
    assert scene.sees("ready") == Start(ID)
    scene.passes(5.0)
    assert scene.decides("ready") == Start(ID), "it has two tries again"
    scene.passes(5.0)
    assert isinstance(scene.decides("ready"), Hold)


def test_a_server_that_ends_right_after_each_start_is_not_started_again_without_a_pause() -> None:
    scene = Scene()
    for _ in range(2):
        assert scene.sees("ready") == Start(ID)
        scene.passes(5.0)
        scene.sees("running")
        scene.passes(5.0)
    held = scene.sees("ready")
    assert isinstance(held, Hold)
    assert held.reason == "Updating"
    assert held.message == (
        "The cloud carried out the start, and it was undone within 30 s. It is tried again at growing "
        "intervals."
    )
    scene.passes(HELD_SECONDS + 1.0)
    assert isinstance(scene.decides("ready"), Hold), "that it stays so ends no count"
    scene.passes(60.0)
    assert scene.decides("ready") == Start(ID)
