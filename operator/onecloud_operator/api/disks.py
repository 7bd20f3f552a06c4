"""The disks of ``spec.server``."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StrictStr
from pydantic.config import JsonDict

from onecloud_operator.api.model import CHANGE, FIXED, LIVE, Identifier, Model, Size, within
from onecloud_operator.api.rule import Rule

DiskSize = Annotated[Size, within("1Gi", "64Ti")]


Backend = Annotated[StrictStr, Field(min_length=1, max_length=64)]
Medium = Literal["Rotational", "SSD", "Hybrid"]
Driver = Literal["virtio", "scsi", "ide", "sata", "pvscsi"]
Cache = Literal["none", "writeback", "writethrough"]
_LABEL = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
MADE: JsonDict = {CHANGE: "Counts when the disk is made; an edit later on is reported as drift."}


def _option(description: str, mark: JsonDict) -> Any:  # noqa: ANN401 - a field of any type
    return Field(default=None, description=description, json_schema_extra=mark)


class DiskOptions(Model):
    """What root and data disks share."""

    backend: Backend | None = _option("Storage type, for example local, rbd or nfs.", FIXED)
    medium: Medium | None = _option("Medium of the storage.", FIXED)
    driver: Driver | None = _option("Driver through which the server sees the disk.", FIXED)
    cache: Cache | None = _option("Cache mode.", FIXED)


class RootDisk(DiskOptions):
    """The system disk."""

    size: DiskSize | None = Field(
        default=None,
        description=(
            "Size, from 1Gi to 64Ti, for example 40Gi; a whole number with Mi, Gi or Ti. Needed without an "
            "image. The cloud makes the disk larger where the image needs it, and at least 10Gi on KVM; "
            "that is no drift."
        ),
        json_schema_extra={
            CHANGE: "Can only grow; growing a running server's restarts it, so it waits for "
            "disruption.allow: Restart."
        },
    )


class DataDisk(DiskOptions):
    """A data disk."""

    name: Annotated[StrictStr, Field(max_length=63)] = Field(
        default="", description="Name of the disk within this list, a DNS label: which disk it is. Needed."
    )
    backend: Backend | None = _option("Storage type, for example local, rbd or nfs.", MADE)
    medium: Medium | None = _option("Medium of the storage.", MADE)
    driver: Driver | None = _option("Driver through which the server sees the disk.", MADE)
    cache: Cache | None = _option("Cache mode.", MADE)
    size: DiskSize | None = Field(
        default=None,
        description=(
            "Size of a disk that is made, from 1Gi to 64Ti, for example 200Gi; a whole number with Mi, Gi or "
            "Ti. Give this, or diskID. None is made for an adopted server that was not restored: give "
            "diskID there."
        ),
        json_schema_extra={CHANGE: "Can only grow, which it does while the server runs, too."},
    )
    disk_id: Identifier | None = Field(
        default=None,
        description=(
            "Id of a disk that exists and is attached to no server, instead of size. It must be in the "
            "server's project, and carry no other object's owner tags."
        ),
        json_schema_extra=LIVE,
    )
    reclaim_policy: Literal["Retain", "Recycle"] | None = Field(
        default=None,
        description=(
            "What becomes of the disk when its entry or the server goes. Retain: it is detached, kept, and "
            "taken out of the recycle bin if others put it there. Recycle: it goes into the recycle bin, or "
            "along with its server. Absent: Recycle for a disk that is made, Retain for a given one."
        ),
        json_schema_extra=LIVE,
    )

    rules: ClassVar[tuple[Rule[DataDisk], ...]] = (
        Rule(
            "each data disk needs a name, a DNS label such as data, by now instead of an index, and "
            "reclaimPolicy: Retain for autoDelete: false. Or take dataDisks out, which touches no disk",
            cel=f"self.name.matches('{_LABEL}')",
            holds=lambda self: re.fullmatch(_LABEL, self.name) is not None,
            field=".name",
            reason="FieldValueRequired",
        ),
        Rule(
            "give each data disk either size, to have it made, or diskID, for one that exists",
            cel="has(self.size) != has(self.diskID)",
            holds=lambda self: (self.size is None) != (self.disk_id is None),
        ),
        Rule(
            "a data disk with diskID takes no backend, medium, driver or cache: it is made already",
            cel="!has(self.diskID) || !(has(self.backend) || has(self.medium) || has(self.driver) || "
            "has(self.cache))",
            holds=lambda self: (
                self.disk_id is None or (self.backend, self.medium, self.driver, self.cache) == (None,) * 4
            ),
            field=".diskID",
        ),
    )


# An entry of an earlier version has no name, and where entries of a map lack their key, the API server
# refuses every write to the object, that of its status too. So this is no map, and names are defaulted.
_OWN_NAMES: Rule[tuple[DataDisk, ...]] = Rule(
    "each name may stand in dataDisks once",
    cel="self.all(d, d.name == '' || self.exists_one(other, other.name == d.name))",
    holds=lambda disks: len({disk.name for disk in disks}) == len(disks),
)

_OWN_DISKS: Rule[tuple[DataDisk, ...]] = Rule(
    "each diskID may stand in dataDisks once",
    cel="self.all(d, !has(d.diskID) || self.exists_one(o, has(o.diskID) && o.diskID == d.diskID))",
    holds=lambda disks: _once([disk.disk_id for disk in disks if disk.disk_id is not None]),
)


def _once(values: list[str]) -> bool:
    return len(set(values)) == len(values)


DataDisks = Annotated[tuple[DataDisk, ...], Field(max_length=15), _OWN_NAMES, _OWN_DISKS]
