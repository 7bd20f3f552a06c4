"""One base value of each kind; tests vary them by dataclasses.replace and show only what differs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from onecloud_operator.api.spec import Spec
from onecloud_operator.core.disk_records import BOUND, DiskRecord
from onecloud_operator.core.facts import Facts, Memory
from onecloud_operator.core.observed import (
    Details,
    Disk,
    Nic,
    Observed,
    Owner,
    Reading,
    SecurityGroup,
    phase_of,
)
from onecloud_operator.core.records import Creation, Records, attempt_id
from onecloud_operator.core.references import Answer, Kind, Reference, Resolved
from onecloud_operator.core.resource import FINALIZER, Resource
from onecloud_operator.core.values import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.api.plain import PlainValue

UID = "6f3c1f0a-2b9e-4f57-9a53-0c6f8d9b1e11"
OTHER_UID = "11111111-2222-4333-8444-555555555555"
ID = attempt_id(UID, 1)
PLACE = Place("https://cloud.example/v3", "region0", "project0")
NOW = 10_000.0
WALL = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def wall_at(now: float) -> datetime:
    """Return the time of day at monotonic *now*: both clocks go on."""
    return WALL + timedelta(seconds=now - NOW)


SERVER: dict[str, Any] = {
    "cpu": 2,
    "memory": "4Gi",
    "image": "ubuntu-22.04",
    "networks": [{"network": "vnet-1"}],
}
NAMES: Mapping[Reference, Answer] = {
    Reference(Kind.IMAGE, "ubuntu-22.04"): Resolved("image-0"),
    Reference(Kind.NETWORK, "vnet-1"): Resolved("net-1"),
    Reference(Kind.SECURITY_GROUP, "db"): Resolved("db"),
}
BACKUP = Reference(Kind.NETWORK, "vnet-backup")
RESTART: dict[str, Any] = {"disruption": {"allow": "Restart"}}
RIVALS = frozenset({OTHER_UID})
GONE = Reading(asked_at=NOW, gone=True)
ROOT = Disk("disk-0", 0, 40960, image="ubuntu-22.04", image_id="image-0", storage_id="storage-0")
DATA = Disk("disk-1", 1, 10240)
OWNER = Owner("cluster0", "shop", "web-1", UID)
BEGUN = Creation(1, ID, "shop.web-1", "2026-11-23T11:59:00Z")
MADE = replace(BEGUN, completed_at="2026-11-23T11:59:30Z")


def bound(
    name: str = "data-1", disk_id: str = "disk-1", policy: str = "Recycle", **changes: Any
) -> DiskRecord:
    """Return the record of a data disk that is known, and that all is done for."""
    return replace(DiskRecord(name, policy, BOUND, disk_id, applied=policy, tagged=True), **changes)


def spec(server: Mapping[str, Any] | None = None, **policies: Any) -> Spec:
    """Return a spec: *server* over the base one, *policies* by their names on the wire."""
    body = {"credentialsRef": {"name": "onecloud"}, "server": {**SERVER, **(server or {})}, **policies}
    return Spec.model_validate({k: v for k, v in body.items() if v is not None})


def details(version: int = 7, **changes: Any) -> Details:
    """Return the details that agree with the base spec."""
    base = Details(
        version=version,
        disks=(ROOT,),
        nics=(Nic("net-1", "10.0.0.5", mac="00:22:00:00:00:01", default=True),),
        security_groups=(SecurityGroup("default", "Default"),),
        tags={},
        owner=OWNER,
        hot_plug=False,
        hot_remove=False,
        ip="10.0.0.5",
    )
    return replace(base, **changes)


def mirror_with(mirror: Mapping[str, Any], plain: Mapping[str, PlainValue | None]) -> dict[str, Any]:
    """Return *mirror* with other values in *plain* fields, by their paths; None: it shows nothing there."""
    changed = {key: dict(value) if isinstance(value, dict) else value for key, value in mirror.items()}
    for path, value in plain.items():
        part, _, name = path.rpartition(".")
        (changed.setdefault(part, {}) if part else changed)[name] = value
    return changed


def server(
    status: str = "running",
    *,
    name: str | None = None,
    plain: Mapping[str, PlainValue | None] | None = None,
    mirror: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Observed:
    """Return a server of ours that agrees with the base spec, but for *changes* and *plain* fields."""
    shown = mirror or {"id": ID, "name": "shop.web-1", "status": status}
    base = Observed(
        id=ID,
        status=status,
        phase=phase_of(status),
        version=7,
        updated_at="2026-11-23T11:59:30.000000Z",
        project_id="project0",
        cpu=2,
        memory_mib=4096,
        details=details(),
        mirror=mirror_with(shown, {**({"name": name} if name else {}), **(plain or {})}),
    )
    return replace(base, **changes)


def reading(found: Observed | None = None, **changes: Any) -> Reading:
    """Return a confirmed reading of just now."""
    return replace(Reading(found, first_seen_at=NOW - 5, asked_at=NOW - 1), **changes)


def resource(**changes: Any) -> Resource:
    """Return an object that holds its finalizer and has made its server."""
    records = Records(id=ID, place=PLACE, creation=MADE, mirror={"id": ID})
    base = Resource(
        namespace="shop",
        name="web-1",
        uid=UID,
        version="100",
        generation=1,
        spec=spec(),
        finalizers=(FINALIZER,),
        records=records,
    )
    return replace(base, **changes)


def records(**changes: Any) -> Records:
    """Return the records of an object that has made its server."""
    return replace(resource().records, **changes)


def facts(found: Observed | None = None, **changes: Any) -> Facts:
    """Return the facts of an object with *found* as its server (a running one by default)."""
    base = Facts(
        resource=resource(),
        now=NOW,
        wall=WALL,
        memory=Memory(born_at=0.0),
        place=PLACE,
        reading=reading(server() if found is None else found),
        names=NAMES,
    )
    return replace(base, **changes)


def nothing_yet(**changes: Any) -> Facts:
    """Return the facts of an object just applied: no finalizer, no record, no server."""
    fresh = resource(finalizers=(), records=Records())
    return replace(facts(), resource=fresh, reading=Reading(), memory=Memory(born_at=NOW), **changes)


RECREATE = spec(onExternalDeletion="Recreate")
NEW = resource(finalizers=(), records=Records())
ADOPTED = records(creation=None, adopted_at="2026-11-23T11:00:00Z")
