"""Whatever the cloud refuses or loses of a stop for a change, the server is not left off by us."""

from __future__ import annotations

from dataclasses import replace

import pytest

from onecloud_operator.core.actions import Hold, Settled
from onecloud_operator.core.cloud_writes import Resize, Start, Stop
from onecloud_operator.core.values import Problem
from tests.core.cloud import AGAIN, LOST
from tests.core.fixtures import ID, RESTART, spec
from tests.core.stops import (
    LARGER,
    NO,
    POWERS,
    Choosy,
    adopted,
    condition,
    row_of,
    sent,
    to_rest,
    turn,
    until,
    until_it_is,
    world_of,
)


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("refusal", [[NO], [AGAIN] * 9, [LOST] * 2, [LOST] * 9])
def test_a_refused_change_leaves_it_running_and_is_not_repeated_by_itself(
    power: str, refusal: list[Problem | None]
) -> None:
    world = world_of({**LARGER, "powerState": power}, Choosy(Resize=[*refusal]))
    to_rest(world)
    assert row_of(world).status == "running"
    assert len(sent(world, Stop)) == 1
    assert "restart" not in world.cluster.stored.status
    assert condition(world, "Ready")[0] == "True", "it runs, whatever it should be besides"
    stops = len(sent(world, Stop))
    for _ in range(5):
        world.now += 3600.0
        turn(world)
    assert len(sent(world, Stop)) == stops


def test_a_process_that_comes_later_does_not_stop_it_for_what_was_refused() -> None:
    world = world_of({**LARGER, "powerState": "Unmanaged"}, Choosy(Resize=[NO] * 9))
    until_it_is(world, Start)
    world.die()
    to_rest(world)
    assert row_of(world).status == "running"
    assert len(sent(world, Stop)) == 1


def test_a_lost_answer_to_the_change_is_waited_for_with_the_server_off() -> None:
    """To start it at once, and to stop it again, would be one outage more."""
    world = world_of(LARGER, Choosy(Resize=[replace(LOST, ambiguous=False, again=True), None]))
    assert isinstance(to_rest(world), Settled)
    assert [type(step) for _, step, _ in world.sent] == [Stop, Resize, Resize, Start]


@pytest.mark.parametrize("power", POWERS)
def test_a_start_that_is_refused_is_tried_until_it_runs(power: str) -> None:
    world = world_of({**LARGER, "powerState": power}, Choosy(Start=[NO] * 4))
    until_it_is(world, Start)
    until(world, lambda step: isinstance(step, Hold))
    assert condition(world, "Ready") == ("False", "WrongPowerState")
    assert condition(world, "Synced") == ("False", "ProviderError")
    to_rest(world)
    assert row_of(world).status == "running"
    assert len(sent(world, Start)) == 5


def test_a_stop_that_is_refused_leaves_it_ready_and_no_record() -> None:
    world = world_of(LARGER, Choosy(Stop=[NO] * 3))
    until(world, lambda _step: bool(sent(world, Stop)))
    assert condition(world, "Synced") == ("False", "ProviderError")
    assert condition(world, "Ready")[0] == "True"
    world.now -= world.wait or 0.0
    assert isinstance(turn(world), Hold)
    assert "restart" not in world.cluster.stored.status
    assert isinstance(to_rest(world), Settled)


@pytest.mark.parametrize("late", [True, False])
def test_a_stop_whose_answer_is_lost_is_undone_though_nothing_is_wanted_any_more(late: bool) -> None:
    """The spec is edited back while the stop may still come true: it is awaited, and undone."""
    world = world_of({**LARGER, "powerState": "Unmanaged"})
    world.cloud.mood = "unsent"
    until_it_is(world, Stop)
    world.cloud.mood = "well"
    world.cluster.respec(spec({"powerState": "Unmanaged"}, **RESTART))
    for _ in range(3):
        turn(world)
    assert "restart" in world.cluster.stored.status
    if late:
        world.cloud.rows[ID].change(status="ready")
    to_rest(world)
    assert row_of(world).status == "running"
    assert "restart" not in world.cluster.stored.status
    assert len(sent(world, Start)) == late


@pytest.mark.parametrize("late", [True, False])
def test_a_stop_that_is_accepted_and_comes_late_is_undone(late: bool) -> None:
    """A host whose agent is away does what it was asked for when that is back; until then the server runs."""
    world = adopted(LARGER)
    world.cloud.mood = "deaf"
    until(world, lambda step: isinstance(step, Hold) and step.reason == "OperationFailed")
    assert len(sent(world, Stop)) == 2
    assert "restart" in world.cluster.stored.status
    world.cloud.mood = "well"
    world.cluster.respec(spec({}, adoption={"policy": "Adopt", "id": ID}, **RESTART))
    if late:
        world.cloud.rows[ID].change(status="ready")
    to_rest(world)
    assert row_of(world).status == "running"
    assert "restart" not in world.cluster.stored.status
    assert len(sent(world, Start)) == late


@pytest.mark.parametrize("status", ["stop_fail", "change_flavor_fail", "start_fail"])
@pytest.mark.parametrize("mode", ["Correct", "Report"])
def test_a_failed_operation_in_the_middle_ends_with_it_running(status: str, mode: str) -> None:
    world = world_of({**LARGER, "powerState": "Unmanaged"})
    until_it_is(world, Stop)
    row = world.cloud.rows[ID]
    row.task = []
    row.change(status=status)
    row.on = False
    world.cluster.respec(spec({**LARGER, "powerState": "Unmanaged"}, drift={"mode": mode}, **RESTART))
    to_rest(world)
    assert row_of(world).status == "running"
