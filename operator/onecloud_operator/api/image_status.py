"""``status.image``: of which image the root disk was made, and the rebuild under way."""

from __future__ import annotations

from pydantic import Field

from onecloud_operator.api.status_model import Count, Short, StatusModel, Text, Time, shown


class RebuildStatus(StatusModel):
    """A rebuild of the root disk, recorded before the cloud is asked for it; what is on the disk is lost."""

    text: Text = Field(description="The text of spec.server.image that it follows.")
    id: Short = Field(description="Id of the image that the text stood for then.")
    from_id: Short | None = shown("Id of the image that the root disk had before.")
    update_version: Count = Field(description="Version of the server before it: another one means it began.")
    since: Time = Field(description="When the cloud was asked, or is about to be.")
    requested_at: Text | None = shown(
        "The annotation onecloud.io/reconcile-requested-at of that time; another value has it tried again."
    )


class ImageStatus(StatusModel):
    """Of which image the root disk was made."""

    text: Text = Field(description="The text of spec.server.image.")
    id: Short | None = shown("Id of that image; absent while the root disk is not known to be made of it.")
    rebuild: RebuildStatus | None = shown("The rebuild that is under way, or had no effect.")
