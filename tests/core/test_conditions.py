"""The rules of state word, conditions and reasons."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecloud_operator.api.annotations import PAUSED
from onecloud_operator.api.reasons import (
    CREDENTIALS_REASONS,
    DELETING_REASONS,
    OTHER_REASONS,
    READY_REASONS,
    SYNCED_REASONS,
    Reason,
)
from onecloud_operator.core.actions import (
    BeginAdoption,
    BeginCreation,
    BeginDeletion,
    Hold,
    Settled,
)
from onecloud_operator.core.conditions import MESSAGE_LENGTH, cut_message, standing
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import Records, records_of
from onecloud_operator.core.retry_state import Refusal
from onecloud_operator.core.values import Problem
from tests.core.fixtures import (
    BEGUN,
    ID,
    NOW,
    PLACE,
    WALL,
    facts,
    nothing_yet,
    reading,
    resource,
    server,
)
from tests.core.stages import ADOPTING, WELL, begun, seen, unlucky, well, well_but
from tests.core.statuses import condition, status_after

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts


@pytest.mark.parametrize("posted_at", [None, NOW - 1], ids=["after-a-restart", "in-the-same-process"])
def test_an_outage_does_not_take_back_that_a_server_is_being_made(posted_at: float | None) -> None:
    """It was Creating, and the POST was sent: Pending would say that it never was."""
    begins = status_after(nothing_yet(), BeginCreation(BEGUN, PLACE))
    known = replace(resource(), status=begins, records=records_of(begins))
    case = replace(begun(), resource=known, memory=Memory(posted_at=posted_at))
    down = unlucky(case, Reason.ENDPOINT_UNREACHABLE)
    assert status_after(down, plan(down))["state"] == "Creating"


def test_a_server_in_the_bin_is_not_said_to_have_drifted() -> None:
    """It is off because it is in the bin; to switch it on is not what its user has to do."""
    case = well_but("ready", recycled=True)
    assert "drift" not in status_after(case, plan(case))


ROWS = [("Synced", reason) for reason in sorted(SYNCED_REASONS)]


ROWS += [("Deleting", reason) for reason in sorted(DELETING_REASONS)]


@pytest.mark.parametrize(("kind", "reason"), ROWS)
def test_every_condition_has_all_its_parts_and_a_reason_out_of_the_closed_set(
    kind: str, reason: Reason
) -> None:
    closed = {
        "Ready": READY_REASONS | set(SYNCED_REASONS) | set(DELETING_REASONS),
        "Synced": set(SYNCED_REASONS) | set(DELETING_REASONS),
        "CredentialsValid": CREDENTIALS_REASONS | {"Authenticated", "NotYetObserved", "EndpointUnreachable"},
        "Reconciling": {"Creating", "Updating", "Retrying", "Waiting"},
        "Stalled": {name for name, row in {**SYNCED_REASONS, **DELETING_REASONS}.items() if row.stalled},
        "Deleting": set(DELETING_REASONS) | set(SYNCED_REASONS),
        "Drifted": OTHER_REASONS,
    }
    deleting = kind == "Deleting"
    fresh = replace(nothing_yet(), resource=resource(records=Records(), deleting=deleting), place=None)
    for case in (well(deleting=deleting), fresh):
        status = status_after(case, Hold(reason, "why"))
        for each in status["conditions"]:
            assert set(each) == {
                "type",
                "status",
                "reason",
                "message",
                "observedGeneration",
                "lastTransitionTime",
            }
            assert each["reason"] in closed[each["type"]], each
            assert each["message"]
        kinds = [each["type"] for each in status["conditions"]]
        assert len(kinds) == len(set(kinds))
        assert {"Ready", "Synced", "CredentialsValid"} <= set(kinds)


ENDING = [
    Hold(Reason.DELETION_PROTECTED, "Protected."),
    Hold(Reason.HOST_OFFLINE, "Its host is away."),
    Hold(Reason.ENDPOINT_UNREACHABLE, "The cloud cannot be reached."),
    BeginDeletion(),
]


UNMADE = replace(nothing_yet(), resource=resource(records=Records(), deleting=True))


@pytest.mark.parametrize("step", ENDING, ids=lambda step: str(getattr(step, "reason", "Removing")))
@pytest.mark.parametrize("case", [well(deleting=True), UNMADE], ids=["made", "unmade"])
def test_from_the_deletion_on_ready_and_synced_are_false_and_say_what_deleting_says(
    case: Facts, step: Step
) -> None:
    """The columns of kubectl show them: True UpToDate would be said of an object that cannot go away."""
    status = status_after(case, step)
    shown = {kind: condition(status, kind) for kind in ("Ready", "Synced", "Deleting")}
    assert [shown[kind]["status"] for kind in shown] == ["False", "False", "True"]
    assert len({(each["reason"], each["message"]) for each in shown.values()}) == 1


MAKING = begun("deploying")
PAUSED_HALFWAY = replace(begun(), reading=reading(server("ready"), asked_at=NOW - 5))


@pytest.mark.parametrize(
    ("case", "step"),
    [
        pytest.param(MAKING, Hold(Reason.FORBIDDEN, "It may not be read."), id="an-error"),
        pytest.param(MAKING, Hold(Reason.CREDENTIALS_MISMATCH, "Another cloud."), id="another-cloud"),
        pytest.param(PAUSED_HALFWAY, Hold(Reason.PAUSED, "Paused."), id="paused"),
    ],
)
def test_no_server_is_said_to_be_being_made_while_nothing_makes_it(case: Facts, step: Hold) -> None:
    if step.reason is Reason.PAUSED:
        case = replace(case, resource=replace(case.resource, annotations={PAUSED: "true"}))
    ready = condition(status_after(case, step), "Ready")
    assert (ready["status"], ready["reason"], ready["message"]) == ("False", step.reason, step.message)


def test_a_paused_server_that_is_off_is_not_said_to_be_being_started() -> None:
    off = well_but("ready")
    case = replace(off, resource=replace(off.resource, annotations={PAUSED: "true"}))
    ready = condition(status_after(case, plan(case)), "Ready")
    assert (ready["reason"], ready["message"]) == ("WrongPowerState", "The server is Stopped.")


def test_a_condition_keeps_its_time_while_only_reason_and_message_change() -> None:
    down = unlucky(well(), Reason.ENDPOINT_UNREACHABLE)
    first = status_after(down, Hold(Reason.ENDPOINT_UNREACHABLE, "one"))
    later = replace(
        down,
        wall=WALL.replace(hour=13),
        resource=replace(down.resource, status=first, records=records_of(first)),
    )
    second = status_after(later, Hold(Reason.FORBIDDEN, "another"))
    before, after = standing(first, "Synced"), standing(second, "Synced")
    assert before is not None
    assert after is not None
    assert after["reason"] == "Forbidden"
    assert after["lastTransitionTime"] == before["lastTransitionTime"] == "2026-11-23T12:00:00Z"


def test_a_condition_that_turns_has_the_time_of_the_turn() -> None:
    case = replace(unlucky(well(), Reason.ENDPOINT_UNREACHABLE), wall=WALL.replace(hour=13))
    synced = standing(status_after(case, plan(case)), "Synced")
    assert synced is not None
    assert synced["lastTransitionTime"] == "2026-11-23T13:00:00Z"


def test_kstatus_sees_progress_until_a_refused_spec_was_refused_often_enough() -> None:
    """Sick image services and used addresses give the same answer for a while."""
    case = begun()
    refusal = Problem(Reason.INVALID_SPEC, "why")
    shown = []
    for at, count in ((0.0, 1), (100.0, 3), (400.0, 2), (400.0, 3)):
        known = _refused_since(case, refusal, seconds=at, count=count)
        status = status_after(known, Hold(Reason.INVALID_SPEC, "why"))
        shown.append(standing(status, "Stalled") is not None)
    assert shown == [False, False, False, True]


def _refused_since(case: Facts, problem: Problem, *, seconds: float, count: int) -> Facts:
    refusal = Refusal(problem, case.intent, until=NOW + 60, count=count, since=NOW - seconds)
    return replace(case, memory=Memory(refusals={"Create": refusal}))


@given(st.text(max_size=5000))
def test_a_message_is_never_longer_than_a_condition_takes_and_short_ones_stay_whole(text: str) -> None:
    short = cut_message(text)
    assert len(short) <= MESSAGE_LENGTH
    assert short == text if len(text) <= MESSAGE_LENGTH else text.startswith(short[:-1])
    assert cut_message(short) == short


@pytest.mark.parametrize(
    "conditions",
    [None, "x", {}, [], [None, 7, "Ready"], [{"type": "Synced"}], [{"kind": "Ready"}]],
)
def test_conditions_that_are_of_no_form_count_as_absent(conditions: Any) -> None:
    assert standing({"conditions": conditions}, "Ready") is None
    case = replace(facts(), resource=replace(resource(), status={"conditions": conditions}))
    assert seen(status_after(case, Settled())) == f"Running: {WELL}"


def test_what_a_delete_would_do_is_said_of_the_object_as_it_is_after_the_step() -> None:
    adopted = status_after(replace(facts(), resource=ADOPTING), BeginAdoption(ID, PLACE))
    assert adopted["deletionPolicy"] == "Retain"
    assert status_after(nothing_yet(), BeginCreation(BEGUN, PLACE))["deletionPolicy"] == "RecycleBin"
