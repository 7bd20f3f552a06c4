"""What the log tells of two statuses in a row: one line for each turn of the reason of Ready or Synced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.api.reasons import UNTROUBLED, Reason
from onecloud_operator.core.conclusion import LogLine
from onecloud_operator.core.conditions import part_of, stance, standing
from onecloud_operator.core.report.events import adopted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Of every other reason somebody has to know; a cloud that is asked too often is asked again by itself.
_UNALARMING = UNTROUBLED | {
    Reason.RATE_LIMITED,
    Reason.AVAILABLE,
    Reason.POWERED_OFF,
    Reason.SUSPENDED,
    Reason.OBSERVED,
}


def log_lines(
    old: Mapping[str, Any], new: Mapping[str, Any], names: Mapping[str, str | None]
) -> Iterator[LogLine]:
    """Yield the lines between two statuses of one object; *names*: fields that say which one it is."""
    name = part_of(new, "server").get("name")
    creation, before = part_of(new, "creation"), part_of(old, "creation")
    fields = {**names, "server": name or creation.get("name"), "server_id": new.get("id")}
    if creation.get("completedAt") and not before.get("completedAt"):
        yield LogLine("INFO", "server created", fields)
    if adopted(old, new):
        yield LogLine("INFO", "server adopted", fields)
    ready, synced = standing(new, "Ready"), standing(new, "Synced")
    turned = [
        each
        for kind, each in (("Ready", ready), ("Synced", synced))
        if each is not None and stance(standing(old, kind)) != stance(each)
    ]
    if not turned or ready is None or synced is None:
        return
    told = synced if synced in turned else ready
    fields |= {"ready": ready.get("status"), "synced": synced.get("status")}
    if ready in turned and ready.get("status") == "True" and told.get("reason") in _UNALARMING:
        yield LogLine("INFO", "server ready", {**fields, "reason": ready.get("reason")})
        return
    reason, error = told.get("reason"), part_of(new, "lastError")
    request = error.get("requestID") if error.get("reason") == reason else None
    fields |= {"reason": reason, "request_id": request}
    message = "creating server" if reason == Reason.CREATING else str(told.get("message"))
    yield LogLine("INFO" if reason in _UNALARMING else "WARNING", message, fields)
