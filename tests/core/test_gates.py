"""Two gates at once: what a person has to do first is said, and nothing is left off while nobody answers."""

from __future__ import annotations

from dataclasses import MISSING, fields, replace
from typing import TYPE_CHECKING, Any, get_args

import pytest

from onecloud_operator.api.annotations import FREEZE
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold
from onecloud_operator.core.cloud_writes import CloudWrite, Start, SyncStatus
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.mass_deletion import Deletions
from onecloud_operator.core.plan.gates import gated
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import Restart
from onecloud_operator.core.surroundings import Surroundings
from tests.core.fixtures import BEGUN, ID, NOW, RESTART, facts, records, resource, server, spec
from tests.core.stops import LARGER, world_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.core.facts import Facts
    from tests.core.world import World

SUNDAY = [{"start": "02:00", "duration": "2h", "days": ["Sun"]}]
WINDOW: dict[str, Any] = {"disruption": {"allow": "Restart", "windows": SUNDAY}}
MANUAL = {"approval": "Manual"}
TOO_MANY = Deletions(too_many=True)
DELETED = {"deleting": True, "deleted_at": "2026-11-23T11:57:00Z"}


def kinds(union: Any) -> Iterator[Any]:
    """Yield each kind of step in a union."""
    for one in get_args(union):
        yield from kinds(one) if get_args(one) else (one,)


def any_of(kind: Any) -> Any:
    """Return some step of this kind."""
    values = {"server_id": ID, "creation": BEGUN, "fields": (("name", "x"),), "put": (), "remove": ()}
    needed = [one.name for one in fields(kind) if (one.default, one.default_factory) == (MISSING, MISSING)]
    return kind(**{name: values.get(name, "x") for name in needed})


@pytest.mark.parametrize("kind", [*kinds(CloudWrite)], ids=lambda kind: kind.__name__)
def test_no_write_to_the_cloud_passes_a_gate(kind: Any) -> None:
    """Whatever kind it is, and whatever kinds there will be."""
    frozen = facts(resource=resource(annotations={FREEZE: "true"}))
    too_many = facts(resource=resource(**DELETED), deletions=TOO_MANY)
    manual = facts(resource=resource(spec=spec(approval="Manual")))
    scenes = {Reason.FROZEN: frozen, Reason.TOO_MANY_DELETIONS: too_many, Reason.PLAN_PENDING: manual}
    if kind is SyncStatus:
        del scenes[Reason.PLAN_PENDING]  # it asks the cloud for nothing but a look
    for reason, scene in scenes.items():
        hold = gated(scene, any_of(kind))
        assert isinstance(hold, Hold)
        assert hold.reason == reason


def resizing(**policies: Any) -> Facts:
    """Return the facts of a frozen object whose server is to be stopped for another size."""
    wanted = spec({"cpu": 4}, **policies)
    return facts(resource=resource(spec=wanted, annotations={FREEZE: "true"}))


@pytest.mark.parametrize(
    ("policies", "then"),
    [
        (WINDOW, "which waits for disruption.windows"),
        ({**RESTART, **MANUAL}, "Waits for approval: "),
        ({**WINDOW, **MANUAL}, "Waits for approval: "),
    ],
    ids=["closed-window", "pending-plan", "both"],
)
def test_a_freeze_is_said_before_what_else_the_change_waits_for(policies: dict[str, Any], then: str) -> None:
    """Whoever approves, or waits for the window, would find out only then that nothing is done."""
    step = plan(resizing(**policies))
    assert isinstance(step, Hold)
    assert step.reason == Reason.FROZEN
    assert step.message.startswith(f"Frozen by the annotation {FREEZE}; remove it to go on.")
    assert then in step.message
    assert step.requeue_after is None, "no window would have it done"


def test_the_plan_of_a_frozen_object_can_be_approved_all_the_same() -> None:
    step = plan(resizing(**RESTART, **MANUAL))
    assert isinstance(step, Hold)
    assert step.awaits is not None
    assert step.awaits.hash in step.message


@pytest.mark.parametrize("policies", [{}, MANUAL], ids=["too-many", "plan-pending"])
def test_a_server_that_was_stopped_for_a_change_runs_again_while_its_deletion_waits_for_a_person(
    policies: dict[str, Any],
) -> None:
    """The deletion may be a mistake that nobody ever agrees to."""
    stopped = records(restart=Restart("2026-11-23T11:56:00Z", "cpu"))
    deleted = resource(spec=spec({"cpu": 4}, **RESTART, **policies), records=stopped, **DELETED)
    looked = Memory(born_at=0.0, looked_at=NOW - 1, looked_version=7)
    waiting = facts(server("ready"), resource=deleted, memory=looked)
    waiting = replace(waiting, deletions=Deletions() if policies else TOO_MANY)

    assert isinstance(plan(waiting), Start)


def stopped_world(**policies: Any) -> World:
    """Return a world whose server is just off for a change when its object is deleted."""
    world = world_of(LARGER, **policies)
    for _ in range(60):
        world.turn()
        row = next(iter(world.cloud.rows.values()))
        if row.server.status == "ready":
            break
    assert row.server.status == "ready"
    world.cluster.edit(**DELETED)
    return world


def test_it_runs_and_then_the_hold_is_told_without_another_write() -> None:
    world = stopped_world()
    world.deletions = TOO_MANY
    for _ in range(60):
        step = world.turn()
        world.now += world.wait or 0.0
    row = next(iter(world.cloud.rows.values()))
    assert row.server.status == "running"
    assert isinstance(step, Hold)
    assert step.reason == Reason.TOO_MANY_DELETIONS
    written = world.cluster.writes
    for _ in range(20):
        world.turn()
        world.now += 600.0
    assert world.cluster.writes == written


def test_a_freeze_keeps_it_off_all_the_same() -> None:
    world = stopped_world()
    world.deletions, world.surroundings = TOO_MANY, Surroundings(frozen_by="the annotation x")
    sent = len(world.sent)
    for _ in range(20):
        step = world.turn()
    assert len(world.sent) == sent
    assert isinstance(step, Hold)
    assert step.reason == Reason.FROZEN
