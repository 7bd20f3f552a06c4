"""What the cloud refuses for a server's state: it passes while that moves, and else is told as what it is."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, Settled
from onecloud_operator.core.cloud_writes import (
    GrowDisk,
    Resize,
    SetSecurityGroups,
    SetTags,
    Start,
    Stop,
    Unlock,
    Update,
)
from onecloud_operator.core.observed import Disk
from onecloud_operator.core.values import Problem
from tests.core.cloud import Cloud
from tests.core.fixtures import ID, RESTART, bound, details, records, resource, server, spec
from tests.core.world import World

if TYPE_CHECKING:
    from onecloud_operator.core.cloud_writes import CloudWrite
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.resource import Resource

FROZEN = Problem(
    Reason.UPDATING, "The server's state does not allow this: Virtual resource freezed.", again=True
)
ON, OFF = server(), server("ready")
TWO = server(details=details(disks=(*details().disks, Disk("disk-1", 1, 10240))))
HOT = server(details=details(hot_plug=True))


class Frozen(Cloud):
    """A cloud that refuses everything of these kinds for the state of the server, until it thaws."""

    def __init__(self, *kinds: type) -> None:
        super().__init__(pace=4.0)
        self.kinds = kinds

    def send(self, step: CloudWrite, resource: Resource) -> Problem | None:
        return FROZEN if isinstance(step, self.kinds) else super().send(step, resource)


ACTIONS = [
    pytest.param(Start, OFF, {}, {}, id="start"),
    pytest.param(Stop, ON, {"powerState": "Stopped"}, {}, id="stop"),
    pytest.param(Stop, ON, {"cpu": 1}, RESTART, id="stop-for-a-change"),
    pytest.param(Resize, OFF, {"cpu": 4, "powerState": "Stopped"}, {}, id="resize"),
    pytest.param(Resize, HOT, {"cpu": 4}, {}, id="live-resize"),
    pytest.param(GrowDisk, TWO, {"dataDisks": [{"name": "data-1", "size": "20Gi"}]}, {}, id="growth"),
    pytest.param(SetTags, ON, {"tags": {"a": "b"}}, {}, id="tags"),
    pytest.param(Update, ON, {"description": "new"}, {}, id="update"),
    pytest.param(SetSecurityGroups, ON, {"securityGroups": ["db"]}, {}, id="groups"),
]


def frozen(kind: type, found: Observed, wanted: dict[str, Any], policies: dict[str, Any]) -> World:
    world = World.of(resource(spec=spec(wanted, **policies), records=records(disks=(bound(),))))
    world.cloud = Frozen(kind)
    world.cloud.put(found, world.cluster.stored.uid)
    return world


def turns(world: World, seconds: float) -> None:
    """Make the passes of so many seconds."""
    until = world.now + seconds
    while world.now < until:
        world.turn()
        world.now += min(world.wait if world.wait is not None else 5.0, 5.0)


def condition(world: World, kind: str) -> dict[str, Any]:
    conditions = world.cluster.stored.status["conditions"]
    return next(({**each} for each in conditions if each["type"] == kind), {})


def times(world: World, kind: type) -> list[float]:
    return [at for at, step, _ in world.sent if isinstance(step, kind)]


@pytest.mark.parametrize(("kind", "found", "wanted", "policies"), ACTIONS)
def test_refused_again_at_rest_and_unchanged_it_fails_with_the_clouds_words(
    kind: type, found: Observed, wanted: dict[str, Any], policies: dict[str, Any]
) -> None:
    world = frozen(kind, found, wanted, policies)
    turns(world, 1.0)
    assert condition(world, "Synced")["reason"] in {"Updating", "RestartNeeded"}
    turns(world, 20.0)
    synced, ready = condition(world, "Synced"), condition(world, "Ready")
    live = kind is Resize and found is HOT
    assert (synced["status"], synced["reason"]) == ("False", "RestartNeeded" if live else "OperationFailed")
    assert "freezed" in synced["message"]
    assert "passes by itself" not in synced["message"]
    right = found.phase.value == ("Stopped" if wanted.get("powerState") == "Stopped" else "Running")
    assert ready["status"] == str(right), ready
    assert ready["reason"] == (
        ("PoweredOff" if found is OFF else "Available") if right else "WrongPowerState"
    )


@pytest.mark.parametrize(("kind", "found", "wanted", "policies"), ACTIONS)
def test_it_is_tried_at_growing_intervals_and_done_as_soon_as_its_state_changes(
    kind: type, found: Observed, wanted: dict[str, Any], policies: dict[str, Any]
) -> None:
    world = frozen(kind, found, wanted, policies)
    turns(world, 3600.0)
    tried = times(world, kind)
    if not (kind is Resize and found is HOT):
        waits = [later - sooner for sooner, later in pairwise(tried)]
        assert 6 <= len(tried) <= 12, waits
        assert all(wait >= 60.0 for wait in waits[1:]), waits
        assert max(waits) <= 610.0
    world.cloud.kinds = ()  # type: ignore[attr-defined]  # it thaws
    world.cloud.rows[ID].change(plain={"hardware.shutdownBehavior": "Stop"})
    turns(world, 60.0)
    assert isinstance(world.steps[-1], Settled)


def test_while_it_moves_nothing_is_wrong() -> None:
    world = frozen(Start, OFF, {}, {})
    turns(world, 1.0)
    row = world.cloud.rows[ID]
    for _ in range(10):
        row.change(status="sync_config")
        turns(world, 20.0)
        row.change(status="ready")
        turns(world, 1.5)
    assert condition(world, "Synced")["reason"] == "Updating"
    assert "lastError" not in world.cluster.stored.status


def test_a_change_between_two_refusals_has_it_looked_at_again() -> None:
    world = frozen(Start, OFF, {}, {})
    for _ in range(6):
        before = len(world.sent)
        while len(world.sent) == before:
            turns(world, 0.5)
        world.cloud.rows[ID].change(plain={"hardware.bootOrder": "cd"})
    assert condition(world, "Synced")["reason"] == "Updating"


def test_a_removal_says_so_too() -> None:
    world = frozen(Unlock, ON, {}, {})
    world.cluster.edit(deleting=True)
    turns(world, 30.0)
    deleting = condition(world, "Deleting")
    assert deleting["reason"] == "OperationFailed"
    assert "freezed" in deleting["message"]


def test_a_moment_at_which_it_is_refused_does_not_cost_the_server_its_time() -> None:
    """It was stopped for the change, which is refused once while something else still works on it."""
    world = frozen(Resize, ON, {"cpu": 1}, RESTART)
    while not times(world, Resize):
        turns(world, 0.5)
    world.cloud.kinds = ()  # type: ignore[attr-defined]
    turns(world, 60.0)
    assert [type(step) for _, step, _ in world.sent if isinstance(step, Stop | Start)] == [Stop, Start]
    assert world.cloud.rows[ID].server.cpu == 1


def test_the_time_of_the_next_try_is_the_reasons_own() -> None:
    world = frozen(Start, OFF, {}, {})
    turns(world, 20.0)
    held = world.steps[-1]
    assert isinstance(held, Hold)
    assert held.reason == "OperationFailed"
    assert "nextRetryTime" in world.cluster.stored.status
    assert replace(FROZEN, again=False).message in held.message
