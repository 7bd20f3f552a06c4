"""The closed set of reasons: what each says of Synced, whether waiting helps, and how long to wait."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Scope = Literal["feed", "own", "shared"]


class Reason(StrEnum):
    """Every reason that a condition of an object can have."""

    UP_TO_DATE = "UpToDate"
    OBSERVING = "Observing"
    DRIFT_REPORTED = "DriftReported"
    NOT_YET_OBSERVED = "NotYetObserved"
    CREATING = "Creating"
    UPDATING = "Updating"
    CREATION_FAILED = "CreationFailed"
    SECRET_NOT_FOUND = "SecretNotFound"  # noqa: S105 - a reason
    SECRET_INVALID = "SecretInvalid"  # noqa: S105 - a reason
    PROVIDER_NOT_FOUND = "ProviderNotFound"
    NOT_ALLOWED = "NotAllowed"
    LIMIT_REACHED = "LimitReached"
    ENDPOINT_NOT_ALLOWED = "EndpointNotAllowed"
    CREDENTIALS_REJECTED = "CredentialsRejected"
    FORBIDDEN = "Forbidden"
    ENDPOINT_UNREACHABLE = "EndpointUnreachable"
    RATE_LIMITED = "RateLimited"
    INVALID_SPEC = "InvalidSpec"
    CREDENTIALS_MISMATCH = "CredentialsMismatch"
    TOO_MANY_GONE = "TooManyGone"
    REFERENCE_NOT_FOUND = "ReferenceNotFound"
    REFERENCE_UNKNOWN = "ReferenceUnknown"
    EIP_UNAVAILABLE = "EIPUnavailable"
    QUOTA_EXCEEDED = "QuotaExceeded"
    NO_CAPACITY = "NoCapacity"
    NAME_CONFLICT = "NameConflict"
    OWNED_BY_ANOTHER = "OwnedByAnother"
    AMBIGUOUS_NAME = "AmbiguousName"
    SERVER_NOT_FOUND = "ServerNotFound"
    IMMUTABLE_FIELD = "ImmutableField"
    PLAN_PENDING = "PlanPending"
    RESTART_NEEDED = "RestartNeeded"
    WAITING_FOR_WINDOW = "WaitingForWindow"
    OPERATION_FAILED = "OperationFailed"
    SERVER_UNKNOWN = "ServerUnknown"
    EXTERNALLY_DELETED = "ExternallyDeleted"
    IN_RECYCLE_BIN = "InRecycleBin"
    SECRET_CONFLICT = "SecretConflict"  # noqa: S105 - a reason
    PROVIDER_ERROR = "ProviderError"
    PAUSED = "Paused"
    FROZEN = "Frozen"
    REMOVING = "Removing"
    WAITING_FOR_CLOUD = "WaitingForCloud"
    DELETION_PROTECTED = "DeletionProtected"
    PREPAID_NOT_EXPIRED = "PrepaidNotExpired"
    HOST_OFFLINE = "HostOffline"
    RECYCLE_BIN_OFF = "RecycleBinOff"
    TOO_MANY_DELETIONS = "TooManyDeletions"
    RELEASED = "Released"
    AVAILABLE = "Available"
    POWERED_OFF = "PoweredOff"
    SUSPENDED = "Suspended"
    OBSERVED = "Observed"
    WRONG_POWER_STATE = "WrongPowerState"
    AUTHENTICATED = "Authenticated"
    RETRYING = "Retrying"
    WAITING = "Waiting"
    DRIFT_DETECTED = "DriftDetected"
    PAUSED_BY_ANNOTATION = "PausedByAnnotation"
    EXPIRES_SOON = "ExpiresSoon"
    IN_USE = "InUse"


class EventReason(StrEnum):
    """The reasons of Kubernetes Events that no condition has; the others are the conditions' own."""

    CREATING = "Creating"
    CREATED = "Created"
    ADOPTED = "Adopted"
    RESTORED = "Restored"
    RESTARTING = "Restarting"
    RESTART_NOT_NEEDED = "RestartNotNeeded"
    RESTART_UNKNOWN = "RestartUnknown"
    REBUILDING = "Rebuilding"
    REBUILT = "Rebuilt"
    REMOVING = "Removing"
    RELEASED = "Released"
    DRIFT_CORRECTED = "DriftCorrected"
    CARD_ATTACHED = "CardAttached"
    CARD_DETACHED = "CardDetached"
    DISK_ATTACHED = "DiskAttached"
    DISK_DETACHED = "DiskDetached"
    DISK_KEPT = "DiskKept"
    DISK_GONE = "DiskGone"
    EIP_MADE = "EIPMade"
    EIP_BOUND = "EIPBound"
    EIP_RELEASED = "EIPReleased"


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """
    One reason of the condition Synced, or of Deleting.

    *stalled*: waiting does not help. *first_seconds*, *max_seconds*: the wait before the next try, doubled
    from one to the other; None: something is heard of it (the feed, an annotation). *scope*: ``own`` problems
    write ``nextRetryTime``; ``shared`` ones do not, or 10,000 objects would be rewritten at every try.
    """

    synced: Literal["True", "False", "Unknown"]
    stalled: bool = False
    first_seconds: float | None = None
    max_seconds: float | None = None
    scope: Scope = "feed"


