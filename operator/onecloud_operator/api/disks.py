"""The disks of ``spec.server``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from onecloud_operator.api.lists import Unique
from onecloud_operator.api.model import CHANGE, FIXED, WHOLE, Model, Size, within
from onecloud_operator.api.rule import Rule

DiskSize = Annotated[Size, within("1Gi", "64Ti")]


class DiskOptions(Model):
    """What root and data disks share."""

    backend: Annotated[StrictStr, Field(min_length=1, max_length=64)] | None = Field(
        default=None, description="Storage type, for example local, rbd or nfs.", json_schema_extra=FIXED
    )
    medium: Literal["Rotational", "SSD", "Hybrid"] | None = Field(
        default=None, description="Medium of the storage.", json_schema_extra=FIXED
    )
    driver: Literal["virtio", "scsi", "ide", "sata", "pvscsi"] | None = Field(
        default=None, description="Driver through which the server sees the disk.", json_schema_extra=FIXED
    )
    cache: Literal["none", "writeback", "writethrough"] | None = Field(
        default=None, description="Cache mode.", json_schema_extra=FIXED
    )


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

    index: Annotated[StrictInt, Field(ge=1, le=15), WHOLE] = Field(
        description="Number of the disk: 1, 2, 3 and so on, without gaps. The root disk is 0.",
        json_schema_extra=FIXED,
    )
    size: DiskSize = Field(
        description="Size, from 1Gi to 64Ti, for example 200Gi; a whole number with Mi, Gi or Ti.",
        json_schema_extra={CHANGE: "Can only grow."},
    )
    auto_delete: StrictBool | None = Field(
        default=None,
        description=(
            "Whether the disk is deleted with the server. Absent: the cloud's default. One that is not is "
            "detached before the server is removed, and taken out of the recycle bin if others put it there."
        ),
        json_schema_extra=FIXED,
    )


_WITHOUT_GAPS: Rule[tuple[DataDisk, ...]] = Rule(
    "data disks are numbered 1, 2, 3 and so on, without gaps",
    cel="self.all(d, d.index <= size(self))",
    holds=lambda disks: all(disk.index <= len(disks) for disk in disks),
)

DataDisks = Annotated[tuple[DataDisk, ...], Field(max_length=15), Unique("index"), _WITHOUT_GAPS]
