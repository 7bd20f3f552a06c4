"""When the status says that a problem began and is tried again, and when an object is looked at again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.api.annotations import RECONCILE_REQUESTED_AT
from onecloud_operator.api.reasons import SYNCED_REASONS, Reason, row_of
from onecloud_operator.core.actions import (
    Hold,
    Settled,
)
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.report.report import LOOK_SOON_SECONDS, report
from onecloud_operator.core.retry_state import Refusal
from onecloud_operator.core.values import Problem
from tests.core.fixtures import (
    NOW,
    facts,
    server,
)
from tests.core.statuses import REFUSAL, SETTLED, after, status_after

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step


# -- nextRetryTime and lastError -------------------------------------------------------------------------
def test_a_problem_of_this_object_says_when_it_is_tried_again() -> None:
    case = after(facts(), SETTLED)
    shown = status_after(case, Hold(Reason.REFERENCE_NOT_FOUND, "no such key pair", requeue_after=90.0))
    assert shown["nextRetryTime"] == "2026-11-23T12:01:30Z"


@pytest.mark.parametrize("reason", sorted(r for r in SYNCED_REASONS if row_of(r).scope != "own"))
def test_other_problems_do_not(reason: Reason) -> None:
    """An outage concerns 10,000 objects, and none of them is to be rewritten at each try."""
    shown = status_after(after(facts(), SETTLED), Hold(reason, "why", requeue_after=90.0))
    assert "nextRetryTime" not in shown


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
    waiting = status_after(case, Hold(Reason.REFERENCE_NOT_FOUND, "why", requeue_after=90.0))
    later = replace(after(case, waiting), wall=case.wall + timedelta(seconds=elapsed))
    assert (
        status_after(later, Hold(Reason.REFERENCE_NOT_FOUND, "why", requeue_after=ahead)).get("nextRetryTime")
        == expected
    )


def test_a_time_at_which_it_is_only_looked_again_is_no_time_of_a_try() -> None:
    case = after(facts(), SETTLED)
    other = Refusal(Problem(Reason.PROVIDER_ERROR, "no"), case.intent, until=NOW + 16, count=1, since=NOW)
    case = replace(case, memory=Memory(refusals={"SetTags": other}))
    held = Hold(Reason.OPERATION_FAILED, "why", requeue_after=240.0, look_seconds=4.0)
    assert status_after(case, held)["nextRetryTime"] == "2026-11-23T12:04:00Z"
    assert report(case, held).requeue_after == 4.0
    paced = Hold(Reason.OPERATION_FAILED, "why", requeue_after=60.0, paced=True)
    assert "nextRetryTime" not in status_after(case, paced)


def test_the_request_id_of_a_refusal_is_told_by_a_later_pass_too() -> None:
    """A step that waits for its time is a hold, which knows the refusal only from memory."""
    problem = Problem(Reason.QUOTA_EXCEEDED, "The quota is used up.", request_id="req-9")
    case = after(facts(), SETTLED)
    refusal = Refusal(problem, case.intent, until=NOW + 60, count=1, since=NOW)
    case = replace(case, memory=Memory(refusals={"Resize": refusal}))
    assert status_after(case, Hold(problem.reason, problem.message))["lastError"]["requestID"] == "req-9"


def test_another_message_is_another_error_with_its_own_time() -> None:
    case = after(facts(), SETTLED)
    first = status_after(case, Hold(Reason.PROVIDER_ERROR, "one"))
    later = replace(after(case, first), wall=case.wall.replace(hour=13))
    second = status_after(later, Hold(Reason.PROVIDER_ERROR, "another"))["lastError"]
    assert (second["message"], second["time"]) == ("another", "2026-11-23T13:00:00Z")


@pytest.mark.parametrize("reason", ["Creating", "Updating", "NotYetObserved", "Paused"])
def test_waiting_is_no_error_and_takes_none_back(reason: Reason) -> None:
    case = after(facts(), SETTLED)
    assert "lastError" not in status_after(case, Hold(reason, "why"))
    failed = status_after(case, Hold(Reason.PROVIDER_ERROR, "no"))
    assert status_after(after(case, failed), Hold(reason, "why"))["lastError"] == failed["lastError"]


def test_a_request_to_reconcile_is_acknowledged() -> None:
    intent = {RECONCILE_REQUESTED_AT: "2026-11-23T11:00:00Z"}
    shown = status_after(after(facts(), SETTLED, annotations=intent), Settled())
    assert shown["lastHandledReconcileAt"] == "2026-11-23T11:00:00Z"
    again = status_after(after(facts(), shown), Settled())
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
    longer = replace(moving, memory=Memory(moving_since=NOW - 80, moved_at=NOW - 50))
    hung = longer.config.hung_seconds
    assert report(longer, Hold(Reason.UPDATING, "x")).requeue_after == hung - 50
    hangs = replace(moving, memory=Memory(moving_since=NOW - 2 * hung, moved_at=NOW - hung))
    assert report(hangs, Hold(Reason.UPDATING, "x")).requeue_after == hung
