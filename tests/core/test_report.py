"""What people and tools read off the object after a pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onecloud_operator.api.reasons import DELETING_REASONS, SYNCED_REASONS, Reason, row_of
from onecloud_operator.api.status import Status
from onecloud_operator.core.actions import (
    BeginAdoption,
    BeginCreation,
    BeginDeletion,
    Create,
    Hold,
    MarkFailedCreation,
    Record,
    Resize,
    Settled,
    Stop,
    Update,
)
from onecloud_operator.core.facts import Memory, Refusal
from onecloud_operator.core.observed import Reading
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import Records, records_of
from onecloud_operator.core.report.conditions import MESSAGE_LENGTH
from onecloud_operator.core.report.events import transitions
from onecloud_operator.core.report.report import LOOK_SOON_SECONDS, report
from onecloud_operator.core.resource import PAUSED, RECONCILE_REQUESTED_AT
from onecloud_operator.core.values import Place, Problem
from tests.core.fixtures import (
    BEGUN,
    ID,
    NOW,
    PLACE,
    facts,
    nothing_yet,
    reading,
    records,
    resource,
    server,
    spec,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts

DOWN = Problem(Reason.ENDPOINT_UNREACHABLE, "The cloud cannot be reached.", request_id="req-7")


def told(case: Facts, step: Step, problem: Problem | None = None) -> dict[str, Any]:
    """Return the status after the pass, changed or not."""
    said = report(case, step, problem).status
    return dict(case.resource.status if said is None else said)


def condition(status: dict[str, Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next((c for c in status["conditions"] if c["type"] == kind), {})
    return found


def after(case: Facts, status: dict[str, Any], **changes: Any) -> Facts:
    """Return the facts of a later pass over an object with this status."""
    known = replace(case.resource, status=status, records=records_of(status), **changes)
    return replace(case, resource=known)


SETTLED = told(facts(), Settled())


def test_a_server_that_agrees_is_ready_for_this_generation() -> None:
    ready = condition(SETTLED, "Ready")
    assert (ready["status"], ready["reason"], ready["observedGeneration"]) == ("True", "Available", 1)
    assert condition(SETTLED, "Synced")["reason"] == "UpToDate"
    assert SETTLED["observedGeneration"] == 1
    assert (SETTLED["id"], SETTLED["state"], SETTLED["ip"]) == (ID, "Running", "10.0.0.5")
    assert "lastError" not in SETTLED


def test_a_second_pass_over_the_same_has_nothing_to_write() -> None:
    assert report(after(facts(), SETTLED), Settled()).status is None


def test_a_change_that_waits_for_permission_leaves_ready_true_for_the_generation_before() -> None:
    """With Ready true for the new generation Helm would call a refused resize done."""
    held = told(
        after(facts(), SETTLED, generation=2, spec=spec({"cpu": 4})), Hold(Reason.RESTART_NEEDED, "stop it")
    )
    ready = condition(held, "Ready")
    assert (ready["status"], ready["observedGeneration"]) == ("True", 1)
    assert condition(held, "Stalled")["status"] == "True"
    assert held["observedGeneration"] == 2


def test_a_restart_of_ours_makes_it_unready_at_once() -> None:
    case = after(facts(), SETTLED, generation=2, spec=spec({"cpu": 4}))
    assert condition(told(case, Stop(ID)), "Ready")["status"] == "False"


def test_an_outage_of_the_cloud_leaves_ready_as_it_was_and_says_why_the_rest_stands_still() -> None:
    case = replace(after(facts(), SETTLED), trouble=DOWN, place=None)
    down = told(case, Hold(DOWN.reason, DOWN.message))
    assert condition(down, "Ready")["status"] == "True"
    assert condition(down, "Synced")["reason"] == "EndpointUnreachable"
    assert condition(down, "CredentialsValid")["status"] == "Unknown"
    assert condition(down, "Reconciling")["reason"] == "Waiting"
    assert down["server"] == SETTLED["server"]
    assert "nextRetryTime" not in down  # one outage must not be written to 10,000 objects at each retry


def test_a_host_that_is_lost_makes_ready_unknown() -> None:
    lost = told(after(facts(server("unknown")), SETTLED), Hold(Reason.SERVER_UNKNOWN, "lost"))
    assert condition(lost, "Ready")["status"] == "Unknown"


def test_an_error_has_the_clouds_request_id_and_keeps_its_first_time() -> None:
    refused = Problem(Reason.PROVIDER_ERROR, "no", request_id="req-1")
    step = Update(ID, (("description", "x"),))
    first = told(after(facts(), SETTLED), step, refused)
    assert first["lastError"]["requestID"] == "req-1"
    later = replace(after(facts(), first), wall=facts().wall.replace(hour=13))
    again = told(later, step, replace(refused, request_id="req-2"))
    assert again["lastError"] == first["lastError"]


def test_an_error_goes_when_all_is_well() -> None:
    first = told(
        after(facts(), SETTLED), Update(ID, (("description", "x"),)), Problem(Reason.PROVIDER_ERROR, "no")
    )
    assert "lastError" not in told(after(facts(), first), Settled())


@pytest.mark.parametrize("reason", sorted(SYNCED_REASONS))
def test_an_object_is_never_stalled_and_on_its_way_at_once(reason: Reason) -> None:
    said = told(facts(), Hold(reason, "why"))
    assert not (condition(said, "Stalled") and condition(said, "Reconciling"))
    assert condition(said, "Synced")["status"] == SYNCED_REASONS[reason].synced


def test_a_message_is_cut_to_what_a_condition_takes() -> None:
    said = told(facts(), Hold(Reason.PROVIDER_ERROR, "x" * 5000))
    assert len(condition(said, "Synced")["message"]) == MESSAGE_LENGTH


def test_a_version_that_moves_alone_is_no_reason_to_write() -> None:
    moved = server(version=8, mirror={"id": ID, "lifecycle": {"updateVersion": 8}})
    case = after(facts(server(mirror={"id": ID, "lifecycle": {"updateVersion": 7}})), {})
    before = told(case, Settled())
    details = replace(moved.details, version=8) if moved.details else None
    assert report(after(facts(replace(moved, details=details)), before), Settled()).status is None


@pytest.mark.parametrize(
    ("changes", "stands"),
    [
        pytest.param({}, True, id="after-a-restart"),
        pytest.param({"generation": 2}, False, id="not-for-a-new-generation"),
        pytest.param({"deleting": True}, False, id="not-for-a-removal"),
    ],
)
def test_while_the_server_is_being_read_the_status_stands(changes: dict[str, Any], stands: bool) -> None:
    case = after(facts(reading=Reading()), SETTLED, **changes)
    case = replace(case, memory=replace(case.memory, born_at=NOW - 1))
    said = report(case, Hold(Reason.NOT_YET_OBSERVED, "not read", unread=True))
    assert (said.status is None) is stands


def test_while_a_server_that_just_changed_is_looked_at_again_the_status_stands() -> None:
    """A passing `ready` would else be a write each time, in a process that is hours old."""
    case = after(facts(server("ready"), reading=reading(server("ready"), first_seen_at=NOW)), SETTLED)
    waiting = Hold(Reason.NOT_YET_OBSERVED, "a second look", 1.0, unread=True)
    assert report(case, waiting).status is None
    assert report(replace(case, now=NOW + 1000), waiting).status is not None


def test_that_a_creation_is_complete_is_written_though_its_server_is_still_being_read() -> None:
    begun = resource(records=records(creation=BEGUN))
    case = after(facts(resource=begun), SETTLED | {"creation": {}})
    case = replace(case, resource=replace(case.resource, records=begun.records))
    status = report(case, Hold(Reason.UPDATING, "not read", unread=True)).status
    assert status is not None
    assert "completedAt" in status["creation"]


def test_rules_that_an_answer_of_one_server_does_not_show_leave_the_status() -> None:
    ruled = {"id": ID, "security": {"rules": "in:allow any"}}
    case = facts(server(mirror={"id": ID}), resource=resource(records=records(mirror=ruled)))
    kept = report(case, Settled()).status
    assert kept is not None
    assert kept["server"] == ruled
    alone = replace(case, reading=reading(server(mirror={"id": ID}, whole=True)))
    shown = report(alone, Settled()).status
    assert shown is not None
    assert shown["server"] == {"id": ID}


def test_what_does_not_get_read_for_long_is_said() -> None:
    case = replace(after(facts(reading=Reading()), SETTLED), now=NOW + 1000)
    assert report(case, Hold(Reason.NOT_YET_OBSERVED, "not read", unread=True)).status is not None


def test_an_object_without_a_server_says_why_in_ready_too() -> None:
    fresh = replace(
        facts(reading=Reading()), resource=resource(records=records(creation=None, id=None, mirror={}))
    )
    said = told(fresh, Hold(Reason.SECRET_NOT_FOUND, "There is no Secret onecloud."))
    assert condition(said, "Ready")["reason"] == "SecretNotFound"
    assert said["state"] == "Pending"


def test_a_confirmed_stop_is_powered_off() -> None:
    off = spec({"powerState": "Stopped"})
    case = replace(facts(reading=reading(server("ready"))), resource=resource(spec=off))
    assert condition(told(case, Settled()), "Ready")["reason"] == "PoweredOff"


# -- whatever is so --------------------------------------------------------------------------------------
STATUSES = ["running", "ready", "suspend", "deploying", "start_fail", "sched_fail", "unknown", "deleting"]
MADE_RECORDS = records()
RECORDS = [
    Records(),
    Records(id=ID, place=PLACE, creation=BEGUN),
    MADE_RECORDS,
    Records(id=ID, place=PLACE, adopted_at="2026-11-23T11:59:00Z", mirror={"id": ID}),
]
SPECS = [
    spec(),
    spec({"cpu": 4, "description": "x"}),
    spec({"powerState": "Stopped", "tags": {"team": "orders"}}),
    spec({"hypervisor": "esxi"}, drift={"mode": "Report"}),
    spec(adoption={"policy": "Adopt", "id": ID}, server=None),
    spec(managementPolicy="Observe", adoption={"id": ID}),
    spec(onExternalDeletion="Recreate", deletionProtection=True),
    None,
]
READINGS = st.one_of(
    st.sampled_from([Reading(), Reading(gone=True)]),
    st.builds(
        lambda status, asked_at, recycled: reading(server(status, recycled=recycled), asked_at=asked_at),
        st.sampled_from(STATUSES),
        st.sampled_from([NOW - 5, NOW - 1]),
        st.booleans(),
    ),
)
REFUSAL = Refusal(Problem(Reason.PROVIDER_ERROR, "no"), "1//False", until=NOW + 60, count=3, since=NOW - 400)
MEMORIES = [
    Memory(),
    Memory(born_at=NOW - 1, moving_since=NOW - 3),
    Memory(posted_at=NOW - 5, refusals={"Create": REFUSAL, "Update description": REFUSAL}),
    Memory(looked_at=NOW - 1, looked_version=7, synced_at=NOW - 1, sync_count=1, moving_since=NOW - 700),
]
ANNOTATIONS: list[Mapping[str, str]] = [{}, {PAUSED: "true"}, {RECONCILE_REQUESTED_AT: "now" * 200}]
TROUBLES = st.one_of(
    st.none(),
    st.none(),
    st.sampled_from([Problem(reason, "x" * 5000) for reason in SYNCED_REASONS]),
)


@st.composite
def cases(draw: st.DrawFn) -> Facts:
    """Draw facts of any kind, over a status of the generation before."""
    wanted = draw(st.sampled_from(SPECS))
    known = resource(
        spec=wanted,
        flaw=None if wanted else "spec.server.cpu: must be a number",
        generation=draw(st.sampled_from([1, 2])),
        deleting=draw(st.booleans()),
        finalizers=draw(st.sampled_from([(), resource().finalizers])),
        annotations=draw(st.sampled_from(ANNOTATIONS)),
        records=draw(st.sampled_from([*RECORDS, MADE_RECORDS])),
    )
    trouble = draw(TROUBLES)
    case = replace(
        facts(reading=draw(READINGS)),
        resource=known,
        memory=draw(st.sampled_from(MEMORIES)),
        trouble=trouble,
        place=None if trouble else draw(st.sampled_from([PLACE, PLACE, Place("https://other/v3", "r", "p")])),
        too_many_gone=draw(st.booleans()),
        bin_off=draw(st.booleans()),
    )
    if draw(st.sampled_from([True, True, False])):  # something was said before, of a server that was well
        told_before = {**SETTLED, **_said_by(known.records)}
        case = after(case, {key: value for key, value in told_before.items() if value is not None})
    return case


def _said_by(known: Records) -> dict[str, Any]:
    """Return what of *known* stands in a status."""
    said = told(
        replace(facts(reading=Reading()), resource=resource(records=known)), Hold(Reason.UPDATING, "x")
    )
    return {key: said.get(key) for key in ("creation", "adoptedAt", "cloud", "id", "server")}


PROBLEMS = st.one_of(
    st.none(),
    st.builds(
        Problem,
        st.sampled_from(sorted({*SYNCED_REASONS, *DELETING_REASONS})),
        st.sampled_from(["why", "y" * 5000]),
        request_id=st.sampled_from([None, "req-7"]),
        again=st.booleans(),
    ),
)
STEPS = st.sampled_from(
    [
        None,  # the one that follows from the facts
        None,
        None,
        BeginCreation(replace(BEGUN, attempt=2), PLACE),
        BeginAdoption(ID, PLACE),
        BeginDeletion(),
        MarkFailedCreation("z" * 5000, Reason.NO_CAPACITY),
        Create(BEGUN),
        Update(ID, (("description", "x"),)),
        Resize(ID, cpu=4),
    ]
)


@given(cases(), STEPS, PROBLEMS)
@settings(deadline=None)
def test_whatever_happens_the_status_is_one_that_the_api_server_takes(
    case: Facts, step: Step | None, problem: Problem | None
) -> None:
    """A status that it refused would never be written, and the object would stand still for ever."""
    status = told(case, step or plan(case), problem)
    Status.model_validate({key: value for key, value in status.items() if value is not None})


@given(cases(), STEPS, PROBLEMS)
@settings(deadline=None)
def test_reported_again_over_its_own_status_there_is_nothing_to_write(
    case: Facts, step: Step | None, problem: Problem | None
) -> None:
    step = step or plan(case)
    problem = None if isinstance(step, Record) else problem  # Kubernetes takes a record, or nothing is said
    first = told(case, step, problem)
    assert report(after(case, first), step, problem).status is None


@given(cases(), STEPS, PROBLEMS)
@settings(deadline=None)
def test_ready_is_true_only_for_a_generation_that_was_realised(
    case: Facts, step: Step | None, problem: Problem | None
) -> None:
    """Helm and kubectl wait believe it: a resize that was refused, or not yet made, must not look done."""
    old = condition(dict(case.resource.status), "Ready") if case.resource.status else {}
    status = told(case, step or plan(case), problem)
    ready = condition(status, "Ready")
    said_of_it = ready["observedGeneration"] == case.resource.generation
    new_to_it = said_of_it and ready["observedGeneration"] != old.get("observedGeneration")
    turned = said_of_it and old.get("status") != "True"
    if ready["status"] == "True" and ready["reason"] != "Observed" and (new_to_it or turned):
        assert condition(status, "Synced")["status"] == "True"


@given(cases(), STEPS, PROBLEMS)
@settings(deadline=None)
def test_what_kstatus_reads_is_one_thing(case: Facts, step: Step | None, problem: Problem | None) -> None:
    status = told(case, step or plan(case), problem)
    reconciling, stalled = condition(status, "Reconciling"), condition(status, "Stalled")
    assert not (reconciling and stalled)
    assert not (condition(status, "Synced")["status"] == "True" and stalled)


@given(cases(), PROBLEMS)
@settings(deadline=None)
def test_every_pass_says_which_generation_it_looked_at(case: Facts, problem: Problem | None) -> None:
    said = report(case, plan(case), problem).status
    if said is not None:
        assert said["observedGeneration"] == case.resource.generation


# -- nextRetryTime and lastError -------------------------------------------------------------------------
def test_a_problem_of_this_object_says_when_it_is_tried_again() -> None:
    case = after(facts(), SETTLED)
    said = told(case, Hold(Reason.REFERENCE_NOT_FOUND, "no such key pair", requeue_after=90.0))
    assert said["nextRetryTime"] == "2026-11-23T12:01:30Z"


@pytest.mark.parametrize("reason", sorted(r for r in SYNCED_REASONS if row_of(r).scope != "own"))
def test_other_problems_do_not(reason: Reason) -> None:
    """An outage concerns 10,000 objects, and none of them is to be rewritten at each try."""
    said = told(after(facts(), SETTLED), Hold(reason, "why", requeue_after=90.0))
    assert "nextRetryTime" not in said


@pytest.mark.parametrize(
    ("elapsed", "ahead", "expected"),
    [
        pytest.param(60, 29.0, "2026-11-23T12:01:30Z", id="the-same-moment-is-not-written-again"),
        pytest.param(60, 90.0, "2026-11-23T12:02:30Z", id="a-later-try"),
        pytest.param(10, 30.0, "2026-11-23T12:00:40Z", id="an-earlier-try"),
        pytest.param(3600, 30.0, "2026-11-23T13:00:30Z", id="another-when-it-is-over"),
        pytest.param(60, None, None, id="no-try-by-itself"),
    ],
)
def test_the_time_of_the_next_try_moves_with_it(
    elapsed: int, ahead: float | None, expected: str | None
) -> None:
    case = after(facts(), SETTLED)
    waiting = told(case, Hold(Reason.REFERENCE_NOT_FOUND, "why", requeue_after=90.0))
    later = replace(after(case, waiting), wall=case.wall + timedelta(seconds=elapsed))
    assert (
        told(later, Hold(Reason.REFERENCE_NOT_FOUND, "why", requeue_after=ahead)).get("nextRetryTime")
        == expected
    )


def test_a_time_at_which_it_is_only_looked_again_is_no_time_of_a_try() -> None:
    case = after(facts(), SETTLED)
    other = Refusal(Problem(Reason.PROVIDER_ERROR, "no"), case.intent, until=NOW + 16, count=1, since=NOW)
    case = replace(case, memory=Memory(refusals={"SetTags": other}))
    held = Hold(Reason.OPERATION_FAILED, "why", requeue_after=240.0, look_seconds=4.0)
    assert told(case, held)["nextRetryTime"] == "2026-11-23T12:04:00Z"
    assert report(case, held).requeue_after == 4.0
    paced = Hold(Reason.OPERATION_FAILED, "why", requeue_after=60.0, paced=True)
    assert "nextRetryTime" not in told(case, paced)


def test_the_request_id_of_a_refusal_is_told_by_a_later_pass_too() -> None:
    """A step that waits for its time is a hold, which knows the refusal only from memory."""
    problem = Problem(Reason.QUOTA_EXCEEDED, "The quota is used up.", request_id="req-9")
    case = after(facts(), SETTLED)
    refusal = Refusal(problem, case.intent, until=NOW + 60, count=1, since=NOW)
    case = replace(case, memory=Memory(refusals={"Resize": refusal}))
    assert told(case, Hold(problem.reason, problem.message))["lastError"]["requestID"] == "req-9"


def test_another_message_is_another_error_with_its_own_time() -> None:
    case = after(facts(), SETTLED)
    first = told(case, Hold(Reason.PROVIDER_ERROR, "one"))
    later = replace(after(case, first), wall=case.wall.replace(hour=13))
    second = told(later, Hold(Reason.PROVIDER_ERROR, "another"))["lastError"]
    assert (second["message"], second["time"]) == ("another", "2026-11-23T13:00:00Z")


@pytest.mark.parametrize("reason", ["Creating", "Updating", "NotYetObserved", "Paused"])
def test_waiting_is_no_error_and_takes_none_back(reason: Reason) -> None:
    case = after(facts(), SETTLED)
    assert "lastError" not in told(case, Hold(reason, "why"))
    failed = told(case, Hold(Reason.PROVIDER_ERROR, "no"))
    assert told(after(case, failed), Hold(reason, "why"))["lastError"] == failed["lastError"]


def test_a_wish_to_be_looked_at_is_acknowledged() -> None:
    intent = {RECONCILE_REQUESTED_AT: "2026-11-23T11:00:00Z"}
    said = told(after(facts(), SETTLED, annotations=intent), Settled())
    assert said["lastHandledReconcileAt"] == "2026-11-23T11:00:00Z"
    again = told(after(facts(), said), Settled())
    assert again["lastHandledReconcileAt"] == "2026-11-23T11:00:00Z"


# -- when it is looked at again --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("step", "memory", "seconds"),
    [
        pytest.param(Settled(), Memory(), None, id="all-is-well-so-news-will-tell"),
        pytest.param(Hold(Reason.RESTART_NEEDED, "x"), Memory(), None, id="somebody-must-act"),
        pytest.param(Hold(Reason.NO_CAPACITY, "x", requeue_after=30.0), Memory(), 30.0, id="the-hold-knows"),
        pytest.param(
            Hold(Reason.UPDATING, "x"), Memory(), LOOK_SOON_SECONDS, id="a-newer-reading-is-waited-for"
        ),
        pytest.param(
            Hold(Reason.NO_CAPACITY, "x", requeue_after=90.0),
            Memory(refusals={"Resize": replace(REFUSAL, until=NOW + 60)}),
            60.0,
            id="the-first-of-several",
        ),
        pytest.param(
            Settled(),
            Memory(refusals={"Resize": replace(REFUSAL, until=NOW - 1)}),
            None,
            id="a-time-that-is-over-is-none",
        ),
    ],
)
def test_when_it_is_looked_at_again(step: Step, memory: Memory, seconds: float | None) -> None:
    case = replace(after(facts(), SETTLED), memory=memory)
    assert report(case, step).requeue_after == seconds


def test_a_server_that_moves_is_looked_at_when_ready_can_no_longer_be_kept_and_when_it_hangs() -> None:
    moving = replace(after(facts(server("deploying")), SETTLED), memory=Memory(moving_since=NOW - 20))
    assert report(moving, Hold(Reason.UPDATING, "x")).requeue_after == 40.0
    longer = replace(moving, memory=Memory(moving_since=NOW - 80))
    assert report(longer, Hold(Reason.UPDATING, "x")).requeue_after == longer.config.hung_seconds


# -- Events ----------------------------------------------------------------------------------------------
DOWN_STATUS = told(
    replace(after(facts(), SETTLED), trouble=DOWN, place=None), Hold(DOWN.reason, DOWN.message)
)
BEGUN_STATUS = told(nothing_yet(), BeginCreation(BEGUN, PLACE))


def turns(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [f"{turn.kind} {turn.reason}" for turn in transitions(old, new)]


@pytest.mark.parametrize(
    ("old", "new", "told_as"),
    [
        pytest.param({}, BEGUN_STATUS, ["Normal Creating"], id="an-attempt-begins"),
        pytest.param(BEGUN_STATUS, SETTLED, ["Normal Created"], id="it-is-made"),
        pytest.param(SETTLED, SETTLED, [], id="nothing-happens"),
        pytest.param(SETTLED, DOWN_STATUS, ["Warning EndpointUnreachable"], id="the-cloud-goes-away"),
        pytest.param(DOWN_STATUS, DOWN_STATUS, [], id="it-stays-away"),
        pytest.param(DOWN_STATUS, SETTLED, [], id="it-comes-back-and-the-server-was-well-all-the-time"),
        pytest.param(
            SETTLED,
            told(after(facts(), SETTLED, deleting=True), BeginDeletion()),
            ["Normal Removing"],
            id="it-is-being-deleted",
        ),
        pytest.param(
            SETTLED,
            told(after(facts(), SETTLED, deleting=True), Hold(Reason.DELETION_PROTECTED, "on")),
            ["Warning DeletionProtected"],
            id="its-deletion-waits",
        ),
        pytest.param(
            SETTLED,
            told(
                after(facts(), SETTLED, generation=2, spec=spec({"cpu": 4})), Hold(Reason.RESTART_NEEDED, "x")
            ),
            ["Warning RestartNeeded"],
            id="a-change-waits",
        ),
        pytest.param(
            {},
            told(
                replace(facts(), resource=resource(records=Records())),
                BeginAdoption(ID, PLACE),
            ),
            ["Normal Adopted"],
            id="it-is-adopted",
        ),
    ],
)
def test_events_tell_turns_and_not_states(
    old: dict[str, Any], new: dict[str, Any], told_as: list[str]
) -> None:
    assert turns(old, new) == told_as


@given(cases(), PROBLEMS)
@settings(deadline=None)
def test_a_status_that_stays_is_told_by_no_event(case: Facts, problem: Problem | None) -> None:
    status = told(case, plan(case), problem)
    assert turns(status, status) == []


def test_a_tag_of_a_creation_is_managed_before_the_server_was_read() -> None:
    """It may leave the spec before anything is read, and must leave the server then."""
    wanted = spec({"tags": {"team": "shop"}})
    making = replace(resource(), spec=wanted, records=Records(id=ID, place=PLACE, creation=BEGUN))
    found = replace(facts(), resource=making, reading=Reading())
    said = report(found, plan(found)).status
    assert said is not None
    assert said["managedTags"] == ["team"]


def test_what_only_a_get_shows_outlives_a_restart() -> None:
    """Then a list brings the details, and without this each object would be written twice for nothing."""
    shown = {
        "id": ID,
        "name": "shop.web-1",
        "status": "running",
        "osName": "Linux",
        "security": {"rules": "any"},
    }
    asked = facts(server(mirror=shown))
    status = report(asked, plan(asked)).status
    assert status is not None
    listed = {key: value for key, value in shown.items() if key not in {"osName", "security"}}
    again = facts(
        server(mirror=listed),
        resource=replace(resource(), status=status, records=records_of(status)),
    )
    assert report(again, plan(again)).status is None
