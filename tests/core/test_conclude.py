"""What a pass comes to: what is remembered, written, logged and counted, and when to look again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from onecloud_operator.api.reasons import EventReason, Reason
from onecloud_operator.core.actions import (
    AddFinalizer,
    BeginCreation,
    Find,
    Hold,
    Look,
    RemoveFinalizer,
    Settled,
)
from onecloud_operator.core.cloud_writes import Create, Start, Stop, Update
from onecloud_operator.core.conclude import conclude
from onecloud_operator.core.conclusion import Counted, KubeEvent
from onecloud_operator.core.config import Config
from onecloud_operator.core.outcome import Done, Failed
from onecloud_operator.core.values import Problem
from tests.core.fixtures import BEGUN, ID, NOW, PLACE, facts, nothing_yet, resource, server
from tests.core.world import World

DONE = Done(NOW, NOW + 1)
NO = Failed(Problem(Reason.QUOTA_EXCEEDED, "no room", request_id="r-1"), NOW + 1)


def test_a_record_counts_only_once_it_is_written() -> None:
    """Else a POST would follow on a record that nobody can read."""
    made = conclude(nothing_yet(), BeginCreation(BEGUN, PLACE), DONE)
    assert made.status is not None
    assert (made.unwritten.begun_attempt, made.memory.begun_attempt) == (None, 1)


@pytest.mark.parametrize("mood", ["unsent", "lost", "refused"])
def test_after_a_record_whose_write_has_failed_nothing_is_sent_without_a_look(mood: str) -> None:
    world = World.of(resource(finalizers=(), records=nothing_yet().resource.records))
    while not (world.steps and isinstance(world.steps[-1], AddFinalizer)):
        world.turn()
    world.cluster.mood = mood
    assert isinstance(world.turn(), BeginCreation)
    assert world.memory.begun_attempt is None
    assert world.unwritten
    world.cluster.mood = "well"
    world.cluster.listen()
    world.run()
    first = next(step for step in world.steps if isinstance(step, Look | Create))
    assert isinstance(first, Look) == (mood == "lost")
    assert world.cloud.posts == 1


def test_what_stops_a_server_is_written_at_once_and_what_starts_it_with_what_comes_of_it() -> None:
    stopped = conclude(facts(), Stop(ID), DONE)
    started = conclude(facts(server("ready")), Start(ID), DONE)
    assert stopped.status is not None
    assert started.status is None
    assert stopped.again
    assert started.again


def test_what_the_cloud_accepted_is_told_to_who_debugs_and_what_it_has_done_to_everybody() -> None:
    """A start takes a while, and may fail; a description is there once it is accepted."""
    asked = conclude(facts(server("ready")), Start(ID), DONE).log
    done = conclude(facts(), Update(ID, (("description", "x"),)), DONE).log
    assert asked is not None
    assert done is not None
    assert (asked.level, asked.message) == ("DEBUG", "the cloud accepted the start")
    assert (done.level, done.message) == ("INFO", "server updated: description")


def test_a_step_that_failed_is_remembered_written_logged_and_counted() -> None:
    made = conclude(facts(server("ready")), Start(ID), NO, 1.2)
    assert made.memory == made.unwritten
    assert made.memory.refusals["Start"].until == NO.ended_at + 60.0 * 1.2
    assert made.status is not None
    assert made.counted == Counted("Start", Reason.QUOTA_EXCEEDED)
    assert made.log is not None
    assert made.log.level == "DEBUG"
    assert made.log.fields == {
        "object": "shop/web-1",
        "server_id": ID,
        "step": "Start",
        "reason": Reason.QUOTA_EXCEEDED,
        "request_id": "r-1",
        "detail": "no room",
    }
    assert not made.again


def test_a_hold_waits_as_long_as_its_reason_says_and_for_a_secret_no_longer_than_it_is_kept() -> None:
    case = facts(config=Config(secret_seconds=3.0))
    made = conclude(case, Hold(Reason.SECRET_INVALID, "no key"), DONE, 1.1)
    assert made.requeue_after == pytest.approx(3.3)
    assert made.counted is None
    assert (
        conclude(facts(), Hold(Reason.UPDATING, "at work", requeue_after=2.0), DONE, 1.1).requeue_after == 2.0
    )


def test_an_object_that_is_let_go_is_told_by_an_event() -> None:
    made = conclude(facts(), RemoveFinalizer("Recycled"), DONE)
    assert made.event == KubeEvent(
        "Normal", EventReason.RELEASED, "The server is in the cloud's recycle bin."
    )
    assert made.again
    assert made.status is None


def test_what_a_search_brought_is_remembered_with_the_question() -> None:
    wanted, found = Find(name="web"), (server(),)
    made = conclude(facts(), wanted, replace(DONE, found=found))
    assert made.memory.found == (wanted, found)
    assert made.counted == Counted("Find")
    assert made.log is None


def test_what_agrees_is_neither_logged_nor_counted() -> None:
    made = conclude(facts(), Settled(), DONE)
    assert (made.log, made.event, made.counted, made.again) == (None, None, None, False)
