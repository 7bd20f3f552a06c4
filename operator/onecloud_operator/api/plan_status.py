"""``status.plan`` and ``status.approvedPlan``: what is about to be done, and what of it a person approved."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictStr

from onecloud_operator.api.status_model import Short, StatusModel, Time, shown

PLAN_STEPS = 64

Hash = Annotated[StrictStr, Field(max_length=32)]
Path = Annotated[StrictStr, Field(max_length=96)]
Value = Annotated[StrictStr, Field(max_length=64)]
Mark = Annotated[StrictStr, Field(max_length=56)]


class PlanStepStatus(StatusModel):
    """One change."""

    field: Path = Field(
        description="Path of the field below spec.server; or server for the whole of it, ownerTags, restart."
    )
    from_: Value | None = Field(
        default=None,
        alias="from",
        description="What is so now; absent where there is nothing. Never the value of a Secret.",
    )
    to: Value | None = shown("What it becomes; absent where nothing is left.")
    effect: Literal["Live", "Restart", "Rebuild", "Create", "Recycle", "Delete"] = Field(
        description=(
            "Live: the server goes on as it is. Restart: it is stopped for it. Rebuild: what is on its root "
            "disk is lost. Create: it is made. Recycle: it goes to the recycle bin. Delete: it is deleted "
            "for good."
        )
    )


class PlanStatus(StatusModel):
    """What is about to be done."""

    hash: Hash = Field(
        description="What the annotation onecloud.io/approve-plan has to be for it, under approval: Manual."
    )
    steps: Annotated[tuple[PlanStepStatus, ...], Field(max_length=PLAN_STEPS)] = Field(
        description="The changes, in no order in time."
    )


class ApprovedPlanStatus(StatusModel):
    """The plan that was approved last."""

    hash: Hash = Field(description="Its hash.")
    after: Hash | None = shown("Hash of the plan that was approved before it.")
    server_id: Short | None = shown("Id of the server that it is about; absent for one that was to be made.")
    approved_at: Time = Field(description="When the approval was seen.")
    steps: Annotated[tuple[Mark, ...], Field(max_length=PLAN_STEPS)] | None = shown(
        "Digests of its steps, by which they are known again, and which are done; absent once all are."
    )
