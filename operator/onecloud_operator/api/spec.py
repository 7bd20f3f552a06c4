"""
``spec`` of a OneCloudServer: what the API server accepts, and nothing else.

The CRD is generated from these models, so a bound stands here once. What a schema cannot say is a rule in
rules.py, in CEL; the validators here say the same again, and a property test holds the two together.
Absent means not managed: a field that is not given is never compared and never reset.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from onecloud_operator.api.quantity import mib_of

Reference = Annotated[StrictStr, Field(min_length=1, max_length=128, pattern=r"^\S(.*\S)?$")]
Identifier = Annotated[
    StrictStr, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
]
SecretName = Annotated[
    StrictStr, Field(min_length=1, max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
]
Size = Annotated[StrictStr, Field(max_length=12, pattern=r"^[1-9][0-9]{0,8}(Mi|Gi|Ti)$")]

T = TypeVar("T")

MEMORY_MIB = (8, 512 * 1024)
DISK_MIB = (1024, 64 * 1024 * 1024)


def _alias(name: str) -> str:
    """Return the name on the wire: camelCase with Kubernetes' spelling of abbreviations."""
    special = {
        "region_id": "regionID",
        "zone_id": "zoneID",
        "manager_id": "managerID",
        "source_ip_check": "sourceIPCheck",
        "source_mac_check": "sourceMACCheck",
    }
    return special.get(name) or to_camel(name)


def fixed() -> dict[str, Any]:
    """Mark a field that cannot change once the server is made; the CRD's rules follow from it."""
    return {"x-fixed": True}


