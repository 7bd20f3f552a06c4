"""The conditions of a status, whatever the kind of its object. One changes only when what it says changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from onecloud_operator.core.values import cut, text_of_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

MESSAGE_LENGTH = 1024


class Condition(NamedTuple):
    """*generation*: of the spec that it is said of."""

    kind: str
    status: str
    reason: str
    message: str
    generation: int


def cut_message(message: str) -> str:
    """Return *message* at a length that every message of the status may have."""
    return cut(message, MESSAGE_LENGTH)


def standing(status: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    """Return the condition of type *kind* as it stands in *status*, or None."""
    found = status.get("conditions")
    for each in found if isinstance(found, list) else ():
        if isinstance(each, dict) and each.get("type") == kind:
            return each
    return None


def stance(condition: Mapping[str, Any] | None) -> tuple[object, object] | None:
    """Return status and reason: what makes a turn when it changes, unlike the message."""
    return (condition.get("status"), condition.get("reason")) if condition is not None else None


def part_of(status: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object of *status*; an empty one if it has none of that name."""
    found = status.get(name)
    return found if isinstance(found, dict) else {}


def listed(wanted: Iterable[Condition], status: Mapping[str, Any], wall: datetime) -> list[dict[str, Any]]:
    """Return the conditions as they stand in the next status after *status*, each keeping its time."""
    return [_entry(condition, standing(status, condition.kind), wall) for condition in wanted]


def _entry(condition: Condition, old: Mapping[str, Any] | None, wall: datetime) -> dict[str, Any]:
    since = old.get("lastTransitionTime") if old and old.get("status") == condition.status else None
    return {
        "type": condition.kind,
        "status": condition.status,
        "reason": condition.reason,
        "message": cut_message(condition.message),
        "observedGeneration": condition.generation,
        "lastTransitionTime": since if isinstance(since, str) else text_of_time(wall),
    }
