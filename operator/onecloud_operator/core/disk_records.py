"""
The record of the data disks: by the names of the spec, which disk each is, and its policy.

Entries that are there when the server is made go with its POST, in their order, and are bound to ids once it
is complete. An index says where a disk is, never which it is, so it counts for this one binding only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from onecloud_operator.api.disk_status import RECORDED_DISKS
from onecloud_operator.api.quantity import mib_of
from onecloud_operator.core.fast_dataclass import fast_dataclass, replace
from onecloud_operator.core.status_values import given, rows, text, whole
from onecloud_operator.core.values import derived_id

if TYPE_CHECKING:
    from onecloud_operator.api.disks import DataDisk
    from onecloud_operator.api.spec import ServerSpec
    from onecloud_operator.core.observed import Disk

RETAIN, RECYCLE = "Retain", "Recycle"
PENDING, MAKING, ADDING, BOUND = "Pending", "Making", "Adding", "Bound"
REMOVING, KEPT, RECYCLED, GONE = "Removing", "Kept", "Recycled", "Gone"
STAGES = frozenset({PENDING, MAKING, ADDING, BOUND, REMOVING, KEPT, RECYCLED, GONE})
OVER = frozenset({KEPT, RECYCLED, GONE})
OPTIONS = ("backend", "medium", "driver", "cache")
_ASKED = ("size", *OPTIONS)

Asked = tuple[tuple[str, str], ...]


@fast_dataclass(frozen=True, slots=True)
class DiskRecord:
    """
    One data disk by its name in the spec; *policy* is the one last declared.

    *asked*: what it is made of, while its id is not known; () where that is not certain. *applied*: the
    policy that the cloud was told. *request*: the annotation that asks for another try, as it stood then.
    """

    name: str
    policy: str
    stage: str
    id: str | None = None
    given: bool = False
    attempt: int = 0
    asked: Asked = ()
    applied: str | None = None
    tagged: bool = False
    since: str | None = None
    request: str | None = None


def attempt_disk_id(uid: str, name: str, attempt: int) -> str:
    """Return the id under which *attempt* at the disk *name* of the object *uid* is made."""
    return derived_id(uid, f"disk/{name}/{attempt}")


def unsent_key(record: DiskRecord) -> str | None:
    """Return under what a process remembers that it began this attempt, and nothing was sent of it."""
    return record.id or (f"{record.name} since {record.since}" if record.stage == ADDING else None)


def policy_of(entry: DataDisk, record: DiskRecord | None = None) -> str:
    """Return the policy of an entry, its default resolved; *record*: of its disk, maybe a given one."""
    given = entry.disk_id is not None or (record is not None and record.given)
    return entry.reclaim_policy or (RETAIN if given else RECYCLE)


def asked_of(entry: DataDisk) -> Asked:
    """Return what *entry* asks a disk to be made of."""
    found = ((name, getattr(entry, name)) for name in _ASKED)
    return tuple((name, str(value)) for name, value in found if value is not None)


def going_along(
    spec: ServerSpec, before: Iterable[DiskRecord], *, unmade: bool = True
) -> tuple[DiskRecord, ...]:
    """
    Return the record of the disks that go with a POST of *spec*, after one of *before*.

    *unmade*: it is certain that the earlier one has made nothing. Else what the two do not share is unsure.
    """
    now = tuple(
        DiskRecord(entry.name, policy_of(entry), PENDING, asked=asked_of(entry), applied=policy_of(entry))
        for entry in spec.data_disks or ()
        if entry.size is not None
    )
    sent = tuple(record for record in before if record.stage == PENDING)
    if unmade or [(one.name, one.asked) for one in sent] == [(one.name, one.asked) for one in now]:
        return now
    names = {record.name: record for record in (*sent, *now)}
    return tuple(replace(record, asked=(), applied=None) for record in names.values())


def bound_in_order(
    records: tuple[DiskRecord, ...], disks: Iterable[Disk], root_id: str | None
) -> tuple[DiskRecord, ...]:
    """Return *records* with the ids of what was made with the server, if it is certain which is which."""
    pending = [record for record in records if record.stage == PENDING]
    known = {root_id, *(record.id for record in records)}
    found = sorted((disk for disk in disks if disk.id not in known), key=lambda disk: disk.index)
    if not pending or root_id is None or len(found) != len(pending):
        return records
    if not all(fits(record, disk) for record, disk in zip(pending, found, strict=True)):
        return records
    ids = {record.name: disk.id for record, disk in zip(pending, found, strict=True)}
    return tuple(
        replace(record, id=ids[record.name], stage=BOUND, asked=()) if record.name in ids else record
        for record in records
    )


def fits(record: DiskRecord, disk: Disk) -> bool:
    """Return whether *disk* may be what *record* was asked for as."""
    asked = dict(record.asked)
    if (size := asked.pop("size", None)) is None or disk.size_mib < mib_of(size):
        return False
    return all(getattr(disk, option) == want for option, want in asked.items())


def declared(records: tuple[DiskRecord, ...], spec: ServerSpec | None) -> tuple[DiskRecord, ...]:
    """Return *records* with the policies that *spec* declares; of what it does not name, the last ones."""
    entries = {entry.name: entry for entry in (spec.data_disks if spec is not None else None) or ()}
    now = tuple(
        policy_of(entries[record.name], record) if record.name in entries else record.policy
        for record in records
    )
    if now == tuple(record.policy for record in records):
        return records
    return tuple(replace(record, policy=policy) for record, policy in zip(records, now, strict=True))


def with_record(records: tuple[DiskRecord, ...], record: DiskRecord) -> tuple[DiskRecord, ...]:
    """Return *records* with this one in its place; the oldest of those that are over make room."""
    if any(one.name == record.name for one in records):
        return tuple(record if one.name == record.name else one for one in records)
    kept = [*records]
    while len(kept) >= RECORDED_DISKS:
        kept.remove(next((one for one in kept if one.stage in OVER), kept[0]))
    return (*kept, record)


# -- in the status ---------------------------------------------------------------------------------------
def disks_status(records: Iterable[DiskRecord]) -> list[dict[str, Any]]:
    """Return ``status.dataDisks``."""
    return [_entry(record) for record in records]


def _entry(record: DiskRecord) -> dict[str, Any]:
    entry = {
        "name": record.name,
        "id": record.id,
        "stage": record.stage,
        "reclaimPolicy": record.policy,
        "given": record.given or None,
        "attempt": record.attempt or None,
        "asked": dict(record.asked) if record.stage in {PENDING, MAKING, ADDING} else None,
        "applied": record.applied,
        "tagged": record.tagged or None,
        "since": record.since,
        "request": record.request,
    }
    return given(entry)


def disks_in(value: object) -> tuple[DiskRecord, ...]:
    """Read the record out of a status; what is not of its form counts as absent."""
    found = {record.name: record for row in rows(value) if (record := _record(row)) is not None}
    return tuple(found.values())[:RECORDED_DISKS]


def _record(row: Mapping[str, Any]) -> DiskRecord | None:
    name, policy, stage, disk_id = (text(row.get(k)) for k in ("name", "reclaimPolicy", "stage", "id"))
    if name is None or policy not in {RETAIN, RECYCLE} or stage not in STAGES:
        return None
    if (disk_id is None) != (stage in {PENDING, ADDING}) and stage != GONE:
        return None
    asked = row.get("asked")
    applied = text(row.get("applied"))
    return DiskRecord(
        name=name,
        policy=policy,
        stage=stage,
        id=disk_id,
        given=row.get("given") is True,
        attempt=whole(row.get("attempt"), 1) or 0,
        asked=_asked(asked) if isinstance(asked, dict) else (),
        applied=applied if applied in {RETAIN, RECYCLE} else None,
        tagged=row.get("tagged") is True,
        since=text(row.get("since")),
        request=text(row.get("request")),
    )


def _asked(value: Mapping[str, Any]) -> Asked:
    found = tuple((name, said) for name in _ASKED if (said := text(value.get(name))) is not None)
    try:
        mib_of(dict(found).get("size", ""))
    except ValueError:
        return ()
    return found
