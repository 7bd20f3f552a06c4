"""
A creation that the cloud has refused: it stands in the status, so a new process knows that nothing was made.

Whoever may write the status can write that, too, so the id is looked at before the object is let go.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import AskAgain, BeginCreation, Hold, Look, RemoveFinalizer, Settled
from onecloud_operator.core.cloud_writes import Create
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.memory import accepted
from onecloud_operator.core.observed import Reading
from onecloud_operator.core.outcome import Done
from onecloud_operator.core.plan.attempt import unmade
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import believed, records_of
from onecloud_operator.core.report.events import events_between
from onecloud_operator.core.report.report import report
from tests.core.fixtures import (
    BEGUN,
    GONE,
    ID,
    NEW,
    NOW,
    UID,
    facts,
    reading,
    records,
    resource,
    server,
    spec,
)
from tests.core.invariants import keep, nothing_refused_is_made, one_at_most
from tests.core.mutants import asks_again_without_a_record, takes_silence_for_a_refusal
from tests.core.world import World

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts

REFUSED = replace(BEGUN, refused_at="2026-11-23T11:59:05Z")
SETTLE = 180.0


def refused_world(mood: str = "refused") -> World:
    """Return a world whose creation has met a cloud of *mood* once."""
    world = World.of(NEW)
    world.before, world.cloud.mood = keep, mood
    world.run()
    return world


def noted(world: World) -> bool:
    creation = world.cluster.stored.records.creation
    return creation is not None and creation.refused_at is not None


def restarted(**changes: object) -> Facts:
    """The facts of a new process for an object whose creation was refused."""
    begun = resource(records=records(creation=REFUSED, mirror={}), **changes)
    return replace(facts(reading=Reading(), memory=Memory(born_at=NOW - 1)), resource=begun)


def seconds_to_the_end(world: World) -> float:
    """Delete the object; return how long it takes until it is let go."""
    began = world.now
    world.cluster.edit(deleting=True)
    while not world.cluster.released:
        world.turn()
        world.now += min(world.wait or 0.0, 60.0)
        assert world.now - began < 600.0, world.steps[-5:]
    return world.now - began


def test_after_a_restart_an_object_whose_creation_was_refused_goes_with_one_look() -> None:
    world = refused_world()
    assert noted(world)
    world.die()
    began = len(world.steps)
    assert seconds_to_the_end(world) < 5.0
    assert world.steps[began:] == [Look(ID), RemoveFinalizer("NeverMade")]


@pytest.mark.parametrize("mood", ["lost", "unsent", "late", "deaf"])
def test_what_was_answered_in_any_other_way_is_not_recorded_as_refused(mood: str) -> None:
    world = World.of(NEW)
    world.cloud.mood = mood
    for _ in range(6):
        world.turn()
        assert not noted(world)


def test_a_post_whose_answer_is_lost_after_a_refusal_is_waited_for_after_a_restart() -> None:
    world = refused_world()
    world.cloud.mood, world.cloud.lag = "late", 120.0
    world.now += world.wait or 0.0
    assert isinstance(world.turn(), AskAgain)
    assert not noted(world)
    assert isinstance(world.turn(), Create)
    world.die()
    world.cloud.mood = "well"
    assert seconds_to_the_end(world) > 100.0, "its server comes two minutes later"


def test_that_it_is_asked_again_is_written_first_and_nobody_is_told() -> None:
    world = refused_world()
    before = world.cluster.stored.status
    world.now, writes = world.now + (world.wait or 0.0), world.cluster.writes
    assert isinstance(world.turn(), AskAgain)
    between = world.cluster.stored.status
    assert isinstance(world.turn(), Create)
    after = world.cluster.stored.status
    assert world.cluster.writes - writes == 2, "one before the request, one after it"
    assert noted(world)
    assert [*events_between(before, between), *events_between(between, after)] == []
    assert before["conditions"] == between["conditions"]


def test_a_record_that_could_not_be_written_sends_nothing() -> None:
    world = refused_world()
    world.now += world.wait or 0.0
    world.cluster.mood, sent = "unsent", len(world.sent)
    for _ in range(3):
        world.turn()
    assert (len(world.sent), noted(world)) == (sent, True)


def test_a_creation_that_goes_well_costs_no_write_more() -> None:
    world = World.of(NEW)
    while not isinstance(world.turn(), Settled):
        world.now += min(world.wait or 0.0, 5.0)
    assert AskAgain() not in world.steps


def test_a_refusal_whose_record_was_lost_is_recorded_by_a_later_pass() -> None:
    world = World.of(NEW)
    world.cloud.mood = "refused"
    while not isinstance(world.steps[-1] if world.steps else None, BeginCreation):
        world.turn()
    world.cluster.mood = "unsent"
    assert isinstance(world.turn(), Create)
    assert not noted(world)
    world.cluster.mood = "well"
    world.turn()
    assert noted(world)


def test_a_refusal_met_by_a_new_process_is_recorded_once_no_earlier_post_can_be_under_way() -> None:
    world = refused_world()
    world.now += world.wait or 0.0
    assert isinstance(world.turn(), AskAgain)
    world.die()  # so that nobody knows whether the request has followed
    born = world.now
    while not noted(world):
        world.turn()
        world.now += min(world.wait or 0.0, 30.0)
        assert world.now - born < 2 * SETTLE
    assert world.now - born >= SETTLE


def test_a_status_that_says_refused_does_not_let_go_what_was_made() -> None:
    """It is looked for all the same, and found."""
    world = refused_world()
    world.die()
    world.cloud.mood = "well"
    world.cloud.put(server(locked=False), UID)
    seconds_to_the_end(world)
    assert [row.server.recycled for row in world.cloud.rows.values()] == [True]


def test_the_word_refused_alone_makes_and_adopts_nothing() -> None:
    assert not unmade(restarted())
    assert unmade(replace(restarted(), reading=GONE))
    assert not unmade(replace(restarted(), reading=GONE, memory=Memory(posted_at=NOW - 5)))
    seen = replace(resource().records, creation=REFUSED)
    assert not unmade(replace(restarted(), reading=GONE, resource=resource(records=seen)))


def test_the_word_refused_is_not_believed_of_others() -> None:
    status = {
        "creation": {
            "attempt": 1, "id": ID, "name": "shop.web-1", "startedAt": "2026-11-23T11:59:00Z",
            "refusedAt": "2026-11-23T11:59:05Z",
        }
    }  # fmt: skip
    found = records_of(status)
    assert found.creation == REFUSED
    assert believed(found, UID, deleting=False, shared=["server"]).creation == REFUSED
    assert believed(found, UID, deleting=False, shared=["creation"]).creation == BEGUN


@pytest.mark.parametrize("ended", ["completedAt", "failedAt"])
def test_a_creation_that_came_further_was_not_refused(ended: str) -> None:
    creation = {
        "attempt": 1, "id": ID, "name": "shop.web-1", "startedAt": "2026-11-23T11:59:00Z",
        "refusedAt": "2026-11-23T11:59:05Z", ended: "2026-11-23T11:59:30Z",
    }  # fmt: skip
    found = records_of({"creation": creation}).creation
    assert found is not None
    assert found.refused_at is None


def test_a_name_that_is_corrected_goes_into_the_record_with_the_end_of_the_refusal() -> None:
    renamed = replace(restarted(spec=spec({"name": "db"}), generation=2), reading=GONE)
    step = plan(renamed)
    assert isinstance(step, BeginCreation)
    assert (step.creation.name, step.creation.refused_at) == ("db", None)


def test_a_name_that_is_corrected_tells_nothing_of_a_post_before_it() -> None:
    begun = resource(records=records(creation=BEGUN, mirror={}), spec=spec({"name": "db"}), generation=2)
    case = replace(restarted(), resource=begun, reading=GONE)
    step = plan(case)
    assert isinstance(step, BeginCreation)
    renamed = records(creation=step.creation, mirror={})
    after = replace(case, resource=resource(records=renamed), memory=accepted(case, step, Done(NOW, NOW)))
    assert not unmade(after)


@pytest.mark.parametrize(
    "contradicted",
    [
        pytest.param({"memory": Memory(posted_at=NOW - 5), "reading": GONE}, id="asked-for-again"),
        pytest.param({"reading": reading(server("deploying"))}, id="there"),
    ],
)
def test_the_word_refused_goes_where_it_is_contradicted(contradicted: dict[str, Any]) -> None:
    case = replace(restarted(), **contradicted)
    status = report(case, Hold(Reason.CREATING, "wait")).status
    assert status is not None
    assert "refusedAt" not in status["creation"]


def test_an_operator_that_asks_again_without_a_record_is_noticed() -> None:
    world = refused_world()
    world.decide = asks_again_without_a_record
    world.now += world.wait or 0.0
    with pytest.raises(AssertionError, match="while the record says"):
        world.turn()


def test_an_operator_that_takes_silence_for_a_refusal_is_noticed() -> None:
    world = World.of(NEW)
    world.conclude, world.cloud.mood = takes_silence_for_a_refusal, "late"
    while not noted(world):
        world.turn()
    with pytest.raises(AssertionError, match="refused on record, and made"):
        nothing_refused_is_made(world)


MOODS = st.sampled_from(["refused", "refused", "late", "lost", "unsent", "well", "down"])


@given(
    moods=st.lists(MOODS, min_size=1, max_size=12),
    deaths=st.sets(st.integers(0, 30), max_size=4),
    quiet=st.lists(st.sampled_from(["well", "well", "unsent", "lost"]), max_size=12),
    deleted_at=st.integers(2, 25),
    lag=st.sampled_from([1.0, 60.0, 170.0]),
)
@settings(max_examples=300, deadline=None)
def test_wherever_a_crash_comes_no_object_goes_before_its_server(
    moods: list[str], deaths: set[int], quiet: list[str], deleted_at: int, lag: float
) -> None:
    """Half of the crashes come between an act and its report, whether Kubernetes takes writes or not."""
    world = World.of(NEW)
    world.before, world.cloud.lag = keep, lag

    def turn(number: int) -> Step | None:
        world.cloud.mood = moods[number % len(moods)] if number < 30 else "well"
        world.cluster.mood = quiet[number] if number < len(quiet) else "well"
        if number in deaths:
            world.dies = bool(number % 2)
            if not world.dies:
                world.die()
        step = world.turn()
        nothing_refused_is_made(world)
        one_at_most(world)
        world.now += min(world.wait or 0.0, 60.0)
        return step

    for number in range(400):
        if world.cluster.released:
            break
        if number == deleted_at:
            world.cluster.edit(deleting=True)
        turn(number)
    assert world.cluster.released, world.steps[-5:]
    world.cloud.advance(world.now + 300.0)
    assert all(row.server.recycled for row in world.cloud.rows.values()), "left behind"
