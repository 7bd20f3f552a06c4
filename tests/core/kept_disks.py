"""Objects with disks that are to outlive their server."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from onecloud_operator.core.actions import (
    Hold,
)
from onecloud_operator.core.facts import LookedAtDisk, Memory
from onecloud_operator.core.observed import Disk, DiskState
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import KeptDisk
from tests.core.fixtures import (
    NOW,
    details,
    facts,
    records,
    resource,
    server,
    spec,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed

STAYS, GOES = DiskState(auto_delete=False), DiskState(auto_delete=True)
KNOWN = {"root_disk_id": "disk-0"}
SINCE = "2026-11-23T11:59:50Z"
DECLARED = {"dataDisks": [{"name": "data-1", "size": "10Gi", "reclaimPolicy": "Retain"}]}


def shown(*disks: Disk, status: str = "running", **changes: Any) -> Observed:
    return server(status, locked=False, details=details(disks=disks), **changes)


def leaving(
    *disks: Disk,
    states: Mapping[str, DiskState | None] | None = None,
    policy: str | None = None,
    wanted: dict[str, Any] | None = None,
    recorded: dict[str, Any] | None = None,
    memory: dict[str, Any] | None = None,
    **changes: Any,
) -> Facts:
    """A deleted object whose server shows *disks*, of which *states* were read."""
    looks = {disk_id: LookedAtDisk(NOW - 1, state) for disk_id, state in (states or {}).items()}
    going = resource(
        deleting=True,
        spec=spec(wanted, deletionPolicy=policy),
        records=records(**{**KNOWN, **(recorded or {})}),
    )
    remembered = Memory(born_at=0.0, disks=looks, **(memory or {}))
    return replace(facts(shown(*disks)), resource=going, memory=remembered, **changes)


def hold(given: Facts) -> Hold:
    step = plan(given)
    assert isinstance(step, Hold)
    return step


def recording(*ids: str, **changes: Any) -> dict[str, Any]:
    return {"kept_disks": tuple(KeptDisk(disk_id, SINCE, **changes) for disk_id in ids)}
