"""What two statuses in a row tell of the data disks of the spec: one is there, or what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.api.reasons import EventReason
from onecloud_operator.core.conclusion import KubeEvent
from onecloud_operator.core.conditions import part_of
from onecloud_operator.core.disk_records import BOUND, GONE, KEPT, RECYCLED, REMOVING, disks_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ENDS = {
    KEPT: "it stays in the cloud",
    RECYCLED: "it is in the recycle bin",
    GONE: "it is gone from the cloud",
}


def disk_events(old: Mapping[str, Any], new: Mapping[str, Any], server: str) -> Iterator[KubeEvent]:
    """
    Yield an Event for each recorded disk that *server* shows since *old*, and for each that it has lost.

    Of what is made with the server its own Event tells, and of a disk that was kept from going with it
    ``DiskKept``.
    """
    if old.get("dataDisks") == new.get("dataDisks") and _shown(old) == _shown(new):
        return
    before = {record.name: record for record in disks_in(old.get("dataDisks"))}
    whole = bool(old.get("baseline") or old.get("adoptionHeldAt")) and old.get("id") == new.get("id")
    come = _shown(new) - _shown(old) if whole else set()
    kept = {row.get("id") for row in _rows(new.get("keptDisks"))}
    for record in disks_in(new.get("dataDisks")):
        what = f"data disk {record.name} ({record.id})"
        if record.stage == BOUND and record.id in come:
            yield KubeEvent("Normal", EventReason.DISK_ATTACHED, f"Attached {what} to server {server}.")
        was, end = before.get(record.name), _ENDS.get(record.stage)
        left = was is not None and was.id == record.id and was.stage in {BOUND, REMOVING}
        if end is not None and left and record.id not in kept:
            message = f"{what[0].upper()}{what[1:]} is not server {server}'s any more: {end}."
            yield KubeEvent("Normal", EventReason.DISK_DETACHED, message)


def _shown(status: Mapping[str, Any]) -> set[object]:
    return {row.get("id") for row in _rows(part_of(status, "server").get("dataDisks"))}


def _rows(value: object) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
