"""``status`` of a OneCloudServer: what is known, the records that make every step repeatable, conditions."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, StrictInt, StrictStr

from onecloud_operator.api.card_status import CardRecordStatus
from onecloud_operator.api.connection_status import ConnectionStatus
from onecloud_operator.api.disk_status import RECORDED_DISKS, SHOWN_DISKS, DiskRecordStatus
from onecloud_operator.api.effective_status import EffectiveStatus
from onecloud_operator.api.eip_status import EipStatus
from onecloud_operator.api.image_status import ImageStatus
from onecloud_operator.api.lists import ATOMIC_LIST, ATOMIC_MAP, Unique
from onecloud_operator.api.login_status import LoginStatus
from onecloud_operator.api.plain import with_fixed_fields
from onecloud_operator.api.plan_status import ApprovedPlanStatus, PlanStatus
from onecloud_operator.api.restart_status import RestartRequestStatus, RestartStatus
from onecloud_operator.api.restore_status import RestoreStatus
from onecloud_operator.api.server import ServerSpec
from onecloud_operator.api.server_status import ServerStatus
from onecloud_operator.api.status_model import Count, Long, Message, Short, StatusModel, Text, Time, shown

__all__ = ["ConditionType", "ServerStatus", "State", "Status", "StatusCondition"]

State = Literal[
    "Pending",
    "Creating",
    "Running",
    "Stopped",
    "Suspended",
    "Updating",
    "Deleting",
    "InRecycleBin",
    "Missing",
    "Failed",
    "Unknown",
]
ConditionType = Literal[
    "Ready",
    "Synced",
    "CredentialsValid",
    "Reconciling",
    "Stalled",
    "Drifted",
    "Deleting",
    "Paused",
    "Expiring",
]

# Kubernetes' own patterns: an operator that is newer than this CRD may have more types and reasons.
_TYPE = (
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
    r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
)
_REASON = r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"


Digest = Annotated[StrictStr, Field(max_length=16)]


class StatusCondition(StatusModel):
    """One thing that is so, or not so, about the object."""

    type: Annotated[StrictStr, Field(max_length=316, pattern=_TYPE)] = Field(
        description=f"What it is about: {', '.join(get_args(ConditionType))}."
    )
    status: Literal["True", "False", "Unknown"] = Field(description="True, False or Unknown.")
    observed_generation: Count | None = shown("Generation of the object that this was said of.")
    last_transition_time: Time = Field(description="Since when the status is so.")
    reason: Annotated[StrictStr, Field(min_length=1, max_length=1024, pattern=_REASON)] = Field(
        description="Why, in one word out of a closed set; docs/reasons.md has a section for each."
    )
    message: Message = Field(description="Why, for people: what, which, and what to do.")


class CreationStatus(StatusModel):
    """The attempt at making the server that is under way or done."""

    attempt: Annotated[StrictInt, Field(ge=1)] = Field(description="Number of the attempt.")
    id: Short = Field(description="Id of its server, made of the object's UID and the attempt.")
    name: Annotated[StrictStr, Field(max_length=128)] = Field(description="Name of its server.")
    started_at: Time = Field(description="When it began.")
    completed_at: Time | None = shown(
        "When the server first came to rest. From then on fields that cannot change are fixed."
    )
    refused_at: Time | None = shown(
        "When the cloud refused it, so that nothing was made and no request for it is under way; absent "
        "where that is not certain."
    )
    failed_at: Time | None = shown(
        "When the cloud was found to have failed the attempt; what is left of it is deleted."
    )
    failure_reason: Short | None = shown("Why it failed, see docs/reasons.md.")
    failure_message: Message | None = shown("Why it failed, for people.")
    sent: (
        Annotated[dict[StrictStr, Annotated[StrictStr, Field(max_length=16)]], Field(max_length=32)] | None
    ) = shown(
        "With which values the server was made, of the fields that count only then: a short digest of each, "
        "and of no secret."
    )


class DiskBaseline(StatusModel):
    """The root disk's options."""

    index: Count = Field(description="The root disk is 0.")
    backend: Short | None = shown("Storage type.")
    medium: Short | None = shown("Medium of the storage.")
    driver: Short | None = shown("Driver.")
    cache: Short | None = shown("Cache mode.")


