"""The closed set of reasons: what each says of Synced, whether waiting helps, and how long to wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal["feed", "own", "shared"]


@dataclass(frozen=True, slots=True)
class Row:
    """
    One reason of the condition Synced, or of Deleting.

    *stalled*: waiting does not help. *first_seconds*, *most_seconds*: the wait before the next try, doubled
    from one to the other; None: something is heard of it (the feed, an annotation). *scope*: ``own`` problems
    write ``nextRetryTime``; ``shared`` ones do not, or 10,000 objects would be rewritten at every try.
    """

    synced: Literal["True", "False", "Unknown"]
    stalled: bool = False
    first_seconds: float | None = None
    most_seconds: float | None = None
    scope: Scope = "feed"


def _own(first: float, most: float, *, stalled: bool = False) -> Row:
    return Row("False", stalled, first, most, "own")


def _shared(first: float, most: float, *, stalled: bool = False) -> Row:
    return Row("False", stalled, first, most, "shared")


_WELL = Row("True")
_HEARD = Row("False")
_STALLED = Row("False", stalled=True)

SYNCED_REASONS: dict[str, Row] = {
    "UpToDate": _WELL,
    "Observing": _WELL,
    "DriftReported": _WELL,
    "NotYetObserved": Row("Unknown"),
    "Creating": _HEARD,
    "Updating": _HEARD,
    "CreationFailed": _own(30.0, 600.0),
    "SecretNotFound": _shared(5.0, 60.0),
    "SecretInvalid": _shared(60.0, 60.0, stalled=True),
    "EndpointNotAllowed": _shared(60.0, 60.0, stalled=True),
    # The Secret is read again every minute; how often the cloud is asked is the client's own patience.
    "CredentialsRejected": _shared(60.0, 60.0, stalled=True),
    "Forbidden": _shared(30.0, 300.0),
    "EndpointUnreachable": _shared(5.0, 60.0),
    "RateLimited": _shared(2.0, 60.0),
    "InvalidSpec": _own(60.0, 600.0, stalled=True),
    "CredentialsMismatch": _shared(60.0, 60.0, stalled=True),
    "TooManyGone": Row("False", stalled=True, scope="shared"),
    "ReferenceNotFound": _own(60.0, 600.0),
    "ReferenceUnknown": Row("Unknown", first_seconds=60.0, most_seconds=600.0, scope="own"),
    "QuotaExceeded": _own(60.0, 600.0),
    "NoCapacity": _own(60.0, 600.0),
    "NameConflict": _own(600.0, 600.0, stalled=True),
    "OwnedByAnother": _own(600.0, 600.0, stalled=True),
    "AmbiguousName": _own(600.0, 600.0, stalled=True),
    "ServerNotFound": Row("False", first_seconds=60.0, most_seconds=60.0),
    "ImmutableField": _STALLED,
    "RestartNeeded": _STALLED,
    "OperationFailed": _own(60.0, 600.0),
    "ServerUnknown": _HEARD,
    "ExternallyDeleted": _STALLED,
    "InRecycleBin": _STALLED,
    "ProviderError": _own(10.0, 300.0),
    "Paused": _HEARD,
}

DELETING_REASONS: dict[str, Row] = {
    "Removing": _HEARD,
    "WaitingForCloud": _HEARD,
    "DeletionProtected": _HEARD,
    "PrepaidNotExpired": _own(3600.0, 3600.0),
    "HostOffline": _own(60.0, 600.0),
    "RecycleBinOff": _HEARD,
    "Released": _HEARD,
}

# Of the conditions that have reasons of their own.
READY_REASONS = frozenset(
    {
        "Available",
        "PoweredOff",
        "Observed",
        "Creating",
        "Updating",
        "WrongPowerState",
        "OperationFailed",
        "InRecycleBin",
        "ExternallyDeleted",
        "Removing",
        "NotYetObserved",
        "ServerUnknown",
    },
)
CREDENTIALS_REASONS = frozenset(
    {"SecretNotFound", "SecretInvalid", "CredentialsRejected", "EndpointNotAllowed"}
)
OTHER_REASONS = frozenset(
    {"Authenticated", "Retrying", "Waiting", "DriftDetected", "PausedByAnnotation", "ExpiresSoon"},
)

ALL_REASONS = frozenset(
    {*SYNCED_REASONS, *DELETING_REASONS, *READY_REASONS, *CREDENTIALS_REASONS, *OTHER_REASONS}
)


def row_of(reason: str) -> Row:
    """Return the row of a reason of Synced or Deleting. Raises KeyError for one outside the closed set."""
    return SYNCED_REASONS[reason] if reason in SYNCED_REASONS else DELETING_REASONS[reason]
