"""Actions that bind elastic addresses (EIPs) to a server."""

from . import references, walks
from .act import SETTLED, Act
from .errors import invalid_status, not_found, wrapped


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
