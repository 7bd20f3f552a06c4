"""What is decided for an object that has its server, and when nothing is decided at all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import AddFinalizer, BeginCreation, BeginRestart, Hold, Look, Settled
from onecloud_operator.core.cloud_writes import (
    Claim,
    GrowDisk,
    Resize,
    SetSecurityGroups,
    SetTags,
    Start,
    Stop,
    SyncStatus,
    Update,
)
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.observed import Disk, Owner, Phase, Reading
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.plan.retry import kind_of
from onecloud_operator.core.records import Creation, attempt_id
from onecloud_operator.core.retry_state import Attempt, Refusal
from onecloud_operator.core.values import Place, Problem
from tests.core.fixtures import (
    ADOPTED,
    ID,
    MADE,
    NOW,
    OTHER_UID,
    PLACE,
    RESTART,
    UID,
    details,
    facts,
    reading,
    records,
    resource,
    server,
    spec,
)

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.resource import Resource


def wanting(server_spec: dict[str, Any] | None = None, **policies: Any) -> Resource:
    return resource(spec=spec(server_spec, **policies))


def adopted(server_spec: dict[str, Any] | None = None) -> Resource:
    wanted = spec(server_spec, adoption={"policy": "Adopt", "id": ID})
    return resource(spec=wanted, records=ADOPTED)


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
        pytest.param({}, server("suspend"), Start(ID), id="suspended-but-wanted-on-is-started"),
        pytest.param(
            {"powerState": "Stopped"}, server("suspend"), Settled(), id="suspended-is-never-killed-to-be-off"
        ),
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
        else Memory(attempts={grow: Attempt("1//False", 1, NOW - 9000)})
    )
    assert isinstance(plan(facts(resource=intent, memory=memory)), Hold)
    asked = replace(intent, annotations={"onecloud.io/reconcile-requested-at": "now"})
    assert isinstance(plan(facts(resource=asked, memory=memory)), BeginRestart)


def test_a_resize_that_restarts_is_not_repeated_for_ever() -> None:
    step = Resize(ID, cpu=4)
    memory = Memory(attempts={step: Attempt("1//False", 2, NOW - 9000)})
    held = plan(facts(resource=wanting({"cpu": 4}, **RESTART), memory=memory))
    assert isinstance(held, Hold)
    assert held.reason == "OperationFailed"


def test_a_finalizer_that_was_taken_off_is_set_again_before_anything_is_sent() -> None:
    stripped = replace(wanting({"description": "new"}), finalizers=())
    assert plan(facts(resource=stripped)) == AddFinalizer()


def test_a_status_that_claims_an_adoption_of_another_server_than_was_asked_for_gives_no_right() -> None:
    """Not even to set the owner tags, which would make the next pass believe that it is ours."""
    forged = replace(
        wanting({"name": "mine"}, adoption={"policy": "AdoptOrCreate"}, deletionPolicy="Delete"),
        records=records(id="victim", creation=None, adopted_at="2026-11-23T11:59:00Z"),
    )
    victim = server(id="victim", name="somebody-elses", details=details(owner=None))
    held = plan(facts(victim, resource=forged))
    assert isinstance(held, Hold)
    assert held.reason == "OwnedByAnother"


def test_a_404_without_a_record_of_the_place_makes_nothing_again() -> None:
    lost = replace(wanting(onExternalDeletion="Recreate"), records=records(place=None))
    held = plan(facts(resource=lost, reading=Reading(asked_at=NOW, gone=True)))
    assert isinstance(held, Hold)
    assert held.reason == "CredentialsMismatch"


def test_a_network_given_by_id_is_compared() -> None:
    other = "6a1b0d5e-2f7c-4a83-9d10-5b3c1e7f9a21"
    held = plan(facts(resource=adopted({"networks": [{"network": other}]})))
    assert isinstance(held, Hold)
    assert held.reason == "ImmutableField"


def test_an_instance_type_in_another_case_is_the_same() -> None:
    intent = wanting({"cpu": None, "memory": None, "instanceType": "ECS.g1.c2m4"})
    assert plan(facts(server(instance_type="ecs.g1.c2m4"), resource=intent)) == Settled()


def test_an_instance_type_is_not_compared_when_cpu_and_memory_are_given() -> None:
    assert plan(facts(server(instance_type="ecs.g1.c2m4"))) == Settled()


def test_a_removed_tag_is_taken_off_only_if_it_was_ours() -> None:
    found = server(details=details(tags={"ours": "1", "theirs": "2"}))
    made = resource(records=records(managed_tags=("ours",)))
    assert plan(facts(found, resource=made)) == SetTags(ID, (), ("ours",))


def test_drift_is_only_reported_in_mode_report() -> None:
    step = plan(facts(resource=wanting({"cpu": 4, "tags": {"a": "b"}}, drift={"mode": "Report"})))
    assert isinstance(step, Hold)
    assert step.reason == "DriftReported"


def test_what_nothing_can_change_is_reported_of_an_adopted_server_and_never_acted_on() -> None:
    step = plan(facts(resource=adopted({"hypervisor": "esxi"})))
    assert isinstance(step, Hold)
    assert step.reason == "ImmutableField"
    assert "take them out" in step.message


def test_what_counts_only_when_a_server_is_made_is_no_difference_of_one_that_we_made() -> None:
    assert plan(facts(resource=wanting({"image": "debian-12", "hypervisor": "esxi"}))) == Settled()


def test_ready_is_believed_only_when_two_reads_agree() -> None:
    once = Reading(server("ready"), first_seen_at=NOW - 1, asked_at=NOW - 1)
    step = plan(facts(reading=once))
    assert isinstance(step, Hold)
    assert plan(facts(reading=replace(once, asked_at=NOW))) == Start(ID)


def test_running_is_believed_at_once() -> None:
    once = Reading(server(), first_seen_at=NOW - 1, asked_at=NOW - 1)
    assert plan(facts(reading=once)) == Settled()


def test_nothing_is_compared_with_details_of_an_older_row() -> None:
    stale = server(details=details(version=6), plain={"description": "old"})
    step = plan(facts(stale, resource=wanting({"description": "new"})))
    assert isinstance(step, Hold)


def test_a_reading_older_than_our_own_write_decides_nothing() -> None:
    step = plan(facts(resource=wanting({"description": "new"}), memory=Memory(wrote_at=NOW)))
    assert isinstance(step, Hold)
    assert step.reason == "Updating"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param(
            {"resource": resource(annotations={"onecloud.io/paused": "true"})}, "Paused", id="paused"
        ),
        pytest.param({"resource": resource(spec=None, flaw="wrong")}, "InvalidSpec", id="unreadable-spec"),
        pytest.param(
            {"trouble": Problem(Reason.FORBIDDEN, "no")}, "Forbidden", id="the-cloud-cannot-be-asked"
        ),
        pytest.param(
            {"place": Place(PLACE.auth_url, PLACE.region, "another")},
            "CredentialsMismatch",
            id="another-project",
        ),
        pytest.param({"reading": reading(server("unknown"))}, "ServerUnknown", id="unknown"),
        pytest.param({"reading": reading(server(recycled=True))}, "InRecycleBin", id="recycled-by-others"),
        pytest.param({"reading": reading(server("starting"))}, "Updating", id="moving"),
        pytest.param(
            {"reading": Reading(asked_at=NOW, gone=True)}, "ExternallyDeleted", id="gone-and-reported"
        ),
        pytest.param({"reading": Reading()}, "NotYetObserved", id="not-read-yet"),
    ],
)
def test_nothing_is_sent(changes: dict[str, Any], reason: str) -> None:
    """Much is asked for: a restart, a resize and a new server if this one is gone from elsewhere."""
    step = plan(replace(facts(), **changes))
    assert isinstance(step, Hold)
    assert step.reason == reason


def test_absence_from_a_list_is_a_question_and_never_an_answer() -> None:
    assert plan(facts(reading=Reading(asked_at=NOW, missing=True))) == Look(ID)


def test_a_404_from_another_project_never_counts_as_gone() -> None:
    elsewhere = Place(PLACE.auth_url, PLACE.region, "another")
    step = plan(
        facts(
            resource=resource(spec=spec(onExternalDeletion="Recreate")),
            place=elsewhere,
            reading=Reading(asked_at=NOW, gone=True),
        ),
    )
    assert isinstance(step, Hold)
    assert step.reason == "CredentialsMismatch"


def test_a_server_deleted_by_others_is_made_again_only_when_asked() -> None:
    gone = Reading(asked_at=NOW, gone=True)
    again = resource(spec=spec(onExternalDeletion="Recreate"))
    step = plan(facts(resource=again, reading=gone))
    assert isinstance(step, BeginCreation)
    assert step.creation.attempt == 2
    assert step.creation.id == attempt_id(UID, 2)


def test_nothing_is_made_again_while_a_share_of_the_fleet_vanished() -> None:
    again = resource(spec=spec(onExternalDeletion="Recreate"))
    step = plan(facts(resource=again, reading=Reading(asked_at=NOW, gone=True), too_many_gone=True))
    assert isinstance(step, Hold)
    assert step.reason == "TooManyGone"


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
    twice = Memory(attempts={Start(ID): Attempt("1//False", 2, NOW - 5)})
    step = plan(facts(server("ready"), memory=twice))
    assert isinstance(step, Hold)
    assert step.reason == "OperationFailed"
    assert step.requeue_after == pytest.approx(55)
    new_intent = resource(generation=2)
    assert plan(facts(server("ready"), memory=twice, resource=new_intent)) == Start(ID)


def test_a_disk_is_grown_once_since_the_cloud_may_show_less_than_it_was_asked_for() -> None:
    grow = GrowDisk(ID, "disk-1", 204800)
    intent = wanting({"dataDisks": [{"index": 1, "size": "200Gi"}]})
    found = server(details=details(disks=(*details().disks, Disk("disk-1", 1, 102400))))
    assert plan(facts(found, resource=intent)) == grow
    once = Memory(attempts={grow: Attempt("1//False", 1, NOW - 5)})
    assert isinstance(plan(facts(found, resource=intent, memory=once)), Hold)


def test_a_forged_creation_record_points_at_nothing() -> None:
    forged = Creation(1, "fd86411b-4bca-47a2-84f9-82f0170dce4c", "victim", MADE.started_at, MADE.completed_at)
    step = plan(facts(resource=resource(records=records(creation=forged, id=forged.id))))
    assert isinstance(step, Hold)
    assert step.reason == "OwnedByAnother"


ADOPTING = spec(adoption={"policy": "Adopt", "id": ID})


def test_an_adopted_server_without_our_tag_is_claimed_before_anything_else() -> None:
    found = server("ready", details=details(owner=None))
    assert plan(facts(found, resource=resource(spec=ADOPTING, records=ADOPTED))) == Claim(ID)


def test_an_adopted_server_with_another_living_owner_is_left_alone() -> None:
    other = Owner("cluster0", "shop", "web-2", OTHER_UID)
    found = server("ready", details=details(owner=other))
    adopted = resource(spec=ADOPTING, records=ADOPTED)
    step = plan(facts(found, resource=adopted, rivals=frozenset({OTHER_UID})))
    assert isinstance(step, Hold)
    assert step.reason == "OwnedByAnother"
    assert plan(facts(found, resource=adopted)) == Claim(ID)


def test_a_status_that_claims_an_adoption_nobody_asked_for_gives_no_right() -> None:
    found = server("ready", details=details(owner=None))
    step = plan(facts(found, resource=resource(records=ADOPTED)))
    assert isinstance(step, Hold)
    assert step.reason == "OwnedByAnother"


def test_an_adopted_server_is_not_started_unless_its_power_state_is_declared() -> None:
    adopted = resource(spec=ADOPTING, records=ADOPTED)
    assert plan(facts(server("ready"), resource=adopted)) == Settled()


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
