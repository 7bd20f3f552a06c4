"""What is shown of a server that is made, that runs and that is changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.api.reasons import (
    Reason,
)
from onecloud_operator.core.actions import BeginCreation, Hold
from onecloud_operator.core.cloud_writes import Create, Delete, Stop
from onecloud_operator.core.conditions import standing
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import FailedAttempt
from onecloud_operator.core.values import Problem
from tests.core.fixtures import (
    BEGUN,
    GONE,
    ID,
    NOW,
    PLACE,
    nothing_yet,
    spec,
)
from tests.core.stages import WELL, begun, seen, well, well_but
from tests.core.statuses import status_after

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts

OFF = spec({"powerState": "Stopped"})
REPORTING = {"drift": {"mode": "Report"}}
FAILED = FailedAttempt("2026-11-23T11:59:10Z", Reason.NO_CAPACITY, "There is no room.")
MOVING = Memory(moving_since=NOW - 3)
MOVING_LONG = Memory(moving_since=NOW - 61)


@pytest.mark.parametrize(
    ("case", "step", "problem", "shown"),
    [
        # -- being made
        pytest.param(
            nothing_yet(),
            BeginCreation(BEGUN, PLACE),
            None,
            "Creating: Ready=False/Creating Synced=False/Creating CredentialsValid=True/Authenticated "
            "Reconciling=True/Creating",
            id="an-attempt-is-recorded",
        ),
        pytest.param(
            begun("deploying"),
            None,
            None,
            "Creating: Ready=False/Creating Synced=False/Creating CredentialsValid=True/Authenticated "
            "Reconciling=True/Creating",
            id="the-cloud-builds-it",
        ),
        pytest.param(begun("running"), None, None, f"Running: {WELL}", id="it-comes-up"),
        pytest.param(
            begun(),
            Create(BEGUN),
            Problem(Reason.QUOTA_EXCEEDED, "why"),
            "Pending: Ready=False/QuotaExceeded Synced=False/QuotaExceeded "
            "CredentialsValid=True/Authenticated Reconciling=True/Retrying",
            id="no-quota-passes",
        ),
        pytest.param(
            begun(),
            Create(BEGUN),
            Problem(Reason.NAME_CONFLICT, "why"),
            "Pending: Ready=False/NameConflict Synced=False/NameConflict "
            "CredentialsValid=True/Authenticated Stalled=True/NameConflict",
            id="a-taken-name-does-not",
        ),
        pytest.param(
            begun(),
            Create(BEGUN),
            Problem(Reason.INVALID_SPEC, "why"),
            "Pending: Ready=False/InvalidSpec Synced=False/InvalidSpec "
            "CredentialsValid=True/Authenticated Reconciling=True/Retrying",
            id="a-refused-spec-is-not-blamed-at-the-first-try",
        ),
        pytest.param(
            replace(begun(), memory=Memory(posted_at=NOW - 1)),
            Create(BEGUN),
            Problem(Reason.ENDPOINT_UNREACHABLE, "why", ambiguous=True),
            "Creating: Ready=False/EndpointUnreachable Synced=False/EndpointUnreachable "
            "CredentialsValid=True/Authenticated Reconciling=True/Waiting",
            id="the-answer-to-the-POST-is-lost",
        ),
        pytest.param(
            begun("unknown"),
            None,
            None,
            "Unknown: Ready=Unknown/ServerUnknown Synced=False/ServerUnknown "
            "CredentialsValid=True/Authenticated Reconciling=True/Waiting",
            id="its-host-is-lost-while-it-is-made",
        ),
        pytest.param(
            begun("sched_fail", failure=FAILED),
            Hold(Reason.NO_CAPACITY, "There is no room."),
            None,
            "Failed: Ready=False/NoCapacity Synced=False/NoCapacity CredentialsValid=True/Authenticated "
            "Reconciling=True/Retrying",
            id="the-cloud-failed-it",
        ),
        pytest.param(
            replace(begun(failure=FAILED), reading=GONE, memory=Memory(posted_at=NOW - 60)),
            Hold(Reason.NO_CAPACITY, "There is no room."),
            None,
            "Pending: Ready=False/NoCapacity Synced=False/NoCapacity CredentialsValid=True/Authenticated "
            "Reconciling=True/Retrying",
            id="what-it-left-is-gone",
        ),
        pytest.param(
            begun("sched_fail", failure=FAILED),
            Delete(ID, for_good=True, cleaning=True),
            Problem(Reason.HOST_OFFLINE, "why"),
            "Failed: Ready=False/NoCapacity Synced=False/NoCapacity CredentialsValid=True/Authenticated "
            "Reconciling=True/Retrying",
            id="what-it-left-cannot-be-deleted-yet",
        ),
        # -- running
        pytest.param(well(), None, None, f"Running: {WELL}", id="all-is-well"),
        pytest.param(well_but("rescue"), None, None, f"Running: {WELL}", id="the-rescue-system-runs"),
        pytest.param(
            replace(well_but("ready"), resource=well(spec=OFF).resource),
            None,
            None,
            "Stopped: Ready=True/PoweredOff Synced=True/UpToDate CredentialsValid=True/Authenticated",
            id="it-is-off-and-is-to-be",
        ),
        pytest.param(
            replace(well_but("suspend"), resource=well(spec=spec({"powerState": "Unmanaged"})).resource),
            None,
            None,
            "Suspended: Ready=True/Suspended Synced=True/UpToDate CredentialsValid=True/Authenticated",
            id="it-is-suspended-and-nobody-minds",
        ),
        pytest.param(
            replace(well_but("ready"), resource=well(spec=spec(**REPORTING)).resource),
            None,
            None,
            "Stopped: Ready=False/WrongPowerState Synced=True/DriftReported "
            "CredentialsValid=True/Authenticated Drifted=True/DriftDetected",
            id="it-is-off-and-that-is-only-reported",
        ),
        pytest.param(
            well_but("ready", {"asked_at": NOW - 5}),
            None,
            None,
            f"Running: {WELL}",
            id="a-passing-ready-is-not-believed",
        ),
        pytest.param(
            replace(well_but("set_tags"), memory=MOVING),
            None,
            None,
            "Updating: Ready=True/Available Synced=False/Updating CredentialsValid=True/Authenticated "
            "Reconciling=True/Updating",
            id="a-moment-of-movement-does-not-flap-ready",
        ),
        pytest.param(
            replace(well_but("deploying"), memory=MOVING_LONG),
            None,
            None,
            "Updating: Ready=False/Updating Synced=False/Updating CredentialsValid=True/Authenticated "
            "Reconciling=True/Updating",
            id="a-long-movement-does",
        ),
        pytest.param(
            well_but("unknown"),
            None,
            None,
            "Unknown: Ready=Unknown/ServerUnknown Synced=False/ServerUnknown "
            "CredentialsValid=True/Authenticated Reconciling=True/Waiting",
            id="its-host-is-lost",
        ),
        pytest.param(
            replace(well_but("start_fail"), memory=Memory(synced_at=NOW - 1, sync_count=1)),
            None,
            None,
            "Failed: Ready=False/OperationFailed Synced=False/OperationFailed "
            "CredentialsValid=True/Authenticated Reconciling=True/Retrying",
            id="an-operation-failed",
        ),
        pytest.param(
            replace(
                well_but("running", expires_at="2026-11-29T00:00:00Z", plain={"billing.type": "Prepaid"}),
                memory=Memory(),
            ),
            None,
            None,
            f"Running: {WELL} Expiring=True/ExpiresSoon",
            id="its-paid-time-ends",
        ),
        pytest.param(
            well_but(
                "running",
                expires_at="2026-11-29T00:00:00Z",
                plain={"billing.type": "Prepaid", "billing.autoRenew": True},
            ),
            None,
            None,
            f"Running: {WELL}",
            id="its-paid-time-is-renewed",
        ),
        pytest.param(
            well_but("running", expires_at="2026-12-24T00:00:00Z"),
            None,
            None,
            f"Running: {WELL}",
            id="its-time-ends-much-later",
        ),
        # -- changing
        pytest.param(
            well(generation=2, spec=OFF),
            Stop(ID),
            None,
            "Running: Ready=False/Updating Synced=False/Updating CredentialsValid=True/Authenticated "
            "Reconciling=True/Updating",
            id="we-stop-it",
        ),
        pytest.param(
            well(generation=2, spec=spec({"cpu": 4})),
            None,
            None,
            "Running: Ready=True/Available(older) Synced=False/RestartNeeded "
            "CredentialsValid=True/Authenticated Stalled=True/RestartNeeded Drifted=True/DriftDetected",
            id="a-change-waits-for-a-permission",
        ),
        pytest.param(
            well(generation=2, spec=spec({"hypervisor": "esxi"})),
            None,
            None,
            "Running: Ready=True/Available Synced=True/UpToDate "
            "CredentialsValid=True/Authenticated Drifted=True/DriftDetected",
            id="a-change-that-nothing-can-make",
        ),
        pytest.param(
            well(generation=2, spec=spec({"description": "x"}, **REPORTING)),
            None,
            None,
            "Running: Ready=True/Available Synced=True/DriftReported CredentialsValid=True/Authenticated "
            "Drifted=True/DriftDetected",
            id="a-difference-is-reported",
        ),
        pytest.param(
            well(generation=2, spec=None, flaw="spec.server.cpu: must be a number"),
            None,
            None,
            "Running: Ready=True/Available(older) Synced=False/InvalidSpec "
            "CredentialsValid=True/Authenticated Stalled=True/InvalidSpec",
            id="a-spec-that-cannot-be-read",
        ),
    ],
)
def test_what_is_shown_of_a_server(
    case: Facts, step: Step | None, problem: Problem | None, shown: str
) -> None:
    """*step* None: the one that follows from the facts."""
    assert seen(status_after(case, step or plan(case), problem)) == shown


@pytest.mark.parametrize(
    "hold",
    [
        pytest.param(Hold(Reason.UPDATING, "The cloud is at work."), id="another-step-is-taken"),
        pytest.param(Hold(Reason.FROZEN, "Frozen."), id="it-is-frozen"),
    ],
)
def test_of_a_failed_server_ready_never_says_what_is_under_way(hold: Hold) -> None:
    ready = standing(status_after(well_but("associate_eip_failed"), hold), "Ready")
    assert ready is not None
    assert (ready["status"], ready["reason"]) == ("False", "OperationFailed")
    assert ready["message"].startswith("An operation on the server failed (associate_eip_failed)")
