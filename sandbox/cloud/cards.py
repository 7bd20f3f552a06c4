"""Actions on the network cards of a server: one that comes or goes moves neither status nor version."""

from . import references, walks
from .act import SETTLED, Act
from .errors import CloudError, bad_input, invalid_status, not_found, wrapped
from .guests import Nic
from .inventory import Network


def attach_network(act: Act) -> None:
    """Add cards, several on one network too. A network that is named by its name, not its id, is refused."""
    _check_settled(act, "attach network")
    wanted = [net for net in references.items(act.body.get("nets")) if isinstance(net, dict)]
    if not wanted:
        raise bad_input("missing network info")
    found = [(_network(act, net), net) for net in wanted]
    for network, net in found:
        _check_address(network, references.text(net, "address"))
    for network, net in found:
        address = network.take(references.text(net, "address") or None)
        if address is None:
            raise bad_input(f"no address left in network {network.name}")
        mac = references.text(net, "mac") or act.world.inventory.mac()
        index = max((nic.index for nic in act.guest.nics), default=-1) + 1
        act.guest.nics.append(
            Nic(
                network.id,
                network.name,
                address,
                mac,
                index,
                network.mask,
                bandwidth=references.integer(net, "bw_limit") or 1000,
                default=not act.guest.nics,
                vpc_id=network.vpc_id,
                vpc=network.vpc,
            )
        )
        act.world.events.add(act.guest, "attach", {"id": network.id, "ip_addr": address}, act.actor)


def _network(act: Act, net: dict[str, object]) -> Network:
    ident = references.text(net, "network", "network_id")
    network = act.world.inventory.find_network(ident)
    if network is None:
        raise not_found("network", ident)
    if ident != network.id or not network.attachable:
        host = act.world.host_of(act.guest)
        name = host.name if host else ""
        text = f'Network not avaiable on host "{name}": ResourceNotReadyError'
        raise CloudError(400, "BadRequestError", text)
    return network


def _check_address(network: Network, address: str) -> None:
    if address and address in network.used:
        raise bad_input(f"Address {address} has been used")
    if address and address not in network:
        raise bad_input(f"Address {address} not in range")


def detach_network(act: Act) -> None:
    """Take a card off and give its address back; the next card becomes the default one."""
    guest = act.guest
    _check_settled(act, "detach network")
    nic = _nic(act)
    if guest.status == "running" and guest.metadata.get("hot_remove_nic") != "enable":
        text = "Guest %s can't hot remove nic"
        raise wrapped("ValidateDetachNetwork", 400, "BadRequestError", text, guest.name)
    guest.nics.remove(nic)
    if nic.default and guest.nics:
        guest.nics[0].default = True
    _give_back(act, nic)
    act.world.events.add(guest, "detach", {"id": nic.network_id, "ip_addr": nic.address}, act.actor)


def _give_back(act: Act, nic: Nic) -> None:
    if network := act.world.inventory.networks.get(nic.network_id):
        network.used.discard(nic.address)


def change_address(act: Act) -> None:
    """Give a card of a stopped server another address, or network; its MAC stays."""
    if act.guest.status != "ready":
        raise invalid_status(f"Cannot change network ip_addr in status {act.guest.status}")
    nic = _nic(act)
    wanted = act.body.get("net_desc")
    if not isinstance(wanted, dict) or not references.text(wanted, "network", "network_id"):
        raise bad_input("no specific network")
    network = _network(act, wanted)
    asked = references.text(wanted, "address")
    if asked != nic.address:
        _check_address(network, asked)
        _give_back(act, nic)
        address = network.take(asked or None)
        if address is None:
            raise bad_input(f"no address left in network {network.name}")
        nic.address = address
    nic.network_id, nic.network, nic.mask = network.id, network.name, network.mask
    nic.vpc_id, nic.vpc = network.vpc_id, network.vpc
    act.world.events.add(act.guest, "change_ipaddr", {"mac": nic.mac, "ip_addr": nic.address}, act.actor)
    act.run("change-ipaddr", walks.sync_config(act.world, act.guest, act.actor))


def change_bandwidth(act: Act) -> None:
    """Limit a card: a running server is synced and its version moves, nothing of a stopped one does."""
    _check_settled(act, "change bandwidth")
    nic = _nic(act)
    nic.bandwidth = references.integer(act.body, "bandwidth") or 0
    act.world.events.add(
        act.guest, "change_bandwidth", {"mac": nic.mac, "bandwidth": nic.bandwidth}, act.actor
    )
    if act.guest.status == "running":
        act.run("change-bandwidth", walks.sync_config(act.world, act.guest, act.actor))


def _nic(act: Act) -> Nic:
    mac = references.text(act.body, "mac").lower()
    wanted = {
        "mac": mac,
        "ip_addr": references.text(act.body, "ip_addr"),
        "net_id": references.text(act.body, "net_id"),
    }
    for nic in act.guest.nics:
        if {nic.mac, nic.address, nic.network_id} & {value for value in wanted.values() if value}:
            return nic
    key, value = next(((key, value) for key, value in wanted.items() if value), ("mac", ""))
    raise not_found(key, value)


def _check_settled(act: Act, what: str) -> None:
    if act.guest.status not in SETTLED:
        raise CloudError(400, "BadRequestError", f"Cannot {what} in status {act.guest.status}")
