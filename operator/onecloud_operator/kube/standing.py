"""How an object stands: what is counted of it, which is kept beside it so that counting reads no status."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from onecloud_operator.api.reasons import DELETING_REASONS, SYNCED_REASONS, UNTROUBLED, Reason
from onecloud_operator.api.status import State

if TYPE_CHECKING:
    from collections.abc import Mapping

STATES = frozenset(get_args(State))
REASONS = frozenset({*SYNCED_REASONS, *DELETING_REASONS})
OTHER = "other"  # than the words that we write


class Standing(NamedTuple):
    """
    The state of its server, the reason of its condition Synced, and what holds it up.

    *trouble*: a reason, and whether waiting does not help; None if it is as wanted or on its way. All are
    words that we write: there are few, whatever somebody writes into a status.
    """

    state: str
    reason: str
    trouble: tuple[str, bool] | None


def standing_of(body: Mapping[str, Any]) -> Standing:
    """Return how an object stands; one without conditions was not yet observed."""
    status = body.get("status")
    status = status if isinstance(status, dict) else {}
    conditions, state = status.get("conditions"), status.get("state")
    reasons = {
        each.get("type"): str(each.get("reason"))
        for each in (conditions if isinstance(conditions, list) else ())
        if isinstance(each, dict) and isinstance(each.get("type"), str)
    }
    synced = reasons.get("Synced", Reason.NOT_YET_OBSERVED)
    reason, stalled = reasons.get("Deleting", synced), "Stalled" in reasons
    return _shared(
        state if isinstance(state, str) and state in STATES else OTHER,
        _known(synced),
        (_known(reason), stalled) if stalled or reason not in UNTROUBLED else None,
    )


@cache
def _shared(state: str, reason: str, trouble: tuple[str, bool] | None) -> Standing:
    """Return one and the same for all objects that stand alike."""
    return Standing(state, reason, trouble)


def _known(reason: str) -> str:
    return reason if reason in REASONS else OTHER
