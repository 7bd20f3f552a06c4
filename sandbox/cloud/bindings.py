"""Actions that bind elastic addresses (EIPs) to a server."""

from . import elastic, references
from .act import SETTLED, Act
from .errors import bad_input, invalid_status, not_found, wrapped

WITH_A_LOOSE_END = SETTLED | {"associate_eip_failed", "dissociate_eip_failed"}


def associate_address(act: Act) -> None:
    """Bind an address. Whether the server has one already is asked first, before whether that one exists."""
    _check_free(act)
    ident = references.text(act.body, "eip_id", "eip")
    address = act.world.inventory.find_address(ident, act.guest.project_id)
    if address is None:
        raise not_found("eip", ident)
    _check_place(act)
    if address.guest_id or address.status != "ready":
        raise invalid_status(f"eip {ident} has been associated or is not ready")
    fate = act.world.fate("associate-eip")
    act.world.bind_address(act.guest, address.id)
    act.run("eip", elastic.bind_address(act.world, act.guest, act.actor, fate=fate))


def create_address(act: Act) -> None:
    """Make an address called after the server and bind it: it shows only once it was allocated."""
    check_charge_type(references.text(act.body, "charge_type"))
    _check_free(act)
    _check_place(act)
    network = elastic.network_for(act.world)
    bandwidth = references.integer(act.body, "bandwidth") or 0
    if network is None or bandwidth <= 0:
        raise bad_input("invalid eip bandwidth or no network for eips")
    address = elastic.allocate(
        act.world,
        act.guest.project_id,
        f"eip-for-srv-{act.guest.name}",
        network,
        bandwidth,
        auto_dellocate=references.flag(act.body, "auto_dellocate"),
    )
    fate = act.world.fate("associate-eip")
    act.run("eip", elastic.bind_address(act.world, act.guest, act.actor, new=address, fate=fate))


def check_charge_type(name: str) -> None:
    """Refuse what an on-premise platform does not bill by, its own default among them."""
    if name != "bandwidth":
        raise bad_input('OneCloud only supports eip charge type "bandwidth"')


def _check_free(act: Act) -> None:
    if act.guest.eip_id:
        raise invalid_status("already associated with EIP")


def _check_place(act: Act) -> None:
    if not act.guest.nics:
        text = f"failed getting guest network of {act.guest.name}({act.guest.id}): sql: no rows in result set"
        raise wrapped("ValidateAssociateEip", 500, "UnclassifiedError", "%s", text)
    if act.guest.status not in SETTLED:
        raise invalid_status(f"cannot associate eip in status {act.guest.status}")


def dissociate_address(act: Act) -> None:
    """Take the address off, also one whose binding failed; with ``auto_delete`` it is given back for good."""
    if not act.guest.eip_id:
        raise invalid_status("No eip to dissociate")
    if act.guest.status not in WITH_A_LOOSE_END:
        raise invalid_status(f"cannot dissociate eip in status {act.guest.status}")
    fate = act.world.fate("dissociate-eip")
    drop = references.flag(act.body, "auto_delete")
    act.run("eip", elastic.unbind_address(act.world, act.guest, act.actor, drop=drop, fate=fate))