def _own(first: float, most: float, *, stalled: bool = False) -> ReasonRow:
    return ReasonRow("False", stalled, first, most, "own")


def _shared(first: float, most: float, *, stalled: bool = False) -> ReasonRow:
    return ReasonRow("False", stalled, first, most, "shared")


_WELL = ReasonRow("True")
_HEARD = ReasonRow("False")
_STALLED = ReasonRow("False", stalled=True)

SYNCED_REASONS: dict[Reason, ReasonRow] = {
    Reason.UP_TO_DATE: _WELL,
    Reason.OBSERVING: _WELL,
    Reason.DRIFT_REPORTED: _WELL,
    Reason.NOT_YET_OBSERVED: ReasonRow("Unknown"),
    Reason.CREATING: _HEARD,
    Reason.UPDATING: _HEARD,
    Reason.CREATION_FAILED: _own(30.0, 600.0),
    Reason.SECRET_NOT_FOUND: _shared(5.0, 60.0),
    Reason.SECRET_INVALID: _shared(60.0, 60.0, stalled=True),
    # The watch tells of providers and namespaces; these waits are for when it has not.
    Reason.PROVIDER_NOT_FOUND: _shared(60.0, 60.0),
    Reason.NOT_ALLOWED: _shared(60.0, 60.0, stalled=True),
    Reason.LIMIT_REACHED: _shared(60.0, 60.0),
    Reason.ENDPOINT_NOT_ALLOWED: _shared(60.0, 60.0, stalled=True),
    # The Secret is read again every minute; how often the cloud is asked is the client's own patience.
    Reason.CREDENTIALS_REJECTED: _shared(60.0, 60.0, stalled=True),
    Reason.FORBIDDEN: _shared(30.0, 300.0),
    Reason.ENDPOINT_UNREACHABLE: _shared(5.0, 60.0),
    Reason.RATE_LIMITED: _shared(2.0, 60.0),
    Reason.INVALID_SPEC: _own(60.0, 600.0, stalled=True),
    Reason.CREDENTIALS_MISMATCH: _shared(60.0, 60.0, stalled=True),
    Reason.TOO_MANY_GONE: ReasonRow("False", stalled=True, scope="shared"),
    Reason.REFERENCE_NOT_FOUND: _own(60.0, 600.0),
    Reason.REFERENCE_UNKNOWN: ReasonRow("Unknown", first_seconds=60.0, max_seconds=600.0, scope="own"),
    Reason.EIP_UNAVAILABLE: _own(5.0, 300.0),  # what another object drops is taken soon
    Reason.QUOTA_EXCEEDED: _own(60.0, 600.0),
    Reason.NO_CAPACITY: _own(60.0, 600.0),
    Reason.NAME_CONFLICT: _own(600.0, 600.0, stalled=True),
    Reason.OWNED_BY_ANOTHER: _own(600.0, 600.0, stalled=True),
    Reason.AMBIGUOUS_NAME: _own(600.0, 600.0, stalled=True),
    Reason.SERVER_NOT_FOUND: ReasonRow("False", first_seconds=60.0, max_seconds=60.0),
    Reason.IMMUTABLE_FIELD: _STALLED,
    Reason.RESTART_NEEDED: _STALLED,
    Reason.PLAN_PENDING: _HEARD,
    Reason.WAITING_FOR_WINDOW: ReasonRow("False", scope="own"),  # until a window opens
    Reason.OPERATION_FAILED: _own(60.0, 600.0),
    Reason.SERVER_UNKNOWN: _HEARD,
    Reason.EXTERNALLY_DELETED: _STALLED,
    Reason.IN_RECYCLE_BIN: _STALLED,
    Reason.SECRET_CONFLICT: _own(60.0, 600.0),
    Reason.PROVIDER_ERROR: _own(10.0, 300.0),
    Reason.PAUSED: _HEARD,
    Reason.FROZEN: _HEARD,
}

