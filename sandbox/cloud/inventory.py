"""What servers are made of: zones, hosts, networks, images, instance types, keypairs, groups, addresses."""

import ipaddress
import itertools
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from .addresses import ElasticAddress
from .errors import ambiguous

FOUNDED = datetime(2026, 11, 1, tzinfo=UTC)  # when what is there from the beginning was made

ROOT_DISK_MINIMUM_MIB = 10_240


@dataclass(slots=True)
class Zone:
    id: str
    name: str
    project_id: str = ""
    created_at: datetime = FOUNDED


@dataclass(slots=True)
class Host:
    """
    One hypervisor.

    *online* False is a host that region knows to be gone; *agent* False is a dead agent that region still
    believes in, so that tasks start and fail.
    """

    id: str
    name: str
    zone: Zone
    cpu_total: int = 1_000_000
    memory_mib_total: int = 1_000_000_000
    cpu_used: int = 0
    memory_mib_used: int = 0
    memory_mib_per_guest: int = 393_216
    online: bool = True
    agent: bool = True
    enabled: bool = True


@dataclass(slots=True)
class Network:
    """A pool of addresses. Those of recycled servers stay taken until the server is really gone."""

    id: str
    name: str
    first: str
    last: str
    mask: int = 24
    vpc_id: str = "default"
    vpc: str = "Default"
    used: set[str] = field(default_factory=set)
    attachable: bool = True
    cursor: int = 0
    server_type: str = "guest"
    project_id: str = ""
    created_at: datetime = FOUNDED
    version: int = 1

    @property
    def classic(self) -> bool:
        """Return whether the network is none of a VPC: no elastic address can be bound on it."""
        return self.vpc_id == "default"

    @property
    def size(self) -> int:
        return int(ipaddress.ip_address(self.last)) - int(ipaddress.ip_address(self.first)) + 1

    def take(self, wanted: str | None = None) -> str | None:
        """Take *wanted*, or the next free address; None if there is none (or it is used)."""
        if wanted is not None:
            if wanted in self.used or wanted not in self:
                return None
            self.used.add(wanted)
            return wanted
        first = int(ipaddress.ip_address(self.first))
        for step in range(self.size):
            address = str(ipaddress.ip_address(first + (self.cursor + step) % self.size))
            if address not in self.used:
                self.cursor = (self.cursor + step + 1) % self.size
                self.used.add(address)
                return address
        return None

    def __contains__(self, address: object) -> bool:
        try:
            number = int(ipaddress.ip_address(str(address)))
        except ValueError:
            return False
        return int(ipaddress.ip_address(self.first)) <= number <= int(ipaddress.ip_address(self.last))


@dataclass(slots=True)
class Image:
    """
    One image.

    *name* is what glance says today; *cached_name* is what region heard when it first used the image, and
    goes on telling beside every disk, also of new servers.
    """

    id: str
    name: str
    minimum_mib: int = 0
    cached_name: str = ""
    project_id: str = ""
    created_at: datetime = FOUNDED
    status: str = "active"
    size: int = 196_616
    version: int = 7

    def shown_name(self) -> str:
        """Return the name that region tells beside a disk made of this image."""
        self.cached_name = self.cached_name or self.name
        return self.cached_name


@dataclass(slots=True)
class Sku:
    """An instance type in one zone: another zone has a row of its own with the same name."""

    name: str
    cpu: int
    memory_mib: int
    zone_id: str = ""
    id: str = ""
    project_id: str = ""
    created_at: datetime = FOUNDED

    def __post_init__(self) -> None:
        self.id = self.id or str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.name}@{self.zone_id}"))


@dataclass(slots=True)
class Keypair:
    id: str
    name: str
    owner_id: str = ""
    project_id: str = ""
    created_at: datetime = FOUNDED
    version: int = 0


@dataclass(slots=True)
class SecurityGroup:
    id: str
    name: str
    rules: str = "in:allow any"
    project_id: str = ""
    created_at: datetime = FOUNDED
    version: int = 3


@dataclass(slots=True)
class Storage:
    """A place for disks. Ordinary users may not list these: they learn the id from a disk of theirs."""

    id: str
    name: str
    zone: Zone
    free_mib: int = 10_000_000


