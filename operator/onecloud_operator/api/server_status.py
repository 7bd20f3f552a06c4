"""
``status.server``: the server object of the public API, in the words of ``spec.server``.

What the spec declares as plain fields is here too, at the same places, and is not declared once more.

Values from the cloud are texts, not enumerations: new words appear with every release.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictBool, StrictStr

from onecloud_operator.api.lists import ATOMIC_LIST
from onecloud_operator.api.plain import with_plain_fields
from onecloud_operator.api.server import ServerSpec
from onecloud_operator.api.server_parts import Billing, Hardware
from onecloud_operator.api.status_model import (
    Count,
    Long,
    RuleText,
    Short,
    Size,
    StatusModel,
    Text,
    Time,
    shown,
)


class Address(StatusModel):
    """An address of the server."""

    type: Short = Field(description="InternalIP, VirtualIP, ElasticIP or PublicIP.")
    address: Short = Field(description="The address.")


class DiskStatus(StatusModel):
    """A disk."""

    index: Count | None = shown("Place on the server; 0 is the root disk's.")
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


class NetworkStatus(StatusModel):
    """A network card."""

    index: Count | None = shown("Place on the server.")
    network_id: Short | None = shown("Id of the network.")
    address: Short | None = shown("IPv4 address.")
    address6: Short | None = shown("IPv6 address.")
    mac: Short | None = shown("MAC address.")
    default: StrictBool | None = shown("Whether it has the default route.")
    exit: StrictBool | None = shown("Whether its network leads out.")
    vpc_id: Short | None = shown("Id of the VPC.")
    bandwidth: Count | None = shown("Bandwidth limit in Mbps; 0 is none.")
    team_with: Short | None = shown("MAC address of the card that it is teamed with.")


class SecurityGroupStatus(StatusModel):
    """A security group."""

    id: Short | None = shown("Id.")
    name: Text | None = shown("Name.")


class IsolatedDeviceStatus(StatusModel):
    """A device passed through."""

    id: Short | None = shown("Id.")
    name: Text | None = shown("Name.")
    description: Long | None = shown("Description.")
    type: Short | None = shown("Type, such as GPU-HPC.")
    model: Text | None = shown("Model.")
    address: Short | None = shown("Bus address on the host.")
    vendor_device_id: Short | None = shown("Vendor and device id.")
    host_id: Short | None = shown("Id of the host.")
    reserved_cpu: Count | None = shown("CPUs reserved beside it.")
    reserved_memory: Count | None = shown("Memory reserved beside it, in the cloud's unit.")
    reserved_storage: Count | None = shown("Storage reserved beside it, in the cloud's unit.")
    emulated: StrictBool | None = shown("Whether it is emulated.")
    created_at: Time | None = shown("When it was recorded.")


class ProjectStatus(StatusModel):
    """The project that the server is in."""

    name: Text | None = shown("Name of the project.")
    id: Short | None = shown("Id of the project.")
    domain: Text | None = shown("Name of its domain.")
    domain_id: Short | None = shown("Id of its domain.")
    source: Short | None = shown("Whether the project was set here or synced.")


class PlacementStatus(StatusModel):
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


class SecurityStatus(StatusModel):
    """The rules that apply to the server."""

    rules: RuleText | None = shown("Rules of its security groups.")
    admin_group_id: Short | None = shown("Id of the administrator's security group.")
    admin_rules: RuleText | None = shown("Rules of that group.")


@with_plain_fields(Hardware)
class HardwareStatus(StatusModel):
    """The virtual machine's hardware."""

    cdrom: Text | None = shown("What is in the CD-ROM drive.")
    cdrom_supported: StrictBool | None = shown("Whether a CD-ROM can be inserted.")


@with_plain_fields(Billing)
class BillingStatus(StatusModel):
    """How the server is paid."""

    cycle: Short | None = shown("Paid cycle.")
    expires_at: Time | None = shown("When the paid time, or its lease, ends.")
    prepaid_recycle: StrictBool | None = shown("Whether it is in the pool of prepaid servers.")


class LifecycleStatus(StatusModel):
    """Times and locks."""

    created_at: Time | None = shown("When the server was made.")
    updated_at: Time | None = shown("When its row was last changed.")
    update_version: Count | None = shown("Number of changes of its row; goes along with other news.")
    attached_at: Time | None = shown("When it was attached.")
    pending_deleted: StrictBool | None = shown("Whether it is in the recycle bin.")
    pending_deleted_at: Time | None = shown("Since when.")
    auto_delete_at: Time | None = shown("When it is deleted from the recycle bin.")
    delete_fail_reason: Long | None = shown("Why it could not be deleted.")
    update_fail_reason: Long | None = shown("Why it could not be changed.")
    deletion_locked: StrictBool | None = shown("Whether the cloud's deletion lock is on.")
    updatable: StrictBool | None = shown("Whether it can be changed.")
    recyclable: StrictBool | None = shown("Whether it can be recycled.")
    system: StrictBool | None = shown("Whether it is a system server.")
    emulated: StrictBool | None = shown("Whether it is emulated.")
    scaling_group_id: Short | None = shown("Id of its scaling group.")
    scaling_status: Short | None = shown("Status in its scaling group.")


@with_plain_fields(ServerSpec)
class ServerStatus(StatusModel):
    """The server as the cloud shows it, in the words of ``spec.server``."""

    id: Short | None = shown("Id of the server.")
    status: Short | None = shown("The cloud's own status word when the server last rested.")
    power_state: Short | None = shown("Running, Stopped, Suspended or Unknown; absent while it moves.")
    external_id: Text | None = shown("Id at the provider.")
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
    gpu: StrictBool | None = shown("Whether it has a GPU.")
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
    tags: Annotated[dict[StrictStr, Long], Field(max_length=64)] | None = shown(
        "User tags, without the operator's own."
    )
    project: ProjectStatus | None = shown("The project that the server is in.")
    placement: PlacementStatus | None = shown("Where the server is.")
    security: SecurityStatus | None = shown("The rules that apply to it.")
    hardware: HardwareStatus | None = shown("The virtual machine's hardware.")
    billing: BillingStatus | None = shown("How it is paid.")
    lifecycle: LifecycleStatus | None = shown("Times and locks.")
