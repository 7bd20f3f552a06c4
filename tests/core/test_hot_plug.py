"""What a running server takes without a stop, and what it does not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, Look, Settled
from onecloud_operator.core.cloud_writes import Resize, Start, Stop
from onecloud_operator.core.references import Ambiguous, Kind, Missing, Reference, Resolved, Unknown
from onecloud_operator.core.values import Problem
from tests.core.cloud import AGAIN, Cloud
from tests.core.fixtures import ID
from tests.core.stops import (
    LARGER,
    NO,
    Choosy,
    condition,
    row_of,
    sent,
    to_rest,
    turn,
    until,
    until_it_is,
    world_of,
)
from tests.core.world import World

if TYPE_CHECKING:
    from onecloud_operator.core.references import Answer

NEXT = Reference(Kind.INSTANCE_TYPE, "next")


def hot(wanted: dict[str, Any], cloud: Cloud | None = None, **policies: Any) -> World:
    world = world_of(wanted, cloud, **policies)
    world.cloud.hot_plug = True
    world.cloud.rows[ID].change(hot_plug=True)
    return world


@pytest.mark.parametrize("allow", ["Never", "Restart"])
def test_growth_is_live_and_needs_no_leave_where_hot_plug_is_on(allow: str) -> None:
    world = hot(LARGER, disruption={"allow": allow})
    assert isinstance(to_rest(world), Settled)
    assert world.sent[0][1] == Resize(ID, cpu=4, memory_mib=8192, live=True)
    assert len(world.sent) == 1


@pytest.mark.parametrize("wanted", [{"cpu": 1}, {"cpu": 4, "memory": "2Gi"}])
def test_what_shrinks_needs_a_stop_all_the_same(wanted: dict[str, Any]) -> None:
    world = hot(wanted)
    assert isinstance(to_rest(world), Settled)
    assert [type(step) for _, step, _ in world.sent] == [Stop, Resize, Start]


def test_hot_plug_that_a_restart_of_the_operator_does_not_know_of_is_looked_for() -> None:
    world = hot(LARGER, disruption={"allow": "Never"})
    row = world.cloud.rows[ID]
    shown = row.server
    row.server = replace(shown, details=replace(row.details, hot_plug=None))
    world.facts()
    assert isinstance(turn(world), Look)
    row.server = shown
    assert isinstance(to_rest(world), Settled)
    assert not sent(world, Stop)


def test_the_flag_is_read_once_more_before_a_server_is_stopped() -> None:
    """The metadata move no version of the server, so what was read of them may be old."""
    world = world_of(LARGER)
    turn(world)
    world.cloud.hot_plug = True
    shown = world.cloud.rows[ID]
    shown.server = replace(shown.server, details=replace(shown.details, hot_plug=True))
    assert isinstance(to_rest(world), Settled)
    assert not sent(world, Stop)


@pytest.mark.parametrize("refusal", [[AGAIN, AGAIN], [NO]])
def test_a_refusal_of_the_live_change_falls_back_to_the_stop(refusal: list[Problem | None]) -> None:
    world = hot(LARGER, Choosy(Resize=list(refusal)))
    assert isinstance(to_rest(world), Settled)
    assert len(sent(world, Stop)) == 1
    assert row_of(world).cpu == 4


def test_a_live_change_that_does_nothing_falls_back_to_the_stop() -> None:
    world = hot(LARGER)
    world.cloud.mood = "deaf"
    until_it_is(world, Resize)
    world.cloud.mood = "well"
    assert isinstance(to_rest(world), Settled)
    assert len(sent(world, Stop)) == 1


def test_without_leave_a_refused_live_change_says_what_the_cloud_said() -> None:
    world = hot(LARGER, Choosy(Resize=[NO, NO, NO]), disruption={"allow": "Never"})
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "RestartNeeded"
    assert "no such size" in held.message


@pytest.mark.parametrize("reason", ["QuotaExceeded", "NoCapacity", "ReferenceNotFound"])
def test_a_refusal_that_a_stop_would_not_lift_costs_no_stop(reason: Reason) -> None:
    world = hot(LARGER, Choosy(Resize=[Problem(reason, "no")] * 50))
    for _ in range(40):
        turn(world)
    assert not sent(world, Stop)
    assert condition(world, "Ready")[0] == "True"


def typed(answer: Answer | None, **policies: Any) -> World:
    """Return a world whose server, with hot-plug on, is to get another instance type, which is *answer*."""
    world = hot({"cpu": None, "memory": None, "instanceType": "next"}, **policies)
    world.cloud.rows[ID].change(instance_type="last")
    if answer is not None:
        world.cloud.named[NEXT] = answer
    return world


@pytest.mark.parametrize("sizes", [(4, 8192), (2, 8192), (2, 4096)])
def test_a_type_that_is_known_not_to_be_smaller_is_changed_live(sizes: tuple[int, int]) -> None:
    world = typed(Resolved("type-1", *sizes), disruption={"allow": "Never"})
    assert isinstance(to_rest(world), Settled)
    assert [step for _, step, _ in world.sent] == [Resize(ID, instance_type="next", live=True)]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Resolved("type-1", 1, 8192), id="fewer-cpus"),
        pytest.param(Resolved("type-1", 4, 2048), id="less-memory"),
        pytest.param(Resolved("type-1"), id="sizes-not-shown"),
        pytest.param(Ambiguous(), id="more-than-one"),
        pytest.param(Unknown("no right to read it"), id="not-known"),
    ],
)
def test_a_type_that_is_smaller_or_not_known_needs_a_stop(answer: Answer) -> None:
    world = typed(answer)
    assert isinstance(to_rest(world), Settled)
    assert [type(step) for _, step, _ in world.sent] == [Stop, Resize, Start]


def test_for_a_type_that_there_is_not_nothing_is_stopped() -> None:
    world = typed(Missing())
    until(world, lambda step: isinstance(step, Hold) and step.reason == "ReferenceNotFound")
    for _ in range(20):
        turn(world)
    assert not world.sent
    assert condition(world, "Ready")[0] == "True"
