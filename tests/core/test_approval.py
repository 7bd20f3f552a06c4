"""Under approval: Manual nothing is done in the cloud before a person approved the plan, hash for hash."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.annotations import APPROVE_PLAN, FORCE_DETACH, RESTART_REQUESTED_AT
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import (
    AddFinalizer,
    BeginCreation,
    BeginRestart,
    DryRun,
    Hold,
    RecordApproval,
    RemoveFinalizer,
    Settled,
)
from onecloud_operator.core.approval_record import Approval, approval_in, approval_status
from onecloud_operator.core.cloud_writes import (
    Claim,
    Disown,
    Resize,
    SetTags,
    Start,
    SyncStatus,
    Unlock,
    Update,
)
from onecloud_operator.core.facts import DryRunAnswer, Memory
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.plan_step import MAX_STEPS, Effect, mark_of, planned
from onecloud_operator.core.records import FailedAttempt, Restart, believed, records_of
from onecloud_operator.core.report.report import report
from onecloud_operator.core.values import Problem
from tests.core.fixtures import (
    ADOPTED,
    BEGUN,
    GONE,
    ID,
    NOW,
    OTHER_UID,
    OWNER,
    PLACE,
    UID,
    details,
    facts,
    nothing_yet,
    reading,
    records,
    resource,
    server,
    spec,
)

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed

RESTART: dict[str, Any] = {"disruption": {"allow": "Restart"}}


NOT_MADE = replace(records(), id=None, creation=None, place=None, mirror={})
TAGGED = details(tags={"a": "b"})
_OWN = frozenset({"records", "annotations", "generation", "deleting"})
_READ = frozenset({"reading", "memory"})


def manual(server_spec: dict[str, Any] | None = None, **changes: Any) -> Facts:
    """Return the facts of an object that waits for approvals; *changes*: of it, of the facts, or policies."""
    own = {name: each for name, each in changes.items() if name in _OWN}
    read = {name: each for name, each in changes.items() if name in _READ}
    policies = {name: each for name, each in changes.items() if name not in {*own, *read}}
    return facts(resource=resource(spec=spec(server_spec, approval="Manual", **policies), **own), **read)


def checked(server_spec: dict[str, Any] | None = None, **policies: Any) -> Facts:
    """Return the facts of an object without a server, of which the cloud's dry run found nothing wrong."""
    now = manual(server_spec, records=NOT_MADE, **policies)
    return replace(now, memory=replace(now.memory, dry_run=DryRunAnswer(now.intent, NOW, None)))


def made(now: Facts, found: Observed) -> Facts:
    """Return the facts once the approved server is there."""
    kept = replace(records(), approval=now.resource.records.approval)
    return replace(now, resource=replace(now.resource, records=kept), reading=reading(found))


def held(now: Facts) -> Hold:
    step = plan(now)
    assert isinstance(step, Hold), step
    assert step.reason == Reason.PLAN_PENDING
    assert step.awaits is not None
    return step


def hash_of(now: Facts) -> str:
    plan = held(now).awaits
    assert plan is not None
    return plan.hash


def annotated(now: Facts, value: str) -> Facts:
    notes = {**now.resource.annotations, APPROVE_PLAN: value}
    return replace(now, resource=replace(now.resource, annotations=notes))


def approved(now: Facts) -> Facts:
    """Return the facts once a person has approved what waits, and that stands in the status."""
    now = annotated(now, hash_of(now))
    step = plan(now)
    assert isinstance(step, RecordApproval), step
    return written(now, step)


def written(now: Facts, step: Step) -> Facts:
    """Return the facts once the status that *step* leaves is written."""
    status = report(now, step).status
    if status is None:
        return now
    known = replace(now.resource.records, approval=records_of(status).approval)
    return replace(now, resource=replace(now.resource, status=status, records=known))


def test_nothing_is_sent_before_the_plan_is_approved_and_then_it_is() -> None:
    now = manual({"tags": {"a": "b"}})

    hold = held(now)
    assert "tags.a b (Live)" in hold.message
    assert f"{APPROVE_PLAN}: {hash_of(now)}" in hold.message
    assert plan(approved(now)) == SetTags(ID, (("a", "b"),), ())


