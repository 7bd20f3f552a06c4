"""The whole state of one simulated cloud, and the few writes that every task and action share."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .addresses import ElasticAddress
from .defaults import REGION, default_identity, default_inventory
from .disks import Disk, Disks
from .errors import CloudError, not_found
from .events import PLATFORM, Actor, EventLog
from .guests import Guest
from .identity import Identity, Project
from .inventory import Host, Inventory
from .store import Store
from .tasks import Subject, Tasks, Walk

STUB_FAILURE = '{"__reason__":"stub refuses","__stage__":"OnComplete","__status__":"error"}'
HOT_PLUG_KEYS = ("hot_remove_nic", "hotplug_cpu_mem")


@dataclass(frozen=True, slots=True)
class Fate:
    """What the next task of this *operation* ends in: a status, and the text that its event carries."""

    operation: str
    status: str
    text: str


@dataclass(slots=True)
class Settings:
    """
    What an installation is like, and what is broken in it.

    *date* is what answers are dated by instead of the clock, "" for nothing; *date_ahead_seconds* how far the
    clock of a proxy that dates them is ahead of the cloud's. *quota* is the number of servers a project may
    have; None is the platform's default, under which nobody enforces the limits that it shows. *hot_plug* is
    what the host agents write into ``hotplug_cpu_mem`` and ``hot_remove_nic`` of a server that they start:
    ``enable``, or ``disable`` for all as for imported ones; empty: nothing, as the stubbed agent of the
    recordings. *guest_agent*: whether agents answer inside the servers.
    """

    recycle_bin: bool = True
    events_forbidden: bool = False
    keystone_down: bool = False
    glance_down: bool = False
    database_down: bool = False
    scheduler_down: bool = False
    open_task_seconds: float = 180.0
    filters_ignored: bool = False
    date: str | None = None
    date_ahead_seconds: float = 0.0
    lists_empty: bool = False
    quota: int | None = None
    hot_plug: str = "enable"
    guest_agent: bool = True
    revocation_lag_seconds: float = 0.0
    create_cost_seconds: float = 0.0
    read_workers: int | None = None
    write_workers: int | None = None
    worker_queue: int = 80


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class World:
    """One cloud."""

    clock: Callable[[], datetime] = utc_now
    identity: Identity = field(default_factory=default_identity)
    inventory: Inventory = field(default_factory=default_inventory)
    settings: Settings = field(default_factory=Settings)
    tasks: Tasks = field(default_factory=Tasks)
    fates: deque[Fate] = field(default_factory=deque)
    region: str = REGION
    base_url: str = "http://127.0.0.1"
    disks: Disks = field(init=False)
    store: Store = field(init=False)
    events: EventLog = field(init=False)

    def __post_init__(self) -> None:
        self.disks = Disks(self._now)
        self.store = Store(self._now, self.disks)
        self.events = EventLog(self._now, self.project_name)

    def _now(self) -> datetime:
        """Return the time by the clock of this moment: a test may change it."""
        return self.clock()

    def project_name(self, ident: str) -> str:
        project = self.identity.projects.get(ident)
        return project.name if project else ""

    def project(self, ident: str) -> Project:
        return self.identity.projects[ident]

    def host_of(self, guest: Guest) -> Host | None:
        return self.inventory.hosts.get(guest.row["host_id"])

    def run(self, guest: Subject, name: str, walk: Walk) -> None:
        """Start a task on *guest*, which may be a disk or an address, too."""
        self.tasks.start(guest, walk, name, self.clock())

    def fate(self, operation: str) -> Fate | None:
        """Take the next fate that waits for *operation*."""
        for fate in self.fates:
            if fate.operation == operation:
                self.fates.remove(fate)
                return fate
        return None

    def outcome(self, guest: Guest, operation: str, failure: str) -> Fate | None:
        """Return what a task fails with that the host has a part in: its fate, or an agent that is dead."""
        fate = self.fate(operation)
        host = self.host_of(guest)
        if fate is None and host is not None and not host.agent:
            return Fate(operation, failure, STUB_FAILURE)
        return fate

    def set_status(
        self, guest: Guest, status: str, reason: Any = "", actor: Actor = PLATFORM, **columns: Any
    ) -> None:
        """Write a status (nothing happens if it is the same already) and its event ``old=>new: reason``."""
        if self.tasks.current is not None:
            self.tasks.current.entered = status
        old = guest.status
        if old == status and not columns:
            return
        self.store.write(guest, status=status, **columns)
        if old != status:
            self.events.add(
                guest, "updatestatus", f"{old}=>{status}" + (f": {reason}" if reason else ""), actor
            )

    def write_row(self, row: Disk | ElasticAddress, *, bump: int = 1, **columns: Any) -> None:
        """Change *columns* of a disk or an address; its version rises by *bump* and its time moves."""
        if "status" in columns and self.tasks.current is not None:
            self.tasks.current.entered = columns["status"]
        for key, value in columns.items():
            setattr(row, key, value)
        row.version += bump
        row.updated_at = self.store.now()

    def set_tags(
        self, guest: Guest, changes: dict[str, str], actor: Actor = PLATFORM, *, hidden: bool = False
    ) -> None:
        """
        Merge *changes* into a server's metadata; the values none and null delete their key.

        Keys are compared without regard to case, and the spelling that came last stays.
        """
        notes = []
        for key, value in changes.items():
            table = guest.hidden if hidden or key.startswith("__") else guest.metadata
            note = {"key": key, "nvalue": value}
            for same in [known for known in table if known.casefold() == key.casefold()]:
                note["ovalue"] = table.pop(same)
            if value.lower() not in {"none", "null"}:
                table[key] = value
            notes.append(note)
        guest.encoded = None
        self.store.write(guest)
        self.events.add(guest, "set_meta", notes, actor)

    def hot_plug_tags(self, guest: Guest) -> dict[str, str]:
        """Return what the host agent says at a start of the changes that *guest* takes while it runs."""
        word = self.settings.hot_plug
        if word and guest.imported:
            word = "disable"
        return dict.fromkeys(HOT_PLUG_KEYS, word) if word else {}

    def real_status(self, guest: Guest) -> str:
        """Return what the host would say of a server; a host that cannot be asked says unknown."""
        host = self.host_of(guest)
        if host is None or not host.online or not host.agent:
            return "unknown"
        return {"on": "running", "off": "ready", "suspend": "suspend"}.get(guest.power, "unknown")

    def release_parts(self, guest: Guest) -> None:
        """Give back what a really deleted server held: disks, addresses, devices, room on its host."""
        self.disks.leave(guest)
        for nic in guest.nics:
            if network := self.inventory.networks.get(nic.network_id):
                network.used.discard(nic.address)
        for ident in guest.devices:
            if device := self.inventory.devices.get(ident):
                device.guest_id = None
        self.unbind_address(guest)
        if host := self.host_of(guest):
            host.cpu_used -= int(guest.row["vcpu_count"])
            host.memory_mib_used -= int(guest.row["vmem_size"])

    def bind_address(self, guest: Guest, ident: str) -> None:
        """Note that an elastic address is a server's: it is shown from now on, whatever the task ends in."""
        guest.eip_id = ident
        self.inventory.addresses[ident].guest_id = guest.id

    def unbind_address(self, guest: Guest) -> bool:
        """Take the elastic address off a server, and return whether it had one."""
        address = self.inventory.addresses.get(guest.eip_id)
        guest.eip_id = ""
        if address is None:
            return False
        address.guest_id = None
        return True

    def erase(self, guest: Guest) -> None:
        """Remove a server for good."""
        self.release_parts(guest)
        self.store.erase(guest)

    def by_reference(self, ident: str) -> Guest:
        """Return the server with this id, else the one with this name (recycled ones have no name)."""
        if guest := self.store.get(ident):
            return guest
        named = self.store.named(ident)
        if len(named) > 1:
            raise CloudError(409, "DuplicateResourceError", f"server duplicate name {ident}")
        if not named:
            raise not_found("server", ident)
        return named[0]