DELETING_REASONS: dict[Reason, ReasonRow] = {
    Reason.REMOVING: _HEARD,
    Reason.WAITING_FOR_CLOUD: _HEARD,
    Reason.DELETION_PROTECTED: _HEARD,
    Reason.PREPAID_NOT_EXPIRED: _own(3600.0, 3600.0),
    Reason.HOST_OFFLINE: _own(60.0, 600.0),
    Reason.RECYCLE_BIN_OFF: _HEARD,
    Reason.TOO_MANY_DELETIONS: ReasonRow("False", stalled=True, scope="shared"),
    Reason.RELEASED: _HEARD,
}

# All is well, or something is under way, or the user wants it so.
UNTROUBLED = frozenset(
    {
        *(reason for reason, row in SYNCED_REASONS.items() if row.synced == "True"),
        Reason.NOT_YET_OBSERVED,
        Reason.CREATING,
        Reason.UPDATING,
        Reason.PLAN_PENDING,
        Reason.PAUSED,
        Reason.FROZEN,
        Reason.WAITING_FOR_WINDOW,
        Reason.REMOVING,
        Reason.WAITING_FOR_CLOUD,
        Reason.RELEASED,
    }
)

# What needs nobody's answer; of every other reason the log and an Event warn. A plan that waits for its
# approval is no trouble, and waits for a person; a cloud that is asked too often is asked again by itself.
UNALARMING = frozenset(
    {
        *(UNTROUBLED - {Reason.PLAN_PENDING}),
        Reason.RATE_LIMITED,
        Reason.AVAILABLE,
        Reason.POWERED_OFF,
        Reason.SUSPENDED,
        Reason.OBSERVED,
    }
)

# Of the conditions that have reasons of their own.
READY_REASONS = frozenset(
    {
        Reason.AVAILABLE,
        Reason.POWERED_OFF,
        Reason.SUSPENDED,
        Reason.OBSERVED,
        Reason.CREATING,
        Reason.UPDATING,
        Reason.WRONG_POWER_STATE,
        Reason.OPERATION_FAILED,
        Reason.IN_RECYCLE_BIN,
        Reason.EXTERNALLY_DELETED,
        Reason.REMOVING,
        Reason.NOT_YET_OBSERVED,
        Reason.SERVER_UNKNOWN,
    },
)
CREDENTIALS_REASONS = frozenset(
    {Reason.SECRET_NOT_FOUND, Reason.SECRET_INVALID, Reason.CREDENTIALS_REJECTED, Reason.ENDPOINT_NOT_ALLOWED}
)
OTHER_REASONS = frozenset(
    {
        Reason.AUTHENTICATED,
        Reason.RETRYING,
        Reason.WAITING,
        Reason.DRIFT_DETECTED,
        Reason.PAUSED_BY_ANNOTATION,
        Reason.EXPIRES_SOON,
        Reason.IN_USE,
    },
)

ALL_REASONS = frozenset(
    {*SYNCED_REASONS, *DELETING_REASONS, *READY_REASONS, *CREDENTIALS_REASONS, *OTHER_REASONS}
)
_BY_TEXT = {str(reason): reason for reason in ALL_REASONS}


def row_of(reason: Reason) -> ReasonRow:
    """Return the row of a reason of Synced or Deleting."""
    return SYNCED_REASONS[reason] if reason in SYNCED_REASONS else DELETING_REASONS[reason]


def reason_in(value: object) -> Reason | None:
    """Return the reason that a text from outside names, or None if it names none."""
    return _BY_TEXT.get(value) if isinstance(value, str) else None
