"""A server is suspended and resumed by its manifest, and never stopped for a change while it is."""

from __future__ import annotations

from typing import Any

import pytest

from onecloud_operator.core.actions import Hold, Settled
from onecloud_operator.core.cloud_writes import Create, Resize, Resume, SetTags, Start, Stop, Suspend
from onecloud_operator.core.records import Records
from onecloud_operator.core.values import Problem
from tests.core.cloud import LOST
from tests.core.fixtures import ID, RESTART, resource, spec
from tests.core.invariants import keep
from tests.core.stops import (
    LARGER,
    NO,
    Choosy,
    condition,
    die_after,
    row_of,
    sent,
    to_rest,
    turn,
    until_it_is,
    world_of,
)
from tests.core.world import World

SUSPENDED: dict[str, Any] = {"powerState": "Suspended"}


def suspended(wanted: dict[str, Any]) -> World:
    """Return a world in which the server is suspended."""
    world = world_of(wanted)
    world.cloud.rows[ID].change(status="suspend")
    return world


def kinds(world: World) -> list[type]:
    return [type(step) for _, step, _ in world.sent]


def test_a_running_server_is_suspended_once_and_the_object_is_ready() -> None:
    world = world_of(SUSPENDED)
    assert isinstance(to_rest(world), Settled)
    assert kinds(world) == [Suspend], "that it is shown to run once more on the way means nothing"
    assert row_of(world).status == "suspend"
    assert condition(world, "Ready") == ("True", "Suspended")
    assert world.cluster.stored.status["state"] == "Suspended"


def test_a_server_that_is_off_is_started_to_be_suspended() -> None:
    world = world_of(SUSPENDED)
    world.cloud.rows[ID].change(status="ready")
    to_rest(world)
    assert kinds(world) == [Start, Suspend]


def test_a_new_server_is_made_running_and_suspended_once_it_is_complete() -> None:
    world = World.of(resource(spec=spec(SUSPENDED), finalizers=(), records=Records()))
    world.before = keep
    assert isinstance(to_rest(world), Settled)
    assert kinds(world) == [Create, Suspend]
    assert world.cluster.stored.status["creation"]["completedAt"]


@pytest.mark.parametrize(
    ("power", "steps", "status"),
    [("Running", [Resume], "running"), ("Stopped", [Resume, Stop], "ready"), ("Unmanaged", [], "suspend")],
)
def test_another_power_state_leads_out_of_it(power: str, steps: list[type], status: str) -> None:
    world = suspended({"powerState": power})
    assert isinstance(to_rest(world), Settled)
    assert kinds(world) == steps
    assert row_of(world).status == status


@pytest.mark.parametrize("power", ["Suspended", "Unmanaged"])
def test_a_suspended_server_is_not_stopped_for_a_change(power: str) -> None:
    world = suspended({**LARGER, "powerState": power, "tags": {"a": "b"}})
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "RestartNeeded"
    assert "suspended" in held.message
    assert "powerState: Running" in held.message
    assert kinds(world) == [SetTags], "what needs no stop is sent all the same"


def test_the_way_out_that_the_hold_names_ends_with_the_change_made() -> None:
    world = suspended({**LARGER, **SUSPENDED})
    to_rest(world)
    world.cluster.respec(spec({**LARGER, "powerState": "Running"}, **RESTART))
    to_rest(world)
    world.cluster.respec(spec({**LARGER, **SUSPENDED}, **RESTART))
    assert isinstance(to_rest(world), Settled)
    assert kinds(world) == [Resume, Stop, Resize, Start, Suspend]


def test_a_running_server_is_changed_before_it_is_suspended() -> None:
    world = world_of({**LARGER, **SUSPENDED})
    assert isinstance(to_rest(world), Settled)
    assert kinds(world) == [Stop, Resize, Start, Suspend]
    assert "restart" not in world.cluster.stored.status


@pytest.mark.parametrize("late", [True, False])
def test_it_is_not_suspended_while_a_stop_may_still_come_true(late: bool) -> None:
    world = world_of({**LARGER, **SUSPENDED})
    world.cloud.mood = "unsent"
    until_it_is(world, Stop)
    world.cloud.mood = "well"
    world.cluster.respec(spec(SUSPENDED, **RESTART))
    for _ in range(3):
        turn(world)
    assert not sent(world, Suspend)
    if late:
        world.cloud.rows[ID].change(status="ready")
    assert isinstance(to_rest(world), Settled)
    assert row_of(world).status == "suspend"


@pytest.mark.parametrize("in_the_middle", [True, False])
@pytest.mark.parametrize("number", range(12))
@pytest.mark.parametrize("there", ["running", "ready", "suspend"])
@pytest.mark.parametrize("power", ["Suspended", "Stopped"])
def test_a_crash_at_any_point_ends_in_the_state_that_is_wanted(
    power: str, there: str, number: int, in_the_middle: bool
) -> None:
    world = world_of({"powerState": power})
    world.cloud.rows[ID].change(status=there)
    die_after(world, number, in_the_middle=in_the_middle)
    assert isinstance(to_rest(world), Settled)
    assert row_of(world).status == {"Suspended": "suspend", "Stopped": "ready"}[power]


@pytest.mark.parametrize("refusal", [[LOST], [LOST] * 3, [NO] * 2])
def test_a_suspension_that_is_refused_or_lost_is_tried_again(refusal: list[Problem | None]) -> None:
    world = world_of(SUSPENDED, Choosy(Suspend=[*refusal]))
    assert isinstance(to_rest(world), Settled)
    assert row_of(world).status == "suspend"