def test_the_plan_and_its_hash_stand_in_the_status() -> None:
    now = manual({"tags": {"a": "b"}})
    status = report(now, plan(now)).status or {}

    assert status["plan"] == {
        "hash": hash_of(now),
        "steps": [{"field": "tags.a", "to": "b", "effect": "Live"}],
    }
    going = approved(now).resource.status
    assert going["approvedPlan"]["hash"] == going["plan"]["hash"] == hash_of(now)


@pytest.mark.parametrize("value", ["", "true", "0" * 32, "*"])
def test_another_hash_approves_nothing(value: str) -> None:
    held(annotated(manual({"tags": {"a": "b"}}), value))


def test_an_edit_after_the_approval_asks_for_another() -> None:
    now = approved(manual({"tags": {"a": "b"}}))
    edited = replace(now.resource, generation=2, spec=spec({"tags": {"a": "c"}}, approval="Manual"))

    held(replace(now, resource=edited))


def test_an_approval_that_is_taken_back_holds() -> None:
    now = approved(manual({"tags": {"a": "b"}}))

    held(replace(now, resource=replace(now.resource, annotations={})))


def test_an_approval_is_not_copied_with_a_manifest_or_a_status() -> None:
    now = approved(manual({"tags": {"a": "b"}}, records=ADOPTED, adoption={"policy": "Adopt", "id": ID}))
    assert isinstance(plan(now), SetTags)
    theirs = server(details=details(owner=replace(OWNER, uid=OTHER_UID)))

    held(replace(now, resource=replace(now.resource, uid=OTHER_UID), reading=reading(theirs)))


def test_a_status_that_others_wrote_approves_nothing() -> None:
    now = approved(manual({"tags": {"a": "b"}}))
    forged = believed(now.resource.records, UID, deleting=False, shared=("approvedPlan",))

    held(replace(now, resource=replace(now.resource, records=forged)))


def test_steps_that_are_added_to_a_record_are_not_believed() -> None:
    now = approved(manual({"tags": {"a": "b"}}))
    approval = now.resource.records.approval
    assert approval is not None
    more = replace(approval, marks=(*approval.marks, mark_of(planned("tags.c", None, "d", Effect.LIVE))))
    edited = replace(now.resource.records, approval=more)

    held(replace(now, resource=replace(now.resource, records=edited)))


def test_what_was_approved_and_done_needs_another_approval_when_it_differs_again() -> None:
    now = approved(manual({"tags": {"a": "b"}}))
    fine = replace(now, reading=reading(server(details=TAGGED)))
    assert plan(fine) == Settled()
    done = written(fine, Settled())
    before, after = now.resource.records.approval, done.resource.records.approval
    assert before is not None
    assert after == replace(before, marks=())

    assert hash_of(replace(done, reading=now.reading)) != before.hash


def test_each_step_that_is_done_leaves_the_rest_of_the_same_plan_approved() -> None:
    now = approved(manual({"tags": {"a": "b"}, "description": "new"}))
    assert isinstance(plan(now), Update)
    half = replace(now, reading=reading(server(plain={"description": "new"})))

    assert isinstance(plan(half), SetTags)
    assert isinstance(plan(written(half, plan(half))), SetTags)


def test_drift_in_the_middle_waits_while_the_approved_rest_goes_on() -> None:
    wanted = {"tags": {"a": "b"}, "description": "mine"}
    now = approved(manual(wanted, reading=reading(server(plain={"description": "mine"}))))
    drifted = server(plain={"description": "changed"})

    assert plan(replace(now, reading=reading(drifted))) == SetTags(ID, (("a", "b"),), ())
    after = replace(now, reading=reading(replace(drifted, details=TAGGED)))
    assert "description changed → mine" in held(after).message


