"""What people and tools read in the status after a pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from onecloud_operator.api.reasons import SYNCED_REASONS, Reason
from onecloud_operator.core.actions import Hold, Settled
from onecloud_operator.core.cloud_writes import Stop, Update
from onecloud_operator.core.conditions import MESSAGE_LENGTH
from onecloud_operator.core.observed import Reading
from onecloud_operator.core.report.report import report
from onecloud_operator.core.values import Problem
from onecloud_operator.translate import recall
from tests.core.fixtures import (
    BEGUN,
    ID,
    NOW,
    facts,
    reading,
    records,
    resource,
    server,
    spec,
)
from tests.core.statuses import DOWN, SETTLED, after, condition, status_after


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
    held = status_after(
        after(facts(), SETTLED, generation=2, spec=spec({"cpu": 4})), Hold(Reason.RESTART_NEEDED, "stop it")
    )
    ready = condition(held, "Ready")
    assert (ready["status"], ready["observedGeneration"]) == ("True", 1)
    assert condition(held, "Stalled")["status"] == "True"
    assert held["observedGeneration"] == 2


def test_a_restart_of_ours_makes_it_unready_at_once() -> None:
    case = after(facts(), SETTLED, generation=2, spec=spec({"cpu": 4}))
    assert condition(status_after(case, Stop(ID)), "Ready")["status"] == "False"


def test_an_outage_of_the_cloud_leaves_ready_as_it_was_and_says_why_the_rest_stands_still() -> None:
    case = replace(after(facts(), SETTLED), trouble=DOWN, place=None)
    down = status_after(case, Hold(DOWN.reason, DOWN.message))
    assert condition(down, "Ready")["status"] == "True"
    assert condition(down, "Synced")["reason"] == "EndpointUnreachable"
    assert condition(down, "CredentialsValid")["status"] == "Unknown"
    assert condition(down, "Reconciling")["reason"] == "Waiting"
    assert down["server"] == SETTLED["server"]
    assert "nextRetryTime" not in down  # one outage must not be written to 10,000 objects at each retry


def test_a_host_that_is_lost_makes_ready_unknown() -> None:
    lost = status_after(after(facts(server("unknown")), SETTLED), Hold(Reason.SERVER_UNKNOWN, "lost"))
    assert condition(lost, "Ready")["status"] == "Unknown"


def test_an_error_has_the_clouds_request_id_and_keeps_its_first_time() -> None:
    refused = Problem(Reason.PROVIDER_ERROR, "no", request_id="req-1")
    step = Update(ID, (("description", "x"),))
    first = status_after(after(facts(), SETTLED), step, refused)
    assert first["lastError"]["requestID"] == "req-1"
    later = replace(after(facts(), first), wall=facts().wall.replace(hour=13))
    again = status_after(later, step, replace(refused, request_id="req-2"))
    assert again["lastError"] == first["lastError"]


def test_an_error_goes_when_all_is_well() -> None:
    first = status_after(
        after(facts(), SETTLED), Update(ID, (("description", "x"),)), Problem(Reason.PROVIDER_ERROR, "no")
    )
    assert "lastError" not in status_after(after(facts(), first), Settled())


@pytest.mark.parametrize("reason", sorted(SYNCED_REASONS))
def test_an_object_is_never_stalled_and_on_its_way_at_once(reason: Reason) -> None:
    shown = status_after(facts(), Hold(reason, "why"))
    assert not (condition(shown, "Stalled") and condition(shown, "Reconciling"))
    assert condition(shown, "Synced")["status"] == SYNCED_REASONS[reason].synced


def test_a_message_is_cut_to_what_a_condition_takes() -> None:
    shown = status_after(facts(), Hold(Reason.PROVIDER_ERROR, "x" * 5000))
    assert len(condition(shown, "Synced")["message"]) == MESSAGE_LENGTH


def test_a_version_that_moves_alone_is_no_reason_to_write() -> None:
    moved = server(version=8, mirror={"id": ID, "lifecycle": {"updateVersion": 8}})
    case = after(facts(server(mirror={"id": ID, "lifecycle": {"updateVersion": 7}})), {})
    before = status_after(case, Settled())
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
    shown = report(case, Hold(Reason.NOT_YET_OBSERVED, "not read", unread=True))
    assert (shown.status is None) is stands


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


def test_of_a_server_that_is_being_made_it_shows_which_it_is_and_the_rest_once_that_has_settled() -> None:
    """What stands there already stays: each step of the cloud would else be a write."""
    row = {
        "id": ID,
        "name": "shop.web-1",
        "cpu": 2,
        "memory": "4Gi",
        "status": "deploying",
        "osType": "Linux",
    }
    making = server("deploying", mirror=row)
    begun = replace(facts(making), resource=resource(records=records(creation=BEGUN, mirror={})))
    early = status_after(begun, Hold(Reason.CREATING, "It is made."))["server"]
    assert early == {"id": ID, "name": "shop.web-1", "cpu": 2, "memory": "4Gi"}
    assert recall(early) is None  # a process that starts now reads the server itself
    rested = replace(begun, reading=reading(server(mirror={**row, "status": "running"})))
    kept = replace(rested.resource, records=records(creation=BEGUN, mirror=early))
    assert kept.records.seen
    assert status_after(replace(rested, resource=kept), Settled())["server"] == {**row, "status": "running"}


def test_what_does_not_get_read_for_long_is_said() -> None:
    case = replace(after(facts(reading=Reading()), SETTLED), now=NOW + 1000)
    assert report(case, Hold(Reason.NOT_YET_OBSERVED, "not read", unread=True)).status is not None


def test_an_object_without_a_server_says_why_in_ready_too() -> None:
    fresh = replace(
        facts(reading=Reading()), resource=resource(records=records(creation=None, id=None, mirror={}))
    )
    shown = status_after(fresh, Hold(Reason.SECRET_NOT_FOUND, "There is no Secret onecloud."))
    assert condition(shown, "Ready")["reason"] == "SecretNotFound"
    assert shown["state"] == "Pending"


def test_a_confirmed_stop_is_powered_off() -> None:
    off = spec({"powerState": "Stopped"})
    case = replace(facts(reading=reading(server("ready"))), resource=resource(spec=off))
    assert condition(status_after(case, Settled()), "Ready")["reason"] == "PoweredOff"
