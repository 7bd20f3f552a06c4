"""``placement`` and ``billing`` of the spec: where the server is put, and how it is paid."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StrictBool, StrictStr

from onecloud_operator.api.lists import Unique
from onecloud_operator.api.part import Identifier, Part, Reference
from onecloud_operator.api.rule import Rule


class SchedulingTag(Part):
    """How the scheduler weighs hosts and storages with a tag."""

    id: Identifier = Field(description="Id of the scheduling tag.")
    strategy: Literal["Require", "Prefer", "Avoid", "Exclude"] = Field(
        description=(
            "Require: only where the tag is. Prefer: there first. Avoid: there last. Exclude: not there."
        )
    )


class Placement(Part):
    """Where the server is put."""

    region_id: Identifier | None = Field(default=None, description="Id of the region; a name will not do.")
    zone_id: Identifier | None = Field(default=None, description="Id of the zone; a name will not do.")
    manager_id: Identifier | None = Field(
        default=None, description="Id of the cloud account's subscription; a name will not do."
    )
    host: Reference | None = Field(
        default=None, description="Host, by id or name. A migration later on is no drift."
    )
    scheduling_tags: (
        Annotated[tuple[SchedulingTag, ...], Field(min_length=1, max_length=8), Unique("id")] | None
    ) = Field(default=None, description="Scheduling tags, and how each is weighed.")


class Billing(Part):
    """How the server is paid."""

    type: Literal["Postpaid", "Prepaid"] = Field(
        description="Postpaid: by use. Prepaid: for billing.duration in advance."
    )
    duration: Annotated[StrictStr, Field(max_length=5, pattern=r"^[1-9][0-9]{0,3}[hMY]$")] | None = Field(
        default=None,
        description="What is paid in advance, in hours, months or years: 72h, 1M, 1Y. Needed under Prepaid.",
    )
    auto_renew: StrictBool | None = Field(
        default=None, description="Whether a prepaid server is paid again at the end of its time."
    )

    rules: ClassVar[tuple[Rule[Billing], ...]] = (
        Rule(
            "billing.duration goes with billing.type Prepaid, and is needed there",
            cel="(self.type == 'Prepaid') == has(self.duration)",
            holds=lambda self: (self.type == "Prepaid") == (self.duration is not None),
        ),
        Rule(
            "billing.autoRenew goes with billing.type Prepaid",
            cel="!has(self.autoRenew) || self.type == 'Prepaid'",
            holds=lambda self: self.auto_renew is None or self.type == "Prepaid",
        ),
    )
