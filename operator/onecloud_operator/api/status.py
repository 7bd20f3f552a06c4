"""
``status`` of a OneCloudServer.

The operator writes plain values of this form; the models are for the CRD, the reference and the tests.
Values from the cloud are texts, not enumerations: new words appear with every release. All of them are
bounded, and cut to their bound before they are written, so that the API server never refuses a status.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Text = Annotated[str, Field(max_length=256)]
Short = Annotated[str, Field(max_length=64)]
Long = Annotated[str, Field(max_length=1024)]
Rules = Annotated[str, Field(max_length=4096)]
Size = Annotated[str, Field(max_length=24)]
Count = Annotated[int, Field(ge=0, json_schema_extra={"format": "int64"})]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]

ATOMIC: dict[str, Any] = {"x-kubernetes-map-type": "atomic"}
ATOMIC_LIST: dict[str, Any] = {"x-kubernetes-list-type": "atomic"}

_ENDINGS = ("id", "ip", "url", "mac", "cpu", "io")


def _alias(name: str) -> str:
    """Return the name on the wire: camelCase, with abbreviations in capitals after the first word."""
    first, *rest = name.split("_")
    return first + "".join(part.upper() if part in _ENDINGS else to_camel(part).capitalize() for part in rest)


class Part(BaseModel):
    """What all parts of a status share; an unknown field is a mistake of ours."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=_alias, populate_by_name=True)


def shown(description: str, **extra: Any) -> Any:  # noqa: ANN401 - a field of any type
    """Return a field that is absent where the cloud has nothing."""
    return Field(default=None, description=description, json_schema_extra=extra or None)


# -- status.server ---------------------------------------------------------------------------------------
class Address(Part):
    """An address of the server."""

    type: Short = Field(description="InternalIP, VirtualIP, ElasticIP or PublicIP.")
    address: Short = Field(description="The address.")


class DiskStatus(Part):
    """A disk."""

    index: Count | None = shown("Place on the server; 0 is the root disk.")
    id: Short | None = shown("Id.")
    name: Text | None = shown("Name.")
    size: Size | None = shown("Size.")
    type: Short | None = shown("sys, data or swap.")
    format: Short | None = shown("Format, such as qcow2.")
    backend: Short | None = shown("Storage type.")
    medium: Short | None = shown("Rotational, SSD or Hybrid.")
    driver: Short | None = shown("Driver.")
    cache: Short | None = shown("Cache mode.")
    async_io: Short | None = shown("Asynchronous I/O mode.")
    filesystem: Short | None = shown("File system.")
    iops: Count | None = shown("Limit of operations a second; 0 is none.")
    bps: Count | None = shown("Limit of bytes a second; 0 is none.")


class RootDiskStatus(DiskStatus):
    """The root disk; its image stands beside it, as in the spec."""


class DataDiskStatus(DiskStatus):
    """A data disk."""

    image: Text | None = shown("Name of its image.")
    image_id: Short | None = shown("Id of its image.")


class NetworkStatus(Part):
    """A network card."""

    index: Count | None = shown("Place on the server.")
    network_id: Short | None = shown("Id of the network.")
    address: Short | None = shown("IPv4 address.")
    address6: Short | None = shown("IPv6 address.")
    mac: Short | None = shown("MAC address.")
    default: bool | None = shown("Whether it has the default route.")
    exit: bool | None = shown("Whether its network leads out.")
    vpc_id: Short | None = shown("Id of the VPC.")
    bandwidth: Count | None = shown("Bandwidth limit in Mbps; 0 is none.")
    team_with: Short | None = shown("MAC address of the card that it is teamed with.")


class SecurityGroupStatus(Part):
    """A security group."""

    id: Short | None = shown("Id.")
    name: Text | None = shown("Name.")


