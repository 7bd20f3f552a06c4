"""A plan is approved once, and is carried out to its end wherever a crash comes; nothing else is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.annotations import APPROVE_PLAN
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, Settled
from onecloud_operator.core.cloud_writes import Resize, SetTags, Start, Stop
from onecloud_operator.core.records import Records
from tests.core.fixtures import ID, RESTART, resource, spec
from tests.core.stops import die_after, row_of, sent, to_rest, turn, until, world_of
from tests.core.world import World

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step

WANTED: dict[str, Any] = {"cpu": 1, "memory": "2Gi", "tags": {"a": "b"}}
MOST_WRITES = 4  # of the whole creation of a server


def pending(step: Step) -> bool:
    return isinstance(step, Hold) and step.reason == Reason.PLAN_PENDING


def approve(world: World) -> str:
    """Approve what waits, as a person who reads the status."""
    hashed: str = world.cluster.stored.status["plan"]["hash"]
    world.cluster.edit(annotations={APPROVE_PLAN: hashed})
    return hashed


def approved(wanted: dict[str, Any]) -> World:
    """Return a world in which *wanted* is asked for, and was just approved."""
    world = world_of(wanted, approval="Manual")
    until(world, pending)
    assert not world.sent
    approve(world)
    return world


def test_an_approved_plan_is_carried_out_to_its_end() -> None:
    world = approved(WANTED)

    assert isinstance(to_rest(world), Settled)
    assert [type(step) for _, step, _ in world.sent] == [SetTags, Stop, Resize, Start]
    assert "plan" not in world.cluster.stored.status
    assert "steps" not in world.cluster.stored.status["approvedPlan"]


@pytest.mark.parametrize("in_the_middle", [False, True], ids=["between", "in-the-middle"])
@pytest.mark.parametrize("passes", range(12))
def test_a_crash_anywhere_in_an_approved_plan_needs_no_other_approval(
    passes: int, in_the_middle: bool
) -> None:
    world = approved(WANTED)
    die_after(world, passes, in_the_middle=in_the_middle)

    assert isinstance(to_rest(world), Settled)
    assert (row_of(world).cpu, row_of(world).status) == (1, "running")
    assert len(sent(world, Stop)) <= 2


@pytest.mark.parametrize("passes", range(12))
def test_a_server_that_was_stopped_runs_again_though_the_approval_is_taken_back(passes: int) -> None:
    world = approved(WANTED)
    for _ in range(passes):
        turn(world)
    world.cluster.edit(annotations={})
    to_rest(world)

    assert row_of(world).status == "running"
    assert "restart" not in world.cluster.stored.status


@pytest.mark.parametrize("passes", range(12))
def test_an_edit_anywhere_in_an_approved_plan_waits_and_leaves_the_server_running(passes: int) -> None:
    world = approved(WANTED)
    for _ in range(passes):
        turn(world)
    world.cluster.respec(spec({**WANTED, "description": "new"}, **RESTART, approval="Manual"))
    assert pending(to_rest(world))

    assert row_of(world).status == "running"
    assert row_of(world).plain("description") is None


def test_drift_after_an_approved_plan_waits_although_its_steps_are_the_same() -> None:
    world = approved({"tags": {"a": "b"}})
    to_rest(world)
    before = len(world.sent)
    world.cloud.rows[row_of(world).id].change(tags={})
    assert pending(until(world, pending))
    assert len(world.sent) == before

    approve(world)
    assert isinstance(to_rest(world), Settled)
    assert len(world.sent) == before + 1


def test_the_plan_costs_no_write_of_its_own_where_nobody_waits_for_it() -> None:
    world = World.of(resource(finalizers=(), records=Records(), spec=spec({"tags": {"a": "b"}})))
    world.cloud.pace = 4.0
    shown = []
    for _ in range(60):
        step = turn(world)
        shown.append("plan" in world.cluster.stored.status)
        if isinstance(step, Settled):
            break

    assert any(shown)
    assert not shown[-1]
    assert world.cluster.writes <= MOST_WRITES


@pytest.mark.parametrize("in_the_middle", [False, True], ids=["between", "in-the-middle"])
@pytest.mark.parametrize("passes", range(14))
@pytest.mark.parametrize(
    "wanted",
    [{"instanceGroups": ["g1", "g2"]}, {"networks": [{"network": "vnet-1", "bandwidth": 100}]}],
    ids=["groups", "bandwidth"],
)
def test_what_is_recorded_on_the_way_needs_no_other_approval(
    wanted: dict[str, Any], passes: int, in_the_middle: bool
) -> None:
    """What the cloud does not show is on record before it is asked for, and the plan stays the same."""
    world = world_of({}, approval="Manual")
    assert isinstance(to_rest(world), Settled)
    world.cluster.respec(spec(wanted, **RESTART, approval="Manual"))
    until(world, pending)
    approve(world)
    die_after(world, passes, in_the_middle=in_the_middle)

    assert isinstance(to_rest(world), Settled)
    server_spec = world.cluster.stored.server_spec
    assert server_spec is not None
    assert not world.cloud.cards.disagreements(world.cloud.rows[ID], server_spec)
    assert row_of(world).status == "running"
    assert len(sent(world, Stop)) <= 1
