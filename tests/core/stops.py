"""A world in which a running server is to be changed, and ways to let it go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import (
    Hold,
    Settled,
)
from onecloud_operator.core.records import Records
from onecloud_operator.core.values import Problem
from tests.core.cloud import Cloud
from tests.core.fixtures import ID, OWNER, PLACE, RESTART, resource, server, spec
from tests.core.invariants import keep
from tests.core.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.cloud_writes import CloudWrite
    from onecloud_operator.core.resource import Resource

LARGER: dict[str, Any] = {"cpu": 4, "memory": "8Gi"}
POWERS = ["Running", "Unmanaged"]
NO = Problem(Reason.PROVIDER_ERROR, "no such size")
MAX_PASSES = 300


class Choosy(Cloud):
    """A cloud that meets some kinds of steps with a problem, each as often as it has some for it."""

    def __init__(self, **met: list[Problem | None]) -> None:
        super().__init__(pace=4.0)
        self.met = met

    def send(self, step: CloudWrite, resource: Resource) -> Problem | None:
        met = self.met.get(type(step).__name__)
        problem = met.pop(0) if met else None
        if problem is None:
            return super().send(step, resource)
        if problem.ambiguous:
            super().send(step, resource)
        return problem


def world_of(wanted: dict[str, Any], cloud: Cloud | None = None, **policies: Any) -> World:
    """Return a world in which the base server runs, and *wanted* is asked for."""
    world = World.of(resource(spec=spec(wanted, **{**RESTART, **policies})))
    world.cloud = cloud or Cloud(pace=4.0)
    world.cloud.put(server(), world.cluster.stored.uid)
    world.before = keep
    return world


def adopted(wanted: dict[str, Any], **policies: Any) -> World:
    """Return a world whose object has adopted its server: its powerState is Unmanaged by default."""
    taken = Records(id=ID, place=PLACE, adopted_at="2026-11-23T11:00:00Z", mirror={"id": ID})
    intent = spec(wanted, adoption={"policy": "Adopt", "id": ID}, **{**RESTART, **policies})
    world = World.of(resource(spec=intent, records=taken))
    world.cloud = Cloud(pace=4.0)
    world.cloud.put(server()).change(owner=OWNER)
    world.before = keep
    return world


def turn(world: World) -> Step:
    step = world.turn()
    world.now += min(world.wait or 0.0, 60.0)
    return step


def die_after(world: World, passes: int, *, in_the_middle: bool) -> None:
    """Make so many passes, and one more at which the process dies: before it, or between act and report."""
    for _ in range(passes):
        turn(world)
    world.dies = in_the_middle
    if not in_the_middle:
        world.die()
    turn(world)


def until(world: World, ends: Callable[[Step], bool]) -> Step:
    for _ in range(MAX_PASSES):
        step = turn(world)
        if ends(step):
            return step
    msg = f"it does not come to it: {world.steps[-6:]}"
    raise AssertionError(msg)


def until_it_is(world: World, kind: type) -> Step:
    return until(world, lambda step: isinstance(step, kind))


def to_rest(world: World) -> Step:
    """Make passes until nothing more comes by itself; return the last step."""
    return until(
        world,
        lambda step: (
            world.cluster.released
            or (isinstance(step, Settled) and world.wait is None)
            or (isinstance(step, Hold) and world.wait is None)
            or (isinstance(step, Hold) and (world.wait or 0.0) > 300.0)
        ),
    )


def sent(world: World, kind: type) -> list[CloudWrite]:
    return [step for _, step, _ in world.sent if isinstance(step, kind)]


def row_of(world: World) -> Any:
    return world.cloud.rows[ID].server


def condition(world: World, kind: str) -> tuple[str, str]:
    conditions = world.cluster.stored.status["conditions"]
    found = next(each for each in conditions if each["type"] == kind)
    return found["status"], found["reason"]