def test_a_tag_that_somebody_changes_once_more_is_not_what_was_approved() -> None:
    now = approved(manual({"tags": {"a": "b"}}, reading=reading(server(details=details(tags={"a": "x"})))))

    assert isinstance(plan(now), SetTags)
    held(replace(now, reading=reading(server(details=details(tags={"a": "y"})))))


def test_what_would_now_stop_the_server_was_not_approved_as_live() -> None:
    hot = reading(server(details=details(hot_plug=True)))
    now = approved(manual({"cpu": 4}, **RESTART, reading=hot))
    assert plan(now) == Resize(ID, cpu=4, live=True)

    assert "cpu 2 → 4 (Restart)" in held(replace(now, reading=reading(server()))).message


def test_a_begun_stop_is_never_left_off_for_want_of_an_approval() -> None:
    """Not if the spec is edited in the middle, nor if the approval is taken back."""
    begun = records(restart=Restart("2026-11-23T11:59:00Z", "cpu"))
    off = reading(server("ready"))
    now = manual({"cpu": 4}, **RESTART, records=begun, reading=off)

    assert plan(now) == Start(ID)


def test_what_was_approved_is_done_while_the_server_is_off_and_then_it_is_started() -> None:
    looked = replace(facts().memory, looked_at=NOW - 1, looked_version=7)
    now = approved(manual({"cpu": 4, "tags": {"a": "b"}}, **RESTART, memory=looked))
    live = replace(now, reading=reading(server(details=TAGGED)))
    assert isinstance(plan(live), BeginRestart)
    begun = replace(live.resource.records, restart=Restart("2026-11-23T11:59:00Z", "cpu"))
    off = replace(
        live,
        resource=replace(live.resource, records=begun),
        reading=reading(server("ready", details=TAGGED)),
    )

    assert plan(off) == Resize(ID, cpu=4)
    assert plan(replace(off, reading=reading(server("ready", cpu=4, details=TAGGED)))) == Start(ID)


def test_a_requested_restart_waits_too() -> None:
    now = manual(**RESTART, annotations={RESTART_REQUESTED_AT: "now"})

    assert "restart now (Restart)" in held(now).message
    assert isinstance(plan(approved(now)), BeginRestart)


def test_a_creation_is_checked_by_the_cloud_then_it_waits_then_it_begins() -> None:
    new = nothing_yet()
    assert plan(replace(new, resource=replace(new.resource, spec=spec(approval="Manual")))) == AddFinalizer()
    assert isinstance(plan(manual(records=NOT_MADE)), DryRun)
    now = checked()

    assert "server shop.web-1 (Create)" in held(now).message
    assert "dry run finds nothing wrong" in held(now).message
    assert isinstance(plan(approved(now)), BeginCreation)


def test_what_the_dry_run_refuses_is_told_and_asked_again_later() -> None:
    refusal = Problem(Reason.INVALID_SPEC, "No such image.")
    now = manual(records=NOT_MADE)
    told = replace(now, memory=replace(now.memory, dry_run=DryRunAnswer(now.intent, NOW, refusal)))

    assert "dry run refuses it: No such image." in held(told).message
    assert isinstance(plan(replace(told, now=NOW + 601)), DryRun)


@pytest.mark.parametrize("problem", [None, Problem(Reason.INVALID_SPEC, "No such image.")])
def test_after_a_restart_the_dry_run_is_told_from_the_status_and_not_asked_again(
    problem: Problem | None,
) -> None:
    """Or a restart would cost a call for each object that waits."""
    now = checked()
    now = replace(now, memory=replace(now.memory, dry_run=DryRunAnswer(now.intent, NOW, problem)))
    there = written(now, plan(now))
    again = replace(there, memory=Memory(born_at=NOW - 5))

    assert held(again).message == held(now).message
    assert report(again, plan(again)).status is None
    assert isinstance(plan(replace(again, resource=replace(again.resource, status={}))), DryRun)


