"""Properties: whatever the spec and whatever the server, passes come to rest, and do no harm on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from onecloud_operator.core.actions import Hold, Settled
from onecloud_operator.core.cloud_writes import Create, Delete
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.policies import power
from onecloud_operator.core.records import records_of
from onecloud_operator.core.report.report import report
from tests.core.fixtures import MADE, NEW, NOW, details, records, resource, server, spec
from tests.core.invariants import disagreements
from tests.core.world import World

if TYPE_CHECKING:
    from onecloud_operator.api.spec import Spec
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.observed import Observed

TEXT = st.sampled_from(["a", "b", ""])
SERVERS = st.fixed_dictionaries(
    {},
    optional={
        "description": TEXT,
        "name": st.sampled_from(["db", "shop.web-1"]),
        "cpu": st.sampled_from([1, 2, 4]),
        "memory": st.sampled_from(["2Gi", "4Gi"]),
        "tags": st.dictionaries(st.sampled_from(["x", "y"]), TEXT, max_size=2),
        "securityGroups": st.sampled_from([["default"], ["db", "default"]]),
        "powerState": st.sampled_from(["Running", "Stopped", "Unmanaged"]),
        "rootDisk": st.sampled_from([{"size": "20Gi"}, {"size": "80Gi"}]),
        "hardware": st.sampled_from([{"vga": "std"}, {"bootOrder": "cd", "sourceIPCheck": False}]),
    },
)
SPECS = st.builds(
    lambda wanted, allow, mode: spec(wanted, disruption={"allow": allow}, drift={"mode": mode}),
    SERVERS,
    st.sampled_from(["Never", "Restart"]),
    st.sampled_from(["Correct", "Report"]),
)
STATUSES = st.sampled_from(
    [
        "running",
        "ready",
        "suspend",
        "rescue",
        "unknown",
        "start_fail",
        "sched_fail",
        "deploy_fail",
        "starting",
    ]
)
FOUND = st.builds(
    lambda status, tags, cpu, recycled: server(
        status, cpu=cpu, recycled=recycled, details=details(tags=tags), locked=True
    ),
    STATUSES,
    st.dictionaries(st.sampled_from(["x", "z"]), TEXT, max_size=2),
    st.sampled_from([1, 2, 8]),
    st.booleans(),
)
STOPS = {"cpu", "memory", "rootDisk.size"}


def at_rest(world: World) -> Step:
    """Return the step at which *world* stays; a hold may be for a second look, or for a minute, only."""
    for _ in range(20):
        step = world.run()
        if isinstance(step, Settled):
            break
        world.now += min(world.wait or 0.0, 120.0)
    return step


def agrees_or_says_why(world: World, wanted: Spec, step: Step) -> None:
    """See that the server in the cloud is what *wanted* asks for, or that *step* says why not."""
    (row,) = world.cloud.rows.values()
    assert wanted.server is not None
    left = disagreements(row, wanted.server, power(world.cluster.stored), world.cloud.cards)
    if isinstance(step, Settled):
        assert not left
        return
    assert isinstance(step, Hold)
    assert step.reason in {"RestartNeeded", "DriftReported", "OperationFailed", "Updating"}
    reports = wanted.drift is not None and wanted.drift.mode == "Report"
    if step.reason == "RestartNeeded":
        assert wanted.disruption is not None
        assert left
        assert left <= STOPS
    else:
        assert reports, step


@given(SPECS)
def test_every_spec_ends_in_one_server_that_agrees_or_in_a_reason(wanted: Spec) -> None:
    world = World.of(replace(NEW, spec=wanted))
    step = at_rest(world)
    assert world.cloud.posts == 1
    assert not any(isinstance(done, Delete) for done in world.steps)
    agrees_or_says_why(world, wanted, step)


@given(SPECS, SPECS)
def test_every_changed_spec_is_carried_out_or_has_a_reason(first: Spec, second: Spec) -> None:
    world = World.of(replace(NEW, spec=first))
    at_rest(world)
    world.cluster.respec(second)
    agrees_or_says_why(world, second, at_rest(world))


@given(SPECS, FOUND)
def test_a_server_that_is_there_is_never_made_again_and_never_deleted(wanted: Spec, found: Observed) -> None:
    world = World.of(resource(spec=wanted), found)
    step = at_rest(world)
    assert not any(isinstance(done, Create | Delete) for done in world.steps)
    assert found.id in world.cloud.rows
    if found.recycled or found.status == "unknown":
        assert isinstance(step, Hold)
        assert not world.sent
        return
    agrees_or_says_why(world, wanted, step)


@given(SPECS, FOUND, st.sampled_from(["RecycleBin", "Delete", "Retain"]), st.booleans())
def test_every_removal_ends_and_does_what_its_policy_says(
    wanted: Spec, found: Observed, policy: str, protected: bool
) -> None:
    going = wanted.model_copy(update={"deletion_policy": policy, "deletion_protection": protected})
    world = World.of(resource(spec=going, deleting=True), found)
    at_rest(world)
    row = world.cloud.rows.get(found.id)
    if protected:
        assert not world.cluster.released
        assert row is not None
        return
    assert world.cluster.released
    match policy:
        case "Retain":
            assert row is not None
            assert row.server.recycled == found.recycled
            assert row.server.owner is None
        case "RecycleBin":
            # What never came to rest is not kept in the bin.
            assert row is None or row.server.recycled
            assert row is not None or not found.phase.stable
        case _:
            assert row is None


@given(SPECS, FOUND, st.booleans())
@settings(max_examples=200)
def test_a_report_over_its_own_status_has_nothing_to_write(
    wanted: Spec, found: Observed, deleting: bool
) -> None:
    world = World.of(resource(spec=wanted, deleting=deleting, records=records(creation=MADE)), found)
    step = world.turn()
    if world.cluster.released or not isinstance(step, Hold | Settled):
        return
    facts = world.facts()
    again = report(facts, step)
    assert again.status is None, (again.status, facts.resource.status)


@given(SPECS)
def test_a_process_that_forgets_everything_between_two_passes_still_makes_one_server(wanted: Spec) -> None:
    """The memory may be lost at any moment; the records may not, and they alone ensure this."""
    world = World.of(replace(NEW, spec=wanted))
    for _ in range(60):
        world.memory = Memory(born_at=world.now)
        world.turn()
    assert world.cloud.posts == 1
    stored = world.cluster.stored
    assert records_of(stored.status).creation == stored.records.creation
    assert world.now > NOW