class Part(BaseModel):
    """What all parts of a spec share. Unknown fields are pruned by the API server, so they are ignored here."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=_alias, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _no_nulls(cls, value: Any) -> Any:  # noqa: ANN401 - JSON
        # The API server drops a null where the field is not nullable, and then applies the default.
        if isinstance(value, dict):
            return {key: each for key, each in value.items() if each is not None}
        return value


# -- policy ----------------------------------------------------------------------------------------------
class CredentialsReference(Part):
    """The Secret with the credentials, in the namespace of the object."""

    name: SecretName = Field(description="Name of the Secret, in the same namespace.")


class Adoption(Part):
    """Whether, and which, existing server is taken over or observed."""

    policy: Literal["Never", "Adopt", "AdoptOrCreate"] = Field(
        default="Never",
        description=(
            "Never: the object makes its own server. Adopt: it takes over the server given by id or name. "
            "AdoptOrCreate: it takes over the server called exactly server.name, or makes it if there is none. "
            "A server that carries another living object's owner tags is never taken over."
        ),
    )
    id: Identifier | None = Field(default=None, description="Id of the server to adopt or observe.")
    name: Annotated[StrictStr, Field(min_length=2, max_length=128)] | None = Field(
        default=None, description="Exact name of the server to adopt or observe; it must fit one server only."
    )

    @model_validator(mode="after")
    def _rules(self) -> Self:
        named = self.id is not None or self.name is not None
        _refuse(self.id is not None and self.name is not None, "at most one of adoption.id and adoption.name")
        _refuse(
            self.policy == "Adopt" and not named, "adoption.policy Adopt needs adoption.id or adoption.name"
        )
        _refuse(
            self.policy == "AdoptOrCreate" and named,
            "adoption.policy AdoptOrCreate finds the server by server.name, not by adoption.id or adoption.name",
        )
        return self


class Drift(Part):
    """What happens when the server differs from the spec."""

    mode: Literal["Correct", "Report"] = Field(
        default="Correct",
        description="Correct: differences are mended. Report: they are listed in status.drift, and nothing is sent.",
    )


class Disruption(Part):
    """Whether the server may be stopped for a change."""

    allow: Literal["Never", "Restart"] = Field(
        default="Never",
        description=(
            "Never: a change that needs a stop waits, with the reason RestartNeeded. "
            "Restart: the server is stopped, changed and started again."
        ),
    )


# -- server ----------------------------------------------------------------------------------------------
class DiskOptions(Part):
    """What root and data disks share."""

    backend: Annotated[StrictStr, Field(min_length=1, max_length=64)] | None = Field(
        default=None,
        description="Storage type, such as local or rbd. Cannot change once the server is made.",
        json_schema_extra=fixed(),
    )
    medium: Literal["Rotational", "SSD", "Hybrid"] | None = Field(
        default=None,
        description="Storage medium. Cannot change once the server is made.",
        json_schema_extra=fixed(),
    )
    driver: Literal["virtio", "scsi", "ide", "sata", "pvscsi"] | None = Field(
        default=None,
        description="Disk driver. Cannot change once the server is made.",
        json_schema_extra=fixed(),
    )
    cache: Literal["none", "writeback", "writethrough"] | None = Field(
        default=None,
        description="Cache mode. Cannot change once the server is made.",
        json_schema_extra=fixed(),
    )


class RootDisk(DiskOptions):
    """The system disk."""

    size: Size | None = Field(
        default=None,
        description=(
            "Size, such as 40Gi. Can only grow; growing needs a stop (see disruption). The cloud makes it larger "
            "if the image needs that, at least 10Gi on KVM; this is no drift."
        ),
    )

    @field_validator("size")
    @classmethod
    def _bounds(cls, value: str | None) -> str | None:
        return _within(value, DISK_MIB, "1Gi", "64Ti")


class DataDisk(DiskOptions):
    """A data disk."""

    index: Annotated[StrictInt, Field(ge=1, le=15)] = Field(
        description="Place on the server: 1, 2, 3… without gaps."
    )
    size: Size = Field(description="Size, such as 200Gi. Can only grow.")
    auto_delete: StrictBool | None = Field(
        default=None,
        description="Whether the disk is deleted with the server. Cannot change once the server is made.",
        json_schema_extra=fixed(),
    )

    @field_validator("size")
    @classmethod
    def _bounds(cls, value: str) -> str:
        return _within(value, DISK_MIB, "1Gi", "64Ti") or value


class Network(Part):
    """A network card."""

    network: Reference = Field(description="Network, by id or name.")
    address: Annotated[StrictStr, Field(max_length=15)] | None = Field(
        default=None, description="Wanted IPv4 address; absent: the cloud chooses."
    )
    address6: Annotated[StrictStr, Field(max_length=45)] | None = Field(
        default=None, description="Wanted IPv6 address."
    )
    mac: Annotated[StrictStr, Field(max_length=17, pattern=r"^[0-9a-f]{2}(:[0-9a-f]{2}){5}$")] | None = Field(
        default=None, description="Wanted MAC address, in lower case."
    )
    bandwidth: Annotated[StrictInt, Field(ge=1, le=100000)] | None = Field(
        default=None, description="Bandwidth limit in Mbps."
    )
    default: StrictBool | None = Field(
        default=None, description="Whether this card has the default route; one at most."
    )

    @field_validator("address")
    @classmethod
    def _ipv4(cls, value: str | None) -> str | None:
        return _address(value, 4)

    @field_validator("address6")
    @classmethod
    def _ipv6(cls, value: str | None) -> str | None:
        return _address(value, 6)


class SecretKeyReference(Part):
    """A key of a Secret in the namespace of the object."""

    name: SecretName = Field(description="Name of the Secret.")
    key: Annotated[StrictStr, Field(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")] = Field(
        description="Key in the Secret."
    )


class SecretSource(Part):
    """A value out of a Secret; it is read when the server is made, and never shown."""

    secret_key_ref: SecretKeyReference = Field(description="The key that holds the value.")


class IsolatedDevice(Part):
    """A device passed through to the server; two alike are two entries."""

    id: Identifier | None = Field(default=None, description="One certain device.")
    type: Annotated[StrictStr, Field(min_length=1, max_length=32)] | None = Field(
        default=None, description="Any device of this type, such as GPU-HPC or USB."
    )
    model: Annotated[StrictStr, Field(min_length=1, max_length=128)] | None = Field(
        default=None, description="Model of the type."
    )

    @model_validator(mode="after")
    def _rules(self) -> Self:
        _refuse((self.id is not None) == (self.type is not None), "give either id or type")
        _refuse(self.model is not None and self.type is None, "model needs type")
        return self


class SchedulingTag(Part):
    """A scheduling tag of hosts or storages."""

    id: Identifier = Field(description="Id of the scheduling tag.")
    strategy: Literal["Require", "Prefer", "Avoid", "Exclude"] = Field(description="How it is weighed.")


class Placement(Part):
    """Where the server is put."""

    region_id: Identifier | None = Field(default=None, description="Id of the region.")
    zone_id: Identifier | None = Field(default=None, description="Id of the zone.")
    manager_id: Identifier | None = Field(default=None, description="Id of the cloud account's subscription.")
    host: Reference | None = Field(
        default=None, description="Host, by id or name. A later migration is no drift."
    )
    scheduling_tags: Annotated[tuple[SchedulingTag, ...], Field(min_length=1, max_length=8)] | None = Field(
        default=None,
        description="Scheduling tags.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"]},
    )

    @field_validator("scheduling_tags")
    @classmethod
    def _unique(cls, value: tuple[SchedulingTag, ...] | None) -> tuple[SchedulingTag, ...] | None:
        return _unique_by(value, lambda tag: tag.id, "id")


class Hardware(Part):
    """The virtual machine's hardware."""

    bios: Literal["BIOS", "UEFI"] | None = Field(
        default=None,
        description="Firmware. Cannot change once the server is made.",
        json_schema_extra=fixed(),
    )
    machine: Literal["pc", "q35", "virt"] | None = Field(
        default=None,
        description="Machine type. Cannot change once the server is made.",
        json_schema_extra=fixed(),
    )
    boot_order: Annotated[StrictStr, Field(max_length=3, pattern=r"^[cdn]{1,3}$")] | None = Field(
        default=None,
        description="Boot order: c disk, d CD-ROM, n network. Changed at once, in force at the next start.",
    )
    vga: Literal["cirros", "vmware", "qxl", "std"] | None = Field(
        default=None, description="Graphics card. Changed at once, in force at the next start."
    )
    vdi: Literal["vnc", "spice"] | None = Field(
        default=None, description="Console protocol. Changed at once, in force at the next start."
    )
    shutdown_behavior: Literal["Stop", "StopReleaseGPU"] | None = Field(
        default=None, description="What a shutdown inside the server does. Changed at once."
    )
    source_ip_check: StrictBool | None = Field(
        default=None, description="Whether packets with another source address are dropped. Changed at once."
    )
    source_mac_check: StrictBool | None = Field(
        default=None, description="Whether packets with another source MAC are dropped. Changed at once."
    )
    cdrom: Reference | None = Field(
        default=None,
        description="Image in the CD-ROM drive, by id or name. Cannot change once the server is made.",
        json_schema_extra=fixed(),
    )
    tpm: StrictBool | None = Field(
        default=None,
        description="Whether there is a virtual TPM. Cannot change once the server is made.",
        json_schema_extra=fixed(),
    )