def test_the_clean_up_of_a_failed_creation_and_the_next_attempt_need_no_other_approval() -> None:
    going = approved(checked())
    failure = FailedAttempt("2026-11-23T11:00:00Z", Reason.CREATION_FAILED, "No.")
    left = replace(
        going.resource.records,
        id=ID,
        place=PLACE,
        creation=replace(BEGUN, failure=failure),
        mirror={"id": ID},
    )
    rubbish = replace(going, resource=replace(going.resource, records=left))
    step = plan(replace(rubbish, reading=reading(server("sched_fail"))))
    assert not (isinstance(step, Hold) and step.reason == Reason.PLAN_PENDING)

    again = plan(replace(rubbish, reading=GONE))
    assert isinstance(again, BeginCreation)
    assert again.creation.attempt == 2


def test_a_server_that_is_made_again_needs_another_approval() -> None:
    """The approval of the first one, and its annotation, still stand there."""
    there = made(approved(checked(onExternalDeletion="Recreate")), server())
    assert plan(there) == Settled()

    again = replace(written(there, Settled()), reading=GONE)
    assert isinstance(plan(again), DryRun | Hold)


def test_what_follows_on_a_creation_is_a_part_of_it() -> None:
    """The new server is switched on, and given its tags, by the approval of its creation."""
    going = approved(checked({"tags": {"a": "b"}}))

    assert plan(made(going, server("ready", details=TAGGED))) == Start(ID)
    assert plan(made(going, server())) == SetTags(ID, (("a", "b"),), ())


def test_a_hung_server_is_asked_for_its_state_without_an_approval() -> None:
    assert isinstance(plan(manual(reading=reading(server("start_fail")))), SyncStatus)


@pytest.mark.parametrize("policy", ["RecycleBin", "Delete", "Retain"])
def test_a_deletion_waits_for_an_approval_and_force_detach_leads_out(policy: str) -> None:
    looked = replace(facts().memory, looked_at=NOW - 1, looked_version=7)
    now = manual(deleting=True, generation=2, deletionPolicy=policy, memory=looked)
    assert FORCE_DETACH in held(now).message

    assert plan(approved(now)) == (Disown(ID) if policy == "Retain" else Unlock(ID))
    free = replace(now.resource, annotations={FORCE_DETACH: "true"})
    assert plan(replace(now, resource=free)) == RemoveFinalizer("Detached")


def test_the_approval_of_a_change_is_none_of_a_deletion() -> None:
    now = approved(manual({"tags": {"a": "b"}}))
    going = replace(now.resource, deleting=True, generation=2)

    held(replace(now, resource=going))


def test_an_adoption_waits() -> None:
    found = server(details=details(owner=None))
    now = manual(adoption={"policy": "Adopt", "id": ID}, records=ADOPTED, reading=reading(found))

    assert "ownerTags shop/web-1 (Live)" in held(now).message
    assert plan(approved(now)) == Claim(ID)


def test_what_is_only_reported_waits_for_nothing() -> None:
    now = manual({"description": "new"}, drift={"mode": "Report"})

    step = plan(now)
    assert isinstance(step, Hold)
    assert step.reason == Reason.DRIFT_REPORTED


def test_what_is_beyond_the_room_of_one_plan_is_not_done_by_its_approval() -> None:
    old = {f"old-{number:02}": "x" for number in range(MAX_STEPS)}
    new = {f"tag-{number:02}": "y" for number in range(15)}
    now = manual(
        {"tags": new},
        records=records(managed_tags=tuple(old)),
        reading=reading(server(details=details(tags=old))),
    )
    waiting = held(now).awaits
    assert waiting is not None
    assert len(waiting.steps) == MAX_STEPS

    assert plan(approved(now)) == SetTags(ID, (), tuple(old))


def test_a_record_is_read_back_as_it_was_written() -> None:
    approval = approved(manual({"tags": {"a": "b"}, "description": "new"})).resource.records.approval
    assert isinstance(approval, Approval)
    part = approval.without(approval.open[:1])

    assert approval_in(approval_status(part)) == part
    assert approval_in({"hash": "x", "approvedAt": "then", "steps": [1, "x"]}) == Approval(
        "x", "then", ("x",)
    )
    assert approval_in("x") is None
