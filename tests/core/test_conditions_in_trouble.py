"""What is shown of a server that is lost or removed, and of credentials that do not work."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.api.annotations import PAUSED
from onecloud_operator.api.reasons import (
    Reason,
)
from onecloud_operator.core.actions import BeginAdoption, BeginDeletion, Hold
from onecloud_operator.core.cloud_writes import Delete
from onecloud_operator.core.observed import Reading
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import Records
from onecloud_operator.core.values import Place, Problem
from tests.core.fixtures import (
    GONE,
    ID,
    PLACE,
    RECREATE,
    facts,
    nothing_yet,
    resource,
    server,
    spec,
)
from tests.core.stages import ADOPTING, seen, unlucky, well, well_but
from tests.core.statuses import SETTLED, status_after

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts

OBSERVING = spec(managementPolicy="Observe", adoption={"id": ID})
OBSERVED = resource(spec=OBSERVING, finalizers=(), records=Records())


@pytest.mark.parametrize(
    ("case", "step", "problem", "shown"),
    [
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
        # -- what its user asks for
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
            "Running: Ready=False/DeletionProtected Synced=False/DeletionProtected "
            "CredentialsValid=True/Authenticated Deleting=True/DeletionProtected",
            id="deletion-is-protected",
        ),
        pytest.param(
            well(deleting=True),
            BeginDeletion(),
            None,
            "Deleting: Ready=False/Removing Synced=False/Removing CredentialsValid=True/Authenticated "
            "Deleting=True/Removing",
            id="it-is-being-removed",
        ),
        pytest.param(
            well(deleting=True),
            Delete(ID, for_good=False),
            Problem(Reason.PREPAID_NOT_EXPIRED, "why"),
            "Running: Ready=False/PrepaidNotExpired Synced=False/PrepaidNotExpired "
            "CredentialsValid=True/Authenticated Deleting=True/PrepaidNotExpired",
            id="it-is-paid-for",
        ),
        pytest.param(
            unlucky(well(deleting=True), Reason.ENDPOINT_UNREACHABLE),
            None,
            None,
            "Running: Ready=False/EndpointUnreachable Synced=False/EndpointUnreachable "
            "CredentialsValid=Unknown/EndpointUnreachable Deleting=True/EndpointUnreachable",
            id="the-cloud-cannot-be-asked-to-delete-it",
        ),
    ],
)
def test_what_is_shown_of_trouble_and_of_an_end(
    case: Facts, step: Step | None, problem: Problem | None, shown: str
) -> None:
    """*step* None: the one that follows from the facts."""
    assert seen(status_after(case, step or plan(case), problem)) == shown