class Billing(Part):
    """How the server is paid."""

    type: Literal["Postpaid", "Prepaid"] = Field(description="Postpaid by use, or Prepaid for a duration.")
    duration: Annotated[StrictStr, Field(max_length=5, pattern=r"^[1-9][0-9]{0,3}[hMY]$")] | None = Field(
        default=None, description="Paid time of a prepaid server: 72h, 1M, 1Y."
    )
    auto_renew: StrictBool | None = Field(
        default=None, description="Whether a prepaid server is paid on by itself."
    )

    @model_validator(mode="after")
    def _rules(self) -> Self:
        prepaid = self.type == "Prepaid"
        _refuse(prepaid != (self.duration is not None), "billing.duration goes with billing.type Prepaid")
        _refuse(
            self.auto_renew is not None and not prepaid, "billing.autoRenew goes with billing.type Prepaid"
        )
        return self


class ServerSpec(Part):
    """The server itself."""

    name: (
        Annotated[
            StrictStr,
            Field(min_length=2, max_length=128, pattern=r"^[^\s/\\;]([^/\\;\n\r\t]*[^\s/\\;])$"),
        ]
        | None
    ) = Field(
        default=None,
        description=(
            "Name in the cloud, unique there; changed at once. Absent: a new server is called "
            "<prefix><namespace>.<name of the object>."
        ),
    )
    description: Annotated[StrictStr, Field(max_length=1024)] | None = Field(
        default=None, description="Description; changed at once."
    )
    hostname: (
        Annotated[
            StrictStr,
            Field(min_length=1, max_length=60, pattern=r"^[a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?$"),
        ]
        | None
    ) = Field(
        default=None,
        description=(
            "Name of the host inside the server. Absent: the object's name. Cannot change once the server is made."
        ),
        json_schema_extra=fixed(),
    )
    hypervisor: (
        Annotated[StrictStr, Field(min_length=2, max_length=32, pattern=r"^[a-z][a-z0-9_-]*$")] | None
    ) = Field(
        default=None,
        description=(
            "Hypervisor or public cloud: kvm, esxi, aliyun, aws… Cannot change once the server is made."
        ),
        json_schema_extra=fixed(),
    )
    instance_type: Annotated[StrictStr, Field(min_length=1, max_length=128, pattern=r"^\S+$")] | None = Field(
        default=None,
        description="Instance type (sku), instead of cpu and memory. A change needs a stop (see disruption).",
    )
    cpu: Annotated[StrictInt, Field(ge=1, le=128)] | None = Field(
        default=None, description="Number of CPUs. A change needs a stop (see disruption)."
    )
    memory: Size | None = Field(
        default=None,
        description="Memory, such as 4Gi, from 8Mi to 512Gi. A change needs a stop (see disruption).",
    )
    image: Reference | None = Field(
        default=None,
        description="Image of the root disk, by id or name. Cannot change once the server is made.",
        json_schema_extra=fixed(),
    )
    root_disk: RootDisk | None = Field(default=None, description="The system disk.")
    data_disks: Annotated[tuple[DataDisk, ...], Field(max_length=15)] | None = Field(
        default=None,
        description="Data disks. None can be added or removed once the server is made; each can grow.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["index"]},
    )
    networks: Annotated[tuple[Network, ...], Field(min_length=1, max_length=8)] | None = Field(
        default=None,
        description=(
            "Network cards, one for each network. Absent: the cloud chooses one network. Cannot change once the "
            "server is made."
        ),
        json_schema_extra={
            **fixed(),
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["network"],
        },
    )
    security_groups: Annotated[tuple[Reference, ...], Field(min_length=1, max_length=10)] | None = Field(
        default=None,
        description="The whole set of security groups, by id or name; changed at once.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    keypair: Reference | None = Field(
        default=None,
        description="SSH key pair, by id or name. Cannot change once the server is made.",
        json_schema_extra=fixed(),
    )
    admin_user: (
        Annotated[StrictStr, Field(min_length=1, max_length=32, pattern=r"^[a-zA-Z_][-a-zA-Z0-9_.]*$")] | None
    ) = Field(
        default=None,
        description="Login account that password and key pair are for. Cannot change once the server is made.",
        json_schema_extra=fixed(),
    )
    password_from: SecretSource | None = Field(
        default=None,
        description=(
            "Password of the login account, at least 12 characters with digit, lower and upper case and "
            "punctuation. Absent: a random one. Cannot change once the server is made."
        ),
        json_schema_extra=fixed(),
    )
    user_data: Annotated[StrictStr, Field(min_length=2, max_length=32768)] | None = Field(
        default=None,
        description=(
            "Cloud-init user data, as plain text beginning with #cloud-config or #!/. Cannot change once the "
            "server is made. What is secret belongs into userDataFrom."
        ),
        json_schema_extra=fixed(),
    )
    user_data_from: SecretSource | None = Field(
        default=None,
        description="The same out of a Secret. Cannot change once the server is made.",
        json_schema_extra=fixed(),
    )
    power_state: Literal["Running", "Stopped", "Unmanaged"] | None = Field(
        default=None,
        description=(
            "Wanted power state; changed at once. Unmanaged: left as it is. Absent: Running for a server that the "
            "object makes, Unmanaged for an adopted one."
        ),
    )
    tags: dict[StrictStr, Annotated[StrictStr, Field(max_length=1024)]] | None = Field(
        default=None,
        max_length=15,
        description=(
            "User tags; changed at once. Tags that are not listed are left alone; one that leaves the list is "
            "taken off the server."
        ),
    )
    eip: Reference | None = Field(
        default=None,
        description="Existing elastic IP to bind, by id or name. Cannot change once the server is made.",
        json_schema_extra=fixed(),
    )
    isolated_devices: Annotated[tuple[IsolatedDevice, ...], Field(min_length=1, max_length=8)] | None = Field(
        default=None,
        description="Devices passed through, such as GPUs. Cannot change once the server is made.",
        json_schema_extra={**fixed(), "x-kubernetes-list-type": "atomic"},
    )
    instance_groups: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=8)] | None = Field(
        default=None,
        description="Ids of instance groups (anti-affinity). Cannot change once the server is made.",
        json_schema_extra={**fixed(), "x-kubernetes-list-type": "set"},
    )
    placement: Placement | None = Field(
        default=None,
        description="Where the server is put. Cannot change once the server is made.",
        json_schema_extra=fixed(),
    )
    hardware: Hardware | None = Field(default=None, description="The virtual machine's hardware.")
    billing: Billing | None = Field(
        default=None,
        description="How the server is paid. Cannot change once the server is made.",
        json_schema_extra=fixed(),
    )

    @field_validator("memory")
    @classmethod
    def _memory(cls, value: str | None) -> str | None:
        return _within(value, MEMORY_MIB, "8Mi", "512Gi")

    @field_validator("data_disks")
    @classmethod
    def _indexes(cls, value: tuple[DataDisk, ...] | None) -> tuple[DataDisk, ...] | None:
        _refuse(
            any(disk.index > len(value or ()) for disk in value or ()), "data disks are 1, 2, 3 without gaps"
        )
        return _unique_by(value, lambda disk: disk.index, "index")

    @field_validator("networks")
    @classmethod
    def _networks(cls, value: tuple[Network, ...] | None) -> tuple[Network, ...] | None:
        _refuse(
            sum(bool(network.default) for network in value or ()) > 1, "one network at most is the default"
        )
        return _unique_by(value, lambda network: network.network, "network")

    @field_validator("security_groups", "instance_groups")
    @classmethod
    def _sets(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return _unique_by(value, lambda item: item, "item")

    @field_validator("user_data")
    @classmethod
    def _user_data(cls, value: str | None) -> str | None:
        known = value is None or value.startswith(("#cloud-config", "#!/"))
        _refuse(not known, "user data begins with #cloud-config or #!/")
        return value

    @field_validator("tags")
    @classmethod
    def _tags(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        for key, text in (value or {}).items():
            _refuse(not 1 <= len(key) <= 59, "a tag's key has 1 to 59 characters")  # noqa: PLR2004
            _refuse(
                key.startswith(("__", "onecloud.io/")), "a tag's key begins neither with __ nor onecloud.io/"
            )
            _refuse(
                text.lower() in {"none", "null"},
                "a tag's value is neither none nor null: the cloud deletes it",
            )
        return value

    @model_validator(mode="after")
    def _rules(self) -> Self:
        _refuse(
            self.user_data is not None and self.user_data_from is not None,
            "at most one of server.userData and server.userDataFrom",
        )
        return self


# -- the whole -------------------------------------------------------------------------------------------
class Spec(Part):
    """What is wanted: policies, and the server itself."""

    credentials_ref: CredentialsReference = Field(
        description=(
            "The Secret with the credentials. It may change; credentials that lead to another cloud, region or "
            "project than the server's end in CredentialsMismatch."
        ),
        json_schema_extra={"x-kubernetes-map-type": "atomic"},
    )
    management_policy: Literal["Manage", "Observe"] = Field(
        default="Manage",
        description=(
            "Manage: the server is made, changed and removed. Observe: it is only shown; nothing is ever sent to "
            "the cloud, and adoption.id or adoption.name says which server."
        ),
    )
    adoption: Adoption | None = Field(
        default=None, description="Whether, and which, existing server is taken over or observed."
    )
    deletion_policy: Literal["RecycleBin", "Delete", "Retain"] | None = Field(
        default=None,
        description=(
            "What becomes of the server when the object is deleted. RecycleBin: it goes to the cloud's recycle "
            "bin. Delete: it is deleted for good. Retain: it stays. Absent: RecycleBin for a server that the "
            "object made, Retain for an adopted one; status.deletionPolicy shows which."
        ),
    )
    deletion_protection: StrictBool = Field(
        default=False, description="Holds the removal of a deleted object until this is switched off."
    )
    on_external_deletion: Literal["Report", "Recreate"] = Field(
        default="Report",
        description="What happens when somebody else deletes the server: it is reported, or a new one is made.",
    )
    drift: Drift | None = Field(
        default=None, description="What happens when the server differs from the spec."
    )
    disruption: Disruption | None = Field(
        default=None, description="Whether the server may be stopped for a change."
    )
    server: ServerSpec | None = Field(
        default=None,
        description=(
            "The server. Absent fields are not managed. Fields that cannot change are fixed once the server is made."
        ),
    )

    @model_validator(mode="after")
    def _rules(self) -> Self:
        server, adoption = self.server, self.adoption
        policy = adoption.policy if adoption else "Never"
        named = adoption is not None and (adoption.id is not None or adoption.name is not None)
        makes = self.management_policy == "Manage" and policy != "Adopt"
        _refuse(
            makes and server is None,
            "server is required, except under managementPolicy Observe or adoption.policy Adopt",
        )
        if server is not None:
            sized = server.cpu is not None and server.memory is not None
            _refuse(
                makes and (server.instance_type is not None) == sized,
                "set server.instanceType, or server.cpu and server.memory",
            )
            some = server.cpu is not None or server.memory is not None
            _refuse(
                server.instance_type is not None and some,
                "server.instanceType excludes server.cpu and server.memory",
            )
            root = server.root_disk is not None and server.root_disk.size is not None
            _refuse(
                makes and server.image is None and not root,
                "a new server needs server.image or server.rootDisk.size",
            )
        observes = self.management_policy == "Observe"
        _refuse(observes and not named, "managementPolicy Observe needs adoption.id or adoption.name")
        _refuse(
            not observes and policy == "Never" and named,
            "adoption.id and adoption.name need adoption.policy Adopt or managementPolicy Observe",
        )
        _refuse(
            policy == "AdoptOrCreate" and (server is None or server.name is None),
            "adoption.policy AdoptOrCreate needs server.name",
        )
        _refuse(
            policy == "Adopt" and self.on_external_deletion == "Recreate",
            "an adopted server cannot be made again: onExternalDeletion must be Report",
        )
        return self


def _refuse(wrong: bool, message: str) -> None:  # noqa: FBT001 - reads as a sentence
    if wrong:
        raise ValueError(message)


def _within(text: str | None, bounds: tuple[int, int], least: str, most: str) -> str | None:
    _refuse(
        text is not None and not bounds[0] <= mib_of(text) <= bounds[1], f"must be from {least} to {most}"
    )
    return text


def _address(text: str | None, version: int) -> str | None:
    if text is None:
        return None
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        found = None
    # Neither a zone nor an IPv4 address in an IPv6 one is an address to CEL's ip().
    strange = found is None or "%" in text or (version == 6 and "." in text)  # noqa: PLR2004
    _refuse(strange or found is None or found.version != version, f"must be an IPv{version} address")
    return text


def _unique_by(items: tuple[T, ...] | None, key: Callable[[T], object], name: str) -> tuple[T, ...] | None:
    keys = [key(item) for item in items or ()]
    _refuse(len(keys) != len(set(keys)), f"each {name} at most once")
    return items
