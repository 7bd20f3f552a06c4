"""A rebuild whose answer is lost, that fails, or that a crash cuts in two: never twice for one edit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from onecloud_operator.api.annotations import RECONCILE_REQUESTED_AT
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, RecordImage, Settled
from onecloud_operator.core.cloud_writes import Start, Stop
from onecloud_operator.core.image_writes import Rebuild
from onecloud_operator.core.values import Problem
from tests.core.fixtures import ID
from tests.core.mutants import DECIDE
from tests.core.rebuilds import EDITED, edit, edited, made, rebuilt, record, root_image
from tests.core.stops import MAX_PASSES, Choosy, row_of, sent, to_rest, turn, until_it_is
from tests.core.world import World

SETTLE_SECONDS = 180.0


def sent_at(world: World) -> list[float]:
    return [at for at, step, _ in world.sent if isinstance(step, Rebuild)]


def begun(mood: str, lag: float = 60.0) -> World:
    """Return a world in which the rebuild was just met with *mood*, which is over."""
    world = edited()
    until_it_is(world, RecordImage)
    world.cloud.mood, world.cloud.lag = mood, lag
    assert isinstance(turn(world), Rebuild)
    world.cloud.mood = "well"
    return world


@pytest.mark.parametrize("dies", [False, True])
def test_a_rebuild_whose_answer_is_lost_is_not_sent_again(dies: bool) -> None:
    world = begun("lost")
    if dies:
        world.die()
    assert isinstance(to_rest(world), Settled)
    assert rebuilt(world) == ["image-9"]
    assert len(sent_at(world)) == 1


@pytest.mark.parametrize("dies", [False, True])
@pytest.mark.parametrize("mood", ["unsent", "deaf"])
def test_one_of_which_nothing_comes_is_sent_once_more_when_that_is_certain(mood: str, dies: bool) -> None:
    world = begun(mood)
    if dies:
        world.die()
    assert isinstance(to_rest(world), Settled)
    first, second = sent_at(world)
    assert second - first >= SETTLE_SECONDS
    assert rebuilt(world) == ["image-9"]
    assert [type(step) for _, step, _ in world.sent if isinstance(step, Stop | Start)] == [Stop, Start]


@pytest.mark.parametrize("lag", [5.0, 60.0, 170.0])
@pytest.mark.parametrize("dies", [False, True])
def test_one_that_comes_late_is_not_done_twice(lag: float, dies: bool) -> None:
    world = begun("late", lag)
    if dies:
        world.die()
    assert isinstance(to_rest(world), Settled)
    assert rebuilt(world) == ["image-9"]
    assert row_of(world).status == "running"


def test_nothing_else_is_sent_while_it_may_still_begin() -> None:
    world = begun("late", 100.0)
    edit(world, {**EDITED, "description": "mine"})
    assert isinstance(to_rest(world), Settled)
    assert rebuilt(world) == ["image-9"]
    assert [type(step).__name__ for _, step, _ in world.sent] == ["Stop", "Rebuild", "Update", "Start"]


def test_one_that_changes_nothing_again_and_again_is_given_up_and_the_server_started() -> None:
    world = begun("deaf")
    world.cloud.mood = "deaf"
    for _ in range(MAX_PASSES):
        turn(world)
        if isinstance(world.steps[-1], Start):
            break
    world.cloud.mood = "well"
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "OperationFailed"
    assert (rebuilt(world), row_of(world).status) == ([], "running")
    assert len(sent_at(world)) == 2


def failed() -> World:
    world = edited()
    world.cloud.rebuild_fate = "rebuild_root_fail"
    world.cloud.words = "no space left on host"
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "OperationFailed"
    return world


def test_one_that_fails_is_told_and_not_repeated_and_the_server_gets_its_power_back() -> None:
    world = failed()
    held = world.steps[-1]
    assert isinstance(held, Hold)
    assert "no space left on host" in held.message
    assert RECONCILE_REQUESTED_AT in held.message
    assert row_of(world).status == "running"
    assert rebuilt(world) == ["image-9"], "it was tried once"
    world.die()
    to_rest(world)
    edit(world, {**EDITED, "description": "mine"})
    assert isinstance(to_rest(world), Hold)
    assert len(sent_at(world)) == 1, "no other edit asks for it"


def test_it_is_tried_again_when_that_is_asked_for() -> None:
    world = failed()
    world.cloud.rebuild_fate = None
    world.die()
    world.cluster.edit(annotations={RECONCILE_REQUESTED_AT: "now"})
    assert isinstance(to_rest(world), Settled)
    assert root_image(world) == "image-9"
    assert len(sent_at(world)) == 2
    assert record(world) == {"text": "debian-12", "id": "image-9"}


def test_it_is_tried_again_after_another_edit_of_the_image() -> None:
    world = failed()
    world.cloud.rebuild_fate = None
    edit(world, {})
    assert isinstance(to_rest(world), Settled)
    assert "rebuild" not in record(world)
    edit(world, EDITED)
    assert isinstance(to_rest(world), Settled)
    assert root_image(world) == "image-9"


def test_one_that_is_refused_leaves_the_server_running_and_says_why() -> None:
    no = Problem(Reason.REFERENCE_NOT_FOUND, "The cloud cannot make a root disk of it.")
    world = edited(cloud=Choosy(Rebuild=[no]))
    until_it_is(world, RecordImage)
    assert isinstance(world.turn(), Rebuild)
    assert isinstance(world.turn(), Start), "what stands in the status is heard at once"
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "ReferenceNotFound"
    assert (rebuilt(world), row_of(world).status) == ([], "running")
    assert len(sent(world, Stop)) == 1
    world.cluster.edit(annotations={RECONCILE_REQUESTED_AT: "now"})
    assert isinstance(to_rest(world), Settled)
    assert rebuilt(world) == ["image-9"]


def test_a_server_that_somebody_has_touched_meanwhile_is_not_rebuilt_again() -> None:
    world = begun("unsent")
    world.die()
    world.cloud.rows[ID].change(plain={"description": "touched"})
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "OperationFailed"
    assert (rebuilt(world), row_of(world).status) == ([], "running")


# -- an operator that does not keep the rules ------------------------------------------------------------
def test_a_rebuild_that_is_not_on_record_is_noticed() -> None:
    world = edited()
    world.decide = DECIDE["rebuilds-without-a-record"]
    with pytest.raises(AssertionError, match="not on record"):
        to_rest(world)


def test_who_takes_another_image_in_the_cloud_for_an_edit_rebuilds() -> None:
    world = made()
    row = world.cloud.rows[ID]
    row.change(disks=tuple(replace(disk, image_id="image-7") for disk in row.details.disks))
    world.decide = DECIDE["rebuilds-what-differs"]
    to_rest(world)
    assert rebuilt(world)


def test_who_takes_silence_for_no_rebuilds_twice() -> None:
    world = begun("late", 100.0)
    world.decide = DECIDE["rebuilds-again"]
    to_rest(world)
    assert len(sent_at(world)) > 1


# -- crashes ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("in_the_middle", [True, False])
@pytest.mark.parametrize("mood", ["well", "lost", "late", "unsent"])
@pytest.mark.parametrize("number", range(1, 24))
def test_a_crash_at_any_point_rebuilds_once(number: int, mood: str, in_the_middle: bool) -> None:
    world = edited({"cpu": 4})
    passes = 0
    while True:
        passes += 1
        if passes == number:
            world.dies, world.cloud.mood = in_the_middle, mood
            if not in_the_middle:
                world.die()
        step = turn(world)
        if passes == number:
            world.cloud.mood = "well"
        if passes > number and isinstance(step, Settled | Hold) and world.wait is None:
            break
        assert passes < MAX_PASSES
    held = world.steps[-1]
    if isinstance(held, Hold):  # what is not certain is not repeated by itself
        assert held.reason == "OperationFailed"
        world.cluster.edit(annotations={RECONCILE_REQUESTED_AT: "now"})
        to_rest(world)
    assert rebuilt(world) == ["image-9"]
    assert (row_of(world).cpu, row_of(world).status) == (4, "running")
    assert "restart" not in world.cluster.stored.status


@pytest.mark.parametrize("sent_before", [True, False])
def test_that_a_disk_may_be_damaged_is_told_as_far_as_it_is_known(sent_before: bool) -> None:
    """A process that ended between record and request has sent nothing, and the next one cannot know."""
    world = edited()
    until_it_is(world, RecordImage)
    if sent_before:
        world.cloud.rebuild_fate = "rebuild_root_fail"
        until_it_is(world, Rebuild)
    else:
        world.die()
        world.cloud.rows[ID].change(status="running")  # by another hand, so that nothing is repeated
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert ("What is on it may be damaged." in held.message) == sent_before
    assert ("it is not known whether the cloud was asked" in held.message) != sent_before
    world.die()
    again = to_rest(world)
    assert isinstance(again, Hold)
    assert ("What is on it may be damaged." in again.message) == sent_before