@with_fixed_fields(ServerSpec)
class BaselineStatus(StatusModel):
    """What the server was like when it was complete, of what cannot change."""

    image_id: Short | None = shown("Id of the image of its root disk.")
    region_id: Short | None = shown("Id of the region.")
    zone_id: Short | None = shown("Id of the zone.")
    manager_id: Short | None = shown("Id of the cloud account's subscription.")
    isolated_devices: Count | None = shown("Number of devices passed through.")
    disks: Annotated[tuple[DiskBaseline, ...], Field(max_length=1)] | None = shown("Its root disk.")


class CloudStatus(StatusModel):
    """Where the server lives. Credentials that lead elsewhere are not used for it."""

    auth_url: Long = Field(description="Sign-in URL.")
    region: Text | None = shown("Region; absent where the credentials name none.")
    project_id: Text = Field(description="Id of the project.")


class DeletionStatus(StatusModel):
    """The removal under way."""

    requested_at: Time = Field(description="When the cloud was asked to delete the server.")


class KeptDiskStatus(StatusModel):
    """A disk that is kept from going with the server."""

    id: Short = Field(description="Id of the disk.")
    how: Literal["Detached", "Restored"] = Field(
        description="Detached from the server before it is removed, or restored from the recycle bin."
    )
    since: Time = Field(description="When it was decided.")
    kept_at: Time | None = shown("When the cloud showed the disk to be safe; absent before.")


class DriftStatus(StatusModel):
    """One field in which the server differs from the spec, or from what it was when it was made."""

    field: Text = Field(description="Path of the field below spec.server.")
    desired: Text = Field(description="What the spec wants, or what was so when the server was made.")
    actual: Text = Field(description="What the server has.")
    since: Time = Field(description="Since when.")


class ErrorStatus(StatusModel):
    """The newest failure."""

    reason: Short = Field(description="Reason, see docs/reasons.md.")
    message: Message = Field(description="What went wrong, for people.")
    request_id: Text | None = shown("The cloud's id of the request, to be found in its logs.")
    time: Time = Field(description="When this was first seen.")


class HeldBackStatus(StatusModel):
    """A change that had no effect, and may stop the server each time it is tried."""

    change: Text = Field(
        description="Which change: Resize, GrowDisk and the disk's id, AttachCard and the network, and so on."
    )
    reason: Short = Field(description="Reason, see docs/reasons.md.")
    message: Message = Field(description="What was tried, and what came of it, for people.")
    since: Time = Field(description="Since when it is held back.")


