"""The parts of ``spec.server``: values out of Secrets, placement, billing and hardware."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StrictBool, StrictStr

from onecloud_operator.api.lists import ATOMIC_MAP, Unique
from onecloud_operator.api.model import (
    FIXED,
    LIVE,
    NEXT_START,
    Identifier,
    Model,
    Reference,
    SecretName,
)
from onecloud_operator.api.plain import Plain
from onecloud_operator.api.rule import Rule


class SecretKeyReference(Model):
    """A key of a Secret in the namespace of the object."""

    name: SecretName = Field(description="Name of the Secret, in the namespace of the object.")
    key: Annotated[StrictStr, Field(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")] = Field(
        description="Key in the Secret."
    )


class SecretSource(Model):
    """A value out of a Secret; it is never shown."""

    secret_key_ref: SecretKeyReference = Field(
        description="The key of the Secret that holds the value.", json_schema_extra=ATOMIC_MAP
    )


class PasswordSource(SecretSource):
    """The password of the login account, out of a Secret; it is never shown."""

    rotate: StrictBool | None = Field(
        default=None,
        description=(
            "Whether a change of the Secret is followed: it is read every 5 minutes, and any change of it "
            "counts. The new password is set at once where the server's guest agent takes it; else it goes "
            "along with the next stop of the server. Absent: only a change of this field sets a password."
        ),
    )


class SchedulingTag(Model):
    """How the scheduler weighs hosts and storages with a tag."""

    id: Identifier = Field(description="Id of the scheduling tag.")
    strategy: Literal["Require", "Prefer", "Avoid", "Exclude"] = Field(
        description=(
            "Require: only where the tag is. Prefer: there first. Avoid: there last. Exclude: not there."
        )
    )


class Placement(Model):
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


class Billing(Model):
    """How the server is paid."""

    type: Annotated[Literal["Postpaid", "Prepaid"], Plain("Postpaid or Prepaid.", kept_as="billing_type")] = (
        Field(description="Postpaid: by use. Prepaid: for billing.duration in advance.")
    )
    duration: Annotated[StrictStr, Field(max_length=5, pattern=r"^[1-9][0-9]{0,3}[hMY]$")] | None = Field(
        default=None,
        description="What is paid in advance, in hours, months or years: 72h, 1M, 1Y. Needed under Prepaid.",
    )
    auto_renew: Annotated[StrictBool | None, Plain("Whether it is paid on by itself.", StrictBool)] = Field(
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


class Hardware(Model):
    """The virtual machine's hardware."""

    bios: Annotated[Literal["BIOS", "UEFI"] | None, Plain("Firmware.")] = Field(
        default=None, description="Firmware.", json_schema_extra=FIXED
    )
    machine: Annotated[Literal["pc", "q35", "virt"] | None, Plain("Machine type.")] = Field(
        default=None, description="Machine type; virt is for ARM.", json_schema_extra=FIXED
    )
    boot_order: Annotated[
        Annotated[StrictStr, Field(max_length=3, pattern=r"^[cdn]{1,3}$")] | None, Plain("Boot order.")
    ] = Field(
        default=None,
        description="Boot order: c disk, d CD-ROM, n network; for example cdn.",
        json_schema_extra=NEXT_START,
    )
    vga: Annotated[Literal["cirros", "vmware", "qxl", "std"] | None, Plain("Graphics card.")] = Field(
        default=None, description="Graphics card.", json_schema_extra=NEXT_START
    )
    vdi: Annotated[Literal["vnc", "spice"] | None, Plain("Console protocol.")] = Field(
        default=None, description="Protocol of the console.", json_schema_extra=NEXT_START
    )
    shutdown_behavior: Annotated[
        Literal["Stop", "StopReleaseGPU"] | None, Plain("What a shutdown inside the server does.")
    ] = Field(
        default=None,
        description=(
            "What a shutdown inside the server leads to. Stop: it is stopped. StopReleaseGPU: it is "
            "stopped and gives its GPUs back."
        ),
        json_schema_extra=LIVE,
    )
    source_ip_check: Annotated[
        StrictBool | None, Plain("Whether source addresses are checked.", StrictBool)
    ] = Field(
        default=None,
        description="Whether packets that leave with another source IP address are dropped.",
        json_schema_extra=LIVE,
    )
    source_mac_check: Annotated[StrictBool | None, Plain("Whether source MACs are checked.", StrictBool)] = (
        Field(
            default=None,
            description="Whether packets that leave with another source MAC address are dropped.",
            json_schema_extra=LIVE,
        )
    )
    cdrom: Reference | None = Field(
        default=None, description="ISO image in the CD-ROM drive, by id or name.", json_schema_extra=FIXED
    )
    tpm: StrictBool | None = Field(
        default=None, description="Whether there is a virtual TPM.", json_schema_extra=FIXED
    )


class IsolatedDevice(Model):
    """A device passed through to the server. Two devices of one type are two entries."""

    id: Identifier | None = Field(default=None, description="Id of one certain device.")
    type: Annotated[StrictStr, Field(min_length=1, max_length=32)] | None = Field(
        default=None, description="Any free device of this type, for example GPU-HPC or USB."
    )
    model: Annotated[StrictStr, Field(min_length=1, max_length=128)] | None = Field(
        default=None, description="Model within the type, for example Tesla T4."
    )

    rules: ClassVar[tuple[Rule[IsolatedDevice], ...]] = (
        Rule(
            "give either id or type",
            cel="has(self.id) != has(self.type)",
            holds=lambda self: (self.id is None) != (self.type is None),
        ),
        Rule(
            "model goes with type",
            cel="!has(self.model) || has(self.type)",
            holds=lambda self: self.model is None or self.type is not None,
        ),
    )
