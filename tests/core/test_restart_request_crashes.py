"""A restart that is asked for, wherever the process dies and whatever answer gets lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from onecloud_operator.core.actions import BeginRestart, Hold, Settled
from onecloud_operator.core.cloud_writes import Start, Stop
from onecloud_operator.core.report.events import events_between
from tests.core.cloud import AGAIN, LOST
from tests.core.fixtures import ID, RESTART, spec
from tests.core.stops import LARGER, NO, Choosy, die_after, row_of, sent, to_rest, turn, until_it_is
from tests.core.test_restart_request import FIRST, ask, asked, kinds, outcome

if TYPE_CHECKING:
    from onecloud_operator.core.values import Problem


@pytest.mark.parametrize("in_the_middle", [True, False])
@pytest.mark.parametrize("number", range(16))
def test_whatever_dies_it_is_stopped_once_at_most_and_runs_and_is_told(
    number: int, in_the_middle: bool
) -> None:
    world = asked()
    die_after(world, number, in_the_middle=in_the_middle)
    assert isinstance(to_rest(world), Settled)
    assert row_of(world).status == "running"
    assert "restart" not in world.cluster.stored.status
    assert len(sent(world, Stop)) <= 1
    assert outcome(world) in {"Done", "Unknown"}
    assert outcome(world) == "Unknown" or len(sent(world, Stop)) == 1, "done, and it was not"


def test_what_is_not_known_is_told_by_an_event_and_not_repeated() -> None:
    world = asked()
    until_it_is(world, BeginRestart)
    world.die()
    before = world.cluster.stored.status
    assert isinstance(turn(world), Hold)
    to_rest(world)
    assert not world.sent
    events = [e for e in events_between(before, world.cluster.stored.status) if e.kind == "Warning"]
    (event,) = events
    assert event.reason == "RestartUnknown"
    assert FIRST in event.message
    assert "another one" in event.message
    ask(world, "again")
    to_rest(world)
    assert kinds(world) == [Stop, Start]


@pytest.mark.parametrize("done", [True, False])
def test_a_stop_whose_answer_is_lost_is_not_repeated(done: bool) -> None:
    world = asked()
    until_it_is(world, BeginRestart)
    world.cloud.mood = "lost" if done else "unsent"
    until_it_is(world, Stop)
    world.cloud.mood = "well"
    to_rest(world)
    assert len(sent(world, Stop)) == 1
    assert row_of(world).status == "running"
    assert outcome(world) == ("Done" if done else "Unknown")


def test_a_stop_that_was_accepted_and_came_to_nothing_is_told() -> None:
    world = asked()
    until_it_is(world, BeginRestart)
    world.cloud.mood = "deaf"
    until_it_is(world, Stop)
    world.cloud.mood = "well"
    assert isinstance(until_it_is(world, Settled), Settled)
    assert len(sent(world, Stop)) == 1
    assert outcome(world) == "Unknown"


def test_a_lost_stop_that_comes_late_counts_and_the_server_is_started_again() -> None:
    world = asked()
    until_it_is(world, BeginRestart)
    world.cloud.mood = "unsent"
    until_it_is(world, Stop)
    world.cloud.mood = "well"
    turn(world)
    world.cloud.rows[ID].change(status="ready")
    to_rest(world)
    assert kinds(world) == [Stop, Start]
    assert outcome(world) == "Done"


def test_a_change_does_not_stop_it_once_more_while_that_stop_may_still_come() -> None:
    world = asked(cloud=Choosy(Stop=[LOST]))
    until_it_is(world, Stop)
    world.cloud.rows[ID].task = []
    world.cloud.rows[ID].change(status="running")  # the stop was lost, or is still on its way
    world.cluster.respec(spec(LARGER, **RESTART))
    for _ in range(4):
        turn(world)
    assert len(sent(world, Stop)) == 1
    assert isinstance(to_rest(world), Settled)
    assert row_of(world).cpu == 4


@pytest.mark.parametrize("refusal", [[NO] * 3, [AGAIN] * 3])
def test_a_stop_that_is_refused_is_tried_again_until_it_is_done(refusal: list[Problem | None]) -> None:
    world = asked(cloud=Choosy(Stop=[*refusal]))
    assert isinstance(to_rest(world), Settled)
    assert kinds(world) == [Stop] * 4 + [Start]
    assert outcome(world) == "Done"


def test_a_request_that_is_taken_back_before_any_stop_was_sent_is_forgotten() -> None:
    world = asked(cloud=Choosy(Stop=[NO] * 50))
    until_it_is(world, Stop)
    ask(world, None)
    assert isinstance(to_rest(world), Settled)
    assert outcome(world) is None
    assert len(sent(world, Stop)) == 1


def test_a_stop_whose_answer_is_lost_is_not_repeated_for_another_value() -> None:
    world = asked(cloud=Choosy(Stop=[LOST]))
    until_it_is(world, Stop)
    ask(world, "again")
    to_rest(world)
    assert len(sent(world, Stop)) == 1, "that one stop counts for both"


def test_leave_that_is_taken_back_before_any_stop_was_sent_is_named_at_once() -> None:
    world = asked()
    until_it_is(world, BeginRestart)
    world.cluster.respec(spec({}, disruption={"allow": "Never"}))
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "RestartNeeded"
    assert outcome(world) is None
    assert not sent(world, Stop)
