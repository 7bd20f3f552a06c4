"""Actions that hang things on a server: disks, NICs, elastic addresses. Few of them move its version."""

from . import references, walks
from .act import SETTLED, Act
from .birth import attach_disk
from .errors import CloudError, bad_input, invalid_status, not_found, wrapped
from .guests import Nic
from .tasks import Walk


def create_disk(act: Act) -> None:
    """Make a data disk; neither status nor version of the server moves."""
    inventory = act.world.inventory
    wanted = [references.wanted_disk(inventory, disk) for disk in references.items(act.body.get("disks"))]
    if not wanted:
        raise bad_input("No disk information provided")

    def attach() -> Walk:
        yield walks.HOST
        for disk in wanted:
            attach_disk(act.world, act.guest, disk, disk.size_mib, act.actor)

    act.run("createdisk", attach())


def attach_loose_disk(act: Act) -> None:
    """Attach a disk that was detached before."""
    ident = references.text(act.body, "disk_id")
    disk = act.world.disks.get(ident)
    if disk is None:
        raise not_found("disk", ident)
    if disk.guest_id:
        raise bad_input(f"Disk {disk.name} has been attached")
    _check_settled(act, "attach disk")

    def attach() -> Walk:
        act.world.set_status(act.guest, "attach_disk", "", act.actor)
        yield walks.HOST
        act.world.disks.hang(act.guest, disk)
        act.world.events.add(act.guest, "attach", {"id": ident, "res_name": "guestdisk"}, act.actor)
        yield from walks.settle(act.world, act.guest, act.actor)

    act.run("attachdisk", attach())


def detach_disk(act: Act) -> None:
    """Take a disk off; one that is not attached is no error."""
    ident = references.text(act.body, "disk_id")
    disk = next((disk for disk in act.guest.disks if disk.id == ident), None)
    if disk is None:
        return
    _check_settled(act, "detach disk")

    def detach() -> Walk:
        act.world.set_status(act.guest, "detach_disk", "", act.actor)
        yield walks.HOST
        act.world.disks.take_off(act.guest, disk)
        act.world.events.add(act.guest, "detach", {"id": ident, "res_name": "guestdisk"}, act.actor)
        yield from walks.settle(act.world, act.guest, act.actor)

    act.run("detachdisk", detach())


def _check_settled(act: Act, what: str) -> None:
    if act.guest.status not in SETTLED:
        raise CloudError(400, "BadRequestError", f"Cannot {what} in status {act.guest.status}")


def attach_network(act: Act) -> None:
    """Add NICs."""
    _check_settled(act, "attach network")
    for wanted in references.wanted_nics(act.world.inventory, act.body):
        network = wanted.network
        host = act.world.host_of(act.guest)
        if not network.attachable:
            name = host.name if host else ""
            raise CloudError(
                400, "BadRequestError", f'Network not avaiable on host "{name}": ResourceNotReadyError'
            )
        address = network.take(wanted.address)
        if address is None:
            raise bad_input(f"no address left in network {network.name}")
        mac = wanted.mac or act.world.inventory.mac()
        index = max((nic.index for nic in act.guest.nics), default=-1) + 1
        act.guest.nics.append(Nic(network.id, network.name, address, mac, index, network.mask))
        act.world.events.add(act.guest, "attach", {"id": network.id, "ip_addr": address}, act.actor)


def detach_network(act: Act) -> None:
    """Take a NIC off and give its address back; the version does not move."""
    _check_settled(act, "detach network")
    nic = _nic(act)
    act.guest.nics.remove(nic)
    if network := act.world.inventory.networks.get(nic.network_id):
        network.used.discard(nic.address)
    act.world.events.add(act.guest, "detach", {"id": nic.network_id, "ip_addr": nic.address}, act.actor)


def change_bandwidth(act: Act) -> None:
    """Limit a NIC; the version does not move."""
    _check_settled(act, "change bandwidth")
    nic = _nic(act)
    nic.bandwidth = nic.shown_bandwidth = references.integer(act.body, "bandwidth") or 0
    act.world.events.add(
        act.guest, "change_bandwidth", {"mac": nic.mac, "bandwidth": nic.bandwidth}, act.actor
    )


def _nic(act: Act) -> Nic:
    mac = references.text(act.body, "mac").lower()
    wanted = {mac, references.text(act.body, "ip_addr"), references.text(act.body, "net_id")} - {""}
    for nic in act.guest.nics:
        if wanted & {nic.mac, nic.address, nic.network_id}:
            return nic
    raise not_found("guestnetwork", ",".join(sorted(wanted)))


def associate_address(act: Act) -> None:
    """Bind an elastic address."""
    ident = references.text(act.body, "eip_id", "eip")
    address = act.world.inventory.find_address(ident)
    if address is None:
        raise not_found("eip", ident)
    if act.guest.eip_id:
        raise invalid_status("already associate with eip")
    if not act.guest.nics:
        text = f"failed getting guest network of {act.guest.name}({act.guest.id}): sql: no rows in result set"
        raise wrapped("ValidateAssociateEip", 500, "UnclassifiedError", "%s", text)
    if act.guest.status not in SETTLED:
        raise invalid_status(f"cannot associate eip in status {act.guest.status}")
    fate = act.world.fate("associate-eip")
    act.run("eip", walks.bind_address(act.world, act.guest, act.actor, address.id, fate))


def dissociate_address(act: Act) -> None:
    """Take the elastic address off."""
    if not act.guest.eip_id:
        raise invalid_status("No eip to dissociate")
    fate = act.world.fate("dissociate-eip")
    act.run("eip", walks.unbind_address(act.world, act.guest, act.actor, fate))