@dataclass(slots=True)
class InstanceGroup:
    """A group whose *guests* (ids of servers) go to different hosts."""

    id: str
    name: str
    granularity: int = 1
    project_id: str = ""
    created_at: datetime = FOUNDED
    guests: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Snapshot:
    """A snapshot of one disk, or of a server, with those of its disks as *parts*."""

    id: str
    name: str
    guest_id: str
    created_at: datetime
    project_id: str
    status: str
    disk_id: str = ""
    parts: "list[Snapshot]" = field(default_factory=list)


@dataclass(slots=True)
class Device:
    id: str
    name: str
    kind: str
    model: str
    guest_id: str | None = None


Part = TypeVar("Part", Network, Image, Keypair, SecurityGroup, Host, ElasticAddress)


class Inventory:
    """The parts of one cloud, by id; ``find_*`` takes an id, or a name that only one row has."""

    def __init__(self) -> None:
        self.zones: dict[str, Zone] = {}
        self.hosts: dict[str, Host] = {}
        self.networks: dict[str, Network] = {}
        self.images: dict[str, Image] = {}
        self.skus: dict[str, Sku] = {}
        self.keypairs: dict[str, Keypair] = {}
        self.security_groups: dict[str, SecurityGroup] = {}
        self.addresses: dict[str, ElasticAddress] = {}
        self.burnt_addresses: set[str] = set()
        self.devices: dict[str, Device] = {}
        self.storages: dict[str, Storage] = {}
        self.schedtags: set[str] = set()
        self.groups: dict[str, InstanceGroup] = {}
        self.snapshots: dict[str, Snapshot] = {}
        self.instance_snapshots: dict[str, Snapshot] = {}
        self.region_id = "default"
        self.region = "Default"
        self._macs = itertools.count(0x20196A57)

    def mac(self) -> str:
        number = next(self._macs)
        return "00:22:" + ":".join(f"{(number >> shift) & 0xFF:02x}" for shift in (24, 16, 8, 0))

    def find_network(self, ident: str) -> Network | None:
        return self.networks.get(ident) or _named(self.networks, ident)

    def find_image(self, ident: str) -> Image | None:
        return self.images.get(ident) or _named(self.images, ident)

    def find_keypair(self, ident: str, user_id: str | None = None) -> Keypair | None:
        """Return a key pair; those of other users than *user_id* are not found, be it by their id."""
        known = self.keypairs
        if user_id is not None:
            known = {key: pair for key, pair in known.items() if pair.owner_id in ("", user_id)}
        return known.get(ident) or _named(known, ident)

    def find_security_group(self, ident: str, project_id: str | None = None) -> SecurityGroup | None:
        return self.security_groups.get(ident) or _named(self.security_groups, ident, project_id)

    def find_host(self, ident: str) -> Host | None:
        return self.hosts.get(ident) or _named(self.hosts, ident)

    def find_address(self, ident: str, project_id: str | None = None) -> ElasticAddress | None:
        return self.addresses.get(ident) or _named(self.addresses, ident, project_id)

    def add_sku(self, sku: Sku) -> None:
        self.skus[sku.id] = sku

    def find_sku(self, name: str) -> Sku | None:
        """Return the instance type of this name; those of several zones are of one size."""
        return next((sku for sku in self.skus.values() if sku.name == name), None)

    def sku_of(self, cpu: int, memory_mib: int) -> str | None:
        """Return the instance type with exactly these sizes, if the platform has one."""
        return next((s.name for s in self.skus.values() if (s.cpu, s.memory_mib) == (cpu, memory_mib)), None)

    def place(
        self, cpu: int, memory_mib: int, *, host_id: str | None = None, zone_id: str | None = None
    ) -> Host | None:
        """Return a host with room for a server of this size, or None: "no matching resources"."""
        for host in self.hosts.values():
            if host_id not in (None, host.id) or zone_id not in (None, host.zone.id):
                continue
            if not (host.online and host.enabled) or memory_mib > host.memory_mib_per_guest:
                continue
            if (
                host.cpu_used + cpu <= host.cpu_total
                and host.memory_mib_used + memory_mib <= host.memory_mib_total
            ):
                return host
        return None


def _named(table: dict[str, Part], name: str, project_id: str | None = None) -> Part | None:
    """Return the only row of this name, of those that *project_id* sees; two of them are a refusal."""
    wanted = name.strip().casefold()
    found = [row for row in table.values() if row.name.casefold() == wanted]
    if project_id is not None:
        found = [row for row in found if getattr(row, "project_id", "") in ("", project_id)]
    if len(found) > 1:
        raise ambiguous()
    return found[0] if found else None
