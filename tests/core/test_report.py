"""What people and tools read off the object after a pass."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.reasons import SYNCED_REASONS
from onecloud_operator.core.actions import Hold, Resize, Settled, Update
from onecloud_operator.core.conditions import MESSAGE_LENGTH
from onecloud_operator.core.observed import Reading
from onecloud_operator.core.problem import Problem
from onecloud_operator.core.records import records_of
from onecloud_operator.core.report import report
from onecloud_operator.core.transitions import transitions
from tests.core.scenes import ID, NOW, facts, reading, records, resource, server, spec

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts

DOWN = Problem("EndpointUnreachable", "The cloud cannot be reached.", request_id="req-7")


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
        after(facts(), SETTLED, generation=2, spec=spec({"cpu": 4})), Hold("RestartNeeded", "stop it")
    )
    ready = condition(held, "Ready")
    assert (ready["status"], ready["observedGeneration"]) == ("True", 1)
    assert condition(held, "Stalled")["status"] == "True"
    assert held["observedGeneration"] == 2


def test_a_restart_of_ours_makes_it_unready_at_once() -> None:
    case = after(facts(), SETTLED, generation=2, spec=spec({"cpu": 4}))
    assert condition(told(case, Resize(ID, cpu=4, restart=True)), "Ready")["status"] == "False"


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
    lost = told(after(facts(server("unknown")), SETTLED), Hold("ServerUnknown", "lost"))
    assert condition(lost, "Ready")["status"] == "Unknown"


def test_an_error_has_the_clouds_request_id_and_keeps_its_first_time() -> None:
    refused = Problem("ProviderError", "no", request_id="req-1")
    step = Update(ID, (("description", "x"),))
    first = told(after(facts(), SETTLED), step, refused)
    assert first["lastError"]["requestID"] == "req-1"
    later = replace(after(facts(), first), wall=facts().wall.replace(hour=13))
    again = told(later, step, replace(refused, request_id="req-2"))
    assert again["lastError"] == first["lastError"]


def test_an_error_goes_when_all_is_well() -> None:
    first = told(after(facts(), SETTLED), Update(ID, (("description", "x"),)), Problem("ProviderError", "no"))
    assert "lastError" not in told(after(facts(), first), Settled())


@pytest.mark.parametrize("reason", sorted(SYNCED_REASONS))
def test_an_object_is_never_stalled_and_on_its_way_at_once(reason: str) -> None:
    said = told(facts(), Hold(reason, "why"))
    assert not (condition(said, "Stalled") and condition(said, "Reconciling"))
    assert condition(said, "Synced")["status"] == SYNCED_REASONS[reason].synced


def test_a_message_is_cut_to_what_a_condition_takes() -> None:
    said = told(facts(), Hold("ProviderError", "x" * 5000))
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
    said = report(case, Hold("NotYetObserved", "not read", unread=True))
    assert (said.status is None) is stands


def test_what_does_not_get_read_for_long_is_said() -> None:
    case = replace(after(facts(reading=Reading()), SETTLED), now=NOW + 1000)
    assert report(case, Hold("NotYetObserved", "not read", unread=True)).status is not None


def test_events_tell_turns_and_not_states() -> None:
    down = told(replace(after(facts(), SETTLED), trouble=DOWN, place=None), Hold(DOWN.reason, DOWN.message))
    (turn,) = transitions(SETTLED, down)
    assert (turn.kind, turn.reason) == ("Warning", "EndpointUnreachable")
    assert list(transitions(down, down)) == []
    assert list(transitions(SETTLED, SETTLED)) == []


def test_an_object_without_a_server_says_why_in_ready_too() -> None:
    fresh = replace(
        facts(reading=Reading()), resource=resource(records=records(creation=None, id=None, mirror={}))
    )
    said = told(fresh, Hold("SecretNotFound", "There is no Secret onecloud."))
    assert condition(said, "Ready")["reason"] == "SecretNotFound"
    assert said["state"] == "Pending"


def test_a_confirmed_stop_is_powered_off() -> None:
    off = spec({"powerState": "Stopped"})
    case = replace(facts(reading=reading(server("ready"))), resource=resource(spec=off))
    assert condition(told(case, Settled()), "Ready")["reason"] == "PoweredOff"
