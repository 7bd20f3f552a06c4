"""Elastic IPs (EIPs) at the border: what is asked of the cloud, and what it shows of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.core.eip_record import EipState
from onecloud_operator.translate.convert import count, filled, flag, one_id, text, wire_word
from onecloud_operator.translate.to_observed import owner_in, owner_tags
from onecloud_operator.translate.to_status import USER_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.core.eip_writes import MakeEip
    from onecloud_operator.core.observed import Owner

CHARGE_TYPES = {"bandwidth": "Bandwidth", "traffic": "Traffic"}
_NAME, _ADDRESS = filled(256), filled(64)


def eip_body(step: MakeEip, owner: Owner) -> dict[str, Any]:
    """Return the EIP to make. Its id can be used once, so the same body can be sent again at any time."""
    body = {
        "id": step.eip_id,
        "name": step.name,
        "bandwidth": step.bandwidth,
        "charge_type": wire_word(CHARGE_TYPES, step.charge_type),
        "network": step.network_id,
        "__meta__": {USER_TAG + key: value for key, value in owner_tags(owner).items()},
    }
    return {key: value for key, value in body.items() if value is not None}


def bind_eip(eip_id: str) -> dict[str, str]:
    """Return which EIP is to be bound."""
    return {"eip_id": eip_id}


def unbind_eip() -> dict[str, bool]:
    """Return that the EIP is to be taken off and to stay."""
    return {"auto_delete": False}


def eip_bandwidth(mbps: int) -> dict[str, int]:
    """Return the new bandwidth."""
    return {"bandwidth": mbps}


def eip_state(row: Mapping[str, Any]) -> EipState:
    """Return what an EIP's own reply shows; one that does not say that it stays goes with its server."""
    charge_type = text(row.get("charge_type"))
    return EipState(
        name=_NAME(row.get("name")),
        address=_ADDRESS(row.get("ip_addr")),
        status=_ADDRESS(row.get("status")) or "",
        bandwidth=count(row.get("bandwidth")),
        charge_type=CHARGE_TYPES.get(charge_type or "", _ADDRESS(charge_type)),
        network_id=one_id(row.get("network_id")),
        holder_id=one_id(row.get("associate_id")),
        goes_along=flag(row.get("auto_dellocate")) is not False,
        owner=owner_in(row.get("metadata")),
    )