class Status(StatusModel):
    """What the operator observed, and what it is doing about it."""

    observed_generation: StrictInt = Field(
        default=-1,
        description="Generation of the spec that was last looked at; -1 before the operator's first look.",
    )
    id: Short | None = shown("Id of the server in the cloud.")
    state: State | None = shown("The server's state in one word.")
    ip: Annotated[StrictStr, Field(max_length=45)] | None = shown(
        "Address of the default network card, else of the first."
    )
    deletion_policy: Literal["RecycleBin", "Delete", "Retain"] | None = shown(
        "What would become of the server if the object were deleted now."
    )
    effective: EffectiveStatus | None = shown(
        "What holds by the spec and the defaults of the provider together, of what that has defaults for.",
        **ATOMIC_MAP,
    )
    conditions: Annotated[tuple[StatusCondition, ...], Field(max_length=16), Unique("type")] | None = shown(
        "What is so about the object, and why. Ready and Synced are always there."
    )
    creation: CreationStatus | None = shown("The attempt at making the server.", **ATOMIC_MAP)
    baseline: BaselineStatus | None = shown(
        "What the server that the object made was like when it was complete. What has changed since is "
        "reported in status.drift, as far as the spec declares it.",
        **ATOMIC_MAP,
    )
    adopted_at: Time | None = shown("When the server was adopted; absent for one that the object made.")
    adoption_held_at: Time | None = shown(
        "When the adopted server first agreed with the spec, with the owner tags of this object on it."
    )
    taken_over_from: Text | None = shown(
        "UID of the object of a lost cluster whose server was taken over, as a person confirmed it."
    )
    restore: RestoreStatus | None = shown(
        "The server's way out of the recycle bin, as adoption.restore asked for it.", **ATOMIC_MAP
    )
    image: ImageStatus | None = shown(
        "What the root disk was made of, by the text of spec.server.image. Only an edit of that text, "
        "compared with this record, rebuilds it.",
        **ATOMIC_MAP,
    )
    cloud: CloudStatus | None = shown("Where the server lives; never changed.", **ATOMIC_MAP)
    restart_request: RestartRequestStatus | None = shown(
        "The restart that the annotation onecloud.io/restart-requested-at last asked for.", **ATOMIC_MAP
    )
    restart: RestartStatus | None = shown(
        "A stop for a change or a restart, under way. The server is started again after it, whatever "
        "powerState, unless it is to be Stopped.",
        **ATOMIC_MAP,
    )
    login: LoginStatus | None = shown(
        "Which key pair and password were last carried out, and what is under way; nothing of a value.",
        **ATOMIC_MAP,
    )
    plan: PlanStatus | None = shown(
        "What is about to be done; absent where that is nothing. Under approval: Automatic it is shown along "
        "with other news, under Manual it waits for the annotation onecloud.io/approve-plan.",
        **ATOMIC_MAP,
    )
    approved_plan: ApprovedPlanStatus | None = shown(
        "The plan that was approved last, and what of it is done.", **ATOMIC_MAP
    )
    connection: ConnectionStatus | None = shown(
        "The Secret of writeConnectionSecretToRef; nothing of what is in it.", **ATOMIC_MAP
    )
    deletion: DeletionStatus | None = shown("The removal under way.", **ATOMIC_MAP)
    root_disk_id: Short | None = shown(
        "Id of the root disk, as it was when the server was made or adopted. Another one in its place is not "
        "taken for it, unless the annotation onecloud.io/accept-root-disk names that one."
    )
    data_disks: Annotated[tuple[DiskRecordStatus, ...], Field(max_length=RECORDED_DISKS)] | None = shown(
        "Which disk each of spec.server.dataDisks is, wherever it is by now, and what becomes of it. Those "
        "that have left the spec stay for a while.",
        **ATOMIC_LIST,
    )
    cards: Annotated[tuple[CardRecordStatus, ...], Field(max_length=16)] | None = shown(
        "Which network cards spec.server.networks speaks of, by their MAC addresses. Others are left alone.",
        **ATOMIC_LIST,
    )
    instance_groups: Annotated[tuple[Text, ...], Field(max_length=16)] | None = shown(
        "Instance groups that the operator has put the server into; the cloud does not show them. Of one "
        "with ? at its end it is not certain that the server is in it, with ?? not that it is out of it.",
        **ATOMIC_LIST,
    )
    disks_before: Annotated[tuple[Short, ...], Field(max_length=SHOWN_DISKS)] | None = shown(
        "Ids of the disks that the server had before the cloud was asked for one more by itself.",
        **ATOMIC_LIST,
    )
    kept_disks: Annotated[tuple[KeptDiskStatus, ...], Field(max_length=64)] | None = shown(
        "Disks that were kept from going with the server. They stay in the cloud when the object is gone.",
        **ATOMIC_LIST,
    )
    eip: EipStatus | None = shown("The elastic IP that the object gives its server.", **ATOMIC_MAP)
    # More than the spec can hold: while one set of tags gives way to another, both are there.
    managed_tags: Annotated[tuple[Short, ...], Field(max_length=32)] | None = shown(
        "Keys of the tags that the operator set, so that one that leaves the spec is taken off the server.",
        **ATOMIC_LIST,
    )
    drift: Annotated[tuple[DriftStatus, ...], Field(max_length=32)] | None = shown(
        "What differs from the spec and is held back, or only reported; and what the spec declares and has "
        "changed since the server was made, though nothing can be done about it.",
        **ATOMIC_LIST,
    )
    last_error: ErrorStatus | None = shown("The newest failure; absent when all is well.", **ATOMIC_MAP)
    held_back: Annotated[tuple[HeldBackStatus, ...], Field(max_length=16)] | None = shown(
        "Changes that are not repeated by themselves, until the spec changes or another try is asked for by "
        "the annotation onecloud.io/reconcile-requested-at.",
        **ATOMIC_LIST,
    )
    next_retry_time: Time | None = shown("When the problem of this object is tried again.")
    last_handled_reconcile_at: Text | None = shown(
        "The annotation onecloud.io/reconcile-requested-at that was last obeyed."
    )
    server: ServerStatus | None = shown(
        "The server as the cloud shows it; while it is made, no more than id, name, instanceType, cpu, "
        "memory and image.",
        **ATOMIC_MAP,
    )
