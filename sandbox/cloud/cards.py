"""Actions on the network cards of a server. Few of them move its version."""

from . import references
from .act import SETTLED, Act
from .errors import CloudError, bad_input, not_found
from .guests import Nic


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


def _check_settled(act: Act, what: str) -> None:
    if act.guest.status not in SETTLED:
        raise CloudError(400, "BadRequestError", f"Cannot {what} in status {act.guest.status}")
