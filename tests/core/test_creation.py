"""How a server comes to be exactly once, and the one deletion that nobody asks for."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core import memory, refusals
from onecloud_operator.core.actions import (
    AddFinalizer,
    BeginCreation,
    Find,
    Hold,
    Look,
    MarkFailedCreation,
    ReadHistory,
    Settled,
)
from onecloud_operator.core.cloud_writes import Create, Delete, SyncStatus, Unlock
from onecloud_operator.core.creation_digests import sent_of
from onecloud_operator.core.facts import History, Memory
from onecloud_operator.core.observed import CREATE_FAILURES, Reading
from onecloud_operator.core.outcome import Done
from onecloud_operator.core.plan.attempt import completes, unmade
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import Creation, FailedAttempt, Records, attempt_id, records_of
from onecloud_operator.core.report.report import report
from onecloud_operator.core.resource import FINALIZER
from onecloud_operator.core.retry_state import Refusal
from onecloud_operator.core.server_names import host_name
from onecloud_operator.core.values import Problem
from tests.core.fixtures import (
    BEGUN,
    GONE,
    ID,
    MADE,
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
    from onecloud_operator.core.facts import Facts

FAILURE = FailedAttempt("2026-11-23T11:59:10Z", Reason.CREATION_FAILED, "no room")
DUPLICATE_NAME = Problem(Reason.NAME_CONFLICT, "taken", duplicate_name=True)
DUPLICATE_ID = Problem(Reason.PROVIDER_ERROR, "1062", duplicate_id=True)


def beginning(**changes: Any) -> Facts:
    """An object whose first attempt is recorded, sent and not complete."""
    begun = resource(records=records(creation=BEGUN, mirror={}))
    return replace(facts(reading=Reading(), memory=Memory(posted_at=NOW - 10)), resource=begun, **changes)


def failing(status: str = "sched_fail", **memory: Any) -> Facts:
    """The same, after the failure was recorded in the status and the server seen."""
    marked = resource(records=records(creation=replace(BEGUN, failure=FAILURE)))
    judged = {"history": History(False, "no room"), "history_asked_at": NOW - 20, **memory}
    kept = Memory(posted_at=NOW - 60, **judged)
    return replace(facts(server(status)), resource=marked, memory=kept)


def test_a_server_that_cannot_be_asked_for_yet_is_not_recorded() -> None:
    """After a restart nobody could tell whether a POST had followed the record, and its object would wait."""
    lacking = Problem(Reason.SECRET_NOT_FOUND, "There is no Secret login.")
    new = facts(reading=Reading(), resource=resource(records=Records(), finalizers=()), lacking=lacking)
    assert plan(new) == Hold(Reason.SECRET_NOT_FOUND, "There is no Secret login.")
    assert plan(replace(new, lacking=None)) == AddFinalizer()


def test_events_that_cannot_be_read_are_read_again_at_one_time_however_often_it_is_told() -> None:
    """Else each pass in between would write another time into the status."""
    for passed in (20.0, 50.0):
        held = plan(failing("deploy_fail", history=None, history_asked_at=NOW - passed))
        assert isinstance(held, Hold)
        assert held.requeue_after == 60.0 - passed


def refused(problem: Problem, until: float = NOW - 1) -> dict[str, Refusal]:
    return {"Create": Refusal(problem, intent="1//False", until=until, count=1, since=NOW - 100)}


def test_the_finalizer_comes_before_the_record_and_the_record_before_the_post() -> None:
    fresh = nothing_yet()
    assert plan(fresh) == AddFinalizer()
    held = replace(fresh, resource=replace(fresh.resource, finalizers=(FINALIZER,)))
    record = plan(held)
    assert held.resource.spec is not None
    assert held.resource.spec.server is not None
    sent = sent_of(held.resource.spec.server)
    assert record == BeginCreation(Creation(1, ID, "shop.web-1", "2026-11-23T12:00:00Z", sent=sent), PLACE)
    recorded = beginning(memory=Memory(begun_attempt=1))
    assert plan(recorded) == Create(BEGUN)


def test_an_object_whose_record_is_older_than_this_process_is_looked_for_before_it_is_sent() -> None:
    restarted = beginning(memory=Memory())
    assert isinstance(plan(restarted), Hold)
    assert plan(replace(restarted, reading=Reading(missing=True, asked_at=NOW))) == Look(ID)
    assert plan(replace(restarted, reading=GONE)) == Create(BEGUN)


def test_an_unanswered_post_is_followed_by_a_look_and_then_by_the_same_post() -> None:
    lost = beginning()
    assert plan(lost) == Look(ID)
    assert plan(replace(lost, reading=GONE)) == Create(BEGUN)


def test_a_look_from_before_the_post_proves_nothing() -> None:
    assert plan(beginning(reading=Reading(asked_at=NOW - 20, gone=True))) == Look(ID)


def test_a_clear_no_to_a_later_post_says_nothing_of_one_whose_answer_was_lost() -> None:
    """Else the first might yet make a server, while another one is adopted in its place."""
    case = beginning(memory=Memory(born_at=0.0, begun_attempt=1))
    lost, full = Problem(Reason.ENDPOINT_UNREACHABLE, "", ambiguous=True), Problem(Reason.QUOTA_EXCEEDED, "")
    for problem, at in ((lost, NOW), (full, NOW + 3)):
        after = refusals.refused(case, Create(BEGUN), problem, ended_at=at, wait_seconds=60.0)
        case = replace(case, memory=after)
    for seconds, certain in ((5, False), (179, False), (181, True)):
        now = NOW + seconds
        assert unmade(replace(case, now=now, reading=Reading(asked_at=now, gone=True))) is certain


def test_after_a_restart_a_post_of_the_process_before_may_be_under_way() -> None:
    taken = refusals.refused(
        beginning(memory=Memory(born_at=NOW)), Create(BEGUN), DUPLICATE_NAME, ended_at=NOW, wait_seconds=600.0
    )
    for seconds, certain in ((5, False), (181, True)):
        now = NOW + seconds
        case = beginning(memory=taken, now=now, reading=Reading(asked_at=now, gone=True))
        assert unmade(case) is certain


def test_a_name_that_another_server_has_is_a_conflict_that_touches_nothing() -> None:
    taken = Memory(posted_at=NOW - 10, refusals=refused(DUPLICATE_NAME, until=NOW + 500))
    assert plan(beginning(memory=taken)) == Look(ID)
    step = plan(beginning(memory=taken, reading=GONE))
    assert isinstance(step, Hold)
    assert step.reason == "NameConflict"


def test_a_name_taken_by_our_own_unanswered_post_is_no_conflict() -> None:
    taken = Memory(posted_at=NOW - 10, refusals=refused(DUPLICATE_NAME, until=NOW + 500))
    assert plan(beginning(memory=taken, reading=reading(server()))) == Settled()


def test_what_is_taken_and_may_not_be_seen_belongs_to_another() -> None:
    hidden = {
        **refused(DUPLICATE_NAME),
        "Look": Refusal(Problem(Reason.FORBIDDEN, ""), "1//False", until=NOW + 30, count=1, since=NOW),
    }
    step = plan(beginning(memory=Memory(posted_at=NOW - 10, refusals=hidden)))
    assert isinstance(step, Hold)
    assert step.reason == "OwnedByAnother"


def test_an_id_is_burnt_only_when_two_posts_a_minute_apart_say_so() -> None:
    once = Memory(posted_at=NOW - 10, burnt_at=NOW - 10, refusals=refused(DUPLICATE_ID))
    assert plan(beginning(memory=once, reading=GONE)) == Create(BEGUN)
    twice = replace(once, burnt_at=NOW - 75, posted_at=NOW - 10)
    step = plan(beginning(memory=twice, reading=GONE))
    assert isinstance(step, BeginCreation)
    assert (step.creation.attempt, step.creation.id) == (2, attempt_id(UID, 2))


def test_a_name_may_be_corrected_while_no_server_is_made() -> None:
    renamed = beginning(reading=GONE)
    renamed = replace(renamed, resource=replace(renamed.resource, spec=spec({"name": "db"})))
    step = plan(renamed)
    assert isinstance(step, BeginCreation)
    assert (step.creation.attempt, step.creation.id, step.creation.name) == (1, ID, "db")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(reading(server("running")), True, id="running"),
        pytest.param(reading(server("ready")), True, id="ready-twice"),
        pytest.param(Reading(server("ready"), NOW, NOW), False, id="ready-once"),
        pytest.param(reading(server("deploying")), False, id="on-its-way"),
        pytest.param(reading(server("sched_fail")), False, id="failed"),
        pytest.param(reading(server("unknown")), False, id="unknown"),
        pytest.param(reading(server("running", recycled=True)), False, id="recycled"),
    ],
)
def test_a_creation_is_complete_when_the_server_first_rests(found: Reading, expected: bool) -> None:
    assert completes(beginning(reading=found)) is expected


def test_another_server_that_is_observed_meanwhile_completes_no_creation() -> None:
    """Else it would count as made, and as deleted by others once the object is managed again."""
    other = server(id=OTHER_UID, name="legacy", mirror={"id": OTHER_UID})
    watching = spec(managementPolicy="Observe", adoption={"id": OTHER_UID})
    case = replace(beginning(), reading=reading(other))
    case = replace(case, resource=replace(case.resource, spec=watching, finalizers=()))
    status = report(case, plan(case)).status
    assert status is not None
    assert (status["id"], "completedAt" in status["creation"]) == (OTHER_UID, False)
    adopting = spec(adoption={"policy": "Adopt", "id": OTHER_UID})
    kept = records_of(status)
    back = replace(case.resource, spec=adopting, records=kept, status=status, generation=3)
    proven = Reading(asked_at=NOW + 299, gone=True)
    assert plan(replace(case, resource=back, reading=proven, now=NOW + 300)) == Find(server_id=OTHER_UID)


def test_after_another_server_was_observed_the_object_shows_its_own_again() -> None:
    shown = resource(records=records(id=OTHER_UID, mirror={"id": OTHER_UID}))
    status = report(facts(resource=shown), Settled()).status
    assert status is not None
    assert (status["id"], status["server"]["id"]) == (ID, ID)


def test_a_failed_creation_is_recorded_with_its_cause_before_anything_is_deleted() -> None:
    failed = beginning(reading=reading(server("sched_fail")))
    assert plan(failed) == ReadHistory(ID)
    read = replace(failed, memory=Memory(history_asked_at=NOW - 1, history=History(False, "no host fits")))
    step = plan(read)
    assert isinstance(step, MarkFailedCreation)
    assert "no host fits" in step.message
    assert step.reason == "CreationFailed"


def test_a_failure_for_lack_of_room_says_so() -> None:
    history = History(False, "Insufficient memory: no resource")
    read = beginning(
        reading=reading(server("sched_fail")), memory=Memory(history_asked_at=NOW - 1, history=history)
    )
    step = plan(read)
    assert isinstance(step, MarkFailedCreation)
    assert step.reason == "NoCapacity"


@pytest.mark.parametrize("status", ["disk_fail", "deploy_fail", "security_group_fail"])
@pytest.mark.parametrize("history", [None, History(True, "it ran once")])
def test_what_may_have_run_is_never_deleted_for_its_failure(status: str, history: History | None) -> None:
    """Those three states are also set on servers that once ran; unread events count as "it may have"."""
    judged = beginning(
        reading=reading(server(status)), memory=Memory(history_asked_at=NOW - 1, history=history)
    )
    assert not isinstance(plan(judged), MarkFailedCreation | Delete | Unlock)


def test_events_read_while_the_poll_of_a_newer_version_was_under_way_are_read_once_more() -> None:
    """The poll was sent before, and yet its row may be younger: what led to it is not in those events."""
    unread = failing("deploy_fail", history=None, history_asked_at=None)
    seen = memory.seeing(replace(unread, now=NOW - 4), unread.reading)
    assert plan(seen) == ReadHistory(ID)
    read = Done(began_at=NOW - 4, ended_at=NOW - 3, history=History(False, "no room"))
    known = replace(seen, memory=memory.accepted(seen, ReadHistory(ID), read))
    assert plan(known) == Look(ID)
    newer = reading(server("deploy_fail", version=8, details=details(8)), first_seen_at=NOW - 5)
    assert plan(memory.seeing(replace(known, now=NOW), newer)) == ReadHistory(ID)


@pytest.mark.parametrize("status", sorted(CREATE_FAILURES))
def test_what_never_ran_is_cleaned_up_step_by_step(status: str) -> None:
    failed = failing(status)
    assert plan(failed) == Look(ID)
    looked = failing(status, looked_at=NOW - 2, looked_version=7)
    assert plan(looked) == Unlock(ID)
    open_ = replace(looked, reading=reading(server(status, locked=False)))
    assert plan(open_) == Delete(ID, for_good=True, cleaning=True)


@pytest.mark.parametrize("status", ["start_fail", "stop_fail", "change_flavor_fail", "some_new_fail"])
def test_no_other_failure_of_a_creation_leads_to_a_deletion(status: str) -> None:
    assert plan(beginning(reading=reading(server(status)))) == SyncStatus(ID)


@pytest.mark.parametrize("status", ["start_delete", "deleting", "sync_status", "ready", "deploying"])
def test_statuses_on_the_way_of_a_clean_up_are_waited_out(status: str) -> None:
    """``ready`` and ``deploying`` are shown in the middle of deletions; neither completes the creation."""
    deleting = failing(status, deleted_at=NOW - 3, moved_at=NOW - 1)
    step = plan(deleting)
    assert isinstance(step, Hold)
    assert step.reason == "CreationFailed"
    assert not completes(deleting)


def test_a_failed_server_that_somebody_started_is_kept() -> None:
    revived = failing("running", deleted_at=NOW - 300, moved_at=NOW - 200)
    assert completes(revived)
    assert plan(revived) == Settled()


def test_the_next_attempt_waits_longer_each_time_and_not_at_all_for_a_new_intent() -> None:
    cleaned = replace(failing(failed_at=NOW - 10, failed_intent="1//False"), reading=GONE)
    step = plan(cleaned)
    assert isinstance(step, Hold)
    assert step.requeue_after == pytest.approx(20)
    after = replace(cleaned, now=NOW + 25)
    assert isinstance(plan(after), BeginCreation)
    corrected = replace(cleaned, resource=replace(cleaned.resource, generation=2))
    assert isinstance(plan(corrected), BeginCreation)


def test_a_server_deleted_by_others_while_it_was_made_is_reported() -> None:
    seen = resource(records=records(creation=BEGUN))
    step = plan(replace(beginning(reading=GONE), resource=seen, memory=Memory()))
    assert isinstance(step, Hold)
    assert step.reason == "ExternallyDeleted"


def test_a_server_with_anothers_tags_under_our_id_is_left_alone() -> None:
    foreign = server(details=details(owner=replace(OWNER, uid=OTHER_UID)))
    step = plan(beginning(reading=reading(foreign)))
    assert isinstance(step, Hold)
    assert step.reason == "OwnedByAnother"


def test_a_completed_creation_is_never_cleaned_up_whatever_the_status_says() -> None:
    marked = resource(records=records(creation=MADE, synced_reason="CreationFailed"))
    for status in CREATE_FAILURES:
        assert not isinstance(
            plan(facts(server(status), resource=marked)), Delete | Unlock | MarkFailedCreation
        )


def test_what_we_removed_of_a_failed_creation_does_not_count_as_deleted_by_others() -> None:
    cleaned = replace(failing(failed_at=NOW - 1, failed_intent="1//False"), reading=GONE)
    status = report(cleaned, plan(cleaned)).status
    assert status is not None
    ready = next(c for c in status["conditions"] if c["type"] == "Ready")
    assert (status["state"], ready["reason"]) == ("Pending", "CreationFailed")


@pytest.mark.parametrize(
    ("name", "host"),
    [
        pytest.param("web-1", "web-1", id="as-it-is"),
        pytest.param("domain-control", "domain-control", id="of-14-characters"),
        pytest.param("domain-controller-01", "domain-con-b234", id="too-long-for-windows"),
        pytest.param("domain-controller-02", "domain-con-9ac7", id="another-one"),
        pytest.param("2022", "2022-b1ab", id="a-number"),
        pytest.param("a", "a-ca97", id="one-letter"),
        pytest.param("long-name-.ends-here", "long-name-cbe1", id="cut-at-a-dot"),
    ],
)
def test_a_derived_host_name_is_one_that_every_image_takes(name: str, host: str) -> None:
    assert host_name(name) == host, "and the same in each try"
    assert re.fullmatch(r"[a-z0-9][-a-z0-9.]*[a-z0-9]", host)
    assert len(host) <= 15
    assert not host.isdigit()
