"""What the status shows of the defaults of a provider: what holds for the object by both of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictStr

from onecloud_operator.api.lists import ATOMIC_LIST
from onecloud_operator.api.status_model import Short, StatusModel, Text, shown


class EffectiveTag(StatusModel):
    """A scheduling tag."""

    id: Short = Field(description="Id of the scheduling tag.")
    strategy: Short = Field(description="How it is weighed.")


class EffectivePlacement(StatusModel):
    """Where the server was to be put when it was made."""

    region_id: Short | None = shown("Id of the region.")
    zone_id: Short | None = shown("Id of the zone.")
    manager_id: Short | None = shown("Id of the cloud account's subscription.")
    host: Text | None = shown("Host, by id or name.")
    scheduling_tags: Annotated[tuple[EffectiveTag, ...], Field(max_length=8)] | None = shown(
        "Scheduling tags.", **ATOMIC_LIST
    )


class EffectiveStatus(StatusModel):
    """What the provider gives a default for."""

    deletion_protection: StrictBool | None = shown(
        "Whether the server of a deleted object is kept: the object or the provider asks for it."
    )
    disruption: Literal["Never", "Restart", "Rebuild"] | None = shown(
        "Whether the server may be stopped for a change, as in disruption.allow."
    )
    tags: (
        Annotated[dict[StrictStr, Annotated[StrictStr, Field(max_length=1024)]], Field(max_length=15)] | None
    ) = shown("The server's user tags, the provider's among them.")
    placement: EffectivePlacement | None = shown("Where the server was to be put when it was made.")
