"""The record of a restart that a person asked for: which value of the annotation, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, get_args

from onecloud_operator.api.restart_status import RestartRequestStatus
from onecloud_operator.core.fast_dataclass import fast_dataclass

UNDER_WAY: Final = "UnderWay"  # recorded before the stop
DONE: Final = "Done"  # the server was seen to be off since
NOT_NEEDED: Final = "NotNeeded"  # it stood there when the server was made or adopted, or was off
UNKNOWN: Final = "Unknown"  # a stop may have been sent, and the server was not seen to be off
_OUTCOMES = get_args(RestartRequestStatus.model_fields["outcome"].annotation)


@fast_dataclass(frozen=True, slots=True)
class RestartRequest:
    """*value* of the annotation, its *outcome*, and *since* when (RFC 3339) that is so."""

    value: str
    outcome: str
    since: str

    @property
    def under_way(self) -> bool:
        """Return whether it is not known yet what comes of it."""
        return self.outcome == UNDER_WAY

    def status(self) -> dict[str, str]:
        """Return ``status.restartRequest``."""
        return {"value": self.value, "outcome": self.outcome, "since": self.since}


def request_in(found: object) -> RestartRequest | None:
    """Read the record out of a status; what is not of its form counts as absent."""
    if not isinstance(found, Mapping):
        return None
    value, outcome, since = (found.get(name) for name in ("value", "outcome", "since"))
    if not (isinstance(value, str) and value and isinstance(since, str) and since):
        return None
    return RestartRequest(value, str(outcome), since) if outcome in _OUTCOMES else None
