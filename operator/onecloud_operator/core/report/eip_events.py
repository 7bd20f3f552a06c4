"""What two statuses in a row tell of the elastic IP (EIP): made, bound, and parted with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.api.reasons import EventReason
from onecloud_operator.core.conclusion import KubeEvent
from onecloud_operator.core.conditions import part_of
from onecloud_operator.core.eip_record import MADE, EipRecord, eip_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def eip_events(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[KubeEvent]:
    """Yield what has become of the EIP that the object gives its server."""
    before, after = eip_in(old.get("eip")) or EipRecord(), eip_in(new.get("eip")) or EipRecord()
    if after.made_at is not None and (before.id, before.made_at) != (after.id, after.made_at):
        yield KubeEvent("Normal", EventReason.EIP_MADE, f"{after.label} is made: {after.address}.")
    server = part_of(new, "server")
    if after.address is not None and _shows(server, after.address):
        seen = part_of(old, "server")
        if not _shows(seen, after.address) or before.address != after.address:
            yield KubeEvent(
                "Normal", EventReason.EIP_BOUND, f"{after.label} is bound to the server: {after.address}."
            )
    if before.held and before.id != after.id and (before.made_at is not None or before.origin != MADE):
        yield KubeEvent(
            "Normal",
            EventReason.EIP_RELEASED,
            f"{before.label} is not the server's any more: {_end(before)}.",
        )


def _end(record: EipRecord) -> str:
    if record.origin == MADE:
        return "it is gone from the cloud, or others have it"
    return "it was dissociated, and stays in the cloud"


def _shows(server: Mapping[str, Any], address: str) -> bool:
    rows = server.get("addresses")
    found = (row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()
    return any(row.get("type") == "ElasticIP" and row.get("address") == address for row in found)
