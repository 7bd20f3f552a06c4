"""What differs and is not being mended, with the time since when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.actions import Hold
from onecloud_operator.core.change import open_differences
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.policy import observing
from onecloud_operator.core.times import text_of_time

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.verdict import Verdict

SHOWN_LENGTH = 256
DRIFT_LENGTH = 32
_NOT_DRIFT = frozenset({"Updating", "Creating", "NotYetObserved", "OwnedByAnother", "Paused", "InRecycleBin"})


def drift_of(facts: Facts, step: Step, verdict: Verdict) -> list[dict[str, str]]:
    """Return ``status.drift``: what differs and is held back or only reported."""
    server = facts.server
    if observing(facts.resource) or facts.resource.deleting:
        return []
    if server is None or not server.detailed or not server.phase.stable or not isinstance(step, Hold):
        # Nothing new is known, or what differs is being mended: neither is drift.
        kept = facts.resource.status.get("drift")
        unread = facts.trouble is not None or (server is not None and server.phase is Phase.MOVING)
        return kept if unread and isinstance(kept, list) else []
    if verdict.reason in _NOT_DRIFT:
        return []
    before = {
        (d.get("field"), d.get("desired"), d.get("actual")): d.get("since")
        for d in facts.resource.status.get("drift") or ()
        if isinstance(d, dict)
    }
    entries = []
    for found in open_differences(facts, server)[:DRIFT_LENGTH]:
        want, have = _cut(found.want), _cut(found.have or "")
        since = before.get((found.field, want, have))
        entries.append(
            {
                "field": found.field,
                "desired": want,
                "actual": have,
                "since": since if isinstance(since, str) else text_of_time(facts.wall),
            },
        )
    return entries


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_LENGTH else text[: SHOWN_LENGTH - 1] + "…"