class IsolatedDeviceStatus(Part):
    """A device passed through."""

    id: Short | None = shown("Id.")
    name: Text | None = shown("Name.")
    description: Long | None = shown("Description.")
    type: Short | None = shown("Type, such as GPU-HPC.")
    model: Text | None = shown("Model.")
    address: Short | None = shown("Bus address on the host.")
    vendor_device_id: Short | None = Field(
        default=None, alias="vendorDeviceID", description="Vendor and device id."
    )
    host_id: Short | None = shown("Id of the host.")
    reserved_cpu: Count | None = shown("CPUs reserved beside it.")
    reserved_memory: Count | None = shown("Memory reserved beside it, in the cloud's unit.")
    reserved_storage: Count | None = shown("Storage reserved beside it, in the cloud's unit.")
    emulated: bool | None = shown("Whether it is emulated.")
    created_at: Time | None = shown("When it was recorded.")


class ProjectStatus(Part):
    """The project that the server is in."""

    name: Text | None = shown("Name of the project.")
    id: Short | None = shown("Id of the project.")
    domain: Text | None = shown("Name of its domain.")
    domain_id: Short | None = shown("Id of its domain.")
    source: Short | None = shown("Whether the project was set here or synced.")


class PlacementStatus(Part):
    """Where the server is."""

    region: Text | None = shown("Name of the region.")
    region_id: Short | None = shown("Id of the region.")
    region_external_id: Text | None = shown("Id of the region at its provider.")
    zone: Text | None = shown("Name of the zone.")
    zone_id: Short | None = shown("Id of the zone.")
    zone_external_id: Text | None = shown("Id of the zone at its provider.")
    host: Text | None = shown("Name of the host.")
    host_id: Short | None = shown("Id of the host.")
    host_serial: Text | None = shown("Serial number of the host.")
    host_type: Short | None = shown("Type of the host.")
    backup_host: Text | None = shown("Name of the backup host.")
    backup_host_id: Short | None = shown("Id of the backup host.")
    manager: Text | None = shown("Name of the cloud subscription.")
    manager_id: Short | None = shown("Id of the cloud subscription.")
    manager_domain: Text | None = shown("Domain of the cloud subscription.")
    manager_domain_id: Short | None = shown("Id of that domain.")
    manager_project: Text | None = shown("Project of the cloud subscription.")
    manager_project_id: Short | None = shown("Id of that project.")
    account: Text | None = shown("Name of the cloud account.")
    account_id: Short | None = shown("Id of the cloud account.")
    provider: Short | None = shown("Provider.")
    brand: Short | None = shown("Brand of the provider.")
    cloud_environment: Short | None = shown("onpremise, private or public.")
    environment: Short | None = shown("Environment of the cloud account.")


class SecurityStatus(Part):
    """The rules that apply to the server."""

    rules: Rules | None = shown("Rules of its security groups.")
    admin_group_id: Short | None = shown("Id of the administrator's security group.")
    admin_rules: Rules | None = shown("Rules of that group.")


class HardwareStatus(Part):
    """The virtual machine's hardware."""

    bios: Short | None = shown("Firmware.")
    machine: Short | None = shown("Machine type.")
    boot_order: Short | None = shown("Boot order.")
    vga: Short | None = shown("Graphics card.")
    vdi: Short | None = shown("Console protocol.")
    cdrom: Text | None = shown("What is in the CD-ROM drive.")
    cdrom_supported: bool | None = shown("Whether a CD-ROM can be inserted.")
    shutdown_behavior: Short | None = shown("What a shutdown inside the server does.")
    source_ip_check: bool | None = Field(
        default=None, alias="sourceIPCheck", description="Whether source addresses are checked."
    )
    source_mac_check: bool | None = Field(
        default=None, alias="sourceMACCheck", description="Whether source MACs are checked."
    )


class BillingStatus(Part):
    """How the server is paid."""

    type: Short | None = shown("Postpaid or Prepaid.")
    cycle: Short | None = shown("Paid cycle.")
    auto_renew: bool | None = shown("Whether it is paid on by itself.")
    expires_at: Time | None = shown("When the paid time, or its lease, ends.")
    prepaid_recycle: bool | None = shown("Whether it is in the pool of prepaid servers.")


