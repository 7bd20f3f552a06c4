"""Properties: whatever the wish and whatever the server, passes come to rest, and do no harm on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from onecloud_operator.core.actions import Create, Delete, Hold, Settled
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.records import Records, records_of
from onecloud_operator.core.report import report
from tests.core.scenes import MADE, NOW, details, records, resource, server, spec
from tests.core.world import World

if TYPE_CHECKING:
    from onecloud_operator.api.spec import Spec
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
NEW = resource(finalizers=(), records=Records())


@given(SPECS)
def test_every_wish_ends_in_one_server_that_agrees_or_in_a_reason(wanted: Spec) -> None:
    world = World(replace(NEW, spec=wanted))
    for _ in range(8):  # a hold may be for a second look only
        step = world.run()
    assert isinstance(step, Settled | Hold)
    assert world.posts == 1
    assert not any(isinstance(done, Delete) for done in world.steps)
    allowed = {"RestartNeeded", "ImmutableField", "DriftReported", "OperationFailed"}
    assert isinstance(step, Settled) or step.reason in allowed


@given(SPECS, FOUND)
def test_a_server_that_is_there_is_never_made_again_and_never_deleted(wanted: Spec, found: Observed) -> None:
    world = World(resource(spec=wanted), found)
    for _ in range(8):
        world.run()
    assert not any(isinstance(step, Create | Delete) for step in world.steps)
    assert world.server is not None


@given(SPECS, FOUND, st.sampled_from(["RecycleBin", "Delete", "Retain"]), st.booleans())
def test_every_removal_ends_and_does_what_its_policy_says(
    wanted: Spec, found: Observed, policy: str, protected: bool
) -> None:
    going = wanted.model_copy(update={"deletion_policy": policy, "deletion_protection": protected})
    world = World(resource(spec=going, deleting=True), found)
    for _ in range(8):
        world.run()
    if protected:
        assert not world.released
        assert world.server is not None
        return
    assert world.released
    match policy:
        case "Retain":
            assert world.server is not None
            assert world.server.recycled == found.recycled
            assert world.server.owner is None
        case "RecycleBin":
            assert world.server is not None
            assert world.server.recycled
        case _:
            assert world.gone


@given(SPECS, FOUND, st.booleans())
@settings(max_examples=200)
def test_a_report_over_its_own_status_has_nothing_to_write(
    wanted: Spec, found: Observed, deleting: bool
) -> None:
    world = World(resource(spec=wanted, deleting=deleting, records=records(creation=MADE)), found)
    step = world.turn()
    if world.released or not isinstance(step, Hold | Settled):
        return
    facts = world.facts()
    again = report(facts, step)
    assert again.status is None, (again.status, facts.resource.status)


@given(SPECS)
def test_a_process_that_forgets_everything_between_two_passes_still_makes_one_server(wanted: Spec) -> None:
    """The memory may be lost at any moment; the records may not, and they alone keep this promise."""
    world = World(replace(NEW, spec=wanted))
    for _ in range(60):
        if world.server is None and world.resource.records.creation is not None:
            world.gone = True  # a look after the restart finds nothing yet
        world.memory = Memory(born_at=world.now)
        world.turn()
    assert world.posts == 1
    assert records_of(world.resource.status).creation == world.resource.records.creation
    assert world.now > NOW
