"""What a test does beside the API to hosts, disks, images, key pairs and the like."""

import uuid
from typing import Any

from . import faces
from .addresses import ElasticAddress
from .app import App
from .disks import Disk
from .elastic import unbind_address
from .events import PLATFORM
from .inventory import Image, Keypair, Network, SecurityGroup, Sku, Zone
from .world import World


class PartsControl:
    """The part of the control that is about everything but servers; ids and names will do alike."""

    def __init__(self, app: App) -> None:
        self.app = app

    @property
    def world(self) -> World:
        return self.app.world

    def clean_bin(self) -> int:
        """
        Purge what lies in the recycle bin, as its cleaner does three days later; return how many rows went.

        It does not look at the ``auto_delete`` of disks.
        """
        guests = [guest for guest in self.world.store.all() if guest.pending]
        for guest in guests:
            self.world.tasks.drop(guest)
            self.world.events.add(guest, "pending_delete")
            self.world.events.add(guest, "delete")
            self.world.erase(guest)
        disks = [disk for disk in self.world.disks.all() if disk.pending]
        for disk in disks:
            self.world.disks.erase(disk)
        return len(guests) + len(disks)

    def set_host(
        self, *, online: bool | None = None, agent: bool | None = None, host: str | None = None
    ) -> None:
        """
        Take hosts (or one) offline or back, or kill their agents.

        Offline turns their servers ``unknown``; that they are back is only seen by a sync of each server.
        """
        for found in self.world.inventory.hosts.values():
            if host not in (None, found.id, found.name):
                continue
            found.agent = found.agent if agent is None else agent
            if online is None or online == found.online:
                continue
            found.online = online
            if online:
                continue
            for guest in list(self.world.store.all()):
                if guest.row["host_id"] == found.id and not guest.pending:
                    self.world.set_status(guest, "unknown", "host offline")

    def fill_hosts(self) -> None:
        """Leave no room on any host: creates end in sched_fail, growth in a 400."""
        for host in self.world.inventory.hosts.values():
            host.cpu_total, host.memory_mib_total = host.cpu_used, host.memory_mib_used

    # --- disks

    def disks(self) -> list[dict[str, Any]]:
        """Return all disks as GET shows them, recycled ones too, in the order of their creation."""
        return [faces.disk(self.world, disk) for disk in self.world.disks.all()]

    def find_disk(self, ident: str) -> dict[str, Any] | None:
        """Return a disk, a recycled one too, or None."""
        disk = self.world.disks.get(ident)
        return None if disk is None else faces.disk(self.world, disk)

    def recycle_disk(self, ident: str) -> None:
        """Put one disk into the bin, where it hangs or lies."""
        self.world.disks.recycle(self._disk(ident))

    def restore_disk(self, ident: str) -> None:
        self.world.disks.restore(self._disk(ident))

    def addresses(self) -> list[dict[str, Any]]:
        """Return all elastic addresses, as a GET shows them."""
        return [faces.address(self.world, row) for row in self.world.inventory.addresses.values()]

    def add_address(self, name: str, **columns: Any) -> str:
        """Have one more elastic address, which nothing has; return its id."""
        project_id = next(iter(self.world.inventory.addresses.values())).project_id
        network = next(n for n in self.world.inventory.networks.values() if n.server_type == "eip")
        row = ElasticAddress(
            str(uuid.uuid4()), name, str(network.take()), network_id=network.id, project_id=project_id
        )
        for column, value in columns.items():
            setattr(row, column, value)
        self.world.inventory.addresses[row.id] = row
        return row.id

    def take_off_address(self, server: str) -> None:
        """Take the elastic address off a server, beside the operator, by the ordinary task."""
        guest = self.world.store.get(server)
        if guest is None:
            raise LookupError(server)
        self.world.run(guest, "eip", unbind_address(self.world, guest, PLATFORM))

    def take_off_disk(self, ident: str) -> str:
        """Detach a disk from its server, and keep it, as somebody in the console does; return the server."""
        disk = self._disk(ident)
        guest = self.world.store.get(disk.guest_id)
        if guest is None:
            raise LookupError(disk.guest_id)
        self.world.disks.take_off(guest, disk)
        self.world.store.write(guest, status=guest.status)
        return guest.id

    def hang_disk(self, server: str, ident: str) -> None:
        """Attach a loose disk to a server."""
        guest = self.world.store.get(server)
        if guest is None:
            raise LookupError(server)
        self.world.disks.hang(guest, self._disk(ident))
        self.world.store.write(guest, status=guest.status)

    def _disk(self, ident: str) -> Disk:
        found = self.world.disks.get(ident)
        if found is None:
            raise LookupError(ident)
        return found

    # --- images

    def rename_image(self, ident: str, name: str, *, told: bool = False) -> None:
        """
        Give an image another name in glance.

        Region goes on telling the name that it cached beside every disk, also of servers made by the new
        name. *told* lets it hear the new one: then the disks of all servers show it.
        """
        image = self._image(ident)
        image.shown_name()
        image.name = name
        if told:
            self._tell(image, name)

    def delete_image(self, ident: str, *, told: bool = False) -> None:
        """Delete an image in glance; *told* empties its name beside the disks, whose ``image_id`` stays."""
        image = self._image(ident)
        del self.world.inventory.images[image.id]
        if told:
            self._tell(image, "")

    def add_image(self, name: str, *, ident: str = "", status: str = "active", minimum_mib: int = 0) -> str:
        """Add an image and return its id; a second one of the same name makes that ambiguous."""
        image = Image(ident or str(uuid.uuid4()), name, minimum_mib, status=status)
        self.world.inventory.images[image.id] = image
        return image.id

    def _image(self, ident: str) -> Image:
        found = self.world.inventory.find_image(ident)
        if found is None:
            raise LookupError(ident)
        return found

    def _tell(self, image: Image, name: str) -> None:
        image.cached_name = name
        for disk in self.world.disks.all():
            if disk.image_id == image.id:
                disk.image = name

    # --- names that move, and names that two things have

    def rename_keypair(self, ident: str, name: str) -> None:
        """Give a key pair another name: servers show it at once, their version does not move."""
        found = self.world.inventory.find_keypair(ident)
        if found is None:
            raise LookupError(ident)
        found.name = name

    def rename_network(self, ident: str, name: str) -> None:
        found = self.world.inventory.find_network(ident)
        if found is None:
            raise LookupError(ident)
        found.name = name

    def add_keypair(self, name: str, *, user: str = "labuser") -> str:
        """Add a key pair of *user* and return its id."""
        owner = next(found for found in self.world.identity.users.values() if found.name == user)
        pair = Keypair(str(uuid.uuid4()), name, owner.id)
        self.world.inventory.keypairs[pair.id] = pair
        return pair.id

    def inside(self, ident: str) -> dict[str, str]:
        """Return the password and the key pair's id with which one can log in to a server."""
        guest = self.world.store.get(ident)
        if guest is None:
            raise LookupError(ident)
        return dict(guest.inside)

    def add_network(self, name: str, *, first: str, last: str, server_type: str = "guest") -> str:
        """Add a network that everybody sees, also with a name that is taken, and return its id."""
        network = Network(str(uuid.uuid4()), name, first, last, server_type=server_type)
        self.world.inventory.networks[network.id] = network
        return network.id

    def add_secgroup(self, name: str, *, project: str = "lab") -> str:
        """Add a security group of *project*, also with a name that is taken, and return its id."""
        owner = self.world.identity.project(project)
        if owner is None:
            raise LookupError(project)
        group = SecurityGroup(str(uuid.uuid4()), name, project_id=owner.id)
        self.world.inventory.security_groups[group.id] = group
        return group.id

    def add_zone(self, name: str) -> str:
        """Add a zone with every instance type: their names are ambiguous from then on."""
        zone = Zone(str(uuid.uuid4()), name)
        inventory = self.world.inventory
        inventory.zones[zone.id] = zone
        known = {sku.name: sku for sku in inventory.skus.values()}
        for sku in known.values():
            inventory.add_sku(Sku(sku.name, sku.cpu, sku.memory_mib, zone.id))
        return zone.id