class LifecycleStatus(Part):
    """Times and locks."""

    created_at: Time | None = shown("When the server was made.")
    updated_at: Time | None = shown("When its row was last changed.")
    update_version: Count | None = shown("Number of changes of its row; goes along with other news.")
    attached_at: Time | None = shown("When it was attached.")
    pending_deleted: bool | None = shown("Whether it is in the recycle bin.")
    pending_deleted_at: Time | None = shown("Since when.")
    auto_delete_at: Time | None = shown("When it is deleted from the recycle bin.")
    delete_fail_reason: Long | None = shown("Why it could not be deleted.")
    update_fail_reason: Long | None = shown("Why it could not be changed.")
    deletion_locked: bool | None = shown("Whether the cloud's deletion lock is on.")
    updatable: bool | None = shown("Whether it can be changed.")
    recyclable: bool | None = shown("Whether it can be recycled.")
    system: bool | None = shown("Whether it is a system server.")
    emulated: bool | None = shown("Whether it is emulated.")
    scaling_group_id: Short | None = shown("Id of its scaling group.")
    scaling_status: Short | None = shown("Status in its scaling group.")


class ServerStatus(Part):
    """The server as the cloud shows it, in the words of ``spec.server``."""

    id: Short | None = shown("Id of the server.")
    name: Text | None = shown("Name in the cloud.")
    description: Long | None = shown("Description.")
    status: Short | None = shown("The cloud's own status word when the server last rested.")
    power_state: Short | None = shown("Running, Stopped, Suspended or Unknown; absent while it moves.")
    external_id: Text | None = shown("Id at the provider.")
    hypervisor: Short | None = shown("Hypervisor or public cloud.")
    instance_type: Text | None = shown("Instance type.")
    flavor_id: Short | None = shown("Id of the instance type.")
    cpu: Count | None = shown("Number of CPUs.")
    memory: Size | None = shown("Memory.")
    disk_total: Size | None = shown("Size of all disks together.")
    image: Text | None = shown("Name of the root disk's image.")
    image_id: Short | None = shown("Id of the root disk's image.")
    os_type: Short | None = shown("Type of the operating system.")
    os_name: Text | None = shown("Name of the operating system.")
    os_arch: Short | None = shown("Architecture.")
    os_distribution: Text | None = shown("Distribution.")
    os_version: Text | None = shown("Version of the operating system.")
    gpu: bool | None = shown("Whether it has a GPU.")
    hostname: Text | None = shown("Name of the host inside the server.")
    admin_user: Text | None = shown("Login account.")
    keypair: Text | None = shown("Name of the key pair.")
    keypair_id: Short | None = shown("Id of the key pair.")
    vpc: Text | None = shown("Names of the VPCs.")
    vpc_id: Text | None = shown("Ids of the VPCs.")
    root_disk: RootDiskStatus | None = shown("The root disk.")
    data_disks: Annotated[tuple[DataDiskStatus, ...], Field(max_length=64)] | None = shown(
        "The data disks, by index.", **ATOMIC_LIST
    )
    networks: Annotated[tuple[NetworkStatus, ...], Field(max_length=32)] | None = shown(
        "The network cards.", **ATOMIC_LIST
    )
    addresses: Annotated[tuple[Address, ...], Field(max_length=64)] | None = shown(
        "All addresses.", **ATOMIC_LIST
    )
    security_groups: Annotated[tuple[SecurityGroupStatus, ...], Field(max_length=32)] | None = shown(
        "The security groups.", **ATOMIC_LIST
    )
    isolated_devices: Annotated[tuple[IsolatedDeviceStatus, ...], Field(max_length=32)] | None = shown(
        "Devices passed through.", **ATOMIC_LIST
    )
    tags: Annotated[dict[str, Long], Field(max_length=64)] | None = shown(
        "User tags, without the operator's own."
    )
    project: ProjectStatus | None = shown("The project that the server is in.")
    placement: PlacementStatus | None = shown("Where the server is.")
    security: SecurityStatus | None = shown("The rules that apply to it.")
    hardware: HardwareStatus | None = shown("The virtual machine's hardware.")
    billing: BillingStatus | None = shown("How it is paid.")
    lifecycle: LifecycleStatus | None = shown("Times and locks.")


