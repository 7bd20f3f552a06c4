"""``status.dataDisks``: which disk each entry of ``spec.server.dataDisks`` is, and what becomes of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, StrictBool

from onecloud_operator.api.status_model import Count, Short, Size, StatusModel, Text, Time, shown

SHOWN_DISKS = 65  # by a server
RECORDED_DISKS = 32  # of the spec's 15, those that were removed of late among them

Stage = Literal["Pending", "Making", "Adding", "Bound", "Removing", "Kept", "Recycled", "Gone"]
Policy = Literal["Retain", "Recycle"]


class AskedDisk(StatusModel):
    """What a disk is made of, as it was asked for."""

    size: Size | None = shown("Size.")
    backend: Short | None = shown("Storage type.")
    medium: Short | None = shown("Medium of the storage.")
    driver: Short | None = shown("Driver.")
    cache: Short | None = shown("Cache mode.")


class DiskRecordStatus(StatusModel):
    """One data disk: which one it is, and what becomes of it when its entry or the server goes."""

    name: Short = Field(description="Name in the spec.")
    id: Short | None = shown("Id of the disk; absent while it is not known.")
    stage: Stage = Field(
        description="Pending: it is made along with the server. Making, Adding: it is being made. Bound: it "
        "is this disk. Removing: its entry is gone, so it is taken off. Kept, Recycled: it was taken off and "
        "is kept, or in the recycle bin. Gone: there is no such disk any more."
    )
    reclaim_policy: Policy = Field(description="What becomes of it, as it was last declared.")
    given: StrictBool | None = shown("It was there before, and was given by its id.")
    attempt: Count | None = shown("Number of the last try at making it by itself.")
    asked: AskedDisk | None = shown(
        "What it is made of, until it is known which disk it is; empty where that is not certain."
    )
    applied: Policy | None = shown("The policy that the cloud was told.")
    tagged: StrictBool | None = shown("It carries the owner tags and its name.")
    request: Text | None = shown(
        "The annotation onecloud.io/reconcile-requested-at as it stood when the disk was asked for."
    )
    since: Time | None = shown("Since when it is so.")
