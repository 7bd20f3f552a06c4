"""``hardware`` and ``isolatedDevices`` of the spec."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StrictBool, StrictStr

from onecloud_operator.api.part import FIXED, LIVE, NEXT_START, Identifier, Part, Reference
from onecloud_operator.api.rule import Rule


class Hardware(Part):
    """The virtual machine's hardware."""

    bios: Literal["BIOS", "UEFI"] | None = Field(
        default=None, description="Firmware.", json_schema_extra=FIXED
    )
    machine: Literal["pc", "q35", "virt"] | None = Field(
        default=None, description="Machine type; virt is for ARM.", json_schema_extra=FIXED
    )
    boot_order: Annotated[StrictStr, Field(max_length=3, pattern=r"^[cdn]{1,3}$")] | None = Field(
        default=None,
        description="Boot order: c disk, d CD-ROM, n network; for example cdn.",
        json_schema_extra=NEXT_START,
    )
    vga: Literal["cirros", "vmware", "qxl", "std"] | None = Field(
        default=None, description="Graphics card.", json_schema_extra=NEXT_START
    )
    vdi: Literal["vnc", "spice"] | None = Field(
        default=None, description="Protocol of the console.", json_schema_extra=NEXT_START
    )
    shutdown_behavior: Literal["Stop", "StopReleaseGPU"] | None = Field(
        default=None,
        description=(
            "What a shutdown inside the server leads to. Stop: it is stopped. StopReleaseGPU: it is "
            "stopped and gives its GPUs back."
        ),
        json_schema_extra=LIVE,
    )
    source_ip_check: StrictBool | None = Field(
        default=None,
        description="Whether packets that leave with another source IP address are dropped.",
        json_schema_extra=LIVE,
    )
    source_mac_check: StrictBool | None = Field(
        default=None,
        description="Whether packets that leave with another source MAC address are dropped.",
        json_schema_extra=LIVE,
    )
    cdrom: Reference | None = Field(
        default=None, description="ISO image in the CD-ROM drive, by id or name.", json_schema_extra=FIXED
    )
    tpm: StrictBool | None = Field(
        default=None, description="Whether there is a virtual TPM.", json_schema_extra=FIXED
    )


class IsolatedDevice(Part):
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