# -- the rest of status ----------------------------------------------------------------------------------
class Condition(Part):
    """A condition, as all of Kubernetes has them."""

    type: Annotated[
        str,
        Field(
            max_length=316,
            pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
            r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
        ),
    ] = Field(
        description="Ready, Synced, CredentialsValid, Reconciling, Stalled, Drifted, Deleting, Paused, Expiring."
    )
    status: Literal["True", "False", "Unknown"] = Field(description="True, False or Unknown.")
    observed_generation: Count | None = shown("The generation of the object that this was said of.")
    last_transition_time: Time = Field(description="Since when the status is so.")
    reason: Annotated[
        str, Field(min_length=1, max_length=1024, pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")
    ] = Field(description="One of a closed set, see docs/reasons.md.")
    message: Annotated[str, Field(max_length=32768)] = Field(description="What it means here, for people.")


class CreationStatus(Part):
    """The attempt at making the server that is under way or done."""

    attempt: Annotated[int, Field(ge=1, json_schema_extra={"format": "int64"})] = Field(
        description="Number of the attempt."
    )
    id: Short = Field(description="Id of its server, made of the object's UID and the attempt.")
    name: Annotated[str, Field(max_length=128)] = Field(description="Name of its server.")
    started_at: Time = Field(description="When it began.")
    completed_at: Time | None = shown(
        "When the server first came to rest. From then on fields that cannot change are fixed."
    )


class CloudStatus(Part):
    """Where this object's server lives; never changed."""

    auth_url: Text = Field(description="Sign-in URL.")
    region: Text | None = shown("Region.")
    project_id: Short = Field(description="Id of the project.")


class DeletionStatus(Part):
    """The removal under way."""

    requested_at: Time = Field(description="When the cloud was asked to delete the server.")


class DriftStatus(Part):
    """One field in which the server differs from the spec."""

    field: Text = Field(description="Path of the field below spec.server.")
    desired: Text = Field(description="What the spec wants.")
    actual: Text = Field(description="What the server has.")
    since: Time = Field(description="Since when.")


class ErrorStatus(Part):
    """The newest failure."""

    reason: Short = Field(description="Reason, see docs/reasons.md.")
    message: Long = Field(description="What went wrong, for people.")
    request_id: Text | None = shown("The cloud's id of the request, to be found in its logs.")
    time: Time = Field(description="When this was first seen.")


class Status(Part):
    """What the operator observed, and what it is doing about it."""

    observed_generation: Annotated[int, Field(json_schema_extra={"format": "int64"})] = Field(
        default=-1,
        description="The generation of the spec that was last looked at; -1 before the operator's first look.",
    )
    id: Short | None = shown("Id of the server.")
    state: (
        Literal[
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
        | None
    ) = shown("The server's state in one word.")
    ip: Annotated[str, Field(max_length=45)] | None = shown(
        "Address of the default network card, else the first."
    )
    deletion_policy: Literal["RecycleBin", "Delete", "Retain"] | None = shown(
        "What would become of the server if the object were deleted now."
    )
    conditions: Annotated[tuple[Condition, ...], Field(max_length=16)] | None = shown(
        "Conditions.", **{"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}
    )
    creation: CreationStatus | None = shown("The attempt at making the server.", **ATOMIC)
    adopted_at: Time | None = shown("When the server was adopted; absent for one that the object made.")
    cloud: CloudStatus | None = shown("Where the server lives.", **ATOMIC)
    deletion: DeletionStatus | None = shown("The removal under way.", **ATOMIC)
    managed_tags: Annotated[tuple[Annotated[str, Field(max_length=64)], ...], Field(max_length=15)] | None = (
        shown("Keys of the tags that the operator set.", **ATOMIC_LIST)
    )
    drift: Annotated[tuple[DriftStatus, ...], Field(max_length=32)] | None = shown(
        "What differs from the spec and is held back or only reported.", **ATOMIC_LIST
    )
    last_error: ErrorStatus | None = shown("The newest failure; absent when all is well.", **ATOMIC)
    next_retry_time: Time | None = shown("When this object's problem is tried again.")
    last_handled_reconcile_at: Text | None = Field(
        default=None,
        alias="lastHandledReconcileAt",
        description="The annotation onecloud.io/reconcile-requested-at as last obeyed.",
    )
    server: ServerStatus | None = shown("The server as the cloud shows it.", **ATOMIC)
