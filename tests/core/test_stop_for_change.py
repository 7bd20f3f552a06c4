"""A server is stopped for a change and started again, wherever a crash comes."""

from __future__ import annotations

from typing import Any

import pytest

from onecloud_operator.core.actions import BeginRestart, Hold, Settled
from onecloud_operator.core.cloud_writes import GrowDisk, Resize, Start, Stop
from onecloud_operator.core.observed import Phase
from tests.core.fixtures import ID, RESTART, spec
from tests.core.stops import (
    LARGER,
    MAX_PASSES,
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
from tests.core.world import World


# -- the way ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("power", POWERS)
def test_it_is_stopped_changed_and_started_again_whatever_its_power_state(power: str) -> None:
    world = world_of({**LARGER, "powerState": power})
    assert isinstance(to_rest(world), Settled)
    assert [type(step) for _, step, _ in world.sent] == [Stop, Resize, Start]
    assert (row_of(world).cpu, row_of(world).memory_mib, row_of(world).status) == (4, 8192, "running")
    assert "restart" not in world.cluster.stored.status


def test_an_adopted_server_runs_again_though_nobody_declared_its_power_state() -> None:
    world = adopted(LARGER)
    assert isinstance(to_rest(world), Settled)
    assert row_of(world).status == "running"


def test_changes_that_need_a_stop_share_one() -> None:
    world = world_of({"cpu": 1, "rootDisk": {"size": "80Gi"}})
    begun = until_it_is(world, BeginRestart)
    assert isinstance(begun, BeginRestart)
    assert begun.restart.why == "cpu, rootDisk.size"
    to_rest(world)
    assert [type(step) for _, step, _ in world.sent] == [Stop, Resize, GrowDisk, Start]


@pytest.mark.parametrize("apart", [60.0, 600.0])
def test_it_is_not_stopped_again_and_again_against_somebody_who_changes_it_back(apart: float) -> None:
    """That the change worked for a while does not make another stop cheaper."""
    world = world_of(LARGER)
    until_it_is(world, Settled)
    began_at = world.now
    for turns in range(1, 7):
        while world.now < began_at + turns * apart:
            world.turn()
            world.now += min(world.wait or apart, 5.0)
        world.cloud.rows[ID].change(cpu=2, memory_mib=4096)
    last = to_rest(world)
    assert len(sent(world, Stop)) <= 2, "once, and once more when that is long ago"
    assert isinstance(last, Hold)
    assert last.reason == "OperationFailed"
    assert last.message.startswith("The cloud carried out the resize, and it was undone since. ")


def test_the_record_stands_before_the_stop_is_sent() -> None:
    world = world_of(LARGER)
    until_it_is(world, BeginRestart)
    assert world.cluster.stored.status["restart"]["why"] == "cpu, memory"
    assert not world.sent
    assert isinstance(turn(world), Stop)


def test_it_says_what_it_does_once_and_is_unready_meanwhile() -> None:
    world = world_of(LARGER)
    until_it_is(world, Stop)
    assert condition(world, "Ready") == ("False", "Updating")
    writes = world.cluster.writes
    until_it_is(world, Start)
    until(world, lambda _step: row_of(world).phase is Phase.MOVING)
    for kind in ("Ready", "Synced", "Reconciling"):
        found = next(c for c in world.cluster.stored.status["conditions"] if c["type"] == kind)
        assert (
            found["message"]
            == "The server is stopped for a change of cpu, memory, and started again after it."
        )
    assert world.cluster.stored.status["state"] == "Updating"
    assert world.cluster.writes - writes <= 1
    to_rest(world)
    assert (condition(world, "Ready"), condition(world, "Synced")) == (
        ("True", "Available"),
        ("True", "UpToDate"),
    )


@pytest.mark.parametrize("wanted", [LARGER, {"cpu": 1}, {"rootDisk": {"size": "80Gi"}}])
def test_without_leave_nothing_is_stopped(wanted: dict[str, Any]) -> None:
    world = world_of(wanted, disruption={"allow": "Never"})
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert (held.reason, world.sent) == ("RestartNeeded", [])
    assert "powerState" not in held.message


# -- crashes ---------------------------------------------------------------------------------------------
def after_each_step(world: World, number: int, *, in_the_middle: bool) -> None:
    """Let the process die at pass *number*, before its report is written or between two passes."""
    for index in range(MAX_PASSES):
        if index == number:
            if in_the_middle:
                world.dies = True
            else:
                world.die()
        step = turn(world)
        if index > number and isinstance(step, Settled) and not world.wait:
            return


@pytest.mark.parametrize("in_the_middle", [True, False])
@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("number", range(28))
def test_a_crash_at_any_point_is_a_repeat(number: int, power: str, in_the_middle: bool) -> None:
    world = world_of({**LARGER, "powerState": power})
    after_each_step(world, number, in_the_middle=in_the_middle)
    assert (row_of(world).cpu, row_of(world).status) == (4, "running")
    assert len(sent(world, Stop)) == 1, "one restart, whatever dies in it"
    assert "restart" not in world.cluster.stored.status


@pytest.mark.parametrize("number", range(28))
@pytest.mark.parametrize("edit", [{"powerState": "Unmanaged"}, {**LARGER, "powerState": "Unmanaged"}])
def test_a_crash_and_an_edit_at_any_point_leave_it_running(number: int, edit: dict[str, Any]) -> None:
    world = world_of({**LARGER, "powerState": "Unmanaged"}, Choosy(Resize=[NO]))
    for _ in range(number):
        turn(world)
    world.cluster.respec(spec(edit, **RESTART))
    world.die()
    to_rest(world)
    assert row_of(world).status == "running"
    assert "restart" not in world.cluster.stored.status
