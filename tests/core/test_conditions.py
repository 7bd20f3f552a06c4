"""The one table of what is shown for what is so: state word, conditions, reasons; and their rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    Create,
    Delete,
    Hold,
    Settled,
    Stop,
)
from onecloud_operator.core.facts import Memory, Refusal
from onecloud_operator.core.observed import Reading
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import FailedAttempt, Records, records_of
from onecloud_operator.core.report.conditions import MESSAGE_LENGTH, cut, standing
from onecloud_operator.core.report.report import report
from onecloud_operator.core.resource import PAUSED
from onecloud_operator.core.values import Place, Problem
from tests.core.fixtures import (
    BEGUN,
    GONE,
    ID,
    NOW,
    PLACE,
    RECREATE,
    WALL,
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

WELL = "Ready=True/Available Synced=True/UpToDate CredentialsValid=True/Authenticated"
OFF = spec({"powerState": "Stopped"})
REPORTING = {"drift": {"mode": "Report"}}


def told(case: Facts, step: Step, problem: Problem | None = None) -> dict[str, Any]:
    """Return the status after the pass, changed or not."""
    said = report(case, step, problem).status
    return dict(case.resource.status if said is None else said)


def seen(status: dict[str, Any]) -> str:
    """Return what a person reads of *status*; a condition of an older generation is marked."""
    conditions = [
        f"{c['type']}={c['status']}/{c['reason']}"
        + ("" if c["observedGeneration"] == status["observedGeneration"] else "(older)")
        for c in status["conditions"]
    ]
    return f"{status['state']}: {' '.join(conditions)}"


SETTLED = told(facts(), Settled())


def well(**changes: Any) -> Facts:
    """Return the facts of a later pass over an object whose server ran and agreed."""
    known = replace(resource(), status=SETTLED, records=records_of(SETTLED), **changes)
    return replace(facts(), resource=known)


def well_but(status: str, read: dict[str, Any] | None = None, **changes: Any) -> Facts:
    """Return the same with the server in another state by now."""
    return replace(well(), reading=reading(server(status, **changes), **(read or {})))


def unlucky(case: Facts, reason: Reason) -> Facts:
    """Return the same with credentials or a cloud that cannot be used, as the shell gives it."""
    return replace(case, trouble=Problem(reason, "why"), place=None)


def begun(found: str | None = None, **changes: Any) -> Facts:
    """Return the facts of an object whose attempt is recorded and not complete."""
    known = resource(records=records(creation=replace(BEGUN, **changes), mirror={}))
    return replace(facts(), resource=known, reading=reading(server(found)) if found else Reading())


FAILED = FailedAttempt("2026-11-23T11:59:10Z", Reason.NO_CAPACITY, "There is no room.")
MOVING = Memory(moving_since=NOW - 3)
MOVING_LONG = Memory(moving_since=NOW - 61)
OBSERVING = spec(managementPolicy="Observe", adoption={"id": ID})
OBSERVED = resource(spec=OBSERVING, finalizers=(), records=Records())
ADOPTING = resource(
    spec=spec({"name": "shop.web-1"}, adoption={"policy": "AdoptOrCreate"}), records=Records()
)


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
            "Suspended: Ready=True/PoweredOff Synced=True/UpToDate CredentialsValid=True/Authenticated",
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
        # -- lost
        pytest.param(
            replace(well(), reading=GONE),
            None,
            None,
            "Missing: Ready=False/ExternallyDeleted Synced=False/ExternallyDeleted "
            "CredentialsValid=True/Authenticated Stalled=True/ExternallyDeleted",
            id="somebody-deleted-it",
        ),
        pytest.param(
            replace(well(spec=RECREATE), reading=GONE),
            None,
            None,
            "Creating: Ready=False/Creating Synced=False/Creating CredentialsValid=True/Authenticated "
            "Reconciling=True/Creating",
            id="it-is-made-again",
        ),
        pytest.param(
            replace(well(spec=RECREATE), reading=GONE, too_many_gone=True),
            None,
            None,
            "Missing: Ready=False/ExternallyDeleted Synced=False/TooManyGone "
            "CredentialsValid=True/Authenticated Stalled=True/TooManyGone",
            id="too-many-went-with-it",
        ),
        pytest.param(
            well_but("ready", recycled=True),
            None,
            None,
            "InRecycleBin: Ready=False/InRecycleBin Synced=False/InRecycleBin "
            "CredentialsValid=True/Authenticated Stalled=True/InRecycleBin",
            id="somebody-recycled-it",
        ),
        # -- credentials and cloud
        *(
            pytest.param(
                unlucky(well(), reason),
                None,
                None,
                f"Running: Ready=True/Available Synced=False/{reason} CredentialsValid={credentials} "
                f"{further}",
                id=f"{reason}-leaves-ready-alone",
            )
            for reason, credentials, further in (
                (Reason.SECRET_NOT_FOUND, "False/SecretNotFound", "Reconciling=True/Waiting"),
                (Reason.SECRET_INVALID, "False/SecretInvalid", "Stalled=True/SecretInvalid"),
                (Reason.ENDPOINT_NOT_ALLOWED, "False/EndpointNotAllowed", "Stalled=True/EndpointNotAllowed"),
                (
                    Reason.CREDENTIALS_REJECTED,
                    "False/CredentialsRejected",
                    "Stalled=True/CredentialsRejected",
                ),
                (Reason.FORBIDDEN, "True/Authenticated", "Reconciling=True/Waiting"),
                (Reason.ENDPOINT_UNREACHABLE, "Unknown/EndpointUnreachable", "Reconciling=True/Waiting"),
                (Reason.RATE_LIMITED, "True/Authenticated", "Reconciling=True/Waiting"),
            )
        ),
        pytest.param(
            replace(well(), trouble=Problem(Reason.CREDENTIALS_REJECTED, "why")),
            None,
            None,
            "Running: Ready=True/Available Synced=False/CredentialsRejected "
            "CredentialsValid=False/CredentialsRejected Stalled=True/CredentialsRejected",
            id="a-session-that-is-refused-by-now",
        ),
        pytest.param(
            unlucky(nothing_yet(), Reason.SECRET_NOT_FOUND),
            None,
            None,
            "Pending: Ready=False/SecretNotFound Synced=False/SecretNotFound "
            "CredentialsValid=False/SecretNotFound Reconciling=True/Waiting",
            id="a-new-object-without-a-secret",
        ),
        pytest.param(
            unlucky(nothing_yet(), Reason.RATE_LIMITED),
            None,
            None,
            "Pending: Ready=False/RateLimited Synced=False/RateLimited "
            "CredentialsValid=Unknown/NotYetObserved Reconciling=True/Waiting",
            id="a-new-object-whose-credentials-nobody-tried",
        ),
        pytest.param(
            replace(well(), place=Place("https://other/v3", "region0", "p9"), reading=Reading()),
            None,
            None,
            "Running: Ready=True/Available Synced=False/CredentialsMismatch "
            "CredentialsValid=True/Authenticated Stalled=True/CredentialsMismatch",
            id="credentials-for-another-cloud",
        ),
        # -- wishes
        pytest.param(
            replace(well(annotations={PAUSED: "true"}), place=None, reading=Reading()),
            None,
            None,
            "Running: Ready=True/Available Synced=False/Paused CredentialsValid=True/Authenticated "
            "Paused=True/PausedByAnnotation",
            id="paused",
        ),
        pytest.param(
            replace(facts(), resource=OBSERVED),
            None,
            None,
            "Running: Ready=True/Observed Synced=True/Observing CredentialsValid=True/Authenticated",
            id="observed",
        ),
        pytest.param(
            replace(well_but("ready"), resource=replace(OBSERVED, status=SETTLED)),
            None,
            None,
            "Stopped: Ready=True/Observed Synced=True/Observing CredentialsValid=True/Authenticated",
            id="observed-and-off",
        ),
        pytest.param(
            replace(facts(), resource=OBSERVED, reading=Reading()),
            Hold(Reason.SERVER_NOT_FOUND, "There is none."),
            None,
            "Pending: Ready=False/ServerNotFound Synced=False/ServerNotFound "
            "CredentialsValid=True/Authenticated Reconciling=True/Waiting",
            id="nothing-to-observe",
        ),
        pytest.param(
            replace(facts(server("ready")), resource=ADOPTING),
            BeginAdoption(ID, PLACE),
            None,
            "Stopped: Ready=False/Updating Synced=False/Updating CredentialsValid=True/Authenticated "
            "Reconciling=True/Updating",
            id="a-server-is-taken-over-and-not-made",
        ),
        # -- going
        pytest.param(
            well(deleting=True, spec=spec(deletionProtection=True)),
            None,
            None,
            f"Running: {WELL} Deleting=True/DeletionProtected",
            id="deletion-is-protected",
        ),
        pytest.param(
            well(deleting=True),
            BeginDeletion(),
            None,
            "Deleting: Ready=False/Removing Synced=True/UpToDate CredentialsValid=True/Authenticated "
            "Deleting=True/Removing",
            id="it-is-being-removed",
        ),
        pytest.param(
            well(deleting=True),
            Delete(ID, for_good=False),
            Problem(Reason.PREPAID_NOT_EXPIRED, "why"),
            f"Running: {WELL} Deleting=True/PrepaidNotExpired",
            id="it-is-paid-for",
        ),
        pytest.param(
            unlucky(well(deleting=True), Reason.ENDPOINT_UNREACHABLE),
            None,
            None,
            "Running: Ready=True/Available Synced=False/EndpointUnreachable "
            "CredentialsValid=Unknown/EndpointUnreachable Deleting=True/EndpointUnreachable",
            id="the-cloud-cannot-be-asked-to-delete-it",
        ),
    ],
)
def test_what_is_shown(case: Facts, step: Step | None, problem: Problem | None, shown: str) -> None:
    """*step* None: the one that follows from the facts."""
    assert seen(told(case, step or plan(case), problem)) == shown


@pytest.mark.parametrize("posted_at", [None, NOW - 1], ids=["after-a-restart", "in-the-same-process"])
def test_an_outage_does_not_take_back_that_a_server_is_being_made(posted_at: float | None) -> None:
    """It said Creating, and the POST was sent: Pending would say that it never was."""
    begins = told(nothing_yet(), BeginCreation(BEGUN, PLACE))
    known = replace(resource(), status=begins, records=records_of(begins))
    case = replace(begun(), resource=known, memory=Memory(posted_at=posted_at))
    down = unlucky(case, Reason.ENDPOINT_UNREACHABLE)
    assert told(down, plan(down))["state"] == "Creating"


def test_a_server_in_the_bin_is_not_said_to_have_drifted() -> None:
    """It is off because it is in the bin; to switch it on is not what its user has to do."""
    case = well_but("ready", recycled=True)
    assert "drift" not in told(case, plan(case))


# -- the rules of each condition -------------------------------------------------------------------------
ROWS = [("Synced", reason) for reason in sorted(SYNCED_REASONS)]
ROWS += [("Deleting", reason) for reason in sorted(DELETING_REASONS)]


@pytest.mark.parametrize(("kind", "reason"), ROWS)
def test_every_condition_has_all_its_parts_and_a_reason_out_of_the_closed_set(
    kind: str, reason: Reason
) -> None:
    closed = {
        "Ready": READY_REASONS | set(SYNCED_REASONS) | set(DELETING_REASONS),
        "Synced": set(SYNCED_REASONS),
        "CredentialsValid": CREDENTIALS_REASONS | {"Authenticated", "NotYetObserved", "EndpointUnreachable"},
        "Reconciling": {"Creating", "Updating", "Retrying", "Waiting"},
        "Stalled": {name for name, row in SYNCED_REASONS.items() if row.stalled},
        "Deleting": set(DELETING_REASONS) | set(SYNCED_REASONS),
        "Drifted": OTHER_REASONS,
    }
    deleting = kind == "Deleting"
    fresh = replace(nothing_yet(), resource=resource(records=Records(), deleting=deleting), place=None)
    for case in (well(deleting=deleting), fresh):
        status = told(case, Hold(reason, "why"))
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


def test_a_condition_keeps_its_time_while_only_reason_and_message_change() -> None:
    down = unlucky(well(), Reason.ENDPOINT_UNREACHABLE)
    first = told(down, Hold(Reason.ENDPOINT_UNREACHABLE, "one"))
    later = replace(
        down,
        wall=WALL.replace(hour=13),
        resource=replace(down.resource, status=first, records=records_of(first)),
    )
    second = told(later, Hold(Reason.FORBIDDEN, "another"))
    before, after = standing(first, "Synced"), standing(second, "Synced")
    assert before is not None
    assert after is not None
    assert after["reason"] == "Forbidden"
    assert after["lastTransitionTime"] == before["lastTransitionTime"] == "2026-11-23T12:00:00Z"


def test_a_condition_that_turns_has_the_time_of_the_turn() -> None:
    case = replace(unlucky(well(), Reason.ENDPOINT_UNREACHABLE), wall=WALL.replace(hour=13))
    synced = standing(told(case, plan(case)), "Synced")
    assert synced is not None
    assert synced["lastTransitionTime"] == "2026-11-23T13:00:00Z"


def test_kstatus_sees_progress_until_a_refused_spec_was_refused_often_enough() -> None:
    """Sick image services and used addresses give the same answer for a while."""
    case = begun()
    refusal = Problem(Reason.INVALID_SPEC, "why")
    shown = []
    for at, count in ((0.0, 1), (100.0, 3), (400.0, 2), (400.0, 3)):
        known = _refused_since(case, refusal, seconds=at, count=count)
        status = told(known, Hold(Reason.INVALID_SPEC, "why"))
        shown.append(standing(status, "Stalled") is not None)
    assert shown == [False, False, False, True]


def _refused_since(case: Facts, problem: Problem, *, seconds: float, count: int) -> Facts:
    refusal = Refusal(problem, case.intent, until=NOW + 60, count=count, since=NOW - seconds)
    return replace(case, memory=Memory(refusals={"Create": refusal}))


@given(st.text(max_size=5000))
def test_a_message_is_never_longer_than_a_condition_takes_and_short_ones_stay_whole(text: str) -> None:
    short = cut(text)
    assert len(short) <= MESSAGE_LENGTH
    assert short == text if len(text) <= MESSAGE_LENGTH else text.startswith(short[:-1])
    assert cut(short) == short


@pytest.mark.parametrize(
    "conditions",
    [None, "x", {}, [], [None, 7, "Ready"], [{"type": "Synced"}], [{"kind": "Ready"}]],
)
def test_conditions_that_are_of_no_form_count_as_absent(conditions: Any) -> None:
    assert standing({"conditions": conditions}, "Ready") is None
    case = replace(facts(), resource=replace(resource(), status={"conditions": conditions}))
    assert seen(told(case, Settled())) == f"Running: {WELL}"


def test_what_a_delete_would_do_is_said_of_the_object_as_it_is_after_the_step() -> None:
    adopted = told(replace(facts(), resource=ADOPTING), BeginAdoption(ID, PLACE))
    assert adopted["deletionPolicy"] == "Retain"
    assert told(nothing_yet(), BeginCreation(BEGUN, PLACE))["deletionPolicy"] == "RecycleBin"
