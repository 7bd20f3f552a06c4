"""What is decided for an object that has its server."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import AddFinalizer, BeginRestart, Hold, Settled
from onecloud_operator.core.cloud_writes import (
    GrowDisk,
    Resize,
    Resume,
    SetSecurityGroups,
    SetTags,
    Start,
    Stop,
    Suspend,
    SyncStatus,
    Update,
)
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.observed import Disk, Phase
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.plan.retry import kind_of
from onecloud_operator.core.records import Creation
from onecloud_operator.core.retry_state import Acceptance, Refusal
from onecloud_operator.core.values import Problem
from tests.core.fixtures import (
    ID,
    MADE,
    NOW,
    RESTART,
    bound,
    details,
    facts,
    records,
    resource,
    server,
    spec,
)
from tests.core.wanted import wanting

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.observed import Observed


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [
        pytest.param({}, server(), Settled(), id="nothing-differs"),
        pytest.param(
            {"description": "new"},
            server(),
            Update(ID, (("description", "new"),)),
            id="a-text-is-put-at-once",
        ),
        pytest.param({"name": "db"}, server(), Update(ID, (("name", "db"),)), id="a-rename-goes-alone"),
        pytest.param({"tags": {"a": "b"}}, server(), SetTags(ID, (("a", "b"),), ()), id="a-tag-is-set"),
        pytest.param(
            {"securityGroups": ["default", "db"]},
            server(),
            SetSecurityGroups(ID, ("db", "default")),
            id="the-whole-set-of-groups-is-sent",
        ),
        pytest.param({"securityGroups": ["DEFAULT"]}, server(), Settled(), id="group-names-ignore-case"),
        pytest.param({"powerState": "Stopped"}, server(), Stop(ID), id="running-but-wanted-off-is-stopped"),
        pytest.param({}, server("ready"), Start(ID), id="stopped-but-wanted-on-is-started"),
        pytest.param(
            {"powerState": "Unmanaged"}, server("ready"), Settled(), id="unmanaged-power-is-left-alone"
        ),
        pytest.param({}, server("suspend"), Resume(ID), id="suspended-but-wanted-on-is-resumed"),
        pytest.param(
            {"powerState": "Stopped"},
            server("suspend"),
            Resume(ID),
            id="suspended-is-resumed-and-never-killed-to-be-off",
        ),
        pytest.param(
            {"powerState": "Suspended"}, server(), Suspend(ID), id="running-but-wanted-suspended-is-suspended"
        ),
        pytest.param(
            {"powerState": "Suspended"},
            server("ready"),
            Start(ID),
            id="what-is-off-is-started-to-be-suspended",
        ),
        pytest.param({"powerState": "Suspended"}, server("suspend"), Settled(), id="suspended-as-wanted"),
        pytest.param(
            {"powerState": "Stopped", "cpu": 4}, server(), Stop(ID), id="a-wanted-stop-comes-before-a-resize"
        ),
        pytest.param(
            {"cpu": 4}, server("ready"), Resize(ID, cpu=4), id="a-stopped-server-is-resized-before-its-start"
        ),
        pytest.param(
            {"rootDisk": {"size": "20Gi"}},
            server(),
            Settled(),
            id="a-root-disk-that-the-cloud-made-larger-is-no-drift",
        ),
        pytest.param(
            {"rootDisk": {"size": "50Gi"}},
            server("ready"),
            GrowDisk(ID, "disk-0", 51200),
            id="a-root-disk-grows-on-a-stopped-server",
        ),
    ],
)
def test_plan(wanted: dict[str, Any], found: Observed, expected: Step) -> None:
    assert plan(facts(found, resource=wanting(wanted))) == expected


@pytest.mark.parametrize("field", [{"cpu": 4}, {"memory": "8Gi"}, {"rootDisk": {"size": "50Gi"}}])
def test_a_change_that_stops_a_running_server_needs_permission(field: dict[str, Any]) -> None:
    step = plan(facts(resource=wanting(field)))
    assert isinstance(step, Hold)
    assert step.reason == "RestartNeeded"


def test_a_server_is_not_left_off_because_its_change_was_refused() -> None:
    refused = Refusal(
        Problem(Reason.PROVIDER_ERROR, "no"), intent="1//False", until=NOW + 100, count=1, since=NOW
    )
    memory = Memory(refusals={"GrowDisk disk-0": refused})
    intent = wanting({"rootDisk": {"size": "50Gi"}}, **RESTART)
    assert plan(facts(server("ready"), resource=intent, memory=memory)) == Start(ID)
    held = plan(facts(server(), resource=intent, memory=memory))
    assert isinstance(held, Hold)
    assert held.reason == "ProviderError"


@pytest.mark.parametrize("outcome", ["refused", "without-effect"])
def test_a_running_server_is_stopped_once_only_for_a_growth_that_does_not_come(outcome: str) -> None:
    """Whatever the interval, a server that is stopped again and again by itself is an outage."""
    intent = wanting({"rootDisk": {"size": "50Gi"}}, **RESTART)
    grow = GrowDisk(ID, "disk-0", 51200)
    kind, no = kind_of(grow), Problem(Reason.NO_CAPACITY, "no room")
    memory = (
        Memory(refusals={kind: Refusal(no, intent="1//False", until=NOW - 9000, count=1, since=NOW - 9999)})
        if outcome == "refused"
        else Memory(acceptances={grow: Acceptance("1//False", 1, NOW - 9000)})
    )
    assert isinstance(plan(facts(resource=intent, memory=memory)), Hold)
    asked = replace(intent, annotations={"onecloud.io/reconcile-requested-at": "now"})
    assert isinstance(plan(facts(resource=asked, memory=memory)), BeginRestart)


def test_a_resize_that_restarts_is_not_repeated_for_ever() -> None:
    step = Resize(ID, cpu=4)
    memory = Memory(acceptances={step: Acceptance("1//False", 2, NOW - 9000)})
    held = plan(facts(resource=wanting({"cpu": 4}, **RESTART), memory=memory))
    assert isinstance(held, Hold)
    assert held.reason == "OperationFailed"


def test_a_finalizer_that_was_taken_off_is_set_again_before_anything_is_sent() -> None:
    stripped = replace(wanting({"description": "new"}), finalizers=())
    assert plan(facts(resource=stripped)) == AddFinalizer()


def test_an_instance_type_in_another_case_is_the_same() -> None:
    intent = wanting({"cpu": None, "memory": None, "instanceType": "ECS.g1.c2m4"})
    assert plan(facts(server(instance_type="ecs.g1.c2m4"), resource=intent)) == Settled()


def test_an_instance_type_is_not_compared_when_cpu_and_memory_are_given() -> None:
    assert plan(facts(server(instance_type="ecs.g1.c2m4"))) == Settled()


def test_a_removed_tag_is_taken_off_only_if_it_was_ours() -> None:
    found = server(details=details(tags={"ours": "1", "theirs": "2"}))
    made = resource(records=records(managed_tags=("ours",)))
    assert plan(facts(found, resource=made)) == SetTags(ID, (), ("ours",))


ASKED = SetTags(ID, (("team", "shop"),), ())
LOST = Problem(Reason.PROVIDER_ERROR, "no answer", ambiguous=True)


def _refusal(problem: Problem, at: float = NOW - 1) -> Refusal:
    return Refusal(problem, "other", NOW, 1, at, at, step=ASKED)


@pytest.mark.parametrize(
    ("memory", "ours"),
    [
        pytest.param(Memory(acceptances={ASKED: Acceptance("other", 1, NOW - 1)}), True, id="accepted"),
        pytest.param(Memory(refusals={"SetTags": _refusal(LOST)}), True, id="its-answer-was-lost"),
        pytest.param(
            Memory(acceptances={ASKED: Acceptance("other", 1, NOW - 9, worked_at=NOW - 5)}),
            False,
            id="read-since-when-the-status-told-whose-it-is",
        ),
        pytest.param(
            Memory(refusals={"SetTags": _refusal(replace(LOST, ambiguous=False))}), False, id="refused"
        ),
        pytest.param(Memory(refusals={"SetTags": _refusal(LOST, NOW - 181)}), False, id="lost-too-long-ago"),
    ],
)
def test_a_tag_that_left_the_spec_before_it_was_read_is_taken_off_again(memory: Memory, ours: bool) -> None:
    """The status does not name it: it does so once the tag was read, and the spec was edited sooner."""
    found = server(details=details(tags={"Team": "shop"}))
    assert plan(replace(facts(found), memory=memory)) == (SetTags(ID, (), ("team",)) if ours else Settled())


def test_drift_is_only_reported_in_mode_report() -> None:
    step = plan(facts(resource=wanting({"cpu": 4, "tags": {"a": "b"}}, drift={"mode": "Report"})))
    assert isinstance(step, Hold)
    assert step.reason == "DriftReported"


def test_what_counts_only_when_a_server_is_made_is_no_difference_of_one_that_we_made() -> None:
    assert plan(facts(resource=wanting({"image": "debian-12", "hypervisor": "esxi"}))) == Settled()


@pytest.mark.parametrize("status", ["start_fail", "stop_fail", "delete_fail", "sched_fail", "deploy_fail"])
def test_no_failed_state_of_a_made_server_leads_to_a_deletion(status: str) -> None:
    found = facts(server(status))
    assert plan(found) == SyncStatus(ID)
    later = plan(replace(found, memory=Memory(synced_at=NOW - 1, sync_count=1)))
    assert isinstance(later, Hold)
    assert later.reason == "OperationFailed"


def test_a_server_that_hangs_on_its_way_is_looked_at_by_the_cloud() -> None:
    hung = Memory(moved_at=NOW - 700, moving_since=NOW - 700)
    assert plan(facts(server("starting"), memory=hung)) == SyncStatus(ID)


def test_the_same_step_is_not_repeated_for_ever() -> None:
    twice = Memory(acceptances={Start(ID): Acceptance("1//False", 2, NOW - 5)})
    step = plan(facts(server("ready"), memory=twice))
    assert isinstance(step, Hold)
    assert step.reason == "OperationFailed"
    assert step.requeue_after == pytest.approx(55)
    new_intent = resource(generation=2)
    assert plan(facts(server("ready"), memory=twice, resource=new_intent)) == Start(ID)


def test_what_is_tried_for_weeks_is_tried_every_ten_minutes() -> None:
    """As many doublings have no number any more."""
    started = Memory(acceptances={Start(ID): Acceptance("1//False", 5000, NOW - 1)})
    asked = Memory(synced_at=NOW - 1, sync_count=5000)
    for case in (facts(server("ready"), memory=started), facts(server("start_fail"), memory=asked)):
        step = plan(case)
        assert isinstance(step, Hold)
        assert step.requeue_after == pytest.approx(599)


def test_a_disk_is_grown_once_since_the_cloud_may_show_less_than_it_was_asked_for() -> None:
    grow = GrowDisk(ID, "disk-1", 204800)
    wanted = wanting({"dataDisks": [{"name": "data-1", "size": "200Gi"}]})
    intent = replace(wanted, records=records(disks=(bound(),)))
    found = server(details=details(disks=(*details().disks, Disk("disk-1", 1, 102400))))
    assert plan(facts(found, resource=intent)) == grow
    once = Memory(acceptances={grow: Acceptance("1//False", 1, NOW - 5)})
    assert isinstance(plan(facts(found, resource=intent, memory=once)), Hold)


def test_a_forged_creation_record_points_at_nothing() -> None:
    forged = Creation(1, "fd86411b-4bca-47a2-84f9-82f0170dce4c", "victim", MADE.started_at, MADE.completed_at)
    step = plan(facts(resource=resource(records=records(creation=forged, id=forged.id))))
    assert isinstance(step, Hold)
    assert step.reason == "OwnedByAnother"


def test_every_phase_has_a_rule() -> None:
    for phase in Phase:
        plan(facts(server(phase=phase)))


@pytest.mark.parametrize(
    ("tags", "step"),
    [
        pytest.param({"Team": "shop"}, None, id="the-same-in-other-letters"),
        pytest.param({"Team": "bank"}, SetTags(ID, (("Team", "bank"),), ()), id="another-value"),
        pytest.param(None, SetTags(ID, (), ("team",)), id="none"),
    ],
)
def test_tags_are_compared_as_the_cloud_compares_them(
    tags: dict[str, str] | None, step: SetTags | None
) -> None:
    """It takes K and k for one: with both in one request the last would win, and delete the other."""
    found = server(details=details(tags={"team": "shop"}))
    made = resource(spec=spec({"tags": tags}), records=records(managed_tags=("team",)))
    assert plan(facts(found, resource=made)) == (step or Settled())
